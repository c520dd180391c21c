package schedule

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// hostile does to a schedule what a venue and a market can, in any order.
type hostile struct {
	*desk
	r *rapid.T
}

func (h *hostile) act() {
	o := h.live()
	switch act := rapid.IntRange(0, 14).Draw(h.r, "act"); {
	case act == 14:
		h.repace()
	case act <= 1: // the market moves
		h.mid += exchange.Ticks(rapid.IntRange(-40, 40).Draw(h.r, "move"))
		h.show(exchange.Lots(rapid.IntRange(1, 5000).Draw(h.r, "depth")))
	case act <= 3:
		h.trade(exchange.Lots(rapid.IntRange(1, 20000).Draw(h.r, "volume")))
	case act <= 6: // also while an acknowledgement or a cancel is lost on the way
		h.wait(exchange.Time(rapid.Int64Range(1, int64(3*exchange.Minute)).Draw(h.r, "wait")))
	case act == 7:
		h.deny = rapid.SampledFrom([]string{"", "", "too large"}).Draw(h.r, "gate")
	case act == 8 && rapid.IntRange(0, 3).Draw(h.r, "rare") == 0:
		h.restart(rapid.Bool().Draw(h.r, "outlived"))
	case act == 9 && rapid.IntRange(0, 3).Draw(h.r, "rare") == 0:
		h.lateFill()
	case o == nil:
	case act <= 11: // partial fills, also of an order that is being canceled
		h.fill(o, exchange.Lots(rapid.Int64Range(1, int64(o.Qty-o.Filled)).Draw(h.r, "part")))
	case act == 12 && o.Filled == 0:
		h.finish(o, exchange.StatusRejected)
	case o.Canceled:
		h.finish(o, exchange.StatusCanceled)
	case o.TIF == exchange.IOC:
		h.finish(o, exchange.StatusExpired)
	}
}

// lateFill is told after the last word of the order before the live one.
func (h *hostile) lateFill() {
	for i := len(h.orders) - 1; i >= 0; i-- {
		if o := h.orders[i]; o.Status.Terminal() && o.Filled < o.Qty {
			h.late = true
			h.fill(o, 1)
			return
		}
	}
}

// repace makes the schedule go at any pace that it may.
func (h *hostile) repace() {
	x := rapid.Float64Range(0.05, 12).Draw(h.r, "pace")
	err := CheckPace(&h.m.Request, x)
	if may := h.m.Request.MinPace > 0 && x >= h.m.Request.MinPace && x <= h.m.Request.MaxPace; may != (err == nil) {
		h.r.Fatalf("pace %v of %v to %v: %v", x, h.m.Request.MinPace, h.m.Request.MaxPace, err)
	}
	if err == nil {
		h.m.Repace(h, x)
	}
}

func (h *hostile) request() intent.ScheduleRequest {
	r := intent.ScheduleRequest{
		Algo:          rapid.SampledFrom([]intent.Algo{intent.VWAP, intent.TWAP, intent.POV}).Draw(h.r, "algo"),
		Side:          rapid.SampledFrom([]exchange.Side{exchange.Buy, exchange.Sell}).Draw(h.r, "side"),
		Qty:           exchange.Lots(rapid.SampledFrom([]int{60, 500, 12345, 900001}).Draw(h.r, "qty")),
		Duration:      exchange.Time(rapid.IntRange(1, 120).Draw(h.r, "minutes")) * exchange.Minute,
		Participation: rapid.SampledFrom([]float64{0.02, 0.1, 1}).Draw(h.r, "participation"),
		SlippageBP:    rapid.SampledFrom([]float64{0, 5, 50}).Draw(h.r, "slippage"),
		AtEnd:         rapid.SampledFrom([]intent.AtEnd{intent.CrossAtEnd, intent.StopAtEnd}).Draw(h.r, "at_end"),
	}
	r.MinSlice = exchange.Lots(rapid.SampledFrom([]int{0, 0, 55, 60}).Draw(h.r, "least"))
	if r.Algo != intent.POV && rapid.Bool().Draw(h.r, "paced") {
		r.MinPace, r.MaxPace = 0.2, 6
	}
	r.Static = r.Algo == intent.VWAP && rapid.Bool().Draw(h.r, "static")
	return r
}

// Whatever happens, no lot is sent twice or lost, and cap and guard hold for every
// order (see desk.Submit). Left alone with a willing venue, a schedule that may
// cross completes to the last lot.
func TestAnyStorySumsExactly(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		h := &hostile{newDesk(t, "spot:ABCUSDT"), r}
		h.broke = r.Fatalf
		if rapid.Bool().Draw(r, "traded before") {
			h.trade(5000)
			h.now += exchange.Minute
		}
		req := h.request()
		if err := h.start(req); err != nil {
			r.Fatal(err)
		}
		for range rapid.IntRange(1, 80).Draw(r, "length") {
			h.act()
			if h.m.Schedule.Filled != h.filled {
				r.Fatalf("the schedule counts %d lots, the fills make %d", h.m.Schedule.Filled, h.filled)
			}
		}
		h.deny = ""
		h.show(1e9)
		h.serve(req.Duration + 20*exchange.Minute)
		h.settled()
	})
}

// settled wants a schedule that is over to have said the truth about it.
func (h *hostile) settled() {
	s := &h.m.Schedule
	dust := s.Rest() > 0 && s.Rest() < smallest(h.in, h.mid-50, false)
	switch {
	case !s.State.Done() || h.live() != nil:
		h.r.Fatalf("after its window it is %s (%s)", s.State, s.Reason)
	case s.State == intent.ScheduleCompleted && s.Filled != s.Total && !h.late:
		h.r.Fatalf("completed with %d of %d", s.Filled, s.Total)
	case s.State != intent.ScheduleCompleted && s.Rest() == 0 && s.Total > 0:
		h.r.Fatalf("%s with all of it filled", s.State)
	case s.Filled > s.Total && !h.late:
		h.r.Fatalf("%d of %d are filled", s.Filled, s.Total)
	case s.State != intent.ScheduleCompleted && s.Reason == "":
		h.r.Fatalf("%s without a reason", s.State)
	case h.m.Request.AtEnd == intent.CrossAtEnd && s.State == intent.ScheduleExpired && !dust && s.Reason != "the window ended while the session was down" &&
		s.Closed < s.End+h.m.overtime():
		h.r.Fatalf("%d of %d are left though it may cross: %s", s.Rest(), s.Total, s.Reason)
	}
}

func TestPlanSumsExactly(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		total := exchange.Lots(rapid.Int64Range(0, 1<<52).Draw(r, "total"))
		least := exchange.Lots(rapid.Int64Range(0, 1<<rapid.IntRange(0, 50).Draw(r, "scale")).Draw(r, "least"))
		weights := rapid.SliceOfN(rapid.Float64Range(0, 1e9), 1, 200).Draw(r, "weights")
		sum := exchange.Lots(0)
		for i, lots := range Plan(total, least, weights) {
			if lots < 0 || (lots > 0 && lots < min(least, total)) {
				r.Fatalf("slice %d has %d lots, the least is %d of %d", i, lots, least, total)
			}
			sum += lots
		}
		if sum != total {
			r.Fatalf("the slices sum to %d of %d", sum, total)
		}
	})
}

// Paced as one likes, what is due never falls, is all of the total by the last slice, and a
// pace of 1 stays within a lot for each slice of the plan.
func TestAnyPaceSumsExactly(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.IntRange(2, 60).Draw(r, "slices")
		total := exchange.Lots(rapid.Int64Range(1, 1<<40).Draw(r, "total"))
		p := Pace{Weights: rapid.SliceOfN(rapid.Float64Range(0, 1), n, n).Draw(r, "weights")}
		own := rapid.Bool().Draw(r, "own pace")
		p.set(1, 0, 0)
		due := exchange.Lots(0)
		for i := 0; i < n; i++ {
			if !own && rapid.Bool().Draw(r, "repace") {
				p.set(rapid.Float64Range(0.1, 10).Draw(r, "pace"), i, due)
			}
			if rapid.IntRange(0, 5).Draw(r, "away") == 0 && i < n-1 {
				continue // the session was down for this slice
			}
			next := p.pacedDue(i, total, exchange.Minute, false)
			if next < due || next > total {
				r.Fatalf("slice %d: due %d after %d, of %d", i, next, due, total)
			}
			due = next
			if again := p.pacedDue(i, total, exchange.Minute, false); again != due && i < n-1 {
				r.Fatalf("slice %d: due %d, asked again %d", i, due, again)
			}
			if plan := (&Pace{Weights: p.Weights}).Due(i, total, 1, exchange.Minute, false); own && (due-plan > exchange.Lots(n)+total>>40 || plan-due > exchange.Lots(n)+total>>40) {
				r.Fatalf("slice %d: due %d at pace 1, %d planned", i, due, plan)
			}
		}
		if due != total {
			r.Fatalf("%d of %d are due at the end", due, total)
		}
	})
}
