package schedule

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// What a schedule is to sell or to reduce has to be there when its window begins: at
// the call when that is now, whatever it was sized by, and else at the beginning. It
// never comes to an order.
func TestNothingIsPromisedThatIsNotThere(t *testing.T) {
	const later = 2 * exchange.Hour
	for _, tt := range []struct {
		name, key string
		r         intent.ScheduleRequest
		coins     string
		position  exchange.Lots
		promised  exchange.Lots
		want      string // "": it begins
	}{
		{name: "all coins", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 3000}, coins: "3.0009"},
		{name: "a lot more", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 3001}, coins: "3.0009",
			want: "3.001 ABC are to be sold, and the spot wallet has 3 free"},
		{name: "no coins", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 3001}, coins: "0", want: "the spot wallet has 0 free"},
		{name: "a debt of coins", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 3001}, coins: "-2", want: "the spot wallet has 0 free"},
		{name: "by value", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Notional: dec("500")}, coins: "3", want: "4.999 ABC are to be sold"},
		{name: "another sells them", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 2000}, coins: "3", promised: 1001,
			want: "has 3 free that no order locks and no pair holds, and other schedules are to sell 1.001 of it"},
		{name: "beside another", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 1999}, coins: "3", promised: 1001},
		{name: "coins to buy", key: "spot:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Buy, Qty: 3001}, coins: "0"},
		{name: "the whole short", key: "usdm:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Buy, Qty: 500, ReduceOnly: true}, position: -500},
		{name: "by value of a position", key: "usdm:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Buy, Notional: dec("600"), ReduceOnly: true}, position: -500,
			want: "reduce_only: qty 5.99 is more than the position of -5"},
		{name: "the wrong side", key: "usdm:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 500, ReduceOnly: true}, position: -500,
			want: "there is no position in usdm:ABCUSDT that a sell would reduce (it is -5)"},
		{name: "a position that another reduces", key: "usdm:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Buy, Qty: 300, ReduceOnly: true}, position: -500, promised: 201,
			want: "qty 3 is more than the position of -5, and other schedules are to buy 2.01 of it"},
		{name: "a new position", key: "usdm:ABCUSDT", r: intent.ScheduleRequest{Side: exchange.Sell, Qty: 500}},
	} {
		for _, wait := range []exchange.Time{0, later} {
			d := newDesk(t, tt.key)
			if tt.coins != "" {
				d.coins = dec(tt.coins)
			}
			d.position, d.promised = tt.position, tt.promised
			r := tt.r
			r.Algo, r.Duration, r.Participation = intent.TWAP, exchange.Hour, 1
			if wait > 0 {
				r.Start = d.now + wait
			}
			err := d.start(r)
			got := ""
			switch {
			case err != nil && wait > 0:
				t.Fatalf("%s: what is there at a later time was known: %v", tt.name, err)
			case err != nil:
				got = err.Error()
			default:
				d.wait(wait + exchange.Second)
				if s := &d.m.Schedule; s.State.Done() {
					got = s.Reason
				}
			}
			if tt.want == "" && got != "" || !strings.Contains(got, tt.want) {
				t.Errorf("%s, %s ahead: %q, want %q", tt.name, span(wait), got, tt.want)
			}
			if tt.want != "" && len(d.orders) > 0 {
				t.Errorf("%s, %s ahead: %d orders were sent", tt.name, span(wait), len(d.orders))
			}
		}
	}
}

// Coins that are gone when they are due hold the schedule, with the numbers, and no
// order is sent into a refusal; it goes on when they are back, and ends with the
// numbers when they are not.
func TestCoinsThatGoHoldASchedule(t *testing.T) {
	for _, back := range []bool{false, true} {
		d := newDesk(t, "spot:ABCUSDT")
		d.coins = dec("10")
		if err := d.start(intent.ScheduleRequest{Algo: intent.TWAP, Side: exchange.Sell, Qty: 10000, Duration: 10 * exchange.Minute, Interval: exchange.Minute, Participation: 1}); err != nil {
			t.Fatal(err)
		}
		sold := func() decimal.Decimal { return d.in.QtyDecimal(d.filled) }
		d.coins = dec("2.5") // sold elsewhere
		for range 8 * 60 {
			d.wait(exchange.Second)
			if o := d.live(); o != nil {
				if o.Qty > exchange.Lots(d.in.Lot.Floor(d.coins)) {
					t.Fatalf("%s are sent with %s free", d.in.QtyDecimal(o.Qty), d.coins)
				}
				d.coins = d.coins.Sub(d.in.QtyDecimal(o.Qty))
				d.fill(o, o.Qty)
			}
		}
		s := &d.m.Schedule
		if !sold().Equal(dec("2.5")) || s.State != intent.ScheduleWorking || !d.m.Held() || !strings.Contains(s.Reason, "waits for coins: the spot wallet has 0 ABC free, and ") {
			t.Fatalf("%s with %s sold, held: %v (%s)", s.State, sold(), d.m.Held(), s.Reason)
		}
		if back {
			d.coins = dec("7.5")
		}
		for range 300 {
			d.wait(exchange.Second)
			if o := d.live(); o != nil {
				d.coins = d.coins.Sub(d.in.QtyDecimal(o.Qty))
				d.fill(o, o.Qty)
			}
		}
		switch {
		case back && (s.State != intent.ScheduleCompleted || s.Reason != "" || d.m.Held()):
			t.Errorf("the coins are back: %s with %s sold (%s)", s.State, sold(), s.Reason)
		case !back && (s.State != intent.ScheduleExpired || !strings.Contains(s.Reason, "7.5 of 10 are left; it waits for coins: the spot wallet has 0 ABC free")):
			t.Errorf("the coins stay away: %s with %s sold (%s)", s.State, sold(), s.Reason)
		}
		if s.Refused > 0 {
			t.Errorf("%d orders were refused", s.Refused)
		}
	}
}
