package api

import (
	"fmt"
	"net/url"
	"strings"
)

// Endpoints are the addresses of the venue. An empty one means the production
// address, except that RestWallet follows RestSpot.
type Endpoints struct {
	RestSpot   string // https://api.binance.com
	RestUSDM   string // https://fapi.binance.com
	RestCOINM  string // https://dapi.binance.com
	RestWallet string // https://api.binance.com; of /sapi, which the test networks do not have
	WSSpot     string // wss://stream.binance.com:9443
	WSUSDM     string // wss://fstream.binance.com; /public, /market and /private are below it
	WSCOINM    string // wss://dstream.binance.com
	APISpot    string // wss://ws-api.binance.com:443/ws-api/v3
	APIUSDM    string // wss://ws-fapi.binance.com/ws-fapi/v1
	APICOINM   string // wss://ws-dapi.binance.com/ws-dapi/v1
}

// Production are the addresses of the real venue.
func Production() Endpoints {
	return Endpoints{
		RestSpot: "https://api.binance.com", RestUSDM: "https://fapi.binance.com", RestCOINM: "https://dapi.binance.com",
		RestWallet: "https://api.binance.com",
		WSSpot:     "wss://stream.binance.com:9443", WSUSDM: "wss://fstream.binance.com", WSCOINM: "wss://dstream.binance.com",
		APISpot: "wss://ws-api.binance.com:443/ws-api/v3", APIUSDM: "wss://ws-fapi.binance.com/ws-fapi/v1", APICOINM: "wss://ws-dapi.binance.com/ws-dapi/v1",
	}
}

// Testnet are the addresses of the test networks. Keys of the real venue are not
// valid there, spot is wiped every month, and there are no wallets.
func Testnet() Endpoints {
	return Endpoints{
		RestSpot: "https://testnet.binance.vision", RestUSDM: "https://testnet.binancefuture.com", RestCOINM: "https://testnet.binancefuture.com",
		RestWallet: "https://testnet.binance.vision",
		WSSpot:     "wss://stream.testnet.binance.vision", WSUSDM: "wss://fstream.binancefuture.com", WSCOINM: "wss://dstream.binancefuture.com",
		APISpot: "wss://ws-api.testnet.binance.vision/ws-api/v3", APIUSDM: "wss://testnet.binancefuture.com/ws-fapi/v1", APICOINM: "wss://testnet.binancefuture.com/ws-dapi/v1",
	}
}

// Rest returns the REST address of a market.
func (e *Endpoints) Rest(m Market) string {
	return map[Market]string{Spot: e.RestSpot, USDM: e.RestUSDM, COINM: e.RestCOINM}[m]
}

// Check says which address makes no sense.
func (e Endpoints) Check() error {
	_, err := e.Complete()
	return err
}

// WS returns the address of a market's streams.
func (e *Endpoints) WS(m Market) string {
	return map[Market]string{Spot: e.WSSpot, USDM: e.WSUSDM, COINM: e.WSCOINM}[m]
}

// API returns the address of a market's WebSocket API.
func (e *Endpoints) API(m Market) string {
	return map[Market]string{Spot: e.APISpot, USDM: e.APIUSDM, COINM: e.APICOINM}[m]
}

// Complete fills in the defaults and checks every address.
func (e Endpoints) Complete() (Endpoints, error) {
	p := Production()
	if e.RestSpot != "" {
		p.RestWallet = strings.TrimSuffix(strings.TrimSuffix(e.RestSpot, "/"), "/api")
	}
	for _, a := range []struct {
		name   string
		v      *string
		normal string
		scheme string
	}{
		{"rest_spot", &e.RestSpot, p.RestSpot, "http"}, {"rest_usdm", &e.RestUSDM, p.RestUSDM, "http"},
		{"rest_coinm", &e.RestCOINM, p.RestCOINM, "http"}, {"ws_spot", &e.WSSpot, p.WSSpot, "ws"},
		{"ws_usdm", &e.WSUSDM, p.WSUSDM, "ws"}, {"ws_coinm", &e.WSCOINM, p.WSCOINM, "ws"}, {"rest_wallet", &e.RestWallet, p.RestWallet, "http"},
		{"ws_api_spot", &e.APISpot, p.APISpot, "ws"}, {"ws_api_usdm", &e.APIUSDM, p.APIUSDM, "ws"}, {"ws_api_coinm", &e.APICOINM, p.APICOINM, "ws"},
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

// Prefix is what the paths of the REST endpoints begin with.
func (m Market) Prefix() string {
	return map[Market]string{Spot: "/api/v3", USDM: "/fapi/v1", COINM: "/dapi/v1"}[m]
}

// Join returns where a path is. A base address may end in the first part of the
// path, as in https://testnet.binance.vision/api.
func Join(base, path string) string {
	if first, _, ok := strings.Cut(path[1:], "/"); ok && strings.HasSuffix(base, "/"+first) {
		path = strings.TrimPrefix(path, "/"+first)
	}
	return base + path
}

// RestURL returns where a REST endpoint is, and what it is asked.
func RestURL(base, path string, query url.Values) string {
	if len(query) == 0 {
		return Join(base, path)
	}
	return Join(base, path) + "?" + query.Encode()
}
