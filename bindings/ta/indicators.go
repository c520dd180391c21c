package ta

import (
	"math"
	"slices"
)

// ring holds the last values, oldest overwritten first.
type ring struct {
	v    []float64
	next int // where the coming value goes
	seen int // all values ever
}

// MemoryBytes is what a window takes, with what is kept beside its values.
func (r *ring) MemoryBytes() int { return 32*len(r.v) + 128 }

func newRing(n int) ring { return ring{v: make([]float64, n)} }

func (r *ring) full() bool { return r.seen >= len(r.v) }

func (r *ring) count() int { return min(r.seen, len(r.v)) }

// push returns the value that fell out, if one did.
func (r *ring) push(x float64) (old float64, dropped bool) {
	old, dropped = r.v[r.next], r.full()
	r.v[r.next] = x
	r.next = (r.next + 1) % len(r.v)
	r.seen++
	return old, dropped
}

// get returns a value by age, 1 being the newest.
func (r *ring) get(age int) (float64, bool) {
	if age > r.count() {
		return 0, false
	}
	return r.v[(r.next-age+len(r.v))%len(r.v)], true
}

// moments keeps the mean and the sum of squared deviations of a window. The
// running update loses a little precision each time, so once per window they
// are computed anew, which keeps the cost per value constant on average.
type moments struct {
	ring
	mean, m2 float64
	peak     float64 // of m2 since it was last computed from scratch: its rounding error is of that size
}

// canceled is how far m2 may fall below its peak and keep ten digits.
const canceled = 1e-6

func newMoments(n int) moments { return moments{ring: newRing(n)} }

func (m *moments) update(x float64) {
	old, dropped := m.push(x)
	switch {
	case m.next == 0:
		m.recompute()
	case dropped:
		before := m.mean
		m.mean += (x - old) / float64(len(m.v))
		m.m2 += (x - old) * (x - m.mean + old - before)
		if m.m2 < m.peak*canceled {
			m.recompute()
		}
	default:
		d := x - m.mean
		m.mean += d / float64(m.seen)
		m.m2 += d * (x - m.mean)
	}
	m.peak = max(m.peak, m.m2)
}

func (m *moments) recompute() {
	sum := 0.0
	for _, x := range m.v {
		sum += x
	}
	m.mean, m.m2 = sum/float64(len(m.v)), 0
	for _, x := range m.v {
		m.m2 += (x - m.mean) * (x - m.mean)
	}
	m.peak = m.m2
}

func (m *moments) deviation() float64 {
	return math.Sqrt(max(m.m2, 0) / float64(len(m.v)-1))
}

type sma struct{ moments }

func (s *sma) value() (float64, bool) { return s.mean, s.full() }

type stdev struct{ moments }

func (s *stdev) value() (float64, bool) { return s.deviation(), s.full() }

type zscore struct{ moments }

func (z *zscore) value() (float64, bool) {
	if !z.full() {
		return 0, false
	}
	newest, _ := z.get(1)
	// Below this the deviation is what rounding left of a constant window.
	d := z.deviation()
	if d <= 1e-12*math.Abs(z.mean) {
		return 0, true
	}
	return (newest - z.mean) / d, true
}

type ema struct {
	n, seen int
	mean    float64
}

func newEMA(n int) *ema { return &ema{n: n} }

func (e *ema) update(x float64) {
	e.seen++
	if e.seen <= e.n {
		e.mean += (x - e.mean) / float64(e.seen)
		return
	}
	e.mean += 2 / float64(e.n+1) * (x - e.mean)
}

func (e *ema) value() (float64, bool) { return e.mean, e.seen >= e.n }

// wilder is Wilder's smoothing: the mean of the first n values, then weight 1/n for
// the newest.
type wilder struct {
	n, seen int
	mean    float64
}

func (w *wilder) update(x float64) {
	w.seen++
	w.mean += (x - w.mean) / float64(min(w.seen, w.n))
}

func (w *wilder) value() (float64, bool) { return w.mean, w.seen >= w.n }

type atr struct {
	wilder
	close float64
}

func newATR(n int) *atr { return &atr{wilder: wilder{n: n}} }

func (a *atr) update(high, low, last float64) {
	tr := high - low
	if a.seen > 0 {
		tr = trueRange(high, low, a.close)
	}
	a.close = last
	a.wilder.update(tr)
}

func trueRange(high, low, before float64) float64 {
	return max(high-low, math.Abs(high-before), math.Abs(low-before))
}

// quantile keeps its window twice: by age and by size.
type quantile struct {
	ring
	q      float64
	sorted []float64
}

func newQuantile(n int, q float64) *quantile {
	return &quantile{ring: newRing(n), q: q, sorted: make([]float64, 0, n)}
}

func (w *quantile) update(x float64) {
	if old, dropped := w.push(x); dropped {
		i, _ := slices.BinarySearch(w.sorted, old)
		w.sorted = slices.Delete(w.sorted, i, i+1)
	}
	i, _ := slices.BinarySearch(w.sorted, x)
	w.sorted = slices.Insert(w.sorted, i, x)
}

func (w *quantile) value() (float64, bool) {
	if !w.full() {
		return 0, false
	}
	at := w.q * float64(len(w.sorted)-1)
	i := int(at)
	if i+1 == len(w.sorted) {
		return w.sorted[i], true
	}
	return w.sorted[i] + (at-float64(i))*(w.sorted[i+1]-w.sorted[i]), true
}

// rolling is a window with its sum and extremes.
type rolling struct {
	moments
	low, high extreme
}

func newRolling(n int) *rolling {
	return &rolling{moments: newMoments(n), low: newExtreme(n, -1), high: newExtreme(n, 1)}
}

// MemoryBytes counts the candidates for extremes, too.
func (r *rolling) MemoryBytes() int { return r.moments.MemoryBytes() + r.low.bytes() + r.high.bytes() }

func (r *rolling) push(x float64) {
	r.update(x)
	r.low.push(x)
	r.high.push(x)
}

func (r *rolling) sum() (float64, bool) { return r.moments.mean * float64(r.count()), r.seen > 0 }

func (r *rolling) mean() (float64, bool) { return r.moments.mean, r.seen > 0 }

func (r *rolling) min() (float64, bool) { return r.low.value() }

func (r *rolling) max() (float64, bool) { return r.high.value() }
