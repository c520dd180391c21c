package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// Five digits that count, and never more than six decimals; a whole number may have more.
func TestSignificantDigits(t *testing.T) {
	in := exchange.Instrument{Tick: exchange.MustStep("0.000001")}
	in.Coarser = exchange.SignificantDigits(in.Tick, 5)
	for _, tt := range []struct{ price, buy, sell string }{
		{"0.012345", "0.012345", "0.012345"},
		{"0.123456", "0.12345", "0.12346"},
		{"1.23456", "1.2345", "1.2346"},
		{"1234.56", "1234.5", "1234.6"},
		{"9999.95", "9999.9", "10000"},
		{"12345.6", "12345", "12346"},
		{"123456", "123456", "123456"},
		{"1234567.5", "1234567", "1234568"},
	} {
		p, exact := in.Tick.Exact(dec(tt.price))
		if !exact {
			t.Fatal(tt.price)
		}
		buy, sell := in.PriceDecimal(in.OnGrid(exchange.Buy, exchange.Ticks(p))), in.PriceDecimal(in.OnGrid(exchange.Sell, exchange.Ticks(p)))
		if buy.String() != tt.buy || sell.String() != tt.sell {
			t.Errorf("%s: buy at %s, sell at %s, want %s and %s", tt.price, buy, sell, tt.buy, tt.sell)
		}
	}
	if c := exchange.SignificantDigits(exchange.MustStep("0.5"), 5); c != nil {
		t.Errorf("of a tick that is no power of ten: %v", c)
	}
}

// A price that was put on the grid is on it, no more aggressive, and the nearest such.
func TestOnGrid(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := exchange.Instrument{Tick: exchange.MustStep("0.0001"), Coarser: []exchange.Coarser{{From: 500, Every: 5}, {From: 10_000, Every: 50}}}
		p := exchange.Ticks(rapid.Int64Range(1, 30_000).Draw(t, "p"))
		for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
			got := in.OnGrid(side, p)
			if got%in.TickAt(got) != 0 || in.OnGrid(side, got) != got || exchange.Ticks(side)*(p-got) < 0 || max(p-got, got-p) >= in.TickAt(p) {
				t.Fatalf("%s at %d: %d", side, p, got)
			}
		}
	})
}

func TestCheckOfTheGrid(t *testing.T) {
	for want, c := range map[string][]exchange.Coarser{
		"":                                {{From: 500, Every: 5}, {From: 10_000, Every: 50}},
		"Coarser[0]: From 500, Every 1":   {{From: 500, Every: 1}},
		"Coarser[1]: From 400, Every 10":  {{From: 500, Every: 5}, {From: 400, Every: 10}},
		"Coarser[1]: From 10000, Every 7": {{From: 500, Every: 5}, {From: 10_000, Every: 7}},
		"Coarser[0]: From 502, Every 5":   {{From: 502, Every: 5}},
	} {
		in := exchange.Instrument{Venue: "a.b", Symbol: "X", Base: "X", Quote: "Y", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), Coarser: c}
		if err := in.Check(); want == "" && err != nil || want != "" && !strings.HasPrefix(fmt.Sprint(err), want) {
			t.Errorf("%v: %v, want %q", c, err, want)
		}
	}
}
