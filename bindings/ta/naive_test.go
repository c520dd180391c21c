package ta

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

const hour = exchange.Hour

// walk is a random walk of bars whose level is far above its moves, which is where
// running sums lose their digits.
type walk struct{ open, high, low, close, volume []float64 }

func newWalk(n int) *walk {
	r := rand.New(rand.NewPCG(14, 1))
	w, last := &walk{}, 60_000.0
	for range n {
		open := last
		last *= math.Exp(0.001 * r.NormFloat64())
		w.open, w.close = append(w.open, open), append(w.close, last)
		w.high = append(w.high, max(open, last)*(1+0.001*r.Float64()))
		w.low = append(w.low, min(open, last)*(1-0.001*r.Float64()))
		w.volume = append(w.volume, 100*r.Float64())
	}
	return w
}

// TestAgainstARecomputation feeds 100 000 bars and compares each figure with one that is
// computed anew from the window, by the formula named beside it.
func TestAgainstARecomputation(t *testing.T) {
	const bars, n = 100_000, 50
	w := newWalk(bars)
	other := newWalk(2 * bars).close[bars:]
	tests := map[string]struct {
		figure figures
		in     func(i int) numbers
		want   func(i int) numbers // of a full window
		out    int
	}{
		"bollinger": {&bollinger{newMoments(n), 2}, one(w.close), func(i int) numbers {
			window := w.close[i-n+1 : i+1]
			m, s := average(window), deviation(window)*math.Sqrt(float64(n-1)/n)
			return numbers{m + 2*s, m, m - 2*s}
		}, 3},
		"donchian": {newDonchian(n), w.candle, func(i int) numbers {
			h, l := slices.Max(w.high[i-n+1:i+1]), slices.Min(w.low[i-n+1:i+1])
			return numbers{h, (h + l) / 2, l}
		}, 3},
		"stochastic": {newStochastic(n, 3, 2), w.candle, func(i int) numbers {
			k := func(i int) float64 {
				sum := 0.0
				for j := i - 2; j <= i; j++ {
					h, l := slices.Max(w.high[j-n+1:j+1]), slices.Min(w.low[j-n+1:j+1])
					sum += 100 * (w.close[j] - l) / (h - l)
				}
				return sum / 3
			}
			return numbers{k(i), (k(i) + k(i-1)) / 2}
		}, 2},
		"correlation": {&correlation{newComoments(n)}, two(w.close, other), func(i int) numbers {
			xx, yy, xy := products(other[i-n+1:i+1], w.close[i-n+1:i+1])
			return numbers{xy / math.Sqrt(xx*yy)}
		}, 1},
		"beta": {&beta{newComoments(n)}, two(w.close, other), func(i int) numbers {
			xx, _, xy := products(other[i-n+1:i+1], w.close[i-n+1:i+1])
			return numbers{xy / xx}
		}, 1},
		"spread": {&spread{newComoments(n)}, two(w.close, other), func(i int) numbers {
			xs, ys := other[i-n+1:i+1], w.close[i-n+1:i+1]
			xx, _, xy := products(xs, ys)
			mx, my, squares := average(xs), average(ys), 0.0
			for j := range xs {
				e := ys[j] - my - xy/xx*(xs[j]-mx)
				squares += e * e
			}
			off := w.close[i] - my - xy/xx*(other[i]-mx)
			return numbers{off / math.Sqrt(squares/(n-2)), off, xy / xx}
		}, 3},
		"half-life": {&halfLife{comoments: newComoments(n)}, one(w.close), func(i int) numbers {
			var from, change []float64
			for j := i - n + 1; j <= i; j++ {
				from, change = append(from, w.close[j-1]), append(change, w.close[j]-w.close[j-1])
			}
			xx, _, xy := products(from, change)
			if phi := 1 + xy/xx; phi < 1 {
				return numbers{math.Log(0.5) / math.Log(phi), phi}
			}
			return numbers{math.Inf(1), 1 + xy/xx}
		}, 2},
		"realized": {&realized{newReturns(hour), sma{newMoments(n)}}, one(w.close), func(i int) numbers {
			sum := 0.0
			for j := i - n + 1; j <= i; j++ {
				r := math.Log(w.close[j] / w.close[j-1])
				sum += r * r
			}
			return numbers{math.Sqrt(sum / n * 365 * 24)}
		}, 1},
		"wma": {single{&wma{ring: newRing(n)}}, one(w.close), func(i int) numbers {
			sum, weights := 0.0, 0.0
			for j := range n {
				sum, weights = sum+float64(n-j)*w.close[i-j], weights+float64(n-j)
			}
			return numbers{sum / weights}
		}, 1},
		"roc": {single{&roc{newRing(n + 1)}}, one(w.close), func(i int) numbers {
			return numbers{(w.close[i] - w.close[i-n]) / w.close[i-n] * 100}
		}, 1},
	}
	for name, tt := range tests {
		for i := range bars {
			tt.figure.take(tt.in(i))
			// Windows at the beginning, while it is filled, and then now and then.
			if i >= 3*n && i%97 != 0 {
				continue
			}
			got, ok := tt.figure.read()
			if ok != (i >= warm(name, n)) {
				t.Fatalf("%s: after %d bars it is warm: %v", name, i+1, ok)
			}
			if ok {
				same(t, fmt.Sprintf("%s, bar %d", name, i+1), got, tt.want(i), tt.out)
			}
		}
	}
}

// warm is the first bar, from 0, whose figure is known.
func warm(name string, n int) int {
	switch name {
	case "half-life", "realized", "roc":
		return n
	case "stochastic":
		return n - 1 + 2 + 1
	}
	return n - 1
}

// same compares to eight digits, and near 0 to eight places.
func same(t *testing.T, what string, got, want numbers, n int) {
	t.Helper()
	for k := range n {
		if math.IsInf(want[k], 1) && math.IsInf(got[k], 1) {
			continue
		}
		// A half-life near phi = 1 amplifies the last digits of phi.
		if !(math.Abs(got[k]-want[k]) <= 1e-7*max(1, math.Abs(want[k]))) {
			t.Fatalf("%s: figure %d is %v, want %v", what, k+1, got[k], want[k])
		}
	}
}

type single struct{ indicator }

func (s single) take(in numbers) { s.update(in[0]) }

func (s single) read() (numbers, bool) {
	v, ok := s.value()
	return numbers{v}, ok
}

func one(xs []float64) func(int) numbers { return func(i int) numbers { return numbers{xs[i]} } }

func two(ys, xs []float64) func(int) numbers {
	return func(i int) numbers { return numbers{ys[i], xs[i]} }
}

func (w *walk) candle(i int) numbers { return numbers{w.high[i], w.low[i], w.close[i]} }

func products(xs, ys []float64) (xx, yy, xy float64) {
	mx, my := average(xs), average(ys)
	for i := range xs {
		xx += (xs[i] - mx) * (xs[i] - mx)
		yy += (ys[i] - my) * (ys[i] - my)
		xy += (xs[i] - mx) * (ys[i] - my)
	}
	return xx, yy, xy
}

// TestAMillionUpdatesOnALargeLevel is a pair whose moves are ten digits below its level.
func TestAMillionUpdatesOnALargeLevel(t *testing.T) {
	const n = 100
	c := newComoments(n)
	xs, ys := make([]float64, 0, n), make([]float64, 0, n)
	for i := range 1_000_000 {
		x := 1e8 + math.Sin(float64(i))
		y := 2*x + math.Cos(3*float64(i))
		c.add(x, y)
		if i >= 1_000_000-n {
			xs, ys = append(xs, x), append(ys, y)
		}
	}
	xx, yy, xy := products(xs, ys)
	for _, v := range [][2]float64{{c.slope(), xy / xx}, {c.correlation(), xy / math.Sqrt(xx*yy)}} {
		if math.Abs(v[0]-v[1]) > 1e-6 {
			t.Errorf("%v, want %v", v[0], v[1])
		}
	}
}
