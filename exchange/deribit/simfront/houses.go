package simfront

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/synth"
)

// House is what the venue lists in the built-in market: perpetuals, two quarters and spot
// markets of its large coins, and linear perpetuals of others.
func House() synth.House { return synth.House{Name: api.House, List: listings} }

// rest lifts the premiums of perpetuals, in bp, to the upper edge of the dead band: rates are
// nothing or little above it, most of the time.
const rest = 6.5

// terms are the steps of a coin's instruments.
type terms struct {
	base                 string
	tick, spotTick       string
	lot, inverseLot      string // in the coin, in USD; no inverse contracts without
	quarters, spot, usdt bool
}

func listings(start exchange.Time) (out []synth.Listing) {
	for _, t := range []terms{
		{"BTC", "0.5", "1", "0.001", "10", true, true, true}, {"ETH", "0.05", "0.1", "0.01", "1", true, true, true},
		{"SOL", "0.01", "0.01", "0.1", "", false, true, false}, {"XRP", "0.0001", "0.0001", "10", "", false, false, false},
	} {
		out = append(out, t.list(start)...)
	}
	return out
}

// list is what there is of a coin that the market has.
func (t *terms) list(start exchange.Time) (out []synth.Listing) {
	known := false
	for _, c := range synth.Coins() {
		known = known || c.Base == t.base
	}
	if !known {
		return nil
	}
	add := func(s api.Segment, name, quote, tick, lot string, more func(in *exchange.Instrument)) {
		in := exchange.Instrument{Venue: s.Venue(), Symbol: name, Contract: s.Contract(), Base: t.base, Quote: quote, Wallet: api.Wallet, Multiplier: 1,
			Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot), MinQty: 1}
		if s != api.Spot {
			in.TakerFee = decimal.New(5, -4)
		}
		if s == api.Inverse {
			in.ContractSize = decimal.NewFromInt(1)
		}
		if more != nil {
			more(&in)
		}
		l := synth.Listing{Instrument: in}
		if in.FundingAccrues {
			l.Rest = rest
		}
		out = append(out, l)
	}
	perpetual := func(in *exchange.Instrument) { in.FundingHours, in.FundingAccrues = 1, true }
	if t.inverseLot != "" {
		add(api.Inverse, t.base+"-PERPETUAL", "USD", t.tick, t.inverseLot, perpetual)
	}
	add(api.Linear, t.base+"_USDC-PERPETUAL", "USDC", t.tick, t.lot, perpetual)
	if t.usdt {
		add(api.Linear, t.base+"_USDT-PERPETUAL", "USDT", t.tick, t.lot, perpetual)
	}
	if t.quarters {
		for _, end := range synth.Quarters(start, 2) {
			day := strings.ToUpper(end.UTC().Format("2Jan06"))
			dated := func(in *exchange.Instrument) { in.Delivery = end }
			add(api.Inverse, t.base+"-"+day, "USD", t.tick, t.inverseLot, dated)
			add(api.Linear, fmt.Sprintf("%s_USDC-%s", t.base, day), "USDC", t.tick, t.lot, dated)
		}
	}
	if t.spot {
		// The larger step begins far above the market: clients are to know of it.
		step := func(in *exchange.Instrument) { in.Coarser = []exchange.Coarser{{From: 10_000_000, Every: 10}} }
		add(api.Spot, t.base+"_USDC", "USDC", t.spotTick, "0.0001", step)
		if t.usdt {
			add(api.Spot, t.base+"_USDT", "USDT", t.spotTick, "0.0001", step)
		}
	}
	return out
}
