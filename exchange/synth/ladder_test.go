package synth

import (
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// BenchmarkBook compares the change of one book by merging two sorted ladders
// with the obvious way, a map of what was there.
func BenchmarkBook(b *testing.B) {
	m := market(b, Options{Seed: 1})
	v := m.venueOf(b, "BTCUSDT")
	var was, is [Depth]exchange.Level
	v.shape.build(&was, exchange.Buy, v.bid, 1, 1)
	v.shape.build(&is, exchange.Buy, v.bid+100, 2, 1)
	b.Run("merge", func(b *testing.B) {
		b.ReportAllocs()
		out := make([]exchange.Level, 0, 2*Depth)
		for b.Loop() {
			out = diff(out[:0], &was, &is, exchange.Buy)
		}
	})
	b.Run("map", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			mapDiff(&was, &is)
		}
	})
}

func mapDiff(was, is *[Depth]exchange.Level) []exchange.Level {
	old := make(map[exchange.Ticks]exchange.Lots, Depth)
	for _, l := range was {
		old[l.Price] = l.Qty
	}
	var out []exchange.Level
	for _, l := range is {
		if q, ok := old[l.Price]; !ok || q != l.Qty {
			out = append(out, l)
		}
		delete(old, l.Price)
	}
	for p := range old {
		out = append(out, exchange.Level{Price: p})
	}
	return out
}

// The merge says what the map says, best first.
func TestDiffIsComplete(t *testing.T) {
	m := market(t, Options{Seed: 1})
	for i := range m.venues {
		v := &m.venues[i]
		for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
			for move := exchange.Ticks(0); move < 300; move += 7 {
				var was, is [Depth]exchange.Level
				v.shape.build(&was, side, v.bid, 1, 1)
				v.shape.build(&is, side, v.bid-move, 2, 1.3)
				got := diff(nil, &was, &is, side)
				for j := 1; j < len(got); j++ {
					if !better(got[j-1].Price, got[j].Price, side) {
						t.Fatalf("%s: %v is not best first", v.in.Key(), got)
					}
				}
				want := mapDiff(&was, &is)
				slices.SortFunc(want, func(a, b exchange.Level) int { return int(side) * int(b.Price-a.Price) })
				if !slices.Equal(got, want) {
					t.Fatalf("%s: %v, want %v", v.in.Key(), got, want)
				}
			}
		}
	}
}
