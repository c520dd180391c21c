package core

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A callback that fails gives back what led to it. A one-shot timer is armed
// again; news of the account (an order, a fill, a pair, a schedule, advice,
// funding, the start, a halt) is told again. The delay grows from a second, and a
// reload ends the wait. Market data is not given back: there is more of it.
//
// A strategy that is paused is owed what comes meanwhile, until it goes on.
const (
	retryFirst = exchange.Second
	retryMost  = 15 * exchange.Minute // rare enough for errorsAllowed
	newsTries  = 5                    // after that, news waits for a mended script
	newsKept   = 256                  // by strategy; the oldest are dropped beyond
)

// undelivered is news that a strategy has not taken yet.
type undelivered struct {
	callback Callback
	at       exchange.Time // when it is told again
}

const untilReload = exchange.Time(1<<63 - 1)

func retryAfter(tries int) exchange.Time {
	return min(retryFirst<<min(tries, 20), retryMost)
}

// news reports whether a handler is told of what happens once.
func news(h Handler) bool {
	switch h {
	case OnStart, OnPast, OnFunding, OnTimer, OnOrder, OnFill, OnPair, OnSchedule, OnAdvice, OnHalt:
		return true
	}
	return false
}

// giveBack keeps what a callback failed on.
func (ss *strategies) giveBack(s *instance, n *Callback) {
	if !news(n.Handler) || n.repeats {
		return
	}
	if n.Handler == OnTimer {
		if !ss.timers.armed(s.index, n.Name) {
			ss.timers.put(timer{at: ss.now + retryAfter(n.tries), strategy: s.index, name: n.Name, tries: n.tries + 1})
		}
		return
	}
	at := ss.now + retryAfter(n.tries)
	if n.tries >= newsTries {
		at = untilReload
		ss.log(intent.Warn, s.index, fmt.Sprintf("%s failed %d times on the same news, which is kept for a mended script", n.Handler, n.tries+1))
	}
	ss.keepUndelivered(s, n, at)
}

// keepUndelivered keeps a copy of news, which may point into the event.
func (ss *strategies) keepUndelivered(s *instance, n *Callback, at exchange.Time) {
	kept := *n
	kept.tries++
	kept.own()
	if len(s.undelivered) == newsKept {
		s.undelivered = append(s.undelivered[:0], s.undelivered[1:]...)
		if s.dropped++; s.dropped == 1 {
			ss.log(intent.Warn, s.index, fmt.Sprintf("more than %d callbacks wait for it: the oldest are dropped", newsKept))
		}
	}
	s.undelivered = append(s.undelivered, undelivered{kept, at})
}

// own copies what the notice points to.
func (n *Callback) own() {
	if n.Order != nil {
		o := *n.Order
		n.Order = &o
	}
	if n.Conditional != nil {
		c := *n.Conditional
		n.Conditional = &c
	}
	if n.Fill != nil {
		f := *n.Fill
		n.Fill = &f
	}
	if n.Payment != nil {
		p := *n.Payment
		n.Payment = &p
	}
	if n.Pair != nil {
		p := *n.Pair
		n.Pair = &p
	}
	if n.Schedule != nil {
		s := *n.Schedule
		n.Schedule = &s
	}
	if n.Advice != nil {
		a := *n.Advice
		n.Advice = &a
	}
}

// holdBack keeps what comes for a strategy that is paused.
func (ss *strategies) holdBack(s *instance, n *Callback) {
	if news(n.Handler) && !n.repeats {
		ss.keepUndelivered(s, n, untilReload)
	}
}

// releaseUndelivered lets a strategy have at once, in their order, all that it is owed.
func (ss *strategies) releaseUndelivered(s *instance) {
	kept := s.undelivered[:0]
	for _, o := range s.undelivered {
		o.callback.tries = 0
		if o.callback.Handler != OnTimer {
			o.at = ss.now
			kept = append(kept, o)
		} else if !ss.timers.armed(s.index, o.callback.Name) {
			ss.timers.put(timer{at: ss.now, strategy: s.index, name: o.callback.Name})
		}
	}
	s.undelivered, s.dropped = kept, 0
	ss.timers.hurry(s.index, ss.now)
}

// redeliveryDue is when something that is owed is to be told again.
func (ss *strategies) redeliveryDue() (at exchange.Time, any bool) {
	for _, s := range ss.list {
		if s.paused != "" {
			continue
		}
		for i := range s.undelivered {
			if d := s.undelivered[i].at; d != untilReload && (!any || d < at) {
				at, any = d, true
			}
		}
	}
	return at, any
}

// redeliver queues what is due to be told again.
func (ss *strategies) redeliver() {
	for _, s := range ss.list {
		if s.paused != "" || len(s.undelivered) == 0 {
			continue
		}
		kept := s.undelivered[:0]
		for _, o := range s.undelivered {
			if o.at > ss.now {
				kept = append(kept, o)
			} else {
				ss.notify(s.index, o.callback)
			}
		}
		s.undelivered = kept
	}
}
