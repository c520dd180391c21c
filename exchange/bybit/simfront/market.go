package simfront

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// marketData is what needs no key.
type marketData struct{ *door }

func (d *marketData) none(*call) (any, *fault) { return reply.Object{{"list", reply.List{}}}, nil }

func (d *marketData) announcements(*call) (any, *fault) {
	return reply.Object{{"total", 0}, {"list", reply.List{}}}, nil
}

// time is GET market/time.
func (d *marketData) time(*call) (any, *fault) {
	now := d.state.Clock.Wall()
	return reply.Object{{"timeSecond", strconv.FormatInt(int64(now/exchange.Second), 10)}, {"timeNano", strconv.FormatInt(int64(now), 10)}}, nil
}

// instruments is GET market/instruments-info. Spot has no pages.
func (d *marketData) instruments(c *call) (any, *fault) {
	if c.text("category") == "option" {
		return reply.Object{{"category", "option"}, {"nextPageCursor", ""}, {"list", reply.List{}}}, nil
	}
	markets, f := d.wanted(c)
	if f != nil {
		return nil, f
	}
	most, f := c.number("limit", 500, 1000)
	if f != nil {
		return nil, f
	}
	from, f := c.number("cursor", 0, int64(len(markets)))
	if f != nil {
		return nil, f
	}
	next := ""
	if spot := c.text("category") == string(api.Spot); !spot {
		markets = markets[from:]
		if int64(len(markets)) > most {
			markets, next = markets[:most], strconv.FormatInt(from+most, 10)
		}
	}
	rows := reply.List{}
	for _, m := range markets {
		rows = append(rows, m.info())
	}
	return reply.Object{{"category", c.text("category")}, {"list", rows}, {"nextPageCursor", next}}, nil
}

// info is a row of instruments-info.
func (m *market) info() reply.Object {
	in, r := m.In, &m.Rules
	state := "Trading"
	if r.Halted {
		state = "Closed"
	}
	if m.spot() {
		return reply.Object{{"symbol", in.Symbol}, {"baseCoin", in.Base}, {"quoteCoin", in.Quote}, {"innovation", "0"}, {"status", state}, {"marginTrading", marginTrading(in)}, {"stTag", "0"},
			{"lotSizeFilter", reply.Object{{"basePrecision", r.Step}, {"quotePrecision", in.Tick.Decimal(1).Mul(r.Step)}, {"minOrderQty", r.MinQty}, {"maxOrderQty", r.MaxQty},
				{"minOrderAmt", r.MinNotional}, {"maxOrderAmt", "100000000"}, {"maxLimitOrderQty", r.MaxQty}, {"maxMarketOrderQty", r.MaxQty}, {"postOnlyMaxLimitOrderSize", r.MaxQty}}},
			{"priceFilter", reply.Object{{"tickSize", r.Tick}}}, {"riskParameters", reply.Object{{"priceLimitRatioX", m.ratio()}, {"priceLimitRatioY", m.ratio()}}}}
	}
	kind, delivery := "LinearPerpetual", "0"
	switch {
	case in.Dated() && in.Inverse():
		kind = "InverseFutures"
	case in.Dated():
		kind = "LinearFutures"
	case in.Inverse():
		kind = "InversePerpetual"
	}
	if in.Dated() {
		delivery = stamp(in.Delivery)
	} else if r.Ends > 0 { // it is about to be delisted
		delivery = strconv.FormatInt(r.Ends, 10)
	}
	minutes := in.FundingHours * 60
	if m.Mark.Hours > 0 {
		minutes = m.Mark.Hours * 60
	}
	return reply.Object{{"symbol", in.Symbol}, {"contractType", kind}, {"status", state}, {"baseCoin", in.Base}, {"quoteCoin", in.Quote}, {"launchTime", "1585526400000"}, {"deliveryTime", delivery},
		{"deliveryFeeRate", ""}, {"priceScale", strconv.Itoa(int(in.Tick.Scale))}, {"leverageFilter", reply.Object{{"minLeverage", "1"}, {"maxLeverage", strconv.Itoa(m.leverage())}, {"leverageStep", "0.01"}}},
		{"priceFilter", reply.Object{{"minPrice", r.MinPrice}, {"maxPrice", r.MaxPrice}, {"tickSize", r.Tick}}},
		{"lotSizeFilter", reply.Object{{"maxOrderQty", r.MaxQty}, {"minOrderQty", r.MinQty}, {"qtyStep", r.Step}, {"postOnlyMaxOrderQty", r.MaxQty}, {"maxMktOrderQty", r.MaxQty}, {"minNotionalValue", r.MinNotional}}},
		{"unifiedMarginTrade", true}, {"fundingInterval", minutes}, {"settleCoin", in.Settle()}, {"copyTrading", "none"}, {"upperFundingRate", in.FundingCap}, {"lowerFundingRate", in.FundingFloor},
		{"displayName", ""}, {"isPreListing", false}, {"preListingInfo", nil}, {"riskParameters", reply.Object{{"priceLimitRatioX", m.ratio()}, {"priceLimitRatioY", m.ratio().Mul(decimal.NewFromInt(2))}}}}
}

func (m *market) leverage() int {
	most := 1
	for _, b := range m.In.Brackets {
		most = max(most, b.MaxLeverage)
	}
	return most
}

// risk is GET market/risk-limit: the steps of margin, as the venue writes them.
func (d *marketData) risk(c *call) (any, *fault) {
	markets, f := d.wanted(c)
	if f != nil {
		return nil, f
	}
	rows, id := reply.List{}, 0
	for _, m := range markets {
		for i, b := range m.In.Brackets {
			id++
			rows = append(rows, reply.Object{{"id", id}, {"symbol", m.In.Symbol}, {"riskLimitValue", b.Cap}, {"maintenanceMargin", b.MMR}, {"initialMargin", decimal.NewFromInt(1).DivRound(decimal.NewFromInt(int64(max(1, b.MaxLeverage))), 4)},
				{"isLowestRisk", isolated(i == 0)}, {"maxLeverage", strconv.Itoa(b.MaxLeverage)}, {"mmDeduction", b.Cum}})
		}
	}
	return reply.Object{{"category", c.text("category")}, {"list", rows}, {"nextPageCursor", ""}}, nil
}

// book is GET market/orderbook. Its u is that of the deepest stream.
func (d *marketData) book(c *call) (any, *fault) {
	m, f := d.market(c)
	if f != nil {
		return nil, f
	}
	usual := int64(25)
	if m.spot() {
		usual = 1
	}
	n, f := c.number("limit", usual, 1000)
	if f != nil {
		return nil, f
	}
	if m.old != nil && d.state.Faults.Strikes("old_book", m.Segment, m.In.Symbol) {
		return m.old, nil
	}
	m.old = reply.Object{{"s", m.In.Symbol}, {"b", m.side(exchange.Buy, int(n))}, {"a", m.side(exchange.Sell, int(n))}, {"ts", millis(d.state.Clock.Now())}, {"u", m.u}, {"seq", m.Published},
		{"cts", millis(m.at)}}
	return m.old, nil
}

func (m *market) side(side exchange.Side, n int) reply.List {
	out := reply.List{}
	for _, l := range m.Best(side, n) {
		out = append(out, reply.List{m.price(l.Price), m.qty(l.Qty)})
	}
	return out
}

// trades is GET market/recent-trade, newest first.
func (d *marketData) trades(c *call) (any, *fault) {
	m, f := d.market(c)
	if f != nil {
		return nil, f
	}
	usual, most := int64(500), int64(1000)
	if m.spot() {
		usual, most = 60, 60
	}
	n, f := c.number("limit", usual, most)
	if f != nil {
		return nil, f
	}
	rows := reply.List{}
	for _, p := range slices.Backward(m.Recent(int(n))) {
		rows = append(rows, reply.Object{{"execId", m.printID(p.ID)}, {"symbol", m.In.Symbol}, {"price", m.price(p.Price)}, {"size", m.qty(p.Qty)}, {"side", sideText(p.Side)}, {"time", stamp(p.Time)},
			{"isBlockTrade", false}, {"isRPITrade", false}, {"seq", strconv.FormatInt(p.ID, 10)}})
	}
	return reply.Object{{"category", string(m.category)}, {"list", rows}}, nil
}

// printID is the id of a public trade: a number on spot, a UUID of contracts.
func (m *market) printID(id int64) string {
	if m.spot() {
		return strconv.FormatInt(2_290_000_000_000_000_000+int64(m.In.ID)*1_000_000_000_000+id, 10)
	}
	return uuid(uint32(m.In.ID)+0x5b000000, id)
}

// funding is GET market/funding/history, newest first. A startTime alone is refused.
func (d *marketData) funding(c *call) (any, *fault) {
	m, f := d.market(c)
	if f != nil {
		return nil, f
	}
	if c.text("startTime") != "" && c.text("endTime") == "" {
		return nil, invalid("params error: startTime without endTime")
	}
	n, f := c.number("limit", 200, 200)
	if f != nil {
		return nil, f
	}
	from, f := c.number("startTime", 0, 0)
	if f != nil {
		return nil, f
	}
	to, f := c.number("endTime", 1<<62/int64(exchange.Millisecond), 0)
	if f != nil {
		return nil, f
	}
	rows := reply.List{}
	for _, s := range slices.Backward(m.Settled) {
		if at := millis(s.Time); at >= from && at <= to && int64(len(rows)) < n {
			rows = append(rows, reply.Object{{"symbol", m.In.Symbol}, {"fundingRate", s.Rate.Decimal()}, {"fundingRateTimestamp", stamp(s.Time)}})
		}
	}
	return reply.Object{{"category", string(m.category)}, {"list", rows}}, nil
}

// held is what the accounts hold of a contract, one side: its open interest.
func (d *door) held(m *market) exchange.Lots {
	sum := exchange.Lots(0)
	for _, a := range d.accounts {
		sum += a.Funds.Position(m.In.ID).Qty.Abs()
	}
	return sum
}

// interest is GET market/open-interest: now, whatever is asked for.
func (d *marketData) interest(c *call) (any, *fault) {
	m, f := d.market(c)
	if f != nil {
		return nil, f
	}
	rows := reply.List{reply.Object{{"openInterest", m.qty(d.held(m))}, {"timestamp", stamp(d.state.Clock.Now() / (5 * exchange.Minute) * (5 * exchange.Minute))}}}
	return reply.Object{{"symbol", m.In.Symbol}, {"category", string(m.category)}, {"list", rows}, {"nextPageCursor", ""}}, nil
}

// limits is GET market/price-limit.
func (d *marketData) limits(c *call) (any, *fault) {
	m, f := d.market(c)
	if f != nil {
		return nil, f
	}
	low, high := m.band()
	return reply.Object{{"symbol", m.In.Symbol}, {"buyLmt", high}, {"sellLmt", low}, {"ts", stamp(d.state.Clock.Now())}}, nil
}

// deliveries is GET market/delivery-price: nothing was delivered that can still be asked for.
func (d *marketData) deliveries(c *call) (any, *fault) {
	return reply.Object{{"category", c.text("category")}, {"nextPageCursor", ""}, {"list", reply.List{}}}, nil
}

func (d *marketData) ratio(*call) (any, *fault) {
	return reply.Object{{"list", reply.List{}}, {"nextPageCursor", ""}}, nil
}

func (d *marketData) insurance(*call) (any, *fault) {
	return reply.Object{{"updatedTime", stamp(d.state.Clock.Now())}, {"list", reply.List{}}}, nil
}

// names of intervals, and what the exchange calls them.
var intervals = map[string]string{"1": "1m", "3": "3m", "5": "5m", "15": "15m", "30": "30m", "60": "1h", "120": "2h", "240": "4h", "360": "6h", "720": "12h", "D": "1d", "W": "1w", "M": "1M"}

// asked are what all candles are asked by.
func (d *marketData) asked(c *call) (m *market, interval string, from, to exchange.Time, n int, f *fault) {
	if m, f = d.market(c); f != nil {
		return m, "", 0, 0, 0, f
	}
	interval, ok := intervals[c.text("interval")]
	if !ok {
		return m, "", 0, 0, 0, invalid("Invalid period!")
	}
	most, f := c.number("limit", 200, 1000)
	if f != nil {
		return m, "", 0, 0, 0, f
	}
	begin, f := c.number("start", 0, 0)
	if f != nil {
		return m, "", 0, 0, 0, f
	}
	end, f := c.number("end", millis(d.state.Clock.Now()), 0)
	if begin > 0 && c.text("end") == "" { // the first from there on, by which clients go forward a page at a time
		end = min(end, begin+most*millis(simserver.Intervals[interval])-1)
	}
	return m, interval, exchange.UnixMilli(begin), min(exchange.UnixMilli(end), d.state.Clock.Now()), int(most), f
}

// candles is GET market/kline, newest first.
func (d *marketData) candles(c *call) (any, *fault) {
	m, interval, from, to, n, f := d.asked(c)
	if f != nil {
		return nil, f
	}
	rows := reply.List{}
	for _, b := range slices.Backward(m.Candles(interval, from, d.state.Clock.Now())) {
		if b.Begin <= to && b.Begin >= from && len(rows) < n {
			rows = append(rows, reply.List{stamp(b.Begin), m.price(b.Open), m.price(b.High), m.price(b.Low), m.price(b.Close), m.qty(b.Volume), b.Worth})
		}
	}
	return reply.Object{{"category", string(m.category)}, {"symbol", m.In.Symbol}, {"list", rows}}, nil
}

// curve is GET of the candles of a told price, newest first.
func (d *marketData) curve(kind int) func(*call) (any, *fault) {
	return func(c *call) (any, *fault) {
		m, interval, from, to, n, f := d.asked(c)
		if f != nil {
			return nil, f
		}
		rows := reply.List{}
		for _, b := range slices.Backward(m.Drawn(kind, interval, from)) {
			if b.Begin <= to && len(rows) < n {
				rows = append(rows, reply.List{stamp(b.Begin), b.Open.Decimal(), b.High.Decimal(), b.Low.Decimal(), b.Close.Decimal()})
			}
		}
		return reply.Object{{"category", string(m.category)}, {"symbol", m.In.Symbol}, {"list", rows}}, nil
	}
}

// tickers is GET market/tickers.
func (d *marketData) tickers(c *call) (any, *fault) {
	if c.text("category") == "option" {
		return reply.Object{{"category", "option"}, {"list", reply.List{}}}, nil
	}
	markets, f := d.wanted(c)
	if f != nil {
		return nil, f
	}
	rows := reply.List{}
	for _, m := range markets {
		rows = append(rows, m.ticker(d.state.Clock, d.held(m)))
	}
	return reply.Object{{"category", c.text("category")}, {"list", rows}}, nil
}

// ticker is the prices of an instrument at a glance.
func (m *market) ticker(clock *simserver.Clock, held exchange.Lots) reply.Object {
	now := clock.Now()
	day, _ := m.Day(now)
	last, before := m.In.PriceDecimal(m.LastPrice()), m.In.PriceDecimal(day.Open)
	change := decimal.Zero
	if before.IsPositive() {
		change = last.Sub(before).DivRound(before, 6)
	}
	bid, ask := m.Touch[0], m.Touch[1]
	v := reply.Object{{"symbol", m.In.Symbol}, {"lastPrice", last}, {"prevPrice24h", before}, {"price24hPcnt", change}, {"highPrice24h", m.price(day.High)}, {"lowPrice24h", m.price(day.Low)},
		{"turnover24h", day.Worth}, {"volume24h", m.qty(day.Volume)}, {"bid1Price", m.price(bid.Price)}, {"bid1Size", m.qty(bid.Qty)}, {"ask1Price", m.price(ask.Price)}, {"ask1Size", m.qty(ask.Qty)}}
	if m.spot() {
		return v.With(reply.Field{"usdIndexPrice", last})
	}
	mark, index := m.MarkPrice(), m.Mark.Index.Decimal()
	worth := m.In.QtyDecimal(held).Mul(mark)
	if m.In.Inverse() && mark.IsPositive() {
		worth = m.In.QtyDecimal(held).DivRound(mark, 8)
	}
	rate, next, hours, delivery, basis := m.Mark.Rate.Decimal().String(), stamp(m.Mark.NextFunding), strconv.Itoa(m.Mark.Hours), "0", ""
	if m.In.Dated() {
		rate, next, hours, delivery = "", "0", "", stamp(m.In.Delivery)
		basis = mark.Sub(index).String()
	}
	return v.With(reply.Field{"indexPrice", index}, reply.Field{"markPrice", mark}, reply.Field{"prevPrice1h", before}, reply.Field{"openInterest", m.qty(held)}, reply.Field{"openInterestValue", worth.Round(4)},
		reply.Field{"fundingRate", rate}, reply.Field{"nextFundingTime", next}, reply.Field{"fundingIntervalHour", hours}, reply.Field{"fundingCap", m.In.FundingCap}, reply.Field{"predictedDeliveryPrice", ""},
		reply.Field{"basisRate", ""}, reply.Field{"basis", basis}, reply.Field{"deliveryFeeRate", ""}, reply.Field{"deliveryTime", delivery})
}
