package script

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// Bench runs code that is no strategy in the same sandbox and under the same bounds: tests
// of strategies. Its functions are called by whoever holds them, each with a budget of its own.
// Options.Params have no meaning for it.
type Bench struct{ vm *VM }

// NewBench opens a sandbox with modules and runs nothing yet.
func NewBench(o Options) (*Bench, error) {
	vm, err := newVM(o)
	if err != nil {
		return nil, err
	}
	return &Bench{vm}, nil
}

// Load runs the program, as far as its chunk goes. The error is an [*Error].
func (b *Bench) Load() error {
	vm := b.vm
	vm.budget.arm(vm.limits.LoadInstructions)
	_, err := vm.call(vm.L.NewFunctionFromProto(vm.program.main), 0, vm.operators...)
	return err
}

// Call calls a function with a fresh budget: functions of modules see env. The error is an
// [*Error]; after one that ended the budget, the memory or the time nothing runs any more.
func (b *Bench) Call(env bindings.Env, fn *lua.LFunction) error {
	vm := b.vm
	if err := vm.Poisoned(); err != nil {
		return err
	}
	vm.rt.Enter(env)
	defer func() {
		if vm.rt != nil {
			vm.rt.Leave()
		}
	}()
	vm.budget.arm(vm.limits.Instructions)
	_, err := vm.call(fn, 0)
	return err
}

// Try makes a protected call of a function from within a call, on the same budget, and returns
// its results. What ends a budget is raised, and not returned.
func (b *Bench) Try(fn lua.LValue, args ...lua.LValue) ([]lua.LValue, *Error) {
	vm := b.vm
	th, err := vm.protect(vm.rt.L, fn, args)
	if err != nil {
		return nil, runtimeError(err, vm.program.sources)
	}
	out := make([]lua.LValue, th.GetTop())
	for i := range out {
		out[i] = th.Get(i + 1)
	}
	return out, nil
}

// Interrupt ends what runs, and everything after it; see [VM.Interrupt].
func (b *Bench) Interrupt() { b.vm.Interrupt() }

// Hold keeps a value with the sandbox, whose memory it is counted with: functions of modules
// that keep values of scripts for later keep them here too.
func (b *Bench) Hold(v lua.LValue) {
	const held = "held"
	registry := b.vm.L.G.Registry
	t, ok := registry.RawGetString(held).(*lua.LTable)
	if !ok {
		t = b.vm.L.NewTable()
		registry.RawSetString(held, t)
	}
	t.Append(v)
}

// Poisoned returns why nothing runs any more, nil when it does.
func (b *Bench) Poisoned() error { return b.vm.Poisoned() }

// UnknownNames finds names in the program that nothing defines; see [VM.UnknownNames].
func (b *Bench) UnknownNames() []*Error { return b.vm.UnknownNames() }

// Close frees the sandbox.
func (b *Bench) Close() { b.vm.Close() }

// Show words a value as people read it: text in quotes, tables with what is in them, bounded.
func Show(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return cut(fmt.Sprintf("%q", string(s[:min(len(s), maxShownBytes+1)])), maxShownBytes)
	}
	return worded(v)
}
