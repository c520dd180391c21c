// Package order is the Lua module for single orders.
//
// # Quantisation
//
// An order's price and quantity are read exactly as written (0.1 is one tenth)
// and then put on the instrument's grid in a named direction, always the one
// that gives away less: a buy price is rounded down to the tick and a sell price
// up, so an order is never more aggressive than asked, and a quantity is rounded
// down to the lot, so it is never larger. A quantity below one lot raises.
//
// Nothing is sent by a call: an order is staged, and leaves when the callback
// returns normally. What the risk gate or the venue refuses arrives in on_order.
package order

import (
	"slices"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

var (
	symbolArg = bindings.Value{Name: "symbol", Type: "string|Book", Doc: "such as \"usdm:BTCUSDT\""}
	qtyArg    = bindings.Value{Name: "qty", Type: "number|string|Decimal", Unit: "units of quantity", Doc: "rounded down to the lot"}
	priceArg  = bindings.Value{Name: "price", Type: "number|string|Decimal", Unit: "quote", Doc: "limit price: a buy is rounded down to the tick, a sell up"}
	idReturn  = []bindings.Value{{Name: "id", Type: "string", Doc: "names the order in cancel, get and on_order"}}
)

var options = []bindings.Value{
	{Name: "type", Type: "\"limit\"|\"market\"|\"stop\"|\"stop_limit\"|\"take_profit\"|\"take_profit_limit\"|\"trailing_stop\"", Optional: true, Doc: "limit when left out"},
	{Name: "tif", Type: "\"gtc\"|\"ioc\"|\"fok\"|\"post_only\"", Optional: true, Doc: "gtc for a limit order, ioc for a market order, when left out"},
	{Name: "reduce_only", Type: "boolean", Optional: true, Doc: "may only shrink a position; perpetuals only"},
	{Name: "borrow", Type: "boolean", Optional: true, Doc: "a sale on spot may take coins that the wallet does not have: they are borrowed, at interest, until they are bought back; up to max_borrowed of [risk]"},
}

var requestType = bindings.Type{
	Name: "OrderRequest",
	Doc:  "An order to submit.",
	Fields: slices.Concat([]bindings.Value{symbolArg, {Name: "side", Type: "\"buy\"|\"sell\"", Doc: "\"buy\" or \"sell\""}, qtyArg,
		{Name: "price", Type: priceArg.Type, Unit: priceArg.Unit, Doc: priceArg.Doc + "; none for a market order", Optional: true}}, options, heldFields),
}

var optionsType = bindings.Type{Name: "OrderOptions", Doc: "What order.buy and order.sell may be told beside price and size.", Fields: slices.Concat(options[1:], heldFields[5:])}

// Module returns the module.
func Module() bindings.Module {
	shortcut := []bindings.Value{symbolArg, qtyArg, priceArg, {Name: "options", Type: "OrderOptions", Optional: true}}
	return bindings.Module{
		Name: "order",
		Doc:  "Single orders. An order is staged by the call and sent when the callback returns; refusals arrive in on_order.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "submit", Doc: "Submits an order.", Args: []bindings.Value{{Name: "request", Type: "OrderRequest"}}, Returns: idReturn,
				Example: "local id = order.submit{symbol = \"usdm:BTCUSDT\", side = \"buy\", qty = \"0.01\", price = 61800.5, tif = \"post_only\"}"}, Call: submit},
			{Spec: bindings.Spec{Name: "buy", Doc: "Submits a limit order to buy.", Args: shortcut, Returns: idReturn},
				Call: func(rt *bindings.Runtime) int { return limit(rt, exchange.Buy) }},
			{Spec: bindings.Spec{Name: "sell", Doc: "Submits a limit order to sell.", Args: shortcut, Returns: idReturn},
				Call: func(rt *bindings.Runtime) int { return limit(rt, exchange.Sell) }},
			{Spec: bindings.Spec{Name: "cancel", Doc: "Asks for an order to be canceled. The order may still fill before the venue acts.",
				Args: []bindings.Value{{Name: "id", Type: "string"}}, Returns: []bindings.Value{{Name: "asked", Type: "boolean", Doc: "false when the order is done or unknown"}}}, Call: cancel},
			{Spec: bindings.Spec{Name: "get", Doc: "An order by its id.", Args: []bindings.Value{{Name: "id", Type: "string"}},
				Returns: []bindings.Value{{Name: "order", Type: "Order?"}}}, Call: get},
			{Spec: bindings.Spec{Name: "open", Doc: "The open orders of this strategy, oldest first: those at venues, and then those that the host holds.",
				Args:    []bindings.Value{{Name: "symbol", Type: "string|Book", Optional: true, Doc: "only those of this instrument"}},
				Returns: []bindings.Value{{Name: "orders", Type: "Order[]"}}}, Call: open},
			{Spec: bindings.Spec{Name: "bracket", Doc: "An entry with a take-profit, a stop or both, which the host holds: they are as large as what the entry filled, and the one that fills cancels the other.",
				Args: []bindings.Value{{Name: "request", Type: "BracketRequest"}}, Returns: []bindings.Value{{Name: "ids", Type: "BracketIDs"}},
				Example: "local ids = order.bracket{symbol = \"usdm:BTCUSDT\", side = \"buy\", qty = \"0.01\", take_profit = 66000, stop = 60000}"}, Call: bracket},
			{Spec: bindings.Spec{Name: "oco", Doc: "A take-profit and a stop for what is held already: the one that fills cancels the other.",
				Args: []bindings.Value{{Name: "request", Type: "OCORequest"}}, Returns: []bindings.Value{{Name: "ids", Type: "BracketIDs"}},
				Example: "order.oco{symbol = \"usdm:BTCUSDT\", side = \"sell\", qty = \"0.01\", take_profit = 66000, stop = {trail_percent = 2}}"}, Call: oco},
			{Spec: bindings.Spec{Name: "amend", Doc: "Changes price, size or trigger of an order. What the host holds is changed in its place; an order at the venue is taken back, and what is left of it then is sent anew, under another id.",
				Args: []bindings.Value{{Name: "id", Type: "string"}, {Name: "change", Type: "OrderChange"}}, Returns: []bindings.Value{{Name: "id", Type: "string", Doc: "under which it goes on"}},
				Example: "for _, o in ipairs(order.open(\"usdm:BTCUSDT\")) do\n  order.amend(o.id, {price = 61750})\nend"}, Call: amendOrder},
			{Spec: bindings.Spec{Name: "close", Doc: "Closes what this strategy holds of an instrument outside of pairs, at the market, and cancels its other orders of it first.",
				Args: []bindings.Value{symbolArg}, Returns: []bindings.Value{{Name: "id", Type: "string?", Doc: "nil: it holds nothing"}}}, Call: closeOwn},
			{Spec: bindings.Spec{Name: "target", Doc: "Sends what is missing to a position of this size, counting what is held and what is under way.",
				Args:    []bindings.Value{symbolArg, {Name: "qty", Type: qtyArg.Type, Unit: qtyArg.Unit, Doc: "signed: below 0 is short; rounded towards 0 to the lot"}, {Name: "options", Type: "TargetOptions", Optional: true}},
				Returns: []bindings.Value{{Name: "id", Type: "string?", Doc: "nil: it is there already, or on its way"}},
				Example: "order.target(\"usdm:BTCUSDT\", -0.5)"}, Call: target},
		},
		Types: []bindings.Type{requestType, optionsType, legType, bracketType, ocoType, bracketIDs, changeType, targetOptions, bindings.OrderType},
	}
}

func submit(rt *bindings.Runtime) int {
	f := rt.Fields(1, &requestType)
	o := exchange.Order{Type: exchange.Limit}
	in := f.Get("symbol").Instrument()
	o.Instrument, o.Side = in.ID, f.Get("side").Side()
	typ := f.Get("type").Choice("limit", "market", "stop", "stop_limit", "take_profit", "take_profit_limit", "trailing_stop")
	if typ == "market" {
		o.Type = exchange.MarketOrder
	}
	if isHeld(f, typ) {
		return submitHeld(rt, f, in, o.Side, typ)
	}
	for _, x := range heldFields[:5] { // with the others the host would hold it
		if f.Has(x.Name) {
			f.Get(x.Name).Fail("a %s order has none", typ)
		}
	}
	o.Qty = quantity(in, f.Get("qty"))
	o.TIF = timeInForce(rt, f.Get("tif"), o.Type)
	o.ReduceOnly = reduceOnly(in, f.Get("reduce_only"))
	o.Borrow = borrow(in, o.Side, f.Get("borrow"))
	switch {
	case o.Type == exchange.MarketOrder && f.Has("price"):
		f.Get("price").Fail("a market order has no price: leave it out, or write type = \"limit\"")
	case o.Type == exchange.Limit && !f.Has("price"):
		f.Get("price").Fail("a limit order needs one; for a market order write type = \"market\"")
	case o.Type == exchange.Limit:
		o.Price = price(in, o.Side, f.Get("price"))
	}
	return place(rt, o)
}

func place(rt *bindings.Runtime, o exchange.Order) int {
	rt.Count(bindings.CapOrders)
	return rt.PushString(bindings.ID(env(rt).Submit(o)))
}

func limit(rt *bindings.Runtime, side exchange.Side) int {
	in := rt.Arg(1).Instrument()
	o := exchange.Order{Instrument: in.ID, Side: side, Type: exchange.Limit, Qty: quantity(in, rt.Arg(2)), Price: price(in, side, rt.Arg(3))}
	f := rt.Fields(4, &optionsType)
	o.TIF = timeInForce(rt, f.Get("tif"), o.Type)
	o.ReduceOnly = reduceOnly(in, f.Get("reduce_only"))
	o.Borrow = borrow(in, side, f.Get("borrow"))
	if isHeld(f, "limit") {
		r := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: in.ID, Side: side, Qty: o.Qty, Price: o.Price, TIF: o.TIF, ReduceOnly: o.ReduceOnly, Borrow: o.Borrow}
		worked(rt, f, in, &r)
		return pushHeld(rt, r)
	}
	return place(rt, o)
}

// maxSteps bounds ticks and lots to what a float64 and an int64 both hold.
const maxSteps = 1 << 53

// price puts a limit price on the tick grid, in the direction that is less
// aggressive for the side.
func price(in *exchange.Instrument, side exchange.Side, v bindings.Input) exchange.Ticks {
	d := v.Positive()
	inRange(in.Tick, v, d)
	if side == exchange.Sell {
		return in.OnGrid(side, exchange.Ticks(in.Tick.Ceil(d)))
	}
	ticks := in.OnGrid(side, exchange.Ticks(in.Tick.Floor(d)))
	if ticks == 0 {
		v.Fail("%s is below one tick of %s, which is %s", d, in.Key(), in.Tick)
	}
	return ticks
}

// quantity puts a quantity on the lot grid, downwards.
func quantity(in *exchange.Instrument, v bindings.Input) exchange.Lots {
	d := v.Positive()
	inRange(in.Lot, v, d)
	lots := exchange.Lots(in.Lot.Floor(d))
	if lots == 0 {
		v.Fail("%s is below one lot of %s, which is %s", d, in.Key(), in.Lot)
	}
	return lots
}

func inRange(step exchange.Step, v bindings.Input, d decimal.Decimal) {
	if most := step.Decimal(1).Mul(decimal.NewFromInt(maxSteps)); d.GreaterThan(most) {
		v.Fail("too large: at most %s", most)
	}
}

var tifs = map[string]exchange.TimeInForce{"gtc": exchange.GTC, "ioc": exchange.IOC, "fok": exchange.FOK, "post_only": exchange.PostOnly}

func timeInForce(rt *bindings.Runtime, v bindings.Input, typ exchange.OrderType) exchange.TimeInForce {
	if typ == exchange.MarketOrder {
		tif := tifs[v.Choice("ioc", "fok", "gtc", "post_only")]
		if tif != exchange.IOC && tif != exchange.FOK {
			v.Fail("a market order cannot rest: want ioc or fok, got %s", tif)
		}
		return tif
	}
	return tifs[v.Choice("gtc", "ioc", "fok", "post_only")]
}

func reduceOnly(in *exchange.Instrument, v bindings.Input) bool {
	if !v.Bool() {
		return false
	}
	if !in.Perp() {
		v.Fail("%s is a spot market, where there is no position to reduce", in.Key())
	}
	return true
}

func borrow(in *exchange.Instrument, side exchange.Side, v bindings.Input) bool {
	if !v.Bool() {
		return false
	}
	if side != exchange.Sell || !in.Lends() {
		v.Fail("%s of %s: only coins that are sold on spot, at a venue that lends them, are borrowed", side, in.Key())
	}
	return true
}

func id(rt *bindings.Runtime) exchange.OrderID {
	n, err := bindings.ParseID[exchange.OrderID](rt.Arg(1).String())
	if err != nil {
		rt.Arg(1).Fail("%v", err)
	}
	return n
}

func cancel(rt *bindings.Runtime) int {
	n := id(rt)
	if c, ok := env(rt).Conditional(n); ok && !c.State.Done() {
		rt.Count(bindings.CapCancels)
		env(rt).Cancel(n)
		return rt.PushBool(true)
	}
	o, ok := env(rt).Order(n)
	if !ok || o.Status.Terminal() {
		return rt.PushBool(false)
	}
	rt.Count(bindings.CapCancels)
	env(rt).Cancel(o.ID)
	return rt.PushBool(true)
}

func get(rt *bindings.Runtime) int {
	n := id(rt)
	if c, ok := env(rt).Conditional(n); ok {
		return rt.Push(bindings.NewConditional(rt, c))
	}
	o, ok := env(rt).Order(n)
	if !ok {
		return rt.PushNil()
	}
	return rt.Push(rt.NewOrder(o))
}

func open(rt *bindings.Runtime) int {
	only := exchange.NoInstrument
	if !rt.Arg(1).Nil() {
		only = rt.Arg(1).Instrument().ID
	}
	list := &lua.LTable{Metatable: lua.LNil}
	for _, o := range env(rt).Orders() {
		if only == exchange.NoInstrument || o.Instrument == only {
			rt.Charge(32)
			list.Append(rt.NewOrder(o))
		}
	}
	for _, c := range env(rt).Conditionals() {
		if only == exchange.NoInstrument || c.Request.Instrument == only {
			rt.Charge(32)
			list.Append(bindings.NewConditional(rt, c))
		}
	}
	return rt.Push(list)
}
