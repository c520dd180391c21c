package loop

import (
	"context"
	"time"

	"github.com/perilune/perilune/exchange"
)

// Virtual lets virtual time pass at a multiple of wall time and hands in what is
// in the inbox. It implements Clock. Only the loop's goroutine uses it.
type Virtual struct {
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

// Wait implements Clock.
func (p *Virtual) Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error) {
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
func (p *Virtual) sleep(ctx context.Context, wait time.Duration) *exchange.Event {
	if p.Beat != nil {
		wait = min(wait, p.BeatEvery)
	}
	p.Inbox.wait(ctx, wait)
	return p.Inbox.take()
}

func (p *Virtual) beat(now exchange.Time) {
	if p.Beat == nil {
		return
	}
	if wall := time.Now(); wall.Sub(p.lastBeat) >= p.BeatEvery {
		p.lastBeat = wall
		p.Beat(now)
	}
}
