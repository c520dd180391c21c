package script_test

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/perilune/perilune/bindings/bindtest"
	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
)

var (
	luaPrograms = flag.Int("programs", 500, "how many generated programs are compared with the reference Lua 5.1")
	luaShown    = flag.Int("shown", 5, "how many differing programs are shown")
	luaFirst    = flag.Uint64("program", 0, "the first generated program's number")
)

// reference returns the reference interpreter.
func reference(t *testing.T) string {
	t.Helper()
	for _, name := range []string{"lua5.1", "lua51"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Skip("there is no reference Lua 5.1 here: install Debian's package lua5.1 to compare with it")
	return ""
}

// separator is a line that no program prints.
const separator = "=== program "

// referenceRunner ends a program that would not end by itself, which is then not
// compared.
const referenceRunner = `local function run(title, text)
  io.write(title, "\n")
  local f, err = loadstring(text)
  if not f then io.write("syntax ", err, "\n") return end
  local over = false
  debug.sethook(function() over = true error("over", 0) end, "", 3000000)
  local ok, out = pcall(f)
  debug.sethook()
  if over then io.write("over\n") else io.write(ok and out or "error", "\n") end
end
`

// runReference runs programs in one process, each as a function of its own, and
// returns what each traced.
func runReference(t *testing.T, lua string, programs []string) []string {
	t.Helper()
	var b strings.Builder
	b.WriteString(referenceRunner)
	for i, p := range programs {
		fmt.Fprintf(&b, "run(%q, %s)\n", separator+strconv.Itoa(i), longString(p))
	}
	file := filepath.Join(t.TempDir(), "programs.lua")
	if err := os.WriteFile(file, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(lua, file).CombinedOutput()
	if err != nil {
		t.Fatalf("the reference failed: %v\n%s", err, tail(out))
	}
	parts := bytes.Split(out, []byte(separator))
	if len(parts) != len(programs)+1 {
		t.Fatalf("the reference answered %d programs of %d", len(parts)-1, len(programs))
	}
	got := make([]string, len(programs))
	for i, p := range parts[1:] {
		_, text, _ := strings.Cut(string(p), "\n")
		got[i] = strings.TrimSuffix(text, "\n")
	}
	return got
}

func tail(b []byte) []byte { return b[max(0, len(b)-2000):] }

func longString(s string) string { return "[====[\n" + s + "]====]" }

// runOurs runs one program in a VM and returns what it traced, or how it was
// refused.
func runOurs(program string) (got, refused string) {
	return runScript("return {name = \"t\", on_start = function()\nlog.info((function()\n" + program + "\nend)())\nend}")
}

// runScript runs a strategy whose on_start logs one line.
func runScript(text string) (got, refused string) {
	p, err := script.Compile(src("s.lua", text))
	if err != nil {
		return "", err.Error()
	}
	vm, err := script.New(script.Options{Program: p, Modules: std.Modules(), Limits: script.Limits{StringBytes: 16 << 20}})
	if err != nil {
		return "", err.Error()
	}
	defer vm.Close()
	env := bindtest.NewEnv()
	if err := vm.Call(env, &core.Callback{Handler: core.OnStart}); err != nil {
		return "", err.Error()
	}
	if len(env.Logged) != 1 {
		return "", fmt.Sprintf("%d lines logged", len(env.Logged))
	}
	_, line, _ := strings.Cut(env.Logged[0], " ")
	_, traced, _ := strings.Cut(line, " ")
	return traced, ""
}

func wrap(body string) string {
	return luaPrelude + "local ok, err = pcall(function(...)\n" + body + "end, 1, nil, 'v')\nout[#out + 1] = ok and 'ok' or 'error\\1' .. tostring(err)\nreturn table.concat(out, '\\n')\n"
}

// TestReferenceLua compares generated programs with the reference. A program that
// we refuse loudly is no fault; one that goes on with another result is.
func TestReferenceLua(t *testing.T) {
	lua := reference(t)
	const batch = 500
	refusals, wrong := map[string]int{}, 0
	for at := *luaFirst; at < *luaFirst+uint64(*luaPrograms); at += batch {
		var programs []string
		for i := at; i < min(at+batch, *luaFirst+uint64(*luaPrograms)); i++ {
			programs = append(programs, wrap(newLuaGen(i).program()))
		}
		for i, want := range runReference(t, lua, programs) {
			if strings.HasPrefix(want, "syntax ") {
				t.Fatalf("program %d is no Lua: %s\n%s", at+uint64(i), want, programs[i])
			}
			if want == "over" {
				continue
			}
			got, refused := runOurs(programs[i])
			got, raised, _ := strings.Cut(got, "\x01")
			want, _, _ = strings.Cut(want, "\x01")
			if refused != "" {
				line, _, _ := strings.Cut(refused, "\n")
				refusals[line]++
				continue
			}
			if cut, long := strings.CutSuffix(got, "..."); long && strings.HasPrefix(want, cut) {
				continue // a line of the log has an end
			}
			if known(got, want, raised) {
				continue
			}
			if got != want {
				if wrong++; wrong <= *luaShown {
					t.Errorf("program %d: go test ./host/script -run TestReferenceLua -program %d -programs 1 -v\n%s\n  error %s\n%s", at+uint64(i), at+uint64(i), difference(got, want), raised, programs[i][len(luaPrelude):])
				}
			}
		}
	}
	n := 0
	for _, k := range refusals {
		n += k
	}
	t.Logf("%d programs: %d wrong, %d refused", *luaPrograms, wrong, n)
	for text, k := range refusals {
		t.Logf("%5d %s", k, text)
	}
}

var (
	numberText = regexp.MustCompile(`-?[0-9]+(\.[0-9]+)?(e[-+][0-9]+)?`)
	tooLarge   = regexp.MustCompile(`"[0-9.]+e[0-9]+", which is no number`)
)

// known reports a difference that README.md lists: the last digits of a power,
// and text that is a number too large for one.
func known(got, want, raised string) bool {
	if tooLarge.MatchString(raised) {
		return true
	}
	if numberText.ReplaceAllString(got, "N") != numberText.ReplaceAllString(want, "N") {
		return false
	}
	a, b := numberText.FindAllString(got, -1), numberText.FindAllString(want, -1)
	for i := range a {
		x, _ := strconv.ParseFloat(a[i], 64)
		y, _ := strconv.ParseFloat(b[i], 64)
		if math.Abs(x-y) > 1e-12*math.Abs(y) {
			return false
		}
	}
	return true
}

func difference(got, want string) string {
	g, w := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range max(len(g), len(w)) {
		a, b := "(end)", "(end)"
		if i < len(g) {
			a = g[i]
		}
		if i < len(w) {
			b = w[i]
		}
		if a != b {
			return fmt.Sprintf("line %d of the trace:\n  ours      %s\n  reference %s", i+1, a, b)
		}
	}
	return "the same"
}
