package simfront

import (
	"strconv"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// queryOrder is GET order.
func (h *orderHistory) queryOrder(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.findOrder(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	return o.queried(), nil
}

// queryOpenOrder is GET openOrder of futures: -2013 when it is open no more.
func (h *orderHistory) queryOpenOrder(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.findOrder(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	if !o.Open() {
		return nil, errNoOrder
	}
	return o.queried(), nil
}

func (h *orderHistory) openOrders(c *call) (any, *fault) {
	var m *market
	if c.has("symbol") {
		var f *fault
		if m, f = h.named(c); f != nil {
			return nil, f
		}
	}
	out := list{}
	for _, o := range c.account.openOrders(c.market, m) {
		if m == nil && c.has("pair") && o.m.pair() != c.get("pair") {
			continue
		}
		out = append(out, o.queried())
	}
	return out, nil
}

// allOrders lists orders of a symbol by id.
func (h *orderHistory) allOrders(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	p, f := c.history("orderId")
	if f != nil {
		return nil, f
	}
	var hits []*order
	for _, o := range c.account.orders() {
		if o.m == m && p.holds(o.ID, o.Created) {
			hits = append(hits, o)
		}
	}
	out := list{}
	for _, o := range latest(hits, p.n, p.forward()) {
		out = append(out, o.queried())
	}
	return out, nil
}

// accountTrades is myTrades and userTrades, by trade id. USD-M and spot ask for
// a symbol, COIN-M for a symbol or a pair.
func (h *orderHistory) accountTrades(c *call) (any, *fault) {
	pair := c.get("pair")
	var m *market
	if pair == "" || c.market != api.COINM {
		var f *fault
		if m, f = h.named(c); f != nil {
			return nil, f
		}
	}
	id, f := c.integer("orderId", 0)
	if f != nil {
		return nil, f
	}
	p, f := c.history("fromId")
	if f != nil {
		return nil, f
	}
	var hits []*trade
	for _, t := range c.account.trades() {
		of := t.Order
		if (of.m == m || m == nil && api.Of(of.m.In.Venue) == c.market && of.m.pair() == pair) &&
			(id == 0 || of.ID == id) && p.holds(t.ID, t.Time) {
			hits = append(hits, t)
		}
	}
	out := list{}
	for _, t := range latest(hits, p.n, p.forward()) {
		out = append(out, t.query())
	}
	return out, nil
}

// income lists the income history, oldest first.
func (h *orderHistory) income(c *call) (any, *fault) {
	p, f := c.page(100, 1000)
	if f != nil {
		return nil, f
	}
	number, f := c.bounded("page", 1, 1<<30)
	if f != nil {
		return nil, f
	}
	var hits []simserver.Income
	for _, r := range c.account.Ledger.Incomes() {
		if r.Segment == h.segments[c.market] && (!c.has("symbol") || r.Symbol == c.get("symbol")) &&
			(!c.has("incomeType") || r.Kind == c.get("incomeType")) && within(r.Time, p.from, p.to) {
			hits = append(hits, r)
		}
	}
	hits = hits[min(len(hits), (number-1)*p.n):]
	out := list{}
	for _, r := range latest(hits, p.n, p.forward() || number > 1) {
		var tran any = r.ID
		if c.market == api.COINM {
			tran = strconv.FormatInt(r.ID, 10)
		}
		out = append(out, object{{"symbol", r.Symbol}, {"incomeType", r.Kind}, {"income", r.Amount}, {"asset", r.Asset}, {"info", r.Kind},
			{"time", millis(r.Time)}, {"tranId", tran}, {"tradeId", r.Trade}})
	}
	return out, nil
}

// forceOrders lists liquidations and auto-deleveraging.
func (h *orderHistory) forceOrders(c *call) (any, *fault) {
	out := list{}
	for _, o := range c.account.orders() {
		adl := o.Client == "adl_autoclose"
		if api.Of(o.m.In.Venue) != c.market || o.Type != "LIQUIDATION" && !adl || c.has("symbol") && o.m.In.Symbol != c.get("symbol") {
			continue
		}
		if want := c.get("autoCloseType"); want == "ADL" && !adl || want == "LIQUIDATION" && adl {
			continue
		}
		out = append(out, o.queried())
	}
	return out, nil
}
