package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func (h *marketData) ping(*call) (any, *fault) { return object{}, nil }

// serverTime tells the request clock.
func (h *marketData) serverTime(_ *call) (any, *fault) {
	return object{{"serverTime", millis(h.clock.Wall())}}, nil
}

func spotDepthWeight(c *call) int {
	switch n, _ := c.integer("limit", 100); {
	case n <= 100:
		return 5
	case n <= 500:
		return 25
	case n <= 1000:
		return 50
	}
	return 250
}

func futuresDepthWeight(c *call) int {
	switch n, _ := c.integer("limit", 500); {
	case n <= 50:
		return 2
	case n <= 100:
		return 5
	case n <= 500:
		return 10
	}
	return 20
}

func klineWeight(c *call) int {
	switch n, _ := c.integer("limit", 500); {
	case n < 100:
		return 1
	case n < 500:
		return 2
	case n <= 1000:
		return 5
	}
	return 10
}

// depth returns the book. Spot takes any limit up to 5000, futures only the
// documented ones up to 1000.
func (h *marketData) depth(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	spot := c.market == api.Spot
	def, most := int64(500), int64(1000)
	if spot {
		def, most = 100, 5000
	}
	n, f := c.bounded("limit", def, most)
	if f != nil {
		return nil, f
	}
	if raw, _ := c.integer("limit", def); !spot && !futuresLimit(raw) {
		return nil, bad(-4021, "%d is not valid depth limit.", raw)
	}
	bids := field{"bids", m.side(exchange.Buy, n)}
	asks := field{"asks", m.side(exchange.Sell, n)}
	o := object{{"lastUpdateId", m.Published}}
	if !spot {
		if m.In.Inverse() {
			o = o.with(field{"symbol", m.In.Symbol}, field{"pair", m.pair()})
		}
		o = o.with(field{"E", millis(h.clock.Now())}, field{"T", millis(m.Book.Updated())})
	}
	if m.snapshot != nil && h.strikes("old_book", c.market, m.In.Symbol) {
		return m.snapshot, nil
	}
	m.snapshot = o.with(bids, asks)
	return m.snapshot, nil
}

func futuresLimit(n int64) bool {
	switch n {
	case 5, 10, 20, 50, 100, 500, 1000:
		return true
	}
	return false
}

// side returns the n best levels as pairs of text. A feed without a book has
// its touch.
func (m *market) side(side exchange.Side, n int) list {
	out := list{}
	for _, l := range m.Book.AppendLevels(nil, side, n) {
		out = append(out, m.level(l))
	}
	if len(out) == 0 && m.Book.State() == 0 {
		l := m.Touch[0]
		if side == exchange.Sell {
			l = m.Touch[1]
		}
		if l.Qty > 0 {
			out = append(out, m.level(l))
		}
	}
	return out
}

func (m *market) level(l exchange.Level) list { return list{m.PriceText(l.Price), m.QtyText(l.Qty)} }

func (h *marketData) recentTrades(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	n, f := c.bounded("limit", 500, 1000)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, p := range m.Recent(n) {
		o := object{{"id", p.ID}, {"price", m.PriceText(p.Price)}, {"qty", m.QtyText(p.Qty)}}
		if m.In.Inverse() {
			o = o.with(field{"baseQty", m.Worth(p.Price, p.Qty)})
		} else {
			o = o.with(field{"quoteQty", m.Worth(p.Price, p.Qty)})
		}
		o = o.with(field{"time", millis(p.Time)}, field{"isBuyerMaker", p.Side == exchange.Sell})
		switch c.market {
		case api.Spot:
			o = o.with(field{"isBestMatch", true})
		case api.USDM:
			o = o.with(field{"isRPITrade", false})
		}
		out = append(out, o)
	}
	return out, nil
}

// aggTrades has one record for each trade: the feed's prints are of one taker
// at one price already.
func (h *marketData) aggTrades(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	p, f := c.page(500, 1000)
	if f != nil {
		return nil, f
	}
	if p.first, f = c.integer("fromId", 0); f != nil {
		return nil, f
	}
	var hits []simserver.Print
	for _, t := range m.Prints {
		if p.holds(t.ID, t.Time) {
			hits = append(hits, t)
		}
	}
	out := list{}
	for _, t := range latest(hits, p.n, p.forward()) {
		out = append(out, m.aggTrade(t))
	}
	return out, nil
}

func (m *market) aggTrade(p simserver.Print) object {
	o := object{{"a", p.ID}, {"p", m.PriceText(p.Price)}, {"q", m.QtyText(p.Qty)}}
	if api.Of(m.In.Venue) == api.USDM {
		o = o.with(field{"nq", m.QtyText(p.Qty)})
	}
	o = o.with(field{"f", p.ID}, field{"l", p.ID}, field{"T", millis(p.Time)}, field{"m", p.Side == exchange.Sell})
	if api.Of(m.In.Venue) == api.Spot {
		o = o.with(field{"M", true})
	}
	return o
}

// klines are twelve fields everywhere. COIN-M counts contracts in the fifth and
// coins in the seventh. Source: kline sections of the three references.
func (h *candles) klines(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	return h.klinesOf(c, m)
}

func (h *candles) klinesOf(c *call, m *market) (any, *fault) {
	interval := c.get("interval")
	if _, ok := simserver.Intervals[interval]; !ok {
		return nil, bad(-1120, "Invalid interval.")
	}
	most := int64(1500)
	if c.market == api.Spot {
		most = 1000
	}
	p, f := c.page(500, most)
	if f != nil {
		return nil, f
	}
	opened := func(b simserver.Bar) exchange.Time { return b.Begin }
	out := list{}
	for _, b := range pick(m.Candles(interval, 0, h.clock.Now()), opened, p, m.In.Inverse()) {
		_, end := simserver.Opening(b.Begin, interval)
		out = append(out, list{millis(b.Begin), m.PriceText(b.Open), m.PriceText(b.High), m.PriceText(b.Low), m.PriceText(b.Close), m.QtyText(b.Volume),
			millis(end) - 1, b.Worth, b.Count, m.QtyText(b.Taker), b.TakerWorth, "0"})
	}
	return out, nil
}

// pick chooses the candles of a request: forward from a start, or the latest.
// COIN-M counts back from the end even when there is a start.
func pick[B any](bars []B, opened func(B) exchange.Time, p page, backward bool) []B {
	var in []B
	for _, b := range bars {
		if within(opened(b), p.from, p.to) {
			in = append(in, b)
		}
	}
	return latest(in, p.n, p.forward() && !backward)
}

func (h *tickers) avgPrice(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	return object{{"mins", 5}, {"price", m.PriceText(m.LastPrice())}, {"closeTime", millis(h.clock.Now())}}, nil
}

// tickers answers for one symbol with an object, for several or all with a
// list; COIN-M always with a list.
func (h *tickers) tickers(c *call, one func(*market) object) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	if c.has("symbol") && c.market != api.COINM {
		return one(wanted[0]), nil
	}
	out := list{}
	for _, m := range wanted {
		out = append(out, one(m))
	}
	return out, nil
}

func (h *tickers) priceTicker(c *call) (any, *fault) {
	return h.tickers(c, func(m *market) object {
		o := object{{"symbol", m.In.Symbol}}
		if m.In.Inverse() {
			o = o.with(field{"ps", m.pair()})
		}
		o = o.with(field{"price", m.PriceText(m.LastPrice())})
		if c.market == api.Spot {
			return o
		}
		return o.with(field{"time", millis(h.clock.Now())})
	})
}

func (h *tickers) bookTicker(c *call) (any, *fault) {
	return h.tickers(c, func(m *market) object {
		o := object{{"symbol", m.In.Symbol}}
		if c.market != api.Spot {
			o = append(object{{"lastUpdateId", m.Published}}, o...)
		}
		if m.In.Inverse() {
			o = o.with(field{"pair", m.pair()})
		}
		bid, ask := m.Touch[0], m.Touch[1]
		o = o.with(field{"bidPrice", m.PriceText(bid.Price)}, field{"bidQty", m.QtyText(bid.Qty)}, field{"askPrice", m.PriceText(ask.Price)}, field{"askQty", m.QtyText(ask.Qty)})
		if c.market == api.Spot {
			return o
		}
		return o.with(field{"time", millis(h.clock.Now())})
	})
}

func (h *tickers) dayTicker(c *call) (any, *fault) {
	return h.tickers(c, func(m *market) object { return m.dayTicker(h.clock.Now()) })
}

// dayTicker is ticker/24hr of one symbol.
func (m *market) dayTicker(now exchange.Time) object {
	d, _ := m.Day(now)
	move, percent, mean := m.moved(&d)
	o := object{{"symbol", m.In.Symbol}}
	if m.In.Inverse() {
		o = o.with(field{"pair", m.pair()})
	}
	o = o.with(field{"priceChange", move}, field{"priceChangePercent", percent}, field{"weightedAvgPrice", mean})
	if api.Of(m.In.Venue) == api.Spot {
		o = o.with(field{"prevClosePrice", m.PriceText(d.Open)})
	}
	var lastQty exchange.Lots
	if n := len(m.Prints); n > 0 {
		lastQty = m.Prints[n-1].Qty
	}
	o = o.with(field{"lastPrice", m.PriceText(d.Close)}, field{"lastQty", m.QtyText(lastQty)})
	if api.Of(m.In.Venue) == api.Spot {
		o = o.with(field{"bidPrice", m.PriceText(m.Touch[0].Price)}, field{"bidQty", m.QtyText(m.Touch[0].Qty)},
			field{"askPrice", m.PriceText(m.Touch[1].Price)}, field{"askQty", m.QtyText(m.Touch[1].Qty)})
	}
	o = o.with(field{"openPrice", m.PriceText(d.Open)}, field{"highPrice", m.PriceText(d.High)}, field{"lowPrice", m.PriceText(d.Low)}, field{"volume", m.QtyText(d.Volume)})
	worth := "quoteVolume"
	if m.In.Inverse() {
		worth = "baseVolume"
	}
	return o.with(field{worth, d.Worth}, field{"openTime", millis(d.Begin)}, field{"closeTime", millis(now)},
		field{"firstId", d.FirstID}, field{"lastId", d.LastID}, field{"count", d.Count})
}

// moved is the change of a day's price, in per cent too, and its mean price.
func (m *market) moved(d *simserver.Bar) (move, percent, mean string) {
	change := m.In.PriceDecimal(d.Close - d.Open)
	share, average := decimal.Zero, m.In.PriceDecimal(d.Close)
	if d.Open > 0 {
		share = change.DivRound(m.In.PriceDecimal(d.Open), 6).Shift(2)
	}
	if d.Volume > 0 && d.Worth.IsPositive() {
		average = d.Worth.DivRound(m.In.QtyDecimal(d.Volume), 8)
		if m.In.Inverse() {
			average = m.In.QtyDecimal(d.Volume).Mul(m.In.ContractSize).DivRound(d.Worth, 8)
		}
	}
	return change.StringFixed(m.Places(m.In.Tick)), share.StringFixed(3), average.StringFixed(max(m.Places(m.In.Tick), 2))
}

// premiumIndex is the mark, the index and the running funding estimate. COIN-M
// always answers with a list.
func (h *tickers) premiumIndex(c *call) (any, *fault) {
	return h.tickers(c, func(m *market) object {
		o := object{{"symbol", m.In.Symbol}}
		if m.In.Inverse() {
			o = o.with(field{"pair", m.pair()})
		}
		return o.with(field{"markPrice", m.Mark.Mark.Decimal()}, field{"indexPrice", m.Mark.Index.Decimal()},
			field{"estimatedSettlePrice", m.Mark.Index.Decimal()}, field{"lastFundingRate", m.Mark.Rate.Decimal()},
			field{"interestRate", m.In.InterestRate}, field{"nextFundingTime", millis(m.Mark.NextFunding)}, field{"time", millis(m.Mark.Time)})
	})
}

// fundingRate lists what was settled, oldest first: without times the newest.
func (h *marketData) fundingRate(c *call) (any, *fault) {
	if c.market == api.COINM && !c.has("symbol") {
		return nil, missing("symbol")
	}
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	p, f := c.page(100, 1000)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, m := range wanted {
		for _, r := range m.Settled {
			if !within(r.Time, p.from, p.to) {
				continue
			}
			o := object{{"symbol", m.In.Symbol}, {"fundingTime", millis(r.Time)}, {"fundingRate", r.Rate.Decimal()}}
			if c.market == api.USDM {
				o = o.with(field{"markPrice", r.Mark.Decimal()})
			}
			out = append(out, o)
		}
	}
	return latest(out, p.n, p.forward()), nil
}

// Defaults that fundingInfo does not list: a symbol is there only when it has
// been adjusted away from them.
const defaultFundingHours = 8

func (h *marketData) fundingInfo(c *call) (any, *fault) {
	out := list{}
	for _, m := range h.marketsOf(c.market) {
		hours := m.Mark.Hours
		if hours == 0 {
			hours = m.In.FundingHours
		}
		if hours == defaultFundingHours {
			continue
		}
		out = append(out, object{{"symbol", m.In.Symbol}, {"adjustedFundingRateCap", m.In.FundingCap}, {"adjustedFundingRateFloor", m.In.FundingFloor},
			{"fundingIntervalHours", hours}, {"disclaimer", false}})
	}
	return out, nil
}

// openInterest is what the accounts of this server hold: there is nobody else.
func (h *marketData) openInterest(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	var sum exchange.Lots
	for _, a := range h.accounts {
		for _, held := range a.holdings(m) {
			sum += held.leg.Position().Qty.Abs()
		}
	}
	o := object{{"openInterest", m.QtyText(sum)}, {"symbol", m.In.Symbol}}
	if m.In.Inverse() {
		o = o.with(field{"pair", m.pair()}, field{"contractType", "PERPETUAL"})
	}
	return o.with(field{"time", millis(h.clock.Now())}), nil
}
