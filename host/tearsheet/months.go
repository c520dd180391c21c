package tearsheet

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Month is a month of UTC. Its return is of the equity at its beginning.
type Month struct {
	Year   int
	Month  time.Month
	Net    decimal.Decimal
	Return float64
	// Known is false where the equity at the beginning was not positive. Whole is false of a
	// first or a last month that the record has only a part of.
	Known, Whole bool
}

// Months cuts a curve into months. What was made between two points is of the later one's.
func Months(curve []Point) (out []Month) {
	if len(curve) == 0 {
		return nil
	}
	first, final := curve[0], curve[len(curve)-1]
	from := first // where the month under way began
	begin := monthOf(first.Time)
	add := func(to Point, next time.Time) {
		m := Month{Year: begin.Year(), Month: begin.Month(), Net: to.Value.Sub(from.Value)}
		m.Return, m.Known = Return([]Point{from, to})
		m.Whole = first.Time <= exchange.Time(begin.UnixNano()) && final.Time >= exchange.Time(next.UnixNano())
		out = append(out, m)
		from, begin = to, next
	}
	before := first
	for _, p := range curve {
		for next := begin.AddDate(0, 1, 0); p.Time > exchange.Time(next.UnixNano()); next = begin.AddDate(0, 1, 0) {
			add(before, next)
		}
		before = p
	}
	add(final, begin.AddDate(0, 1, 0))
	return out
}

func monthOf(t exchange.Time) time.Time {
	u := t.UTC()
	return time.Date(u.Year(), u.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Year is a line of the table of months.
type Year struct {
	Year   int
	Months [12]*Month // nil: the record has nothing of it
	Net    decimal.Decimal
	Return float64 // of its months, one after the other
	Known  bool
}

// Years sorts months into lines, in their order.
func Years(months []Month) (out []Year) {
	for i := range months {
		m := &months[i]
		if n := len(out); n == 0 || out[n-1].Year != m.Year {
			out = append(out, Year{Year: m.Year, Known: true})
		}
		y := &out[len(out)-1]
		y.Months[m.Month-1] = m
		y.Net = y.Net.Add(m.Net)
		y.Return = (1+y.Return)*(1+m.Return) - 1
		y.Known = y.Known && m.Known
	}
	return out
}
