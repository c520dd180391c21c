package script_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

const inspectedText = `local M = { name = "t" }
local seen = 0
counted = { 1, 2, name = "three" }
local function twice(x)
  local y = x * 2
  seen = seen + 1
  return y
end
function M.on_start()
  local sum = 4
  local ok, why = pcall(function()
    local inner = twice(sum)
    error("inside")
  end)
  local sum = twice(7)
  local bad = nil + sum
end
return M
`

func named(list []script.Variable) string {
	var out []string
	for _, v := range list {
		out = append(out, v.Name+"="+v.Value.Text())
	}
	return strings.Join(out, " ")
}

// What a stopped VM shows of itself, and what code that reads at one of its frames comes to.
func TestAStoppedVMIsLookedInto(t *testing.T) {
	var vm *script.VM
	var told []string
	o := options(t, src("s.lua", inspectedText))
	env := bindtest.NewEnv()
	note := func(frames []script.Frame) {
		for i, f := range frames {
			told = append(told, fmt.Sprintf("%d %s:%d %s | %s", i, f.File, f.Line, f.Function, named(script.Inspector{VM: vm}.Locals(f))))
		}
	}
	o.Probe = func(p script.Place) {
		if vm == nil || p.Line != 7 {
			return
		}
		frames := script.Inspector{VM: vm}.Frames()
		note(frames)
		for _, code := range []string{"y + x", "seen", "twice(100)", "pcall(error, 'x')", "counted.name, counted[2]", "state.z = 1", "counted[1] = 5", "seen = 9; return seen", "#counted"} {
			values, err := script.Inspector{VM: vm}.Evaluate(env, &frames[0], code)
			var texts []string
			for _, v := range values {
				texts = append(texts, v.Text())
			}
			told = append(told, fmt.Sprint(code, " -> ", strings.Join(texts, ","), " ", err))
		}
		told = append(told, "up "+named(script.Inspector{VM: vm}.Upvalues(frames[0])), "globals "+named(script.Inspector{VM: vm}.Globals()))
	}
	o.Raised = func(r script.Raise) {
		told = append(told, fmt.Sprintf("raised %s caught=%v", r.Message, r.Caught))
		note(script.Inspector{VM: vm}.Frames())
	}
	var err error
	if vm, err = script.New(o); err != nil {
		t.Fatal(err)
	}
	defer vm.Close()
	fault := vm.Call(env, &core.Callback{Handler: core.OnStart})
	if got := strings.Join(told, "\n") + "\n"; got != inspected {
		t.Errorf("it showed\n%s\nwant\n%s", got, inspected)
	}
	var e *script.Error
	if !errors.As(fault, &e) || e.Line != 16 || e.Traceback == "" {
		t.Errorf("the callback ended with %v", fault)
	}
}

const inspected = `0 s.lua:7 twice | x=4 y=8
1 s.lua:12 function at line 11 | 
2 s.lua:11 on_start | sum=4
y + x -> 12 <nil>
seen -> 1 <nil>
twice(100) ->  eval:1: attempt to call a non-function object
pcall(error, 'x') -> false,"x" <nil>
counted.name, counted[2] -> "three",2 <nil>
state.z = 1 ->  read only: it would change a table
counted[1] = 5 ->  read only: it would change a table
seen = 9; return seen -> 9 <nil>
#counted -> 2 <nil>
up seen=1
globals counted={1, 2, name = "three"}
raised s.lua:13: inside caught=true
0 s.lua:13 function at line 11 | inner=8
1 s.lua:11 on_start | sum=4
0 s.lua:7 twice | x=7 y=14
1 s.lua:15 on_start | sum=4 ok=false why="s.lua:13: inside"
y + x -> 21 <nil>
seen -> 2 <nil>
twice(100) ->  eval:1: attempt to call a non-function object
pcall(error, 'x') -> false,"x" <nil>
counted.name, counted[2] -> "three",2 <nil>
state.z = 1 ->  read only: it would change a table
counted[1] = 5 ->  read only: it would change a table
seen = 9; return seen -> 9 <nil>
#counted -> 2 <nil>
up seen=2
globals counted={1, 2, name = "three"}
raised s.lua:16: cannot perform add operation between nil and number caught=false
0 s.lua:16 on_start | sum=4 ok=false why="s.lua:13: inside" sum=14
`
