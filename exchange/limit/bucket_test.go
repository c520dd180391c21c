package limit

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

const fills, guardOfBucket = 4 * second, 100 * ms // five a second

func bucketOf(t interface{ Fatal(...any) }, holds int) *Ledger {
	l, err := New(Options{Guard: guardOfBucket, Table: &Table{Pools: []string{"orders"},
		Meters: []Rule{{Name: "credits", Pool: 1, Period: fills, Limit: holds, Refills: true}}}})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func taking(n int) Cost { return Cost{Pool: 1, Use: [MaxMeters]int32{int32(n)}} }

// However long requests are on their way, the venue's bucket never runs out, and nothing waits
// longer than it takes until there is room here.
func TestABucketNeverRunsOut(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const holds = 20
		l, now := bucketOf(t, holds), start
		left, filled := float64(holds), start // of the venue's
		for range rapid.IntRange(1, 200).Draw(t, "requests") {
			now += exchange.Time(rapid.Int64Range(0, 500).Draw(t, "pause")) * ms
			n := rapid.IntRange(1, 7).Draw(t, "n")
			v := l.Reserve(taking(n), Cancel, now)
			if !v.OK {
				if early := *l.windows[0].free.(*bucket); early.fits(&l.windows[0], n, holds, v.Until-1, guardOfBucket) {
					t.Fatalf("at %s %d more wait until %s and had room before", now, n, v.Until)
				}
				now = v.Until
				if v = l.Reserve(taking(n), Cancel, now); !v.OK {
					t.Fatalf("at %s %d more: %+v", now, n, v)
				}
			}
			at := max(filled, now+exchange.Time(rapid.Int64Range(0, int64(guardOfBucket)).Draw(t, "way")))
			left, filled = math.Min(holds, left+float64(at-filled)/float64(fills)*holds)-float64(n), at
			if left < -1e-6 {
				t.Fatalf("at %s the venue is asked for %d and has %.3f too few", at, n, -left)
			}
		}
	})
}

// All that it holds may be taken at once, and comes back one by one.
func TestABucketComesBackEvenly(t *testing.T) {
	l, now := bucketOf(t, 20), start
	if v := l.Reserve(taking(20), Cancel, now); !v.OK {
		t.Fatal(v.Reason)
	}
	for i := range exchange.Time(5) {
		v := l.Reserve(taking(1), Cancel, now)
		if want := start + (i+1)*200*ms + guardOfBucket; v.OK || v.Until != want {
			t.Fatalf("%+v, want to wait until %s", v, want)
		}
		now = v.Until
		if v = l.Reserve(taking(1), Cancel, now); !v.OK {
			t.Fatal(v.Reason)
		}
	}
	if used, limit := l.Used(0, now+minute); used != 0 || limit != 20 {
		t.Errorf("%d of %d are missing of late", used, limit)
	}
	if v := l.Reserve(taking(20), Cancel, now+minute); !v.OK {
		t.Error(v.Reason)
	}
}

// What the venue says is missing is taken where it is more than is missing here.
func TestABucketIsCorrected(t *testing.T) {
	l := bucketOf(t, 20)
	if v := l.Reserve(taking(1), Cancel, start); !v.OK {
		t.Fatal(v.Reason)
	}
	if err := l.Observe(Answer{Pool: 1, OK: true, Sent: start, Used: [MaxMeters]int32{20}}, start+50*ms); err != nil {
		t.Fatal(err)
	}
	if v, want := l.Reserve(taking(1), Cancel, start+50*ms), start+200*ms+guardOfBucket; v.OK || v.Until != want {
		t.Errorf("%+v, want to wait until %s", v, want)
	}
}
