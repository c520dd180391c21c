package core

import (
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution/schedule"
)

// schedules are the parent orders of a session, by id. Those that are over stay
// known for a while.
type schedules struct {
	last exchange.ScheduleID
	list []*schedule.Machine
	told map[exchange.ScheduleID]toldPlan // as last logged
}

// toldPlan is what a log line said of a schedule.
type toldPlan struct {
	state intent.ScheduleState
	held  bool
}

func (t *schedules) restore(r *Restore, now exchange.Time) {
	t.last = r.LastPlan
	for i := range r.Schedules {
		t.list = append(t.list, schedule.Resume(r.Schedules[i], now))
	}
}

func (t *schedules) get(id exchange.ScheduleID) *schedule.Machine {
	for _, m := range t.list {
		if id != 0 && m.Schedule.ID == id {
			return m
		}
	}
	return nil
}

func (t *schedules) deadline() (at exchange.Time, armed bool) {
	for _, m := range t.list {
		if d, ok := m.Deadline(); ok && (!armed || d < at) {
			at, armed = d, true
		}
	}
	return at, armed
}

// add keeps a new machine and forgets the oldest that is over when there are many.
func (t *schedules) add(m *schedule.Machine) {
	t.list = append(t.list, m)
	for i := 0; len(t.list) > keepMachines && i < len(t.list); i++ {
		if old := t.list[i]; old.Schedule.State.Done() && !old.Busy() {
			delete(t.told, old.Schedule.ID)
			t.list = append(t.list[:i:i], t.list[i+1:]...)
			return
		}
	}
}

func (c *Core) runSchedules() {
	for _, m := range c.schedules.list {
		if d, armed := m.Deadline(); armed && d <= c.now {
			m.Step(c)
			c.settleSchedule(m)
		}
	}
}

// settleSchedule keeps a machine with nothing to do from spinning.
func (c *Core) settleSchedule(m *schedule.Machine) {
	if d, armed := m.Deadline(); armed && d <= c.now {
		m.Snooze(c.now + exchange.Second/4)
	}
}

// pauseSchedules takes every schedule's order back: the session ends, and the next
// one goes on with what is left, if there is one.
func (c *Core) pauseSchedules() {
	for _, m := range c.schedules.list {
		if !m.Schedule.State.Done() {
			m.Pause(c, c.cfg.Final)
		}
	}
}

func (c *Core) startSchedule(s *slot, id exchange.ScheduleID, r intent.ScheduleRequest) {
	c.schedules.last = id
	m := schedule.New(id, s.index, r, c.now)
	c.schedules.add(m)
	c.Scheduled(m)
	m.Step(c)
	c.settleSchedule(m)
}

func (c *Core) cancelSchedule(s *slot, id exchange.ScheduleID) {
	if m := c.schedules.get(id); m != nil && m.Schedule.Strategy == s.index {
		m.Cancel(c, "cancelled by "+s.Name())
		c.settleSchedule(m)
	}
}

// scheduledDone passes an order's last word on.
func (c *Core) scheduledDone(o *exchange.Order) {
	if m := c.schedules.get(o.Schedule); m != nil && o.Status.Terminal() {
		m.OrderDone(c, o)
		c.settleSchedule(m)
	}
}

// scheduledFill books an execution to its schedule. The row goes with every fill,
// so that a schedule's row is never older than its fills.
func (c *Core) scheduledFill(o *exchange.Order, f *exchange.Fill) {
	if m := c.schedules.get(o.Schedule); m != nil {
		m.Fill(c, f)
		c.recordSchedule(m)
	}
}

func (c *Core) recordSchedule(m *schedule.Machine) {
	saved := m.Save()
	saved.Pace = saved.Pace.Clone()
	c.emit(saved.Schedule.Strategy, ScheduleChanged{&saved})
}

// Scheduled implements schedule.Port.
func (c *Core) Scheduled(m *schedule.Machine) {
	s := m.Schedule
	c.recordSchedule(m)
	if c.schedules.told == nil {
		c.schedules.told = map[exchange.ScheduleID]toldPlan{}
	}
	before, now := c.schedules.told[s.ID], toldPlan{s.State, !s.State.Done() && m.Held()}
	c.schedules.told[s.ID] = now
	if before.state != now.state || now.held && !before.held {
		c.log(now.level(), s.Strategy, s.Describe(c.u.Get(s.Instrument)))
	}
	c.tell(s.Strategy, Notice{Handler: OnSchedule, Instrument: s.Instrument, Schedule: &s})
}

func (t toldPlan) level() intent.Level {
	if t.held || t.state == intent.ScheduleExpired || t.state == intent.ScheduleFailed {
		return intent.Warn
	}
	return intent.Info
}

// Promised implements schedule.Port. What an order in the market locks is not free any
// more; what one reduces is still in the position.
func (c *Core) Promised(id exchange.InstrumentID, side exchange.Side, besides exchange.ScheduleID) exchange.Lots {
	sum := exchange.Lots(0)
	for _, m := range c.schedules.list {
		if s := &m.Schedule; s.ID != besides && s.Instrument == id && s.Side == side && !s.State.Done() {
			sum += s.Rest()
		}
	}
	if !c.u.Get(id).Perp() {
		for _, o := range c.orders.open {
			if o.Schedule != 0 && o.Schedule != besides && o.Instrument == id && o.Side == side {
				sum -= o.Leaves()
			}
		}
	}
	return max(0, sum)
}

// Volume implements schedule.Port.
func (c *Core) Volume(id exchange.InstrumentID) *schedule.History { return &c.markets[id].volume }

// VolumeCurve implements schedule.Port. Other markets of the same kind stand in
// for one that has not been seen for long enough.
func (c *Core) VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve {
	var others []*schedule.History
	for i := range c.markets {
		if m := &c.markets[i]; m.in.ID != id && m.in.Venue == c.markets[id].in.Venue {
			others = append(others, &m.volume)
		}
	}
	return schedule.Learn(&c.markets[id].volume, others, start, interval, slices)
}

// VolumeCurve is the best curve that is known for a window of up to 10,080 slices.
func (p *Port) VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve {
	if slices < 1 || slices > maxSlices || interval <= 0 {
		p.refuse(fmt.Errorf("volume curve: %d slices of %d ns: want 1 to %d, longer than nothing", slices, interval, maxSlices))
		return intent.Curve{}
	}
	return p.c.VolumeCurve(id, start, interval, slices)
}

// maxSlices bounds what a curve may have: a minute's for a week.
const maxSlices = 10_080

// StartSchedule stages a schedule and returns the id it will have. What does not
// make sense is refused now, with the numbers.
func (p *Port) StartSchedule(r intent.ScheduleRequest) (exchange.ScheduleID, error) {
	id := p.c.schedules.last + p.plans + 1
	if err := schedule.CheckRequest(&r, p.c); err != nil {
		return 0, err
	}
	if p.c.stopping {
		return 0, errEnding
	}
	if r.Start <= p.c.now { // what is there when a later window begins is not known yet
		if err := schedule.Covered(&r, p.c, id); err != nil {
			return 0, err
		}
	}
	for _, m := range p.c.schedules.list {
		if s := &m.Schedule; s.Instrument == r.Instrument && s.Side != r.Side && !s.State.Done() {
			return 0, fmt.Errorf("schedule %d is to %s %s until %s: both would trade with each other", s.ID, s.Side, p.c.u.Get(r.Instrument).Key(), s.End)
		}
	}
	p.plans++
	p.stage(&stagedSchedule{id, r})
	return id, nil
}

// CancelSchedule stages the end of a schedule of this strategy.
func (p *Port) CancelSchedule(id exchange.ScheduleID) error {
	s, ok := p.Schedule(id)
	if !ok {
		return fmt.Errorf("there is no schedule %d of this strategy", id)
	}
	if s.State.Done() {
		return fmt.Errorf("schedule %d is %s already", id, s.State)
	}
	p.stage(&stagedUnschedule{id})
	return nil
}

// Schedule returns a schedule of this strategy, also after it ended.
func (p *Port) Schedule(id exchange.ScheduleID) (*intent.Schedule, bool) {
	m := p.c.schedules.get(id)
	if m == nil || m.Schedule.Strategy != p.slot.index {
		return nil, false
	}
	return &m.Schedule, true
}

// Schedules returns this strategy's schedules that are not done, oldest first.
func (p *Port) Schedules() []*intent.Schedule {
	var out []*intent.Schedule
	for _, m := range p.c.schedules.list {
		if m.Schedule.Strategy == p.slot.index && !m.Schedule.State.Done() {
			out = append(out, &m.Schedule)
		}
	}
	return out
}

// AllSchedules returns copies of every schedule that is still known.
func (c *Core) AllSchedules() []intent.Schedule {
	var out []intent.Schedule
	for _, m := range c.schedules.list {
		out = append(out, m.Schedule)
	}
	return out
}

func appendSchedule(dst []byte, s *intent.Schedule, u *exchange.Universe) []byte {
	in := u.Get(s.Instrument)
	dst = number(dst, "id", int64(s.ID))
	dst = field(dst, "algo", s.Algo.String())
	dst = field(dst, "of", in.Key())
	dst = field(dst, "side", s.Side.String())
	dst = field(dst, "state", s.State.String())
	dst = field(dst, "total", in.QtyDecimal(s.Total).String())
	dst = field(dst, "due", in.QtyDecimal(s.Due).String())
	dst = field(dst, "filled", in.QtyDecimal(s.Filled).String())
	dst = field(dst, "maker", in.QtyDecimal(s.Maker).String())
	dst = field(dst, "cost", s.Cost.String())
	dst = field(dst, "fees", s.Fees.String())
	dst = field(dst, "arrival", strconv.FormatFloat(s.Arrival, 'g', -1, 64))
	dst = field(dst, "market_qty", strconv.FormatFloat(s.Market.Qty, 'g', -1, 64))
	dst = field(dst, "market_value", strconv.FormatFloat(s.Market.Value, 'g', -1, 64))
	dst = number(dst, "slice", int64(s.Slice))
	dst = field(dst, "curve", strconv.Quote(s.Curve))
	return field(dst, "reason", strconv.Quote(s.Reason))
}
