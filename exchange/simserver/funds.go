package simserver

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Balance returns what a wallet holds of an asset.
func (f *Funds) Balance(w exchange.Wallet, asset string) exchange.Balance {
	return f.matching.venue.Balance(w, asset)
}

// Balances returns all that is held, by wallet and asset.
func (f *Funds) Balances() []paper.Deposit { return f.matching.venue.Balances() }

// Margin returns how a wallet's positions in an asset are covered.
func (f *Funds) Margin(w exchange.Wallet, asset string) paper.Margin {
	return f.matching.venue.Margin(w, asset)
}

// Debt is how much of an asset a wallet owes, and what the coins are worth, in it, that it
// backs as owed.
func (f *Funds) Debt(w exchange.Wallet, asset string) (owed, backed decimal.Decimal) {
	return f.matching.venue.Debt(w, asset)
}

// Leg is one position of an instrument: the only one, or in hedge mode that of a side.
func (f *Funds) Leg(id exchange.InstrumentID, side exchange.Side) paper.Leg {
	return f.matching.venue.Leg(id, side)
}

// Position returns the position in an instrument, where there is one.
func (f *Funds) Position(id exchange.InstrumentID) exchange.Position { return f.Leg(id, 0).Position() }

// PositionMargin returns the margin of a position and of the orders beside it.
func (f *Funds) PositionMargin(id exchange.InstrumentID) paper.PositionMargin {
	return f.Leg(id, 0).Margin()
}

// LiquidationPrice returns the price at which a position is closed by force; false when
// there is none.
func (f *Funds) LiquidationPrice(id exchange.InstrumentID) (decimal.Decimal, bool) {
	return f.Leg(id, 0).LiquidationPrice()
}

// Leverage returns the leverage of a contract.
func (f *Funds) Leverage(id exchange.InstrumentID) int { return f.matching.venue.Leverage(id) }

// SetLeverage changes the leverage of a contract. It is refused when the margin does
// not suffice for it.
func (f *Funds) SetLeverage(id exchange.InstrumentID, leverage int) error {
	return f.matching.venue.SetLeverage(id, leverage)
}

// Assets lists what a segment's wallet has ever held that is not zero, and what its
// contracts settle in, by name.
func (f *Funds) Assets(seg *Segment) []string {
	house := f.segments.house()
	var out []string
	for _, d := range f.matching.venue.Balances() {
		if d.Wallet.Within(house) == seg.Wallet.Within(house) {
			out = append(out, d.Asset)
		}
	}
	for _, m := range f.markets {
		if m.Segment == seg && m.In.Perp() {
			out = append(out, m.In.Settle())
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Markets are the exchange's, by instrument. The slice must not be changed.
func (f *Funds) Markets() []*Market { return f.markets }
