package ta

import (
	"math"

	"github.com/perilune/perilune/bindings"
)

// correlation and beta are fed y and x, in this order.
type correlation struct{ comoments }

func (c *correlation) take(in numbers) { c.add(in[1], in[0]) }

func (c *correlation) read() (numbers, bool) { return numbers{c.correlation()}, c.full() }

type beta struct{ comoments }

func (b *beta) take(in numbers) { b.add(in[1], in[0]) }

func (b *beta) read() (numbers, bool) { return numbers{b.slope()}, b.full() }

// spread is what of y its line through x does not explain.
type spread struct{ comoments }

func (s *spread) take(in numbers) { s.add(in[1], in[0]) }

func (s *spread) read() (numbers, bool) {
	if !s.full() {
		return numbers{}, false
	}
	off, deviation := s.residual()
	// Below this the deviation is what rounding left of a perfect line.
	z := 0.0
	if deviation > 1e-10*math.Abs(s.my) {
		z = off / deviation
	}
	return numbers{z, off, s.slope()}, true
}

// halfLife regresses changes on the values that they start from: with the slope b, a
// deviation shrinks by the factor 1+b with each value.
type halfLife struct {
	comoments
	last  float64
	begun bool
}

func (h *halfLife) take(in numbers) {
	if h.begun {
		h.add(h.last, in[0]-h.last)
	}
	h.last, h.begun = in[0], true
}

func (h *halfLife) read() (numbers, bool) {
	phi := 1 + h.slope()
	switch {
	case phi >= 1:
		return numbers{math.Inf(1), phi}, h.full()
	case phi <= 0:
		return numbers{0, phi}, h.full()
	}
	return numbers{-math.Ln2 / math.Log(phi), phi}, h.full()
}

var (
	yArg   = bindings.Value{Name: "y", Type: "number", Doc: "finite"}
	xArg   = bindings.Value{Name: "x", Type: "number", Doc: "finite, of the same moment"}
	pairIn = []bindings.Value{yArg, xArg}
)

var (
	correlationType = object(shape{name: "Correlation", doc: "Correlation of two streams of numbers.", in: pairIn,
		out: []bindings.Value{{Name: "r", Unit: "-1 to 1"}}})
	betaType = object(shape{name: "Beta", doc: "How much of one stream moves with another.", in: pairIn,
		out: []bindings.Value{{Name: "beta", Unit: "y per x"}}})
	spreadType = object(shape{name: "Spread", doc: "What of one stream another one does not explain.", in: pairIn,
		out: []bindings.Value{{Name: "z", Unit: "standard errors of the regression", Doc: "0 when the line fits perfectly"},
			{Name: "spread", Unit: "that of y", Doc: "y less the line's value"}, {Name: "beta", Unit: "y per x", Doc: "slope of the line: the hedge ratio"}}})
	halfLifeType = object(shape{name: "HalfLife", doc: "How fast a number returns to its mean.", in: []bindings.Value{valueArg},
		out: []bindings.Value{{Name: "half_life", Unit: "values", Doc: "math.huge when it does not return, 0 when it is back at once"},
			{Name: "phi", Doc: "what is left of a deviation one value later"}}})
)

func pairs() []bindings.Func {
	n := func(rt *bindings.Runtime, least int) comoments { return newComoments(atLeast(rt, least)) }
	return []bindings.Func{
		of(correlationType, bindings.Spec{Name: "correlation", Doc: "Pearson's correlation over a window of at least 2 pairs; 0 when one side does not move. Prices that merely drift correlate: feed it returns.",
			Args:    []bindings.Value{windowArg},
			Example: "local together = ta.correlation(100)\nlocal r = together:update(0.012, 0.010)  -- returns of the same hour"},
			func(rt *bindings.Runtime) figures { return &correlation{n(rt, 2)} }),
		of(betaType, bindings.Spec{Name: "beta", Doc: "Slope of y on x by least squares over a window of at least 2 pairs; 0 when x does not move. Of returns it is the beta of finance (TA-Lib's BETA takes prices and makes the returns itself), of prices a hedge ratio.",
			Args:    []bindings.Value{windowArg},
			Example: "local b = ta.beta(100)\nlocal beta = b:update(0.012, 0.010)  -- the coin's return, the market's return"},
			func(rt *bindings.Runtime) figures { return &beta{n(rt, 2)} }),
		of(spreadType, bindings.Spec{Name: "spread", Doc: "The spread of a pair: how far y is from the line through x of the last n (at least 3), in y's units and in standard errors, with the line's slope. With a hedge ratio of your own, feed ta.zscore with y - ratio * x.",
			Args:    []bindings.Value{windowArg},
			Example: "local s = ta.spread(200)\nlocal z, spread, ratio = s:update(math.log(101.5), math.log(100.2))\nif z and z > 2 then log.info(\"y is dear: sell it, buy \" .. ratio .. \" of x\") end"},
			func(rt *bindings.Runtime) figures { return &spread{n(rt, 3)} }),
		of(halfLifeType, bindings.Spec{Name: "half_life", Doc: "Half-life of mean reversion, from a regression of changes on values over n changes (at least 3): an AR(1), which is an Ornstein-Uhlenbeck process seen at equal steps. On a window of few half-lives it comes out too short: what is estimated is biased towards reversion.",
			Args:    []bindings.Value{windowArg},
			Example: "local h = ta.half_life(500)\nlocal bars, phi = h:update(bar.close)\nif bars and bars < 50 then log.info(\"half of a deviation is gone in \" .. bars .. \" bars\") end"},
			func(rt *bindings.Runtime) figures { return &halfLife{comoments: n(rt, 3)} }),
	}
}
