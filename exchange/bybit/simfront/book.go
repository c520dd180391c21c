package simfront

import (
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/simserver"
)

// Books: a snapshot at first, deltas after it, u counting every change. One of one level has
// snapshots alone, and comes again with the same u when nothing changes for 3 seconds.

// levels are what a book of the channel's depth shows.
func (ch *channel) levels() [2][]exchange.Level {
	return [2][]exchange.Level{ch.m.Best(exchange.Buy, ch.depth), ch.m.Best(exchange.Sell, ch.depth)}
}

// snapshot sends the whole book to one connection, or to all.
func (h *hub) snapshot(ch *channel, to *client) {
	now := ch.levels()
	payload := h.bookMessage(ch, "snapshot", now[0], now[1], ch.m.u)
	if to != nil {
		if len(ch.subs) == 1 {
			ch.shown, ch.at = now, h.state.Clock.Now()
		}
		to.conn.Peer.Send(payload)
		return
	}
	ch.shown, ch.at = now, h.state.Clock.Now()
	ch.send(payload)
}

// showBook tells a change. Books of more levels than there are get it as it is; the others
// get the difference between what they show now and what they showed.
func (h *hub) showBook(ch *channel, c *simserver.Change) {
	if ch.depth == 1 {
		if now := ch.levels(); !sameTouch(now, ch.shown) {
			h.snapshot(ch, nil)
		}
		return
	}
	f := h.state.Faults
	symbol := ch.m.In.Symbol
	switch {
	case f.Strikes("reset_book", ch.m.Segment, symbol):
		ch.m.u = 1
		h.snapshot(ch, nil)
		return
	case f.Strikes("reset_delta", ch.m.Segment, symbol):
		ch.m.u = 1
	}
	bids, asks := c.Bids, c.Asks
	if ch.m.Book.Depth(exchange.Buy) > ch.depth || ch.m.Book.Depth(exchange.Sell) > ch.depth {
		if ch.shown[0] == nil && ch.shown[1] == nil { // so far it was told whole
			h.snapshot(ch, nil)
			return
		}
		now := ch.levels()
		bids, asks = changed(ch.shown[0], now[0]), changed(ch.shown[1], now[1])
		ch.shown = now
	} else {
		ch.shown = [2][]exchange.Level{}
	}
	if len(bids)+len(asks) == 0 {
		return
	}
	h.sendDelta(ch, h.bookMessage(ch, "delta", bids, asks, ch.m.u))
}

// sendDelta sends a delta, unless a fault loses it, doubles it or keeps it back.
func (h *hub) sendDelta(ch *channel, payload []byte) {
	f, symbol := h.state.Faults, ch.m.In.Symbol
	ch.at = h.state.Clock.Now()
	switch {
	case f.Strikes("gap", ch.m.Segment, symbol):
		return
	case f.Strikes("duplicate", ch.m.Segment, symbol):
		ch.send(payload)
	case f.Strikes("garble", ch.m.Segment, symbol):
		payload = payload[:len(payload)/2]
	case ch.held == nil && f.Strikes("reorder", ch.m.Segment, symbol):
		ch.held = payload
		return
	}
	ch.send(payload)
	if ch.held != nil {
		ch.send(ch.held)
		ch.held = nil
	}
}

func sameTouch(a, b [2][]exchange.Level) bool {
	for side := range a {
		if len(a[side]) != len(b[side]) || len(a[side]) > 0 && a[side][0] != b[side][0] {
			return false
		}
	}
	return true
}

// changed is what turns one side into another; what is gone has quantity zero.
func changed(was, is []exchange.Level) (out []exchange.Level) {
	old := make(map[exchange.Ticks]exchange.Lots, len(was))
	for _, l := range was {
		old[l.Price] = l.Qty
	}
	for _, l := range is {
		if q, ok := old[l.Price]; !ok || q != l.Qty {
			out = append(out, l)
		}
		delete(old, l.Price)
	}
	for _, l := range was {
		if _, gone := old[l.Price]; gone {
			out = append(out, exchange.Level{Price: l.Price})
		}
	}
	return out
}

// bookMessage is the most frequent message and is put together without the encoder. Spot and
// books of one level have ts before type.
func (h *hub) bookMessage(ch *channel, kind string, bids, asks []exchange.Level, u int64) []byte {
	b := make([]byte, 0, 200+32*(len(bids)+len(asks)))
	b = append(append(append(b, `{"topic":"`...), ch.topic...), `",`...)
	ts := strconv.AppendInt([]byte(`"ts":`), millis(h.state.Clock.Now()), 10)
	if ch.m.spot() || ch.depth == 1 {
		b = append(append(append(append(append(b, ts...), `,"type":"`...), kind...), '"'), ',')
	} else {
		b = append(append(append(append(append(b, `"type":"`...), kind...), `",`...), ts...), ',')
	}
	b = append(append(append(b, `"data":{"s":"`...), ch.m.In.Symbol...), '"')
	b = ch.m.appendSide(b, `,"b":[`, bids)
	b = ch.m.appendSide(b, `,"a":[`, asks)
	b = strconv.AppendInt(append(b, `,"u":`...), u, 10)
	b = strconv.AppendInt(append(b, `,"seq":`...), ch.m.Book.LastID(), 10)
	b = strconv.AppendInt(append(b, `},"cts":`...), millis(ch.m.at), 10)
	return append(b, '}')
}

func (m *market) appendSide(b []byte, head string, levels []exchange.Level) []byte {
	b = append(b, head...)
	for i, l := range levels {
		if i > 0 {
			b = append(b, ',')
		}
		b = fixed.Append(append(b, `["`...), int64(l.Price), m.In.Tick)
		b = fixed.Append(append(b, `","`...), int64(l.Qty), m.In.Lot)
		b = append(b, `"]`...)
	}
	return append(b, ']')
}
