package funding

import (
	"math"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// Peer bug (hummingbot v2_funding_rate_arb takes every interval for 8 hours): the rate
// of a shorter one is divided, and counts as often as it is paid (see TestFigures).
func TestFundingRate(t *testing.T) {
	const bp = 1e-4
	eight := Rule{Hours: 8, Interest: 1 * bp}
	four := Rule{Hours: 4, Interest: 1 * bp}
	old := Rule{Hours: 4, Interest: 1 * bp, Undivided: true}
	capped := Rule{Hours: 8, Interest: 1 * bp, Cap: 30 * bp, Floor: -30 * bp}
	tests := []struct {
		name string
		rule Rule
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
		{"hourly", Rule{Hours: 1, Interest: 1 * bp}, 85, 10},
		{"no interest", Rule{Hours: 8}, 3, 0},
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
	var p Mean
	if p.Value() != 0 {
		t.Errorf("mean of nothing is %v", p.Value())
	}
	p.Add(1, 1)
	p.Add(2, 4)
	// (1·1 + 2·4 + 3·4) / (1+2+3)
	if got := p.Value(); got != 3.5 {
		t.Errorf("mean %v, want 3.5", got)
	}
	p.Add(0, 100)
	p.Reset()
	p.Miss(2)
	p.Add(1, 6)
	p.Add(1, -1)
	// (3·6 − 4·1) / (3+4)
	if got := p.Value(); got != 2 {
		t.Errorf("mean after missing two is %v, want 2", got)
	}
	if p.Passed() != 4 {
		t.Errorf("samples %d, want 4", p.Passed())
	}
}

// Adding n equal samples at once is adding them one by one.
func TestPremiumBatches(t *testing.T) {
	var one, many Mean
	for _, b := range []struct {
		n int
		x float64
	}{{3, 1}, {1, -2}, {720, 0.5}, {5036, 3}} {
		many.Add(b.n, b.x)
		for range b.n {
			one.Add(1, b.x)
		}
	}
	if math.Abs(one.Value()-many.Value()) > 1e-12 || one.Passed() != 5760 || many.Passed() != 5760 {
		t.Errorf("one by one %v (%d), in batches %v (%d)", one.Value(), one.Passed(), many.Value(), many.Passed())
	}
}

// Twelve samples a minute weigh 144m−66, and eight hours sum up to 16 591 680.
func TestMinutesWeighWhatTheirSamplesDo(t *testing.T) {
	var p Mean
	last := 0.0
	for m := 1; m <= 480; m++ {
		p.AddMinute(1, 3, 0, 4)
		if got := p.weight - last; got != float64(144*m-66) {
			t.Fatalf("minute %d weighs %v, want %d", m, got, 144*m-66)
		}
		last = p.weight
	}
	if p.weight != 16_591_680 || p.Value() != 2 || p.Passed() != Samples(8) {
		t.Errorf("weight %v, mean %v of %d samples", p.weight, p.Value(), p.Passed())
	}
}

// Half of the time is a quarter of the weight, and 90 % is 81 %.
func TestFinal(t *testing.T) {
	for _, tt := range []struct {
		seen int
		want float64
	}{{0, 10}, {2880, 10 * 0.75}, {5184, 10 * 0.19}, {5760, 0}} {
		var p Mean
		p.Add(tt.seen, 0)
		if got := p.Final(Samples(8), 10); math.Abs(got-tt.want) > 1e-3 {
			t.Errorf("after %d samples of 0, with 10 to come: %v, want %v", tt.seen, got, tt.want)
		}
	}
	// It is the mean that comes out, if the rest is as foretold.
	var p Mean
	p.Add(1000, 3)
	foretold := p.Final(Samples(1)*8, -2)
	p.Add(4760, -2)
	if math.Abs(foretold-p.Value()) > 1e-12 {
		t.Errorf("foretold %v, came out as %v", foretold, p.Value())
	}
}

func TestRuleOfTheDay(t *testing.T) {
	four := Rule{Hours: 4, Interest: 1e-4}
	for at, want := range map[exchange.Time]exchange.E8{
		exchange.Date(2025, 9, 18) + 8*exchange.Hour:  50_000, // 10 bp − 5 bp
		exchange.Date(2025, 9, 18) + 12*exchange.Hour: 25_000, // and divided by two
	} {
		if got := four.At(at).Rate(10e-4); got != want {
			t.Errorf("settled at %v: %d e-8, want %d", at, got, want)
		}
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
