package script

import (
	"fmt"
	"path"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// strategy is what the returned table declares.
type strategy struct {
	name      string
	version   int
	doc       string
	params    []Param
	subscribe []string
	bars      []exchange.Time
	warmup    []core.BarNeed
}

var strategyNames = regexp.MustCompile(`^[a-z0-9_-]{1,32}$`)

// readStrategy checks the table a chunk returned. Parameters come before
// subscriptions, which may depend on them.
func (vm *VM) readStrategy(v lua.LValue) *Error {
	t, ok := v.(*lua.LTable)
	if !ok {
		return &Error{Message: fmt.Sprintf("the file must return a table with a name and handlers; it returned %s", bindings.Describe(v)), Cause: ErrNotReady}
	}
	if err := vm.readHandlers(t); err != nil {
		return err
	}
	steps := []func(*lua.LTable) error{vm.strategy.readName, vm.readParams, vm.readSubscribe, vm.readBars, vm.readWarmUp}
	for _, step := range steps {
		if err := step(t); err != nil {
			return asError(err)
		}
	}
	return nil
}

func asError(err error) *Error {
	if e, ok := err.(*Error); ok {
		return e
	}
	return &Error{Message: err.Error()}
}

// readHandlers takes the handlers and refuses keys that mean nothing.
func (vm *VM) readHandlers(t *lua.LTable) *Error {
	count := 0
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		name, ok := k.(lua.LString)
		if !ok {
			return &Error{Message: fmt.Sprintf("the strategy's table has the key %s: its keys are words", bindings.Describe(k))}
		}
		h, known, err := handlerOf(string(name))
		if err != nil {
			return &Error{Message: err.Error()}
		}
		if !known {
			if err := checkKey(string(name), &bindings.StrategyType, "the strategy's table has an unknown key"); err != nil {
				return &Error{Message: err.Error()}
			}
			continue
		}
		fn, ok := v.(*lua.LFunction)
		if !ok {
			return &Error{Message: fmt.Sprintf("%s: want a function, got %s", name, bindings.Describe(v))}
		}
		vm.handlers[h] = fn
		count++
	}
	if count == 0 {
		return &Error{Message: "the strategy defines no handler, such as on_book or on_timer", Cause: ErrNotReady}
	}
	return nil
}

// checkKey reports a key that a declared table shape does not have.
func checkKey(key string, shape *bindings.Type, what string) error {
	var names []string
	for _, f := range shape.Fields {
		if f.Name == key {
			return nil
		}
		names = append(names, f.Name)
	}
	known := strings.Join(names, ", ")
	if shape == &bindings.StrategyType {
		names = append(names, handlerNames()...)
		known += " and handlers such as on_book"
	}
	hint := bindings.DidYouMean(key, names)
	if hint == "" {
		hint = ": there are " + known
	}
	return fmt.Errorf("%s %q%s", what, key, hint)
}

func (s *strategy) readName(t *lua.LTable) error {
	name, ok := t.RawGetString("name").(lua.LString)
	if !ok || !strategyNames.MatchString(string(name)) {
		return fmt.Errorf("name of the strategy: want 1 to 32 of a-z, 0-9, - and _, got %s", bindings.Describe(t.RawGetString("name")))
	}
	s.name = string(name)
	switch v := t.RawGetString("version").(type) {
	case *lua.LNilType:
	case lua.LNumber:
		if v < 0 || v > 1e9 || v != lua.LNumber(int(v)) {
			return fmt.Errorf("version: want a whole number from 0, got %v", v)
		}
		s.version = int(v)
	default:
		return fmt.Errorf("version: want a whole number, got %s", bindings.Describe(v))
	}
	switch v := t.RawGetString("doc").(type) {
	case *lua.LNilType:
	case lua.LString:
		s.doc = string(v)
	default:
		return fmt.Errorf("doc: want a string, got %s", bindings.Describe(v))
	}
	return nil
}

// readSubscribe reads subscribe, or universe, which is the same.
func (vm *VM) readSubscribe(t *lua.LTable) error {
	key := "subscribe"
	v := t.RawGetString(key)
	if u := t.RawGetString("universe"); u != lua.LNil {
		if v != lua.LNil {
			return fmt.Errorf("subscribe and universe mean the same: give one of them")
		}
		key, v = "universe", u
	}
	if fn, ok := v.(*lua.LFunction); ok {
		ret, err := vm.call(fn, 1, vm.globals.RawGetString("params"))
		if err != nil {
			return err
		}
		v = ret
	}
	if v == lua.LNil {
		return nil
	}
	list, ok := v.(*lua.LTable)
	if !ok {
		return fmt.Errorf("%s: want a list of symbols, or a function that returns one, got %s", key, bindings.Describe(v))
	}
	for i := 1; i <= listLen(list); i++ {
		s, ok := list.RawGetInt(i).(lua.LString)
		if !ok {
			return fmt.Errorf("%s[%d]: want a symbol such as \"usdm:BTCUSDT\", got %s", key, i, bindings.Describe(list.RawGetInt(i)))
		}
		if err := checkPattern(string(s)); err != nil {
			return fmt.Errorf("%s[%d]: %w", key, i, err)
		}
		vm.strategy.subscribe = append(vm.strategy.subscribe, string(s))
	}
	return nil
}

// checkPattern checks the form of a symbol or glob.
func checkPattern(s string) error {
	venue, rest, ok := strings.Cut(s, ":")
	if !ok || venue == "" || rest == "" {
		return fmt.Errorf("%q is not a symbol: write venue:SYMBOL, for example usdm:BTCUSDT or usdm:*USDT", s)
	}
	if _, err := path.Match(s, ""); err != nil {
		return fmt.Errorf("%q is not a glob: %v", s, err)
	}
	return nil
}

func isGlob(s string) bool { return strings.ContainsAny(s, `*?[\`) }

// mark sets wanted for the instruments that a symbol or glob names.
func mark(u *exchange.Universe, pattern string, wanted []bool) error {
	if !isGlob(pattern) {
		in, err := u.Lookup(pattern)
		if err != nil {
			return err
		}
		wanted[in.ID] = true
		return nil
	}
	if err := u.CheckVenue(pattern); err != nil {
		return err
	}
	found := false
	for _, in := range u.All() {
		if in.Matches(pattern) {
			wanted[in.ID], found = true, true
		}
	}
	if !found {
		return fmt.Errorf("%q fits none of the %d instruments", pattern, u.Len())
	}
	return nil
}
