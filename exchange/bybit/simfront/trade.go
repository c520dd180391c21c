package simfront

import (
	"bytes"
	"encoding/json"

	"github.com/perilune/perilune/exchange/simserver/reply"
)

// tradeOps are the operations of the trade socket, and the endpoints that they are.
var tradeOps = map[string]string{"order.create": "/v5/order/create", "order.amend": "/v5/order/amend", "order.cancel": "/v5/order/cancel",
	"order.create-batch": "/v5/order/create-batch", "order.amend-batch": "/v5/order/amend-batch", "order.cancel-batch": "/v5/order/cancel-batch"}

// trade answers a request of the trade socket: judged and counted as over REST, with a
// login in place of the signature.
func (d *door) trade(c *client, q *request) {
	say := func(code int, msg string, data, ext any, header map[string]string) {
		h := reply.Object{{"Timenow", stamp(d.state.Clock.Wall())}}
		for _, name := range []string{"X-Bapi-Limit", "X-Bapi-Limit-Status", "X-Bapi-Limit-Reset-Timestamp"} {
			if v := header[name]; v != "" {
				h = append(h, reply.Field{name, v})
			}
		}
		c.send(reply.Object{{"reqId", q.TradeID}, {"retCode", code}, {"retMsg", msg}, {"op", q.Op}, {"data", data}, {"retExtInfo", ext}, {"header", h}, {"connId", c.id}})
	}
	none := reply.Object{}
	path := tradeOps[q.Op]
	one := &call{path: path, account: c.account, key: c.key, address: c.address}
	switch {
	case path == "":
		say(10404, "unknown op "+q.Op, none, none, nil)
		return
	case c.account == nil:
		say(10003, "not signed in", none, none, nil)
		return
	case q.TradeID != "" && c.asked[string(q.TradeID)]:
		say(20006, "reqId is duplicated", none, none, nil)
		return
	case len(q.Args) != 1 || !one.take(q.Args[0]):
		say(10001, "Params Error", none, none, nil)
		return
	case c.restarting || d.strikes("restart", one):
		c.restarting = true
		say(10019, "ws trade service is restarting, please reconnect", none, none, nil)
		return
	}
	if q.TradeID != "" {
		c.asked[string(q.TradeID)] = true
	}
	if f := d.fresh(string(q.Header["X-BAPI-TIMESTAMP"]), string(q.Header["X-BAPI-RECV-WINDOW"])); f != nil {
		say(f.code, f.msg, none, none, nil)
		return
	}
	if f := d.permit(one, c.key, mayTrade); f != nil {
		say(f.code, f.msg, none, none, nil)
		return
	}
	a := d.run(one, d.routes["POST "+path])
	if a.Reset {
		c.conn.Peer.Drop()
		return
	}
	var told struct {
		Code   int             `json:"retCode"`
		Msg    string          `json:"retMsg"`
		Result json.RawMessage `json:"result"`
		Ext    json.RawMessage `json:"retExtInfo"`
	}
	if err := json.Unmarshal(a.Body, &told); err != nil {
		say(10016, "Internal server error.", none, none, nil)
		return
	}
	say(told.Code, told.Msg, reply.Raw(told.Result), reply.Raw(told.Ext), a.Header)
}

// take reads the one argument of an operation.
func (c *call) take(arg json.RawMessage) bool {
	dec := json.NewDecoder(bytes.NewReader(arg))
	dec.UseNumber()
	return dec.Decode(&c.body) == nil && c.body != nil
}
