package weight

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// slidingLog is the usual limiter of client libraries: a list of what was used,
// searched and cut on every request. It knows one limit; the ledger checks four.
type slidingLog struct {
	used []charged
}

func (s *slidingLog) reserve(n, limit int, now exchange.Time) bool {
	var kept []charged
	sum := 0
	for _, c := range s.used {
		if c.at > now-minute {
			kept, sum = append(kept, c), sum+c.n
		}
	}
	s.used = kept
	if sum+n > limit {
		return false
	}
	s.used = append(s.used, charged{now, n})
	return true
}

func BenchmarkReserve(b *testing.B) {
	b.Run("ledger", func(b *testing.B) {
		b.ReportAllocs()
		l := newLedger(b, Options{})
		if err := l.SetLimit(SpotOrders1d, 1<<30); err != nil {
			b.Fatal(err)
		}
		now := start
		for range b.N {
			now += 300 * ms
			if v := l.Reserve(placeSpot, Open, now); !v.OK {
				b.Fatal(v.Reason)
			}
		}
	})
	b.Run("sliding_log", func(b *testing.B) {
		b.ReportAllocs()
		var s slidingLog
		now := start
		for range b.N {
			now += 300 * ms
			if !s.reserve(1, 6000, now) {
				b.Fatal("refused")
			}
		}
	})
}

func TestReserveDoesNotAllocate(t *testing.T) {
	l := newLedger(t, Options{})
	now := start
	if n := testing.AllocsPerRun(100, func() {
		now += second
		l.Reserve(placeSpot, Open, now)
	}); n != 0 {
		t.Errorf("a reservation allocates %v times", n)
	}
}
