package limit

import (
	"math/rand/v2"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func rolling(t *testing.T, most int, guard exchange.Time) *Ledger {
	t.Helper()
	l, err := New(Options{Guard: guard, Table: &Table{Pools: []string{"orders"},
		Meters: []Rule{{Name: "orders a second", Pool: 1, Period: second, Limit: most, Rolling: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// Whatever is asked for and when, no span of a period has more than the limit, and a
// request is let through as soon as it may be.
func TestWindowsThatRoll(t *testing.T) {
	const most, guard = 10, 100 * ms
	r := rand.New(rand.NewPCG(1, 2))
	l := rolling(t, most, guard)
	var log []use
	used := func(from, to exchange.Time) (sum int) { // from is left out
		for _, x := range log {
			if x.at > from && x.at <= to {
				sum += x.n
			}
		}
		return sum
	}
	now := exchange.Date(2026, 1, 5)
	for range 5000 {
		now += exchange.Time(r.IntN(int(300 * ms)))
		n := 1 + r.IntN(4)
		v := l.Reserve(Cost{Pool: 1, Use: [MaxMeters]int32{int32(n)}}, Cancel, now)
		if fits := used(now-second-guard, now)+n <= most; v.OK != fits {
			t.Fatalf("at %s %d more: %+v, %d are used", now, n, v, used(now-second-guard, now))
		}
		if !v.OK {
			if early := v.Until - 1; used(early-second-guard, early)+n <= most || used(v.Until-second-guard, v.Until)+n > most {
				t.Fatalf("at %s %d more: not before %s", now, n, v.Until)
			}
			continue
		}
		log = append(log, use{now, n})
		if got := used(now-second, now); got > most {
			t.Fatalf("%d in the second before %s", got, now)
		}
	}
	if used, limit := l.Used(0, now+2*second); used != 0 || limit != most {
		t.Errorf("%d of %d are used of late", used, limit)
	}
	if n := len(l.windows[0].free.(*span).log); n > most {
		t.Errorf("%d charges are kept", n)
	}
}

// The venue's count is taken where it is higher than ours.
func TestARollingWindowIsCorrected(t *testing.T) {
	l, now := rolling(t, 10, 0), exchange.Date(2026, 1, 5)
	one := Cost{Pool: 1, Use: [MaxMeters]int32{1}}
	if v := l.Reserve(one, Cancel, now); !v.OK {
		t.Fatal(v.Reason)
	}
	if err := l.Observe(Answer{Pool: 1, OK: true, Sent: now, Used: [MaxMeters]int32{10}}, now+50*ms); err != nil {
		t.Fatal(err)
	}
	v := l.Reserve(one, Cancel, now+100*ms)
	if want := now + second + 500*ms; v.OK || v.Until != want {
		t.Errorf("%+v, want to wait until %s", v, want)
	}
	if v := l.Reserve(one, Cancel, v.Until); !v.OK {
		t.Error(v.Reason)
	}
}

// A refusal without a time lasts for a whole window that rolls, wherever the clock is.
func TestARefusalOfAWindowThatRolls(t *testing.T) {
	l := rolling(t, 10, 100*ms)
	now := exchange.Date(2026, 1, 5) + second - ms
	if err := l.Observe(Answer{Pool: 1, Refusal: Throttled}, now); err != nil {
		t.Fatal(err)
	}
	if until, _ := l.Blocked(1, now); until < now+second {
		t.Errorf("refused until %s, %d ms from now: want a second at least", until, (until-now)/ms)
	}
}
