package carry

import (
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

const bp = 1e-4

func near(t *testing.T, what string, got, want float64) {
	t.Helper()
	if math.Abs(got-want) > 1e-12 {
		t.Errorf("%s: %v bp, want %v bp", what, got/bp, want/bp)
	}
}

// A rate of 3 bp that halves its distance to 1 bp: 3, 2, 1.5 … per settlement.
func TestGainCountsSettlements(t *testing.T) {
	m := Model{Mean: bp, Persistence: 0.5}
	at := exchange.Date(2026, 1, 1) + 7*exchange.Hour + 50*exchange.Minute
	eight := exchange.Date(2026, 1, 1) + 8*exchange.Hour
	for _, tt := range []struct {
		what    string
		next    exchange.Time
		hours   int
		horizon exchange.Time
		want    float64
	}{
		{"ten minutes before a settlement earn it whole", eight, 8, 10 * exchange.Minute, 3 * bp},
		{"nine minutes do not", eight, 8, 9 * exchange.Minute, 0},
		{"a day holds three", eight, 8, exchange.Day, 6.5 * bp},
		{"every four hours: half the rate, and root a half of the distance is left", eight, 4, 5 * exchange.Hour, 0.5 * (3 + 1 + 2*math.Sqrt(0.5)) * bp},
		{"one that is due is the next", at, 8, exchange.Hour, 3 * bp},
	} {
		near(t, tt.what, m.Gain(3*bp, at, tt.next, tt.hours, tt.horizon), tt.want)
	}
}

// The closed form is the sum.
func TestGainIsTheSum(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := Model{Mean: rapid.Float64Range(-10, 10).Draw(t, "mean") * bp, Persistence: rapid.Float64Range(0, 0.999).Draw(t, "persistence")}
		rate, n := rapid.Float64Range(-300, 300).Draw(t, "rate")*bp, rapid.IntRange(1, 400).Draw(t, "n")
		hours := rapid.SampledFrom([]int{1, 2, 4, 8}).Draw(t, "hours")
		sum := 0.0
		for k := range n {
			sum += float64(hours) / 8 * (m.Mean + math.Pow(m.Persistence, float64(k*hours)/8)*(rate-m.Mean))
		}
		every := exchange.Time(hours) * exchange.Hour
		got := m.Gain(rate, 0, every, hours, exchange.Time(n)*every)
		if math.Abs(got-sum) > 1e-9 {
			t.Fatalf("%v, want %v", got, sum)
		}
		if k, ok := m.BreakEven(rate, hours, n, sum-1e-9); !ok {
			t.Fatalf("%v is not earned after %d of %d settlements", sum, k, n)
		}
	})
}

// The gap of rates that pays for a switch of 30 bp over a week, by how fast gaps
// close: 18, 6 and 2.3 bp a settlement.
func TestGapThatPaysForASwitch(t *testing.T) {
	for rho, gap := range map[float64]float64{0.4: 18.0, 0.8: 6.06, 0.95: 2.28} { // order does not matter: each is checked alone
		m := Model{Persistence: rho}
		got := m.Gain(gap*bp, 0, 8*exchange.Hour, 8, 7*exchange.Day)
		if math.Abs(got-30*bp) > 0.1*bp {
			t.Errorf("ρ %v: %v bp bring %v, want 30", rho, gap, got/bp)
		}
	}
}

// With fees of 15 bp for both legs and 1 bp a settlement, a round trip takes 30.
func TestBreakEven(t *testing.T) {
	m, o := Model{Mean: bp}, Outlook{Low: 90 * bp, Open: -4 * bp, Usual: -4 * bp, Fees: 15 * bp}
	if n, ok := m.BreakEven(bp, 8, 90, o.Cost()-1e-9); n != 30 || !ok {
		t.Errorf("%d settlements, %v; want 30", n, ok)
	}
	near(t, "edge", o.Edge(), 60*bp)
	o.Open = 26.1 * bp
	if n, ok := m.BreakEven(bp, 8, 90, o.Cost()); n != 0 || !ok {
		t.Errorf("%d settlements, %v; want none: the basis pays", n, ok)
	}
	if n, ok := (Model{Mean: -bp}).BreakEven(bp, 8, 90, 30*bp); ok {
		t.Errorf("paid for after %d settlements that cost", n)
	}
}

// What is held is judged by its higher rate, and a basis that is unusually wide
// is a reason to stay.
func TestSwitch(t *testing.T) {
	from := &Outlook{Low: 10 * bp, High: 30 * bp, Open: -5 * bp, Close: -1 * bp, Usual: -4 * bp, Fees: 15 * bp}
	to := &Outlook{Low: 80 * bp, High: 200 * bp, Open: 6 * bp, Close: 9 * bp, Usual: 2 * bp, Fees: 14 * bp}
	gain, cost := Switch(from, to)
	near(t, "gain", gain, (80-30+4-3)*bp)
	near(t, "cost", cost, 29*bp)
	if gain, _ = Switch(to, to); gain > 0 {
		t.Errorf("leaving for the same coin gains %v", gain)
	}
}

func TestMedian(t *testing.T) {
	in := []float64{3, 1, 2, 4}
	if got := Median(in); got != 2 || in[0] != 3 {
		t.Errorf("%v of %v", got, in)
	}
	if Median(nil) != 0 || Rate8h(1, 4) != 2 {
		t.Error("of nothing, or rate of 4 hours")
	}
}

func TestHistory(t *testing.T) {
	h, err := ParseHistory("")
	if err != nil || h.String() != "" || h.Open(0.5) != 0 {
		t.Fatal(h, err)
	}
	const every = 4 * exchange.Hour
	now := exchange.Date(2026, 1, 1)
	for i := range 12 { // opening 0 … 11 bp
		if i > 0 && h.Add(now-2*exchange.Minute, every, 10, 1, 1) {
			t.Error("a sample two minutes early")
		}
		if !h.Add(now-exchange.Minute/2, every, 10, float64(i)*bp, -float64(i)*bp) {
			t.Error("no sample half a minute early")
		}
		if h, err = ParseHistory(h.String()); err != nil {
			t.Fatal(err)
		}
		now += every
	}
	near(t, "of ten, the lowest is the third of twelve", h.Open(0), 2*bp)
	near(t, "0.7 of them", h.Open(0.7), 8*bp)
	near(t, "all", h.Open(1), 11*bp)
	near(t, "closing", h.Close(0.3), -9*bp)
	for _, bad := range []string{"x", "1 2", "1 2/x", "1 /2"} {
		if _, err := ParseHistory(bad); err == nil {
			t.Errorf("%q is a history", bad)
		}
	}
}

// A short that is paid 2 bp every 8 hours against a long that pays half a bp every hour:
// what comes in is what each settles, at its own times.
func TestNetOfTwoLegs(t *testing.T) {
	m := Model{Persistence: 0.9999}
	now := exchange.Date(2026, 1, 1)
	short := Funding{Hours: 8, Next: now + 8*exchange.Hour}
	long := Funding{Hours: 1, Next: now + exchange.Hour}
	near := func(what string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > 0.01*bp {
			t.Errorf("%s: %v bp, want %v", what, got/bp, want/bp)
		}
	}
	near("a day", m.Net(long, short, 0.8*bp, 2*bp, now, exchange.Day), (3*2-24*0.1)*bp)
	near("before the short is paid", m.Net(long, short, 0.8*bp, 2*bp, now, 7*exchange.Hour), -7*0.1*bp)
	near("of coins", m.Net(Funding{}, short, 0, 2*bp, now, exchange.Day), 6*bp)
	if n, ok := m.NetBreakEven(long, short, 0.8*bp, 2*bp, now, 10*exchange.Day, 3*bp); !ok || n != 26 {
		t.Errorf("earned after %d settlements, %v", n, ok)
	}
	if n, ok := m.NetBreakEven(long, short, 3*bp, 2*bp, now, exchange.Day, 3*bp); ok {
		t.Errorf("earned after %d settlements though it costs", n)
	}
	if got := Annual(1*bp, 8); math.Abs(got-0.1095) > 1e-12 {
		t.Errorf("1 bp every 8 hours is %v a year", got)
	}
}

// What is not known of the span counts as the prior.
func TestOwnMean(t *testing.T) {
	now := exchange.Date(2024, 1, 10)
	var settled []exchange.Settled
	for i := exchange.Time(30); i >= 0; i-- {
		settled = append(settled, exchange.Settled{Time: now - i*8*exchange.Hour, Rate: 30000, Hours: 8})
	}
	for _, c := range []struct{ days, prior, want float64 }{
		{7, 0, 3 * bp}, {10, 9 * bp, 3 * bp}, {20.0 + 2.0/3, 0, 1.5 * bp}, {20.0 + 2.0/3, 2 * bp, 2.5 * bp},
	} {
		if got := OwnMean(settled, now, c.days, c.prior); math.Abs(got-c.want) > 0.05*bp {
			t.Errorf("over %.1f days with a prior of %.1f bp: %.3f bp, want %.3f", c.days, c.prior/bp, got/bp, c.want/bp)
		}
	}
	hourly := []exchange.Settled{{Time: now - exchange.Hour, Rate: 1000, Hours: 1}, {Time: now, Rate: 1000, Hours: 1}}
	if got := OwnMean(hourly, now, 1, 0); math.Abs(got-0.2*bp/3) > 1e-12 {
		t.Errorf("two hours of a day: %v bp", got/bp)
	}
	if got := OwnMean(nil, now, 30, bp); got != bp {
		t.Errorf("of nothing: %v", got)
	}
}
