// Package frames reads the venue's frames in recordings: see connect.Format. What a frame
// is follows from its argument, which names the channel and the instrument.
//
// A recording tells nothing of what a contract is worth. Of the largest it is known; of
// another linear one a contract is taken for one coin, and Assumed says so. The index has
// frames of its own, which are of no instrument: marks of a recording have none.
package frames

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/payload"
)

// Format implements connect.Format.
type Format struct{}

var _ connect.Format = Format{}

// House implements connect.Format.
func (Format) House() string { return api.House }

// Segment implements connect.Format.
func (Format) Segment(name string) (exchange.Venue, error) {
	if !slices.Contains(api.Names, name) {
		return "", fmt.Errorf("unknown market %q: want %s", name, exchange.OneOf(api.Names))
	}
	return api.Type(strings.ToUpper(name)).Venue(), nil
}

// VenueOf implements connect.Format.
func (Format) VenueOf(c exchange.Contract) exchange.Venue {
	if c == exchange.Spot {
		return api.Spot.Venue()
	}
	return api.Swap.Venue()
}

// Tardis implements connect.Format.
func (Format) Tardis() map[string]exchange.Venue {
	return map[string]exchange.Venue{"okex": api.Spot.Venue(), "okex-swap": api.Swap.Venue(), "okex-futures": api.Futures.Venue()}
}

// sizes are what a contract of the largest is worth, and tick and lot. Source: the manual,
// "Get instruments", and listings of 2026.
var sizes = map[string][3]string{
	"BTC-USDT": {"1", "0.1", "0.00000001"}, "ETH-USDT": {"1", "0.01", "0.000001"},
	"BTC-USDT-SWAP": {"0.01", "0.1", "0.01"}, "ETH-USDT-SWAP": {"0.1", "0.01", "0.01"},
	"BTC-USD-SWAP": {"100", "0.1", "1"}, "ETH-USD-SWAP": {"10", "0.01", "1"},
}

// Known implements connect.Format.
func (f Format) Known(v exchange.Venue, symbol string) (exchange.Instrument, bool) {
	s, ok := sizes[symbol]
	if !ok || venueOf(symbol) != v {
		return exchange.Instrument{}, false
	}
	in := f.Assume(v, symbol, exchange.MustStep(s[1]), exchange.MustStep(s[2]))
	in.Assumed = "rules of 2026"
	return in, true
}

// Assume implements connect.Format. The step of quantities is that of the frames, which
// count contracts.
func (Format) Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument {
	parts := strings.Split(symbol, "-")
	in := exchange.Instrument{Venue: v, Symbol: symbol, Wallet: api.Trading, Linking: api.Linking, Multiplier: 1, ContractSize: decimal.NewFromInt(1), Tick: price, Lot: qty, Base: parts[0], Quote: "USDT",
		Assumed: "fees, least quantity"}
	if len(parts) > 1 {
		in.Quote, _, _ = strings.Cut(parts[1], "_")
	}
	if api.Of(v) == api.Spot {
		in.MakerFee, in.TakerFee = decimal.New(8, -4), decimal.New(1, -3)
		return in
	}
	in.Contract, in.MakerFee, in.TakerFee = exchange.Linear, decimal.New(2, -4), decimal.New(5, -4)
	if in.Quote == "USD" {
		in.Contract = exchange.Inverse
	}
	if api.Of(v) == api.Swap {
		in.FundingHours, in.InterestRate = 8, decimal.New(1, -4)
	} else {
		in.Delivery = deliveryOf(parts[len(parts)-1])
	}
	// A dated contract is worth what the perpetual of its pair is.
	known, ok := sizes[in.Base+"-"+in.Quote+"-SWAP"]
	switch {
	case ok:
		in.ContractSize = decimal.RequireFromString(known[0])
	case in.Inverse():
		in.ContractSize = decimal.NewFromInt(10)
		in.Assumed += ", contracts of 10 USD"
	}
	if !in.Inverse() {
		in.Lot = jsonscan.Amount{Decimal: qty.Decimal(1).Mul(in.ContractSize)}.Step()
	}
	return in
}

// Unsized implements connect.Unsized: a linear contract is so many coins, from a thousandth to
// millions, that no rule tells.
func (Format) Unsized(v exchange.Venue, symbol string) bool {
	parts := strings.Split(symbol, "-")
	if api.Of(v) == api.Spot || len(parts) < 2 {
		return false
	}
	quote, _, _ := strings.Cut(parts[1], "_")
	_, known := sizes[parts[0]+"-"+quote+"-SWAP"]
	return !known && quote != "USD"
}

// deliveryOf is the time in a name: 261225 is 08:00 of the day. 0: it is none.
func deliveryOf(day string) exchange.Time {
	var y, m, d int
	if n, err := fmt.Sscanf(day, "%2d%2d%2d", &y, &m, &d); n != 3 || err != nil || len(day) != 6 {
		return 0
	}
	return exchange.Date(2000+y, m, d) + 8*exchange.Hour
}

// venueOf is the segment of a name; "": it is of nothing that is traded here.
func venueOf(symbol string) exchange.Venue {
	parts := strings.Split(symbol, "-")
	switch {
	case len(parts) == 2:
		return api.Spot.Venue()
	case len(parts) == 3 && parts[2] == "SWAP":
		return api.Swap.Venue()
	case len(parts) == 3 && deliveryOf(parts[2]) > 0:
		return api.Futures.Venue()
	}
	return ""
}

// Decoder implements connect.Format. Frames name their instrument, so segments have one.
func (Format) Decoder(_ exchange.Venue, resolve func(symbol []byte) *exchange.Instrument) connect.Decoder {
	return payload.NewDecoder(resolve)
}

// Numbering implements connect.Format: the touch has the number of its book, and a book
// begins with its snapshot. Trades are told by taker and price, so their numbers jump.
func (Format) Numbering(exchange.Venue) connect.Numbering {
	return connect.Numbering{Snapshots: true}
}

// Symbol implements connect.Format.
func (Format) Symbol(frame []byte) []byte {
	const key = `"instId":"`
	i := bytes.Index(frame, []byte(key))
	if i < 0 {
		return nil
	}
	rest := frame[i+len(key):]
	return rest[:max(0, bytes.IndexByte(rest, '"'))]
}

// Aggregate implements connect.Format: the trades of one taker at one price are one row.
func (Format) Aggregate([]byte) bool { return false }

// SkippedTrade implements connect.Format: none is passed over.
func (Format) SkippedTrade([]byte) (symbol string, id int64, ok bool) { return "", 0, false }

// channels are those that are recorded.
var channels = []string{"books", "books5", "bbo-tbt", "trades", "trades-all", "tickers", "mark-price", "funding-rate", "open-interest"}

// Inspect implements connect.Format.
func (Format) Inspect(frame []byte) (connect.Frame, bool) {
	var out connect.Frame
	var channel, data []byte
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "arg":
			var symbol []byte
			var err error
			if channel, symbol, err = payload.Arg(f.Raw()); err != nil {
				return out, false
			}
			out.Symbol = string(symbol)
		case "action":
			out.Snapshot = string(f.Word()) == "snapshot"
		case "data":
			data = f.Raw()
		}
	}
	if f.Err() != nil || len(data) == 0 || !slices.Contains(channels, string(channel)) {
		return out, false
	}
	out.Venue = venueOf(out.Symbol)
	if (Format{}).Unsized(out.Venue, out.Symbol) {
		out.Worth = worth(data)
	}
	out.Sure = out.Venue != ""
	out.Numbers = func(price, qty func(text string)) { numbers(data, price, qty) }
	return out, true
}

// worth is how many coins a linear contract is: the open interest and the volume of a day are
// told in both. Zero: the row does not tell, or what it tells is no round number. Source: the
// manual, "WS / Open interest channel" and "WS / Tickers channel": oiCcy is in coins, and
// volCcy24h so of derivatives.
func worth(data []byte) decimal.Decimal {
	list := jsonscan.Array(data)
	for list.Next() {
		var contracts, coins decimal.Decimal
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "oi", "vol24h":
				contracts = f.Decimal()
			case "oiCcy", "volCcy24h":
				coins = f.Decimal()
			}
		}
		if f.Err() != nil || !contracts.IsPositive() || !coins.IsPositive() {
			continue
		}
		one := coins.DivRound(contracts, 12)
		digits := strings.Trim(strings.Replace(one.String(), ".", "", 1), "0")
		if one.Mul(contracts).Equal(coins) && len(digits) <= 3 {
			return one
		}
	}
	return decimal.Zero
}

// numbers shows prices and sizes of rows, as they are written. A mark has no tick.
func numbers(data []byte, price, qty func(text string)) {
	list := jsonscan.Array(data)
	for list.Next() {
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "bids", "asks":
				side := jsonscan.Array(f.Raw())
				for side.Next() {
					level := jsonscan.Array(side.Raw())
					for n := 0; level.Next() && n < 2; n++ {
						[]func(string){price, qty}[n](string(level.Word()))
					}
				}
			case "px", "bidPx", "askPx", "last":
				price(string(f.Word()))
			case "sz", "bidSz", "askSz", "lastSz":
				qty(string(f.Word()))
			}
		}
	}
}
