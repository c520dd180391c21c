package simserver

import "github.com/perilune/perilune/exchange"

// Account is one customer: parts that a front works with, each with a door of its own.
// See parts.go for how they stand to each other.
type Account struct {
	Number int
	house  string // whose customer it is
	// Hedge is hedge mode: see SetHedged. MultiAsset is multi-assets mode and Isolated what has
	// isolated margin; they can be set, so that a client can be seen to find them, and a front
	// refuses to trade in them.
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
	Conditionals *Conditionals // conditional orders of contracts
	Deadlines    *Deadlines    // the dead-man switch
	Funds        *Funds        // wallets, positions, transfers
	Ledger       *Ledger       // what was booked
	Outbox       *Outbox       // what is told

	matching *matching
	triggers *triggers
}

// SetHedged lets every contract have a long and a short position, or one again: an error says
// which has an order or a position, and nothing is changed.
func (a *Account) SetHedged(on bool) error {
	if err := a.matching.venue.SetHedged(on); err != nil {
		return err
	}
	a.Hedge = on
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
	a.triggers.sendReached(m)
	a.Stops.sendReached(m)
}

// endSymbol ends what the account has in a symbol that is delisted.
func (a *Account) endSymbol(m *Market) {
	for _, o := range a.Orders.Open(m.Segment, m) {
		o.Ended = EndedByDelist
		a.Entry.Cancel(o, "delisted")
	}
	a.Conditionals.expireAll(m, "The symbol is delisted.")
	a.matching.settling = true
	a.matching.closeAtMark(m)
	a.matching.settling = false
}
