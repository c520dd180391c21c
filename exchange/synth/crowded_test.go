package synth

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What is liquidated follows from the price: longs when it has fallen, shorts when it has
// risen, and more of them where it moves more; and telling of it changes nothing else.
func TestLiquidationsFollowThePrice(t *testing.T) {
	m, err := New(Options{Seed: 4, Until: Began + 2*exchange.Day, Step: 10 * exchange.Second})
	if err != nil {
		t.Fatal(err)
	}
	var ev exchange.Event
	n, last := map[exchange.Side]int{}, exchange.Time(0)
	marks := map[exchange.InstrumentID][]exchange.E8{}
	against := 0
	for m.Next(&ev) == nil {
		if ev.Time < last {
			t.Fatalf("time goes back at %s", ev.Time)
		}
		last = ev.Time
		switch ev.Kind {
		case exchange.KindMark:
			marks[ev.Instrument] = append(marks[ev.Instrument], ev.Mark)
		case exchange.KindLiquidation:
			if err := ev.Check(m.Universe().Get(ev.Instrument)); err != nil {
				t.Fatal(err)
			}
			n[ev.Side]++
			list := marks[ev.Instrument]
			high, low := list[len(list)-1], list[len(list)-1]
			for _, p := range list {
				high, low = max(high, p), min(low, p)
			}
			now := list[len(list)-1]
			if ev.Side == exchange.Sell && now > high-high/500 || ev.Side == exchange.Buy && now < low+low/500 {
				against++
			}
		}
	}
	if n[exchange.Buy] < 10 || n[exchange.Sell] < 10 || n[exchange.Buy]+n[exchange.Sell] > 20_000 || against > 0 {
		t.Errorf("in two days %d shorts and %d longs were liquidated, %d of them without a move against them", n[exchange.Buy], n[exchange.Sell], against)
	}
	t.Logf("in two days %d shorts and %d longs were liquidated", n[exchange.Buy], n[exchange.Sell])
}
