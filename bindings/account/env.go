package account

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// Env is what the module needs to show the account.
type Env interface {
	bindings.Env
	Position(exchange.InstrumentID) exchange.Position // of this strategy
	Balance(wallet exchange.Wallet, asset string) exchange.Balance
	Margin(wallet exchange.Wallet, asset string) exchange.Margin // of a derivatives wallet
	PositionMargin(exchange.InstrumentID) exchange.Margin        // of the account's position in a contract
	Equity() decimal.Decimal                                     // in the account's currency
	Fees(exchange.InstrumentID) (maker, taker decimal.Decimal)
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
