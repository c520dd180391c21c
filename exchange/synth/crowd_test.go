package synth

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Every copy has the events of its original, at the same times, and no other.
func TestCrowdCopies(t *testing.T) {
	opt := Options{Seed: 3, Step: exchange.Second}
	c, err := NewCrowd(opt, 25)
	if err != nil {
		t.Fatal(err)
	}
	perps := 0
	for _, in := range c.Universe().All() {
		if in.Contract == exchange.Linear {
			perps++
		}
	}
	if perps != 25 {
		t.Errorf("%d contracts, want 25", perps)
	}
	told := map[string][]string{}
	var ev exchange.Event
	last := exchange.Time(0)
	for range 20_000 {
		if err := c.Next(&ev); err != nil {
			t.Fatal(err)
		}
		if ev.Time < last {
			t.Fatalf("time goes back from %v to %v", last, ev.Time)
		}
		last = ev.Time
		in := c.Universe().Get(ev.Instrument)
		told[in.Key()] = append(told[in.Key()], fmt.Sprint(ev.Kind, ev.Time, ev.Price, ev.LastID, len(ev.Bids), ev.Mark))
	}
	for _, pair := range [][2]string{{"BTCUSDT", "BTC2USDT"}, {"BTCUSDT", "BTC3USDT"}, {"1000SHIBUSDT", "1000SHIB2USDT"}} {
		a, b := told["usdm:"+pair[0]], told["usdm:"+pair[1]]
		n := min(len(a), len(b))
		if n < 100 || fmt.Sprint(a[:n]) != fmt.Sprint(b[:n]) {
			t.Errorf("%s has %d events and %s has %d, or they differ", pair[0], len(a), pair[1], len(b))
		}
	}
}
