// Package api names the segments of OKX v5 and its addresses.
//
// One host for REST and three streams serve all instruments, and the trading account is one
// wallet behind all of them; the funding account is another, which backs nothing.
package api

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// House is the name of the venue.
const House = "okx"

// The wallets. Source: the manual, "Funds transfer": the trading account is 18, the funding
// account 6.
const (
	Trading exchange.Wallet = House + ".trading"
	Funding exchange.Wallet = House + ".funding"
)

// Type is an instType, the venue's own division of instruments.
type Type string

// The types that are traded.
const (
	Spot    Type = "SPOT"
	Swap    Type = "SWAP"    // perpetuals, linear and inverse
	Futures Type = "FUTURES" // dated, linear and inverse
)

// Types are all of them, in the order in which they are told of.
var Types = []Type{Spot, Swap, Futures}

// Names are what the segments are called in keys.
var Names = []string{"spot", "swap", "futures"}

// Venue is the full name of the segment.
func (t Type) Venue() exchange.Venue {
	return exchange.Venue(House + "." + strings.ToLower(string(t)))
}

// Contracts are what is traded in it.
func (t Type) Contracts() []exchange.Contract {
	if t == Spot {
		return []exchange.Contract{exchange.Spot}
	}
	return []exchange.Contract{exchange.Linear, exchange.Inverse}
}

// Of is the type of a segment.
func Of(v exchange.Venue) Type { return Type(strings.ToUpper(string(v.Within(House)))) }

// Known reports whether it is one that is traded here: there are options and spreads too.
func (t Type) Known() bool { return slices.Contains(Types, t) }

// Linking is how books follow each other: prevSeqId is the seqId before. Source: the
// manual, "WS / Order book channel".
const Linking = exchange.LinkPrevious

// Endpoints are where the venue is asked. An empty one is the production one.
type Endpoints struct {
	Rest     string // https://openapi.okx.com
	Public   string // wss://ws.okx.com/ws/v5/public
	Private  string
	Business string // candles
	Demo     bool   // requests say that they are for simulated trading
}

// streams completes the addresses of a place whose streams have one host.
func streams(rest, host string, demo bool) Endpoints {
	at := "wss://" + host + "/ws/v5/"
	return Endpoints{Rest: rest, Public: at + "public", Private: at + "private", Business: at + "business", Demo: demo}
}

// Production are the addresses of the real venue.
func Production() Endpoints { return streams("https://openapi.okx.com", "ws.okx.com", false) }

// regions are the hosts by where an account is registered: it has no key elsewhere. Those
// of demo trading differ in their streams alone. Source: the manual, "Production trading
// services", and the announcement of 2026-09-30: port 8443, which the manual of August
// 2026 still shows, was switched off on 2026-10-31.
var regions = map[string][2]Endpoints{
	"global": {Production(), streams("https://openapi.okx.com", "wspap.okx.com", true)},
	"us":     {streams("https://us.okx.com", "wsus.okx.com", false), streams("https://us.okx.com", "wsuspap.okx.com", true)},
	"eea":    {streams("https://eea.okx.com", "wseea.okx.com", false), streams("https://eea.okx.com", "wseeapap.okx.com", true)},
}

// Region returns the addresses of a region by its name.
func Region(name string, demo bool) (Endpoints, error) {
	r, ok := regions[name]
	if !ok {
		return Endpoints{}, fmt.Errorf(`region = %q: want "global", "us" (with Australia) or "eea", where the account is registered`, name)
	}
	if demo {
		return r[1], nil
	}
	return r[0], nil
}

// Complete fills in what is empty and checks the rest.
func (e Endpoints) Complete() (Endpoints, error) {
	p := Production()
	for _, x := range []struct {
		key    string
		at     *string
		usual  string
		scheme string
	}{{"rest", &e.Rest, p.Rest, "http"}, {"ws_public", &e.Public, p.Public, "ws"}, {"ws_private", &e.Private, p.Private, "ws"}, {"ws_business", &e.Business, p.Business, "ws"}} {
		if *x.at == "" {
			*x.at = x.usual
		}
		u, err := url.Parse(*x.at)
		if err != nil || u.Host == "" || u.Scheme != x.scheme && u.Scheme != x.scheme+"s" || u.RawQuery != "" {
			return e, fmt.Errorf("%s = %q: want an address such as %s", x.key, *x.at, x.usual)
		}
		if u.Port() == "8443" && strings.HasSuffix(u.Hostname(), ".okx.com") {
			return e, fmt.Errorf("%s = %q: port 8443 was switched off on 2026-10-31: leave the port out", x.key, *x.at)
		}
		*x.at = strings.TrimSuffix(*x.at, "/")
	}
	return e, nil
}

// SideOf is the word of a side, buy or sell; 0: it is neither.
func SideOf(word []byte) exchange.Side {
	switch string(word) {
	case "buy":
		return exchange.Buy
	case "sell":
		return exchange.Sell
	}
	return 0
}
