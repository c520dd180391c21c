package shadow

import (
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// Books are how a session's market stands, kept beside it from its events: its books, and the
// last of what is told again and again.
type Books struct {
	u     *exchange.Universe
	books []*book.Book
	last  [][]exchange.Event // by instrument: feed, ticker, mark, open interest, day
	ways  []exchange.Event   // what is dark, and clocks
}

// NewBooks returns books that nothing was shown.
func NewBooks(u *exchange.Universe) *Books {
	b := &Books{u: u, last: make([][]exchange.Event, u.Len())}
	for _, in := range u.All() {
		b.books = append(b.books, book.New(in))
	}
	return b
}

// Book is an instrument's book.
func (b *Books) Book(id exchange.InstrumentID) *book.Book { return b.books[id] }

// Take applies an event; one that is no book's is noted, or passed over.
func (b *Books) Take(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff, exchange.KindGap:
		b.books[ev.Instrument].Apply(ev)
	case exchange.KindFeed:
		link := exchange.LinkUnproved
		if ev.Name == exchange.FeedVenue {
			link = b.u.Get(ev.Instrument).Linking
		}
		b.books[ev.Instrument].Relink(link, ev.Reason)
		fallthrough
	case exchange.KindTicker, exchange.KindMark, exchange.KindOpenInterest, exchange.KindDay:
		b.last[ev.Instrument] = put(b.last[ev.Instrument], ev, func(o *exchange.Event) bool { return o.Kind == ev.Kind })
	case exchange.KindVenue, exchange.KindClock:
		b.ways = put(b.ways, ev, func(o *exchange.Event) bool { return o.Kind == ev.Kind && o.Name == ev.Name && o.Channel == ev.Channel })
	}
}

// put keeps an event in the place of the one that it follows.
func put(list []exchange.Event, ev *exchange.Event, same func(*exchange.Event) bool) []exchange.Event {
	kept := *ev
	kept.Bids, kept.Asks, kept.More = nil, nil, false
	for i := range list {
		if same(&list[i]) {
			list[i] = kept
			return list
		}
	}
	return append(list, kept)
}

// Stand returns the events that make another market stand so at a time: nothing of it is late.
func (b *Books) Stand(at exchange.Time) []exchange.Event {
	out := slices.Clone(b.ways)
	for i := range b.books {
		for _, ev := range b.last[i] {
			if ev.Kind == exchange.KindFeed { // what a book has to prove comes before the book
				out = append(out, ev)
			}
		}
		out = append(out, b.books[i].Stand(exchange.InstrumentID(i), at)...)
		for _, ev := range b.last[i] {
			if ev.Kind != exchange.KindFeed {
				out = append(out, ev)
			}
		}
	}
	for i := range out {
		out[i].Time, out[i].VenueTime = at, 0
	}
	return out
}
