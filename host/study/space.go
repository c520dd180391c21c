package study

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// Dimension is one parameter and what it may be: one of Values, or a number of a range.
type Dimension struct {
	Name   string
	Values []string // to choose from; nil: a number from Lo to Hi
	Lo, Hi float64
	Step   float64 // between values, from Lo on; 0: any
	Log    bool    // small values are as far apart as large ones by their ratio
}

// ParseDimension reads what a parameter may be: "5,10,20", "5..50", "5..50:step=5",
// "100..10000:log".
func ParseDimension(name, text string) (Dimension, error) {
	d := Dimension{Name: name}
	span, options, _ := strings.Cut(text, ":")
	lo, hi, ranged := strings.Cut(span, "..")
	if !ranged {
		for v := range strings.SplitSeq(text, ",") {
			if v = strings.TrimSpace(v); v != "" && !slices.Contains(d.Values, v) {
				d.Values = append(d.Values, v)
			}
		}
		if len(d.Values) == 0 {
			return d, fmt.Errorf("%s: no value: want %s=1,2,5 or %s=1..5", name, name, name)
		}
		return d, nil
	}
	var err error
	if d.Lo, err = number(lo); err == nil {
		d.Hi, err = number(hi)
	}
	if err != nil {
		return d, fmt.Errorf("%s=%s: %w: want a range such as 5..50", name, text, err)
	}
	for option := range strings.SplitSeq(options, ":") {
		step, stepped := strings.CutPrefix(option, "step=")
		switch {
		case option == "" && options == "":
		case option == "log":
			d.Log = true
		case stepped:
			if d.Step, err = number(step); err != nil || d.Step <= 0 {
				return d, fmt.Errorf("%s=%s: step: want a number above 0", name, text)
			}
		default:
			return d, fmt.Errorf("%s=%s: %q: want log or step=N", name, text, option)
		}
	}
	return d, d.check()
}

func number(s string) (float64, error) {
	v, err := strconv.ParseFloat(strings.TrimSpace(s), 64)
	if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		return 0, fmt.Errorf("%q is not a number", s)
	}
	return v, nil
}

func (d *Dimension) check() error {
	switch {
	case d.Hi <= d.Lo:
		return fmt.Errorf("%s: %g..%g: want the smaller number first", d.Name, d.Lo, d.Hi)
	case d.Log && d.Lo <= 0:
		return fmt.Errorf("%s: %g..%g:log: want numbers above 0", d.Name, d.Lo, d.Hi)
	case d.Log && d.Step > 0:
		return fmt.Errorf("%s: log and step: want one of them", d.Name)
	}
	return nil
}

// Size is how many values there are; 0: without end.
func (d *Dimension) Size() int {
	switch {
	case d.Values != nil:
		return len(d.Values)
	case d.Step > 0:
		return int((d.Hi-d.Lo)/d.Step+1e-9) + 1
	}
	return 0
}

// At is the value at a place from 0 to 1.
func (d *Dimension) At(u float64) string {
	u = min(max(u, 0), math.Nextafter(1, 0))
	if n := d.Size(); n > 0 {
		i := int(u * float64(n))
		if d.Values != nil {
			return d.Values[i]
		}
		return d.text(d.Lo + float64(i)*d.Step)
	}
	if d.Log {
		return d.text(d.Lo * math.Pow(d.Hi/d.Lo, u))
	}
	return d.text(d.Lo + u*(d.Hi-d.Lo))
}

// text rounds a number to what a person would write: a thousandth of the range, or of a
// ratio four digits.
func (d *Dimension) text(v float64) string {
	switch {
	case d.Step > 0:
		return strconv.FormatFloat(roundTo(v, d.Step*1e-6), 'f', -1, 64)
	case d.Log:
		v = roundTo(v, math.Pow(10, math.Floor(math.Log10(v))-3))
	default:
		v = roundTo(v, math.Pow(10, math.Floor(math.Log10((d.Hi-d.Lo)/1000))))
	}
	return strconv.FormatFloat(min(max(v, d.Lo), d.Hi), 'f', -1, 64)
}

// roundTo rounds to a multiple of unit. Units are powers of ten, or far below what counts:
// the division of two decimals leaves no trace in the text.
func roundTo(v, unit float64) float64 {
	digits := max(0, int(math.Ceil(-math.Log10(unit)-1e-9)))
	out, err := strconv.ParseFloat(strconv.FormatFloat(math.Round(v/unit)*unit, 'f', digits, 64), 64)
	if err != nil {
		return v
	}
	return out
}

// Place is where a value is from 0 to 1; false for one that is not of the dimension.
func (d *Dimension) Place(value string) (float64, bool) {
	if d.Values != nil {
		i := slices.Index(d.Values, value)
		return (float64(i) + 0.5) / float64(len(d.Values)), i >= 0
	}
	v, err := number(value)
	if err != nil || v < d.Lo || v > d.Hi {
		return 0, false
	}
	switch n := d.Size(); {
	case n > 0:
		return (math.Round((v-d.Lo)/d.Step) + 0.5) / float64(n), true
	case d.Log:
		return math.Log(v/d.Lo) / math.Log(d.Hi/d.Lo), true
	}
	return (v - d.Lo) / (d.Hi - d.Lo), true
}

// Levels are the values of a grid: all of them where they are at most most, else most of
// them with both ends, evenly apart.
func (d *Dimension) Levels(most int) (out []string) {
	n := d.Size()
	if n > 0 && (n <= most || d.Values != nil) {
		for i := range n {
			out = append(out, d.At((float64(i)+0.5)/float64(n)))
		}
		return out
	}
	for i := range most {
		v := d.At(float64(i) / float64(max(1, most-1)))
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
