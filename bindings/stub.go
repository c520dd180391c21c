package bindings

import (
	"fmt"
	"strings"
)

// Stub is a file of type annotations for an editor.
type Stub struct {
	Name string // "market.lua"
	Text string
}

// Stubs renders the type annotations of modules and of the strategy table, in
// the form that lua-language-server reads. Modules that share the first part of
// their name share a file.
func Stubs(modules []Module) []Stub {
	var out []Stub
	for i := range modules {
		m := &modules[i]
		root := splitDots(m.Name)[0]
		if n := len(out); n == 0 || out[n-1].Name != root+".lua" {
			out = append(out, Stub{Name: root + ".lua", Text: stubHeader})
		}
		out[len(out)-1].Text += m.stub()
	}
	return append(out, Stub{Name: "strategy.lua", Text: stubHeader + strategyStub()})
}

const stubHeader = "---@meta\n-- Generated from the specifications in bindings/; run go test ./bindings/std -update to renew it.\n\n"

// Annotations renders one module of whoever, as a file of its own.
func (m *Module) Annotations() Stub {
	return Stub{Name: splitDots(m.Name)[0] + ".lua", Text: "---@meta\n\n" + m.stub()}
}

func (m *Module) stub() string {
	var b strings.Builder
	prefix := ""
	if m.Name != "" {
		comment(&b, m.Doc)
		prefix = m.Name + "."
		fmt.Fprintf(&b, "---@class %slib\n", strings.ReplaceAll(m.Name, ".", "_"))
		if m.Call != nil {
			fmt.Fprintf(&b, "---@overload %s\n", handlerType(m.Call.Spec))
		}
		fmt.Fprintf(&b, "%s = {}\n\n", m.Name)
	}
	for i := range m.Funcs {
		funcStub(&b, prefix, &m.Funcs[i].Spec)
	}
	for i := range m.Types {
		m.Types[i].stub(&b)
	}
	return b.String()
}

func (t *Type) stub(b *strings.Builder) {
	comment(b, t.Doc)
	fmt.Fprintf(b, "---@class %s\n", t.Name)
	for _, f := range t.Fields {
		fieldStub(b, f)
	}
	if len(t.Methods) == 0 {
		b.WriteByte('\n')
		return
	}
	fmt.Fprintf(b, "local %s = {}\n\n", t.Name)
	for i := range t.Methods {
		funcStub(b, t.Name+":", &t.Methods[i].Spec)
	}
}

func fieldStub(b *strings.Builder, f Value) {
	fmt.Fprintf(b, "---@field %s%s %s%s\n", f.Name, optional(f.Optional), f.Type, note(f))
}

// funcStub writes a function under a prefix such as "market." or "Book:".
func funcStub(b *strings.Builder, prefix string, s *Spec) {
	comment(b, s.Doc)
	if s.Example != "" {
		b.WriteString("---\n---```lua\n")
		comment(b, s.Example)
		b.WriteString("---```\n")
	}
	names := make([]string, len(s.Args))
	for i, a := range s.Args {
		names[i] = a.Name
		fmt.Fprintf(b, "---@param %s%s %s%s\n", a.Name, optional(a.Optional), a.Type, note(a))
	}
	for _, r := range s.Returns {
		fmt.Fprintf(b, "---@return %s %s%s\n", r.Type, r.Name, note(r))
	}
	fmt.Fprintf(b, "function %s%s(%s) end\n\n", prefix, s.Name, strings.Join(names, ", "))
}

func optional(yes bool) string {
	if yes {
		return "?"
	}
	return ""
}

// note words unit and documentation behind a type.
func note(v Value) string {
	var parts []string
	if v.Unit != "" {
		parts = append(parts, "["+v.Unit+"]")
	}
	if v.Doc != "" {
		parts = append(parts, v.Doc)
	}
	if len(parts) == 0 {
		return ""
	}
	return " # " + strings.Join(parts, " ")
}

func comment(b *strings.Builder, text string) {
	for _, line := range strings.Split(text, "\n") {
		fmt.Fprintf(b, "---%s\n", line)
	}
}

// strategyStub describes the table a file returns, with its handlers as fields.
func strategyStub() string {
	var b strings.Builder
	t := StrategyType
	t.Fields = append([]Value{}, t.Fields...)
	for _, h := range Handlers() {
		t.Fields = append(t.Fields, Value{Name: h.Name, Type: handlerType(h), Doc: h.Doc, Optional: true})
	}
	for _, shape := range []*Type{&t, &ParamType, &FillType, &PaymentType} {
		shape.stub(&b)
	}
	return b.String()
}

func handlerType(h Spec) string {
	args := make([]string, len(h.Args))
	for i, a := range h.Args {
		args[i] = a.Name + ": " + a.Type
	}
	return "fun(" + strings.Join(args, ", ") + ")"
}
