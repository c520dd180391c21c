package live

import (
	"context"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// saying is a decoder whose frames mean what is set.
type saying struct{ events []exchange.Event }

func (s *saying) Decode(_ []byte, yield func(*exchange.Event, int64)) error {
	for i := range s.events {
		yield(&s.events[i], int64(i+1))
	}
	return nil
}

// What a venue says that cannot be is dropped, counted and told, and not recorded; a book of
// which it was an update is missing one. What came beside it counts.
func TestWhatCannotBeIsDropped(t *testing.T) {
	said := &saying{}
	var told []string
	taps := 0
	m, sink, _ := market(t, exchange.LinkRising, func(o *Options) {
		o.Data.Data |= connect.Interest | connect.Liquidations
		o.Data.Notice = func(n connect.Notice) { told = append(told, n.Text) }
		o.Data.Tap = func(*exchange.Instrument, exchange.Time, []byte) { taps++ }
		o.Routes[0].Decoder = func(Session) connect.Decoder { return said }
		o.Ask.Interest = func(context.Context, *exchange.Instrument) (exchange.Event, error) {
			return exchange.Event{Qty: -1}, nil
		}
	})
	groups, err := m.groups(&m.o.Routes[0])
	if err != nil {
		t.Fatal(err)
	}
	h := groups[0].open(1)
	trade := func(price exchange.Ticks, qty exchange.Lots) exchange.Event {
		return exchange.Event{Kind: exchange.KindTrade, Price: price, Qty: qty, Side: exchange.Buy}
	}
	level := []exchange.Level{{Price: 10, Qty: 1}}
	for _, step := range []struct {
		events []exchange.Event
		want   string
	}{
		{[]exchange.Event{trade(10, -5), trade(0, 5), trade(10, 5)}, "trade"},
		{[]exchange.Event{{Kind: exchange.KindMark, Mark: 1, Rate: 5e8}}, ""},
		{[]exchange.Event{{Kind: exchange.KindLiquidation, Price: -1, Qty: 1}}, ""},
		{[]exchange.Event{{Kind: exchange.KindBar, Bar: exchange.Bar{Interval: exchange.Minute}}}, ""},
		{[]exchange.Event{{Kind: exchange.KindSnapshot, LastID: 5, PrevID: -1, Bids: level}}, "snapshot"},
		{[]exchange.Event{{Kind: exchange.KindDiff, FirstID: 6, LastID: 6, PrevID: -1, Bids: []exchange.Level{{Price: 10, Qty: -3}}}}, "gap"},
		{[]exchange.Event{{Kind: exchange.KindSnapshot, LastID: 7, PrevID: -1, Asks: []exchange.Level{{Price: 0, Qty: 3}}}}, "gap"},
	} {
		said.events = step.events
		if err := h.Frame([]byte("frame")); err != nil {
			t.Fatal(err)
		}
		if got := sink.kinds(); got != step.want {
			t.Errorf("%s %+v: posted %q, want %q", step.events[0].Kind, step.events, got, step.want)
		}
	}
	if err := m.askInterest(m.tracks[0]); err != nil || sink.kinds() != "" {
		t.Errorf("an open interest below 0: %v", err)
	}
	if n := m.Health().Malformed; n != 8 || taps != 2 {
		t.Errorf("%d were counted and %d frames recorded, want 8 and the two that were used", n, taps)
	}
	if text := strings.Join(told, "\n"); !strings.Contains(text, "swap:ABC: a trade that cannot be was dropped (1 bad messages so far): Qty -5 lots (-0.005): want above 0") {
		t.Errorf("told %s", text)
	}
}
