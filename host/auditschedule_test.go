package host

import (
	"fmt"
	"math"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution/schedule"
)

// schedulePaths are the ways of a schedule that some seed must have taken.
var schedulePaths = []string{
	"schedule order rested", "schedule order taken", "schedule order refused", "schedule order filled in part", "schedule fill after the last word",
	"schedule completed", "schedule expired", "schedule canceled", "schedule held by its cap", "schedule deferred by its guard", "schedule taken up again",
}

// auditedSchedule is a parent order added up from the fills of its orders.
type auditedSchedule struct {
	schedule.Saved
	filled exchange.Lots
	volume float64       // of the market since it was announced
	order  *auditedOrder // the last one
	late   bool          // the venue told a fill after its order's last word
}

// schedule compares a schedule as told with the sum of its fills.
func (a *auditor) schedule(saved *schedule.Saved) error {
	s := &saved.Schedule
	n := a.schedules[s.ID]
	if n == nil {
		n = &auditedSchedule{}
		a.schedules[s.ID] = n
	}
	before := n.Schedule.State
	if n.Saved = *saved; s.State.Done() && before != s.State {
		a.venue.count["schedule "+s.State.String()]++
	}
	for words, what := range map[string]string{"participation cap": "held by its cap", "slippage guard": "deferred by its guard", "taken up again": "taken up again"} {
		if strings.Contains(s.Reason, words) { // order does not matter: a reason is one of them
			a.venue.count["schedule "+what]++
		}
	}
	switch {
	case s.Filled != n.filled:
		return fmt.Errorf("schedule %d: %d lots filled, its orders make %d", s.ID, s.Filled, n.filled)
	case s.Filled > s.Total && !n.late:
		return fmt.Errorf("schedule %d: %d lots filled of %d", s.ID, s.Filled, s.Total)
	case s.State == intent.ScheduleCompleted && s.Filled < s.Total:
		return fmt.Errorf("schedule %d is completed with %d of %d lots", s.ID, s.Filled, s.Total)
	case s.State != intent.ScheduleCompleted && s.State.Done() && s.Filled == s.Total && s.Total > 0 && s.State != intent.ScheduleCanceled:
		return fmt.Errorf("schedule %d is %s with all of its %d lots", s.ID, s.State, s.Total)
	case before.Done() && !s.State.Done():
		return fmt.Errorf("schedule %d goes from %s to %s", s.ID, before, s.State)
	}
	return nil
}

// scheduleOrder checks a slice before it goes: it is the only one, no more than what
// is left, and within cap and guard.
func (a *auditor) scheduleOrder(o *auditedOrder) error {
	n := a.schedules[o.Schedule]
	switch {
	case n == nil:
		return fmt.Errorf("order %d is of schedule %d, which nobody announced", o.ID, o.Schedule)
	case n.order != nil && !n.order.status.Terminal():
		return fmt.Errorf("order %d is sent while order %d of schedule %d may still fill", o.ID, n.order.ID, o.Schedule)
	case n.filled+o.Qty > a.total(n):
		return fmt.Errorf("order %d of %d lots: schedule %d has %d of %d", o.ID, o.Qty, o.Schedule, n.filled, a.total(n))
	}
	if n.order = o; o.TIF == exchange.PostOnly {
		a.venue.count["schedule order rested"]++
	} else {
		a.venue.count["schedule order taken"]++
	}
	if err := a.capped(n, o); err != nil {
		return err
	}
	return a.guarded(n, o)
}

// now is the schedule as the core has it at this moment.
func (a *auditor) now(n *auditedSchedule) *intent.Schedule {
	for _, s := range a.core.AllSchedules() {
		if s.ID == n.Schedule.ID {
			return &s
		}
	}
	return &n.Schedule
}

func (a *auditor) total(n *auditedSchedule) exchange.Lots { return a.now(n).Total }

// capped holds what could be filled against the share of what the market traded, by
// our own count of its trades.
func (a *auditor) capped(n *auditedSchedule, o *auditedOrder) error {
	s, r, in := a.now(n), &n.Request, a.u.Get(o.Instrument)
	if a.core.Now() >= s.End || a.core.Volume(o.Instrument).Tape.Qty == 0 && s.Market.Qty == 0 {
		return nil
	}
	share := r.Participation
	if r.AtEnd == intent.CrossAtEnd && a.core.Now() > s.Start+r.Duration*9/10 {
		share = max(share, 0.25)
	}
	credit := max(n.Credit, a.core.Volume(o.Instrument).Recent(s.Start))
	if got := in.QtyFloat(n.filled + o.Qty); got > share*(n.volume+credit)*(1+1e-9) {
		return fmt.Errorf("order %d: schedule %d would be %g of a volume of %g, its cap is %g", o.ID, o.Schedule, got, n.volume+credit, share)
	}
	return nil
}

// guarded holds the price against arrival and the market's average.
func (a *auditor) guarded(n *auditedSchedule, o *auditedOrder) error {
	s, r, in := a.now(n), &n.Request, a.u.Get(o.Instrument)
	if r.SlippageBP == 0 || r.AtEnd == intent.CrossAtEnd && a.core.Now() > s.Start+r.Duration*3/4 {
		return nil
	}
	side, ref := float64(o.Side), s.Arrival
	if v := s.Market.VWAP(in); !math.IsNaN(v) && side*v > side*ref {
		ref = v
	}
	if worse := side * (in.PriceFloat(o.Price)/ref - 1) * 1e4; worse > r.SlippageBP+1e-6 {
		return fmt.Errorf("order %d of schedule %d is %g bp worse than %g, its guard is %g bp", o.ID, o.Schedule, worse, ref, r.SlippageBP)
	}
	return nil
}

func (a *auditor) scheduleFill(o *auditedOrder, f *exchange.Fill) {
	n := a.schedules[o.Schedule]
	if n == nil {
		return
	}
	if n.filled += f.Qty; o.status.Terminal() {
		n.late = true
		a.venue.count["schedule fill after the last word"]++
	}
}

// scheduleWord counts how a slice ended.
func (a *auditor) scheduleWord(o *exchange.Order) {
	switch {
	case o.Schedule == 0 || !o.Status.Terminal():
	case o.Status == exchange.StatusRejected:
		a.venue.count["schedule order refused"]++
	case o.Filled > 0 && o.Filled < o.Qty:
		a.venue.count["schedule order filled in part"]++
	}
}

// traded counts a public trade for every schedule of its market.
func (a *auditor) traded(ev *exchange.Event) {
	for _, n := range a.schedules { // order does not matter: each adds to itself
		if n.Schedule.Instrument == ev.Instrument {
			n.volume += a.u.Get(ev.Instrument).QtyFloat(ev.Qty)
		}
	}
}

// scheduleEnd wants no schedule to be over with an order in the market, and none
// that was to cross to be left working after its time.
func (a *auditor) scheduleEnd(id exchange.ScheduleID, n *auditedSchedule) error {
	if s := &n.Schedule; s.State == intent.ScheduleWorking || s.State == intent.ScheduleWaiting {
		return fmt.Errorf("schedule %d is left %s: neither over nor kept for the next session", id, s.State)
	}
	return nil
}
