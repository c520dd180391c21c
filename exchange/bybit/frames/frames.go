// Package frames reads the venue's frames in recordings: see connect.Format. A frame names
// its topic and so its symbol, but not its category: BTCUSDT is of spot and of linear. What shows
// it is said by tickers and by trades (those of spot have no direction of tick); where there are
// neither, the file's name must.
package frames

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/payload"
	"github.com/perilune/perilune/exchange/connect"
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
	return api.Category(name).Venue(), nil
}

// VenueOf implements connect.Format.
func (Format) VenueOf(c exchange.Contract) exchange.Venue {
	for _, category := range api.Categories {
		if category.Contract() == c {
			return category.Venue()
		}
	}
	return ""
}

// Tardis implements connect.Format. "bybit" has inverse contracts too; which of the two a
// symbol is, its end tells: see Assume.
func (Format) Tardis() map[string]exchange.Venue {
	return map[string]exchange.Venue{"bybit": api.Linear.Venue(), "bybit-spot": api.Spot.Venue()}
}

// Known implements connect.Format: no rules are compiled in, because the venue changes them.
func (Format) Known(exchange.Venue, string) (exchange.Instrument, bool) {
	return exchange.Instrument{}, false
}

// Assume implements connect.Format. What Tardis calls bybit is taken for inverse where the
// symbol is.
func (Format) Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument {
	c := api.Of(v)
	if c == api.Linear && inverse(symbol) {
		c = api.Inverse
	}
	in := c.Blank(symbol)
	in.Base, in.Quote, in.Delivery = c.Parse(symbol)
	if in.Tick, in.Lot = price, qty; c == api.Linear {
		in.Base, in.Multiplier = exchange.Unbundle(in.Base)
	}
	in.Assumed += ", limits of orders, bounds of prices"
	if in.Dated() {
		in.InterestRate = decimal.Zero
	}
	if in.Perp() && !in.Dated() {
		in.FundingHours = 8
		in.Assumed += ", funding every 8 h, its bounds, margin brackets"
	}
	return in
}

// inverse reports whether a symbol is of an inverse contract: BTCUSD, BTCUSDU26.
func inverse(symbol string) bool {
	base, month, ok := strings.Cut(symbol, "USD")
	if !ok || base == "" || month == "" {
		return ok && base != ""
	}
	_, _, delivery := api.Inverse.Parse(symbol)
	return delivery != 0
}

// Decoder implements connect.Format.
func (Format) Decoder(_ exchange.Venue, resolve func(symbol []byte) *exchange.Instrument) connect.Decoder {
	return payload.NewDecoder(resolve)
}

// Numbering implements connect.Format. The u of the touch counts apart from that of the
// book; trades have names, not numbers.
func (Format) Numbering(exchange.Venue) connect.Numbering { return connect.Numbering{Snapshots: true} }

var topicKey = []byte(`"topic":"`)

// Symbol implements connect.Format.
func (Format) Symbol(frame []byte) []byte {
	i := bytes.Index(frame[:min(len(frame), 256)], topicKey)
	if i < 0 {
		return nil
	}
	rest := frame[i+len(topicKey):]
	end := bytes.IndexByte(rest, '"')
	if end < 0 {
		return nil
	}
	_, _, symbol := payload.Topic(rest[:end])
	return symbol
}

// Aggregate implements connect.Format.
func (Format) Aggregate([]byte) bool { return false }

// SkippedTrade implements connect.Format: trades have no numbers.
func (Format) SkippedTrade([]byte) (symbol string, id int64, ok bool) { return "", 0, false }

// message is what is looked at of a frame.
type message struct {
	Topic string          `json:"topic"`
	Type  string          `json:"type"`
	Data  json.RawMessage `json:"data"`
}

// Inspect implements connect.Format.
func (Format) Inspect(frame []byte) (connect.Frame, bool) {
	var m message
	if json.Unmarshal(frame, &m) != nil || m.Topic == "" || len(m.Data) == 0 {
		return connect.Frame{}, false
	}
	kind, _, symbol := payload.Topic([]byte(m.Topic))
	f := connect.Frame{Symbol: string(symbol), Snapshot: string(kind) == "orderbook" && m.Type == "snapshot"}
	switch string(kind) {
	case "orderbook":
		f.Numbers = m.book
	case "publicTrade":
		f.Numbers = m.trades
	case "tickers", "kline":
		f.Numbers = func(_, _ func(string)) {} // marks and volumes have no steps
	default:
		return connect.Frame{}, false
	}
	if c, ok := m.category(string(kind)); ok {
		f.Venue = c.Venue()
	}
	if inverse(f.Symbol) {
		f.Venue = api.Inverse.Venue()
	}
	return f, f.Symbol != ""
}

// category tells spot from contracts where that shows.
func (m *message) category(kind string) (api.Category, bool) {
	fields := map[string]json.RawMessage{}
	switch kind {
	case "publicTrade":
		var rows []map[string]json.RawMessage
		if json.Unmarshal(m.Data, &rows) != nil || len(rows) == 0 {
			return "", false
		}
		if rows[0]["L"] == nil {
			return api.Spot, true
		}
		return api.Linear, true
	case "tickers":
		switch {
		case json.Unmarshal(m.Data, &fields) != nil:
		case fields["usdIndexPrice"] != nil:
			return api.Spot, true
		case fields["markPrice"] != nil, fields["openInterest"] != nil, fields["fundingRate"] != nil:
			return api.Linear, true
		}
	}
	return "", false
}

// book shows the numbers of a book.
func (m *message) book(price, qty func(text string)) {
	var b struct {
		Bids [][]string `json:"b"`
		Asks [][]string `json:"a"`
	}
	if json.Unmarshal(m.Data, &b) != nil {
		return
	}
	for _, l := range slices.Concat(b.Bids, b.Asks) {
		if len(l) == 2 {
			price(l[0])
			qty(l[1])
		}
	}
}

// trades shows the numbers of trades.
func (m *message) trades(price, qty func(text string)) {
	var rows []struct {
		Price string `json:"p"`
		Qty   string `json:"v"`
	}
	if json.Unmarshal(m.Data, &rows) != nil {
		return
	}
	for _, r := range rows {
		if r.Price != "" && r.Qty != "" {
			price(r.Price)
			qty(r.Qty)
		}
	}
}
