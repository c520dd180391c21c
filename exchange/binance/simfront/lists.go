package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// Order lists of spot. Source: rest-api.md, "Order lists", and user-data-stream.md, "List
// Status", as of 2026-07-21.

// leg reads one order of a list, whose parameters have a prefix: abovePrice, pendingStopPrice.
// side and quantity are parameters of their own.
func (h *orderEntry) leg(c *call, prefix, side, quantity string, pending bool) (*ticket, *fault) {
	kind := c.get(prefix + "Type")
	if kind == "" {
		return nil, missing(prefix + "Type")
	}
	for _, p := range []string{"IcebergQty", "TrailingDelta", "PegPriceType"} {
		if c.has(prefix + p) {
			return nil, notRequired(prefix + p)
		}
	}
	one := map[string]any{"symbol": c.get("symbol"), "side": c.get(side), "type": kind, "quantity": c.get(quantity), "newOrderRespType": "FULL"}
	for param, key := range map[string]string{"Price": "price", "StopPrice": "stopPrice", "TimeInForce": "timeInForce", "ClientOrderId": "newClientOrderId"} { // order does not matter: a map again
		if c.has(prefix + param) {
			one[key] = c.get(prefix + param)
		}
	}
	return h.readTicketOf(c.item(one), pending)
}

// pair reads the two orders of which one ends the other: one that gains, and one that stops
// a loss.
func (h *orderEntry) pair(c *call, above, below, side, quantity string, pending bool) ([]*ticket, *fault) {
	stops := map[string]bool{"STOP_LOSS": true, "STOP_LOSS_LIMIT": true}
	gains := map[string]bool{"LIMIT_MAKER": true, "TAKE_PROFIT": true, "TAKE_PROFIT_LIMIT": true}
	if c.get(side) == "BUY" {
		stops, gains = gains, stops
	}
	up, down := c.get(above+"Type"), c.get(below+"Type")
	if up != "" && !gains[up] || down != "" && !stops[down] {
		return nil, bad(-1116, "Invalid orderType.")
	}
	return h.pairOf(c, above, below, side, quantity, pending)
}

func (h *orderEntry) pairOf(c *call, above, below, side, quantity string, pending bool) ([]*ticket, *fault) {
	up, f := h.leg(c, above, side, quantity, pending)
	if f != nil {
		return nil, f
	}
	down, f := h.leg(c, below, side, quantity, pending)
	if f != nil {
		return nil, f
	}
	last := up.m.TriggerPrice(false)
	if !up.level().GreaterThan(down.level()) || !pending && (!up.level().GreaterThan(last) || !down.level().LessThan(last)) {
		return nil, bad(-2010, "The relationship of the prices for the orders is not correct.")
	}
	return []*ticket{up, down}, nil
}

// placeOCO is POST orderList/oco.
func (h *orderEntry) placeOCO(c *call) (any, *fault) {
	legs, f := h.pair(c, "above", "below", "side", "quantity", false)
	if f != nil {
		return nil, f
	}
	return h.placeList(c, nil, legs)
}

// placeOTO is POST orderList/oto.
func (h *orderEntry) placeOTO(c *call) (any, *fault) {
	working, f := h.working(c)
	if f != nil {
		return nil, f
	}
	pending, f := h.leg(c, "pending", "pendingSide", "pendingQuantity", true)
	if f != nil {
		return nil, f
	}
	return h.placeList(c, working, []*ticket{pending})
}

// placeOTOCO is POST orderList/otoco.
func (h *orderEntry) placeOTOCO(c *call) (any, *fault) {
	working, f := h.working(c)
	if f != nil {
		return nil, f
	}
	legs, f := h.pair(c, "pendingAbove", "pendingBelow", "pendingSide", "pendingQuantity", true)
	if f != nil {
		return nil, f
	}
	return h.placeList(c, working, legs)
}

// working reads the order that those of its list wait for.
func (h *orderEntry) working(c *call) (*ticket, *fault) {
	t, f := h.leg(c, "working", "workingSide", "workingQuantity", false)
	if f == nil && t.typ != "LIMIT" && t.typ != "LIMIT_MAKER" {
		f = bad(-1116, "Invalid orderType.")
	}
	return t, f
}

func (h *orderEntry) placeList(c *call, working *ticket, legs []*ticket) (any, *fault) {
	name, f := h.clientName(c, c.get("listClientOrderId"))
	if f != nil {
		return nil, f
	}
	if was := c.account.Lists.Named(name); was != nil && !was.Done {
		return nil, bad(-2010, "Duplicate order sent.")
	}
	t := &simserver.ListTicket{Client: name}
	if working != nil {
		t.Working = working.order()
	}
	for _, leg := range legs {
		t.Legs = append(t.Legs, leg.order())
	}
	l, r := c.account.Lists.Place(t)
	if r != nil {
		return nil, refused(r)
	}
	reports, reply := list{}, c.get("newOrderRespType")
	if reply == "" {
		reply = "RESULT"
	}
	for _, o := range l.Orders() {
		reports = append(reports, orderOf(o).placed(reply))
	}
	return listed(l).with(field{"orderReports", reports}), nil
}

// cancelList is DELETE orderList.
func (h *orderEntry) cancelList(c *call) (any, *fault) {
	if _, f := h.named(c); f != nil {
		return nil, f
	}
	l, f := c.findList("listClientOrderId", errCancel)
	if f != nil {
		return nil, f
	}
	name, f := h.clientName(c, c.get("newClientOrderId"))
	if f != nil {
		return nil, f
	}
	reports := list{}
	for _, o := range l.Orders() {
		if c.account.Lists.Cancel(o, name) || o.CancelName == name {
			reports = append(reports, orderOf(o).canceled())
		}
	}
	if len(reports) == 0 {
		return nil, errCancel
	}
	return listed(l).with(field{"orderReports", reports}), nil
}

var errNoList = bad(-2013, "Order list does not exist.")

// findList finds the list that orderListId or a name tells.
func (c *call) findList(named string, unknown *fault) (*simserver.List, *fault) {
	if !c.has("orderListId") && !c.has(named) {
		return nil, bad(-1102, "Param '%s' or 'orderListId' must be sent, but both were empty/null!", named)
	}
	id, f := c.integer("orderListId", 0)
	if f != nil {
		return nil, f
	}
	l := c.account.Lists.List(id)
	if id == 0 {
		l = c.account.Lists.Named(c.get(named))
	}
	if l == nil || c.has(named) && l.Client != c.get(named) {
		return nil, unknown
	}
	return l, nil
}

// queryList is GET orderList.
func (h *orderHistory) queryList(c *call) (any, *fault) {
	l, f := c.findList("origClientOrderId", errNoList)
	if f != nil {
		return nil, f
	}
	return listed(l), nil
}

// openLists is GET openOrderList.
func (h *orderHistory) openLists(c *call) (any, *fault) {
	out := list{}
	for _, l := range c.account.Lists.All() {
		if !l.Done {
			out = append(out, listed(l))
		}
	}
	return out, nil
}

// allLists is GET allOrderList.
func (h *orderHistory) allLists(c *call) (any, *fault) {
	p, f := c.page(500, 1000)
	if f != nil {
		return nil, f
	}
	first, f := c.integer("fromId", 0)
	if f != nil {
		return nil, f
	}
	var hits []*simserver.List
	for _, l := range c.account.Lists.All() {
		if l.ID >= first && within(l.Created, p.from, p.to) {
			hits = append(hits, l)
		}
	}
	out := list{}
	for _, l := range latest(hits, p.n, p.forward() || first > 0) {
		out = append(out, listed(l))
	}
	return out, nil
}

// contingency is what a list is called.
func contingency(l *simserver.List) string {
	if l.Working == nil {
		return "OCO"
	}
	return "OTO"
}

// listStatus is listStatusType and listOrderStatus.
func listStatus(l *simserver.List) (status, orders string) {
	if l.Done {
		return "ALL_DONE", "ALL_DONE"
	}
	return "EXEC_STARTED", "EXECUTING"
}

// listed is a list in the answers.
func listed(l *simserver.List) object {
	status, state := listStatus(l)
	orders := list{}
	for _, o := range l.Orders() {
		orders = append(orders, object{{"symbol", l.Market.In.Symbol}, {"orderId", o.ID}, {"clientOrderId", o.Client}})
	}
	return object{{"orderListId", l.ID}, {"contingencyType", contingency(l)}, {"listStatusType", status}, {"listOrderStatus", state}, {"listClientOrderId", l.Client},
		{"transactionTime", millis(l.Updated)}, {"symbol", l.Market.In.Symbol}, {"orders", orders}}
}

// listEvents is listStatus of the user stream.
func (e *userEvents) listEvents(l *simserver.List, change simserver.ListChange) []simserver.Message {
	status, state := listStatus(l)
	if change == simserver.ListUpdated {
		status = "UPDATED"
	}
	orders := list{}
	for _, o := range l.Orders() {
		orders = append(orders, object{{"s", l.Market.In.Symbol}, {"i", o.ID}, {"c", o.Client}})
	}
	return []simserver.Message{e.word(api.Spot, "listStatus", object{{"e", "listStatus"}, {"E", millis(e.clock.Now())}, {"s", l.Market.In.Symbol}, {"g", l.ID}, {"c", contingency(l)},
		{"l", status}, {"L", state}, {"r", "NONE"}, {"C", l.Client}, {"T", millis(l.Updated)}, {"O", orders}})}
}

// listID is orderListId of an order.
func (o *order) listID() int64 {
	if o.List == nil {
		return -1
	}
	return o.List.ID
}

// oldOCO is POST order/oco, which orderList/oco has taken the place of: clients still send
// it. The limit order is on the side of the market that gains.
func (h *orderEntry) oldOCO(c *call) (any, *fault) {
	limit, stop := "above", "below"
	if c.get("side") == "BUY" {
		limit, stop = stop, limit
	}
	params := map[string]any{limit + "Type": "LIMIT_MAKER", limit + "Price": c.get("price"), stop + "Type": "STOP_LOSS", stop + "StopPrice": c.get("stopPrice")}
	if c.has("stopLimitPrice") {
		params[stop+"Type"], params[stop+"Price"], params[stop+"TimeInForce"] = "STOP_LOSS_LIMIT", c.get("stopLimitPrice"), c.get("stopLimitTimeInForce")
	}
	for from, to := range map[string]string{"limitClientOrderId": limit + "ClientOrderId", "stopClientOrderId": stop + "ClientOrderId", "symbol": "symbol", "side": "side",
		"quantity": "quantity", "listClientOrderId": "listClientOrderId", "newOrderRespType": "newOrderRespType"} { // order does not matter: a map again
		if c.has(from) {
			params[to] = c.get(from)
		}
	}
	return h.placeOCO(c.item(params))
}

// canceledList is a list among what DELETE openOrders canceled.
func canceledList(l *simserver.List) object {
	reports := list{}
	for _, o := range l.Orders() {
		reports = append(reports, orderOf(o).canceled())
	}
	return listed(l).with(field{"orderReports", reports})
}
