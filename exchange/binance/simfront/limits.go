package simfront

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Limits are what one address and one account may use. Source: rateLimits of
// exchangeInfo; futures share one pool since 2026-06-30.
type Limits struct {
	SpotWeight, FuturesWeight   int // per minute and address
	SpotOrders10S, SpotOrders1D int // of an account
	Orders10S, Orders1M         int // of an account, futures
}

// DefaultLimits are the exchange's.
func DefaultLimits() Limits {
	return Limits{SpotWeight: 6000, FuturesWeight: 2400, SpotOrders10S: 100, SpotOrders1D: 200_000, Orders10S: 300, Orders1M: 1200}
}

// window counts use in a clock-aligned window.
type window struct {
	length exchange.Time
	start  exchange.Time
	used   int
}

func (w *window) count(now exchange.Time, n int) int {
	if start := now - now%w.length; start != w.start {
		w.start, w.used = start, 0
	}
	w.used += n
	return w.used
}

// left is how long until the window ends, in whole seconds, at least 1.
func (w *window) left(now exchange.Time) int64 {
	return max(1, int64((w.start+w.length-now+exchange.Second-1)/exchange.Second))
}

// usage is what one address has used of one pool.
type usage struct {
	weight   window
	warned   int // requests beyond the limit in this window
	banUntil exchange.Time
}

// pool separates spot from the shared pool of the futures.
func pool(m api.Market) int {
	if m == api.Spot {
		return 0
	}
	return 1
}

// The wallet's endpoints have pools of their own: one by address, and one by
// account for those whose weight the exchange calls UID.
const (
	walletPool = 2 + iota
	accountPool
)

// Limits of the wallet's pools a minute. Source: the wallet's general info.
const (
	walletWeight  = 12_000
	accountWeight = 180_000
)

// byAccount are the wallet's endpoints that weigh on the account.
var byAccount = map[string]bool{transferRoute: true}

// usageKey is who uses a pool: an address, or an account by its key.
type usageKey struct {
	who  string
	pool int
}

func usageOf(r *request) usageKey {
	switch {
	case !r.wallet:
		return usageKey{r.ip, pool(r.market)}
	case byAccount[routeKey(r)]:
		return usageKey{r.key, accountPool}
	}
	return usageKey{r.ip, walletPool}
}

func (q *quota) weightLimit(r *request) int {
	switch usageOf(r).pool {
	case pool(api.Spot):
		return q.allowed.SpotWeight
	case walletPool:
		return walletWeight
	case accountPool:
		return accountWeight
	}
	return q.allowed.FuturesWeight
}

// patience is how many requests beyond the limit end in a ban.
const patience = 10

// banFor is the shortest ban.
const banFor = 2 * exchange.Minute

// chargeWeight counts the weight of a request and refuses it when the address has
// used up its minute: 429 at first, 418 for who goes on.
func (q *quota) chargeWeight(r *request, weight int) *fault {
	now, u := q.clock.Wall(), q.usedBy(r)
	if now < u.banUntil {
		return banned(r.market, u.banUntil, now)
	}
	limit := q.weightLimit(r)
	was := u.weight.start
	used := u.weight.count(now, weight)
	if u.weight.start != was {
		u.warned = 0
	}
	if used <= limit {
		return nil
	}
	if u.warned++; u.warned > patience {
		u.warned, u.banUntil = 0, now+banFor
		return banned(r.market, u.banUntil, now)
	}
	return tooMany(r.market, limit, u.weight.left(now), now)
}

func (q *quota) usedBy(r *request) *usage {
	key := usageOf(r)
	u := q.usage[key]
	if u == nil {
		u = &usage{weight: window{length: exchange.Minute}}
		q.usage[key] = u
	}
	return u
}

// countHandshake counts the opening of a WebSocket API.
func (q *quota) countHandshake(c *client) {
	weight := 5
	if c.end.market == api.Spot {
		weight = 2
	}
	q.usedBy(&request{ip: c.ip, market: c.end.market}).weight.count(q.clock.Wall(), weight)
}

func tooMany(m api.Market, limit int, wait int64, now exchange.Time) *fault {
	f := &fault{status: http.StatusTooManyRequests, code: -1003, retryAt: now + exchange.Time(wait)*exchange.Second,
		msg: fmt.Sprintf("Too much request weight used; current limit is %d request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.", limit)}
	if m == api.Spot {
		f.retryAfter = wait // futures promise no Retry-After
	}
	return f
}

func banned(m api.Market, until, now exchange.Time) *fault {
	f := &fault{status: http.StatusTeapot, code: -1003, retryAt: until,
		msg: fmt.Sprintf("Way too much request weight used; IP banned until %d. Please use WebSocket Streams for live updates to avoid bans.", millis(until))}
	if m == api.Spot {
		f.retryAfter = max(1, int64((until-now)/exchange.Second))
	}
	return f
}

// orderCount counts orders of an account; the futures share one count.
type orderCount struct{ short, long window }

func newOrderCounts() [2]orderCount {
	return [2]orderCount{
		{window{length: 10 * exchange.Second}, window{length: exchange.Day}},
		{window{length: 10 * exchange.Second}, window{length: exchange.Minute}},
	}
}

// chargeOrders counts an order entry, short in the 10 s window and long in the
// other, or refuses it with -1015.
func (q *quota) chargeOrders(c *call, short, long int) *fault {
	now, n := q.clock.Wall(), &c.account.orderCount[pool(c.market)]
	a, b := n.short.count(now, short), n.long.count(now, long)
	limitA, limitB, unit := q.allowed.Orders10S, q.allowed.Orders1M, "1 MINUTE"
	if c.market == api.Spot {
		limitA, limitB, unit = q.allowed.SpotOrders10S, q.allowed.SpotOrders1D, "1 DAY"
	}
	limit := limitA
	switch {
	case a > limitA:
		unit = "10 SECOND"
	case b > limitB:
		limit = limitB
	default:
		return nil
	}
	return &fault{status: http.StatusTooManyRequests, code: -1015,
		msg: fmt.Sprintf("Too many new orders; current limit is %d orders per %s.", limit, unit)}
}

// headers report what has been used. Source: X-MBX-USED-WEIGHT-1M and
// X-MBX-ORDER-COUNT-*; the wallet endpoints count by account.
func (q *quota) headers(c *call, orders bool) map[string]string {
	h := map[string]string{}
	weight := strconv.Itoa(q.usedBy(c.request).weight.used)
	switch usageOf(c.request).pool {
	case accountPool:
		h["X-SAPI-USED-UID-WEIGHT-1M"] = weight
		return h
	case walletPool:
		h["X-SAPI-USED-IP-WEIGHT-1M"] = weight
		return h
	}
	h["X-MBX-USED-WEIGHT"], h["X-MBX-USED-WEIGHT-1M"] = weight, weight
	if orders && c.account != nil {
		n := &c.account.orderCount[pool(c.market)]
		h["X-MBX-ORDER-COUNT-10S"] = strconv.Itoa(n.short.used)
		if c.market == api.Spot {
			h["X-MBX-ORDER-COUNT-1D"] = strconv.Itoa(n.long.used)
		} else {
			h["X-MBX-ORDER-COUNT-1M"] = strconv.Itoa(n.long.used)
		}
	}
	return h
}

// wsLimits is the rateLimits of a WebSocket API answer.
func (q *quota) wsLimits(c *call, orders bool) list {
	limit := q.allowed.FuturesWeight
	if c.market == api.Spot {
		limit = q.allowed.SpotWeight
	}
	out := list{rateLimit("REQUEST_WEIGHT", "MINUTE", 1, limit).with(field{"count", q.usedBy(c.request).weight.used})}
	if orders && c.account != nil {
		n := &c.account.orderCount[pool(c.market)]
		rules := q.orderLimits(c.market)
		out = append(out, rules[0].with(field{"count", n.short.used}), rules[1].with(field{"count", n.long.used}))
	}
	return out
}

func rateLimit(kind, interval string, n, limit int) object {
	return object{{"rateLimitType", kind}, {"interval", interval}, {"intervalNum", n}, {"limit", limit}}
}

func (q *quota) orderLimits(m api.Market) []object {
	l := q.allowed
	if m == api.Spot {
		return []object{rateLimit("ORDERS", "SECOND", 10, l.SpotOrders10S), rateLimit("ORDERS", "DAY", 1, l.SpotOrders1D)}
	}
	return []object{rateLimit("ORDERS", "SECOND", 10, l.Orders10S), rateLimit("ORDERS", "MINUTE", 1, l.Orders1M)}
}
