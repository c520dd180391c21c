package tearsheet

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

var day0 = exchange.Date(2024, 3, 1)

// daily is equity at successive midnights.
func daily(values ...float64) []Point {
	out := make([]Point, len(values))
	for i, v := range values {
		out[i] = Point{day0 + exchange.Time(i)*exchange.Day, decimal.NewFromFloat(v)}
	}
	return out
}

func near(a, b float64) bool { return math.Abs(a-b) <= 1e-9*max(1, math.Abs(a), math.Abs(b)) }

func TestMaxDrawdown(t *testing.T) {
	at := func(i int) exchange.Time { return day0 + exchange.Time(i)*exchange.Day }
	cases := []struct {
		name   string
		equity []Point
		want   Drawdown
	}{
		{"none recorded", nil, Drawdown{}},
		{"one point", daily(100), Drawdown{}},
		{"rises only", daily(100, 110, 110, 120), Drawdown{}},
		{"falls and is regained exactly", daily(100, 120, 90, 110, 120), Drawdown{0.25, decimal.NewFromInt(30), at(1), at(2), at(4)}},
		{"is not regained", daily(100, 120, 90, 119), Drawdown{0.25, decimal.NewFromInt(30), at(1), at(2), 0}},
		{"the deeper one by fraction, not by amount", daily(100, 50, 1000, 900), Drawdown{0.5, decimal.NewFromInt(50), at(0), at(1), at(2)}},
		{"the later one is deeper", daily(100, 90, 100, 60, 80), Drawdown{0.4, decimal.NewFromInt(40), at(2), at(3), 0}},
		{"the trough moves on", daily(100, 90, 95, 80, 100), Drawdown{0.2, decimal.NewFromInt(20), at(0), at(3), at(4)}},
		{"below zero", daily(100, -50), Drawdown{1.5, decimal.NewFromInt(150), at(0), at(1), 0}},
		{"no positive peak", daily(0, -10), Drawdown{}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := MaxDrawdown(c.equity)
			if !near(got.Fraction, c.want.Fraction) || !got.Amount.Equal(c.want.Amount) ||
				got.Peak != c.want.Peak || got.Trough != c.want.Trough || got.Regained != c.want.Regained {
				t.Errorf("got  %+v\nwant %+v", got, c.want)
			}
		})
	}
}

// The one-pass drawdown is the largest over all pairs of points.
func TestMaxDrawdownAgainstAllPairs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		equity := daily(rapid.SliceOfN(rapid.Map(rapid.IntRange(1, 50), func(i int) float64 { return float64(i) }), 0, 30).Draw(t, "equity")...)
		var worst float64
		for i := range equity {
			for _, later := range equity[i:] {
				worst = max(worst, fall(equity[i].Value, later.Value))
			}
		}
		got := MaxDrawdown(equity)
		if got.Fraction != worst {
			t.Fatalf("got %v, want %v", got.Fraction, worst)
		}
		var deepest float64
		for _, s := range Underwater(equity) {
			deepest = min(deepest, s.Value)
		}
		if -deepest != worst {
			t.Fatalf("deepest under water %v, want %v", deepest, -worst)
		}
	})
}

func TestReturns(t *testing.T) {
	year := []Point{{day0, decimal.NewFromInt(100)}, {day0 + 730*exchange.Day, decimal.NewFromInt(121)}}
	cases := []struct {
		name         string
		equity       []Point
		grown        float64
		okGrown      bool
		annual       float64
		okAnnualised bool
	}{
		{"two years at 10 %", year, 0.21, true, 0.1, true},
		{"one day at 1 %", daily(100, 101), 0.01, true, math.Pow(1.01, 365) - 1, true},
		{"half lost in 73 days", []Point{year[0], {day0 + 73*exchange.Day, decimal.NewFromInt(50)}}, -0.5, true, -31.0 / 32, true},
		{"an hour", []Point{year[0], {day0 + exchange.Hour, decimal.NewFromInt(101)}}, 0.01, true, 0, false},
		{"all lost", daily(100, 0), -1, true, 0, false},
		{"more than all lost", daily(100, -10), -1.1, true, 0, false},
		{"beyond a float", daily(1, 1e3), 999, true, 0, false},
		{"started with nothing", daily(0, 10), 0, false, 0, false},
		{"one point", daily(100), 0, false, 0, false},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			if got, ok := Return(c.equity); ok != c.okGrown || !near(got, c.grown) {
				t.Errorf("Return: %v %v, want %v %v", got, ok, c.grown, c.okGrown)
			}
			if got, ok := AnnualisedReturn(c.equity); ok != c.okAnnualised || ok && !near(got, c.annual) {
				t.Errorf("AnnualisedReturn: %v %v, want %v %v", got, ok, c.annual, c.okAnnualised)
			}
		})
	}
}

func TestDailyReturns(t *testing.T) {
	point := func(day float64, v float64) Point {
		return Point{day0 + exchange.Time(day*float64(exchange.Day)), decimal.NewFromFloat(v)}
	}
	cases := []struct {
		name   string
		equity []Point
		want   []float64
	}{
		{"at midnights", daily(100, 110, 99), []float64{0.1, -0.1}},
		{"the value at midnight is the one before it", []Point{point(0, 100), point(0.5, 120), point(1.5, 500), point(2, 60)}, []float64{0.2, -0.5}},
		{"a day without points stands still", []Point{point(0, 100), point(2, 110)}, []float64{0, 0.1}},
		{"parts of days are left out", []Point{point(0.5, 100), point(1, 200), point(2, 220), point(2.5, 900)}, []float64{0.1}},
		{"within a day", []Point{point(0.2, 100), point(0.4, 200)}, nil},
		{"ends with ruin", daily(100, 110, 0, 50), []float64{0.1}},
		{"nothing", nil, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got := DailyReturns(c.equity)
			if len(got) != len(c.want) {
				t.Fatalf("got %v, want %v", got, c.want)
			}
			for i := range got {
				if !near(got[i], c.want[i]) {
					t.Errorf("got %v, want %v", got, c.want)
				}
			}
		})
	}
}

// The returns 1 %, 3 %, -1 %, 1 % have mean 1 %, squared deviations 0, 4, 4, 0
// (times 1e-4), so a sample variance of 8/3 e-4. The products of neighbours'
// deviations are 0, -4, 0, so the autocorrelation is -4/8.
func TestRisk(t *testing.T) {
	xs := []float64{0.01, 0.03, -0.01, 0.01}
	sd := math.Sqrt(8e-4 / 3)
	want := 0.01 / sd * math.Sqrt(365)
	if got, ok := AnnualisedVolatility(xs); !ok || !near(got, sd*math.Sqrt(365)) {
		t.Errorf("volatility %v %v", got, ok)
	}
	if got, ok := Sharpe(xs); !ok || !near(got, want) {
		t.Errorf("Sharpe %v %v, want %v", got, ok, want)
	}
	rho, ok := Autocorrelation(xs)
	if !ok || !near(rho, -0.5) {
		t.Errorf("autocorrelation %v %v", rho, ok)
	}
	// The variance of a sum of q returns, in units of q times that of one, term
	// by term: 1 + 2 Σ (1 - k/q) rho^k.
	spread := 1.0
	for k := 1; k < 365; k++ {
		spread += 2 * (1 - float64(k)/365) * math.Pow(rho, float64(k))
	}
	if got, ok := SharpeAutocorrelated(xs); !ok || !near(got, want/math.Sqrt(spread)) {
		t.Errorf("autocorrelated Sharpe %v %v, want %v", got, ok, want/math.Sqrt(spread))
	}
}

// Smooth returns make the plain ratio too high.
func TestSharpeOfSmoothReturns(t *testing.T) {
	var xs []float64
	for i := range 100 {
		xs = append(xs, 0.001+0.01*math.Sin(float64(i)/10))
	}
	plain, _ := Sharpe(xs)
	adjusted, ok := SharpeAutocorrelated(xs)
	if !ok || adjusted >= plain/2 || adjusted <= 0 {
		t.Errorf("plain %v, adjusted %v %v", plain, adjusted, ok)
	}
}

func TestRiskIsNotDefined(t *testing.T) {
	for name, xs := range map[string][]float64{"nothing": nil, "one day": {0.01}, "no variation": {0.001, 0.001, 0.001}} {
		if got, ok := Sharpe(xs); ok {
			t.Errorf("%s: Sharpe %v", name, got)
		}
		if got, ok := Autocorrelation(xs); ok {
			t.Errorf("%s: autocorrelation %v", name, got)
		}
		if got, ok := SharpeAutocorrelated(xs); ok {
			t.Errorf("%s: autocorrelated Sharpe %v", name, got)
		}
	}
	if _, ok := AnnualisedVolatility([]float64{0.01}); ok {
		t.Error("volatility of one day")
	}
}
