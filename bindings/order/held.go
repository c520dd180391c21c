package order

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

var sources = map[string]intent.PriceSource{"last": intent.LastPrice, "mark": intent.MarkPrice, "mid": intent.MidPrice}

// heldFields are what makes an order one that the host holds.
var heldFields = []bindings.Value{
	{Name: "trigger", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: "of a stop or a take-profit: the price that lets it go"},
	{Name: "trigger_source", Type: "\"last\"|\"mark\"|\"mid\"", Optional: true, Doc: "the price that trigger is compared with: of perpetuals the mark and on spot the last trade when left out"},
	{Name: "trail", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: "distance of a trailing stop from the best price"},
	{Name: "trail_percent", Type: "number|string|Decimal", Unit: "percent", Optional: true, Doc: "the same as a part of the best price: at most 50"},
	{Name: "activation", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: "price from which on it trails; at once when left out"},
	{Name: "display", Type: "number|string|Decimal", Unit: "units of quantity", Optional: true, Doc: "an iceberg: the most that one slice shows"},
	{Name: "expires_in", Type: "number|string", Unit: "seconds", Optional: true, Doc: "how long it counts: seconds, or text such as \"2h\""},
	{Name: "expires_at", Type: "number", Unit: "seconds since the epoch", Optional: true, Doc: "until when it counts"},
}

var legType = bindings.Type{
	Name: "OrderLeg",
	Doc:  "A take-profit or a stop of order.bracket and order.oco.",
	Fields: append([]bindings.Value{
		{Name: "price", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: "limit. With a trigger it is what is sent then; a take-profit without one rests at the venue from the beginning"},
		{Name: "tif", Type: "\"gtc\"|\"ioc\"|\"fok\"|\"post_only\"", Optional: true, Doc: "of one with a price; gtc when left out"},
	}, heldFields[:5]...),
}

var bracketType = bindings.Type{
	Name: "BracketRequest",
	Doc:  "An entry, and what closes the position that it brings.",
	Fields: append(append([]bindings.Value{symbolArg, {Name: "side", Type: "\"buy\"|\"sell\"", Doc: "of the entry"}, qtyArg,
		{Name: "price", Type: priceArg.Type, Unit: priceArg.Unit, Doc: priceArg.Doc + "; none for an entry at the market", Optional: true},
		{Name: "take_profit", Type: "number|string|Decimal|OrderLeg", Unit: "quote", Doc: "the price that triggers it, or a table", Optional: true},
		{Name: "stop", Type: "number|string|Decimal|OrderLeg", Unit: "quote", Doc: "the price that triggers it, or a table", Optional: true},
		{Name: "type", Type: "\"limit\"|\"market\"|\"stop\"|\"stop_limit\"", Optional: true, Doc: "of the entry: limit with a price and market without one, when left out"},
		{Name: "tif", Type: "\"gtc\"|\"ioc\"|\"fok\"|\"post_only\"", Optional: true, Doc: "of the entry"}}, heldFields[:2]...), heldFields[5:]...),
}

var ocoType = bindings.Type{
	Name: "OCORequest",
	Doc:  "Two orders of which the one that fills cancels the other.",
	Fields: []bindings.Value{symbolArg, {Name: "side", Type: "\"buy\"|\"sell\"", Doc: "of both"}, qtyArg, bracketType.Fields[4], bracketType.Fields[5],
		{Name: "reduce_only", Type: "boolean", Optional: true, Doc: "true on perpetuals when left out"}, heldFields[6], heldFields[7]},
}

var changeType = bindings.Type{
	Name: "OrderChange",
	Doc:  "What order.amend changes; what is left out stays.",
	Fields: []bindings.Value{
		{Name: "price", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: priceArg.Doc},
		{Name: "qty", Type: qtyArg.Type, Unit: qtyArg.Unit, Optional: true, Doc: "the whole size, with what is filled; rounded down to the lot"},
		{Name: "trigger", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: "of one that is held"},
	},
}

var bracketIDs = bindings.Type{
	Name:   "BracketIDs",
	Doc:    "The ids of what order.bracket or order.oco made.",
	Fields: []bindings.Value{{Name: "entry", Type: "string?"}, {Name: "take_profit", Type: "string?"}, {Name: "stop", Type: "string?"}},
}

// kinds are the types of an order by whether a price lets it go, and whether it has a limit.
var kinds = map[string]struct {
	kind  intent.ConditionalKind
	limit bool
}{
	"limit": {intent.PlainOrder, true}, "market": {intent.PlainOrder, false}, "stop": {intent.Stop, false}, "stop_limit": {intent.Stop, true},
	"take_profit": {intent.TakeProfit, false}, "take_profit_limit": {intent.TakeProfit, true}, "trailing_stop": {intent.TrailingStop, false},
}

// isHeld reports whether a request needs the host to hold it.
func isHeld(f bindings.Fields, typ string) bool {
	return typ != "limit" && typ != "market" || f.Has("display") || f.Has("expires_in") || f.Has("expires_at")
}

func submitHeld(rt *bindings.Runtime, f bindings.Fields, in *exchange.Instrument, side exchange.Side, typ string) int {
	r := conditionalEntry(rt, f, in, side, typ)
	r.ReduceOnly = reduceOnly(in, f.Get("reduce_only"))
	r.Borrow = borrow(in, side, f.Get("borrow"))
	return pushHeld(rt, r)
}

func pushHeld(rt *bindings.Runtime, r intent.ConditionalRequest) int {
	return rt.PushString(bindings.ID(hold(rt, intent.ConditionalGroup{Legs: []intent.ConditionalRequest{r}})[0]))
}

// conditional reads the request of one order that the host holds.
func conditional(rt *bindings.Runtime, f bindings.Fields, in *exchange.Instrument, side exchange.Side, typ string) intent.ConditionalRequest {
	k := kinds[typ]
	r := intent.ConditionalRequest{Kind: k.kind, Instrument: in.ID, Side: side, TIF: exchange.IOC}
	switch {
	case k.limit && !f.Has("price"):
		f.Get("price").Fail("a %s order needs one: the limit of what is sent", typ)
	case !k.limit && f.Has("price"):
		f.Get("price").Fail("a %s order is sent at the market: leave its price out%s", typ, limitHint(typ))
	case k.limit:
		r.Price = price(in, side, f.Get("price"))
		r.TIF = timeInForce(rt, f.Get("tif"), exchange.Limit)
	default:
		r.TIF = timeInForce(rt, f.Get("tif"), exchange.MarketOrder)
	}
	trigger(f, typ, k.kind, &r)
	return r
}

func limitHint(typ string) string {
	if typ == "stop" || typ == "take_profit" {
		return ", or write type = \"" + typ + "_limit\""
	}
	return ""
}

// trigger reads what lets an order go.
func trigger(f bindings.Fields, typ string, kind intent.ConditionalKind, r *intent.ConditionalRequest) {
	pointed := kind == intent.Stop || kind == intent.TakeProfit
	switch {
	case pointed && !f.Has("trigger"):
		f.Get("trigger").Fail("a %s order needs one: the price that lets it go", typ)
	case !pointed && f.Has("trigger"):
		f.Get("trigger").Fail("a %s order has none: for one write type = \"stop\" or \"take_profit\"", typ)
	case pointed:
		r.Trigger = e8(f.Get("trigger"))
	}
	for _, name := range [...]string{"trail", "trail_percent", "activation"} {
		if kind != intent.TrailingStop && f.Has(name) {
			f.Get(name).Fail("only a trailing stop has one: write type = \"trailing_stop\"")
		}
	}
	if f.Has("trail") {
		r.Trail = e8(f.Get("trail"))
	}
	if f.Has("trail_percent") {
		r.TrailPart = exchange.E8FromDecimal(f.Get("trail_percent").Positive().Shift(-2))
	}
	if f.Has("activation") {
		r.Activation = e8(f.Get("activation"))
	}
	if v := f.Get("trigger_source"); !v.Nil() {
		if kind == intent.PlainOrder {
			v.Fail("a %s order has no trigger", typ)
		}
		r.Source = sources[v.Choice("last", "mark", "mid")]
	}
}

// e8 reads a price that need not lie on a tick.
func e8(v bindings.Input) exchange.E8 {
	d := v.Positive()
	p := exchange.E8FromDecimal(d)
	if !p.Decimal().Equal(d.Round(8)) || p <= 0 {
		v.Fail("want a price from 0.00000001 to 90000000000, got %s", d)
	}
	return p
}

// worked reads what of an order is for how long, and in which slices.
func worked(rt *bindings.Runtime, f bindings.Fields, in *exchange.Instrument, r *intent.ConditionalRequest) {
	if f.Has("display") {
		r.Display = quantity(in, f.Get("display"))
	}
	r.Expires = expiry(rt, f)
}

func expiry(rt *bindings.Runtime, f bindings.Fields) exchange.Time {
	switch {
	case f.Has("expires_in") && f.Has("expires_at"):
		f.Get("expires_at").Fail("it is one of expires_in and expires_at")
	case f.Has("expires_in"):
		return rt.Env().Now() + f.Get("expires_in").Duration()
	case f.Has("expires_at"):
		at := f.Get("expires_at").Time()
		if at <= rt.Env().Now() {
			f.Get("expires_at").Fail("that was at %s, and it is %s", at, rt.Env().Now())
		}
		return at
	}
	return 0
}

// hold asks for orders that the host holds, and raises what is wrong with them.
func hold(rt *bindings.Runtime, g intent.ConditionalGroup) []exchange.OrderID {
	rt.Count(bindings.CapOrders)
	ids, err := env(rt).Hold(g)
	if err != nil {
		rt.Raise("%v", err)
	}
	return ids
}

func bracket(rt *bindings.Runtime) int {
	f := rt.Fields(1, &bracketType)
	in, side := f.Get("symbol").Instrument(), f.Get("side").Side()
	def := "market"
	if f.Has("price") {
		def = "limit"
	}
	typ := def
	if v := f.Get("type"); !v.Nil() {
		typ = v.Choice("limit", "market", "stop", "stop_limit")
	}
	entry := conditionalEntry(rt, f, in, side, typ)
	g := intent.ConditionalGroup{Entry: &entry}
	tp, stop := legs(rt, f, in, side.Opposite(), &g)
	for i := range g.Legs {
		g.Legs[i].ReduceOnly = in.Perp()
	}
	return pushIDs(rt, hold(rt, g), true, tp, stop)
}

func conditionalEntry(rt *bindings.Runtime, f bindings.Fields, in *exchange.Instrument, side exchange.Side, typ string) intent.ConditionalRequest {
	r := conditional(rt, f, in, side, typ)
	r.Qty = quantity(in, f.Get("qty"))
	worked(rt, f, in, &r)
	return r
}

func oco(rt *bindings.Runtime) int {
	f := rt.Fields(1, &ocoType)
	in, side := f.Get("symbol").Instrument(), f.Get("side").Side()
	reduce := in.Perp()
	if f.Has("reduce_only") {
		reduce = reduceOnly(in, f.Get("reduce_only"))
	}
	var g intent.ConditionalGroup
	if !f.Has("take_profit") || !f.Has("stop") {
		rt.Raise("want both of take_profit and stop; for one of them use order.submit")
	}
	tp, stop := legs(rt, f, in, side, &g)
	for i := range g.Legs {
		g.Legs[i].Qty, g.Legs[i].ReduceOnly, g.Legs[i].Expires = quantity(in, f.Get("qty")), reduce, expiry(rt, f)
	}
	return pushIDs(rt, hold(rt, g), false, tp, stop)
}

// legs reads the take-profit and the stop of a request.
func legs(rt *bindings.Runtime, f bindings.Fields, in *exchange.Instrument, side exchange.Side, g *intent.ConditionalGroup) (tp, stop bool) {
	if tp, stop = f.Has("take_profit"), f.Has("stop"); !tp && !stop {
		rt.Raise("want take_profit, stop or both; for an order alone use order.submit")
	}
	if tp {
		g.Legs = append(g.Legs, leg(rt, f.Get("take_profit"), "take_profit", in, side))
	}
	if stop {
		g.Legs = append(g.Legs, leg(rt, f.Get("stop"), "stop", in, side))
	}
	return tp, stop
}

// leg reads one leg: a price that triggers it, or a table.
func leg(rt *bindings.Runtime, v bindings.Input, name string, in *exchange.Instrument, side exchange.Side) intent.ConditionalRequest {
	kind := kinds[name].kind
	t, ok := v.Value().(*lua.LTable)
	if !ok {
		return intent.ConditionalRequest{Kind: kind, Instrument: in.ID, Side: side, TIF: exchange.IOC, Trigger: e8(v)}
	}
	f := rt.Shape(name, t, &legType)
	typ := name
	switch {
	case name == "stop" && (f.Has("trail") || f.Has("trail_percent")):
		typ = "trailing_stop"
	case name == "take_profit" && f.Has("price") && !f.Has("trigger"):
		typ = "limit"
	case f.Has("price"):
		typ += "_limit"
	}
	return conditional(rt, f, in, side, typ)
}

func pushIDs(rt *bindings.Runtime, ids []exchange.OrderID, entry, tp, stop bool) int {
	out := rt.L.CreateTable(0, len(ids))
	for _, x := range [...]struct {
		name string
		has  bool
	}{{"entry", entry}, {"take_profit", tp}, {"stop", stop}} {
		if x.has && len(ids) > 0 {
			out.RawSetString(x.name, lua.LString(bindings.ID(ids[0])))
			ids = ids[1:]
		}
	}
	return rt.Push(out)
}

func amendOrder(rt *bindings.Runtime) int {
	n := id(rt)
	f := rt.Fields(2, &changeType)
	in, side := amended(rt, n)
	var ch intent.ConditionalChange
	if f.Has("price") {
		ch.Price = price(in, side, f.Get("price"))
	}
	if f.Has("qty") {
		ch.Qty = quantity(in, f.Get("qty"))
	}
	if f.Has("trigger") {
		ch.Trigger = e8(f.Get("trigger"))
	}
	rt.Count(bindings.CapOrders)
	by, err := env(rt).Amend(n, ch)
	if err != nil {
		rt.Raise("%v", err)
	}
	return rt.PushString(bindings.ID(by))
}

// amended is what an order to be amended trades.
func amended(rt *bindings.Runtime, n exchange.OrderID) (*exchange.Instrument, exchange.Side) {
	u := rt.Env().Universe()
	if c, ok := env(rt).Conditional(n); ok {
		return u.Get(c.Request.Instrument), c.Request.Side
	}
	o, ok := env(rt).Order(n)
	if !ok {
		rt.Arg(1).Fail("there is no order %d of this strategy that is sent", n)
	}
	return u.Get(o.Instrument), o.Side
}

func closeOwn(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	rt.Count(bindings.CapOrders)
	n, err := env(rt).CloseOwn(in.ID)
	switch {
	case err != nil:
		rt.Raise("%v", err)
	case n == 0:
		return rt.PushNil()
	}
	return rt.PushString(bindings.ID(n))
}

var targetOptions = bindings.Type{
	Name: "TargetOptions",
	Doc:  "How order.target gets there.",
	Fields: []bindings.Value{
		{Name: "price", Type: priceArg.Type, Unit: "quote", Optional: true, Doc: priceArg.Doc + "; at the market when left out"},
		{Name: "tif", Type: "\"gtc\"|\"ioc\"|\"fok\"|\"post_only\"", Optional: true, Doc: "gtc with a price, when left out"},
	},
}

// target sends the difference between where the position is going and where it is to be.
func target(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	d := rt.Arg(2).Decimal()
	inRange(in.Lot, rt.Arg(2), d.Abs())
	if d.IsNegative() && !in.Perp() {
		rt.Arg(2).Fail("%s is a spot market, where a position is not below 0, got %s", in.Key(), d)
	}
	want := exchange.Lots(in.Lot.Floor(d.Abs()))
	if d.IsNegative() {
		want = -want
	}
	f := rt.Fields(3, &targetOptions)
	at := env(rt).Heading(in.ID)
	delta := want - at
	if delta == 0 {
		return rt.PushNil()
	}
	o := exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.MarketOrder, Qty: delta.Abs()}
	if delta < 0 {
		o.Side = exchange.Sell
	}
	if f.Has("price") {
		o.Type, o.Price = exchange.Limit, price(in, o.Side, f.Get("price"))
	}
	o.TIF = timeInForce(rt, f.Get("tif"), o.Type)
	o.ReduceOnly = in.Perp() && at != 0 && (at > 0) == (o.Side == exchange.Sell) && o.Qty <= at.Abs() && env(rt).Position(in.ID).Qty*exchange.Lots(o.Side) <= -o.Qty
	return place(rt, o)
}
