// Package dap speaks the Debug Adapter Protocol for package debug: breakpoints, steps in both
// directions and variables in VS Code, Neovim and other editors.
//
// One goroutine reads requests, one carries them out in their order. Only pause and disconnect
// do not wait their turn: the others wait until what runs has stopped. There is one thread, the
// session's loop.
//
// In the console of an editor an expression of Lua is evaluated to read only; a line that begins
// with a colon is a command of [debug.Console], such as :event 4711.
package dap

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/google/go-dap"

	"github.com/perilune/perilune/host/debug"
)

// LaunchArguments are what an editor's configuration says of what is debugged.
type LaunchArguments struct {
	Program string            `json:"program,omitempty"` // path of the script
	Journal string            `json:"journal,omitempty"` // directory of a journal
	Market  []string          `json:"market,omitempty"`  // of a run of the program that is made first: ["synth"]
	For     string            `json:"for,omitempty"`     // how long it is: "24h"
	Set     map[string]string `json:"set,omitempty"`     // its parameters
	Seed    uint64            `json:"seed,omitempty"`
	Config  string            `json:"config,omitempty"` // its configuration file

	StopOnEntry bool `json:"stopOnEntry,omitempty"`
	// PostMortem goes to the error of a strategy that this event led to; -1: to the last one.
	PostMortem int64 `json:"postMortem,omitempty"`
}

// Start opens what is to be debugged. What it returns beside the session is called when that is
// over. say is for what a person should know.
type Start func(ctx context.Context, a LaunchArguments, say func(text string)) (*debug.Session, func(), error)

// waiting bounds the requests that wait for what runs.
const waiting = 256

// Serve talks to one editor until it leaves, the input ends, or ctx does.
func Serve(ctx context.Context, in io.Reader, out io.Writer, start Start) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	c := &conversation{ctx: ctx, out: out, start: start, requests: make(chan dap.RequestMessage, waiting), over: make(chan struct{})}
	go c.work()
	err := c.read(bufio.NewReader(in))
	c.leave()
	cancel()
	close(c.requests)
	<-c.over
	return err
}

// conversation is that with one editor.
type conversation struct {
	ctx      context.Context
	start    Start
	requests chan dap.RequestMessage // to be carried out
	over     chan struct{}

	sending sync.Mutex
	out     io.Writer
	seq     int
	failed  error // to send

	mu      sync.Mutex
	session *debug.Session // nil: nothing was launched

	// What follows is the working goroutine's.
	launched LaunchArguments
	done     func()
	stop     debug.Stop
	shown    []func(*dap.VariablesArguments) []debug.Node // by the reference that the editor has of it, from 1
	console  *debug.Console
	left     bool
}

// read takes requests until the editor leaves.
func (c *conversation) read(in *bufio.Reader) error {
	for {
		m, err := dap.ReadProtocolMessage(in)
		var unknown *dap.DecodeProtocolMessageFieldError
		switch {
		case errors.As(err, &unknown):
			c.refuse(unknown.Seq, "", fmt.Errorf("%s %q is not known here", unknown.FieldName, unknown.FieldValue))
			continue
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("debug adapter: %w", err)
		}
		request, ok := m.(dap.RequestMessage)
		if !ok {
			continue // an answer: nothing was asked
		}
		switch request.(type) {
		case *dap.PauseRequest:
			c.pause()
			c.send(&dap.PauseResponse{Response: answer(request)})
			continue
		case *dap.DisconnectRequest:
			c.leave()
		case *dap.TerminateRequest:
			c.pause()
		}
		select {
		case c.requests <- request:
		default:
			c.refuse(request.GetSeq(), request.GetRequest().Command, errors.New("too many requests wait"))
			continue
		}
		if _, leaves := request.(*dap.DisconnectRequest); leaves {
			return nil
		}
	}
}

func (c *conversation) pause() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		c.session.Pause()
	}
}

// leave has what runs stop for good.
func (c *conversation) leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session != nil {
		c.session.Leave()
	}
}

func (c *conversation) work() {
	defer close(c.over)
	defer c.end()
	for request := range c.requests {
		if c.ctx.Err() != nil && !leaving(request) {
			continue
		}
		if err := c.carryOut(request); err != nil {
			c.refuse(request.GetSeq(), request.GetRequest().Command, err)
		}
	}
}

func leaving(request dap.RequestMessage) bool {
	_, is := request.(*dap.DisconnectRequest)
	return is
}

// end closes what was debugged.
func (c *conversation) end() {
	c.mu.Lock()
	s := c.session
	c.session = nil
	c.mu.Unlock()
	if s != nil {
		s.Close()
		c.done()
	}
}

// send writes a message, with its number.
func (c *conversation) send(m dap.Message) {
	c.sending.Lock()
	defer c.sending.Unlock()
	if c.failed != nil {
		return
	}
	c.seq++
	switch m := m.(type) {
	case dap.ResponseMessage:
		m.GetResponse().Seq = c.seq
	case dap.EventMessage:
		m.GetEvent().Seq = c.seq
	}
	c.failed = dap.WriteProtocolMessage(c.out, m)
}

// answer is the frame of the response to a request.
func answer(request dap.RequestMessage) dap.Response {
	return dap.Response{ProtocolMessage: dap.ProtocolMessage{Type: "response"}, RequestSeq: request.GetSeq(),
		Command: request.GetRequest().Command, Success: true}
}

func (c *conversation) refuse(seq int, command string, err error) {
	r := &dap.ErrorResponse{Response: dap.Response{ProtocolMessage: dap.ProtocolMessage{Type: "response"}, RequestSeq: seq, Command: command, Message: err.Error()}}
	r.Body.Error = &dap.ErrorMessage{Id: 1, Format: err.Error(), ShowUser: true}
	c.send(r)
}

func event(name string) dap.Event {
	return dap.Event{ProtocolMessage: dap.ProtocolMessage{Type: "event"}, Event: name}
}

// say prints in the editor's console.
func (c *conversation) say(text string) {
	c.send(&dap.OutputEvent{Event: event("output"), Body: dap.OutputEventBody{Category: "console", Output: text + "\n"}})
}
