package client

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

// The pools. What an address of the chain has used up stops its orders or its cancels; a
// refusal of the IP address stops everything.
const (
	Info limit.Pool = iota + 1
	Orders
	Cancels
	pools = 3
)

// The meters. Source: the manual, "Rate limits and user limits": a weight of 1200 a minute
// for an IP address. What an address of the chain may do in all (10 000 requests and one
// for each USDC that it traded, cancels twice as many) is no window: the venue says when
// it is over, and then takes one request in 10 s. The meters of orders and of cancels are
// there for that refusal, and bind no sooner than the weight does.
const (
	weight = iota
	orders
	cancels
)

// Table is what the venue counts.
func Table() *limit.Table {
	const most = 1200
	slow := 10 * exchange.Second
	return &limit.Table{Pools: []string{"hyperliquid", "hyperliquid orders", "hyperliquid cancels"}, Meters: []limit.Rule{
		weight:  {Name: "weight of the IP address per minute", Pool: Info, Period: exchange.Minute, Limit: most, Rolling: true},
		orders:  {Name: "orders of the account in 10 s", Pool: Orders, Period: slow, Limit: most / 6, Rolling: true, Orders: true},
		cancels: {Name: "cancels of the account in 10 s", Pool: Cancels, Period: slow, Limit: most / 6, Rolling: true},
	}}
}

// Weights of questions. Source: the same page. What lists rows has one more for every 20
// of them, or 60 candles: Rows.
const (
	Light  = 2 // l2Book, allMids, clearinghouseState, orderStatus, spotClearinghouseState, exchangeStatus
	Heavy  = 20
	OfRole = 60
)

// Rows is the weight of a listing of at most so many rows.
func Rows(most, each int) int { return Heavy + most/each }

func costOf(p limit.Pool, w int) limit.Cost {
	c := limit.Cost{Pool: p}
	c.Use[weight] = int32(w)
	switch p {
	case Orders:
		c.Use[orders] = 1
	case Cancels:
		c.Use[cancels] = 1
	}
	return c
}
