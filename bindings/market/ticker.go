package market

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
)

var tickerType = bindings.Type{
	Name: "Ticker",
	Doc:  "The last 24 hours of a market. What is not told is nil.",
	Fields: []bindings.Value{
		{Name: "symbol", Type: "string"},
		{Name: "last", Type: "number?", Unit: "quote", Doc: "price"},
		{Name: "open", Type: "number?", Unit: "quote", Doc: "the price a day ago"},
		{Name: "high", Type: "number?", Unit: "quote"},
		{Name: "low", Type: "number?", Unit: "quote"},
		{Name: "change", Type: "number?", Unit: "fraction", Doc: "of the price since a day ago"},
		{Name: "volume", Type: "number?", Unit: "units of quantity"},
		{Name: "quote_volume", Type: "number?", Unit: "quote", Doc: "what was traded, in what prices are in; USD of inverse contracts"},
		{Name: "count", Type: "integer?", Doc: "trades"},
		{Name: "age", Type: "number", Unit: "seconds", Doc: "since the venue told it, or since the last trade or bar that was counted"},
		{Name: "span", Type: "number", Unit: "seconds", Doc: "what was counted: a day, or less while the session is younger than that"},
		{Name: "source", Type: "\"venue\"|\"trades\"|\"bars\"", Doc: "who counted: the venue, or this session"},
	},
}

func tickerFuncs() []bindings.Func {
	return []bindings.Func{
		{Spec: bindings.Spec{Name: "ticker", Doc: "The last 24 hours of an instrument; nil and the reason when nothing is known. Live the venue is asked once a minute, from the first call on; elsewhere trades or bars are counted from then on, to five minutes.",
			Args:    []bindings.Value{symbolArg},
			Returns: []bindings.Value{{Name: "ticker", Type: "Ticker?"}, {Name: "why", Type: "string?", Doc: "there is none"}},
			Example: "local t, why = market.ticker(\"usdm:BTCUSDT\")\nif t then log.info(t.last, t.change, t.quote_volume) else log.info(why) end"}, Call: ticker},
	}
}

func ticker(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	t, why := env(rt).Ticker(in.ID)
	if why != "" {
		return rt.PushNil() + rt.PushString(why)
	}
	rt.Charge(16)
	out := rt.L.CreateTable(0, len(tickerType.Fields))
	num := func(k string, f float64) {
		if f != 0 {
			out.RawSetString(k, rt.Number(f))
		}
	}
	out.RawSetString("symbol", rt.Symbol(in))
	num("last", in.PriceFloat(t.Last))
	num("open", in.PriceFloat(t.Open))
	num("high", in.PriceFloat(t.High))
	num("low", in.PriceFloat(t.Low))
	if t.Open > 0 && t.Last > 0 {
		out.RawSetString("change", rt.Number(float64(t.Last-t.Open)/float64(t.Open)))
	}
	counted := t.Source != intent.TickerOfVenue // what was counted here may be nothing
	if t.Volume > 0 || counted {
		out.RawSetString("volume", rt.Number(t.Volume))
	}
	if t.Quote > 0 || t.Source == intent.TickerOfTrades {
		out.RawSetString("quote_volume", rt.Number(t.Quote))
	}
	if t.Count > 0 || t.Source == intent.TickerOfTrades {
		out.RawSetString("count", rt.Number(float64(t.Count)))
	}
	out.RawSetString("age", rt.Number(bindings.Seconds(t.Age)))
	out.RawSetString("span", rt.Number(bindings.Seconds(t.Span)))
	out.RawSetString("source", lua.LString(t.Source))
	return rt.Push(out)
}
