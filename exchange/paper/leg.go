package paper

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Leg is one position of an instrument: the only one, or in hedge mode the long or the short
// one. Of an instrument that the venue does not know everything is zero.
type Leg struct {
	v *Venue
	s *slot
}

// Leg returns a position of an instrument. The side is that of Order.PositionSide.
func (v *Venue) Leg(id exchange.InstrumentID, side exchange.Side) Leg {
	if !v.markets.known(id) {
		return Leg{v, nil}
	}
	return Leg{v, v.markets.side(id, side)}
}

// SetHedged lets contracts have a long and a short position each, or one again. It is refused
// while there is a position or an order.
func (v *Venue) SetHedged(on bool) error {
	v.cut()
	for _, s := range v.markets.slots {
		for ; s != nil; s = s.short {
			if s.held() || s.in.Perp() && len(s.orders) > 0 {
				return fmt.Errorf("%s has a position or an order", s.in.Key())
			}
		}
	}
	for _, s := range v.markets.slots {
		switch {
		case s.collateral == nil || on == (s.short != nil):
		case on:
			s.short, s.holds = newSlot(v, s.in), exchange.Buy
			s.short.holds, s.short.leverage = exchange.Sell, s.leverage
			if s.isolated() {
				s.short.isolate(true)
			}
			s.short.show(s)
		default:
			s.short.leave()
			s.short, s.holds = nil, 0
		}
	}
	return nil
}

// show takes over what another slot knows of the market.
func (s *slot) show(other *slot) {
	s.mark, s.stand, s.last, s.touch, s.synthetic, s.traded, s.settled = other.mark, other.stand, other.last, other.touch, other.synthetic, other.traded, other.settled
}

// leave ends what stands behind a position.
func (s *slot) leave() {
	if s.isolated() {
		s.isolate(false)
	}
	s.collateral.pool.drop(s)
}

// Position returns the sum of the fills in an instrument. On spot it is for
// information: balances are what counts, and fees in coin are not in it.
func (v *Venue) Position(id exchange.InstrumentID) exchange.Position { return v.Leg(id, 0).Position() }

// Deleverage closes up to q of a position at the mark price, as auto-deleveraging
// does to the winning side, and reports it as fills with the reason "adl". It
// returns what was closed.
func (v *Venue) Deleverage(id exchange.InstrumentID, q exchange.Lots, now exchange.Time) exchange.Lots {
	return v.Leg(id, 0).Deleverage(q, now)
}

// Side is which of two positions it is; 0: the only one.
func (l Leg) Side() exchange.Side {
	if l.s == nil {
		return 0
	}
	return l.s.holds
}

// Position is what was bought and sold.
func (l Leg) Position() exchange.Position {
	if l.s == nil {
		return exchange.Position{}
	}
	return exchange.Position{Qty: l.s.pos.qty, Entry: l.s.pos.entry(l.s.in), Realised: l.s.pos.realised}
}

// LiquidationPrice is the mark at which the position is closed by force while all else
// stays; false when there is none.
func (l Leg) LiquidationPrice() (decimal.Decimal, bool) {
	if l.s == nil || l.s.collateral == nil || l.s.pos.qty == 0 {
		return decimal.Zero, false
	}
	return l.v.margins.liquidatedAt(l.s)
}

// PositionMargin is the margin of one position, in its settlement asset.
type PositionMargin struct {
	Mark        decimal.Decimal
	Notional    decimal.Decimal // signed, at the mark; coins for inverse contracts
	Unrealised  decimal.Decimal
	Maintenance decimal.Decimal
	Position    decimal.Decimal // initial margin of the position alone
	Orders      decimal.Decimal // what open orders add to it
}

// Margin is the margin of the position; zero on spot.
func (l Leg) Margin() PositionMargin {
	s := l.s
	if s == nil || s.collateral == nil {
		return PositionMargin{}
	}
	price := l.v.margins.priceOf(s)
	m := PositionMargin{Mark: price}
	if s.pos.qty != 0 {
		m.Notional = valueAt(s.in, price, s.pos.qty)
		m.Unrealised = s.pos.unrealised(s.in, price)
		m.Maintenance = maintenance(s.in, s.pos.qty, price)
		m.Position = l.v.margins.positionNeeds(s)
	}
	m.Orders = l.v.margins.initial(s, nil, decimal.Zero).Sub(m.Position)
	return m
}

// Deleverage is Venue.Deleverage of one position.
func (l Leg) Deleverage(q exchange.Lots, now exchange.Time) exchange.Lots {
	v, s := l.v, l.s
	if s == nil || s.collateral == nil {
		return 0
	}
	v.cut()
	q = min(q, s.pos.qty.Abs())
	if q <= 0 {
		return 0
	}
	v.mail.now = max(v.mail.now, now)
	side := exchange.Sell
	if s.pos.qty < 0 {
		side = exchange.Buy
	}
	price := exchange.Ticks(max(1, s.in.Tick.Floor(v.margins.priceOf(s))))
	v.executions.post(s, nil, exchange.Fill{Side: side, Price: price, Qty: q, Reason: "adl"}, now)
	v.liquidator.after(s, now)
	return q
}
