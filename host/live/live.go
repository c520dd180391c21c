// Package live ties a session to the real world: it paces virtual time by the
// wall clock, takes what comes from outside the loop (reloads, commands), and
// watches that the loop is alive.
//
// This is the one place of the host where the wall clock decides anything, and
// what it decides is only when an event is handled, never which or in what
// order at a given virtual time. What comes from outside is journalled with the
// virtual time at which it was handled, so a replay needs no clock.
package live

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
)

// Inbox takes events from any goroutine for the loop. It never drops one.
type Inbox struct {
	mu      sync.Mutex
	pending []*exchange.Event
	count   atomic.Int32
	wake    chan struct{}
}

// NewInbox returns an empty inbox.
func NewInbox() *Inbox { return &Inbox{wake: make(chan struct{}, 1)} }

// Post hands an event to the loop. It may be called from any goroutine and does
// not wait for the event to be handled.
func (b *Inbox) Post(ev *exchange.Event) {
	b.mu.Lock()
	b.pending = append(b.pending, ev)
	b.count.Store(int32(len(b.pending)))
	b.mu.Unlock()
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// take returns the oldest event, or nil.
func (b *Inbox) take() *exchange.Event {
	if b.count.Load() == 0 {
		return nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	ev := b.pending[0]
	b.pending = b.pending[1:]
	b.count.Store(int32(len(b.pending)))
	return ev
}

// Pacer lets virtual time pass at a multiple of wall time and hands in what is
// in the inbox. It implements sim.Gatekeeper. Only the loop's goroutine uses it.
type Pacer struct {
	Inbox *Inbox
	Speed float64 // virtual seconds per second; 0: as fast as it goes
	// Beat, when set, is called about every BeatEvery of wall time with the
	// virtual time, on the loop's goroutine: it may read the core.
	Beat      func(now exchange.Time)
	BeatEvery time.Duration

	zero     time.Time     // wall clock at virtual time origin
	origin   exchange.Time // virtual time that zero stands for
	lastBeat time.Time
	calls    uint
}

// Wait implements sim.Gatekeeper.
func (p *Pacer) Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error) {
	if ev := p.Inbox.take(); ev != nil {
		ev.Time = now
		return ev, nil
	}
	if p.Speed == 0 {
		// A clock reading per event would be a third of the cost of an event.
		if p.calls++; p.calls&1023 == 0 {
			p.beat(now)
		}
		return nil, nil
	}
	if p.zero.IsZero() {
		p.zero, p.origin = time.Now(), now
	}
	for {
		p.beat(now)
		wait := time.Until(p.zero.Add(time.Duration(float64(next-p.origin) / p.Speed)))
		// Sleeping for less than the scheduler can keep only loses time.
		if wait < 500*time.Microsecond {
			return nil, nil
		}
		if ev := p.sleep(ctx, wait); ev != nil || ctx.Err() != nil {
			if ev != nil {
				ev.Time = now
			}
			return ev, nil
		}
	}
}

// Clock is the wall clock as a session in real time sees it. It implements
// sim.Gatekeeper for sessions without a feed: events are handled when they come,
// at the time they come. Only the loop's goroutine uses it.
type Clock struct {
	Inbox     *Inbox
	Beat      func(now exchange.Time)
	BeatEvery time.Duration

	lastBeat time.Time
}

// Now is the wall clock.
func Now() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// Wait implements sim.Gatekeeper.
func (c *Clock) Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error) {
	for {
		wall := max(Now(), now)
		if ev := c.Inbox.take(); ev != nil {
			ev.Time = wall
			return ev, nil
		}
		if wall >= next || ctx.Err() != nil {
			return nil, nil
		}
		c.beat(wall)
		c.Inbox.wait(ctx, min(time.Duration(next-wall), c.BeatEvery))
	}
}

func (c *Clock) beat(now exchange.Time) {
	if wall := time.Now(); c.Beat != nil && wall.Sub(c.lastBeat) >= c.BeatEvery {
		c.lastBeat = wall
		c.Beat(now)
	}
}

// wait sleeps until something is posted, ctx is done, or the time is over.
func (b *Inbox) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-b.wake:
	case <-ctx.Done():
	}
}

// sleep waits, but not beyond the next beat, and returns early with an event
// from the inbox.
func (p *Pacer) sleep(ctx context.Context, wait time.Duration) *exchange.Event {
	if p.Beat != nil {
		wait = min(wait, p.BeatEvery)
	}
	p.Inbox.wait(ctx, wait)
	return p.Inbox.take()
}

func (p *Pacer) beat(now exchange.Time) {
	if p.Beat == nil {
		return
	}
	if wall := time.Now(); wall.Sub(p.lastBeat) >= p.BeatEvery {
		p.lastBeat = wall
		p.Beat(now)
	}
}
