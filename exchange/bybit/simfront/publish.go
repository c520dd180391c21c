package simfront

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// show tells a market event to who listens to its instrument.
func (h *hub) show(m *market, ev *exchange.Event, c *simserver.Change) {
	if ev.Kind == exchange.KindLiquidation {
		h.liquidated(m, ev.VenueTime, ev.Side, ev.Price, ev.Qty)
		return
	}
	m.dirty = true
	if c != nil {
		m.u++
		m.at = ev.VenueTime
	}
	for _, ch := range h.byMarket[m.In.ID] {
		switch {
		case c != nil && ch.kind == "orderbook":
			h.showBook(ch, c)
		case ev.Kind == exchange.KindTrade && ch.kind == "publicTrade":
			h.showTrade(ch)
		}
	}
}

// message wraps what a topic tells.
func (h *hub) message(ch *channel, kind string, data any) reply.Object {
	v := reply.Object{{"topic", ch.topic}}
	if kind != "" {
		v = append(v, reply.Field{"type", kind})
	}
	return append(v, reply.Field{"ts", millis(h.state.Clock.Now())}, reply.Field{"data", data})
}

// showTrade tells the last trade.
func (h *hub) showTrade(ch *channel) {
	p := ch.m.Prints[len(ch.m.Prints)-1]
	row := reply.Object{{"T", millis(p.Time)}, {"s", ch.m.In.Symbol}, {"S", sideText(p.Side)}, {"v", ch.m.qty(p.Qty)}, {"p", ch.m.price(p.Price)}}
	if !ch.m.spot() {
		row = append(row, reply.Field{"L", tickDirection(ch.m)})
	}
	row = append(row, reply.Field{"i", ch.m.printID(p.ID)}, reply.Field{"BT", false}, reply.Field{"RPI", false}, reply.Field{"seq", p.ID})
	ch.send(reply.Encode(h.message(ch, "snapshot", reply.List{row})))
}

// tickDirection is how the last trade's price stands to the one before.
func tickDirection(m *market) string {
	list := m.Recent(2)
	switch {
	case len(list) < 2 || list[1].Price == list[0].Price:
		return "ZeroPlusTick"
	case list[1].Price > list[0].Price:
		return "PlusTick"
	}
	return "MinusTick"
}

// liquidated tells of a position that was closed by force with an order of a side: what is
// told is the position's.
func (h *hub) liquidated(m *market, at exchange.Time, side exchange.Side, price exchange.Ticks, qty exchange.Lots) {
	row := reply.Object{{"T", millis(at)}, {"s", m.In.Symbol}, {"S", sideText(side.Opposite())}, {"v", m.qty(qty)}, {"p", m.price(price)}}
	for _, ch := range h.byMarket[m.In.ID] {
		if ch.kind == "allLiquidation" {
			ch.send(reply.Encode(h.message(ch, "snapshot", reply.List{row})))
		}
	}
}

// greet sends a new listener what the topic begins with.
func (h *hub) greet(ch *channel, c *client) {
	switch ch.kind {
	case "orderbook":
		h.snapshot(ch, c)
	case "tickers":
		ch.last = h.ticker(ch.m)
		c.send(h.message(ch, "snapshot", ch.last).With(reply.Field{"cs", ch.m.u}))
	case "priceLimit":
		ch.last = h.limits(ch.m)
		c.send(h.message(ch, "", ch.last))
	case "kline":
		h.showCandle(ch)
	}
}

func (h *hub) ticker(m *market) reply.Object {
	d := door{state: h.state}
	for _, a := range h.state.Accounts() {
		d.accounts = append(d.accounts, accountOf(a))
	}
	v := m.ticker(h.state.Clock, d.held(m))
	if !m.spot() {
		v = v.With(reply.Field{"tickDirection", tickDirection(m)})
	}
	return v
}

func (h *hub) limits(m *market) reply.Object {
	low, high := m.band()
	return reply.Object{{"symbol", m.In.Symbol}, {"buyLmt", high}, {"sellLmt", low}}
}

// Cadences of what is published by the clock.
const (
	resend     = 3 * exchange.Second // a book of one level that does not change
	candleBeat = exchange.Second
)

// beat publishes what is due by the clock.
func (h *hub) beat() {
	now := h.state.Clock.Now()
	for _, ch := range h.channels {
		switch ch.kind {
		case "orderbook":
			if ch.depth == 1 && now >= ch.at+resend {
				h.snapshot(ch, nil)
			}
		case "tickers":
			h.showTicker(ch)
		case "priceLimit":
			if v := h.limits(ch.m); ch.m.dirty && len(differences(ch.last, v)) > 0 {
				ch.last = v
				ch.send(reply.Encode(h.message(ch, "", v)))
			}
		case "kline":
			if now >= ch.at+candleBeat {
				h.showCandle(ch)
			}
		}
	}
	for _, m := range h.markets {
		m.dirty = false
	}
}

// showTicker tells what changed; of spot everything.
func (h *hub) showTicker(ch *channel) {
	if !ch.m.dirty {
		return
	}
	v := h.ticker(ch.m)
	news := differences(ch.last, v)
	if len(news) == 0 {
		return
	}
	ch.last = v
	kind := "snapshot"
	if !ch.m.spot() {
		kind, v = "delta", append(reply.Object{{"symbol", ch.m.In.Symbol}}, news...)
	}
	ch.send(reply.Encode(h.message(ch, kind, v).With(reply.Field{"cs", ch.m.u})))
}

// differences are the fields of an object that differ from another with the same keys.
func differences(was, is reply.Object) (out reply.Object) {
	for i, f := range is {
		if i >= len(was) || fmt.Sprint(was[i][1]) != fmt.Sprint(f[1]) {
			out = append(out, f)
		}
	}
	return out
}

// showCandle tells the candle that runs, and before it the end of the one that ran.
func (h *hub) showCandle(ch *channel) {
	now := h.state.Clock.Now()
	ch.at = now
	name := intervals[ch.interval]
	from := ch.bar
	if from == 0 {
		from, _ = simserver.Opening(now, name)
	}
	rows := reply.List{}
	for _, b := range ch.m.Candles(name, from, now) {
		_, end := simserver.Opening(b.Begin, name)
		rows = append(rows, reply.Object{{"start", millis(b.Begin)}, {"end", millis(end) - 1}, {"interval", ch.interval}, {"open", ch.m.price(b.Open)}, {"close", ch.m.price(b.Close)},
			{"high", ch.m.price(b.High)}, {"low", ch.m.price(b.Low)}, {"volume", ch.m.qty(b.Volume)}, {"turnover", b.Worth}, {"confirm", end <= now}, {"timestamp", millis(now)}})
		ch.bar = b.Begin
	}
	if len(rows) > 0 {
		ch.send(reply.Encode(h.message(ch, "snapshot", rows)))
	}
}
