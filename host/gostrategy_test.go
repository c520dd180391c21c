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
func (e *every) OnFunding(*Port, *exchange.FundingPayment) error  { return e.count("on_funding") }
func (e *every) OnBar(*Port, *exchange.Event) error               { return e.count("on_bar") }
func (e *every) OnOrder(*Port, *exchange.Order) error             { return e.count("on_order") }
func (e *every) OnFill(*Port, *exchange.Fill) error               { return e.count("on_fill") }
func (e *every) OnPair(*Port, *intent.Pair) error                 { return e.count("on_pair") }
func (e *every) OnSchedule(*Port, *intent.Schedule) error         { return e.count("on_schedule") }
func (e *every) OnAdvice(*Port, *advice.Advice) error             { return e.count("on_advice") }
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
	for _, name := range []string{"on_start", "on_book", "on_trade", "on_mark", "on_funding", "on_bar", "on_timer", "on_order", "on_fill", "on_stop"} {
		if e.calls[name] == 0 {
			t.Errorf("%s was never called: %v", name, e.calls)
		}
	}
	if e.calls["on_bar"] > 110 || sum.Fills != 1 {
		t.Errorf("%d bars of five minutes in nine hours, %d fills", e.calls["on_bar"], sum.Fills)
	}
}

func TestGoStrategyRefusesAValueWithoutHandlers(t *testing.T) {
	for _, v := range []any{nil, 5, struct{}{}, every{}} {
		if _, err := GoStrategy("x", nil, v); err == nil || !strings.Contains(err.Error(), "none of the handlers") {
			t.Errorf("%T: %v", v, err)
		}
	}
}
