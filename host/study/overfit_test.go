package study

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// noise are trials without any merit; edge is added to each return of the first.
func noise(seed uint64, trials, days int, edge float64) [][]float64 {
	rng := rand.New(rand.NewPCG(seed, 7))
	out := make([][]float64, trials)
	for t := range out {
		for range days {
			r := 0.01 * rng.NormFloat64()
			if t == 0 {
				r += edge
			}
			out[t] = append(out[t], r)
		}
	}
	return out
}

func blocks(trials [][]float64, parts int) (out [][]Block) {
	for _, r := range trials {
		out = append(out, Blocks(r, parts))
	}
	return out
}

// TestCSCVAgreesWithItsDefinition goes through the halves by recursion and takes the ratios
// from the returns themselves, put end to end.
func TestCSCVAgreesWithItsDefinition(t *testing.T) {
	const parts, days = 6, 60
	trials := noise(3, 7, days, 0.001)
	got, err := Overfitting(blocks(trials, parts), false)
	if err != nil {
		t.Fatal(err)
	}
	ratio := func(returns []float64, of []int) float64 {
		var list []float64
		for _, p := range of {
			list = append(list, returns[p*days/parts:(p+1)*days/parts]...)
		}
		m := MomentsOf(list)
		return m.Mean / (m.SD * math.Sqrt(float64(m.N-1)/float64(m.N)))
	}
	overfitted, losses, all := 0, 0, 0
	var halves func(from int, in []int)
	halves = func(from int, in []int) {
		if len(in) == parts/2 {
			var out []int
			for p := range parts {
				if !slices.Contains(in, p) {
					out = append(out, p)
				}
			}
			best, below := 0, 0
			for i := range trials {
				if ratio(trials[i], in) > ratio(trials[best], in) {
					best = i
				}
			}
			for i := range trials {
				if ratio(trials[i], out) < ratio(trials[best], out) {
					below++
				}
			}
			// the logit of rank/(N+1) is at most 0
			if omega := float64(below+1) / float64(len(trials)+1); math.Log(omega/(1-omega)) <= 0 {
				overfitted++
			}
			if ratio(trials[best], out) < 0 {
				losses++
			}
			all++
			return
		}
		for p := from; p < parts; p++ {
			halves(p+1, append(slices.Clone(in), p))
		}
	}
	halves(0, nil)
	if got.Splits != all || all != 20 {
		t.Errorf("%d ways, want %d", got.Splits, all)
	}
	near(t, "PBO", got.PBO, float64(overfitted)/float64(all), 1e-12)
	near(t, "losses", got.Loss, float64(losses)/float64(all), 1e-12)
}

// TestNoiseIsOverfit: choosing among worthless strategies does no better than chance
// elsewhere, and the doubt says so; choosing one with an edge passes.
func TestNoiseIsOverfit(t *testing.T) {
	const runs = 40
	pbo, luck := 0.0, 0
	for seed := range uint64(runs) {
		d := Doubt(noise(seed, 40, 750, 0), false)
		pbo += d.Overfit.PBO / runs
		if d.Verdict != VerdictOverfit {
			luck++
		}
	}
	near(t, "mean PBO of noise", pbo, 0.5, 0.1)
	if luck > runs/8 { // it is a test at 5 %
		t.Errorf("%d of %d searches through noise were not called overfit", luck, runs)
	}
	d := Doubt(noise(1, 40, 750, 0.004), false)
	if d.Verdict != VerdictStands || d.Overfit.PBO > 0.01 || d.Best != 0 {
		t.Errorf("a real edge: %+v", d)
	}
	few := Doubt(noise(1, 40, 10, 0), false)
	if few.Verdict != VerdictUnknown {
		t.Errorf("ten days: %+v", few)
	}
}
