package study

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// TestTradeOrderIsThatOfAllOrders compares with every order of six trades.
func TestTradeOrderIsThatOfAllOrders(t *testing.T) {
	trades := []float64{0.10, -0.05, 0.20, -0.12, 0.03, -0.02}
	var all []float64
	var permute func(done, left []float64)
	permute = func(done, left []float64) {
		if len(left) == 0 {
			equity, peak, worst := 1.0, 1.0, 0.0
			for _, r := range done {
				equity += r
				peak = max(peak, equity)
				worst = max(worst, (peak-equity)/peak)
			}
			all = append(all, worst)
			return
		}
		for i := range left {
			permute(append(slices.Clone(done), left[i]), slices.Delete(slices.Clone(left), i, i+1))
		}
	}
	permute(nil, trades)
	slices.Sort(all)
	ruined := 0.0
	for _, d := range all {
		if d >= 0.15 {
			ruined++
		}
	}
	got := TradeOrder(trades, 20_000, 0.15, 1)
	near(t, "median", got.Drawdown.P50, all[len(all)/2], 0.004)
	near(t, "95 %", got.Drawdown.P95, all[len(all)*95/100], 0.004)
	near(t, "ruin", got.Ruin, ruined/float64(len(all)), 0.01)
	near(t, "return", got.Return.P99-0.14, 0, 1e-9)
}

// TestTheStationaryBootstrapHasItsVariance: that of the mean, given the data, is known in
// closed form (Politis and Romano 1994, Lemma 1).
func TestTheStationaryBootstrapHasItsVariance(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	const n, block = 60, 6.0
	xs := make([]float64, n)
	for i := range xs { // each half of the one before
		xs[i] = rng.NormFloat64()
		if i > 0 {
			xs[i] += 0.5 * xs[i-1]
		}
	}
	mean := MomentsOf(xs).Mean
	around := func(lag int) (c float64) { // circular autocovariance
		for i := range xs {
			c += (xs[i] - mean) * (xs[(i+lag)%n] - mean) / n
		}
		return c
	}
	want := around(0)
	for lag := 1; lag < n; lag++ {
		want += 2 * (1 - float64(lag)/n) * math.Pow(1-1/block, float64(lag)) * around(lag)
	}
	want /= n
	var means []float64
	for range 20_000 {
		sum := 0.0
		resample(n, block, rng, func(i int) { sum += xs[i] / n })
		means = append(means, sum)
	}
	m := MomentsOf(means)
	near(t, "mean", m.Mean, mean, 4*math.Sqrt(want/20_000))
	near(t, "variance", m.SD*m.SD/want, 1, 0.05)
}

func TestBootstrapIsTheSameOfASeed(t *testing.T) {
	xs := noise(1, 1, 300, 0.002)[0]
	a, b, c := Bootstrap(xs, 200, UsualBlock(300), 0.5, 1), Bootstrap(xs, 200, UsualBlock(300), 0.5, 1), Bootstrap(xs, 200, UsualBlock(300), 0.5, 2)
	if *a != *b || *a == *c || a.Block != 7 {
		t.Errorf("%+v, %+v, %+v", a, b, c)
	}
	if Bootstrap(xs[:1], 200, 1, 0.5, 1) != nil || TradeOrder(nil, 200, 0.5, 1) != nil {
		t.Error("something came of nothing")
	}
	if ruin := Bootstrap([]float64{-1, -1}, 10, 1, 0.5, 1); ruin.Ruin != 1 || ruin.Return.P95 != -1 {
		t.Errorf("who loses all: %+v", ruin)
	}
}
