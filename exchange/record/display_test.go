package record

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Whatever a bar traded, a side of its book shows no more than its part, and there
// is a book only where that is a lot.
func TestABookShowsNoMoreThanItsPart(t *testing.T) {
	in := &exchange.Instrument{Tick: exchange.Step{M: 1, Scale: 1}, Lot: exchange.Step{M: 1, Scale: 3}}
	d := displayed{spread: 1e-4, gap: 1e-5, levels: 5, participation: 0.1}
	for _, c := range []struct {
		volume float64
		lots   exchange.Lots
		levels int
	}{
		{0, 0, 0}, {0.001, 0, 0}, {0.00999, 0, 0}, {0.01, 1, 1}, {0.029, 2, 2}, {0.03, 3, 3}, {0.05, 5, 5}, {0.09, 5, 5}, {0.1, 10, 5}, {1000, 100000, 5},
	} {
		l := &leg{in: in, unit: 1e7, series: &series{bars: []bar{{c: 100e8, volume: c.volume}}}}
		if shown := d.display(l); shown != (c.lots > 0) {
			t.Errorf("volume %v: shown is %v", c.volume, shown)
		}
		for _, side := range [][]exchange.Level{l.bids, l.asks} {
			sum := exchange.Lots(0)
			for _, x := range side {
				sum += x.Qty
			}
			if len(side) != c.levels || sum != c.lots {
				t.Errorf("volume %v: %d lots on %d levels, want %d on %d", c.volume, sum, len(side), c.lots, c.levels)
			}
		}
	}
}
