package core

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// opNames are what package host/control calls the commands.
var opNames = map[string]string{
	CommandLatch: "halt", CommandUnlatch: "resume", CommandPause: "halt", CommandUnpause: "resume", CommandParams: "set",
	CommandWithdraw: "cancel-all", CommandFlatten: "flatten", CommandSignal: "signal", CommandEvaluate: "eval", CommandLeave: "stop",
}

// keptPayload is how much of a signal's payload its command keeps: the journal has all
// of it.
const keptPayload = 1024

// tell reports a command and what came of it.
func (c steering) tell(command string, in *Instruction, outcome string) {
	args := *in
	args.By, args.Reason = "", ""
	if len(args.Payload) > keptPayload {
		args.Payload = strings.ToValidUTF8(args.Payload[:keptPayload], "") + "…"
	}
	strategy := int32(-1)
	for _, s := range c.strategies.list {
		if s.Name() == in.Strategy {
			strategy = s.index
		}
	}
	raw, err := json.Marshal(&args)
	if err != nil {
		raw = []byte("{}")
	}
	c.report(strategy, &Command{By: in.by(), Why: in.Reason, Op: opNames[command], Args: string(raw), Outcome: outcome})
}

// reloadArgs are the arguments of a reload.
type reloadArgs struct {
	Strategy string `json:"strategy"`
	To       int    `json:"to,omitempty"`
}

// tellReload reports a reload that somebody asked for: one by a save has its version alone.
func (c steering) tellReload(s *instance, r *exchange.Reload, v *Version) {
	if r.By == "" {
		return
	}
	outcome := Done
	switch {
	case !v.Loaded:
		outcome = v.Problem
	case r.To > 0:
		outcome = fmt.Sprintf("rolled back to v%d, which is v%d now", r.To, v.Number)
	}
	raw, err := json.Marshal(reloadArgs{s.Name(), r.To})
	if err != nil {
		raw = []byte("{}")
	}
	c.report(s.index, &Command{By: r.By, Why: r.Why, Op: "reload", Args: string(raw), Outcome: outcome})
}

// report tells a command, and says it in the log when it was not the program itself that
// gave it.
func (c steering) report(strategy int32, cmd *Command) {
	c.emit(strategy, Commanded{cmd})
	if cmd.By == ByProgram {
		return
	}
	text := cmd.By + " told it: " + cmd.Op
	if cmd.Args != "{}" {
		text += " " + cmd.Args
	}
	if cmd.Why != "" {
		text += ", because: " + cmd.Why
	}
	level := intent.Info
	if cmd.Outcome != Done {
		text += ": " + cmd.Outcome
		if cmd.Op != "reload" {
			level = intent.Warn
		}
	}
	c.log(level, strategy, short(text))
}
