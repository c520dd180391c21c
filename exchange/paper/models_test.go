package paper

import (
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// flat charges one coin of the quote for every fill.
type flat struct{}

func (flat) Fee(in *exchange.Instrument, _ *exchange.Fill) (decimal.Decimal, string) {
	return decimal.NewFromInt(1), in.Quote
}
func (flat) Taker(*exchange.Instrument) decimal.Decimal { return decimal.Zero }
func (flat) String() string                             { return "one coin a fill" }

// slow takes a second to the venue and two back.
type slow struct{}

func (slow) Delay(_, _ uint64, d Direction) exchange.Time {
	switch d {
	case ToVenue, CancelToVenue:
		return exchange.Second
	case FromVenue:
		return 2 * exchange.Second
	}
	return 0
}
func (slow) String() string { return "a second there, two back" }

// first lets every order stand at the head of its queue once its level changes.
type first struct{}

func (first) Front(_, _, _, _ float64) float64 { return 0 }
func (first) String() string                   { return "queue of one" }

// An embedder's models are asked in place of the venue's own, and described.
func TestModels(t *testing.T) {
	d := quoted(t, Options{Models: Models{Fees: flat{}, Latency: slow{}, Queue: first{}}})
	begin := d.now
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 9999, 10)) // rests at the best bid
	d.until(begin + 5*exchange.Second)
	if at := d.heard[0].Time - begin; at != 3*exchange.Second {
		t.Errorf("the first answer came after %v, want 3 s", at)
	}
	id := d.last
	if front, ok := d.v.QueueAhead(id); !ok || front != 5000 {
		t.Errorf("at first %g lots are ahead %v, want the 5000 that are shown", front, ok)
	}
	in := d.find("usdm:BTCUSDT")
	d.market(in, exchange.Event{Kind: exchange.KindDiff, Bids: []exchange.Level{{Price: 9999, Qty: 4000}}})
	if front, _ := d.v.QueueAhead(id); front != 0 {
		t.Errorf("%g lots are ahead, want none", front)
	}
	d.market(in, exchange.Event{Kind: exchange.KindTrade, Side: exchange.Sell, Price: 9999, Qty: 10})
	d.until(d.now + 5*exchange.Second)
	fill := d.heard[len(d.heard)-1].Fill
	if fill == nil || !fill.Fee.Equal(decimal.NewFromInt(1)) || fill.FeeAsset != "USDT" {
		t.Errorf("filled: %+v, want a fee of 1 USDT", fill)
	}
	text := strings.Join(d.v.Describe(), "\n")
	for _, words := range []string{"one coin a fill", "a second there", "queue of one"} {
		if !strings.Contains(text, words) {
			t.Errorf("the description does not say %q", words)
		}
	}
	if slices.ContainsFunc(d.v.Describe(), func(s string) bool { return strings.HasPrefix(s, "Fees on") }) {
		t.Error("rates are described that are not charged")
	}
}
