// Package api names the segments of Bybit v5 and its addresses.
//
// One set of hosts serves three categories of instruments, and a unified account is one
// wallet behind all of them; the funding account is another, which backs nothing.
package api

import (
	"cmp"
	"fmt"
	"net/url"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// House is the name of the venue.
const House = "bybit"

// The wallets. Source: wallet-balance, accountType; transfers know them as UNIFIED and FUND.
const (
	Unified exchange.Wallet = House + ".unified"
	Funding exchange.Wallet = House + ".funding"
)

// Category is a segment, by the name that every request and topic has for it.
type Category string

// The categories that are traded.
const (
	Spot    Category = "spot"
	Linear  Category = "linear"
	Inverse Category = "inverse"
)

// Categories are all of them, in the order in which they are told of.
var Categories = []Category{Spot, Linear, Inverse}

// Names are those of Categories.
var Names = []string{string(Spot), string(Linear), string(Inverse)}

// Venue is the full name of the segment.
func (c Category) Venue() exchange.Venue { return exchange.Venue(House + "." + string(c)) }

// Contract is what is traded in it.
func (c Category) Contract() exchange.Contract {
	switch c {
	case Linear:
		return exchange.Linear
	case Inverse:
		return exchange.Inverse
	}
	return exchange.Spot
}

// Of is the category of a venue.
func Of(v exchange.Venue) Category { return Category(v.Within(House)) }

// Linking is how books follow each other. The manual promises of u that it is in sequence
// for REST alone; captures of ordinary depths step by 1, a live adapter saw jumps.
const Linking = exchange.LinkRising

// Endpoints are where the venue is asked. An empty one is the production one.
type Endpoints struct {
	Rest    string // https://api.bybit.com; regional registrations have hosts of their own
	Public  string // wss://stream.bybit.com/v5/public, before the category
	Private string // wss://stream.bybit.com/v5/private
	Trade   string // wss://stream.bybit.com/v5/trade; "" where orders go by REST alone
}

// Production are the addresses of the real venue.
func Production() Endpoints {
	return Endpoints{Rest: "https://api.bybit.com", Public: "wss://stream.bybit.com/v5/public", Private: "wss://stream.bybit.com/v5/private",
		Trade: "wss://stream.bybit.com/v5/trade"}
}

// networks are the other places; demo has prices of the real one, and takes no orders over
// a stream.
var networks = map[string]Endpoints{
	"testnet": {Rest: "https://api-testnet.bybit.com", Public: "wss://stream-testnet.bybit.com/v5/public", Private: "wss://stream-testnet.bybit.com/v5/private",
		Trade: "wss://stream-testnet.bybit.com/v5/trade"},
	"demo": {Rest: "https://api-demo.bybit.com", Public: "wss://stream.bybit.com/v5/public", Private: "wss://stream-demo.bybit.com/v5/private"},
}

// Network returns the addresses of a place by its name.
func Network(name string) (Endpoints, error) {
	e, ok := networks[name]
	if !ok {
		return e, fmt.Errorf(`network = %q: want "testnet" or "demo", or leave it out for the real venue`, name)
	}
	return e, nil
}

// Complete fills in what is empty and checks the rest. Whoever gives an address of orders'
// answers, as demo does, may have no trade stream: none is filled in then.
func (e Endpoints) Complete() (Endpoints, error) {
	p := Production()
	if e.Private == "" && e.Trade == "" {
		e.Trade = p.Trade
	}
	for _, x := range []struct {
		key    string
		at     *string
		usual  string
		scheme string
	}{{"rest", &e.Rest, p.Rest, "http"}, {"ws_public", &e.Public, p.Public, "ws"}, {"ws_private", &e.Private, p.Private, "ws"}, {"ws_trade", &e.Trade, "", "ws"}} {
		if *x.at == "" {
			*x.at = x.usual
		}
		if *x.at == "" {
			continue
		}
		u, err := url.Parse(*x.at)
		if err != nil || u.Host == "" || u.Scheme != x.scheme && u.Scheme != x.scheme+"s" || u.RawQuery != "" {
			return e, fmt.Errorf("%s = %q: want an address such as %s", x.key, *x.at, cmp.Or(x.usual, p.Trade))
		}
		*x.at = strings.TrimSuffix(*x.at, "/")
	}
	return e, nil
}
