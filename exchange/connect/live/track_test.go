package live

import (
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// pile keeps what is posted.
type pile struct{ events []*exchange.Event }

func (p *pile) Post(ev *exchange.Event) { p.events = append(p.events, ev) }

func (p *pile) kinds() string {
	var out []string
	for _, ev := range p.events {
		out = append(out, ev.Kind.String())
	}
	p.events = nil
	return strings.Join(out, " ")
}

// words is a protocol that no venue has.
type words struct{}

func (words) Greet() ([][]byte, error)               { return nil, nil }
func (words) Subscribe(uint64, []string) []byte      { return []byte("sub") }
func (words) Unsubscribe(uint64, []string) []byte    { return []byte("unsub") }
func (words) Classify(frame []byte) (m wire.Message) { return m }

// market is one of some instruments that is not connected, at a time that stands still
// unless it is moved.
func market(t *testing.T, linking exchange.Linking, change func(*Options)) (*Market, *pile, *exchange.Time) {
	t.Helper()
	now := exchange.Date(2026, 1, 1)
	in := exchange.Instrument{Venue: "acme.swap", Symbol: "ABC", Contract: exchange.Linear, Base: "ABC", Quote: "USDT", FundingHours: 8, Linking: linking,
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")}
	o := Options{Listings: connect.Listings{{Instrument: &in, Trading: true, Status: "open"}}, Now: func() exchange.Time { return now },
		Data: connect.DataOptions{Data: connect.AllData | connect.Bars}, Routes: []Route{{Wire: wire.Options{URLs: []string{"ws://acme.test"}, Protocol: words{}},
			Streams: func(in *exchange.Instrument) []Stream { return []Stream{{Name: "book " + in.Symbol, Book: true}} },
			Decoder: func(Session) connect.Decoder { return nil },
			Tune: func(o *wire.Options) {
				o.Dial = func(context.Context, string, string) (net.Conn, error) { return nil, errors.New("not connected") }
			}}}}
	if change != nil {
		change(&o)
	}
	if err := o.complete(); err != nil {
		t.Fatal(err)
	}
	sink := &pile{}
	m, err := prepare(o, sink)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { m.Close() })
	return m, sink, &now
}

func update(kind exchange.Kind, id int64) *exchange.Event {
	return &exchange.Event{Kind: kind, FirstID: id, LastID: id, PrevID: -1}
}

// A book is that of the connection whose snapshot came last: one that replaces another
// does not turn it back, nor leave a hole, whichever of the two is ahead.
func TestABookIsOfOneConnection(t *testing.T) {
	m, sink, now := market(t, exchange.LinkRising, nil)
	tr := m.tracks[0]
	for i, step := range []struct {
		do   func()
		want string
	}{
		{func() { tr.update(m, update(exchange.KindDiff, 99), 1) }, ""}, // before its snapshot
		{func() { tr.update(m, update(exchange.KindSnapshot, 100), 1) }, "snapshot"},
		{func() { tr.update(m, update(exchange.KindDiff, 103), 1) }, "diff"},
		{func() { tr.update(m, update(exchange.KindSnapshot, 101), 2) }, "gap snapshot"}, // it lags
		{func() { tr.update(m, update(exchange.KindDiff, 104), 1) }, ""},
		{func() { tr.update(m, update(exchange.KindDiff, 102), 2) }, "diff"},
		{func() { tr.disconnected(m, 1, "cut") }, ""}, // the book is another's by now
		{func() { tr.update(m, update(exchange.KindDiff, 103), 2) }, "diff"},
		{func() { tr.disconnected(m, 2, "cut") }, "gap"},
		{func() { tr.update(m, update(exchange.KindSnapshot, 110), 3) }, "snapshot"},
		{func() { tr.handedOver(m, 3) }, "gap"}, // no snapshot of a successor has come
		{func() { tr.update(m, update(exchange.KindDiff, 111), 4) }, ""},
		{func() { tr.update(m, update(exchange.KindSnapshot, 112), 4) }, "snapshot"},
		{func() { tr.update(m, update(exchange.KindSnapshot, 1), 4) }, "gap snapshot"}, // the venue begins anew
	} {
		step.do()
		if got := sink.kinds(); got != step.want {
			t.Errorf("step %d: %q, want %q", i+1, got, step.want)
		}
		*now += exchange.Second
	}
	if tr.state() != book.Live || m.Health().Snapshots != 5 {
		t.Errorf("%s, %+v", tr.state(), m.Health())
	}
}

// Where every message is the whole book, the older ones of a second connection are dropped.
func TestWholeBooks(t *testing.T) {
	m, sink, _ := market(t, exchange.LinkSnapshots, nil)
	tr := m.tracks[0]
	for _, x := range []struct {
		id   int64
		conn uint64
		want string
	}{{10, 1, "snapshot"}, {10, 2, ""}, {11, 2, "snapshot"}, {11, 1, ""}, {12, 1, "snapshot"}, {11, 1, "gap snapshot"}} {
		tr.update(m, update(exchange.KindSnapshot, x.id), x.conn)
		if got := sink.kinds(); got != x.want {
			t.Errorf("%d on %d: %q, want %q", x.id, x.conn, got, x.want)
		}
	}
}

// A subscription is begun anew at once, and then the less often the less it helps.
func TestRenewals(t *testing.T) {
	m, _, now := market(t, exchange.LinkRising, nil)
	if err := m.connect(&m.o.Routes[0]); err != nil {
		t.Fatal(err)
	}
	tr := m.tracks[0]
	m.Snapshot(0)
	began, last := *now, 0
	var at []exchange.Time
	for range 120 {
		if tr.bookOf.tries != last {
			last = tr.bookOf.tries
			at = append(at, (*now-began)/exchange.Second)
		}
		*now += exchange.Second
		m.mend()
	}
	if want := []exchange.Time{0, 2, 6, 14, 30, 60, 90}; !slices.Equal(at, want) {
		t.Errorf("begun anew after %v s, want %v", at, want)
	}
	tr.update(m, update(exchange.KindSnapshot, 5), 1)
	if tr.bookOf.wanted {
		t.Error("a snapshot is still wanted after one has come")
	}
}

// A look at a book that was live has few levels: it must never become the book.
func TestLookIsNotASnapshot(t *testing.T) {
	m, sink, _ := market(t, exchange.LinkPrevious, nil)
	tr := m.tracks[0]
	ev := exchange.Event{Kind: exchange.KindSnapshot, LastID: 7, PrevID: -1, Bids: []exchange.Level{{Price: 1, Qty: 1}}}
	tr.bookOf.diffs = 1
	if got := tr.snapshot(m, &ev, nil, true); got != tooOld || len(sink.events) > 0 {
		t.Errorf("the look ended as %d and sent %d events", got, len(sink.events))
	}
	if got := tr.snapshot(m, &ev, nil, false); got != helped || len(sink.events) != 1 {
		t.Errorf("the snapshot ended as %d and sent %d events", got, len(sink.events))
	}
}

// Candles are sent once and in order; one behind a hole waits for those that are missing,
// which are asked for.
func TestBars(t *testing.T) {
	minute := func(n exchange.Time) *exchange.Event {
		return &exchange.Event{Kind: exchange.KindBar, VenueTime: n * exchange.Minute, Bar: exchange.Bar{Interval: exchange.Minute, Open: 1, High: 9, Low: 1, Close: exchange.Ticks(n)}}
	}
	asked := 0
	m, sink, now := market(t, exchange.LinkRising, func(o *Options) {
		o.Ask.Bars = func(_ context.Context, _ *exchange.Instrument, length exchange.Time, most int) (out []exchange.Event, err error) {
			asked++
			for n := exchange.Time(1); n <= 8; n++ {
				out = append(out, *minute(n))
			}
			return out[max(0, len(out)-most):], nil
		}
	})
	tr := m.tracks[0]
	for _, n := range []exchange.Time{2, 3, 3, 2, 5, 4} {
		tr.bar(m, minute(n))
	}
	got := func() (out []exchange.Time) {
		for _, ev := range sink.events {
			out = append(out, ev.VenueTime/exchange.Minute)
		}
		return out
	}
	if want := []exchange.Time{2, 3, 4}; !slices.Equal(got(), want) {
		t.Errorf("bars that closed at minutes %v, want %v", got(), want)
	}
	*now = 5 * exchange.Minute
	m.fillBars()
	if asked != 0 {
		t.Error("the bar of minute 5 is not overdue before minute 5")
	}
	*now = 7*exchange.Minute + barGrace + 1
	m.fillBars()
	if want := []exchange.Time{2, 3, 4, 5, 6, 7}; asked != 1 || !slices.Equal(got(), want) {
		t.Errorf("bars that closed at minutes %v, want %v; asked %d times", got(), want, asked)
	}
	m.o.MostBars = 8
	past, err := m.Past(context.Background(), 0)
	if err != nil || len(past) != 1 || past[0].VenueTime != exchange.Minute {
		t.Errorf("the past has %d bars, want the one before the first that was posted: %v", len(past), err)
	}
}

// A rate is asked for after its settlement, and sent once; one that the venue never tells is
// asked for again for a day, and then given up.
func TestSettlements(t *testing.T) {
	at := exchange.Date(2026, 1, 1) + 8*exchange.Hour
	known, notes := false, 0
	m, sink, now := market(t, exchange.LinkRising, func(o *Options) {
		o.Data.Notice = func(connect.Notice) { notes++ }
		o.Ask.Settled = func(_ context.Context, list []*exchange.Instrument, since exchange.Time, _ int) ([]exchange.Event, error) {
			if !known || since > at {
				return nil, errors.New("not yet")
			}
			return []exchange.Event{{Kind: exchange.KindFunding, VenueTime: at + 7*exchange.Millisecond, Rate: 5}}, nil
		}
	})
	tr := m.tracks[0]
	mark := func(when, next exchange.Time) {
		tr.mark(m, &exchange.Event{Kind: exchange.KindMark, VenueTime: when, NextFunding: next}, int64(when), 1)
	}
	mark(at-exchange.Second, at)
	*now = at
	mark(at, at+4*exchange.Hour)
	if ev := sink.events[1]; ev.Hours != 4 {
		t.Errorf("the interval is %d h after the next funding moved on by 4", ev.Hours)
	}
	sink.events = nil
	for range 10 {
		*now += exchange.Second
		m.settle()
	}
	known = true
	for range 30 {
		*now += exchange.Second
		m.settle()
	}
	if got := sink.kinds(); got != "funding" || m.Health().Settled != 1 || len(m.settler.due) != 0 {
		t.Errorf("%q, %+v", got, m.Health())
	}
	known = false
	at += 4 * exchange.Hour
	mark(at, at+4*exchange.Hour)
	for *now = at; *now < at+exchange.Day+2*exchange.Minute; *now += 30 * exchange.Second {
		m.settle()
	}
	if len(m.settler.due) != 0 || notes != 2 {
		t.Errorf("%d wait after a day, %d notes; want one after 5 tries and one in the end", len(m.settler.due), notes)
	}
}

// What is halted serves no book, and begins anew when it trades again.
func TestHalts(t *testing.T) {
	var told []string
	m, sink, _ := market(t, exchange.LinkRising, func(o *Options) {
		o.Data.Notice = func(n connect.Notice) { told = append(told, n.Text) }
	})
	tr := m.tracks[0]
	tr.update(m, update(exchange.KindSnapshot, 100), 1)
	l, _ := m.was("acme.swap", "ABC")
	l.Trading, l.Status = false, "halted"
	m.listed(l)
	tr.update(m, update(exchange.KindDiff, 101), 1)
	if got := sink.kinds(); got != "snapshot gap" || !tr.isHalted() {
		t.Errorf("%q", got)
	}
	l.Trading, l.Status = true, "open"
	m.listed(l)
	tr.update(m, update(exchange.KindDiff, 102), 1)
	if got := sink.kinds(); got != "" || !tr.bookOf.wanted {
		t.Errorf("%q, a snapshot is wanted: %t", got, tr.bookOf.wanted)
	}
	in := *l.Instrument
	in.Tick, l.Instrument = exchange.MustStep("0.5"), &in
	in.FundingHours = 1
	m.compare("acme.swap", connect.Listings{l})
	m.compare("acme.swap", nil)
	want := []string{"swap:ABC: status was open and is halted", "swap:ABC: its rules are again as they were", "swap:ABC: tick was 0.1 and is 0.5",
		"swap:ABC: funding was every 8 h and is every 1 h", "swap:ABC: it is no longer listed"}
	if !slices.Equal(told, want) {
		t.Errorf("told\n%s\nwant\n%s", strings.Join(told, "\n"), strings.Join(want, "\n"))
	}
}

// Two instruments of one symbol can't be told apart on a connection.
func TestGroups(t *testing.T) {
	m, _, _ := market(t, exchange.LinkRising, func(o *Options) {
		in := *o.Listings[0].Instrument
		in.Venue = "acme.other"
		o.Listings = append(o.Listings, connect.Listing{Instrument: &in})
	})
	if _, err := m.groups(&m.o.Routes[0]); err == nil || !strings.Contains(err.Error(), "want a route for each") {
		t.Errorf("%v", err)
	}
}
