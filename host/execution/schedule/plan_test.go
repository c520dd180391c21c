package schedule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestPlan(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	for _, tt := range []struct {
		total, least exchange.Lots
		weights      []float64
		want         string
	}{
		{10, 1, []float64{1, 1, 1}, "[4 3 3]"},            // largest remainder, the earlier in a tie
		{5, 1, []float64{0, 0}, "[3 2]"},                  // no weights: even
		{7, 10, []float64{1, 2, 1}, "[0 7 0]"},            // below the least: one slice, in the heaviest bucket
		{100, 10, []float64{1, 1, 1, 97}, "[0 0 0 100]"},  // merged forward
		{100, 10, []float64{50, 45, 3, 2}, "[50 50 0 0]"}, // what is left joins the last
		{100, 10, []float64{5, 6, 5, 6, 78}, "[0 11 0 11 78]"},
		{9, 1, []float64{nan, -3, 1, inf}, "[0 0 9 0]"}, // no weights are these
		{3, 1, []float64{inf}, "[3]"},
		{0, 1, []float64{1, 1}, "[0 0]"},
		{3, 1, nil, "[]"},
	} {
		if got := fmt.Sprint(Plan(tt.total, tt.least, tt.weights)); got != tt.want {
			t.Errorf("Plan(%d, %d, %v) = %s, want %s", tt.total, tt.least, tt.weights, got, tt.want)
		}
	}
}

// BenchmarkPlan is one parent order of a day in 5-minute slices.
func BenchmarkPlan(b *testing.B) {
	r := rand.New(rand.NewPCG(1, 2))
	weights := make([]float64, 288)
	for i := range weights {
		weights[i] = r.ExpFloat64()
	}
	b.ReportAllocs()
	for i := range b.N {
		Plan(exchange.Lots(100000+i), 50, weights)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "plans/s")
}

// BenchmarkParent is all that a new parent order costs: the curve of four hours,
// learned from four weeks, and the plan.
func BenchmarkParent(b *testing.B) {
	var h History
	r := rand.New(rand.NewPCG(1, 2))
	start := exchange.Date(2026, 1, 5)
	for at := start; at < start+29*exchange.Day; at += Bucket {
		if h.buckets == nil {
			h.first = at
		}
		h.spread(at, at+Bucket, r.ExpFloat64())
		h.last = at + Bucket
	}
	b.ReportAllocs()
	for range b.N {
		c := Learn(&h, nil, h.last, Bucket, 48)
		Plan(100000, 50, c.Weights)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "plans/s")
}
