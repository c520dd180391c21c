package simfront

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// object is a JSON object of keys and values in turn.
func object(pairs ...any) (o reply.Object) {
	for i := 0; i+1 < len(pairs); i += 2 {
		o = append(o, reply.Field{pairs[i], pairs[i+1]})
	}
	return o
}

func list(v ...any) reply.List { return append(reply.List{}, v...) }

func venueTime(d *dialect, _ *request) (any, *fault) { return millis(d.state.Clock.Wall()), nil }

func test(*dialect, *request) (any, *fault) { return object("version", "1.2.26"), nil }

func status(*dialect, *request) (any, *fault) { return object("locked", false), nil }

// forever is the end of what has none, in milliseconds. Source: the manual.
const forever = 32503708800000

func describe(d *dialect, m *simserver.Market) reply.Object {
	in := m.In
	kind, period, contract, settle, expires := kindOf(in), "perpetual", "linear", in.Settle(), int64(forever)
	switch {
	case in.Inverse():
		contract = "reversed"
	case !in.Perp():
		period, settle = "", in.Quote
	}
	if in.Dated() {
		period, expires = "month", millis(in.Delivery)
	}
	steps := list()
	for _, c := range in.Coarser {
		steps = append(steps, object("above_price", price(in, c.From), "tick_size", price(in, c.Every)))
	}
	state := "open"
	if m.Rules.Halted {
		state = "inactive"
	}
	leverage := 50
	if n := len(in.Brackets); n > 0 {
		leverage = in.Brackets[0].MaxLeverage
	}
	out := object("instrument_name", in.Symbol, "instrument_id", int(in.ID)+1000, "kind", kind, "base_currency", in.Base, "quote_currency", in.Quote, "counter_currency", in.Quote,
		"price_index", indexOf(in), "tick_size", number(m.Rules.Tick), "tick_size_steps", steps, "contract_size", number(m.Rules.Step), "min_trade_amount", number(m.Rules.MinQty),
		"maker_commission", number(in.MakerFee), "taker_commission", number(in.TakerFee), "is_active", !m.Rules.Halted, "state", state, "expiration_timestamp", expires,
		"creation_timestamp", int64(1534167754000), "block_trade_min_trade_amount", 200000, "block_trade_tick_size", number(m.Rules.Tick))
	out = out.With(reply.Field{"instrument_type", contract})
	if in.Perp() {
		out = out.With(reply.Field{"settlement_currency", settle}, reply.Field{"settlement_period", period}, reply.Field{"max_leverage", leverage}, reply.Field{"future_type", contract})
	}
	return out
}

// known is the market that a request names.
func known(d *dialect, q *request) (*simserver.Market, *fault) {
	if m := d.market(q.text("instrument_name")); m != nil {
		return m, nil
	}
	return nil, refuse(10020, words[10020])
}

func instruments(d *dialect, q *request) (any, *fault) {
	out := list()
	if q.flag("expired") {
		return out, nil
	}
	currency := q.text("currency")
	for _, m := range d.markets("", q.text("kind")) {
		if currency == "any" || currency == "" || m.In.Base == currency || currencyOf(m.In) == currency || m.In.Quote == currency {
			out = append(out, describe(d, m))
		}
	}
	return out, nil
}

func instrument(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	return describe(d, m), nil
}

// held are the currencies that there are, by name.
func held(d *dialect) (out []string) {
	for _, m := range d.state.Markets() {
		out = append(out, m.In.Base, m.In.Quote)
	}
	slices.Sort(out)
	return slices.DeleteFunc(slices.Compact(out), func(c string) bool { return c == "USD" })
}

func currencies(d *dialect, _ *request) (any, *fault) {
	out := list()
	for _, c := range held(d) {
		out = append(out, object("currency", c, "currency_long", c, "coin_type", c, "fee_precision", 6, "decimals", 8, "min_confirmations", 1, "min_withdrawal_fee", number(decimal.Zero),
			"withdrawal_fee", number(decimal.Zero), "withdrawal_priorities", list(), "in_cross_collateral_pool", false))
	}
	return out, nil
}

func indexPrice(d *dialect, q *request) (any, *fault) {
	for _, m := range d.state.Markets() {
		if indexOf(m.In) == q.text("index_name") {
			return object("index_price", index(m), "estimated_delivery_price", index(m)), nil
		}
	}
	return nil, badParam("index_name", "unknown")
}

// band is how far a price may be off the mark.
var band = decimal.NewFromFloat(0.025)

// bounds are the lowest and highest price of an order: what is beyond is moved.
func bounds(m *simserver.Market) (low, high exchange.Ticks) {
	mark, one := m.MarkPrice(), decimal.NewFromInt(1)
	return exchange.Ticks(m.In.Tick.Ceil(mark.Mul(one.Sub(band)))), exchange.Ticks(m.In.Tick.Floor(mark.Mul(one.Add(band))))
}

// open is how many contracts the simulator's accounts hold: there are no others.
func open(d *dialect, m *simserver.Market) exchange.Lots {
	sum := exchange.Lots(0)
	for _, a := range d.state.Accounts() {
		sum += a.Funds.Position(m.In.ID).Qty.Abs()
	}
	return sum
}

func tick(d *dialect, m *simserver.Market) reply.Object {
	in := m.In
	low, high := bounds(m)
	day, _ := m.Day(d.state.Clock.Now())
	volume, cost := volumes(m, &day)
	out := object("timestamp", millis(d.state.Clock.Now()), "instrument_name", in.Symbol, "state", "open",
		"best_bid_price", price(in, m.Touch[0].Price), "best_bid_amount", amount(in, m.Touch[0].Qty), "best_ask_price", price(in, m.Touch[1].Price), "best_ask_amount", amount(in, m.Touch[1].Qty),
		"last_price", price(in, m.LastPrice()), "mark_price", number(m.MarkPrice()), "index_price", index(m), "min_price", price(in, low), "max_price", price(in, high),
		"stats", object("volume", volume, "volume_usd", cost, "price_change", changed(m, &day), "low", price(in, day.Low), "high", price(in, day.High)))
	if in.Perp() {
		out = out.With(reply.Field{"open_interest", amount(in, open(d, m))}, reply.Field{"settlement_price", number(m.MarkPrice())}, reply.Field{"estimated_delivery_price", index(m)})
	}
	if in.Perp() && !in.Dated() {
		out = out.With(reply.Field{"current_funding", number(current(m))}, reply.Field{"funding_8h", number(accrued(m, d.state.Clock.Now()-8*exchange.Hour, d.state.Clock.Now()))}, reply.Field{"interest_value", number(decimal.Zero)})
	}
	return out
}

// changed is by how much per cent the price has changed since a day ago.
func changed(m *simserver.Market, day *simserver.Bar) reply.Number {
	before := m.In.PriceDecimal(day.Open)
	if !before.IsPositive() {
		return number(decimal.Zero)
	}
	return number(m.In.PriceDecimal(m.LastPrice()).Sub(before).Shift(2).DivRound(before, 4))
}

// middle is that of the best prices, nothing where a side is empty.
func middle(m *simserver.Market) any {
	bid, ask := m.Touch[0].Price, m.Touch[1].Price
	if bid == 0 || ask == 0 {
		return nil
	}
	return number(m.In.PriceDecimal(bid + ask).Div(decimal.NewFromInt(2)))
}

// current is the rate that funding accrues at, per eight hours.
func current(m *simserver.Market) decimal.Decimal {
	return m.Mark.Rate.Decimal().Mul(decimal.NewFromInt(8)).Div(decimal.NewFromInt(int64(max(1, m.Mark.Hours)))).Round(8)
}

// accrued is the funding that a perpetual was charged in a span.
func accrued(m *simserver.Market, from, to exchange.Time) (sum decimal.Decimal) {
	for _, s := range m.Settled {
		if s.Time > from && s.Time <= to {
			sum = sum.Add(s.Rate.Decimal())
		}
	}
	return sum
}

func ticker(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	return tick(d, m), nil
}

func orderBook(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	side := func(s exchange.Side) reply.List {
		out := list()
		for _, l := range m.Best(s, int(q.integer("depth", 20))) {
			out = append(out, list(price(m.In, l.Price), amount(m.In, l.Qty)))
		}
		return out
	}
	return tick(d, m).With(reply.Field{"change_id", m.Published}, reply.Field{"bids", side(exchange.Buy)}, reply.Field{"asks", side(exchange.Sell)}), nil
}

func summaries(d *dialect, q *request) (any, *fault) {
	out := list()
	for _, m := range d.markets("", q.text("kind")) {
		if name := q.text("instrument_name"); name != "" && name != m.In.Symbol || name == "" && currencyOf(m.In) != q.text("currency") && m.In.Quote != q.text("currency") {
			continue
		}
		day, _ := m.Day(d.state.Clock.Now())
		volume, cost := volumes(m, &day)
		row := object("instrument_name", m.In.Symbol, "base_currency", m.In.Base, "quote_currency", m.In.Quote, "volume_usd", cost, "volume", volume,
			"bid_price", price(m.In, m.Touch[0].Price), "ask_price", price(m.In, m.Touch[1].Price), "mark_price", number(m.MarkPrice()), "last", price(m.In, m.LastPrice()),
			"mid_price", middle(m), "high", price(m.In, day.High), "low", price(m.In, day.Low), "price_change", changed(m, &day), "open_interest", amount(m.In, open(d, m)), "creation_timestamp", millis(d.state.Clock.Now()), "estimated_delivery_price", index(m))
		if m.In.FundingHours > 0 {
			now := d.state.Clock.Now()
			row = append(row, object("funding_8h", number(accrued(m, now-8*exchange.Hour, now)), "current_funding", number(current(m)))...)
		}
		out = append(out, row)
	}
	return out, nil
}

func print(m *simserver.Market, p *simserver.Print) reply.Object {
	return object("trade_seq", p.ID, "trade_id", id(m.In, p.ID), "timestamp", millis(p.Time), "instrument_name", m.In.Symbol, "price", price(m.In, p.Price), "amount", amount(m.In, p.Qty),
		"contracts", contracts(m.In, p.Qty), "direction", direction(p.Side), "tick_direction", 0, "mark_price", number(m.MarkPrice()), "index_price", index(m))
}

func lastTrades(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	from, to := q.time("start_timestamp", 0), q.time("end_timestamp", 1<<62)
	var found []reply.Object
	for i := range m.Prints {
		if p := &m.Prints[i]; p.Time >= from && p.Time <= to {
			found = append(found, print(m, p))
		}
	}
	n := int(min(1000, max(1, q.integer("count", 10))))
	more := len(found) > n
	if q.text("sorting") == "asc" {
		found = found[:min(n, len(found))]
	} else {
		found = found[max(0, len(found)-n):]
		slices.Reverse(found)
	}
	return object("trades", append([]reply.Object{}, found...), "has_more", more), nil
}

// resolutions are the lengths of candles: so many of the exchange's. Source: the manual,
// public/get_tradingview_chart_data.
var resolutions = map[string]struct {
	interval string
	joined   exchange.Time // 0: they are the exchange's own
}{"1": {"1m", 0}, "3": {"3m", 0}, "5": {"5m", 0}, "10": {"5m", 10 * exchange.Minute}, "15": {"15m", 0}, "30": {"30m", 0}, "60": {"1h", 0}, "120": {"2h", 0}, "180": {"1h", 3 * exchange.Hour},
	"360": {"6h", 0}, "720": {"12h", 0}, "1D": {"1d", 0}}

// bars are the candles of a resolution.
func bars(m *simserver.Market, resolution string, from, to exchange.Time) []simserver.Bar {
	r := resolutions[resolution]
	if r.joined > 0 {
		from -= from % r.joined
	}
	all := m.Candles(r.interval, from, to)
	if r.joined == 0 {
		return all
	}
	var out []simserver.Bar
	for i := range all {
		begin := all[i].Begin - all[i].Begin%r.joined
		if n := len(out); n > 0 && out[n-1].Begin == begin {
			out[n-1].Extend(&all[i])
			continue
		}
		all[i].Begin = begin
		out = append(out, all[i])
	}
	return out
}

func candles(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	resolution := q.text("resolution")
	if _, ok := resolutions[resolution]; !ok {
		return nil, badParam("resolution", "unknown")
	}
	now := d.state.Clock.Now()
	var ticks, open, high, low, last, volume, cost reply.List = list(), list(), list(), list(), list(), list(), list()
	for _, b := range bars(m, resolution, q.time("start_timestamp", 0), min(now, q.time("end_timestamp", now))) {
		ticks, open, high, low = append(ticks, millis(b.Begin)), append(open, price(m.In, b.Open)), append(high, price(m.In, b.High)), append(low, price(m.In, b.Low))
		v, c := volumes(m, &b)
		last, volume, cost = append(last, price(m.In, b.Close)), append(volume, v), append(cost, c)
	}
	status := "ok"
	if len(ticks) == 0 {
		status = "no_data"
	}
	return object("ticks", ticks, "open", open, "high", high, "low", low, "close", last, "volume", volume, "cost", cost, "status", status), nil
}

// volumes are in the base coin and in quote.
func volumes(m *simserver.Market, b *simserver.Bar) (base, quote reply.Number) {
	if m.In.Inverse() {
		return number(b.Worth), amount(m.In, b.Volume)
	}
	return amount(m.In, b.Volume), number(b.Worth)
}

func fundingHistory(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	out, now := list(), d.state.Clock.Now()
	if len(m.Settled) == 0 {
		return out, nil
	}
	begin := max(q.time("start_timestamp", 0), m.Settled[0].Time)
	prices := m.Drawn(simserver.CurveIndex, "1m", 0)
	at := func(t exchange.Time) any { // the price of the index when an hour began
		for i := len(prices) - 1; i >= 0; i-- {
			if prices[i].Begin < t {
				return number(prices[i].Close.Decimal())
			}
		}
		return index(m)
	}
	for t := (begin + exchange.Hour - 1) / exchange.Hour * exchange.Hour; t <= min(now, q.time("end_timestamp", now)); t += exchange.Hour {
		out = append(out, object("timestamp", millis(t), "index_price", at(t), "prev_index_price", at(t-exchange.Hour),
			"interest_1h", number(accrued(m, t-exchange.Hour, t)), "interest_8h", number(accrued(m, t-8*exchange.Hour, t))))
	}
	return out, nil
}

func fundingValue(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	return number(accrued(m, q.time("start_timestamp", 0), q.time("end_timestamp", d.state.Clock.Now()))), nil
}
