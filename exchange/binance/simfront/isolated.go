package simfront

import (
	"errors"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// marginMove is margin that was added to an isolated position, or taken from it.
type marginMove struct {
	m      *market
	side   exchange.Side
	amount decimal.Decimal // negative: taken
	at     exchange.Time
}

// kind is the type of a move: 1 adds, 2 takes.
func (v *marginMove) kind() int {
	if v.amount.IsNegative() {
		return 2
	}
	return 1
}

// movePositionMargin is POST positionMargin: type 1 adds margin to an isolated position, 2
// takes what is above its initial margin.
func (h *accountModes) movePositionMargin(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	side, f := c.readSide()
	if f != nil {
		return nil, f
	}
	amount, f := c.amount("amount")
	if f != nil {
		return nil, f
	}
	kind := c.get("type")
	switch {
	case kind != "1" && kind != "2":
		return nil, bad(-1130, "Data sent for parameter 'type' is not valid.")
	case !amount.IsPositive():
		return nil, bad(-4055, "Amount must be positive.")
	}
	move := &marginMove{m: m, side: side, amount: amount, at: h.clock.Now()}
	if kind == "2" {
		move.amount = amount.Neg()
	}
	switch err := c.account.Funds.Leg(m.In.ID, side).AddMargin(move.amount); {
	case errors.Is(err, paper.ErrCross):
		return nil, bad(-4049, "Add margin only support for isolated position.")
	case errors.Is(err, paper.ErrNoPosition):
		return nil, bad(-4054, "Cannot add position margin: position is 0.")
	case errors.Is(err, paper.ErrOwnMargin):
		return nil, bad(-4051, "Isolated balance insufficient.")
	case err != nil:
		return nil, bad(-4050, "Cross balance insufficient.")
	}
	c.account.marginMoves = append(c.account.marginMoves, move)
	c.account.events.marginMoved(m, "MARGIN_TRANSFER", []holding{c.account.holding(m, side)}, move.at)
	return object{{"amount", number(amount.String())}, {"code", 200}, {"msg", "Successfully modify position margin."}, {"type", move.kind()}}, nil
}

// marginHistory lists margin moved to isolated positions and from them, newest first.
func (h *accountModes) marginHistory(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	rows := list{}
	for i := range c.account.marginMoves {
		v := c.account.marginMoves[len(c.account.marginMoves)-1-i]
		if v.m == m {
			rows = append(rows, object{{"symbol", m.In.Symbol}, {"type", v.kind()}, {"deltaType", "USER_ADJUST"}, {"amount", v.amount.String()}, {"asset", m.In.Settle()},
				{"time", millis(v.at)}, {"positionSide", positionText(v.side)}})
		}
	}
	return rows, nil
}

// readSide reads which position of a contract is meant.
func (c *call) readSide() (exchange.Side, *fault) {
	side := exchange.Side(0)
	switch c.get("positionSide") {
	case "LONG":
		side = exchange.Buy
	case "SHORT":
		side = exchange.Sell
	case "", "BOTH":
	default:
		return 0, bad(-1130, "Data sent for parameter 'positionSide' is not valid.")
	}
	if c.account.Hedge != (side != 0) {
		return 0, bad(-4061, "Order's position side does not match user's setting.")
	}
	return side, nil
}
