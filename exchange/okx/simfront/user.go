package simfront

import (
	"encoding/json"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// Tell implements simserver.Front: an order, then what it changed.
func (d *dialect) Tell(a *simserver.Account, ev simserver.Event) (out []simserver.Message) {
	say := func(kind string, body reply.Object) {
		out = append(out, simserver.Message{Segment: ev.Segment, Kind: kind, Body: body})
	}
	switch ev.Kind {
	case simserver.OrderChanged:
		say("orders", orderRow(ev.Order, ev.Trade))
		if ev.Trade == nil {
			return out
		}
		d.bookTrade(a, ev.Trade)
		if orderNote(ev.Order).category == "full_liquidation" {
			d.liquidated(ev.Order.Market, ev.Trade.Time, ev.Order.Side, ev.Trade.Price, ev.Trade.Qty)
		}
		if m := ev.Order.Market; m.In.Perp() {
			say("positions", position(d, a, m))
		}
	case simserver.FundingPaid:
		in := d.s.Universe().Get(ev.Payment.Instrument)
		sub := "174"
		if ev.Payment.Amount.IsNegative() {
			sub = "173"
		}
		d.booked(a, bill{kind: "8", sub: sub, symbol: in.Symbol, market: "SWAP", asset: ev.Payment.Asset, change: ev.Payment.Amount, at: ev.Time})
		say("balance_and_position", reply.Object{{"pTime", d.now()}, {"eventType", "funding_fee"}, {"balData", reply.List{reply.Object{{"ccy", ev.Payment.Asset}, {"cashBal", money(a.Funds.Balance(api.Trading, ev.Payment.Asset).Total)}, {"uTime", d.now()}}}}, {"posData", reply.List{}}, {"trades", reply.List{}}})
	case simserver.TransferMoved:
		if ev.Segment == d.funding {
			return nil
		}
		sub := "11"
		if ev.Amount.IsNegative() {
			sub = "12"
		}
		d.booked(a, bill{kind: "1", sub: sub, asset: ev.Asset, change: ev.Amount, at: ev.Time})
	case simserver.Charged:
		d.booked(a, bill{kind: "7", sub: "9", asset: ev.Asset, change: ev.Amount, at: ev.Time})
	case simserver.LossCleared:
		d.booked(a, bill{kind: "10", sub: "170", asset: ev.Asset, change: ev.Amount, at: ev.Time})
	default:
		return nil
	}
	say("account", balances(d, a))
	return out
}

// Send implements simserver.Front.
func (d *dialect) Send(a *simserver.Account, m simserver.Message) {
	for _, cl := range d.order {
		if cl.key == nil || cl.key.Account != a || d.s.Links.Muted(cl.c) {
			continue
		}
		for _, s := range cl.subs {
			if s.channel == m.Kind && (s.kind == "" || s.kind == "ANY" || api.Type(s.kind) == api.Of(m.Segment.Venue)) {
				cl.push(s, m.Body)
			}
		}
	}
}

// entries are the orders of the private stream.
var entries = map[string]string{"order": "POST /trade/order", "batch-orders": "POST /trade/batch-orders", "cancel-order": "POST /trade/cancel-order", "batch-cancel-orders": "POST /trade/cancel-batch-orders",
	"amend-order": "POST /trade/amend-order", "batch-amend-orders": "POST /trade/amend-batch-orders"}

// entry answers orders of the private stream, which name instruments by instIdCode.
func (d *dialect) entry(cl *client, id string, m *message) {
	name := entries[m.Op]
	p, ok := paths[name]
	switch {
	case !ok || cl.c.Route != "private":
		cl.refuse(id, "60012", "Invalid request: op "+m.Op)
		return
	case cl.key == nil:
		cl.refuse(id, "60011", "Please log in")
		return
	}
	body, err := json.Marshal(m.Args)
	if err != nil {
		cl.refuse(id, "60012", "Invalid request")
		return
	}
	c := &call{d: d, a: cl.key.Account, key: cl.key, body: body, changes: true, ws: true}
	c.expires, _ = strconv.ParseInt(m.Exp, 10, 64) // what is no number is none
	a := c.answer(name, p.do)
	if a.Reset {
		cl.c.Peer.Drop()
		return
	}
	now := strconv.FormatInt(int64(d.s.Clock.Wall()/exchange.Microsecond), 10)
	var said map[string]json.RawMessage
	if err := json.Unmarshal(a.Body, &said); err != nil {
		return
	}
	cl.send(reply.Object{{"id", id}, {"op", m.Op}, {"code", reply.Raw(said["code"])}, {"msg", reply.Raw(said["msg"])}, {"data", reply.Raw(said["data"])}, {"inTime", now}, {"outTime", now}})
}
