package simfront

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// wanted is an order as it is sent.
type wanted struct {
	asset      int
	buy, only  bool
	price, qty decimal.Decimal
	tif        string
	cloid      string
	trigger    bool
}

func readWanted(v signing.Value) (w wanted, err error) {
	o, _ := v.(signing.Object)
	asset, ok := o.Get("a").(signing.Int)
	price, _ := o.Get("p").(signing.Text)
	size, _ := o.Get("s").(signing.Text)
	if !ok {
		return w, fmt.Errorf("missing a")
	}
	w.asset = int(asset)
	buy, _ := o.Get("b").(signing.Bool)
	only, _ := o.Get("r").(signing.Bool)
	cloid, _ := o.Get("c").(signing.Text)
	w.buy, w.only, w.cloid = bool(buy), bool(only), string(cloid)
	if w.price, err = decimal.NewFromString(string(price)); err != nil {
		return w, err
	}
	if w.qty, err = decimal.NewFromString(string(size)); err != nil {
		return w, err
	}
	t, _ := o.Get("t").(signing.Object)
	limit, isLimit := t.Get("limit").(signing.Object)
	tif, _ := limit.Get("tif").(signing.Text)
	w.tif, w.trigger = string(tif), !isLimit
	if _, known := policies[w.tif]; isLimit && !known {
		return w, errForm
	}
	return w, nil
}

// errForm is an order in a form that there is not, such as fill-or-kill: it is refused before
// anything is done with it.
var errForm = errors.New("unknown time in force")

// policies are the times in force.
var policies = map[string]exchange.TimeInForce{"Gtc": exchange.GTC, "Ioc": exchange.IOC, "FrontendMarket": exchange.IOC, "Alo": exchange.PostOnly}

// orders places orders; each has its status.
func (d desk) orders(c *call) *simserver.Answer {
	list, _ := c.action.Get("orders").(signing.List)
	if len(list) == 0 {
		return refused("Empty batch of orders")
	}
	out := reply.List{}
	for _, v := range list {
		w, err := readWanted(v)
		if err != nil {
			return unparsed(err)
		}
		out = append(out, d.place(c.account, &w))
	}
	return done("order", reply.Object{{"statuses", out}})
}

// unparsed is the answer to an action with an order that can't be read.
func unparsed(err error) *simserver.Answer {
	if errors.Is(err, errForm) {
		return text(http.StatusUnprocessableEntity, "Failed to deserialize the JSON body into the target type")
	}
	return refused("Failed to parse an order: %v", err)
}

func failure(format string, a ...any) reply.Object {
	return reply.Object{{"error", fmt.Sprintf(format, a...)}}
}

// place enters an order and says what became of it.
func (d desk) place(a *simserver.Account, w *wanted) reply.Object {
	m := d.byAsset(w.asset)
	policy := policies[w.tif]
	switch {
	case m == nil:
		return failure("Invalid asset=%d", w.asset)
	case w.trigger:
		return failure("Trigger orders are not simulated. asset=%d", w.asset)
	case m.Rules.Halted:
		return failure("Trading is halted. asset=%d", w.asset)
	}
	price, onTick := m.In.Tick.Exact(w.price)
	qty, whole := m.In.Lot.Exact(w.qty)
	switch {
	case !w.qty.IsPositive() || !whole || !w.qty.Mod(m.Rules.Step).IsZero():
		return failure("Order has invalid size.")
	case !w.price.IsPositive() || !onTick || !w.price.Mod(m.Rules.Tick).IsZero():
		return failure("Price must be divisible by tick size. asset=%d", w.asset)
	case w.price.Mul(w.qty).LessThan(m.Rules.MinNotional) && !w.only:
		return failure("Order must have minimum value of $%s. asset=%d", m.Rules.MinNotional, w.asset)
	}
	t := &simserver.Ticket{Market: m, Client: w.cloid, Side: exchange.Sell, Kind: exchange.Limit, Type: "Limit", TIF: w.tif, Policy: policy, Price: exchange.Ticks(price), Qty: exchange.Lots(qty), ReduceOnly: w.only && m.In.Perp()}
	if w.buy {
		t.Side = exchange.Buy
	}
	if t.Client == "" {
		t.Client = d.s.NewName("order")
	}
	o, r := a.Entry.Place(t)
	switch {
	case r != nil:
		return failure("%s asset=%d", r.Reason, w.asset)
	case o.Filled > 0:
		return reply.Object{{"filled", reply.Object{{"totalSz", m.In.QtyDecimal(o.Filled)}, {"avgPx", o.Average()}, {"oid", o.ID}}}}
	case !o.Open():
		return failure("Order could not immediately match against any resting orders. asset=%d", w.asset)
	}
	return reply.Object{{"resting", reply.Object{{"oid", o.ID}}}}
}

// named is the open order that a cancel is for, nil when there is none.
func (d desk) named(a *simserver.Account, v signing.Value) *simserver.Order {
	q, _ := v.(signing.Object)
	var o *simserver.Order
	if oid, ok := q.Get("o").(signing.Int); ok {
		o = a.Orders.Order(int64(oid))
	} else if asset, ok := q.Get("asset").(signing.Int); ok {
		cloid, _ := q.Get("cloid").(signing.Text)
		if m := d.byAsset(int(asset)); m != nil {
			o = a.Orders.Named(m, string(cloid))
		}
	}
	if o == nil || !o.Open() {
		return nil
	}
	return o
}

const notOpen = "Order was never placed, already canceled, or filled."

func (d desk) cancels(c *call) *simserver.Answer {
	list, _ := c.action.Get("cancels").(signing.List)
	if len(list) == 0 {
		return refused("Empty batch of cancels")
	}
	out := reply.List{}
	for _, v := range list {
		if o := d.named(c.account, v); o != nil && c.account.Entry.Cancel(o, "") {
			out = append(out, "success")
		} else {
			out = append(out, failure("%s", notOpen))
		}
	}
	return done(c.kind, reply.Object{{"statuses", out}})
}

// modify puts other orders in the place of some: each is canceled, and the new one has
// another number. One alone (modify) is answered without its status. Source: nktkas/hyperliquid,
// api/exchange, modify and batchModify.
func (d desk) modify(c *call) *simserver.Answer {
	list, batch := c.action.Get("modifies").(signing.List)
	if !batch {
		list = signing.List{c.action}
	}
	out := reply.List{}
	var last reply.Object
	for _, v := range list {
		q, _ := v.(signing.Object)
		w, err := readWanted(q.Get("order"))
		if err != nil {
			return unparsed(err)
		}
		last = d.modifyOne(c, q.Get("oid"), &w)
		out = append(out, last)
	}
	switch {
	case batch:
		return done("order", reply.Object{{"statuses", out}})
	case last[0][0] == "error":
		return refused("%s", last[0][1])
	}
	return done("default", nil)
}

func (d desk) modifyOne(c *call, id signing.Value, w *wanted) reply.Object {
	named := signing.Object{{Name: "asset", Value: signing.Int(w.asset)}, {Name: "cloid", Value: id}}
	if oid, ok := id.(signing.Int); ok {
		named = signing.Object{{Name: "o", Value: oid}}
	}
	o := d.named(c.account, named)
	if o != nil {
		c.account.Entry.Overtake(o)
	}
	if o == nil || !o.Open() {
		return failure("Cannot modify canceled or filled order")
	}
	c.account.Entry.Cancel(o, "")
	return d.place(c.account, w)
}
