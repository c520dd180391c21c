package risk

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Limits that are changed hold from then on, what was changed is told with both values, and
// what other parts were made with stays.
func TestLimitsAreChanged(t *testing.T) {
	g := New(Limits{MaxOrderNotional: decimal.NewFromInt(100), OrderBurst: 40, MaxBorrowed: decimal.NewFromInt(5)})
	got := g.Change(Limits{MaxOrderNotional: decimal.NewFromInt(50), OrderBurst: 10, MaxOpenOrders: -1, MaxBorrowed: decimal.NewFromInt(9), MaxFeedLatency: exchange.Second})
	want := []Changed{{"max_order_notional", "100", "50", false}, {"order_burst", "40", "10", false}, {"max_open_orders", "200", "-1", true}}
	if len(got) != len(want) {
		t.Fatalf("got %+v, want %+v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("got %+v, want %+v", got[i], want[i])
		}
	}
	if l := g.Limits(); !l.MaxBorrowed.Equal(decimal.NewFromInt(5)) || l.MaxFeedLatency != 0 || !l.MaxOrderNotional.Equal(decimal.NewFromInt(50)) || g.tokens != 10 {
		t.Errorf("in force %+v with %v tokens", l, g.tokens)
	}
	if again := g.Change(g.Limits()); len(again) != 0 {
		t.Errorf("nothing was changed, and told %+v", again)
	}
}
