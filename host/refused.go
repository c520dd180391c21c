package host

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// refused counts the orders that the risk gate or the venue refused, and tells
// of some of them when the strategy has no on_order: an order that vanishes
// without a word is the hardest mistake to find. Pairs answer for what the gate denies
// them; what the venue rejects of theirs leaves a leg alone for a while, and is told.
func (p *reporter) refused(c *core.Core, o *exchange.Order, at exchange.Time) {
	if o.Status != exchange.StatusDenied && o.Status != exchange.StatusRejected {
		return
	}
	p.refusals++
	ofPair := o.Pair != 0
	if ofPair && o.Status == exchange.StatusDenied || !ofPair && c.Listens(o.Strategy, core.OnOrder) || !notable(p.refusals) {
		return
	}
	in := c.Universe().Get(o.Instrument)
	text := ""
	if ofPair {
		text = fmt.Sprintf("pair %d: ", o.Pair)
	}
	text += fmt.Sprintf("order %s: %s %s %s: %s", o.Status, o.Side, in.QtyDecimal(o.Qty), in.Key(), o.Reason)
	if p.refusals > 3 {
		text += fmt.Sprintf(" (refused so far: %d)", p.refusals)
	}
	p.log(Line{Time: at, Level: intent.Warn, Strategy: c.StrategyName(o.Strategy), Text: text})
}

// notable thins out what repeats: the first three, then every power of ten.
func notable(n int) bool {
	if n <= 3 {
		return true
	}
	for n%10 == 0 {
		n /= 10
	}
	return n == 1
}
