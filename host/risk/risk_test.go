package risk

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func perp(t *testing.T) *exchange.Instrument {
	t.Helper()
	u, err := exchange.NewUniverse([]exchange.Instrument{{
		Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	return u.Get(0)
}

// live is a fresh book around 60 000.
func live() Market {
	return Market{Now: exchange.Date(2026, 1, 5), Ready: true, Bid: 599999, Ask: 600001}
}

func order(side exchange.Side, qty exchange.Lots, price exchange.Ticks) *exchange.Order {
	return &exchange.Order{Side: side, Type: exchange.Limit, TIF: exchange.IOC, Qty: qty, Price: price}
}

func TestRules(t *testing.T) {
	in := perp(t)
	tests := []struct {
		name  string
		order *exchange.Order
		set   func(*Market, *Limits)
		rule  string // "" passes
	}{
		{"plain", order(exchange.Buy, 100, 600001), nil, ""},
		{"exactly the order limit passes", order(exchange.Buy, 100, 600000), func(_ *Market, l *Limits) { l.MaxOrderNotional = decimal.NewFromInt(6000) }, ""},
		{"one lot over", order(exchange.Buy, 101, 600000), func(_ *Market, l *Limits) { l.MaxOrderNotional = decimal.NewFromInt(6000) }, "order notional"},
		{"position counts what is pending", order(exchange.Buy, 100, 600000), func(m *Market, l *Limits) {
			m.Position, m.Pending = 50, 60
			l.MaxPositionNotional = decimal.NewFromInt(12000)
		}, "position notional"},
		{"a larger short is as bad", order(exchange.Sell, 200, 600000), func(m *Market, l *Limits) {
			m.Position = -100
			l.MaxPositionNotional = decimal.NewFromInt(12000)
		}, "position notional"},
		{"buying 2 % through mid", order(exchange.Buy, 1, 612000), nil, "price collar"},
		{"selling 2 % through mid", order(exchange.Sell, 1, 588000), nil, "price collar"},
		{"resting 2 % away is fine", order(exchange.Buy, 1, 588000), nil, ""},
		{"no book", order(exchange.Buy, 1, 600000), func(m *Market, _ *Limits) { m.Ready = false }, "stale book"},
		{"old book", order(exchange.Buy, 1, 600000), func(m *Market, _ *Limits) { m.Age = 6 * exchange.Second }, "stale book"},
		{"old book, but it reduces", order(exchange.Sell, 1, 600000), func(m *Market, _ *Limits) { m.Age, m.Position = exchange.Hour, 5 }, ""},
		{"turning a position around is no reduction", order(exchange.Sell, 6, 600000), func(m *Market, _ *Limits) { m.Age, m.Position = exchange.Hour, 5 }, "stale book"},
		{"too many working", order(exchange.Buy, 1, 600000), func(m *Market, l *Limits) { m.OpenOrders, l.MaxOpenOrders = 3, 3 }, "open orders"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, l := live(), Limits{}
			if tt.set != nil {
				tt.set(&m, &l)
			}
			check(t, New(l).Check(in, tt.order, m), tt.rule)
		})
	}
}

func check(t *testing.T, err error, rule string) {
	t.Helper()
	var d *Denied
	switch {
	case rule == "" && err != nil:
		t.Errorf("denied: %v", err)
	case rule != "" && (!errors.As(err, &d) || d.Rule != rule):
		t.Errorf("got %v, want a denial by %q", err, rule)
	}
}

func TestRateKeepsAReserveForReducing(t *testing.T) {
	in := perp(t)
	g := New(Limits{OrdersPerSecond: 1, OrderBurst: 8})
	m := live()
	opened := 0
	for g.Check(in, order(exchange.Buy, 1, 600000), m) == nil {
		g.Count(m.Now)
		opened++
	}
	if opened != 6 {
		t.Errorf("%d orders passed at once, want 6 of the burst of 8: a quarter is kept", opened)
	}
	m.Position = 5
	for range 2 {
		check(t, g.Check(in, order(exchange.Sell, 1, 600000), m), "")
		g.Count(m.Now)
	}
	check(t, g.Check(in, order(exchange.Sell, 1, 600000), m), "order rate")
	m.Now += 3 * exchange.Second
	m.Position = 0
	check(t, g.Check(in, order(exchange.Buy, 1, 600000), m), "")
}

func TestDailyLossTripsTheLatchOnce(t *testing.T) {
	in := perp(t)
	g := New(Limits{DailyLoss: decimal.RequireFromString("0.01")})
	day := exchange.Date(2026, 1, 5)
	g.Observe(day, decimal.NewFromInt(100000))
	if why := g.Observe(day+exchange.Hour, decimal.NewFromInt(99000)); why != "" {
		t.Errorf("exactly 1 %% lost tripped the latch: %s", why)
	}
	why := g.Observe(day+2*exchange.Hour, decimal.RequireFromString("98999.99"))
	if !strings.Contains(why, "98999.99") || !strings.Contains(why, "99000.00") {
		t.Errorf("the reason %q does not name the numbers", why)
	}
	if again := g.Observe(day+3*exchange.Hour, decimal.NewFromInt(90000)); again != "" {
		t.Errorf("tripped again: %s", again)
	}
	m := live()
	check(t, g.Check(in, order(exchange.Buy, 1, 600000), m), "kill latch")
	m.Position = 2
	check(t, g.Check(in, order(exchange.Sell, 1, 600000), m), "")
	g.Observe(day+exchange.Day, decimal.NewFromInt(90000))
	m.Position = 0
	check(t, g.Check(in, order(exchange.Buy, 1, 600000), m), "kill latch") // a new day does not lift it
	g.Resume()
	check(t, g.Check(in, order(exchange.Buy, 1, 600000), m), "")
}

// TestHold stops new risk, lets a position be reduced, and needs nobody to lift it.
func TestHold(t *testing.T) {
	g, in, m := New(Limits{}), perp(t), live()
	if !g.Hold("spot stream is down") || g.Hold("usdm stream is down too") {
		t.Error("only the first hold is news")
	}
	var denied *Denied
	if err := g.Check(in, order(exchange.Buy, 1, 600000), m); !errors.As(err, &denied) || denied.Rule != "account" || denied.Detail != "usdm stream is down too" {
		t.Errorf("while held: %v", err)
	}
	m.Position = 5
	if err := g.Check(in, order(exchange.Sell, 5, 600000), m); err != nil {
		t.Errorf("a reducing order while held: %v", err)
	}
	if !g.Release() || g.Release() {
		t.Error("only the first release is news")
	}
	if err := g.Check(in, order(exchange.Buy, 1, 600000), m); err != nil {
		t.Errorf("after the release: %v", err)
	}
}

func TestBorrowed(t *testing.T) {
	in, dec := perp(t), decimal.RequireFromString
	for _, tt := range []struct{ most, would, want string }{
		{"0", "1", "nothing may be borrowed: max_borrowed"},
		{"1000", "1000.01", "coins worth 1000.01 would be borrowed (max_borrowed 1000)"},
		{"1000", "1000", ""},
		{"-1", "1000000", ""},
	} {
		m, o := live(), order(exchange.Sell, 1, 600000)
		m.Borrowed, o.Borrow = dec(tt.would), true
		err := New(Limits{MaxBorrowed: dec(tt.most)}).Check(in, o, m)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%s of %s: %v, want %q", tt.would, tt.most, err, tt.want)
		}
	}
}
