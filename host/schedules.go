package host

import (
	"encoding/json"
	"fmt"
	"math"

	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
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
