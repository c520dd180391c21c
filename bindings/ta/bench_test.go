package ta

import "testing"

func BenchmarkUpdate(b *testing.B) {
	w := newWalk(4096)
	for name, bb := range map[string]struct {
		figure figures
		in     func(int) numbers
	}{
		"ema":         {single{newEMA(50)}, one(w.close)},
		"rsi":         {single{newRSI(14)}, one(w.close)},
		"wma":         {single{&wma{ring: newRing(50)}}, one(w.close)},
		"macd":        {newMACD(12, 26, 9), one(w.close)},
		"adx":         {newADX(14), w.candle},
		"stochastic":  {newStochastic(14, 3, 3), w.candle},
		"bollinger":   {&bollinger{newMoments(50), 2}, one(w.close)},
		"donchian":    {newDonchian(50), w.candle},
		"keltner":     {&keltner{newEMA(20), newATR(10), 2}, w.candle},
		"spread":      {&spread{newComoments(200)}, two(w.close, w.open)},
		"half-life":   {&halfLife{comoments: newComoments(500)}, one(w.close)},
		"realized":    {&realized{newReturns(hour), sma{newMoments(168)}}, one(w.close)},
		"donchian-5k": {newDonchian(5000), w.candle},
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for i := range b.N {
				bb.figure.take(bb.in(i % 4096))
				bb.figure.read()
			}
		})
	}
}

// An indicator that is warm takes no memory for a value.
func TestUpdatesDoNotAllocate(t *testing.T) {
	w := newWalk(512)
	for name, f := range map[string]figures{
		"macd": newMACD(12, 26, 9), "adx": newADX(14), "stochastic": newStochastic(14, 3, 3),
		"keltner": &keltner{newEMA(20), newATR(10), 2}, "spread": &spread{newComoments(64)},
	} {
		i := 0
		if got := testing.AllocsPerRun(1000, func() { f.take(w.candle(i % 512)); f.read(); i++ }); got != 0 {
			t.Errorf("%s: %v allocations for a value", name, got)
		}
	}
}
