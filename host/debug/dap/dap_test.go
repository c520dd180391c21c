package dap_test

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	protocol "github.com/google/go-dap"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/debug"
	"github.com/perilune/perilune/host/debug/dap"
)

var update = flag.Bool("update", false, "write the golden conversation anew")

// client is the editor's side of a conversation.
type client struct {
	t     *testing.T
	in    *bufio.Reader
	out   io.Writer
	seq   int
	lines strings.Builder // of the conversation
	dir   string
}

// ask sends a request, and notes it with what comes until the response and, where until names
// one, that event.
func (c *client) ask(command string, arguments any, until string) json.RawMessage {
	c.t.Helper()
	c.seq++
	raw, err := json.Marshal(map[string]any{"seq": c.seq, "type": "request", "command": command, "arguments": arguments})
	if err != nil {
		c.t.Fatal(err)
	}
	c.note("-> ", map[string]any{"command": command, "arguments": arguments})
	if err := protocol.WriteBaseMessage(c.out, raw); err != nil {
		c.t.Fatal(err)
	}
	var body json.RawMessage
	for answered := false; !answered || until != ""; {
		raw, err := protocol.ReadBaseMessage(c.in)
		if err != nil {
			c.t.Fatalf("%s: %v\n%s", command, err, &c.lines)
		}
		var m struct {
			Type, Command, Event, Message string
			Success                       bool
			Body                          json.RawMessage
		}
		if err := json.Unmarshal(raw, &m); err != nil {
			c.t.Fatal(err)
		}
		switch m.Type {
		case "response":
			answered, body = true, m.Body
			c.note("<- ", map[string]any{"response": m.Command, "success": m.Success, "body": m.Body, "message": m.Message})
		case "event":
			c.note("<- ", map[string]any{"event": m.Event, "body": m.Body})
			if m.Event == until {
				until = ""
			}
		}
	}
	return body
}

var temporary = regexp.MustCompile(`[^"]*/testdata/`)

// changing is what another built-in market would have otherwise.
var changing = []struct {
	form *regexp.Regexp
	as   string
}{
	{regexp.MustCompile(`\d{4}-\d\d-\d\dT[0-9:.]+Z`), "TIME"},
	{regexp.MustCompile(`([^:])event \d+`), "${1}event N"},
	{regexp.MustCompile(`"number","value":"\d+"`), `"number","value":"N"`},
	{regexp.MustCompile(`"(order|levels|price|fee)","value":"[^"]*"`), `"$1","value":"V"`},
	{regexp.MustCompile(`0\.00\d`), "QTY"},
}

func (c *client) note(arrow string, m map[string]any) {
	for k, v := range m {
		if raw, ok := v.(json.RawMessage); v == nil || v == "" || ok && len(raw) == 0 {
			delete(m, k)
		}
	}
	raw, err := json.Marshal(m)
	if err != nil {
		c.t.Fatal(err)
	}
	text := strings.ReplaceAll(temporary.ReplaceAllString(string(raw), "DIR/"), c.dir, "JOURNALS")
	for _, x := range changing {
		text = x.form.ReplaceAllString(text, x.as)
	}
	c.lines.WriteString(arrow + text + "\n")
}

// A conversation as an editor has it, from the launch to the end.
func TestConversation(t *testing.T) {
	dir := t.TempDir()
	script, err := filepath.Abs(filepath.Join("..", "testdata", "stepper.lua"))
	if err != nil {
		t.Fatal(err)
	}
	sum, err := host.Run(t.Context(), &host.Options{Scripts: []string{script}, For: exchange.Minute, Ledger: host.LedgerNone, Journal: dir, JournalCap: -1})
	if err != nil {
		t.Fatal(err)
	}
	start := func(_ context.Context, a dap.LaunchArguments, say func(string)) (*debug.Session, func(), error) {
		if a.Journal == "" {
			return nil, nil, fmt.Errorf("journal: want a directory")
		}
		s, err := debug.Open(debug.Options{Journal: a.Journal, Script: a.Program, Say: say})
		return s, func() {}, err
	}
	theirs, in := io.Pipe()
	out, ours := io.Pipe()
	served := make(chan error, 1)
	go func() {
		served <- dap.Serve(t.Context(), theirs, ours, start)
		ours.Close()
	}()
	c := &client{t: t, in: bufio.NewReader(out), out: in, dir: dir}
	c.ask("initialize", map[string]any{"adapterID": "perilune"}, "")
	c.ask("stackTrace", map[string]any{"threadId": 1}, "")
	c.ask("launch", map[string]any{}, "")
	c.ask("launch", map[string]any{"journal": sum.Journal, "program": script, "stopOnEntry": true}, "initialized")
	source := map[string]any{"path": script}
	c.ask("setBreakpoints", map[string]any{"source": source, "breakpoints": []any{map[string]any{"line": 15}, map[string]any{"line": 12, "logMessage": "turn {turns} at {name}"},
		map[string]any{"line": 500}}}, "")
	c.ask("setFunctionBreakpoints", map[string]any{"breakpoints": []any{map[string]any{"name": "when an order is filled"}, map[string]any{"name": "nobody"}}}, "")
	c.ask("setExceptionBreakpoints", map[string]any{"filters": []any{"uncaught"}}, "")
	c.ask("configurationDone", nil, "stopped")
	c.ask("threads", nil, "")
	c.ask("continue", map[string]any{"threadId": 1}, "stopped")
	c.ask("stackTrace", map[string]any{"threadId": 1}, "")
	var scopes struct {
		Scopes []struct {
			Name               string
			VariablesReference int
		}
	}
	if err := json.Unmarshal(c.ask("scopes", map[string]any{"frameId": 1}, ""), &scopes); err != nil {
		t.Fatal(err)
	}
	for _, s := range scopes.Scopes {
		if s.Name != "Account" && s.Name != "Books" {
			c.ask("variables", map[string]any{"variablesReference": s.VariablesReference}, "")
		}
	}
	c.ask("evaluate", map[string]any{"expression": "book", "frameId": 1, "context": "hover"}, "")
	c.ask("evaluate", map[string]any{"expression": "{ qty, { turns } }", "frameId": 1, "context": "watch"}, "")
	c.ask("evaluate", map[string]any{"expression": "order.buy('usdm:BTCUSDT', 1, 1)", "frameId": 1, "context": "repl"}, "")
	c.ask("next", map[string]any{"threadId": 1}, "stopped")
	c.ask("stepBack", map[string]any{"threadId": 1}, "stopped")
	c.ask("continue", map[string]any{"threadId": 1}, "stopped")
	c.ask("evaluate", map[string]any{"expression": ":where", "context": "repl"}, "")
	c.ask("continue", map[string]any{"threadId": 1}, "stopped")
	c.ask("exceptionInfo", map[string]any{"threadId": 1}, "")
	c.ask("evaluate", map[string]any{"expression": "missing", "frameId": 1, "context": "repl"}, "")
	c.ask("reverseContinue", map[string]any{"threadId": 1}, "stopped")
	c.ask("evaluate", map[string]any{"expression": ":event 7", "context": "repl"}, "")
	c.ask("setBreakpoints", map[string]any{"source": source, "breakpoints": []any{}}, "")
	c.ask("setExceptionBreakpoints", map[string]any{"filters": []any{}}, "")
	c.ask("setFunctionBreakpoints", map[string]any{"breakpoints": []any{}}, "")
	c.ask("continue", map[string]any{"threadId": 1}, "stopped")
	c.ask("source", map[string]any{"sourceReference": 2}, "")
	c.ask("disassemble", map[string]any{"memoryReference": "x"}, "")
	c.ask("restart", nil, "stopped")
	c.ask("disconnect", nil, "")
	if err := <-served; err != nil {
		t.Error(err)
	}
	golden := filepath.Join("testdata", "conversation.golden")
	if *update {
		if err := os.WriteFile(golden, []byte(c.lines.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	got, lines := strings.Split(c.lines.String(), "\n"), strings.Split(string(want), "\n")
	for i := range max(len(got), len(lines)) {
		if i >= len(got) || i >= len(lines) || got[i] != lines[i] {
			t.Fatalf("line %d of the conversation is\n%s\nwant\n%s", i+1, at(got, i), at(lines, i))
		}
	}
}

func at(list []string, i int) string {
	if i < len(list) {
		return list[i]
	}
	return "(nothing)"
}

// An editor that leaves in the middle, or sends nonsense, ends the conversation and no more.
func TestAbruptEnds(t *testing.T) {
	start := func(context.Context, dap.LaunchArguments, func(string)) (*debug.Session, func(), error) {
		return nil, nil, fmt.Errorf("not here")
	}
	for _, text := range []string{"", "Content-Length: 4\r\n\r\nnull", "Content-Length: 90\r\n\r\n{}", "GET / HTTP/1.0\r\n\r\n",
		"Content-Length: 45\r\n\r\n" + `{"seq":1,"type":"request","command":"unknown"}`[:45]} {
		var out strings.Builder
		_ = dap.Serve(t.Context(), strings.NewReader(text), &out, start) // whatever it says, it returns
	}
}
