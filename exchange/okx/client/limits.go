package client

import (
	"net/http"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

// The pools. What is refused stops nothing but its own: cancels have one, so that orders
// that were too many don't keep them back.
const (
	Public limit.Pool = iota + 1
	Orders
	Cancels
	Private
)

// The meters. Source: the manual, "Rate limits" and each endpoint (2026-08). Those of
// orders count by instrument, and all instruments share one here, which is stricter: a
// process that trades one pair may send 60 in 2 seconds all the same. The answers tell
// nothing of what is used; 50011 and 50061 tell that it was too much.
const (
	listings = iota
	candles
	funding
	times
	places
	cancels
	amends
	batches
	accountOrders // of a sub-account, new and amended: 1,000 in 2 s; cancels are free
	reads
	fills
	bills
	fees
	funds
	switches
	cancelBatches
)

const span = 2 * exchange.Second

// Table is what the venue counts.
func Table() *limit.Table {
	rule := func(name string, p limit.Pool, most int, period exchange.Time, orders bool) limit.Rule {
		return limit.Rule{Name: name, Pool: p, Period: period, Limit: most, Orders: orders, Rolling: true}
	}
	return &limit.Table{Pools: []string{"okx public", "okx orders", "okx cancels", "okx account"}, BanLeast: exchange.Minute, BanMost: exchange.Hour, Step: exchange.Second, Meters: []limit.Rule{
		listings:      rule("listings per 2 s", Public, 20, span, false),
		candles:       rule("candles per 2 s", Public, 40, span, false),
		funding:       rule("funding per 2 s", Public, 10, span, false),
		times:         rule("questions of the time per 2 s", Public, 10, span, false),
		places:        rule("orders per 2 s", Orders, 60, span, true),
		amends:        rule("amendments per 2 s", Orders, 60, span, true),
		batches:       rule("orders in batches per 2 s", Orders, 300, span, true),
		accountOrders: rule("orders of the sub-account per 2 s", Orders, 1000, span, true),
		cancels:       rule("cancels per 2 s", Cancels, 60, span, false),
		switches:      rule("cancel-all-after per second", Cancels, 1, exchange.Second, false),
		cancelBatches: rule("cancels in batches per 2 s", Cancels, 300, span, false),
		reads:         rule("questions about orders per 2 s", Private, 60, span, false),
		fills:         rule("executions per 2 s", Private, 10, span, false),
		bills:         rule("bills per second", Private, 5, exchange.Second, false),
		fees:          rule("fees and settings per 2 s", Private, 5, span, false),
		funds:         rule("balances and positions per 2 s", Private, 10, span, false),
	}}
}

// Count is what of which limits a request uses.
type Count struct {
	pool  limit.Pool
	meter int
	n     int32
}

// The counts of endpoints.
var (
	Listing  = Count{Public, listings, 1}
	Candles  = Count{Public, candles, 1}
	Funding  = Count{Public, funding, 1}
	Time     = Count{Public, times, 1}
	Place    = Count{Orders, places, 1}
	Amend    = Count{Orders, amends, 1}
	Cancel   = Count{Cancels, cancels, 1}
	Switch   = Count{Cancels, switches, 1}
	Read     = Count{Private, reads, 1}
	Fills    = Count{Private, fills, 1}
	Bills    = Count{Private, bills, 1}
	Settings = Count{Private, fees, 1}
	Funds    = Count{Private, funds, 1}
)

// Batch is that of several orders in one request.
func Batch(n int) Count { return Count{Orders, batches, int32(n)} }

// CancelBatch is that of several cancels in one.
func CancelBatch(n int) Count { return Count{Cancels, cancelBatches, int32(n)} }

func (c Count) cost() limit.Cost {
	cost := limit.Cost{Pool: c.pool}
	cost.Use[c.meter] += c.n
	if c.pool == Orders {
		cost.Use[accountOrders] += c.n
	}
	return cost
}

// refusal says what an answer that is a refusal for too much stops: 403 is one of the
// network before the venue, which turns an address away.
func refusal(status int) limit.Refusal {
	if status == http.StatusForbidden {
		return limit.Banned
	}
	return limit.Throttled
}
