package book

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book/booktest"
)

// fakeVenue is a venue with one order book and the update ids of spot or of
// futures. It remembers every state it was ever in, so that a client's book can
// be held against what was true at the client's id.
type fakeVenue struct {
	spot    bool
	id      int64 // of the last update
	lastU   int64 // u of the last diff
	book    *booktest.Map
	history map[int64]*booktest.Map
	diff    exchange.Event // collects updates until it is sent
}

func newFakeVenue(spot bool) *fakeVenue {
	v := &fakeVenue{spot: spot, id: 100, lastU: 100, book: booktest.NewMap(), history: map[int64]*booktest.Map{}}
	v.book.Apply(snapshotOf(levels(1000, 5), levels(1001, 5)))
	v.remember()
	v.begin()
	return v
}

func (v *fakeVenue) remember() {
	state := booktest.NewMap()
	state.Apply(snapshotOf(v.book.Levels(exchange.Buy), v.book.Levels(exchange.Sell)))
	v.history[v.id] = state
}

func (v *fakeVenue) begin() { v.diff = exchange.Event{Kind: exchange.KindDiff, FirstID: v.id + 1} }

// update changes one level. On futures other symbols use up ids in between.
func (v *fakeVenue) update(t *rapid.T) {
	for skip := rapid.IntRange(0, 3).Draw(t, "ids of other symbols"); !v.spot && skip > 0; skip-- {
		v.id++
		v.remember()
	}
	v.id++
	one := []exchange.Level{{
		Price: exchange.Ticks(rapid.IntRange(990, 1000).Draw(t, "price")),
		Qty:   exchange.Lots(rapid.IntRange(0, 3).Draw(t, "quantity")),
	}}
	if rapid.Bool().Draw(t, "ask") {
		one[0].Price += 11
		v.diff.Asks = append(v.diff.Asks, one...)
		v.book.Apply(diffOf(nil, one))
	} else {
		v.diff.Bids = append(v.diff.Bids, one...)
		v.book.Apply(diffOf(one, nil))
	}
	v.remember()
}

// send ends the diff.
func (v *fakeVenue) send() exchange.Event {
	ev := v.diff
	ev.LastID, ev.PrevID = v.id, v.lastU
	if v.spot {
		ev.PrevID = -1
	}
	v.lastU = v.id
	v.begin()
	return ev
}

func (v *fakeVenue) snapshot(id int64) *exchange.Event {
	state := v.history[id]
	ev := snapshotOf(state.Levels(exchange.Buy), state.Levels(exchange.Sell))
	ev.LastID = id
	return ev
}

// Whatever a network loses, repeats or delays, a live book is the venue's book
// at some moment, and a snapshot brings any book back.
func TestLiveBookIsTrue(t *testing.T) {
	for name, spot := range map[string]bool{"spot": true, "futures": false} {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) { checkAgainstVenue(t, spot) })
		})
	}
}

func checkAgainstVenue(t *rapid.T, spot bool) {
	in := btc
	if spot {
		in = denseBTC
	}
	v, b := newFakeVenue(spot), New(in)
	if rapid.Bool().Draw(t, "ladder") {
		b = NewLadder(in)
	}
	var sent []exchange.Event
	t.Repeat(map[string]func(*rapid.T){
		"update": v.update,
		"deliver": func(t *rapid.T) {
			if v.id == v.lastU {
				t.Skip("nothing to send")
			}
			sent = append(sent, v.send())
			b.Apply(&sent[len(sent)-1])
		},
		"lose": func(t *rapid.T) {
			v.update(t)
			sent = append(sent, v.send())
		},
		"repeat": func(t *rapid.T) {
			if len(sent) == 0 {
				t.Skip("nothing sent")
			}
			b.Apply(&sent[rapid.IntRange(0, len(sent)-1).Draw(t, "which")])
		},
		"snapshot": func(t *rapid.T) {
			b.Apply(v.snapshot(rapid.Int64Range(100, v.id).Draw(t, "id")))
		},
		"gap": func(*rapid.T) { b.Apply(gapEvent()) },
		"": func(t *rapid.T) {
			if b.State() == Live {
				sameAs(t, b, v.history[b.LastID()])
			}
		},
	})
	recovers(t, v, b)
}

// recovers delivers everything from now on, with a snapshot in between.
func recovers(t *rapid.T, v *fakeVenue, b *Book) {
	for i := range 6 {
		v.update(t)
		ev := v.send()
		if b.Apply(&ev); i == 3 {
			b.Apply(v.snapshot(v.id))
		}
	}
	if b.State() != Live || b.LastID() != v.id {
		t.Fatalf("%s at %d after a snapshot at %d: %s", b.State(), b.LastID(), v.id, b.Reason())
	}
	sameAs(t, b, v.book)
}
