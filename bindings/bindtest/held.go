package bindtest

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Hold implements order.Env: the first number is that of how many were held before, from 100.
func (e *Env) Hold(g intent.ConditionalGroup) ([]exchange.OrderID, error) {
	if e.HoldError != nil {
		return nil, e.HoldError
	}
	e.Held = append(e.Held, g)
	n := len(g.Legs)
	if g.Entry != nil {
		n++
	}
	ids := make([]exchange.OrderID, n)
	for i := range ids {
		ids[i] = exchange.OrderID(100*len(e.Held) + i)
	}
	return ids, nil
}

// Conditional implements order.Env.
func (e *Env) Conditional(id exchange.OrderID) (*intent.Conditional, bool) {
	for _, c := range e.ConditionalList {
		if c.ID == id {
			return c, true
		}
	}
	return nil, false
}

// Conditionals implements order.Env.
func (e *Env) Conditionals() []*intent.Conditional { return e.ConditionalList }

// Amend implements order.Env: the order goes on under its number.
func (e *Env) Amend(id exchange.OrderID, ch intent.ConditionalChange) (exchange.OrderID, error) {
	e.Amended = append(e.Amended, ch)
	return id, e.HoldError
}

// CloseOwn implements order.Env.
func (e *Env) CloseOwn(id exchange.InstrumentID) (exchange.OrderID, error) {
	if e.HoldError != nil || e.Positions[id].Qty == 0 {
		return 0, e.HoldError
	}
	e.ClosedOwn = append(e.ClosedOwn, id)
	return 1, nil
}

// Heading implements order.Env.
func (e *Env) Heading(id exchange.InstrumentID) exchange.Lots { return e.HeadingTo[id] }
