// Package market is the Lua module through which a strategy sees prices: books,
// trades, mark prices, funding, bars, and the rules of instruments.
//
// It only reads. What is not known yet is nil and never a guess.
package market

import (
	"slices"
	text "strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

var symbolArg = bindings.Value{Name: "symbol", Type: "string|Book", Doc: "such as \"usdm:BTCUSDT\""}

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name:  "market",
		Doc:   "Prices and instruments. What is not known yet is nil.",
		Funcs: slices.Concat(priceFuncs(), tickerFuncs(), scanFuncs(), volumeFuncs(), instrumentFuncs()),
		Types: []bindings.Type{bindings.BookType, bindings.TradeType, bindings.LiquidationType, bindings.MarkType, bindings.BarType, tickerType, scanFilter, scanRow, settledType, curveType, curveWindow, rulesType, pairsFilter, instrumentPair},
	}
}

func priceFuncs() []bindings.Func {
	return []bindings.Func{
		{Spec: bindings.Spec{Name: "now", Doc: "The time of the event being handled.",
			Returns: []bindings.Value{{Name: "time", Type: "number", Unit: "seconds since the epoch"}}}, Call: now},
		{Spec: bindings.Spec{Name: "book", Doc: "The order book of an instrument. Keep the handle: it stays current.",
			Args: []bindings.Value{symbolArg}, Returns: []bindings.Value{{Name: "book", Type: "Book"}},
			Example: "local book = market.book(\"usdm:BTCUSDT\")\nlocal price, qty = book:bid(5)"}, Call: book},
		{Spec: bindings.Spec{Name: "quote", Doc: "The best bid and ask by the ticker stream, which may be ahead of the book; nil when there is none.",
			Args: []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "bid", Type: "number?", Unit: "quote"}, {Name: "bid_qty", Type: "number?", Unit: "units of quantity"},
				{Name: "ask", Type: "number?", Unit: "quote"}, {Name: "ask_qty", Type: "number?", Unit: "units of quantity"}}}, Call: quote},
		{Spec: bindings.Spec{Name: "last_trade", Doc: "The last public trade.", Args: []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "trade", Type: "Trade?"}}}, Call: lastTrade},
		{Spec: bindings.Spec{Name: "mark", Doc: "The mark price of a perpetual.", Args: []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "mark", Type: "Mark?"}}}, Call: mark},
		{Spec: bindings.Spec{Name: "funding", Doc: "The running estimate of the coming funding. It moves until it settles and is not the rate that was settled last.",
			Args: []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "rate", Type: "number?", Unit: "fraction per interval"}, {Name: "hours", Type: "integer?", Unit: "hours", Doc: "interval"},
				{Name: "next", Type: "number?", Unit: "seconds since the epoch", Doc: "the coming settlement"},
				{Name: "rate_8h", Type: "number?", Unit: "fraction per 8 hours", Doc: "the rate scaled to eight hours, which compares between instruments"},
				{Name: "predicted", Type: "number?", Unit: "fraction per interval", Doc: "what will probably settle, from how the estimate moves; later samples weigh more, so the estimate lags"}},
			Example: "local rate, hours, next, rate_8h, predicted = market.funding(\"usdm:BTCUSDT\")"}, Call: funding},
		{Spec: bindings.Spec{Name: "open_interest", Doc: "How much of a perpetual is open, all accounts together; nil when the market does not say. Live it is asked for once a minute.",
			Args: []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "qty", Type: "number?", Unit: "units of quantity", Doc: "base, or contracts of a coin-margined one"},
				{Name: "time", Type: "number?", Unit: "seconds since the epoch", Doc: "at the venue"}}}, Call: openInterest},
		{Spec: bindings.Spec{Name: "settled", Doc: "Settled funding rates, oldest first; the newest 100 at most.",
			Args:    []bindings.Value{symbolArg, {Name: "n", Type: "integer", Optional: true, Doc: "at most this many of the newest"}},
			Returns: []bindings.Value{{Name: "rates", Type: "SettledRate[]"}}}, Call: settled},
		{Spec: bindings.Spec{Name: "ready", Doc: "Whether the past of an instrument (bars, settled) is here, as far as it can be had. A live session that reads the past of many instruments begins before it has all of them: on_past tells when it comes, and that which is asked for comes first.",
			Args:    []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "ready", Type: "boolean"}, {Name: "why", Type: "string?", Doc: "what is still to come, or can't be had"}},
			Example: "if not market.ready(\"usdm:BTCUSDT\") then return end  -- on_past will come"}, Call: ready},
		{Spec: bindings.Spec{Name: "bars", Doc: "Finished bars, oldest first; the host keeps the last 1000 of each length.",
			Args: []bindings.Value{symbolArg, {Name: "n", Type: "integer", Optional: true, Doc: "at most this many of the newest"},
				{Name: "length", Type: "string|number", Optional: true, Unit: "seconds, or \"1h\"",
					Doc: "one of M.bars; when left out, the first of them"}},
			Returns: []bindings.Value{{Name: "bars", Type: "Bar[]"}},
			Example: "local hours = market.bars(\"usdm:BTCUSDT\", 20, \"1h\")  -- with M.bars = { \"1m\", \"1h\" }"}, Call: bars},
	}
}

func now(rt *bindings.Runtime) int { return rt.PushTime(rt.Env().Now()) }

func book(rt *bindings.Runtime) int { return rt.Push(rt.Book(rt.Arg(1).Instrument().ID)) }

func quote(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	bid, ask, ok := env(rt).Quote(in.ID)
	if !ok {
		return rt.PushNil()
	}
	rt.PushNumber(in.PriceFloat(bid.Price))
	rt.PushNumber(in.QtyFloat(bid.Qty))
	rt.PushNumber(in.PriceFloat(ask.Price))
	rt.PushNumber(in.QtyFloat(ask.Qty))
	return 4
}

func lastTrade(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	t, ok := env(rt).LastTrade(in.ID)
	if !ok {
		return rt.PushNil()
	}
	return rt.Push(rt.NewTrade(in.ID, t))
}

// markOf returns the mark state of a perpetual, false when there is none yet.
func markOf(rt *bindings.Runtime) (exchange.MarkState, bool) {
	in := rt.Arg(1).Instrument()
	if !in.Perp() {
		rt.Arg(1).Fail("%s is a spot market and has no mark price or funding", in.Key())
	}
	m := rt.Env().Mark(in.ID)
	return m, m.Time != 0
}

func mark(rt *bindings.Runtime) int {
	m, ok := markOf(rt)
	if !ok {
		return rt.PushNil()
	}
	return rt.Push(rt.NewMark(m))
}

func funding(rt *bindings.Runtime) int {
	m, ok := markOf(rt)
	if !ok {
		return rt.PushNil()
	}
	hours := m.Hours
	if hours == 0 {
		hours = 8
	}
	rate := m.Rate.Float()
	rt.PushNumber(rate)
	rt.PushNumber(float64(hours))
	rt.PushTime(m.NextFunding)
	rt.PushNumber(rate * 8 / float64(hours))
	rt.PushNumber(m.Predicted.Float())
	return 5
}

func openInterest(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	if !in.Perp() {
		rt.Arg(1).Fail("%s is a spot market and has no open interest", in.Key())
	}
	o, ok := env(rt).OpenInterest(in.ID)
	if !ok {
		return rt.PushNil()
	}
	rt.PushNumber(in.QtyFloat(o.Qty))
	rt.PushTime(o.Time)
	return 2
}

var settledType = bindings.Type{
	Name: "SettledRate",
	Doc:  "One settled funding rate.",
	Fields: []bindings.Value{
		{Name: "time", Type: "number", Unit: "seconds since the epoch", Doc: "the settlement"},
		{Name: "rate", Type: "number", Unit: "fraction per interval"},
		{Name: "rate_8h", Type: "number", Unit: "fraction per 8 hours"},
		{Name: "mark", Type: "number", Unit: "quote"},
		{Name: "hours", Type: "integer", Unit: "hours", Doc: "interval"},
	},
}

func settled(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	list := newest(rt, env(rt).Settled(in.ID), 100)
	out := rt.L.CreateTable(len(list), 0)
	for _, s := range list {
		hours := max(s.Hours, 1)
		if s.Hours == 0 {
			hours = 8
		}
		t := rt.L.CreateTable(0, 5)
		t.RawSetString("time", rt.Number(bindings.Seconds(s.Time)))
		t.RawSetString("rate", rt.Number(s.Rate.Float()))
		t.RawSetString("rate_8h", rt.Number(s.Rate.Float()*8/float64(hours)))
		t.RawSetString("mark", rt.Number(s.Mark.Float()))
		t.RawSetString("hours", rt.Number(float64(hours)))
		out.Append(t)
	}
	return rt.Push(out)
}

func ready(rt *bindings.Runtime) int {
	yes, why := env(rt).Ready(rt.Arg(1).Instrument().ID)
	rt.PushBool(yes)
	if why == "" {
		return 1
	}
	return 1 + rt.PushString(why)
}

func bars(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	list := newest(rt, env(rt).Bars(in.ID, length(rt, in)), 1000)
	out := rt.L.CreateTable(len(list), 0)
	for i := range list {
		out.Append(rt.NewBar(in, &list[i]))
	}
	return rt.Push(out)
}

// length reads which bars are asked for; 0 for the strategy's first.
func length(rt *bindings.Runtime, in *exchange.Instrument) exchange.Time {
	arg := rt.Arg(3)
	if arg.Nil() {
		return 0
	}
	want, err := arg.BarLength()
	if err != nil {
		arg.Fail("%v", err)
	}
	known := env(rt).BarLengths(in.ID)
	if slices.Contains(known, want) {
		return want
	}
	var names []string
	for _, l := range known {
		names = append(names, exchange.BarLength(l))
	}
	arg.Fail("bars of %s are not built for this strategy, which has %s: add %q to M.bars", exchange.BarLength(want), text.Join(names, ", "), exchange.BarLength(want))
	return 0
}

// newest cuts a list, oldest first, to the n of the second argument, and charges
// for the tables that are made of it.
func newest[T any](rt *bindings.Runtime, list []T, most int) []T {
	n := rt.Arg(2).IntOr(most, 1, most)
	if len(list) > n {
		list = list[len(list)-n:]
	}
	rt.Charge(32 * len(list))
	return list
}

func strings(rt *bindings.Runtime, keys []string) *lua.LTable {
	t := rt.L.CreateTable(len(keys), 0)
	for _, k := range keys {
		t.Append(lua.LString(k))
	}
	return t
}
