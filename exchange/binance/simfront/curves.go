package simfront

import (
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Klines of prices that are told and not traded: the mark, the index, and the premium
// of the one over the other.

func (h *candles) markKlines(c *call) (any, *fault) {
	return h.curveKlines(c, simserver.CurveMark, h.named)
}
func (h *candles) premiumKlines(c *call) (any, *fault) {
	return h.curveKlines(c, simserver.CurvePremium, h.named)
}
func (h *candles) indexKlines(c *call) (any, *fault) {
	return h.curveKlines(c, simserver.CurveIndex, h.paired)
}

// continuousKlines are the klines of a pair's contract of a type.
func (h *candles) continuousKlines(c *call) (any, *fault) {
	m, f := h.paired(c)
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
	return h.klinesOf(c, m)
}

// curveKlines have the shape of klines, and nothing where those have volumes.
func (h *candles) curveKlines(c *call, kind int, named func(*call) (*market, *fault)) (any, *fault) {
	m, f := named(c)
	if f != nil {
		return nil, f
	}
	interval := c.get("interval")
	if _, ok := simserver.Intervals[interval]; !ok {
		return nil, bad(-1120, "Invalid interval.")
	}
	p, f := c.page(500, 1500)
	if f != nil {
		return nil, f
	}
	opened := func(b simserver.Curve) exchange.Time { return b.Begin }
	out := list{}
	for _, b := range pick(m.Drawn(kind, interval, 0), opened, p, m.In.Inverse()) {
		_, end := simserver.Opening(b.Begin, interval)
		out = append(out, list{millis(b.Begin), b.Open.Decimal(), b.High.Decimal(), b.Low.Decimal(), b.Close.Decimal(), "0", millis(end) - 1, "0", b.Count, "0", "0", "0"})
	}
	return out, nil
}

// curveEvents are the candles of a told price as a stream tells them: those that
// have closed since the last time, and the one that runs.
func (m marketEvents) curveEvents(now exchange.Time, ch *channel) []object {
	kind, name, symbol := simserver.CurveMark, "markPrice_kline", m.In.Symbol
	if ch.kind == "indexKline" {
		kind, name, symbol = simserver.CurveIndex, "indexPrice_kline", "0"
	}
	since := ch.bar
	if since == 0 {
		since, _ = simserver.Opening(now, ch.interval)
	}
	var out []object
	for _, b := range m.Drawn(kind, ch.interval, since) {
		_, end := simserver.Opening(b.Begin, ch.interval)
		k := object{{"t", millis(b.Begin)}, {"T", millis(end) - 1}, {"s", symbol}, {"i", ch.interval}, {"f", millis(b.Begin)}, {"L", millis(min(now, end-1))},
			{"o", b.Open.Decimal()}, {"c", b.Close.Decimal()}, {"h", b.High.Decimal()}, {"l", b.Low.Decimal()}, {"v", "0"}, {"n", b.Count}, {"x", now >= end},
			{"q", "0"}, {"V", "0"}, {"Q", "0"}, {"B", "0"}}
		out = append(out, object{{"e", name}, {"E", millis(now)}, {"ps", m.pair()}, {"k", k}})
		ch.bar = b.Begin
	}
	return out
}

// continuousEvents are klineEvents of a contract type: without a symbol.
func (m marketEvents) continuousEvents(now exchange.Time, ch *channel) []object {
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
func (m marketEvents) indexEvent(now exchange.Time) object {
	return object{{"e", "indexPriceUpdate"}, {"E", millis(now)}, {"s", m.pair()}, {"p", m.Mark.Index.Decimal()}}
}

// pairTopic understands the streams that are named by a pair.
func (h *hub) pairTopic(mk api.Market, pair, rest string) (topic, bool) {
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
	m := h.byPair(mk, strings.ToUpper(pair))
	if _, ok := simserver.Intervals[t.interval]; m == nil || !ok {
		return t, false
	}
	t.id = m.In.ID
	return t, true
}
