package study

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Quantiles are of a figure over many paths.
type Quantiles struct {
	P5  float64 `json:"p5"`
	P25 float64 `json:"p25"`
	P50 float64 `json:"p50"`
	P75 float64 `json:"p75"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
}

func quantiles(xs []float64) Quantiles {
	slices.Sort(xs)
	at := func(p float64) float64 { // interpolated, as R's type 7 and NumPy have it
		place := p * float64(len(xs)-1)
		i := int(place)
		if i+1 >= len(xs) {
			return xs[len(xs)-1]
		}
		return xs[i] + (place-float64(i))*(xs[i+1]-xs[i])
	}
	return Quantiles{at(0.05), at(0.25), at(0.5), at(0.75), at(0.95), at(0.99)}
}

// Paths are what might have been.
type Paths struct {
	Paths    int       `json:"paths"`
	Block    float64   `json:"block_days,omitempty"` // mean length of a block of days
	Return   Quantiles `json:"return"`               // over the whole time, fraction
	Drawdown Quantiles `json:"max_drawdown"`         // fraction of the peak before
	Ruin     float64   `json:"ruin"`                 // part of the paths with a drawdown of RuinAt or more
	RuinAt   float64   `json:"ruin_at"`
}

// TradeOrder plays the results of trades, which are fractions of the capital that is
// neither added to nor taken from, in other orders: the result stays, the way there does
// not. It is nil for less than two trades.
func TradeOrder(trades []float64, paths int, ruin float64, seed uint64) *Paths {
	if len(trades) < 2 || paths < 1 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	order := slices.Clone(trades)
	out := &Paths{Paths: paths, RuinAt: ruin}
	var drawdowns, returns []float64
	for range paths {
		rng.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		equity, peak, worst := 1.0, 1.0, 0.0
		for _, r := range order {
			equity += r
			peak = max(peak, equity)
			worst = max(worst, 1-equity/peak)
		}
		returns, drawdowns = append(returns, equity-1), append(drawdowns, worst)
	}
	out.sum(returns, drawdowns)
	return out
}

// UsualBlock is the mean length of a block of n returns, n to the power of 1/3: the order
// in which the error of [Bootstrap] shrinks fastest.
func UsualBlock(n int) float64 { return max(1, math.Round(math.Cbrt(float64(n)))) }

// Bootstrap draws histories of daily returns from what there was: blocks of random length,
// of the given mean, that begin anywhere and go on at the beginning after the end. What
// follows on one another within a block stays together. It is nil for less than two days.
//
// Source: Politis, Romano, "The Stationary Bootstrap", Journal of the American Statistical
// Association 89, 1994.
func Bootstrap(returns []float64, paths int, block, ruin float64, seed uint64) *Paths {
	if len(returns) < 2 || paths < 1 {
		return nil
	}
	rng := rand.New(rand.NewPCG(seed, 2))
	out := &Paths{Paths: paths, Block: block, RuinAt: ruin}
	var drawdowns, totals []float64
	for range paths {
		equity, peak, worst := 1.0, 1.0, 0.0
		resample(len(returns), block, rng, func(i int) {
			equity *= max(0, 1+returns[i])
			peak = max(peak, equity)
			worst = max(worst, 1-equity/peak)
		})
		totals, drawdowns = append(totals, equity-1), append(drawdowns, worst)
	}
	out.sum(totals, drawdowns)
	return out
}

// resample calls take with n indices of a stationary bootstrap.
func resample(n int, block float64, rng *rand.Rand, take func(int)) {
	at := rng.IntN(n)
	for range n {
		take(at)
		if at = (at + 1) % n; rng.Float64() < 1/max(1, block) {
			at = rng.IntN(n)
		}
	}
}

func (p *Paths) sum(returns, drawdowns []float64) {
	ruined := 0
	for _, d := range drawdowns {
		if d >= p.RuinAt {
			ruined++
		}
	}
	p.Ruin = float64(ruined) / float64(p.Paths)
	p.Return, p.Drawdown = quantiles(returns), quantiles(drawdowns)
}
