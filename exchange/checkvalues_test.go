package exchange_test

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What no market can have is refused with its field and value, in the instrument's own units.
func TestImpossibleValues(t *testing.T) {
	in := &exchange.Instrument{Venue: "swap", Symbol: "ABC", Contract: exchange.Linear, Tick: exchange.MustStep("0.5"), Lot: exchange.MustStep("0.01")}
	levels := func(price exchange.Ticks, qty exchange.Lots) []exchange.Level {
		return []exchange.Level{{Price: 10, Qty: 1}, {Price: price, Qty: qty}}
	}
	bar := exchange.Bar{Open: 2, High: 3, Low: 1, Close: 2, Interval: exchange.Minute}
	with := func(change func(b *exchange.Bar)) exchange.Bar {
		b := bar
		change(&b)
		return b
	}
	for _, c := range []struct {
		ev   exchange.Event
		want string // "": it can be
	}{
		{exchange.Event{Kind: exchange.KindTrade, Price: 10, Qty: 1}, ""},
		{exchange.Event{Kind: exchange.KindTrade, Price: 0, Qty: 1}, "Price 0 ticks (0): want above 0"},
		{exchange.Event{Kind: exchange.KindTrade, Price: -10, Qty: 1}, "Price -10 ticks (-5): want above 0"},
		{exchange.Event{Kind: exchange.KindTrade, Price: 10, Qty: -500}, "Qty -500 lots (-5): want above 0"},
		{exchange.Event{Kind: exchange.KindLiquidation, Price: 10}, "Qty 0 lots (0): want above 0"},
		{exchange.Event{Kind: exchange.KindDiff, Bids: levels(9, 0)}, ""},
		{exchange.Event{Kind: exchange.KindDiff, Bids: levels(0, 0)}, "Bids[1]: level price 0 ticks (0): want above 0"},
		{exchange.Event{Kind: exchange.KindDiff, Asks: levels(-2, 1)}, "Asks[1]: level price -2 ticks (-1): want above 0"},
		{exchange.Event{Kind: exchange.KindSnapshot, Asks: levels(11, -300)}, "Asks[1]: level quantity -300 lots (-3): want 0 or more"},
		{exchange.Event{Kind: exchange.KindTicker, Price2: 11, Qty2: 1}, ""}, // there are no bids
		{exchange.Event{Kind: exchange.KindTicker, Qty: 1, Price2: 11, Qty2: 1}, "Price 0 ticks (0): want above 0"},
		{exchange.Event{Kind: exchange.KindTicker, Price: 10, Qty: 1, Price2: 11, Qty2: -1}, "Qty2 -1 lots (-0.01): want 0 or more"},
		{exchange.Event{Kind: exchange.KindMark, Mark: 1, Rate: -exchange.MostRate}, ""},
		{exchange.Event{Kind: exchange.KindMark}, "Mark 0: want above 0"},
		{exchange.Event{Kind: exchange.KindMark, Mark: 1, Index: -1e8}, "Index -1: want above 0"},
		{exchange.Event{Kind: exchange.KindMark, Mark: 1, Rate: 5e8}, "Rate 5: want a fraction from -1 to 1"},
		{exchange.Event{Kind: exchange.KindFunding, Rate: -5e8}, "Rate -5: want a fraction from -1 to 1"},
		{exchange.Event{Kind: exchange.KindFunding, Rate: 1e4}, ""},
		{exchange.Event{Kind: exchange.KindOpenInterest, Qty: -1}, "Qty -1 lots (-0.01): want 0 or more"},
		{exchange.Event{Kind: exchange.KindBar, Bar: bar}, ""},
		{exchange.Event{Kind: exchange.KindBar, Bar: with(func(b *exchange.Bar) { b.Low = 0 })}, "Bar: open 2, high 3, low 0"},
		{exchange.Event{Kind: exchange.KindBar, Bar: with(func(b *exchange.Bar) { b.Volume = math.NaN() })}, "Bar: Volume NaN"},
		{exchange.Event{Kind: exchange.KindBar, Bar: with(func(b *exchange.Bar) { b.Volume = -4.41 })}, "Bar: Volume -4.41"},
		{exchange.Event{Kind: exchange.KindGap}, ""},
	} {
		err := c.ev.CheckValues(in)
		if c.want == "" && err != nil || c.want != "" && !strings.HasPrefix(fmt.Sprint(err), c.want) {
			t.Errorf("%s: %v, want %q", c.ev.Kind, err, c.want)
		}
	}
}
