package intent

import (
	"cmp"

	"github.com/perilune/perilune/exchange"
)

// ConditionalKind says what lets a conditional order go.
type ConditionalKind uint8

const (
	PlainOrder   ConditionalKind = iota + 1 // nothing: it is worked in slices, until a time, or once another one filled
	Stop                                    // the price goes against its side: a sale below, a purchase above
	TakeProfit                              // the price comes its side's way: a sale above, a purchase below
	TrailingStop                            // the price comes back by a distance from the best that it was
)

// PriceSource is the price that a trigger is compared with.
type PriceSource uint8

const (
	// UsualPrice is the mark of a perpetual, and the last trade on spot; where the market
	// brings none of these, the last trade and then the mid.
	UsualPrice PriceSource = iota
	LastPrice
	MarkPrice
	MidPrice
)

func (s PriceSource) String() string { return [...]string{"usual", "last", "mark", "mid"}[s] }

// ConditionalRequest asks for an order that the host holds, and sends when its time has
// come. Prices that are compared are of 1e-8, because marks lie on no tick.
type ConditionalRequest struct {
	Kind       ConditionalKind
	Instrument exchange.InstrumentID
	Side       exchange.Side
	Qty        exchange.Lots  // 0 of a bracket's leg: what its entry brought
	Price      exchange.Ticks // limit of what is sent; 0: at the market
	TIF        exchange.TimeInForce
	ReduceOnly bool `json:",omitempty"`
	Borrow     bool `json:",omitempty"`

	Trigger exchange.E8 `json:",omitempty"` // of a stop and a take-profit
	Source  PriceSource `json:",omitempty"`
	// Trail or TrailPart is the distance of a trailing stop: in price, or as a part of the
	// best price. Activation is the price from which on it trails; 0: at once.
	Trail      exchange.E8 `json:",omitempty"`
	TrailPart  exchange.E8 `json:",omitempty"`
	Activation exchange.E8 `json:",omitempty"`

	Display exchange.Lots `json:",omitempty"` // most of one slice; 0: the whole at once
	Expires exchange.Time `json:",omitempty"` // 0: never
	// Closes sizes it by what the strategy holds, once its other orders of the instrument
	// have ended.
	Closes bool `json:",omitempty"`
}

// ConditionalGroup is one order, or several of which each knows the others. Legs are
// alternatives: what one fills is no other one's to fill. With an Entry they wait until it
// fills, and are as large as what it brought.
type ConditionalGroup struct {
	Entry *ConditionalRequest
	Legs  []ConditionalRequest
}

// ConditionalChange amends an order; 0 leaves what is.
type ConditionalChange struct {
	Qty     exchange.Lots // the whole, with what is filled
	Price   exchange.Ticks
	Trigger exchange.E8
}

// Zero reports whether nothing is changed.
func (c ConditionalChange) Zero() bool { return c == ConditionalChange{} }

// With is the change with a later one.
func (c ConditionalChange) With(later ConditionalChange) ConditionalChange {
	return ConditionalChange{cmp.Or(later.Qty, c.Qty), cmp.Or(later.Price, c.Price), cmp.Or(later.Trigger, c.Trigger)}
}

// Begins is the request of the group that waits for no other one of it; nil when its orders
// are alternatives.
func (g *ConditionalGroup) Begins() *ConditionalRequest {
	switch {
	case g.Entry != nil:
		return g.Entry
	case len(g.Legs) == 1:
		return &g.Legs[0]
	}
	return nil
}

// Rests reports whether what is sent of it may stay in the book.
func (r *ConditionalRequest) Rests() bool {
	return r.Price != 0 && r.TIF != exchange.IOC && r.TIF != exchange.FOK
}

// Triggers reports whether a price lets the order go.
func (r *ConditionalRequest) Triggers() bool { return r.Kind > PlainOrder }

// Falls reports whether the price has to fall to let the order go, and not to rise.
func (r *ConditionalRequest) Falls() bool {
	return (r.Side == exchange.Sell) != (r.Kind == TakeProfit)
}

// Reduces reports whether the order can only make a position smaller, or sells coins.
func (r *ConditionalRequest) Reduces(in *exchange.Instrument) bool {
	return r.ReduceOnly || r.Closes || !in.Perp() && r.Side == exchange.Sell && !r.Borrow
}

// Type words the order as scripts name it: "stop_limit".
func (r *ConditionalRequest) Type() string {
	limit := r.Price != 0
	switch {
	case r.Kind == TrailingStop:
		return "trailing_stop"
	case r.Kind == Stop && limit:
		return "stop_limit"
	case r.Kind == Stop:
		return "stop"
	case r.Kind == TakeProfit && limit:
		return "take_profit_limit"
	case r.Kind == TakeProfit:
		return "take_profit"
	case limit:
		return "limit"
	}
	return "market"
}

// SourceOn words the price that the trigger is compared with on an instrument.
func (r *ConditionalRequest) SourceOn(in *exchange.Instrument) string {
	switch {
	case r.Source != UsualPrice:
		return r.Source.String()
	case in.Perp():
		return MarkPrice.String()
	}
	return LastPrice.String()
}
