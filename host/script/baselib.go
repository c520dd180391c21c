package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
)

// baseLib is the functions that stand in no table.
type baseLib struct{ *sandbox }

func (lib baseLib) open() {
	lib.addFunctions(lib.globals, map[string]lua.LGFunction{
		"assert":       baseAssert,
		"error":        baseError,
		"ipairs":       lib.ipairs,
		"next":         nextOf,
		"pairs":        lib.pairs,
		"pcall":        lib.pcall,
		"print":        lib.print,
		"rawset":       lib.rawset,
		"require":      lib.require,
		"select":       selectFrom,
		"setmetatable": lib.setMetatable,
		"tonumber":     toNumber,
		"tostring":     lib.toString,
		"unpack":       lib.unpack,
		"xpcall":       lib.xpcall,
	})
}

func baseAssert(L *lua.LState) int {
	if lua.LVAsBool(L.Get(1)) {
		return L.GetTop()
	}
	switch msg := L.Get(2); msg {
	case lua.LNil:
		L.RaiseError("assertion failed!")
	default:
		L.Error(msg, 0)
	}
	return 0
}

// baseError puts the place before text, and before a number, which is text then.
// Where the level is no Lua function there is none.
func baseError(L *lua.LState) int {
	value, level := L.Get(1), wholeOr(L, 2, 1)
	if text, ok := stringOf(value); ok && level > 0 {
		value = lua.LString(strings.TrimPrefix(L.Where(level)+" "+text, " "))
	}
	L.Error(value, 0)
	return 0
}

// selectFrom counts from the end for a negative number, as Lua's select does.
func selectFrom(L *lua.LState) int {
	n := L.GetTop()
	if L.Get(1) == lua.LString("#") {
		L.Push(lua.LNumber(n - 1))
		return 1
	}
	i := whole(L, 1)
	if i < 0 {
		i += n
	}
	if i < 1 {
		L.ArgError(1, "index out of range")
	}
	return max(n-i, 0)
}

// maxResults is how many values a function returns at most: more would not fit the
// registry.
const maxResults = 8000

func (lib baseLib) unpack(L *lua.LState) int {
	t := L.CheckTable(1)
	from := wholeOr(L, 2, 1)
	to := 0
	if L.Get(3) == lua.LNil {
		to = lib.count(L, t)
	} else {
		to = whole(L, 3)
	}
	if from > to {
		return 0
	}
	if n := to - from + 1; n > maxResults || n < 0 {
		L.RaiseError("too many results to unpack: at most %d", maxResults)
	}
	lib.spend(L, (to-from)/elementsPerUnit)
	for i := from; i <= to; i++ {
		L.Push(t.RawGet(lua.LNumber(i)))
	}
	return to - from + 1
}

// maxProtected bounds how deep protected calls nest.
const maxProtected = 32

// protect calls the function at position fn with the arguments after it, on a
// Lua thread of its own.
//
// gopher-lua closes every open upvalue of the whole stack when an error is
// raised, also those of functions that go on running after the pcall, which then
// no longer share their locals with their closures. On a separate thread only
// the frames that really end are on the stack. The threads are kept and reused.
func (sb *sandbox) protect(L *lua.LState, fn lua.LValue, args []lua.LValue) (*lua.LState, error) {
	if sb.nested == maxProtected {
		L.RaiseError("protected calls nest more than %d deep", maxProtected)
	}
	if len(sb.threads) == sb.nested {
		// With a context, a new thread would derive its own and so ask the budget
		// for Done outside of the virtual machine's loop.
		sb.L.RemoveContext()
		th, _ := sb.L.NewThread()
		sb.L.SetContext(sb.counter)
		th.SetContext(sb.counter)
		sb.threads = append(sb.threads, th)
	}
	th := sb.threads[sb.nested]
	depth := sb.nested
	sb.nested++
	th.SetTop(0)
	th.Push(fn)
	for _, a := range args {
		th.Push(a)
	}
	sb.rt.L = th
	sb.budget.on(th)
	err := th.PCall(len(args), lua.MultRet, nil)
	sb.budget.on(L)
	sb.nested, sb.rt.L = depth, L
	if err != nil {
		sb.noticePanic(err)
	}
	if sb.budget.cause != nil {
		// What ends the callback must not be caught.
		L.RaiseError("%s", sb.budget.cause)
	}
	return th, err
}

// arguments copies the values from position first on.
func arguments(L *lua.LState, first int) []lua.LValue {
	n := L.GetTop() - first + 1
	if n <= 0 {
		return nil
	}
	args := make([]lua.LValue, n)
	for i := range args {
		args[i] = L.Get(first + i)
	}
	return args
}

// results moves what a protected call returned, after true.
func results(L, th *lua.LState) int {
	n := th.GetTop()
	L.Push(lua.LTrue)
	for i := 1; i <= n; i++ {
		L.Push(th.Get(i))
	}
	th.SetTop(0)
	return n + 1
}

// thrown returns the value an error carries.
func thrown(err error) lua.LValue {
	if api, ok := err.(*lua.ApiError); ok {
		if s, ok := api.Object.(lua.LString); ok {
			return lua.LString(withoutAddresses(string(s)))
		}
		return api.Object
	}
	return lua.LString(err.Error())
}

func (lib baseLib) pcall(L *lua.LState) int {
	L.CheckAny(1)
	th, err := lib.protect(L, L.Get(1), arguments(L, 2))
	if err == nil {
		return results(L, th)
	}
	L.Push(lua.LFalse)
	L.Push(thrown(err))
	return 2
}

// xpcall runs the handler after the failed call is gone, which a script cannot
// tell from before, as there is no debug library. A handler that fails itself
// gives its own error.
func (lib baseLib) xpcall(L *lua.LState) int {
	handler := L.CheckFunction(2)
	th, err := lib.protect(L, L.Get(1), nil)
	if err == nil {
		return results(L, th)
	}
	th, err2 := lib.protect(L, handler, []lua.LValue{thrown(err)})
	if err2 != nil {
		L.Push(lua.LFalse)
		L.Push(thrown(err2))
		return 2
	}
	said := th.Get(1)
	th.SetTop(0)
	L.Push(lua.LFalse)
	L.Push(said)
	return 2
}

func (lib baseLib) setMetatable(L *lua.LState) int {
	t := L.CheckTable(1)
	lib.changes(L, t)
	L.CheckAny(2)
	L.CheckTypes(2, lua.LTNil, lua.LTTable)
	if mt, ok := t.Metatable.(*lua.LTable); ok && mt.RawGetString("__metatable") != lua.LNil {
		L.RaiseError("cannot change a protected metatable")
	}
	t.Metatable = L.Get(2)
	L.SetTop(1)
	return 1
}

// toNumber follows Lua 5.1: a number as luaNumber reads it, or whole digits in a
// base from 2 to 36.
func toNumber(L *lua.LState) int {
	base := wholeOr(L, 2, 10)
	v := L.CheckAny(1)
	if base == 10 {
		f, ok := operand(v)
		L.Push(lua.LNil)
		if ok {
			L.Replace(-1, lua.LNumber(f))
		}
		return 1
	}
	if base < 2 || base > 36 {
		L.ArgError(2, "base out of range")
	}
	L.Push(digitsIn(strings.Trim(word(L, 1), luaSpace), base))
	return 1
}

// digitsIn reads digits of a base, nil for anything else.
func digitsIn(s string, base int) lua.LValue {
	digits := strings.TrimLeft(s, "+-")
	if len(s)-len(digits) > 1 {
		return lua.LNil
	}
	if base == 16 && len(digits) > 2 && digits[0] == '0' && digits[1]|0x20 == 'x' {
		digits = digits[2:]
	}
	n, err := strconv.ParseUint(digits, base, 64)
	if err != nil {
		return lua.LNil
	}
	if s[0] == '-' {
		return -lua.LNumber(n)
	}
	return lua.LNumber(n)
}

// toString is tostring without addresses.
func (lib baseLib) toString(L *lua.LState) int {
	L.Push(lua.LString(lib.text(L, L.CheckAny(1))))
	return 1
}

// text words a value, by its __tostring when it has one.
func (sb *sandbox) text(L *lua.LState, v lua.LValue) string {
	if fn, ok := L.GetMetaField(v, "__tostring").(*lua.LFunction); ok {
		L.Push(fn)
		L.Push(v)
		L.Call(1, 1)
		ret := L.Get(-1)
		L.Pop(1)
		s, ok := ret.(lua.LString)
		if !ok {
			L.RaiseError("__tostring must return a string, it returned %s", bindings.Describe(ret))
		}
		return string(s)
	}
	return bindings.ToText(v)
}

// print writes to the strategy's log, and is silent while the file loads.
func (lib baseLib) print(L *lua.LState) int {
	env := lib.rt.Env()
	if env == nil {
		return 0
	}
	var b strings.Builder
	for i := 1; i <= L.GetTop(); i++ {
		if i > 1 {
			b.WriteByte('\t')
		}
		b.WriteString(lib.text(L, L.Get(i)))
		lib.limit(L, b.Len())
	}
	lib.spend(L, b.Len()/bytesPerUnit)
	lib.rt.Begin(L, "print")
	lib.rt.Count(bindings.CapLogs)
	env.Log(intent.Info, strings.TrimSuffix(L.Where(1), ":"), b.String())
	return 0
}

// loading marks a module whose chunk is running.
var loading = &lua.LUserData{}

// require returns what a module of the program returned, running it once.
func (lib baseLib) require(L *lua.LState) int {
	name := word(L, 1)
	switch v := lib.required[name]; v {
	case nil:
	case lua.LValue(loading):
		L.RaiseError("require(%q): the module requires itself", name)
	default:
		L.Push(v)
		return 1
	}
	proto, ok := lib.program.modules[name]
	if !ok {
		L.RaiseError("require(%q): no such module in this program; write the name as a plain string, so that its file is found beside the script", name)
	}
	if lib.budget.look != nil {
		L.RaiseError("read only: require(%q): the module was not loaded yet", name)
	}
	lib.required[name] = loading
	L.Push(lib.L.NewFunctionFromProto(proto))
	for _, op := range lib.operators {
		L.Push(op)
	}
	L.Push(lua.LString(name))
	L.Call(len(lib.operators)+1, 1)
	ret := L.Get(-1)
	if ret == lua.LNil {
		ret = lua.LTrue
	}
	lib.required[name] = ret
	L.SetTop(1)
	L.Push(ret)
	return 1
}
