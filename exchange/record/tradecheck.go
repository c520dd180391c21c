package record

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

const (
	// tradeReach is how far outside of the best bid and ask a trade may lie, in
	// parts of its price: a hundred times as far as sweeps were seen to reach.
	tradeReach = 100
	// tradeFresh is how old the best bid and ask may be that a trade is held against.
	tradeFresh = 5 * exchange.Second
	// A best level shrinks by exactly what was traded in 15 to 70 of 100 cases; the
	// others had orders come and go. With wrong quantities none do.
	tradedLeast, tradedShare = 100, 50
)

// tradeCheck holds the trades of an instrument against its best bid and ask.
type tradeCheck struct {
	best   touch
	at     exchange.Time
	taken  [2]exchange.Lots // at the best bid and ask, since the last ticker
	seen   int64            // best levels that shrank while something was traded there
	agreed int64            // by exactly that
}

// ticker compares how the best levels changed with what was traded at them.
func (c *tradeCheck) ticker(now touch, at exchange.Time) {
	for i, was := range [...]exchange.Level{c.best.bid, c.best.ask} {
		is := [...]exchange.Level{now.bid, now.ask}[i]
		if c.taken[i] > 0 && was.Price == is.Price {
			c.seen++
			if was.Qty-is.Qty == c.taken[i] {
				c.agreed++
			}
		}
	}
	c.best, c.at, c.taken = now, at, [2]exchange.Lots{}
}

// near holds the rebuilt book against the ticker at hand, where nothing says at which
// update of the book that one is: as near as trades must be.
func (m *checked) near(r *Report, s touch, at exchange.Time) {
	c := &m.against
	if c.best.bid.Qty == 0 || c.best.ask.Qty == 0 || at-c.at > tradeFresh {
		return
	}
	r.Samples++
	if s.bid.Price-s.bid.Price/tradeReach > c.best.ask.Price || s.ask.Price+s.ask.Price/tradeReach < c.best.bid.Price {
		m.mismatch(r, s, c.best)
	}
}

// fair judges a trade's price and remembers its quantity.
func (m *checked) fair(r *Report, ev *exchange.Event, at place) {
	c := &m.against
	if c.best.bid.Qty == 0 || c.best.ask.Qty == 0 || ev.Time-c.at > tradeFresh {
		return
	}
	r.TradesCompared++
	if ev.Price+ev.Price/tradeReach < c.best.bid.Price || ev.Price-ev.Price/tradeReach > c.best.ask.Price {
		r.TradePrices++
		r.problem(at, "%s: a trade at %s while the best bid and ask are %s and %s", m.in.Key(),
			m.in.PriceDecimal(ev.Price), m.in.PriceDecimal(c.best.bid.Price), m.in.PriceDecimal(c.best.ask.Price))
	}
	switch {
	case ev.Side == exchange.Sell && ev.Price == c.best.bid.Price:
		c.taken[0] += ev.Qty
	case ev.Side == exchange.Buy && ev.Price == c.best.ask.Price:
		c.taken[1] += ev.Qty
	}
}

// quantities judges the quantities of all trades at the end.
func (m *checked) quantities(r *Report) {
	c := &m.against
	if c.seen >= tradedLeast && c.agreed*tradedShare < c.seen {
		r.TradeSizes++
		r.problem(place{}, "%s: of %d best levels at which something was traded, %d shrank by what was traded: the quantities of the trades are not those of the book",
			m.in.Key(), c.seen, c.agreed)
	}
}

// CannotFind says what a verification can't see, for people.
func (r *Report) CannotFind() []string {
	out := []string{"a wrong size deep in the book that is overwritten before it is the best or a later snapshot covers it, the first or last message missing, most tickers that another one replaced before the next diff, which side took a trade"}
	if r.Near {
		out = append(out, "a best price that is wrong by less than 1 %, because the tickers of this venue do not say at which update of the book they are")
	}
	switch {
	case r.Trades == 0:
		out = append(out, "anything about trades: there are none")
	case r.TradesCompared == 0:
		out = append(out, "wrong prices or quantities of trades: no ticker was at hand to compare them with")
	default:
		out = append(out, fmt.Sprintf("a trade's price that is off by less than %d %%, the quantity of a single trade", 100/tradeReach))
	}
	return out
}
