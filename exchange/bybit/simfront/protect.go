package simfront

import (
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// Disconnect cancel all (DCP): some time after the last private connection that subscribed to
// its topic is lost, all orders of a product are canceled, of an account that it was granted
// to. Source: the manual, "Set Disconnect Cancel All" and "Get DCP Info".

// protected are the products with their topics.
var protected = []struct{ product, topic string }{{"SPOT", "dcp.spot"}, {"DERIVATIVES", "dcp.future"}}

// usualWindow is the span of an account that set none.
const usualWindow = 10

// window is after how many seconds the orders of a product are canceled.
func (a *account) window(product string) int64 {
	if n := a.windows[product]; n != 0 {
		return n
	}
	return usualWindow
}

// deadManInfo is GET account/query-dcp-info, which has nothing where nothing was granted.
func (v *accountViews) deadManInfo(c *call) (any, *fault) {
	rows := reply.List{}
	for _, p := range protected {
		if c.account.Institutional {
			rows = append(rows, reply.Object{{"product", p.product}, {"dcpStatus", "ON"}, {"timeWindow", strconv.FormatInt(c.account.window(p.product), 10)}})
		}
	}
	return reply.Object{{"dcpInfos", rows}}, nil
}

// deadMan is POST order/disconnected-cancel-all, which only institutions have.
func (v *accountViews) deadMan(c *call) (any, *fault) {
	if !c.account.Institutional {
		return nil, bad(10005, "Permission denied: disconnection protection is for institutional clients only.")
	}
	n, f := c.number("timeWindow", 0, 1<<31)
	product := c.text("product")
	switch {
	case f != nil:
		return nil, f
	case n < 3 || n > 300:
		return nil, invalid("timeWindow: want 3 to 300")
	case product != "SPOT" && product != "DERIVATIVES":
		return nil, invalid("product: only SPOT and DERIVATIVES are simulated")
	}
	if c.account.windows == nil {
		c.account.windows = map[string]int64{}
	}
	c.account.windows[product] = n
	return reply.Object{}, nil
}

// present starts or stops the countdowns of an account as its connections come and go: left is
// what the one that has gone was subscribed to.
func (h *hub) present(a *account, left []string) {
	if a == nil || !a.Institutional {
		return
	}
	for _, p := range protected {
		held := slices.ContainsFunc(h.clients, func(o *client) bool { return o.account == a && slices.Contains(o.topics, p.topic) })
		at := exchange.Time(0)
		if !held {
			if !slices.Contains(left, p.topic) {
				continue
			}
			at = h.state.Clock.Wall() + exchange.Time(a.window(p.product))*exchange.Second
		}
		for _, m := range h.markets {
			if (m.category == api.Spot) == (p.product == "SPOT") {
				a.Deadlines.Countdown(m.Market, at)
			}
		}
	}
}
