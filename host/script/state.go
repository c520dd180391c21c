package script

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// maxStateDepth bounds how deep tables in state nest.
const maxStateDepth = 32

// State is stored as canonical JSON: the same state is always the same bytes. A
// table whose keys are 1 to n is an array and any other an object with sorted
// keys. JSON knows only string keys, so a number key is written as # and the
// number, and a string key that begins with # gets one more.

// State returns what the strategy remembers, as canonical JSON. It fails, naming
// the path, for a value that cannot be kept: a function, an object, NaN, a table
// inside itself, text that is not UTF-8. Of a VM that was ended for its memory or
// by the clock it is what State returned last.
func (vm *VM) State() ([]byte, error) {
	if c := vm.budget.cause; c == ErrMemory || c == ErrInterrupted {
		return vm.kept, nil // what it has now depends on a clock, or is too much
	}
	t, ok := vm.globals.RawGetString("state").(*lua.LTable)
	if !ok {
		return nil, &Error{File: vm.program.Path(), Message: fmt.Sprintf("state: want a table, got %s", bindings.Describe(vm.globals.RawGetString("state")))}
	}
	e := encoder{most: vm.limits.StateBytes}
	if err := e.value("state", t); err != nil {
		return nil, &Error{File: vm.program.Path(), Message: err.Error()}
	}
	vm.kept = e.buf
	return e.buf, nil
}

// SetState replaces what the strategy remembers. An empty or nil argument clears
// it. On an error nothing has changed.
func (vm *VM) SetState(data []byte) error {
	if len(data) == 0 {
		data = []byte("{}")
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	var v any
	if err := dec.Decode(&v); err != nil {
		return fmt.Errorf("state of %s: %w", vm.Name(), err)
	}
	t, err := stateValue(vm.L, v)
	if err != nil {
		return fmt.Errorf("state of %s: %w", vm.Name(), err)
	}
	fresh, ok := t.(*lua.LTable)
	if !ok {
		return fmt.Errorf("state of %s: want an object, got %s", vm.Name(), data)
	}
	vm.refill(fresh)
	vm.kept = slices.Clone(data)
	return nil
}

// refill puts the fields of fresh into the state table that the script may
// already hold a reference to.
func (vm *VM) refill(fresh *lua.LTable) {
	old, ok := vm.globals.RawGetString("state").(*lua.LTable)
	if !ok {
		vm.globals.RawSetString("state", fresh)
		return
	}
	var keys []lua.LValue
	for k, _ := old.Next(lua.LNil); k != lua.LNil; k, _ = old.Next(k) {
		keys = append(keys, k)
	}
	for _, k := range keys {
		old.RawSet(k, lua.LNil)
	}
	for k, v := fresh.Next(lua.LNil); k != lua.LNil; k, v = fresh.Next(k) {
		old.RawSet(k, v)
	}
}

type encoder struct {
	buf  []byte
	most int
	open []*lua.LTable // tables being encoded, outermost first
}

func (e *encoder) value(path string, v lua.LValue) error {
	switch v := v.(type) {
	case lua.LBool:
		e.buf = strconv.AppendBool(e.buf, bool(v))
	case lua.LNumber:
		f := float64(v)
		if math.IsNaN(f) || math.IsInf(f, 0) {
			return fmt.Errorf("%s is %v: only finite numbers can be kept", path, f)
		}
		e.buf = strconv.AppendFloat(e.buf, f, 'g', -1, 64)
	case lua.LString:
		return e.text(path, string(v))
	case *lua.LTable:
		return e.table(path, v)
	default:
		return fmt.Errorf("%s is %s: only booleans, numbers, strings and tables can be kept", path, bindings.Describe(v))
	}
	if len(e.buf) > e.most {
		return fmt.Errorf("%s is where state grows beyond %d bytes", path, e.most)
	}
	return nil
}

func (e *encoder) text(path, s string) error {
	if !utf8.ValidString(s) {
		return fmt.Errorf("%s is not valid UTF-8", path)
	}
	if len(e.buf)+len(s) > e.most {
		return fmt.Errorf("%s is where state grows beyond %d bytes", path, e.most)
	}
	quoted, err := json.Marshal(s)
	e.buf = append(e.buf, quoted...)
	return err
}

func (e *encoder) table(path string, t *lua.LTable) error {
	if slices.Contains(e.open, t) {
		return fmt.Errorf("%s is a table that contains itself", path)
	}
	if len(e.open) == maxStateDepth {
		return fmt.Errorf("%s: tables nest more than %d deep", path, maxStateDepth)
	}
	e.open = append(e.open, t)
	defer func() { e.open = e.open[:len(e.open)-1] }()
	if v := viewOf(t); len(v.array)+len(v.dict)+len(v.strdict) > e.most {
		return fmt.Errorf("%s is where state grows beyond %d bytes", path, e.most)
	}
	keys, err := stateKeys(path, t)
	if err != nil {
		return err
	}
	if n := len(keys); n > 0 && n == listLen(t) {
		return e.array(path, t, n)
	}
	return e.object(path, keys)
}

func (e *encoder) array(path string, t *lua.LTable, n int) error {
	e.buf = append(e.buf, '[')
	for i := 1; i <= n; i++ {
		if i > 1 {
			e.buf = append(e.buf, ',')
		}
		if err := e.value(fmt.Sprintf("%s[%d]", path, i), element(t, i)); err != nil {
			return err
		}
	}
	e.buf = append(e.buf, ']')
	return nil
}

// stateKey is a key as it is stored, as a path shows it, and its value.
type stateKey struct {
	stored, shown string
	value         lua.LValue
}

func stateKeys(path string, t *lua.LTable) ([]stateKey, error) {
	var keys []stateKey
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		switch k := k.(type) {
		case lua.LString:
			s := string(k)
			if strings.HasPrefix(s, "#") {
				s = "#" + s
			}
			keys = append(keys, stateKey{s, "." + string(k), v})
		case lua.LNumber:
			s := strconv.FormatFloat(float64(k), 'g', -1, 64)
			keys = append(keys, stateKey{"#" + s, "[" + s + "]", v})
		default:
			return nil, fmt.Errorf("%s has %s as a key: keys are strings or numbers", path, bindings.Describe(k))
		}
	}
	return keys, nil
}

func (e *encoder) object(path string, keys []stateKey) error {
	slices.SortFunc(keys, func(a, b stateKey) int { return strings.Compare(a.stored, b.stored) })
	e.buf = append(e.buf, '{')
	for i, k := range keys {
		if i > 0 {
			e.buf = append(e.buf, ',')
		}
		if err := e.text(path+k.shown, k.stored); err != nil {
			return err
		}
		e.buf = append(e.buf, ':')
		if err := e.value(path+k.shown, k.value); err != nil {
			return err
		}
	}
	e.buf = append(e.buf, '}')
	return nil
}

// stateValue makes Lua values of decoded JSON, objects in the order of their keys.
func stateValue(L *lua.LState, v any) (lua.LValue, error) {
	switch v := v.(type) {
	case bool:
		return lua.LBool(v), nil
	case float64:
		return lua.LNumber(v), nil
	case string:
		return lua.LString(v), nil
	case []any:
		t := L.CreateTable(len(v), 0)
		for i, e := range v {
			lv, err := stateValue(L, e)
			if err != nil {
				return nil, err
			}
			t.RawSetInt(i+1, lv)
		}
		return t, nil
	case map[string]any:
		return stateObject(L, v)
	}
	return nil, fmt.Errorf("%v cannot be restored", v)
}

func stateObject(L *lua.LState, m map[string]any) (lua.LValue, error) {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	t := L.CreateTable(0, len(m))
	for _, k := range keys {
		lv, err := stateValue(L, m[k])
		if err != nil {
			return nil, err
		}
		key, err := decodeKey(k)
		if err != nil {
			return nil, err
		}
		t.RawSet(key, lv)
	}
	return t, nil
}

func decodeKey(k string) (lua.LValue, error) {
	rest, marked := strings.CutPrefix(k, "#")
	if !marked || strings.HasPrefix(rest, "#") {
		return lua.LString(rest), nil
	}
	f, err := strconv.ParseFloat(rest, 64)
	if err != nil {
		return nil, fmt.Errorf("key %q is not a number", k)
	}
	return lua.LNumber(f), nil
}
