package simserver

import (
	"bytes"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/fixed"
)

// Market is what the exchange knows of one instrument. A front reads its fields and
// changes none but Note.
type Market struct {
	In      *exchange.Instrument
	Segment *Segment // nil when no front speaks for the venue
	Book    *book.Book
	Rules   Rules

	Prints    []Print // the last public trades, oldest first
	Bars      []Bar   // of one minute, oldest first
	Mark      exchange.MarkState
	Settled   []exchange.Settled // the last settlements of funding, oldest first
	Published int64              // the id of the last change of the book that was shown
	Touch     [2]exchange.Level  // the best bid and ask

	// Note is the front's.
	Note any

	lastID int64 // of the last trade
	last   exchange.Ticks
	curves [curveKinds][]Curve // of one minute, oldest first
	hours  int                 // of funding, when a fault has changed it; 0: the feed's
	due    exchange.Time       // and its next settlement
}

// Rules are an instrument's filters as the exchange states and enforces them at its
// door. They begin as the instrument's own; a fault may tighten them while the exchange
// runs, which the paper venue behind them cannot.
type Rules struct {
	Tick, Step     decimal.Decimal
	MinQty, MaxQty decimal.Decimal
	MinNotional    decimal.Decimal
	MinPrice       decimal.Decimal
	MaxPrice       decimal.Decimal
	Ends           int64 // when trading ends, in milliseconds of the wall clock; 0: that is not announced
	Halted         bool  // it has ended
}

func rulesOf(in *exchange.Instrument) Rules {
	r := Rules{Tick: in.Tick.Decimal(1), Step: in.Lot.Decimal(1), MinNotional: in.MinNotional}
	r.MinQty, r.MaxQty = in.QtyDecimal(max(1, in.MinQty)), in.QtyDecimal(in.MaxQty)
	if in.MaxQty == 0 {
		r.MaxQty = decimal.NewFromInt(900_000_000_000)
	}
	r.MinPrice, r.MaxPrice = r.Tick, decimal.NewFromInt(10_000_000)
	return r
}

const (
	keepTrades  = 1000
	keepBars    = 8000
	keepSettled = 1000
)

// Print is one public trade.
type Print struct {
	ID    int64
	Time  exchange.Time
	Price exchange.Ticks
	Qty   exchange.Lots
	Side  exchange.Side // of the aggressor
}

func newMarket(in *exchange.Instrument) *Market {
	return &Market{In: in, Book: book.New(in), Rules: rulesOf(in)}
}

// Change is what an event did to a book.
type Change struct {
	Bids, Asks []exchange.Level // absolute
	First      int64
	Last       int64
	Touch      bool // the best bid or ask is another
}

// apply takes a market event. It returns the change of the book, nil when there
// is none that can be told.
func (m *Market) apply(ev *exchange.Event) *Change {
	switch ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff, exchange.KindGap:
		return m.applyBook(ev)
	case exchange.KindTrade:
		m.addTrade(ev)
	case exchange.KindMark:
		m.Mark = exchange.MarkState{Mark: ev.Mark, Index: ev.Index, Rate: ev.Rate, NextFunding: ev.NextFunding, Hours: ev.Hours, Time: ev.Time}
		m.addToCurves(ev)
	case exchange.KindFunding:
		m.Settled = AppendLast(m.Settled, exchange.Settled{Time: ev.VenueTime, Rate: ev.Rate, Mark: ev.Mark, Hours: ev.Hours}, keepSettled)
	case exchange.KindTicker:
		m.setQuote(ev)
	}
	return nil
}

// AppendLast appends and keeps at least the last n.
func AppendLast[T any](s []T, v T, n int) []T {
	if len(s) >= 2*n {
		s = append(s[:0], s[len(s)-n+1:]...)
	}
	return append(s, v)
}

// applyBook keeps the chain of published ids unbroken: a snapshot amid the feed
// is told as the difference to what was told before.
func (m *Market) applyBook(ev *exchange.Event) *Change {
	var before [2][]exchange.Level
	if whole := ev.Kind == exchange.KindSnapshot || m.Book.State() != book.Live; whole {
		before = [2][]exchange.Level{m.Levels(exchange.Buy), m.Levels(exchange.Sell)}
	}
	if !m.Book.Apply(ev) {
		return nil
	}
	c := &Change{Bids: ev.Bids, Asks: ev.Asks, First: m.Published + 1, Last: m.Book.LastID()}
	if ev.Kind == exchange.KindDiff && ev.FirstID > c.First {
		c.First = ev.FirstID
	}
	if ev.Kind == exchange.KindSnapshot {
		c.Bids = difference(before[0], m.Levels(exchange.Buy))
		c.Asks = difference(before[1], m.Levels(exchange.Sell))
	}
	if m.In.Contract == exchange.Spot {
		c.First = m.Published + 1
	}
	m.setTouch(c)
	return c
}

// setTouch notes the touch.
func (m *Market) setTouch(c *Change) {
	bid, _ := m.Book.Best(exchange.Buy)
	ask, _ := m.Book.Best(exchange.Sell)
	c.Touch = m.Touch != [2]exchange.Level{bid, ask}
	m.Touch = [2]exchange.Level{bid, ask}
}

// setQuote is the touch of a feed without a book.
func (m *Market) setQuote(ev *exchange.Event) {
	if m.Book.State() == book.Empty {
		m.Touch = [2]exchange.Level{{Price: ev.Price, Qty: ev.Qty}, {Price: ev.Price2, Qty: ev.Qty2}}
	}
}

// Levels returns a whole side of the book, best first.
func (m *Market) Levels(side exchange.Side) []exchange.Level {
	return m.Book.AppendLevels(nil, side, m.Book.Depth(side))
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

func (m *Market) addTrade(ev *exchange.Event) {
	m.lastID++
	p := Print{ID: m.lastID, Time: ev.Time, Price: ev.Price, Qty: ev.Qty, Side: ev.Side}
	m.Prints = AppendLast(m.Prints, p, keepTrades)
	m.last = ev.Price
	m.addToBar(p)
}

// Recent returns up to n of the last trades, oldest first.
func (m *Market) Recent(n int) []Print { return m.Prints[max(0, len(m.Prints)-n):] }

// LastPrice is the last trade's, or else the middle of the touch rounded down.
func (m *Market) LastPrice() exchange.Ticks {
	if m.last > 0 {
		return m.last
	}
	return (m.Touch[0].Price + m.Touch[1].Price) / 2
}

// MarkPrice is the mark, or else the last price.
func (m *Market) MarkPrice() decimal.Decimal {
	if m.Mark.Mark > 0 {
		return m.Mark.Mark.Decimal()
	}
	return m.In.PriceDecimal(m.LastPrice())
}

// Worth is what q is worth at a price: quote, or coins of an inverse contract.
func (m *Market) Worth(p exchange.Ticks, q exchange.Lots) decimal.Decimal {
	if p <= 0 {
		return decimal.Zero
	}
	if m.In.Inverse() {
		return m.In.BaseQty(p, q).Round(8)
	}
	return m.In.Notional(p, q)
}

// PriceText formats a price with eight places for coins, and with those of the tick
// for contracts.
func (m *Market) PriceText(p exchange.Ticks) string { return string(m.AppendPrice(nil, p)) }

// QtyText formats a quantity in the same way.
func (m *Market) QtyText(q exchange.Lots) string { return string(m.AppendQty(nil, q)) }

// AppendPrice appends PriceText.
func (m *Market) AppendPrice(dst []byte, p exchange.Ticks) []byte {
	return appendPlaces(dst, int64(p), m.In.Tick, m.Places(m.In.Tick))
}

// AppendQty appends QtyText.
func (m *Market) AppendQty(dst []byte, q exchange.Lots) []byte {
	return appendPlaces(dst, int64(q), m.In.Lot, m.Places(m.In.Lot))
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

// Places is how many digits after the point PriceText and its like write for a step.
func (m *Market) Places(step exchange.Step) int32 {
	if m.In.Contract == exchange.Spot {
		return 8
	}
	return int32(step.Scale)
}

// CloseAt is the last traded price by a time; there must be bars.
func (m *Market) CloseAt(t exchange.Time) exchange.Ticks {
	p := m.Bars[0].Open
	for i := range m.Bars {
		if m.Bars[i].Begin >= t {
			break
		}
		p = m.Bars[i].Close
	}
	return p
}
