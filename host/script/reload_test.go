package script_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

func compile(t *testing.T, text string) *script.Program {
	t.Helper()
	p, err := script.Compile(src("s.lua", text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const versionOne = `local count = 0
return {name = "t", version = 1, params = {a = {type = "number", default = 1}, gone = {type = "number", default = 2}},
on_timer = function() count = count + 1 state.count, state.locals = (state.count or 0) + 1, count end}`

func TestReload(t *testing.T) {
	o := options(t, src("s.lua", versionOne))
	o.Params = map[string]any{"a": 7.0, "gone": 8.0}
	old, err := script.New(o)
	if err != nil {
		t.Fatal(err)
	}
	env := bindtest.NewEnv()
	tick := &core.Callback{Handler: core.OnTimer, Name: "x"}
	for range 3 {
		if err := old.Call(env, tick); err != nil {
			t.Fatal(err)
		}
	}
	next := compile(t, `local count = 0
return {name = "t", version = 2, params = {a = {type = "number", default = 1}},
on_reload = function(s, from) assert(s == state and from == 1 and params.a == 7) s.total = s.count s.count = nil log.info("migrated") end,
on_timer = function() count = count + 1 state.total, state.locals = state.total + 1, count end}`)
	vm, err := script.Reload(env, old, next)
	if err != nil {
		t.Fatal(err)
	}
	if err := vm.Call(env, tick); err != nil {
		t.Fatal(err)
	}
	if b, _ := vm.State(); string(b) != `{"locals":1,"total":4}` {
		t.Errorf("the new version has the state %s", b)
	}
	if b, _ := old.State(); string(b) != `{"count":3,"locals":3}` {
		t.Errorf("the old version was touched: %s", b)
	}
	if vm.Version() != 2 || vm.Program() != next || len(env.Logged) != 1 {
		t.Errorf("version %d, logged %q", vm.Version(), env.Logged)
	}
}

func TestReloadFailuresLeaveTheOldVersion(t *testing.T) {
	env := bindtest.NewEnv()
	old := newVM(t, versionOne)
	tick := &core.Callback{Handler: core.OnTimer}
	if err := old.Call(env, tick); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]string{
		`error("while loading")`:                    "s.lua:1: while loading",
		`return {name = "t"}`:                       "no handler",
		`return {name = "other", on_timer = print}`: `the name changed from "t" to "other"`,
		`return {name = "t", on_timr = print}`:      `did you mean "on_timer"`,
		`return {name = "t", on_reload = function(s) s.count = nil error("cannot migrate") end}`: "cannot migrate",
		`return {name = "t", on_reload = function(s) s.f = print end}`:                           "state.f is a function",
		`return {name = "t", on_reload = function() while true do end end}`:                      "instruction budget",
		`return {name = "t", on_reload = function() local x = market.nowish() end}`:              "attempt to call a non-function",
	} {
		vm, err := script.Reload(env, old, compile(t, text))
		if vm != nil {
			t.Errorf("%s took over", text)
		}
		wantError(t, err, want)
	}
	if err := old.Call(env, tick); err != nil {
		t.Fatal(err)
	}
	if b, _ := old.State(); string(b) != `{"count":2,"locals":2}` {
		t.Errorf("the old version has the state %s", b)
	}
}

func TestReloadRevivesAPoisonedVM(t *testing.T) {
	old := newVM(t, `return {name = "t", on_timer = function(n) state.n = n if n == "loop" then while true do end end end}`)
	env := bindtest.NewEnv()
	if err := old.Call(env, &core.Callback{Handler: core.OnTimer, Name: "loop"}); !errors.Is(err, script.ErrBudget) {
		t.Fatal(err)
	}
	vm, err := script.Reload(env, old, old.Program())
	if err != nil {
		t.Fatal(err)
	}
	if err := vm.Call(env, &core.Callback{Handler: core.OnTimer, Name: "fine"}); err != nil || vm.Poisoned() != nil {
		t.Errorf("the rebuilt VM does not run: %v", err)
	}
}

func write(t *testing.T, dir string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		p := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func TestLoad(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"main.lua":  "\ufefflocal a = require(\"lib.a\")\r\nlocal b = require('lib.b')\r\nassert(a == require 'lib.a')\r\nreturn {name = 'x', on_start = function() print(a.name .. b) end}\r\n",
		"lib/a.lua": "local b = require('lib.b') return {name = 'a' .. b}",
		"lib/b.lua": "local name = ... assert(name == 'lib.b') n = (n or 0) + 1 return 'b' .. n",
	})
	sources, err := script.Load(filepath.Join(dir, "main.lua"))
	if err != nil {
		t.Fatal(err)
	}
	var paths []string
	for _, s := range sources {
		paths = append(paths, s.Path)
	}
	if got := strings.Join(paths, " "); got != "main.lua lib/b.lua lib/a.lua" {
		t.Errorf("loaded %s", got)
	}
	vm, err := script.New(options(t, sources))
	if err != nil {
		t.Fatal(err)
	}
	env := bindtest.NewEnv()
	if err := vm.Call(env, &core.Callback{Handler: core.OnStart}); err != nil {
		t.Fatal(err)
	}
	if env.Logged[0] != "info main.lua:4 ab1b1" {
		t.Errorf("logged %q; a module must run once", env.Logged[0])
	}
	if h := script.Hash(sources); h != vm.Program().Hash() || h == script.Hash(sources[:2]) {
		t.Error("the hash does not identify the sources")
	}
}

func TestLoadRefuses(t *testing.T) {
	outside := t.TempDir()
	write(t, outside, map[string]string{"secret.lua": "return 1"})
	for name, c := range map[string]struct {
		files map[string]string
		want  string
	}{
		"a missing module":  {map[string]string{"main.lua": `require("lib.none")`}, "main.lua: module \"lib.none\" not found: there is no lib/none.lua in "},
		"an absolute path":  {map[string]string{"main.lua": `require("/etc/passwd")`}, "words joined by dots"},
		"a path upwards":    {map[string]string{"main.lua": `require("../secret")`}, "words joined by dots"},
		"a link outside":    {map[string]string{"main.lua": `require("link")`}, "module \"link\" cannot be read"},
		"a cycle":           {map[string]string{"main.lua": `require("a")`, "a.lua": `require("b")`, "b.lua": `require("a")`}, "main.lua -> a.lua -> b.lua -> a.lua"},
		"a syntax error":    {map[string]string{"main.lua": `require("a")`, "a.lua": "x ="}, "a.lua:1:"},
		"a module too long": {map[string]string{"main.lua": `require("a")`, "a.lua": strings.Repeat("--x\n", 80_000)}, "at most 262144"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			write(t, dir, c.files)
			if err := os.Symlink(filepath.Join(outside, "secret.lua"), filepath.Join(dir, "link.lua")); err != nil {
				t.Fatal(err)
			}
			_, err := script.Load(filepath.Join(dir, "main.lua"))
			wantError(t, err, c.want)
		})
	}
	if _, err := script.Load(filepath.Join(outside, "none.lua")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("loading a file that is not there: %v", err)
	}
}

func TestRequireMistakes(t *testing.T) {
	_, err := script.New(options(t, src("s.lua", `local n = "lib.m" require(n)`)))
	wantError(t, err, "write the name as a plain string")
	_, err = script.New(options(t, src("s.lua", `require("lib.m")`, "lib/m.lua", `require("lib.m")`)))
	wantError(t, err, "lib/m.lua:1:", "requires itself")
	_, err = script.Compile(nil)
	if err == nil {
		t.Error("nothing was compiled")
	}
}
