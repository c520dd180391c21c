package schedule

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A total of few of the venue's smallest orders can only be cut in few ways. Whatever
// the venue refused before, what is left and could be sent is sent: an order that is
// made smaller after a refusal must not leave a rest that nothing can be made of.
func TestASmallRestIsSent(t *testing.T) {
	const least = 53 // of ABC at 100, for a minimum of 5 and 5 % in hand
	for _, algo := range []intent.Algo{intent.VWAP, intent.TWAP, intent.POV} {
		for total := exchange.Lots(least); total <= 6*least; total += 7 {
			for refusals := range 4 {
				for _, depth := range []exchange.Lots{5, 60, 100000} {
					d := newDesk(t, "spot:ABCUSDT")
					d.trade(1e6)
					d.show(depth)
					r := intent.ScheduleRequest{Algo: algo, Qty: total, Duration: 10 * exchange.Minute, Interval: exchange.Minute, Participation: 1, AtEnd: intent.CrossAtEnd}
					if err := d.start(r); err != nil {
						t.Fatal(err)
					}
					d.sell(refusals)
					if s := &d.m.Schedule; s.State != intent.ScheduleCompleted || d.filled != total {
						t.Errorf("%s of %d after %d refusals on a depth of %d: %s with %d: %s", algo, total, refusals, depth, s.State, d.filled, s.Reason)
					}
				}
			}
		}
	}
}

// sell is a venue where nothing that rests fills: it refuses the first few orders, and
// then fills what takes.
func (d *desk) sell(refusals int) {
	for end := d.now + 20*exchange.Minute; d.now < end && !d.m.Schedule.State.Done(); d.wait(exchange.Second / 2) {
		switch o := d.live(); {
		case o == nil:
		case refusals > 0:
			refusals--
			d.finish(o, exchange.StatusRejected)
		case o.Canceled:
			d.finish(o, exchange.StatusCanceled)
		case o.TIF == exchange.IOC:
			d.fill(o, o.Leaves())
		}
	}
}

// What is left of a resting order that filled in part may be below the smallest order:
// taken back, it could not be sent again. It stays, and fills.
func TestARestThatCouldNotBeSentAgainStays(t *testing.T) {
	d := newDesk(t, "spot:ABCUSDT")
	if err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Qty: 60, Duration: 10 * exchange.Minute, Interval: exchange.Minute, Participation: 1}); err != nil {
		t.Fatal(err)
	}
	for d.live() == nil {
		d.wait(exchange.Second)
	}
	o := d.live()
	d.fill(o, 40)
	d.mid += 30
	d.show(100000)
	d.wait(10*exchange.Minute + 10*exchange.Second)
	if o.Canceled {
		t.Fatal("it was taken back though the rest can't be sent again")
	}
	d.fill(o, 20)
	if s := &d.m.Schedule; s.State != intent.ScheduleCompleted {
		t.Errorf("%s with %d of 60: %s", s.State, s.Filled, s.Reason)
	}
}
