package synth

import (
	"math"
	"testing"

	"github.com/perilune/perilune/exchange"
)

func TestFundingRate(t *testing.T) {
	const bp = 1e-4
	eight := FundingRule{Hours: 8, Interest: 1 * bp}
	four := FundingRule{Hours: 4, Interest: 1 * bp}
	old := FundingRule{Hours: 4, Interest: 1 * bp, Undivided: true}
	capped := FundingRule{Hours: 8, Interest: 1 * bp, Cap: 30 * bp, Floor: -30 * bp}
	tests := []struct {
		name string
		rule FundingRule
		mean float64 // bp
		want float64 // bp
	}{
		{"at rest", eight, 0, 1},
		{"edge below", eight, -4, 1},
		{"edge above", eight, 6, 1},
		{"rich", eight, 10, 5},
		{"cheap", eight, -10, -5},
		{"squeezed", eight, 40, 35},
		{"4 h, rich", four, 10, 2.5},
		{"4 h, at rest", four, 0, 0.5},
		{"4 h, rich, undivided", old, 10, 5},
		{"4 h, at rest, undivided", old, 0, 0.5},
		{"4 h, cheap, undivided", old, -10, -5},
		{"cap", capped, 40, 30},
		{"floor", capped, -40, -30},
		{"hourly", FundingRule{Hours: 1, Interest: 1 * bp}, 85, 10},
		{"no interest", FundingRule{Hours: 8}, 3, 0},
		{"rounded to eight decimals", eight, 10.00004, 5},
	}
	for _, tt := range tests {
		want := exchange.E8(math.Round(tt.want * 1e4))
		if got := tt.rule.Rate(tt.mean * bp); got != want {
			t.Errorf("%s: mean %v bp: rate %d e-8, want %d", tt.name, tt.mean, got, want)
		}
	}
}

func TestPremiumMean(t *testing.T) {
	var p Premium
	if p.Mean() != 0 {
		t.Errorf("mean of nothing is %v", p.Mean())
	}
	p.Add(1, 1)
	p.Add(2, 4)
	// (1·1 + 2·4 + 3·4) / (1+2+3)
	if got := p.Mean(); got != 3.5 {
		t.Errorf("mean %v, want 3.5", got)
	}
	p.Add(0, 100)
	p.Reset()
	p.Miss(2)
	p.Add(1, 6)
	p.Add(1, -1)
	// (3·6 − 4·1) / (3+4)
	if got := p.Mean(); got != 2 {
		t.Errorf("mean after missing two is %v, want 2", got)
	}
	if p.Samples() != 4 {
		t.Errorf("samples %d, want 4", p.Samples())
	}
}

// Adding n equal samples at once is adding them one by one.
func TestPremiumBatches(t *testing.T) {
	var one, many Premium
	for _, b := range []struct {
		n int
		x float64
	}{{3, 1}, {1, -2}, {720, 0.5}, {5036, 3}} {
		many.Add(b.n, b.x)
		for range b.n {
			one.Add(1, b.x)
		}
	}
	if math.Abs(one.Mean()-many.Mean()) > 1e-12 || one.Samples() != 5760 || many.Samples() != 5760 {
		t.Errorf("one by one %v (%d), in batches %v (%d)", one.Mean(), one.Samples(), many.Mean(), many.Samples())
	}
}

// Twelve samples a minute weigh 144m−66, and eight hours sum up to 16 591 680.
func TestMinuteWeight(t *testing.T) {
	total := 0.0
	for m := 1; m <= 480; m++ {
		sum := 0
		for k := 12*m - 11; k <= 12*m; k++ {
			sum += k
		}
		if MinuteWeight(m) != float64(sum) {
			t.Fatalf("minute %d: %v, want %d", m, MinuteWeight(m), sum)
		}
		total += MinuteWeight(m)
	}
	if total != 16_591_680 {
		t.Errorf("sum %v", total)
	}
}

func TestPremiumIndex(t *testing.T) {
	for _, tt := range []struct{ bid, ask, index, want float64 }{
		{101, 102, 100, 0.01},
		{97, 98, 100, -0.02},
		{99.9, 100.1, 100, 0},
	} {
		if got := PremiumIndex(tt.bid, tt.ask, tt.index); math.Abs(got-tt.want) > 1e-12 {
			t.Errorf("impact %v/%v over %v: %v, want %v", tt.bid, tt.ask, tt.index, got, tt.want)
		}
	}
}

func TestMarkPriceIsMedian(t *testing.T) {
	for _, tt := range []struct{ rate, left, basis, last, want float64 }{
		{0.001, 1, 0.2, 100.3, 100.2}, // 100.1, 100.2, 100.3
		{0.001, 1, 0.2, 90, 100.1},
		{0.003, 1, 0.2, 100.25, 100.25},
		{0.003, 0, -0.2, 100.5, 100},
	} {
		if got := MarkPrice(100, tt.rate, tt.left, tt.basis, tt.last); math.Abs(got-tt.want) > 1e-9 {
			t.Errorf("%+v: mark %v", tt, got)
		}
	}
}
