package market

import (
	"path"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

func instrumentFuncs() []bindings.Func {
	return []bindings.Func{
		{Spec: bindings.Spec{Name: "instruments", Doc: "The symbols of this run, sorted by market and name.",
			Args: []bindings.Value{{Name: "pattern", Type: "string", Optional: true,
				Doc: "a glob such as \"usdm:*USDT\", in which * stands for anything; all when left out"}},
			Returns: []bindings.Value{{Name: "symbols", Type: "string[]"}}}, Call: instruments},
		{Spec: bindings.Spec{Name: "instrument", Doc: "The trading rules of an instrument.",
			Args: []bindings.Value{symbolArg}, Returns: []bindings.Value{{Name: "rules", Type: "Instrument"}}}, Call: instrument},
		{Spec: bindings.Spec{Name: "pairs", Doc: "Every perpetual that has a spot market of the same coin, sorted by coin.",
			Args:    []bindings.Value{{Name: "filter", Type: "PairsFilter", Optional: true}},
			Returns: []bindings.Value{{Name: "pairs", Type: "InstrumentPair[]"}},
			Example: "for _, p in ipairs(market.pairs{margin = \"usdt\"}) do log.info(p.base, p.spot, p.perp) end"}, Call: pairs},
	}
}

func instruments(rt *bindings.Runtime) int {
	pattern := "*"
	if in := rt.Arg(1); !in.Nil() {
		pattern = in.String()
	}
	if _, err := path.Match(pattern, ""); err != nil {
		rt.Arg(1).Fail("%q is not a glob: write * for anything, as in \"usdm:*USDT\"", pattern)
	}
	all := rt.Env().Universe().All()
	rt.Charge(4 * len(all))
	var keys []string
	for _, in := range all {
		if in.Matches(pattern) {
			keys = append(keys, in.Key())
		}
	}
	return rt.Push(strings(rt, keys))
}

var rulesType = bindings.Type{
	Name: "Instrument",
	Doc:  "The trading rules of an instrument.",
	Fields: []bindings.Value{
		{Name: "symbol", Type: "string"},
		{Name: "market", Type: "string", Doc: "its venue: \"spot\", \"usdm\", \"coinm\"; with its house where that is not the session's default"},
		{Name: "name", Type: "string", Doc: "what the same thing is called at every venue: BTC/USDT, BTC/USDT:USDT"},
		{Name: "base", Type: "string"},
		{Name: "quote", Type: "string"},
		{Name: "settle", Type: "string", Doc: "asset of profit, funding and margin"},
		{Name: "perp", Type: "boolean"},
		{Name: "inverse", Type: "boolean", Doc: "margined and settled in the coin itself"},
		{Name: "tick", Type: "number", Unit: "quote", Doc: "price increment"},
		{Name: "lot", Type: "number", Unit: "units of quantity", Doc: "quantity increment"},
		{Name: "min_qty", Type: "number", Unit: "units of quantity"},
		{Name: "max_qty", Type: "number?", Unit: "units of quantity", Doc: "nil: no limit"},
		{Name: "min_notional", Type: "number", Unit: "quote"},
		{Name: "multiplier", Type: "integer", Doc: "base per unit of quantity: 1000 for 1000SHIBUSDT"},
		{Name: "contract_size", Type: "number", Unit: "USD", Doc: "value of one inverse contract; 1 elsewhere"},
		{Name: "maker_fee", Type: "number", Unit: "fraction"},
		{Name: "taker_fee", Type: "number", Unit: "fraction"},
		{Name: "funding_hours", Type: "integer?", Unit: "hours"},
		{Name: "funding_accrues", Type: "boolean", Doc: "by the millisecond: funding_hours is what rates are told for, not when they are paid"},
		{Name: "assumed", Type: "string?", Doc: "which of the rules are assumed and not from the venue"},
	},
}

func instrument(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	maker, taker := env(rt).Fees(in.ID)
	t := rt.L.CreateTable(0, len(rulesType.Fields))
	num := func(k string, f float64) { t.RawSetString(k, rt.Number(f)) }
	str := func(k, s string) { t.RawSetString(k, lua.LString(s)) }
	str("symbol", in.Key())
	str("market", in.Segment())
	str("name", in.Name())
	str("base", in.Base)
	str("quote", in.Quote)
	str("settle", in.Settle())
	t.RawSetString("perp", lua.LBool(in.Perp()))
	t.RawSetString("inverse", lua.LBool(in.Inverse()))
	num("tick", in.Tick.Float(1))
	num("lot", in.Lot.Float(1))
	num("min_qty", in.QtyFloat(max(in.MinQty, 1)))
	if in.MaxQty > 0 {
		num("max_qty", in.QtyFloat(in.MaxQty))
	}
	num("min_notional", exchange.Float(in.MinNotional))
	num("multiplier", float64(in.Multiplier))
	num("contract_size", exchange.Float(in.ContractSize))
	num("maker_fee", exchange.Float(maker))
	num("taker_fee", exchange.Float(taker))
	if in.FundingHours > 0 {
		num("funding_hours", float64(in.FundingHours))
	}
	t.RawSetString("funding_accrues", lua.LBool(in.FundingAccrues))
	if in.Assumed != "" {
		str("assumed", in.Assumed)
	}
	return rt.Push(t)
}

var pairsFilter = bindings.Type{
	Name: "PairsFilter",
	Doc:  "Which pairs are asked for.",
	Fields: []bindings.Value{
		{Name: "margin", Type: "\"usdt\"|\"coin\"", Optional: true, Doc: "usdt: contracts margined in the quote asset (the default); coin: in the coin itself"},
		{Name: "dated", Type: "boolean", Optional: true, Doc: "true: dated futures instead of perpetuals"},
	},
}

var instrumentPair = bindings.Type{
	Name: "InstrumentPair",
	Doc:  "A spot market and the perpetual that hedges it.",
	Fields: []bindings.Value{
		{Name: "base", Type: "string", Doc: "the coin"},
		{Name: "spot", Type: "string", Doc: "symbol of the spot market"},
		{Name: "perp", Type: "string", Doc: "symbol of the perpetual or future"},
		{Name: "delivery", Type: "number?", Unit: "seconds", Doc: "when a dated future is settled, since 1970"},
	},
}

func pairs(rt *bindings.Runtime) int {
	f := rt.Fields(1, &pairsFilter)
	contract, u := exchange.Linear, rt.Env().Universe()
	if f.Get("margin").Choice("usdt", "coin") == "coin" {
		contract = exchange.Inverse
	}
	list := u.Pairs(exchange.Perpetuals(contract))
	if f.Has("dated") && f.Get("dated").Bool() {
		list = u.Pairs(exchange.Futures(contract))
	}
	rt.Charge(16 * len(list))
	out := rt.L.CreateTable(len(list), 0)
	for _, p := range list {
		t := rt.L.CreateTable(0, 3)
		t.RawSetString("base", lua.LString(p.Base))
		t.RawSetString("spot", lua.LString(p.Spot.Key()))
		t.RawSetString("perp", lua.LString(p.Perp.Key()))
		if p.Perp.Dated() {
			t.RawSetString("delivery", lua.LNumber(float64(p.Perp.Delivery)/float64(exchange.Second)))
		}
		out.Append(t)
	}
	return rt.Push(out)
}
