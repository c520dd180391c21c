package script

import (
	"errors"
	"fmt"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// Options say how a program is run.
type Options struct {
	Program *Program
	Modules []bindings.Module // what scripts can call; usually std.Modules()
	// Params override the defaults the strategy declares, by name. A value may be
	// a float64, int, int64, bool, string, []any or []string, or the text of one,
	// as it comes from a command line.
	Params map[string]any
	// Seed starts math.random, together with the strategy's name.
	Seed   uint64
	Limits Limits
	// Watchdog ends callbacks that take too long; nil: nothing does.
	Watchdog *Watchdog
	// Probe is told of each line before it is executed, also of the versions that take
	// over from this one; nil: nobody is.
	Probe Probe
	// Raised is told of errors in a VM with a Probe, while the functions that they end are
	// still on the stack; nil: nobody is. It is bound by what binds a Probe.
	Raised func(Raise)

	// dropUnknown ignores overrides of parameters that are not declared, as
	// happens when a new version no longer has one.
	dropUnknown bool
}

// VM is one running version of a strategy. It is used by one goroutine.
type VM struct {
	sandbox
	opts     Options
	kept     []byte // state as it was last read or set
	released bool

	strategy strategy
	handlers handlerSet
	given    int         // how many globals are not the script's own
	aside    *lua.LState // see Inspector
}

// Sizes of a Lua state. Recursion ends at maxCalls frames, or when the registry,
// which holds all local variables, is full.
const (
	maxCalls        = 200
	registrySize    = 1 << 10
	registryMaxSize = 1 << 16
	registryStep    = 1 << 11
	maxList         = 1 << 16 // lua.MaxArrayIndex: a list's further elements are kept in a hash table
)

// init bounds what gopher-lua has for the process and not for a state: see the package
// comment. No state reads it yet.
func init() { lua.MaxArrayIndex = maxList }

// New runs a program's chunk and checks the table it returns. The error is an
// [*Error] that says what is wrong and where; for a table without handlers, or
// none at all, it is [ErrNotReady].
func New(o Options) (*VM, error) {
	vm, err := newVM(o)
	if err != nil {
		return nil, err
	}
	if err := vm.load(); err != nil {
		vm.Close()
		return nil, err
	}
	return vm, nil
}

// newVM makes a VM that has run nothing yet.
func newVM(o Options) (*VM, error) {
	if o.Program == nil {
		return nil, errors.New("script: Options.Program is missing")
	}
	o.Limits = o.Limits.withDefaults()
	vm := &VM{opts: o, kept: []byte("{}"), sandbox: sandbox{program: o.Program, limits: o.Limits, required: make(map[string]lua.LValue)}}
	vm.L = lua.NewState(lua.Options{
		CallStackSize: maxCalls, RegistrySize: registrySize, RegistryMaxSize: registryMaxSize,
		RegistryGrowStep: registryStep, SkipOpenLibs: true,
	})
	vm.budget = newBudget(&vm.limits)
	vm.budget.measure = vm.measure
	vm.budget.on(vm.L)
	o.Watchdog.watch(vm.budget)
	vm.rt = bindings.NewRuntime(vm.L, vm.charge)
	vm.open(o.Seed)
	vm.rt.Install(vm.globals, o.Modules)
	vm.given = entriesOf(vm.globals)
	vm.counter = vm.budget
	if o.Probe != nil {
		vm.counter = newProbed(vm)
	}
	vm.L.SetContext(vm.counter)
	return vm, nil
}

// load runs the chunk and reads the strategy it returns.
func (vm *VM) load() error {
	vm.budget.arm(vm.limits.LoadInstructions)
	ret, err := vm.call(vm.L.NewFunctionFromProto(vm.program.main), 1, vm.operators...)
	if err != nil {
		return err
	}
	if err := vm.readStrategy(ret); err != nil {
		if err.File == "" {
			err.File = vm.program.Path()
		}
		return err
	}
	vm.random.seed(vm.opts.Seed, vm.strategy.name)
	return nil
}

// call runs a function and returns its first result, nil for none.
func (vm *VM) call(fn *lua.LFunction, results int, args ...lua.LValue) (lua.LValue, error) {
	vm.L.Push(fn)
	for _, a := range args {
		vm.L.Push(a)
	}
	if err := vm.run(len(args), results); err != nil {
		return lua.LNil, err
	}
	if results == 0 {
		return lua.LNil, nil
	}
	ret := vm.L.Get(-1)
	vm.L.SetTop(0)
	return ret, nil
}

// run makes a protected call of what is on the stack.
func (vm *VM) run(args, results int) error {
	vm.nested, vm.rt.L = 0, vm.L
	vm.budget.on(vm.L)
	vm.budget.pass()
	err := vm.L.PCall(args, results, nil)
	vm.budget.pass()
	if err == nil {
		return nil
	}
	vm.L.SetTop(0)
	vm.noticePanic(err)
	e := runtimeError(err, vm.program.sources)
	e.Cause = vm.budget.cause
	switch {
	case e.Cause == ErrBudget:
		e.Message = fmt.Sprintf("instruction budget exhausted: one call from the host may execute %d instructions", vm.budget.granted)
	case e.Cause != nil && vm.budget.detail != "":
		e.Message = vm.budget.detail
	}
	if e.Cause == ErrMemory {
		vm.release()
	}
	return e
}

// release lets go of everything that a VM at the end of its memory holds. What is
// left of it is its state as it was last saved.
func (vm *VM) release() {
	vm.released = true
	vm.budget.measure = func() (int, string) { return 0, "" }
	vm.L.Close()
	vm.L, vm.budget.running, vm.budget.frame, vm.budget.stack = nil, nil, nil, nil
	vm.globals, vm.threads, vm.required, vm.rt = nil, nil, nil, nil
	vm.handlers, vm.operators, vm.inOrder, vm.inTable = handlerSet{}, nil, nil, nil
}

// noticePanic poisons the VM when an error was a panic in Go code rather than
// an error raised in Lua.
func (sb *sandbox) noticePanic(err error) {
	var api *lua.ApiError
	if errors.As(err, &api) && api.Type == lua.ApiErrorPanic {
		sb.budget.poison(ErrPanic)
	}
}

// Call runs the handler of a notice, if the strategy has one. What the strategy
// asks of env counts only when the error is nil: on an error the caller drops
// everything that was staged. The error is an [*Error].
func (vm *VM) Call(env bindings.Env, n *core.Callback) error {
	if err := vm.Poisoned(); err != nil {
		return err
	}
	fn := vm.handlers[n.Handler]
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
	vm.rt.L = vm.L
	vm.L.Push(fn)
	args, err := vm.push(n)
	if err != nil {
		vm.L.SetTop(0)
		return err
	}
	return vm.run(args, 0)
}

// Poisoned returns why the VM may not run any more, nil when it may.
func (vm *VM) Poisoned() error {
	if vm.budget.cause == nil {
		return nil
	}
	return &Error{File: vm.program.Path(), Message: "the strategy was stopped: " + vm.budget.cause.Error(), Cause: vm.budget.cause}
}

// Interrupt stops the VM at its next check, within some thousand instructions.
// It may be called from any goroutine, by a watchdog that finds the loop late.
func (vm *VM) Interrupt() { vm.budget.interrupted.Store(true) }

// Expire ends the VM as the watchdog would.
func (vm *VM) Expire() { vm.budget.poison(ErrInterrupted) }

// Close frees the Lua state. The VM must not be used afterwards.
func (vm *VM) Close() {
	vm.opts.Watchdog.forget(vm.budget)
	if !vm.released {
		vm.L.Close()
	}
}

// Name returns the strategy's name, and Version the number it declares.
func (vm *VM) Name() string { return vm.strategy.name }

// Version returns the version the strategy declares, 0 when it declares none.
func (vm *VM) Version() int { return vm.strategy.version }

// Doc returns what the strategy says about itself.
func (vm *VM) Doc() string { return vm.strategy.doc }

// Program returns what the VM runs.
func (vm *VM) Program() *Program { return vm.program }

// Params returns the parameters with their declarations and values, by name.
func (vm *VM) Params() []Param { return vm.strategy.params }

// Subscriptions returns the symbols and globs the strategy needs.
func (vm *VM) Subscriptions() []string { return vm.strategy.subscribe }

// charge counts work done in Go and raises when the budget is spent.
func (sb *sandbox) charge(units int) {
	if !sb.budget.charge(units) {
		sb.rt.L.RaiseError("%s", sb.budget.cause)
	}
}

// Instruments resolves the subscriptions in a universe, in order of ID. A symbol
// that is not there and a glob that fits nothing are errors.
func (vm *VM) Instruments(u *exchange.Universe) ([]exchange.InstrumentID, error) {
	wanted := make([]bool, u.Len())
	for _, p := range vm.strategy.subscribe {
		if err := mark(u, p, wanted); err != nil {
			return nil, &Error{File: vm.program.Path(), Message: fmt.Sprintf("subscribe: %v", err), Cause: ErrNotListed}
		}
	}
	var ids []exchange.InstrumentID
	for id, yes := range wanted {
		if yes {
			ids = append(ids, exchange.InstrumentID(id))
		}
	}
	return ids, nil
}
