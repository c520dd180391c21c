package track

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func TestEquityIsBoundedAndKnowsItsDrawdown(t *testing.T) {
	var e Equity
	for i := range 5 * most {
		v := int64(100 + i)
		if i == 3*most {
			v = 10
		}
		e.Add(exchange.Time(i), decimal.NewFromInt(v))
	}
	if len(e.Points) > most || e.Points[0].Time != 0 || e.Points[len(e.Points)-1].Time != 5*most-1 {
		t.Errorf("%d points from %d to %d", len(e.Points), e.Points[0].Time, e.Points[len(e.Points)-1].Time)
	}
	if want := 1 - 10/float64(100+3*most-1); e.Drawdown != want {
		t.Errorf("drawdown %v, want %v", e.Drawdown, want)
	}
}

func TestChartsKeepTheirOrderAndAreBounded(t *testing.T) {
	var c Charts
	for i := range most + 1 {
		c.Add("b", exchange.Time(i), float64(i))
	}
	c.Add("a", 7, 1)
	b := c.Series["b"]
	if len(c.Names) != 2 || c.Names[0] != "b" || len(b.Times) != most/2+1 || b.Values[1] != 2 || b.Values[most/2] != most {
		t.Errorf("names %v, %d samples", c.Names, len(b.Times))
	}
}

func TestAParentOrderOfNothingHasNoPath(t *testing.T) {
	var p ParentOrders
	p.Add(1, 9, 0, 0, 0)
	p.Add(1, 8, 4, 1, 2)
	if path := p.Paths[8]; len(p.Paths) != 1 || path.Filled[0] != 0.25 || path.Due[0] != 0.5 {
		t.Errorf("paths %+v", p.Paths)
	}
}
