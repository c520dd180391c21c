package tearsheet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Unit is what a metric is in.
type Unit string

// The units of metrics.
const (
	Money  Unit = "money" // of the sheet's currency
	Part   Unit = "part"  // a fraction: 0.2 is 20 %
	Ratio  Unit = "ratio"
	Number Unit = "number"
	Days   Unit = "days"
	Hours  Unit = "hours"
	BP     Unit = "bp"
)

// Value is the value of a metric. Money is exact.
type Value struct {
	Defined bool
	Money   decimal.Decimal // of a metric of money
	Float   float64         // of the others
}

// InexactFloat64 is the value as a float, for comparing.
func (v Value) InexactFloat64() float64 {
	if !v.Money.IsZero() {
		return v.Money.InexactFloat64()
	}
	return v.Float
}

func money(d decimal.Decimal, defined ...bool) Value {
	return Value{Defined: !slices.Contains(defined, false), Money: d}
}

func ratio(f float64, ok bool) Value {
	if !ok {
		return Value{}
	}
	return Value{Defined: true, Float: f}
}

func count(n int) Value { return ratio(float64(n), true) }

func hours(t exchange.Time, ok bool) Value {
	return ratio(float64(t)/float64(exchange.Hour), ok)
}

// Definition says what a metric is.
type Definition struct {
	Name string // as JSON and conditions have it
	Unit Unit
	Doc  string
	of   func(*figures) Value
}

// figures are what definitions read: computed once for all of them.
type figures struct {
	*Sheet
	all Group
	raw []float64 // daily returns
	top Drawdown
}

func (f *figures) end() Point {
	if n := len(f.Curve); n > 0 {
		return f.Curve[n-1]
	}
	return Point{}
}

func (f *figures) begin() Point {
	if len(f.Curve) > 0 {
		return f.Curve[0]
	}
	return Point{}
}

func (f *figures) net() decimal.Decimal { return f.end().Value.Sub(f.begin().Value) }

func (f *figures) known() bool { return len(f.Curve) > 0 }

// before is what prices, funding and the like made before fees.
func (f *figures) before() decimal.Decimal { return f.net().Add(f.Totals.Fees) }

// share is an amount as a part of what was made before fees; not defined where that is no
// gain.
func (f *figures) share(amount decimal.Decimal) Value {
	if b := f.before(); b.IsPositive() {
		return ratio(amount.InexactFloat64()/b.InexactFloat64(), true)
	}
	return Value{}
}

// meanEquity is the mean of the curve's points.
func (f *figures) meanEquity() float64 {
	sum := 0.0
	for _, p := range f.Curve {
		sum += p.Value.InexactFloat64()
	}
	return sum / float64(max(1, len(f.Curve)))
}

func (f *figures) span() float64 { return float64(f.To-f.From) / float64(exchange.Day) }

// Metric is a figure of a sheet.
type Metric struct {
	Definition
	Value
}

// Metrics are the figures of a sheet, in the order of Definitions.
func (s *Sheet) Metrics() Metrics {
	f := &figures{Sheet: s, all: s.All(), raw: values(s.Daily), top: MaxDrawdown(s.Curve)}
	var out Metrics
	for _, d := range Definitions() {
		out = append(out, Metric{d, d.of(f)})
	}
	return out
}

// Metrics are named figures. As JSON they are an object in their order; null is not defined.
type Metrics []Metric

// Get finds a metric; it is not defined where there is none of the name.
func (m Metrics) Get(name string) Metric {
	for i := range m {
		if m[i].Name == name {
			return m[i]
		}
	}
	return Metric{}
}

// MarshalJSON writes money with all its digits.
func (m Metrics) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i := range m {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:%s", m[i].Name, m[i].json())
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

func (m *Metric) json() string {
	switch {
	case !m.Defined:
		return "null"
	case m.Unit == Money:
		return m.Money.String()
	}
	return strconv.FormatFloat(m.Float, 'g', -1, 64)
}

// UnmarshalJSON reads what MarshalJSON wrote; names that are not known are left out.
func (m *Metrics) UnmarshalJSON(raw []byte) error {
	var all map[string]*json.Number
	if err := json.Unmarshal(raw, &all); err != nil {
		return err
	}
	*m = nil
	for _, d := range Definitions() {
		n, there := all[d.Name]
		if !there {
			continue
		}
		x := Metric{Definition: d}
		if n != nil {
			var err error
			x.Defined = true
			if d.Unit == Money {
				x.Money, err = decimal.NewFromString(n.String())
			} else {
				x.Float, err = n.Float64()
			}
			if err != nil {
				return fmt.Errorf("metric %s: %w", d.Name, err)
			}
		}
		*m = append(*m, x)
	}
	return nil
}
