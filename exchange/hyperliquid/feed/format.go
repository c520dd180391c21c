package feed

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Format is how its frames stand in recordings.
type Format struct{}

var _ connect.Format = Format{}

// House implements connect.Format.
func (Format) House() string { return api.House }

// Segment implements connect.Format.
func (Format) Segment(name string) (exchange.Venue, error) {
	if !slices.Contains(api.Names, name) {
		return "", fmt.Errorf("unknown market %q: want %s", name, exchange.OneOf(api.Names))
	}
	return exchange.Venue(api.House + "." + name), nil
}

// VenueOf implements connect.Format.
func (Format) VenueOf(c exchange.Contract) exchange.Venue {
	return map[exchange.Contract]exchange.Venue{exchange.Spot: api.Spot, exchange.Linear: api.Perp}[c]
}

// Tardis implements connect.Format. Source: docs.tardis.dev, "Hyperliquid": of perpetuals
// and pairs alike, which their names tell apart.
func (Format) Tardis() map[string]exchange.Venue {
	return map[string]exchange.Venue{api.House: api.Perp}
}

// Known implements connect.Format: rules are asked for, or assumed.
func (Format) Known(exchange.Venue, string) (exchange.Instrument, bool) {
	return exchange.Instrument{}, false
}

// kilo are the contracts of a thousand coins whose names Tardis writes in capitals. Source:
// tardis-node, src/mappers/hyperliquid.ts.
var kilo = []string{"kPEPE", "kSHIB", "kBONK", "kFLOKI", "kLUNC", "kDOGS", "kNEIRO"}

// spelled is a name as the venue has it.
func spelled(symbol string) string {
	for _, name := range kilo {
		if strings.ToUpper(name) == symbol {
			return name
		}
	}
	return symbol
}

// Assume implements connect.Format. What the tokens of a pair are, its name does not say.
func (Format) Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument {
	v, symbol = api.SegmentOf(symbol), spelled(symbol)
	in := exchange.Instrument{Venue: v, Symbol: symbol, Base: symbol, Quote: api.USDC, Wallet: exchange.Wallet(v), Linking: api.Linking, Multiplier: 1, MinNotional: leastValue,
		Tick: price, Lot: qty, MakerFee: spotMaker, TakerFee: spotTaker, Assumed: "everything but the price and quantity steps (defaults)"}
	if base, quote, ok := strings.Cut(symbol, "/"); ok {
		in.Base, in.Quote = base, quote
	}
	if v == api.Perp {
		in.Contract, in.MakerFee, in.TakerFee = exchange.Linear, perpMaker, perpTaker
		in.Base, in.Multiplier = unbundle(symbol)
		in.FundingHours, in.FundingCap, in.FundingFloor, in.InterestRate = 1, fundingCap, fundingCap.Neg(), interestRate
	}
	return in
}

// Decoder implements connect.Format.
func (Format) Decoder(_ exchange.Venue, resolve func(symbol []byte) *exchange.Instrument) connect.Decoder {
	return &Decoder{Resolve: resolve, Trades: &Trades{}}
}

// Numbering implements connect.Format: there are no numbers but times.
func (Format) Numbering(exchange.Venue) connect.Numbering { return connect.Numbering{Snapshots: true} }

// Symbol implements connect.Format.
func (Format) Symbol(frame []byte) []byte { return wordAt(frame, "coin") }

// Aggregate implements connect.Format.
func (Format) Aggregate([]byte) bool { return false }

// SkippedTrade implements connect.Format.
func (Format) SkippedTrade([]byte) (string, int64, bool) { return "", 0, false }

// kinds are the channels of market data.
var kinds = []string{"l2Book", "bbo", "trades", "activeAssetCtx", "activeSpotAssetCtx"}

// Inspect implements connect.Format.
func (Format) Inspect(frame []byte) (connect.Frame, bool) {
	channel, data, ok := split(frame)
	coin := wordAt(data, "coin")
	if !ok || !slices.Contains(kinds, string(channel)) || coin == nil {
		return connect.Frame{}, false
	}
	f := connect.Frame{Symbol: string(coin), Venue: api.SegmentOf(string(coin)), Sure: true, Snapshot: string(channel) == "l2Book"}
	f.Numbers = func(price, qty func(string)) {
		if !strings.HasPrefix(string(channel), "active") { // a mark price has no tick
			numbers(data, price, qty)
		}
	}
	return f, true
}

// numbers shows the px and sz of all objects in a value.
func numbers(raw []byte, price, qty func(string)) {
	if len(raw) == 0 || raw[0] != '{' && raw[0] != '[' {
		return
	}
	f := jsonscan.Object(raw)
	if raw[0] == '[' {
		f = jsonscan.Array(raw)
	}
	for f.Next() {
		switch string(f.Key()) {
		case "px":
			price(f.Text())
		case "sz":
			qty(f.Text())
		default:
			numbers(f.Raw(), price, qty)
		}
	}
}
