package bindings

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange/intent"
)

// NewConditional returns an order that the host holds as a table of OrderType.
func NewConditional(rt *Runtime, c *intent.Conditional) *lua.LTable {
	q := &c.Request
	in := rt.env.Universe().Get(q.Instrument)
	r := newRecord(rt, 26)
	r.str("id", ID(c.ID))
	r.symbol("symbol", in)
	r.str("side", q.Side.String())
	r.str("type", q.Type())
	r.str("tif", q.TIF.String())
	r.flag("reduce_only", q.ReduceOnly)
	if q.Price != 0 {
		r.num("price", in.PriceFloat(q.Price))
	}
	r.num("qty", in.QtyFloat(c.Size))
	r.num("filled", in.QtyFloat(c.Filled))
	leaves := c.Rest()
	if c.State.Done() {
		leaves = 0
	}
	r.num("leaves", in.QtyFloat(leaves))
	r.str("status", c.State.String())
	r.flag("done", c.State.Done())
	r.str("reason", c.Reason)
	r.time("created", c.Created)
	r.flag("held_by_host", true)
	if q.Triggers() {
		r.str("trigger_source", q.SourceOn(in))
	}
	r.some("trigger", c.Stop.Float())
	r.some("reference", c.Reference.Float())
	r.some("seen", c.Seen.Float())
	r.some("display", in.QtyFloat(q.Display))
	if c.Filled > 0 {
		r.num("average", c.Price(in))
	}
	r.str("role", c.Role.String())
	if c.Role != intent.Alone {
		r.str("group", ID(c.Group))
	}
	r.str("child", ID(c.Child))
	r.time("expires", q.Expires)
	return r.t
}

// some is num of a figure that 0 leaves out.
func (r record) some(k string, f float64) {
	if f != 0 {
		r.num(k, f)
	}
}
