package host

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// luaStrategy is a Lua script as the core sees it.
type luaStrategy struct {
	vm       *script.VM
	modules  []bindings.Module
	seed     uint64
	params   map[string]string
	path     string
	version  int
	universe *exchange.Universe
	supply   supply
	limits   script.Limits
	watchdog *script.Watchdog
	probe    script.Probe
	raised   func(script.Raise)
}

var _ std.Env = (*core.Port)(nil) // scripts see the core's port itself

// newScript starts a script. program may be what was compiled already.
func newScript(c *strategyConfig, modules []bindings.Module, seed uint64, u *exchange.Universe, program any) (core.Strategy, error) {
	p, ok := program.(*script.Program)
	if !ok {
		var err error
		if p, err = script.Compile(c.Sources); err != nil {
			return nil, &ScriptError{c.Path, err}
		}
	}
	s := &luaStrategy{modules: modules, seed: seed, params: c.Params, path: c.Path, version: 1, universe: u,
		limits: script.Limits{MemoryBytes: c.Memory, Instructions: c.Instructions, StringBytes: c.StringBytes, StateBytes: c.StateBytes}, watchdog: c.watchdog, probe: c.probe, raised: c.raised}
	vm, err := s.start(p, c.State)
	if err != nil {
		return nil, &ScriptError{c.Path, err}
	}
	s.vm = vm
	return s, nil
}

// start makes a VM of a program, with the state that an earlier run left.
func (s *luaStrategy) start(p *script.Program, saved string) (*script.VM, error) {
	vm, err := script.New(script.Options{Program: p, Modules: s.modules, Params: anyValues(s.params), Seed: s.seed,
		Limits: s.limits, Watchdog: s.watchdog, Probe: s.probe, Raised: s.raised})
	if err != nil {
		return nil, err
	}
	if _, err := vm.Instruments(s.universe); err != nil {
		vm.Close()
		return nil, err
	}
	if saved != "" {
		if err := vm.SetState([]byte(saved)); err != nil {
			vm.Close()
			return nil, fmt.Errorf("%s: state of the last run: %w", p.Path(), err)
		}
	}
	return vm, nil
}

func anyValues(m map[string]string) map[string]any {
	out := make(map[string]any, len(m))
	for _, k := range sortedKeys(m) {
		out[k] = m[k]
	}
	return out
}

// Name implements core.Strategy.
func (s *luaStrategy) Name() string { return s.vm.Name() }

// Subscriptions implements core.Strategy.
func (s *luaStrategy) Subscriptions() []string { return s.vm.Subscriptions() }

// Wants implements core.Strategy.
func (s *luaStrategy) Wants(h core.Handler) bool { return s.vm.Wants(h) }

// Call implements core.Strategy.
func (s *luaStrategy) Call(p *core.Port, n *core.Callback) error { return s.vm.Call(p, n) }

// State implements core.Strategy.
func (s *luaStrategy) State() ([]byte, error) { return s.vm.State() }

// Parameters are those that the running version declares, with their values.
func (s *luaStrategy) Parameters() []script.Param { return s.vm.Params() }

// Evaluate implements core.Evaluator.
func (s *luaStrategy) Evaluate(p *core.Port, code string, write bool) (core.Evaluation, error) {
	run := s.vm.Look
	if write {
		run = s.vm.Evaluate
	}
	values, err := run(p, code)
	return core.Evaluation{Values: values}, err
}

// Reload implements core.Strategy: a fresh VM takes the state over, and runs
// on_reload before it counts.
func (s *luaStrategy) Reload(port *core.Port, r *exchange.Reload) (core.Strategy, error) {
	p, ok := r.Compiled.(*script.Program)
	if !ok {
		var err error
		if p, err = script.Compile(r.Sources); err != nil {
			return nil, err
		}
	}
	vm, err := script.Reload(port, s.vm, p)
	if err != nil {
		return nil, err
	}
	if vm.Name() != s.vm.Name() {
		vm.Close()
		return nil, fmt.Errorf("%s: the strategy's name changed from %q to %q: its orders and state are filed under the name, so start a new run for it",
			p.Path(), s.vm.Name(), vm.Name())
	}
	if unknown := vm.UnknownNames(); len(unknown) > 0 {
		vm.Close()
		return nil, unknown[0]
	}
	if err := s.supplied(vm); err != nil {
		vm.Close()
		return nil, err
	}
	fresh := *s
	fresh.vm, fresh.version = vm, s.version+1
	return &fresh, nil
}

// Configure implements core.Configurable: the same version runs on with other
// parameters.
func (s *luaStrategy) Configure(port *core.Port, values map[string]string) (core.Strategy, error) {
	params := maps.Clone(s.params)
	if params == nil {
		params = map[string]string{}
	}
	declared := s.vm.Params()
	for _, name := range sortedKeys(values) {
		at := slices.IndexFunc(declared, func(p script.Param) bool { return p.Name == name })
		if at < 0 {
			return nil, fmt.Errorf("parameter %q: %s has none of that name%s", name, s.Name(), didYouMean(name, declared))
		}
		if err := declared[at].Check(values[name]); err != nil {
			return nil, fmt.Errorf("parameter %s of %s: %w", name, s.Name(), err)
		}
		params[name] = values[name]
	}
	vm, err := script.Configure(port, s.vm, anyValues(params))
	if err != nil {
		return nil, err
	}
	if err := s.supplied(vm); err != nil {
		vm.Close()
		return nil, err
	}
	fresh := *s
	fresh.vm, fresh.params = vm, params
	return &fresh, nil
}

func didYouMean(name string, declared []script.Param) string {
	var names []string
	for _, p := range declared {
		names = append(names, p.Name)
	}
	return bindings.DidYouMean(name, names)
}

// Restart implements core.Strategy: a VM that was killed is replaced by a fresh
// one of the same version, as if it had been reloaded.
func (s *luaStrategy) Restart(port *core.Port) (core.Strategy, error) {
	if s.vm.Poisoned() == nil {
		return nil, nil
	}
	vm, err := script.Reload(port, s.vm, s.vm.Program())
	if err != nil {
		return nil, err
	}
	fresh := *s
	fresh.vm = vm
	return &fresh, nil
}

// Interrupt ends the running version as the watchdog did when the session was
// recorded.
func (s *luaStrategy) Interrupt() { s.vm.Expire() }

// Cure implements core.Curable.
func (s *luaStrategy) Cure() string { return "save a mended script to go on" }

// Close implements core.Strategy.
func (s *luaStrategy) Close() { s.vm.Close() }

// loaded is a script that was read, compiled and tried once.
type loaded struct {
	path    string
	name    string
	program *script.Program
	params  []script.Param
	unknown []error // names that nothing defines
}

// loadScripts reads the scripts and checks that each of them loads.
func loadScripts(paths []string, modules []bindings.Module) ([]loaded, error) {
	var out []loaded
	for _, path := range paths {
		l, err := loadScript(path, modules)
		if err != nil {
			return nil, &ScriptError{path, err}
		}
		if len(l.unknown) > 0 {
			// Lua would fail on it when it gets there, which may be at the exit.
			return nil, &ScriptError{path, l.unknown[0]}
		}
		for _, other := range out {
			if other.name == l.name {
				return nil, &ScriptError{path, fmt.Errorf("%s: the strategy is called %q, like the one in %s: orders and state are filed under the name", path, l.name, other.path)}
			}
		}
		out = append(out, *l)
	}
	return out, nil
}

func loadScript(path string, modules []bindings.Module) (*loaded, error) {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil, fmt.Errorf("load %s: it is a directory: want a script, such as %s", path, filepath.Join(path, "*.lua"))
	}
	if strings.HasSuffix(path, script.TestSuffix) {
		return nil, fmt.Errorf("load %s: it holds tests, and no strategy: perilune test runs it", path)
	}
	sources, err := script.Load(path)
	if err != nil {
		return nil, beside(path, err)
	}
	p, err := script.Compile(sources)
	if err != nil {
		return nil, beside(path, err)
	}
	vm, err := script.New(script.Options{Program: p, Modules: modules})
	if err != nil {
		return nil, beside(path, err)
	}
	defer vm.Close()
	l := &loaded{path: path, name: vm.Name(), program: p, params: vm.Params()}
	for _, e := range vm.UnknownNames() {
		l.unknown = append(l.unknown, beside(path, e))
	}
	return l, nil
}

// beside is an error of a script with its file named as the user would, from where the
// program runs: sources are named from the script's directory.
func beside(path string, err error) error {
	var e *script.Error
	if !errors.As(err, &e) || error(e) != err || e.File == "" {
		return err
	}
	named := *e
	named.File = filepath.Join(filepath.Dir(path), filepath.FromSlash(e.File))
	return &named
}

func compiled(list []loaded) []any {
	var out []any
	for i := range list {
		out = append(out, list[i].program)
	}
	return out
}

// files lists where a program's sources are.
func files(path string, p *script.Program) []string {
	var out []string
	for _, s := range p.Sources() {
		out = append(out, filepath.Join(filepath.Dir(path), filepath.FromSlash(s.Path)))
	}
	return out
}

// VM is what runs the script: a debugger looks into it while it stands.
func (s *luaStrategy) VM() *script.VM { return s.vm }
