package script

import (
	"context"
	"maps"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// sandbox is a Lua state with its libraries and its bounds. It knows nothing of
// strategies.
type sandbox struct {
	L        *lua.LState
	rt       *bindings.Runtime
	program  *Program
	limits   Limits
	budget   *budget
	counter  context.Context // that every thread has: the budget, or what tells a probe and asks the budget
	random   *random
	globals  *lua.LTable
	threads  []*lua.LState // for protected calls, by how deep they nest
	nested   int
	required map[string]lua.LValue
	// operators are the first arguments of every chunk; see rewriter.
	operators []lua.LValue
	inOrder   *lua.LFunction // what ipairs returns
	inTable   *lua.LFunction // what pairs returns
}

// What a script finds is listed here and nowhere else; everything absent from
// these lists does not exist. Left out on purpose: os, io, debug and package
// (the machine), load, loadstring, dofile, loadfile and string.dump (code that
// was not checked), getfenv, setfenv, module and newproxy (ways around the
// globals), coroutine (a thread escapes the instruction count, and handlers run
// to their end anyway), collectgarbage (it stops the whole process),
// math.randomseed's clock, and _printregs (writes to standard output).

// kept are gopher-lua's own functions that neither grow without bound, nor take
// long, nor differ from run to run.
var kept = []struct {
	lib   string // empty: the globals themselves
	names []string
}{
	{"", []string{"getmetatable", "rawequal", "rawget", "type"}},
	{"math", []string{"abs", "acos", "asin", "atan", "atan2", "ceil", "cos", "cosh", "exp", "floor", "fmod", "frexp", "ldexp", "log",
		"log10", "max", "min", "modf", "pi", "pow", "sin", "sinh", "sqrt", "tan", "tanh"}},
}

// open makes the globals. The libraries are opened into a table that is then
// thrown away, so that a function gopher-lua may add one day stays outside.
func (sb *sandbox) open(seed uint64) {
	L := sb.L
	for _, open := range []lua.LGFunction{lua.OpenBase, lua.OpenTable, lua.OpenMath} {
		L.Push(L.NewFunction(open))
		L.Call(0, 0)
	}
	all := L.Get(lua.GlobalsIndex).(*lua.LTable)
	sb.globals = L.CreateTable(0, 48)
	for _, k := range kept {
		from, to := all, sb.globals
		if k.lib != "" {
			from, to = all.RawGetString(k.lib).(*lua.LTable), sb.library(k.lib)
		}
		for _, name := range k.names {
			fn := from.RawGetString(name)
			if k.lib == "math" && fn.Type() == lua.LTFunction {
				fn = L.NewFunction(onNumbers(fn.(*lua.LFunction).GFunction))
			}
			to.RawSetString(name, fn)
		}
	}
	L.Replace(lua.GlobalsIndex, sb.globals)
	L.Env = sb.globals
	sb.globals.RawSetString("_G", sb.globals)
	sb.globals.RawSetString("_VERSION", lua.LString(lua.LuaVersion))
	baseLib{sb}.open()
	tableLib{sb}.open()
	sb.openMath(seed)
	stringLib{sb}.open()
	sb.operators = operatorLib{sb}.list()
	sb.inOrder = L.NewFunction(nextInOrder)
	sb.inTable = sb.globals.RawGetString("next").(*lua.LFunction)
}

// onNumbers reads the arguments of a function of numbers as Lua does: text may
// stand for a number.
func onNumbers(f lua.LGFunction) lua.LGFunction {
	return func(L *lua.LState) int {
		for i := 1; i <= L.GetTop(); i++ {
			if s, ok := L.Get(i).(lua.LString); ok {
				f, ok := luaNumber(string(s))
				if !ok {
					L.TypeError(i, lua.LTNumber)
				}
				L.Replace(i, lua.LNumber(f))
			}
		}
		return f(L)
	}
}

// library returns the table of a library, made when it is not there.
func (sb *sandbox) library(name string) *lua.LTable {
	t, ok := sb.globals.RawGetString(name).(*lua.LTable)
	if !ok {
		t = sb.L.CreateTable(0, 32)
		sb.globals.RawSetString(name, t)
	}
	return t
}

// addFunctions puts functions into a table, in the order of their names, because pairs
// shows a table in the order in which it was filled.
func (sb *sandbox) addFunctions(t *lua.LTable, funcs map[string]lua.LGFunction) {
	for _, name := range slices.Sorted(maps.Keys(funcs)) {
		t.RawSetString(name, sb.L.NewFunction(funcs[name]))
	}
}

// spend charges work to the budget, and raises on the thread that is running
// when the budget is spent.
func (sb *sandbox) spend(L *lua.LState, units int) {
	if !sb.budget.charge(units) {
		L.RaiseError("%s", sb.budget.cause)
	}
}

// bytesPerUnit is how many bytes of copying count as one instruction. It is
// chosen for memory more than for time: a callback's whole budget of strings is
// then a hundred megabytes.
const bytesPerUnit = 64

// grow charges for a string of n bytes that is about to be built, and raises
// when it would be longer than allowed.
func (sb *sandbox) grow(L *lua.LState, n int) {
	sb.limit(L, n)
	sb.budget.allocated += n
	sb.spend(L, n/bytesPerUnit)
}

// limit raises when a string would be longer than allowed.
func (sb *sandbox) limit(L *lua.LState, n int) {
	if most := sb.limits.StringBytes; n > most {
		L.RaiseError("the string would be %d bytes long; at most %d are allowed", n, most)
	}
}
