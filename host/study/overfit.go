package study

import (
	"fmt"
	"math"
	"math/bits"
)

// Block is what is kept of a trial's returns in a part of the time: enough for the mean and
// the deviation over any union of parts, so that long searches stay small.
type Block struct {
	N            int
	Sum, Squares float64
}

func (b Block) plus(c Block) Block {
	return Block{b.N + c.N, b.Sum + c.Sum, b.Squares + c.Squares}
}

// mean and sharpe measure a trial over parts.
func (b Block) mean() float64 {
	if b.N == 0 {
		return 0
	}
	return b.Sum / float64(b.N)
}

func (b Block) sharpe() float64 {
	mean := b.mean()
	variance := b.Squares/float64(max(1, b.N)) - mean*mean
	if variance < 1e-24 { // it did nothing
		return 0
	}
	return mean / math.Sqrt(variance)
}

// Blocks cuts returns into a number of parts of equal length. What is left over at the
// beginning is not in them.
func Blocks(returns []float64, parts int) []Block {
	out := make([]Block, parts)
	length := len(returns) / parts
	returns = returns[len(returns)-length*parts:]
	for i, r := range returns {
		out[i/length] = out[i/length].plus(Block{1, r, r * r})
	}
	return out
}

// CSCVParts is the usual number of parts of [Overfitting]: 12,870 ways to halve them.
const CSCVParts = 16

// Overfit says how choosing the best of trials does on what did not choose.
type Overfit struct {
	// PBO is the probability of backtest overfitting: how often the trial that is best on
	// one half of the time is not above the median of all on the other half.
	PBO float64 `json:"pbo"`
	// Loss is how often the chosen one loses on the other half.
	Loss float64 `json:"loss"`
	// Slope and Intercept are of the line from what the chosen one shows where it was chosen
	// to what it shows elsewhere. A slope below 0 is that of choosing noise.
	Slope     float64 `json:"slope"`
	Intercept float64 `json:"intercept"`
	Splits    int     `json:"splits"` // ways to halve the time that were gone through
	Trials    int     `json:"trials"`
}

// Overfitting goes through all ways to halve the parts of the time, which are of even
// number, the same for all trials and 2 to 20. Trials are compared by their Sharpe ratio, or
// by their mean return with byMean.
//
// Source: Bailey, Borwein, López de Prado, Zhu, "The Probability of Backtest Overfitting",
// Journal of Computational Finance 20(4), 2017 (2015 as a preprint): combinatorially
// symmetric cross-validation.
func Overfitting(trials [][]Block, byMean bool) (Overfit, error) {
	out := Overfit{Trials: len(trials)}
	if len(trials) < 2 {
		return out, fmt.Errorf("%d trials: overfitting is of choosing among two or more", len(trials))
	}
	parts := len(trials[0])
	if parts < 2 || parts > 20 || parts%2 != 0 {
		return out, fmt.Errorf("%d parts: want an even number from 2 to 20", parts)
	}
	measure := Block.sharpe
	if byMean {
		measure = Block.mean
	}
	whole := make([]Block, len(trials))
	for t := range trials {
		if len(trials[t]) != parts {
			return out, fmt.Errorf("trial %d has %d parts, the first has %d", t, len(trials[t]), parts)
		}
		for _, b := range trials[t] {
			whole[t] = whole[t].plus(b)
		}
	}
	elsewhere := make([]float64, len(trials))
	var sx, sy, sxx, sxy float64
	for set := range uint32(1) << parts {
		if bits.OnesCount32(set) != parts/2 {
			continue
		}
		best, most := 0, math.Inf(-1)
		for t := range trials {
			var in Block
			for left := set; left != 0; left &= left - 1 {
				in = in.plus(trials[t][bits.TrailingZeros32(left)])
			}
			elsewhere[t] = measure(Block{whole[t].N - in.N, whole[t].Sum - in.Sum, whole[t].Squares - in.Squares})
			if v := measure(in); v > most {
				best, most = t, v
			}
		}
		got := elsewhere[best]
		if rank(elsewhere, got) <= 0.5 {
			out.PBO++
		}
		if got < 0 {
			out.Loss++
		}
		sx, sy, sxx, sxy = sx+most, sy+got, sxx+most*most, sxy+most*got
		out.Splits++
	}
	n := float64(out.Splits)
	out.PBO, out.Loss = out.PBO/n, out.Loss/n
	if spread := sxx - sx*sx/n; spread > 1e-18 {
		out.Slope = (sxy - sx*sy/n) / spread
	}
	out.Intercept = (sy - out.Slope*sx) / n
	return out, nil
}

// rank is the relative rank of a value among all, from 0 to 1: 0.5 is the median. Equals
// share theirs.
func rank(all []float64, v float64) float64 {
	below, equal := 0.0, 0.0
	for _, x := range all {
		switch {
		case x < v:
			below++
		case x == v:
			equal++
		}
	}
	return (below + (equal+1)/2) / float64(len(all)+1)
}
