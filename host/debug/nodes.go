package debug

import (
	"fmt"
	"path/filepath"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/host/script"
)

// Node is a value as it is shown: a line of text, and what is inside. It is good until the
// session goes on.
type Node struct {
	Name, Text, Type string
	// Indexed and Named are how many parts it has that are elements of a list, and others.
	Indexed, Named int

	value *script.Value
	parts func() []Node
	truth bool
}

// maxNamed bounds the parts of one value that are shown, but for elements of lists, which
// are asked for in pieces.
const maxNamed = 1000

func luaNode(v script.Variable) Node {
	n := Node{Name: v.Name, Text: v.Value.Text(), Type: v.Value.Type(), value: &v.Value, truth: v.Value.True()}
	n.Indexed, n.Named = v.Value.Len()
	return n
}

func luaNodes(list []script.Variable) (out []Node) {
	for _, v := range list {
		out = append(out, luaNode(v))
	}
	return out
}

// plain is the node's text as it is printed: text without quotes.
func (n *Node) plain() string {
	if n.value != nil {
		return n.value.Plain()
	}
	return n.Text
}

func leaf(name, text string) Node { return Node{Name: name, Text: text} }

func group(name, text string, parts []Node) Node {
	return Node{Name: name, Text: text, Named: len(parts), parts: func() []Node { return parts }}
}

// Elements are parts of a list from the start-th on, from 0; count 0: all.
func (n *Node) Elements(start, count int) []Node {
	if n.value == nil {
		return nil
	}
	if count <= 0 {
		count = n.Indexed
	}
	return luaNodes(n.value.Elements(start, count))
}

// Parts are those that are no elements of a list.
func (n *Node) Parts() []Node {
	switch {
	case n.parts != nil:
		return n.parts()
	case n.value != nil:
		return luaNodes(n.value.Fields(maxNamed))
	}
	return nil
}

// Frame is a function that runs, or what the session is at where none does.
type Frame struct {
	Name   string
	Source *Source // nil: it has none
	Line   int
	frame  *script.Frame
}

// frames are where a replay stands, innermost first; the last is the event.
func (v view) frames() (out []Frame) {
	if vm := v.vm(); vm != nil {
		files := v.sources.of(vm.Program())
		for _, f := range (script.Inspector{VM: vm}).Frames() {
			frame := f
			out = append(out, Frame{Name: f.Function, Source: fileNamed(files, vm.Program(), f.File), Line: f.Line, frame: &frame})
		}
	}
	return append(out, Frame{Name: v.eventText()})
}

func fileNamed(files []*Source, p *script.Program, path string) *Source {
	for i, src := range p.Sources() {
		if src.Path == path {
			return files[i]
		}
	}
	return nil
}

// where words where a replay stands in one line.
func (v view) where() string {
	text := v.eventText()
	if frames := v.frames(); len(frames) > 1 && frames[0].Source != nil {
		f := frames[0]
		text = fmt.Sprintf("%s:%d in %s, %s", filepath.Base(f.Source.Path), f.Line, f.Name, text)
	}
	return text
}

// evaluate runs an expression or statements to read only, at a frame from 0, and returns
// what it came to; several values are one node with parts.
func (r *replay) evaluate(frame int, code string) (Node, error) {
	vm, at := r.vm(), (*script.Frame)(nil)
	if vm != nil {
		if frames := (script.Inspector{VM: vm}).Frames(); frame < len(frames) {
			at = &frames[frame]
		}
	}
	if vm == nil {
		if vm = r.scriptOf(0); vm == nil {
			return Node{}, errNothingRuns
		}
	}
	var values []script.Value
	output, err := r.aside(vm, func(env bindings.Env) (err error) {
		values, err = script.Inspector{VM: vm}.Evaluate(env, at, code)
		return err
	})
	if err != nil {
		return Node{}, err
	}
	return result(values, output), nil
}

// result is what code came to as one node.
func result(values []script.Value, output string) Node {
	switch {
	case len(values) == 1:
		return luaNode(script.Variable{Value: values[0]})
	case len(values) == 0 && output != "":
		return Node{Text: output}
	}
	var parts []Node
	text := ""
	for i, v := range values {
		parts = append(parts, luaNode(script.Variable{Name: fmt.Sprint(i + 1), Value: v}))
		if i > 0 {
			text += ", "
		}
		text += v.Text()
	}
	n := group("", text, parts)
	n.truth = len(values) > 0 && values[0].True()
	return n
}
