package ta

import (
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// resampler makes bars of a multiple of their length, by the rules of the bars that
// M.bars asks for: an interval that was seen in part at its beginning is left out, one
// with a hole gets what there is, and one without a bar gets none.
type resampler struct {
	length float64 // seconds
	end    float64 // of the interval under way; 0: none yet
	whole  bool    // it was seen from its beginning
	some   bool
	bar    candleBar
	symbol lua.LValue
}

// candleBar is what is known of a bar.
type candleBar struct {
	open, high, low, close, volume float64
	quote, trades, taker           float64
	lacks                          [3]bool // of quote, trades, taker
}

var flows = [3]string{"quote_volume", "trades", "taker_buy_volume"}

// next takes a bar and returns those that it completes, up to two: the first of them has
// a hole at its end.
func (r *resampler) next(rt *bindings.Runtime, f bindings.Fields) (done []lua.LValue) {
	closed, interval := f.Get("time").Finite(), f.Get("interval").Finite()
	switch symbol := f.Get("symbol").Value(); {
	case r.symbol == nil:
		r.symbol = symbol
	case r.symbol != symbol:
		rt.Raise("a bar of %s after bars of %s: each needs a resampler of its own", symbol, r.symbol)
	}
	if interval <= 0 || interval > r.length {
		f.Get("interval").Fail("bars of %v s do not make bars of %v s", interval, r.length)
	}
	opened := closed - interval
	end := opened - float64(int64(opened)%int64(r.length)) + r.length
	if end < r.end || r.some && closed <= r.end-r.length {
		return nil
	}
	if end != r.end {
		if r.some && r.whole {
			done = append(done, r.finished(rt))
		}
		r.whole = r.end != 0 || opened == end-r.length
		r.end, r.some = end, false
	}
	r.add(f)
	if closed >= r.end {
		if r.whole {
			done = append(done, r.finished(rt))
		}
		r.end, r.some, r.whole = r.end+r.length, false, true
	}
	return done
}

func (r *resampler) add(f bindings.Fields) {
	num := func(name string) float64 { return f.Get(name).Finite() }
	if !r.some {
		r.bar = candleBar{open: num("open"), high: num("high"), low: num("low")}
		r.some = true
	}
	b := &r.bar
	b.high, b.low, b.close = max(b.high, num("high")), min(b.low, num("low")), num("close")
	b.volume += num("volume")
	for i, sum := range []*float64{&b.quote, &b.trades, &b.taker} {
		if f.Has(flows[i]) {
			*sum += num(flows[i])
		} else {
			b.lacks[i] = true
		}
	}
}

func (r *resampler) finished(rt *bindings.Runtime) lua.LValue {
	t, b := rt.L.CreateTable(0, 13), &r.bar
	set := func(k string, x float64) { t.RawSetString(k, rt.Number(x)) }
	t.RawSetString("symbol", r.symbol)
	set("open", b.open)
	set("high", b.high)
	set("low", b.low)
	set("close", b.close)
	set("volume", b.volume)
	for i, x := range []float64{b.quote, b.trades, b.taker} {
		if !b.lacks[i] {
			set(flows[i], x)
		}
	}
	if !b.lacks[2] && b.volume > 0 {
		set("taker_share", b.taker/b.volume)
	}
	set("interval", r.length)
	t.RawSetString("length", lua.LString(exchange.BarLength(exchange.Time(r.length)*exchange.Second)))
	set("time", r.end)
	return t
}

var resamplerType = bindings.Type{
	Name: "Resampler",
	Doc:  "Longer bars out of shorter ones.",
	Methods: []bindings.Func{
		{Spec: bindings.Spec{Name: "update", Doc: "Takes the next shorter bar. A bar that is not later than the one before is left out.", Args: []bindings.Value{{Name: "bar", Type: "Bar"}},
			Returns: []bindings.Value{{Name: "done", Type: "Bar?", Doc: "the longer bar that it completes; mostly nil"},
				{Name: "also", Type: "Bar?", Doc: "a second one, when the first has a hole at its end"}}}, Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int {
				done := bindings.Self[*resampler](rt).next(rt, rt.Arg(1).Record())
				if len(done) == 0 {
					return rt.PushNil()
				}
				for _, b := range done {
					rt.Push(b)
				}
				return len(done)
			}},
	},
}

func resampling() bindings.Func {
	return bindings.Func{Spec: bindings.Spec{Name: "resample", Doc: "Makes longer bars out of shorter ones, of a length that M.bars does not ask for. The interval under way when it begins is left out, unless it is fed from its first bar on; one in which bars are missing gets what there is.",
		Args:    []bindings.Value{{Name: "length", Type: "number|string", Unit: "seconds, or \"4h\"", Doc: "divides a day"}},
		Returns: []bindings.Value{{Name: "resampler", Type: "Resampler"}},
		Example: "local r = ta.resample(\"4h\")\nfor _, b in ipairs(market.bars(\"usdm:BTCUSDT\", 200)) do r:update(b) end\nlocal done = r:update(bar)\nif done then log.info(done.length, done.close) end"}, Load: true,
		Call: func(rt *bindings.Runtime) int {
			length, err := rt.Arg(1).BarLength()
			if err != nil {
				rt.Arg(1).Fail("%v", err)
			}
			return rt.Push(rt.NewObject(&resamplerType, &resampler{length: float64(length / exchange.Second)}))
		}}
}
