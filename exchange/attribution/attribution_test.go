package attribution

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestSplit(t *testing.T) {
	const buy, sell = exchange.Buy, exchange.Sell
	for _, x := range []struct {
		name    string
		side    exchange.Side
		qty     exchange.Lots
		net     exchange.Lots
		held    []exchange.Lots
		byVenue bool
		want    []exchange.Lots
	}{
		{"a short of one is closed", buy, 50, -50, []exchange.Lots{-50}, true, []exchange.Lots{50}},
		{"two give in proportion", buy, 30, -60, []exchange.Lots{-40, -20}, true, []exchange.Lots{20, 10}},
		{"the largest remainder takes the odd lot", buy, 5, -10, []exchange.Lots{-7, -3}, true, []exchange.Lots{4, 1}},
		{"equal remainders: the first", buy, 1, -2, []exchange.Lots{-1, -1}, true, []exchange.Lots{1, 0}},
		{"the other side keeps its own", sell, 2, 2, []exchange.Lots{5, -3}, true, []exchange.Lots{2, 0}},
		{"what nobody holds is a holder to the venue", buy, 10, -20, []exchange.Lots{-10}, true, []exchange.Lots{5}},
		{"and goes first by hand", buy, 10, -20, []exchange.Lots{-10}, false, []exchange.Lots{0}},
		{"by hand, more than nobody holds", buy, 15, -20, []exchange.Lots{-6, -4}, false, []exchange.Lots{3, 2}},
		{"a trade that adds is nobody's", sell, 10, -20, []exchange.Lots{-20}, false, []exchange.Lots{0}},
		{"beyond flat is nobody's", buy, 30, -20, []exchange.Lots{-20}, false, []exchange.Lots{20}},
		{"flat by opposites: nobody's", buy, 1, 0, []exchange.Lots{3, -3}, false, []exchange.Lots{0, 0}},
		{"no overflow", sell, 1 << 61, 1 << 62, []exchange.Lots{1 << 61, 1 << 61}, true, []exchange.Lots{1 << 60, 1 << 60}},
	} {
		if got := Split(x.side, x.qty, x.net, x.held, x.byVenue); !slices.Equal(got, x.want) {
			t.Errorf("%s: %v, want %v", x.name, got, x.want)
		}
	}
}

// No holder gives more than it has, all together no more than was traded, and by
// the venue's hand each what its proportion says to within a lot.
func TestSplitKeepsWithinWhatIsHeld(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 20000 {
		held := make([]exchange.Lots, rnd.IntN(6))
		var net exchange.Lots
		for i := range held {
			held[i] = exchange.Lots(rnd.IntN(2001) - 1000)
			net += held[i]
		}
		net += exchange.Lots(rnd.IntN(3)) * exchange.Lots(rnd.IntN(401)-200)
		qty, side := exchange.Lots(1+rnd.IntN(1500)), exchange.Buy
		if rnd.IntN(2) == 0 {
			side = exchange.Sell
		}
		byVenue := rnd.IntN(2) == 0
		parts := Split(side, qty, net, held, byVenue)
		var sum exchange.Lots
		for i, p := range parts {
			sum += p
			if own := max(0, -held[i]*exchange.Lots(side)); p < 0 || p > own {
				t.Fatalf("%d: holder of %d gives %d to %s %d of %d", n, held[i], p, side, qty, net)
			}
		}
		if off := max(0, -net*exchange.Lots(side)); sum > min(qty, off) {
			t.Fatalf("%d: %d given of %d that %s %d takes off %d", n, sum, off, side, qty, net)
		}
	}
}
