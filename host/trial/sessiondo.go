package trial

import (
	"path/filepath"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/core"
)

// What a test does to a session, as a person does or a save.

// must ends the test when the session itself can't go on.
func must(rt *bindings.Runtime, err error) {
	if err != nil {
		rt.Raise("%v", err)
	}
}

func sessionHalt(rt *bindings.Runtime) int {
	reason := "halted by the test"
	if !rt.Arg(1).Nil() {
		reason = rt.Arg(1).Text()
	}
	must(rt, self(rt).stage.Tell(core.CommandLatch, core.Instruction{Reason: reason}))
	return 0
}

func sessionResume(rt *bindings.Runtime) int {
	must(rt, self(rt).stage.Tell(core.CommandUnlatch, core.Instruction{Reason: "resumed by the test"}))
	return 0
}

func sessionSignal(rt *bindings.Runtime) int {
	in := core.Instruction{Name: rt.Arg(1).Name()}
	switch v := rt.Arg(2).Value().(type) {
	case *lua.LNilType:
	case lua.LString:
		in.Payload = string(v)
	default:
		text, err := encoded(v)
		must(rt, err)
		in.Payload = text
	}
	must(rt, self(rt).stage.Tell(core.CommandSignal, in))
	return 0
}

func sessionSet(rt *bindings.Runtime) int {
	return rt.PushDone(self(rt).stage.Tell(core.CommandParams, core.Instruction{Params: settings(rt, rt.Arg(1))}))
}

// sessionReload takes a file, or the text of one.
func (f calls) sessionReload(rt *bindings.Runtime) int {
	s := self(rt)
	text := rt.Arg(1).String()
	dir := filepath.Dir(s.path)
	rt.Charge(unitsPerSession + len(text))
	if strings.Contains(text, "\n") || strings.HasPrefix(text, "return ") {
		program, err := f.programs.compile(dir, []exchange.Source{{Path: filepath.Base(s.path), Text: text}})
		if err == nil {
			err = s.stage.Reload(program)
		}
		return rt.PushDone(err)
	}
	program, err := f.programs.load(f.find(text))
	if err != nil {
		return rt.PushDone(err)
	}
	if f.cover != nil {
		f.cover.add(filepath.Dir(f.find(text)), program)
	}
	return rt.PushDone(s.stage.Reload(program))
}

func (f calls) sessionRestart(rt *bindings.Runtime) int {
	s := self(rt)
	crash := rt.Fields(1, &restartType).Get("crash").Bool()
	rt.Charge(unitsPerSession)
	s.faults.forget()
	s.interrupted()
	must(rt, s.stage.Restart(f.test.ctx, crash))
	must(rt, s.market.again())
	return 0
}

// interrupted ends the orders that are open, as a session does that goes on from one whose venue
// went with its process: nobody is told of them any more. Those that are canceled in good order
// still are.
func (s *session) interrupted() {
	for i := range s.orders {
		if o := &s.orders[i]; !o.Status.Terminal() {
			o.Status, o.Reason, o.Updated = exchange.StatusExpired, "the session was interrupted", s.stage.Now()
		}
	}
}

func sessionStop(rt *bindings.Runtime) int {
	must(rt, self(rt).stage.Stop())
	return 0
}

// sessionAnswer answers the oldest question, or the one of a tag.
func sessionAnswer(rt *bindings.Runtime) int {
	s := self(rt)
	tag, tagged := "", !rt.Arg(2).Nil()
	if tagged {
		tag = rt.Arg(2).String()
	}
	at := slices.IndexFunc(s.questions, func(q *advice.Question) bool { return !tagged || q.Tag == tag })
	if at < 0 {
		rt.Raise("the strategy waits for no answer%s", map[bool]string{true: " to " + tag}[tagged])
	}
	said := &exchange.Advice{ID: s.questions[at].ID, Verdict: advice.OK, Model: "test"}
	switch v := rt.Arg(1).Value().(type) {
	case lua.LBool:
		said.Verdict, said.Reason = advice.Failed, "the test says so"
	case lua.LString:
		said.Text = string(v)
	default:
		text, err := encoded(rt.Arg(1).Table())
		must(rt, err)
		said.Text = text
	}
	must(rt, s.stage.Push(exchange.Event{Kind: exchange.KindAdvice, Instrument: exchange.NoInstrument, Advice: said}))
	return 0
}
