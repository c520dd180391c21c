package simfront

import (
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/payload"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// data is a question about markets, which anybody may ask.
type data struct{ *call }

// asData makes a question about markets one of the paths.
func asData(do func(data) (rows, *fault)) func(*call) (rows, *fault) {
	return func(c *call) (rows, *fault) { return do(data{c}) }
}

func (c data) time() (rows, *fault) {
	return rows{list: []reply.Object{{{"ts", ms(c.d.s.Clock.Wall())}}}}, nil
}

// asked are the instruments that a question names by type, family or name.
func (c data) asked() ([]*simserver.Market, *fault) {
	symbol, kind := c.q.Get("instId"), api.Type(c.q.Get("instType"))
	if symbol != "" && symbol != "ANY" {
		m := c.d.market(symbol)
		if m == nil {
			return nil, refuse("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
		}
		return []*simserver.Market{m}, nil
	}
	if symbol == "ANY" {
		kind = api.Swap
	}
	switch kind {
	case "":
		return nil, refuse("50014", "Parameter instType can not be empty")
	case "MARGIN", "OPTION", "EVENTS":
		return nil, nil
	}
	if !kind.Known() {
		return nil, refuse("51000", "Parameter instType error")
	}
	families := c.q.Get("instFamily")
	list := c.d.all(kind)
	if families != "" {
		list = slices.DeleteFunc(list, func(m *simserver.Market) bool {
			return !slices.Contains(strings.Split(families, ","), family(m.In))
		})
	}
	return list, nil
}

// each words what is asked for.
func (c data) each(word func(m *simserver.Market) reply.Object) (rows, *fault) {
	list, f := c.asked()
	out := rows{}
	for _, m := range list {
		if o := word(m); o != nil {
			out.list = append(out.list, o)
		}
	}
	return out, f
}

func (c data) instruments() (rows, *fault) { return c.each(instrument) }

func instrument(m *simserver.Market) reply.Object {
	in := m.In
	state := "live"
	if m.Rules.Halted {
		state = "suspend"
	}
	base, quote, settle, pair, value, mult, kind, coin, end := in.Base, in.Quote, "", "", "", "", "", "", ""
	if in.Perp() {
		pair, base, quote, settle, value, mult, kind, coin = in.Base+"-"+in.Quote, "", "", in.Settle(), in.ContractSize.String(), "1", in.Contract.String(), in.Base
		if in.Inverse() {
			coin = "USD"
		}
	}
	if in.Dated() {
		end = ms(in.Delivery)
	} else if m.Rules.Ends > 0 {
		end = strconv.FormatInt(m.Rules.Ends, 10)
	}
	unit := one(in)
	return reply.Object{{"alias", ""}, {"baseCcy", base}, {"category", "1"}, {"ctMult", mult}, {"ctType", kind}, {"ctVal", value}, {"ctValCcy", coin}, {"expTime", end}, {"groupId", "1"},
		{"instFamily", family(in)}, {"instId", in.Symbol}, {"instIdCode", of(m).code}, {"instType", string(typeOf(m))}, {"lever", "50"}, {"listTime", "1548133413000"}, {"lotSz", m.Rules.Step.Div(unit)},
		{"maxLmtAmt", "20000000"}, {"maxLmtSz", m.Rules.MaxQty.Div(unit).Truncate(0)}, {"maxMktAmt", ""}, {"maxMktSz", m.Rules.MaxQty.Div(unit).Truncate(0)}, {"minSz", m.Rules.MinQty.Div(unit)}, {"optType", ""},
		{"quoteCcy", quote}, {"ruleType", "normal"}, {"settleCcy", settle}, {"state", state}, {"stk", ""}, {"tickSz", m.Rules.Tick}, {"tradeQuoteCcyList", []string{}}, {"uly", pair}, {"upcChg", reply.List{}}}
}

func (c data) fundingRate() (rows, *fault) {
	return c.each(func(m *simserver.Market) reply.Object { return rate(c.d, m) })
}

// rate is the running estimate of a perpetual, nil of what pays none.
func rate(d *dialect, m *simserver.Market) reply.Object {
	if m.In.FundingHours == 0 || m.Mark.NextFunding == 0 {
		return nil
	}
	after := m.Mark.NextFunding + exchange.Time(m.Mark.Hours)*exchange.Hour
	settled := "0"
	if n := len(m.Settled); n > 0 {
		settled = m.Settled[n-1].Rate.Decimal().String()
	}
	return reply.Object{{"formulaType", "withRate"}, {"fundingRate", m.Mark.Rate.Decimal()}, {"fundingTime", ms(m.Mark.NextFunding)}, {"impactValue", ""}, {"instId", m.In.Symbol}, {"instType", "SWAP"},
		{"interestRate", m.In.InterestRate}, {"maxFundingRate", m.In.FundingCap}, {"method", "current_period"}, {"minFundingRate", m.In.FundingFloor}, {"nextFundingRate", ""},
		{"nextFundingTime", ms(after)}, {"premium", "0"}, {"settFundingRate", settled}, {"settState", "settled"}, {"ts", d.now()}}
}

// page is how a listing that is newest first is cut: after and before are exclusive.
func (c *call) page(most int) (limit int, keep func(id int64) bool) {
	limit = most
	if n, err := strconv.Atoi(c.q.Get("limit")); err == nil && n > 0 {
		limit = min(n, most)
	}
	after, _ := strconv.ParseInt(c.q.Get("after"), 10, 64)
	before, _ := strconv.ParseInt(c.q.Get("before"), 10, 64)
	return limit, func(id int64) bool { return (after == 0 || id < after) && (before == 0 || id > before) }
}

// span reports whether a time lies in what begin and end ask for.
func (c *call) span(t exchange.Time) bool {
	begin, _ := strconv.ParseInt(c.q.Get("begin"), 10, 64)
	end, _ := strconv.ParseInt(c.q.Get("end"), 10, 64)
	at := int64(t / exchange.Millisecond)
	return at >= begin && (end == 0 || at <= end)
}

func (c data) fundingHistory() (rows, *fault) {
	list, f := c.asked()
	if f != nil || len(list) != 1 {
		return rows{}, f
	}
	limit, keep := c.page(400)
	out := rows{}
	for _, s := range slices.Backward(list[0].Settled) {
		if at := int64(s.Time / exchange.Millisecond); keep(at) && len(out.list) < limit {
			rate := s.Rate.Decimal()
			out.list = append(out.list, reply.Object{{"formulaType", "withRate"}, {"fundingRate", rate}, {"fundingTime", ms(s.Time)}, {"instId", list[0].In.Symbol}, {"instType", "SWAP"}, {"method", "current_period"}, {"realizedRate", rate}})
		}
	}
	return out, nil
}

func (c data) markPrice() (rows, *fault) {
	return c.each(func(m *simserver.Market) reply.Object { return mark(c.d, m) })
}

func mark(d *dialect, m *simserver.Market) reply.Object {
	if !m.In.Perp() {
		return nil
	}
	return reply.Object{{"instId", m.In.Symbol}, {"instType", string(typeOf(m))}, {"markPx", m.MarkPrice()}, {"ts", d.now()}}
}

// index is the newest price of an index, by any contract that has it.
func index(d *dialect, name string) (reply.Object, bool) {
	for _, m := range d.s.Markets() {
		if m.Segment != nil && m.In.Perp() && payload.IndexOf(m.In) == name && m.Mark.Index > 0 {
			return reply.Object{{"instId", name}, {"idxPx", m.Mark.Index.Decimal()}, {"high24h", m.Mark.Index.Decimal()}, {"low24h", m.Mark.Index.Decimal()}, {"open24h", m.Mark.Index.Decimal()}, {"ts", d.now()}}, true
		}
	}
	return nil, false
}

func (c data) indices() (rows, *fault) {
	names := []string{c.q.Get("instId")}
	if quote := c.q.Get("quoteCcy"); names[0] == "" && quote != "" {
		names = nil
		for _, m := range c.d.s.Markets() {
			if name := family(m.In); m.Segment != nil && strings.HasSuffix(name, "-"+quote) && !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	out := rows{}
	for _, name := range names {
		o, ok := index(c.d, name)
		if !ok && len(names) == 1 {
			return rows{}, refuse("51001", "Instrument ID doesn't exist.")
		}
		if ok {
			out.list = append(out.list, o)
		}
	}
	return out, nil
}

// tiers are the margin steps of a family, in contracts at today's mark.
func (c data) tiers() (rows, *fault) {
	list, f := c.asked()
	out, seen := rows{}, map[string]bool{}
	for _, m := range list {
		name := family(m.In)
		if !m.In.Perp() || seen[name] {
			continue
		}
		seen[name] = true
		least := "0"
		for i, b := range m.In.Brackets {
			most := b.Cap.Div(m.MarkPrice()).Div(m.In.ContractSize)
			if m.In.Inverse() {
				most = b.Cap.Mul(m.MarkPrice()).Div(m.In.ContractSize)
			}
			text := most.Truncate(0).String()
			lever := decimal.NewFromInt(int64(max(1, b.MaxLeverage)))
			out.list = append(out.list, reply.Object{{"baseMaxLoan", ""}, {"imr", decimal.NewFromInt(1).DivRound(lever, 6)}, {"instFamily", name}, {"instId", ""}, {"maxLever", lever}, {"maxSz", text}, {"minSz", least},
				{"mmr", b.MMR}, {"optMgnFactor", "0"}, {"quoteMaxLoan", ""}, {"tier", strconv.Itoa(i + 1)}, {"uly", name}})
			least = text
		}
	}
	return out, f
}

func (c data) tickers() (rows, *fault) {
	return c.each(func(m *simserver.Market) reply.Object { return ticker(c.d, m) })
}

func ticker(d *dialect, m *simserver.Market) reply.Object {
	in := m.In
	bid, ask := m.Touch[0], m.Touch[1]
	day, _ := m.Day(d.s.Clock.Now())
	base := in.BaseQty(max(1, day.Close), day.Volume)
	if in.Contract == exchange.Spot {
		base = day.Worth
	}
	return reply.Object{{"instType", string(typeOf(m))}, {"instId", in.Symbol}, {"last", price(in, m.LastPrice())}, {"lastSz", size(in, 1)}, {"askPx", price(in, ask.Price)}, {"askSz", size(in, ask.Qty)},
		{"bidPx", price(in, bid.Price)}, {"bidSz", size(in, bid.Qty)}, {"open24h", price(in, day.Open)}, {"high24h", price(in, day.High)}, {"low24h", price(in, day.Low)},
		{"volCcy24h", money(base)}, {"vol24h", size(in, day.Volume)}, {"ts", d.now()}, {"sodUtc0", price(in, day.Open)}, {"sodUtc8", price(in, day.Open)}}
}

// candle is [ts,o,h,l,c,vol,volCcy,volCcyQuote,confirm].
func candle(in *exchange.Instrument, b *simserver.Bar, done bool) reply.List {
	coins, worth := in.QtyDecimal(b.Volume), b.Worth
	if in.Inverse() {
		coins, worth = b.Worth, coins.Mul(in.ContractSize)
	}
	confirm := "0"
	if done {
		confirm = "1"
	}
	first, second := coins, worth
	if in.Contract == exchange.Spot {
		first = worth
	}
	return reply.List{ms(b.Begin), price(in, b.Open), price(in, b.High), price(in, b.Low), price(in, b.Close), size(in, b.Volume), money(first), money(second), confirm}
}

func (c data) candles() (rows, *fault) {
	list, f := c.asked()
	if f != nil {
		return rows{}, f
	}
	name, f := c.bar()
	if f != nil {
		return rows{}, f
	}
	limit, keep := c.page(300)
	out := reply.List{}
	now := c.d.s.Clock.Now()
	for _, b := range slices.Backward(list[0].Candles(name, 0, now)) {
		if keep(int64(b.Begin/exchange.Millisecond)) && len(out) < limit {
			_, end := simserver.Opening(b.Begin, name)
			out = append(out, candle(list[0].In, &b, end <= now))
		}
	}
	return rows{raw: out}, nil
}

func levels(in *exchange.Instrument, list []exchange.Level) reply.List {
	out := make(reply.List, len(list))
	for i, l := range list {
		orders := "1"
		if l.Qty == 0 {
			orders = "0"
		}
		out[i] = reply.List{price(in, l.Price), size(in, l.Qty), "0", orders}
	}
	return out
}

func (c data) book() (rows, *fault) {
	list, f := c.asked()
	if f != nil {
		return rows{}, f
	}
	n := 1
	if given, err := strconv.Atoi(c.q.Get("sz")); err == nil && given > 0 {
		n = min(given, 400)
	}
	m := list[0]
	return rows{list: []reply.Object{{{"asks", levels(m.In, m.Best(exchange.Sell, n))}, {"bids", levels(m.In, m.Best(exchange.Buy, n))}, {"ts", c.d.now()}, {"seqId", of(m).seq}}}}, nil
}

func (c data) trades() (rows, *fault) {
	list, f := c.asked()
	if f != nil {
		return rows{}, f
	}
	limit, keep := c.page(500)
	if c.q.Get("limit") == "" {
		limit = 100
	}
	out := rows{}
	for _, p := range slices.Backward(list[0].Prints) {
		if len(out.list) == limit {
			break
		}
		if keep(p.ID) {
			out.list = append(out.list, trade(list[0].In, &p))
		}
	}
	return out, nil
}

func trade(in *exchange.Instrument, p *simserver.Print) reply.Object {
	return reply.Object{{"instId", in.Symbol}, {"tradeId", strconv.FormatInt(p.ID, 10)}, {"px", price(in, p.Price)}, {"sz", size(in, p.Qty)}, {"side", sideText(p.Side)}, {"ts", ms(p.Time)}, {"count", "1"}, {"source", "0"}, {"seqId", p.ID}}
}
