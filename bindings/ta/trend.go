package ta

import (
	"math"

	"github.com/perilune/perilune/bindings"
)

// adx is Wilder's directional movement as TA-Lib's ADX, PLUS_DI and MINUS_DI have it:
// sums begin with n-1 bars, the index with the mean of the first n.
type adx struct {
	n, seen          int // bars with one before them
	high, low, close float64
	begun            bool
	plus, minus, tr  float64 // smoothed sums
	index            wilder
}

func newADX(n int) *adx { return &adx{n: n, index: wilder{n: n}} }

func (a *adx) take(in numbers) {
	high, low, last := in[0], in[1], in[2]
	if a.begun {
		up, down := high-a.high, a.low-low
		switch {
		case down > 0 && down > up:
			up = 0
		case up > 0 && up > down:
			down = 0
		default:
			up, down = 0, 0
		}
		a.move(max(up, 0), max(down, 0), trueRange(high, low, a.close))
	}
	a.high, a.low, a.close, a.begun = high, low, last, true
}

func (a *adx) move(plus, minus, tr float64) {
	a.seen++
	if a.seen >= a.n {
		n := float64(a.n)
		a.plus, a.minus, a.tr = a.plus-a.plus/n, a.minus-a.minus/n, a.tr-a.tr/n
	}
	a.plus, a.minus, a.tr = a.plus+plus, a.minus+minus, a.tr+tr
	if a.seen < a.n {
		return
	}
	switch both := a.plus + a.minus; {
	case both > 0 && a.tr > 0:
		a.index.update(100 * math.Abs(a.plus-a.minus) / both)
	case a.index.seen < a.n:
		a.index.update(0)
	}
}

func (a *adx) read() (numbers, bool) {
	index, ok := a.index.value()
	if a.tr == 0 {
		return numbers{index}, ok
	}
	return numbers{index, 100 * a.plus / a.tr, 100 * a.minus / a.tr}, ok
}

// heikinAshi smooths candles: the close is the mean of a bar's four prices, the open the
// middle of the smoothed bar before.
type heikinAshi struct {
	bar  numbers // open, high, low, close
	seen bool
}

func (h *heikinAshi) take(in numbers) {
	open := (in[0] + in[3]) / 2
	if h.seen {
		open = (h.bar[0] + h.bar[3]) / 2
	}
	last := (in[0] + in[1] + in[2] + in[3]) / 4
	h.bar, h.seen = numbers{open, max(in[1], open, last), min(in[2], open, last), last}, true
}

func (h *heikinAshi) read() (numbers, bool) { return h.bar, h.seen }

var adxType = object(shape{name: "ADX", doc: "Wilder's directional movement.", in: candle,
	out: []bindings.Value{{Name: "adx", Unit: "0 to 100", Doc: "strength of a trend, whichever its direction"},
		{Name: "plus_di", Unit: "0 to 100", Doc: "movement up"}, {Name: "minus_di", Unit: "0 to 100", Doc: "movement down"}}})

var heikinAshiType = object(shape{name: "HeikinAshi", doc: "Smoothed candles. What they say are not prices that anything traded at.",
	in: []bindings.Value{{Name: "open", Type: "number", Unit: "quote"}, highArg, lowArg, closeArg},
	out: []bindings.Value{{Name: "open", Unit: "quote"}, {Name: "high", Unit: "quote"},
		{Name: "low", Unit: "quote"}, {Name: "close", Unit: "quote"}}})

func trend() []bindings.Func {
	return []bindings.Func{
		of(adxType, bindings.Spec{Name: "adx", Doc: "Wilder's average directional index with its two directional indicators, as TA-Lib has them; it needs twice its length in bars.",
			Args:    []bindings.Value{length("n", "length in bars, at least 2; 14 when left out")},
			Example: "local a = ta.adx(14)\nlocal adx, plus, minus = a:update(bar.high, bar.low, bar.close)\nif adx and adx > 25 and plus > minus then log.info(\"an uptrend\") end"},
			func(rt *bindings.Runtime) figures { return newADX(windowOr(rt, 1, 14, 2)) }),
		of(heikinAshiType, bindings.Spec{Name: "heikin_ashi", Doc: "Heikin-Ashi candles, from the first bar on.",
			Example: "local smooth = ta.heikin_ashi()\nlocal open, high, low, close = smooth:update(bar.open, bar.high, bar.low, bar.close)\nif close > open and low == open then log.info(\"no shadow below\") end"},
			func(*bindings.Runtime) figures { return &heikinAshi{} }),
	}
}
