package host

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/ledger"
)

// schedule is the row of a parent order. Its detail is all that a next run needs
// to go on with it.
func (r *rows) schedule(at ledger.At, e *core.Effect, name string) (ledger.Record, error) {
	s := &e.Schedule.Schedule
	detail, err := json.Marshal(e.Schedule)
	if err != nil {
		return nil, fmt.Errorf("schedule %d: %w", s.ID, err)
	}
	in := r.u.Get(s.Instrument)
	return &ledger.ScheduleRow{
		At: at, ID: s.ID, Strategy: name, Instrument: in, Algo: s.Algo.String(), Side: s.Side,
		State: s.State.String(), Done: s.State.Done(), Reason: s.Reason, Tag: s.Tag, Curve: s.Curve,
		Total: s.Total, Filled: s.Filled, Maker: s.Maker, Late: s.Late, Cost: s.Cost, Fees: s.Fees,
		Price: known(s.Price(in)), Arrival: s.Arrival, MarketQty: s.Market.Qty, MarketVWAP: known(s.Market.VWAP(in)),
		Starts: s.Start, Ends: s.End, Closed: s.Closed, Slices: s.Slices, Orders: s.Orders, Refused: s.Refused, Detail: string(detail),
	}, nil
}

// known is 0 for a figure that is not.
func known(v float64) float64 {
	if math.IsNaN(v) {
		return 0
	}
	return v
}

func (r *runner) restoreSchedules(out *core.Restore) error {
	out.LastPlan = r.resume.NextSchedule - 1
	for i := range r.resume.Schedules {
		row := &r.resume.Schedules[i]
		var saved schedule.Saved
		if err := json.Unmarshal([]byte(row.Detail), &saved); err != nil {
			return fmt.Errorf("ledger %s: schedule %d: %w", r.o.DB, row.ID, err)
		}
		saved.Schedule.Strategy = r.indexOf(row.Strategy)
		if !r.runs(saved.Schedule.Strategy) {
			r.warn(fmt.Sprintf("schedule %d belongs to strategy %q, which does not run now: it is finished all the same", row.ID, row.Strategy))
		}
		out.Schedules = append(out.Schedules, saved)
	}
	return nil
}

// scheduleTrack is how the parent orders of a run were filled over time, for the
// report.
type scheduleTrack struct {
	paths map[exchange.ScheduleID]*schedulePath
}

type schedulePath struct{ filled, due []report.Sample }

// add notes where a schedule stands. The path is drawn in steps: what is filled
// stays until it changes.
func (t *scheduleTrack) add(at exchange.Time, s *schedule.Schedule) {
	if s.Total == 0 {
		return
	}
	if t.paths == nil {
		t.paths = map[exchange.ScheduleID]*schedulePath{}
	}
	p := t.paths[s.ID]
	if p == nil {
		p = &schedulePath{}
		t.paths[s.ID] = p
	}
	share := func(q exchange.Lots) float64 { return float64(q) / float64(s.Total) }
	p.filled = append(p.filled, report.Sample{Time: at, Value: share(s.Filled)})
	p.due = append(p.due, report.Sample{Time: at, Value: share(s.Due)})
}

// reportSchedules takes the figures from the ledger, and the paths from the run.
func (r *runner) reportSchedules(d *report.Data) error {
	list, err := r.db.Schedules(ledger.Filter{Account: r.account})
	for i := range list {
		x := &list[i]
		s := report.Schedule{
			ID: x.ID, Name: fmt.Sprintf("%s %s %s %s:%s", x.Algo, x.Side, x.Total, x.Venue, x.Symbol), State: x.State, Reason: x.Reason,
			Curve: x.Curve, Starts: x.Starts, Ends: x.Ends, Price: unknown(x.Price), MarketVWAP: unknown(x.MarketVWAP),
			SlipVWAP: orNaN(x.Slippage(x.MarketVWAP)), SlipArrival: orNaN(x.Slippage(x.Arrival)),
			Completion:    x.Filled.InexactFloat64() / max(x.Total.InexactFloat64(), math.SmallestNonzeroFloat64),
			Participation: x.Filled.InexactFloat64() / unknown(x.MarketQty), Maker: x.Maker.InexactFloat64() / unknown(x.Filled.InexactFloat64()),
			Fees: x.Fees,
		}
		if p := r.schedules.paths[x.ID]; p != nil {
			s.Filled, s.Due = p.filled, p.due
		}
		d.Schedules = append(d.Schedules, s)
	}
	return err
}

// unknown is NaN for the 0 that the ledger keeps for a figure that is not known.
func unknown(v float64) float64 {
	if v == 0 {
		return math.NaN()
	}
	return v
}

func orNaN(v *float64) float64 {
	if v == nil {
		return math.NaN()
	}
	return *v
}
