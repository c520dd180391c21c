package weight

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
)

// The pools of endpoints that are throttled and banned together.
const (
	Spot    limit.Pool = iota + 1 // /api
	Futures                       // /fapi and /dapi
	Wallet                        // /sapi
)

// PoolOf returns the pool of a market's endpoints.
func PoolOf(m api.Market) limit.Pool {
	if m == api.Spot {
		return Spot
	}
	return Futures
}

// The meters.
const (
	SpotWeight       limit.Meter = iota // REQUEST_WEIGHT, per minute
	SpotRaw                             // RAW_REQUESTS, per 5 minutes
	SpotConnects                        // new stream connections, per 5 minutes
	SpotOrders10s                       // ORDERS: the unfilled order count
	SpotOrders1d                        // the same, per day
	FuturesWeight                       // REQUEST_WEIGHT, per minute, USD-M and COIN-M together
	FuturesOrders10s                    // ORDERS, USD-M and COIN-M together
	FuturesOrders1m                     // the same, per minute
	FundingRequests                     // /fapi/v1/fundingRate and fundingInfo, per 5 minutes
	FuturesData                         // /futures/data/*, per 5 minutes
	WalletIP                            // weight by address, per minute
	WalletUID                           // weight by account, per minute

	Meters = iota // how many there are
)

// rule is what is known of a meter before the venue's exchangeInfo is read.
type rule struct {
	limit.Rule
	// How the venue calls it in rateLimits and in the header of an answer.
	kind, interval string
	num            int
	header         string
}

// The spot order limits are the manual's examples. The venue limits each sapi
// endpoint by itself; one meter for all of them is stricter and simpler.
var rules = [Meters]rule{
	SpotWeight:       {limit.Rule{Name: "spot weight per minute", Pool: Spot, Period: exchange.Minute, Limit: 6000}, "REQUEST_WEIGHT", "MINUTE", 1, "X-MBX-USED-WEIGHT-1M"},
	SpotRaw:          {limit.Rule{Name: "spot requests per 5 minutes", Pool: Spot, Period: 5 * exchange.Minute, Limit: 300_000}, "RAW_REQUESTS", "MINUTE", 5, ""},
	SpotConnects:     {limit.Rule{Name: "spot connections per 5 minutes", Pool: Spot, Period: 5 * exchange.Minute, Limit: 300}, "", "", 0, ""},
	SpotOrders10s:    {limit.Rule{Name: "spot orders per 10 seconds", Pool: Spot, Period: 10 * exchange.Second, Limit: 50, Orders: true}, "ORDERS", "SECOND", 10, "X-MBX-ORDER-COUNT-10S"},
	SpotOrders1d:     {limit.Rule{Name: "spot orders per day", Pool: Spot, Period: exchange.Day, Limit: 160_000, Orders: true}, "ORDERS", "DAY", 1, "X-MBX-ORDER-COUNT-1D"},
	FuturesWeight:    {limit.Rule{Name: "futures weight per minute", Pool: Futures, Period: exchange.Minute, Limit: 2400}, "REQUEST_WEIGHT", "MINUTE", 1, "X-MBX-USED-WEIGHT-1M"},
	FuturesOrders10s: {limit.Rule{Name: "futures orders per 10 seconds", Pool: Futures, Period: 10 * exchange.Second, Limit: 300, Orders: true}, "ORDERS", "SECOND", 10, "X-MBX-ORDER-COUNT-10S"},
	FuturesOrders1m:  {limit.Rule{Name: "futures orders per minute", Pool: Futures, Period: exchange.Minute, Limit: 1200, Orders: true}, "ORDERS", "MINUTE", 1, "X-MBX-ORDER-COUNT-1M"},
	FundingRequests:  {limit.Rule{Name: "funding requests per 5 minutes", Pool: Futures, Period: 5 * exchange.Minute, Limit: 500}, "", "", 0, ""},
	FuturesData:      {limit.Rule{Name: "futures data requests per 5 minutes", Pool: Futures, Period: 5 * exchange.Minute, Limit: 1000}, "", "", 0, ""},
	WalletIP:         {limit.Rule{Name: "wallet weight per minute and address", Pool: Wallet, Period: exchange.Minute, Limit: 12_000}, "", "", 0, "X-SAPI-USED-IP-WEIGHT-1M"},
	WalletUID:        {limit.Rule{Name: "wallet weight per minute and account", Pool: Wallet, Period: exchange.Minute, Limit: 180_000}, "", "", 0, "X-SAPI-USED-UID-WEIGHT-1M"},
}

// Table is what the venue counts. Source of the bounds of a ban: the manual.
func Table() *limit.Table {
	t := &limit.Table{Pools: []string{"spot", "futures", "wallet"}, BanLeast: 2 * exchange.Minute, BanMost: 3 * exchange.Day}
	for _, r := range rules {
		t.Meters = append(t.Meters, r.Rule)
	}
	return t
}

// NewLedger returns a ledger of this venue's limits.
func NewLedger(o limit.Options) (*limit.Ledger, error) {
	o.Table = Table()
	return limit.New(o)
}

// MeterOf returns the meter of an entry of rateLimits, as exchangeInfo and the
// WebSocket API have them: MeterOf(Spot, "ORDERS", "SECOND", 10).
func MeterOf(p limit.Pool, kind, interval string, num int) (limit.Meter, bool) {
	for m, r := range rules {
		if r.kind != "" && r.Pool == p && r.kind == kind && r.interval == interval && r.num == num {
			return limit.Meter(m), true
		}
	}
	return 0, false
}
