package synth

import (
	"math"
	"math/rand/v2"

	"github.com/perilune/perilune/exchange"
)

// What happens in the market, and when, depends on the seed alone: a run at
// another cadence has the same squeezes and the same violent days.

const (
	// squeezeEvery is the mean time from the end of one squeeze of a coin to
	// the beginning of its next; majors wait majorPatience times as long.
	squeezeEvery  = 14 * exchange.Day
	majorPatience = 4
	// negativeShare is the part of squeezes in which the perpetual trades below.
	negativeShare = 0.25
	// violentEvery is the mean number of days between violent ones.
	violentEvery = 45
	// quietStart is how long after Start no day is violent.
	quietStart = 3 * exchange.Day
)

// squeeze is an episode in which a perpetual trades away from its index. It
// rises with half-life rise towards, and decays with half-life half from, an
// extreme of peak basis points.
type squeeze struct {
	start, end exchange.Time
	rise, half float64 // seconds
	peak       float64 // bp; negative when the perpetual trades below
	steady     bool    // does not breathe from hour to hour
	norm       float64
}

func newSqueeze(start exchange.Time, rise, half, peak float64) squeeze {
	top := rise * math.Log2(1+half/rise)
	shape := (1 - math.Exp2(-top/rise)) * math.Exp2(-top/half)
	last := top + half*math.Log2(math.Abs(peak)/0.5)
	return squeeze{start: start, end: start + exchange.Time(last*1e9), rise: rise, half: half, peak: peak, norm: peak / shape}
}

// at is the premium the squeeze adds, in bp.
func (s *squeeze) at(t exchange.Time) float64 {
	if t < s.start || t > s.end {
		return 0
	}
	x := float64(t-s.start) / 1e9
	return s.norm * (1 - math.Exp2(-x/s.rise)) * math.Exp2(-x/s.half)
}

// plot yields the squeezes of one coin in order.
type plot struct {
	rng   *rand.Rand
	major bool
	off   bool
	now   squeeze
}

// newPlot begins with the given squeeze, or with a random one after start.
func newPlot(seed uint64, coin int, major, calm bool, start exchange.Time, first *squeeze) plot {
	p := plot{rng: stream(seed, 0x5000+uint64(coin)), major: major, off: calm}
	if first != nil {
		p.now = *first
	} else {
		p.now = p.next(start)
	}
	return p
}

// at is the premium of the squeeze under way, in bp. t must not run back.
func (p *plot) at(t exchange.Time) float64 {
	if p.off {
		return 0
	}
	for t > p.now.end {
		p.now = p.next(p.now.end)
	}
	return p.now.at(t)
}

func (p *plot) next(after exchange.Time) squeeze {
	wait, size := float64(squeezeEvery), 36.0
	if p.major {
		wait, size = wait*majorPatience, 12
	}
	start := after + exchange.Time(wait*p.rng.ExpFloat64())
	peak := max(0.5*size, min(120, size*math.Exp(0.5*p.rng.NormFloat64())))
	if p.rng.Float64() < negativeShare {
		peak = -peak
	}
	return newSqueeze(start, 3600*(0.5+1.5*p.rng.Float64()), 3600*(4+9*p.rng.Float64()), peak)
}

// scene is a squeeze of a named coin.
type scene struct {
	coin string
	squeeze
}

// opening is the built-in first act: two coins of finely ticked books squeeze
// one after the other, so that whoever starts a market sees funding worth
// collecting within hours and a reason to rotate within two days.
func opening(seed uint64, start exchange.Time) [2]scene {
	cast := [...]string{"AVAX", "DOGE", "LINK"}
	h := func(i uint64) uint64 { return hash(seed, 0x0ac7, i) }
	first := h(0) % 3
	second := (first + 1 + h(1)%2) % 3
	at := func(i uint64, lo, hi float64) exchange.Time {
		return start + exchange.Time(between(h(i), lo, hi)*float64(exchange.Hour))
	}
	act := [2]scene{
		{cast[first], newSqueeze(at(2, 1, 2.5), 3600, 3600*between(h(3), 11, 14), between(h(4), 55, 75))},
		{cast[second], newSqueeze(at(5, 27, 33), 3600*1.5, 3600*between(h(6), 16, 20), between(h(7), 75, 105))},
	}
	act[0].steady, act[1].steady = true, true
	return act
}

// storm is the violent part of a violent day.
type storm struct {
	from, to exchange.Time
	drift    float64 // log return of the market over the whole of it
}

// stormOf returns the storm of the day that t is in; ok is false on most days.
func stormOf(seed uint64, t exchange.Time) (s storm, ok bool) {
	day := t / exchange.Day
	h := func(i uint64) uint64 { return hash(seed, 0x57023+uint64(day), i) }
	if unit(h(0)) >= 1.0/violentEvery {
		return storm{}, false
	}
	s.from = day*exchange.Day + exchange.Time(between(h(1), 3, 14)*float64(exchange.Hour))
	s.to = s.from + exchange.Time(between(h(2), 4, 9)*float64(exchange.Hour))
	s.drift = between(h(3), 0.04, 0.12)
	if unit(h(4)) < 0.7 {
		s.drift = -s.drift
	}
	return s, true
}

// force is how hard the storm blows at t: 0 outside, 1 in the middle.
func (s *storm) force(t exchange.Time) float64 {
	if t < s.from || t >= s.to {
		return 0
	}
	x := float64(t-s.from) / float64(s.to-s.from)
	return 4 * x * (1 - x)
}
