package ta

import (
	"slices"

	"github.com/perilune/perilune/bindings"
)

// numbers is what one update takes, or what an indicator says: as many of them as its
// type declares.
type numbers [4]float64

// figures is an indicator that takes or says more than one number.
type figures interface {
	take(in numbers)
	read() (out numbers, ok bool)
}

// shape describes the objects of a kind of figures.
type shape struct {
	name, doc string
	in, out   []bindings.Value
	more      []bindings.Func         // methods beside update and value
	check     func(in numbers) string // what is wrong with numbers, or ""; nil: nothing can be
}

var (
	priceArg = bindings.Value{Name: "price", Type: "number", Unit: "quote", Doc: "above 0"}
	highArg  = bindings.Value{Name: "high", Type: "number", Unit: "quote"}
	lowArg   = bindings.Value{Name: "low", Type: "number", Unit: "quote", Doc: "at most high"}
	closeArg = bindings.Value{Name: "close", Type: "number", Unit: "quote"}
	candle   = []bindings.Value{highArg, lowArg, closeArg}
)

// object makes the type of a shape. Its results are nil, all of them, until it is warm.
func object(s shape) *bindings.Type {
	out := slices.Clone(s.out)
	for i := range out {
		out[i].Type = "number?"
	}
	high := slices.IndexFunc(s.in, func(v bindings.Value) bool { return v.Name == "high" })
	return &bindings.Type{Name: s.name, Doc: s.doc, Methods: append([]bindings.Func{
		{Spec: bindings.Spec{Name: "update", Doc: "Takes what is next, and says what it then is; nil until it has seen enough.", Args: s.in, Returns: out},
			Load: true, Changes: true,
			Call: func(rt *bindings.Runtime) int {
				f := bindings.Self[figures](rt)
				var in numbers
				for i := range s.in {
					in[i] = rt.Arg(i + 1).Finite()
				}
				if high >= 0 && in[high] < in[high+1] {
					rt.Arg(high+1).Fail("%v is below low, which is %v: the order is %s", in[high], in[high+1], order(s.in))
				}
				if s.check != nil {
					if wrong := s.check(in); wrong != "" {
						rt.Raise("%s", wrong)
					}
				}
				f.take(in)
				return say(rt, f, len(out))
			}},
		{Spec: bindings.Spec{Name: "value", Doc: "What it is now.", Returns: out}, Load: true,
			Call: func(rt *bindings.Runtime) int { return say(rt, bindings.Self[figures](rt), len(out)) }},
	}, s.more...)}
}

func order(args []bindings.Value) string {
	text := ""
	for i, a := range args {
		if i > 0 {
			text += ", "
		}
		text += a.Name
	}
	return text
}

func say(rt *bindings.Runtime, f figures, n int) int {
	out, ok := f.read()
	if !ok {
		return rt.PushNil()
	}
	for _, x := range out[:n] {
		rt.PushNumber(x)
	}
	return n
}

// of makes the function that returns a new object of a type.
func of(t *bindings.Type, spec bindings.Spec, make func(*bindings.Runtime) figures) bindings.Func {
	spec.Returns = []bindings.Value{{Name: spec.Name, Type: t.Name}}
	return bindings.Func{Spec: spec, Load: true, Call: func(rt *bindings.Runtime) int { return rt.Push(rt.NewObject(t, make(rt))) }}
}

// length is an optional argument for the length of a window.
func length(name, doc string) bindings.Value {
	return bindings.Value{Name: name, Type: "integer", Optional: true, Doc: doc}
}

// windowOr reads the i-th argument as the length of a window, and charges for its memory.
func windowOr(rt *bindings.Runtime, i, def, least int) int {
	n := rt.Arg(i).IntOr(def, least, maxWindow)
	rt.Charge(n / 2)
	return n
}

// widthOr reads how many deviations or ranges wide a band is.
func widthOr(rt *bindings.Runtime, i int, def float64) float64 {
	if rt.Arg(i).Nil() {
		return def
	}
	k := rt.Arg(i).Finite()
	if k <= 0 {
		rt.Arg(i).Fail("want more than 0, got %v", k)
	}
	return k
}
