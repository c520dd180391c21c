package simfront

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// access is what a websocket address gives access to.
type access uint8

const (
	everything  access = iota + 1 // spot and COIN-M: one address for all
	publicOnly                    // USD-M /public, and its old unrouted address
	marketOnly                    // USD-M /market
	privateOnly                   // USD-M /private
	apiAccess                     // a WebSocket API
)

// endpoint is a websocket address.
type endpoint struct {
	market   api.Market
	access   access
	combined bool
	streams  string // after /ws/
}

var endpoints = []struct {
	prefix string
	market api.Market
	access access
}{
	{"/spot/", api.Spot, everything}, {"/coinm/", api.COINM, everything},
	// ccxt takes for spot what has /stream in its address, as stream.binance.com does
	// (ts/src/pro/binance.ts, isSpotUrl), and is deaf on any other.
	{"/stream/spot/", api.Spot, everything},
	{"/usdm/public/", api.USDM, publicOnly}, {"/usdm/market/", api.USDM, marketOnly}, {"/usdm/private/", api.USDM, privateOnly},
	// The address before the split of 2026-04-23: it accepts everything and
	// sends only what is public.
	{"/usdm/", api.USDM, publicOnly},
}

var apiEndpoints = map[string]api.Market{"/ws-api/v3": api.Spot, "/ws-fapi/v1": api.USDM, "/ws-dapi/v1": api.COINM}

func endpointOf(path string) (endpoint, bool) {
	if m, ok := apiEndpoints[path]; ok {
		return endpoint{market: m, access: apiAccess}, true
	}
	for _, e := range endpoints {
		rest, ok := strings.CutPrefix(path, e.prefix)
		if !ok {
			continue
		}
		kind, streams, _ := strings.Cut(rest, "/")
		if kind == "ws" || kind == "stream" {
			return endpoint{market: e.market, access: e.access, combined: kind == "stream", streams: streams}, true
		}
	}
	return endpoint{}, false
}

// names are the streams that the address asks for, and the listen keys.
func (e endpoint) names(query url.Values) []string {
	var out []string
	for _, list := range append([]string{e.streams}, query["streams"]...) {
		for _, n := range strings.Split(list, "/") {
			if n != "" {
				out = append(out, n)
			}
		}
	}
	return append(out, query["listenKey"]...)
}

// topic is what a stream carries; two names of the same stream are one topic.
type topic struct {
	kind     string
	market   api.Market
	id       exchange.InstrumentID // NoInstrument: every symbol
	every    exchange.Time         // how often; 0: as it happens
	levels   int
	interval string
}

// public kinds of USD-M are on its /public address, the others on /market.
var publicKinds = map[string]bool{"depth": true, "partial": true, "bookTicker": true, "trade": true}

// reaches reports whether an address carries a topic. A name on the wrong
// address is accepted and stays silent, as at the exchange.
func (a access) reaches(t topic) bool {
	switch a {
	case everything:
		return true
	case publicOnly:
		return publicKinds[t.kind]
	case marketOnly:
		return !publicKinds[t.kind]
	}
	return false
}

// topicOf understands a stream's name. It is false for what does not exist: the
// exchange acknowledges such a name too, and sends nothing.
func (h *hub) topicOf(m api.Market, name string) (topic, bool) {
	if t, ok := h.assetTopic(m, name); ok {
		return t, true
	}
	if strings.HasPrefix(name, "!") {
		return allTopic(m, name)
	}
	symbol, rest, ok := strings.Cut(name, "@")
	if !ok || symbol != strings.ToLower(symbol) {
		return topic{}, false
	}
	if t, ok := h.pairTopic(m, symbol, rest); ok {
		return t, true
	}
	t, ok := kindOf(m, rest)
	if !ok {
		return topic{}, false
	}
	in, ok := h.universe.Find(m.Venue(), strings.ToUpper(symbol))
	if !ok {
		return topic{}, false
	}
	t.market, t.id = m, in.ID
	return t, true
}

func allTopic(m api.Market, name string) (topic, bool) {
	t := topic{market: m, id: exchange.NoInstrument}
	switch name {
	case "!miniTicker@arr":
		t.kind, t.every = "miniTicker", exchange.Second
	case "!ticker@arr":
		t.kind, t.every = "ticker", exchange.Second
		return t, m != api.Spot // retired on spot in 2026
	case "!bookTicker":
		t.kind, t.every = "bookTicker", 5*exchange.Second
		return t, m != api.Spot
	case "!contractInfo":
		t.kind = "contractInfo"
		return t, m != api.Spot
	case "!forceOrder@arr":
		t.kind = "forceOrder"
		return t, m != api.Spot
	case "!markPrice@arr":
		t.kind, t.every = "markPrice", 3*exchange.Second
		return t, m == api.USDM
	case "!markPrice@arr@1s":
		t.kind, t.every = "markPrice", exchange.Second
		return t, m == api.USDM
	default:
		return t, false
	}
	return t, true
}

// kindOf understands what follows the symbol.
func kindOf(m api.Market, text string) (topic, bool) {
	kind, speed, _ := strings.Cut(text, "@")
	switch {
	case strings.HasPrefix(kind, "kline_"):
		t := topic{kind: "kline", interval: kind[len("kline_"):], every: perMarket(m, 2*exchange.Second, 250*exchange.Millisecond)}
		_, ok := simserver.Intervals[t.interval]
		return t, ok && speed == ""
	case strings.HasPrefix(kind, "markPriceKline_"):
		t := topic{kind: "markKline", interval: kind[len("markPriceKline_"):], every: 250 * exchange.Millisecond}
		_, ok := simserver.Intervals[t.interval]
		return t, ok && speed == "" && m == api.COINM
	case kind == "depth":
		every, ok := cadence(m, speed)
		return topic{kind: "depth", every: every}, ok
	case strings.HasPrefix(kind, "depth"):
		n, err := strconv.Atoi(kind[len("depth"):])
		every, ok := cadence(m, speed)
		return topic{kind: "partial", levels: n, every: every}, ok && err == nil && (n == 5 || n == 10 || n == 20)
	case kind == "markPrice":
		if speed == "1s" {
			return topic{kind: kind, every: exchange.Second}, m != api.Spot
		}
		return topic{kind: kind, every: 3 * exchange.Second}, m != api.Spot && speed == ""
	case speed != "":
		return topic{}, false
	}
	switch kind {
	case "forceOrder":
		return topic{kind: kind}, m != api.Spot
	case "bookTicker", "trade", "aggTrade":
		return topic{kind: kind}, true // @trade of COIN-M is in no manual, and what ccxt listens to by default
	case "miniTicker", "ticker":
		return topic{kind: kind, every: perMarket(m, exchange.Second, 2*exchange.Second)}, true
	}
	return topic{}, false
}

func perMarket(m api.Market, spot, futures exchange.Time) exchange.Time {
	if m == api.Spot {
		return spot
	}
	return futures
}

// cadence is the speed of a depth stream.
func cadence(m api.Market, speed string) (exchange.Time, bool) {
	switch {
	case speed == "":
		return perMarket(m, exchange.Second, 250*exchange.Millisecond), true
	case speed == "100ms":
		return 100 * exchange.Millisecond, true
	case speed == "500ms" && m != api.Spot, speed == "1000ms" && m == api.Spot:
		return perMarket(m, exchange.Second, 500*exchange.Millisecond), true
	}
	return 0, false
}
