package client

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

// The pools. A refusal closes the session and empties the bucket it is of; what has another
// bucket goes on, and cancels are tried first of all.
const (
	Public limit.Pool = iota + 1
	Orders
	Cancels
	Account
)

// The meters are buckets of credits that refill all the time: as many requests as one holds at
// once, and as many again in the time in which it is filled. Source: the manual, "Rate limits" (2026): 20 requests a second and 100 at
// once, 500 credits each; of the matching engine 5 and 20 below a million dollars in 7 days;
// 1 and 50 of get_instruments; 1 and 8 of get_transaction_log. Who is not signed in is
// counted by address, by numbers that are not told: the same are taken.
const (
	perAddress = iota
	listings
	questions
	matching
	spotMatching
	logs
)

// refill is how long to leave a bucket that was found empty: a fifth of what it holds comes
// back meanwhile.
const refill = exchange.Second

// Table is what the venue counts.
func Table() *limit.Table {
	bucket := func(name string, p limit.Pool, rate, burst int, orders bool) limit.Rule {
		return limit.Rule{Name: name, Pool: p, Period: exchange.Time(burst) * exchange.Second / exchange.Time(rate), Limit: burst, Orders: orders, Refills: true}
	}
	return &limit.Table{Pools: []string{"deribit public", "deribit orders", "deribit cancels", "deribit account"}, Meters: []limit.Rule{
		perAddress:   bucket("requests of the address", Public, 20, 100, false),
		listings:     bucket("listings of instruments", Public, 1, 50, false),
		questions:    bucket("questions of the account", Account, 20, 100, false),
		matching:     bucket("orders and cancels", Orders, 5, 20, true),
		spotMatching: bucket("orders and cancels on spot", Orders, 5, 20, true),
		logs:         bucket("transaction log", Account, 1, 8, false),
	}}
}

// Count is what a request uses: a pool and a meter.
type Count struct {
	Pool  limit.Pool
	meter int
}

// The counts of methods.
var (
	Free     = Count{Public, perAddress}
	Listings = Count{Public, listings}
	Private  = Count{Account, questions}
	Log      = Count{Account, logs}
)

// Order is that of placing and amending in a segment, and Cancel that of cancelling: spot has
// a bucket of its own.
func Order(spot bool) Count {
	if spot {
		return Count{Orders, spotMatching}
	}
	return Count{Orders, matching}
}

// Cancel is that of cancelling an order.
func Cancel(spot bool) Count { return Count{Cancels, Order(spot).meter} }

func (c Count) cost() limit.Cost {
	cost := limit.Cost{Pool: c.Pool}
	cost.Use[c.meter]++
	return cost
}

// Allow takes what the venue lets the account do, from its summary: a rate per second and a
// burst. The time to fill a bucket stays as it is, so what counts is the lower of both.
func (c *Client) Allow(what string, rate, burst int) {
	meter, ok := map[string]int{"trading": matching, "spot": spotMatching, "non_matching_engine": questions}[what]
	if !ok || rate < 1 || burst < 1 {
		return
	}
	most := min(burst, int(exchange.Time(rate)*Table().Meters[meter].Period/exchange.Second))
	c.mu.Lock()
	news := c.limits[meter] != most
	c.limits[meter] = most
	c.mu.Unlock()
	if news {
		if err := c.o.Throttle.SetLimit(limit.Meter(meter), most); err != nil {
			c.o.Log(err.Error())
		}
	}
}
