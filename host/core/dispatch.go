package core

import (
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// notify queues a notice for one strategy; -1 is nobody.
func (ss *strategies) notify(strategy int32, n Callback) {
	if strategy < 0 || int(strategy) >= len(ss.list) {
		return
	}
	if s := ss.list[strategy]; s.wants[n.Handler] {
		ss.queue = append(ss.queue, queuedCallback{s, n})
	}
}

func (ss *strategies) notifyAll(n Callback) {
	for i := range ss.list {
		ss.notify(int32(i), n)
	}
}

func (ss *strategies) notifyWatchers(n Callback) {
	for _, s := range ss.list {
		if s.watches[n.Instrument] {
			ss.notify(s.index, n)
		}
	}
}

// dispatch calls a market handler at once, without the queue: these are the
// many events, and nothing they carry outlives the call.
func (ss *strategies) dispatch(h Handler, ev *exchange.Event) {
	for _, s := range ss.list {
		if s.wants[h] && s.watches[ev.Instrument] {
			ss.invoke(s, &Callback{Handler: h, Instrument: ev.Instrument, Event: ev})
		}
	}
}

// drain gives the queued notices to their strategies, which may queue more: an
// order that is denied is told of in the same step. A strategy that answers
// every denial with another order would never end, so it is paused at its
// noticesAllowed-th; what the others are to be told they are told all the same.
func (ss *strategies) drain() {
	for i := 0; i < len(ss.queue); i++ {
		t := ss.queue[i]
		if t.instance.calls++; t.instance.calls > noticesAllowed {
			ss.pause(t.instance, fmt.Sprintf("one event led to over %d callbacks: does a handler answer every refusal with a new order?", noticesAllowed))
		}
		ss.invoke(t.instance, &t.callback)
	}
	ss.queue = ss.queue[:0]
	for _, s := range ss.list {
		s.calls = 0
		if s.due {
			ss.saveState(s)
		}
	}
}

// invoke runs one callback as a transaction.
func (ss *strategies) invoke(s *instance, n *Callback) {
	if s.paused != "" {
		ss.holdBack(s, n)
		return
	}
	s.port.reset()
	s.port.handler = n.Handler
	err := ss.repeat(s, true)
	if err == nil {
		ss.cfg.Where.call(s.index, n.Handler)
		if ss.cfg.Stopwatch != nil {
			ss.cfg.Stopwatch.Begin(s.index)
		}
		if err = s.Call(s.port, n); err != nil {
			ss.noteInterrupt(s, err)
		}
		if ss.cfg.Stopwatch != nil {
			ss.cfg.Stopwatch.End()
		}
		ss.cfg.Where.Enter(StageStep)
	}
	if err == nil {
		err = s.port.refused
	}
	if err != nil {
		s.port.reset()
		ss.fault(s, n, err)
		return
	}
	s.strikes = 0
	acted := len(s.port.staged) > 0
	s.dirty = s.dirty || acted || n.Handler > OnMark
	s.due = s.due || acted || n.Handler == OnOrder || n.Handler == OnFill || n.Handler == OnPair || n.Handler == OnSchedule
	if acted {
		ss.commit(s)
	}
}

// fault handles a failed callback: say it, replace the instance if it can't go
// on, and pause the strategy when it fails again and again.
func (ss *strategies) fault(s *instance, n *Callback, err error) {
	s.strikes++
	s.errors++
	s.faults = Faults{s.faults.Count + 1, n.Handler.String() + ": " + short(fmt.Sprint(err)), ss.now}
	ss.stats.Errors++
	if loud(s.errors) {
		count := ""
		if s.errors > strikesAllowed {
			count = fmt.Sprintf(" (error %d of this version)", s.errors)
		}
		ss.log(intent.Error, s.index, fmt.Sprintf("%s%s: %s", n.Handler, count, short(fmt.Sprint(err))))
	}
	ss.giveBack(s, n)
	s.failed = append(s.failed, ss.now)
	if s.strikes >= strikesAllowed {
		ss.pause(s, fmt.Sprintf("%d errors in a row; %s", s.strikes, s.cure()))
		return
	}
	if n := len(s.failed) - errorsAllowed; n >= 0 {
		if s.failed[n]+errorWindow > ss.now {
			ss.pause(s, fmt.Sprintf("%d errors within an hour; %s", errorsAllowed, s.cure()))
			return
		}
		s.failed = s.failed[n:]
	}
	if rerr := ss.mend(s); rerr != nil {
		ss.pause(s, "could not be restarted: "+rerr.Error())
	}
}

// mend replaces an instance that an error left unusable.
func (ss *strategies) mend(s *instance) error {
	fresh, err := Strategy(nil), ss.repeat(s, false)
	if err == nil {
		if fresh, err = s.Restart(s.port); err != nil {
			ss.noteInterrupt(s, err)
		}
	}
	if err == nil && fresh != nil {
		s.Strategy.Close()
		s.install(fresh, ss.u)
		ss.log(intent.Warn, s.index, "restarted with its last state")
	}
	return err
}

// loud thins out repeated errors: the first few, then every power of ten.
func loud(n int) bool {
	if n <= 5 {
		return true
	}
	for n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// pause stops calling a strategy. Its working orders are canceled; its pairs
// and schedules stay in the care of their machines, and so do stops and the like, that
// make its position smaller.
func (ss *strategies) pause(s *instance, why string) {
	if s.paused != "" {
		return
	}
	s.paused = why
	ss.log(intent.Error, s.index, PausedLine+why)
	takeBack(ss, s)
}

// takeBack cancels the working orders of a strategy that is paused, and what is held and
// would open something.
func takeBack(ss *strategies, s *instance) {
	for o := range ss.orders.plainOf(s.index) {
		ss.entry.Cancel(o.ID)
	}
	ss.conditionals.disarm(s.index)
}

// saveStates reports the state of every strategy whose state changed.
func (ss *strategies) saveStates() {
	for _, s := range ss.list {
		ss.saveState(s)
	}
}

// saveState reports a strategy's state if it changed. What a strategy did and
// what it remembers of that are saved in the same step: one that was killed must
// not forget that it has bought, and buy again.
func (ss *strategies) saveState(s *instance) {
	if !s.dirty {
		return
	}
	s.dirty, s.due = false, false
	raw, err := s.State()
	if err != nil {
		ss.log(intent.Error, s.index, "its state was not saved: "+err.Error())
		return
	}
	if text := string(raw); text != s.saved {
		s.saved = text
		ss.emit(s.index, ss.states.keep(StateSaved{text}))
	}
}

// putOff moves a timer to the next second when its strategy was woken very often
// in this one.
func (ss *strategies) putOff(t timer) bool {
	s := ss.list[t.strategy]
	second := ss.now / exchange.Second
	if s.wokenIn != second {
		s.wokenIn, s.woken = second, 0
	}
	if s.woken++; s.woken <= wakesAllowed {
		return false
	}
	if !s.hasty {
		s.hasty = true
		ss.log(intent.Warn, s.index, fmt.Sprintf("its timers are due more than %d times a second: those beyond that wait", wakesAllowed))
	}
	if t.every > 0 || !ss.timers.armed(t.strategy, t.name) {
		t.at = (second + 1) * exchange.Second
		ss.timers.put(t)
	}
	return true
}

// StrategyName returns a strategy's name, also of one of an earlier run, or "host"
// for -1.
func (ss *strategies) StrategyName(i int32) string {
	if gone := int(i) - len(ss.list); gone >= 0 && gone < len(ss.absent) {
		return ss.absent[gone]
	}
	if i < 0 || int(i) >= len(ss.list) {
		return "host"
	}
	return ss.list[i].Name()
}

// Paused returns why a strategy is paused, or "".
func (ss *strategies) Paused(strategy int) string { return ss.list[strategy].paused }

// Asleep returns why nothing can wake a strategy any more, or "".
func (ss *strategies) Asleep(strategy int) string { return ss.list[strategy].asleep }

// Version returns which version of a strategy runs.
func (ss *strategies) Version(strategy int) int { return ss.list[strategy].version }

// Inner returns what runs as a strategy. It must only be read.
func (ss *strategies) Inner(strategy int) Strategy { return ss.list[strategy].Strategy }

// Listens reports whether a strategy has a handler.
func (ss *strategies) Listens(strategy int32, h Handler) bool {
	return strategy >= 0 && int(strategy) < len(ss.list) && ss.list[strategy].wants[h]
}

// Heard reports whether any strategy has a handler.
func (ss *strategies) Heard(h Handler) bool {
	return slices.ContainsFunc(ss.list, func(s *instance) bool { return s.wants[h] })
}

// Watches reports whether a strategy is told of an instrument's market.
func (ss *strategies) Watches(strategy int32, id exchange.InstrumentID) bool {
	return strategy >= 0 && int(strategy) < len(ss.list) && ss.list[strategy].watches[id]
}

// queuedCallback is a notice waiting for its strategy's turn.
type queuedCallback struct {
	instance *instance
	callback Callback
}
