package ta

import (
	"math"
	"testing"
)

// The rules here are TA-Lib's (ta_MACD.c, ta_RSI.c, ta_ADX.c, ta_ATR.c), written a second
// time as plain loops over whole arrays. On TA-Lib's own reference series of 252 bars our
// figures were compared by hand with the values of its src/tools/ta_regtest, and agreed to
// all the digits that it gives: MACD, RSI, ADX and both DI, STOCH, BBANDS, ROC, WMA, CORREL,
// BETA, and at the series' end NATR. Those data are not part of this repository.

func talibEMA(xs []float64, from, n int) (out map[int]float64) {
	out = map[int]float64{from + n - 1: average(xs[from : from+n])}
	for i := from + n; i < len(xs); i++ {
		out[i] = (xs[i]-out[i-1])*2/float64(n+1) + out[i-1]
	}
	return out
}

func talibMACD(xs []float64, fast, slow, signal int) (line, signals []float64) {
	f, s := talibEMA(xs, slow-fast, fast), talibEMA(xs, 0, slow)
	for i := slow - 1; i < len(xs); i++ {
		line = append(line, f[i]-s[i])
	}
	of := talibEMA(line, 0, signal)
	for i := signal - 1; i < len(line); i++ {
		signals = append(signals, of[i])
	}
	return line[signal-1:], signals
}

func talibRSI(xs []float64, n int) (out []float64) {
	gain, loss := 0.0, 0.0
	for i := 1; i < len(xs); i++ {
		up, down := max(xs[i]-xs[i-1], 0), max(xs[i-1]-xs[i], 0)
		if i <= n {
			gain, loss = gain+up/float64(n), loss+down/float64(n)
		} else {
			gain, loss = (gain*float64(n-1)+up)/float64(n), (loss*float64(n-1)+down)/float64(n)
		}
		if i >= n {
			out = append(out, 100*gain/(gain+loss))
		}
	}
	return out
}

func talibADX(w *walk, n int) (out []numbers) {
	var plus, minus, tr, sum, index float64
	for i := 1; i < len(w.close); i++ {
		up, down := w.high[i]-w.high[i-1], w.low[i-1]-w.low[i]
		dp, dm := 0.0, 0.0
		if down > 0 && up < down {
			dm = down
		} else if up > 0 && up > down {
			dp = up
		}
		r := max(w.high[i]-w.low[i], math.Abs(w.high[i]-w.close[i-1]), math.Abs(w.low[i]-w.close[i-1]))
		if i < n {
			plus, minus, tr = plus+dp, minus+dm, tr+r
			continue
		}
		plus, minus, tr = plus-plus/float64(n)+dp, minus-minus/float64(n)+dm, tr-tr/float64(n)+r
		p, m := 100*plus/tr, 100*minus/tr
		dx := 100 * math.Abs(m-p) / (m + p)
		if i < 2*n {
			if sum += dx; i < 2*n-1 {
				continue
			}
			index = sum / float64(n)
		} else {
			index = (index*float64(n-1) + dx) / float64(n)
		}
		out = append(out, numbers{index, p, m})
	}
	return out
}

// run feeds a figure with all bars and returns what it says once it is warm.
func run(f figures, bars int, in func(int) numbers) (out []numbers) {
	for i := range bars {
		f.take(in(i))
		if v, ok := f.read(); ok {
			out = append(out, v)
		}
	}
	return out
}

func TestTALibsConventions(t *testing.T) {
	w := newWalk(2000)
	bars := len(w.close)
	line, signal := talibMACD(w.close, 12, 26, 9)
	rsiWant := talibRSI(w.close, 14)
	for name, tt := range map[string]struct {
		got  []numbers
		want func(i int) numbers
		size int // how many bars have a value
		out  int
	}{
		"MACD": {run(newMACD(12, 26, 9), bars, one(w.close)), func(i int) numbers { return numbers{line[i], signal[i], line[i] - signal[i]} }, bars - 33, 3},
		"RSI":  {run(single{newRSI(14)}, bars, one(w.close)), func(i int) numbers { return numbers{rsiWant[i]} }, bars - 14, 1},
		"ADX":  {run(newADX(14), bars, w.candle), func(i int) numbers { return talibADX(w, 14)[i] }, bars - 27, 3},
	} {
		if len(tt.got) != tt.size {
			t.Errorf("%s says %d values of %d bars, want %d", name, len(tt.got), bars, tt.size)
			continue
		}
		for i := 0; i < len(tt.got); i += 13 {
			same(t, name, tt.got[i], tt.want(i), tt.out)
		}
	}
}

// The average true range differs by the first bar's range, and no longer after some
// lengths of its window.
func TestATRTendsToTALibs(t *testing.T) {
	const n = 14
	w := newWalk(500)
	ours, theirs := newATR(n), 0.0
	for i := range w.close {
		ours.update(w.high[i], w.low[i], w.close[i])
		switch {
		case i == 0:
		case i <= n:
			theirs += trueRange(w.high[i], w.low[i], w.close[i-1]) / n
		default:
			theirs += (trueRange(w.high[i], w.low[i], w.close[i-1]) - theirs) / n
		}
	}
	if got, _ := ours.value(); math.Abs(got-theirs) > 1e-9*theirs {
		t.Errorf("ATR is %v, want %v", got, theirs)
	}
}
