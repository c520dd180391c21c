package host

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/core"
)

// deskMemory is what a session remembers for those who look at it: the last lines of the
// log, prices, versions, how long handlers took. Nothing of it decides anything.
type deskMemory struct {
	handlers handlerTimes
	versions map[string]*scriptVersion // by strategy; the loop's goroutine owns it
	prices   priceLines
	lag      atomic.Int64 // ns that an event waited for the loop at most
	looked   atomic.Int64 // ns that looks took of the loop

	worth    decimal.Decimal // at worthAt, as unvalued; the loop's goroutine owns them
	unvalued string
	worthAt  time.Time

	mu       sync.Mutex
	lines    []control.LogLine // a ring of keptLines
	next     int
	booked   map[string]decimal.Decimal
	bookedAt time.Time
}

// keptLines is how many lines of the log are remembered.
const keptLines = 2000

// line remembers a line of the log; any goroutine.
func (m *deskMemory) line(l *Line) {
	v := control.LogLine{Time: l.Time.UTC(), Level: l.Level.String(), Strategy: l.Strategy, Where: l.Where, Text: l.Text}
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.lines) < keptLines {
		m.lines = append(m.lines, v)
		return
	}
	m.lines[m.next] = v
	m.next = (m.next + 1) % keptLines
}

// last are the lines, oldest first.
func (m *deskMemory) last() []control.LogLine {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append(slices.Clone(m.lines[m.next:]), m.lines[:m.next]...)
}

// effect remembers what the views need of an effect; the loop calls it.
func (m *deskMemory) effect(c *core.Core, e *core.Effect) {
	switch b := e.Body.(type) {
	case core.VersionChanged:
		name := c.StrategyName(e.Strategy)
		if m.versions == nil {
			m.versions = map[string]*scriptVersion{}
		}
		if v := m.versions[name]; v != nil && !b.Loaded {
			v.refused = b.Problem
		} else {
			m.versions[name] = &scriptVersion{hash: b.Hash, at: e.Time}
		}
	case *core.EquitySampled:
		if m.handlers.on.Load() {
			m.prices.sample(c, e.Time)
		}
	}
}

// handlerTimes are how long the handlers of each strategy took, in powers of two divided
// by four: a quantile is at most a quarter too large. It is bounded, and one goroutine
// writes it.
type handlerTimes struct {
	on    atomic.Bool // somebody may ask
	began time.Time
	whose int32
	list  [][handlerSlots]uint32 // by strategy
}

const handlerSlots = 160

// Begin implements core.Stopwatch.
func (h *handlerTimes) Begin(strategy int32) {
	if h.on.Load() {
		h.whose, h.began = strategy, time.Now()
	}
}

// End implements core.Stopwatch.
func (h *handlerTimes) End() {
	if h.began.IsZero() {
		return
	}
	took := time.Since(h.began)
	h.began = time.Time{}
	for len(h.list) <= int(h.whose) {
		h.list = append(h.list, [handlerSlots]uint32{})
	}
	slot := &h.list[h.whose][handlerSlot(uint64(max(0, took)))]
	if *slot++; *slot == 1<<31 {
		for i := range h.list[h.whose] {
			h.list[h.whose][i] /= 2
		}
	}
}

// handlerSlot is the slot of a time in ns: its power of two, and the two bits below.
func handlerSlot(ns uint64) int {
	if ns < 4 {
		return int(ns)
	}
	p := bits.Len64(ns) - 1
	return min((p-1)*4+int(ns>>(p-2)&3), handlerSlots-1)
}

// slotEnd is the largest time of a slot, in ns.
func slotEnd(slot int) float64 {
	if slot < 4 {
		return float64(slot)
	}
	p := slot/4 + 1
	return float64(uint64(4+slot%4+1) << (p - 2))
}

// quantiles are the median and the 99th hundredth of a strategy's handlers, in µs; the
// loop's goroutine asks.
func (h *handlerTimes) quantiles(strategy int) (p50, p99 float64) {
	if strategy >= len(h.list) {
		return 0, 0
	}
	slots := &h.list[strategy]
	total := uint64(0)
	for _, n := range slots {
		total += uint64(n)
	}
	if total == 0 {
		return 0, 0
	}
	at := func(q float64) float64 {
		want, seen := uint64(q*float64(total)), uint64(0)
		for i, n := range slots {
			if seen += uint64(n); seen > want || seen == total {
				return slotEnd(i) / 1e3
			}
		}
		return 0
	}
	return at(0.5), at(0.99)
}

// priceLines are the prices of all instruments over the run, thinned out as it grows
// longer: every second point goes when there are too many. The loop's goroutine owns it.
type priceLines struct {
	times  []exchange.Time
	values [][]float32 // by instrument
	every  exchange.Time
}

// keptPrices is how many points there are of each instrument: at a thousand of them four
// megabytes.
const keptPrices = 1024

// sample notes what instruments are worth.
func (p *priceLines) sample(c *core.Core, now exchange.Time) {
	if n := len(p.times); n > 0 && now < p.times[n-1]+p.every {
		return
	}
	on, u := core.Onlooker{C: c}, c.Universe()
	if p.values == nil {
		p.values = make([][]float32, u.Len())
	}
	if len(p.times) == keptPrices {
		p.thin()
	}
	p.times = append(p.times, now)
	for i := range p.values {
		p.values[i] = append(p.values[i], float32(on.Price(exchange.InstrumentID(i))))
	}
}

func (p *priceLines) thin() {
	half := len(p.times) / 2
	for i := range half {
		p.times[i] = p.times[2*i]
		for j := range p.values {
			p.values[j][i] = p.values[j][2*i]
		}
	}
	p.times = p.times[:half]
	for j := range p.values {
		p.values[j] = p.values[j][:half]
	}
	p.every = max(2*p.every, (p.times[half-1]-p.times[0])/exchange.Time(half))
}

// line is an instrument's, where it had a price.
func (p *priceLines) line(id exchange.InstrumentID, from, to exchange.Time) []control.Point {
	out := []control.Point{}
	if int(id) >= len(p.values) {
		return out
	}
	for i, t := range p.times {
		if v := p.values[id][i]; v != 0 && t >= from && (to == 0 || t < to) {
			out = append(out, control.Point{T: int64(t / exchange.Millisecond), V: float64(v)})
		}
	}
	return out
}
