package market

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Env is what the module needs to show a market.
type Env interface {
	bindings.Env
	OpenInterest(exchange.InstrumentID) (exchange.OpenInterest, bool)
	LastTrade(exchange.InstrumentID) (exchange.Trade, bool)
	// Settled returns the settled funding rates of an instrument, newest last;
	// at most the last 1000.
	Settled(exchange.InstrumentID) []exchange.Settled
	// Ready reports whether the past of an instrument is here, as far as it can be had; why says
	// what is still to come, or can't be had.
	Ready(exchange.InstrumentID) (ready bool, why string)
	// Bars returns the finished bars of an instrument, newest last; at most the
	// last 1000. Length 0 is the strategy's first; BarLengths are those it can ask
	// for.
	Bars(id exchange.InstrumentID, length exchange.Time) []exchange.Bar
	BarLengths(exchange.InstrumentID) []exchange.Time
	// Quote is the best bid and ask by the ticker stream; false when there is
	// none.
	Quote(exchange.InstrumentID) (bid, ask exchange.Level, ok bool)
	Fees(exchange.InstrumentID) (maker, taker decimal.Decimal)
	// Ticker is what happened in the last 24 hours, or why nothing is known of it.
	Ticker(exchange.InstrumentID) (t intent.Ticker, why string)
	// Scan is what all perpetuals of the session's venues pay, as it was told last, or why
	// nothing is known of it. Nobody changes it.
	Scan() (s *exchange.Scan, age exchange.Time, why string)
	// VolumeCurve is the best curve that is known of a window's volume.
	VolumeCurve(id exchange.InstrumentID, start, interval exchange.Time, slices int) intent.Curve
}

func env(rt *bindings.Runtime) Env { return rt.Env().(Env) }
