package script_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

const probedText = `local M = { name = "t" }
local function twice(x)
  local y = x * 2
  return y
end
function M.on_start()
  local sum = 0
  for i = 1, 2 do
    sum = sum + twice(i)
  end
  local ok = pcall(function()
    sum = twice(sum)
    error("inside")
  end)
  if ok then
    sum = 0
  elseif sum == 12 then
    sum = require("lib.one")
      .value
  end
  local t = {
    1,
    2,
  }
  local a
  do state.sum = sum end
end
return M
`

// probeRun loads a program and runs its on_start, probed or not.
func probeRun(tb testing.TB, sources []exchange.Source, probe script.Probe) (*script.VM, error) {
	tb.Helper()
	o := options(tb, sources)
	o.Probe = probe
	vm, err := script.New(o)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(vm.Close)
	return vm, vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart})
}

func TestAProbeIsToldOfEveryLine(t *testing.T) {
	var got []string
	vm, err := probeRun(t, src("s.lua", probedText, "lib/one.lua", "return {\n  value = 7,\n}\n"), func(p script.Place) {
		got = append(got, fmt.Sprintf("%d:%d/%d", p.Source, p.Line, p.Depth))
	})
	if err != nil {
		t.Fatal(err)
	}
	if state, _ := vm.State(); string(state) != `{"sum":7}` {
		t.Errorf("the state is %s", state)
	}
	want := []string{"0:1/0", "0:2/0", "0:6/0", "0:28/0", // the chunk
		"0:7/0", "0:8/0", "0:9/0", "0:3/1", "0:4/1", "0:8/0", "0:9/0", "0:3/1", "0:4/1", "0:8/0", // the loop
		"0:11/0", "0:12/1", "0:3/2", "0:4/2", "0:13/1", // the protected call
		"0:15/0", "0:17/0", "0:18/0", "1:1/2", "0:21/0", "0:22/0", "0:23/0", "0:25/0", "0:26/0", "0:27/0"}
	if !slices.Equal(got, want) {
		t.Errorf("told of\n%q, want\n%q", got, want)
	}
	if lines := vm.Program().Lines(0); !slices.Equal(lines, []int{1, 2, 3, 4, 6, 7, 8, 9, 11, 12, 13, 15, 16, 17, 18, 21, 25, 26, 28}) {
		t.Errorf("executable are %v", lines)
	}
	if lines := vm.Program().Lines(1); !slices.Equal(lines, []int{1}) {
		t.Errorf("of the module, executable are %v", lines)
	}
}

// What a probe sees does not change what a program does: it comes to the end of its budget
// at the same instruction, and its errors read the same.
func TestAProbeChangesNothing(t *testing.T) {
	for _, code := range []string{
		"state.n = 0 while true do state.n = state.n + 1 end",
		"pcall(function() while true do end end) state.n = 1",
		"local function deep(n)\nreturn 1 + deep(n + 1) end\ndeep(1)",
		"local t = nil\nstate.n = t.x",
		"state.n = pcall(error, {}) and 1 or 2",
	} {
		sources := src("s.lua", handler(code))
		plain, want := probeRun(t, sources, nil)
		lines := 0
		probed, got := probeRun(t, sources, func(script.Place) { lines++ })
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("%s\nended with %v, without a probe with %v", code, got, want)
		}
		was, err1 := plain.State()
		is, err2 := probed.State()
		if string(is) != string(was) || err1 != nil || err2 != nil || lines == 0 {
			t.Errorf("%s\nleft %s (%v) after %d lines, without a probe %s (%v)", code, is, err2, lines, was, err1)
		}
		if plain.Program().Hash() != probed.Program().Hash() {
			t.Error("the program is another one")
		}
	}
}

// A version that takes over is probed like the one before it.
func TestAProbeFollowsAReload(t *testing.T) {
	var lines []int
	old, err := probeRun(t, src("s.lua", handler("")), func(p script.Place) { lines = append(lines, p.Line) })
	if err != nil {
		t.Fatal(err)
	}
	next, err := script.Compile(src("s.lua", handler("\n\nstate.n = 1")))
	if err != nil {
		t.Fatal(err)
	}
	vm, err := script.Reload(nil, old, next)
	if err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	lines = nil
	if err := vm.Call(bindtest.NewEnv(), &core.Callback{Handler: core.OnStart}); err != nil || !slices.Equal(lines, []int{4, 5}) {
		t.Errorf("told of %v, %v", lines, err)
	}
}

// BenchmarkProbe is a tight loop of short lines, without a probe and with one that counts.
func BenchmarkProbe(b *testing.B) {
	const loop = "local x = 0\nfor i = 1, 100000 do\nx = x + i\nif x > 1e6 then\nx = 0\nend\nend"
	count := [16]int{}
	for name, probe := range map[string]script.Probe{"without": nil, "counted": func(p script.Place) { count[p.Line]++ }} {
		b.Run(name, func(b *testing.B) {
			o := options(b, src("s.lua", handler(loop)))
			o.Probe = probe
			vm, err := script.New(o)
			if err != nil {
				b.Fatal(err)
			}
			defer vm.Close()
			env := bindtest.NewEnv()
			for b.Loop() {
				if err := vm.Call(env, &core.Callback{Handler: core.OnStart}); errors.Is(err, script.ErrBudget) {
					b.Fatal(err)
				}
			}
		})
	}
}
