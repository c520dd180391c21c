package host

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/host/core"
)

// every has every handler, and counts the calls of each.
type every struct{ calls map[string]int }

func (e *every) count(name string) error { e.calls[name]++; return nil }

func (e *every) OnStart(p *Port) error {
	_ = p.SetTimer("t", p.Now()+exchange.Minute, 0)
	return e.count("on_start")
}
func (e *every) OnBook(*Port, exchange.InstrumentID) error        { return e.count("on_book") }
func (e *every) OnTrade(*Port, *exchange.Event) error             { return e.count("on_trade") }
func (e *every) OnMark(*Port, exchange.InstrumentID) error        { return e.count("on_mark") }
func (e *every) OnLiquidation(*Port, *exchange.Event) error       { return e.count("on_liquidation") }
func (e *every) OnFunding(*Port, *exchange.FundingPayment) error  { return e.count("on_funding") }
func (e *every) OnBar(*Port, *exchange.Event) error               { return e.count("on_bar") }
func (e *every) OnPast(*Port, exchange.InstrumentID) error        { return e.count("on_past") }
func (e *every) OnOrder(*Port, *exchange.Order) error             { return e.count("on_order") }
func (e *every) OnFill(*Port, *exchange.Fill) error               { return e.count("on_fill") }
func (e *every) OnPair(*Port, *intent.Pair) error                 { return e.count("on_pair") }
func (e *every) OnSchedule(*Port, *intent.Schedule) error         { return e.count("on_schedule") }
func (e *every) OnAdvice(*Port, *advice.Advice) error             { return e.count("on_advice") }
func (e *every) OnSignal(*Port, string, string) error             { return e.count("on_signal") }
func (e *every) OnGap(*Port, exchange.InstrumentID, string) error { return e.count("on_gap") }
func (e *every) OnHalt(*Port, string) error                       { return e.count("on_halt") }
func (e *every) OnStop(*Port) error                               { return e.count("on_stop") }
func (e *every) State() ([]byte, error)                           { return json.Marshal(e.calls) }
func (e *every) Bars() []exchange.Time                            { return []exchange.Time{5 * exchange.Minute} }
func (e *every) OnTimer(p *Port, _ string) error {
	in, err := p.Universe().Lookup("usdm:BTCUSDT")
	if err != nil {
		return err
	}
	p.Submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: exchange.Lots(in.Lot.Nearest(0.01))})
	return e.count("on_timer")
}

func TestGoStrategyHasTheHandlersItNeeds(t *testing.T) {
	e := &every{calls: map[string]int{}}
	s, err := GoStrategy("every", []string{"usdm:BTCUSDT"}, e)
	if err != nil {
		t.Fatal(err)
	}
	for h := range core.Handlers {
		if s.Wants(h) != (h != core.OnReload) {
			t.Errorf("%s: %v", h, s.Wants(h))
		}
	}
	sum, err := Run(t.Context(), &Options{Strategies: []Strategy{s}, For: 9 * exchange.Hour, Ledger: LedgerNone})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"on_start", "on_book", "on_trade", "on_mark", "on_liquidation", "on_funding", "on_bar", "on_past", "on_timer", "on_order", "on_fill", "on_stop"} {
		if e.calls[name] == 0 {
			t.Errorf("%s was never called: %v", name, e.calls)
		}
	}
	if e.calls["on_bar"] > 110 || sum.Fills != 1 {
		t.Errorf("%d bars of five minutes in nine hours, %d fills", e.calls["on_bar"], sum.Fills)
	}
}

func TestGoStrategyRefusesAValueWithoutHandlers(t *testing.T) {
	const none = "none of the handlers"
	for _, tt := range []struct {
		v    any
		want string
	}{
		{nil, none}, {5, none}, {struct{}{}, none},
		{every{}, "method OnStart belongs to the pointer: hand a *host.every in"},
		{(*every)(nil), "its *host.every is nil"},
		{mistaken{&every{}}, "its method OnBook is a func(host.mistaken, *core.Port, int32) error without its receiver: want func(*core.Port, exchange.InstrumentID) error"},
		{closesWrongly{&every{}}, "its method Close is a func(host.closesWrongly) error without its receiver: want func()"},
	} {
		if _, err := GoStrategy("x", nil, tt.v); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%T: %v, want %q", tt.v, err, tt.want)
		}
	}
}

// mistaken has a handler that would never be called.
type mistaken struct{ *every }

func (mistaken) OnBook(*Port, int32) error { return nil }

type closesWrongly struct{ *every }

func (closesWrongly) Close() error { return nil }

// closing says when it is closed, and writes into all that it is given.
type closing struct {
	t      *testing.T
	closed int
	fills  int
	lot    exchange.Step
}

func (c *closing) Close() { c.closed++ }

func (c *closing) OnTimer(p *Port, _ string) error {
	in, err := p.Universe().Lookup("usdm:BTCUSDT")
	if err != nil {
		return err
	}
	if c.lot.M == 0 {
		c.lot = in.Lot
	}
	p.Submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: exchange.Lots(c.lot.Nearest(0.01))})
	in.Lot, in.Tick, in.TakerFee = exchange.Step{M: 7}, exchange.Step{M: 7}, in.TakerFee.Neg()
	for i := range in.Brackets {
		in.Brackets[i].MMR = in.Brackets[i].MMR.Neg()
	}
	for _, o := range p.Orders() {
		o.Qty = 0
	}
	return nil
}

func (c *closing) OnStart(p *Port) error {
	return p.SetTimer("t", p.Now()+exchange.Minute, exchange.Hour)
}

func (c *closing) OnTrade(_ *Port, ev *exchange.Event) error {
	ev.Price, ev.Qty, ev.Kind = 0, 0, 0
	return nil
}

func (c *closing) OnFill(p *Port, f *exchange.Fill) error {
	c.fills++
	f.Qty = 0
	return nil
}

func (c *closing) OnOrder(p *Port, o *exchange.Order) error {
	o.Status, o.Qty, o.Filled = 0, 0, 0
	if c.closed > 0 {
		c.t.Error("called after it was closed")
	}
	return nil
}

// scribbles is a rule that writes into what it is given.
type scribbles struct{}

func (scribbles) Name() string { return "scribbles" }

func (scribbles) Check(in *exchange.Instrument, o *exchange.Order, m RuleMarket) error {
	for i := range in.Brackets {
		in.Brackets[i].MMR = in.Brackets[i].MMR.Neg()
	}
	in.Lot, in.TakerFee, o.Qty = exchange.Step{}, in.TakerFee.Neg(), 0
	return nil
}

// A strategy and a rule are given copies: a session in which they write into all of them
// comes out as one in which they don't. The strategy is closed once, at its end.
func TestWhatAStrategyIsGivenIsItsOwn(t *testing.T) {
	run := func(v any, rules ...Rule) *Summary {
		t.Helper()
		s, err := GoStrategy("closing", []string{"usdm:BTCUSDT"}, v)
		if err != nil {
			t.Fatal(err)
		}
		sum, err := Run(t.Context(), &Options{Strategies: []Strategy{s}, Rules: rules, For: 9 * exchange.Hour, Ledger: LedgerNone})
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	c := &closing{t: t}
	got := run(c, scribbles{})
	want := run(&reading{})
	if c.closed != 1 || c.fills < 5 {
		t.Errorf("closed %d times, %d fills", c.closed, c.fills)
	}
	if got.EffectsHash != want.EffectsHash || got.EndEq.String() != want.EndEq.String() {
		t.Errorf("%s, equity %s; without the writing %s, %s", got.EffectsHash, got.EndEq, want.EffectsHash, want.EndEq)
	}
}

// reading does what closing does, and writes into nothing.
type reading struct{}

func (*reading) OnStart(p *Port) error {
	return p.SetTimer("t", p.Now()+exchange.Minute, exchange.Hour)
}

func (*reading) OnTrade(*Port, *exchange.Event) error { return nil }

func (*reading) OnFill(*Port, *exchange.Fill) error { return nil }

func (*reading) OnOrder(*Port, *exchange.Order) error { return nil }

func (*reading) OnTimer(p *Port, _ string) error {
	in, err := p.Universe().Lookup("usdm:BTCUSDT")
	if err != nil {
		return err
	}
	p.Submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: exchange.Lots(in.Lot.Nearest(0.01))})
	return nil
}
