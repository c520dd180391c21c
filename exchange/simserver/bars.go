package simserver

import (
	"sort"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Bar is one candle made from trades.
type Bar struct {
	Begin                  exchange.Time // when it began
	Open, High, Low, Close exchange.Ticks
	Volume, Taker          exchange.Lots   // taker: of buyers that took
	Worth, TakerWorth      decimal.Decimal // as market.worth
	Count, FirstID, LastID int64
}

// addToBar adds a trade to its minute. Minutes without a trade have no bar of
// their own; bars fills them in.
func (m *Market) addToBar(p Print) {
	open := p.Time - p.Time%exchange.Minute
	if n := len(m.Bars); n == 0 || m.Bars[n-1].Begin != open {
		m.Bars = AppendLast(m.Bars, Bar{Begin: open, Open: p.Price, High: p.Price, Low: p.Price, FirstID: p.ID}, keepBars)
	}
	b := &m.Bars[len(m.Bars)-1]
	worth := m.Worth(p.Price, p.Qty)
	b.High, b.Low, b.Close = max(b.High, p.Price), min(b.Low, p.Price), p.Price
	b.Volume += p.Qty
	b.Worth = b.Worth.Add(worth)
	b.Count++
	b.LastID = p.ID
	if p.Side == exchange.Buy {
		b.Taker += p.Qty
		b.TakerWorth = b.TakerWorth.Add(worth)
	}
}

// Extend appends a later bar to b.
func (b *Bar) Extend(next *Bar) {
	if b.Count == 0 {
		open := b.Begin
		*b = *next
		b.Begin = open
		return
	}
	if next.Count == 0 {
		return
	}
	b.High, b.Low, b.Close = max(b.High, next.High), min(b.Low, next.Low), next.Close
	b.Volume += next.Volume
	b.Taker += next.Taker
	b.Worth, b.TakerWorth = b.Worth.Add(next.Worth), b.TakerWorth.Add(next.TakerWorth)
	b.Count += next.Count
	b.LastID = next.LastID
}

// Intervals are the candles' lengths by name. Weeks begin on Monday; months are
// of the calendar and have no fixed length.
var Intervals = map[string]exchange.Time{
	"1m": exchange.Minute, "3m": 3 * exchange.Minute, "5m": 5 * exchange.Minute, "15m": 15 * exchange.Minute,
	"30m": 30 * exchange.Minute, "1h": exchange.Hour, "2h": 2 * exchange.Hour, "4h": 4 * exchange.Hour,
	"6h": 6 * exchange.Hour, "8h": 8 * exchange.Hour, "12h": 12 * exchange.Hour, "1d": exchange.Day, "3d": 3 * exchange.Day,
	"1w": 7 * exchange.Day, "1M": 31 * exchange.Day,
}

// monday is the offset of the week's beginning from the epoch, a Thursday.
const monday = 4 * exchange.Day

// Opening returns when the candle that holds t began, and when it ends.
func Opening(t exchange.Time, interval string) (from, to exchange.Time) {
	length := Intervals[interval]
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

// Candles returns the candles of an interval that overlap the time from..now,
// oldest first, without a hole: one without a trade repeats the close before.
func (m *Market) Candles(interval string, from, now exchange.Time) []Bar {
	if len(m.Bars) == 0 {
		return nil
	}
	start, end := Opening(max(from, m.Bars[0].Begin), interval)
	var out []Bar
	i := sort.Search(len(m.Bars), func(k int) bool { return m.Bars[k].Begin >= start })
	close := m.Bars[max(i-1, 0)].Close
	if i == 0 {
		close = m.Bars[0].Open
	}
	for ; start <= now; start, end = Opening(end, interval) {
		b := Bar{Begin: start}
		for ; i < len(m.Bars) && m.Bars[i].Begin < end; i++ {
			b.Extend(&m.Bars[i])
		}
		if b.Count == 0 {
			b.Open, b.High, b.Low, b.Close = close, close, close, close
		}
		close = b.Close
		out = append(out, b)
	}
	return out
}

// Day is the rolling 24 hours up to now, in one bar; false before any trade.
func (m *Market) Day(now exchange.Time) (Bar, bool) { return m.Since(now - exchange.Day) }

// Since is all from a time on, by the minute, in one bar; false without a trade.
func (m *Market) Since(from exchange.Time) (Bar, bool) {
	var sum Bar
	for i := range m.Bars {
		if m.Bars[i].Begin >= from {
			sum.Extend(&m.Bars[i])
		}
	}
	sum.Begin = from
	if sum.Count == 0 {
		p := m.LastPrice()
		sum.Open, sum.High, sum.Low, sum.Close = p, p, p, p
	}
	return sum, sum.Count > 0
}
