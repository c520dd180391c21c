package host

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/ledger"
)

// explainHeld is what became of an order that the host holds: each of its states, with the
// events that led to them, and the orders that it sent.
func (k deskLedger) explainHeld(ctx context.Context, id exchange.OrderID) (*control.Trace, error) {
	list, err := ledger.Conditionals(k.Reader, ledger.Filter{Account: k.Account})
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(list, func(c ledger.Conditional) bool { return c.ID == id })
	if at < 0 {
		return nil, control.Errorf(control.NotFound, "there is no order %d", id)
	}
	c := &list[at]
	t := &control.Trace{Subject: fmt.Sprintf("%s %d of %s", strings.ReplaceAll(c.Type, "_", " "), id, ofHost(c.Strategy)), Steps: []control.Step{}}
	own, sent := fmt.Sprintf(" id=%d ", id), fmt.Sprintf(" parent=%d ", id)
	err = k.scan(ctx, c.Run, func(ev *exchange.Event) bool { return ev.Time < c.Created }, func(ev *exchange.Event, lines []string) bool {
		var mine []string
		for _, l := range lines {
			kind, rest, _ := strings.Cut(l, " ")
			if kind == "held" && strings.Contains(" "+rest+" ", own) || kind == "submit" && strings.Contains(" "+rest+" ", sent) {
				mine = append(mine, l)
			}
		}
		if len(mine) > 0 {
			t.Steps = append(append(t.Steps, eventStep(ev)), effectSteps(ev, mine, ackOf(ev))...)
		}
		return ev.Seq < c.Seq && len(t.Steps) < explainSteps
	})
	if err := k.missing(t, err); err != nil {
		return nil, err
	}
	t.Steps = append(t.Steps, control.Step{Seq: c.Seq, Time: max(c.Closed, c.Triggered, c.Created).UTC(), Kind: "order", Text: strings.TrimSuffix(c.State+": "+c.Reason, ": ")})
	return t, nil
}
