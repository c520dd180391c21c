package script

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// snippetName is how errors name code that was typed in.
const snippetName = "eval"

// snippet compiles an expression or statements.
func snippet(code string) (*lua.FunctionProto, error) {
	text := code
	if _, err := parse.Parse(strings.NewReader("return "+code), snippetName); err == nil {
		text = "return " + code
	}
	return compile(exchange.Source{Path: snippetName, Text: text})
}

// Bounds of what is shown of values.
const (
	maxShown      = 32   // values
	maxShownBytes = 8192 // of one of them, about
	maxShownDepth = 4    // of tables
)

// worded words a value as people read it: text as it is, and tables with what is in them.
func worded(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return cut(string(s), maxShownBytes)
	}
	return inLine(v)
}

func cut(s string, most int) string {
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

func show(b *strings.Builder, v lua.LValue, depth int) {
	switch v := v.(type) {
	case lua.LString:
		b.WriteString(strconv.Quote(string(v[:min(len(v), maxShownBytes)])))
		return
	case *lua.LTable:
		if depth < maxShownDepth {
			showTable(b, v, depth)
			return
		}
	}
	b.WriteString(bindings.ToText(v))
}

func showTable(b *strings.Builder, t *lua.LTable, depth int) {
	b.WriteByte('{')
	n := 1
	for k, v := t.Next(lua.LNil); k != lua.LNil; k, v = t.Next(k) {
		if n > 1 {
			b.WriteString(", ")
		}
		if b.Len() > maxShownBytes {
			b.WriteString("…")
			break
		}
		if k != lua.LNumber(n) {
			showKey(b, k)
		}
		show(b, v, depth+1)
		n++
	}
	b.WriteByte('}')
}

func showKey(b *strings.Builder, k lua.LValue) {
	if s, ok := k.(lua.LString); ok {
		b.WriteString(string(s[:min(len(s), maxShownBytes)]))
	} else {
		b.WriteByte('[')
		b.WriteString(bindings.ToText(k))
		b.WriteByte(']')
	}
	b.WriteString(" = ")
}

// inLine words a value as code would write it.
func inLine(v lua.LValue) string {
	var b strings.Builder
	show(&b, v, 0)
	return cut(b.String(), maxShownBytes)
}
