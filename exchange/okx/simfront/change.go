package simfront

import (
	"encoding/json"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// find is the order that a request names: by the venue's number before the customer's.
func (c *call) find(m *simserver.Market, id, client string) *simserver.Order {
	if n, err := strconv.ParseInt(id, 10, 64); err == nil && id != "" {
		if o := c.a.Orders.Order(n - 700_000_000_000_000_000); o != nil && o.Market == m {
			return o
		}
		return nil
	}
	if client == "" {
		return nil
	}
	return c.a.Orders.Named(m, client)
}

func (c *call) cancelOne(f fields) done {
	m, wrong := c.named(f)
	if wrong != nil {
		return *wrong
	}
	o := c.find(m, f.text("ordId"), f.text("clOrdId"))
	if o == nil || !o.Open() {
		return bad("51400", "Cancellation failed as the order has been filled, canceled or does not exist.")
	}
	orderNote(o).source = "1"
	c.a.Entry.Cancel(o, "cancel")
	return done{id: orderID(o)}
}

func (c *call) amendOne(f fields) done {
	m, wrong := c.named(f)
	if wrong != nil {
		return *wrong
	}
	o := c.find(m, f.text("ordId"), f.text("clOrdId"))
	if o != nil {
		c.a.Entry.Overtake(o)
	}
	if o == nil || !o.Open() {
		return bad("51503", "Your order has already been filled or canceled.")
	}
	p, q := o.Price, o.Qty
	if text := f.text("newPx"); text != "" {
		if p, wrong = ticks(m, text); wrong != nil {
			return *wrong
		}
	}
	if text := f.text("newSz"); text != "" {
		if q, wrong = lots(m, text); wrong != nil {
			return *wrong
		}
	}
	policy := exchange.GTC
	if o.Type == "post_only" {
		policy = exchange.PostOnly
	}
	id := orderID(o)
	if p == o.Price && q < o.Qty && q > o.Filled {
		if err := c.a.Entry.Reduce(o, q, o.Client); err != nil {
			return bad("51000", err.Error())
		}
		return done{id: id}
	}
	orderNote(o).source = "31"
	_, r := c.a.Entry.Change(o, p, q, policy)
	if o.Open() {
		orderNote(o).source = ""
	}
	if r != nil {
		return bad(strconv.Itoa(r.Code), r.Reason)
	}
	return done{id: id}
}

// cancelAllAfter arms the switch of all orders, by the wall clock.
func (c *call) cancelAllAfter() (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	seconds, err := strconv.Atoi(f.text("timeOut"))
	if err != nil || seconds != 0 && (seconds < 10 || seconds > 120) {
		return rows{}, refuse("51000", "Parameter timeOut error")
	}
	at, now := exchange.Time(0), c.d.s.Clock.Wall()
	trigger := "0"
	if seconds > 0 {
		at = now + exchange.Time(seconds)*exchange.Second
		trigger = strconv.FormatInt(int64(at/exchange.Millisecond), 10)
	}
	for _, m := range c.d.s.Markets() {
		if m.Segment != nil {
			c.a.Deadlines.Countdown(m, at)
		}
	}
	return rows{list: []reply.Object{{{"triggerTime", trigger}, {"tag", ""}, {"ts", ms(now)}}}}, nil
}
