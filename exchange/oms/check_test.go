package oms

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// finish ends the faults, lets go of every order and lets everything settle.
func (s *sim) finish() {
	s.calm = true
	if s.down {
		s.until(s.now + 40*exchange.Second)
	}
	s.until(s.now + 40*exchange.Second)
	for id := exchange.OrderID(1); id <= s.lastID; id++ {
		if o := s.ledger.byID[id]; !o.Status.Terminal() {
			s.manager.Cancel(id, s.now)
		}
	}
	s.pump()
	s.until(s.now + 4*exchange.Minute)
}

// check compares the ledger with the venue's own account, to the last digit.
func (s *sim) check() {
	s.t.Helper()
	bad := s.ledger.bad
	fail := func(format string, args ...any) { bad = append(bad, fmt.Sprintf(format, args...)) }
	for p, total := range s.house.wallets { // order does not matter: all are told
		if ours := s.ledger.wallets[p]; !ours.Equal(total) {
			fail("%s %s: the venue has %s, the ledger %s", p.wallet, p.asset, total, ours)
		}
	}
	for _, in := range s.u.All() {
		if ours := in.QtyDecimal(s.ledger.positions[in.ID]); in.Perp() && !ours.Equal(s.house.positions[in.ID]) {
			fail("position in %s: the venue has %s, the ledger %s", in.Key(), s.house.positions[in.ID], ours)
		}
	}
	s.checkTrades(fail)
	s.checkOrders(fail)
	extra := decimal.Zero
	for _, ev := range s.ledger.adjusted {
		if ev.Reason != "opening balance" && full(ev.Wallet) == spot {
			extra = extra.Add(ev.Amount)
		}
	}
	if !extra.Equal(s.moved) {
		fail("adjustments of the spot wallet are %s, and only %s was moved by a stranger", extra, s.moved)
	}
	if h := s.manager.Health(); !h.Ready() || h.Unknown+h.Unowned+h.Transfers+h.Working > 0 {
		fail("it does not come to rest: %s", h.String())
	}
	if len(bad) > 0 {
		for _, line := range s.trace[max(0, len(s.trace)-tail):] {
			s.t.Log(line)
		}
		s.t.Fatal(bad)
	}
}

const tail = 300

// checkTrades: every trade of the venue is in the ledger once, and with the order
// it belongs to.
func (s *sim) checkTrades(fail func(string, ...any)) {
	owner := map[string]string{}
	for i := range s.house.trades {
		e := &s.house.trades[i]
		owner[e.TradeID] = e.ClientID
		if !s.ledger.seen[string(e.Venue.Within("house"))+":"+e.Symbol+":"+e.TradeID] {
			fail("trade %s of %s is lost", e.TradeID, e.ClientID)
		}
	}
	for _, f := range s.ledger.fills {
		theirs, ok := owner[f.TradeID]
		if !ok {
			fail("a fill that the venue does not know: %+v", f)
			continue
		}
		ours := ""
		if o := s.ledger.byID[f.Order]; o != nil {
			ours = o.ClientID
		}
		if theirs != ours && (ours != "" || theirs[:2] == "t-") {
			fail("trade %s belongs to %q, and is booked on %q", f.TradeID, theirs, ours)
		}
	}
}

// checkOrders: nothing was placed twice, and every order came to what the venue
// says.
func (s *sim) checkOrders(fail func(string, ...any)) {
	for _, o := range s.ledger.orders {
		in := s.u.Get(o.Instrument)
		if n := s.house.placed[o.ClientID]; n > 1 {
			fail("order %d was placed %d times", o.ID, n)
		}
		theirs := s.house.find(in.Venue, in.Symbol, o.ClientID)
		if theirs == nil {
			if o.Status != exchange.StatusRejected && o.Status != exchange.StatusCanceled {
				fail("order %d is %s and never reached the venue", o.ID, o.Status)
			}
			continue
		}
		if !theirs.Status.Terminal() || theirs.Status != o.Status || !in.QtyDecimal(o.Filled).Equal(theirs.Filled) {
			fail("order %d: the venue has it %s with %s, the ledger %s with %s", o.ID, theirs.Status, theirs.Filled, o.Status, in.QtyDecimal(o.Filled))
		}
	}
}
