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
	"time"

	"github.com/perilune/perilune/exchange"
)

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
