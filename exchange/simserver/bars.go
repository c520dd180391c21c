package simserver

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// bar is one candle made from trades.
type bar struct {
	open                   exchange.Time // when it began
	o, h, l, c             exchange.Ticks
	volume, taker          exchange.Lots   // taker: of buyers that took
	worth, takerWorth      decimal.Decimal // as market.worth
	count, firstID, lastID int64
}

// addToBar adds a trade to its minute. Minutes without a trade have no bar of
// their own; bars fills them in.
func (m *market) addToBar(p print) {
	open := p.at - p.at%exchange.Minute
	if n := len(m.bars); n == 0 || m.bars[n-1].open != open {
		m.bars = appendLast(m.bars, bar{open: open, o: p.price, h: p.price, l: p.price, firstID: p.id}, keepBars)
	}
	b := &m.bars[len(m.bars)-1]
	worth := m.worth(p.price, p.qty)
	b.h, b.l, b.c = max(b.h, p.price), min(b.l, p.price), p.price
	b.volume += p.qty
	b.worth = b.worth.Add(worth)
	b.count++
	b.lastID = p.id
	if p.side == exchange.Buy {
		b.taker += p.qty
		b.takerWorth = b.takerWorth.Add(worth)
	}
}

// add appends a later bar to b.
func (b *bar) add(next *bar) {
	if b.count == 0 {
		open := b.open
		*b = *next
		b.open = open
		return
	}
	if next.count == 0 {
		return
	}
	b.h, b.l, b.c = max(b.h, next.h), min(b.l, next.l), next.c
	b.volume += next.volume
	b.taker += next.taker
	b.worth, b.takerWorth = b.worth.Add(next.worth), b.takerWorth.Add(next.takerWorth)
	b.count += next.count
	b.lastID = next.lastID
}

// intervals are the candles' lengths by name. Weeks begin on Monday; months are
// of the calendar and have no fixed length.
var intervals = map[string]exchange.Time{
	"1m": exchange.Minute, "3m": 3 * exchange.Minute, "5m": 5 * exchange.Minute, "15m": 15 * exchange.Minute,
	"30m": 30 * exchange.Minute, "1h": exchange.Hour, "2h": 2 * exchange.Hour, "4h": 4 * exchange.Hour,
	"6h": 6 * exchange.Hour, "8h": 8 * exchange.Hour, "12h": 12 * exchange.Hour, "1d": exchange.Day, "3d": 3 * exchange.Day,
	"1w": 7 * exchange.Day, "1M": 31 * exchange.Day,
}

// monday is the offset of the week's beginning from the epoch, a Thursday.
const monday = 4 * exchange.Day

// opening returns when the candle that holds t began, and when it ends.
func opening(t exchange.Time, interval string) (from, to exchange.Time) {
	length := intervals[interval]
	switch interval {
	case "1M":
		y, mo, _ := t.UTC().Date()
		return exchange.Date(y, int(mo), 1), exchange.Date(y, int(mo)+1, 1)
	case "1w":
		from = t - (t-monday)%length
	default:
		from = t - t%length
	}
	return from, from + length
}

// candles returns the candles of an interval that overlap the time from..now,
// oldest first, without a hole: one without a trade repeats the close before.
func (m *market) candles(interval string, from, now exchange.Time) []bar {
	if len(m.bars) == 0 {
		return nil
	}
	start, end := opening(max(from, m.bars[0].open), interval)
	var out []bar
	i, close := 0, m.bars[0].o
	for ; start <= now; start, end = opening(end, interval) {
		b := bar{open: start}
		for ; i < len(m.bars) && m.bars[i].open < end; i++ {
			if m.bars[i].open >= start {
				b.add(&m.bars[i])
			} else {
				close = m.bars[i].c
			}
		}
		if b.count == 0 {
			b.o, b.h, b.l, b.c = close, close, close, close
		}
		close = b.c
		out = append(out, b)
	}
	return out
}

// day is the rolling 24 hours up to now, in one bar; false before any trade.
func (m *market) day(now exchange.Time) (bar, bool) { return m.since(now - exchange.Day) }

// since is all from a time on, by the minute, in one bar; false without a trade.
func (m *market) since(from exchange.Time) (bar, bool) {
	var sum bar
	for i := range m.bars {
		if m.bars[i].open >= from {
			sum.add(&m.bars[i])
		}
	}
	sum.open = from
	if sum.count == 0 {
		p := m.lastPrice()
		sum.o, sum.h, sum.l, sum.c = p, p, p, p
	}
	return sum, sum.count > 0
}
