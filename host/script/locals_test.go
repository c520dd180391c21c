package script_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

var localsPrograms = flag.Int("locals", 60, "programs whose local variables are compared")

// scopeGen writes programs of blocks and functions that nest, in which lines log the local
// variables that a reader of the program would see there.
type scopeGen struct {
	r      *rand.Rand
	lines  []string
	want   map[int][]string // by line: the variables of its function, outermost first
	scope  []string         // of the function that is being written
	outer  []string         // of those around it
	vararg bool
	depth  int
	fuel   int
	made   int
}

func (g *scopeGen) line(format string, args ...any) {
	g.lines = append(g.lines, fmt.Sprintf(format, args...))
}

func (g *scopeGen) fresh() string {
	if g.made++; g.r.IntN(3) == 0 {
		return [...]string{"a", "b", "c"}[g.r.IntN(3)]
	}
	return fmt.Sprintf("v%d", g.made)
}

func (g *scopeGen) variable() string {
	all := append(append([]string{"up"}, g.outer...), g.scope...)
	return all[g.r.IntN(len(all))]
}

func (g *scopeGen) value() string {
	g.made++
	switch g.r.IntN(8) {
	case 0:
		return fmt.Sprintf("f(%d)", g.made)
	case 1:
		return g.variable()
	case 2:
		return fmt.Sprintf("(%s or %d)", g.variable(), g.made)
	case 3:
		return fmt.Sprintf("%s == %d", g.variable(), g.made)
	case 4:
		if g.vararg {
			return "..."
		}
	case 5:
		return fmt.Sprintf("two(%d)", g.made)
	case 6:
		return fmt.Sprintf("f('x' .. tostring(%s))", g.variable())
	}
	return fmt.Sprint(g.made)
}

// here logs what is seen of the function's own variables.
func (g *scopeGen) here() {
	last := map[string]bool{}
	var shown []string
	for _, name := range g.scope {
		if !last[name] {
			last[name] = true
			shown = append(shown, fmt.Sprintf("'%s=', show(%s)", name, name))
		}
	}
	shown = append(shown, "'.'")
	g.line("log.info(table.concat({%s}, ' '))", strings.Join(shown, ", "))
	g.want[len(g.lines)] = append([]string{}, g.scope...)
}

// block writes statements with variables of their own.
func (g *scopeGen) block(first ...string) {
	before := len(g.scope)
	g.scope = append(g.scope, first...)
	g.stmts()
	g.scope = g.scope[:before]
}

func (g *scopeGen) stmts() {
	g.depth++
	for range 1 + g.r.IntN(4) {
		g.stmt()
	}
	g.here()
	g.depth--
}

// function writes a function's body.
func (g *scopeGen) function(vararg bool, params ...string) {
	inner := *g
	inner.outer = append(append([]string{}, g.outer...), g.scope...)
	inner.scope, inner.vararg = params, vararg
	inner.stmts()
	g.lines, g.fuel, g.made = inner.lines, inner.fuel, inner.made
}

func (g *scopeGen) stmt() {
	if g.fuel--; g.fuel < 0 || g.depth > 6 {
		g.here()
		return
	}
	switch g.r.IntN(20) {
	case 0, 1, 2:
		names := []string{g.fresh()}
		for range g.r.IntN(3) {
			names = append(names, g.fresh())
		}
		if g.r.IntN(5) == 0 {
			g.line("local %s", strings.Join(names, ", "))
		} else {
			g.line("local %s = %s, %s", strings.Join(names, ", "), g.value(), g.value())
		}
		g.scope = append(g.scope, names...)
	case 3, 4:
		g.line("up = %s", g.value())
	case 5:
		g.line("%s, %s = %s, %s", g.variable(), g.variable(), g.value(), g.value())
	case 6:
		g.line("T.x, T[f(1)] = %s", g.value())
	case 7:
		g.line("do")
		g.block()
		g.line("end")
	case 8:
		g.line("if %s then", g.value())
		g.block()
		g.line("elseif %s then", g.value())
		g.block()
		g.line("else")
		g.block()
		g.line("end")
	case 9:
		g.line("while once() do")
		g.block()
		g.line("end")
	case 10:
		v := g.fresh()
		before := len(g.scope)
		g.line("repeat")
		g.line("local %s = true", v)
		g.scope = append(g.scope, v)
		g.stmts()
		kept := "never_" + fmt.Sprint(g.made)
		g.line("local %s = 1", kept)
		g.scope = append(g.scope, kept)
		g.here()
		g.line("until %s", kept)
		g.scope = g.scope[:before]
	case 11, 12:
		v := g.fresh()
		g.line("for %s = %d, %d do", v, g.made, g.made+1)
		g.block(v)
		g.line("end")
	case 13:
		k, v := g.fresh(), g.fresh()
		g.line("for %s, %s in ipairs({%d, %d}) do", k, v, g.made, g.made+1)
		g.block(k, v)
		g.line("end")
	case 14:
		v := g.fresh()
		g.line("for %s in pairs({1}) do if not %s then break end", v, v)
		g.block(v)
		g.line("end")
	case 15:
		name, p := fmt.Sprintf("fn%d", g.made), g.fresh()
		g.line("local function %s(%s)", name, p)
		g.scope = append(g.scope, name)
		g.function(false, p)
		g.line("end")
		g.line("%s(%s)", name, g.value())
	case 16:
		p := g.fresh()
		g.line("function T:m(%s, ...)", p)
		g.function(true, "self", p)
		g.line("end")
		g.line("T:m(%s, 1, 2)", g.value())
	case 17:
		p := g.fresh()
		g.line("f(function(%s)", p)
		g.function(false, p)
		g.line("return %d end)(%d)", g.made, g.made)
	case 18:
		g.line("for _ = 1, 2 do")
		before := len(g.scope)
		g.scope = append(g.scope, "_")
		g.line("if f(up) then goto next%d end", g.made)
		label := g.made
		g.line("do")
		g.block()
		g.line("end")
		g.line("::next%d::", label)
		g.scope = g.scope[:before]
		g.line("end")
	default:
		v := g.fresh()
		g.line("local %s; do local a, b = 1, two(2); %s = a end; local z = %s", v, v, g.value())
		g.scope = append(g.scope, v, "z")
	}
}

const scopeHead = `local up = 1
local T = {}
local turns = 0
local function show(v)
  local kind = type(v)
  if kind == "function" or kind == "table" then return kind end
  return tostring(v)
end
local function f(x) return x end
local function two(x) return x, tostring(x) end
local function once() turns = turns + 1 return turns % 2 == 1 end
local function body(p, ...)
`

// The debugger's local variables are those that a program sees, with the values it has.
func TestLocalsAreThoseTheProgramSees(t *testing.T) {
	lines := 0
	for seed := range *localsPrograms {
		lines += compareLocals(t, uint64(seed))
		if t.Failed() {
			return
		}
	}
	if lines < 10**localsPrograms {
		t.Errorf("%d lines were compared in %d programs", lines, *localsPrograms)
	}
}

// compareLocals runs a program and returns how often its variables were compared.
func compareLocals(t *testing.T, seed uint64) int {
	g := &scopeGen{r: rand.New(rand.NewPCG(seed, 7)), want: map[int][]string{}, fuel: 40}
	g.lines = strings.Split(strings.TrimSuffix(scopeHead, "\n"), "\n")
	g.function(true, "p")
	text := strings.Join(g.lines, "\n") + "\nend\nreturn { name = \"t\", on_start = function() body(7, 8, 9) end }\n"
	var vm *script.VM
	var names, seen []string
	o := options(t, src("s.lua", text))
	o.Probe = func(p script.Place) {
		want, ok := g.want[p.Line]
		if vm == nil || !ok {
			return
		}
		look := script.Inspector{VM: vm}
		values := map[string]string{}
		var have []string
		for _, v := range look.Locals(look.Frames()[0]) {
			if v.Name == "arg" { // Lua 5.1 gives it to a function of ... that does not say ...
				continue
			}
			have = append(have, v.Name)
			values[v.Name] = shown(v.Value)
		}
		if got, want := strings.Join(have, " "), strings.Join(want, " "); got != want {
			names = append(names, fmt.Sprintf("line %d has %q, want %q", p.Line, got, want))
		}
		line, done := "", map[string]bool{}
		for _, name := range want {
			if !done[name] {
				done[name] = true
				line += name + "= " + values[name] + " "
			}
		}
		seen = append(seen, fmt.Sprintf("%d: %s.", p.Line, line))
	}
	var err error
	if vm, err = script.New(o); err != nil {
		t.Fatalf("program %d: %v\n%s", seed, err, text)
	}
	defer vm.Close()
	env := bindtest.NewEnv()
	_ = vm.Call(env, &core.Callback{Handler: core.OnStart}) // an error ends what is compared
	if len(names) > 0 {
		t.Fatalf("program %d: %s\n%s", seed, names[0], numberedLines(g.lines))
	}
	for i, l := range env.Logged {
		_, got, _ := strings.Cut(seen[i], ": ")
		if !strings.HasSuffix(l, got) {
			t.Fatalf("program %d: it shows %s, the program logs %s\n%s", seed, seen[i], l, numberedLines(g.lines))
		}
	}
	return len(env.Logged)
}

func numberedLines(lines []string) string {
	var b strings.Builder
	for i, l := range lines {
		fmt.Fprintf(&b, "%3d %s\n", i+1, l)
	}
	return b.String()
}

// shown is a value as the programs word it.
func shown(v script.Value) string {
	if kind := v.Type(); kind == "function" || kind == "table" {
		return kind
	}
	return v.Plain()
}
