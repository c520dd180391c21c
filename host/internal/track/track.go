// Package track keeps what a session's summary and report need of how it went: the
// equity curve, the series that scripts plot, and how parent orders were filled. All
// of it is bounded, however long the session is.
package track

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// most bounds each curve: beyond it every second point is dropped.
const most = 20000

// Equity is the equity curve of an account.
type Equity struct {
	Points   []Point
	Drawdown float64 // the largest, as a fraction of the peak before it

	peak decimal.Decimal
}

// Point is the equity at one moment.
type Point struct {
	Time  exchange.Time
	Value decimal.Decimal
}

// Add appends a sample.
func (t *Equity) Add(at exchange.Time, v decimal.Decimal) {
	if len(t.Points) >= most {
		half := t.Points[:0]
		for i := 0; i < len(t.Points); i += 2 {
			half = append(half, t.Points[i])
		}
		t.Points = half
	}
	t.Points = append(t.Points, Point{at, v})
	if v.GreaterThan(t.peak) {
		t.peak = v
	}
	if t.peak.IsPositive() {
		down := 1 - v.InexactFloat64()/t.peak.InexactFloat64()
		t.Drawdown = max(t.Drawdown, down)
	}
}

// Peak is the highest value so far.
func (t *Equity) Peak() decimal.Decimal { return t.peak }

// Charts are the series that scripts plot, by name.
type Charts struct {
	Names  []string // in the order in which they began
	Series map[string]*Series
}

// Series is one plotted line.
type Series struct {
	Times  []exchange.Time
	Values []float64
}

// Add appends a sample to the series of a name.
func (t *Charts) Add(name string, at exchange.Time, v float64) {
	if t.Series == nil {
		t.Series = map[string]*Series{}
	}
	s := t.Series[name]
	if s == nil {
		s = &Series{}
		t.Series[name] = s
		t.Names = append(t.Names, name)
	}
	if len(s.Times) >= most {
		for i := 0; i < len(s.Times)/2; i++ {
			s.Times[i], s.Values[i] = s.Times[2*i], s.Values[2*i]
		}
		s.Times, s.Values = s.Times[:len(s.Times)/2], s.Values[:len(s.Values)/2]
	}
	s.Times, s.Values = append(s.Times, at), append(s.Values, v)
}

// ParentOrders are the paths along which parent orders were filled.
type ParentOrders struct {
	Paths map[exchange.ScheduleID]*Path
}

// Path is how much of a parent order was filled, and how much was due, over time, as
// fractions of the whole.
type Path struct {
	Times       []exchange.Time
	Filled, Due []float64
}

// Add notes where a parent order stands. The path is drawn in steps: what is filled
// stays until it changes.
func (t *ParentOrders) Add(at exchange.Time, id exchange.ScheduleID, total, filled, due exchange.Lots) {
	if total == 0 {
		return
	}
	if t.Paths == nil {
		t.Paths = map[exchange.ScheduleID]*Path{}
	}
	p := t.Paths[id]
	if p == nil {
		p = &Path{}
		t.Paths[id] = p
	}
	p.Times = append(p.Times, at)
	p.Filled, p.Due = append(p.Filled, float64(filled)/float64(total)), append(p.Due, float64(due)/float64(total))
}
