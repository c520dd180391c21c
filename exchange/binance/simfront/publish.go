package simfront

import (
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// publishEvent tells a market event to who listens to its instrument.
func (p *publisher) publishEvent(m *market, ev *exchange.Event, c *simserver.Change) {
	if ev.Kind == exchange.KindLiquidation {
		m.publishCrowd(ev)
		return
	}
	for _, ch := range p.hub.byMarket[m.In.ID] {
		switch {
		case c != nil && ch.kind == "depth":
			p.publishDepth(ch, m, ev, c)
		case c != nil && ch.kind == "bookTicker" && c.Touch, ev.Kind == exchange.KindTicker && ch.kind == "bookTicker":
			ch.send(m.events().bookTickerEvent(p.clock.Now(), max(m.Published, m.Book.LastID())))
		case ev.Kind == exchange.KindTrade && ch.kind == "trade":
			ch.send(encode(m.events().tradeEvent(p.clock.Now())))
		case ev.Kind == exchange.KindTrade && ch.kind == "aggTrade":
			ch.send(encode(m.events().aggTradeEvent(p.clock.Now())))
		}
	}
}

// publishDepth sends a change at once on the fastest stream, and collects it for
// the slower ones.
func (p *publisher) publishDepth(ch *channel, m *market, ev *exchange.Event, c *simserver.Change) {
	if ch.every == simserver.BeatEvery {
		ch.prev = c.Last
		p.sendDepth(ch, m.events().depthEvent(p.clock.Now(), ev.VenueTime, c, m.Published))
		return
	}
	if ch.first == 0 {
		ch.first = c.First
	}
	for _, l := range c.Bids {
		ch.touched[0][l.Price] = struct{}{}
	}
	for _, l := range c.Asks {
		ch.touched[1][l.Price] = struct{}{}
	}
}

// sendDepth sends a diff, unless a fault loses it, doubles it or keeps it back
// behind the next one.
func (p *publisher) sendDepth(ch *channel, payload []byte) {
	symbol := p.markets[ch.id].In.Symbol
	switch {
	case p.strikes("gap", ch.market, symbol):
		return
	case p.strikes("duplicate", ch.market, symbol):
		ch.send(payload)
	case p.strikes("garble", ch.market, symbol):
		payload = payload[:len(payload)/2]
	case ch.held == nil && p.strikes("reorder", ch.market, symbol):
		ch.held = payload
		return
	}
	ch.send(payload)
	if ch.held != nil {
		ch.send(ch.held)
		ch.held = nil
	}
}

// publishBeat publishes what is due by the clock.
func (p *publisher) publishBeat() {
	p.publishLiquidations()
	for _, ch := range p.hub.channels {
		if ch.every == 0 || p.clock.Now() < ch.next || ch.kind == "depth" && ch.every == simserver.BeatEvery {
			continue
		}
		ch.next = p.clock.Now() - p.clock.Now()%ch.every + ch.every
		p.publishDue(ch)
	}
}

func (p *publisher) publishDue(ch *channel) {
	if ch.id == exchange.NoInstrument {
		p.publishAll(ch)
		return
	}
	m := p.markets[ch.id]
	switch ch.kind {
	case "depth":
		if ch.first != 0 {
			p.sendDepth(ch, m.events().collected(ch, p.clock.Now()))
		}
	case "partial":
		ch.send(m.events().partialEvent(p.clock.Now(), ch.levels))
	case "kline":
		events, last := m.events().klineEvents(p.clock.Now(), ch.interval, ch.bar)
		for _, k := range events {
			ch.send(encode(k))
		}
		ch.bar = last
	case "continuous":
		for _, k := range m.events().continuousEvents(p.clock.Now(), ch) {
			ch.send(encode(k))
		}
	case "markKline", "indexKline":
		for _, k := range m.events().curveEvents(p.clock.Now(), ch) {
			ch.send(encode(k))
		}
	case "indexPrice":
		if m.Mark.Time != 0 {
			ch.send(encode(m.events().indexEvent(p.clock.Now())))
		}
	case "pairMark":
		if m.Mark.Time != 0 {
			ch.send(encode(list{m.events().markEvent(p.clock.Now())}))
		}
	case "markPrice":
		if m.Mark.Time != 0 {
			ch.send(encode(m.events().markEvent(p.clock.Now())))
		}
	case "miniTicker":
		ch.send(encode(m.events().miniTickerEvent(p.clock.Now())))
	case "ticker":
		ch.send(encode(m.events().tickerEvent(p.clock.Now())))
	}
}

// publishAll sends an all-market stream. On futures it carries both markets
// since 2026-06-30, told apart by st.
func (p *publisher) publishAll(ch *channel) {
	if ch.kind == "assetIndex" {
		p.publishAssets(ch)
		return
	}
	events := list{}
	for _, m := range p.markets {
		if api.Of(m.In.Venue) != ch.market && (ch.market == api.Spot || api.Of(m.In.Venue) == api.Spot || ch.kind == "markPrice") {
			continue
		}
		switch ch.kind {
		case "miniTicker":
			events = append(events, m.events().miniTickerEvent(p.clock.Now()))
		case "ticker":
			events = append(events, m.events().tickerEvent(p.clock.Now()))
		case "markPrice":
			if m.Mark.Time != 0 {
				events = append(events, m.events().markEvent(p.clock.Now()))
			}
		case "bookTicker":
			ch.send(m.events().bookTickerEvent(p.clock.Now(), m.Published))
		}
	}
	if ch.kind != "bookTicker" && len(events) > 0 {
		ch.send(encode(events))
	}
}

// collected makes one diff of what changed since the last one.
func (m marketEvents) collected(ch *channel, now exchange.Time) []byte {
	c := &simserver.Change{First: ch.first, Last: m.Published}
	for i, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		levels := make([]exchange.Level, 0, len(ch.touched[i]))
		for p := range ch.touched[i] { // order does not matter: sorted next
			levels = append(levels, exchange.Level{Price: p, Qty: m.Book.Qty(side, p)})
		}
		slices.SortFunc(levels, func(a, b exchange.Level) int { return int(a.Price-b.Price) * -int(side) })
		if i == 0 {
			c.Bids = levels
		} else {
			c.Asks = levels
		}
		clear(ch.touched[i])
	}
	prev := ch.prev
	ch.first, ch.prev = 0, m.Published
	return m.depthEvent(now, m.Book.Updated(), c, prev)
}

// depthEvent is depthUpdate. It is the most frequent message and is put
// together without the general encoder.
func (m marketEvents) depthEvent(now, at exchange.Time, c *simserver.Change, prev int64) []byte {
	futures := api.Of(m.In.Venue) != api.Spot
	b := make([]byte, 0, 160+48*(len(c.Bids)+len(c.Asks)))
	b = append(b, `{"e":"depthUpdate","E":`...)
	b = strconv.AppendInt(b, millis(now), 10)
	if futures {
		b = append(b, `,"T":`...)
		b = strconv.AppendInt(b, millis(at), 10)
	}
	b = append(b, `,"s":"`...)
	b = append(b, m.In.Symbol...)
	b = append(b, '"')
	if futures {
		b = append(b, `,"ps":"`...)
		b = append(b, m.pair()...)
		b = append(b, '"')
	}
	b = append(b, `,"U":`...)
	b = strconv.AppendInt(b, c.First, 10)
	b = append(b, `,"u":`...)
	b = strconv.AppendInt(b, c.Last, 10)
	if futures {
		b = append(b, `,"pu":`...)
		b = strconv.AppendInt(b, prev, 10)
	}
	b = m.appendSide(b, `,"b":[`, c.Bids)
	b = m.appendSide(b, `,"a":[`, c.Asks)
	if futures {
		b = append(b, `,"st":`...)
		b = strconv.AppendInt(b, int64(m.st()), 10)
	}
	return append(b, '}')
}

func (m marketEvents) appendSide(b []byte, head string, levels []exchange.Level) []byte {
	b = append(b, head...)
	for i, l := range levels {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `["`...)
		b = m.AppendPrice(b, l.Price)
		b = append(b, `","`...)
		b = m.AppendQty(b, l.Qty)
		b = append(b, `"]`...)
	}
	return append(b, ']')
}

// st tells USD-M from COIN-M.
func (m *market) st() int {
	if m.In.Inverse() {
		return 2
	}
	return 1
}
