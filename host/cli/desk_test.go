package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/host/control"
	"github.com/perilune/perilune/host/control/controltest"
	"github.com/perilune/perilune/host/control/door"
)

// lua is a desk that evaluates what it can.
type lua struct{ *controltest.Desk }

func (l lua) Strategies(context.Context) ([]control.Strategy, error) {
	return []control.Strategy{{Name: "basis", Version: 2, State: "running"}, {Name: "other", Version: 1, State: "paused", Why: "by hand"}}, nil
}

func (l lua) Eval(_ context.Context, _ control.Who, a control.EvalArgs) (*control.Evaluated, error) {
	if a.Code == "1 +" {
		return nil, control.Errorf(control.BadRequest, "attach:1: unexpected end")
	}
	return &control.Evaluated{Values: []string{fmt.Sprintf("%s %s %v", a.Strategy, a.Code, a.Write)}, Output: "said\n"}, nil
}

// beside serves a desk on this machine as a session that runs, alone, on the ledger that it
// returns.
func beside(t *testing.T) (*controltest.Desk, string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "p") // a path of t.TempDir is too long for sockets on some systems
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, v := range []string{"XDG_RUNTIME_DIR", "XDG_CACHE_HOME", "TMPDIR", "HOME", "LocalAppData"} {
		t.Setenv(v, dir)
	}
	p, err := (&door.Options{Page: "off"}).Prepare()
	if err != nil {
		t.Fatal(err)
	}
	desk, path := &controltest.Desk{}, filepath.Join(dir, "x.db")
	d, err := p.Open(door.Session{Desk: lua{desk}}, path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return desk, path
}

// typed runs one command line with this on standard input.
func typed(in string, args ...string) (code int, out, told string) {
	var o, e bytes.Buffer
	code = Main(args, strings.NewReader(in), &o, &e)
	return code, o.String(), e.String()
}

// A session that runs is found, asked, and told with who and why.
func TestTheDeskFromTheCommandLine(t *testing.T) {
	desk, path := beside(t)
	for _, c := range []struct {
		args string
		code int
		want string // in what it prints
		told string // what the session was told at last
	}{
		{"status", 0, "PAPER", ""},
		{"status --db " + path + " --json", 0, `"status":{"identity"`, ""},
		{"strategies", 0, "paused: by hand", ""},
		{"positions --strategy basis", 0, "usdm:BTCUSDT", ""},
		{"halt --strategy basis --why news", 0, "basis is paused", `: news halt {"strategy":"basis"}`},
		{"flatten", ExitUsage, "--yes means it", ""},
		{"flatten --symbol usdm:BTCUSDT --yes", 0, "closing", ` flatten {"instrument":"usdm:BTCUSDT"}`},
		{"signal go 1 --id a", 0, "told", ` signal {"name":"go","payload":"1","id":"a"}`},
		{"stop --yes --json", 0, `{"done":"the session ends"}`, " stop {}"},
		{"reload basis --to x", ExitUsage, "want a version such as v3", ""},
		{"set basis.a=1 other.b=2", ExitUsage, "of one strategy", ""},
		{"explain order 0", ExitUsage, "want a number", ""},
		{"status --db nowhere.db", ExitLedger, "no session runs on nowhere.db", ""},
		{"halt --db nowhere.db", ExitFailure, "no session runs on nowhere.db", ""},
	} {
		before := len(desk.Told())
		code, out, told := typed("", strings.Fields(c.args)...)
		if code != c.code || !strings.Contains(out+told, c.want) {
			t.Errorf("%s: code %d, want %d and %q:\n%s%s", c.args, code, c.code, c.want, out, told)
		}
		all := desk.Told()
		if c.told == "" && len(all) != before || c.told != "" && (len(all) != before+1 || !strings.HasSuffix(all[before], c.told)) {
			t.Errorf("%s: the session was told %q, want one more that ends with %q", c.args, all[before:], c.told)
		}
	}
	desk.Fail = control.Errorf(control.Refused, "as things stand")
	if code, _, told := typed("", "halt"); code != ExitFailure || !strings.Contains(told, "as things stand") {
		t.Errorf("a refusal: code %d, %s", code, told)
	}
}

// Lines are evaluated in the strategy that was chosen, and only read until :rw.
func TestAttach(t *testing.T) {
	beside(t)
	code, out, told := typed("x\n:strategy other\n:rw\ny\n:nonsense\n1 +\n:strategy none\n:quit\nz\n", "attach")
	want := "said\nbasis x false\nsaid\nother y true\nthere is no :nonsense; :help says what there is\nattach:1: unexpected end\nno strategy is called \"none\"; there are [\"basis\" \"other\"]\n"
	if code != 0 || out != want {
		t.Errorf("code %d\n%s\nwant\n%s%s", code, out, want, told)
	}
	if code, out, _ := typed("1 +\n", "attach", "--json"); code != ExitFailure || !strings.Contains(out, `"error":{"code":"bad_request"`) {
		t.Errorf("a line that fails: code %d, %s", code, out)
	}
	if code, _, told := typed("", "attach", "--strategy", "none"); code != ExitUsage || !strings.Contains(told, "none") {
		t.Errorf("a strategy that is not there: code %d, %s", code, told)
	}
}

// Only a terminal is asked.
func TestSure(t *testing.T) {
	e := &env{in: strings.NewReader("yes\n"), out: &bytes.Buffer{}, err: &bytes.Buffer{}}
	var c *coded
	if err := sure(e, false, "This"); !errors.As(err, &c) || c.code != ExitUsage {
		t.Errorf("a pipe that says yes: %v", err)
	}
	if err := sure(e, true, "This"); err != nil {
		t.Error(err)
	}
}

// A client of the Model Context Protocol finds the tools, reads the manual, asks the
// session, and is refused what was not allowed, and files outside of the folder.
func TestMCP(t *testing.T) {
	desk, path := beside(t)
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "good.lua"), []byte("return {name = 'good', on_timer = function() end}\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	request := func(id int, method, params string) string {
		return fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"method":%q,"params":%s}`+"\n", id, method, params)
	}
	in := request(1, "initialize", `{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"tester","version":"1"}}`) +
		`{"jsonrpc":"2.0","method":"notifications/initialized"}` + "\n" +
		request(2, "tools/list", `{}`) +
		request(3, "tools/call", `{"name":"status","arguments":{}}`) +
		request(4, "tools/call", `{"name":"halt","arguments":{"strategy":"basis"}}`) +
		request(5, "tools/call", `{"name":"flatten","arguments":{}}`) +
		request(6, "tools/call", `{"name":"check","arguments":{"scripts":["good.lua"]}}`) +
		request(7, "tools/call", `{"name":"check","arguments":{"scripts":["../x.lua"]}}`) +
		request(8, "tools/call", `{"name":"docs","arguments":{"chapter":"api","words":"exec.vwap"}}`) +
		request(9, "resources/read", `{"uri":"perilune://docs/live"}`)
	var told bytes.Buffer
	out := &untilAnswered{want: 9}
	stdin, feed := pipe(t, in)
	out.done = func() { feed.Close() }
	e := &env{in: stdin, out: out, err: &told}
	if err := mcpVerb(t.Context(), e, []string{"--db", path, "--dir", dir, "--allow", "halt"}); err != nil {
		t.Fatal(err, told.String())
	}
	for id, want := range map[int]string{2: `"name":"status"`, 3: `"state":"running"`, 4: `{"result":{}}`, 5: "flatten", 6: `"ok":true`, 7: "want a path inside of", 8: "exec.vwap", 9: "text/markdown"} {
		got := strings.ReplaceAll(out.answer(id), `\"`, `"`)
		if !strings.Contains(got, want) {
			t.Errorf("answer %d has no %s:\n%.600s", id, want, got)
		}
	}
	if list := desk.Told(); len(list) != 1 || !strings.HasPrefix(list[0], "mcp ") {
		t.Errorf("the session was told %q", list)
	}
}
