package host

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// equityTrack keeps what the summary and the report need of the equity curve.
type equityTrack struct {
	points   []equityPoint
	peak     decimal.Decimal
	drawdown float64
}

type equityPoint struct {
	at    exchange.Time
	value decimal.Decimal
}

// keepEquity bounds the curve: beyond it every second point is dropped.
const keepEquity = 20000

func (t *equityTrack) add(at exchange.Time, v decimal.Decimal) {
	if len(t.points) >= keepEquity {
		half := t.points[:0]
		for i := 0; i < len(t.points); i += 2 {
			half = append(half, t.points[i])
		}
		t.points = half
	}
	t.points = append(t.points, equityPoint{at, v})
	if v.GreaterThan(t.peak) {
		t.peak = v
	}
	if t.peak.IsPositive() {
		down := 1 - v.InexactFloat64()/t.peak.InexactFloat64()
		t.drawdown = max(t.drawdown, down)
	}
}

// chartTrack keeps the series that scripts plot, bounded, for the report.
type chartTrack struct {
	names  []string
	series map[string]*series
}

type series struct {
	at    []exchange.Time
	value []float64
}

func (t *chartTrack) add(e *core.Effect) {
	if t.series == nil {
		t.series = map[string]*series{}
	}
	s := t.series[e.Name]
	if s == nil {
		s = &series{}
		t.series[e.Name] = s
		t.names = append(t.names, e.Name)
	}
	if len(s.at) >= keepEquity {
		for i := 0; i < len(s.at)/2; i++ {
			s.at[i], s.value[i] = s.at[2*i], s.value[2*i]
		}
		s.at, s.value = s.at[:len(s.at)/2], s.value[:len(s.value)/2]
	}
	s.at, s.value = append(s.at, e.Time), append(s.value, e.Value)
}
