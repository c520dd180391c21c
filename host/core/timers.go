package core

import (
	"fmt"
	"sort"

	"github.com/perilune/perilune/exchange"
)

const (
	maxTimers = 1000 // of a strategy
	// wakesAllowed is how many timers a strategy may be woken by in a second. What
	// is due beyond that is put off to the next.
	wakesAllowed = 100
)

// timer is one armed timer. It names a handler's argument and holds no code, so
// it survives a reload.
type timer struct {
	at       exchange.Time
	every    exchange.Time
	strategy int32
	name     string
	tries    int // callbacks that failed on it
}

// timers is kept sorted by time, strategy and name: there are few, and the order
// in which equal times fire must not depend on how they were set.
type timers struct{ list []timer }

func (t *timers) set(strategy int32, name string, at, every exchange.Time) {
	t.put(timer{at: at, every: every, strategy: strategy, name: name})
}

// put arms a timer in the place of one of the same name.
func (t *timers) put(n timer) {
	t.clear(n.strategy, n.name)
	i := sort.Search(len(t.list), func(i int) bool { return n.before(t.list[i]) })
	t.list = append(t.list, timer{})
	copy(t.list[i+1:], t.list[i:])
	t.list[i] = n
}

func (a timer) before(b timer) bool {
	if a.at != b.at {
		return a.at < b.at
	}
	if a.strategy != b.strategy {
		return a.strategy < b.strategy
	}
	return a.name < b.name
}

func (t *timers) armed(strategy int32, name string) bool {
	for i := range t.list {
		if t.list[i].strategy == strategy && t.list[i].name == name {
			return true
		}
	}
	return false
}

// count is how many timers a strategy has.
func (t *timers) count(strategy int32) int {
	n := 0
	for i := range t.list {
		if t.list[i].strategy == strategy {
			n++
		}
	}
	return n
}

// hurry makes the timers that a strategy failed on due at once.
func (t *timers) hurry(strategy int32, now exchange.Time) {
	var failed []timer
	for _, x := range t.list {
		if x.strategy == strategy && x.tries > 0 {
			failed = append(failed, x)
		}
	}
	for _, x := range failed {
		x.at, x.tries = now, 0
		t.put(x)
	}
}

func (t *timers) clear(strategy int32, name string) {
	for i := range t.list {
		if t.list[i].strategy == strategy && t.list[i].name == name {
			t.list = append(t.list[:i], t.list[i+1:]...)
			return
		}
	}
}

// due removes and returns the first timer at or before now, re-arming it first
// when it repeats. Missed repetitions are not made up for.
func (t *timers) due(now exchange.Time) (timer, bool) {
	if len(t.list) == 0 || t.list[0].at > now {
		return timer{}, false
	}
	first := t.list[0]
	t.list = append(t.list[:0], t.list[1:]...)
	if first.every > 0 {
		next := first.at + first.every*((now-first.at)/first.every+1)
		t.set(first.strategy, first.name, next, first.every)
	}
	return first, true
}

func (t *timers) next() (exchange.Time, bool) {
	if len(t.list) == 0 {
		return 0, false
	}
	return t.list[0].at, true
}

// NextTimer is when the core wants a KindTimer event, if nothing else happens.
func (c *Core) NextTimer() (exchange.Time, bool) {
	at, ok := c.timers.next()
	for _, m := range c.pairs.list {
		if d, armed := m.Deadline(); armed && (!ok || d < at) {
			at, ok = d, true
		}
	}
	for _, k := range c.managers.list {
		if d, armed := k.Deadline(); armed && (!ok || d < at) {
			at, ok = d, true
		}
	}
	if d, armed := c.schedules.deadline(); armed && (!ok || d < at) {
		at, ok = d, true
	}
	if d, armed := c.conditionals.deadline(); armed && (!ok || d < at) {
		at, ok = d, true
	}
	if d, armed := c.strategies.redeliveryDue(); armed && (!ok || d < at) {
		at, ok = d, true
	}
	if d, armed := c.bars.barsDue(); armed && (!ok || d < at) {
		at, ok = d, true
	}
	return at, ok
}

// DueTimer names what NextTimer is for, for a driver whose clock does not come past
// it.
func (c *Core) DueTimer() string {
	at, ok := c.NextTimer()
	if !ok {
		return "nothing"
	}
	if t, armed := c.timers.next(); armed && t == at {
		first := c.timers.list[0]
		return fmt.Sprintf("timer %q of %s", first.name, c.strategies.StrategyName(first.strategy))
	}
	for _, m := range c.pairs.list {
		if d, armed := m.Deadline(); armed && d == at {
			return c.driver.describe(m)
		}
	}
	for _, k := range c.managers.list {
		if d, armed := k.Deadline(); armed && d == at {
			return "the margin manager of the " + string(k.Request.Wallet) + " wallet"
		}
	}
	if d, armed := c.conditionals.deadline(); armed && d == at {
		return "an order that is held"
	}
	return "a schedule"
}

func (c *Core) onTimer() {
	for _, m := range c.pairs.list {
		if d, armed := m.Deadline(); armed && d <= c.now {
			c.driver.stepPair(m)
		}
	}
	c.parents.runSchedules()
	c.conditionals.run()
	c.bars.closeBars()
	c.bars.showBars()
	c.strategies.redeliver()
	for {
		t, ok := c.timers.due(c.now)
		if !ok {
			break
		}
		if c.strategies.putOff(t) {
			continue
		}
		c.strategies.notify(t.strategy, Callback{Handler: OnTimer, Name: t.name, tries: t.tries, repeats: t.every > 0})
	}
}
