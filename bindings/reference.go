package bindings

import (
	"fmt"
	"strings"
)

// Reference renders all that a strategy can define and call as one page of Markdown, from
// the specifications that check its calls.
func Reference(modules []Module) string {
	var b strings.Builder
	b.WriteString("# Lua API\n\nWhat a strategy file returns, the functions that it may define, and the modules that it finds.\n" +
		"Numbers are float64 unless a type says otherwise; amounts may be given as numbers, as text, or as decimals of `num`.\n" +
		"An argument of the wrong type raises an error with file and line.\n\n")
	b.WriteString("## The strategy table\n\n")
	t := StrategyType
	t.page(&b)
	ParamType.page(&b)
	b.WriteString("## Handlers\n\n")
	for _, h := range Handlers() {
		fmt.Fprintf(&b, "- `%s(%s)`: %s\n", h.Name, signature(h.Args), h.Doc)
		for _, a := range h.Args {
			if a.Doc != "" {
				fmt.Fprintf(&b, "  - `%s`: %s\n", a.Name, a.Doc)
			}
		}
	}
	b.WriteByte('\n')
	for _, shape := range []*Type{&FillType, &PaymentType} {
		shape.page(&b)
	}
	for i := range modules {
		m := &modules[i]
		fmt.Fprintf(&b, "## %s\n\n%s\n\n", m.Name, m.Doc)
		for j := range m.Funcs {
			m.Funcs[j].page(&b, m.Name+".")
		}
		for j := range m.Types {
			m.Types[j].page(&b)
		}
	}
	return b.String()
}

func (t *Type) page(b *strings.Builder) {
	fmt.Fprintf(b, "### %s\n\n%s\n\n", t.Name, t.Doc)
	for _, f := range t.Fields {
		fmt.Fprintf(b, "- `%s`%s\n", f.Name, described(f))
	}
	if len(t.Fields) > 0 {
		b.WriteByte('\n')
	}
	for i := range t.Methods {
		t.Methods[i].page(b, t.Name+":")
	}
}

func (s *Spec) page(b *strings.Builder, prefix string) {
	fmt.Fprintf(b, "### %s%s(%s)", prefix, s.Name, signature(s.Args))
	for i, r := range s.Returns {
		fmt.Fprintf(b, "%s%s", map[bool]string{true: " → ", false: ", "}[i == 0], r.Name)
	}
	fmt.Fprintf(b, "\n\n%s\n\n", s.Doc)
	for _, a := range s.Args {
		fmt.Fprintf(b, "- `%s`%s\n", a.Name, described(a))
	}
	for _, r := range s.Returns {
		fmt.Fprintf(b, "- returns `%s`%s\n", r.Name, described(r))
	}
	if len(s.Args)+len(s.Returns) > 0 {
		b.WriteByte('\n')
	}
	if s.Example != "" {
		fmt.Fprintf(b, "```lua\n%s\n```\n\n", s.Example)
	}
}

// described is the type of a value, its unit and what it is.
func described(v Value) string {
	s := ": " + v.Type + optional(v.Optional)
	if v.Unit != "" {
		s += " [" + v.Unit + "]"
	}
	if v.Doc != "" {
		s += ", " + v.Doc
	}
	return s
}

func signature(args []Value) string {
	names := make([]string, len(args))
	for i, a := range args {
		names[i] = a.Name
	}
	return strings.Join(names, ", ")
}
