package core

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A strategy that halts itself can reduce what it holds, whatever others hold, and open
// nothing; the others trade on, and only a person lets it open again.
func TestAStrategyHaltsItself(t *testing.T) {
	const perp = 1
	var ask func(p *Port)
	var told, denied []string
	s := &script{name: "s", subs: []string{"*"}, call: func(p *Port, n *Callback) error {
		switch n.Handler {
		case OnBook:
			if ask != nil {
				ask(p)
			}
		case OnHalt:
			told = append(told, n.Reason+"/"+p.HaltReason())
		case OnOrder:
			if n.Order.Status == exchange.StatusDenied {
				denied = append(denied, n.Order.Reason)
			}
		}
		return nil
	}}
	other := &script{name: "other", subs: []string{"*"}, wants: map[Handler]bool{OnBook: true, OnHalt: true}, call: func(p *Port, n *Callback) error {
		if n.Handler == OnHalt || p.HaltReason() != "" {
			t.Errorf("the other one: %s, %q", n.Handler, p.HaltReason())
		}
		return nil
	}}
	b := newBench(t, s, other)
	look := func(f func(*Port)) []Effect {
		ask = f
		fx := append([]Effect(nil), b.book(perp, 600_000, 600_001, 1000)...)
		ask = nil
		return fx
	}
	order := func(side exchange.Side, qty exchange.Lots) func(*Port) {
		return func(p *Port) {
			p.Submit(exchange.Order{Instrument: perp, Side: side, Type: exchange.Limit, TIF: exchange.GTC, Price: 600_000, Qty: qty})
		}
	}
	fill := func(side exchange.Side, strategy int32, qty exchange.Lots, id exchange.OrderID) {
		b.step(exchange.Event{Kind: exchange.KindOrder, Instrument: perp, Update: exchange.OrderUpdate{ID: id, Status: exchange.StatusAccepted}})
		b.step(exchange.Event{Kind: exchange.KindFill, Instrument: perp, Fill: &exchange.Fill{Order: id, TradeID: side.String() + strategyName(b, strategy),
			Instrument: perp, Side: side, Price: 600_000, Qty: qty, FeeAsset: "USDT"}})
		b.step(exchange.Event{Kind: exchange.KindOrder, Instrument: perp, Update: exchange.OrderUpdate{ID: id, Status: exchange.StatusFilled, Filled: qty}})
	}
	sent := bodies[Submit](look(order(exchange.Buy, 100)))
	fill(exchange.Buy, 0, 100, sent[0].Order.ID)
	resting := bodies[Submit](look(order(exchange.Buy, 50)))[0].Order.ID
	fx := look(func(p *Port) { p.Halt("enough") })
	if h := bodies[*HaltChanged](fx); len(h) != 1 || h[0].Reason != "" || h[0].Of("s") != "enough" {
		t.Fatalf("halted: %+v", h)
	}
	if c := bodies[Cancel](fx); len(c) != 1 || c[0].Order.ID != resting {
		t.Errorf("canceled: %+v", c)
	}
	b.step(exchange.Event{Kind: exchange.KindOrder, Instrument: perp, Update: exchange.OrderUpdate{ID: resting, Status: exchange.StatusCanceled}})
	if strings.Join(told, " ") != "enough/enough" || b.core.Halted() != "" || b.core.Latched(0) != "enough" || b.core.Latched(1) != "" {
		t.Errorf("told %v, session %q, latches %q %q", told, b.core.Halted(), b.core.Latched(0), b.core.Latched(1))
	}
	for _, tt := range []struct {
		side  exchange.Side
		qty   exchange.Lots
		sends int
	}{{exchange.Buy, 10, 0}, {exchange.Sell, 101, 0}, {exchange.Sell, 60, 1}, {exchange.Sell, 60, 0}} { // 60 of 100 are on their way
		if got := bodies[Submit](look(order(tt.side, tt.qty))); len(got) != tt.sends {
			t.Errorf("%s %d: %d orders, want %d", tt.side, tt.qty, len(got), tt.sends)
		}
	}
	if len(denied) != 3 || !strings.Contains(denied[0], "kill latch: of the strategy: enough") {
		t.Errorf("denied: %q", denied)
	}
	// It is in what a next run goes on from, and goes when a person says so.
	if r := (Onlooker{b.core}).Standing().Restore; len(r.Latches) != 1 || r.Latches[0] != (Latch{"s", "enough"}) {
		t.Errorf("kept: %+v", r.Latches)
	}
	resume, err := Instruction{Strategy: "s", By: "me"}.Event(CommandUnpause)
	if err != nil {
		t.Fatal(err)
	}
	if h := bodies[*HaltChanged](b.step(*resume)); len(h) != 1 || len(h[0].Strategies) != 0 || b.core.Latched(0) != "" {
		t.Errorf("after the resume: %+v", h)
	}
	if got := bodies[Submit](look(order(exchange.Buy, 10))); len(got) != 1 {
		t.Errorf("it sends %d orders then", len(got))
	}
}

func strategyName(b *bench, i int32) string { return b.core.StrategyName(i) }
