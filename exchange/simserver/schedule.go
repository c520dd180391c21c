package simserver

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
)

// UsualEvery is the mean distance of faults for which nothing is said.
const UsualEvery = 5 * time.Second

// Chaos is faults that come by themselves: a sequence that its seed decides, and
// nothing else but the universe.
type Chaos struct {
	Seed  uint64
	Every time.Duration // mean distance; default 5 s
	// Kinds are those to choose from. Empty: every kind that passes by itself,
	// so not filter, delist, permissions and funding; with those of the front's own.
	Kinds []string
}

// passing are the kinds that leave nothing behind once they are over.
var passing = []string{"drop", "cut", "half_open", "slow", "mute", "stall", "listen_key_expired", "server_shutdown", "skew", "maintenance", "adl",
	"gap", "duplicate", "reorder", "garble", "old_book", "unavailable", "internal", "throttled", "timeout", "unknown", "reset", "429", "418", "slow_answer",
	"late_fill", "duplicate_fill", "transfer_lost", "transfer_unknown", "transfer_late"}

// Check says what is wrong with the choice, and what would be right; own are faults of
// fronts.
func (c *Chaos) Check(own ...Kinds) error {
	c, err := c.withDefaults()
	if err != nil || c == nil {
		return err
	}
	var all Kinds
	for _, k := range own {
		all.Timed, all.Occasional = append(all.Timed, k.Timed...), append(all.Occasional, k.Occasional...)
	}
	return c.checkKinds(all)
}

// checkKinds refuses kinds that there are not.
func (c *Chaos) checkKinds(own Kinds) error {
	for _, k := range c.Kinds {
		if _, err := own.act(k); err != nil {
			return fmt.Errorf("simulated exchange: %w", err)
		}
	}
	return nil
}

func (c *Chaos) withDefaults() (*Chaos, error) {
	if c == nil {
		return nil, nil
	}
	out := *c
	if out.Every == 0 {
		out.Every = UsualEvery
	}
	if out.Every < 10*time.Millisecond {
		return nil, fmt.Errorf("simulated exchange: faults every %v: want 10ms or more", out.Every)
	}
	return &out, nil
}

// chaos makes the faults of a Chaos one after the other.
type chaos struct {
	Chaos
	rng    *rand.Rand
	start  time.Time
	offset time.Duration // of the last fault made
	made   int
}

// ahead is how many faults of the schedule are armed, and so listed, at a time.
const ahead = 20

func newChaos(c Chaos, start time.Time) *chaos {
	return &chaos{Chaos: c, rng: rand.New(rand.NewPCG(c.Seed, 0xfa0175)), start: start}
}

// refill keeps the next faults of the schedule armed.
func (l *Faults) refill() {
	c, waiting := l.chaos, 0
	if c == nil || len(l.segments.list) == 0 {
		return
	}
	for _, a := range l.armed {
		if a.Scheduled > 0 {
			waiting++
		}
	}
	for ; waiting < ahead; waiting++ {
		c.offset += c.Every/2 + time.Duration(c.rng.Int64N(int64(c.Every)))
		c.made++
		f := c.draw(l)
		f.Scheduled = c.made
		at := c.start.Add(c.offset)
		f.AfterMS = c.offset.Milliseconds()
		if err := l.arm(f); err != nil {
			l.log("scheduled fault: " + err.Error())
			return
		}
		l.armed[len(l.armed)-1].at = at
	}
}

// draw makes the next fault. It draws the same numbers whatever the kind, so
// that one kind more or less shifts no more than it must.
func (c *chaos) draw(l *Faults) Fault {
	segments, markets := l.segments, l.markets
	kind := c.Kinds[c.rng.IntN(len(c.Kinds))]
	seg := segments.list[c.rng.IntN(len(segments.list))]
	in := markets[c.rng.IntN(len(markets))].In
	size := c.rng.Int64N(1000)
	f := Fault{Kind: kind, ForMS: (4 * c.Every).Milliseconds()}
	switch kind {
	case "adl", "stall", "gap", "duplicate", "reorder", "garble", "old_book", "delist", "funding", "filter":
		if own := segments.Of(in.Venue); own != nil {
			f.Market, f.Symbol = own.Name, in.Symbol
		}
	case "transfer_lost", "transfer_unknown", "transfer_late", "permissions":
	default:
		// A front may ask for an occasion before it knows the segment: what is of the whole
		// account would never come if it waited for one.
		if !slices.Contains(l.own.Occasional, kind) {
			f.Market = seg.Name
		}
	}
	c.measure(&f, in, size)
	if act, _ := l.own.act(kind); act != nil && kind != "skew" {
		f.ForMS = 0
	}
	return f
}

// measure gives a fault its lengths: size is 0 to 999.
func (c *chaos) measure(f *Fault, in *exchange.Instrument, size int64) {
	switch f.Kind {
	case "slow", "slow_answer":
		f.Millis = 20 + size/5
	case "mute", "maintenance", "418", "server_shutdown":
		f.Millis = 500 + 3*size
	case "late_fill", "transfer_late":
		f.Millis = 50 + 2*size
	case "skew":
		f.Millis = 8*size - 4000
	case "funding":
		f.Hours = []int{1, 2, 4, 8}[size%4]
	case "filter":
		f.TickSize = in.Tick.Decimal(2 + size%4).String()
	case "permissions":
		f.Permissions = []string{MayRead}
	}
}
