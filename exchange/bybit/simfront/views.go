package simfront

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// accountViews tell an account's orders, executions, positions and money.
type accountViews struct{ *door }

// entry is one of a list that is told in pages: newest first, from a cursor on.
type entry struct {
	id  int64 // rises with age's end
	at  exchange.Time
	row func() reply.Object
}

// paged is a page of a list that is given oldest first.
func (c *call) paged(list []entry, usual, most int64) (reply.List, string, *fault) {
	n, f := c.number("limit", usual, most)
	if f != nil {
		return nil, "", f
	}
	from, f := c.number("startTime", 0, 0)
	if f != nil {
		return nil, "", f
	}
	to, f := c.number("endTime", 0, 0)
	if f != nil {
		return nil, "", f
	}
	if from > 0 && to > 0 && exchange.UnixMilli(to-from) > 7*exchange.Day {
		return nil, "", invalid("the time between startTime and endTime cannot exceed 7 days")
	}
	before := int64(1<<63 - 1)
	if text := c.text("cursor"); text != "" {
		var err error
		if before, err = strconv.ParseInt(text, 10, 64); err != nil {
			return nil, "", invalid("params error: cursor invalid")
		}
	}
	out, next := reply.List{}, ""
	for _, e := range slices.Backward(list) {
		at := millis(e.at)
		if e.id >= before || from > 0 && at < from || to > 0 && at > to {
			continue
		}
		if int64(len(out)) == n {
			return out, next, nil
		}
		out, next = append(out, e.row()), strconv.FormatInt(e.id, 10)
	}
	return out, "", nil
}

func (c *call) pageOf(list []entry, usual, most int64) (any, *fault) {
	rows, next, f := c.paged(list, usual, most)
	if f != nil {
		return nil, f
	}
	return reply.Object{{"category", c.text("category")}, {"list", rows}, {"nextPageCursor", next}}, nil
}

// chosen are an account's orders that a request is about, oldest first.
func (d *door) chosen(c *call, take func(o *simserver.Order) bool) (out []entry, f *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	if k == api.Linear && c.text("symbol") == "" && c.text("settleCoin") == "" && c.text("baseCoin") == "" && c.path == "/v5/order/realtime" {
		return nil, invalid("Missing some parameters that must be filled in, symbol or settleCoin or baseCoin")
	}
	id, client, symbol := c.text("orderId"), c.text("orderLinkId"), c.text("symbol")
	a := c.account
	for _, o := range a.orders(k) {
		m := marketOf(o.Market)
		if symbol != "" && m.In.Symbol != symbol || c.leaves(m) || client != "" && o.Client != client || id != "" && a.idText(m.spot(), orderID, o.ID) != id || !take(o) {
			continue
		}
		out = append(out, entry{o.ID, o.Created, func() reply.Object { return a.orderRow(o) }})
	}
	return out, nil
}

// realtime is GET order/realtime: open orders, and those that ended just now when they are
// asked for by name or with openOnly=1.
func (v *accountViews) realtime(c *call) (any, *fault) {
	named := c.text("orderId") != "" || c.text("orderLinkId") != "" || c.text("openOnly") == "1"
	list, f := v.chosen(c, func(o *simserver.Order) bool { return o.Open() || named && !c.account.forgets(o) })
	if f != nil {
		return nil, f
	}
	return c.pageOf(list, 20, 50)
}

// history is GET order/history: what ended. Canceled orders without a fill may be forgotten.
func (v *accountViews) history(c *call) (any, *fault) {
	list, f := v.chosen(c, func(o *simserver.Order) bool { return !o.Open() && !c.account.forgets(o) })
	if f != nil {
		return nil, f
	}
	return c.pageOf(list, 20, 50)
}

// forgets reports an order that is no longer told of: "unfilled cancels may vanish".
func (a *account) forgets(o *simserver.Order) bool {
	return !o.Open() && o.Filled == 0 && o.ID <= a.forgot
}

// executions is GET execution/list: fills, and funding.
func (v *accountViews) executions(c *call) (any, *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	a, symbol, kind := c.account, c.text("symbol"), c.text("execType")
	var list []entry
	for _, t := range a.Ledger.Trades() {
		m := marketOf(t.Order.Market)
		exec := noteOf(t.Order).exec
		if exec == "" {
			exec = "Trade"
		}
		if m.category != k || symbol != "" && m.In.Symbol != symbol || c.leaves(m) || kind != "" && kind != exec ||
			c.text("orderId") != "" && a.idText(m.spot(), orderID, t.Order.ID) != c.text("orderId") || c.text("orderLinkId") != "" && t.Order.Client != c.text("orderLinkId") {
			continue
		}
		list = append(list, entry{t.ID, t.Time, func() reply.Object { return a.executionRow(t) }})
	}
	for _, p := range a.funding {
		m := v.markets[p.Instrument]
		if m.category == k && (symbol == "" || m.In.Symbol == symbol) && (kind == "" || kind == "Funding") && c.text("orderId") == "" && c.text("orderLinkId") == "" {
			list = append(list, entry{0, p.Settled, func() reply.Object { return a.fundingRow(m, p) }})
		}
	}
	slices.SortStableFunc(list, func(x, y entry) int { return int((x.at - y.at) / exchange.Millisecond) })
	for i := range list { // the number of an entry is its place: what comes later is behind
		list[i].id = int64(i) + 1
	}
	return c.pageOf(list, 50, 100)
}

// positions is GET position/list. Without a symbol, what is held.
func (v *accountViews) positions(c *call) (any, *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	if k == api.Spot {
		return nil, invalid("Illegal category")
	}
	if k == api.Linear && c.text("symbol") == "" && c.text("settleCoin") == "" && c.text("baseCoin") == "" {
		return nil, invalid("Missing some parameters that must be filled in, symbol or settleCoin")
	}
	markets, f := v.wanted(c)
	if f != nil {
		return nil, f
	}
	rows := reply.List{}
	for _, m := range markets {
		if c.text("symbol") != "" || c.account.Funds.Position(m.In.ID).Qty != 0 || c.account.Hedge {
			rows = append(rows, c.account.positionRow(m))
		}
	}
	return reply.Object{{"category", string(k)}, {"list", rows}, {"nextPageCursor", ""}}, nil
}

// closed is GET position/closed-pnl: an order that closed something is a row.
func (v *accountViews) closed(c *call) (any, *fault) {
	k, f := c.category()
	if f != nil {
		return nil, f
	}
	a, symbol := c.account, c.text("symbol")
	var list []entry
	for _, o := range a.orders(k) {
		m, profit := marketOf(o.Market), closedOf(o)
		if symbol != "" && m.In.Symbol != symbol || len(noteOf(o).closed) == 0 {
			continue
		}
		closed := exchange.Lots(0)
		for _, q := range noteOf(o).closed { // order does not matter: it is a sum
			closed += q
		}
		list = append(list, entry{o.ID, o.Updated, func() reply.Object {
			return reply.Object{{"symbol", m.In.Symbol}, {"orderType", o.Type}, {"leverage", strconv.Itoa(a.Funds.Leverage(m.In.ID))}, {"updatedTime", stamp(o.Updated)}, {"side", sideText(o.Side)},
				{"orderId", a.idText(m.spot(), orderID, o.ID)}, {"closedPnl", profit}, {"avgEntryPrice", ""}, {"qty", m.qty(o.Qty)}, {"cumEntryValue", ""}, {"createdTime", stamp(o.Created)},
				{"orderPrice", m.price(o.Price)}, {"closedSize", m.qty(closed)}, {"avgExitPrice", o.Average()}, {"execType", "Trade"}, {"fillCount", strconv.Itoa(len(o.Fills))}, {"cumExitValue", o.Worth}}
		}})
	}
	return c.pageOf(list, 50, 100)
}

// balance is GET account/wallet-balance.
func (v *accountViews) balance(c *call) (any, *fault) {
	if t := c.text("accountType"); t != "UNIFIED" {
		return nil, invalid("accountType only support UNIFIED.")
	}
	return reply.Object{{"list", reply.List{c.account.walletRow(c.text("coin"))}}}, nil
}

// fees is GET account/fee-rate: of linear contracts, where no category is named, as ccxt's
// fetchTradingFees asks.
func (v *accountViews) fees(c *call) (any, *fault) {
	if c.text("category") == "" && c.text("symbol") == "" {
		c.query.Set("category", string(api.Linear))
	}
	markets, f := v.wanted(c)
	if f != nil {
		return nil, f
	}
	rows := reply.List{}
	for _, m := range markets {
		rows = append(rows, reply.Object{{"symbol", m.In.Symbol}, {"baseCoin", m.In.Base}, {"takerFeeRate", m.In.TakerFee}, {"makerFeeRate", m.In.MakerFee}})
	}
	return reply.Object{{"category", c.text("category")}, {"list", rows}}, nil
}

// log is GET account/transaction-log: what the wallet was booked, a row each.
func (v *accountViews) log(c *call) (any, *fault) {
	a := c.account
	rows := a.logged(v.markets)
	left := map[string]decimal.Decimal{}
	for _, asset := range a.assets() {
		left[asset] = a.Funds.Balance(unified, asset).Total
	}
	for i := len(rows) - 1; i >= 0; i-- {
		rows[i].balance = left[rows[i].asset]
		left[rows[i].asset] = rows[i].balance.Sub(rows[i].change)
	}
	var list []entry
	for i, r := range rows {
		if k := c.text("category"); k != "" && k != string(r.category) || c.text("type") != "" && c.text("type") != r.kind || c.text("currency") != "" && c.text("currency") != r.asset ||
			c.text("symbol") != "" && c.text("symbol") != r.symbol || c.text("baseCoin") != "" && c.text("baseCoin") != r.base {
			continue
		}
		list = append(list, entry{int64(i) + 1, r.at, func() reply.Object { return r.row(a) }})
	}
	rowsOut, next, f := c.paged(list, 20, 50)
	if f != nil {
		return nil, f
	}
	return reply.Object{{"list", rowsOut}, {"nextPageCursor", next}}, nil
}

// nothing lists deposits and withdrawals: a simulated exchange has none.
func (v *accountViews) nothing(*call) (any, *fault) {
	return reply.Object{{"rows", reply.List{}}, {"nextPageCursor", ""}}, nil
}
