package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// staged is one thing that a callback asked for, which is done once it returned nil.
type staged interface{ commit(c *Core, s *instance) }

// The kinds of staged intents.
type (
	stagedOrder  struct{ order exchange.Order }
	stagedCancel struct{ id exchange.OrderID }
	stagedPair   struct {
		id      exchange.PairID
		request intent.PairRequest
	}
	stagedClose    struct{ request intent.CloseRequest }
	stagedSchedule struct {
		id      exchange.ScheduleID
		request intent.ScheduleRequest
	}
	stagedUnschedule struct{ id exchange.ScheduleID }
	stagedPace       struct {
		id exchange.ScheduleID
		x  float64
	}
	stagedMaintain struct{ request intent.MaintainRequest }
	stagedTransfer struct{ transfer exchange.Transfer }
	stagedTimer    struct {
		name      string
		at, every exchange.Time
	}
	stagedNoTimer  struct{ name string }
	stagedLine     struct{ line LogLine }
	stagedPoint    struct{ point ChartPoint }
	stagedHalt     struct{ reason string }
	stagedHaltAll  struct{ reason string }
	stagedNotice   struct{ notice *Notified }
	stagedQuestion struct{ question *advice.Question }
)

func (st *stagedOrder) commit(c *Core, _ *instance) { c.entry.submitChecked(&st.order) }
func (st *stagedCancel) commit(c *Core, s *instance) {
	why := "canceled by " + s.Name()
	if c.conditionals.cancel(st.id, why) {
		return
	}
	if o, ok := c.orders.get(st.id); ok && o.Parent != 0 && !o.Status.Terminal() {
		c.conditionals.cancel(o.Parent, why) // or another one would take its place
	}
	c.entry.Cancel(st.id)
}
func (st *stagedPair) commit(c *Core, s *instance)       { c.driver.openPair(s, st.id, st.request) }
func (st *stagedClose) commit(c *Core, s *instance)      { c.driver.closePair(s, st.request) }
func (st *stagedSchedule) commit(c *Core, s *instance)   { c.parents.startSchedule(s, st.id, st.request) }
func (st *stagedUnschedule) commit(c *Core, s *instance) { c.parents.cancelSchedule(s, st.id) }
func (st *stagedPace) commit(c *Core, s *instance)       { c.parents.paceSchedule(s, st.id, st.x) }
func (st *stagedMaintain) commit(c *Core, s *instance)   { c.managers.maintain(s.index, st.request) }
func (st *stagedTransfer) commit(c *Core, _ *instance)   { c.transfers.transfer(st.transfer) }
func (st *stagedTimer) commit(c *Core, s *instance)      { c.timers.set(s.index, st.name, st.at, st.every) }
func (st *stagedNoTimer) commit(c *Core, s *instance)    { c.timers.clear(s.index, st.name) }
func (st *stagedHalt) commit(c *Core, s *instance)       { steering{c}.latch(s, st.reason) }
func (st *stagedHaltAll) commit(c *Core, s *instance)    { c.halt(s.Name() + ": " + st.reason) }
func (st stagedNotice) commit(c *Core, s *instance) {
	s.told.note(c.now)
	c.emit(s.index, st.notice)
}
func (st stagedQuestion) commit(c *Core, s *instance) { c.advisors.askAdvisor(s, st.question) }

func (st *stagedLine) commit(c *Core, s *instance) {
	if st.line.Caution {
		if s.cautioned {
			return
		}
		s.cautioned = true
	}
	c.emit(s.index, c.lines.keep(st.line))
}

func (st *stagedPoint) commit(c *Core, s *instance) { c.emit(s.index, c.points.keep(st.point)) }

// stagedMemory is what the staged intents of a callback lie in. It is used again by the
// next one, so that asking for something takes no memory of its own.
type stagedMemory struct {
	orders    reused[stagedOrder]
	cancels   reused[stagedCancel]
	transfers reused[stagedTransfer]
	timers    reused[stagedTimer]
	noTimers  reused[stagedNoTimer]
	lines     reused[stagedLine]
	points    reused[stagedPoint]
}

func (m *stagedMemory) reset() {
	m.orders, m.cancels, m.transfers = m.orders[:0], m.cancels[:0], m.transfers[:0]
	m.timers, m.noTimers, m.lines, m.points = m.timers[:0], m.noTimers[:0], m.lines[:0], m.points[:0]
}

// reused is memory for values that live until the end of a callback. When it grows,
// those that were kept before stay where they are.
type reused[T any] []T

func (r *reused[T]) keep(v T) *T {
	*r = append(*r, v)
	return &(*r)[len(*r)-1]
}

// maxStaged is how many things a callback may ask for: more than the bindings allow
// a script, so that it is met by programs only.
const maxStaged = 8192

// commit does what a callback asked for, in the order it asked.
func (c *Core) commit(s *instance) {
	p := s.port
	// The ids that the callback was given are taken, also while a pair that it
	// opened sends orders of its own.
	c.orders.last += p.orders
	for _, st := range p.staged {
		st.commit(c, s)
	}
	p.reset()
}
