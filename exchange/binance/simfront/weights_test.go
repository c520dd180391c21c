package simfront

import (
	"net/url"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
)

// difference is where the simulated exchange charges another weight than the client
// reckons with.
type difference struct {
	endpoint    string // as the client has it; of a WebSocket API method, that of its REST endpoint
	with        string // the parameter that makes it; ! before it: that it is missing; empty: always
	sim, client int
	why         string
}

var differences = []difference{
	{"GET /api/v3/myTrades", "orderId", 20, 5, "the exchange asks less for the trades of one order; here they cost what all do"},
	{"GET /api/v3/ticker/24hr", "symbols", 80, 2, "the exchange asks by how many symbols there are; here a list costs what all do"},
	{"POST /api/v3/order/test", "computeCommissionRates", 1, 20, "rates are not computed here"},
	{"POST /sapi/v1/asset/transfer", "", 300, 900, "the connectors of 2026-08 say 300, older manuals 900: the client reserves the more"},
	{"GET /fapi/v2/balance", "", 5, 10, "a notice of 2024 doubles what the manual says: the client reserves the more"},
	{"GET /fapi/v2/account", "", 5, 10, "as v2/balance"},
	{"GET /fapi/v2/positionRisk", "", 5, 10, "as v2/balance"},
	{"GET /fapi/v1/fundingRate", "", 1, 0, "the exchange counts these requests apart; here they weigh on the pool of all futures"},
	{"GET /dapi/v1/premiumIndex", "symbol", 1, 10, "the exchange asks COIN-M's full weight for one symbol too; here it costs what USD-M's does"},
	{"GET /dapi/v1/income", "", 30, 20, "COIN-M's is cheaper at the exchange; here it costs what USD-M's does"},
	{"GET /dapi/v2/leverageBracket", "!symbol", 1, 2, "the exchange asks twice as much for all symbols; here all cost what one does"},
}

// matches reports that the difference is of a request.
func (d *difference) matches(endpoint string, q url.Values) bool {
	name, missing := strings.CutPrefix(d.with, "!")
	return d.endpoint == endpoint && (name == "" || q.Has(name) != missing)
}

// weighed are requests whose parameters any weight depends on: each step of a limit
// from both sides.
func weighed() (out []url.Values) {
	for _, text := range []string{"", "symbol=A", "symbol=A&orderId=1", "symbol=A&computeCommissionRates=true", "symbols=[\"A\",\"B\"]"} {
		q, err := url.ParseQuery(text)
		if err != nil {
			panic(err)
		}
		out = append(out, q)
	}
	for _, n := range []string{"1", "50", "51", "99", "100", "101", "499", "500", "501", "1000", "1001", "1500", "5000"} {
		out = append(out, url.Values{"symbol": {"A"}, "limit": {n}})
	}
	return out
}

// fullPath is a route's path as the client asks for it.
func fullPath(mk api.Market, path string) string {
	if strings.HasPrefix(path, "sapi/") || strings.HasPrefix(path, "futures/") {
		return "/" + path
	}
	prefix, _, _ := strings.Cut(mk.Prefix()[1:], "/")
	return "/" + prefix + "/" + path
}

// charge is a client's cost in the words of a route. Raw requests and the meters that
// no header tells are not counted here.
type charge struct {
	weight int
	orders counts
}

func chargeOf(c limit.Cost) charge {
	u := func(m limit.Meter) int { return int(c.Use[m]) }
	return charge{u(weight.SpotWeight) + u(weight.FuturesWeight) + u(weight.WalletIP) + u(weight.WalletUID),
		counts{u(weight.SpotOrders10s) + u(weight.FuturesOrders10s), u(weight.SpotOrders1d) + u(weight.FuturesOrders1m)}}
}

// The simulated exchange judges the client by weights of its own, so that a wrong one is
// seen: wherever both have an endpoint they agree, or the difference is named above.
func TestWeightsBesideTheClients(t *testing.T) {
	d := still(t)
	seen, compared := map[string]bool{}, 0
	compare := func(mk api.Market, r route, e *weight.Endpoint) {
		endpoint := r.method + " " + fullPath(mk, r.path)
		compared++
		for _, q := range weighed() {
			ours, theirs := charge{r.weight(&call{request: &request{market: mk, params: q}}), r.orders}, chargeOf(e.Cost(q))
			want := theirs
			for i := range differences {
				if x := &differences[i]; x.matches(endpoint, q) {
					seen[endpoint] = true
					if theirs.weight != x.client {
						t.Errorf("%s?%s: the client reckons with %d, not with the %d that %q explains", endpoint, q.Encode(), theirs.weight, x.client, x.why)
					}
					want.weight = x.sim
				}
			}
			if ours != want {
				t.Errorf("%s?%s as %s: charged as %+v, and the client reckons with %+v: mend one, or name the difference", endpoint, q.Encode(), e.Path, ours, theirs)
			}
		}
	}
	for _, mk := range api.Markets {
		for _, r := range d.door.routes[mk] {
			if e, err := weight.Find(r.method, fullPath(mk, r.path)); err == nil {
				compare(mk, r, e)
			}
		}
		for method, key := range apiMethods[mk] {
			if e, err := weight.FindMethod(mk, method); err == nil {
				compare(mk, d.door.routes[mk][key], e)
			}
		}
		for method, m := range sessionMethods {
			if e, err := weight.FindMethod(mk, method); err == nil && chargeOf(e.Cost(weight.None{})) != (charge{weight: m.weight}) {
				t.Errorf("%v %s: charged as %d, and the client reckons with %+v", mk, method, m.weight, e.Cost(weight.None{}))
			}
		}
	}
	for _, x := range differences {
		if x.sim == x.client || !seen[x.endpoint] {
			t.Errorf("%s does not differ any more: %s", x.endpoint, x.why)
		}
	}
	if compared < 150 {
		t.Errorf("only %d endpoints were compared", compared)
	}
}

// The limits are those that the client begins with, except for spot's orders: there it
// has the examples of the manual until exchangeInfo tells it better.
func TestLimitsBesideTheClients(t *testing.T) {
	ours, theirs := DefaultLimits(), weight.Table().Meters
	for _, x := range []struct {
		meter       limit.Meter
		sim         int
		sims, their int // that are wanted
	}{
		{weight.SpotWeight, ours.SpotWeight, 6000, 6000}, {weight.FuturesWeight, ours.FuturesWeight, 2400, 2400},
		{weight.FuturesOrders10s, ours.Orders10S, 300, 300}, {weight.FuturesOrders1m, ours.Orders1M, 1200, 1200},
		{weight.WalletIP, walletWeight, 12_000, 12_000}, {weight.WalletUID, accountWeight, 180_000, 180_000},
		{weight.SpotOrders10s, ours.SpotOrders10S, 100, 50}, {weight.SpotOrders1d, ours.SpotOrders1D, 200_000, 160_000},
	} {
		if got := theirs[x.meter]; x.sim != x.sims || got.Limit != x.their {
			t.Errorf("%s: %d here and %d at the client, want %d and %d", got.Name, x.sim, got.Limit, x.sims, x.their)
		}
	}
}
