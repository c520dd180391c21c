package dap

import (
	"fmt"
	"path/filepath"
	"strings"

	"github.com/google/go-dap"

	"github.com/perilune/perilune/host/debug"
)

// looks answers what is asked of a session that stands.
func (c *conversation) looks(request dap.RequestMessage) error {
	s := c.session
	switch r := request.(type) {
	case *dap.StackTraceRequest:
		frames := c.frames()
		total := len(frames)
		from := min(max(0, r.Arguments.StartFrame), total)
		frames = frames[from:]
		if n := r.Arguments.Levels; n > 0 {
			frames = frames[:min(n, len(frames))]
		}
		c.send(&dap.StackTraceResponse{Response: answer(r), Body: dap.StackTraceResponseBody{StackFrames: frames, TotalFrames: total}})
	case *dap.ScopesRequest:
		c.send(&dap.ScopesResponse{Response: answer(r), Body: dap.ScopesResponseBody{Scopes: c.scopes(r.Arguments.FrameId - 1)}})
	case *dap.VariablesRequest:
		list, err := c.variables(&r.Arguments)
		if err != nil {
			return err
		}
		c.send(&dap.VariablesResponse{Response: answer(r), Body: dap.VariablesResponseBody{Variables: list}})
	case *dap.EvaluateRequest:
		body, err := c.evaluate(&r.Arguments)
		if err != nil {
			return err
		}
		c.send(&dap.EvaluateResponse{Response: answer(r), Body: body})
	case *dap.ExceptionInfoRequest:
		c.send(&dap.ExceptionInfoResponse{Response: answer(r), Body: dap.ExceptionInfoResponseBody{ExceptionId: "error", Description: c.stop.Text,
			BreakMode: "always"}})
	case *dap.SourceRequest:
		id := r.Arguments.SourceReference
		if r.Arguments.Source != nil && id == 0 {
			id = r.Arguments.Source.SourceReference
		}
		f := s.Source(id)
		if f == nil {
			return fmt.Errorf("there is no source %d", id)
		}
		c.send(&dap.SourceResponse{Response: answer(r), Body: dap.SourceResponseBody{Content: f.Text, MimeType: "text/x-lua"}})
	case *dap.LoadedSourcesRequest:
		var list []dap.Source
		for _, f := range s.Sources() {
			list = append(list, *source(f))
		}
		c.send(&dap.LoadedSourcesResponse{Response: answer(r), Body: dap.LoadedSourcesResponseBody{Sources: list}})
	default:
		return fmt.Errorf("%s is not known here", request.GetRequest().Command)
	}
	return nil
}

// source is a file as an editor opens it: that of the disk where it is what ran, or else what
// the journal has.
func source(f *debug.Source) *dap.Source {
	out := &dap.Source{Name: filepath.Base(f.Path), Path: f.Path}
	if !f.OnDisk {
		out.SourceReference, out.Origin = f.ID, "as the session ran it"
	}
	return out
}

func (c *conversation) breakpoints(list []*debug.Breakpoint) []dap.Breakpoint {
	out := []dap.Breakpoint{}
	for _, b := range list {
		d := dap.Breakpoint{Id: b.ID, Verified: b.Verified, Line: b.Line, Message: b.Message}
		if files := c.session.SourcesNamed(b.Path); b.Path != "" && len(files) > 0 {
			d.Source = source(files[0])
		}
		out = append(out, d)
	}
	return out
}

func (c *conversation) frames() (out []dap.StackFrame) {
	for i, f := range c.session.Frames() {
		d := dap.StackFrame{Id: i + 1, Name: f.Name, Line: f.Line, Column: 1, PresentationHint: "label"}
		if f.Source != nil {
			d.Source, d.PresentationHint = source(f.Source), "normal"
		}
		if d.Source == nil {
			d.Column = 0
		}
		out = append(out, d)
	}
	return out
}

func (c *conversation) scopes(frame int) []dap.Scope {
	out := []dap.Scope{}
	for _, sc := range c.session.Scopes(max(0, frame)) {
		d := dap.Scope{Name: sc.Name, Expensive: sc.Expensive, NamedVariables: len(sc.Nodes), VariablesReference: c.show(func(*dap.VariablesArguments) []debug.Node { return sc.Nodes })}
		if sc.Name == "Locals" {
			d.PresentationHint = "locals"
		}
		out = append(out, d)
	}
	return out
}

// show makes something an editor can ask for by a number.
func (c *conversation) show(f func(*dap.VariablesArguments) []debug.Node) int {
	c.shown = append(c.shown, f)
	return len(c.shown)
}

func (c *conversation) variables(a *dap.VariablesArguments) ([]dap.Variable, error) {
	n := a.VariablesReference
	if n < 1 || n > len(c.shown) {
		return nil, fmt.Errorf("variables %d are those of a place that was left", n)
	}
	nodes := c.shown[n-1](a)
	out := []dap.Variable{}
	for i := range nodes {
		n := &nodes[i]
		out = append(out, dap.Variable{Name: n.Name, Value: n.Text, Type: n.Type, VariablesReference: c.inside(n),
			NamedVariables: n.Named, IndexedVariables: n.Indexed})
	}
	return out, nil
}

// inside is the reference to what is in a node; 0: nothing is.
func (c *conversation) inside(n *debug.Node) int {
	if n.Indexed+n.Named == 0 {
		return 0
	}
	node := *n
	return c.show(func(a *dap.VariablesArguments) (list []debug.Node) {
		if a.Filter != "named" {
			list = node.Elements(a.Start, a.Count)
		}
		if a.Filter != "indexed" && a.Start == 0 {
			list = append(list, node.Parts()...)
		}
		return list
	})
}

func (c *conversation) evaluate(a *dap.EvaluateArguments) (dap.EvaluateResponseBody, error) {
	if line, ok := strings.CutPrefix(strings.TrimSpace(a.Expression), ":"); ok && a.Context != "hover" && a.Context != "watch" {
		text, err := c.command(line)
		return dap.EvaluateResponseBody{Result: text}, err
	}
	n, err := c.session.Evaluate(max(0, a.FrameId-1), a.Expression)
	if err != nil {
		return dap.EvaluateResponseBody{}, err
	}
	return dap.EvaluateResponseBody{Result: n.Text, Type: n.Type, VariablesReference: c.inside(&n), NamedVariables: n.Named, IndexedVariables: n.Indexed}, nil
}
