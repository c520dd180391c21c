package script

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// A look runs code in a VM and must leave no trace in what it does later. Code is
// refused at the instruction that would change something which was there before: a
// table, a global, a local of the strategy's functions. What the code makes itself it
// may change: the tables of its own constructors, its locals, its globals, which are
// kept apart from the strategy's. Tables that functions of the host return can be read.
// Random numbers and the count of memory are put back.

var (
	errLook         = errors.New("read only")
	errLookTooLarge = errors.New("read only: it takes too much memory")
)

// Bounds of a look: it is between two events, and the next one waits for it.
const (
	lookInstructions = 200_000
	lookBytes        = 32 << 20
)

// look is what a look has made so far.
type look struct {
	code    map[*lua.FunctionProto]bool // its functions
	globals *lua.LTable                 // its own
	made    map[*lua.LTable]bool
	// stack and at are where the table that the last instruction made is; nil: it made none.
	stack *registryView
	at    int
}

func newLook(code *lua.FunctionProto, globals *lua.LTable) *look {
	return &look{code: functionsOf(code, map[*lua.FunctionProto]bool{}), globals: globals, made: map[*lua.LTable]bool{}}
}

// allows reports whether an instruction may run.
func (k *look) allows(b *budget, inst uint32, f *frameView) bool {
	if k.stack != nil {
		if t, ok := k.stack.array[k.at].(*lua.LTable); ok {
			k.made[t] = true
		}
		k.stack = nil
	}
	a := int(inst>>18) & 0xff
	switch int(inst >> 26) {
	case lua.OP_NEWTABLE:
		k.stack, k.at = b.stack, f.LocalBase+a
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_SETLIST:
		if t, ok := b.stack.array[f.LocalBase+a].(*lua.LTable); ok && !k.writable(t) {
			return b.refuse("it would change a table")
		}
	case lua.OP_SETGLOBAL:
		if f.Fn.Env != k.globals {
			return b.refuse("it would change a global of the strategy")
		}
	case lua.OP_SETUPVAL:
		if !k.code[f.Fn.Proto] {
			return b.refuse("it calls a function that changes a local of the strategy")
		}
	}
	return true
}

// writable reports whether the look made a table and those that its metatables pass
// assignments on to.
func (k *look) writable(t *lua.LTable) bool {
	for range lua.MaxTableGetLoop {
		if !k.made[t] {
			return false
		}
		mt, ok := t.Metatable.(*lua.LTable)
		if !ok {
			return true
		}
		if t, ok = mt.RawGetString("__newindex").(*lua.LTable); !ok {
			return true // what a function of the code does with them is looked at as it is done
		}
	}
	return false
}

// functionsOf collects the functions of code.
func functionsOf(p *lua.FunctionProto, into map[*lua.FunctionProto]bool) map[*lua.FunctionProto]bool {
	into[p] = true
	for _, inner := range p.FunctionPrototypes {
		functionsOf(inner, into)
	}
	return into
}

// refuse ends a look.
func (b *budget) refuse(what string) bool {
	b.cause, b.detail = errLook, "read only: "+what
	b.left, b.later = -1, 0
	return false
}

// changes raises when a function of the library may not change a table.
func (sb *sandbox) changes(L *lua.LState, t *lua.LTable) {
	if k := sb.budget.look; k != nil && !k.mine(t) {
		L.RaiseError("read only: it would change a table")
	}
}

// mine reports whether the look made a table.
func (k *look) mine(t *lua.LTable) bool {
	if k.stack != nil {
		if last, ok := k.stack.array[k.at].(*lua.LTable); ok {
			k.made[last] = true
		}
		k.stack = nil
	}
	return k.made[t]
}

// Look runs an expression or statements in the strategy's globals, to read only, and
// returns what it came to as people read it. Whatever happens, the VM goes on as if it had
// not been.
func (vm *VM) Look(env bindings.Env, code string) ([]string, error) {
	if err := vm.Poisoned(); err != nil {
		return nil, err
	}
	proto, err := snippet(code)
	if err != nil {
		return nil, err
	}
	b := vm.budget
	left, later, granted, allocated, room := b.left, b.later, b.granted, b.allocated, b.room
	random := *vm.random
	own := Inspector{vm}.surroundings(nil)
	b.look = newLook(proto, own)
	defer func() {
		b.look, b.cause, b.detail = nil, nil, ""
		b.left, b.later, b.granted, b.allocated, b.room = left, later, granted, allocated, room
		*vm.random = random
		vm.rt.Leave()
	}()
	b.allocated, b.room = 0, lookBytes
	bindings.EnterReading(vm.rt, env)
	return vm.evaluate(proto, own, lookInstructions)
}

// Evaluate is Look of code that may change what a callback may.
func (vm *VM) Evaluate(env bindings.Env, code string) ([]string, error) {
	if err := vm.Poisoned(); err != nil {
		return nil, err
	}
	proto, err := snippet(code)
	if err != nil {
		return nil, err
	}
	vm.rt.Enter(env)
	defer func() {
		if vm.rt != nil {
			vm.rt.Leave()
		}
	}()
	return vm.evaluate(proto, vm.globals, vm.limits.Instructions)
}

// evaluate runs compiled code and words what it returns.
func (vm *VM) evaluate(proto *lua.FunctionProto, globals *lua.LTable, instructions int) ([]string, error) {
	fn := vm.L.NewFunctionFromProto(proto)
	fn.Env = globals
	vm.budget.arm(instructions)
	vm.rt.L = vm.L
	vm.L.SetTop(0)
	vm.L.Push(fn)
	for _, op := range vm.operators {
		vm.L.Push(op)
	}
	if err := vm.run(len(vm.operators), lua.MultRet); err != nil {
		return nil, err
	}
	defer vm.L.SetTop(0)
	n := vm.L.GetTop()
	if n > maxShown {
		return nil, fmt.Errorf("it returned %d values: at most %d are shown", n, maxShown)
	}
	out := make([]string, n)
	for i := range out {
		out[i] = worded(vm.L.Get(i + 1))
	}
	return out, nil
}
