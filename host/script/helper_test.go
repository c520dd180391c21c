package script_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

// src makes a program's sources from pairs of path and text.
func src(pathsAndTexts ...string) []exchange.Source {
	var out []exchange.Source
	for i := 0; i < len(pathsAndTexts); i += 2 {
		out = append(out, exchange.Source{Path: pathsAndTexts[i], Text: pathsAndTexts[i+1]})
	}
	return out
}

// options compiles sources for New.
func options(tb testing.TB, sources []exchange.Source) script.Options {
	tb.Helper()
	p, err := script.Compile(sources)
	if err != nil {
		tb.Fatal(err)
	}
	return script.Options{Program: p, Modules: std.Modules()}
}

// newVM compiles and loads one file.
func newVM(tb testing.TB, text string) *script.VM {
	tb.Helper()
	vm, err := script.New(options(tb, src("s.lua", text)))
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(vm.Close)
	return vm
}

// handler wraps code into a strategy whose on_start runs it.
func handler(code string) string {
	return "return {name = \"t\", on_start = function()\n" + code + "\nend}"
}

// start runs code as on_start under small limits.
func start(tb testing.TB, code string, limits script.Limits) (*script.VM, *bindtest.Env, error) {
	tb.Helper()
	o := options(tb, src("s.lua", handler(code)))
	o.Limits = limits
	vm, err := script.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(vm.Close)
	env := bindtest.NewEnv()
	return vm, env, vm.Call(env, &core.Callback{Handler: core.OnStart})
}

// must runs code as on_start and fails the test on an error.
func must(tb testing.TB, code string) *bindtest.Env {
	tb.Helper()
	_, env, err := start(tb, code, script.Limits{})
	if err != nil {
		tb.Fatal(err)
	}
	return env
}

// wantError demands an *Error with all of the texts in it.
func wantError(tb testing.TB, err error, texts ...string) *script.Error {
	tb.Helper()
	var e *script.Error
	if !errors.As(err, &e) {
		tb.Fatalf("got %v (%T), want a script error", err, err)
	}
	for _, want := range texts {
		if !strings.Contains(e.Error(), want) {
			tb.Errorf("the error is\n%s\nwithout\n%s", e, want)
		}
	}
	return e
}
