package synth

import (
	"math/bits"

	"github.com/perilune/perilune/exchange"
)

// Depth is how many levels a side of every book has.
const Depth = 20

// fineLevels is how many of them lie close together behind the touch.
const fineLevels = 4

// From level farLevel on, counted from 0, the book is farMass times as dense.
const (
	farLevel = 11
	farMass  = 1.5
)

// ladder is a whole book of Depth levels a side, best first. It is a pure
// function of the latent state and the step, so skipping time loses nothing.
type ladder struct{ bids, asks [Depth]exchange.Level }

// shape is what the quantities of one instrument's book follow.
type shape struct {
	seed         uint64
	fine, coarse exchange.Ticks
	lotUnit      float64 // USD value of a lot per tick of price
	lotFixed     float64 // or, for inverse contracts, whatever the price
	topValue     float64 // USD at the touch
	printValue   float64 // mean USD of a print
	tickValue    float64 // USD behind each tick of price beyond the touch
	life         uint    // log2 of the steps that a level keeps its quantity
}

var sizeNoise = lognormal(0.6)

// build fills one side outwards from its touch. mass scales all quantities.
// Beyond the touch, levels sit on a lattice of prices, so that most of them
// stay where they are when the touch moves.
func (s *shape) build(out *[Depth]exchange.Level, side exchange.Side, touch exchange.Ticks, step int64, mass float64) {
	out[0] = exchange.Level{Price: touch, Qty: s.quantity(touch, side, uint64(step), s.topValue*mass)}
	value := s.tickValue * mass
	p := s.fill(out[1:1+fineLevels], side, touch, s.fine, step, value)
	p = s.fill(out[1+fineLevels:farLevel], side, p, s.coarse, step, value)
	s.fill(out[farLevel:], side, p, s.coarse, step, value*farMass)
}

// fill puts levels on the multiples of gap that are worse than p, and returns
// the last price.
func (s *shape) fill(out []exchange.Level, side exchange.Side, p, gap exchange.Ticks, step int64, tickValue float64) exchange.Ticks {
	away := gap * exchange.Ticks(-side)
	if off := p % gap; side == exchange.Sell {
		p -= off
	} else if off > 0 {
		p += gap - off
	}
	for i := range out {
		p += away
		out[i] = exchange.Level{Price: p, Qty: s.resting(p, side, step, tickValue*float64(gap))}
	}
	return p
}

// resting keeps the same noise for some steps; prices take turns in changing.
func (s *shape) resting(p exchange.Ticks, side exchange.Side, step int64, value float64) exchange.Lots {
	turn := uint64(p*5) & (1<<s.life - 1)
	return s.quantity(p, side, 1<<48|(uint64(step)+turn)>>s.life, value)
}

func (s *shape) quantity(p exchange.Ticks, side exchange.Side, epoch uint64, value float64) exchange.Lots {
	noise := sizeNoise[hash(s.seed+uint64(side), uint64(p), epoch)&255]
	return max(1, exchange.Lots(value*noise/s.lotValue(p)))
}

// diff appends to out what turns the side was into the side is, best first;
// levels that are gone get quantity zero.
func diff(out []exchange.Level, was, is *[Depth]exchange.Level, side exchange.Side) []exchange.Level {
	i, j := 0, 0
	for i < Depth || j < Depth {
		switch {
		case i == Depth || (j < Depth && better(is[j].Price, was[i].Price, side)):
			out = append(out, is[j])
			j++
		case j == Depth || better(was[i].Price, is[j].Price, side):
			out = append(out, exchange.Level{Price: was[i].Price})
			i++
		default:
			if was[i].Qty != is[j].Qty {
				out = append(out, is[j])
			}
			i, j = i+1, j+1
		}
	}
	return out
}

func better(a, b exchange.Ticks, side exchange.Side) bool {
	return (a-b)*exchange.Ticks(side) > 0
}

// quantityLife is how long a level keeps its quantity at most.
const quantityLife = 90 * exchange.Second

// Books of spot markets and of inverse contracts relative to the linear one.
const (
	spotPart    = 0.35
	inversePart = 0.5
)

func newShape(c *coin, in *exchange.Instrument, r *rules, seed uint64, step exchange.Time) shape {
	part := 1.0
	switch in.Contract {
	case exchange.Spot:
		part = spotPart
	case exchange.Inverse:
		part = inversePart
	}
	if r.depth > 0 {
		part *= r.depth
	}
	s := shape{
		seed: seed, fine: exchange.Ticks(r.fine), coarse: exchange.Ticks(r.coarse),
		lotUnit: in.Tick.Float(1) * in.Lot.Float(1), topValue: c.top * part,
		life: uint(bits.Len64(uint64(quantityLife/step)) - 1),
	}
	s.printValue = s.topValue * altShare
	if c.major {
		s.printValue = s.topValue * majorShare
	}
	ticks := 10e-4 * c.price * float64(in.Multiplier) / in.Tick.Float(1)
	s.tickValue = c.depth * part / ticks
	if in.Inverse() {
		s.lotUnit, s.lotFixed = 0, float64(r.contract)
	}
	return s
}

// lotValue is the USD value of one lot at price p.
func (s *shape) lotValue(p exchange.Ticks) float64 { return s.lotFixed + s.lotUnit*float64(p) }
