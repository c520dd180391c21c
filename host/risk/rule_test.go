package risk

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// drawdown refuses orders once the equity is a tenth below its highest.
type drawdown struct{ high, last decimal.Decimal }

func (*drawdown) Name() string { return "drawdown@1" }

func (d *drawdown) Observe(_ exchange.Time, equity decimal.Decimal) {
	d.high, d.last = decimal.Max(d.high, equity), equity
}

func (d *drawdown) Check(in *exchange.Instrument, o *exchange.Order, m Market) error {
	o.Qty = 0 // must change nothing
	if d.last.LessThan(d.high.Mul(decimal.RequireFromString("0.9"))) {
		return errors.New("a tenth below the highest equity")
	}
	return nil
}

type broken struct{ name string }

func (b broken) Name() string                                            { return b.name }
func (broken) Check(*exchange.Instrument, *exchange.Order, Market) error { panic("a bug") }
func (broken) Observe(exchange.Time, decimal.Decimal)                    { panic("another") }

func TestRuleOnlyRefuses(t *testing.T) {
	in := perp(t)
	rule := &drawdown{}
	g := New(Limits{DailyLoss: decimal.NewFromInt(-1)}, rule)
	now := Market{Now: exchange.Second, Ready: true, Bid: 99_999, Ask: 100_001, Position: 5}
	order := exchange.Order{Side: exchange.Buy, Type: exchange.Limit, Price: 100_000, Qty: 10}
	g.Observe(0, decimal.NewFromInt(1000))
	if err := g.Check(in, &order, now); err != nil {
		t.Fatal(err)
	}
	if order.Qty != 10 {
		t.Error("a rule changed the order")
	}
	g.Observe(0, decimal.NewFromInt(899))
	err := g.Check(in, &order, now)
	var denied *Denied
	if !errors.As(err, &denied) || denied.Rule != "drawdown@1" {
		t.Errorf("got %v, want a refusal of drawdown@1", err)
	}
	reducing := exchange.Order{Side: exchange.Sell, Type: exchange.Limit, Price: 100_000, Qty: 5}
	if err := g.Check(in, &reducing, now); err != nil {
		t.Errorf("an order that only reduces was refused: %v", err)
	}
	g.Kill("a person")
	if err := g.Check(in, &order, now); !strings.Contains(err.Error(), "kill latch") {
		t.Errorf("got %v: the gate's own rules come first", err)
	}
}

func TestRuleThatPanics(t *testing.T) {
	g := New(Limits{}, broken{"broken"})
	order := exchange.Order{Side: exchange.Buy, Type: exchange.Limit, Price: 100_000, Qty: 1}
	err := g.Check(perp(t), &order, Market{Now: exchange.Second, Ready: true, Bid: 99_999, Ask: 100_001})
	if err == nil || !strings.Contains(err.Error(), "broken: the rule panicked: a bug") {
		t.Errorf("got %v", err)
	}
	if why := g.Observe(0, decimal.NewFromInt(1000)); !strings.Contains(why, "another") || g.Killed() != why {
		t.Errorf("got %q, and the latch is %q", why, g.Killed())
	}
}

func TestCheckRules(t *testing.T) {
	for _, c := range []struct {
		rules []Rule
		want  string
	}{
		{[]Rule{&drawdown{}, broken{"b"}}, ""},
		{[]Rule{nil}, "rule 1 is nil"},
		{[]Rule{broken{"A b"}}, `name "A b"`},
		{[]Rule{&drawdown{}, &drawdown{}}, "taken"},
	} {
		err := CheckRules(c.rules)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %q", err, c.want)
		}
	}
}
