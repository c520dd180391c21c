package trial

import (
	"cmp"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/core"
)

// What a test reads of a session.

// calls are the methods of sessions.
type calls struct{ *runner }

// self is the session of a method, whose universe functions see meanwhile.
func self(rt *bindings.Runtime) *session { return bindings.Self[*session](rt) }

func (s *session) universe() *exchange.Universe { return s.u }

// named gives a table the symbol of its own session: the runtime remembers those of another.
func named(t *lua.LTable, in *exchange.Instrument) *lua.LTable {
	t.RawSetString("symbol", lua.LString(in.Key()))
	return t
}

func list[T any](rt *bindings.Runtime, of []T, make func(*T) lua.LValue) int {
	t := growing(rt)
	for i := range of {
		rt.Charge(unitsPerRow)
		t.Append(make(&of[i]))
	}
	return 1
}

// unitsPerRow is what a table of a row counts, for its memory above all.
const unitsPerRow = 40

// growing is a result that is still to be filled: on the stack, its memory counts from the start.
func growing(rt *bindings.Runtime) *lua.LTable {
	t := rt.L.NewTable()
	rt.Push(t)
	return t
}

// within makes the session's universe the one that tables are made in.
func (f *runner) within(rt *bindings.Runtime, s *session) {
	if e, ok := rt.Env().(*environment); ok {
		e.of = s
	}
}

func (f calls) sessionOrders(rt *bindings.Runtime) int { return f.orders(rt, false) }

func (f calls) sessionOpen(rt *bindings.Runtime) int { return f.orders(rt, true) }

func (f calls) orders(rt *bindings.Runtime, open bool) int {
	s := self(rt)
	f.within(rt, s)
	rt.Charge(len(s.orders) + len(s.held))
	t := growing(rt)
	for i := range s.orders {
		if o := &s.orders[i]; !open || !o.Status.Terminal() {
			rt.Charge(unitsPerRow)
			t.Append(named(rt.NewOrder(o), s.universe().Get(o.Instrument)))
		}
	}
	for i := range s.held {
		if c := &s.held[i]; !open || !c.State.Done() {
			rt.Charge(unitsPerRow)
			t.Append(named(bindings.NewConditional(rt, c), s.universe().Get(c.Request.Instrument)))
		}
	}
	return 1
}

func (f calls) sessionFills(rt *bindings.Runtime) int {
	s := self(rt)
	f.within(rt, s)
	return list(rt, s.fills, func(x *exchange.Fill) lua.LValue {
		return named(rt.NewFill(x), s.universe().Get(x.Instrument))
	})
}

func (f calls) sessionPayments(rt *bindings.Runtime) int {
	s := self(rt)
	f.within(rt, s)
	return list(rt, s.payments, func(x *exchange.FundingPayment) lua.LValue {
		return named(rt.NewPayment(x), s.universe().Get(x.Instrument))
	})
}

func (f calls) sessionPairs(rt *bindings.Runtime) int {
	s := self(rt)
	f.within(rt, s)
	return list(rt, s.pairs, func(p *intent.Pair) lua.LValue {
		t := rt.NewPair(p)
		for _, leg := range []struct {
			names []string
			id    exchange.InstrumentID
		}{{[]string{"long", "spot"}, p.Spot}, {[]string{"short", "perp"}, p.Perp}} {
			for _, name := range leg.names {
				t.RawSetString(name, lua.LString(s.universe().Get(leg.id).Key()))
			}
		}
		return t
	})
}

func (f calls) sessionPosition(rt *bindings.Runtime) int {
	s := self(rt)
	f.within(rt, s)
	in := rt.Arg(1).Instrument()
	p := s.stage.Core().StrategyPosition(0, in.ID)
	rt.PushNumber(in.QtyFloat(p.Qty))
	if p.Qty == 0 {
		return 1 + rt.PushNil()
	}
	return 1 + rt.PushNumber(exchange.Float(p.Entry))
}

func (f calls) sessionBalance(rt *bindings.Runtime) int {
	s := self(rt)
	wallet := exchange.Wallet(strings.ToLower(rt.Arg(1).String())).Within(s.universe().House())
	if !slices.Contains(s.universe().Wallets(), wallet) {
		rt.Arg(1).Fail("unknown wallet %q: there are %v", wallet, s.universe().Wallets())
	}
	asset := strings.ToUpper(rt.Arg(2).String())
	for _, h := range s.stage.Core().Holdings() {
		if h.Wallet == wallet && h.Asset == asset {
			return rt.PushNumber(exchange.Float(h.Total))
		}
	}
	return rt.PushNumber(0)
}

func sessionEquity(rt *bindings.Runtime) int {
	return rt.PushNumber(exchange.Float(self(rt).stage.Core().Equity()))
}

func sessionState(rt *bindings.Runtime) int {
	raw, err := self(rt).stage.State()
	if err != nil {
		rt.Raise("%v", err)
	}
	rt.Charge(len(raw))
	return rt.Push(bindings.FromJSON(rt, string(raw)))
}

func sessionLogs(rt *bindings.Runtime) int {
	s := self(rt)
	var of []logged
	least := intent.Level(slices.Index(levels, rt.Arg(1).Choice(levels...)))
	for _, l := range s.logs {
		if l.level >= least {
			of = append(of, l)
		}
	}
	return list(rt, of, func(l *logged) lua.LValue {
		t := rt.L.CreateTable(0, 4)
		t.RawSetString("level", lua.LString(l.level.String()))
		t.RawSetString("text", lua.LString(l.text))
		if l.where != "" {
			t.RawSetString("where", lua.LString(l.where))
		}
		t.RawSetString("host", lua.LBool(l.who < 0))
		return t
	})
}

// levels are the words for an intent.Level.
var levels = []string{"debug", "info", "warn", "error"}

func sessionLog(rt *bindings.Runtime) int {
	var b strings.Builder
	for _, l := range self(rt).logs {
		rt.Charge(1 + len(l.text)/16)
		b.WriteString(l.text + "\n")
	}
	return rt.PushString(b.String())
}

func sessionNotes(rt *bindings.Runtime) int {
	return list(rt, self(rt).notes, func(n *core.Notified) lua.LValue {
		t := rt.L.CreateTable(0, 2)
		t.RawSetString("severity", lua.LString(n.Severity.String()))
		t.RawSetString("text", lua.LString(n.Text))
		return t
	})
}

func sessionChart(rt *bindings.Runtime) int {
	name := rt.Arg(1).String()
	var of []core.ChartPoint
	for _, p := range self(rt).points {
		if p.Series == name {
			of = append(of, p)
		}
	}
	return list(rt, of, func(p *core.ChartPoint) lua.LValue { return rt.Number(p.Value) })
}

func sessionErrors(rt *bindings.Runtime) int {
	s := self(rt)
	s.noted = len(s.errors)
	return list(rt, s.errors, func(text *string) lua.LValue { return lua.LString(*text) })
}

func sessionParam(rt *bindings.Runtime) int {
	name := rt.Arg(1).String()
	var names []string
	for _, p := range self(rt).stage.Parameters() {
		if p.Name == name {
			return rt.Push(rt.ToLua(p.Value))
		}
		names = append(names, p.Name)
	}
	rt.Arg(1).Fail("the strategy has no parameter %q%s", name, bindings.DidYouMean(name, names))
	return 0
}

func sessionHalted(rt *bindings.Runtime) int {
	if why := self(rt).stage.Core().Halted(); why != "" {
		return rt.PushString(why)
	}
	return rt.PushNil()
}

func sessionPaused(rt *bindings.Runtime) int {
	if why := self(rt).stage.Core().Paused(0); why != "" {
		return rt.PushString(why)
	}
	return rt.PushNil()
}

func sessionQuestions(rt *bindings.Runtime) int {
	return list(rt, self(rt).questions, func(of **advice.Question) lua.LValue {
		q, one := *of, rt.L.CreateTable(0, 4)
		rt.Charge(len(q.Context))
		one.RawSetString("id", lua.LString(bindings.ID(q.ID)))
		one.RawSetString("tag", lua.LString(q.Tag))
		one.RawSetString("question", lua.LString(q.Text))
		one.RawSetString("context", bindings.FromJSON(rt, cmp.Or(q.Context, "{}")))
		return one
	})
}
