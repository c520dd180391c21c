package simfront

import (
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Limits are what clients may use. Source: the manual, Rate Limit Rules; orders are counted
// by account, endpoint and category, in a second each.
type Limits struct {
	Address    int // requests of an address in 5 seconds
	SpotOrders int // creates and cancels on spot, a second
	Orders     int // creates, amendments and cancels of contracts, a second and category
}

// DefaultLimits are those of an account without a level.
func DefaultLimits() Limits { return Limits{Address: 600, SpotOrders: 20, Orders: 10} }

// banFor is how long an address is that asked too often.
const banFor = 10 * exchange.Minute

// usage is what was used of one count.
type usage struct {
	begun exchange.Time
	used  int
}

// usageKey is who uses what: an address, or an account with an endpoint and a category.
type usageKey struct{ who, what string }

// quota is what clients have used of what they may.
type quota struct {
	clock   *simserver.Clock
	allowed *Limits
	usage   map[usageKey]*usage
	bans    map[string]exchange.Time
}

// add counts n in a window of a length and returns what was used in it and when it began.
func (q *quota) add(k usageKey, length exchange.Time, n int) *usage {
	now := q.clock.Wall()
	u := q.usage[k]
	if u == nil {
		u = &usage{}
		q.usage[k] = u
	}
	if now >= u.begun+length || now < u.begun {
		*u = usage{begun: now}
	}
	u.used += n
	return u
}

// ban shuts an address out.
func (q *quota) ban(address string, until exchange.Time) {
	if q.bans == nil {
		q.bans = map[string]exchange.Time{}
	}
	q.bans[address] = until
}

// banned counts a request of an address, and reports one that is shut out.
func (q *quota) banned(address string) bool {
	now := q.clock.Wall()
	if now < q.bans[address] {
		return true
	}
	if q.add(usageKey{address, ""}, 5*exchange.Second, 1).used <= q.allowed.Address {
		return false
	}
	q.ban(address, now+banFor)
	return true
}

// count counts a request of an account, and tells in the headers what is left.
func (q *quota) count(c *call, rt route, header map[string]string) *fault {
	category := api.Category(c.text("category"))
	most, n := rt.perSecond(q.allowed, category), 1
	if rt.items {
		n = max(1, len(c.items()))
		most *= 2 // batches have a pool of their own
	}
	u := q.add(usageKey{strconv.Itoa(c.account.Number), c.path + " " + string(category)}, exchange.Second, n)
	header["X-Bapi-Limit"] = strconv.Itoa(most)
	header["X-Bapi-Limit-Status"] = strconv.Itoa(max(0, most-u.used))
	header["X-Bapi-Limit-Reset-Timestamp"] = strconv.FormatInt(millis(u.begun+exchange.Second), 10)
	if u.used > most {
		return bad(10006, "Too many visits. Exceeded the API Rate Limit.")
	}
	return nil
}

// perOrder, and what follows, are the counts of endpoints, a second.
func perOrder(l *Limits, c api.Category) int {
	if c == api.Spot {
		return l.SpotOrders
	}
	return l.Orders
}

func fifty(*Limits, api.Category) int      { return 50 }
func twentyFive(*Limits, api.Category) int { return 25 }
func five(*Limits, api.Category) int       { return 5 }
