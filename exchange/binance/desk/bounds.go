package desk

import (
	"fmt"
	"maps"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// What the desk keeps, and what becomes of more. All of it is far beyond what a
// session that is well ever has.
const (
	// openMost is how many orders may be open; one more is rejected.
	openMost = 10_000
	// movesMost is how many transfers may be under way, with those whose rows must be
	// told from theirs; one more fails.
	movesMost = 1000
	// strangersMost is how many open orders of others are told apart in a market; of
	// more nobody is told. Their fills are booked all the same.
	strangersMost = 10_000
	// paidMost is how many rows of income are known in a market. With more, income is
	// listed again from a later row on: one that shows up late before it is found by
	// the comparison.
	paidMost = 1 << 16
	// seenMost is how many executions of an instrument are known one by one. With
	// more, the older half counts as booked: one that is missing there is found by the
	// comparison.
	seenMost = 1 << 16
	// orphansMost is how many executions wait for their order's number; more are left
	// to the next listing.
	orphansMost = 10_000
)

// restart begins a round now. One that runs is given up: what it asked for may
// be from before the event that matters. Only one at a time is: while the venue
// owes the answers of one, the next is begun again after its end, so that no more
// than two rounds of questions wait for it.
func (a *audit) restart(now exchange.Time) {
	if a.left > 0 && len(a.given) > 0 {
		a.again, a.tries = true, 0
		return
	}
	maps.Copy(a.given, a.out)
	clear(a.out)
	a.left, a.due, a.tries = 0, now, 0
}

// missed takes note that events of a market's stream were dropped.
func (d *Desk) missed(m api.Market, events int) {
	d.note("%s: %d events of the account's stream came faster than they were read and were dropped; the account is compared", m, events)
	d.audit(m).restart(d.now)
}

// foreign tells, once, of an order that somebody else has working.
func (d *Desk) foreign(r *account.Report) {
	a := d.audit(r.Market)
	_, told := a.strangers[r.VenueID]
	switch {
	case told:
	case len(a.strangers) >= strangersMost:
		if !a.crowded {
			a.crowded = true
			d.note("%s: over %d orders are not ours; no more are told of, and their fills will be booked as foreign", r.Market, strangersMost)
		}
		return
	default:
		d.note("%s:%s: order %d (%q, %s %s at %s) is not ours; its fills will be booked as foreign",
			r.Market, r.Symbol, r.VenueID, r.ClientID, r.Side, r.Qty, r.Price)
	}
	a.strangers[r.VenueID] = d.now
}

// forgetStrangers drops the orders of others that were open before a listing and
// are not in it: each that is was heard of just now.
func (a *audit) forgetStrangers(asked exchange.Time) {
	maps.DeleteFunc(a.strangers, func(_ int64, heard exchange.Time) bool { return heard < asked })
	a.crowded = a.crowded && len(a.strangers) >= strangersMost
}

// forgetPaid drops the rows of income that are not listed again. How late a row may
// show up is a matter of our clock, and how old it is one of the venue's: the two may
// be far apart.
func (a *audit) forgetPaid(now exchange.Time) {
	if a.listed == 0 {
		a.listed = now
	}
	if now > a.listed+incomeOverlap {
		clear(a.unlisted) // they are older than what is listed
	}
	old := func(_ string, at exchange.Time) bool { return at < a.since }
	maps.DeleteFunc(a.paid, old)
	if more := len(a.paid) - paidMost; more > 0 {
		a.since = slices.Sorted(maps.Values(a.paid))[more-1] + exchange.Millisecond
		maps.DeleteFunc(a.paid, old)
	}
}

// forgetClaims drops the rows of the history that are too old to be a transfer's
// that is under way, or comes later: see row.
func (d *Desk) forgetClaims() {
	oldest := d.now
	for _, m := range d.moves {
		if m.stage != done {
			oldest = min(oldest, m.since)
		}
	}
	maps.DeleteFunc(d.claimed, func(_ int64, at exchange.Time) bool { return at < oldest-moveSlack })
}

// tooManyOrders says why no more orders are taken; "": they are.
func (d *Desk) tooManyOrders() string {
	if n := len(d.open); n >= openMost {
		return fmt.Sprintf("%d orders are open: want at most %d", n, openMost)
	}
	return ""
}

// tooManyMoves is the same for transfers.
func (d *Desk) tooManyMoves() string {
	if n := len(d.moves) + len(d.claimed); n > movesMost {
		return fmt.Sprintf("%d transfers are under way or just over: want at most %d", n, movesMost)
	}
	return ""
}

// forgetSeen drops the executions that are not listed again.
func (t *tape) forgetSeen() {
	old := func(id int64, _ bool) bool { return id < t.from }
	maps.DeleteFunc(t.seen, old)
	if len(t.seen) > seenMost {
		t.from = slices.Sorted(maps.Keys(t.seen))[len(t.seen)/2]
		maps.DeleteFunc(t.seen, old)
	}
}
