package simserver

import (
	"strconv"

	"github.com/perilune/perilune/exchange"
)

// queryOrder is GET order.
func queryOrder(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.lookup(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	return o.queried(), nil
}

// queryOpenOrder is GET openOrder of futures: -2013 when it is open no more.
func queryOpenOrder(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.lookup(c, m, errNoOrder)
	if f != nil {
		return nil, f
	}
	if !o.open() {
		return nil, errNoOrder
	}
	return o.queried(), nil
}

func openOrders(s *sim, c *call) (any, *fault) {
	var m *market
	if c.has("symbol") {
		var f *fault
		if m, f = s.named(c); f != nil {
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

// span is the longest time one history request may cover.
func span(m exchange.Market) exchange.Time {
	if m == exchange.Spot {
		return exchange.Day
	}
	return 7 * exchange.Day
}

// historyWindow reads the times of a history request and fills in the open end.
func (s *sim) historyWindow(c *call) (from, to exchange.Time, f *fault) {
	from, to, f = c.window()
	if f != nil {
		return 0, 0, f
	}
	longest := span(c.market)
	switch {
	case from > 0 && to > 0 && to-from > longest:
		if c.market == exchange.Spot {
			return 0, 0, bad(-1127, "More than 24 hours between startTime and endTime.")
		}
		return 0, 0, bad(-4166, "Search window is restricted to recent 7 days only.")
	case from > 0 && to == 0:
		to = from + longest
	}
	return from, to, nil
}

// latest keeps the n newest unless a start or an id says where to begin.
func latest[T any](all []T, n int, forward bool) []T {
	if forward {
		return all[:min(n, len(all))]
	}
	return all[max(0, len(all)-n):]
}

// allOrders lists orders of a symbol by id.
func allOrders(s *sim, c *call) (any, *fault) {
	m, f := s.named(c)
	if f != nil {
		return nil, f
	}
	n, f := c.bounded("limit", 500, 1000)
	if f != nil {
		return nil, f
	}
	id, f := c.integer("orderId", 0)
	if f != nil {
		return nil, f
	}
	from, to, f := s.historyWindow(c)
	if f != nil {
		return nil, f
	}
	var hits []*order
	for _, o := range c.account.orders {
		if o.m == m && o.id >= id && within(o.created, from, to) {
			hits = append(hits, o)
		}
	}
	out := list{}
	for _, o := range latest(hits, n, id > 0 || from > 0) {
		out = append(out, o.queried())
	}
	return out, nil
}

// accountTrades is myTrades and userTrades, by trade id. USD-M and spot ask for
// a symbol, COIN-M for a symbol or a pair.
func accountTrades(s *sim, c *call) (any, *fault) {
	pair := c.get("pair")
	var m *market
	if pair == "" || c.market != exchange.COINM {
		var f *fault
		if m, f = s.named(c); f != nil {
			return nil, f
		}
	}
	n, f := c.bounded("limit", 500, 1000)
	if f != nil {
		return nil, f
	}
	first, f := c.integer("fromId", 0)
	if f != nil {
		return nil, f
	}
	id, f := c.integer("orderId", 0)
	if f != nil {
		return nil, f
	}
	from, to, f := s.historyWindow(c)
	if f != nil {
		return nil, f
	}
	var hits []*trade
	for _, t := range c.account.trades {
		of := t.order
		if (of.m == m || m == nil && of.m.in.Market == c.market && of.m.pair() == pair) &&
			t.id >= first && (id == 0 || of.id == id) && within(t.at, from, to) {
			hits = append(hits, t)
		}
	}
	out := list{}
	for _, t := range latest(hits, n, first > 0 || from > 0) {
		out = append(out, t.query())
	}
	return out, nil
}

// income lists the income history, oldest first.
func income(_ *sim, c *call) (any, *fault) {
	n, f := c.bounded("limit", 100, 1000)
	if f != nil {
		return nil, f
	}
	page, f := c.bounded("page", 1, 1<<30)
	if f != nil {
		return nil, f
	}
	from, to, f := c.window()
	if f != nil {
		return nil, f
	}
	var hits []incomeRow
	for _, r := range c.account.incomes {
		if r.market == c.market && (!c.has("symbol") || r.symbol == c.get("symbol")) &&
			(!c.has("incomeType") || r.kind == c.get("incomeType")) && within(r.at, from, to) {
			hits = append(hits, r)
		}
	}
	hits = hits[min(len(hits), (page-1)*n):]
	out := list{}
	for _, r := range latest(hits, n, from > 0 || page > 1) {
		var tran any = r.tran
		if c.market == exchange.COINM {
			tran = strconv.FormatInt(r.tran, 10)
		}
		out = append(out, object{{"symbol", r.symbol}, {"incomeType", r.kind}, {"income", r.amount}, {"asset", r.asset}, {"info", r.info},
			{"time", millis(r.at)}, {"tranId", tran}, {"tradeId", r.trade}})
	}
	return out, nil
}

// forceOrders lists liquidations and auto-deleveraging.
func forceOrders(_ *sim, c *call) (any, *fault) {
	out := list{}
	for _, o := range c.account.orders {
		adl := o.client == "adl_autoclose"
		if o.m.in.Market != c.market || o.typ != "LIQUIDATION" && !adl || c.has("symbol") && o.m.in.Symbol != c.get("symbol") {
			continue
		}
		if want := c.get("autoCloseType"); want == "ADL" && !adl || want == "LIQUIDATION" && adl {
			continue
		}
		out = append(out, o.queried())
	}
	return out, nil
}
