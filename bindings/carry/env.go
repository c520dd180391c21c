package carry

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// Env is what the module needs beside books.
type Env interface {
	bindings.Env
	// Settled returns the settled funding rates of an instrument, newest last;
	// six weeks of hourly ones and more of others.
	Settled(exchange.InstrumentID) []exchange.Settled
	// Ready reports whether the past of an instrument is here, as far as it can be had.
	Ready(exchange.InstrumentID) (ready bool, why string)
	Fees(exchange.InstrumentID) (maker, taker decimal.Decimal)
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
