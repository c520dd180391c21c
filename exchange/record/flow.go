package record

import (
	"fmt"
	"math"
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// flowNames are what the columns beyond volume are called: by Binance's archive, its REST
// interface's documentation, and clients that took over either. Source:
// github.com/binance/binance-public-data, "Klines".
var flowNames = [...][]string{
	{"quote_volume", "quote_asset_volume"},
	{"count", "trades", "number_of_trades"},
	{"taker_buy_volume", "taker_buy_base_volume", "taker_buy_base_asset_volume"},
}

// flowColumns is where a file of bars has what else is told of trades; 0: nowhere, for the
// first column is never one of them.
type flowColumns [len(flowNames)]int

func (p *flowColumns) find(c columns) {
	for i, names := range flowNames {
		if at, err := c.find(names...); err == nil {
			p[i] = at
		}
	}
}

// parse reads a row's; an empty field is not told. What can't be is left unknown and named:
// the bar itself is good, and was always played without.
func (p *flowColumns) parse(f [][]byte, volume float64) (out exchange.Flow, bad error) {
	for i, at := range p {
		if at == 0 || len(f[at]) == 0 {
			continue
		}
		v, err := strconv.ParseFloat(string(f[at]), 64)
		if err != nil || !(v >= 0) || math.IsInf(v, 0) || i == 1 && (v != math.Trunc(v) || v > 1<<53) {
			bad = fmt.Errorf("field %s is %q: want a number that is not negative, or nothing", flowNames[i][0], f[at])
			continue
		}
		switch i {
		case 0:
			out.Quote, out.Known = v, out.Known|exchange.FlowQuote
		case 1:
			out.Trades, out.Known = int64(v), out.Known|exchange.FlowTrades
		case 2:
			if v > volume {
				bad = fmt.Errorf("field %s is %s: want no more than the volume, %g", flowNames[i][0], f[at], volume)
				continue
			}
			out.TakerBuy, out.Known = v, out.Known|exchange.FlowTakerBuy
		}
	}
	return out, bad
}

// keepFlow remembers what is told of a bar's trades beside the bars, so that those of which
// nothing is told, which are most files', don't grow by it.
func (s *series) keepFlow(b *bar, f exchange.Flow) {
	if f.Known != 0 {
		s.flows = append(s.flows, f)
		b.flow = int32(len(s.flows))
	}
}

func (s *series) flowOf(b *bar) exchange.Flow {
	if b.flow == 0 {
		return exchange.Flow{}
	}
	return s.flows[b.flow-1]
}

// same reports whether two bars say the same.
func (s *series) same(a, b *bar) bool {
	x, y := *a, *b
	x.flow, y.flow = 0, 0
	return x == y && s.flowOf(a) == s.flowOf(b)
}
