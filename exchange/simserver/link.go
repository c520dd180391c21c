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
	Segment *Segment // nil: it serves all
	Route   string   // how faults name what its address gives access to
	Note    any      // the front's

	mutedUntil exchange.Time // a fault: user events before it are not sent
}

// Links are the connections of clients.
type Links struct {
	clock *Clock
	conns []*Conn
}

// Join makes a connection known.
func (l *Links) Join(c *Conn) { l.conns = append(l.conns, c) }

// Leave forgets a connection.
func (l *Links) Leave(c *Conn) {
	l.conns = slices.DeleteFunc(l.conns, func(o *Conn) bool { return o == c })
}

// Muted reports that user events are kept from a connection now. What is not sent is
// lost, as there is no replay.
func (l *Links) Muted(c *Conn) bool { return l.clock.Wall() < c.mutedUntil }

// cutAll cuts every connection. The loop has ended.
func (l *Links) cutAll() {
	for _, c := range l.conns {
		c.Peer.Drop()
	}
}

// struck returns the connections that a fault is for.
func (l *Links) struck(a *armed) []*Conn {
	var out []*Conn
	for _, c := range l.conns {
		if (a.segment == nil || c.Segment == nil || a.segment == c.Segment) && (a.Route == "" || a.Route == c.Route) {
			out = append(out, c)
		}
	}
	return out
}

func dropConnections(s *State, a *armed) {
	for _, c := range s.Links.struck(a) {
		c.Peer.Drop()
	}
}

func cutFrames(s *State, a *armed) {
	for _, c := range s.Links.struck(a) {
		c.Peer.Cut()
	}
}

func holdConnections(s *State, a *armed) {
	for _, c := range s.Links.struck(a) {
		c.Peer.Hold()
	}
}

func slowConnections(s *State, a *armed) {
	for _, c := range s.Links.struck(a) {
		c.Peer.Slow(milliseconds(a.Millis))
	}
}

// forever is the end of what has none.
const forever = exchange.Time(1<<63 - 1)

// muteUsers keeps user events from connections that stay otherwise alive.
func muteUsers(s *State, a *armed) {
	until := forever
	if a.Millis > 0 {
		until = s.Clock.Wall() + exchange.UnixMilli(a.Millis)
	}
	for _, c := range s.Links.struck(a) {
		c.mutedUntil = until
	}
}

// Strike is a fault that a front carries out.
type Strike struct {
	Fault
	Segment *Segment // nil: any
	Conns   []*Conn  // those that it is for

	faults *Faults
	armed  *armed
}

// Follow arms the second act of a fault.
func (k *Strike) Follow(afterMS int64, f Fault) { k.faults.armAfter(k.armed, afterMS, f) }

func strikeFronts(s *State, a *armed) {
	k := &Strike{Fault: a.Fault, Segment: a.segment, Conns: s.Links.struck(a), faults: s.Faults, armed: a}
	eachFront(s.Segments, func(f Striker) { f.Strike(k) })
}

// armAfter arms the second act of a fault.
func (l *Faults) armAfter(a *armed, after int64, f Fault) {
	f.AfterMS, f.Scheduled = after, a.Scheduled
	if err := l.arm(f); err != nil {
		l.log("fault " + a.Kind + ": " + err.Error())
	}
}

// lateMessage is a user event that a fault keeps back.
type lateMessage struct {
	outbox  *Outbox
	message Message
	at      time.Time
}

// keepBack holds messages of a fill for so many milliseconds.
func (l *Faults) keepBack(b *Outbox, list []Message, ms int64) {
	at := l.clock.real().Add(milliseconds(ms))
	for _, m := range list {
		l.late = append(l.late, lateMessage{b, m, at})
	}
}

// releaseLate sends what has been kept back for long enough, oldest first.
func (l *Faults) releaseLate() {
	if len(l.late) == 0 {
		return
	}
	now := l.clock.real()
	l.late = slices.DeleteFunc(l.late, func(m lateMessage) bool {
		ripe := !now.Before(m.at)
		if ripe {
			m.outbox.sendMessage(m.message)
		}
		return ripe
	})
}
