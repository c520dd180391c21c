package simfront

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/synth"
)

// House is what the venue lists in the built-in market: coins on spot, perpetuals against
// USDT and USD, and futures of the next quarter. Rules are in the manner of instruments-info in
// 2026; sizes and bounds of funding are the simulator's.
var House = synth.House{Name: api.House, List: list}

// grids are ticks and steps: of spot, and of contracts where there are any.
var grids = map[string][4]string{
	"BTC": {"0.1", "0.000001", "0.1", "0.001"}, "ETH": {"0.01", "0.00001", "0.01", "0.01"}, "BNB": {"0.1", "0.0001", "0.1", "0.01"},
	"SOL": {"0.01", "0.001", "0.01", "0.1"}, "XRP": {"0.0001", "0.01", "0.0001", "0.1"}, "DOGE": {"0.00001", "0.1", "0.00001", "1"},
	"ADA": {"0.0001", "0.01", "0.0001", "1"}, "LINK": {"0.001", "0.001", "0.001", "0.1"}, "AVAX": {"0.001", "0.001", "0.001", "0.1"},
	"SHIB": {"0.00000001", "1", "", ""},
}

func list(start exchange.Time) (out []synth.Listing) {
	quarter := synth.Quarters(start, 1)[0]
	for _, c := range synth.Coins() {
		g, ok := grids[c.Base]
		if !ok {
			continue
		}
		out = append(out, spotOf(c, g))
		if g[2] == "" {
			continue
		}
		perp := contractOf(c, g)
		out = append(out, perp)
		if !c.Major {
			continue
		}
		inverse, future := inverseOf(c, g), perp
		future.Symbol += "-" + strings.ToUpper(quarter.UTC().Format("02Jan06"))
		future.Delivery, future.FundingHours, future.Depth = quarter, 0, 0.1
		late := inverse
		late.Symbol += string("HMUZ"[(int(quarter.UTC().Month())-1)/3]) + quarter.UTC().Format("06")
		late.Delivery, late.FundingHours, late.Depth = quarter, 0, 0.1
		out = append(out, inverse, future, late)
	}
	return out
}

func instrument(c synth.Coin, category api.Category, symbol, quote, tick, lot string) exchange.Instrument {
	in := exchange.Instrument{Venue: category.Venue(), Wallet: api.Unified, Contract: category.Contract(), Symbol: symbol, Base: c.Base, Quote: quote,
		Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot), MinQty: 1, Multiplier: 1, ContractSize: decimal.NewFromInt(1), MinNotional: decimal.NewFromInt(5),
		MakerFee: decimal.New(2, -4), TakerFee: decimal.New(55, -5)}
	value := 20e6
	if c.Major {
		value = 100e6
	}
	unit := in.Lot.Float(1)
	if category != api.Inverse {
		unit *= c.Price
	}
	in.MaxQty = exchange.Lots(value / unit)
	return in
}

func spotOf(c synth.Coin, g [4]string) synth.Listing {
	in := instrument(c, api.Spot, c.Base+"USDT", "USDT", g[0], g[1])
	in.MakerFee, in.TakerFee = decimal.New(1, -3), decimal.New(1, -3)
	in.Lending = lending(c)
	return synth.Listing{Instrument: in}
}

func contractOf(c synth.Coin, g [4]string) synth.Listing {
	return synth.Listing{Instrument: funded(instrument(c, api.Linear, c.Base+"USDT", "USDT", g[2], g[3]), c.Major)}
}

// inverseOf is a contract of 1 USD.
func inverseOf(c synth.Coin, g [4]string) synth.Listing {
	return synth.Listing{Instrument: funded(instrument(c, api.Inverse, c.Base+"USD", "USD", g[2], "1"), c.Major)}
}

func funded(in exchange.Instrument, major bool) exchange.Instrument {
	in.FundingHours, in.InterestRate, in.FundingCap = 8, decimal.New(1, -4), decimal.New(2, -2)
	if major {
		in.FundingCap = decimal.New(375, -5)
	}
	in.FundingFloor = in.FundingCap.Neg()
	return in
}
