package synth

import (
	"math"
	"math/rand/v2"
)

// The market draws in two ways. What has a memory (prices, volatility,
// premiums) comes from one generator per process, stepped once per step. What
// has none (book quantities, prints) is a hash of where and when it is, so that
// nothing needs to be drawn while time is skipped.

// stream returns the generator of one process of one market.
func stream(seed, process uint64) *rand.Rand {
	return rand.New(rand.NewPCG(seed, mix(process+0x9e3779b97f4a7c15)))
}

// mix is the finalizer of SplitMix64.
func mix(x uint64) uint64 {
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// hash returns 64 uniform bits that depend on all three arguments.
func hash(a, b, c uint64) uint64 {
	return mix(a + b*0x9e3779b97f4a7c15 + c*0xd1b54a32d192ed03)
}

// unit maps bits to [0, 1).
func unit(bits uint64) float64 { return float64(bits>>11) / (1 << 53) }

// between maps bits to [lo, hi).
func between(bits uint64, lo, hi float64) float64 { return lo + (hi-lo)*unit(bits) }

// lognormal tabulates a lognormal variable of mean 1 at equally likely points,
// so that a byte of hash picks a draw without a transcendental function.
func lognormal(sigma float64) *[256]float64 {
	var t [256]float64
	sum := 0.0
	for i := range t {
		z := math.Sqrt2 * math.Erfinv(2*(float64(i)+0.5)/256-1)
		t[i] = math.Exp(sigma * z)
		sum += t[i]
	}
	for i := range t {
		t[i] *= 256 / sum
	}
	return &t
}

// ou is an Ornstein–Uhlenbeck process around zero, exact at any step.
type ou struct{ keep, kick, x float64 }

// newOU starts a process from its stationary law. half is the half-life and dt
// the step, both in seconds.
func newOU(rng *rand.Rand, sd, half, dt float64) ou {
	keep := math.Exp2(-dt / half)
	return ou{keep: keep, kick: sd * math.Sqrt(1-keep*keep), x: sd * rng.NormFloat64()}
}

func (o *ou) step(rng *rand.Rand) { o.x = o.keep*o.x + o.kick*rng.NormFloat64() }

// scale makes the process smaller or larger by a factor.
func (o *ou) scale(by float64) { o.x, o.kick = by*o.x, by*o.kick }
