// Package schedule works a large order off over a window of time: along the
// market's usual volume (VWAP), evenly (TWAP), or as a share of what trades (POV).
//
// It assumes that
//
//   - the price of a market is taken, not made: what keeps impact small is the
//     participation cap and resting first, and nothing here models it;
//   - volume is known from public trades or from bars, whichever the feed has, and
//     only after it traded. Live, it holds our own trades too;
//   - one goroutine, the loop's, owns a Machine, and steps it when its deadline
//     passes and when its order ended. Books are read, not listened to: a window of
//     hours does not hang on one update.
//
// Quantities are whole lots throughout, and what is left follows from fills alone.
// So a slice that was refused, partly filled or lost on the way stays due, and no
// way of failing drops it.
//
// The formulas are those of Konishi (2002) for the static curve, and a shrunken
// log-surprise of realised volume for the dynamic one, after Białkowski, Darolles
// and Le Fol (2008).
package schedule

import (
	"fmt"
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

const (
	leastDuration = exchange.Minute
	mostDuration  = 7 * exchange.Day
	leastInterval = 2 * exchange.Second
	mostSlices    = 480
	usualShare    = 0.1
	oldestStart   = exchange.Minute // in the past that is taken for now
)

// CheckRequest fills the defaults in and says what does not make sense on these
// markets, with the numbers. Whether it is there to be traded is for Covered to say.
func CheckRequest(r *intent.ScheduleRequest, p intent.Markets) error {
	in := p.Instrument(r.Instrument)
	now := p.Now()
	if r.Start == 0 {
		r.Start = now
	}
	if r.AtEnd == 0 {
		r.AtEnd = intent.CrossAtEnd
		if r.Algo == intent.POV {
			r.AtEnd = intent.StopAtEnd
		}
	}
	if err := checkWindow(r, now); err != nil {
		return err
	}
	if r.Algo == intent.POV && r.Participation == 0 {
		return fmt.Errorf("participation: pov needs the share of the volume to be, for example 0.05")
	}
	if r.Participation == 0 {
		r.Participation = usualShare
	}
	if !(r.Participation > 0 && r.Participation <= 1) {
		return fmt.Errorf("participation: want more than 0 and at most 1 (0.1 is a tenth of the volume), got %v", r.Participation)
	}
	if !(r.SlippageBP >= 0) || r.SlippageBP > 1000 {
		return fmt.Errorf("slippage_bp: want from 0 to 1000, got %v", r.SlippageBP)
	}
	if r.Algo != intent.VWAP && (r.Uniform || r.Static) {
		return fmt.Errorf("curve and static: only a vwap follows a curve, this is a %s", r.Algo)
	}
	if err := checkPaces(r); err != nil {
		return err
	}
	if r.ReduceOnly && !in.Perp() {
		return fmt.Errorf("reduce_only: %s is a spot market: coins are sold without it", in.Key())
	}
	return checkSize(r, in, p)
}

// The slowest and the fastest that a schedule may be paced.
const (
	slowest = 0.1
	fastest = 10
)

// checkPaces checks the bounds of what paces a schedule.
func checkPaces(r *intent.ScheduleRequest) error {
	switch {
	case r.MinPace == 0 && r.MaxPace == 0:
		return nil
	case r.Algo == intent.POV:
		return fmt.Errorf("min_pace and max_pace: the pace of a pov is its participation")
	case !(r.MinPace >= slowest && r.MinPace <= 1):
		return fmt.Errorf("min_pace: want %v to 1, the schedule's own pace, got %v", slowest, r.MinPace)
	case !(r.MaxPace >= 1 && r.MaxPace <= fastest):
		return fmt.Errorf("max_pace: want 1, the schedule's own pace, to %v, got %v", fastest, r.MaxPace)
	}
	return nil
}

// checkWindow checks the times.
func checkWindow(r *intent.ScheduleRequest, now exchange.Time) error {
	if r.Duration < leastDuration || r.Duration > mostDuration {
		return fmt.Errorf("duration: want from %s to %s, got %s", span(leastDuration), span(mostDuration), span(r.Duration))
	}
	if r.Start < now-oldestStart {
		return fmt.Errorf("start: the window would begin at %s, which is %s ago: want now or later", r.Start, span(now-r.Start))
	}
	if r.Start > now+mostDuration {
		return fmt.Errorf("start: %s is %s ahead: want at most %s", r.Start, span(r.Start-now), span(mostDuration))
	}
	if r.Interval == 0 {
		r.Interval = usualInterval(r.Duration)
	}
	if r.Interval < leastInterval || 2*r.Interval > r.Duration {
		return fmt.Errorf("interval: want from %s to half the duration of %s, got %s", span(leastInterval), span(r.Duration), span(r.Interval))
	}
	if n := r.SliceCount(); n > mostSlices {
		return fmt.Errorf("interval: %s makes %d slices of %s: want at most %d", span(r.Interval), n, span(r.Duration), mostSlices)
	}
	return nil
}

func usualInterval(d exchange.Time) exchange.Time {
	switch {
	case d < 10*exchange.Minute:
		return d / 10
	case d < 2*exchange.Hour:
		return exchange.Minute
	}
	return max(5*exchange.Minute, d/mostSlices+1)
}

// checkSize checks the total. Without a live book what needs a price waits until the
// window begins.
func checkSize(r *intent.ScheduleRequest, in *exchange.Instrument, p intent.Markets) error {
	if (r.Qty != 0) == !r.Notional.IsZero() {
		return fmt.Errorf("qty and notional: want one of them")
	}
	if r.Qty < 0 || r.Notional.IsNegative() {
		return fmt.Errorf("qty and notional: want more than 0")
	}
	if r.MinSlice < 0 || r.Qty > 0 && r.MinSlice > r.Qty {
		return fmt.Errorf("min_slice: %s is more than the whole, %s", in.QtyDecimal(r.MinSlice), in.QtyDecimal(r.Qty))
	}
	if in.MaxQty > 0 && r.MinSlice > in.MaxQty {
		return fmt.Errorf("min_slice: %s is more than the largest order on %s: want at most %s", in.QtyDecimal(r.MinSlice), in.Key(), in.QtyDecimal(in.MaxQty))
	}
	mid, ok := middle(p, r.Instrument)
	if !ok {
		return nil
	}
	_, err := totalLots(r, in, mid)
	return err
}

// totalLots is the whole quantity in lots at a price, or why it can't be traded.
func totalLots(r *intent.ScheduleRequest, in *exchange.Instrument, mid float64) (exchange.Lots, error) {
	price := exchange.Ticks(in.Tick.Nearest(mid))
	lots := r.Qty
	if !r.Notional.IsZero() {
		one := in.Notional(price, 1)
		lots = exchange.Lots(r.Notional.Div(one).IntPart())
		if lots < 1 {
			return 0, fmt.Errorf("notional: %s is below one lot of %s, %s, which is worth %s", r.Notional, in.Key(), in.QtyDecimal(1), one)
		}
	}
	if least := smallest(in, price, r.ReduceOnly); lots < least {
		return 0, fmt.Errorf("the whole order, %s %s worth %s, is below the smallest that can be sent: %s, worth %s (the venue's minimum is %s, 5 %% are kept in hand)",
			in.QtyDecimal(lots), in.Key(), in.Notional(price, lots), in.QtyDecimal(least), in.Notional(price, least), in.MinNotional)
	}
	return lots, nil
}

// smallest is the least quantity that the venue's filters let through, with 5 %
// in hand for the price moving. An order that only reduces is exempt from the
// minimum notional.
func smallest(in *exchange.Instrument, price exchange.Ticks, reduceOnly bool) exchange.Lots {
	least := max(in.MinQty, 1)
	if in.MinNotional.IsZero() || reduceOnly || price <= 0 {
		return least
	}
	one := in.Notional(price, 1)
	return max(least, exchange.Lots(in.MinNotional.Mul(inHand).Div(one).Ceil().IntPart()))
}

var inHand = decimal.RequireFromString("1.05")

// middle is the mid of a live book, as a price.
func middle(p intent.Markets, id exchange.InstrumentID) (float64, bool) {
	b := p.Book(id)
	if !b.Ready() {
		return 0, false
	}
	mid := b.Mid()
	return mid, mid > 0 && !math.IsInf(mid, 0)
}

// span words a length of time.
func span(t exchange.Time) string {
	sec := float64(t) / float64(exchange.Second)
	switch {
	case sec >= 2*86400:
		return fmt.Sprintf("%.4g days", sec/86400)
	case sec >= 2*3600:
		return fmt.Sprintf("%.4g h", sec/3600)
	case sec >= 120:
		return fmt.Sprintf("%.4g min", sec/60)
	}
	return fmt.Sprintf("%.4g s", sec)
}
