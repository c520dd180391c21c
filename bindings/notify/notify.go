// Package notify is the Lua module for telling people something, by whatever the session's
// configuration says: a chat, mail, a command.
//
// What is told is an effect of the session: it is journalled, sent once the callback has
// returned, and again by no replay. Backtests tell nobody.
package notify

import (
	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange/intent"
)

// maxText bounds what is told at once, in bytes.
const maxText = 1000

var optionsType = bindings.Type{
	Name: "NotifyOptions",
	Doc:  "How a notice is told.",
	Fields: []bindings.Value{
		{Name: "severity", Type: "\"notice\"|\"warning\"|\"critical\"", Optional: true, Doc: "how soon somebody should look: when there is time, today, now; notice when left out"},
	},
}

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "notify",
		Doc:  "Tells people, by the targets of [notify] in the configuration.",
		Funcs: []bindings.Func{{Spec: bindings.Spec{Name: "send", Doc: "Tells people a text, as plain text of one line. A strategy may tell five at once, and then one a minute; what is over is not told, and false is returned. On backtests and replays nobody is told.",
			Args:    []bindings.Value{{Name: "text", Type: "string", Doc: "1 to 1000 bytes"}, {Name: "options", Type: "NotifyOptions", Optional: true}},
			Returns: []bindings.Value{{Name: "told", Type: "boolean", Doc: "false: the strategy has told enough for now"}},
			Example: "notify.send(\"basis of BTC is above 40 bp\", { severity = \"warning\" })"}, Call: send}},
		Types: []bindings.Type{optionsType},
	}
}

func send(rt *bindings.Runtime) int {
	in := rt.Arg(1)
	text := in.String()
	if text == "" || len(text) > maxText {
		in.Fail("want 1 to %d bytes, got %d", maxText, len(text))
	}
	severity, err := intent.ParseSeverity(rt.Fields(2, &optionsType).Get("severity").Choice("notice", "warning", "critical"))
	if err != nil {
		rt.Raise("%v", err)
	}
	rt.Count(bindings.CapLogs)
	rt.Charge(16 + len(text)/16)
	return rt.PushBool(env(rt).Notify(severity, text))
}
