package oms

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// sides keeps to one position of an instrument where an account has two.
type sides struct {
	*outbox
	*market
	*orderIndex
	balances *balances
	others   map[positionOf]decimal.Decimal // held by somebody else, as last compared
	left     map[exchange.InstrumentID]Cursor
}

// positionOf names one of two positions.
type positionOf struct {
	instrument exchange.InstrumentID
	side       exchange.Side
}

// positionNames are how people read the two.
var positionNames = map[exchange.Side]string{exchange.Buy: "LONG", exchange.Sell: "SHORT"}

// hedged reports whether an instrument has two positions.
func (s *sides) hedged(in *exchange.Instrument) bool {
	return in.Perp() && s.market.segment(in.Venue).Hedged
}

// ours is the position that is ours; 0: we have none.
func (s *sides) ours(in *exchange.Instrument) exchange.Side {
	switch q := s.balances.positions[in.ID]; {
	case q > 0:
		return exchange.Buy
	case q < 0:
		return exchange.Sell
	}
	return 0
}

// of is the position that an order changes, how much of the order may go there, and why
// nothing may be sent.
//
// The venue nets nothing: what would turn a position around closes it and opens the other,
// with two orders. Of an order that does not rest the first goes out, and whoever wants
// more sends the rest once it is done.
func (s *sides) of(o *exchange.Order) (side exchange.Side, most exchange.Lots, why string) {
	in := s.market.u.Get(o.Instrument)
	if !s.hedged(in) {
		return 0, o.Qty, ""
	}
	ours := s.ours(in)
	if ours != 0 && ours != o.Side {
		held := s.balances.positions[in.ID].Abs()
		if o.Qty > held && !o.ReduceOnly && (o.Rests() || o.TIF == exchange.FOK) {
			return ours, 0, fmt.Sprintf("hedge mode: %s of %s would turn our position of %s around: close it first", o.Side, in.QtyDecimal(o.Qty), in.QtyDecimal(held))
		}
		return ours, min(o.Qty, held), ""
	}
	if why = s.opens(in, o, ours); why != "" && o.ReduceOnly {
		return o.Side.Opposite(), 0, why
	}
	if why != "" {
		return o.Side, 0, why
	}
	return o.Side, o.Qty, ""
}

// opens says why an order may not open a position or add to it.
func (s *sides) opens(in *exchange.Instrument, o *exchange.Order, ours exchange.Side) string {
	if o.ReduceOnly {
		return "hedge mode: there is no position of ours that this order reduces"
	}
	if qty, held := s.others[positionOf{in.ID, o.Side}]; held && ours == 0 {
		return fmt.Sprintf("hedge mode: somebody else holds %s %s of %s: nothing of ours opens there until it is closed", positionNames[o.Side], qty.Abs(), in.Key())
	}
	for _, n := range s.open {
		if n.Instrument == in.ID && n.stage != done && n.PositionSide == o.Side.Opposite() && n.Side == n.PositionSide && ours == 0 {
			return fmt.Sprintf("hedge mode: order %s may open %s: cancel it first, one position is held at a time", n.ClientID, positionNames[n.PositionSide])
		}
	}
	return ""
}

// restore remembers up to where the ledger has the trades of an instrument: what others
// traded before was left alone then.
func (s *sides) restore(id exchange.InstrumentID, last Cursor) {
	if in := s.market.u.Get(id); s.hedged(in) {
		s.left[id] = last
	}
}

// foreign reports whether a trade that is not ours changes a position that is not ours.
func (s *sides) foreign(in *exchange.Instrument, e *Execution, at Cursor) bool {
	if e.PositionSide == 0 || !s.hedged(in) {
		return false
	}
	if e.PositionSide == s.ours(in) && at > s.left[in.ID] {
		return false
	}
	if at > s.left[in.ID] {
		s.note("%s: somebody else traded the %s position, %s %s at %s: it is left alone, and what it makes is found in the balance",
			in.Key(), positionNames[e.PositionSide], e.Side, e.Qty, e.Price)
	}
	return true
}

// pick takes from what the venue has in an instrument the position that is ours, and keeps
// the others. None is ours but by the ledger, also at its opening: a position that was taken
// over there would be closed by the first order against it, and one-way mode alone nets the two.
func (s *sides) pick(in *exchange.Instrument, rows []Position, seen func(key string, qty decimal.Decimal) bool) (mine Position) {
	ours := s.ours(in)
	for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		i := slices.IndexFunc(rows, func(p Position) bool { return p.Side == side })
		switch {
		case i >= 0 && side == ours:
			mine = rows[i]
			delete(s.others, positionOf{in.ID, side})
		case i >= 0:
			s.keep(in, side, rows[i].Qty, seen)
		default:
			s.keep(in, side, decimal.Zero, seen)
		}
	}
	return mine
}

// keep takes note of what somebody else holds, once two rounds have seen it alike: a fill of
// ours may be on its way.
func (s *sides) keep(in *exchange.Instrument, side exchange.Side, qty decimal.Decimal, seen func(string, decimal.Decimal) bool) {
	k := positionOf{in.ID, side}
	was, held := s.others[k]
	switch {
	case was.Equal(qty) && held == !qty.IsZero():
	case qty.IsZero():
		delete(s.others, k)
		s.note("%s: somebody else's %s position is closed", in.Key(), positionNames[side])
	case seen(positionNames[side], qty):
		s.others[k] = qty
		s.note("%s: somebody else holds %s %s (hedge mode): it is left alone, and nothing of ours opens there", in.Key(), positionNames[side], qty.Abs())
	}
}
