// Package frames reads the venue's frames in recordings: see connect.Format. A frame says
// of itself what it is of, by the name of its channel.
package frames

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/payload"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// Format implements connect.Format.
type Format struct{}

var _ connect.Format = Format{}

// House implements connect.Format.
func (Format) House() string { return api.House }

// Segment implements connect.Format.
func (Format) Segment(name string) (exchange.Venue, error) {
	for _, s := range api.Segments {
		if name == string(s) {
			return s.Venue(), nil
		}
	}
	return "", fmt.Errorf("unknown market %q: want %s", name, exchange.OneOf(api.Names))
}

// VenueOf implements connect.Format.
func (Format) VenueOf(c exchange.Contract) exchange.Venue {
	for _, s := range api.Segments {
		if s.Contract() == c {
			return s.Venue()
		}
	}
	return ""
}

// Tardis implements connect.Format. It has one name for all segments: Assume puts a symbol
// into its own.
func (Format) Tardis() map[string]exchange.Venue {
	return map[string]exchange.Venue{"deribit": api.Inverse.Venue()}
}

// known are the steps of well-known perpetuals. Source: get_instruments of December 2025.
var known = map[string][2]string{"BTC-PERPETUAL": {"0.5", "10"}, "ETH-PERPETUAL": {"0.05", "1"}}

// Known implements connect.Format.
func (f Format) Known(v exchange.Venue, symbol string) (exchange.Instrument, bool) {
	steps, ok := known[symbol]
	if !ok || api.SegmentOf(symbol).Venue() != v {
		return exchange.Instrument{}, false
	}
	in := f.Assume(v, symbol, exchange.MustStep(steps[0]), exchange.MustStep(steps[1]))
	in.Assumed = "rules as of December 2025"
	return in, true
}

// Assume implements connect.Format. What an instrument is stands in its name.
func (Format) Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument {
	if s := api.SegmentOf(symbol); s != "" {
		v = s.Venue()
	}
	s := api.Of(v)
	in := exchange.Instrument{Venue: v, Symbol: symbol, Contract: s.Contract(), Wallet: api.Wallet, Linking: api.Linking, Tick: price, Lot: qty, Multiplier: 1,
		Assumed: "price and quantity steps (from the data), fees"}
	pair, term, _ := bytes.Cut([]byte(symbol), []byte("-"))
	base, quote, two := bytes.Cut(pair, []byte("_"))
	in.Base, in.Quote = string(base), string(quote)
	if !two {
		in.Quote = "USD"
	}
	if s == api.Spot {
		return in
	}
	in.TakerFee = decimal.New(5, -4)
	in.Assumed += ", margin"
	if in.Inverse() {
		in.ContractSize = decimal.NewFromInt(1)
	}
	if end, dated := api.Day(string(term)); dated {
		in.Delivery = end
	} else {
		in.FundingHours, in.FundingAccrues = 1, true
	}
	return in
}

// Decoder implements connect.Format.
func (Format) Decoder(_ exchange.Venue, resolve func(symbol []byte) *exchange.Instrument) connect.Decoder {
	return payload.New(resolve)
}

// Numbering implements connect.Format: trades have their trade_seq; the id of a ticker is
// its time.
func (Format) Numbering(exchange.Venue) connect.Numbering {
	return connect.Numbering{Trades: true, Snapshots: true}
}

// Symbol implements connect.Format.
func (Format) Symbol(frame []byte) []byte {
	if e, ok := payload.Open(frame); ok {
		return e.Instrument
	}
	return nil
}

// Inspect implements connect.Format.
func (Format) Inspect(frame []byte) (connect.Frame, bool) {
	e, ok := payload.Open(frame)
	if !ok {
		return connect.Frame{}, false
	}
	s := api.SegmentOf(e.Instrument)
	if s == "" {
		return connect.Frame{}, false
	}
	data := append([]byte(nil), e.Data...)
	kind := string(e.Kind)
	return connect.Frame{Symbol: string(e.Instrument), Venue: s.Venue(), Sure: true, Snapshot: kind == "book" && typeOf(data) == "snapshot",
		Numbers: func(price, qty func(text string)) { numbers(kind, data, price, qty) }}, true
}

func typeOf(data []byte) string {
	if len(data) == 0 || data[0] != '{' {
		return ""
	}
	f := jsonscan.Object(data)
	for f.Next() {
		if string(f.Key()) == "type" {
			return string(f.Word())
		}
	}
	return ""
}

// numbers shows the prices and amounts of a book, of trades, or of a touch.
func numbers(kind string, data []byte, price, qty func(text string)) {
	switch kind {
	case "book":
		var b struct{ Bids, Asks [][3]json.RawMessage }
		if json.Unmarshal(data, &b) != nil {
			return
		}
		for _, l := range append(b.Bids, b.Asks...) {
			price(string(l[1]))
			qty(string(l[2]))
		}
	case "trades":
		var list []struct{ Price, Amount json.Number }
		if json.Unmarshal(data, &list) != nil {
			return
		}
		for _, t := range list {
			price(t.Price.String())
			qty(t.Amount.String())
		}
	}
}

// Aggregate implements connect.Format.
func (Format) Aggregate([]byte) bool { return false }

// SkippedTrade implements connect.Format: one that was agreed on outside of the book.
func (Format) SkippedTrade(frame []byte) (symbol string, id int64, ok bool) {
	e, ok := payload.Open(frame)
	if !ok || string(e.Kind) != "trades" || !bytes.Contains(e.Data, []byte(`"block_trade_id"`)) {
		return "", 0, false
	}
	var list []struct {
		Seq   int64            `json:"trade_seq"`
		Block *json.RawMessage `json:"block_trade_id"`
	}
	if json.Unmarshal(e.Data, &list) != nil {
		return "", 0, false
	}
	for _, t := range list {
		if t.Block != nil {
			return string(e.Instrument), t.Seq, true
		}
	}
	return "", 0, false
}
