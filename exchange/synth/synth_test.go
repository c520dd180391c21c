package synth

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

var start = exchange.Date(2026, 1, 5)

func market(t testing.TB, opt Options) *Market {
	t.Helper()
	m, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// each runs a market to its end.
func each(t testing.TB, m *Market, see func(*exchange.Event)) {
	t.Helper()
	var ev exchange.Event
	for {
		err := m.Next(&ev)
		if errors.Is(err, io.EOF) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		see(&ev)
	}
}

// digest hashes what an event says.
type digest struct {
	h   *xxhash.Digest
	buf []byte
}

func newDigest() *digest { return &digest{h: xxhash.New()} }

func (d *digest) add(ev *exchange.Event) {
	d.buf = d.buf[:0]
	put := func(xs ...int64) {
		for _, x := range xs {
			d.buf = binary.LittleEndian.AppendUint64(d.buf, uint64(x))
		}
	}
	put(int64(ev.Kind), int64(ev.Instrument), int64(ev.Time), int64(ev.VenueTime))
	switch ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff:
		put(ev.FirstID, ev.LastID, ev.PrevID, int64(len(ev.Bids)))
		for _, side := range [][]exchange.Level{ev.Bids, ev.Asks} {
			for _, l := range side {
				put(int64(l.Price), int64(l.Qty))
			}
		}
	case exchange.KindTrade:
		put(int64(ev.Price), int64(ev.Qty), int64(ev.Side), ev.ID)
	case exchange.KindMark, exchange.KindFunding:
		put(int64(ev.Mark), int64(ev.Rate), int64(ev.Hours))
	}
	if ev.Kind == exchange.KindMark {
		put(int64(ev.Index), int64(ev.NextFunding))
	}
	d.h.Write(d.buf)
}

func TestSameOptionsSameEvents(t *testing.T) {
	sum := func(seed uint64, step exchange.Time) uint64 {
		d := newDigest()
		each(t, market(t, Options{Seed: seed, Step: step, Until: start + 9*exchange.Hour}), d.add)
		return d.h.Sum64()
	}
	a := sum(7, 0)
	if b := sum(7, 10*exchange.Second); a != b {
		t.Errorf("seed 7 gave %x, then %x", a, b)
	}
	if b := sum(8, 0); a == b {
		t.Error("seeds 7 and 8 gave the same events")
	}
}

// After the snapshots of a skipped market, every event is that of a market that
// ran through; and the snapshots are its books.
func TestSkipContinuesTheSamePath(t *testing.T) {
	to := start + 15*exchange.Hour + 59*exchange.Minute + 55*exchange.Second
	until := to + 20*exchange.Minute
	first := start + 16*exchange.Hour // the step at or after to: also a settlement
	through := market(t, Options{Seed: 3, Until: until})
	books := newBooks(through.Universe())
	want := newDigest()
	funding := 0
	each(t, through, func(ev *exchange.Event) {
		books[ev.Instrument].Apply(ev)
		if ev.Time >= first && ev.Kind == exchange.KindFunding {
			funding++
		}
		if ev.Time >= first+10*exchange.Second {
			want.add(ev)
		}
	})
	skipped := market(t, Options{Seed: 3, Until: until, Skip: to})
	mine := newBooks(skipped.Universe())
	got := newDigest()
	each(t, skipped, func(ev *exchange.Event) {
		if ev.Time < first {
			t.Fatalf("%v at %v, before %v", ev.Kind, ev.Time, first)
		}
		mine[ev.Instrument].Apply(ev)
		if ev.Kind == exchange.KindFunding {
			funding--
		}
		if ev.Time >= first+10*exchange.Second {
			got.add(ev)
		}
	})
	if got.h.Sum64() != want.h.Sum64() {
		t.Error("events after the snapshots differ")
	}
	if funding != 0 {
		t.Errorf("settlements differ by %d", funding)
	}
	for i := range books {
		sameBook(t, books[i], mine[i])
	}
}

func newBooks(u *exchange.Universe) []*book.Book {
	out := make([]*book.Book, u.Len())
	for i, in := range u.All() {
		out[i] = book.New(in)
	}
	return out
}

func sameBook(t *testing.T, a, b *book.Book) {
	t.Helper()
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		if a.Depth(side) != b.Depth(side) {
			t.Fatalf("%s: depth %d and %d", a.Instrument().Key(), a.Depth(side), b.Depth(side))
		}
		for n := 1; n <= a.Depth(side); n++ {
			x, _ := a.Level(side, n)
			y, _ := b.Level(side, n)
			if x != y {
				t.Fatalf("%s: level %d is %v and %v", a.Instrument().Key(), n, x, y)
			}
		}
	}
}

// The market is believed by the same books that believe an exchange.
func TestBooksStayLive(t *testing.T) {
	for seed := range uint64(12) {
		opt := Options{Seed: seed, Until: start + 3*exchange.Hour, Calm: seed%4 == 3}
		if seed%3 == 2 {
			opt.Step, opt.Until = 100*exchange.Millisecond, start+2*exchange.Minute
		}
		m := market(t, opt)
		books := newBooks(m.Universe())
		each(t, m, func(ev *exchange.Event) {
			if ev.Kind != exchange.KindSnapshot && ev.Kind != exchange.KindDiff {
				return
			}
			b := books[ev.Instrument]
			b.Apply(ev)
			checkBook(t, seed, b)
		})
	}
}

func checkBook(t *testing.T, seed uint64, b *book.Book) {
	t.Helper()
	name := b.Instrument().Key()
	if !b.Ready() {
		t.Fatalf("seed %d: %s is %v: %s", seed, name, b.State(), b.Reason())
	}
	if b.Depth(exchange.Buy) != Depth || b.Depth(exchange.Sell) != Depth {
		t.Fatalf("seed %d: %s has %d bids and %d asks", seed, name, b.Depth(exchange.Buy), b.Depth(exchange.Sell))
	}
	bid, _ := b.Level(exchange.Buy, 1)
	ask, _ := b.Level(exchange.Sell, 1)
	if bid.Price <= 0 || ask.Price <= bid.Price {
		t.Fatalf("seed %d: %s is %d at %d", seed, name, bid.Price, ask.Price)
	}
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		for n := 1; n <= Depth; n++ {
			if l, _ := b.Level(side, n); l.Qty <= 0 {
				t.Fatalf("seed %d: %s level %d is %v", seed, name, n, l)
			}
		}
	}
}

// Update ids link as the venue's do: spot by U = u+1, futures by pu = u.
func TestUpdateIDsLink(t *testing.T) {
	m := market(t, Options{Until: start + 5*exchange.Minute})
	last := make([]int64, m.Universe().Len())
	trade := make([]int64, m.Universe().Len())
	links := 0
	each(t, m, func(ev *exchange.Event) {
		switch ev.Kind {
		case exchange.KindSnapshot:
			last[ev.Instrument] = ev.LastID
		case exchange.KindDiff:
			want := last[ev.Instrument]
			if !m.Universe().All()[ev.Instrument].Perp() {
				want = -1
			}
			if ev.PrevID != want || ev.FirstID != last[ev.Instrument]+1 || ev.LastID < ev.FirstID {
				t.Fatalf("U %d u %d pu %d after u %d", ev.FirstID, ev.LastID, ev.PrevID, last[ev.Instrument])
			}
			last[ev.Instrument] = ev.LastID
			links++
		case exchange.KindTrade:
			if prev := trade[ev.Instrument]; prev != 0 && ev.ID != prev+1 {
				t.Fatalf("trade %d after %d", ev.ID, prev)
			}
			trade[ev.Instrument] = ev.ID
		}
	})
	if links != 30*m.Universe().Len() {
		t.Errorf("%d diffs", links)
	}
}

// Time never runs back; a settlement has its exact time; prints are near the
// touch; rates stay in their bounds and marks near the index.
func TestInvariants(t *testing.T) {
	for seed := range uint64(4) {
		m := market(t, Options{Seed: seed, Until: start + 2*exchange.Day})
		now := exchange.Time(0)
		next := make([]exchange.Time, m.Universe().Len())
		each(t, m, func(ev *exchange.Event) {
			if ev.Time < now {
				t.Fatalf("seed %d: %v after %v", seed, ev.Time, now)
			}
			now = ev.Time
			in := m.Universe().All()[ev.Instrument]
			switch ev.Kind {
			case exchange.KindMark:
				next[in.ID] = ev.NextFunding
				checkMark(t, in, ev)
			case exchange.KindFunding:
				if want := next[in.ID]; ev.Time != want {
					t.Fatalf("%s settled at %v, announced for %v", in.Key(), ev.Time, want)
				}
				checkRate(t, in, ev)
			case exchange.KindTrade:
				checkPrint(t, m, ev)
			}
		})
	}
}

func checkMark(t *testing.T, in *exchange.Instrument, ev *exchange.Event) {
	t.Helper()
	if d := ev.Mark.Float()/ev.Index.Float() - 1; d > 0.02 || d < -0.02 {
		t.Fatalf("%s: mark %v, index %v", in.Key(), ev.Mark.Decimal(), ev.Index.Decimal())
	}
	if ev.NextFunding < ev.Time-exchange.Second || ev.NextFunding > ev.Time+exchange.Time(ev.Hours)*exchange.Hour {
		t.Fatalf("%s: at %v next funding %v of %d h", in.Key(), ev.Time, ev.NextFunding, ev.Hours)
	}
	checkRate(t, in, ev)
}

func checkRate(t *testing.T, in *exchange.Instrument, ev *exchange.Event) {
	t.Helper()
	r := ev.Rate.Decimal()
	if r.GreaterThan(in.FundingCap) || r.LessThan(in.FundingFloor) {
		t.Fatalf("%s: rate %v beyond %v", in.Key(), r, in.FundingCap)
	}
}

func checkPrint(t *testing.T, m *Market, ev *exchange.Event) {
	t.Helper()
	v := &m.venues[m.at]
	low, high := min(v.bid, v.wasBid), max(v.ask, v.wasAsk)
	if ev.Price < low || ev.Price > high || ev.Qty < 1 {
		t.Fatalf("%s: print of %d at %d, touch %d to %d", v.in.Key(), ev.Qty, ev.Price, low, high)
	}
}

// A contract changes its interval when announced, when its rate hits the cap,
// and back when rates are small.
func TestIntervalsChange(t *testing.T) {
	hours := map[string][]int{}
	m := market(t, Options{Seed: 1, Step: exchange.Minute, Until: start + 6*exchange.Day})
	each(t, m, func(ev *exchange.Event) {
		if in := m.Universe().All()[ev.Instrument]; ev.Kind == exchange.KindFunding {
			hours[in.Symbol] = append(hours[in.Symbol], ev.Hours)
		}
	})
	if h := hours["AVAXUSDT"]; len(h) != 12+12 || h[11] != 8 || h[12] != 4 {
		t.Errorf("AVAXUSDT intervals %v, want 12 of 8 h and 12 of 4 h", h)
	}
	if h := hours["ADAUSDT"]; len(h) != 36 || h[0] != 4 {
		t.Errorf("ADAUSDT intervals %v", h)
	}
}

func TestCapMakesHourlyAndCalmUndoesIt(t *testing.T) {
	m := market(t, Options{Seed: 1})
	v := m.venueOf(t, "SOLUSDT")
	p := v.perp
	p.acc.Reset()
	p.acc.Add(100, 0.02)
	p.settle(m, v, p.next)
	if p.lastRate != 0.00375 || p.rule.Hours != 1 || p.next != p.since+exchange.Hour {
		t.Fatalf("after the cap: rate %v, %d h", p.lastRate, p.rule.Hours)
	}
	n := 0
	for ; p.rule.Hours == 1 && n < 100; n++ {
		p.acc.Add(720, 0)
		p.settle(m, v, p.next)
	}
	// 16 small ones, and then the next multiple of four hours.
	if p.rule.Hours != 4 || n < relaxCount || p.since%(4*exchange.Hour) != 0 {
		t.Errorf("after %d hourly settlements: %d h", n, p.rule.Hours)
	}
}

func (m *Market) venueOf(t testing.TB, symbol string) *venue {
	t.Helper()
	for i := range m.venues {
		if v := &m.venues[i]; v.in.Symbol == symbol && v.perp != nil {
			return v
		}
	}
	t.Fatalf("no %s", symbol)
	return nil
}

func TestUniverse(t *testing.T) {
	u := market(t, Options{}).Universe()
	if n := len(u.Pairs(exchange.Perpetuals(exchange.Linear))); n != 10 {
		t.Errorf("%d linear pairs", n)
	}
	if n := len(u.Pairs(exchange.Perpetuals(exchange.Inverse))); n != 2 {
		t.Errorf("%d inverse pairs", n)
	}
	shib, _ := u.Find("usdm", "1000SHIBUSDT")
	if shib == nil || shib.Multiplier != 1000 || shib.Base != "SHIB" {
		t.Errorf("1000SHIBUSDT is %+v", shib)
	}
	btc, _ := u.Find("usdm", "BTCUSDT")
	// The published table has cum 300, 1500, 12000, 132000 there.
	for i, want := range []string{"0", "300", "1500", "12000", "132000"} {
		if got := btc.Brackets[i].Cum.String(); got != want {
			t.Errorf("BTCUSDT bracket %d: cum %s, want %s", i, got, want)
		}
	}
	for i := range coins {
		for _, r := range []*rules{&coins[i].spot, &coins[i].perp, coins[i].inverse} {
			if r != nil && (r.fine < 1 || r.coarse%r.fine != 0) {
				t.Errorf("%s: coarse gap %d is no multiple of %d", r.symbol, r.coarse, r.fine)
			}
		}
	}
}

func TestOptionsAreChecked(t *testing.T) {
	for want, opt := range map[string]Options{
		"step":                {Step: 7 * exchange.Second},
		"100 ms":              {Step: exchange.Millisecond},
		"multiple":            {Start: start + 1},
		"is before start":     {Until: start - exchange.Day},
		"skip to":             {Skip: start - exchange.Day},
		"whole part of a min": {Step: 2 * exchange.Minute},
	} {
		if _, err := New(opt); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", opt, err, want)
		}
	}
}

func TestDescribe(t *testing.T) {
	text := strings.Join(market(t, Options{Seed: 1}).Describe(), "\n")
	for _, want := range []string{"SIMULATED", "seed 1", "not modelled", "calibration:", "opening act: "} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in:\n%s", want, text)
		}
	}
	if text := strings.Join(market(t, Options{Calm: true}).Describe(), "\n"); !strings.Contains(text, "calm: ") {
		t.Error("a calm market does not say so")
	}
}

func TestNextDoesNotAllocate(t *testing.T) {
	m := market(t, Options{})
	var ev exchange.Event
	if n := testing.AllocsPerRun(50_000, func() { _ = m.Next(&ev) }); n > 0.01 {
		t.Errorf("%v allocations per event", n)
	}
}

// BenchmarkNext is the whole market; a month at the default step is about 11
// million events. BenchmarkSkip moves along the same path without emitting.
func BenchmarkNext(b *testing.B) {
	m := market(b, Options{Seed: 1})
	var ev exchange.Event
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Next(&ev)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func BenchmarkSkipDay(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		market(b, Options{Seed: 1, Skip: start + exchange.Day})
	}
}
