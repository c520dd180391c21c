package weight

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
)

// Params are the parameters of a request as far as its weight depends on them;
// url.Values is one. Get returns "" for what is not there.
type Params interface{ Get(name string) string }

// None are the parameters of a request without any.
type None struct{}

// Get returns "".
func (None) Get(string) string { return "" }

// Endpoint is something that can be asked, and its price.
type Endpoint struct {
	Method string // of HTTP; "WS" for a method of a WebSocket API
	Path   string // /api/v3/depth, or order.place
	cost   func(Params) limit.Cost
}

// Cost returns what one request uses. Look it up once and keep it where it does
// not depend on the parameters, as for orders.
func (e *Endpoint) Cost(p Params) limit.Cost { return e.cost(p) }

var byRoute = func() map[string]*Endpoint {
	routes := make(map[string]*Endpoint)
	add := func(prefix string, list []Endpoint) {
		for _, e := range list {
			e.Path = prefix + e.Path
			routes[e.Method+" "+e.Path] = &e
		}
	}
	add("/api/v3", spotEndpoints)
	add("/sapi", walletEndpoints)
	for _, prefix := range []string{"/fapi", "/dapi"} {
		add(prefix, futuresEndpoints)
	}
	add("/fapi", linearEndpoints)
	add("/dapi", inverseEndpoints)
	add("/futures/data", dataEndpoints)
	return routes
}()

// Find returns the endpoint of a REST request. The path is without host and
// query.
func Find(method, path string) (*Endpoint, error) {
	if e, ok := byRoute[method+" "+path]; ok {
		return e, nil
	}
	return nil, fmt.Errorf("the weight of %s %s is not known: add it to the table of its market in exchange/binance/weight", method, path)
}

// FindMethod returns the endpoint of a method of a market's WebSocket API:
// order.place. The method "connect" stands for opening the connection.
func FindMethod(m api.Market, method string) (*Endpoint, error) {
	methods := futuresMethods
	if m == api.Spot {
		methods = spotMethods
	}
	if cost, ok := methods[method]; ok {
		return &Endpoint{"WS", method, cost}, nil
	}
	rest, ok := restOf[m][method]
	if !ok {
		return nil, fmt.Errorf("the weight of the WebSocket API method %s of %v is not known", method, m)
	}
	e, err := Find(rest[0], rest[1])
	if err != nil {
		return nil, err
	}
	return &Endpoint{"WS", method, e.cost}, nil
}

// Endpoints lists all REST endpoints by path and method.
func Endpoints() []*Endpoint {
	list := make([]*Endpoint, 0, len(byRoute))
	for _, e := range byRoute {
		list = append(list, e)
	}
	slices.SortFunc(list, func(a, b *Endpoint) int {
		return strings.Compare(a.Path+" "+a.Method, b.Path+" "+b.Method)
	})
	return list
}

// The building blocks of the tables. A request to spot is also a raw request,
// whatever its weight.

func spotCost(weight, orders int32) limit.Cost {
	c := limit.Cost{Pool: Spot}
	c.Use[SpotWeight], c.Use[SpotRaw] = weight, 1
	c.Use[SpotOrders10s], c.Use[SpotOrders1d] = orders, orders
	return c
}

func futuresCost(weight, per10s, per1m int32) limit.Cost {
	c := limit.Cost{Pool: Futures}
	c.Use[FuturesWeight], c.Use[FuturesOrders10s], c.Use[FuturesOrders1m] = weight, per10s, per1m
	return c
}

func spot(weight int32) func(Params) limit.Cost          { return always(spotCost(weight, 0)) }
func spotOrders(weight, n int32) func(Params) limit.Cost { return always(spotCost(weight, n)) }
func futures(weight int32) func(Params) limit.Cost       { return always(futuresCost(weight, 0, 0)) }
func meter(p limit.Pool, m limit.Meter, n int32) func(Params) limit.Cost {
	c := limit.Cost{Pool: p}
	c.Use[m] = n
	return always(c)
}

func always(c limit.Cost) func(Params) limit.Cost { return func(Params) limit.Cost { return c } }

// when has one weight with a parameter and another without.
func when(name string, with, without func(Params) limit.Cost) func(Params) limit.Cost {
	return func(p Params) limit.Cost {
		if p.Get(name) != "" {
			return with(p)
		}
		return without(p)
	}
}

// step is the weight of requests up to a value of limit.
type step struct {
	upTo   int
	weight int32
}

// byLimit takes the first step that holds the limit asked for, or the venue's
// default; a limit that is no number costs the most, in case it counts.
func byLimit(cost func(int32) func(Params) limit.Cost, byDefault int, steps ...step) func(Params) limit.Cost {
	return func(p Params) limit.Cost {
		n := byDefault
		if text := p.Get("limit"); text != "" {
			var err error
			if n, err = strconv.Atoi(text); err != nil {
				n = steps[len(steps)-1].upTo
			}
		}
		i := slices.IndexFunc(steps, func(s step) bool { return n <= s.upTo })
		if i < 0 {
			i = len(steps) - 1
		}
		return cost(steps[i].weight)(p)
	}
}
