package script

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// Causes that an [Error] may wrap. The first is about a file that is not worth
// running yet, the second about a market that lacks what it needs; the others poison the VM.
var (
	// ErrNotReady: the file is empty, returns nothing, or defines no handler. An
	// editor that truncates before it writes shows such a file for a moment.
	ErrNotReady = errors.New("not ready")
	// ErrNotListed: the universe has nothing that a subscription names.
	ErrNotListed = errors.New("not listed")
	// ErrBudget: the callback executed all the instructions it may.
	ErrBudget = errors.New("instruction budget exhausted")
	// ErrMemory: the VM holds more than it may.
	ErrMemory = errors.New("memory limit exceeded")
	// ErrInterrupted: another goroutine stopped the VM.
	ErrInterrupted = errors.New("interrupted")
	// ErrPanic: Go code called by the script panicked.
	ErrPanic = errors.New("panic in host code")
)

// Error is an error in a script, with where it happened.
type Error struct {
	File      string // as the source is named; empty when not known
	Line      int    // from 1; 0 when not known
	Col       int    // from 1; 0 when only the line is known
	Message   string
	Source    string // text of the line, when it is known
	Traceback string // one call per line, innermost first; may be empty
	Cause     error  // one of the Err values, or nil
}

// Error prints "file:line: message", then the line, then a caret below it.
func (e *Error) Error() string {
	var b strings.Builder
	if e.File != "" {
		fmt.Fprintf(&b, "%s:", e.File)
		if e.Line > 0 {
			fmt.Fprintf(&b, "%d:", e.Line)
		}
		b.WriteByte(' ')
	}
	b.WriteString(e.Message)
	if e.Source != "" {
		fmt.Fprintf(&b, "\n    %s\n    %s", e.Source, e.caret())
	}
	return b.String()
}

// caret points at the column, or underlines the code of the line when only the
// line is known. Tabs are kept, so that it lines up however wide they are.
func (e *Error) caret() string {
	code := strings.TrimLeft(e.Source, " \t")
	indent := len(e.Source) - len(code)
	at, mark := indent, strings.Repeat("~", max(len(code)-1, 0))
	if e.Col > 0 {
		at, mark = min(e.Col-1, len(e.Source)), ""
	}
	pad := strings.Map(func(r rune) rune {
		if r == '\t' {
			return r
		}
		return ' '
	}, e.Source[:at])
	return pad + "^" + mark
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Cause }

// maxShownLine bounds the source text in an error.
const maxShownLine = 200

// at fills in the text of the line.
func (e *Error) at(sources []exchange.Source) *Error {
	for _, s := range sources {
		if s.Path != e.File || e.Line < 1 {
			continue
		}
		lines := strings.Split(s.Text, "\n")
		if e.Line <= len(lines) {
			text := strings.TrimRight(lines[e.Line-1], " \t\r")
			e.Source = text[:min(len(text), maxShownLine)]
		}
	}
	return e
}

var (
	located   = regexp.MustCompile(`(?s)^(.+?):(\d+): ?(.*)$`)
	traceLine = regexp.MustCompile(`(?m)^(.+?):(\d+): in `)
	addresses = regexp.MustCompile(`\b(table|function|userdata|thread): 0x[0-9a-f]+`)
)

// withoutAddresses removes the addresses that gopher-lua puts into messages,
// which differ from run to run.
func withoutAddresses(s string) string {
	if !strings.Contains(s, ": 0x") {
		return s
	}
	return addresses.ReplaceAllString(s, "$1")
}

// syntaxError words an error of the parser.
func syntaxError(err error, src exchange.Source) *Error {
	var pe *parse.Error
	if !errors.As(err, &pe) {
		return &Error{File: src.Path, Message: strings.TrimSpace(err.Error())}
	}
	e := &Error{File: src.Path, Line: pe.Pos.Line, Col: pe.Pos.Column, Message: pe.Message}
	if pe.Pos.Line == parse.EOF {
		e.Line, e.Col = lastLine(src.Text), 0
		e.Message += " at the end of the file: is an `end` missing?"
	} else if pe.Token != "" {
		e.Message += fmt.Sprintf(" near %q", pe.Token)
	}
	return e.at([]exchange.Source{src})
}

func lastLine(text string) int { return strings.Count(strings.TrimRight(text, " \t\r\n"), "\n") + 1 }

// runtimeError words what a protected call returned.
func runtimeError(err error, sources []exchange.Source) *Error {
	e := &Error{Message: err.Error()}
	var api *lua.ApiError
	if errors.As(err, &api) {
		e.Message, e.Traceback = errorText(api.Object), cleanTrace(api.StackTrace)
		if api.Cause != nil {
			e.Cause = api.Cause
		}
	}
	if m := located.FindStringSubmatch(e.Message); m != nil && isSource(m[1], sources) {
		e.File, e.Message = m[1], m[3]
		e.Line, _ = strconv.Atoi(m[2])
	} else {
		e.place(sources)
	}
	e.Message = shown(e.Message)
	return e.at(sources)
}

// place finds the line in the traceback: values that are not text carry none, nor
// does text of level 0.
func (e *Error) place(sources []exchange.Source) {
	for _, m := range traceLine.FindAllStringSubmatch(e.Traceback, -1) {
		if isSource(m[1], sources) {
			e.File = m[1]
			e.Line, _ = strconv.Atoi(m[2])
			return
		}
	}
}

// maxMessage bounds what an error says, in bytes: it goes to the log, the ledger
// and the terminal, and a script may raise a text of a megabyte.
const maxMessage = 2000

// shown makes a message fit to be shown: of bounded length, and without the
// characters that steer a terminal.
func shown(s string) string {
	rest := len(s) - maxMessage
	if rest > 0 {
		s = s[:maxMessage]
	}
	s = bindings.Printable(s)
	if rest > 0 {
		s += fmt.Sprintf("… and %d bytes more", rest)
	}
	return s
}

func isSource(path string, sources []exchange.Source) bool {
	for _, s := range sources {
		if s.Path == path {
			return true
		}
	}
	return false
}

// errorText words an error value, which need not be a string.
func errorText(v lua.LValue) string {
	switch v := v.(type) {
	case lua.LString:
		return withoutAddresses(string(v))
	case lua.LNumber, lua.LBool:
		return v.String()
	case *lua.LTable:
		if s, ok := v.RawGetString("message").(lua.LString); ok {
			return string(s)
		}
	}
	if v == nil || v == lua.LNil {
		return "error called with nil"
	}
	return fmt.Sprintf("error called with a %s", v.Type())
}

// cleanTrace drops the header and what is ours from a traceback.
func cleanTrace(s string) string {
	var out []string
	for _, l := range strings.Split(s, "\n") {
		l = strings.TrimSpace(l)
		if l == "" || l == "stack traceback:" || strings.HasPrefix(l, "[G]: ?") {
			continue
		}
		out = append(out, withoutAddresses(l))
	}
	return strings.Join(out, "\n")
}

// Interrupted reports whether a clock decided it, which a replay can't repeat by
// itself.
func (e *Error) Interrupted() bool { return errors.Is(e.Cause, ErrInterrupted) }
