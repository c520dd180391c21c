package loop

import (
	"context"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/quantile"
	"github.com/perilune/perilune/host/core"
)

// Real is the wall clock as a session in real time sees it. It implements
// Clock for sessions without a feed: events are handled when they come,
// at the time they come. The Time of an event is when the loop took it, which is
// when the process could act on it; how long it waited in the inbox until then
// is Lag, and what the venue says of its own time stays in VenueTime. Only the
// loop's goroutine uses it.
type Real struct {
	Inbox     *Inbox
	Beat      func(now exchange.Time)
	BeatEvery time.Duration
	// Recycle, when set, gets every event of a market back after it was handled.
	Recycle func(*exchange.Event)

	began    exchange.Time // when it was first asked for an event
	handed   *exchange.Event
	lag      exchange.Time
	waited   exchange.Time
	waits    quantile.Sketch
	lastBeat exchange.Time
}

// Now is the wall clock.
func Now() exchange.Time { return exchange.Time(time.Now().UnixNano()) }

// Lag returns how long an event waited in the inbox at most since the last call.
func (c *Real) Lag() exchange.Time {
	lag := c.lag
	c.lag = 0
	return lag
}

// Waited is Lag for whoever else asks: each has a last call of its own.
func (c *Real) Waited() exchange.Time {
	waited := c.waited
	c.waited = 0
	return waited
}

// Waits is how long each event waited in the inbox, since the session's beginning.
func (c *Real) Waits() *quantile.Sketch { return &c.waits }

// Wait implements Clock. Market data that waits when it is first called, because the session
// took its time to begin, is followed by CommandCaughtUp.
func (c *Real) Wait(ctx context.Context, now, next exchange.Time) (*exchange.Event, error) {
	c.takeBack()
	if c.began == 0 {
		if c.began = max(Now(), now); c.Inbox.waitingData() {
			c.Inbox.Post(&exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandCaughtUp})
		}
	}
	for {
		wall := max(Now(), now)
		c.beat(wall)
		if ev := c.Inbox.take(); ev != nil {
			c.hand(ev, wall)
			return ev, nil
		}
		if wall >= next || ctx.Err() != nil {
			return nil, nil
		}
		c.Inbox.wait(ctx, min(time.Duration(next-wall), c.BeatEvery))
	}
}

// hand stamps an event. One that was posted with a time was received then; before the
// session had begun there was nobody to wait for.
func (c *Real) hand(ev *exchange.Event, wall exchange.Time) {
	if ev.Time > 0 {
		since := wall - max(ev.Time, c.began)
		c.lag, c.waited = max(c.lag, since), max(c.waited, since)
		c.waits.Add(since)
	}
	ev.Time = wall
	c.handed = ev
}

func (c *Real) takeBack() {
	if ev := c.handed; ev != nil && c.Recycle != nil && ev.Kind.MarketData() {
		c.Recycle(ev)
	}
	c.handed = nil
}

func (c *Real) beat(now exchange.Time) {
	if c.Beat != nil && now-c.lastBeat >= exchange.Time(c.BeatEvery) {
		c.lastBeat = now
		c.Beat(now)
	}
}
