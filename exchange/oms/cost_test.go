package oms

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// A venue that tells no profit has it reckoned from the average price, harmonic where the
// contract is inverse, and an execution that comes by itself is booked once.
func TestProfitThatNobodyTells(t *testing.T) {
	u := universe()
	for _, tt := range []struct {
		key    string
		prices [3]string // bought, bought, and sold for both and one more
		want   string
		next   string // bought back at
		then   string
	}{
		{"usdm:BTCUSDT", [3]string{"50000", "51000", "50600"}, "0.2", "50500", "0.1"},
		// 100/50000 + 100/40000 - 200/40000 = -0.0005
		{"coinm:BTCUSD_PERP", [3]string{"50000", "40000", "40000"}, "-0.0005", "50000", "-0.0005"},
	} {
		in, err := u.Lookup(tt.key)
		if err != nil {
			t.Fatal(err)
		}
		m, err := New(u, Options{Profile: profile()}, Opening{Began: start}, start)
		if err != nil {
			t.Fatal(err)
		}
		m.rounds.section(in.Venue).fresh = false
		var got []exchange.Fill
		trade := func(id string, side exchange.Side, qty, price string) {
			e := &Execution{Venue: in.Venue, Symbol: in.Symbol, TradeID: id, OrderID: "x", ClientID: "web", Side: side, Qty: dec(qty), Price: dec(price), Time: start + 1}
			for range 2 {
				m.Event(&AccountEvent{Venue: in.Venue, Execution: e}, start)
			}
			m.Events(func(ev *exchange.Event) {
				if ev.Kind == exchange.KindFill {
					got = append(got, *ev.Fill)
				}
			})
		}
		unit, all := "0.001", "0.003"
		if in.Inverse() {
			unit, all = "1", "3"
		}
		trade("1", exchange.Buy, unit, tt.prices[0])
		trade("2", exchange.Buy, unit, tt.prices[1])
		trade("3", exchange.Sell, all, tt.prices[2])
		trade("4", exchange.Buy, unit, tt.next)
		if len(got) != 4 || !got[0].Realised.IsZero() || !got[1].Realised.IsZero() || !got[2].Realised.Equal(dec(tt.want)) || !got[3].Realised.Equal(dec(tt.then)) {
			t.Errorf("%s: %+v, want %s and %s", tt.key, got, tt.want, tt.then)
		}
	}
}
