package bindings

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange"
)

// Runtime is what the functions of one Lua state share. It is used by the
// goroutine that owns the state, and by no other.
type Runtime struct {
	// L is the Lua thread that is running. A protected call may run on another
	// thread than the callback did, so it is set anew on every call.
	L *lua.LState

	env  Env
	name string // qualified name of the function being called, for errors
	spec *Spec
	self int // 1 when the function being called is a method

	charge  func(units int)
	quota   quota
	slab    slab
	classes map[*Type]*lua.LTable
	books   []*lua.LUserData
	symbols []lua.LValue // by instrument, made when one is first asked for

	params      []Param
	paramsKnown bool
	readOnly    bool // nothing may be asked for, and nothing changed
}

// NewRuntime returns the runtime of a state. charge is told of work that is not
// visible as Lua instructions, in units of about one instruction; nil ignores it.
func NewRuntime(L *lua.LState, charge func(units int)) *Runtime {
	if charge == nil {
		charge = func(int) {}
	}
	return &Runtime{L: L, charge: charge, classes: make(map[*Type]*lua.LTable)}
}

// Enter starts a callback: functions see env until Leave.
func (rt *Runtime) Enter(env Env) {
	rt.env = env
	rt.quota.fresh()
}

// Leave ends a callback.
func (rt *Runtime) Leave() { rt.env, rt.readOnly = nil, false }

// EnterReading is Enter of a look that must leave no trace: what a function asks for, or
// changes, fails it.
func EnterReading(rt *Runtime, env Env) {
	rt.Enter(env)
	rt.readOnly = true
}

// ReadOnly reports whether nothing may be changed.
func ReadOnly(rt *Runtime) bool { return rt.readOnly }

// asker is an Env that counts what was asked of it.
type asker interface{ Asked() int }

// reading calls a function that may read, and no more.
func reading(rt *Runtime, f *Func) int {
	if f.Changes {
		rt.Raise("read only: it changes its object")
	}
	name := rt.name
	n := f.Call(rt)
	if a, ok := rt.env.(asker); ok && a.Asked() > 0 {
		rt.name = name
		rt.Raise("read only: it does something, and this may only look")
	}
	return n
}

// Env returns the market and account of the callback. It is nil only in
// functions that may be called while loading.
func (rt *Runtime) Env() Env { return rt.env }

// Begin makes L the thread that is running, in the function of this name. Wrapped
// functions do it by themselves.
func (rt *Runtime) Begin(L *lua.LState, name string) { rt.L, rt.name = L, name }

// Charge counts work done in Go towards the callback's budget, in units of about
// one Lua instruction, and raises when the budget is spent.
func (rt *Runtime) Charge(units int) { rt.charge(units) }

// Raise ends the call with an error at the script's line, naming the function.
// It does not return.
func (rt *Runtime) Raise(format string, args ...any) {
	rt.L.RaiseError("%s: "+format, append([]any{rt.name}, args...)...)
}

// Where returns the script's file and line of the call, as "file:line".
func (rt *Runtime) Where() string { return strings.TrimSuffix(rt.L.Where(1), ":") }

// Push pushes one result.
func (rt *Runtime) Push(v lua.LValue) int {
	rt.L.Push(v)
	return 1
}

// PushNumber pushes one number without a heap allocation of its own.
func (rt *Runtime) PushNumber(f float64) int { return rt.Push(rt.slab.box(f)) }

// PushString pushes one string.
func (rt *Runtime) PushString(s string) int { return rt.Push(lua.LString(s)) }

// Symbol returns an instrument's symbol.
func (rt *Runtime) Symbol(in *exchange.Instrument) lua.LValue {
	for len(rt.symbols) <= int(in.ID) {
		rt.symbols = append(rt.symbols, nil)
	}
	if rt.symbols[in.ID] == nil {
		rt.symbols[in.ID] = lua.LString(in.Key())
	}
	return rt.symbols[in.ID]
}

// PushBool pushes one boolean.
func (rt *Runtime) PushBool(b bool) int { return rt.Push(lua.LBool(b)) }

// PushDone pushes whether something was done, and beside false the reason.
func (rt *Runtime) PushDone(err error) int {
	if err == nil {
		return rt.PushBool(true)
	}
	rt.PushBool(false)
	rt.PushString(err.Error())
	return 2
}

// PushNil pushes nil, the answer when something is not known.
func (rt *Runtime) PushNil() int { return rt.Push(lua.LNil) }

// PushTime pushes a time in seconds since the epoch; nil for zero.
func (rt *Runtime) PushTime(t exchange.Time) int {
	if t == 0 {
		return rt.PushNil()
	}
	return rt.PushNumber(Seconds(t))
}

// Number boxes a number for a table or an argument.
func (rt *Runtime) Number(f float64) lua.LValue { return rt.slab.box(f) }

// Seconds converts a time or a duration to the seconds that scripts see.
func Seconds(t exchange.Time) float64 { return float64(t/exchange.Microsecond) / 1e6 }

func splitDots(s string) []string { return strings.Split(s, ".") }
