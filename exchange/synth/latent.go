package synth

import (
	"math"
	"math/rand/v2"

	"github.com/perilune/perilune/exchange"
)

// Parameters of the processes; calibration.go says where they come from.
const (
	marketVol   = 5.1  // root mean square return of the market in one minute, bp
	fastVolSD   = 0.24 // of the log of volatility, half-life 15 min
	slowVolSD   = 0.14 // of the log of volatility, half-life 12 h
	regimeVolSD = 0.18 // of the log of volatility of all coins at once, half-life 3 days
	moodBite    = 10.0 // premium, bp, per unit of mood beyond moodEdge
	moodEdge    = 0.9
	stormVol    = 3.0 // how much more volatile a storm is at its height
	stormBp     = 22  // premium against the move at a storm's height
	// Premiums move between settlements: standard deviation, bp; half-life 1.6 h.
	altPremium   = 2.6
	majorPremium = 1.4
	pullHalf     = 90 * 86400.0
	jumpsPerDay  = 3.0
)

// weather is what all coins share.
type weather struct {
	rng        *rand.Rand
	gales      *rand.Rand // of the regime
	fast, slow ou         // log volatility
	regime     ou         // ... of the whole market
	mood       ou         // appetite for leverage
	storm      storm
	stormy     bool
	shocks     shocks
	rms        float64 // of volatility

	ret   float64 // log return of the market over the last step
	force float64 // of a storm, 0 to 1, now
	push  float64 // of the mood on premiums, bp
	tide  float64 // volatility of the regime relative to its mean
	beat  float64 // volatility now relative to its mean
}

func newWeather(opt *Options, dt float64) weather {
	seed := opt.Seed
	rng := stream(seed, 1)
	w := weather{rng: rng, fast: newOU(rng, fastVolSD, 900, dt), slow: newOU(rng, slowVolSD, 43200, dt), mood: newOU(rng, 1, 4*86400, dt),
		regime: newOU(stream(seed, 2), regimeVolSD, 3*86400, dt), gales: stream(seed, 3),
		shocks: newShocks(stream(seed, 4), marketShock, opt.Start, dt, opt.Calm)}
	w.rms = w.shocks.rms(&shocks{})
	return w
}

// calmly is exp(x) scaled so that the mean square over the law of the two
// volatility processes is 1.
func calmly(fast, slow float64) float64 {
	return math.Exp(fast + slow - fastVolSD*fastVolSD - slowVolSD*slowVolSD)
}

// step advances to t. dt is in seconds, day the volatility of the time of day.
func (w *weather) step(m *Market, t exchange.Time, dt, day float64) {
	w.fast.step(w.rng)
	w.slow.step(w.rng)
	w.mood.step(w.rng)
	w.regime.step(w.gales)
	w.tide = math.Exp(w.regime.x - regimeVolSD*regimeVolSD)
	w.shocks.step(t)
	w.push = moodBite * math.Max(0, w.mood.x-moodEdge)
	if t%exchange.Day == 0 {
		w.storm, w.stormy = m.storm(t)
	}
	w.force = 0
	drift := 0.0
	if w.stormy && t > w.storm.from && t <= w.storm.to {
		w.force = w.storm.force(t)
		drift = w.storm.drift * dt * 1e9 / float64(w.storm.to-w.storm.from)
	}
	w.beat = calmly(w.fast.x, w.slow.x) * w.tide * day * ((1 + w.shocks.excess + (stormVol-1)*w.force) / w.rms)
	w.ret = marketVol*1e-4*math.Sqrt(dt/60)*w.beat*w.rng.NormFloat64() + drift
	w.ret += m.jump(w.rng, dt, w.tide, 20)
}

// storm returns the storm of the day that begins at t, unless it is too early
// or the market is calm.
func (m *Market) storm(t exchange.Time) (storm, bool) {
	if m.opt.Calm || t < m.opt.Start+quietStart {
		return storm{}, false
	}
	return stormOf(m.opt.Seed, t)
}

// jump is a rare extra return with a standard deviation of size bp. Jumps come
// together: more in a violent regime.
func (m *Market) jump(rng *rand.Rand, dt, tide, size float64) float64 {
	u, z := rng.Float64(), rng.NormFloat64()
	if m.opt.Calm || u >= jumpsPerDay*tide*dt/86400 {
		return 0
	}
	return size * 1e-4 * z
}

// asset is the latent state of one coin.
type asset struct {
	*coin
	rng        *rand.Rand
	fast, slow ou
	plot       plot
	shocks     shocks
	log, home  float64 // log of the index, now and at Start
	rms        float64 // of volatility, with the shocks of the market
	usual      float64 // size of the return of a step

	index   float64
	squeeze float64 // premium, bp
	surge   float64 // |return| of the last step relative to a usual one
}

func newAsset(m *Market, i int, dt float64, act [2]scene) asset {
	c := &coins[i]
	a := asset{coin: c, rng: stream(m.opt.Seed, 0x100+uint64(i)), home: math.Log(c.price)}
	a.fast, a.slow = newOU(a.rng, fastVolSD, 900, dt), newOU(a.rng, slowVolSD, 43200, dt)
	a.log, a.index = a.home, c.price
	a.shocks = newShocks(stream(m.opt.Seed, 0x300+uint64(i)), coinShock, m.opt.Start, dt, m.opt.Calm)
	a.rms = a.shocks.rms(&m.weather.shocks)
	a.usual = math.Hypot(a.beta*marketVol, a.idio) * 1e-4 * math.Sqrt(dt/60)
	var first *squeeze
	for j := range act {
		if act[j].coin == c.base {
			first = &act[j].squeeze
		}
	}
	a.plot = newPlot(m.opt.Seed, i, c.major, m.opt.Calm, m.opt.Start, first)
	return a
}

func (a *asset) step(m *Market, t exchange.Time, dt, day float64) {
	a.fast.step(a.rng)
	a.slow.step(a.rng)
	a.shocks.step(t)
	a.squeeze = a.plot.at(t)
	minute := math.Sqrt(dt / 60)
	beat := calmly(a.fast.x, a.slow.x) * m.weather.tide * day * (1 + math.Abs(a.squeeze)/60)
	beat *= (1 + a.shocks.excess + m.weather.shocks.excess + (stormVol-1)*m.weather.force) / a.rms
	ret := a.beta*m.weather.ret + a.idio*1e-4*minute*beat*a.rng.NormFloat64()
	ret += m.jump(a.rng, dt, m.weather.tide, 4*a.idio)
	a.log += ret + (a.home-a.log)*dt*math.Ln2/pullHalf
	a.index = math.Exp(a.log)
	a.surge = math.Abs(ret) / a.usual
}

// venue is the latent state of one instrument.
type venue struct {
	in    *exchange.Instrument
	asset *asset
	rules *rules
	rng   *rand.Rand
	scale float64 // from the index to ticks
	seed  uint64
	shape shape

	mass         ou // log of the depth
	resilience   float64
	shock        float64 // log depth taken away by moves, recovering
	slow, fast   ou      // premium or tracking error, bp
	premium      float64 // fraction of the index
	bid, ask     exchange.Ticks
	wasBid       exchange.Ticks // touch before the last step
	wasAsk       exchange.Ticks
	prints       int     // trades of the last step
	printed      int64   // trades before the last step
	perp         *perp   // nil on spot
	crowded      crowded // who is in the perpetual with borrowed money
	abroad       *abroad // nil in the built-in listing
	ladders      [2]ladder
	bidsB, asksB []exchange.Level
}

func (v *venue) step(m *Market, t exchange.Time, dt, curve float64) {
	v.mass.step(v.rng)
	v.slow.step(v.rng)
	v.fast.step(v.rng)
	v.shock = v.shock*v.resilience + 0.12*math.Max(0, v.asset.surge-1.5)*math.Min(1, dt/10)
	v.premium = 1e-4 * (v.slow.x + v.fast.x)
	if v.abroad != nil {
		v.premium += v.abroad.step(m, t)
	}
	switch {
	case v.perp == nil:
	case v.in.Dated():
		v.perp.step(m, v, t, dt)
	default:
		wild := shockBite * (v.asset.shocks.excess + m.weather.shocks.excess)
		v.premium += 1e-4 * (v.pressure(m) + wild*v.slow.x)
		v.perp.step(m, v, t, dt)
	}
	v.quote(m)
	if v.perp != nil && !v.in.Dated() {
		v.crowded.step(v, dt)
	}
	v.printed += int64(v.prints)
	v.prints = m.count(v, curve)
}

// pressure is the part of a perpetual's premium that has a cause, in bp.
func (v *venue) pressure(m *Market) float64 {
	part := 1.0
	if v.in.Inverse() {
		part = 0.8
	}
	storm := stormBp * m.weather.force * v.asset.beta
	if m.weather.storm.drift < 0 {
		storm = -storm
	}
	// Squeezes breathe, from hour to hour and from minute to minute.
	breath := 1 + 0.08*v.fast.x
	if !v.asset.plot.now.steady {
		breath += math.Max(-0.8, math.Min(0.8, 0.2*v.slow.x))
	}
	if v.abroad != nil {
		part *= v.abroad.share
	}
	squeeze := v.asset.squeeze * part * breath
	return v.asset.rest + m.weather.push*v.asset.beta/1.5 + squeeze + storm
}

// lean is the log of the depth now; below zero the book is thinner than usual.
func (v *venue) lean(m *Market) float64 {
	return v.mass.x - math.Min(v.shock, 1.5) - m.weather.force
}

// quote sets the touch around the middle price. A thin book is also a wide one.
func (v *venue) quote(m *Market) {
	wide := v.rules.spread
	if thin := -v.lean(m) - 0.7; thin > 0 { // in few steps
		wide *= math.Exp(0.6 * thin)
	}
	spread := exchange.Ticks(wide + unit(hash(v.seed, uint64(m.k), 1)))
	spread = max(1, spread)
	middle := v.asset.index * (1 + v.premium) * v.scale
	v.wasBid, v.wasAsk = v.bid, v.ask
	v.bid = exchange.Ticks(math.Round(middle - float64(spread)/2))
	v.ask = v.bid + spread
}

// thickness quantises the depth, so that a book is not rewritten whenever the
// depth drifts a little.
func (v *venue) thickness(m *Market) float64 {
	return math.Exp(0.3 * math.Round(v.lean(m)/0.3))
}
