package client

import (
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/limit"
)

// The pools. What is refused because of its own count does not stop the others; a ban is
// one of the address, and stops them all.
const (
	Public limit.Pool = iota + 1
	Orders
	Cancels
	Private
	pools = 4
)

// The meters. Source: the manual, rate limits of 2026: 600 requests in any 5 seconds from
// an address; the rest per second and account, by endpoint. Spot has 20 orders a second,
// contracts 10 for each category: the lower one is what everybody has. Amendments have a
// count of their own there, and share that of orders here. Batches have one too, in which
// each order counts.
const (
	perAddress = iota
	spotOrders
	linearOrders
	inverseOrders
	spotCancels
	linearCancels
	inverseCancels
	spotBatches
	linearBatches
	inverseBatches
	spotBatchCancels
	linearBatchCancels
	inverseBatchCancels
	reads
	logs
	fees
)

// banned is for how long an address is that asked too often: "at least 10 minutes".
const banned = 10 * exchange.Minute

// banFor is for how long an address is, by what the answer says: the venue is not known to
// say it, what stands before it may.
func banFor(header func(string) string) exchange.Time {
	if s, err := strconv.Atoi(header("Retry-After")); err == nil && s > 0 && s <= int(exchange.Day/exchange.Second) {
		return exchange.Time(s) * exchange.Second
	}
	return banned
}

// Table is what the venue counts.
func Table() *limit.Table {
	second := func(name string, p limit.Pool, most int, orders bool) limit.Rule {
		return limit.Rule{Name: name + " per second", Pool: p, Period: exchange.Second, Limit: most, Orders: orders, Rolling: true}
	}
	return &limit.Table{Pools: []string{"bybit public", "bybit orders", "bybit cancels", "bybit account"}, BanLeast: banned, BanMost: exchange.Day, Step: exchange.Second, Meters: []limit.Rule{
		perAddress:     {Name: "requests of the address per 5 s", Pool: Public, Period: 5 * exchange.Second, Limit: 600, Rolling: true},
		spotOrders:     second("spot orders", Orders, 20, true),
		linearOrders:   second("linear orders", Orders, 10, true),
		inverseOrders:  second("inverse orders", Orders, 10, true),
		spotCancels:    second("spot cancels", Cancels, 20, false),
		linearCancels:  second("linear cancels", Cancels, 10, false),
		inverseCancels: second("inverse cancels", Cancels, 10, false),
		spotBatches:    second("spot orders in batches", Orders, 20, true), linearBatches: second("linear orders in batches", Orders, 10, true),
		inverseBatches:      second("inverse orders in batches", Orders, 10, true),
		spotBatchCancels:    second("spot cancels in batches", Cancels, 20, false),
		linearBatchCancels:  second("linear cancels in batches", Cancels, 10, false),
		inverseBatchCancels: second("inverse cancels in batches", Cancels, 10, false),
		reads:               second("questions of the account", Private, 50, false),
		logs:                second("transaction log", Private, 25, false),
		fees:                second("fee rates", Private, 5, false),
	}}
}

// Count is what of its endpoint's own a request uses: a pool, and a meter beside that of
// the address; meter 0: none.
type Count struct {
	Pool  limit.Pool
	meter int
}

// The counts of endpoints.
var (
	Free    = Count{Pool: Public}
	Read    = Count{Private, reads}
	Log     = Count{Private, logs}
	Fees    = Count{Private, fees}
	entries = map[api.Category][4]Count{
		api.Spot:    {{Orders, spotOrders}, {Cancels, spotCancels}, {Orders, spotBatches}, {Cancels, spotBatchCancels}},
		api.Linear:  {{Orders, linearOrders}, {Cancels, linearCancels}, {Orders, linearBatches}, {Cancels, linearBatchCancels}},
		api.Inverse: {{Orders, inverseOrders}, {Cancels, inverseCancels}, {Orders, inverseBatches}, {Cancels, inverseBatchCancels}},
	}
)

// Order is that of placing or amending an order in a category.
func Order(c api.Category) Count { return entries[c][0] }

// Cancel is that of cancelling one.
func Cancel(c api.Category) Count { return entries[c][1] }

// Batch is that of each order in a batch.
func Batch(c api.Category) Count { return entries[c][2] }

// CancelBatch is that of each cancel in one.
func CancelBatch(c api.Category) Count { return entries[c][3] }

// cost of a request: a batch is one of the address, and as many of its endpoint as it has
// orders.
func (q *Request) cost() limit.Cost {
	cost := limit.Cost{Pool: q.Count.Pool}
	cost.Use[perAddress]++
	if q.Count.meter != 0 {
		cost.Use[q.Count.meter] += int32(max(1, q.Times))
	}
	return cost
}

// answer says what headers tell of limits: of the endpoint's count X-Bapi-Limit-Status are
// left of X-Bapi-Limit, until the reset.
func (c Count) answer(header func(string) string, sent exchange.Time) (a limit.Answer, most int) {
	a = limit.Answer{Pool: c.Pool, Sent: sent}
	most, err := strconv.Atoi(header("X-Bapi-Limit"))
	if err != nil || most <= 0 || c.meter == 0 {
		return a, 0
	}
	if left, err := strconv.Atoi(header("X-Bapi-Limit-Status")); err == nil && left >= 0 && left <= most {
		a.Used[c.meter] = int32(most - left)
	}
	return a, most
}

// resetOf is when a count begins anew; 0 when nothing says so.
func resetOf(header func(string) string, now exchange.Time) exchange.Time {
	ms, err := strconv.ParseInt(header("X-Bapi-Limit-Reset-Timestamp"), 10, 64)
	if err != nil || ms <= 0 || ms > int64((now+exchange.Day)/exchange.Millisecond) {
		return 0
	}
	return exchange.UnixMilli(ms)
}
