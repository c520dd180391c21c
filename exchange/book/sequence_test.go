package book

import (
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// The events of the sequencing tests. Each sets the bid at 100 to a mark of its
// own last id, so the quantity there tells what was applied last.

func mark(id int64) []exchange.Level { return levels(100, id+1) }

func snap(id int64) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindSnapshot, LastID: id, Bids: mark(id), Asks: levels(110, 1)}
}

func spot(first, last int64) *exchange.Event { return futures(first, last, -1) }

func futures(first, last, prev int64) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindDiff, FirstID: first, LastID: last, PrevID: prev, Bids: mark(last)}
}

func gapEvent() *exchange.Event {
	return &exchange.Event{Kind: exchange.KindGap, Reason: "connection lost"}
}

func with(ev *exchange.Event, change func(*exchange.Event)) *exchange.Event {
	change(ev)
	return ev
}

// step is an event and what the book must be after it. id is checked while the
// book is live or suspect.
type step struct {
	ev     *exchange.Event
	state  State
	id     int64
	reason string // part of Reason
}

var sequences = []struct {
	name  string
	steps []step
}{
	{"spot: diffs before the snapshot are replayed, u <= 100 dropped", []step{
		{spot(95, 98), Empty, 0, "no snapshot"},
		{spot(99, 100), Empty, 0, "no snapshot"},
		{spot(101, 104), Empty, 0, "no snapshot"},
		{spot(105, 105), Empty, 0, "no snapshot"},
		{snap(100), Live, 105, ""},
	}},
	{"spot: the first diff kept spans the snapshot", []step{
		{spot(98, 104), Empty, 0, ""},
		{snap(100), Live, 104, ""},
		{spot(105, 106), Live, 106, ""},
	}},
	{"spot: the snapshot is older than the first diff", []step{
		{spot(105, 108), Empty, 0, ""},
		{snap(103), Empty, 0, "snapshot 103 is too old: the diffs that wait start at 105..108"},
		{spot(109, 110), Empty, 0, "snapshot 103"},
		{snap(104), Live, 110, ""},
	}},
	{"spot: the snapshot is newer than every diff", []step{
		{spot(95, 98), Empty, 0, ""},
		{snap(100), Live, 100, ""},
		{spot(99, 100), Live, 100, ""},
		{spot(101, 101), Live, 101, ""},
	}},
	{"spot: U is the previous u + 1", []step{
		{snap(100), Live, 100, ""},
		{spot(101, 105), Live, 105, ""},
		{spot(106, 106), Live, 106, ""},
		{spot(108, 109), Stale, 0, "gap: the book is at 106, the next diff is 108..109"},
	}},
	{"spot: an overlap hides nothing", []step{
		{snap(100), Live, 100, ""},
		{spot(101, 105), Live, 105, ""},
		{spot(103, 107), Live, 107, ""},
	}},
	{"futures: u < 100 dropped, u = 100 kept", []step{
		{futures(80, 90, 75), Empty, 0, ""},
		{futures(95, 100, 90), Empty, 0, ""},
		{futures(120, 130, 100), Empty, 0, ""},
		{snap(100), Live, 130, ""},
	}},
	{"futures: the first diff kept has U <= 100 <= u", []step{
		{snap(100), Live, 100, ""},
		{futures(80, 99, 70), Live, 100, ""},
		{futures(100, 110, 99), Live, 110, ""},
		{futures(500, 510, 110), Live, 510, ""},
	}},
	{"futures: the spot rule does not hold", []step{
		{snap(100), Live, 100, ""},
		{futures(95, 110, 90), Live, 110, ""},
		{futures(111, 120, 109), Stale, 0, "gap: the book is at 110, the next diff is 111..120 (after 109)"},
	}},
	{"futures: U = 101 after snapshot 100 is not enough", []step{
		{snap(100), Live, 100, ""},
		{futures(101, 110, 98), Stale, 0, "gap: the book is at 100"},
	}},
	{"futures: pu = 100 begins where the snapshot ends", []step{
		{snap(100), Live, 100, ""},
		{futures(140, 150, 100), Live, 150, ""},
	}},
	{"futures: the snapshot is older than the first diff", []step{
		{futures(105, 108, 99), Empty, 0, ""},
		{snap(104), Empty, 0, "snapshot 104 is too old: the diffs that wait start at 105..108 (after 99)"},
		{snap(105), Live, 108, ""},
	}},
	{"a hole between waiting diffs makes those before it useless", []step{
		{futures(95, 110, 90), Empty, 0, ""},
		{futures(140, 150, 130), Empty, 0, ""},
		{futures(160, 170, 150), Empty, 0, ""},
		{snap(100), Empty, 0, "start at 140..150"},
		{snap(145), Live, 170, ""},
	}},
	{"a gap is not applied, and a newer snapshot mends it", []step{
		{snap(100), Live, 100, ""},
		{spot(105, 106), Stale, 0, "gap"},
		{spot(107, 109), Stale, 0, "gap"},
		{snap(102), Stale, 0, "snapshot 102 is too old"},
		{snap(106), Live, 109, ""},
	}},
	{"what is old or twice is ignored", []step{
		{snap(100), Live, 100, ""},
		{futures(95, 110, 90), Live, 110, ""},
		{futures(95, 110, 90), Live, 110, ""},
		{futures(80, 90, 70), Live, 110, ""},
		{futures(120, 125, 110), Live, 125, ""},
	}},
	{"an old snapshot does not turn a live book back", []step{
		{snap(100), Live, 100, ""},
		{spot(101, 120), Live, 120, ""},
		{snap(110), Live, 120, ""},
		{spot(121, 122), Live, 122, ""},
	}},
	{"a newer snapshot carries a live book on", []step{
		{snap(100), Live, 100, ""},
		{futures(100, 120, 90), Live, 120, ""},
		{snap(200), Live, 200, ""},
		{futures(130, 150, 120), Live, 200, ""},
		{futures(160, 210, 150), Live, 210, ""},
		{futures(220, 230, 210), Live, 230, ""},
	}},
	{"lost input: the next diff links", []step{
		{snap(100), Live, 100, ""},
		{gapEvent(), Suspect, 100, "input was lost after 100 (connection lost)"},
		{spot(99, 100), Suspect, 100, "input was lost"},
		{spot(101, 102), Live, 102, ""},
	}},
	{"lost input: the next diff does not link", []step{
		{snap(100), Live, 100, ""},
		{gapEvent(), Suspect, 100, "connection lost"},
		{spot(104, 105), Stale, 0, "gap: the book is at 100"},
	}},
	{"lost input: a snapshot settles it", []step{
		{snap(100), Live, 100, ""},
		{gapEvent(), Suspect, 100, "connection lost"},
		{snap(108), Live, 108, ""},
	}},
	{"lost input: a snapshot of a venue that restarted its ids", []step{
		{snap(100), Live, 100, ""},
		{gapEvent(), Suspect, 100, "connection lost"},
		{snap(9), Live, 9, ""},
		{spot(10, 11), Live, 11, ""},
		{snap(9), Live, 11, ""},
	}},
	{"lost input while stale: a snapshot of a venue that restarted its ids", []step{
		{snap(100), Live, 100, ""},
		{spot(105, 106), Stale, 0, "gap"},
		{gapEvent(), Stale, 0, "gap"},
		{spot(8, 8), Stale, 0, "gap"},
		{spot(9, 10), Stale, 0, "gap"},
		{snap(7), Live, 10, ""},
	}},
	{"lost input after a cross: the ids may start anew", []step{
		{snap(100), Live, 100, ""},
		{with(spot(101, 101), func(ev *exchange.Event) { ev.Bids = levels(110, 3) }), Stale, 0, "crossed"},
		{snap(7), Stale, 0, "crossed"},
		{gapEvent(), Stale, 0, "crossed"},
		{snap(7), Live, 7, ""},
	}},
	{"lost input before the snapshot shows in the diffs", []step{
		{spot(99, 101), Empty, 0, ""},
		{gapEvent(), Empty, 0, "no snapshot"},
		{spot(104, 106), Empty, 0, ""},
		{snap(100), Empty, 0, "too old"},
		{snap(105), Live, 106, ""},
	}},
	{"crossed by a diff", []step{
		{snap(100), Live, 100, ""},
		{with(spot(101, 101), func(ev *exchange.Event) { ev.Bids = levels(110, 3) }), Stale, 0, "crossed at 101: best bid 11, best ask 11"},
		{snap(100), Stale, 0, "crossed"},
		{spot(102, 102), Stale, 0, "crossed"},
		{snap(101), Live, 102, ""},
	}},
	{"crossed in the snapshot", []step{
		{with(snap(100), func(ev *exchange.Event) { ev.Bids = levels(111, 3) }), Stale, 0, "crossed at 100"},
		{snap(100), Live, 100, ""},
	}},
	{"synthetic: a locked touch is no cross, and ids may go back", []step{
		{with(snap(100), func(ev *exchange.Event) { ev.Synthetic, ev.Asks = true, levels(100, 1) }), Live, 100, ""},
		{with(snap(50), func(ev *exchange.Event) { ev.Synthetic, ev.Asks = true, levels(100, 1) }), Live, 50, ""},
		{with(snap(51), func(ev *exchange.Event) { ev.Synthetic, ev.Asks = true, levels(99, 1) }), Stale, 0, "crossed"},
		{with(snap(52), func(ev *exchange.Event) { ev.Synthetic = true }), Live, 52, ""},
	}},
	{"synthetic: diffs that wait have no part in it", []step{
		{spot(200, 210), Empty, 0, ""},
		{with(snap(0), func(ev *exchange.Event) { ev.Synthetic = true }), Live, 0, ""},
	}},
	{"no ids: applied as it comes", []step{
		{spot(0, 0), Empty, 0, "no snapshot"},
		{snap(0), Live, 0, ""},
		{spot(0, 0), Live, 0, ""},
		{snap(0), Live, 0, ""},
	}},
	{"no ids: lost input cannot be proven harmless", []step{
		{snap(0), Live, 0, ""},
		{gapEvent(), Suspect, 0, "connection lost"},
		{spot(0, 0), Stale, 0, "no ids to prove"},
		{snap(0), Live, 0, ""},
	}},
	{"a cross among the waiting diffs: the rest goes on waiting", []step{
		{spot(99, 101), Empty, 0, ""},
		{with(spot(102, 102), func(ev *exchange.Event) { ev.Bids = levels(112, 3) }), Empty, 0, ""},
		{spot(103, 103), Empty, 0, ""},
		{spot(104, 104), Empty, 0, ""},
		{snap(100), Stale, 0, "crossed at 102: best bid 11.2, best ask 11"},
		{snap(101), Stale, 0, "too old"},
		{snap(103), Live, 104, ""},
	}},
	{"a price of zero is bad data", []step{
		{snap(100), Live, 100, ""},
		{with(spot(101, 101), func(ev *exchange.Event) { ev.Asks = levels(111, 1, 0, 1) }), Stale, 0, "bad data at 101: ask 2 of 2 has price 0"},
		{snap(101), Live, 101, ""},
	}},
	{"a negative quantity is bad data", []step{
		{with(snap(100), func(ev *exchange.Event) { ev.Bids = levels(99, -1) }), Stale, 0, "bad data at 100: bid 1 of 1"},
	}},
	{"a price beyond 62 bits is bad data", []step{
		{with(snap(100), func(ev *exchange.Event) { ev.Bids = levels(1<<62, 1) }), Stale, 0, "bad data at 100: bid 1 of 1"},
	}},
}

func TestSequence(t *testing.T) {
	for _, kind := range both {
		for _, tc := range sequences {
			t.Run(kind.name+"/"+tc.name, func(t *testing.T) {
				in := btc
				if slices.ContainsFunc(tc.steps, func(s step) bool { return s.ev.Kind == exchange.KindDiff && s.ev.PrevID == -1 }) {
					in = denseBTC
				}
				b := kind.make(in)
				for i, s := range tc.steps {
					b.Apply(s.ev)
					s.check(t, i+1, b)
				}
			})
		}
	}
}

func (s step) check(t *testing.T, n int, b *Book) {
	t.Helper()
	if b.State() != s.state {
		t.Fatalf("step %d: %s (%s), want %s", n, b.State(), b.Reason(), s.state)
	}
	if !strings.Contains(b.Reason(), s.reason) || (b.Reason() == "") != (s.state == Live) {
		t.Fatalf("step %d: reason %q, want it to say %q", n, b.Reason(), s.reason)
	}
	if want := s.state == Empty || s.state == Stale; b.WantsSnapshot() != want {
		t.Fatalf("step %d: wants a snapshot: %v", n, b.WantsSnapshot())
	}
	if b.Ready() != (s.state == Live) {
		t.Fatalf("step %d: ready: %v", n, b.Ready())
	}
	if b.WantsSnapshot() {
		if b.Depth(exchange.Buy)+b.Depth(exchange.Sell) != 0 {
			t.Fatalf("step %d: a book that wants a snapshot shows levels", n)
		}
		return
	}
	if got := b.AppendLevels(nil, exchange.Buy, 1); b.LastID() != s.id || got[0] != mark(s.id)[0] {
		t.Fatalf("step %d: book at %d with best bid %v, want %d with %v", n, b.LastID(), got, s.id, mark(s.id))
	}
}

func TestApplyReportsUse(t *testing.T) {
	b := New(denseBTC)
	for i, tc := range []struct {
		ev   *exchange.Event
		want bool
	}{
		{spot(99, 101), false},
		{snap(100), true},
		{spot(102, 103), true},
		{spot(102, 103), false},
		{snap(90), false},
		{&exchange.Event{Kind: exchange.KindTrade}, false},
		{gapEvent(), false},
		{spot(104, 104), true},
		{spot(106, 106), false},
		{snap(105), true},
	} {
		if got := b.Apply(tc.ev); got != tc.want {
			t.Errorf("event %d: %v, want %v (%s)", i+1, got, tc.want, b.Reason())
		}
	}
	if b.Instrument() != denseBTC {
		t.Error("a book of another instrument")
	}
	want := Stats{Applied: 6, Ignored: 2, Gaps: 1}
	if got := b.Stats(); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

// Futures drop u < 100 only: the diff that ends with the snapshot is in the
// stream's chain, and is applied again without harm.
func TestDiffThatEndsWithTheSnapshot(t *testing.T) {
	b := New(btc)
	b.Apply(snap(100))
	if b.Apply(futures(80, 99, 70)) {
		t.Error("u = 99 was applied")
	}
	if !b.Apply(futures(95, 100, 90)) {
		t.Errorf("u = 100 was not applied: %s", b.Reason())
	}
	if b.Apply(futures(95, 100, 90)) {
		t.Error("u = 100 was applied twice")
	}
}

func TestUpdatedIsTheLastApplied(t *testing.T) {
	b := New(denseBTC)
	at := func(ev *exchange.Event, ms int64) { ev.Time = exchange.UnixMilli(ms); b.Apply(ev) }
	at(spot(99, 101), 1000)
	at(snap(100), 1500)
	at(spot(95, 96), 1600)
	if want := exchange.UnixMilli(1500); b.Updated() != want {
		t.Errorf("updated %s, want %s", b.Updated(), want)
	}
}

func TestOneSidedBookIsNotReady(t *testing.T) {
	b := New(denseBTC)
	b.Apply(snapshotOf(levels(100, 1), nil))
	if b.Ready() || b.State() != Live || b.Reason() != "no asks" {
		t.Errorf("ready %v, %s, %q", b.Ready(), b.State(), b.Reason())
	}
	b.Apply(snapshotOf(nil, levels(100, 1)))
	if b.Ready() || b.Reason() != "no bids" {
		t.Errorf("ready %v, %q", b.Ready(), b.Reason())
	}
}

// A test network that is reset starts again at low ids. Ignoring them for ever
// would leave a live book that never changes.
func TestRestartedIDsAreNoticed(t *testing.T) {
	b := New(denseBTC)
	b.Apply(snap(1_000_000))
	id := int64(10)
	for ; b.State() == Live && id < 10*maxLate; id++ {
		b.Apply(spot(id, id))
	}
	if b.State() != Stale || !strings.Contains(b.Reason(), "restarted") {
		t.Fatalf("%s after %d diffs: %q", b.State(), id, b.Reason())
	}
	b.Apply(spot(id, id))
	if b.Apply(snap(id)); b.State() != Live || b.LastID() != id {
		t.Errorf("%s at %d after a snapshot of the new numbers: %s", b.State(), b.LastID(), b.Reason())
	}
}

// After a reconnect a few old diffs are enough: a connection that lags behind the
// one before it catches up sooner.
func TestRestartedIDsAreNoticedSoonAfterAReconnect(t *testing.T) {
	for name, d := range map[string]func(id int64) *exchange.Event{
		"spot":    func(id int64) *exchange.Event { return spot(id, id) },
		"futures": func(id int64) *exchange.Event { return futures(id-1, id, id-1) },
	} {
		b := New(denseBTC)
		b.Apply(snap(1_000_000))
		b.Apply(gapEvent())
		for id := int64(10); id < 10+maxLateSuspect; id++ {
			if b.Apply(d(id)); b.State() != Suspect {
				t.Fatalf("%s: %s at %d: %q", name, b.State(), id, b.Reason())
			}
		}
		if b.Apply(d(50)); b.State() != Stale || !strings.Contains(b.Reason(), "restarted") {
			t.Fatalf("%s: %s: %q", name, b.State(), b.Reason())
		}
		if b.Apply(snap(50)); b.State() != Live || b.LastID() != 50 {
			t.Errorf("%s: %s at %d after a snapshot of the new numbers: %s", name, b.State(), b.LastID(), b.Reason())
		}
	}
}

func TestRestartedIDsAreNoticedWhileWaiting(t *testing.T) {
	b := New(denseBTC)
	b.Apply(spot(1_000_000, 1_000_000))
	id := int64(10)
	for ; id < 10+2*maxLate; id++ {
		b.Apply(spot(id, id))
	}
	if b.Apply(snap(id - 5)); b.State() != Live || b.LastID() != id-1 {
		t.Errorf("%s at %d, want live at %d: %s", b.State(), b.LastID(), id-1, b.Reason())
	}
}
