package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/control"
)

// A line that is thinned out keeps its ends and its extremes.
func TestThinnedKeepsExtremes(t *testing.T) {
	var list []control.Point
	for i := range 10_000 {
		list = append(list, control.Point{T: int64(i), V: float64(i % 7)})
	}
	list[4321].V, list[8765].V = 99, -99
	got := thinned(list, 100)
	has := func(v float64) bool { return slices.ContainsFunc(got, func(p control.Point) bool { return p.V == v }) }
	if len(got) > 100 || got[0] != list[0] || got[len(got)-1] != list[len(list)-1] || !has(99) || !has(-99) {
		t.Errorf("%d points from %v to %v; 99 %v, -99 %v", len(got), got[0], got[len(got)-1], has(99), has(-99))
	}
	if !slices.IsSortedFunc(got, func(a, b control.Point) int { return int(a.T - b.T) }) {
		t.Error("out of order")
	}
	if got := thinned(list[:3], 100); len(got) != 3 {
		t.Errorf("%d of 3 points", len(got))
	}
}

// The quantiles of handlers are at most a quarter too large.
func TestHandlerTimes(t *testing.T) {
	for _, ns := range []uint64{0, 1, 3, 4, 7, 8, 999, 1000, 123_456, 1 << 40} {
		slot := handlerSlot(ns)
		if end := slotEnd(slot); ns < 1<<38 && (end < float64(ns) || end > 1.25*float64(ns)+1) {
			t.Errorf("%d ns is in the slot that ends at %v", ns, end)
		}
	}
	var h handlerTimes
	if p50, p99 := h.quantiles(0); p50 != 0 || p99 != 0 {
		t.Errorf("of nothing %v, %v", p50, p99)
	}
	h.list = make([][handlerSlots]uint32, 2)
	for i := range 1000 {
		ns := uint64(1000)
		if i >= 985 {
			ns = 1_000_000
		}
		h.list[1][handlerSlot(ns)]++
	}
	if p50, p99 := h.quantiles(1); p50 < 1 || p50 > 1.25 || p99 < 1000 || p99 > 1250 {
		t.Errorf("p50 %v µs, p99 %v µs; want 1 and 1000", p50, p99)
	}
}

// The log that is remembered is bounded, and keeps the newest lines in their order.
func TestTheLastLinesAreRemembered(t *testing.T) {
	var m deskMemory
	for i := range keptLines + 5 {
		m.line(&Line{Text: fmt.Sprint(i)})
	}
	if got := m.last(); len(got) != keptLines || got[0].Text != "5" || got[keptLines-1].Text != fmt.Sprint(keptLines+4) {
		t.Errorf("%d lines from %s to %s", len(got), got[0].Text, got[len(got)-1].Text)
	}
}

// A signal is told once for each id, also when the session was restarted between.
func TestASignalIsToldOnceOverRestarts(t *testing.T) {
	d := beginDesk(t, deskScript)
	d.run()
	signal := func(desk control.Desk, id string) {
		t.Helper()
		if err := desk.Signal(t.Context(), pageUser, control.SignalArgs{Name: "n" + id, ID: id}); err != nil {
			t.Fatal(err)
		}
	}
	signal(d.desk, "a")
	d.stop()
	s, err := Open(t.Context(), d.o)
	if err != nil {
		t.Fatal(err)
	}
	d.Session, d.desk = s, s.Desk()
	d.run()
	signal(d.desk, "a")
	signal(d.desk, "b")
	commands := must1[[]control.Command](t)(d.desk.Commands(t.Context(), control.RangeArgs{}))
	d.stop()
	if len(commands) != 2 || commands[1].Outcome != "told before, and not again" || commands[0].Outcome != "done" {
		t.Errorf("commands of the second run %+v", commands)
	}
	if res, err := Replay(t.Context(), d.Session.r.record.dir); err != nil || res.Diff != nil {
		t.Errorf("replay: %+v, %v", res, err)
	}
}

// Who follows hears what the session is told, until his context ends.
func TestADeskIsFollowed(t *testing.T) {
	d := beginDesk(t, deskScript)
	ctx, leave := context.WithCancel(t.Context())
	defer leave()
	seen := make(chan control.Event, 64)
	events := d.desk.Follow(ctx, control.FollowArgs{Kinds: []string{"command", "halt"}})
	over := make(chan struct{})
	go func() {
		defer close(over)
		for ev := range events {
			seen <- ev
		}
	}()
	d.run()
	if err := d.desk.Halt(ctx, pageUser, control.StrategyArgs{}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"halt", "command"} {
		select {
		case ev := <-seen:
			if ev.Kind != want || len(ev.Data) == 0 || ev.Seq == 0 {
				t.Errorf("event %+v, want a %s", ev, want)
			}
		case <-time.After(60 * time.Second):
			t.Fatalf("no %s came", want)
		}
	}
	leave()
	<-over
	d.stop()
	for range d.desk.Follow(t.Context(), control.FollowArgs{}) {
		t.Error("something happens in a session that has ended")
	}
	if _, err := d.desk.Status(t.Context()); !errors.As(err, new(*control.Error)) {
		t.Errorf("status of a session that has ended: %v", err)
	}
}

// holdsMany buys some of every instrument and leaves orders in the books.
type holdsMany struct{ books int }

func (h *holdsMany) OnBook(p *Port, _ exchange.InstrumentID) error {
	if h.books++; h.books != 1000 {
		return nil
	}
	for _, in := range p.Universe().All() {
		p.Submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: 100})
		if in.ID%5 == 0 {
			p.Submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 9900, Qty: 100})
		}
	}
	return nil
}

// What looks cost the loop of a session with a thousand instruments, a thousand positions
// and two hundred orders: loop-µs/op is what the loop stands still for.
func BenchmarkDeskOfAThousandInstruments(b *testing.B) {
	info := SourceInfo{Name: "thousand"}
	events := make(chan exchange.Event, 8)
	for i := range 1000 {
		info.Instruments = append(info.Instruments, exchange.Instrument{Venue: "usdm", Symbol: fmt.Sprintf("C%04dUSDT", i), Base: fmt.Sprintf("C%04d", i), Quote: "USDT", Wallet: "usdm",
			Contract: exchange.Linear, Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001"), Multiplier: 1, FundingHours: 8})
	}
	st, err := GoStrategy("many", []string{"usdm:*"}, &holdsMany{})
	if err != nil {
		b.Fatal(err)
	}
	o := Options{Source: &ChanSource{info, events}, Strategies: []Strategy{st}, Ledger: LedgerNone, Journal: "off"}
	o.Limits.OrdersPerSecond, o.Limits.MaxOpenOrders, o.Limits.StaleAfter = -1, 5000, exchange.Hour
	s, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	desk, done := s.Desk(), make(chan error, 1)
	go func() {
		_, err := s.Run(b.Context())
		done <- err
	}()
	for n := range int64(2) {
		for i := range 1000 {
			events <- exchange.Event{Kind: exchange.KindSnapshot, Instrument: exchange.InstrumentID(i), LastID: n + 1,
				Bids: []exchange.Level{{Price: 10_000, Qty: 1_000_000}}, Asks: []exchange.Level{{Price: 10_001, Qty: 1_000_000}}}
		}
	}
	ctx := b.Context()
	for end := time.Now().Add(60 * time.Second); ; {
		st, err := desk.Status(ctx)
		if err != nil || time.Now().After(end) {
			b.Fatalf("%+v, %v", st, err)
		}
		if st.Orders == 200 && st.Fills == 1000 {
			break
		}
	}
	for _, bench := range []struct {
		name string
		look func() (any, error)
	}{
		{"status", func() (any, error) { return desk.Status(ctx) }},
		{"positions", func() (any, error) { return desk.Positions(ctx, control.StrategyArgs{}) }},
		{"orders", func() (any, error) { return desk.Orders(ctx, control.OrdersArgs{}) }},
		{"pairs", func() (any, error) { return desk.Pairs(ctx, control.PairsArgs{}) }},
		{"books", func() (any, error) { return desk.Books(ctx, control.BooksArgs{}) }},
		{"rates", func() (any, error) { return desk.Rates(ctx) }},
	} {
		b.Run(bench.name, func(b *testing.B) {
			before := s.r.memory.looked.Load()
			for b.Loop() {
				if _, err := bench.look(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(s.r.memory.looked.Load()-before)/1e3/float64(b.N), "loop-µs/op")
		})
	}
	close(events)
	if err := <-done; err != nil {
		b.Fatal(err)
	}
}
