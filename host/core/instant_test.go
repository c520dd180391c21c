package core

import (
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/risk"
)

// moment is everything that one moment shows of the three instruments of universe.
func moment(at exchange.Time, price int64) []exchange.Event {
	var out []exchange.Event
	for id := range exchange.InstrumentID(3) {
		unit := exchange.Ticks(10)
		if id == 0 {
			unit = 100
		}
		p := exchange.Ticks(price) * unit
		bid, ask := []exchange.Level{{Price: p - 1, Qty: 1e6}}, []exchange.Level{{Price: p + 1, Qty: 1e6}}
		out = append(out,
			exchange.Event{Kind: exchange.KindMark, Instrument: id, Mark: exchange.E8(price) * 1e8, Hours: 8},
			exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, LastID: int64(at), PrevID: -1, Bids: bid, Asks: ask, Synthetic: true},
			exchange.Event{Kind: exchange.KindBar, Instrument: id, Bar: exchange.Bar{Open: p, High: p, Low: p, Close: p, Interval: exchange.Hour}})
	}
	for i := range out {
		out[i].Time, out[i].VenueTime, out[i].More = at, at, i < len(out)-1
	}
	return out
}

// show steps through a moment and returns what it led to.
func (b *bench) show(events []exchange.Event) []Effect {
	var all []Effect
	for i := range events {
		events[i].More = i < len(events)-1
		b.fx = b.fx[:0]
		b.core.Step(&events[i], &b.fx)
		all = append(all, b.fx...)
	}
	return all
}

// watcher writes down what it is told, with what it sees of every market then, and
// buys now and then.
func watcher(log *[]string) *script {
	return &script{name: "s", subs: []string{"*"}, call: func(p *Port, n *Callback) error {
		line := n.Handler.String() + fmt.Sprintf(" %d:", n.Instrument)
		for id := range exchange.InstrumentID(3) {
			if book := p.Book(id); book.Ready() {
				best, _ := book.Best(exchange.Buy)
				line += fmt.Sprintf(" %d/%d", best.Price, p.Mark(id).Mark)
			}
		}
		*log = append(*log, line)
		if n.Handler == OnMark && n.Instrument == 1 && p.Mark(1).Mark%3 == 0 {
			p.Submit(exchange.Order{Instrument: 1, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 10})
		}
		return nil
	}}
}

// The same strategy sees and decides the same in whatever order a moment's
// instruments are fed.
func TestTheOrderOfAFeedDecidesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		prices := rapid.SliceOfN(rapid.Int64Range(40000, 60000), 1, 6).Draw(t, "prices")
		run := func(shuffle bool) (log, fx []string) {
			c, err := New(Config{Universe: universe(nopT{})}, []Strategy{watcher(&log)}, nil)
			if err != nil {
				t.Fatal(err)
			}
			b := &bench{core: c, now: exchange.Date(2026, 1, 5)}
			b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(100000)})
			b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
			for i, price := range prices {
				events := moment(b.now+exchange.Time(i)*exchange.Hour, price)
				if shuffle {
					events = rapid.Permutation(events).Draw(t, "order")
				}
				for _, e := range b.show(events) {
					e.Seq = 0 // which of the moment's events was the last
					fx = append(fx, string(e.Append(nil, c.Universe())))
				}
			}
			return log, fx
		}
		log, fx := run(false)
		log2, fx2 := run(true)
		if !slices.Equal(log, log2) || !slices.Equal(fx, fx2) {
			t.Fatalf("in one order\n%q\n%q\nin another\n%q\n%q", log, fx, log2, fx2)
		}
	})
}

// nopT stands in for a test where only its helpers are needed.
type nopT struct{ testing.TB }

func (nopT) Helper() {}

// Nobody is called before all of a moment was shown, and then everybody sees all.
func TestAMomentIsShownWhole(t *testing.T) {
	var log []string
	b := newBench(t, watcher(&log))
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
	log = nil
	events := moment(b.now, 50000)
	for i := range events[:len(events)-1] {
		b.fx = b.fx[:0]
		b.core.Step(&events[i], &b.fx)
		if len(log) != 0 || len(b.fx) != 0 {
			t.Fatalf("after event %d of the moment: %q, %v", i, log, b.fx)
		}
	}
	b.core.Step(&events[len(events)-1], &b.fx)
	want := []string{"on_mark 0", "on_mark 1", "on_mark 2", "on_book 0", "on_book 1", "on_book 2", "on_bar 0", "on_bar 1", "on_bar 2"}
	for i, line := range log {
		if i >= len(want) || line != want[i]+": 4999999/5000000000000 499999/5000000000000 499999/5000000000000" {
			t.Errorf("call %d: %q", i, line)
		}
	}
	if len(log) != len(want) {
		t.Errorf("%d calls, want %d", len(log), len(want))
	}
}

// A moment that was cut short, as by the end of a recording, ends with what comes
// next, and is not lost.
func TestACutMomentEnds(t *testing.T) {
	var log []string
	b := newBench(t, watcher(&log))
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
	log = nil
	events := moment(b.now, 50000)
	b.fx = b.fx[:0]
	b.core.Step(&events[0], &b.fx)
	b.now += exchange.Hour
	b.step(exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument})
	if len(log) != 1 || log[0] != "on_mark 0:" {
		t.Errorf("calls %q, want the mark that was shown", log)
	}
}

// The equity of a hedged account is sampled once a moment is whole: a bar of 6 % up
// or down is no loss, and the latch of the daily loss stays where it is.
func TestAHedgedAccountHasNoDrawdownThroughABar(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c, err := New(Config{Universe: universe(nopT{}), Limits: risk.Limits{DailyLoss: decimal.New(1, -3)}}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		b := &bench{core: c, now: exchange.Date(2026, 1, 5)}
		for _, w := range []exchange.Wallet{"spot", "usdm"} {
			b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: w, Asset: "USDT", Amount: decimal.NewFromInt(50000)})
		}
		b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
		price := int64(50000)
		b.show(moment(b.now, price))
		for i, f := range []exchange.Fill{{Instrument: 0, Side: exchange.Buy, Price: 5000000, Qty: 90000}, {Instrument: 1, Side: exchange.Sell, Price: 500000, Qty: 900}} {
			f.TradeID, f.Fee, f.FeeAsset = fmt.Sprint(i), decimal.Zero, "USDT"
			b.step(exchange.Event{Kind: exchange.KindFill, Instrument: f.Instrument, Fill: &f})
		}
		low, high := decimal.NewFromInt(1e9), decimal.Zero
		for i := range 8 {
			price += price * rapid.Int64Range(-6, 6).Draw(t, "move") / 100
			for _, e := range b.show(rapid.Permutation(moment(b.now+exchange.Time(i+1)*exchange.Hour, price)).Draw(t, "order")) {
				switch b := e.Body.(type) {
				case *EquitySampled:
					low, high = decimal.Min(low, b.Amount), decimal.Max(high, b.Amount)
				case *HaltChanged:
					t.Fatalf("halted: %s", b.Reason)
				}
			}
		}
		if d := high.Sub(low).Div(high).InexactFloat64(); high.IsZero() || d > 0.0005 {
			t.Fatalf("equity between %s and %s: %.3f %% apart", low, high, 100*d)
		}
	})
}
