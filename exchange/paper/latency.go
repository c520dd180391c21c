package paper

import (
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
)

// Latency is how long a message takes in one direction.
type Latency struct {
	// Model is "lognormal" (default): Min plus a log-normal variable, such that
	// Median and P99 are the quantiles of the whole. Or "const": always Median.
	// Or "none".
	Model            string
	Min, Median, P99 exchange.Time
}

var (
	defaultLatency  = Latency{"lognormal", 5 * exchange.Millisecond, 20 * exchange.Millisecond, 120 * exchange.Millisecond}
	defaultTransfer = Latency{"lognormal", 200 * exchange.Millisecond, exchange.Second, 5 * exchange.Second}
)

// Complete is the latency as a venue has it, with what was left out. One that makes no
// sense is itself.
func (l Latency) Complete() Latency {
	if whole, err := l.withDefaults(defaultLatency); err == nil {
		return whole
	}
	return l
}

// Check says what is wrong with a latency, what was left out as it is usual.
func (l Latency) Check() error {
	_, err := l.withDefaults(defaultLatency)
	return err
}

// withDefaults takes each missing part from def.
func (l Latency) withDefaults(def Latency) (Latency, error) {
	if l.Model == "" {
		l.Model = def.Model
	}
	if l.Median == 0 {
		if l.Min == 0 && l.P99 == 0 {
			l.Min, l.P99 = def.Min, def.P99
		}
		l.Median = def.Median
	}
	if l.P99 == 0 {
		l.P99 = l.Median + 5*(l.Median-l.Min)
	}
	return l, l.check()
}

func (l Latency) check() error {
	switch {
	case l.Model != "lognormal" && l.Model != "const" && l.Model != "none":
		return fmt.Errorf(`latency model %q: want "lognormal", "const" or "none"`, l.Model)
	case l.Model == "const" && l.Median < 0:
		return fmt.Errorf("latency median %s: want 0 or more", duration(l.Median))
	case l.Model == "lognormal" && (l.Min < 0 || l.Median <= l.Min || l.P99 < l.Median):
		return fmt.Errorf("latency min %s, median %s, p99 %s: want 0 <= min < median <= p99",
			duration(l.Min), duration(l.Median), duration(l.P99))
	}
	return nil
}

func (l Latency) String() string {
	switch l.Model {
	case "none":
		return "none"
	case "const":
		return duration(l.Median)
	}
	return fmt.Sprintf("log-normal, at least %s, median %s, p99 %s", duration(l.Min), duration(l.Median), duration(l.P99))
}

// Direction is which of the messages about an order or transfer a delay is of.
type Direction uint64

const (
	ToVenue Direction = iota + 1
	CancelToVenue
	FromVenue
	TransferToVenue
	TransferBack
	TransferTransit
)

// z99 is the standard normal quantile of 0.99.
const z99 = 2.3263478740408408

// Delay implements LatencyModel. It depends on nothing but its
// arguments, so that a replay agrees and one more order shifts no other.
func (l Latency) Delay(seed, id uint64, d Direction) exchange.Time {
	switch l.Model {
	case "none":
		return 0
	case "const":
		return l.Median
	}
	u := (float64(hash(seed, id, uint64(d))>>11) + 0.5) / (1 << 53)
	z := math.Sqrt2 * math.Erfinv(2*u-1)
	scale := float64(l.Median - l.Min)
	sigma := math.Log(float64(l.P99-l.Min)/scale) / z99
	// Whole microseconds hide the last bits, in which math libraries differ.
	micros := math.Round((float64(l.Min) + float64(scale*math.Exp(sigma*z))) / float64(exchange.Microsecond))
	return exchange.Time(micros) * exchange.Microsecond
}

// hash mixes its words with the finaliser of splitmix64 (Steele et al. 2014).
func hash(words ...uint64) uint64 {
	var h uint64
	for _, w := range words {
		h += w + 0x9e3779b97f4a7c15
		h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
		h = (h ^ h>>27) * 0x94d049bb133111eb
		h ^= h >> 31
	}
	return h
}
