package schedule

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

// bookFill adds a fill to what a schedule has done.
func bookFill(s *intent.Schedule, in *exchange.Instrument, f *exchange.Fill, late bool) {
	s.Filled += f.Qty
	if f.Maker {
		s.Maker += f.Qty
	}
	if late {
		s.Late += f.Qty
	}
	s.Cost = s.Cost.Add(worth(in, f.Price, f.Qty))
	fee := f.Fee
	if f.FeeAsset == in.Base && !in.Inverse() {
		fee = fee.Mul(in.PriceDecimal(f.Price)).DivRound(decimal.NewFromInt(in.Multiplier), 16)
	}
	s.Fees = s.Fees.Add(fee)
}

// worth is what a trade costs: quote, or coin for an inverse contract.
func worth(in *exchange.Instrument, price exchange.Ticks, qty exchange.Lots) decimal.Decimal {
	if in.Inverse() {
		return in.QtyDecimal(qty).DivRound(in.PriceDecimal(price), 16)
	}
	return in.Notional(price, qty)
}

// takeAtOnce walks the side that a market order for total lots would take.
func takeAtOnce(in *exchange.Instrument, b *book.Book, side exchange.Side, total exchange.Lots) *intent.AtOnce {
	out := &intent.AtOnce{}
	b.Visit(side.Opposite(), func(l exchange.Level) bool {
		take := min(l.Qty, total-out.Qty)
		out.Qty += take
		out.Cost = out.Cost.Add(worth(in, l.Price, take))
		return out.Qty < total
	})
	return out
}

// Port is what a machine needs from the core.
type Port interface {
	intent.Markets
	// Position is the account's, of all strategies together.
	Position(exchange.InstrumentID) exchange.Lots
	// Free is how many coins of a spot market may be sold: what the wallet has, less
	// what orders lock and other pairs than this one hold.
	Free(exchange.InstrumentID, exchange.PairID) decimal.Decimal
	// Promised is how many lots other schedules than this one are to trade on a side,
	// less what their orders in the market have locked.
	Promised(exchange.InstrumentID, exchange.Side, exchange.ScheduleID) exchange.Lots
	// Volume is what an instrument traded, as far as the session saw it.
	Volume(exchange.InstrumentID) *History
	// VolumeCurve is the best curve that is known for a window.
	VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve
	// Learning reports whether more of a market's past was asked for, for a curve of a
	// window, and has not come yet. The first call asks, where it is needed and can be had.
	Learning(id exchange.InstrumentID, start, interval exchange.Time, slices int) bool
	// Check says whether an order would be let through. It has no effect.
	Check(*exchange.Order) error
	// Submit sends an order that was checked and returns its id.
	Submit(*exchange.Order) exchange.OrderID
	Cancel(exchange.OrderID)
	// Scheduled tells strategy and ledger that the schedule changed.
	Scheduled(*Machine)
}
