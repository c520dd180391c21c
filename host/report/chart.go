package report

import (
	"cmp"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// A chart is drawn in a box of these units and stretched to the page; its labels
// are text of the page, so that they keep their size on any screen.
const (
	boxWidth  = 1000.0
	boxHeight = 400.0
	// buckets is how many columns a line is reduced to. It is about what a
	// screen can tell apart.
	buckets = 500
	// half is that of a chart that stands beside another one.
	half = buckets / 2
)

// chart is a line drawn over time.
type chart struct {
	Title, Note string
	Label       string // what it shows, for those who cannot see it
	Class       string
	Line, Area  string // path data
	Second      string // path data of the line it is compared with; may be empty
	Grid, Base  string // path data; empty without a base
	X, Y        []tick
	Marks       []mark
	Lines       []string // path data of the others that it is compared with, in their order
	// What the corners of the box stand for, for the read-out.
	T0, T1 int64 // Unix milliseconds
	V0, V1 float64
	Digits int
	Round  int64 // milliseconds that a time can be told to
	Unit   string
}

// tick is a mark on an axis, at a percentage of its length.
type tick struct {
	At    string
	Label string
	Odd   bool // every second one, which a narrow screen leaves out
}

// style is what distinguishes one chart from another.
type style struct {
	title, note, class, unit string
	base                     float64  // the area is drawn from here
	scale                    float64  // multiplies the values; 0 is 1
	second                   []Sample // drawn thinly behind, on the same axes
	marks                    []FillMark
	lines                    [][]Sample // others on the same axes, of any span
	columns                  int        // that the line is reduced to; 0: buckets
}

// noBase is the base of a chart without an area.
var noBase = math.NaN()

// draw makes a chart of samples in order of time; nil when there is nothing to
// draw.
func draw(samples []Sample, s style) *chart {
	if s.scale == 0 {
		s.scale = 1
	}
	line, second := make([]Sample, 0, len(samples)), make([]Sample, 0, len(s.second))
	low, high := s.base, s.base
	if math.IsNaN(s.base) {
		low, high = math.Inf(1), math.Inf(-1)
	}
	scaled := func(p Sample) Sample {
		p.Value *= s.scale
		if math.IsInf(p.Value, 0) {
			p.Value = math.NaN()
		}
		if !math.IsNaN(p.Value) {
			low, high = min(low, p.Value), max(high, p.Value)
		}
		return p
	}
	for _, p := range samples {
		line = append(line, scaled(p))
	}
	for _, p := range s.second {
		second = append(second, scaled(p))
	}
	for _, m := range s.marks {
		scaled(Sample{Time: m.Time, Value: m.Price})
	}
	if len(line) < 2 || low > high || line[0].Time >= line[len(line)-1].Time {
		return nil
	}
	first, end := line[0].Time, line[len(line)-1].Time
	var lines [][]Sample
	for _, other := range s.lines {
		var out []Sample
		for _, p := range other {
			out = append(out, scaled(p))
			first, end = min(first, p.Time), max(end, p.Time)
		}
		lines = append(lines, out)
	}
	bottom, top, step := axis(low, high)
	b := box{first, end, bottom, top}
	c := &chart{
		Title: s.title, Note: s.note, Class: s.class, Unit: s.unit,
		X: timeTicks(b.t0, b.t1), Y: valueTicks(bottom, top, step), Grid: b.grid(step),
		T0: int64(b.t0 / exchange.Millisecond), T1: int64(b.t1 / exchange.Millisecond),
		V0: bottom, V1: top,
		// Coordinates have a tenth of a unit: no more is promised of what is read
		// off them.
		Digits: digits(step / 100), Round: int64(resolution(b.t1-b.t0) / exchange.Millisecond),
	}
	c.Line, c.Area = b.paths(reduce(line, cmp.Or(s.columns, buckets)), s.base)
	c.Second, _ = b.paths(reduce(second, cmp.Or(s.columns, buckets)), math.NaN())
	for _, l := range lines {
		path, _ := b.paths(reduce(l, cmp.Or(s.columns, buckets)), noBase)
		c.Lines = append(c.Lines, path)
	}
	for _, m := range s.marks {
		c.Marks = append(c.Marks, mark{Left: coord(b.x(m.Time) / boxWidth * 100), Top: coord(b.y(m.Price) / boxHeight * 100), Class: m.Side.String()})
	}
	if !math.IsNaN(s.base) {
		c.Base = "M0," + coord(b.y(s.base)) + "H1000"
	}
	c.Label = fmt.Sprintf("%s from %s to %s UTC: between %s and %s %s", s.title,
		stamp(b.t0), stamp(b.t1), number(low, step/10), number(high, step/10), s.unit)
	return c
}

// box maps times and values to the units of the drawing.
type box struct {
	t0, t1      exchange.Time
	bottom, top float64
}

func (b box) x(t exchange.Time) float64 { return float64(t-b.t0) / float64(b.t1-b.t0) * boxWidth }
func (b box) y(v float64) float64       { return (b.top - v) / (b.top - b.bottom) * boxHeight }

// paths returns the line and, when there is a base, the area between it and the
// base. A NaN interrupts both.
func (b box) paths(line []Sample, base float64) (stroke, area string) {
	var s, a strings.Builder
	for i := 0; i < len(line); {
		if math.IsNaN(line[i].Value) {
			i++
			continue
		}
		start := i
		for ; i < len(line) && !math.IsNaN(line[i].Value); i++ {
			op := byte('L')
			if i == start {
				op = 'M'
			}
			s.WriteByte(op)
			s.WriteString(coord(b.x(line[i].Time)) + "," + coord(b.y(line[i].Value)))
		}
		if math.IsNaN(base) {
			continue
		}
		fmt.Fprintf(&a, "M%s,%s", coord(b.x(line[start].Time)), coord(b.y(base)))
		for _, p := range line[start:i] {
			a.WriteString("L" + coord(b.x(p.Time)) + "," + coord(b.y(p.Value)))
		}
		fmt.Fprintf(&a, "V%sZ", coord(b.y(base)))
	}
	return s.String(), a.String()
}

// grid returns a line across the box at every step of the value axis.
func (b box) grid(step float64) string {
	var s strings.Builder
	for i := range int(math.Round((b.top-b.bottom)/step)) + 1 {
		s.WriteString("M0," + coord(b.y(b.bottom+float64(i)*step)) + "H1000")
	}
	return s.String()
}

func coord(f float64) string {
	return strconv.FormatFloat(math.Round(f*10)/10, 'f', -1, 64)
}

// reduce keeps of every column what can be seen of it: the first, the lowest,
// the highest and the last sample. So no peak or trough is lost, which picking
// or averaging samples would do. A column with a hole keeps the hole.
func reduce(line []Sample, columns int) []Sample {
	if len(line) <= 4*columns {
		return line
	}
	t0, span := line[0].Time, line[len(line)-1].Time-line[0].Time
	column := func(p Sample) int {
		return min(int(float64(p.Time-t0)/float64(span)*float64(columns)), columns-1)
	}
	var out []Sample
	for start := 0; start < len(line); {
		end := start + 1
		for end < len(line) && column(line[end]) == column(line[start]) {
			end++
		}
		out = appendColumn(out, line[start:end])
		start = end
	}
	return out
}

func appendColumn(out, col []Sample) []Sample {
	low, high, hole := 0, 0, -1
	for i, p := range col {
		switch {
		case math.IsNaN(p.Value):
			hole = i
		case math.IsNaN(col[low].Value) || p.Value < col[low].Value:
			low = i
		}
		if math.IsNaN(col[high].Value) || p.Value > col[high].Value {
			high = i
		}
	}
	keep := map[int]bool{0: true, low: true, high: true, len(col) - 1: true, hole: true}
	for i, p := range col {
		if keep[i] {
			out = append(out, p)
		}
	}
	return out
}

// axis widens a range to whole steps of 1, 2 or 5 times a power of ten, of which
// there are four or so.
func axis(low, high float64) (bottom, top, step float64) {
	if high-low <= math.Abs(high)*1e-12 {
		pad := max(math.Abs(high)*0.01, 1e-6)
		low, high = low-pad, high+pad
	}
	rough := (high - low) / 4
	unit := math.Pow(10, math.Floor(math.Log10(rough)))
	step = 10 * unit
	for _, m := range []float64{1, 2, 5} {
		if rough <= m*unit {
			step = m * unit
			break
		}
	}
	return math.Floor(low/step+1e-9) * step, math.Ceil(high/step-1e-9) * step, step
}

func valueTicks(bottom, top, step float64) (out []tick) {
	n := int(math.Round((top - bottom) / step))
	for i := 0; i <= n; i++ {
		at := 100 - float64(i)/float64(n)*100
		out = append(out, tick{At: coord(at), Label: number(bottom+float64(i)*step, step)})
	}
	return out
}
