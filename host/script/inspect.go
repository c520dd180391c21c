package script

import (
	"errors"
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/core"
)

// A VM that stands still, because its [Probe] or what it told of an error did not return
// yet or because no callback runs, can be looked into: its frames, their variables, and code
// that reads. Nothing of that changes what it does later.

// Inspector looks into a VM that stands still.
type Inspector struct{ *VM }

// Frame is a function that runs.
type Frame struct {
	Function string // its handler, or what it was called as
	File     string // as its source is named
	Line     int    // that it is at
	frame    *frameView
	stack    *registryView
}

// Variable is a named value.
type Variable struct {
	Name  string
	Value Value
}

// Value is a value of a VM that stands still. It is good until the VM goes on.
type Value struct {
	vm Inspector
	v  lua.LValue
}

// Frames are the functions that run, innermost first, across protected calls. Functions
// of the host are left out.
func (vm Inspector) Frames() (out []Frame) {
	if vm.released {
		return nil
	}
	for n := vm.nested; n >= 0; n-- {
		L := vm.L
		if n > 0 {
			L = vm.threads[n-1]
		}
		stack := registryOf(L)
		for f := *frameOf(L); f != nil; f = (*frameView)(f.Parent) {
			if f.Fn == nil || f.Fn.Proto == nil {
				continue
			}
			out = append(out, Frame{Function: vm.functionName(f), File: f.Fn.Proto.SourceName, Line: lineOf(f), frame: f, stack: stack})
		}
	}
	return out
}

// at is the instruction that a frame is at.
func (f *frameView) at() int { return max(0, f.Pc-1) }

func lineOf(f *frameView) int {
	if lines := f.Fn.Proto.DbgSourcePositions; f.at() < len(lines) {
		return lines[f.at()]
	}
	return f.Fn.Proto.LineDefined
}

// functionName is a handler's name, what the caller called the function, or where it is.
func (vm Inspector) functionName(f *frameView) string {
	for h, fn := range vm.handlers {
		if fn != nil && fn.Proto == f.Fn.Proto {
			return core.Handler(h).String()
		}
	}
	if slices.Contains(vm.program.tops, f.Fn.Proto) {
		return f.Fn.Proto.SourceName
	}
	if up := (*frameView)(f.Parent); up != nil && up.Fn != nil && up.Fn.Proto != nil {
		for _, c := range up.Fn.Proto.DbgCalls {
			if c.Pc == up.at() && c.Name != "" && c.Name != "?" {
				return c.Name
			}
		}
	}
	return fmt.Sprintf("function at line %d", f.Fn.Proto.LineDefined)
}

// Locals are the variables of a frame, its parameters first. One that hides another of its
// name comes after it.
func (vm Inspector) Locals(f Frame) (out []Variable) {
	if f.frame == nil {
		return nil
	}
	proto := f.frame.Fn.Proto
	for i, name := range vm.program.namesAt(proto, f.frame.at()) {
		if register := f.frame.LocalBase + i; register < len(f.stack.array) && name[0] != '(' {
			out = append(out, vm.variable(name, f.stack.array[register]))
		}
	}
	return out
}

// Upvalues are the variables of the functions around a frame's that it uses.
func (vm Inspector) Upvalues(f Frame) (out []Variable) {
	if f.frame == nil {
		return nil
	}
	return vm.upvalues(f.frame.Fn)
}

func (vm Inspector) upvalues(fn *lua.LFunction) (out []Variable) {
	for i, name := range fn.Proto.DbgUpvalues {
		if i < len(fn.Upvalues) && name != "" && name[0] != '(' {
			out = append(out, vm.variable(name, fn.Upvalues[i].Value()))
		}
	}
	return out
}

// Globals are the global variables that the script made itself.
func (vm Inspector) Globals() (out []Variable) {
	if vm.released {
		return nil
	}
	n := 0
	for k, v := vm.globals.Next(lua.LNil); k != lua.LNil; k, v = vm.globals.Next(k) {
		if n++; n > vm.given {
			out = append(out, vm.variable(bindings.ToText(k), v))
		}
	}
	return out
}

// entriesOf counts what a table has.
func entriesOf(t *lua.LTable) (n int) {
	for k, _ := t.Next(lua.LNil); k != lua.LNil; k, _ = t.Next(k) {
		n++
	}
	return n
}

// Global is a global variable, also one of the host's such as state and params.
func (vm Inspector) Global(name string) Value {
	if vm.released {
		return Value{vm, lua.LNil}
	}
	return Value{vm, vm.globals.RawGetString(name)}
}

func (vm Inspector) variable(name string, v lua.LValue) Variable {
	if v == nil {
		v = lua.LNil
	}
	return Variable{name, Value{vm, v}}
}

// maxShownText bounds a value's text in a list of variables, in bytes.
const maxShownText = 200

// Text is the value in one line: text in quotes, of a table what fits.
func (v Value) Text() string {
	if v.v == nil || v.v == lua.LNil {
		return "nil"
	}
	text := ""
	switch x := v.v.(type) {
	case *lua.LUserData:
		text = v.objectText(x)
	default:
		text = inLine(x)
	}
	return bindings.Printable(cut(text, maxShownText))
}

func (v Value) objectText(u *lua.LUserData) string {
	name := bindings.TypeName(u)
	if b, ok := u.Value.(*bindings.Book); ok {
		return "Book " + b.Symbol()
	}
	if name == "" || name == "Decimal" {
		return bindings.ToText(u)
	}
	return name
}

// Plain is Text of a value that is printed: text without quotes.
func (v Value) Plain() string {
	if s, ok := v.v.(lua.LString); ok {
		return bindings.Printable(cut(string(s), maxShownBytes))
	}
	return v.Text()
}

// Type is the value's type; of an object its class.
func (v Value) Type() string {
	if u, ok := v.v.(*lua.LUserData); ok {
		if name := bindings.TypeName(u); name != "" {
			return name
		}
	}
	if v.v == nil {
		return "nil"
	}
	return v.v.Type().String()
}

// Len is how many parts the value has: elements of its list, and others.
func (v Value) Len() (indexed, named int) {
	switch x := v.v.(type) {
	case *lua.LTable:
		indexed = listLen(x)
		return indexed, max(0, entriesOf(x)-indexed)
	case *lua.LUserData:
		return 0, len(v.inside(x))
	case *lua.LFunction:
		if x.Proto != nil {
			return 0, len(v.vm.upvalues(x))
		}
	}
	return 0, 0
}

// Elements are those of the value's list from the start-th on, from 0.
func (v Value) Elements(start, count int) (out []Variable) {
	t, ok := v.v.(*lua.LTable)
	if !ok {
		return nil
	}
	for i := start + 1; i <= min(start+count, listLen(t)); i++ {
		out = append(out, v.vm.variable(fmt.Sprintf("[%d]", i), t.RawGetInt(i)))
	}
	return out
}

// Fields are the value's parts but for the elements of its list, at most count.
func (v Value) Fields(count int) (out []Variable) {
	switch x := v.v.(type) {
	case *lua.LTable:
		n := listLen(x)
		for k, e := x.Next(lua.LNil); k != lua.LNil && len(out) < count; k, e = x.Next(k) {
			if i, ok := k.(lua.LNumber); ok && i >= 1 && i <= lua.LNumber(n) && i == lua.LNumber(int(i)) {
				continue
			}
			name := bindings.ToText(k)
			if _, text := k.(lua.LString); !text {
				name = "[" + name + "]"
			}
			out = append(out, v.vm.variable(bindings.Printable(name), e))
		}
	case *lua.LUserData:
		out = v.inside(x)
	case *lua.LFunction:
		if x.Proto != nil {
			out = v.vm.upvalues(x)
		}
	}
	return out[:min(len(out), count)]
}

func (v Value) inside(u *lua.LUserData) (out []Variable) {
	if v.vm.rt == nil || v.vm.rt.Env() == nil {
		return nil
	}
	for _, e := range bindings.Inside(v.vm.rt, u) {
		out = append(out, v.vm.variable(e.Name, e.Value))
	}
	return out
}

// True reports whether Lua takes the value for true.
func (v Value) True() bool { return v.v != nil && lua.LVAsBool(v.v) }

var errReleased = errors.New("the strategy ran out of memory: nothing is left of it to look into")

// Evaluate runs an expression or statements to read only, with the variables of a frame or,
// when it is nil, the script's globals alone. Unlike Look it may be called in the middle of
// a callback, and its values are not worded yet.
func (vm Inspector) Evaluate(env bindings.Env, f *Frame, code string) (out []Value, err error) {
	if vm.released {
		return nil, errReleased
	}
	proto, err := snippet(code)
	if err != nil {
		return nil, err
	}
	if vm.aside == nil {
		vm.L.RemoveContext()
		vm.aside, _ = vm.L.NewThread()
		vm.L.SetContext(vm.counter)
		vm.aside.SetContext(vm.budget)
	}
	L, own := vm.aside, vm.surroundings(f)
	defer vm.stepAside(newLook(proto, own), env)()
	fn := vm.L.NewFunctionFromProto(proto)
	fn.Env = own
	L.SetTop(0)
	L.Push(fn)
	for _, op := range vm.operators {
		L.Push(op)
	}
	if err := L.PCall(len(vm.operators), lua.MultRet, nil); err != nil {
		e := runtimeError(err, vm.program.sources)
		if vm.budget.detail != "" {
			e.Message = vm.budget.detail
		} else if vm.budget.cause == ErrBudget {
			e.Message = fmt.Sprintf("it takes more than %d instructions", lookInstructions)
		}
		return nil, errors.New(e.Message)
	}
	defer L.SetTop(0)
	for i := 1; i <= min(L.GetTop(), maxShown); i++ {
		out = append(out, Value{vm, L.Get(i)})
	}
	return out, nil
}

// stepAside makes a look what runs in the VM, and returns what puts back the callback that
// it interrupts.
func (vm Inspector) stepAside(k *look, env bindings.Env) (back func()) {
	b := vm.budget
	left, later, granted, allocated, room := b.left, b.later, b.granted, b.allocated, b.room
	cause, detail, running, frame, stack := b.cause, b.detail, b.running, b.frame, b.stack
	random := *vm.random
	leave := bindings.Aside(vm.rt, vm.aside, env)
	b.cause, b.detail, b.look = nil, "", k
	b.allocated, b.room = 0, lookBytes
	b.arm(lookInstructions)
	b.on(vm.aside)
	return func() {
		leave()
		*vm.random, b.look = random, nil
		b.cause, b.detail, b.running, b.frame, b.stack = cause, detail, running, frame, stack
		b.left, b.later, b.granted, b.allocated, b.room = left, later, granted, allocated, room
	}
}

// surroundings are the globals of a look: copies of the variables of a frame, when there is
// one, before the script's own globals.
func (vm Inspector) surroundings(f *Frame) *lua.LTable {
	own := vm.L.CreateTable(0, 8)
	mt := vm.L.CreateTable(0, 1)
	mt.RawSetString("__index", vm.globals)
	own.Metatable = mt
	if f == nil {
		return own
	}
	for _, list := range [][]Variable{vm.Upvalues(*f), vm.Locals(*f)} {
		for _, v := range list {
			own.RawSetString(v.Name, v.Value.v)
		}
	}
	return own
}
