package loop

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
func (l *Loop) End() { l.ending = true }

// finish stops the strategies and waits until nothing is under way. Market data
// goes on meanwhile, because a leg may need a book to be balanced on. What is left
// after drainLimit, or when time does not come on, is named by the core's last word.
func (l *Loop) finish(ctx context.Context) error {
	l.stopping = true
	if err := l.command(core.CommandStop); err != nil {
		return err
	}
	e, why := ending{ctx: ctx, limit: l.now + drainLimit}, ""
	l.still = 0
	for l.within || l.now <= e.limit && (!l.Core.AtRest() || l.answers(e.limit) || l.Owed != nil && l.Owed()) {
		l.hasten(&e)
		more, err := l.drain(ctx, e.limit)
		if err != nil {
			return err
		}
		if why = l.stands(); !more && !l.realTime() || why != "" {
			break
		}
	}
	ev := exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandEnd, Time: l.now, Reason: why}
	return l.handle(&ev)
}

// ending is the end of a session, and how long it may take.
type ending struct {
	ctx   context.Context
	limit exchange.Time
	leave exchange.Time // when the venue is asked to cancel what is left; 0: not yet known
	left  bool
}

func (l *Loop) realTime() bool { return l.Feed == nil && l.Clock != nil }

// hasten shortens the end of a session in real time once somebody asked for it or its
// data are over, and
// leaves what is still at the venue to the venue's own client when half is over.
func (l *Loop) hasten(e *ending) {
	if !l.realTime() || l.StopWithin == 0 || e.ctx.Err() == nil && !l.dry {
		return
	}
	if e.leave == 0 {
		e.leave = l.now + l.StopWithin/2
		e.limit = min(e.limit, l.now+l.StopWithin)
	}
	if l.now >= e.leave && !e.left && l.Leave != nil {
		e.left = true
		l.Leave()
	}
}

// tick is how long a wait of the end of a session in real time is at most: whether
// somebody wants it ended at once is looked at in between.
const tick = 200 * exchange.Millisecond

// drain handles one event of the end; it reports false when none is to come
// before limit. In real time the clock goes on handing in market data meanwhile.
func (l *Loop) drain(ctx context.Context, limit exchange.Time) (bool, error) {
	from, at := l.next()
	if t, ok := l.Core.NextTimer(); from == nothing && ok {
		from, at = timer, max(t, l.now)
	}
	if from == nothing {
		at = forever
	}
	if l.realTime() {
		l.Where.Enter(core.StageWaiting)
		until := min(at, limit+1, l.now+tick)
		ev, err := l.Clock.Wait(context.WithoutCancel(ctx), l.now, until)
		if err != nil {
			return false, err
		}
		if ev != nil {
			return true, l.outside(ev)
		}
		if at > until {
			l.now = max(l.now, until)
			return false, nil
		}
	}
	if at > limit {
		return false, nil
	}
	return true, l.take(from, at)
}

// answers reports whether the venue still has something to say before limit.
func (l *Loop) answers(limit exchange.Time) bool {
	t, ok := l.venueAnswer()
	return ok && t <= limit
}
