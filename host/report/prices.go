package report

import (
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
)

const (
	// mostPrices bounds the pictures of prices, and mostMarks the fills on one of them.
	mostPrices = 12
	mostMarks  = 300
)

// PricePath is what an instrument stood at while it was held, and its fills. A hole in the
// line is a time in which it was not.
type PricePath struct {
	Instrument string
	Samples    []Sample   // may be empty: the fills alone are known
	Fills      []FillMark // oldest first
}

// FillMark is a fill on the picture of a price.
type FillMark struct {
	Time  exchange.Time
	Price float64
	Side  exchange.Side
}

// mark is a fill at a place of a chart, in percent of its box.
type mark struct{ Left, Top, Class string }

// priceCharts are the instruments with the most fills.
func priceCharts(d *Data) (out []*chart, note string) {
	paths := slices.Clone(d.Prices)
	slices.SortStableFunc(paths, func(a, b PricePath) int { return len(b.Fills) - len(a.Fills) })
	for i := range paths[:min(len(paths), mostPrices)] {
		p := &paths[i]
		fills := p.Fills[max(0, len(p.Fills)-mostMarks):]
		line := p.line(fills)
		s := style{title: p.Instrument, note: count(len(p.Fills), "fill", "fills"), class: "price", marks: fills, base: noBase, columns: half}
		if len(fills) < len(p.Fills) {
			s.note = fmt.Sprintf("the last %d of %d fills", len(fills), len(p.Fills))
		}
		if c := draw(line, s); c != nil {
			out = append(out, c)
		}
	}
	if n := len(paths) - mostPrices; n > 0 {
		note = fmt.Sprintf("The %d instruments with the most fills; %d are left out.", mostPrices, n)
	}
	return out, note
}

// line is the price from the first fill that is shown to the last one, or the prices of the
// fills where there is no other.
func (p *PricePath) line(fills []FillMark) (out []Sample) {
	if len(p.Samples) < 2 {
		for _, f := range fills {
			out = append(out, Sample{Time: f.Time, Value: f.Price})
		}
		return out
	}
	if len(fills) == 0 {
		return p.Samples
	}
	// A fill begins and ends what is held, between two samples.
	first, end := fills[0], fills[len(fills)-1]
	for _, s := range p.Samples {
		if s.Time > first.Time {
			if len(out) == 0 {
				out = append(out, Sample{Time: first.Time, Value: first.Price})
			}
			out = append(out, s)
		}
	}
	if n := len(out); n == 0 || out[n-1].Time < end.Time {
		out = append(out, Sample{Time: end.Time, Value: end.Price})
	}
	return out
}
