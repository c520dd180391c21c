package synth

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

const (
	// majorPrints and altPrints are the mean number of prints of an instrument in
	// 10 s. An exchange has hundreds on the majors: ours are a sample that costs
	// little, so volume is smaller than on an exchange.
	majorPrints = 2.4
	altPrints   = 0.9
	maxPrints   = 12
	// majorShare and altShare are the mean value of a print as a part of the usual
	// touch. Where prints are rarer each stands for more of them.
	majorShare = 0.05
	altShare   = 0.15
	printSigma = 2.0
)

// hourShare is the part of a day's volume in each hour, UTC.
var hourShare = [24]float64{0.051, 0.046, 0.041, 0.035, 0.034, 0.029, 0.034, 0.045, 0.047, 0.041, 0.036, 0.043,
	0.048, 0.054, 0.059, 0.051, 0.049, 0.046, 0.042, 0.035, 0.034, 0.027, 0.033, 0.040}

// volumeCurve is the relative volume of each minute of the day, UTC, mean 1.
// Within an hour trading is busiest when it begins.
var volumeCurve = func() (c [1440]float64) {
	sum := 0.0
	for i := range c {
		h, m := i/60, float64(i%60)
		bell := 0.93 + 0.45*math.Exp(-m/6) + 0.12*math.Exp(-math.Abs(m-32)/4)
		c[i] = hourShare[h] * bell
		sum += c[i]
	}
	for i := range c {
		c[i] *= 1440 / sum
	}
	return c
}()

var printNoise = lognormal(printSigma)

// prints is the mean number of prints of an instrument in 10 s.
func (c *coin) prints() float64 {
	if c.major {
		return majorPrints
	}
	return altPrints
}

// count draws the number of prints of a step from a Poisson law.
func (m *Market) count(v *venue, curve float64) int {
	busy := math.Min(3, 0.65+0.35*v.asset.surge/math.Sqrt(curve)) / 0.88
	rest := math.Exp(-v.asset.prints() * m.tenth * curve * busy)
	u := unit(hash(v.seed, uint64(m.k), 2))
	n, p := 0, rest
	if u < p {
		return 0 // as in most steps
	}
	for mean := -math.Log(rest); u >= p && n < maxPrints; {
		u -= p
		n++
		p *= mean / float64(n)
	}
	return n
}

// print fills ev with the n-th trade of the step. Prints that go the way the
// market moves walk from the old touch to the new one; the others hit the old.
func (m *Market) print(ev *exchange.Event, v *venue, n int) {
	bits := hash(v.seed, uint64(m.k)<<8|uint64(n), 3)
	lift := 0.5
	if move := (v.bid + v.ask) - (v.wasBid + v.wasAsk); move > 0 {
		lift = 0.7
	} else if move < 0 {
		lift = 0.3
	}
	way := exchange.Ticks(n + 1)
	of := exchange.Ticks(v.prints)
	ev.Side, ev.Price = exchange.Sell, v.wasBid+min(0, v.bid-v.wasBid)*way/of
	if unit(bits) < lift {
		ev.Side, ev.Price = exchange.Buy, v.wasAsk+max(0, v.ask-v.wasAsk)*way/of
	}
	value := v.shape.printValue * printNoise[bits&255]
	ev.Qty = max(1, exchange.Lots(value/v.shape.lotValue(ev.Price)))
	ev.ID = v.printed + int64(n) + 1
}
