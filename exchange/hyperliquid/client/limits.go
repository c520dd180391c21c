package client

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

// The pools. What an address of the chain has used up stops its orders or its cancels; a
// refusal of the IP address stops everything. Its weight is counted apart, because a pool
// that is refused is left alone for as long as its longest window: a minute without an
// answer would be dearer than another refusal.
const (
	address limit.Pool = iota + 1
	Info
	Orders
	Cancels
	pools = 4
)

// The meters. Source: the manual, "Rate limits and user limits": a weight of 1200 a minute
// for an IP address. What an address of the chain may do in all (10 000 requests and one
// for each USDC that it traded, cancels twice as many) is no window: the venue says when
// it is over, and then takes one request in 10 s. The other meters are there for refusals,
// and bind no sooner than the weight does.
const (
	weight = iota
	questions
	orders
	cancels
)

// slow is how long a refusal is heeded at least, and by how much longer the next ones: no more
// than twice, because the venue bans nobody for asking again, and its weight is back within a
// minute, in which an order in doubt would not be asked for.
const slow = 10 * exchange.Second

// Table is what the venue counts.
func Table() *limit.Table {
	const most = 1200
	in := func(name string, p limit.Pool, counts bool) limit.Rule {
		return limit.Rule{Name: name + " in 10 s", Pool: p, Period: slow, Limit: most, Rolling: true, Orders: counts}
	}
	return &limit.Table{Pools: []string{"hyperliquid", "hyperliquid questions", "hyperliquid orders", "hyperliquid cancels"}, Step: slow, StepMost: slow, Meters: []limit.Rule{
		weight:    {Name: "weight of the IP address per minute", Pool: address, Period: exchange.Minute, Limit: most, Rolling: true},
		questions: in("questions", Info, false), orders: in("orders of the account", Orders, true), cancels: in("cancels of the account", Cancels, false),
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
	c.Use[map[limit.Pool]int{Info: questions, Orders: orders, Cancels: cancels}[p]]++
	return c
}
