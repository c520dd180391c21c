package order

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Env is what the module needs: the orders of this strategy, at venues and held by the
// host. Both have numbers of one row.
type Env interface {
	bindings.Env
	Submit(exchange.Order) exchange.OrderID
	Cancel(exchange.OrderID)
	Order(exchange.OrderID) (*exchange.Order, bool)
	Orders() []*exchange.Order // open ones, oldest first

	Hold(intent.ConditionalGroup) ([]exchange.OrderID, error)
	Conditional(exchange.OrderID) (*intent.Conditional, bool)
	Conditionals() []*intent.Conditional // that are not over, oldest first
	// Amend returns the number under which the order goes on.
	Amend(exchange.OrderID, intent.ConditionalChange) (exchange.OrderID, error)
	// CloseOwn returns the number of the order that closes what the strategy holds; 0: it
	// holds nothing.
	CloseOwn(exchange.InstrumentID) (exchange.OrderID, error)
	// Heading is the strategy's position once what is under way has filled, signed.
	Heading(exchange.InstrumentID) exchange.Lots
	Position(exchange.InstrumentID) exchange.Position
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
