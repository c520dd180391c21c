package simserver

import (
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/wire"
)

// Conn is a websocket connection of a client, which faults of the network may strike.
type Conn struct {
	Peer    *wire.Peer
	Segment *Segment
	Route   string // how faults name what its address gives access to

	mutedUntil exchange.Time // a fault: user events before it are not sent
}

// Join makes a connection known.
func (s *State) Join(c *Conn) { s.conns = append(s.conns, c) }

// Leave forgets a connection.
func (s *State) Leave(c *Conn) {
	s.conns = slices.DeleteFunc(s.conns, func(o *Conn) bool { return o == c })
}

// Muted reports that user events are kept from a connection now. What is not sent is
// lost, as there is no replay.
func (s *State) Muted(c *Conn) bool { return s.Wall() < c.mutedUntil }

// dropAll cuts every connection. The loop has ended.
func (s *State) dropAll() {
	for _, c := range s.conns {
		c.Peer.Drop()
	}
}

// struck returns the connections that a fault is for.
func (s *State) struck(a *armed) []*Conn {
	var out []*Conn
	for _, c := range s.conns {
		if (a.segment == nil || a.segment == c.Segment) && (a.Route == "" || a.Route == c.Route) {
			out = append(out, c)
		}
	}
	return out
}

func dropConnections(s *State, a *armed) {
	for _, c := range s.struck(a) {
		c.Peer.Drop()
	}
}

func cutFrames(s *State, a *armed) {
	for _, c := range s.struck(a) {
		c.Peer.Cut()
	}
}

func holdConnections(s *State, a *armed) {
	for _, c := range s.struck(a) {
		c.Peer.Hold()
	}
}

func slowConnections(s *State, a *armed) {
	for _, c := range s.struck(a) {
		c.Peer.Slow(milliseconds(a.Millis))
	}
}

// forever is the end of what has none.
const forever = exchange.Time(1<<63 - 1)

// muteUsers keeps user events from connections that stay otherwise alive.
func muteUsers(s *State, a *armed) {
	until := forever
	if a.Millis > 0 {
		until = s.Wall() + exchange.UnixMilli(a.Millis)
	}
	for _, c := range s.struck(a) {
		c.mutedUntil = until
	}
}

// Strike is a fault that a front carries out.
type Strike struct {
	Fault
	Segment *Segment // nil: any
	Conns   []*Conn  // those that it is for

	s *State
	a *armed
}

// Follow arms the second act of a fault.
func (k *Strike) Follow(afterMS int64, f Fault) { k.s.faults.follow(k.s, k.a, afterMS, f) }

func strikeFronts(s *State, a *armed) {
	k := &Strike{Fault: a.Fault, Segment: a.segment, Conns: s.struck(a), s: s, a: a}
	eachFront(s, func(f Striker) { f.Strike(k) })
}

// follow arms the second act of a fault.
func (l *faultList) follow(s *State, a *armed, after int64, f Fault) {
	f.AfterMS, f.Scheduled = after, a.Scheduled
	if err := l.arm(s, f); err != nil {
		s.opt.Log("fault " + a.Kind + ": " + err.Error())
	}
}

// lateMessage is a user event that a fault keeps back.
type lateMessage struct {
	account *Account
	message Message
	at      time.Time
}

// delay keeps the events of a fill back when a fault wants that, and tells the order
// event twice when another does. made is how many events there were before the fill's.
func (l *faultList) delay(a *Account, o *Order, made int) {
	if made == len(a.outbox) {
		return
	}
	seg, symbol := o.Market.Segment, o.Market.In.Symbol
	if a.s.Strikes("duplicate_fill", seg, symbol) {
		a.outbox = slices.Insert(a.outbox, made, a.outbox[made])
	}
	f, hit := a.s.Occasion("late_fill", seg, symbol)
	if !hit {
		return
	}
	at := a.s.opt.Clock().Add(milliseconds(f.Millis))
	for _, m := range a.outbox[made:] {
		l.late = append(l.late, lateMessage{a, m, at})
	}
	a.outbox = a.outbox[:made]
}

// releaseLate sends what has been kept back for long enough, oldest first.
func (l *faultList) releaseLate(s *State) {
	if len(l.late) == 0 {
		return
	}
	now := s.opt.Clock()
	l.late = slices.DeleteFunc(l.late, func(m lateMessage) bool {
		ripe := !now.Before(m.at)
		if ripe {
			m.account.send(m.message)
		}
		return ripe
	})
}
