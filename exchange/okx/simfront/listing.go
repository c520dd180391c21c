package simfront

import (
	"math"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/synth"
)

// House is what the venue lists in the built-in market.
func House() synth.House { return synth.House{Name: api.House, List: Lists} }

// Lists are its instruments in a market that begins at a time: every coin against USDT, as
// coins and as a perpetual, and the two largest as inverse contracts and dated ones.
func Lists(start exchange.Time) (out []synth.Listing) {
	for _, c := range synth.Coins() {
		out = append(out, spot(c), perpetual(c))
		if c.Base != "BTC" && c.Base != "ETH" {
			continue
		}
		out = append(out, inverse(c))
		for _, end := range synth.Quarters(start, 2) {
			day := end.UTC().Format("060102")
			for _, l := range []synth.Listing{perpetual(c), inverse(c)} {
				l.Venue, l.Delivery, l.FundingHours, l.FundingCap, l.FundingFloor = api.Futures.Venue(), end, 0, decimal.Zero, decimal.Zero
				l.Symbol = l.Base + "-" + l.Quote + "-" + day
				l.Depth = 0.3
				out = append(out, l)
			}
		}
	}
	return out
}

// fine is a step of about a part of a price, a power of ten.
func fine(price, part float64) exchange.Step {
	places := int(math.Ceil(-math.Log10(price * part)))
	return exchange.StepOf(decimal.New(1, int32(-max(0, places))))
}

func spot(c synth.Coin) synth.Listing {
	lot := fine(1/c.Price, 0.01)
	return synth.Listing{Instrument: exchange.Instrument{Venue: api.Spot.Venue(), Symbol: c.Base + "-USDT", Base: c.Base, Quote: "USDT", Wallet: api.Trading, Multiplier: 1,
		Tick: fine(c.Price, 2e-6), Lot: lot, MinQty: 10, MakerFee: decimal.New(8, -4), TakerFee: decimal.New(1, -3), Lending: lending(c)}}
}

// perpetual is a contract of some hundred USDT, of which a hundredth can be traded.
func perpetual(c synth.Coin) synth.Listing {
	places := int32(math.Floor(math.Log10(600 / c.Price)))
	size := decimal.New(1, places)
	return synth.Listing{Instrument: exchange.Instrument{Venue: api.Swap.Venue(), Symbol: c.Base + "-USDT-SWAP", Contract: exchange.Linear, Base: c.Base, Quote: "USDT", Wallet: api.Trading,
		Multiplier: 1, ContractSize: size, Tick: fine(c.Price, 2e-6), Lot: exchange.StepOf(decimal.New(1, places-2)), MinQty: 1, MakerFee: decimal.New(2, -4), TakerFee: decimal.New(5, -4),
		FundingHours: 8, FundingCap: decimal.New(375, -5), FundingFloor: decimal.New(-375, -5), InterestRate: decimal.New(1, -4)}}
}

func inverse(c synth.Coin) synth.Listing {
	size := int64(100)
	if c.Base != "BTC" {
		size = 10
	}
	return synth.Listing{Instrument: exchange.Instrument{Venue: api.Swap.Venue(), Symbol: c.Base + "-USD-SWAP", Contract: exchange.Inverse, Base: c.Base, Quote: "USD", Wallet: api.Trading,
		Multiplier: 1, ContractSize: decimal.NewFromInt(size), Tick: fine(c.Price, 2e-6), Lot: exchange.MustStep("1"), MinQty: 1, MakerFee: decimal.New(2, -4), TakerFee: decimal.New(5, -4),
		FundingHours: 8, FundingCap: decimal.New(375, -5), FundingFloor: decimal.New(-375, -5), InterestRate: decimal.New(1, -4)}, Rest: 1}
}
