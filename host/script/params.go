package script

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"sort"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
)

// Param is a parameter a strategy declares, and its value.
type Param struct {
	Name    string
	Type    string // number, integer, string, boolean, choice or list
	Value   any    // float64, string, bool, or []any of float64 or string
	Default any
	// Min and Max bound a number's value or a list's length; nil: no bound.
	Min, Max *float64
	Choices  []string
	Unit     string
	Doc      string
}

// maxParams is how many parameters a strategy may have: they are shown, checked
// and recorded by name.
const maxParams = 256

var paramTypes = []string{"number", "integer", "string", "boolean", "choice", "list"}

// readParams reads the declarations and applies the overrides.
func (vm *VM) readParams(t *lua.LTable) error {
	declared, err := declarations(t.RawGetString("params"))
	if err != nil {
		return err
	}
	var names []string
	values := make([]bindings.Param, len(declared))
	for i := range declared {
		p := &declared[i]
		names = append(names, p.Name)
		p.Value = p.Default
		if over, ok := vm.opts.Params[p.Name]; ok {
			if p.Value, err = p.accept(over); err != nil {
				return fmt.Errorf("parameter %s: %w", p.Name, err)
			}
		}
		values[i] = bindings.Param{Name: p.Name, Value: p.Value}
	}
	if unknown := unknownNames(vm.opts.Params, names); len(unknown) > 0 && !vm.opts.dropUnknown {
		return fmt.Errorf("the strategy has no parameter %q%s", unknown[0], bindings.DidYouMean(unknown[0], names))
	}
	vm.strategy.params = declared
	vm.rt.SetParams(values)
	return nil
}

func unknownNames(overrides map[string]any, names []string) []string {
	var unknown []string
	for name := range overrides {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	sort.Strings(unknown)
	return unknown
}

// declarations reads the params table, sorted by name.
func declarations(v lua.LValue) ([]Param, error) {
	if v == lua.LNil {
		return nil, nil
	}
	t, ok := v.(*lua.LTable)
	if !ok {
		return nil, fmt.Errorf("params: want a table, got %s", bindings.Describe(v))
	}
	var out []Param
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		name, ok := k.(lua.LString)
		if !ok || !moduleNames.MatchString(string(name)) || strings.Contains(string(name), ".") {
			return nil, fmt.Errorf("params: %s is not a name", bindings.Describe(k))
		}
		decl, ok := v.(*lua.LTable)
		if !ok {
			return nil, fmt.Errorf("params.%s: want a table such as {type = \"number\", default = 1}, got %s", name, bindings.Describe(v))
		}
		p, err := declaration(string(name), decl)
		if err != nil {
			return nil, fmt.Errorf("params.%s: %w", name, err)
		}
		if out = append(out, p); len(out) > maxParams {
			return nil, fmt.Errorf("params: a strategy may declare at most %d", maxParams)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out, nil
}

func declaration(name string, t *lua.LTable) (Param, error) {
	p := Param{Name: name}
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		key, ok := k.(lua.LString)
		if !ok {
			return p, fmt.Errorf("unknown key %s", bindings.Describe(k))
		}
		if err := checkKey(string(key), &bindings.ParamType, "unknown key"); err != nil {
			return p, err
		}
		if err := p.set(string(key), v); err != nil {
			return p, fmt.Errorf("%s: %w", key, err)
		}
	}
	if p.Type == "" {
		p.Type = p.impliedType()
	}
	return p, p.complete()
}

// impliedType is the type of the default, for a declaration that names none.
func (p *Param) impliedType() string {
	switch p.Default.(type) {
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "list"
	case string:
		if len(p.Choices) > 0 {
			return "choice"
		}
		return "string"
	}
	return ""
}

// set takes one key of a declaration.
func (p *Param) set(key string, v lua.LValue) error {
	text := map[string]*string{"type": &p.Type, "unit": &p.Unit, "doc": &p.Doc}
	bound := map[string]**float64{"min": &p.Min, "max": &p.Max}
	switch {
	case text[key] != nil:
		s, ok := v.(lua.LString)
		if !ok {
			return fmt.Errorf("want a string, got %s", bindings.Describe(v))
		}
		*text[key] = string(s)
	case bound[key] != nil:
		n, ok := v.(lua.LNumber)
		if !ok || math.IsNaN(float64(n)) {
			return fmt.Errorf("want a number, got %s", bindings.Describe(v))
		}
		f := float64(n)
		*bound[key] = &f
	case key == "choices":
		list, ok := fromLua(v).([]any)
		if !ok {
			return fmt.Errorf("want a list of strings, got %s", bindings.Describe(v))
		}
		for _, c := range list {
			p.Choices = append(p.Choices, fmt.Sprint(c))
		}
	case key == "default":
		if p.Default = fromLua(v); p.Default == nil {
			return fmt.Errorf("want a number, string, boolean or list, got %s", bindings.Describe(v))
		}
	}
	return nil
}

// complete checks a declaration as a whole.
func (p *Param) complete() error {
	if !slices.Contains(paramTypes, p.Type) {
		return fmt.Errorf("type: want one of %s, got %q%s", strings.Join(paramTypes, ", "), p.Type, bindings.DidYouMean(p.Type, paramTypes))
	}
	if p.Default == nil {
		return fmt.Errorf("default is missing")
	}
	if p.Type == "list" {
		for _, b := range []*float64{p.Min, p.Max} {
			if b != nil && !(*b >= 0 && *b == math.Trunc(*b)) {
				return fmt.Errorf("min and max of a list are of its length, and not of its elements: want a whole number from 0, got %v", *b)
			}
		}
	}
	if (p.Type == "choice") != (p.Choices != nil) {
		return fmt.Errorf("choices go with type \"choice\", and only with it")
	}
	v, err := p.accept(p.Default)
	if err != nil {
		return fmt.Errorf("default: %w", err)
	}
	p.Default = v
	return nil
}

// Check says what is wrong with a value, which may be text, for the parameter.
func (p *Param) Check(v any) error {
	_, err := p.accept(v)
	return err
}

// accept converts a value to the parameter's type and checks its bounds. Text,
// as it comes from a command line, is parsed.
func (p *Param) accept(v any) (any, error) {
	switch p.Type {
	case "number", "integer":
		return p.acceptNumber(v)
	case "boolean":
		return acceptBool(v)
	case "list":
		return p.acceptList(v)
	}
	s, ok := v.(string)
	if !ok {
		return nil, fmt.Errorf("want a string, got %v", v)
	}
	if p.Type == "choice" && !slices.Contains(p.Choices, s) {
		return nil, fmt.Errorf("want one of %s, got %q%s", strings.Join(p.Choices, ", "), s, bindings.DidYouMean(s, p.Choices))
	}
	return s, nil
}

func (p *Param) acceptNumber(v any) (any, error) {
	f, ok := toFloat(v)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("want a finite number, got %v", v)
	}
	if p.Type == "integer" && (f != math.Trunc(f) || math.Abs(f) > 1<<53) {
		return nil, fmt.Errorf("want a whole number, got %v", v)
	}
	return f, p.within(f, "%v")
}

func (p *Param) within(f float64, format string) error {
	if p.Min != nil && f < *p.Min {
		return fmt.Errorf("want at least %v, got "+format, *p.Min, f)
	}
	if p.Max != nil && f > *p.Max {
		return fmt.Errorf("want at most %v, got "+format, *p.Max, f)
	}
	return nil
}

func toFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int:
		return float64(v), true
	case int64:
		return float64(v), true
	case string:
		f, err := strconv.ParseFloat(strings.TrimSpace(v), 64)
		return f, err == nil
	}
	return 0, false
}

func acceptBool(v any) (any, error) {
	switch v := v.(type) {
	case bool:
		return v, nil
	case string:
		if b, err := strconv.ParseBool(v); err == nil {
			return b, nil
		}
	}
	return nil, fmt.Errorf("want true or false, got %v", v)
}

// acceptList takes a list of numbers or of strings; text is JSON when it begins with
// a bracket, else it is split at commas. The kind of the elements is that of the
// default's first one.
func (p *Param) acceptList(v any) (any, error) {
	var list []any
	switch v := v.(type) {
	case []any:
		list = v
	case []string:
		for _, s := range v {
			list = append(list, s)
		}
	case string:
		var err error
		if list, err = splitList(v); err != nil {
			return nil, err
		}
	default:
		return nil, fmt.Errorf("want a list, got %v", v)
	}
	out := make([]any, len(list))
	for i, e := range list {
		c, err := p.element(e)
		if err != nil {
			return nil, fmt.Errorf("element %d: %w", i+1, err)
		}
		out[i] = c
	}
	return out, p.within(float64(len(out)), "%v elements")
}

// splitList reads a list from text.
func splitList(text string) (list []any, err error) {
	if strings.HasPrefix(strings.TrimSpace(text), "[") {
		if err := json.Unmarshal([]byte(text), &list); err != nil {
			return nil, fmt.Errorf("list %s: want a,b or [\"a\",\"b\"]: %w", text, err)
		}
		return list, nil
	}
	if strings.HasPrefix(strings.TrimSpace(text), "{") { // of a table with names, in JSON
		return nil, fmt.Errorf("want a list, as a,b or [\"a\",\"b\"], got %s", text)
	}
	for _, s := range strings.Split(text, ",") {
		if s = strings.TrimSpace(s); s != "" {
			list = append(list, s)
		}
	}
	return list, nil
}

func (p *Param) element(e any) (any, error) {
	like, _ := p.Default.([]any)
	if len(like) > 0 {
		if _, numeric := like[0].(float64); numeric {
			return (&Param{Type: "number"}).accept(e)
		}
	}
	if f, ok := e.(float64); ok && len(like) == 0 {
		return f, nil
	}
	return (&Param{Type: "string"}).accept(e)
}

// fromLua converts a scalar or a flat list of scalars; nil for anything else.
func fromLua(v lua.LValue) any {
	t, ok := v.(*lua.LTable)
	if !ok {
		return scalar(v)
	}
	list := []any{}
	for i := 1; i <= listLen(t); i++ {
		e := scalar(t.RawGetInt(i))
		if e == nil {
			return nil
		}
		list = append(list, e)
	}
	return list
}

func scalar(v lua.LValue) any {
	switch v := v.(type) {
	case lua.LNumber:
		return float64(v)
	case lua.LString:
		return string(v)
	case lua.LBool:
		return bool(v)
	}
	return nil
}
