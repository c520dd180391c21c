package core

import (
	"cmp"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/funding"
	"github.com/perilune/perilune/exchange/valuation"
	"github.com/perilune/perilune/host/bars"
	"github.com/perilune/perilune/host/execution/schedule"
)

// keepSettled is how many settled rates are kept: six weeks of hourly ones.
const keepSettled = 1000

// market is what is known of one instrument.
type market struct {
	in      *exchange.Instrument
	book    *book.Book
	mark    exchange.MarkState
	funding *funding.Forecast // of a perpetual
	trade   exchange.Trade
	bid     exchange.Level
	ask     exchange.Level
	quoted  bool
	open    exchange.OpenInterest
	settled []exchange.Settled
	bars    []exchange.Bar // as the market brings them
	fed     exchange.Time  // their length; 0: it brings none
	built   []*bars.Series // from trades, shortest first
	merged  []*bars.Series // from the market's own bars
	volume  schedule.History
	past    pastVolume
	looked  looked
	day     exchange.DayStats // as the venue tells it, at dayAt
	dayAt   exchange.Time
	rolling *rollingDay // counted here; nil: nobody asked
	wanting bool        // a snapshot was asked for
	held    string      // why nothing may trade in it; see Core.suspend
}

// onBook applies a book event and has the result shown to machines and strategies.
func (c *Core) onBook(ev *exchange.Event) {
	m := &c.markets.list[ev.Instrument]
	was := m.book.Ready()
	changed := m.book.Apply(ev)
	if was && !m.book.Ready() {
		c.stats.Gaps++
		c.instants.show(OnGap, ev)
	}
	c.markets.wantSnapshot(m)
	if !changed || !m.book.Ready() {
		return
	}
	c.instants.show(OnBook, ev)
}

// onFeed begins a book anew that comes from another feed now, with what that proves. Its
// feed sends a snapshot unasked. Nothing was lost, but what the book was is the past.
func (is *instants) onFeed(ev *exchange.Event) {
	m, link := &is.markets.list[ev.Instrument], exchange.LinkUnproved
	if ev.Name == exchange.FeedVenue {
		link = m.in.Linking
	}
	was := m.book.Ready()
	m.book.Relink(link, cmp.Or(ev.Reason, "its feed is the "+ev.Name+" now"))
	m.wanting = true
	if was {
		is.show(OnGap, ev)
	}
}

// wantSnapshot asks for a snapshot once per loss of the book.
func (mk *markets) wantSnapshot(m *market) {
	wants := m.book.WantsSnapshot()
	if wants && !m.wanting {
		mk.emit(-1, mk.snapshots.keep(WantSnapshot{m.in.ID, m.book.Reason()}))
	}
	m.wanting = wants
}

func (c *Core) onMarket(ev *exchange.Event) {
	m := &c.markets.list[ev.Instrument]
	switch ev.Kind {
	case exchange.KindTicker:
		m.bid = exchange.Level{Price: ev.Price, Qty: ev.Qty}
		m.ask = exchange.Level{Price: ev.Price2, Qty: ev.Qty2}
		m.quoted = true
	case exchange.KindTrade:
		m.trade = exchange.Trade{Time: ev.Time, Price: ev.Price, Qty: ev.Qty, Side: ev.Side}
		m.volume.Trade(m.in, c.now, ev.Price, ev.Qty)
		m.countTrade(ev)
		if len(m.built) > 0 {
			c.bars.tradeBars(m, ev)
		}
		c.instants.show(OnTrade, ev)
	case exchange.KindMark:
		m.mark = exchange.MarkState{Mark: ev.Mark, Index: ev.Index, Rate: ev.Rate,
			NextFunding: ev.NextFunding, Hours: ev.Hours, Time: ev.Time}
		if m.mark.Hours == 0 {
			m.mark.Hours = max(m.in.FundingHours, 1)
		}
		m.mark.Predicted = m.funding.Rate(&m.mark)
		c.instants.show(OnMark, ev)
	case exchange.KindFunding:
		m.settled = keepLast(m.settled, exchange.Settled{Time: ev.VenueTime, Rate: ev.Rate, Mark: ev.Mark, Hours: ev.Hours}, keepSettled)
	case exchange.KindOpenInterest:
		m.open = exchange.OpenInterest{Qty: ev.Qty, Time: ev.VenueTime}
	case exchange.KindPremium:
		m.funding.Premium(ev.VenueTime, ev.Rate)
	case exchange.KindDay:
		m.day, m.dayAt = ev.Day, ev.Time
	case exchange.KindLiquidation:
		c.instants.show(OnLiquidation, ev)
	case exchange.KindVolume:
		c.markets.onVolume(m, ev)
	case exchange.KindBar:
		m.countBar(&ev.Bar, c.now)
		c.bars.onBar(m, ev)
		c.conditionals.seeBar(m, ev)
	}
}

// keepLast appends and drops from the front, in bulk so that it stays cheap.
func keepLast[T any](list []T, v T, keep int) []T {
	if len(list) >= 2*keep {
		list = append(list[:0], list[len(list)-keep:]...)
	}
	return append(list, v)
}

// holdOf says why nothing may trade in one of two instruments; "" when it may.
func (mk *markets) holdOf(spot, perp exchange.InstrumentID) string {
	for _, id := range [...]exchange.InstrumentID{perp, spot} {
		if m := &mk.list[id]; m.held != "" {
			return m.in.Key() + " is held: " + m.held
		}
	}
	return ""
}

// knows reports whether a number is an instrument's.
func (mk *markets) knows(id exchange.InstrumentID) bool { return uint(id) < uint(len(mk.list)) }

// unknown is the error of a call about an instrument that there is none of.
func (mk *markets) unknown(call string, id exchange.InstrumentID) error {
	return fmt.Errorf("%s: instrument %d: want 0 to %d", call, id, len(mk.list)-1)
}

// Instrument implements execution.Port.
func (mk *markets) Instrument(id exchange.InstrumentID) *exchange.Instrument { return mk.u.Get(id) }

// Book implements execution.Port; a venue that lives in the loop reads it too.
func (mk *markets) Book(id exchange.InstrumentID) *book.Book { return mk.list[id].book }

// TakerFee implements execution.Port.
func (mk *markets) TakerFee(id exchange.InstrumentID) decimal.Decimal { return mk.u.Get(id).TakerFee }

// Volume implements schedule.Port.
func (mk *markets) Volume(id exchange.InstrumentID) *schedule.History { return &mk.list[id].volume }

// Quote implements valuation.Markets.
func (mk *markets) Quote(in *exchange.Instrument) (valuation.Quote, bool) {
	m := &mk.list[in.ID]
	if in.Perp() && m.mark.Mark > 0 {
		return valuation.Quote{Price: m.mark.Mark.Decimal(), At: m.mark.Time, Width: -1}, true
	}
	if p, ok := mk.mid(in); ok {
		return valuation.Quote{Price: p, At: m.book.Updated(), Width: width(m)}, true
	}
	if m.trade.Time == 0 || in.Perp() {
		return valuation.Quote{}, false
	}
	return valuation.Quote{Price: in.PriceDecimal(m.trade.Price), At: m.trade.Time, Width: -1}, true
}

// mid is the middle of a live book.
func (mk *markets) mid(in *exchange.Instrument) (decimal.Decimal, bool) {
	b := mk.list[in.ID].book
	bid, ok1 := b.Best(exchange.Buy)
	ask, ok2 := b.Best(exchange.Sell)
	if !ok1 || !ok2 {
		return decimal.Zero, false
	}
	return middle(in, bid.Price, ask.Price), true
}

// MidPrice is the middle of an instrument's live book; its mark, or its last trade, where
// there is none. false: nothing is known of it yet.
func (mk *markets) MidPrice(id exchange.InstrumentID) (decimal.Decimal, bool) {
	in := mk.u.Get(id)
	if p, ok := mk.mid(in); ok {
		return p, true
	}
	q, ok := mk.Quote(in)
	return q.Price, ok
}

// ValuedAt is what the equity values an instrument at: the mark of a contract, the middle of
// a spot book, the last trade where there is none. false: nothing is known of it yet.
func (mk *markets) ValuedAt(id exchange.InstrumentID) (decimal.Decimal, bool) {
	q, ok := mk.Quote(mk.u.Get(id))
	return q.Price, ok
}

// middle is the price between two.
func middle(in *exchange.Instrument, bid, ask exchange.Ticks) decimal.Decimal {
	return decimal.New(int64(bid+ask)*in.Tick.M*5, -int32(in.Tick.Scale)-1)
}

// markPrice values a position: the mark price, or the mid where there is none.
func (mk *markets) markPrice(in *exchange.Instrument) decimal.Decimal {
	if m := &mk.list[in.ID]; m.mark.Mark > 0 {
		return m.mark.Mark.Decimal()
	}
	p, _ := mk.mid(in)
	return p
}

// width is the spread of a live book as a fraction of its price.
func width(m *market) float64 {
	bid, _ := m.book.Best(exchange.Buy)
	ask, _ := m.book.Best(exchange.Sell)
	return 2 * float64(ask.Price-bid.Price) / float64(ask.Price+bid.Price)
}
