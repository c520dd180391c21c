package schedule

import (
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// onlyGives reports whether a request can only trade what is there: coins, or a position
// that it reduces. Cash and margin come and go while one works, and are the gate's.
func onlyGives(r *intent.ScheduleRequest, in *exchange.Instrument) bool {
	return r.ReduceOnly || !in.Perp() && r.Side == exchange.Sell
}

// available is how many lots a request that only gives could trade at most, now.
func available(r *intent.ScheduleRequest, p Port) exchange.Lots {
	in := p.Instrument(r.Instrument)
	switch {
	case r.ReduceOnly:
		return max(0, -p.Position(r.Instrument)*exchange.Lots(r.Side))
	case onlyGives(r, in):
		return max(0, exchange.Lots(in.Lot.Floor(p.Free(r.Instrument, 0))))
	}
	return math.MaxInt64 / 4
}

// Covered says why a whole that was asked for is not there to be traded, with the
// numbers, or nil. Without a live book a size by value waits until the window begins.
func Covered(r *intent.ScheduleRequest, p Port, id exchange.ScheduleID) error {
	in := p.Instrument(r.Instrument)
	if !onlyGives(r, in) {
		return nil
	}
	total := r.Qty
	if mid, ok := middle(p, r.Instrument); ok {
		lots, err := totalLots(r, in, mid)
		if err != nil {
			return err
		}
		total = lots
	}
	there, taken := available(r, p), p.Promised(r.Instrument, r.Side, id)
	if total <= there-taken && there > 0 {
		return nil
	}
	others := ""
	if taken > 0 {
		others = fmt.Sprintf(", and other schedules are to %s %s of it", r.Side, in.QtyDecimal(taken))
	}
	switch held := p.Position(r.Instrument); {
	case r.ReduceOnly && there == 0:
		return fmt.Errorf("reduce_only: there is no position in %s that a %s would reduce (it is %s)", in.Key(), r.Side, in.QtyDecimal(held))
	case r.ReduceOnly:
		return fmt.Errorf("reduce_only: qty %s is more than the position of %s%s", in.QtyDecimal(total), in.QtyDecimal(held), others)
	}
	return fmt.Errorf("%s %s are to be sold, and the spot wallet has %s free that no order locks and no pair holds%s",
		in.QtyDecimal(total), in.Base, in.QtyDecimal(there), others)
}

// lacking says what is missing of what is due, or "".
func (sz *sizer) lacking(in *exchange.Instrument, there exchange.Lots) string {
	if sz.Request.ReduceOnly {
		return fmt.Sprintf("waits for a position: %s of %s are left to reduce, and %s are due", in.QtyDecimal(there), in.Key(), in.QtyDecimal(sz.due()))
	}
	return fmt.Sprintf("waits for coins: the spot wallet has %s %s free, and %s are due", in.QtyDecimal(there), in.Base, in.QtyDecimal(sz.due()))
}

// due is what the plan wants done by now and is not.
func (po *parent) due() exchange.Lots { return max(0, po.Schedule.Due-po.Schedule.Filled) }

// Held reports whether the schedule stands still because what it is to trade is not
// there, or because its orders are refused one after the other: a single one is no
// news, as when the market moves onto an order that is to rest.
func (m *Machine) Held() bool { return m.sizer.lack != "" || m.pause > refusedPause }
