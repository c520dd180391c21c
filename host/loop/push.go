package loop

import (
	"errors"

	"github.com/perilune/perilune/exchange"
)

// Begin begins a loop that is driven from outside, by Push and Advance, in the place of Run: at
// a time, with the Prelude handled. It has no Feed and no Clock, and starts no strategy.
func (l *Loop) Begin(at exchange.Time) error {
	l.inside, _ = l.Venue.(exchange.Simulated)
	l.now, l.from = at, at
	for i := range l.Prelude {
		l.Prelude[i].Time = at
		if err := l.handle(&l.Prelude[i]); err != nil {
			return err
		}
	}
	return nil
}

// Push handles an event that somebody else's loop has handled, after all that is due before
// it: answers of the venue, timers. The event is not changed, and nothing of it is kept.
func (l *Loop) Push(ev *exchange.Event) error {
	if !l.within {
		if err := l.advance(ev.Time, !ev.More && !l.whole, false); err != nil {
			return err
		}
	}
	l.head = *ev
	if err := l.step(&l.head, ev.Kind.MarketData()); err != nil {
		return err
	}
	l.within = ev.More && ev.Kind.MarketData()
	l.whole = l.whole || l.within
	return nil
}

// Advance lets the time go on to a moment, and handles what is due up to it.
func (l *Loop) Advance(to exchange.Time) error {
	if l.within {
		return nil
	}
	if err := l.advance(to, true, true); err != nil {
		return err
	}
	l.now = max(l.now, to)
	return nil
}

// advance handles what is due before a time and, where it is asked for, at that very time: an
// instant of the market comes before answers of the venue, and any event of it before timers.
func (l *Loop) advance(to exchange.Time, answers, timers bool) error {
	for {
		from, at := l.next()
		switch {
		case from == nothing, at > to, at == to && from == venue && !answers, at == to && from != venue && !timers:
			return nil
		}
		if err := l.take(from, at); err != nil {
			return err
		}
		if why := l.stands(); why != "" {
			return errors.New(why)
		}
	}
}
