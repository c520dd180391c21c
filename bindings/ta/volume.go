package ta

import (
	"math"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// vwap is the volume-weighted average price since its session began, with bands of the
// volume-weighted deviation around it.
type vwap struct {
	session          float64 // seconds; 0: it never ends by itself
	began            float64
	volume, mean, m2 float64
	k                float64
}

// take is fed price, quantity and time in seconds. What comes late counts in the
// session under way.
func (v *vwap) take(in numbers) {
	price, qty, at := in[0], in[1], in[2]
	if v.session > 0 {
		if begins := at - math.Mod(at, v.session); begins > v.began {
			v.reset()
			v.began = begins
		}
	}
	if qty == 0 {
		return
	}
	v.volume += qty
	d := price - v.mean
	v.mean += d * qty / v.volume
	v.m2 += qty * d * (price - v.mean)
}

func (v *vwap) reset() { v.volume, v.mean, v.m2 = 0, 0, 0 }

func (v *vwap) read() (numbers, bool) {
	if v.volume == 0 {
		return numbers{}, false
	}
	width := v.k * math.Sqrt(max(v.m2, 0)/v.volume)
	return numbers{v.mean, v.mean + width, v.mean - width}, true
}

// obv adds the volume of bars that close higher and takes that of bars that close lower.
// lost is what rounding took from the sum (Kahan's): it is fed for months.
type obv struct {
	close, sum, lost float64
	seen             bool
}

func (o *obv) take(in numbers) {
	move := in[1]
	switch {
	case !o.seen || in[0] > o.close:
	case in[0] < o.close:
		move = -move
	default:
		move = 0
	}
	o.close, o.seen = in[0], true
	y := move - o.lost
	t := o.sum + y
	o.lost = (t - o.sum) - y
	o.sum = t
}

func (o *obv) read() (numbers, bool) { return numbers{o.sum}, o.seen }

func noVolume(in numbers) string {
	if in[1] < 0 {
		return "a quantity is at least 0"
	}
	return ""
}

var vwapType = object(shape{name: "VWAP", doc: "Volume-weighted average price of a session, with bands.",
	in:    []bindings.Value{priceArg, {Name: "qty", Type: "number", Unit: "units of quantity"}, {Name: "time", Type: "number", Unit: "seconds since the epoch", Doc: "when it traded"}},
	out:   []bindings.Value{{Name: "vwap", Unit: "quote"}, {Name: "upper", Unit: "quote"}, {Name: "lower", Unit: "quote"}},
	check: noVolume,
	more: []bindings.Func{
		{Spec: bindings.Spec{Name: "bar", Doc: "Takes a bar: its volume at its typical price, the mean of high, low and close. It belongs to the session that it opened in.",
			Args:    []bindings.Value{{Name: "bar", Type: "Bar"}},
			Returns: []bindings.Value{{Name: "vwap", Type: "number?", Unit: "quote"}, {Name: "upper", Type: "number?", Unit: "quote"}, {Name: "lower", Type: "number?", Unit: "quote"}}},
			Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int {
				v, b := bindings.Self[*vwap](rt), rt.Arg(1).Record()
				num := func(name string) float64 { return b.Get(name).Finite() }
				v.take(numbers{(num("high") + num("low") + num("close")) / 3, num("volume"), num("time") - num("interval")})
				return say(rt, v, 3)
			}},
		{Spec: bindings.Spec{Name: "reset", Doc: "Begins anew, as from an event of your own."}, Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int { bindings.Self[*vwap](rt).reset(); return 0 }},
	}})

var obvType = object(shape{name: "OBV", doc: "On-balance volume.", in: []bindings.Value{closeArg, {Name: "volume", Type: "number", Unit: "units of quantity"}},
	out: []bindings.Value{{Name: "obv", Unit: "units of quantity"}}, check: noVolume})

func volume() []bindings.Func {
	return []bindings.Func{
		of(vwapType, bindings.Spec{Name: "vwap", Doc: "Volume-weighted average price since the session began, with bands of k volume-weighted standard deviations. Sessions begin at multiples of their length, UTC.",
			Args: []bindings.Value{{Name: "session", Type: "number|string", Unit: "seconds, or \"1d\"", Optional: true, Doc: "divides a day; left out, it begins anew only with reset()"},
				{Name: "k", Type: "number", Unit: "standard deviations", Optional: true, Doc: "2 when left out"}},
			Example: "local day = ta.vwap(\"1d\", 2)\nlocal vwap, upper, lower = day:update(trade.price, trade.qty, trade.time)\nvwap, upper, lower = day:bar(bar)"},
			func(rt *bindings.Runtime) figures {
				v := &vwap{k: widthOr(rt, 2, 2)}
				if in := rt.Arg(1); !in.Nil() {
					length, err := in.BarLength()
					if err != nil {
						in.Fail("%v", err)
					}
					v.session = float64(length) / float64(exchange.Second)
				}
				return v
			}),
		of(obvType, bindings.Spec{Name: "obv", Doc: "On-balance volume, as TA-Lib has it: it begins with the first bar's volume.",
			Example: "local o = ta.obv()\nlocal v = o:update(bar.close, bar.volume)"},
			func(*bindings.Runtime) figures { return &obv{} }),
	}
}
