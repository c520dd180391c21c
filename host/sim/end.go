package sim

import (
	"context"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// drainLimit is how long, in virtual time, the end of a session waits for what
// is under way.
const drainLimit = exchange.Minute

// End lets the session end in good order as soon as the loop is free: strategies
// are stopped and what is under way is finished, as after an interruption. Call it
// on the loop's goroutine.
func (d *Driver) End() { d.ending = true }

// finish stops the strategies and waits until nothing is under way. Market data
// goes on meanwhile, because a leg may need a book to be balanced on. What is left
// after drainLimit, or when time does not come on, is named by the core's last word.
func (d *Driver) finish(ctx context.Context) error {
	d.stopping = true
	if err := d.command(core.CommandStop); err != nil {
		return err
	}
	e, why := ending{ctx: ctx, limit: d.now + drainLimit}, ""
	d.still = 0
	for d.within || d.now <= e.limit && (!d.Core.AtRest() || d.answers(e.limit) || d.Owed != nil && d.Owed()) {
		d.hasten(&e)
		more, err := d.drain(ctx, e.limit)
		if err != nil {
			return err
		}
		if why = d.stands(); !more && !d.realTime() || why != "" {
			break
		}
	}
	ev := exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandEnd, Time: d.now, Reason: why}
	return d.handle(&ev)
}

// ending is the end of a session, and how long it may take.
type ending struct {
	ctx   context.Context
	limit exchange.Time
	leave exchange.Time // when the venue is asked to cancel what is left; 0: not yet known
	left  bool
}

func (d *Driver) realTime() bool { return d.Feed == nil && d.Gate != nil }

// hasten shortens the end of a session in real time once somebody asked for it, and
// leaves what is still at the venue to the venue's own client when half is over.
func (d *Driver) hasten(e *ending) {
	if !d.realTime() || d.StopWithin == 0 || e.ctx.Err() == nil {
		return
	}
	if e.leave == 0 {
		e.leave = d.now + d.StopWithin/2
		e.limit = min(e.limit, d.now+d.StopWithin)
	}
	if d.now >= e.leave && !e.left && d.Leave != nil {
		e.left = true
		d.Leave()
	}
}

// tick is how long a wait of the end of a session in real time is at most: whether
// somebody wants it ended at once is looked at in between.
const tick = 200 * exchange.Millisecond

// drain handles one event of the end; it reports false when none is to come
// before limit. In real time the gate goes on handing in market data meanwhile.
func (d *Driver) drain(ctx context.Context, limit exchange.Time) (bool, error) {
	from, at := d.next()
	if t, ok := d.Core.NextTimer(); from == nothing && ok {
		from, at = timer, max(t, d.now)
	}
	if from == nothing {
		at = forever
	}
	if d.realTime() {
		d.Where.Enter(core.StageWaiting)
		until := min(at, limit+1, d.now+tick)
		ev, err := d.Gate.Wait(context.WithoutCancel(ctx), d.now, until)
		if err != nil {
			return false, err
		}
		if ev != nil {
			return true, d.outside(ev)
		}
		if at > until {
			d.now = max(d.now, until)
			return false, nil
		}
	}
	if at > limit {
		return false, nil
	}
	return true, d.take(from, at)
}

// answers reports whether the venue still has something to say before limit.
func (d *Driver) answers(limit exchange.Time) bool {
	t, ok := d.Venue.NextTime()
	return ok && t <= limit
}
