package quantile

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestQuantilesAreNearAndNeverLess(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var s Sketch
		var list []exchange.Time
		for range 1 + rng.IntN(2000) {
			d := exchange.Time(rng.Int64N(1 << (10 + rng.IntN(35))))
			list = append(list, d)
			s.Add(d)
		}
		slices.Sort(list)
		for _, permille := range []uint64{1, 500, 900, 990, 1000} {
			want := list[(uint64(len(list))*permille+999)/1000-1]
			got := s.Quantile(permille)
			if got < want/unit*unit || got > want+want/32+2*unit {
				t.Fatalf("%d permille of %d: %d, want %d to 3.2 %%", permille, len(list), got, want)
			}
		}
		if s.Max() != list[len(list)-1] || s.Count() != uint64(len(list)) {
			t.Fatalf("max %d of %d", s.Max(), s.Count())
		}
	}
}

func TestBucketsFollowEachOther(t *testing.T) {
	last := -1
	for v := uint64(0); v <= 1<<20; v++ {
		i := bucket(v)
		if i != last && i != last+1 || v >= end(i) || i > 0 && v < end(i-1) {
			t.Fatalf("%d is in bucket %d, which ends at %d; the one before was %d", v, i, end(i), last)
		}
		last = i
	}
	if got := bucket(longest); got >= buckets {
		t.Errorf("the longest is in bucket %d of %d", got, buckets)
	}
}

func TestBelowZeroAndNothing(t *testing.T) {
	var s Sketch
	if s.Quantile(500) != 0 || s.Max() != 0 {
		t.Error("nothing has a quantile")
	}
	for range 3 {
		s.Add(-exchange.Second)
	}
	s.Add(exchange.Second)
	s.Add(exchange.Day)
	if s.Below() != 3 || s.Quantile(500) != 0 || s.Quantile(1000) != exchange.Day {
		t.Errorf("below %d, half %s, all %s", s.Below(), s.Quantile(500), s.Quantile(1000))
	}
}

func BenchmarkAdd(b *testing.B) {
	var s Sketch
	b.ReportAllocs()
	for i := range b.N {
		s.Add(exchange.Time(i&0xffff) * exchange.Microsecond)
	}
}
