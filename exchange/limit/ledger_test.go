package limit

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// toy is a venue with two pools, of which one counts orders every second.
func toy() *Table {
	return &Table{Pools: []string{"public", "orders"}, BanLeast: minute, BanMost: 10 * minute, Meters: []Rule{
		{Name: "requests", Pool: 1, Period: 5 * second, Limit: 10},
		{Name: "orders per second", Pool: 2, Period: second, Limit: 4, Orders: true},
		{Name: "requests of orders", Pool: 2, Period: minute, Limit: 100},
	}}
}

func TestToyVenue(t *testing.T) {
	l, err := New(Options{Table: toy(), Guard: 100 * ms})
	if err != nil {
		t.Fatal(err)
	}
	order := Cost{Pool: 2}
	order.Use[1], order.Use[2] = 1, 1
	now := start + 500*ms
	for n := 1; n <= 4; n++ {
		if v := l.Reserve(order, Cancel, now); !v.OK {
			t.Fatalf("order %d: %+v", n, v)
		}
	}
	if v := l.Reserve(order, Cancel, now); v.OK || v.Until != start+1100*ms || !strings.HasPrefix(v.Reason, "orders per second: 1 more are over") {
		t.Errorf("the fifth order: %+v", v)
	}
	if err := l.Observe(Answer{Pool: 2, Refusal: NoOrders}, now); err != nil {
		t.Fatal(err)
	}
	if v := l.Reserve(order, Cancel, now); v.Until != start+1100*ms || !strings.Contains(v.Reason, "refuses orders on orders") {
		t.Errorf("after a refusal of orders: %+v", v)
	}
	ask := Cost{Pool: 2}
	ask.Use[2] = 1
	if v := l.Reserve(ask, Query, now); !v.OK {
		t.Errorf("a question, which is no order: %+v", v)
	}
	if err := l.Observe(Answer{Pool: 1, Refusal: Banned, RetryAt: now + exchange.Day}, now); err != nil {
		t.Fatal(err)
	}
	if until, banned := l.Blocked(1, now); !banned || until != now+10*minute+100*ms {
		t.Errorf("a ban that is longer than any: %v until %v", banned, until)
	}
}

func TestTablesThatCannotBe(t *testing.T) {
	for want, change := range map[string]func(*Table){
		"0 pools":            func(x *Table) { x.Pools = nil },
		"17 meters":          func(x *Table) { x.Meters = make([]Rule, 17) },
		`meter "requests"`:   func(x *Table) { x.Meters[0].Pool = 3 },
		`meter "orders per`:  func(x *Table) { x.Meters[1].Limit = 0 },
		"over twice the gua": func(x *Table) { x.Meters[1].Period = 200 * ms },
	} {
		table := toy()
		change(table)
		if _, err := New(Options{Table: table, Guard: 100 * ms}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
	if _, err := New(Options{}); err == nil {
		t.Error("a ledger without a table")
	}
}
