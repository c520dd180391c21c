package simfront

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

// every is how often a book is looked at; lateBy is what the fault "late" adds.
const (
	every        = 100 * time.Millisecond
	lateBy       = time.Second
	usualDepth   = 10
	deepest      = 1000
	mostDelaying = 64
)

// conn is the socket of one symbol.
type conn struct {
	peer  *wire.Peer
	x     *simserver.Exchange
	in    *exchange.Instrument
	texts bool // prices are text, and quantities numbers
	done  chan struct{}

	mu      sync.Mutex
	depth   int // 0: nothing is subscribed to
	ids     int64
	shown   [2][]exchange.Level // bids, asks, as they were told last
	faults  []string            // that strike the next update: gap, cross
	stalled time.Time           // until when nothing is told
	muted   time.Time           // until when pings are not answered
	late    time.Time           // until when updates are late
	waiting []delayed
}

// delayed is an update that is told late.
type delayed struct {
	at    time.Time
	frame []byte
}

// serve reads what the client sends until it goes.
func (c *conn) serve() {
	go c.publish()
	for {
		frame, err := c.peer.Read()
		if err != nil {
			return
		}
		c.take(frame)
	}
}

// take answers a frame of the client's.
func (c *conn) take(frame []byte) {
	var q struct {
		Type, Channel, Symbol string
		Depth                 int
	}
	err := json.Unmarshal(frame, &q)
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case err != nil:
		c.refuse("no JSON: " + err.Error())
	case q.Type == "ping":
		if time.Now().After(c.muted) {
			c.peer.Send([]byte(`{"type":"pong"}`))
		}
	case q.Type != "subscribe":
		c.refuse(fmt.Sprintf("type %q: want subscribe or ping", q.Type))
	case q.Channel != "orderbook":
		c.refuse(fmt.Sprintf("channel %q: want orderbook", q.Channel))
	case q.Depth < 0 || q.Depth > deepest:
		c.refuse(fmt.Sprintf("depth %d: want 1 to %d", q.Depth, deepest))
	default:
		if c.depth = q.Depth; c.depth == 0 {
			c.depth = usualDepth
		}
		c.snapshot()
	}
}

func (c *conn) refuse(why string) {
	out, err := json.Marshal(map[string]string{"type": "error", "message": why})
	if err == nil {
		c.peer.Send(out)
	}
}

// levels are the first ones of both sides as the exchange has them now.
func (c *conn) levels() (out [2][]exchange.Level, ok bool) {
	ok = c.x.Do(func(s *simserver.State) {
		m := s.Markets()[c.in.ID]
		for i, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
			out[i] = m.Book.AppendLevels(nil, side, c.depth)
		}
	})
	return out, ok
}

// snapshot tells the whole book; c is locked.
func (c *conn) snapshot() {
	now, ok := c.levels()
	if !ok || time.Now().Before(c.stalled) {
		return
	}
	c.ids++
	c.shown, c.waiting = now, nil
	frame := append([]byte(`{"type":"snapshot","bids":`), c.pairs(now[0])...)
	frame = append(append(frame, `,"asks":`...), c.pairs(now[1])...)
	c.peer.Send(fmt.Appendf(frame, `,"updateId":%d}`, c.ids))
}

// publish tells what changes.
func (c *conn) publish() {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-c.done:
			return
		case <-c.x.Closed():
			c.peer.Close(1001, "the simulated exchange has stopped")
			return
		case now := <-tick.C:
			c.mu.Lock()
			c.update(now)
			c.mu.Unlock()
		}
	}
}

// update tells what changed since the last one; c is locked.
func (c *conn) update(at time.Time) {
	for len(c.waiting) > 0 && !at.Before(c.waiting[0].at) {
		c.peer.Send(c.waiting[0].frame)
		c.waiting = c.waiting[1:]
	}
	if c.depth == 0 {
		return
	}
	now, ok := c.levels()
	if !ok {
		return
	}
	bids, asks := changes(c.shown[0], now[0]), changes(c.shown[1], now[1])
	if len(bids)+len(asks) == 0 {
		return
	}
	c.ids++
	c.shown = now
	if at.Before(c.stalled) {
		return
	}
	if i := slices.Index(c.faults, "gap"); i >= 0 {
		c.faults = slices.Delete(c.faults, i, i+1)
		return
	}
	if i := slices.Index(c.faults, "cross"); i >= 0 && len(now[1]) > 0 {
		c.faults = slices.Delete(c.faults, i, i+1)
		bids = append(bids, exchange.Level{Price: now[1][0].Price + 1, Qty: 1})
	}
	frame := append([]byte(`{"type":"update","b":`), c.pairs(bids)...)
	frame = append(append(frame, `,"a":`...), c.pairs(asks)...)
	frame = fmt.Appendf(frame, `,"u":%d}`, c.ids)
	if (at.Before(c.late) || len(c.waiting) > 0) && len(c.waiting) < mostDelaying {
		c.waiting = append(c.waiting, delayed{at.Add(lateBy), frame})
		return
	}
	c.peer.Send(frame)
}

// pairs writes [[price, quantity],…].
func (c *conn) pairs(list []exchange.Level) []byte {
	out := []byte{'['}
	for i, l := range list {
		if i > 0 {
			out = append(out, ',')
		}
		price, qty := c.in.PriceDecimal(l.Price).String(), c.in.QtyDecimal(l.Qty).String()
		if c.texts {
			out = fmt.Appendf(out, `["%s",%s]`, price, qty)
		} else {
			out = fmt.Appendf(out, `[%s,"%s"]`, price, qty)
		}
	}
	return append(out, ']')
}

// changes is what differs between two states of a side; what is gone has no quantity.
func changes(was, is []exchange.Level) (out []exchange.Level) {
	for _, l := range is {
		if !slices.Contains(was, l) {
			out = append(out, l)
		}
	}
	for _, l := range was {
		if !slices.ContainsFunc(is, func(x exchange.Level) bool { return x.Price == l.Price }) {
			out = append(out, exchange.Level{Price: l.Price})
		}
	}
	return out
}

// strike makes something go wrong on the connection.
func (c *conn) strike(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	until := time.Now().Add(time.Duration(f.Seconds * float64(time.Second)))
	switch f.Kind {
	case "stall":
		c.stalled = until
	case "late":
		c.late = until
	case "mute":
		c.muted = until
	case "drop":
		c.peer.Close(1001, "dropped")
	default:
		c.faults = append(c.faults, f.Kind)
	}
}
