package order

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// Env is what the module needs: the orders of this strategy.
type Env interface {
	bindings.Env
	Submit(exchange.Order) exchange.OrderID
	Cancel(exchange.OrderID)
	Order(exchange.OrderID) (*exchange.Order, bool)
	Orders() []*exchange.Order // open ones, oldest first
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
