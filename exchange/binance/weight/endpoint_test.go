package weight

import (
	"net/url"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
)

// use spells out what a cost charges beside weight.
type use map[Meter]int32

func TestCosts(t *testing.T) {
	long := `["` + strings.Repeat(`A","`, 100) + `A"]`
	for _, c := range []struct {
		method, path, query string
		want                use
	}{
		{"GET", "/api/v3/depth", "", use{SpotWeight: 5, SpotRaw: 1}},
		{"GET", "/api/v3/depth", "limit=100", use{SpotWeight: 5, SpotRaw: 1}},
		{"GET", "/api/v3/depth", "limit=101", use{SpotWeight: 25, SpotRaw: 1}},
		{"GET", "/api/v3/depth", "limit=1000", use{SpotWeight: 50, SpotRaw: 1}},
		{"GET", "/api/v3/depth", "limit=5000", use{SpotWeight: 250, SpotRaw: 1}},
		{"GET", "/api/v3/depth", "limit=9999", use{SpotWeight: 250, SpotRaw: 1}},
		{"GET", "/api/v3/depth", "limit=all", use{SpotWeight: 250, SpotRaw: 1}},
		{"GET", "/api/v3/exchangeInfo", "", use{SpotWeight: 20, SpotRaw: 1}},
		{"GET", "/api/v3/ticker/24hr", "", use{SpotWeight: 80, SpotRaw: 1}},
		{"GET", "/api/v3/ticker/24hr", "symbol=BTCUSDT", use{SpotWeight: 2, SpotRaw: 1}},
		{"GET", "/api/v3/ticker/24hr", `symbols=["A","B"]`, use{SpotWeight: 2, SpotRaw: 1}},
		{"GET", "/api/v3/ticker/24hr", "symbols=" + strings.Repeat("A,", 20), use{SpotWeight: 40, SpotRaw: 1}},
		{"GET", "/api/v3/ticker/24hr", "symbols=" + long, use{SpotWeight: 80, SpotRaw: 1}},
		{"GET", "/api/v3/openOrders", "", use{SpotWeight: 80, SpotRaw: 1}},
		{"GET", "/api/v3/openOrders", "symbol=A", use{SpotWeight: 6, SpotRaw: 1}},
		{"GET", "/api/v3/myTrades", "symbol=A&orderId=1", use{SpotWeight: 5, SpotRaw: 1}},
		{"GET", "/api/v3/myTrades", "symbol=A", use{SpotWeight: 20, SpotRaw: 1}},
		{"POST", "/api/v3/order", "symbol=A", use{SpotWeight: 1, SpotRaw: 1, SpotOrders10s: 1, SpotOrders1d: 1}},
		{"POST", "/api/v3/orderList/otoco", "", use{SpotWeight: 1, SpotRaw: 1, SpotOrders10s: 3, SpotOrders1d: 3}},
		{"DELETE", "/api/v3/order", "symbol=A", use{SpotWeight: 1, SpotRaw: 1}},

		{"GET", "/fapi/v1/depth", "", use{FuturesWeight: 10}},
		{"GET", "/fapi/v1/depth", "limit=50", use{FuturesWeight: 2}},
		{"GET", "/dapi/v1/depth", "limit=1000", use{FuturesWeight: 20}},
		{"GET", "/fapi/v1/klines", "limit=99", use{FuturesWeight: 1}},
		{"GET", "/fapi/v1/klines", "limit=100", use{FuturesWeight: 2}},
		{"GET", "/fapi/v1/klines", "limit=499", use{FuturesWeight: 2}},
		{"GET", "/fapi/v1/klines", "limit=500", use{FuturesWeight: 5}},
		{"GET", "/dapi/v1/continuousKlines", "", use{FuturesWeight: 5}},
		{"GET", "/fapi/v1/markPriceKlines", "limit=1000", use{FuturesWeight: 5}},
		{"GET", "/fapi/v1/klines", "limit=1001", use{FuturesWeight: 10}},
		{"GET", "/fapi/v1/historicalTrades", "", use{FuturesWeight: 200}},
		{"GET", "/fapi/v1/premiumIndex", "symbol=A", use{FuturesWeight: 1}},
		{"GET", "/fapi/v1/premiumIndex", "", use{FuturesWeight: 10}},
		{"GET", "/dapi/v1/premiumIndex", "symbol=A", use{FuturesWeight: 10}},
		{"GET", "/fapi/v1/fundingRate", "", use{FundingRequests: 1}},
		{"GET", "/dapi/v1/fundingRate", "", use{FuturesWeight: 1}},
		{"GET", "/futures/data/openInterestHist", "", use{FuturesData: 1}},
		{"POST", "/fapi/v1/order", "", use{FuturesOrders10s: 1, FuturesOrders1m: 1}},
		{"PUT", "/dapi/v1/order", "", use{FuturesOrders10s: 1, FuturesOrders1m: 1}},
		{"POST", "/dapi/v1/algoOrder", "", use{FuturesOrders10s: 1, FuturesOrders1m: 1}},
		{"POST", "/fapi/v1/batchOrders", "", use{FuturesWeight: 5, FuturesOrders10s: 5, FuturesOrders1m: 1}},
		{"DELETE", "/fapi/v1/batchOrders", "", use{FuturesWeight: 1}},
		{"GET", "/fapi/v1/openAlgoOrders", "", use{FuturesWeight: 40}},
		{"POST", "/fapi/v1/countdownCancelAll", "", use{FuturesWeight: 10}},
		{"GET", "/fapi/v1/income", "", use{FuturesWeight: 30}},
		{"GET", "/dapi/v1/income", "", use{FuturesWeight: 20}},
		{"GET", "/fapi/v1/positionSide/dual", "", use{FuturesWeight: 30}},
		{"POST", "/fapi/v1/positionSide/dual", "", use{FuturesWeight: 1}},
		{"GET", "/dapi/v2/leverageBracket", "", use{FuturesWeight: 2}},

		{"POST", "/sapi/v1/asset/transfer", "", use{WalletUID: 900}},
		{"GET", "/sapi/v1/asset/transfer", "", use{WalletIP: 1}},
	} {
		params, err := url.ParseQuery(c.query)
		if err != nil {
			t.Fatal(err)
		}
		var want [limit.MaxMeters]int32
		for m, n := range c.want {
			want[m] = n
		}
		if got := find(t, c.method, c.path).Cost(params).Use; got != want {
			t.Errorf("%s %s?%.40s: got %v, want %v", c.method, c.path, c.query, got, want)
		}
	}
}

// Every endpoint charges something, only in its own pool, and more with all
// symbols than with one.
func TestEveryEndpoint(t *testing.T) {
	list := Endpoints()
	if len(list) < 150 {
		t.Fatalf("only %d endpoints", len(list))
	}
	poolOf := map[string]Pool{"api": Spot, "sapi": Wallet, "fapi": Futures, "dapi": Futures, "futures": Futures}
	for i, e := range list {
		name := e.Method + " " + e.Path
		if i > 0 && list[i-1].Path == e.Path && list[i-1].Method == e.Method {
			t.Errorf("%s is there twice", name)
		}
		all, one := e.Cost(None{}), e.Cost(url.Values{"symbol": {"A"}})
		if want := poolOf[strings.Split(e.Path, "/")[1]]; all.Pool != want || one.Pool != want {
			t.Errorf("%s: pool %v, want %v", name, all.Pool, want)
		}
		charges := false
		for m := range rules {
			charges = charges || all.Use[m] > 0
			if all.Use[m] > 0 && rules[m].Pool != all.Pool {
				t.Errorf("%s charges %v of another pool", name, rules[m].Name)
			}
			if one.Use[m] > all.Use[m] {
				t.Errorf("%s: %v is %d with a symbol and %d without", name, rules[m].Name, one.Use[m], all.Use[m])
			}
		}
		if !charges {
			t.Errorf("%s is free", name)
		}
	}
}

// A table must not price an endpoint that another table prices as well.
func TestTablesDoNotOverlap(t *testing.T) {
	for _, tables := range [][][]Endpoint{{spotEndpoints}, {walletEndpoints}, {futuresEndpoints, linearEndpoints}, {futuresEndpoints, inverseEndpoints}, {dataEndpoints}} {
		seen := make(map[string]bool)
		for _, table := range tables {
			for _, e := range table {
				if name := e.Method + " " + e.Path; seen[name] {
					t.Errorf("%s is priced twice", name)
				} else {
					seen[name] = true
				}
			}
		}
	}
}

func TestMethods(t *testing.T) {
	for m, methods := range restOf {
		for name, rest := range methods {
			e, err := FindMethod(m, name)
			if err != nil {
				t.Error(err)
				continue
			}
			if e.Cost(None{}) != find(t, rest[0], rest[1]).Cost(None{}) || e.Path != name {
				t.Errorf("%v %s is not priced as %v", m, name, rest)
			}
		}
	}
	for m, want := range map[api.Market]Cost{
		api.Spot:  {Pool: Spot, Use: [limit.MaxMeters]int32{SpotWeight: 2, SpotRaw: 1, SpotConnects: 1}},
		api.USDM:  {Pool: Futures, Use: [limit.MaxMeters]int32{FuturesWeight: 5}},
		api.COINM: {Pool: Futures, Use: [limit.MaxMeters]int32{FuturesWeight: 5}},
	} {
		if e, err := FindMethod(m, "connect"); err != nil || e.Cost(None{}) != want {
			t.Errorf("%v connect: %v", m, err)
		}
		if _, err := FindMethod(m, "session.logon"); err != nil {
			t.Error(err)
		}
	}
}

func TestUnknownEndpoints(t *testing.T) {
	for _, c := range [][2]string{{"GET", "/api/v1/depth"}, {"PATCH", "/fapi/v1/order"}, {"GET", ""}} {
		if _, err := Find(c[0], c[1]); err == nil || !strings.Contains(err.Error(), c[0]+" "+c[1]) {
			t.Errorf("%v: got %v", c, err)
		}
	}
	if _, err := FindMethod(api.COINM, "order.amend"); err == nil || !strings.Contains(err.Error(), "order.amend of coinm") {
		t.Errorf("got %v", err)
	}
}
