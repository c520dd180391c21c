package dap

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/google/go-dap"

	"github.com/perilune/perilune/host/debug"
)

// thread is the number of the only one.
const thread = 1

var errNothing = errors.New("nothing was launched")

// carryOut answers one request.
func (c *conversation) carryOut(request dap.RequestMessage) error {
	switch r := request.(type) {
	case *dap.InitializeRequest:
		c.send(&dap.InitializeResponse{Response: answer(r), Body: capabilities()})
		return nil
	case *dap.LaunchRequest:
		return c.launch(r, r.Arguments, &dap.LaunchResponse{Response: answer(r)})
	case *dap.AttachRequest:
		return c.launch(r, r.Arguments, &dap.AttachResponse{Response: answer(r)})
	case *dap.DisconnectRequest:
		c.end()
		c.send(&dap.DisconnectResponse{Response: answer(r)})
		return nil
	case *dap.TerminateRequest:
		c.send(&dap.TerminateResponse{Response: answer(r)})
		c.send(&dap.TerminatedEvent{Event: event("terminated")})
		return nil
	case *dap.ThreadsRequest:
		c.send(&dap.ThreadsResponse{Response: answer(r), Body: dap.ThreadsResponseBody{Threads: []dap.Thread{{Id: thread, Name: "session"}}}})
		return nil
	}
	if c.session == nil {
		return errNothing
	}
	if c.places(request) || c.moves(request) {
		return nil
	}
	return c.looks(request)
}

func capabilities() dap.Capabilities {
	return dap.Capabilities{
		SupportsConfigurationDoneRequest: true, SupportsFunctionBreakpoints: true, SupportsConditionalBreakpoints: true,
		SupportsHitConditionalBreakpoints: true, SupportsLogPoints: true, SupportsStepBack: true, SupportsEvaluateForHovers: true,
		SupportsExceptionInfoRequest: true, SupportsLoadedSourcesRequest: true, SupportsBreakpointLocationsRequest: true,
		SupportsRestartRequest: true, SupportsTerminateRequest: true,
		ExceptionBreakpointFilters: []dap.ExceptionBreakpointsFilter{
			{Filter: "uncaught", Label: "Errors that end a callback", Default: true},
			{Filter: "caught", Label: "Errors that pcall catches"},
		},
	}
}

func (c *conversation) launch(request dap.RequestMessage, raw json.RawMessage, response dap.ResponseMessage) error {
	if c.session != nil {
		return errors.New("a session is debugged already")
	}
	var a LaunchArguments
	if err := json.Unmarshal(raw, &a); err != nil {
		return fmt.Errorf("%s: %w", request.GetRequest().Command, err)
	}
	if err := c.open(a); err != nil {
		return err
	}
	c.send(response)
	c.send(&dap.InitializedEvent{Event: event("initialized")})
	return nil
}

func (c *conversation) open(a LaunchArguments) error {
	s, done, err := c.start(c.ctx, a, c.say)
	if err != nil {
		return err
	}
	c.launched, c.done = a, done
	s.Points.BreakOnErrors(true, false) // an editor that says nothing of them means the default
	c.console = &debug.Console{S: s}
	c.mu.Lock()
	c.session = s
	c.mu.Unlock()
	return nil
}

// restart debugs what is there now, with the breakpoints that were set.
func (c *conversation) restart() error {
	var lines = map[string][]debug.Breakpoint{}
	var when []debug.Breakpoint
	for _, b := range c.session.Points.List() {
		if b.When != "" {
			when = append(when, *b)
		} else {
			lines[b.Path] = append(lines[b.Path], *b)
		}
	}
	c.end()
	if err := c.open(c.launched); err != nil {
		return err
	}
	c.session.Points.SetWhen(when)
	for path, list := range lines { // order: the breakpoints of one file do not know of others
		c.session.Points.SetLines(path, list)
	}
	return nil
}

// places answers what sets breakpoints.
func (c *conversation) places(request dap.RequestMessage) bool {
	points := c.session.Points
	switch r := request.(type) {
	case *dap.SetBreakpointsRequest:
		path := r.Arguments.Source.Path
		if f := c.session.Source(r.Arguments.Source.SourceReference); f != nil {
			path = f.Path
		}
		var list []debug.Breakpoint
		for _, b := range r.Arguments.Breakpoints {
			list = append(list, debug.Breakpoint{Line: b.Line, Condition: b.Condition, Hits: b.HitCondition, Log: b.LogMessage})
		}
		c.send(&dap.SetBreakpointsResponse{Response: answer(r), Body: dap.SetBreakpointsResponseBody{Breakpoints: c.breakpoints(points.SetLines(path, list))}})
	case *dap.SetFunctionBreakpointsRequest:
		var list []debug.Breakpoint
		for _, b := range r.Arguments.Breakpoints {
			list = append(list, debug.Breakpoint{When: b.Name, Condition: b.Condition, Hits: b.HitCondition})
		}
		c.send(&dap.SetFunctionBreakpointsResponse{Response: answer(r), Body: dap.SetFunctionBreakpointsResponseBody{Breakpoints: c.breakpoints(points.SetWhen(list))}})
	case *dap.SetExceptionBreakpointsRequest:
		uncaught, caught := false, false
		for _, f := range r.Arguments.Filters {
			uncaught, caught = uncaught || f == "uncaught", caught || f == "caught"
		}
		points.BreakOnErrors(uncaught, caught)
		c.send(&dap.SetExceptionBreakpointsResponse{Response: answer(r)})
	case *dap.BreakpointLocationsRequest:
		var out []dap.BreakpointLocation
		last := max(r.Arguments.Line, r.Arguments.EndLine)
		for _, f := range c.session.SourcesNamed(r.Arguments.Source.Path) {
			for _, l := range f.Lines {
				if l >= r.Arguments.Line && l <= last {
					out = append(out, dap.BreakpointLocation{Line: l})
				}
			}
		}
		c.send(&dap.BreakpointLocationsResponse{Response: answer(r), Body: dap.BreakpointLocationsResponseBody{Breakpoints: out}})
	default:
		return false
	}
	return true
}

// moves answers what lets the session go on, and then tells where it stopped.
func (c *conversation) moves(request dap.RequestMessage) bool {
	s := c.session
	switch r := request.(type) {
	case *dap.ConfigurationDoneRequest:
		c.send(&dap.ConfigurationDoneResponse{Response: answer(r)})
		c.begin()
	case *dap.RestartRequest:
		if err := c.restart(); err != nil {
			c.refuse(r.Seq, r.Command, err)
			return true
		}
		c.send(&dap.RestartResponse{Response: answer(r)})
		c.begin()
	case *dap.ContinueRequest:
		c.send(&dap.ContinueResponse{Response: answer(r), Body: dap.ContinueResponseBody{AllThreadsContinued: true}})
		c.stopped(s.Continue())
	case *dap.NextRequest:
		c.send(&dap.NextResponse{Response: answer(r)})
		c.stopped(s.Next())
	case *dap.StepInRequest:
		c.send(&dap.StepInResponse{Response: answer(r)})
		c.stopped(s.StepIn())
	case *dap.StepOutRequest:
		c.send(&dap.StepOutResponse{Response: answer(r)})
		c.stopped(s.StepOut())
	case *dap.StepBackRequest:
		c.send(&dap.StepBackResponse{Response: answer(r)})
		c.stopped(s.StepBack())
	case *dap.ReverseContinueRequest:
		c.send(&dap.ReverseContinueResponse{Response: answer(r)})
		c.stopped(s.ReverseContinue())
	default:
		return false
	}
	return true
}

// begin goes to where the launch wants to be.
func (c *conversation) begin() {
	s := c.session
	switch {
	case c.launched.PostMortem != 0:
		event, err := s.Fault(uint64(max(0, c.launched.PostMortem)))
		if err != nil {
			c.stopped(debug.Stop{}, err)
			return
		}
		c.stopped(s.GotoError(event))
	case c.launched.StopOnEntry:
		st, err := s.Goto(debug.Position{Event: 1})
		st.Reason = debug.AtEntry
		c.stopped(st, err)
	default:
		c.stopped(s.Continue())
	}
}

// stopped tells where the session stands.
func (c *conversation) stopped(st debug.Stop, err error) {
	c.stop, c.shown = st, nil
	for _, f := range c.session.News() {
		if f.Changed {
			c.say(f.Path + " is not what ran: the journal's source is shown")
		}
	}
	if err != nil {
		c.say(err.Error())
		c.send(&dap.TerminatedEvent{Event: event("terminated")})
		return
	}
	e := &dap.StoppedEvent{Event: event("stopped"), Body: dap.StoppedEventBody{Reason: reasons[st.Reason], ThreadId: thread, AllThreadsStopped: true,
		Description: c.session.Where(), Text: st.Text, HitBreakpointIds: st.Points}}
	if st.Reason == debug.AtEnd {
		c.say(st.Text + ": step back, or stop")
		e.Body.Description = st.Text
	}
	c.send(e)
}

var reasons = map[debug.Reason]string{debug.AtEntry: "entry", debug.AtStep: "step", debug.AtGoto: "goto", debug.AtBreakpoint: "breakpoint",
	debug.AtEvent: "function breakpoint", debug.AtException: "exception", debug.AtPause: "pause", debug.AtEnd: "pause"}

// command carries out a line of the editor's console that begins with a colon.
func (c *conversation) command(line string) (string, error) {
	var text strings.Builder
	c.console.Out = &text
	before := c.session.Position()
	err := c.console.Do(line)
	if c.session.Position() != before {
		c.stopped(debug.Stop{Position: c.session.Position(), Reason: debug.AtGoto}, nil)
	}
	return strings.TrimRight(text.String(), "\n"), err
}
