package ta

import (
	"math"

	"github.com/perilune/perilune/bindings"
)

// bollinger is TA-Lib's BBANDS with a simple average: the deviation is that of the
// population, not of a sample.
type bollinger struct {
	moments
	k float64
}

func (b *bollinger) take(in numbers) { b.update(in[0]) }

func (b *bollinger) read() (numbers, bool) {
	width := b.k * math.Sqrt(max(b.m2, 0)/float64(len(b.v)))
	return numbers{b.mean + width, b.mean, b.mean - width}, b.full()
}

// donchian is the highest high and the lowest low of n bars.
type donchian struct{ low, high extreme }

func newDonchian(n int) *donchian { return &donchian{newExtreme(n, -1), newExtreme(n, 1)} }

// MemoryBytes is what its windows take.
func (d *donchian) MemoryBytes() int { return d.low.bytes() + d.high.bytes() }

func (d *donchian) take(in numbers) {
	d.high.push(in[0])
	d.low.push(in[1])
}

func (d *donchian) read() (numbers, bool) {
	high, _ := d.high.value()
	low, _ := d.low.value()
	return numbers{high, (high + low) / 2, low}, d.high.full()
}

// keltner is an exponential average of closes with average true ranges around it.
type keltner struct {
	middle *ema
	width  *atr
	k      float64
}

func (c *keltner) take(in numbers) {
	c.middle.update(in[2])
	c.width.update(in[0], in[1], in[2])
}

func (c *keltner) read() (numbers, bool) {
	middle, warm := c.middle.value()
	width, ok := c.width.value()
	return numbers{middle + c.k*width, middle, middle - c.k*width}, ok && warm
}

var bandsOut = []bindings.Value{{Name: "upper", Unit: "that of the input"}, {Name: "middle", Unit: "that of the input"}, {Name: "lower", Unit: "that of the input"}}

var (
	bollingerType = object(shape{name: "Bollinger", doc: "Bands of standard deviations around an average.", in: []bindings.Value{valueArg}, out: bandsOut})
	donchianType  = object(shape{name: "Donchian", doc: "The range of the last bars.", in: []bindings.Value{highArg, lowArg}, out: bandsOut})
	keltnerType   = object(shape{name: "Keltner", doc: "Bands of average true ranges around an average.", in: candle, out: bandsOut})
)

func bands() []bindings.Func {
	return []bindings.Func{
		of(bollingerType, bindings.Spec{Name: "bollinger", Doc: "Bollinger bands: a simple average, and k standard deviations above and below it. The deviation is that of the population, as TA-Lib and Bollinger have it (ta.stdev is that of a sample).",
			Args:    []bindings.Value{length("n", "length in values, at least 2; 20 when left out"), {Name: "k", Type: "number", Unit: "standard deviations", Optional: true, Doc: "2 when left out"}},
			Example: "local b = ta.bollinger(20, 2)\nlocal upper, middle, lower = b:update(bar.close)\nif lower and bar.close < lower then log.info(\"below the band\") end"},
			func(rt *bindings.Runtime) figures {
				return &bollinger{newMoments(windowOr(rt, 1, 20, 2)), widthOr(rt, 2, 2)}
			}),
		of(donchianType, bindings.Spec{Name: "donchian", Doc: "Donchian channel: the highest high and the lowest low of n bars, and the middle. The newest bar is in it: for a breakout, compare with value() before update.",
			Args:    []bindings.Value{length("n", "length in bars; 20 when left out")},
			Example: "local channel = ta.donchian(20)\nlocal upper = channel:value()  -- of the bars before this one\nchannel:update(bar.high, bar.low)\nif upper and bar.close > upper then log.info(\"a breakout\") end"},
			func(rt *bindings.Runtime) figures { return newDonchian(windowOr(rt, 1, 20, 1)) }),
		of(keltnerType, bindings.Spec{Name: "keltner", Doc: "Keltner channel as Raschke has it: an exponential average of closes, and k average true ranges above and below it.",
			Args: []bindings.Value{length("n", "length of the average in bars; 20 when left out"), {Name: "k", Type: "number", Unit: "average true ranges", Optional: true, Doc: "2 when left out"},
				length("atr_n", "length of the average true range; 10 when left out")},
			Example: "local channel = ta.keltner(20, 2, 10)\nlocal upper, middle, lower = channel:update(bar.high, bar.low, bar.close)\nif upper and bar.close > upper then log.info(\"above the channel\") end"},
			func(rt *bindings.Runtime) figures {
				return &keltner{newEMA(windowOr(rt, 1, 20, 1)), newATR(windowOr(rt, 3, 10, 1)), widthOr(rt, 2, 2)}
			}),
	}
}
