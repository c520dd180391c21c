package exchange

import "github.com/shopspring/decimal"

// MarkState is the latest mark price of a perpetual and the running estimate of
// its coming funding. The estimate moves until NextFunding and is then settled;
// it is not the rate that was settled last.
type MarkState struct {
	Mark, Index, Rate E8
	NextFunding       Time
	Hours             int  // interval that Rate is for; 8 unless the venue says otherwise
	Time              Time // of the last update; 0: none yet
	Predicted         E8   // what will probably settle; Rate where nothing better is known
}

// OpenInterest is how much of a contract is open, in its unit of quantity: base on
// USD-M, contracts on COIN-M.
type OpenInterest struct {
	Qty  Lots
	Time Time // at the venue
}

// Settled is one settled funding rate.
type Settled struct {
	Time  Time
	Rate  E8
	Mark  E8
	Hours int
}

// Trade is one public trade.
type Trade struct {
	Time  Time
	Price Ticks
	Qty   Lots
	Side  Side // of the aggressor
}

// Position is the sum of the fills in one instrument.
type Position struct {
	Qty Lots // signed
	// Entry is the average entry price: size-weighted for spot and linear
	// contracts, harmonic for inverse ones. Zero when flat.
	Entry decimal.Decimal
	// Realised is the profit of what was closed, in the settlement asset,
	// without fees and funding.
	Realised decimal.Decimal
	// FeeQty is the coins of a spot position that fees took, which are less than a lot
	// more often than not: what is left is Qty less them.
	FeeQty decimal.Decimal
}

// Held is what is left of the position, after the coins that fees took.
func (p *Position) Held(in *Instrument) decimal.Decimal { return in.QtyDecimal(p.Qty).Sub(p.FeeQty) }

// Balance is one asset in one wallet. Total = Free + Locked. For a derivatives
// wallet Free is what is not needed as margin.
type Balance struct {
	Total, Free, Locked decimal.Decimal
}
