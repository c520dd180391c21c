package simfront

import (
	"math"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/synth"
)

// places are those of quantities, and the most leverage, by coin.
var places = map[string]struct{ perp, spot, leverage int }{
	"BTC": {5, 5, 40}, "ETH": {4, 4, 25}, "BNB": {3, 3, 10}, "SOL": {2, 3, 20}, "XRP": {0, 1, 20}, "DOGE": {0, 0, 10}, "ADA": {0, 1, 10}, "LINK": {1, 2, 10}, "AVAX": {2, 2, 10}, "SHIB": {0, 0, 10},
}

// firstPair is the index of the first pair, so that their names are such as @100.
const firstPair = 100

// Lists is what Hyperliquid lists in the built-in market: a perpetual of every coin, and the
// coins themselves, in USDC. Prices have the increment that five digits leave at the
// price with which the market begins.
func Lists(exchange.Time) (out []synth.Listing) {
	for i, c := range synth.Coins() {
		p := places[c.Base]
		price, symbol, multiplier := c.Price, c.Base, int64(1)
		if price < 0.001 {
			price, symbol, multiplier = 1000*price, "k"+c.Base, 1000
		}
		perp := exchange.Instrument{Venue: api.Perp, Symbol: symbol, Contract: exchange.Linear, Base: c.Base, Quote: api.USDC, Wallet: api.PerpWallet,
			Multiplier: multiplier, FundingHours: 1, FundingCap: decimal.New(4, -2), FundingFloor: decimal.New(-4, -2), InterestRate: decimal.New(1, -4),
			MakerFee: decimal.New(15, -5), TakerFee: decimal.New(45, -5), MinNotional: decimal.NewFromInt(10), Brackets: margin(p.leverage)}
		steps(&perp, p.perp, price)
		spot := exchange.Instrument{Venue: api.Spot, Symbol: "@" + strconv.Itoa(firstPair+i), Contract: exchange.Spot, Base: c.Base, Quote: api.USDC, Wallet: api.SpotWallet,
			Multiplier: 1, MakerFee: decimal.New(4, -4), TakerFee: decimal.New(7, -4), MinNotional: decimal.NewFromInt(10)}
		steps(&spot, p.spot, c.Price)
		out = append(out, synth.Listing{Instrument: spot, Depth: 0.3}, synth.Listing{Instrument: perp, Depth: 0.5, Oracle: true})
	}
	return out
}

// margin is a table of one tier: half of what is needed at the most leverage.
func margin(leverage int) []exchange.Bracket {
	return []exchange.Bracket{{Cap: decimal.New(1, 15), MMR: decimal.NewFromInt(1).DivRound(decimal.NewFromInt(int64(2*leverage)), 16), MaxLeverage: leverage}}
}

// steps gives an instrument its increments at a price.
func steps(in *exchange.Instrument, places int, price float64) {
	digits := int(math.Floor(math.Log10(price))) + 1
	scale := max(0, min(api.MostPlaces(in.Venue)-places, api.Digits-digits))
	in.Tick, in.Lot = exchange.Step{M: 1, Scale: uint8(scale)}, exchange.Step{M: 1, Scale: uint8(places)}
}
