package mcp

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/perilune/perilune/host/control"
)

// noted is a desk that notes what it was told.
type noted struct {
	control.Desk
	by    []control.Who
	lines int
}

func (d *noted) Status(context.Context) (*control.Status, error) {
	return &control.Status{State: "running", Held: []string{}, Late: []string{}, Strategies: []control.Strategy{}, Feeds: []control.Feed{}}, nil
}

func (d *noted) Halt(_ context.Context, by control.Who, _ control.StrategyArgs) error {
	d.by = append(d.by, by)
	return nil
}

func (d *noted) Log(context.Context, control.LogArgs) ([]control.LogLine, error) {
	return make([]control.LogLine, d.lines), nil
}

func (d *noted) Eval(_ context.Context, by control.Who, a control.EvalArgs) (*control.Evaluated, error) {
	if a.Write {
		return nil, errors.New("it wrote")
	}
	d.by = append(d.by, by)
	return &control.Evaluated{Values: []string{a.Code}}, nil
}

func connect(t *testing.T, o Options) *sdk.ClientSession {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	here, there := sdk.NewInMemoryTransports()
	if _, err := s.Connect(t.Context(), there, nil); err != nil {
		t.Fatal(err)
	}
	return join(t, here)
}

func join(t *testing.T, to sdk.Transport) *sdk.ClientSession {
	t.Helper()
	c, err := sdk.NewClient(&sdk.Implementation{Name: "tester\n", Version: "1"}, nil).Connect(t.Context(), to, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func call(t *testing.T, c *sdk.ClientSession, name string, args any) (text string, failed bool) {
	t.Helper()
	r, err := c.CallTool(t.Context(), &sdk.CallToolParams{Name: name, Arguments: args})
	if err != nil {
		return err.Error(), true
	}
	return r.Content[0].(*sdk.TextContent).Text, r.IsError
}

func with(d control.Desk, allow ...string) Options {
	return Options{Call: On(d), Allow: allow}
}

// What was not allowed is not there; what was is told with who told it.
func TestSteeringIsAllowedByName(t *testing.T) {
	d := &noted{}
	if text, failed := call(t, connect(t, with(d)), "halt", map[string]any{}); !failed || len(d.by) != 0 {
		t.Errorf("halt that nobody allowed: %s", text)
	}
	c := connect(t, with(d, "halt"))
	if text, failed := call(t, c, "halt", map[string]any{}); failed || len(d.by) != 1 || d.by[0].String() != "mcp tester" {
		t.Errorf("halt that was allowed: %s, by %v", text, d.by)
	}
	if text, failed := call(t, c, "flatten", map[string]any{}); !failed {
		t.Errorf("flatten that nobody allowed: %s", text)
	}
	for _, name := range []string{"status", "order.buy"} {
		if _, err := New(with(d, name)); err == nil {
			t.Errorf("%s was allowed as if it steered", name)
		}
	}
}

// Lua that is evaluated for a model never writes, whatever the field is written like.
func TestEvalOnlyReads(t *testing.T) {
	d := &noted{}
	c := connect(t, with(d, "eval"))
	for _, args := range []string{`{"strategy":"s","code":"1","write":true}`, `{"strategy":"s","code":"1","WRITE":true}`} {
		if text, failed := call(t, c, "eval", json.RawMessage(args)); !failed || !strings.Contains(text, "only reads") {
			t.Errorf("%s: %s", args, text)
		}
	}
	if text, failed := call(t, c, "eval", map[string]any{"strategy": "s", "code": "1+1"}); failed || len(d.by) != 1 {
		t.Errorf("an expression: %s", text)
	}
}

// An answer that no model could read is refused, with what to do.
func TestAnswersAreBounded(t *testing.T) {
	text, failed := call(t, connect(t, with(&noted{lines: 5000})), "log", map[string]any{})
	if !failed || !strings.Contains(text, "ask for less") {
		t.Errorf("%d bytes: %.200s", len(text), text)
	}
	if text, failed := call(t, connect(t, with(&noted{})), "log", map[string]any{"lines": 3}); !failed || !strings.Contains(text, `unknown field "lines"`) {
		t.Errorf("an unknown argument: %s", text)
	}
}

// A desk that can't be found is an answer, not the end of the conversation.
func TestNoSession(t *testing.T) {
	found := error(control.Errorf(control.NotFound, "no session runs on x.db"))
	c := connect(t, Options{Call: func(ctx context.Context, op *control.Op, by control.Who, args []byte) (any, error) {
		if found != nil {
			return nil, found
		}
		return op.Call(ctx, &noted{}, by, args)
	}})
	if text, failed := call(t, c, "status", nil); !failed || !strings.Contains(text, "no session runs on x.db") {
		t.Errorf("without a session: %s", text)
	}
	found = nil
	if text, failed := call(t, c, "status", nil); failed || !strings.Contains(text, `"state":"running"`) {
		t.Errorf("once there is one: %s", text)
	}
}

// Over HTTP a client does the same, and reads the documentation.
func TestOverHTTP(t *testing.T) {
	o := with(&noted{})
	o.Docs = []Doc{{"live", "Going live", "# Going live\n"}}
	o.Tools = []Tool{{Name: "docs", Doc: "Search.", Args: reflect.TypeFor[control.None](), Do: func(context.Context, json.RawMessage) (any, error) { return "found", nil }}}
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(Handler(s))
	defer server.Close()
	c := join(t, &sdk.StreamableClientTransport{Endpoint: server.URL, HTTPClient: &http.Client{}, DisableStandaloneSSE: true})
	defer c.Close()
	if text, failed := call(t, c, "docs", nil); failed || text != `{"result":"found"}` {
		t.Errorf("docs: %s", text)
	}
	r, err := c.ReadResource(t.Context(), &sdk.ReadResourceParams{URI: "perilune://docs/live"})
	if err != nil || r.Contents[0].Text != "# Going live\n" {
		t.Errorf("resource: %v, %v", r, err)
	}
}
