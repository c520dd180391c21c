package script

import (
	"fmt"
	"slices"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/bars"
	"github.com/perilune/perilune/host/core"
)

// readWarmUp reads how many bars the strategy needs before it opens anything: a number, of
// the first length of bars, or one for each length.
func (vm *VM) readWarmUp(t *lua.LTable) error {
	v := t.RawGetString("warmup")
	if fn, ok := v.(*lua.LFunction); ok {
		ret, err := vm.call(fn, 1, vm.globals.RawGetString("params"))
		if err != nil {
			return err
		}
		v = ret
	}
	needs, err := vm.strategy.barNeeds(v)
	if err != nil {
		src := vm.program.sources[0]
		e := &Error{File: src.Path, Line: declaredAt(src, "warmup"), Message: err.Error()}
		return e.at(vm.program.sources)
	}
	vm.strategy.warmup = needs
	return nil
}

func (s *strategy) barNeeds(v lua.LValue) (out []core.BarNeed, err error) {
	const form = "want a number of bars, or one for each length, such as { [\"1h\"] = 200 }"
	switch v := v.(type) {
	case *lua.LNilType:
		return nil, nil
	case lua.LNumber:
		n, err := barCount(v)
		if err != nil || n == 0 {
			return nil, err
		}
		need := core.BarNeed{Bars: n}
		if len(s.bars) > 0 {
			need.Length = s.bars[0]
		}
		return []core.BarNeed{need}, nil
	case *lua.LTable:
		for k, x := v.Next(lua.LNil); k != lua.LNil; k, x = v.Next(k) {
			text, ok := k.(lua.LString)
			if !ok {
				return nil, fmt.Errorf("warmup: %s, got the key %s", form, bindings.Describe(k))
			}
			need := core.BarNeed{}
			if need.Length, err = exchange.ParseBarLength(string(text)); err != nil {
				return nil, fmt.Errorf("warmup: %w", err)
			}
			if !slices.Contains(s.bars, need.Length) {
				return nil, fmt.Errorf("warmup: bars of %s are not asked for: add %q to M.bars", text, string(text))
			}
			if need.Bars, err = barCount(x); err != nil {
				return nil, err
			}
			out = append(out, need)
		}
		slices.SortFunc(out, func(a, b core.BarNeed) int { return int(a.Length/exchange.Second - b.Length/exchange.Second) })
		return out, nil
	}
	return nil, fmt.Errorf("warmup: %s, got %s", form, bindings.Describe(v))
}

// barCount is bounded by how many bars are kept.
func barCount(v lua.LValue) (int, error) {
	n, ok := v.(lua.LNumber)
	if !ok || n < 0 || n > bars.Keep || n != lua.LNumber(int(n)) {
		return 0, fmt.Errorf("warmup: want a whole number of bars up to %d, which is how many are kept, got %s", bars.Keep, bindings.Describe(v))
	}
	return int(n), nil
}

// WarmUp is what the strategy needs before it opens anything.
func (vm *VM) WarmUp() []core.BarNeed { return vm.strategy.warmup }
