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
	last     exchange.ScheduleID
	list     []*schedule.Machine
	reported map[exchange.ScheduleID]reportedSchedule // as last logged
}

// reportedSchedule is what a log line said of a schedule.
type reportedSchedule struct {
	state intent.ScheduleState
	held  bool
}

func (t *schedules) restore(r *Restore, now exchange.Time) {
	t.last = r.LastSchedule
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

// addSchedule keeps a new machine and forgets the oldest that is over when there are many.
func (t *schedules) addSchedule(m *schedule.Machine) {
	t.list = append(t.list, m)
	for i := 0; len(t.list) > keepMachines && i < len(t.list); i++ {
		if old := t.list[i]; old.Schedule.State.Done() && !old.Busy() {
			delete(t.reported, old.Schedule.ID)
			t.list = append(t.list[:i:i], t.list[i+1:]...)
			return
		}
	}
}

func (sd *scheduleDriver) runSchedules() {
	for _, m := range sd.schedules.list {
		if d, armed := m.Deadline(); armed && d <= sd.now {
			m.Step(sd.port)
			sd.settleSchedule(m)
		}
	}
}

// settleSchedule keeps a machine with nothing to do from spinning.
func (sd *scheduleDriver) settleSchedule(m *schedule.Machine) {
	if d, armed := m.Deadline(); armed && d <= sd.now {
		m.Snooze(sd.now + exchange.Second/4)
	}
}

// pauseSchedules takes every schedule's order back: the session ends, and the next
// one goes on with what is left, if there is one.
func (sd *scheduleDriver) pauseSchedules() {
	for _, m := range sd.schedules.list {
		if !m.Schedule.State.Done() {
			m.Pause(sd.port, sd.cfg.Final)
		}
	}
}

func (sd *scheduleDriver) startSchedule(s *instance, id exchange.ScheduleID, r intent.ScheduleRequest) {
	sd.schedules.last = id
	m := schedule.New(id, s.index, r, sd.now)
	sd.schedules.addSchedule(m)
	sd.Scheduled(m)
	m.Step(sd.port)
	sd.settleSchedule(m)
}

func (sd *scheduleDriver) cancelSchedule(s *instance, id exchange.ScheduleID) {
	if m := sd.schedules.get(id); m != nil && m.Schedule.Strategy == s.index {
		m.Cancel(sd.port, "canceled by "+s.Name())
		sd.settleSchedule(m)
	}
}

// paceSchedule makes a schedule of a strategy go faster or slower.
func (sd *scheduleDriver) paceSchedule(s *instance, id exchange.ScheduleID, x float64) {
	m := sd.schedules.get(id)
	if m == nil || m.Schedule.Strategy != s.index || m.Schedule.State.Done() {
		return
	}
	before := m.Schedule.Pace
	m.Repace(sd.port, x)
	if m.Schedule.Pace != before {
		sd.log(intent.Info, s.index, fmt.Sprintf("%s %d goes %v times as fast as planned from its next slice on (%v to %v)", m.Schedule.Algo, id, x, m.Request.MinPace, m.Request.MaxPace))
	}
}

// scheduledDone passes an order's last word on.
func (sd *scheduleDriver) scheduledDone(o *exchange.Order) {
	if m := sd.schedules.get(o.Schedule); m != nil && o.Status.Terminal() {
		m.OrderDone(sd.port, o)
		sd.settleSchedule(m)
	}
}

// scheduledFill books an execution to its schedule. The row goes with every fill,
// so that a schedule's row is never older than its fills.
func (sd *scheduleDriver) scheduledFill(o *exchange.Order, f *exchange.Fill) {
	if m := sd.schedules.get(o.Schedule); m != nil {
		m.Fill(sd.port, f)
		sd.recordSchedule(m)
	}
}

func (sd *scheduleDriver) recordSchedule(m *schedule.Machine) {
	saved := m.Save()
	saved.Pace = saved.Pace.Clone()
	sd.emit(saved.Schedule.Strategy, ScheduleChanged{&saved})
}

// Scheduled implements schedule.Port.
func (sd *scheduleDriver) Scheduled(m *schedule.Machine) {
	s := m.Schedule
	sd.recordSchedule(m)
	if sd.schedules.reported == nil {
		sd.schedules.reported = map[exchange.ScheduleID]reportedSchedule{}
	}
	before, now := sd.schedules.reported[s.ID], reportedSchedule{s.State, !s.State.Done() && m.Held()}
	sd.schedules.reported[s.ID] = now
	if before.state != now.state || now.held && !before.held {
		sd.logAbout(now.level(), s.Strategy, About{Instrument: sd.u.Get(s.Instrument).Key()}, s.Describe(sd.u.Get(s.Instrument)))
	}
	sd.strategies.notify(s.Strategy, Callback{Handler: OnSchedule, Instrument: s.Instrument, Schedule: &s})
}

func (t reportedSchedule) level() intent.Level {
	if t.held || t.state == intent.ScheduleExpired || t.state == intent.ScheduleFailed {
		return intent.Warn
	}
	return intent.Info
}

// Promised implements schedule.Port. What an order in the market locks is not free any
// more; what one reduces is still in the position.
func (sd *scheduleDriver) Promised(id exchange.InstrumentID, side exchange.Side, besides exchange.ScheduleID) exchange.Lots {
	sum := exchange.Lots(0)
	for _, m := range sd.schedules.list {
		if s := &m.Schedule; s.ID != besides && s.Instrument == id && s.Side == side && !s.State.Done() {
			sum += s.Rest()
		}
	}
	if !sd.u.Get(id).Perp() {
		for _, o := range sd.orders.open {
			if o.Schedule != 0 && o.Schedule != besides && o.Instrument == id && o.Side == side {
				sum -= o.Leaves()
			}
		}
	}
	return max(0, sum)
}

// maxSlices bounds what a curve may have: a minute's for a week.
const maxSlices = 10_080

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
	if s.Pace != 0 {
		dst = field(dst, "pace", strconv.FormatFloat(s.Pace, 'g', -1, 64))
	}
	dst = field(dst, "curve", strconv.Quote(s.Curve))
	return field(dst, "reason", strconv.Quote(s.Reason))
}
