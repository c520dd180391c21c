// Package frames reads the venue's frames in recordings: see connect.Format. What a
// frame is follows from its fields alone, because recordings begin anywhere and are
// renamed.
package frames

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/connect"
)

// Format implements connect.Format.
type Format struct{}

var _ connect.Format = Format{}

// House implements connect.Format.
func (Format) House() string { return api.House }

// Segment implements connect.Format.
func (Format) Segment(name string) (exchange.Venue, error) {
	m, err := api.ParseMarket(name)
	if err != nil {
		return "", err
	}
	return m.Venue(), nil
}

// VenueOf implements connect.Format.
func (Format) VenueOf(c exchange.Contract) exchange.Venue {
	for _, m := range api.Markets {
		if m.Contract() == c {
			return m.Venue()
		}
	}
	return ""
}

// Tardis implements connect.Format.
func (Format) Tardis() map[string]exchange.Venue {
	return map[string]exchange.Venue{
		"binance": api.Spot.Venue(), "binance-futures": api.USDM.Venue(), "binance-delivery": api.COINM.Venue(),
	}
}

// Known implements connect.Format.
func (Format) Known(v exchange.Venue, symbol string) (exchange.Instrument, bool) {
	return rules.Known(api.Of(v), symbol)
}

// Assume implements connect.Format.
func (Format) Assume(v exchange.Venue, symbol string, price, qty exchange.Step) exchange.Instrument {
	return rules.Assume(api.Of(v), symbol, price, qty)
}

// Decoder implements connect.Format.
func (Format) Decoder(v exchange.Venue, resolve func(symbol []byte) *exchange.Instrument) connect.Decoder {
	return payload.NewEvents(api.Of(v), resolve)
}

// Numbering implements connect.Format.
func (Format) Numbering(exchange.Venue) connect.Numbering {
	return connect.Numbering{Tickers: true, Trades: true}
}

// Symbol implements connect.Format.
func (Format) Symbol(frame []byte) []byte {
	const key = `"s":"`
	i := bytes.Index(frame, []byte(key))
	if i < 0 {
		return nil
	}
	rest := frame[i+len(key):]
	return rest[:max(0, bytes.IndexByte(rest, '"'))]
}

// Aggregate implements connect.Format.
func (Format) Aggregate(frame []byte) bool {
	return bytes.Contains(frame[:min(len(frame), 128)], []byte(`"aggTrade"`))
}

// SkippedTrade implements connect.Format: those of the insurance fund, for one.
func (Format) SkippedTrade(frame []byte) (symbol string, id int64, ok bool) {
	m, ok := takeApart(frame)
	if !ok || m.text("e") != "trade" {
		return "", 0, false
	}
	id, err := strconv.ParseInt(m.text("t"), 10, 64)
	return m.symbol(), id, err == nil
}

// Inspect implements connect.Format.
func (Format) Inspect(frame []byte) (connect.Frame, bool) {
	m, ok := takeApart(frame)
	if !ok {
		return connect.Frame{}, false
	}
	f := connect.Frame{Symbol: m.symbol(), Snapshot: m["lastUpdateId"] != nil, Numbers: m.numbers}
	if market, sure := m.market(); market != 0 {
		f.Venue, f.Sure = market.Venue(), sure
	}
	return f, true
}

// message is one message taken apart. Keys are matched exactly: e and E, u and U are
// different fields.
type message map[string]json.RawMessage

func takeApart(frame []byte) (message, bool) {
	var outer, inner message
	if json.Unmarshal(frame, &outer) != nil {
		return nil, false
	}
	data, ok := outer["data"]
	if !ok {
		return outer, true
	}
	err := json.Unmarshal(data, &inner)
	return inner, err == nil
}

func (m message) text(key string) string { return strings.Trim(string(m[key]), `"`) }

func (m message) has(key string) bool { return m[key] != nil }

// symbol is "" for a REST snapshot of spot and USD-M, which does not name it.
func (m message) symbol() string {
	if s := m.text("s"); s != "" {
		return s
	}
	return m.text("symbol")
}

// market tells which market a message is from, 0 when it does not show. sure is
// set when the venue says so itself: since 2026 "st" is 1 for USD-M and 2 for
// COIN-M, and both can come over one socket.
func (m message) market() (_ api.Market, sure bool) {
	switch m.text("st") {
	case "1":
		return api.USDM, true
	case "2":
		return api.COINM, true
	}
	pair, _, dated := strings.Cut(m.symbol(), "_")
	switch {
	case dated && strings.HasSuffix(pair, "USD"), m.has("ps"), m.has("pair"):
		return api.COINM, false
	case dated:
		return api.USDM, false // BTCUSDT_260327
	case m.symbol() == "":
		return 0, false
	case m.futures():
		return api.USDM, false
	}
	return api.Spot, false
}

// futures tells a futures message by fields that spot does not have, or lacks
// one that spot has: depth links by pu, trades carry no M, and only the futures
// bookTicker names itself.
func (m message) futures() bool {
	switch m.text("e") {
	case "depthUpdate":
		return m.has("pu")
	case "trade", "aggTrade":
		return !m.has("M")
	case "":
		return false
	}
	return m.text("e") == "bookTicker" || m.text("e") == "markPriceUpdate" || m.text("e") == "forceOrder"
}

// numbers shows the message's prices and quantities.
func (m message) numbers(price, qty func(text string)) {
	for _, key := range [...]string{"b", "a", "bids", "asks"} {
		var levels [][2]string
		if json.Unmarshal(m[key], &levels) != nil {
			continue
		}
		for _, l := range levels {
			price(l[0])
			qty(l[1])
		}
	}
	for _, key := range [...]string{"p", "b", "a", "q", "B", "A"} {
		var text string
		if json.Unmarshal(m[key], &text) != nil || text == "" {
			continue
		}
		switch key {
		case "p", "b", "a":
			if m.text("e") != "markPriceUpdate" { // a mark price has no tick
				price(text)
			}
		default:
			qty(text)
		}
	}
}
