package simserver

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func ping(*sim, *call) (any, *fault) { return object{}, nil }

// serverTime tells the request clock.
func serverTime(s *sim, _ *call) (any, *fault) {
	return object{{"serverTime", millis(s.wall())}}, nil
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
func depth(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
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
	o := object{{"lastUpdateId", m.published}}
	if !spot {
		if m.in.Inverse() {
			o = o.with(field{"symbol", m.in.Symbol}, field{"pair", m.pair()})
		}
		o = o.with(field{"E", millis(s.now)}, field{"T", millis(m.book.Updated())})
	}
	if m.snapshot != nil && s.desk.strikes(s, "old_book", c.market, m.in.Symbol) {
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
	for _, l := range m.book.AppendLevels(nil, side, n) {
		out = append(out, m.level(l))
	}
	if len(out) == 0 && m.book.State() == 0 {
		l := m.touch[0]
		if side == exchange.Sell {
			l = m.touch[1]
		}
		if l.Qty > 0 {
			out = append(out, m.level(l))
		}
	}
	return out
}

func (m *market) level(l exchange.Level) list { return list{m.price(l.Price), m.qty(l.Qty)} }

func recentTrades(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	n, f := c.bounded("limit", 500, 1000)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, p := range m.recent(n) {
		o := object{{"id", p.id}, {"price", m.price(p.price)}, {"qty", m.qty(p.qty)}}
		if m.in.Inverse() {
			o = o.with(field{"baseQty", m.worth(p.price, p.qty)})
		} else {
			o = o.with(field{"quoteQty", m.worth(p.price, p.qty)})
		}
		o = o.with(field{"time", millis(p.at)}, field{"isBuyerMaker", p.side == exchange.Sell})
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
func aggTrades(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
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
	var hits []print
	for _, t := range m.trades {
		if p.holds(t.id, t.at) {
			hits = append(hits, t)
		}
	}
	out := list{}
	for _, t := range latest(hits, p.n, p.forward()) {
		out = append(out, m.aggTrade(t))
	}
	return out, nil
}

func (m *market) aggTrade(p print) object {
	o := object{{"a", p.id}, {"p", m.price(p.price)}, {"q", m.qty(p.qty)}}
	if api.Of(m.in.Venue) == api.USDM {
		o = o.with(field{"nq", m.qty(p.qty)})
	}
	o = o.with(field{"f", p.id}, field{"l", p.id}, field{"T", millis(p.at)}, field{"m", p.side == exchange.Sell})
	if api.Of(m.in.Venue) == api.Spot {
		o = o.with(field{"M", true})
	}
	return o
}

// klines are twelve fields everywhere. COIN-M counts contracts in the fifth and
// coins in the seventh. Source: kline sections of the three references.
func klines(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	return s.klinesOf(c, m)
}

func (s *sim) klinesOf(c *call, m *market) (any, *fault) {
	interval := c.get("interval")
	if _, ok := intervals[interval]; !ok {
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
	opened := func(b bar) exchange.Time { return b.open }
	out := list{}
	for _, b := range pick(m.candles(interval, 0, s.now), opened, p, m.in.Inverse()) {
		_, end := opening(b.open, interval)
		out = append(out, list{millis(b.open), m.price(b.o), m.price(b.h), m.price(b.l), m.price(b.c), m.qty(b.volume),
			millis(end) - 1, b.worth, b.count, m.qty(b.taker), b.takerWorth, "0"})
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

func avgPrice(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	return object{{"mins", 5}, {"price", m.price(m.lastPrice())}, {"closeTime", millis(s.now)}}, nil
}

// tickers answers for one symbol with an object, for several or all with a
// list; COIN-M always with a list.
func tickers(s *sim, c *call, one func(*market) object) (any, *fault) {
	wanted, f := s.wanted(c)
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

func priceTicker(s *sim, c *call) (any, *fault) {
	return tickers(s, c, func(m *market) object {
		o := object{{"symbol", m.in.Symbol}}
		if m.in.Inverse() {
			o = o.with(field{"ps", m.pair()})
		}
		o = o.with(field{"price", m.price(m.lastPrice())})
		if c.market == api.Spot {
			return o
		}
		return o.with(field{"time", millis(s.now)})
	})
}

func bookTicker(s *sim, c *call) (any, *fault) {
	return tickers(s, c, func(m *market) object {
		o := object{{"symbol", m.in.Symbol}}
		if c.market != api.Spot {
			o = append(object{{"lastUpdateId", m.published}}, o...)
		}
		if m.in.Inverse() {
			o = o.with(field{"pair", m.pair()})
		}
		bid, ask := m.touch[0], m.touch[1]
		o = o.with(field{"bidPrice", m.price(bid.Price)}, field{"bidQty", m.qty(bid.Qty)}, field{"askPrice", m.price(ask.Price)}, field{"askQty", m.qty(ask.Qty)})
		if c.market == api.Spot {
			return o
		}
		return o.with(field{"time", millis(s.now)})
	})
}

func dayTicker(s *sim, c *call) (any, *fault) {
	return tickers(s, c, func(m *market) object { return m.dayTicker(s.now) })
}

// dayTicker is ticker/24hr of one symbol.
func (m *market) dayTicker(now exchange.Time) object {
	d, _ := m.day(now)
	move, percent, mean := m.moved(&d)
	o := object{{"symbol", m.in.Symbol}}
	if m.in.Inverse() {
		o = o.with(field{"pair", m.pair()})
	}
	o = o.with(field{"priceChange", move}, field{"priceChangePercent", percent}, field{"weightedAvgPrice", mean})
	if api.Of(m.in.Venue) == api.Spot {
		o = o.with(field{"prevClosePrice", m.price(d.o)})
	}
	var lastQty exchange.Lots
	if n := len(m.trades); n > 0 {
		lastQty = m.trades[n-1].qty
	}
	o = o.with(field{"lastPrice", m.price(d.c)}, field{"lastQty", m.qty(lastQty)})
	if api.Of(m.in.Venue) == api.Spot {
		o = o.with(field{"bidPrice", m.price(m.touch[0].Price)}, field{"bidQty", m.qty(m.touch[0].Qty)},
			field{"askPrice", m.price(m.touch[1].Price)}, field{"askQty", m.qty(m.touch[1].Qty)})
	}
	o = o.with(field{"openPrice", m.price(d.o)}, field{"highPrice", m.price(d.h)}, field{"lowPrice", m.price(d.l)}, field{"volume", m.qty(d.volume)})
	worth := "quoteVolume"
	if m.in.Inverse() {
		worth = "baseVolume"
	}
	return o.with(field{worth, d.worth}, field{"openTime", millis(d.open)}, field{"closeTime", millis(now)},
		field{"firstId", d.firstID}, field{"lastId", d.lastID}, field{"count", d.count})
}

// moved is the change of a day's price, in per cent too, and its mean price.
func (m *market) moved(d *bar) (move, percent, mean string) {
	change := m.in.PriceDecimal(d.c - d.o)
	share, average := decimal.Zero, m.in.PriceDecimal(d.c)
	if d.o > 0 {
		share = change.DivRound(m.in.PriceDecimal(d.o), 6).Shift(2)
	}
	if d.volume > 0 && d.worth.IsPositive() {
		average = d.worth.DivRound(m.in.QtyDecimal(d.volume), 8)
		if m.in.Inverse() {
			average = m.in.QtyDecimal(d.volume).Mul(m.in.ContractSize).DivRound(d.worth, 8)
		}
	}
	return change.StringFixed(m.places(m.in.Tick)), share.StringFixed(3), average.StringFixed(max(m.places(m.in.Tick), 2))
}

// premiumIndex is the mark, the index and the running funding estimate. COIN-M
// always answers with a list.
func premiumIndex(s *sim, c *call) (any, *fault) {
	return tickers(s, c, func(m *market) object {
		o := object{{"symbol", m.in.Symbol}}
		if m.in.Inverse() {
			o = o.with(field{"pair", m.pair()})
		}
		return o.with(field{"markPrice", m.mark.Mark.Decimal()}, field{"indexPrice", m.mark.Index.Decimal()},
			field{"estimatedSettlePrice", m.mark.Index.Decimal()}, field{"lastFundingRate", m.mark.Rate.Decimal()},
			field{"interestRate", m.in.InterestRate}, field{"nextFundingTime", millis(m.mark.NextFunding)}, field{"time", millis(m.mark.Time)})
	})
}

// fundingRate lists what was settled, oldest first: without times the newest.
func fundingRate(s *sim, c *call) (any, *fault) {
	if c.market == api.COINM && !c.has("symbol") {
		return nil, missing("symbol")
	}
	wanted, f := s.wanted(c)
	if f != nil {
		return nil, f
	}
	p, f := c.page(100, 1000)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, m := range wanted {
		for _, r := range m.settled {
			if !within(r.Time, p.from, p.to) {
				continue
			}
			o := object{{"symbol", m.in.Symbol}, {"fundingTime", millis(r.Time)}, {"fundingRate", r.Rate.Decimal()}}
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

func fundingInfo(s *sim, c *call) (any, *fault) {
	out := list{}
	for _, m := range s.all(c.market) {
		hours := m.mark.Hours
		if hours == 0 {
			hours = m.in.FundingHours
		}
		if hours == defaultFundingHours {
			continue
		}
		out = append(out, object{{"symbol", m.in.Symbol}, {"adjustedFundingRateCap", m.in.FundingCap}, {"adjustedFundingRateFloor", m.in.FundingFloor},
			{"fundingIntervalHours", hours}, {"disclaimer", false}})
	}
	return out, nil
}

// openInterest is what the accounts of this server hold: there is nobody else.
func openInterest(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	var sum exchange.Lots
	for _, a := range s.accounts {
		sum += a.venue.Position(m.in.ID).Qty.Abs()
	}
	o := object{{"openInterest", m.qty(sum)}, {"symbol", m.in.Symbol}}
	if m.in.Inverse() {
		o = o.with(field{"pair", m.pair()}, field{"contractType", "PERPETUAL"})
	}
	return o.with(field{"time", millis(s.now)}), nil
}
