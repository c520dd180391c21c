package simserver

import (
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// curve is one candle of a price that is told and not traded: the mark, the
// index, or the premium of the one over the other.
type curve struct {
	open       exchange.Time
	o, h, l, c exchange.E8
	count      int64
}

// The told prices of a contract.
const (
	curveMark = iota
	curveIndex
	curvePremium
	curveKinds
)

// keepCurves is how many minutes of each are kept: what one request may ask for.
const keepCurves = 1500

// trace adds a mark price event to the minutes of its three prices. The premium
// is that of the mark over the index; the exchange's own looks at the book.
func (m *market) trace(ev *exchange.Event) {
	if ev.Mark <= 0 || ev.Index <= 0 {
		return
	}
	premium := exchange.E8FromDecimal(ev.Mark.Decimal().Sub(ev.Index.Decimal()).DivRound(ev.Index.Decimal(), 8))
	for kind, p := range [curveKinds]exchange.E8{curveMark: ev.Mark, curveIndex: ev.Index, curvePremium: premium} {
		open := ev.Time - ev.Time%exchange.Minute
		all := &m.curves[kind]
		if n := len(*all); n == 0 || (*all)[n-1].open != open {
			*all = appendLast(*all, curve{open: open, o: p, h: p, l: p}, keepCurves)
		}
		b := &(*all)[len(*all)-1]
		b.h, b.l, b.c = max(b.h, p), min(b.l, p), p
		b.count++
	}
}

// drawn returns the candles of an interval from a time on, oldest first. A
// minute without a price has none: it is told every few seconds.
func (m *market) drawn(kind int, interval string, from exchange.Time) []curve {
	var out []curve
	for _, b := range m.curves[kind] {
		open, _ := opening(b.open, interval)
		if open < from {
			continue
		}
		if n := len(out); n > 0 && out[n-1].open == open {
			last := &out[n-1]
			last.h, last.l, last.c = max(last.h, b.h), min(last.l, b.l), b.c
			last.count += b.count
			continue
		}
		b.open = open
		out = append(out, b)
	}
	return out
}

func markKlines(s *sim, c *call) (any, *fault)    { return s.curveKlines(c, curveMark, s.named) }
func premiumKlines(s *sim, c *call) (any, *fault) { return s.curveKlines(c, curvePremium, s.named) }
func indexKlines(s *sim, c *call) (any, *fault)   { return s.curveKlines(c, curveIndex, s.paired) }

// continuousKlines are the klines of a pair's contract of a type.
func continuousKlines(s *sim, c *call) (any, *fault) {
	m, f := s.paired(c)
	if f != nil {
		return nil, f
	}
	switch c.get("contractType") {
	case "PERPETUAL":
	case "":
		return nil, missing("contractType")
	default:
		return list{}, nil // there are only perpetuals
	}
	return s.klinesOf(c, m)
}

// paired returns the perpetual of the pair that a request names.
func (s *sim) paired(c *call) (*market, *fault) {
	if !c.has("pair") {
		return nil, missing("pair")
	}
	if m := s.byPair(c.market, c.get("pair")); m != nil {
		return m, nil
	}
	return nil, invalidSymbol()
}

func (s *sim) byPair(mk api.Market, pair string) *market {
	for _, m := range s.markets {
		if api.Of(m.in.Venue) == mk && m.pair() == pair {
			return m
		}
	}
	return nil
}

// curveKlines have the shape of klines, and nothing where those have volumes.
func (s *sim) curveKlines(c *call, kind int, named func(*call) (*market, *fault)) (any, *fault) {
	m, f := named(c)
	if f != nil {
		return nil, f
	}
	interval := c.get("interval")
	if _, ok := intervals[interval]; !ok {
		return nil, bad(-1120, "Invalid interval.")
	}
	p, f := c.page(500, 1500)
	if f != nil {
		return nil, f
	}
	opened := func(b curve) exchange.Time { return b.open }
	out := list{}
	for _, b := range pick(m.drawn(kind, interval, 0), opened, p, m.in.Inverse()) {
		_, end := opening(b.open, interval)
		out = append(out, list{millis(b.open), b.o.Decimal(), b.h.Decimal(), b.l.Decimal(), b.c.Decimal(), "0", millis(end) - 1, "0", b.count, "0", "0", "0"})
	}
	return out, nil
}

// curveEvents are the candles of a told price as a stream tells them: those that
// have closed since the last time, and the one that runs.
func (m *market) curveEvents(now exchange.Time, ch *channel) []object {
	kind, name, symbol := curveMark, "markPrice_kline", m.in.Symbol
	if ch.kind == "indexKline" {
		kind, name, symbol = curveIndex, "indexPrice_kline", "0"
	}
	since := ch.bar
	if since == 0 {
		since, _ = opening(now, ch.interval)
	}
	var out []object
	for _, b := range m.drawn(kind, ch.interval, since) {
		_, end := opening(b.open, ch.interval)
		k := object{{"t", millis(b.open)}, {"T", millis(end) - 1}, {"s", symbol}, {"i", ch.interval}, {"f", millis(b.open)}, {"L", millis(min(now, end-1))},
			{"o", b.o.Decimal()}, {"c", b.c.Decimal()}, {"h", b.h.Decimal()}, {"l", b.l.Decimal()}, {"v", "0"}, {"n", b.count}, {"x", now >= end},
			{"q", "0"}, {"V", "0"}, {"Q", "0"}, {"B", "0"}}
		out = append(out, object{{"e", name}, {"E", millis(now)}, {"ps", m.pair()}, {"k", k}})
		ch.bar = b.open
	}
	return out
}

// continuousEvents are klineEvents of a contract type: without a symbol.
func (m *market) continuousEvents(now exchange.Time, ch *channel) []object {
	events, last := m.klineEvents(now, ch.interval, ch.bar)
	ch.bar = last
	var out []object
	for _, ev := range events {
		k := object{}
		for _, f := range ev[len(ev)-1].val.(object) {
			if f.key != "s" {
				k = append(k, f)
			}
		}
		out = append(out, object{{"e", "continuous_kline"}, {"E", millis(now)}, {"ps", m.pair()}, {"ct", "PERPETUAL"}, {"k", k}})
	}
	return out
}

// indexEvent is COIN-M's indexPriceUpdate; the pair is under s since 2026-06-30.
func (m *market) indexEvent(now exchange.Time) object {
	return object{{"e", "indexPriceUpdate"}, {"E", millis(now)}, {"s", m.pair()}, {"p", m.mark.Index.Decimal()}}
}

// pairTopic understands the streams that are named by a pair.
func (s *sim) pairTopic(mk api.Market, pair, rest string) (topic, bool) {
	t := topic{market: mk, every: 250 * exchange.Millisecond}
	kind, interval, _ := strings.Cut(rest, "_")
	contract, perpetual := strings.CutSuffix(pair, "_perpetual")
	switch {
	case mk == api.Spot:
		return t, false
	case kind == "continuousKline" && perpetual:
		t.kind, t.interval, pair = "continuous", interval, contract
	case kind == "indexPriceKline" && mk == api.COINM:
		t.kind, t.interval = "indexKline", interval
	case rest == "indexPrice" && mk == api.COINM:
		t.kind, t.every, t.interval = "indexPrice", exchange.Second, "1m"
	case (rest == "markPrice" || rest == "markPrice@1s") && mk == api.COINM:
		t.kind, t.every, t.interval = "pairMark", 3*exchange.Second, "1m"
		if rest != "markPrice" {
			t.every = exchange.Second
		}
	default:
		return t, false
	}
	m := s.byPair(mk, strings.ToUpper(pair))
	if _, ok := intervals[t.interval]; m == nil || !ok {
		return t, false
	}
	t.id = m.in.ID
	return t, true
}
