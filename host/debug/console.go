package debug

import (
	"cmp"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
)

// Console is a conversation in lines: for terminals, and for editors' own consoles.
type Console struct {
	S   *Session
	Out io.Writer

	frame int // that is looked at
	last  string
}

// command is a word of the conversation.
type command struct {
	names []string
	args  string
	doc   string
	run   func(c *Console, arg string) error
}

func commands() []command {
	moves := func(names []string, doc string, f func(*Session) (Stop, error)) command {
		return command{names, "", doc, func(c *Console, _ string) error { return c.went(f(c.S)) }}
	}
	return []command{
		{[]string{"break", "b"}, "FILE:LINE|EVENT|FUNCTION [if EXPR]", "stop there; without anything, list what stops", (*Console).breakAt},
		{[]string{"delete", "d"}, "N", "take breakpoint N away", (*Console).delete},
		{[]string{"catch"}, "errors|all|none", "stop at errors: those that end a callback, all, none", (*Console).catch},
		moves([]string{"continue", "c"}, "go on until something stops it", (*Session).Continue),
		moves([]string{"next", "n"}, "to the next line", (*Session).Next),
		moves([]string{"step", "s"}, "to the next line, into functions", (*Session).StepIn),
		moves([]string{"out", "o"}, "to what called this function", (*Session).StepOut),
		moves([]string{"back"}, "to the line before", (*Session).StepBack),
		moves([]string{"rc", "reverse"}, "back to the last place that would have stopped it", (*Session).ReverseContinue),
		{[]string{"event", "e"}, "N|+N|-N", "to an event, by number or from here", (*Console).event},
		{[]string{"time"}, "2026-01-02T15:04:05", "to the first event at or after a time, UTC", (*Console).time},
		{[]string{"error"}, "[EVENT]", "to the error that an event led to, or to the last one", (*Console).fault},
		{[]string{"errors"}, "", "the events that led to errors", (*Console).faults},
		{[]string{"where", "w"}, "", "where it stands", func(c *Console, _ string) error { c.where(); return nil }},
		{[]string{"bt"}, "", "the functions that run", (*Console).backtrace},
		{[]string{"frame", "f"}, "N", "look at the N-th of them", (*Console).setFrame},
		{[]string{"list", "l"}, "", "the source around it", func(c *Console, _ string) error { c.list(5); return nil }},
		{[]string{"p", "print"}, "EXPR", "what an expression is, to read only", (*Console).print},
		{[]string{"show"}, "locals|upvalues|state|params|globals|event|orders|pairs|positions|account|books|all", "what there is", (*Console).show},
		{[]string{"help", "h"}, "", "these words", (*Console).help},
	}
}

// Do carries out one command. An empty one is the last that moved, again.
func (c *Console) Do(line string) error {
	line = strings.TrimSpace(line)
	if line == "" {
		line = c.last
	}
	word, arg, _ := strings.Cut(line, " ")
	for _, cmd := range commands() {
		if !slices.Contains(cmd.names, word) {
			continue
		}
		if cmd.args == "" {
			c.last = line
		}
		return cmd.run(c, strings.TrimSpace(arg))
	}
	if line == "" {
		return nil
	}
	return fmt.Errorf("unknown command %q: help lists them; p %s evaluates", word, line)
}

func (c *Console) help(string) error {
	for _, cmd := range commands() {
		fmt.Fprintf(c.Out, "%-44s %s\n", strings.TrimSpace(strings.Join(cmd.names, ", ")+" "+cmd.args), cmd.doc)
	}
	fmt.Fprintf(c.Out, "%-44s %s\n\nevents to break on: %s\n", "q", "leave", strings.Join(EventForms, ", "))
	return nil
}

// went shows where a command led.
func (c *Console) went(st Stop, err error) error {
	if err != nil {
		return err
	}
	c.frame = 0
	for _, f := range c.S.News() {
		if f.Changed {
			fmt.Fprintf(c.Out, "%s is not what ran: the journal's source is shown\n", f.Path)
		}
	}
	switch st.Reason {
	case AtException:
		fmt.Fprintf(c.Out, "error: %s\n", st.Text)
	case AtEnd:
		fmt.Fprintln(c.Out, st.Text)
		return nil
	case AtBreakpoint, AtEvent:
		for _, b := range c.S.Points.List() {
			if slices.Contains(st.Points, b.ID) {
				fmt.Fprintf(c.Out, "breakpoint %s\n", b)
			}
		}
	}
	c.where()
	return nil
}

func (c *Console) where() {
	fmt.Fprintln(c.Out, c.S.Where())
	c.list(0)
}

// list shows the line it stands at, and some around it.
func (c *Console) list(around int) {
	frames := c.S.Frames()
	f := frames[min(c.frame, len(frames)-1)]
	if f.Source == nil {
		return
	}
	lines := strings.Split(f.Source.Text, "\n")
	for n := max(1, f.Line-around); n <= min(len(lines), f.Line+around); n++ {
		mark := "  "
		if n == f.Line {
			mark = "> "
		}
		fmt.Fprintf(c.Out, "%s%4d  %s\n", mark, n, strings.TrimRight(lines[n-1], "\r"))
	}
}

func (c *Console) backtrace(string) error {
	for i, f := range c.S.Frames() {
		mark := " "
		if i == c.frame {
			mark = ">"
		}
		if f.Source == nil {
			fmt.Fprintf(c.Out, "%s%2d  %s\n", mark, i, f.Name)
			continue
		}
		fmt.Fprintf(c.Out, "%s%2d  %s:%d in %s\n", mark, i, filepath.Base(f.Source.Path), f.Line, f.Name)
	}
	return nil
}

func (c *Console) setFrame(arg string) error {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 || n >= len(c.S.Frames()) {
		return fmt.Errorf("frame %q: want 0 to %d", arg, len(c.S.Frames())-1)
	}
	c.frame = n
	c.list(0)
	return nil
}

// ParseBreakpoint reads FILE:LINE, an event or a function's name, with "if EXPR" after it.
func ParseBreakpoint(text string) Breakpoint {
	place, condition, _ := strings.Cut(text, " if ")
	b := Breakpoint{Condition: strings.TrimSpace(condition)}
	place = strings.TrimSpace(place)
	if file, line, ok := strings.Cut(place, ":"); ok && !strings.ContainsRune(place, ' ') {
		if n, err := strconv.Atoi(line); err == nil {
			b.Path, b.Line = file, n
			return b
		}
	}
	b.When = place
	return b
}

func (c *Console) breakAt(arg string) error {
	if arg == "" {
		for _, b := range c.S.Points.List() {
			fmt.Fprintln(c.Out, b)
		}
		return nil
	}
	b := ParseBreakpoint(arg)
	if n, err := strconv.Atoi(arg); err == nil {
		if f := c.S.Frames()[0]; f.Source != nil {
			b = Breakpoint{Path: f.Source.Path, Line: n}
		}
	}
	set := c.S.Points.Add(b)
	if !set.Verified {
		c.S.Points.Remove(set.ID)
		return fmt.Errorf("%s", set.Message)
	}
	fmt.Fprintf(c.Out, "breakpoint %s\n", set)
	return nil
}

func (c *Console) delete(arg string) error {
	if n, err := strconv.Atoi(arg); err != nil || !c.S.Points.Remove(n) {
		return fmt.Errorf("there is no breakpoint %q", arg)
	}
	return nil
}

func (c *Console) catch(arg string) error {
	switch arg {
	case "errors", "all", "none":
		c.S.Points.BreakOnErrors(arg != "none", arg == "all")
		return nil
	}
	return fmt.Errorf("catch %q: want errors, all or none", arg)
}

func (c *Console) event(arg string) error {
	n, err := strconv.ParseInt(arg, 10, 64)
	if err != nil {
		return fmt.Errorf("event %q: want a number, or +N or -N from here", arg)
	}
	if strings.ContainsAny(arg[:1], "+-") {
		n = max(1, int64(c.S.Position().Event)+n)
	}
	return c.went(c.S.Goto(Position{Event: uint64(max(1, n))}))
}

func (c *Console) time(arg string) error {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999", "2006-01-02 15:04:05.999", "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.ParseInLocation(layout, arg, time.UTC); err == nil {
			return c.went(c.S.GotoTime(exchange.Time(t.UnixNano())))
		}
	}
	return fmt.Errorf("time %q: want 2026-01-02T15:04:05, in UTC", arg)
}

func (c *Console) fault(arg string) error {
	n, err := strconv.ParseUint(cmp.Or(arg, "0"), 10, 64)
	if err != nil {
		return fmt.Errorf("error %q: want the number of an event", arg)
	}
	event, err := c.S.Fault(n)
	if err != nil {
		return err
	}
	return c.went(c.S.GotoError(event))
}

func (c *Console) faults(string) error {
	list := c.S.Faults()
	for _, e := range list {
		fmt.Fprintln(c.Out, e)
	}
	if len(list) == 0 {
		fmt.Fprintln(c.Out, "none")
	}
	return nil
}

func (c *Console) print(arg string) error {
	if arg == "" {
		return fmt.Errorf("p: want an expression")
	}
	n, err := c.S.Evaluate(c.frame, arg)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.Out, n.Text)
	if n.Type != "table" {
		c.parts(&n, "  ", 1)
	}
	return nil
}

// parts shows what is inside a node, some levels deep.
func (c *Console) parts(n *Node, indent string, depth int) {
	if depth == 0 {
		return
	}
	for _, part := range append(n.Elements(0, 100), n.Parts()...) {
		fmt.Fprintf(c.Out, "%s%s = %s\n", indent, part.Name, part.Text)
		if part.parts != nil {
			c.parts(&part, indent+"  ", depth-1)
		}
	}
}

func (c *Console) show(arg string) error {
	known := false
	for _, sc := range c.S.Scopes(c.frame) {
		if arg != "all" && !strings.EqualFold(sc.Name, arg) {
			continue
		}
		known = true
		if arg == "all" {
			fmt.Fprintf(c.Out, "%s:\n", strings.ToLower(sc.Name))
		}
		for _, n := range sc.Nodes {
			fmt.Fprintf(c.Out, "  %s = %s\n", n.Name, n.Text)
			if n.parts != nil {
				c.parts(&n, "      ", 2)
			}
		}
		if len(sc.Nodes) == 0 {
			fmt.Fprintln(c.Out, "  (none)")
		}
	}
	if !known {
		return fmt.Errorf("show %q: there is none here; want locals, upvalues, state, params, globals, event, orders, pairs, positions, account, books or all", arg)
	}
	return nil
}
