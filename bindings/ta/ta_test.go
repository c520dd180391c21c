package ta

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestAgainstTheDefinition compares every rolling figure with one computed from
// scratch over the same window.
func TestAgainstTheDefinition(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(2, 9).Draw(rt, "n")
		xs := rapid.SliceOfN(rapid.Float64Range(-1000, 1000), 1, 60).Draw(rt, "xs")
		q := rapid.Float64Range(0, 1).Draw(rt, "q")
		mean, dev, quant, roll := &sma{newMoments(n)}, &stdev{newMoments(n)}, newQuantile(n, q), newRolling(n)
		for i, x := range xs {
			mean.update(x)
			dev.update(x)
			quant.update(x)
			roll.push(x)
			window := xs[max(0, i+1-n) : i+1]
			near(rt, "min", first(roll.min()), slices.Min(window))
			near(rt, "max", first(roll.max()), slices.Max(window))
			near(rt, "rolling mean", first(roll.mean()), average(window))
			if v, ok := mean.value(); ok != (len(window) == n) || ok && math.Abs(v-average(window)) > 1e-9 {
				rt.Fatalf("sma is %v %v, want %v", v, ok, average(window))
			}
			if len(window) == n {
				near(rt, "stdev", first(dev.value()), deviation(window))
				near(rt, "quantile", first(quant.value()), quantileOfSlice(window, q))
			}
		}
	})
}

// TestAnOutlierLeavesNothingBehind is a window whose deviation is nine digits
// below that of the window before it.
func TestAnOutlierLeavesNothingBehind(t *testing.T) {
	dev := &stdev{newMoments(2)}
	for _, x := range []float64{181.5, 3.814697265625e-06, 1.9073486328125e-06} {
		dev.update(x)
	}
	if got, _ := dev.value(); math.Abs(got-1.3486991523486091e-06) > 1e-15 {
		t.Errorf("stdev is %v, want 1.3486991523486091e-06", got)
	}
}

func first(v float64, _ bool) float64 { return v }

func near(rt *rapid.T, what string, got, want float64) {
	if math.Abs(got-want) > 1e-6 {
		rt.Fatalf("%s is %v, want %v", what, got, want)
	}
}

func average(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

func deviation(xs []float64) float64 {
	m, sum := average(xs), 0.0
	for _, x := range xs {
		sum += (x - m) * (x - m)
	}
	return math.Sqrt(sum / float64(len(xs)-1))
}

func quantileOfSlice(xs []float64, q float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	at := q * float64(len(s)-1)
	lo, hi := int(math.Floor(at)), int(math.Ceil(at))
	return s[lo] + (at-float64(lo))*(s[hi]-s[lo])
}

// TestNoDrift feeds a window far more values than it holds, on top of a large
// constant, which is where a running sum loses its digits.
func TestNoDrift(t *testing.T) {
	d := &stdev{newMoments(50)}
	var xs []float64
	for i := range 100_000 {
		x := 1e7 + math.Sin(float64(i))
		d.update(x)
		xs = append(xs, x)
	}
	got, _ := d.value()
	if want := deviation(xs[len(xs)-50:]); math.Abs(got-want) > 1e-6 {
		t.Errorf("after 100 000 values the deviation is %v, want %v", got, want)
	}
}
