package market

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

var curveWindow = bindings.Type{
	Name: "CurveWindow",
	Doc:  "The window that a volume curve is of.",
	Fields: []bindings.Value{
		{Name: "start", Type: "number", Unit: "seconds since the epoch", Optional: true, Doc: "now when left out"},
		{Name: "duration", Type: "number|string", Unit: "seconds, or \"24h\"", Optional: true, Doc: "a day when left out"},
		{Name: "interval", Type: "number|string", Unit: "seconds, or \"1h\"", Optional: true, Doc: "length of a slice; an hour when left out"},
	},
}

var curveType = bindings.Type{
	Name: "VolumeCurve",
	Doc:  "How a window's volume is usually spread. It is that of a file (run --curve), or learned from the trades or bars of the session so far, day by day, and of what the venue told of the days before once a vwap asked.",
	Fields: []bindings.Value{
		{Name: "weights", Type: "number[]", Unit: "fraction", Doc: "expected share of each slice; they sum to 1"},
		{Name: "volume", Type: "number?", Unit: "units of quantity", Doc: "expected in the whole window; nil when it is not known"},
		{Name: "days", Type: "integer", Doc: "that it was learned from"},
		{Name: "source", Type: "string", Doc: "\"profile of 28 days, 2 days old\" (run --curve), \"learned from 12 days\", \"learned from 30 other markets\", or \"uniform: ...\" with the reason"},
	},
}

func volumeFuncs() []bindings.Func {
	return []bindings.Func{
		{Spec: bindings.Spec{Name: "volume_curve", Doc: "The curve that exec.vwap would follow: the market's own from three days on, that of the other markets, or an even one.",
			Args:    []bindings.Value{symbolArg, {Name: "window", Type: "CurveWindow", Optional: true}},
			Returns: []bindings.Value{{Name: "curve", Type: "VolumeCurve"}},
			Example: "local curve = market.volume_curve(\"usdm:BTCUSDT\", {duration = \"4h\", interval = \"5m\"})"}, Call: volumeCurve},
	}
}

func volumeCurve(rt *bindings.Runtime) int {
	in := rt.Arg(1).Instrument()
	f := rt.Fields(2, &curveWindow)
	start, length, interval := rt.Env().Now(), exchange.Day, exchange.Hour
	if f.Has("start") {
		start = f.Get("start").Time()
	}
	if f.Has("duration") {
		length = f.Get("duration").Duration()
	}
	if f.Has("interval") {
		interval = f.Get("interval").Duration()
	}
	n := int((length + interval - 1) / interval)
	if interval < exchange.Second || n > 2016 {
		f.Get("interval").Fail("makes %d slices: want at most 2016 of a second or more", n)
	}
	c := env(rt).VolumeCurve(in.ID, start, interval, n)
	rt.Charge(16 * n)
	weights := rt.L.CreateTable(n, 0)
	for _, w := range c.Weights {
		weights.Append(rt.Number(w))
	}
	out := rt.L.CreateTable(0, 4)
	out.RawSetString("weights", weights)
	if c.Volume > 0 {
		out.RawSetString("volume", rt.Number(c.Volume))
	}
	out.RawSetString("days", rt.Number(float64(c.Days)))
	out.RawSetString("source", lua.LString(c.Source))
	return rt.Push(out)
}
