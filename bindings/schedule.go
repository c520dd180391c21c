package bindings

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange/intent"
)

// NewSchedule returns a parent order as a table of ScheduleType.
func (rt *Runtime) NewSchedule(s *intent.Schedule) *lua.LTable {
	in := rt.env.Universe().Get(s.Instrument)
	r := newRecord(rt, 32)
	r.str("id", ID(s.ID))
	r.str("algo", s.Algo.String())
	r.symbol("symbol", in)
	r.str("side", s.Side.String())
	r.str("state", s.State.String())
	r.flag("done", s.State.Done())
	r.str("reason", s.Reason)
	r.str("tag", s.Tag)
	r.str("curve", s.Curve)
	r.num("qty", in.QtyFloat(s.Total))
	r.num("due", in.QtyFloat(s.Due))
	r.num("filled", in.QtyFloat(s.Filled))
	r.num("completion", s.Completion())
	r.known("maker_share", s.MakerShare())
	r.num("late", in.QtyFloat(s.Late))
	r.money("cost", s.Cost)
	r.money("fees", s.Fees)
	r.known("price", s.Price(in))
	if s.Arrival > 0 {
		r.num("arrival", s.Arrival)
	}
	r.known("market_vwap", s.Market.VWAP(in))
	r.num("market_qty", s.Market.Qty)
	r.known("participation", s.Participation(in))
	r.known("slippage_vwap", s.SlippageVWAP(in))
	r.known("slippage_arrival", s.SlippageArrival(in))
	if s.AtOnce != nil {
		r.known("slippage_at_once", s.SlippageAtOnce(in))
		r.num("at_once_qty", in.QtyFloat(s.AtOnce.Qty))
	}
	r.time("starts", s.Start)
	r.time("ends", s.End)
	r.time("closed", s.Closed)
	r.num("slice", float64(s.Slice))
	r.num("slices", float64(s.Slices))
	if s.Pace != 0 {
		r.num("pace", s.Pace)
	}
	r.num("orders", float64(s.Orders))
	r.num("refused", float64(s.Refused))
	return r.t
}

// known leaves a figure out that is not known.
func (r record) known(k string, v float64) {
	if !math.IsNaN(v) && !math.IsInf(v, 0) {
		r.num(k, v)
	}
}

// ScheduleType describes a parent order.
var ScheduleType = Type{
	Name: "Schedule",
	Doc:  "A large order that is worked off over a window of time: a copy as of the event being handled. What was done comes from fills only.",
	Fields: []Value{
		{Name: "id", Type: "string"},
		{Name: "algo", Type: "\"vwap\"|\"twap\"|\"pov\""},
		{Name: "symbol", Type: "string"},
		{Name: "side", Type: "\"buy\"|\"sell\""},
		{Name: "state", Type: "\"waiting\"|\"working\"|\"paused\"|\"completed\"|\"expired\"|\"canceled\"|\"failed\"",
			Doc: "expired: the window ended with something left; failed: it never began"},
		{Name: "done", Type: "boolean", Doc: "whether it will send no more orders"},
		{Name: "reason", Type: "string?", Doc: "why it ended, or what it waits for"},
		{Name: "tag", Type: "string?"},
		{Name: "curve", Type: "string?", Doc: "what the plan was made from: \"learned from 12 days\", \"uniform: ...\""},
		{Name: "qty", Type: "number", Unit: "units of quantity", Doc: "the whole; 0 until the window begins, when it was asked for by notional"},
		{Name: "due", Type: "number", Unit: "units of quantity", Doc: "what the plan wants done by the end of the slice"},
		{Name: "filled", Type: "number", Unit: "units of quantity"},
		{Name: "completion", Type: "number", Unit: "fraction"},
		{Name: "maker_share", Type: "number?", Unit: "fraction", Doc: "of what is filled, the part that rested"},
		{Name: "late", Type: "number", Unit: "units of quantity", Doc: "of filled: taken after the window's end"},
		{Name: "cost", Type: "number", Unit: "quote; coin for an inverse contract", Doc: "of the fills, without a sign"},
		{Name: "fees", Type: "number", Unit: "quote; coin for an inverse contract"},
		{Name: "price", Type: "number?", Unit: "quote", Doc: "average of the fills"},
		{Name: "arrival", Type: "number?", Unit: "quote", Doc: "mid when the window began"},
		{Name: "market_vwap", Type: "number?", Unit: "quote", Doc: "from the window's beginning until now, or until it was done"},
		{Name: "market_qty", Type: "number", Unit: "units of quantity", Doc: "what the market traded in that time"},
		{Name: "participation", Type: "number?", Unit: "fraction", Doc: "filled against market_qty"},
		{Name: "slippage_vwap", Type: "number?", Unit: "bp", Doc: "against market_vwap; positive is worse"},
		{Name: "slippage_arrival", Type: "number?", Unit: "bp", Doc: "against arrival; positive is worse"},
		{Name: "slippage_at_once", Type: "number?", Unit: "bp", Doc: "against arrival, of one market order for the whole when the window began, before fees; nil before it"},
		{Name: "at_once_qty", Type: "number?", Unit: "units of quantity", Doc: "what the book held for that order; below qty when it did not hold the whole"},
		{Name: "starts", Type: "number", Unit: "seconds since the epoch"},
		{Name: "ends", Type: "number", Unit: "seconds since the epoch"},
		{Name: "closed", Type: "number?", Unit: "seconds since the epoch"},
		{Name: "slice", Type: "integer", Doc: "the current one, from 1; 0 before the window"},
		{Name: "slices", Type: "integer"},
		{Name: "pace", Type: "number?", Doc: "that exec.schedule.pace made it; nil: its own"},
		{Name: "orders", Type: "integer", Doc: "sent so far"},
		{Name: "refused", Type: "integer", Doc: "orders that the venue or the risk gate refused"},
	},
}
