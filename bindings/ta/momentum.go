package ta

import "github.com/perilune/perilune/bindings"

// rsi is Wilder's relative strength index as TA-Lib's RSI has it: the averages begin
// with the mean of the first n changes.
type rsi struct {
	up, down wilder
	last     float64
	begun    bool
}

func newRSI(n int) *rsi { return &rsi{up: wilder{n: n}, down: wilder{n: n}} }

func (r *rsi) update(x float64) {
	if r.begun {
		r.up.update(max(x-r.last, 0))
		r.down.update(max(r.last-x, 0))
	}
	r.last, r.begun = x, true
}

// value is 50 when nothing ever changed: neither side is the stronger one.
func (r *rsi) value() (float64, bool) {
	up, ok := r.up.value()
	all := up + r.down.mean
	if all == 0 {
		return 50, ok
	}
	return 100 * up / all, ok
}

// macd is TA-Lib's MACD: both averages have their first value at the same moment, so
// the fast one leaves out what comes before its own window then.
type macd struct {
	fast, slow, signal *ema
	late               int // values that the fast average still leaves out
	line               float64
}

func newMACD(fast, slow, signal int) *macd {
	return &macd{fast: newEMA(fast), slow: newEMA(slow), signal: newEMA(signal), late: slow - fast}
}

func (m *macd) take(in numbers) {
	m.slow.update(in[0])
	if m.late > 0 {
		m.late--
		return
	}
	m.fast.update(in[0])
	slow, ok := m.slow.value()
	if !ok {
		return
	}
	m.line = m.fast.mean - slow
	m.signal.update(m.line)
}

func (m *macd) read() (numbers, bool) {
	signal, ok := m.signal.value()
	return numbers{m.line, signal, m.line - signal}, ok
}

// stochastic is TA-Lib's STOCH with simple averages.
type stochastic struct {
	low, high extreme
	slow, d   *sma
}

func newStochastic(n, slow, d int) *stochastic {
	return &stochastic{low: newExtreme(n, -1), high: newExtreme(n, 1), slow: &sma{newMoments(slow)}, d: &sma{newMoments(d)}}
}

// MemoryBytes is what its windows take.
func (s *stochastic) MemoryBytes() int {
	return s.low.bytes() + s.high.bytes() + s.slow.MemoryBytes() + s.d.MemoryBytes()
}

func (s *stochastic) take(in numbers) {
	s.high.push(in[0])
	s.low.push(in[1])
	if !s.high.full() {
		return
	}
	high, _ := s.high.value()
	low, _ := s.low.value()
	raw := 50.0 // of a window without a range
	if high > low {
		raw = 100 * (in[2] - low) / (high - low)
	}
	s.slow.update(raw)
	if k, ok := s.slow.value(); ok {
		s.d.update(k)
	}
}

func (s *stochastic) read() (numbers, bool) {
	d, ok := s.d.value()
	return numbers{s.slow.mean, d}, ok
}

// roc is the change in percent since n values ago.
type roc struct{ ring }

func (r *roc) update(x float64) { r.push(x) }

func (r *roc) value() (float64, bool) {
	before, ok := r.get(len(r.v))
	now, _ := r.get(1)
	if !ok || before == 0 {
		return 0, ok
	}
	return 100 * (now/before - 1), ok
}

// wma weighs the newest of n values n times, the oldest once.
type wma struct {
	ring
	sum, weighted float64
}

func (w *wma) update(x float64) {
	n := float64(len(w.v))
	if !w.full() {
		w.push(x)
		w.sum += x
		w.weighted += float64(w.seen) * x
		return
	}
	old, _ := w.push(x)
	w.weighted += n*x - w.sum
	w.sum += x - old
	if w.next == 0 {
		w.recompute()
	}
}

// recompute, once per window, drops what rounding left.
func (w *wma) recompute() {
	w.sum, w.weighted = 0, 0
	for i, x := range w.v {
		w.sum += x
		w.weighted += float64(i+1) * x
	}
}

func (w *wma) value() (float64, bool) {
	n := float64(len(w.v))
	return w.weighted / (n * (n + 1) / 2), w.full()
}

var macdType = object(shape{name: "MACD", doc: "Moving average convergence and divergence.", in: []bindings.Value{valueArg},
	out: []bindings.Value{{Name: "macd", Unit: "that of x", Doc: "fast average less slow average"},
		{Name: "signal", Unit: "that of x", Doc: "exponential average of macd"}, {Name: "histogram", Unit: "that of x", Doc: "macd less signal"}}})

var stochasticType = object(shape{name: "Stochastic", doc: "The stochastic oscillator.", in: candle,
	out: []bindings.Value{{Name: "k", Unit: "0 to 100"}, {Name: "d", Unit: "0 to 100", Doc: "average of k"}}})

func momentum() []bindings.Func {
	return []bindings.Func{
		maker("rsi", "Wilder's relative strength index, 0 to 100; it needs one value more than its length. It agrees with TA-Lib, but says 50 where nothing ever changed.",
			length("n", "length in changes; 14 when left out"), func(rt *bindings.Runtime) indicator { return newRSI(windowOr(rt, 1, 14, 1)) }),
		of(macdType, bindings.Spec{Name: "macd", Doc: "Moving average convergence and divergence, as TA-Lib has it: it says something from the first value of the signal on.",
			Args:    []bindings.Value{length("fast", "12 when left out"), length("slow", "26 when left out; longer than fast"), length("signal", "9 when left out")},
			Example: "local m = ta.macd(12, 26, 9)\nlocal macd, signal, histogram = m:update(bar.close)\nif histogram and histogram > 0 then log.info(\"above its signal\") end"},
			func(rt *bindings.Runtime) figures {
				fast, slow := windowOr(rt, 1, 12, 1), windowOr(rt, 2, 26, 2)
				if fast >= slow {
					rt.Arg(2).Fail("want more than fast, which is %d, got %d", fast, slow)
				}
				return newMACD(fast, slow, windowOr(rt, 3, 9, 1))
			}),
		of(stochasticType, bindings.Spec{Name: "stochastic", Doc: "The slow stochastic oscillator with simple averages, as TA-Lib's STOCH, but 50 where the window has no range.",
			Args:    []bindings.Value{length("n", "length in bars; 14 when left out"), length("slow", "average that makes k; 3 when left out"), length("d", "average of k; 3 when left out")},
			Example: "local s = ta.stochastic(14, 3, 3)\nlocal k, d = s:update(bar.high, bar.low, bar.close)\nif k and k < 20 and k > d then log.info(\"turns up\") end"},
			func(rt *bindings.Runtime) figures {
				return newStochastic(windowOr(rt, 1, 14, 1), windowOr(rt, 2, 3, 1), windowOr(rt, 3, 3, 1))
			}),
		maker("roc", "Rate of change: by how many percent a value is above that of n values before.", windowArg,
			func(rt *bindings.Runtime) indicator { return &roc{newRing(window(rt) + 1)} }),
		maker("wma", "Weighted moving average: the newest of n values counts n times, the oldest once.", windowArg,
			func(rt *bindings.Runtime) indicator { return &wma{ring: newRing(window(rt))} }),
	}
}
