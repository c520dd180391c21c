package binance

import (
	"fmt"
	"net/url"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Endpoints are the addresses of the venue's public side, without paths. An
// empty one means the production address.
type Endpoints struct {
	RestSpot  string // https://api.binance.com
	RestUSDM  string // https://fapi.binance.com
	RestCOINM string // https://dapi.binance.com
	WSSpot    string // wss://stream.binance.com:9443
	WSUSDM    string // wss://fstream.binance.com; /public and /market are below it
	WSCOINM   string // wss://dstream.binance.com
}

// Production are the addresses of the real venue.
func Production() Endpoints {
	return Endpoints{
		RestSpot: "https://api.binance.com", RestUSDM: "https://fapi.binance.com", RestCOINM: "https://dapi.binance.com",
		WSSpot: "wss://stream.binance.com:9443", WSUSDM: "wss://fstream.binance.com", WSCOINM: "wss://dstream.binance.com",
	}
}

// Rest returns the REST address of a market.
func (e *Endpoints) Rest(m exchange.Market) string {
	return map[exchange.Market]string{exchange.Spot: e.RestSpot, exchange.USDM: e.RestUSDM, exchange.COINM: e.RestCOINM}[m]
}

// Check says which address makes no sense.
func (e Endpoints) Check() error {
	_, err := e.complete()
	return err
}

// complete fills in the defaults and checks every address.
func (e Endpoints) complete() (Endpoints, error) {
	p := Production()
	for _, a := range []struct {
		name   string
		v      *string
		normal string
		scheme string
	}{
		{"rest_spot", &e.RestSpot, p.RestSpot, "http"}, {"rest_usdm", &e.RestUSDM, p.RestUSDM, "http"},
		{"rest_coinm", &e.RestCOINM, p.RestCOINM, "http"}, {"ws_spot", &e.WSSpot, p.WSSpot, "ws"},
		{"ws_usdm", &e.WSUSDM, p.WSUSDM, "ws"}, {"ws_coinm", &e.WSCOINM, p.WSCOINM, "ws"},
	} {
		if *a.v == "" {
			*a.v = a.normal
		}
		u, err := url.Parse(*a.v)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Scheme != a.scheme && u.Scheme != a.scheme+"s" {
			return e, fmt.Errorf("endpoint %s is %q: want %s://host or %ss://host, with or without a path", a.name, *a.v, a.scheme, a.scheme)
		}
		*a.v = strings.TrimSuffix(*a.v, "/")
	}
	return e, nil
}

// prefix is what the paths of a market's REST endpoints begin with.
func prefix(m exchange.Market) string {
	return map[exchange.Market]string{exchange.Spot: "/api/v3", exchange.USDM: "/fapi/v1", exchange.COINM: "/dapi/v1"}[m]
}

// restURL returns where a REST endpoint is. A base address may end in
// the first part of the path, as in https://testnet.binance.vision/api.
func restURL(base, path string, query url.Values) string {
	if first, _, ok := strings.Cut(path[1:], "/"); ok && strings.HasSuffix(base, "/"+first) {
		path = strings.TrimPrefix(path, "/"+first)
	}
	if len(query) == 0 {
		return base + path
	}
	return base + path + "?" + query.Encode()
}
