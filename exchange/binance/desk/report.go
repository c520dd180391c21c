package desk

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
)

func wrongOpening(o *exchange.Order, why string) error {
	return fmt.Errorf("desk: open order %d of the ledger: %s", o.ID, why)
}

// Notice takes an event of a user stream.
func (d *Desk) Notice(n *account.Notice, now exchange.Time) {
	d.at(now)
	a := d.audit(n.Market)
	switch {
	case n.Report != nil:
		d.report(n.Report)
	case n.Funding != nil:
		a.expect(n.Funding, d.now)
	case n.Gap != "":
		a.down = ""
		a.restart(d.now)
		if !n.Begins { // else it is how every session starts
			d.note("%s: %s; the account is compared", n.Market, n.Gap)
		}
	case n.Down != "":
		a.down = n.Down
		a.restart(d.now)
		d.note("%s: the account's stream is down: %s", n.Market, n.Down)
	case n.Config != "":
		d.note("%s: a setting was changed from elsewhere: %s", n.Market, n.Config)
	}
	// Balance and Position are absolute and race with the reports of their cause:
	// the comparison reads them when nothing is under way.
}

// report takes the venue's word on an order, from wherever it comes.
func (d *Desk) report(r *account.Report) {
	in, ok := d.find(r.Market, r.Symbol)
	if !ok {
		d.lookOut(r)
		d.stranger(r)
		return
	}
	n := d.owner(in.ID, r.ClientID, r.VenueID)
	if n == nil {
		d.lookOut(r)
		switch {
		case r.Execution != nil:
			d.execution(in, r.Execution)
		case !r.Status.Terminal():
			d.foreign(r)
		}
		if r.Status.Terminal() {
			delete(d.audit(r.Market).strangers, r.VenueID)
		}
		return
	}
	d.adopt(n, r.VenueID, r.Status)
	if r.Execution != nil {
		d.execution(in, r.Execution)
	}
	n.hear(in, r)
	d.settle(n)
	d.unhold(in.ID)
}

// stranger is told of an order in a market that this session does not know.
func (d *Desk) stranger(r *account.Report) {
	if r.Execution != nil {
		d.audit(r.Market).hurry(d.now)
		d.note("%s:%s is not in this universe and was traded: %s %s at %s", r.Market, r.Symbol, r.Side, r.Execution.Qty, r.Execution.Price)
	}
}

// owner finds the order that a report or an execution is about.
func (d *Desk) owner(id exchange.InstrumentID, client string, venue int64) *order {
	if n := d.byClient[client]; n != nil && n.Instrument == id {
		return n
	}
	return d.byVenue[venueKey{id, venue}]
}

// adopt takes note that the venue has the order.
func (d *Desk) adopt(n *order, venue int64, status exchange.OrderStatus) {
	if venue != 0 && n.venue == 0 {
		n.venue, n.VenueID = venue, strconv.FormatInt(venue, 10)
		d.byVenue[venueKey{n.Instrument, venue}] = n
	}
	if n.stage == done {
		d.revive(n, status)
		return
	}
	if n.stage != live {
		n.stage, n.due, n.missed, n.tries = live, 0, 0, 0
	}
	d.resolved(n)
	if status != exchange.StatusRejected && (n.Status == exchange.StatusNew || n.Status == exchange.StatusUnknown) {
		back := exchange.StatusAccepted
		if n.Filled > 0 {
			back = exchange.StatusPartial
		}
		d.tell(n, back, word{})
	}
}

// revive handles an order that turns up after it was taken for lost. The core has
// let go of it, so it must not rest: what it has filled is booked, the rest is
// cancelled.
func (d *Desk) revive(n *order, status exchange.OrderStatus) {
	if !n.lost || status.Terminal() {
		return
	}
	d.note("order %s was taken for lost and is at the venue after all: it is cancelled", n.ClientID)
	n.stage, n.cancel, n.again, n.cancels = live, wanted, 0, 0
	if !slices.Contains(d.open, n) {
		d.open = append(d.open, n)
	}
	d.wish(n)
}

// hear keeps the report that knows most: the last word, or the most filled.
func (n *order) hear(in *exchange.Instrument, r *account.Report) {
	w := word{status: r.Status, filled: lots(in, r.Filled), reason: r.Reason, at: r.Time}
	switch {
	case n.said.status.Terminal() && (!w.status.Terminal() || w.filled <= n.said.filled):
	case w.status.Terminal() || w.filled > n.said.filled || n.said.status == 0:
		w.filled = max(w.filled, n.said.filled)
		n.said = w
	}
	if n.said.status.Terminal() {
		n.cancel, n.again = unwanted, 0
	}
}

// streamGrace is how long the stream has to bring an execution that a report
// speaks of, before the executions are asked for.
const streamGrace = 500 * exchange.Millisecond

// settle ends an order once every execution of it is here.
func (d *Desk) settle(n *order) {
	switch {
	case n.stage == done:
	case n.said.status.Terminal() && n.Filled >= n.said.filled:
		w := n.said
		if n.Filled >= n.Qty {
			w.status = exchange.StatusFilled
		}
		d.end(n, w)
	case n.Filled >= n.Qty:
		d.end(n, word{status: exchange.StatusFilled})
	case n.said.filled > n.Filled:
		d.tapes[n.Instrument].want(d.now + streamGrace)
	}
}
