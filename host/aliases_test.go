package host

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/core"
)

// namesIn lists the types that a program which uses a type has to be able to name: what its
// methods take and give, and its exported fields.
func namesIn(t reflect.Type, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Array, reflect.Chan, reflect.Map:
		namesIn(t.Elem(), seen)
		if t.Kind() == reflect.Map {
			namesIn(t.Key(), seen)
		}
	case reflect.Func:
		for i := range t.NumIn() {
			namesIn(t.In(i), seen)
		}
		for i := range t.NumOut() {
			namesIn(t.Out(i), seen)
		}
	case reflect.Struct:
		for i := range t.NumField() {
			if f := t.Field(i); f.IsExported() {
				namesIn(f.Type, seen)
			}
		}
	}
}

// A program that has a strategy, a broker or a rule of its own imports host and exchange
// alone: whatever they are handed, and hand back, has a name there.
func TestHostNamesWhatItHandsOut(t *testing.T) {
	const module = "github.com/perilune/perilune/"
	aliases := map[string]bool{}
	list, err := os.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range list {
		if !strings.HasSuffix(e.Name(), ".go") || strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), e.Name(), nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(f, func(n ast.Node) bool {
			if spec, ok := n.(*ast.TypeSpec); ok && spec.Assign.IsValid() && spec.Name.IsExported() {
				if x, ok := spec.Type.(*ast.SelectorExpr); ok {
					aliases[x.X.(*ast.Ident).Name+"."+x.Sel.Name] = true
				}
			}
			return true
		})
	}
	seen := map[reflect.Type]bool{}
	for _, top := range []reflect.Type{reflect.TypeFor[*Port](), reflect.TypeFor[Strategy](), reflect.TypeFor[Broker](), reflect.TypeFor[Rule](), reflect.TypeFor[Source](), reflect.TypeFor[core.Configurable]()} {
		for i := range top.NumMethod() {
			namesIn(top.Method(i).Type, seen)
		}
	}
	for _, top := range []reflect.Type{reflect.TypeFor[Callback](), reflect.TypeFor[AdviceField](), reflect.TypeFor[Module](), reflect.TypeFor[Limits](), reflect.TypeFor[PaperOptions](), reflect.TypeFor[Snapshot]()} {
		namesIn(top, seen)
	}
	n := 0
	for x := range seen {
		path, ok := strings.CutPrefix(x.PkgPath(), module)
		if !ok || path == "exchange" || path == "host" {
			continue
		}
		n++
		if !aliases[x.String()] {
			t.Errorf("%s has no name in host", x)
		}
	}
	if n < 10 {
		t.Errorf("%d types of other packages were found", n)
	}
}
