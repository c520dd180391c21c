package oms

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A trade that is told of early books nothing; its execution does, once, and is asked for if it
// does not come.
func TestATradeToldOfEarly(t *testing.T) {
	d := newHedgedDesk(t, emptyLedger)
	if why := d.send(exchange.Buy, 5, false); why != "" {
		t.Fatal(why)
	}
	client := fmt.Sprint("t-", d.ids)
	early := func(trade string) {
		d.m.Event(&AccountEvent{Venue: usdm, Heard: &Execution{Venue: usdm, Symbol: "BTCUSDT", TradeID: trade, OrderID: "v" + client, ClientID: client,
			Side: exchange.Buy, Price: dec("50000"), Qty: dec("0.005"), Time: d.now}, Time: d.now}, d.now)
	}
	listings := func(span exchange.Time) (n int) {
		for end := d.now + span; d.now < end; d.now += 100 * exchange.Millisecond {
			d.m.Tick(d.now)
			for _, r := range asked(d.m) {
				if r.Kind == ListExecutions {
					n++
				}
				d.m.Answer(&Answer{Request: r}, d.now)
			}
		}
		return n
	}
	early(fmt.Sprint(d.ids + 1))
	if n := listings(streamGrace - 100*exchange.Millisecond); n != 0 || d.ours() != 0 {
		t.Errorf("before its execution can have come: %d listings, our position is %d", n, d.ours())
	}
	if n := listings(exchange.Second); n == 0 || d.ours() != 0 {
		t.Errorf("its execution does not come: %d listings, our position is %d", n, d.ours())
	}
	d.trade(client, exchange.Buy, exchange.Buy, "0.005")
	if d.ours() != 5 {
		t.Fatalf("our position is %d, want 5", d.ours())
	}
	early(fmt.Sprint(d.ids)) // again, and late
	if n := listings(5 * exchange.Second); n != 0 || d.ours() != 5 {
		t.Errorf("told of again: %d listings, our position is %d", n, d.ours())
	}
}
