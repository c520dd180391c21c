package simfront

import (
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// order is one by its number or name; of several that had a name the newest.
func (c *call) order() (rows, *fault) {
	m := c.d.market(c.q.Get("instId"))
	if m == nil {
		return rows{}, refuse("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
	}
	id, client := c.q.Get("ordId"), c.q.Get("clOrdId")
	o := c.find(m, id, client)
	for _, g := range slices.Backward(noteOf(c.a).ghosts) {
		if g.market == m && (id == g.id || id == "" && client == g.client && o == nil) {
			return rows{list: []reply.Object{g.row}}, nil
		}
	}
	if o == nil {
		return rows{}, refuse("51603", "Order does not exist")
	}
	return rows{list: []reply.Object{orderRow(o, nil)}}, nil
}

// listed words orders, the newest first, a page at a time.
func (c *call) listed(open bool) (rows, *fault) {
	limit, keep := c.page(100)
	kind, symbol := api.Type(c.q.Get("instType")), c.q.Get("instId")
	out := rows{}
	for _, o := range slices.Backward(c.a.Orders.All()) {
		id, err := strconv.ParseInt(orderID(o), 10, 64)
		if err != nil || o.Open() != open || !keep(id) || len(out.list) == limit ||
			kind != "" && kind != typeOf(o.Market) || symbol != "" && symbol != o.Market.In.Symbol || !open && !c.span(o.Created) {
			continue
		}
		out.list = append(out.list, orderRow(o, nil))
	}
	return out, nil
}

func (c *call) pending() (rows, *fault) { return c.listed(true) }
func (c *call) history() (rows, *fault) { return c.listed(false) }

// fills are trades, the newest first. Their place in the listing is a bill's number.
func (c *call) fills() (rows, *fault) {
	limit, keep := c.page(100)
	kind, symbol := api.Type(c.q.Get("instType")), c.q.Get("instId")
	out := rows{}
	for _, t := range slices.Backward(c.a.Ledger.Trades()) {
		o := t.Order
		if !keep(t.ID) || len(out.list) == limit || kind != "" && kind != typeOf(o.Market) || symbol != "" && symbol != o.Market.In.Symbol || !c.span(t.Time) {
			continue
		}
		client := o.Client
		if orderNote(o).made {
			client = ""
		}
		sub := map[string]string{"full_liquidation": "103", "adl": "125", "delivery": "112"}[orderNote(o).category]
		if sub == "" {
			sub = map[exchange.Side]string{exchange.Buy: "1", exchange.Sell: "2"}[o.Side]
		}
		out.list = append(out.list, reply.Object{{"instType", string(typeOf(o.Market))}, {"instId", o.Market.In.Symbol}, {"tradeId", strconv.FormatInt(t.ID, 10)}, {"ordId", orderID(o)}, {"clOrdId", client},
			{"billId", strconv.FormatInt(t.ID, 10)}, {"subType", sub}, {"tag", ""}, {"fillPx", price(o.Market.In, t.Price)}, {"fillSz", size(o.Market.In, t.Qty)}, {"fillIdxPx", ""}, {"fillPnl", money(t.Realised)},
			{"side", sideText(o.Side)}, {"posSide", "net"}, {"execType", takerOrMaker(t)}, {"feeCcy", t.FeeAsset}, {"fee", money(t.Fee.Neg())}, {"ts", ms(t.Time)}, {"fillTime", ms(t.Time)}, {"feeRate", ""}})
	}
	return out, nil
}

func (c *call) positions() (rows, *fault) {
	kind, symbol := api.Type(c.q.Get("instType")), c.q.Get("instId")
	out := rows{}
	for _, m := range c.d.s.Markets() {
		if m.Segment == nil || !m.In.Perp() || kind != "" && kind != typeOf(m) || symbol != "" && symbol != m.In.Symbol || c.a.Funds.Position(m.In.ID).Qty == 0 {
			continue
		}
		out.list = append(out.list, position(c.d, c.a, m))
	}
	return out, nil
}

// position words one, also when there is none any more.
func position(d *dialect, a *simserver.Account, m *simserver.Market) reply.Object {
	in := m.In
	p := a.Funds.Position(in.ID)
	margin := a.Funds.PositionMargin(in.ID)
	entry, liquidation, ratio := "", "", "0"
	worth := in.QtyDecimal(p.Qty.Abs()).Mul(m.MarkPrice())
	if in.Inverse() {
		worth = in.QtyDecimal(p.Qty.Abs()).Mul(in.ContractSize)
	}
	if margin.Position.IsPositive() {
		ratio = margin.Unrealised.DivRound(margin.Position, 8).String()
	}
	if p.Qty != 0 {
		entry = p.Entry.Round(12).String()
		if at, ok := a.Funds.LiquidationPrice(in.ID); ok {
			liquidation = at.Round(8).String()
		}
	}
	return reply.Object{{"adl", "1"}, {"availPos", size(in, p.Qty)}, {"avgPx", entry}, {"cTime", d.now()}, {"ccy", in.Settle()}, {"imr", money(margin.Position)}, {"instId", in.Symbol}, {"instType", string(typeOf(m))},
		{"last", price(in, m.LastPrice())}, {"lever", strconv.Itoa(a.Funds.Leverage(in.ID))}, {"liqPx", liquidation}, {"margin", ""}, {"markPx", m.MarkPrice()}, {"mgnMode", "cross"}, {"mgnRatio", ""}, {"mmr", money(margin.Maintenance)},
		{"notionalUsd", money(worth)}, {"pos", size(in, p.Qty)}, {"posCcy", ""}, {"posId", strconv.Itoa(int(in.ID) + 1)}, {"posSide", "net"}, {"tradeId", ""}, {"uTime", d.now()}, {"upl", money(margin.Unrealised)}, {"uplRatio", ratio}}
}
