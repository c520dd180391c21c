package limit

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Pool is a group of endpoints that are throttled and banned together.
type Pool uint8

const (
	Spot    Pool = iota + 1 // /api
	Futures                 // /fapi and /dapi
	Wallet                  // /sapi

	pools = iota + 1
)

var poolNames = [pools]string{"none", "spot", "futures", "wallet"}

func (p Pool) String() string {
	if int(p) < len(poolNames) {
		return poolNames[p]
	}
	return poolNames[0]
}

// PoolOf returns the pool of a market's endpoints.
func PoolOf(m api.Market) Pool {
	if m == api.Spot {
		return Spot
	}
	return Futures
}

// Meter is one limit that the venue counts us against.
type Meter uint8

const (
	SpotWeight       Meter = iota // REQUEST_WEIGHT, per minute
	SpotRaw                       // RAW_REQUESTS, per 5 minutes
	SpotConnects                  // new stream connections, per 5 minutes
	SpotOrders10s                 // ORDERS: the unfilled order count
	SpotOrders1d                  // the same, per day
	FuturesWeight                 // REQUEST_WEIGHT, per minute, USD-M and COIN-M together
	FuturesOrders10s              // ORDERS, USD-M and COIN-M together
	FuturesOrders1m               // the same, per minute
	FundingRequests               // /fapi/v1/fundingRate and fundingInfo, per 5 minutes
	FuturesData                   // /futures/data/*, per 5 minutes
	WalletIP                      // weight by address, per minute
	WalletUID                     // weight by account, per minute

	Meters = iota // how many there are
)

// rule is what is known of a meter before the venue's exchangeInfo is read.
type rule struct {
	name   string
	pool   Pool
	period exchange.Time
	limit  int
	orders bool
	// How the venue calls it in rateLimits and in the header of an answer.
	kind, interval string
	num            int
	header         string
}

// The spot order limits are the manual's examples. The venue limits each sapi
// endpoint by itself; one meter for all of them is stricter and simpler.
var rules = [Meters]rule{
	SpotWeight:       {"spot weight per minute", Spot, exchange.Minute, 6000, false, "REQUEST_WEIGHT", "MINUTE", 1, "X-MBX-USED-WEIGHT-1M"},
	SpotRaw:          {"spot requests per 5 minutes", Spot, 5 * exchange.Minute, 300_000, false, "RAW_REQUESTS", "MINUTE", 5, ""},
	SpotConnects:     {"spot connections per 5 minutes", Spot, 5 * exchange.Minute, 300, false, "", "", 0, ""},
	SpotOrders10s:    {"spot orders per 10 seconds", Spot, 10 * exchange.Second, 50, true, "ORDERS", "SECOND", 10, "X-MBX-ORDER-COUNT-10S"},
	SpotOrders1d:     {"spot orders per day", Spot, exchange.Day, 160_000, true, "ORDERS", "DAY", 1, "X-MBX-ORDER-COUNT-1D"},
	FuturesWeight:    {"futures weight per minute", Futures, exchange.Minute, 2400, false, "REQUEST_WEIGHT", "MINUTE", 1, "X-MBX-USED-WEIGHT-1M"},
	FuturesOrders10s: {"futures orders per 10 seconds", Futures, 10 * exchange.Second, 300, true, "ORDERS", "SECOND", 10, "X-MBX-ORDER-COUNT-10S"},
	FuturesOrders1m:  {"futures orders per minute", Futures, exchange.Minute, 1200, true, "ORDERS", "MINUTE", 1, "X-MBX-ORDER-COUNT-1M"},
	FundingRequests:  {"funding requests per 5 minutes", Futures, 5 * exchange.Minute, 500, false, "", "", 0, ""},
	FuturesData:      {"futures data requests per 5 minutes", Futures, 5 * exchange.Minute, 1000, false, "", "", 0, ""},
	WalletIP:         {"wallet weight per minute and address", Wallet, exchange.Minute, 12_000, false, "", "", 0, "X-SAPI-USED-IP-WEIGHT-1M"},
	WalletUID:        {"wallet weight per minute and account", Wallet, exchange.Minute, 180_000, false, "", "", 0, "X-SAPI-USED-UID-WEIGHT-1M"},
}

func (m Meter) String() string {
	if m < Meters {
		return rules[m].name
	}
	return fmt.Sprintf("meter(%d)", uint8(m))
}

// MeterOf returns the meter of an entry of rateLimits, as exchangeInfo and the
// WebSocket API have them: MeterOf(Spot, "ORDERS", "SECOND", 10).
func MeterOf(p Pool, kind, interval string, num int) (Meter, bool) {
	for m, r := range rules {
		if r.kind != "" && r.pool == p && r.kind == kind && r.interval == interval && r.num == num {
			return Meter(m), true
		}
	}
	return 0, false
}

// Cost is what one request uses, all of it in one pool.
type Cost struct {
	Pool Pool
	Use  [Meters]int32
}

// window counts the use of one meter. A charge near an edge belongs to the
// windows on both sides of it, so three are kept.
type window struct {
	period          exchange.Time
	start           exchange.Time // of the current window
	limit           int
	prev, cur, next int
}

func (w *window) align(t exchange.Time) exchange.Time { return t - t%w.period }

// roll moves on to the window of a time; it never moves back.
func (w *window) roll(now exchange.Time) {
	start := w.align(now)
	switch steps := (start - w.start) / w.period; {
	case steps <= 0:
		return
	case steps == 1:
		w.prev, w.cur, w.next = w.cur, w.next, 0
	case steps == 2:
		w.prev, w.cur, w.next = w.next, 0, 0
	default:
		w.prev, w.cur, w.next = 0, 0, 0
	}
	w.start = start
}

// early and late say whether the venue may be in another window than we are.
func (w *window) early(now, guard exchange.Time) bool { return now < w.start+guard }
func (w *window) late(now, guard exchange.Time) bool  { return now >= w.start+w.period-guard }

// fits reports whether n more stay within a ceiling in every window that they
// may be counted in. The window must be rolled.
func (w *window) fits(n, ceiling int, now, guard exchange.Time) bool {
	return w.cur+n <= ceiling &&
		(!w.early(now, guard) || w.prev+n <= ceiling) &&
		(!w.late(now, guard) || w.next+n <= ceiling)
}

func (w *window) charge(n int, now, guard exchange.Time) {
	w.cur += n
	if w.early(now, guard) {
		w.prev += n
	}
	if w.late(now, guard) {
		w.next += n
	}
}

// earliest returns when n fit if nothing else is charged before; n must not be
// over the ceiling.
func (w *window) earliest(n, ceiling int, now, guard exchange.Time) exchange.Time {
	// Usage that counts falls only where the guard of a window's start ends.
	for _, t := range [...]exchange.Time{w.start + guard, w.start + w.period + guard} {
		ahead := *w
		ahead.roll(t)
		if t > now && ahead.fits(n, ceiling, t, guard) {
			return t
		}
	}
	return w.start + 2*w.period + guard
}

// correct takes the venue's count in an answer to a request sent earlier. Near
// an edge it is taken for the earlier window that it may be of: taken for the
// later one, a full window would block the empty one after it.
func (w *window) correct(count int, sent, guard exchange.Time) {
	switch start := w.align(sent - guard); {
	case start >= w.start:
		w.cur = max(w.cur, count)
	case start == w.start-w.period:
		w.prev = max(w.prev, count)
	}
}
