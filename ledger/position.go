package ledger

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Position is the sum of fills in one instrument. Its cost is kept as a sum and
// not as an average price, so that realised and open cost add up exactly.
type Position struct {
	Strategy string
	Venue    exchange.Venue
	Symbol   string
	Terms    Terms
	Qty      decimal.Decimal // signed, in the venue's unit
	// Cost is the signed price of the open part: Σ quantity×price in quote, or
	// Σ contracts×size/price in coin for an inverse contract.
	Cost decimal.Decimal
	// Realised is the profit of what was closed at average cost, in quote or
	// for an inverse contract in coin, without fees and funding.
	Realised decimal.Decimal
}

// places is where a quotient is rounded: finer than any venue's asset.
const places = 16

// Entry is the average price of the open part: size-weighted, harmonic for an
// inverse contract. Zero when flat.
func (p *Position) Entry() decimal.Decimal {
	switch {
	case p.Qty.IsZero() || p.Cost.IsZero():
		return decimal.Zero
	case p.Terms.Contract == exchange.Inverse:
		return p.Qty.Mul(p.Terms.ContractSize).DivRound(p.Cost, places)
	}
	return p.Cost.DivRound(p.Qty, places)
}

// trade adds a signed quantity at a price and returns what that realised.
func (p *Position) trade(qty, price decimal.Decimal) decimal.Decimal {
	if p.Qty.Sign()*qty.Sign() >= 0 {
		p.Qty, p.Cost = p.Qty.Add(qty), p.Cost.Add(p.value(qty, price))
		return decimal.Zero
	}
	closing, portion := qty, p.Cost
	if qty.Abs().Cmp(p.Qty.Abs()) < 0 {
		portion = p.Cost.Mul(qty.Abs()).DivRound(p.Qty.Abs(), places)
	} else {
		closing = p.Qty.Neg()
	}
	realised := p.profit(portion, p.value(closing, price))
	p.Qty, p.Cost, p.Realised = p.Qty.Add(closing), p.Cost.Sub(portion), p.Realised.Add(realised)
	if rest := qty.Sub(closing); !rest.IsZero() {
		p.Qty, p.Cost = rest, p.value(rest, price)
	}
	return realised
}

func (p *Position) value(qty, price decimal.Decimal) decimal.Decimal {
	if p.Terms.Contract == exchange.Inverse {
		return qty.Mul(p.Terms.ContractSize).DivRound(price, places)
	}
	return qty.Mul(price)
}

// profit of closing a part that cost portion, for back (signed against it). An
// inverse contract is worth fewer coins the higher the price.
func (p *Position) profit(portion, back decimal.Decimal) decimal.Decimal {
	if p.Terms.Contract == exchange.Inverse {
		return portion.Add(back)
	}
	return back.Neg().Sub(portion)
}

// signed is the fill's quantity with the sign of its side.
func (f *Fill) signed() decimal.Decimal {
	if f.Side == exchange.Sell {
		return f.Qty.Neg()
	}
	return f.Qty
}

// owing reports whether interest was charged on what the position is short of.
func (p *Position) owing(x *WalletIncome) bool {
	return p.Terms.Contract == exchange.Spot && p.Terms.Base == x.Asset && p.Qty.IsNegative()
}

func newPosition(f *Fill) *Position {
	return &Position{Strategy: f.Strategy, Venue: f.Venue, Symbol: f.Symbol, Terms: f.Terms}
}

// Positions adds up the fills of each strategy and instrument, in order of
// strategy, venue and symbol. Positions that are flat again are included. Coins that
// a fee took on spot are gone.
func (rd *Reader) Positions(f Filter) ([]Position, error) {
	type key struct {
		strategy string
		venue    exchange.Venue
		symbol   string
	}
	byKey := make(map[key]*Position)
	err := rd.EachFill(f, func(x *Fill) error {
		k := key{x.Strategy, x.Venue, x.Symbol}
		p := byKey[k]
		if p == nil {
			p = newPosition(x)
			byKey[k] = p
		}
		p.trade(x.signed(), x.Price)
		if x.Terms.Contract == exchange.Spot && x.FeeAsset == x.Terms.Base {
			p.trade(x.Fee.Neg(), x.Price)
		}
		return nil
	})
	out := make([]Position, 0, len(byKey))
	for _, p := range byKey {
		out = append(out, *p)
	}
	sortPositions(out)
	return out, err
}
