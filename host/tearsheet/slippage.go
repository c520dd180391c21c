package tearsheet

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// Slippage is how much worse than the middle of the book at the moment of the decision orders
// of an instrument were filled: the implementation shortfall of what was filled, without
// fees. Positive is worse. Source: Perold, "The Implementation Shortfall", 1988.
type Slippage struct {
	Instrument string // "": all
	Orders     int
	Value      decimal.Decimal // filled, at the prices of arrival
	Cost       decimal.Decimal // in the sheet's currency
	Maker      float64         // part of the value that rested
}

// BP is the cost in parts of ten thousand of the value; false when nothing is known.
func (s *Slippage) BP() (float64, bool) {
	if !s.Value.IsPositive() {
		return 0, false
	}
	return s.Cost.InexactFloat64() / s.Value.InexactFloat64() * 1e4, true
}

// slippage compares every fill of an order whose arrival is known. The first row is of all.
func slippage(r *Record, w *walk) []Slippage {
	type sum struct {
		Slippage
		orders map[ledger.OrderKey]bool
		rested decimal.Decimal
	}
	sums := map[string]*sum{}
	for i := range r.Fills {
		f := &r.Fills[i]
		arrival, known := r.Arrivals[ledger.OrderKey{Account: f.Account, ID: f.Order}]
		if !known || f.Order == 0 || !arrival.IsPositive() || !w.within(f.Time) || !w.wants(f.Strategy) {
			continue
		}
		qty := f.Qty
		if f.Terms.Contract == exchange.Inverse { // coins, at the price of arrival
			qty = f.Qty.Mul(f.Terms.ContractSize).DivRound(arrival, places)
		}
		value := w.worth(f.Terms.Quote, qty.Mul(arrival))
		cost := w.worth(f.Terms.Quote, qty.Mul(f.Price.Sub(arrival)).Mul(decimal.NewFromInt(int64(f.Side))))
		for _, name := range []string{"", string(f.Venue) + ":" + f.Symbol} {
			s := sums[name]
			if s == nil {
				s = &sum{Slippage: Slippage{Instrument: name}, orders: map[ledger.OrderKey]bool{}}
				sums[name] = s
			}
			s.orders[ledger.OrderKey{Account: f.Account, ID: f.Order}] = true
			s.Value, s.Cost = s.Value.Add(value), s.Cost.Add(cost)
			if f.Maker {
				s.rested = s.rested.Add(value)
			}
		}
	}
	var out []Slippage
	for _, s := range sums { // order does not matter: the rows are sorted next
		s.Orders = len(s.orders)
		if s.Value.IsPositive() {
			s.Maker = s.rested.InexactFloat64() / s.Value.InexactFloat64()
		}
		out = append(out, s.Slippage)
	}
	slices.SortFunc(out, func(a, b Slippage) int { return cmp.Compare(a.Instrument, b.Instrument) })
	return out
}
