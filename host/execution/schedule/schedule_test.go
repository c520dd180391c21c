package schedule

import (
	"math"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// TestBadRequests wants what makes no sense to be refused when it is asked for, with
// the numbers.
func TestBadRequests(t *testing.T) {
	now := newDesk(t, "spot:ABCUSDT").now
	for _, tt := range []struct {
		key  string
		r    intent.ScheduleRequest
		want string
	}{
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 49}, "0.049 spot:ABCUSDT worth 4.90049, is below the smallest that can be sent: 0.053, worth 5.30053 (the venue's minimum is 5"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Notional: dec("0.05")}, "notional: 0.05 is below one lot of spot:ABCUSDT, 0.001, which is worth 0.10001"},
		{"coinm:ABCUSD_PERP", intent.ScheduleRequest{Notional: dec("9.99")}, "notional: 9.99 is below one lot of coinm:ABCUSD_PERP, 1, which is worth 10"},
		{"spot:ABCUSDT", intent.ScheduleRequest{}, "qty and notional: want one of them"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 5, Notional: dec("5")}, "qty and notional: want one of them"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Start: now - exchange.Hour}, "start: the window would begin at 2026-01-05T09:00:00.000Z, which is 60 min ago"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Start: now + 8*exchange.Day}, "is 8 days ahead"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Duration: 59 * exchange.Second}, "duration: want from 60 s to 7 days, got 59 s"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Duration: 8 * exchange.Day}, "got 8 days"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Interval: 40 * exchange.Minute}, "interval: want from 2 s to half the duration of 60 min, got 40 min"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Interval: 3 * exchange.Second}, "3 s makes 1200 slices of 60 min: want at most 480"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Participation: -0.1}, "participation: want more than 0 and at most 1 (0.1 is a tenth of the volume), got -0.1"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Participation: 1.01}, "got 1.01"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Participation: math.NaN()}, "got NaN"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Algo: intent.POV}, "pov needs the share of the volume to be"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, SlippageBP: math.Inf(1)}, "slippage_bp: want from 0 to 1000"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, Algo: intent.TWAP, Static: true}, "only a vwap follows a curve, this is a twap"},
		{"spot:ABCUSDT", intent.ScheduleRequest{Qty: 1000, ReduceOnly: true}, "spot:ABCUSDT is a spot market"},
		{"usdm:ABCUSDT", intent.ScheduleRequest{Qty: 1000, ReduceOnly: true}, "there is no position in usdm:ABCUSDT that a buy would reduce (it is 0)"},
	} {
		if tt.r.Algo == 0 {
			tt.r.Algo = intent.VWAP
		}
		if tt.r.Duration == 0 {
			tt.r.Duration = exchange.Hour
		}
		err := newDesk(t, tt.key).start(tt.r)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v\n\tgives %v\n\twant  %s", tt.r, err, tt.want)
		}
	}
}

// A smallest slice that is larger than the venue's largest order could never be sent.
func TestMinSliceAboveTheLargestOrder(t *testing.T) {
	d := newDesk(t, "spot:ABCUSDT")
	d.in.MaxQty = 400
	for slice, want := range map[exchange.Lots]string{400: "", 401: "min_slice: 0.401 is more than the largest order on spot:ABCUSDT: want at most 0.4"} {
		err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Qty: 10000, Duration: exchange.Hour, MinSlice: slice})
		if (err == nil) != (want == "") || err != nil && err.Error() != want {
			t.Errorf("%d: %v, want %q", slice, err, want)
		}
	}
}

// TestRestsThenTakes follows one slice: it rests for four fifths of it and takes
// what is left, and what is refused is due again.
func TestRestsThenTakes(t *testing.T) {
	d := newDesk(t, "spot:ABCUSDT")
	if err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Qty: 10000, Duration: 10 * exchange.Minute, Interval: exchange.Minute, Participation: 1}); err != nil {
		t.Fatal(err)
	}
	o := d.live()
	if o == nil || o.TIF != exchange.PostOnly || o.Qty != 1000 || o.Price != 10000 {
		t.Fatalf("the first slice rests at the bid: %+v", o)
	}
	d.fill(o, 300)
	d.wait(48 * exchange.Second)
	if !o.Canceled {
		t.Fatal("it rests for longer than four fifths of its slice")
	}
	d.fill(o, 100) // the cancel came too late for these
	d.finish(o, exchange.StatusCanceled)
	o = d.live()
	if o == nil || o.TIF != exchange.IOC || o.Qty != 600 || o.Price < 10001 {
		t.Fatalf("what is left of the slice is taken: %+v", o)
	}
	d.finish(o, exchange.StatusRejected)
	d.wait(exchange.Minute)
	if o = d.live(); o == nil || o.Qty+d.filled > 2000 || o.Qty < 300 {
		t.Fatalf("what was refused is due again, at first in a smaller order: %+v", o)
	}
}

// TestLostAnswerIsNotSentAgain leaves an order without any answer: it is unknown
// what it did, and nothing else may be sent until that is known.
func TestLostAnswerIsNotSentAgain(t *testing.T) {
	d := newDesk(t, "usdm:ABCUSDT")
	if err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Qty: 1000, Duration: 10 * exchange.Minute, Participation: 1}); err != nil {
		t.Fatal(err)
	}
	d.wait(5 * exchange.Minute)
	if len(d.orders) != 1 || !d.orders[0].Canceled {
		t.Fatalf("%d orders, canceled %v", len(d.orders), d.orders[0].Canceled)
	}
	d.fill(d.orders[0], d.orders[0].Qty)
	d.serve(20 * exchange.Minute)
	if s := d.m.Schedule; s.State != intent.ScheduleCompleted || d.filled != 1000 {
		t.Errorf("%s with %d of 1000", s.State, d.filled)
	}
}

// TestGuardDefers runs away from the guard and comes back: what waited is bought,
// and a better price is never in the way.
func TestGuardDefers(t *testing.T) {
	d := newDesk(t, "spot:ABCUSDT")
	err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Qty: 10000, Duration: 10 * exchange.Minute, Interval: exchange.Minute, Participation: 1, SlippageBP: 10, AtEnd: intent.StopAtEnd})
	if err != nil {
		t.Fatal(err)
	}
	d.mid = 10100 // 1 % worse
	d.show(1e6)
	d.wait(5 * exchange.Minute)
	for i := 0; d.live() != nil && d.live().Canceled && i < 20; i++ {
		d.finish(d.live(), exchange.StatusCanceled)
		d.wait(exchange.Minute / 2)
	}
	if o := d.live(); d.filled != 0 || o == nil || o.TIF != exchange.PostOnly || !strings.Contains(d.m.Schedule.Reason, "deferred by the slippage guard") {
		t.Fatalf("it waits at the guard: filled %d, %+v, %q", d.filled, o, d.m.Schedule.Reason)
	}
	d.mid = 9800 // much better
	d.show(1e6)
	d.serve(10 * exchange.Minute)
	if s := d.m.Schedule; s.State != intent.ScheduleCompleted || s.SlippageArrival(d.in) > 0 {
		t.Errorf("%s, %d of 10000, %g bp (%s)", s.State, d.filled, s.SlippageArrival(d.in), s.Reason)
	}
}

// TestEndOfWindow leaves nothing but dust with Cross, and tells what it leaves with
// Stop.
func TestEndOfWindow(t *testing.T) {
	for _, end := range []intent.AtEnd{intent.CrossAtEnd, intent.StopAtEnd} {
		d := newDesk(t, "spot:ABCUSDT")
		d.trade(1)
		if err := d.start(intent.ScheduleRequest{Algo: intent.VWAP, Qty: 10000, Duration: 10 * exchange.Minute, Participation: 0.1, AtEnd: end}); err != nil {
			t.Fatal(err)
		}
		if c := d.m.Schedule.Curve; !strings.HasPrefix(c, "uniform: the window's volume is known for 0 earlier days") {
			t.Errorf("an even curve is not called one: %q", c)
		}
		d.trade(1000) // a thin market: the cap holds nearly all of it back
		d.wait(10*exchange.Minute - exchange.Second)
		for d.live() != nil {
			d.fill(d.live(), d.live().Qty-d.live().Filled)
		}
		if d.filled > 250 {
			t.Errorf("%d lots of a volume of 1000", d.filled)
		}
		d.show(1e6)
		d.wait(2 * exchange.Second)
		for d.live() != nil {
			d.fill(d.live(), d.live().Qty-d.live().Filled)
		}
		s := d.m.Schedule
		switch {
		case end == intent.CrossAtEnd && (s.State != intent.ScheduleCompleted || s.Filled != 10000 || s.Late < 9700):
			t.Errorf("cross: %s with %d, %d of them late (%s)", s.State, s.Filled, s.Late, s.Reason)
		case end == intent.StopAtEnd && (s.State != intent.ScheduleExpired || !strings.Contains(s.Reason, "are left")):
			t.Errorf("stop: %s with %d (%s)", s.State, s.Filled, s.Reason)
		}
	}
}

// TestReduceOnlyEndsFlat shrinks the position under a schedule.
func TestReduceOnlyEndsFlat(t *testing.T) {
	d := newDesk(t, "usdm:ABCUSDT")
	d.position = -500
	r := intent.ScheduleRequest{Algo: intent.TWAP, Qty: 501, Duration: 10 * exchange.Minute, Participation: 1, ReduceOnly: true}
	if err := d.start(r); err == nil || !strings.Contains(err.Error(), "qty 5.01 is more than the position of -5") {
		t.Fatalf("more than the position: %v", err)
	}
	r.Qty = 500
	if err := d.start(r); err != nil {
		t.Fatal(err)
	}
	d.position = -120 // a liquidation, or a hand elsewhere
	d.finish(d.live(), exchange.StatusCanceled)
	d.serve(20 * exchange.Minute)
	if s := d.m.Schedule; d.position != 0 || s.State != intent.ScheduleExpired || !strings.Contains(s.Reason, "the position is gone") {
		t.Errorf("%s at a position of %d (%s)", s.State, d.position, s.Reason)
	}
}

// TestInverseFigures checks the averages of contracts that are worth coins.
func TestInverseFigures(t *testing.T) {
	d := newDesk(t, "coinm:ABCUSD_PERP")
	s := intent.Schedule{Side: exchange.Sell, Arrival: 100}
	bookFill(&s, d.in, &exchange.Fill{Price: 10000, Qty: 30}, false)
	bookFill(&s, d.in, &exchange.Fill{Price: 12000, Qty: 30, Maker: true}, true)
	s.Market = intent.MarketVolume{Qty: 200, Value: 1.0/100*100 + 1.0/120*100}
	near(t, "price", s.Price(d.in), 2/(1.0/100+1.0/120), 1e-9)
	near(t, "vwap", s.Market.VWAP(d.in), s.Price(d.in), 1e-9)
	near(t, "slippage", s.SlippageVWAP(d.in), 0, 1e-6)
	near(t, "arrival", s.SlippageArrival(d.in), -1e4/11, 1e-6)
	near(t, "maker", s.MakerShare(), 0.5, 0)
	near(t, "late", float64(s.Late), 30, 0)
}

// TestAtOnceOfInverse checks that a market order of contracts that are worth coins is
// measured as the schedule's own fills are, from the side that a sell takes.
func TestAtOnceOfInverse(t *testing.T) {
	d := newDesk(t, "coinm:ABCUSD_PERP")
	d.show(30)
	s := intent.Schedule{Side: exchange.Sell, Arrival: 100.005, AtOnce: takeAtOnce(d.in, d.books[d.in.ID], exchange.Sell, 45)}
	bookFill(&s, d.in, &exchange.Fill{Price: 10000, Qty: 30}, false)
	bookFill(&s, d.in, &exchange.Fill{Price: 9999, Qty: 15}, false)
	if s.AtOnce.Qty != 45 || !s.AtOnce.Cost.Equal(s.Cost) || s.SlippageAtOnce(d.in) != s.SlippageArrival(d.in) || !(s.SlippageAtOnce(d.in) > 0) {
		t.Errorf("at once %+v, %g bp; as fills %s, %g bp", s.AtOnce, s.SlippageAtOnce(d.in), s.Cost, s.SlippageArrival(d.in))
	}
	s.AtOnce = nil // begun by an earlier version
	if !math.IsNaN(s.SlippageAtOnce(d.in)) {
		t.Errorf("%g bp of what is not known", s.SlippageAtOnce(d.in))
	}
}

// TestCurve learns from bars and from trades, and falls back in order.
func TestCurve(t *testing.T) {
	d := newDesk(t, "spot:ABCUSDT")
	var h, none History
	start := exchange.Date(2026, 1, 5)
	for hour := range exchange.Time(24 * 10) {
		v := 100.0
		if hour%24 == 14 {
			v = 700
		}
		if hour == 24*5+3 {
			v = 1e9 // a day of news
		}
		h.Bar(d.in, start+(hour+1)*exchange.Hour, &exchange.Bar{High: 10000, Low: 10000, Close: 10000, Volume: v, Interval: exchange.Hour})
	}
	c := Learn(&h, nil, start+10*exchange.Day, exchange.Hour, 24)
	if c.Days != 10 || c.Source != "learned from 10 days" {
		t.Errorf("%d days, %q", c.Days, c.Source)
	}
	near(t, "busy hour", c.Weights[14], 0.5*700/3000+0.5/24, 1e-9)
	near(t, "hour of news", c.Weights[3], 0.5*100/3000+0.5/24, 1e-9)
	near(t, "volume", c.Volume, 3000, 1e-6)
	if pool := Learn(&none, []*History{&none, &h}, start+10*exchange.Day, exchange.Hour, 24); pool.Source != "learned from 1 other markets" || pool.Weights[14] < c.Weights[14]-1e-9 {
		t.Errorf("pooled %q", pool.Source)
	}
	if u := Learn(&none, []*History{&none}, start, exchange.Hour, 4); u.Weights[0] != 0.25 || !strings.HasPrefix(u.Source, "uniform: ") {
		t.Errorf("fallback %+v", u)
	}
	if got := h.Between(start+14*exchange.Hour+30*exchange.Minute, start+15*exchange.Hour+30*exchange.Minute); math.Abs(got-400) > 1e-6 {
		t.Errorf("between half hours: %g", got)
	}
}

// TestTheCapOutlivesARestart resumes a schedule in a session that has not seen a
// trade yet: what the market showed before counts on.
func TestTheCapOutlivesARestart(t *testing.T) {
	d := newDesk(t, "spot:ABCUSDT")
	d.trade(1)
	if err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Qty: 10000, Duration: 10 * exchange.Minute, Participation: 0.1}); err != nil {
		t.Fatal(err)
	}
	d.trade(11000)
	d.wait(exchange.Minute)
	o := d.live()
	if o == nil {
		t.Fatal("nothing is sent")
	}
	d.fill(o, o.Qty)
	if d.filled == 0 || d.m.Schedule.Market.Qty == 0 {
		t.Fatalf("%d filled of a volume of %v", d.filled, d.m.Schedule.Market.Qty)
	}
	d.restart(false)
	d.wait(8 * exchange.Minute) // desk.Submit holds every order against the cap
	if o := d.live(); o != nil && d.filled+o.Qty > 1100 {
		t.Errorf("%d lots of %d that traded", d.filled+o.Qty, 11001)
	}
}
