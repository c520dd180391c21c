package simserver

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// Account is one customer: parts that a front works with, each with a door of its own.
// See parts.go for how they stand to each other.
type Account struct {
	Number int
	house  string // whose customer it is
	// Hedge is hedge mode, MultiAsset multi-assets mode and Isolated what has isolated margin:
	// see SetHedged, SetMultiAsset and SetIsolated.
	Hedge      bool
	MultiAsset bool
	Isolated   map[exchange.InstrumentID]bool
	// Institutional is an account with what a venue grants to institutions alone.
	Institutional bool
	// Note is the front's.
	Note any

	Orders       *Orders       // every order
	Entry        *Entry        // new orders, changes and cancels
	Stops        *Stops        // stop orders for coins
	Lists        *Lists        // order lists for coins
	Conditionals *Conditionals // conditional orders of contracts
	Deadlines    *Deadlines    // the dead-man switch
	Funds        *Funds        // wallets, positions, transfers
	Ledger       *Ledger       // what was booked
	Outbox       *Outbox       // what is told

	matching *matching
	triggers *triggers
	poolers  []Pooler // of its fronts
	modes    Modes    // of its front
}

// SetHedged lets every contract have a long and a short position, or one again: an error says
// which has an order or a position, and nothing is changed.
func (a *Account) SetHedged(on bool) error {
	if on && !a.modes.Hedge {
		return fmt.Errorf("%s has no hedge mode", a.house)
	}
	if err := a.matching.venue.SetHedged(on); err != nil {
		return err
	}
	a.Hedge = on
	return nil
}

// SetMultiAsset lets all assets of a wallet back all of its positions, or each its own: see
// Pooler. The error says what forbids it, and nothing is changed.
func (a *Account) SetMultiAsset(on bool) error {
	if len(a.poolers) == 0 {
		return errors.New("the exchange has no multi-assets mode")
	}
	for _, p := range a.poolers {
		w, rates := p.Pool()
		if !on {
			rates = nil
		}
		if err := a.matching.venue.SetJoint(w, rates); err != nil {
			return err
		}
	}
	a.MultiAsset = on
	return nil
}

// SetIsolated gives the positions of a contract margin of their own, or that of the wallet.
// The error says what forbids it, and nothing is changed.
func (a *Account) SetIsolated(id exchange.InstrumentID, on bool) error {
	if on && !a.modes.Isolated {
		return fmt.Errorf("%s has no isolated margin", a.house)
	}
	if err := a.Funds.Leg(id, 0).SetIsolated(on); err != nil {
		return err
	}
	delete(a.Isolated, id)
	if on {
		a.Isolated[id] = true
	}
	return nil
}

// PositionSides are those of the positions that a contract can have.
func (a *Account) PositionSides() []exchange.Side {
	if a.Hedge {
		return []exchange.Side{exchange.Buy, exchange.Sell}
	}
	return []exchange.Side{0}
}

// onMarket shows a market event to the venue behind the account, and sends what waited
// for the price that it brought.
func (a *Account) onMarket(m *Market, ev *exchange.Event) {
	a.matching.venue.Market(ev)
	a.matching.drainEvents()
	a.Lists.settle() // a leg that was filled ends the other before that triggers
	a.triggers.sendReached(m)
	a.Stops.sendReached(m, a.Lists.endOthers)
	a.Lists.settle()
}

// endSymbol ends what the account has in a symbol that is delisted.
func (a *Account) endSymbol(m *Market) {
	for _, o := range a.Orders.Open(m.Segment, m) {
		o.Ended = EndedByDelist
		a.Entry.Cancel(o, "delisted")
	}
	a.Lists.settle()
	a.Conditionals.expireAll(m, "The symbol is delisted.")
	a.matching.settling = true
	a.matching.closeAtMark(m)
	a.matching.settling = false
}
