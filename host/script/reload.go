package script

import (
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/core"
)

// Reload builds a VM that takes over from another: the new program with the
// old one's modules, parameters, seed and limits, and a copy of its state, which
// on_reload(state, from_version) may migrate. What was a local variable in the
// old version is gone.
//
// The old VM is not touched, whatever happens, and goes on running when there is
// an error. A parameter that was overridden and is no longer declared is
// dropped. env may be nil, when the new version must not ask for anything yet;
// what on_reload stages in it counts only when the error is nil.
//
// The old VM may be poisoned: rebuilding it from its own program is how a
// strategy that was stopped starts again.
func Reload(env bindings.Env, old *VM, p *Program) (*VM, error) {
	return replace(env, old, p, old.opts.Params)
}

// Configure is Reload of the running program with other parameters, which take the
// place of all that were overridden before.
func Configure(env bindings.Env, old *VM, params map[string]any) (*VM, error) {
	return replace(env, old, old.program, params)
}

func replace(env bindings.Env, old *VM, p *Program, params map[string]any) (*VM, error) {
	opts := old.opts
	opts.Program, opts.Params = p, params
	opts.dropUnknown = true
	vm, err := New(opts)
	if err != nil {
		return nil, err
	}
	if err := vm.takeOver(env, old); err != nil {
		vm.Close()
		return nil, err
	}
	return vm, nil
}

func (vm *VM) takeOver(env bindings.Env, old *VM) error {
	if vm.Name() != old.Name() {
		return &Error{File: vm.program.Path(), Message: fmt.Sprintf(
			"the name changed from %q to %q: orders and state belong to a name, so load it as a new strategy", old.Name(), vm.Name())}
	}
	state, err := old.State()
	if err != nil {
		return fmt.Errorf("the running version's state cannot be carried over: %w", err)
	}
	if err := vm.SetState(state); err != nil {
		return err
	}
	fn := vm.handlers[core.OnReload]
	if fn == nil {
		return nil
	}
	vm.rt.Enter(env)
	defer func() {
		if vm.rt != nil {
			vm.rt.Leave()
		}
	}()
	vm.budget.arm(vm.limits.Instructions)
	if _, err := vm.call(fn, 0, vm.globals.RawGetString("state"), lua.LNumber(old.Version())); err != nil {
		return err
	}
	_, err = vm.State()
	return err
}
