package synth

import (
	"math"
	"math/rand/v2"

	"github.com/perilune/perilune/exchange"
)

// Parameters of shocks: news, liquidations, a venue in trouble. A shock says
// nothing about direction; what follows it is wild for hours.
const (
	shockHalf   = 4000.0 // seconds in which the excess of volatility halves
	shockSize   = 4.4    // median excess of volatility at its beginning; 1 doubles it
	shockSD     = 0.25   // of the log of that
	shockMost   = 8.0
	shockBite   = 0.6              // excess of the slow premium per excess of volatility
	marketShock = 5 * exchange.Day // mean time between shocks of the whole market
	coinShock   = 5 * exchange.Day // ... of one coin
)

// shocks are rare bursts of volatility. When they come, and how large they are,
// depends on the seed alone; half-life and times are those of the clock.
type shocks struct {
	rng    *rand.Rand
	every  exchange.Time
	next   exchange.Time
	keep   float64 // per step
	excess float64 // of volatility now, relative to what it is without shocks
	mean   float64 // of excess
	spread float64 // its variance
	off    bool
}

func newShocks(rng *rand.Rand, every, start exchange.Time, dt float64, calm bool) shocks {
	s := shocks{rng: rng, every: every, keep: math.Exp2(-dt / shockHalf), off: calm}
	if !calm {
		s.mean, s.spread = shockLaw(every)
	}
	s.next = s.after(start)
	return s
}

func (s *shocks) after(t exchange.Time) exchange.Time {
	return t + exchange.Time(float64(s.every)*s.rng.ExpFloat64())
}

// step advances to t.
func (s *shocks) step(t exchange.Time) {
	if s.off {
		return
	}
	s.excess *= s.keep
	for t >= s.next {
		size := min(shockMost, shockSize*math.Exp(shockSD*s.rng.NormFloat64()))
		s.excess += size * math.Exp2(-float64(t-s.next)/1e9/shockHalf)
		s.next = s.after(s.next)
	}
}

// rms is the root mean square of volatility where other shocks add to these,
// relative to what it is without any.
func (s *shocks) rms(o *shocks) float64 {
	mean := 1 + s.mean + o.mean
	return math.Sqrt(mean*mean + s.spread + o.spread)
}

// shockLaw is the mean and the variance of the excess, by Campbell's theorem. The
// cap on sizes is too rare to count.
func shockLaw(every exchange.Time) (mean, variance float64) {
	life := shockHalf / math.Ln2 / (float64(every) / 1e9)
	mean = life * shockSize * math.Exp(shockSD*shockSD/2)
	return mean, life / 2 * shockSize * shockSize * math.Exp(2*shockSD*shockSD)
}
