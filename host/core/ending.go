package core

import (
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Unfinished names what is under way, or is not yet where it should be: orders that
// may fill, pairs that are opening or closing, transfers without an end. The next
// session on the ledger goes on with all of it, unless this one is final.
func (c *Core) Unfinished() []string {
	var out []string
	for _, o := range c.orders.open {
		in := c.u.Get(o.Instrument)
		out = append(out, fmt.Sprintf("order %s is %s: %s %s %s at %s", o.ClientID, o.Status, o.Side, in.QtyDecimal(o.Leaves()), in.Key(), in.PriceDecimal(o.Price)))
	}
	for _, m := range c.pairs.list {
		if s := m.Pair.State; m.Busy() || s == intent.PairClosing || s == intent.PairOpening {
			out = append(out, c.driver.describe(m))
		}
	}
	for _, t := range c.transfers.flying {
		if c.pairs.transferring(t.ID) == nil {
			out = append(out, fmt.Sprintf("transfer %d of %s %s from %s to %s has no answer", t.ID, t.Amount, t.Asset, t.From, t.To))
		}
	}
	return out
}

// end is the last event of a session. What is not finished is named, because nobody
// looks after it until the next one, or ever.
func (c *Core) end(ev *exchange.Event) {
	c.sampleAt = 0
	for _, s := range c.strategies.list {
		s.dirty = true
	}
	if kept := c.conditionals.keeping(); kept != "" {
		c.log(intent.Warn, -1, "orders that are held by this program do nothing while nothing runs: "+kept+"; the next session on the ledger goes on with them")
	}
	left := c.Unfinished()
	if len(left) == 0 {
		return
	}
	why := "the session ends with work under way"
	if ev.Reason != "" {
		why += " (" + ev.Reason + ")"
	}
	const most = 10
	if n := len(left); n > most {
		left = append(left[:most:most], fmt.Sprintf("and %d more", n-most))
	}
	next := "the next one goes on with it: "
	if c.cfg.Final {
		next = "nothing goes on with it, because each run of recorded data is a session of its own: "
	}
	c.log(intent.Warn, -1, why+", and "+next+strings.Join(left, "; "))
}
