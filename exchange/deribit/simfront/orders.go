package simfront

import (
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

func buy(d *dialect, q *request) (any, *fault) { return d.place(q, exchange.Buy) }

func sell(d *dialect, q *request) (any, *fault) { return d.place(q, exchange.Sell) }

// size is the amount of a request, or its number of contracts.
func size(d *dialect, q *request, m *simserver.Market) (exchange.Lots, *fault) {
	name := "amount"
	if !q.has(name) && q.has("contracts") {
		name = "contracts"
	}
	v, e := q.number(name)
	if e != nil {
		return 0, e
	}
	if name == "contracts" {
		v = v.Mul(m.Rules.Step)
	}
	n, exact := m.In.Lot.Exact(v)
	switch {
	case v.LessThan(m.Rules.MinQty):
		return 0, refuse(10002, words[10002])
	case !exact || !v.Mod(m.Rules.Step).IsZero():
		return 0, &fault{code: 10021, message: "invalid_amount", reason: "must be a multiple of contract size"}
	case v.GreaterThan(m.Rules.MaxQty):
		return 0, refuse(10013, words[10013])
	}
	return exchange.Lots(n), nil
}

// limit is the price of a request: one beyond the band is moved to its edge.
func limit(d *dialect, q *request, m *simserver.Market) (exchange.Ticks, *fault) {
	v, e := q.number("price")
	if e != nil {
		return 0, e
	}
	n, exact := m.In.Tick.Exact(v)
	p := exchange.Ticks(n)
	if !exact || p <= 0 || int64(p)%int64(m.In.TickAt(p)) != 0 || !v.Mod(m.Rules.Tick).IsZero() {
		return 0, refuse(10043, words[10043])
	}
	low, high := bounds(m)
	return min(max(p, low), high), nil
}

// timed reports that a request came too late by its own word.
func timed(d *dialect, q *request) *fault {
	if q.has("valid_until") && d.state.Clock.Wall() > q.time("valid_until", 0) {
		return refuse(13888, "timed_out")
	}
	return nil
}

func (d *dialect) place(q *request, side exchange.Side) (any, *fault) {
	m, e := known(d, q)
	if e == nil {
		e = timed(d, q)
	}
	if e != nil {
		return nil, e
	}
	if m.Rules.Halted {
		return nil, refuse(10012, words[10012])
	}
	t := &simserver.Ticket{Market: m, Client: q.text("label"), Side: side, Type: q.text("type"), TIF: q.text("time_in_force"), ReduceOnly: q.flag("reduce_only")}
	n := &note{client: q.client, postOnly: q.flag("post_only"), reject: q.flag("reject_post_only")}
	if t.Qty, e = size(d, q, m); e != nil {
		return nil, e
	}
	if len(t.Client) > 64 {
		return nil, badParam("label", "want at most 64 characters")
	}
	if e = termsOf(d, q, t, n); e != nil {
		return nil, e
	}
	if t.ReduceOnly && !m.In.Perp() {
		return nil, badParam("reduce_only", "there are no positions on spot")
	}
	t.Note = n
	o, r := q.account.Entry.Place(t)
	if r != nil {
		return nil, refuse(r.Code, r.Reason)
	}
	return object("order", order(o), "trades", trades(o.Fills)), nil
}

// policies are the times in force.
var policies = map[string]exchange.TimeInForce{"": exchange.GTC, "good_til_cancelled": exchange.GTC, "good_til_day": exchange.GTC, "immediate_or_cancel": exchange.IOC, "fill_or_kill": exchange.FOK}

// termsOf are type, price and time in force. A post-only order that would trade is moved behind
// the best price of its side, unless it wants to be refused.
func termsOf(d *dialect, q *request, t *simserver.Ticket, n *note) (e *fault) {
	policy, ok := policies[t.TIF]
	if !ok {
		return badParam("time_in_force", "unknown")
	}
	if t.TIF == "" {
		t.TIF = "good_til_cancelled"
	}
	t.Policy = policy
	switch t.Type {
	case "", "limit":
		t.Type, t.Kind = "limit", exchange.Limit
	case "market":
		t.Kind, t.Policy = exchange.MarketOrder, exchange.IOC
		return nil
	default:
		return badParam("type", "want limit or market: others are not simulated")
	}
	if t.Price, e = limit(d, q, t.Market); e != nil || !n.postOnly {
		return e
	}
	t.Policy = exchange.PostOnly
	if !n.reject {
		t.Price = behind(t.Market, t.Side, t.Price)
	}
	return nil
}

func behind(m *simserver.Market, side exchange.Side, p exchange.Ticks) exchange.Ticks {
	switch {
	case side == exchange.Buy && m.Touch[1].Price > 0:
		return min(p, m.Touch[1].Price-1)
	case side == exchange.Sell:
		return max(p, m.Touch[0].Price+1)
	}
	return p
}

// orderOf is the order that a request names, by its id or by its label; nil: none of the
// caller's.
func (d *dialect) orderOf(q *request) *simserver.Order {
	if q.account == nil {
		return nil
	}
	if text := q.text("order_id"); text != "" {
		n, err := strconv.ParseInt(text[strings.LastIndexByte(text, '-')+1:], 10, 64)
		if err != nil {
			return nil
		}
		if o := q.account.Orders.Order(n); o != nil && id(o.Market.In, o.ID) == text {
			return o
		}
		return nil
	}
	if m := d.market(q.text("instrument_name")); m != nil && q.has("label") {
		return q.account.Orders.Named(m, q.text("label"))
	}
	return nil
}

func edit(d *dialect, q *request) (any, *fault) {
	o := d.orderOf(q)
	if o == nil {
		return nil, refuse(10004, "order_not_found")
	}
	if e := timed(d, q); e != nil {
		return nil, e
	}
	q.account.Entry.Overtake(o)
	if !o.Open() {
		return nil, refuse(11044, "not_open_order")
	}
	qty, p := o.Qty, o.Price
	var e *fault
	if q.has("amount") || q.has("contracts") {
		if qty, e = size(d, q, o.Market); e != nil {
			return nil, e
		}
	}
	if q.has("price") {
		if p, e = limit(d, q, o.Market); e != nil {
			return nil, e
		}
	}
	n, before := noteOf(o), len(o.Fills)
	n.replaced = true
	if p == o.Price && qty < o.Qty && qty > o.Filled {
		if err := q.account.Entry.Reduce(o, qty, o.Client); err != nil {
			return nil, &fault{code: 11030, message: "other_reject", reason: err.Error()}
		}
		return object("order", order(o), "trades", list()), nil
	}
	policy := exchange.GTC
	if n.postOnly {
		policy = exchange.PostOnly
	}
	done, r := q.account.Entry.Change(o, p, qty, policy)
	switch {
	case r != nil:
		return nil, refuse(r.Code, r.Reason)
	case !done && n.postOnly:
		n.reason = "edit_post_only_reject"
		return nil, refuse(11054, words[11054])
	}
	return object("order", order(o), "trades", trades(o.Fills[before:])), nil
}

func cancel(d *dialect, q *request) (any, *fault) {
	o := d.orderOf(q)
	switch {
	case o == nil:
		return nil, refuse(10004, "order_not_found")
	case o.Status == simserver.StatusFilled:
		return nil, refuse(11008, "already_filled")
	case !q.account.Entry.Cancel(o, ""):
		return nil, refuse(11044, "not_open_order")
	}
	return order(o), nil
}

// wanted are the caller's orders that a listing or a cancel of several is about, oldest
// first.
func wanted(d *dialect, q *request, also func(*simserver.Order) bool) (out []*simserver.Order) {
	currency, kind := q.text("currency"), q.text("kind")
	for _, o := range q.account.Orders.All() {
		in := o.Market.In
		if (currency == "" || currency == "any" || currencyOf(in) == currency || !in.Perp() && in.Quote == currency) && (kind == "" || kind == "any" || kind == kindOf(in)) &&
			(!q.has("instrument_name") || q.text("instrument_name") == in.Symbol) && (!q.has("label") || q.text("label") == o.Client) && also(o) {
			out = append(out, o)
		}
	}
	return out
}

func isOpen(o *simserver.Order) bool { return o.Open() }

func cancelSome(d *dialect, q *request) (any, *fault) {
	n := 0
	for _, o := range wanted(d, q, isOpen) {
		if q.account.Entry.Cancel(o, "") {
			n++
		}
	}
	return n, nil
}

func closePosition(d *dialect, q *request) (any, *fault) {
	m, e := known(d, q)
	if e != nil {
		return nil, e
	}
	held := q.account.Funds.Position(m.In.ID).Qty
	if held == 0 {
		return nil, refuse(11030, words[11030])
	}
	side := exchange.Sell
	if held < 0 {
		side = exchange.Buy
	}
	q.params["amount"], q.params["reduce_only"] = []byte(m.In.QtyDecimal(held.Abs()).String()), []byte("true")
	return d.place(q, side)
}

func orderState(d *dialect, q *request) (any, *fault) {
	if o := d.orderOf(q); o != nil {
		return order(o), nil
	}
	return nil, refuse(10004, "order_not_found")
}

func orders(found []*simserver.Order) reply.List {
	out := list()
	for _, o := range found {
		out = append(out, order(o))
	}
	return out
}

func ordersByLabel(d *dialect, q *request) (any, *fault) {
	if !q.has("label") {
		return nil, badParam("label", "want one")
	}
	return orders(wanted(d, q, func(*simserver.Order) bool { return true })), nil
}

func openOrders(d *dialect, q *request) (any, *fault) { return orders(wanted(d, q, isOpen)), nil }

func orderHistory(d *dialect, q *request) (any, *fault) {
	found := wanted(d, q, func(o *simserver.Order) bool { return !o.Open() })
	n := int(max(1, q.integer("count", 20)))
	return orders(found[max(0, len(found)-n):]), nil
}

func userTrades(d *dialect, q *request) (any, *fault) {
	from, to := q.time("start_timestamp", 0), q.time("end_timestamp", 1<<62)
	var found []*simserver.Trade
	of := d.orderOf(q)
	for _, t := range q.account.Ledger.Trades() {
		in := t.Order.Market.In
		if t.Time/exchange.Millisecond*exchange.Millisecond < from || t.Time > to || q.has("instrument_name") && q.text("instrument_name") != in.Symbol ||
			q.has("currency") && q.text("currency") != "any" && currencyOf(in) != q.text("currency") || q.has("order_id") && t.Order != of || t.ID < q.integer("start_seq", 0) {
			continue
		}
		found = append(found, t)
	}
	n := int(min(1000, max(1, q.integer("count", 10))))
	more := len(found) > n
	if q.text("sorting") == "asc" || q.has("start_timestamp") && q.text("sorting") != "desc" {
		found = found[:min(n, len(found))]
	} else {
		found = found[max(0, len(found)-n):]
	}
	if q.method == "private/get_user_trades_by_order" {
		return trades(found), nil
	}
	return object("trades", trades(found), "has_more", more), nil
}
