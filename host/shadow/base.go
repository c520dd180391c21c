package shadow

import (
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// base is how the market stands where a ring begins: books, and the last of what is told
// again and again.
type base struct {
	u     *exchange.Universe
	books []*book.Book
	last  [][]exchange.Event // by instrument: feed, ticker, mark, open interest, day
	ways  []exchange.Event   // what is dark, and clocks
}

func newBase(u *exchange.Universe) *base {
	b := &base{u: u, last: make([][]exchange.Event, u.Len())}
	for _, in := range u.All() {
		b.books = append(b.books, book.New(in))
	}
	return b
}

// take applies an event. It always returns true.
func (b *base) take(ev *exchange.Event) bool {
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
	return true
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

// stand returns what makes another market stand so at a time: nothing of it is late.
func (b *base) stand(at exchange.Time) []exchange.Event {
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
