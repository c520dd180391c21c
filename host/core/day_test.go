package core

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What is older than a day no longer counts, wherever the session is in its ring of slots.
func TestRollingDay(t *testing.T) {
	r := &rollingDay{slots: make([]daySlotOf, daySlots)}
	at := exchange.Date(2026, 1, 1)
	if _, ok := r.sum(at); ok {
		t.Error("there is a day of nothing")
	}
	trade := func(after exchange.Time, price exchange.Ticks) {
		r.add(at+after, exchange.DayStats{Open: price, High: price, Low: price, Last: price, Volume: 1, Quote: float64(price), Count: 1}, exchange.FlowAll)
	}
	trade(0, 500)
	trade(exchange.Hour, 100)
	trade(exchange.Hour+exchange.Second, 90)
	trade(20*exchange.Hour, 300)
	for _, x := range []struct {
		now  exchange.Time
		want exchange.DayStats
	}{
		{20 * exchange.Hour, exchange.DayStats{Open: 500, High: 500, Low: 90, Last: 300, Volume: 4, Quote: 990, Count: 4}},
		{24*exchange.Hour + 30*exchange.Minute, exchange.DayStats{Open: 100, High: 300, Low: 90, Last: 300, Volume: 3, Quote: 490, Count: 3}},
		{26 * exchange.Hour, exchange.DayStats{Open: 300, High: 300, Low: 300, Last: 300, Volume: 1, Quote: 300, Count: 1}},
	} {
		if got, ok := r.sum(at + x.now); !ok || got != x.want {
			t.Errorf("after %d h: %+v, want %+v", x.now/exchange.Hour, got, x.want)
		}
	}
	trade(44*exchange.Hour, 310) // the slot of 20:00 the day before
	if got, ok := r.sum(at + 44*exchange.Hour); !ok || got.Count != 1 || got.Open != 310 {
		t.Errorf("%+v: want one trade", got)
	}
	if _, ok := r.sum(at + 200*exchange.Hour); ok {
		t.Error("what is days old counts")
	}
}

// What one bar does not tell is not known of the day, and is again once that bar is a day old.
func TestPartsOfADay(t *testing.T) {
	r := &rollingDay{slots: make([]daySlotOf, daySlots)}
	at := exchange.Date(2026, 3, 1)
	whole := exchange.DayStats{Open: 100, High: 100, Low: 100, Last: 100, Volume: 2, Quote: 200, Count: 5}
	for i, x := range []struct {
		known exchange.FlowParts
		quote float64
		count int64
	}{{exchange.FlowAll, 200, 5}, {exchange.FlowQuote, 400, 0}, {exchange.FlowTrades, 0, 0}} {
		now := at + exchange.Time(i)*exchange.Hour
		r.add(now, whole, x.known)
		if day, ok := r.sum(now); !ok || day.Quote != x.quote || day.Count != x.count || day.Volume != 2*float64(i+1) {
			t.Errorf("after %d bars: %+v, want quote %g, %d trades", i+1, day, x.quote, x.count)
		}
	}
	r.add(at+50*exchange.Hour, whole, exchange.FlowAll)
	if day, _ := r.sum(at + 50*exchange.Hour); day.Quote != 200 || day.Count != 5 {
		t.Errorf("%+v: what lacked it is long ago", day)
	}
}
