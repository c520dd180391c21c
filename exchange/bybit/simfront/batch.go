package simfront

import (
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// items are the orders of a batch.
func (c *call) items() (out []map[string]any) {
	list, _ := c.body["request"].([]any)
	for _, v := range list {
		if m, ok := v.(map[string]any); ok {
			out = append(out, m)
		}
	}
	return out
}

// batch is one of the batches: an answer of two lists beside each other, and 0 as its code
// whatever became of the orders.
func (e *orderEntry) batch(one func(*call) (any, *fault)) func(*call) (any, any, *fault) {
	return func(c *call) (any, any, *fault) {
		k, f := c.category()
		if f != nil {
			return nil, nil, f
		}
		most, items := 20, c.items()
		if k == api.Spot {
			most = 10
		}
		if len(items) == 0 || len(items) > most {
			return nil, nil, invalid("request invalid: the number of orders is wrong")
		}
		list, told := reply.List{}, reply.List{}
		fails := -1
		if e.strikes("batch_partial", c) {
			fails = len(items) - 1
		}
		for i, item := range items {
			row, said := e.batched(c, k, item, i == fails, one)
			list, told = append(list, row), append(told, said)
		}
		return reply.Object{{"list", list}}, reply.Object{{"list", told}}, nil
	}
}

func (e *orderEntry) batched(c *call, k api.Category, item map[string]any, fails bool, one func(*call) (any, *fault)) (row, said reply.Object) {
	item["category"] = string(k)
	part := &call{path: c.path, body: item, account: c.account, key: c.key, address: c.address}
	row = reply.Object{{"category", string(k)}, {"symbol", part.text("symbol")}, {"orderId", ""}, {"orderLinkId", part.text("orderLinkId")}, {"createAt", ""}}
	if fails {
		return row, reply.Object{{"code", 10429}, {"msg", "System level frequency protection"}}
	}
	v, f := one(part)
	if f != nil {
		return row, reply.Object{{"code", f.code}, {"msg", f.msg}}
	}
	if ids, ok := v.(reply.Object); ok {
		row[2], row[3] = ids[0], ids[1]
	}
	row[4] = reply.Field{"createAt", stamp(e.state.Clock.Now())}
	return row, reply.Object{{"code", 0}, {"msg", "OK"}}
}
