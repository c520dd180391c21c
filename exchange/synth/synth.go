// Package synth is the built-in market: what a newcomer sees without a network,
// and what long tests run on. Its prices are made up, but their volatility,
// spreads, depth, volume and funding are of the size that was recorded on real
// markets (see [Calibration]).
//
// # What it assumes
//
// One USDT is one USD. A coin has one index price, and its spot market, linear
// and inverse perpetuals all trade around it. Nobody reacts to our orders: the
// market is an input. The settlement of funding follows the exchange's present
// formula (package funding) exactly; what it is fed is simulated.
//
// # What it models
//
// A market factor and a factor per coin with clustered volatility, jumps and
// the rhythm of the day; rarely a violent day; now and then a shock, of one coin
// or of all, after which volatility is a multiple of the usual for hours. Premiums that revert to a
// slightly negative rest, move within hours, follow the market's appetite for leverage, and now
// and then are squeezed for a day or two; of several houses, differences of premiums and funding
// of which a part lasts for a week. Books of [Depth] levels a side that thin out
// when prices move and then recover. Prints, and mark prices.
//
// # What it does not model
//
// Market impact, queues, news, correlation of squeezes with the direction of
// the price, listing and delisting, outages and gaps, auto-deleveraging, and a
// USDT that leaves its peg. Order books carry no forecast, and no rule of the
// model makes prices predictable: a strategy that earns from direction here has
// found noise.
//
// # Determinism
//
// A market is a function of its options. Same seed, start and step: same
// events, bit for bit, on one machine architecture. [Options.Skip] moves along
// the same path without emitting.
package synth

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/perilune/perilune/exchange"
)

// Began is when a market starts for which nothing else is said.
var Began = exchange.Date(2026, 1, 5)

// Options choose one market. The zero value is a market of seed 0 from
// 2026-01-05 with a step of 10 s and no end.
type Options struct {
	Seed  uint64
	Start exchange.Time // a multiple of Step; 0 means 2026-01-05T00:00Z
	// Step is how often each instrument's book changes: 100 ms to 1 min, and a
	// whole part of a minute. 0 means 10 s. Squeezes, shocks and violent days
	// do not depend on it; prices do.
	Step exchange.Time
	// Until ends the feed before the first step after it; 0: it never ends.
	Until exchange.Time
	// Skip moves to the first step at or after this time without emitting, and
	// starts there with snapshots: an interrupted session goes on with the same
	// prices, books and ids that it would have seen. 0: from Start.
	Skip exchange.Time
	// Calm leaves out squeezes (also the opening ones), jumps, shocks and violent
	// days.
	Calm bool
	// Houses are the venues of the market; none: the built-in listing alone.
	Houses []House
}

func (o *Options) check() error {
	if o.Start == 0 {
		o.Start = Began
	}
	if o.Step == 0 {
		o.Step = 10 * exchange.Second
	}
	if len(o.Houses) == 0 {
		o.Houses = []House{{}}
	}
	switch {
	case o.Step < 100*exchange.Millisecond || o.Step > exchange.Minute || exchange.Minute%o.Step != 0:
		return fmt.Errorf("simulated market: step %v ns: want 100 ms to 1 min and a whole part of a minute", int64(o.Step))
	case o.Start < 0 || o.Start%o.Step != 0:
		return fmt.Errorf("simulated market: start %v: want a multiple of the step after 1970", o.Start)
	case o.Until != 0 && o.Until < o.Start:
		return fmt.Errorf("simulated market: until %v is before start %v", o.Until, o.Start)
	case o.Skip != 0 && o.Skip < o.Start:
		return fmt.Errorf("simulated market: skip to %v is before start %v", o.Skip, o.Start)
	}
	return nil
}

// Market is the simulated market. It implements exchange.Feed.
type Market struct {
	opt      Options
	universe *exchange.Universe
	weather  weather
	assets   []asset
	venues   []venue       // in order of emission: the markets of a coin are neighbours
	drifts   []*drift      // of the houses but the built-in one
	slot     exchange.Time // between neighbours
	tenth    float64       // step as a part of 10 s

	k     int64 // step
	first int64 // step of the snapshots
	cursor
}

// cursor is where in a step the feed is.
type cursor struct {
	settling bool
	at       int // index in venues
	part     int // prints done; then the book; then the mark
}

// New returns a market at its beginning. It fails when the options are out of
// range.
func New(opt Options) (*Market, error) {
	if err := opt.check(); err != nil {
		return nil, err
	}
	u, err := universe(&opt)
	if err != nil {
		return nil, fmt.Errorf("simulated market: %w", err)
	}
	m := &Market{opt: opt, universe: u, tenth: float64(opt.Step) / float64(10*exchange.Second)}
	dt := float64(opt.Step) / 1e9
	m.populate(dt)
	m.advance()
	if opt.Skip > opt.Start {
		m.first = int64((opt.Skip - opt.Start + opt.Step - 1) / opt.Step)
	}
	for m.k < m.first {
		m.k++
		m.advance()
	}
	return m, nil
}

// populate creates the latent state. Every process has its own generator, so
// that adding one changes no other.
func (m *Market) populate(dt float64) {
	seed := m.opt.Seed
	m.weather = newWeather(&m.opt, dt)
	act := opening(seed, m.opt.Start)
	m.assets = make([]asset, len(coins))
	listings, drifts := make([][]Listing, len(m.opt.Houses)), make([]*drift, len(m.opt.Houses))
	for j := range m.opt.Houses {
		if h := &m.opt.Houses[j]; !h.builtIn() {
			listings[j], drifts[j] = h.List(m.opt.Start), newDrift(seed, h, dt)
			m.drifts = append(m.drifts, drifts[j])
		}
	}
	own := uint64(0) // the number of an instrument of the built-in listing
	for i := range coins {
		m.assets[i] = newAsset(m, i, dt, act)
		a := &m.assets[i]
		for j := range m.opt.Houses {
			if h := &m.opt.Houses[j]; !h.builtIn() {
				m.settle(h, drifts[j], listings[j], a, dt)
				continue
			}
			m.add(a, exchange.Spot, &a.spot, &own, dt)
			m.add(a, exchange.Linear, &a.coin.perp, &own, dt)
			if a.inverse != nil {
				m.add(a, exchange.Inverse, a.inverse, &own, dt)
			}
		}
	}
	m.slot = min(20*exchange.Millisecond, m.opt.Step/exchange.Time(2*len(m.venues)))
	m.settling = true
}

// add puts an instrument of the built-in listing into the market, under a number of its own.
func (m *Market) add(a *asset, kind exchange.Contract, r *rules, own *uint64, dt float64) {
	in, _ := m.universe.Find(venues[kind], r.symbol)
	m.venues = append(m.venues, m.newVenue(a, in, r, stream(m.opt.Seed, 0x1000+*own), hash(m.opt.Seed, 0x2000, *own), dt))
	*own++
}

// newVenue makes the latent state of an instrument.
func (m *Market) newVenue(a *asset, in *exchange.Instrument, r *rules, rng *rand.Rand, seed uint64, dt float64) venue {
	v := venue{in: in, asset: a, rules: r, rng: rng, seed: seed}
	v.scale = float64(in.Multiplier) / in.Tick.Float(1)
	v.mass = newOU(v.rng, 0.3, 300, dt)
	v.resilience = math.Exp2(-dt / 120)
	if !in.Perp() || in.Dated() {
		v.slow, v.fast = newOU(v.rng, 0.2, 3600, dt), newOU(v.rng, 0.3, 60, dt)
	} else {
		tide := altPremium
		if a.major {
			tide = majorPremium
		}
		v.slow, v.fast = newOU(v.rng, tide, 1.6*3600, dt), newOU(v.rng, 1.2, 180, dt)
	}
	if in.Perp() {
		v.perp = newPerp(in, m.opt.Start, dt)
	}
	v.shape = newShape(a.coin, in, r, v.seed, m.opt.Step)
	v.bidsB = make([]exchange.Level, 0, 2*Depth)
	v.asksB = make([]exchange.Level, 0, 2*Depth)
	return v
}

// now is the time of the current step.
func (m *Market) now() exchange.Time { return m.opt.Start + exchange.Time(m.k)*m.opt.Step }

// advance brings the latent state to the current step.
func (m *Market) advance() {
	t, dt := m.now(), float64(m.opt.Step)/1e9
	curve := volumeCurve[t%exchange.Day/exchange.Minute]
	day := math.Sqrt(curve)
	m.weather.step(m, t, dt, day)
	for i := range m.assets {
		m.assets[i].step(m, t, dt, day)
	}
	for _, d := range m.drifts {
		d.step(d.rng)
	}
	for i := range m.venues {
		m.venues[i].step(m, t, dt, curve)
	}
}

// Universe returns the instruments of the market.
func (m *Market) Universe() *exchange.Universe { return m.universe }

// Close does nothing; a market holds nothing that needs to be released.
func (m *Market) Close() error { return nil }
