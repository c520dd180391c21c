package synth

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// crowded is who holds a perpetual with borrowed money: tiers of leverage, long and short.
// The positions of a tier were opened around prices of the last while, which fade with the
// time for which such a position is held. What the price moves beyond what their margin
// bears is liquidated, tier by tier, so that liquidations follow from the moves of the
// market alone: no chance is in them, and nothing follows from them.
type crowded struct {
	begun bool
	dt    float64                 // seconds of a step, that keep is for
	keep  [len(leverages)]float64 // of what a tier's positions differ from the price, after a step
	tiers [len(leverages)]struct {
		long, short float64 // log of the prices at which they were opened, on average
	}
	forced [2 * len(leverages)]forcedOrder
	n, at  int // of forced: how many, and how many were told
}

// forcedOrder is what is liquidated of a tier in a step.
type forcedOrder struct {
	side  exchange.Side
	value float64 // a part of the tier's positions
	tier  int
}

// leverages are the tiers: how far the price may go against a position before it is
// liquidated, for how long such positions are held, and their value in usual prints.
var leverages = [...]struct {
	bears float64 // log return
	half  float64 // seconds
	value float64
}{
	{0.006, 900, 40}, // 100 times
	{0.015, 3600, 120},
	{0.035, 14400, 300},
	{0.085, 86400, 600}, // 10 times
}

// step takes the price on, and finds what it liquidates.
func (c *crowded) step(v *venue, dt float64) {
	price := math.Log(v.asset.index * (1 + v.premium))
	c.n, c.at = 0, 0
	if c.dt != dt {
		c.dt = dt
		for i := range c.keep {
			c.keep[i] = math.Exp2(-dt / leverages[i].half)
		}
	}
	for i := range c.tiers {
		t, l := &c.tiers[i], &leverages[i]
		if !c.begun {
			t.long, t.short = price, price
			continue
		}
		keep := c.keep[i]
		t.long = price + (t.long-price)*keep
		t.short = price + (t.short-price)*keep
		if over := t.long - price - l.bears; over > 0 {
			t.long -= over
			c.add(exchange.Sell, over/l.bears, i)
		}
		if over := price - t.short - l.bears; over > 0 {
			t.short += over
			c.add(exchange.Buy, over/l.bears, i)
		}
	}
	c.begun = true
}

func (c *crowded) add(side exchange.Side, part float64, tier int) {
	c.forced[c.n] = forcedOrder{side, min(1, part), tier}
	c.n++
}

// pending reports whether there are forced orders that were not told.
func (c *crowded) pending() bool { return c.at < c.n }

// report fills ev with the next one: it takes the touch.
func (c *crowded) report(ev *exchange.Event, v *venue) {
	f := &c.forced[c.at]
	c.at++
	ev.Side, ev.Price = f.side, v.ask
	if f.side == exchange.Sell {
		ev.Price = v.bid
	}
	value := f.value * leverages[f.tier].value * v.shape.printValue
	ev.Qty = max(1, exchange.Lots(value/v.shape.lotValue(ev.Price)))
}
