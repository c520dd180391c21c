package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// occasion uses up one occasion of a fault, if one is armed and due; the market 0 is
// none.
func (o *mishaps) occasion(kind string, mk api.Market, symbol string) (simserver.Fault, bool) {
	return o.faults.Occasion(kind, o.market[mk], symbol)
}

// strikes is occasion for faults that have nothing to tell but that they came.
func (o *mishaps) strikes(kind string, mk api.Market, symbol string) bool {
	return o.faults.Strikes(kind, o.market[mk], symbol)
}

// closed reports maintenance of a market.
func (o *mishaps) closed(mk api.Market) bool { return o.faults.Closed(o.market[mk]) }
