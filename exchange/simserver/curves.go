package simserver

import "github.com/perilune/perilune/exchange"

// Curve is one candle of a price that is told and not traded: the mark, the
// index, or the premium of the one over the other.
type Curve struct {
	Begin                  exchange.Time
	Open, High, Low, Close exchange.E8
	Count                  int64
}

// The told prices of a contract.
const (
	CurveMark = iota
	CurveIndex
	CurvePremium
	curveKinds
)

// keepCurves is how many minutes of each are kept: what one request may ask for.
const keepCurves = 1500

// addToCurves adds a mark price event to the minutes of its three prices. The premium
// is that of the mark over the index; the exchange's own looks at the book.
func (m *Market) addToCurves(ev *exchange.Event) {
	if ev.Mark <= 0 || ev.Index <= 0 {
		return
	}
	premium := exchange.E8FromDecimal(ev.Mark.Decimal().Sub(ev.Index.Decimal()).DivRound(ev.Index.Decimal(), 8))
	for kind, p := range [curveKinds]exchange.E8{CurveMark: ev.Mark, CurveIndex: ev.Index, CurvePremium: premium} {
		open := ev.Time - ev.Time%exchange.Minute
		all := &m.curves[kind]
		if n := len(*all); n == 0 || (*all)[n-1].Begin != open {
			*all = AppendLast(*all, Curve{Begin: open, Open: p, High: p, Low: p}, keepCurves)
		}
		b := &(*all)[len(*all)-1]
		b.High, b.Low, b.Close = max(b.High, p), min(b.Low, p), p
		b.Count++
	}
}

// Drawn returns the candles of an interval from a time on, oldest first. A
// minute without a price has none: it is told every few seconds.
func (m *Market) Drawn(kind int, interval string, from exchange.Time) []Curve {
	var out []Curve
	for _, b := range m.curves[kind] {
		open, _ := Opening(b.Begin, interval)
		if open < from {
			continue
		}
		if n := len(out); n > 0 && out[n-1].Begin == open {
			last := &out[n-1]
			last.High, last.Low, last.Close = max(last.High, b.High), min(last.Low, b.Low), b.Close
			last.Count += b.Count
			continue
		}
		b.Begin = open
		out = append(out, b)
	}
	return out
}
