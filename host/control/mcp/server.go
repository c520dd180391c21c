// Package mcp is the door of the Model Context Protocol: what a model may ask of a
// session, and what it may tell it.
//
// Everything that only asks is there. What steers is there where it was allowed by name,
// each operation by itself; it is journalled as any other door's, with the client's name.
// Nothing here sends an order by itself or raises a limit: there is no tool that places
// one, and the Lua of "eval" only reads, whatever was allowed.
//
// Other tools (documentation, checking a script, a backtest) are handed in as Tools. The
// protocol itself is the official Go SDK's (github.com/modelcontextprotocol/go-sdk).
package mcp

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"

	sdk "github.com/modelcontextprotocol/go-sdk/mcp"

	"github.com/perilune/perilune/host/control"
)

// Bounds of a call.
const (
	askWithin  = 30 * time.Second // an operation of the desk
	answerMost = 256 << 10        // bytes of an answer
	bodyMost   = 1 << 20          // bytes of a request
	idleMost   = time.Hour        // of an HTTP client's session
)

// Options say what a server offers.
type Options struct {
	// Call does an operation on a session that it finds for each call anew: one that was
	// started again is found without the client's doing. Nil: there are only Tools.
	Call Call
	// Allow names operations of kind control.Steer and control.Destructive that may be
	// called. None: the server only reads.
	Allow   []string
	Tools   []Tool
	Docs    []Doc
	Version string // of the program
}

// Call does an operation, as control.Op.Call does on a desk.
type Call func(ctx context.Context, op *control.Op, by control.Who, args []byte) (any, error)

// On is a Call on one desk.
func On(d control.Desk) Call {
	return func(ctx context.Context, op *control.Op, by control.Who, args []byte) (any, error) {
		return op.Call(ctx, d, by, args)
	}
}

// Tool is one that is no operation of a desk. Its name differs from theirs.
type Tool struct {
	Name, Doc string
	Args      reflect.Type // as control.Schema takes it
	Within    time.Duration
	Do        func(ctx context.Context, args json.RawMessage) (any, error)
}

// Doc is a page of documentation, at perilune://docs/Name.
type Doc struct {
	Name, Title, Text string // Text is Markdown
}

const instructions = `Perilune runs trading strategies. Tools named after operations ask a session how it stands; money is in strings of decimal digits, times in UTC. ` +
	`Read "status" first. Documentation is in the resources perilune://docs/… and behind the tool "docs".`

// New makes a server; it fails when Allow names what can't be allowed.
func New(o Options) (*sdk.Server, error) {
	for _, name := range o.Allow {
		op, ok := control.Find(name)
		switch {
		case !ok:
			return nil, control.Errorf(control.BadRequest, "there is no operation %q to allow; there are %s", name, strings.Join(steering(), ", "))
		case op.Kind == control.Read:
			return nil, control.Errorf(control.BadRequest, "%q only asks, and is allowed: name what steers, of %s", name, strings.Join(steering(), ", "))
		}
	}
	s := sdk.NewServer(&sdk.Implementation{Name: "perilune", Title: "Perilune", Version: o.Version},
		&sdk.ServerOptions{Instructions: instructions, KeepAlive: time.Minute, Capabilities: &sdk.ServerCapabilities{}})
	if o.Call != nil {
		for _, op := range control.Ops() {
			if op.Kind == control.Read || slices.Contains(o.Allow, op.Name) {
				s.AddTool(describe(&op), operation(o.Call, op))
			}
		}
	}
	for _, t := range o.Tools {
		s.AddTool(&sdk.Tool{Name: t.Name, Description: t.Doc, InputSchema: control.Schema(t.Args),
			Annotations: &sdk.ToolAnnotations{ReadOnlyHint: true, OpenWorldHint: new(bool)}}, t.call)
	}
	for _, d := range o.Docs {
		uri := "perilune://docs/" + d.Name
		s.AddResource(&sdk.Resource{URI: uri, Name: d.Name, Title: d.Title, MIMEType: "text/markdown", Size: int64(len(d.Text))},
			func(context.Context, *sdk.ReadResourceRequest) (*sdk.ReadResourceResult, error) {
				return &sdk.ReadResourceResult{Contents: []*sdk.ResourceContents{{URI: uri, MIMEType: "text/markdown", Text: d.Text}}}, nil
			})
	}
	return s, nil
}

// Handler serves a server over HTTP. Whoever it is mounted by has found that the request
// may come in: it asks for no token itself.
func Handler(s *sdk.Server) http.Handler {
	return sdk.NewStreamableHTTPHandler(func(*http.Request) *sdk.Server { return s },
		&sdk.StreamableHTTPOptions{JSONResponse: true, SessionTimeout: idleMost, MaxRequestBodyBytes: bodyMost, DisableLocalhostProtection: true})
}

// steering are the operations that can be allowed.
func steering() (names []string) {
	for _, op := range control.Ops() {
		if op.Kind != control.Read {
			names = append(names, op.Name)
		}
	}
	return names
}

func describe(op *control.Op) *sdk.Tool {
	destructive := op.Kind == control.Destructive
	schema := control.Schema(op.Args)
	doc := op.Doc
	if op.Args == reflect.TypeFor[control.EvalArgs]() {
		delete(schema["properties"].(map[string]any), "write")
		doc += " It only reads here."
	}
	return &sdk.Tool{Name: op.Name, Description: doc, InputSchema: schema,
		OutputSchema: map[string]any{"type": "object", "required": []string{"result"}, "properties": map[string]any{"result": control.Schema(op.Result)}},
		Annotations:  &sdk.ToolAnnotations{ReadOnlyHint: op.Kind == control.Read, DestructiveHint: &destructive, OpenWorldHint: new(bool)}}
}

func operation(do Call, op control.Op) sdk.ToolHandler {
	return func(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
		ctx, cancel := context.WithTimeout(ctx, askWithin)
		defer cancel()
		if err := harmless(&op, r.Params.Arguments); err != nil {
			return failed(err), nil
		}
		return answer(do(ctx, &op, control.Who{Door: "mcp", Name: client(r)}, r.Params.Arguments)), nil
	}
}

// harmless refuses Lua that would change something.
func harmless(op *control.Op, raw json.RawMessage) error {
	if op.Args != reflect.TypeFor[control.EvalArgs]() {
		return nil
	}
	var a map[string]any
	if err := json.Unmarshal(raw, &a); err != nil {
		return control.Errorf(control.BadRequest, "eval: %v", err)
	}
	for name := range a { // the field is found whatever its case, as it is decoded
		if strings.EqualFold(name, "write") {
			return control.Errorf(control.Forbidden, "eval: what it evaluates only reads here: leave %q out", name)
		}
	}
	return nil
}

// client is who calls, as he calls himself.
func client(r *sdk.CallToolRequest) string {
	p := r.Session.InitializeParams()
	if p == nil || p.ClientInfo == nil {
		return ""
	}
	name := strings.Map(func(c rune) rune {
		if c < ' ' || c == 0x7f {
			return -1
		}
		return c
	}, p.ClientInfo.Name)
	return string([]rune(name)[:min(64, len([]rune(name)))])
}

func (t *Tool) call(ctx context.Context, r *sdk.CallToolRequest) (*sdk.CallToolResult, error) {
	within := t.Within
	if within == 0 {
		within = askWithin
	}
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	return answer(t.Do(ctx, r.Params.Arguments)), nil
}

// answer is what came of a call, within its bound.
func answer(result any, err error) *sdk.CallToolResult {
	if err != nil {
		return failed(err)
	}
	wrapped := map[string]any{"result": result}
	raw, err := json.Marshal(wrapped)
	switch {
	case err != nil:
		return failed(err)
	case len(raw) > answerMost:
		return failed(control.Errorf(control.TooMany, "the answer has %d bytes, and at most %d are told: ask for less, by limit, strategy, instrument or time", len(raw), answerMost))
	}
	return &sdk.CallToolResult{Content: []sdk.Content{&sdk.TextContent{Text: string(raw)}}, StructuredContent: json.RawMessage(raw)}
}

func failed(err error) *sdk.CallToolResult {
	e := control.AsError(err)
	return &sdk.CallToolResult{IsError: true, Content: []sdk.Content{&sdk.TextContent{Text: fmt.Sprintf("%s: %v", e.Code, e)}}}
}

// Serve speaks with one client over a pair of streams, until ctx or the client ends it.
func Serve(ctx context.Context, s *sdk.Server, in io.ReadCloser, out io.WriteCloser) error {
	return s.Run(ctx, &sdk.IOTransport{Reader: in, Writer: out, MaxLineLength: bodyMost})
}
