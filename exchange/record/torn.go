package record

import "github.com/perilune/perilune/exchange"

// tornWithin is how far the venue's stamps of a diff and of the trades that its
// end cut through may lie apart.
const tornWithin = 5 * exchange.Millisecond

// torn recognises the one honest difference between a book and the ticker. The
// ids of a diff may end in the middle of an execution: what was taken from the
// best level up to there is out of the book already, while the ticker speaks,
// under a higher id, when the execution is over. The trades prove it: they take
// exactly the missing best level, at the venue's time of the diff.
type torn struct {
	diffTime exchange.Time // of the last sample's diff, at the venue
	trades   []taken       // since then
	waiting  bool          // doubt has to be settled before the next sample
	book     touch
	ticker   touch
}

type taken struct {
	price exchange.Ticks
	qty   exchange.Lots
	from  exchange.Side // side of the book that was taken from
}

// begin starts the time after a diff.
func (t *torn) begin(ev *exchange.Event) {
	t.diffTime, t.trades = ev.VenueTime, t.trades[:0]
}

func (t *torn) trade(ev *exchange.Event) {
	if d := ev.VenueTime - t.diffTime; d <= tornWithin && d >= -tornWithin {
		t.trades = append(t.trades, taken{ev.Price, ev.Qty, ev.Side.Opposite()})
	}
}

// doubt takes a sample that differs from the ticker, and reports whether trades
// could explain it: one side only, and worse in price.
func (t *torn) doubt(book, ticker touch) bool {
	bid := book.ask == ticker.ask && book.bid.Price < ticker.bid.Price
	ask := book.bid == ticker.bid && (book.ask.Price > ticker.ask.Price || book.ask.Qty == 0)
	if !bid && !ask || t.waiting {
		return false
	}
	t.waiting, t.book, t.ticker = true, book, ticker
	return true
}

// explained reports whether the trades so far took exactly the level that the
// ticker has and the book has not.
func (t *torn) explained() bool {
	side, level := exchange.Buy, t.ticker.bid
	if t.book.bid == t.ticker.bid {
		side, level = exchange.Sell, t.ticker.ask
	}
	var sum exchange.Lots
	for _, x := range t.trades {
		if x.from == side && x.price == level.Price {
			sum += x.qty
		}
	}
	return sum == level.Qty && sum > 0
}
