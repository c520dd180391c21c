package paper

import (
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestLatencyQuantiles(t *testing.T) {
	l, err := Latency{}.withDefaults(defaultLatency)
	if err != nil {
		t.Fatal(err)
	}
	const n = 100_000
	draws := make([]exchange.Time, n)
	for i := range draws {
		draws[i] = l.Delay(7, uint64(i), ToVenue)
	}
	slices.Sort(draws)
	if draws[0] < l.Min {
		t.Errorf("drew %s, under the minimum", duration(draws[0]))
	}
	near := func(name string, got, want exchange.Time) {
		if r := float64(got) / float64(want); r < 0.95 || r > 1.05 {
			t.Errorf("%s is %s, want about %s", name, duration(got), duration(want))
		}
	}
	near("median", draws[n/2], 20*exchange.Millisecond)
	near("p99", draws[n*99/100], 120*exchange.Millisecond)
}

func TestLatencyIsKeyed(t *testing.T) {
	l, _ := Latency{}.withDefaults(defaultLatency)
	base := l.Delay(1, 1, ToVenue)
	if l.Delay(1, 1, ToVenue) != base {
		t.Error("the same message drew two latencies")
	}
	for name, other := range map[string]exchange.Time{
		"seed": l.Delay(2, 1, ToVenue), "order": l.Delay(1, 2, ToVenue), "direction": l.Delay(1, 1, CancelToVenue)} {
		if other == base {
			t.Errorf("another %s drew the same latency", name)
		}
	}
}

func TestBadOptions(t *testing.T) {
	u := btcUniverse(t)
	for name, o := range map[string]Options{
		"model":       {Latency: Latency{Model: "gauss"}},
		"order":       {Latency: Latency{Min: 30, Median: 20, P99: 10}},
		"negative":    {Latency: Latency{Model: "const", Median: -1}},
		"queue":       {Queue: Queue{Model: "fifo"}},
		"power":       {Queue: Queue{Model: "power", Power: -1}},
		"impact":      {Impact: Impact{Model: "sqrt"}},
		"leverage":    {Leverage: -1},
		"leverageFor": {LeverageFor: map[exchange.InstrumentID]int{1: 0}},
		"wallet":      {Balances: []Deposit{{"", "USDT", one}}},
		"amount":      {Balances: []Deposit{{"spot", "USDT", one.Neg()}}},
		"position":    {Restore: &Account{Positions: []Holding{{Instrument: 99}}}},
		"entry":       {Restore: &Account{Positions: []Holding{{Instrument: 1, Position: exchange.Position{Qty: 1}}}}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Universe, o.Books = u, newBench(t, u, Options{}).v.opt.Books
			if _, err := New(o); err == nil {
				t.Error("accepted")
			}
		})
	}
	if _, err := New(Options{}); err == nil {
		t.Error("accepted without a universe")
	}
}
