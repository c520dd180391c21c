package host

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// decision is an order that was sent, without the numbers that say only how many there were
// before it.
type decision struct {
	at   exchange.Time
	text string
}

// tracer notes the decisions of a session.
type tracer struct {
	core *core.Core
	into *[]decision
}

func newTracer(c *core.Core, into *[]decision) *tracer { return &tracer{c, into} }

func (t *tracer) take(ev *exchange.Event, fx []core.Effect) {
	for i := range fx {
		b, ok := fx[i].Body.(core.Submit)
		if !ok || len(*t.into) >= mostDecisions {
			continue
		}
		o := b.Order
		in := t.core.Universe().Get(o.Instrument)
		name := "host"
		if o.Strategy >= 0 {
			name = t.core.StrategyName(o.Strategy)
		}
		*t.into = append(*t.into, decision{fx[i].Time, fmt.Sprintf("%s: %s %s %s at %s", name, o.Side, in.QtyDecimal(o.Qty), in.Key(), in.PriceDecimal(o.Price))})
	}
}

// parted finds the first decision before a time that two runs do not share. What was decided
// at one time has no order. The other run's times are shifted.
func parted(without, with []decision, shift, until exchange.Time) *BiasDifference {
	a, b := arranged(without, 0, until), arranged(with, shift, until)
	for i := range max(len(a), len(b)) {
		var x, y decision
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x == y {
			continue
		}
		d := &BiasDifference{}
		at := x.at
		if at == 0 || y.at != 0 && y.at < at {
			at = y.at
		}
		if d.Time = at.String(); x.at == at {
			d.Without = x.text
		}
		if y.at == at {
			d.With = y.text
		}
		return d
	}
	return nil
}

// arranged are decisions before a time, by time and text.
func arranged(list []decision, shift, until exchange.Time) (out []decision) {
	for _, d := range list {
		if d.at -= shift; d.at < until {
			out = append(out, d)
		}
	}
	slices.SortStableFunc(out, func(a, b decision) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.text, b.text)) })
	return out
}
