package simserver

import (
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// beatEvery is the finest cadence of what is published by the clock.
const beatEvery = 100 * exchange.Millisecond

// publish tells a market event to who listens to its instrument.
func (s *sim) publish(m *market, ev *exchange.Event, c *change) {
	for _, ch := range s.hub.byMarket[m.in.ID] {
		switch {
		case c != nil && ch.kind == "depth":
			s.publishDepth(ch, m, ev, c)
		case c != nil && ch.kind == "bookTicker" && c.touch, ev.Kind == exchange.KindTicker && ch.kind == "bookTicker":
			ch.send(m.bookTickerEvent(s.now, max(m.published, m.book.LastID())))
		case ev.Kind == exchange.KindTrade && ch.kind == "trade":
			ch.send(encode(m.tradeEvent(s.now)))
		case ev.Kind == exchange.KindTrade && ch.kind == "aggTrade":
			ch.send(encode(m.aggTradeEvent(s.now)))
		}
	}
}

// publishDepth sends a change at once on the fastest stream, and collects it for
// the slower ones.
func (s *sim) publishDepth(ch *channel, m *market, ev *exchange.Event, c *change) {
	if ch.every == beatEvery {
		ch.prev = c.last
		s.sendDepth(ch, m.depthEvent(s.now, ev.VenueTime, c, m.published))
		return
	}
	if ch.first == 0 {
		ch.first = c.first
	}
	for _, l := range c.bids {
		ch.touched[0][l.Price] = struct{}{}
	}
	for _, l := range c.asks {
		ch.touched[1][l.Price] = struct{}{}
	}
}

// sendDepth sends a diff, unless a fault loses it, doubles it or keeps it back
// behind the next one.
func (s *sim) sendDepth(ch *channel, payload []byte) {
	symbol := s.markets[ch.id].in.Symbol
	switch {
	case s.desk.strikes(s, "gap", ch.market, symbol):
		return
	case s.desk.strikes(s, "duplicate", ch.market, symbol):
		ch.send(payload)
	case s.desk.strikes(s, "garble", ch.market, symbol):
		payload = payload[:len(payload)/2]
	case ch.held == nil && s.desk.strikes(s, "reorder", ch.market, symbol):
		ch.held = payload
		return
	}
	ch.send(payload)
	if ch.held != nil {
		ch.send(ch.held)
		ch.held = nil
	}
}

// beat publishes what is due by the clock.
func (s *sim) beat() {
	if !s.live || s.now < s.beaten+beatEvery {
		return
	}
	s.beaten = s.now - s.now%beatEvery
	for _, ch := range s.hub.channels {
		if ch.every == 0 || s.now < ch.next || ch.kind == "depth" && ch.every == beatEvery {
			continue
		}
		ch.next = s.now - s.now%ch.every + ch.every
		s.publishDue(ch)
	}
}

func (s *sim) publishDue(ch *channel) {
	if ch.id == exchange.NoInstrument {
		s.publishAll(ch)
		return
	}
	m := s.markets[ch.id]
	switch ch.kind {
	case "depth":
		if ch.first != 0 {
			s.sendDepth(ch, m.collected(ch, s.now))
		}
	case "partial":
		ch.send(m.partialEvent(s.now, ch.levels))
	case "kline":
		events, last := m.klineEvents(s.now, ch.interval, ch.bar)
		for _, k := range events {
			ch.send(encode(k))
		}
		ch.bar = last
	case "continuous":
		for _, k := range m.continuousEvents(s.now, ch) {
			ch.send(encode(k))
		}
	case "markKline", "indexKline":
		for _, k := range m.curveEvents(s.now, ch) {
			ch.send(encode(k))
		}
	case "indexPrice":
		if m.mark.Time != 0 {
			ch.send(encode(m.indexEvent(s.now)))
		}
	case "pairMark":
		if m.mark.Time != 0 {
			ch.send(encode(list{m.markEvent(s.now)}))
		}
	case "markPrice":
		if m.mark.Time != 0 {
			ch.send(encode(m.markEvent(s.now)))
		}
	case "miniTicker":
		ch.send(encode(m.miniTickerEvent(s.now)))
	case "ticker":
		ch.send(encode(m.tickerEvent(s.now)))
	}
}

// publishAll sends an all-market stream. On futures it carries both markets
// since 2026-06-30, told apart by st.
func (s *sim) publishAll(ch *channel) {
	events := list{}
	for _, m := range s.markets {
		if api.Of(m.in.Venue) != ch.market && (ch.market == api.Spot || api.Of(m.in.Venue) == api.Spot || ch.kind == "markPrice") {
			continue
		}
		switch ch.kind {
		case "miniTicker":
			events = append(events, m.miniTickerEvent(s.now))
		case "ticker":
			events = append(events, m.tickerEvent(s.now))
		case "markPrice":
			if m.mark.Time != 0 {
				events = append(events, m.markEvent(s.now))
			}
		case "bookTicker":
			ch.send(m.bookTickerEvent(s.now, m.published))
		}
	}
	if ch.kind != "bookTicker" && len(events) > 0 {
		ch.send(encode(events))
	}
}

// collected makes one diff of what changed since the last one.
func (m *market) collected(ch *channel, now exchange.Time) []byte {
	c := &change{first: ch.first, last: m.published}
	for i, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		levels := make([]exchange.Level, 0, len(ch.touched[i]))
		for p := range ch.touched[i] { // order does not matter: sorted next
			levels = append(levels, exchange.Level{Price: p, Qty: m.book.Qty(side, p)})
		}
		slices.SortFunc(levels, func(a, b exchange.Level) int { return int(a.Price-b.Price) * -int(side) })
		if i == 0 {
			c.bids = levels
		} else {
			c.asks = levels
		}
		clear(ch.touched[i])
	}
	prev := ch.prev
	ch.first, ch.prev = 0, m.published
	return m.depthEvent(now, m.book.Updated(), c, prev)
}

// depthEvent is depthUpdate. It is the most frequent message and is put
// together without the general encoder.
func (m *market) depthEvent(now, at exchange.Time, c *change, prev int64) []byte {
	futures := api.Of(m.in.Venue) != api.Spot
	b := make([]byte, 0, 160+48*(len(c.bids)+len(c.asks)))
	b = append(b, `{"e":"depthUpdate","E":`...)
	b = strconv.AppendInt(b, millis(now), 10)
	if futures {
		b = append(b, `,"T":`...)
		b = strconv.AppendInt(b, millis(at), 10)
	}
	b = append(b, `,"s":"`...)
	b = append(b, m.in.Symbol...)
	b = append(b, '"')
	if futures {
		b = append(b, `,"ps":"`...)
		b = append(b, m.pair()...)
		b = append(b, '"')
	}
	b = append(b, `,"U":`...)
	b = strconv.AppendInt(b, c.first, 10)
	b = append(b, `,"u":`...)
	b = strconv.AppendInt(b, c.last, 10)
	if futures {
		b = append(b, `,"pu":`...)
		b = strconv.AppendInt(b, prev, 10)
	}
	b = m.appendSide(b, `,"b":[`, c.bids)
	b = m.appendSide(b, `,"a":[`, c.asks)
	if futures {
		b = append(b, `,"st":`...)
		b = strconv.AppendInt(b, int64(m.st()), 10)
	}
	return append(b, '}')
}

func (m *market) appendSide(b []byte, head string, levels []exchange.Level) []byte {
	b = append(b, head...)
	for i, l := range levels {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, `["`...)
		b = m.appendPrice(b, l.Price)
		b = append(b, `","`...)
		b = m.appendQty(b, l.Qty)
		b = append(b, `"]`...)
	}
	return append(b, ']')
}

// st tells USD-M from COIN-M.
func (m *market) st() int {
	if m.in.Inverse() {
		return 2
	}
	return 1
}
