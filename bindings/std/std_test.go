package std_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/bindings/std"
)

var update = flag.Bool("update", false, "rewrite scripts/types")

const typesDir = "../../scripts/types"

// TestStubsAreFresh keeps the editor annotations equal to the specifications.
func TestStubsAreFresh(t *testing.T) {
	stubs := bindings.Stubs(std.Modules())
	if *update {
		writeStubs(t, stubs)
	}
	known := make(map[string]bool)
	for _, s := range stubs {
		known[s.Name] = true
		got, err := os.ReadFile(filepath.Join(typesDir, s.Name))
		if err != nil || string(got) != s.Text {
			t.Errorf("%s is not what the specifications say (%v): run go test ./bindings/std -update", s.Name, err)
		}
	}
	files, err := filepath.Glob(filepath.Join(typesDir, "*.lua"))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if base := filepath.Base(f); !known[base] && base != "testing.lua" { // that is of package host/trial
			t.Errorf("%s belongs to no module", f)
		}
	}
}

func writeStubs(t *testing.T, stubs []bindings.Stub) {
	if err := os.MkdirAll(typesDir, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, s := range stubs {
		if err := os.WriteFile(filepath.Join(typesDir, s.Name), []byte(s.Text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestSpecsAreComplete demands of every function what its callers will look for.
func TestSpecsAreComplete(t *testing.T) {
	for _, m := range std.Modules() {
		if m.Doc == "" {
			t.Errorf("%s has no documentation", m.Name)
		}
		for _, f := range m.Funcs {
			checkSpec(t, m.Name+"."+f.Name, f)
		}
		for _, typ := range m.Types {
			for _, f := range typ.Methods {
				checkSpec(t, typ.Name+":"+f.Name, f)
			}
		}
	}
}

func checkSpec(t *testing.T, name string, f bindings.Func) {
	if !strings.HasSuffix(f.Doc, ".") {
		t.Errorf("%s: the documentation %q is not a sentence", name, f.Doc)
	}
	if f.Call == nil {
		t.Errorf("%s has no implementation", name)
	}
	for _, a := range append(f.Args, f.Returns...) {
		if a.Name == "" || a.Type == "" {
			t.Errorf("%s: argument or result %+v lacks a name or a type", name, a)
		}
	}
}

// The page of the API has every function, handler and field.
func TestTheReferenceIsWhole(t *testing.T) {
	page := bindings.Reference(std.Modules())
	want := func(text string) {
		if !strings.Contains(page, text) {
			t.Errorf("the reference has no %q", text)
		}
	}
	for _, h := range bindings.Handlers() {
		want("`" + h.Name + "(")
	}
	for _, m := range std.Modules() {
		want("## " + m.Name + "\n")
		for _, f := range m.Funcs {
			want("### " + m.Name + "." + f.Name + "(")
		}
		for _, typ := range m.Types {
			want("### " + typ.Name + "\n")
			for _, f := range typ.Methods {
				want("### " + typ.Name + ":" + f.Name + "(")
			}
		}
	}
}
