package simserver

import (
	"bytes"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/fixed"
)

// market is what the server knows of one instrument.
type market struct {
	in    *exchange.Instrument
	book  *book.Book
	rules rules

	trades  []print // the last keepTrades, oldest first
	lastID  int64   // of the last trade
	bars    []bar   // of one minute, oldest first
	last    exchange.Ticks
	mark    exchange.MarkState
	settled []exchange.Settled
	curves  [curveKinds][]curve // of one minute, oldest first

	hours int           // of funding, when a fault has changed it; 0: the feed's
	due   exchange.Time // and its next settlement

	snapshot  object // the last answer to GET depth
	published int64  // LastID of the last published change of the book
	touch     [2]exchange.Level
}

const (
	keepTrades  = 1000
	keepBars    = 3000
	keepSettled = 1000
)

// print is one public trade.
type print struct {
	id    int64
	at    exchange.Time
	price exchange.Ticks
	qty   exchange.Lots
	side  exchange.Side // of the aggressor
}

func newMarket(in *exchange.Instrument) *market {
	return &market{in: in, book: book.New(in), rules: rulesOf(in)}
}

// change is what an event did to a book.
type change struct {
	bids, asks []exchange.Level // absolute
	first      int64
	last       int64
	touch      bool // the best bid or ask is another
}

// apply takes a market event. It returns the change of the book, nil when there
// is none that can be told.
func (m *market) apply(ev *exchange.Event) *change {
	switch ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff, exchange.KindGap:
		return m.applyBook(ev)
	case exchange.KindTrade:
		m.trade(ev)
	case exchange.KindMark:
		m.mark = exchange.MarkState{Mark: ev.Mark, Index: ev.Index, Rate: ev.Rate, NextFunding: ev.NextFunding, Hours: ev.Hours, Time: ev.Time}
		m.trace(ev)
	case exchange.KindFunding:
		m.settled = appendLast(m.settled, exchange.Settled{Time: ev.VenueTime, Rate: ev.Rate, Mark: ev.Mark, Hours: ev.Hours}, keepSettled)
	case exchange.KindTicker:
		m.quote(ev)
	}
	return nil
}

// appendLast appends and keeps at least the last n.
func appendLast[T any](s []T, v T, n int) []T {
	if len(s) >= 2*n {
		s = append(s[:0], s[len(s)-n+1:]...)
	}
	return append(s, v)
}

// applyBook keeps the chain of published ids unbroken: a snapshot amid the feed
// is told as the difference to what was told before.
func (m *market) applyBook(ev *exchange.Event) *change {
	var before [2][]exchange.Level
	if whole := ev.Kind == exchange.KindSnapshot || m.book.State() != book.Live; whole {
		before = [2][]exchange.Level{m.levels(exchange.Buy), m.levels(exchange.Sell)}
	}
	if !m.book.Apply(ev) {
		return nil
	}
	c := &change{bids: ev.Bids, asks: ev.Asks, first: m.published + 1, last: m.book.LastID()}
	if ev.Kind == exchange.KindDiff && ev.FirstID > c.first {
		c.first = ev.FirstID
	}
	if ev.Kind == exchange.KindSnapshot {
		c.bids = difference(before[0], m.levels(exchange.Buy))
		c.asks = difference(before[1], m.levels(exchange.Sell))
	}
	if api.Of(m.in.Venue) == api.Spot {
		c.first = m.published + 1
	}
	m.best(c)
	return c
}

// best notes the touch.
func (m *market) best(c *change) {
	bid, _ := m.book.Best(exchange.Buy)
	ask, _ := m.book.Best(exchange.Sell)
	c.touch = m.touch != [2]exchange.Level{bid, ask}
	m.touch = [2]exchange.Level{bid, ask}
}

// quote is the touch of a feed without a book.
func (m *market) quote(ev *exchange.Event) {
	if m.book.State() == book.Empty {
		m.touch = [2]exchange.Level{{Price: ev.Price, Qty: ev.Qty}, {Price: ev.Price2, Qty: ev.Qty2}}
	}
}

func (m *market) levels(side exchange.Side) []exchange.Level {
	return m.book.AppendLevels(nil, side, m.book.Depth(side))
}

// difference returns what turns one side into another: levels that are new or
// changed, and zero for those that are gone. Both are best first, as is the
// result up to the order of what is gone.
func difference(was, is []exchange.Level) []exchange.Level {
	old := make(map[exchange.Ticks]exchange.Lots, len(was))
	for _, l := range was {
		old[l.Price] = l.Qty
	}
	var out []exchange.Level
	for _, l := range is {
		if q, ok := old[l.Price]; !ok || q != l.Qty {
			out = append(out, l)
		}
		delete(old, l.Price)
	}
	for _, l := range was {
		if _, gone := old[l.Price]; gone {
			out = append(out, exchange.Level{Price: l.Price})
		}
	}
	return out
}

func (m *market) trade(ev *exchange.Event) {
	m.lastID++
	p := print{id: m.lastID, at: ev.Time, price: ev.Price, qty: ev.Qty, side: ev.Side}
	m.trades = appendLast(m.trades, p, keepTrades)
	m.last = ev.Price
	m.addToBar(p)
}

// recent returns up to n of the last trades, oldest first.
func (m *market) recent(n int) []print { return m.trades[max(0, len(m.trades)-n):] }

// lastPrice is the last trade's, or else the middle of the touch rounded down.
func (m *market) lastPrice() exchange.Ticks {
	if m.last > 0 {
		return m.last
	}
	return (m.touch[0].Price + m.touch[1].Price) / 2
}

// markPrice is the mark, or else the last price.
func (m *market) markPrice() decimal.Decimal {
	if m.mark.Mark > 0 {
		return m.mark.Mark.Decimal()
	}
	return m.in.PriceDecimal(m.lastPrice())
}

// worth is what q is worth at a price: quote, or coins of an inverse contract.
func (m *market) worth(p exchange.Ticks, q exchange.Lots) decimal.Decimal {
	if p <= 0 {
		return decimal.Zero
	}
	if m.in.Inverse() {
		return m.in.BaseQty(p, q).Round(8)
	}
	return m.in.Notional(p, q)
}

// price and qty format as the market does: eight places on spot, those of the
// tick and the lot on futures.
func (m *market) price(p exchange.Ticks) string { return string(m.appendPrice(nil, p)) }

func (m *market) qty(q exchange.Lots) string { return string(m.appendQty(nil, q)) }

func (m *market) appendPrice(dst []byte, p exchange.Ticks) []byte {
	return appendPlaces(dst, int64(p), m.in.Tick, m.places(m.in.Tick))
}

func (m *market) appendQty(dst []byte, q exchange.Lots) []byte {
	return appendPlaces(dst, int64(q), m.in.Lot, m.places(m.in.Lot))
}

// appendPlaces appends n steps with a number of digits after the point.
func appendPlaces(dst []byte, n int64, step exchange.Step, places int32) []byte {
	start := len(dst)
	dst = fixed.Append(dst, n, step)
	point := bytes.IndexByte(dst[start:], '.')
	have := int32(0)
	switch {
	case point >= 0:
		have = int32(len(dst) - start - point - 1)
	case places > 0:
		dst = append(dst, '.')
	}
	for ; have < places; have++ {
		dst = append(dst, '0')
	}
	return dst
}

func (m *market) places(step exchange.Step) int32 {
	if api.Of(m.in.Venue) == api.Spot {
		return 8
	}
	return int32(step.Scale)
}

// pair is a COIN-M contract's underlying: BTCUSD of BTCUSD_PERP.
func (m *market) pair() string {
	if m.in.Inverse() {
		return m.in.Base + m.in.Quote
	}
	return m.in.Symbol
}
