package schedule

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// The constants of the tactics: reference values for liquid markets.
const (
	restUntil     = 0.8                 // of a slice: until then its order rests
	repegEvery    = 2 * exchange.Second // a resting order follows the touch at most so often
	cancelAfter   = 2 * exchange.Second // an IOC that is still working is canceled
	refusedPause  = 2 * exchange.Second // after a refusal; doubles each time in a row
	refusedMost   = exchange.Minute
	reach         = 5e-4                 // of mid, that a taking order may go beyond the touch
	collar        = 80e-4                // of mid, for what is left at the end
	depthShare    = 0.5                  // of what is displayed within the limit
	finishFrom    = 0.9                  // of the window: from here on Cross may take a larger share
	finishShare   = 0.25                 // of the market's volume
	loosenFrom    = 0.75                 // of the window: from here on Cross lets the guard go
	leastOvertime = 30 * exchange.Second // for what is left at the end
	learnWait     = 30 * exchange.Second // for the market's past, and at most a twentieth of the window
)

// child is the live order.
type child struct {
	id      exchange.OrderID
	qty     exchange.Lots
	price   exchange.Ticks
	sent    exchange.Time
	resting bool
	pulled  bool // a cancel was asked for
}

// parent is what all parts of a machine know of its schedule, and what follows from the
// clock alone.
type parent struct {
	Schedule intent.Schedule
	Request  intent.ScheduleRequest
	Pace     Pace
	// Credit is the market's volume in the bucket before the window: what the
	// participation cap allows a share of before the window has shown any.
	Credit float64
}

// sizer says how many lots are to be sent now.
type sizer struct {
	*parent
	planned int           // slice that Schedule.Due was planned for; 0: none
	clip    exchange.Lots // most of one order; halves when one is refused; 0: any
	lack    string        // what is due and not there to be traded
}

// pricer says at which price at most.
type pricer struct{ *parent }

// Machine works one schedule off. It has at most one order in the market. The next
// one is sized by what is filled once that order can fill no more, so neither a
// cancel that came too late nor an answer that was lost can make it buy twice.
type Machine struct {
	parent
	sizer  sizer
	pricer pricer

	child  child
	tape   intent.MarketVolume // as last read
	read   bool
	wake   exchange.Time
	off    exchange.Time // no order before this
	pause  exchange.Time // how long the last refusal put the next order off
	no     string        // why it was refused
	warned bool
	stop   intent.ScheduleState // what to become once the order has ended; 0: go on
	why    string               // of stop
	asked  exchange.Time        // when the window began to wait for the market's past
}

func newMachine(po parent, wake exchange.Time) *Machine {
	m := &Machine{parent: po, wake: wake}
	m.sizer.parent, m.pricer.parent = &m.parent, &m.parent
	return m
}

// New returns the machine of a request that passed CheckRequest, waiting for its window.
func New(id exchange.ScheduleID, strategy int32, r intent.ScheduleRequest, now exchange.Time) *Machine {
	return newMachine(parent{
		Schedule: intent.Schedule{ID: id, Strategy: strategy, Algo: r.Algo, Instrument: r.Instrument, Side: r.Side, State: intent.ScheduleWaiting, Tag: r.Tag,
			Total: r.Qty, Start: r.Start, End: r.Start + r.Duration, Slices: r.SliceCount()},
		Request: r,
	}, max(r.Start, now))
}

// Saved is what a ledger keeps of a machine to go on with.
type Saved struct {
	Schedule intent.Schedule
	Request  intent.ScheduleRequest
	Pace     Pace
	Credit   float64
}

// Save returns what Resume goes on from.
func (m *Machine) Save() Saved {
	return Saved{m.Schedule, m.Request, m.Pace, m.Credit}
}

// Resume returns the machine of a schedule that an earlier run left. It goes on
// with the window; what is due by now follows from the clock. A window that ended
// meanwhile is not made up for: its prices are gone.
func Resume(s Saved, now exchange.Time) *Machine {
	m := newMachine(parent{s.Schedule, s.Request, s.Pace, s.Credit}, now+exchange.Second)
	switch {
	case now >= m.Schedule.End:
		m.stop, m.why = intent.ScheduleExpired, "the window ended while the session was down"
	case m.Schedule.Slice > 0:
		m.Schedule.State, m.Schedule.Reason = intent.ScheduleWorking, "taken up again after an interruption"
	default:
		m.Schedule.State = intent.ScheduleWaiting
	}
	return m
}

// Adopt takes over an order that an earlier run left at the venue. It is canceled
// at the first step; the next one is sized once it can fill no more.
func (m *Machine) Adopt(o *exchange.Order) {
	m.child = child{id: o.ID, qty: o.Qty, price: o.Price}
}

// Cancel ends the schedule as soon as its order has ended.
func (m *Machine) Cancel(p Port, why string) {
	m.end(intent.ScheduleCanceled, why)
	m.Step(p)
}

// Pause takes the order back and keeps the schedule for a next session. After a final
// one there is none, and the schedule ends.
func (m *Machine) Pause(p Port, final bool) {
	if final {
		m.end(intent.ScheduleExpired, "the session ended, and nothing goes on with it")
	} else {
		m.end(intent.SchedulePaused, "the session ended")
	}
	m.Step(p)
}

func (m *Machine) end(s intent.ScheduleState, why string) {
	if !m.Schedule.State.Done() {
		m.stop, m.why = s, why
	}
}

// Repace makes the schedule go x times as fast as planned from its next slice on; 1 is its
// own pace. Total and end stay what they are.
func (m *Machine) Repace(p Port, x float64) {
	s := &m.Schedule
	if s.State.Done() || s.Pace == x || s.Pace == 0 && x == 1 {
		return
	}
	m.Pace.set(x, max(s.Slice, m.slice(p.Now())+1, 0), s.Due)
	s.Pace = x
	p.Scheduled(m)
}

// CheckPace says why a schedule can't be paced so.
func CheckPace(r *intent.ScheduleRequest, x float64) error {
	switch {
	case r.MinPace == 0:
		return fmt.Errorf("it was started without min_pace and max_pace, between which it may be paced")
	case !(x >= r.MinPace && x <= r.MaxPace):
		return fmt.Errorf("pace: want %v to %v, as it was started with, got %v", r.MinPace, r.MaxPace, x)
	}
	return nil
}

// Busy reports whether the machine has an order in the market.
func (m *Machine) Busy() bool { return m.child.id != 0 }

// Deadline is when the machine wants to be stepped even if nothing happens.
func (m *Machine) Deadline() (exchange.Time, bool) { return m.wake, m.wake != 0 }

// Snooze puts the deadline off; the core uses it so that a machine that has
// nothing to do at its deadline cannot spin.
func (m *Machine) Snooze(until exchange.Time) { m.wake = until }

// Fill books an execution of one of the schedule's orders, also one that is told
// after the order's last word.
func (m *Machine) Fill(p Port, f *exchange.Fill) {
	s := &m.Schedule
	bookFill(s, p.Instrument(s.Instrument), f, p.Now() >= s.End)
	m.pause, m.off = 0, 0
	if s.State == intent.ScheduleExpired && s.Rest() == 0 { // what was given up filled after all
		s.State, s.Reason = intent.ScheduleCompleted, ""
	}
	if m.child.id != 0 && f.Order != m.child.id && m.child.qty > s.Rest() {
		m.pull(p) // an earlier order filled after all: this one may be too large
	}
}

// OrderDone tells the machine that an order of its can no longer fill.
func (m *Machine) OrderDone(p Port, o *exchange.Order) {
	if m.child.id != o.ID {
		return
	}
	m.child = child{}
	switch {
	case o.Status == exchange.StatusRejected || o.Status == exchange.StatusDenied:
		m.refused(p.Now(), o.Qty, o.Reason)
		p.Scheduled(m)
	case o.Filled > 0:
		m.sizer.clip *= 2
		p.Scheduled(m)
	}
	m.Step(p)
}

// refused puts the next order off and makes it smaller: a gate or a venue that
// found this one too large may take half of it.
func (m *Machine) refused(now exchange.Time, qty exchange.Lots, why string) {
	m.Schedule.Refused++
	m.Schedule.Reason, m.no = why, why
	m.sizer.clip = max(1, qty/2)
	m.pause = min(max(refusedPause, 2*m.pause), refusedMost)
	m.off = now + m.pause
}

// Step looks at the clock, the book and the market's volume, and does what is due.
func (m *Machine) Step(p Port) {
	if m.Schedule.State.Done() || m.Schedule.State == intent.SchedulePaused {
		m.wake = 0
		return
	}
	now := p.Now()
	m.observe(p, now)
	switch {
	case m.child.id != 0:
		m.tend(p, now)
	case m.stop != 0:
		m.close(p, m.stop, m.why)
	case m.Schedule.State == intent.ScheduleWaiting && now < m.Schedule.Start:
		m.wake = m.Schedule.Start
	case m.Schedule.State == intent.ScheduleWaiting:
		m.begin(p, now)
	default:
		m.work(p, now)
	}
}

// observe adds what the market traded since the last look to the window's figures.
// Volume that is told later than it traded, as a bar's is, belongs to the slice in
// which it is told.
func (m *Machine) observe(p Port, now exchange.Time) {
	tape := p.Volume(m.Schedule.Instrument).Tape
	s := &m.Schedule
	if m.read && s.State == intent.ScheduleWorking && s.Closed == 0 {
		qty := tape.Qty - m.tape.Qty
		s.Market.Qty += qty
		s.Market.Value += tape.Value - m.tape.Value
		m.Pace.saw(m.slice(now-1), qty)
	}
	m.tape, m.read = tape, true
}

// slice is the slice of a time, from 0.
func (po *parent) slice(at exchange.Time) int {
	return int((at - po.Schedule.Start) / po.Request.Interval)
}

// learning reports whether the window waits for the market's past, which it does for a
// moment only: what comes later serves the next one.
func (m *Machine) learning(p Port, now exchange.Time) bool {
	s, r := &m.Schedule, &m.Request
	if s.Algo != intent.VWAP || r.Uniform || !p.Learning(s.Instrument, s.Start, r.Interval, s.Slices) {
		return false
	}
	if m.asked == 0 {
		m.asked = now
	}
	return now < m.asked+min(learnWait, r.Duration/20)
}

// begin fixes total, arrival price and curve, and starts to work.
func (m *Machine) begin(p Port, now exchange.Time) {
	s := &m.Schedule
	in := p.Instrument(s.Instrument)
	mid, ok := middle(p, s.Instrument)
	if !ok {
		m.idle(p, now, "the book of "+in.Key()+" is not live")
		if now >= s.End {
			m.close(p, intent.ScheduleFailed, s.Reason+" in the whole window")
		}
		return
	}
	total, err := totalLots(&m.Request, in, mid)
	if err != nil {
		m.close(p, intent.ScheduleFailed, err.Error())
		return
	}
	if err := Covered(&m.Request, p, s.ID); err != nil {
		m.close(p, intent.ScheduleFailed, err.Error())
		return
	}
	if m.learning(p, now) {
		m.idle(p, now, "the market's past volume is asked for")
		return
	}
	s.Total, s.Arrival, s.State, s.Reason = total, mid, intent.ScheduleWorking, ""
	s.AtOnce = takeAtOnce(in, p.Book(s.Instrument), s.Side, total)
	m.Credit = p.Volume(s.Instrument).Recent(now)
	c := m.curve(p)
	m.Pace = Pace{Weights: c.Weights, Volume: c.Volume, X: m.Pace.X}
	s.Curve, s.Slice = c.Source, 1
	m.work(p, now)
	p.Scheduled(m)
}

func (m *Machine) curve(p Port) intent.Curve {
	s, r := &m.Schedule, &m.Request
	switch {
	case s.Algo == intent.POV:
		return intent.UniformCurve(s.Slices, fmt.Sprintf("%g %% of the volume", 100*r.Participation))
	case s.Algo == intent.TWAP:
		return intent.UniformCurve(s.Slices, "by the clock")
	case r.Uniform:
		return intent.UniformCurve(s.Slices, "as asked for")
	}
	return p.VolumeCurve(s.Instrument, s.Start, r.Interval, s.Slices)
}

// close ends the schedule, or parks it. One whose last order filled after all is
// completed, whatever was to become of it.
func (m *Machine) close(p Port, state intent.ScheduleState, why string) {
	s := &m.Schedule
	if s.Total > 0 && s.Rest() == 0 {
		state, why = intent.ScheduleCompleted, ""
	}
	s.State, s.Reason, m.wake = state, why, 0
	if s.State.Done() {
		s.Closed = p.Now()
	}
	p.Scheduled(m)
}

// idle waits a little, and says for what, once.
func (m *Machine) idle(p Port, now exchange.Time, why string) {
	m.wake = now + m.tick()
	if end := m.Schedule.End; now < end {
		m.wake = min(m.wake, end)
	}
	if m.Schedule.Reason != why {
		m.Schedule.Reason = why
		p.Scheduled(m)
	}
}

// tick is how often the machine looks when it waits for the market.
func (po *parent) tick() exchange.Time {
	return max(exchange.Second, min(po.Request.Interval/20, 15*exchange.Second))
}
