package record

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
)

const (
	// maxSamples bounds the samples that wait for a later ticker. When so many
	// wait the ticker stream has stopped, and they are judged by its last word.
	maxSamples = 4096
	// maxTickers bounds the tickers that wait for a diff to reach them: minutes
	// of a busy market.
	maxTickers = 1 << 16
)

// checked is one instrument under verification.
type checked struct {
	in   *exchange.Instrument
	ids  connect.Numbering
	book *book.Book
	// shadow is built from the snapshots that come while book is live, to be
	// compared with it.
	shadow       *book.Book
	known, fresh reach // prices that the snapshots of book and shadow cover

	last             int64        // u of the last diff; 0: none yet
	trades, aggTrade int64        // last ids; 0: none yet
	tickers          queue[touch] // ids rise; the first is the latest up to the oldest sample
	samples          queue[touch] // ids rise
	torn             torn
	against          tradeCheck
}

// touch is the best bid and ask at an update id. A side without orders is zero.
type touch struct {
	id       int64
	bid, ask exchange.Level
	at       place
}

// reach is the range of prices that a snapshot covers.
type reach struct{ low, high exchange.Ticks }

func newChecked(in *exchange.Instrument, ids connect.Numbering) *checked {
	return &checked{in: in, ids: ids, book: book.NewLadder(in), shadow: book.New(in)}
}

func (m *checked) diff(r *Report, ev *exchange.Event, at place) {
	m.link(r, ev, at)
	before := m.book.Stats()
	usable := m.book.Apply(ev)
	m.shadow.Apply(ev)
	m.broken(r, before, at)
	switch {
	case usable && m.book.Ready():
		m.sample(r, ev, at)
		m.compare(r, at)
	case m.last != 0 && m.book.WantsSnapshot():
		r.Unverified++
	}
}

// link checks the chain of diffs by itself, so that a loss shows even while
// there is no book. Source: Binance, "How to manage a local order book
// correctly": spot links by U = u+1, futures by pu = u. A diff that names the last one
// and ends at or before it keeps a quiet book alive, or begins the numbers anew (OKX).
func (m *checked) link(r *Report, ev *exchange.Event, at place) {
	last := m.last
	m.last = max(last, ev.LastID)
	switch {
	case m.in.Linking == exchange.LinkPrevious && last != 0 && ev.PrevID == last && ev.LastID <= last:
		m.last = ev.LastID
	case ev.FirstID > ev.LastID || ev.PrevID >= ev.FirstID:
		r.Gaps++
		r.problem(at, "%s: ids of one diff contradict each other: pu %d, U %d, u %d", m.in.Key(), ev.PrevID, ev.FirstID, ev.LastID)
	case last == 0: // the first
	case ev.LastID <= last:
		r.Repeats++
		r.problem(at, "%s: the diff of u %d comes again, or too late: u %d was there before", m.in.Key(), ev.LastID, last)
	case m.in.Linking == exchange.LinkDense && ev.FirstID > last+1:
		r.Gaps++
		r.problem(at, "%s: gap: the diff begins at U %d, want %d", m.in.Key(), ev.FirstID, last+1)
	case m.in.Linking == exchange.LinkPrevious && ev.PrevID != last:
		r.Gaps++
		r.problem(at, "%s: gap: the diff follows pu %d, want %d", m.in.Key(), ev.PrevID, last)
	}
}

// broken counts what made the book refuse an event, other than a gap.
func (m *checked) broken(r *Report, before book.Stats, at place) {
	now := m.book.Stats()
	if now.Crossed > before.Crossed || now.Corrupt > before.Corrupt {
		r.Mismatches++
		r.problem(at, "%s: %s", m.in.Key(), m.book.Reason())
	}
}

func (m *checked) snapshot(r *Report, ev *exchange.Event, at place) {
	if m.book.State() == book.Live {
		m.shadow.Apply(ev)
		m.fresh = reachOf(ev)
		m.compare(r, at)
		if !m.ids.Snapshots {
			return
		}
	}
	if m.ids.Snapshots { // what comes follows it
		m.last = ev.LastID
		m.shadow = book.New(m.in)
		if ev.LastID < m.book.LastID() {
			m.book = book.NewLadder(m.in) // the venue has begun its numbers anew
		}
	}
	before := m.book.Stats()
	usable := m.book.Apply(ev)
	m.broken(r, before, at)
	if usable {
		m.known = reachOf(ev)
		m.sample(r, ev, at)
	}
}

func reachOf(ev *exchange.Event) (r reach) {
	if n := len(ev.Bids); n > 0 {
		r.low = ev.Bids[n-1].Price
	}
	if n := len(ev.Asks); n > 0 {
		r.high = ev.Asks[n-1].Price
	}
	return r
}

// sample remembers the rebuilt touch until a ticker beyond it has come.
func (m *checked) sample(r *Report, ev *exchange.Event, at place) {
	if !m.book.Ready() {
		return
	}
	m.condemn(r)
	m.torn.begin(ev)
	bid, _ := m.book.Best(exchange.Buy)
	ask, _ := m.book.Best(exchange.Sell)
	if !m.ids.Tickers {
		m.near(r, touch{id: m.book.LastID(), bid: bid, ask: ask, at: at}, ev.Time)
		return
	}
	m.samples.push(touch{id: m.book.LastID(), bid: bid, ask: ask, at: at})
	if m.samples.len() > maxSamples {
		m.judge(r, m.samples.pop())
	}
	m.settle(r)
}

func (m *checked) ticker(r *Report, ev *exchange.Event, at place) {
	now := touch{id: ev.LastID, at: at,
		bid: exchange.Level{Price: ev.Price, Qty: ev.Qty}, ask: exchange.Level{Price: ev.Price2, Qty: ev.Qty2}}
	if m.ids.Tickers && m.tickers.len() > 0 && !m.succeeds(r, now, m.tickers.last()) {
		return
	}
	if now.bid.Qty > 0 && now.ask.Qty > 0 && now.bid.Price >= now.ask.Price {
		r.Mismatches++
		r.problem(at, "%s: bookTicker %d is crossed: best bid %s, best ask %s", m.in.Key(), now.id, m.in.PriceDecimal(now.bid.Price), m.in.PriceDecimal(now.ask.Price))
	}
	if m.ids.Tickers {
		if m.tickers.len() == maxTickers {
			m.tickers.pop()
		}
		m.tickers.push(now)
	}
	m.against.ticker(now, ev.Time)
	m.settle(r)
}

// succeeds checks a ticker against the one before. The venue sends one when the
// touch has changed, so two that say the same had another between them.
func (m *checked) succeeds(r *Report, now, before touch) bool {
	switch {
	case now.id <= before.id:
		r.TickerOrder++
		r.problem(now.at, "%s: bookTicker %d comes after %d", m.in.Key(), now.id, before.id)
		return false
	case now.bid == before.bid && now.ask == before.ask:
		r.TickerOrder++
		r.problem(now.at, "%s: bookTicker %d says the same as %d: one between them is missing", m.in.Key(), now.id, before.id)
	}
	return true
}

// settle judges the samples that a ticker has gone beyond: no later ticker can
// concern them.
func (m *checked) settle(r *Report) {
	for m.samples.len() > 0 && m.tickers.len() > 0 && m.samples.at(0).id < m.tickers.last().id {
		m.judge(r, m.samples.pop())
	}
}

// judge compares a sample with the latest ticker up to its id. Without one, the
// recording's tickers began later, and there is nothing to compare with.
func (m *checked) judge(r *Report, s touch) {
	for m.tickers.len() > 1 && m.tickers.at(1).id <= s.id {
		m.tickers.pop()
	}
	if m.tickers.len() == 0 || m.tickers.at(0).id > s.id {
		return
	}
	r.Samples++
	t := m.tickers.at(0)
	if s.bid == t.bid && s.ask == t.ask {
		return
	}
	if !m.torn.doubt(s, t) {
		m.mismatch(r, s, t)
	}
	m.absolve(r)
}

// absolve drops a doubt that trades have explained.
func (m *checked) absolve(r *Report) {
	if m.torn.waiting && m.torn.explained() {
		m.torn.waiting = false
		r.Torn++
	}
}

// condemn ends the time in which a doubt could be explained.
func (m *checked) condemn(r *Report) {
	if m.torn.waiting {
		m.torn.waiting = false
		m.mismatch(r, m.torn.book, m.torn.ticker)
	}
}

func (m *checked) mismatch(r *Report, s, t touch) {
	r.Mismatches++
	r.problem(s.at, "%s: at u %d the rebuilt book is %s, bookTicker %d (line %d) says %s",
		m.in.Key(), s.id, m.text(s), t.id, t.at.line, m.text(t))
}

// finish judges what still waits at the end of the recording.
func (m *checked) finish(r *Report) {
	for m.samples.len() > 0 {
		m.judge(r, m.samples.pop())
	}
	m.condemn(r)
	m.quantities(r)
}

func (m *checked) text(t touch) string {
	return fmt.Sprintf("%s x %s / %s x %s",
		m.in.PriceDecimal(t.bid.Price), m.in.QtyDecimal(t.bid.Qty), m.in.PriceDecimal(t.ask.Price), m.in.QtyDecimal(t.ask.Qty))
}

// compare checks the book against a later snapshot once both have reached the
// same id, within the prices that both snapshots cover.
func (m *checked) compare(r *Report, at place) {
	if !m.shadow.Ready() || m.shadow.LastID() != m.book.LastID() {
		return
	}
	both := reach{low: max(m.known.low, m.fresh.low), high: min(m.known.high, m.fresh.high)}
	for _, side := range [...]exchange.Side{exchange.Buy, exchange.Sell} {
		m.compareSide(r, side, m.book, m.shadow, both, at)
		m.compareSide(r, side, m.shadow, m.book, both, at)
	}
	m.shadow = book.New(m.in)
}

// compareSide looks up every level of one book in the other. It is called both
// ways; levels that differ in size are counted on the first.
func (m *checked) compareSide(r *Report, side exchange.Side, a, b *book.Book, within reach, at place) {
	a.Visit(side, func(l exchange.Level) bool {
		if side == exchange.Buy && l.Price < within.low || side == exchange.Sell && l.Price > within.high {
			return false
		}
		other := b.Qty(side, l.Price)
		if a == m.book {
			r.Levels++
		}
		if other != l.Qty && (a == m.book || other == 0) {
			r.Mismatches++
			r.problem(at, "%s: %s level %s at u %d: rebuilt %s, by snapshot %s", m.in.Key(), side, m.in.PriceDecimal(l.Price),
				m.book.LastID(), m.in.QtyDecimal(m.book.Qty(side, l.Price)), m.in.QtyDecimal(m.shadow.Qty(side, l.Price)))
		}
		return true
	})
}

// trade checks that ids are consecutive. Single and aggregate trades are
// numbered apart.
func (m *checked) trade(r *Report, id int64, aggregate bool, at place) {
	if !m.ids.Trades {
		return
	}
	last := &m.trades
	if aggregate {
		last = &m.aggTrade
	}
	if *last != 0 && id != *last+1 {
		r.TradeGaps++
		r.problem(at, "%s: trade %d comes after %d", m.in.Key(), id, *last)
	}
	*last = id
}

// queue is a first-in first-out buffer that reuses its memory.
type queue[T any] struct {
	list []T
	head int
}

func (q *queue[T]) len() int   { return len(q.list) - q.head }
func (q *queue[T]) at(i int) T { return q.list[q.head+i] }
func (q *queue[T]) last() T    { return q.list[len(q.list)-1] }

func (q *queue[T]) push(x T) {
	if q.head > 0 && len(q.list) == cap(q.list) {
		q.list = q.list[:copy(q.list, q.list[q.head:])]
		q.head = 0
	}
	q.list = append(q.list, x)
}

func (q *queue[T]) pop() T {
	x := q.list[q.head]
	q.head++
	return x
}
