// Package log is the Lua module for writing to the strategy's log. Every line
// carries the script's file and line.
package log

import (
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
)

// maxLine bounds one message; what is longer is cut.
const maxLine = 4096

// countedLine is how many bytes count as one line against what a callback may
// write: lines are kept in the journal.
const countedLine = 1024

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "log",
		Doc:  "The strategy's log. Values are joined with spaces.",
		Funcs: []bindings.Func{
			level("debug", "For following a strategy's thought; off unless asked for.", intent.Debug),
			level("info", "For what happens normally.", intent.Info),
			level("warn", "For what someone should look at.", intent.Warn),
			level("error", "For what someone must look at.", intent.Error),
		},
	}
}

func level(name, doc string, l intent.Level) bindings.Func {
	return bindings.Func{
		Spec: bindings.Spec{Name: name, Doc: doc, Args: []bindings.Value{{Name: "...", Type: "any"}},
			Example: "log." + name + "(\"funding of\", symbol, num.fmt(0.000123, 5))"},
		Call: func(rt *bindings.Runtime) int { return Write(rt, l, " ") },
	}
}

// Write logs all arguments of the call, joined by sep.
func Write(rt *bindings.Runtime, l intent.Level, sep string) int {
	var b strings.Builder
	for i := 1; i <= rt.NArgs() && b.Len() <= maxLine; i++ {
		if i > 1 {
			b.WriteString(sep)
		}
		b.WriteString(text(rt.Arg(i).Value()))
	}
	message := b.String()
	if len(message) > maxLine {
		message = message[:maxLine] + "..."
	}
	for n := 0; n <= len(message); n += countedLine {
		rt.Count(bindings.CapLogs)
	}
	rt.Charge(16 + len(message)/16)
	rt.Env().Log(l, rt.Where(), message)
	return 0
}

// text words a value. Strings are bare; objects have no addresses, so that the
// same run always logs the same lines.
func text(v lua.LValue) string {
	if s, ok := v.(lua.LString); ok {
		return string(s[:min(len(s), maxLine+1)])
	}
	return bindings.ToText(v)
}
