package loop

import (
	"errors"
	"fmt"
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// forever is later than any event.
const forever = exchange.Time(1<<63 - 1)

type source uint8

const (
	nothing source = iota
	venue
	advisor
	feed
	timer
)

// next returns where the earliest event comes from. Timers alone do not keep a
// session going once the feed has ended.
func (l *Loop) next() (source, exchange.Time) {
	if l.within {
		return feed, l.head.Time
	}
	from, at := nothing, exchange.Time(0)
	if t, ok := l.Core.NextTimer(); ok && !l.ended {
		from, at = timer, max(t, l.now)
	}
	if l.have && (from == nothing || l.head.Time <= at) {
		from, at = feed, l.head.Time
	}
	if t, ok := l.answer(); ok && l.precedes(t, from, at) {
		from, at = advisor, t
	}
	if t, ok := l.venueAnswer(); ok && l.precedes(t, from, at) && !l.tooLate(t) {
		from, at = venue, t
	}
	return from, at
}

// venueAnswer is when the next answer of a simulated venue is due.
func (l *Loop) venueAnswer() (exchange.Time, bool) {
	if l.inside == nil {
		return 0, false
	}
	return l.inside.NextTime()
}

// tooLate reports whether an answer that is due at t is not awaited: the session ends first.
func (l *Loop) tooLate(t exchange.Time) bool {
	return l.Await > 0 && l.ended && !l.stopping && t > l.last+l.Await
}

// precedes reports whether an answer that is due at t comes before what is next so
// far.
func (l *Loop) precedes(t exchange.Time, from source, at exchange.Time) bool {
	return from == nothing || t < at || t == at && !(l.whole && from == feed)
}

// answer is when the advisor's next answer is due. Nobody waits for it once the
// session is ending.
func (l *Loop) answer() (exchange.Time, bool) {
	if l.Advisor == nil || l.stopping {
		return 0, false
	}
	l.Where.Enter(core.StageAdvisor)
	t, ok := l.Advisor.NextTime()
	l.Where.Enter(core.StageWaiting)
	return t, ok
}

func (l *Loop) take(from source, at exchange.Time) error {
	switch from {
	case venue:
		l.inside.Pop(&l.scratch)
		return l.handle(&l.scratch)
	case advisor:
		l.Advisor.Pop(&l.scratch)
		return l.handle(&l.scratch)
	case timer:
		l.scratch = exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument, Time: at}
		return l.handle(&l.scratch)
	}
	if err := l.step(&l.head, l.head.Kind.MarketData()); err != nil {
		return err
	}
	shown, more := l.head.Time, l.head.More
	if err := l.pull(); err != nil {
		return err
	}
	l.within = more && l.have && l.head.Time <= shown
	return nil
}

// unheard reports market data that is of no use but to a handler that no strategy has. It
// is dropped before it is journalled, so that a session without one is as if there were no such data.
func (l *Loop) unheard(ev *exchange.Event) bool {
	if ev.Kind == exchange.KindScan {
		return !l.Core.ScanWanted()
	}
	return !ev.More && (ev.Kind == exchange.KindLiquidation && !l.Core.Heard(core.OnLiquidation) || ev.Kind == exchange.KindDay && !l.Core.DaysWanted())
}

func (l *Loop) pull() error {
	if l.Feed == nil {
		return nil
	}
	l.Where.Enter(core.StageData)
	err := l.Feed.Next(&l.head)
	for err == nil && l.unheard(&l.head) {
		err = l.Feed.Next(&l.head)
	}
	l.have = err == nil
	l.whole = l.whole || l.have && l.head.More
	if errors.Is(err, io.EOF) {
		l.ended, l.last = true, l.now
		return nil
	}
	if err != nil {
		return fmt.Errorf("market data: %w", err)
	}
	return nil
}
