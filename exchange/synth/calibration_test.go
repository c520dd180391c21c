package synth

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// sample holds measured figures by their name in Calibration.
type sample map[string]float64

// TestSimulatedFigures measures the Simulated column again. The bounds are wide
// enough for the noise of a few seeds and too tight for a broken parameter.
func TestSimulatedFigures(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates months")
	}
	t.Parallel()
	runs := make([]sample, 4)
	t.Run("seeds", func(t *testing.T) {
		for seed := range runs {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				runs[seed] = simulate(t, uint64(seed))
			})
		}
	})
	for _, f := range Calibration {
		var xs []float64
		for _, r := range runs {
			x, ok := r[f.What]
			if !ok {
				t.Fatalf("%s: not measured", f.What)
			}
			xs = append(xs, x)
		}
		got := median(xs)
		t.Logf("%-55s recorded %8.3f  stated %8.3f  simulated %8.3f", f.What, f.Recorded, f.Simulated, got)
		if math.Abs(got-f.Simulated) > 0.25*math.Abs(f.Simulated)+0.02 {
			t.Errorf("%s: simulated %.3g, stated %.3g", f.What, got, f.Simulated)
		}
		if ratio := got / f.Recorded; f.Differs == "" && (ratio < 0.4 || ratio > 1.6) {
			t.Errorf("%s: simulated %.3g is far from the recorded %.3g", f.What, got, f.Recorded)
		}
	}
}

// Hours have heavy tails in every market, not only in the lucky one: margin would
// look safer than it is.
const leastHourlyKurtosis = 6

// simulate measures one seed: 60 days of the latent state for what has a
// memory, three hours of events for the books.
func simulate(t *testing.T, seed uint64) sample {
	out := sample{}
	m := market(t, Options{Seed: seed})
	h := watch(m, 60)
	h.funding(out)
	h.returns(out)
	if k := out["alts: kurtosis of hourly returns"]; k < leastHourlyKurtosis {
		t.Errorf("seed %d: hourly kurtosis of the median alt is %.1f, want at least %v", seed, k, leastHourlyKurtosis)
	}
	books(t, seed, out)
	return out
}

// history is what was seen of a market.
type history struct {
	m     *Market
	rates [][]float64 // bp per 8 hours, by venue
	paid  [][]float64 // 1 where exactly the interest rate was settled
	log   [][]float64 // log mid price, every minute
	basis [][]float64 // perpetual to spot, bp, every hour
	busy  [24]float64 // prints
}

func watch(m *Market, days exchange.Time) *history {
	n := len(m.venues)
	h := &history{m: m, rates: make([][]float64, n), paid: make([][]float64, n), log: make([][]float64, n), basis: make([][]float64, n)}
	for t := m.now(); t < m.opt.Start+days*exchange.Day; t = m.now() {
		for i := range m.venues {
			h.see(i, &m.venues[i], t)
		}
		m.k++
		m.advance()
	}
	return h
}

func (h *history) see(i int, v *venue, t exchange.Time) {
	h.busy[t%exchange.Day/exchange.Hour] += float64(v.prints)
	mid := float64(v.bid+v.ask) / 2
	if t%exchange.Minute == 0 {
		h.log[i] = append(h.log[i], math.Log(mid))
	}
	if v.perp == nil {
		return
	}
	if t%exchange.Hour == 0 {
		spot := &h.m.venues[i-1]
		if !v.in.Inverse() {
			h.basis[i] = append(h.basis[i], 1e4*(mid/v.scale/(float64(spot.bid+spot.ask)/2/spot.scale)-1))
		}
	}
	if p := v.perp; p.settled.Time == t {
		r := p.settled.Rate.Float() * 1e4 * 8 / float64(p.settled.Hours)
		h.rates[i] = append(h.rates[i], r)
		h.paid[i] = append(h.paid[i], b2f(math.Abs(r-p.rule.Interest*1e4) < 1e-4))
	}
}

func b2f(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// alts calls f with the linear perpetuals of alts that pay the usual interest.
func (h *history) alts(f func(i int)) {
	for i := range h.m.venues {
		v := &h.m.venues[i]
		if v.in.Contract == exchange.Linear && !v.asset.major && v.perp.rule.Interest > 0 {
			f(i)
		}
	}
}

func (h *history) funding(out sample) {
	var pinned, negative, one, three, runs, lengths []float64
	h.alts(func(i int) {
		r := h.rates[i]
		pinned = append(pinned, mean(h.paid[i]))
		negative = append(negative, share(r, func(x float64) bool { return x < 0 }))
		one, three = append(one, acf(r, 1)), append(three, acf(r, 3))
		n, length := episodes(r)
		runs = append(runs, n/60)
		if n > 0 && len(r) <= 180 { // 8 h throughout, as in the record
			lengths = append(lengths, length)
		}
	})
	out["alts: share of settlements at exactly the interest rate"] = mean(pinned)
	out["alts: share of negative settlements"] = mean(negative)
	out["alts: autocorrelation of funding, 1 settlement"] = median(one)
	out["alts: autocorrelation of funding, 3 settlements"] = median(three)
	out["runs of funding above 5 bp, per symbol and day"] = mean(runs)
	out["settlements in a run above 5 bp"] = mean(lengths)
	var basis []float64
	h.alts(func(i int) {
		if b := h.m.venues[i].in.Base; b == "AVAX" || b == "LINK" || b == "DOGE" {
			basis = append(basis, median(h.basis[i]))
		}
	})
	out["alts: median basis of perpetual to spot, bp"] = mean(basis)
}

func (h *history) returns(out sample) {
	var vol, kurt, near, far, cor []float64
	var btc []float64
	for i := range h.m.venues {
		if v := &h.m.venues[i]; v.in.Contract == exchange.Linear && v.in.Base == "BTC" {
			btc = steps(h.log[i])
		}
	}
	h.alts(func(i int) {
		r := steps(h.log[i][:30*1440]) // as long as the record
		vol, kurt, cor = append(vol, 1e4*rms(r)), append(kurt, kurtosis(r)), append(cor, correlation(r, btc))
		near, far = append(near, acf(absolute(r), 1)), append(far, acf(absolute(r), 60))
	})
	out["BTC: volatility of one minute, bp"] = 1e4 * rms(btc)
	var hourly, lasting []float64
	h.alts(func(i int) {
		r := steps(everyHour(h.log[i]))
		hourly, lasting = append(hourly, kurtosis(r)), append(lasting, acf(absolute(r), 1))
	})
	out["alts: kurtosis of hourly returns"] = median(hourly)
	out["alts: autocorrelation of |return|, 1 hour"] = median(lasting)
	out["alts: volatility of one minute, bp"] = median(vol)
	out["alts: kurtosis of one-minute returns"] = median(kurt)
	out["alts: autocorrelation of |return|, 1 minute"] = median(near)
	out["alts: autocorrelation of |return|, 60 minutes"] = median(far)
	out["alts: correlation of one-minute returns with BTC"] = median(cor)
	out["busiest over quietest hour of the day"] = slices.Max(h.busy[:]) / slices.Min(h.busy[:])
}

// everyHour takes every sixtieth of a minute's values.
func everyHour(minutes []float64) (out []float64) {
	for i := 0; i < len(minutes); i += 60 {
		out = append(out, minutes[i])
	}
	return out
}

// books measures three hours of the BTC linear book.
func books(t *testing.T, seed uint64, out sample) {
	m := market(t, Options{Seed: seed, Until: start + 3*exchange.Hour})
	v := m.venueOf(t, "BTCUSDT")
	bs := newBooks(m.Universe())
	b := bs[v.in.ID]
	var spread, fifth, depth, prints []float64
	traded := map[string]float64{}
	each(t, m, func(ev *exchange.Event) {
		if in := m.Universe().All()[ev.Instrument]; ev.Kind == exchange.KindTrade && in.Contract == exchange.Linear {
			traded[in.Base] += in.NotionalFloat(ev.Price, ev.Qty)
		}
		if ev.Instrument != v.in.ID {
			return
		}
		if ev.Kind == exchange.KindTrade {
			prints = append(prints, v.in.NotionalFloat(ev.Price, ev.Qty))
		}
		b.Apply(ev)
		if ev.Kind != exchange.KindDiff {
			return
		}
		bid, _ := b.Level(exchange.Buy, 1)
		ask, _ := b.Level(exchange.Sell, 1)
		deep, _ := b.Level(exchange.Buy, 5)
		spread = append(spread, float64(ask.Price-bid.Price))
		fifth = append(fifth, 1e4*float64(bid.Price-deep.Price)/float64(bid.Price))
		usd := 0.0
		for n := 1; n <= Depth; n++ {
			if l, _ := b.Level(exchange.Buy, n); float64(l.Price) > float64(bid.Price)*(1-10e-4) {
				usd += v.in.NotionalFloat(l.Price, l.Qty)
			}
		}
		depth = append(depth, usd/1e6)
	})
	out["BTC USD-M: median spread in ticks"] = median(spread)
	out["BTC USD-M: touch to fifth level, bp"] = median(fifth)
	out["BTC USD-M: bids within 10 bp, million USD"] = median(depth)
	out["BTC USD-M: mean over median print"] = mean(prints) / median(prints)
	out["BTC USD-M: mean print, USD"] = mean(prints)
	part := (hourShare[0] + hourShare[1] + hourShare[2]) * 1e6
	out["BTC USD-M: volume of a day, million USD"] = traded["BTC"] / part
	var alts []float64
	for _, base := range volumeCoins {
		alts = append(alts, traded[base]/part)
	}
	out["alts USD-M: volume of a day, million USD"] = median(alts)
}

// volumeCoins are the alts of the record that the model has.
var volumeCoins = []string{"ADA", "AVAX", "BNB", "LINK", "SOL", "XRP"}

// Prints follow the rhythm of the day that is stated.
func TestVolumeFollowsTheCurve(t *testing.T) {
	h := watch(market(t, Options{Seed: 2, Calm: true}), 8)
	total := 0.0
	for _, n := range h.busy {
		total += n
	}
	if c := correlation(h.busy[:], hourShare[:]); c < 0.95 {
		t.Errorf("prints by hour correlate with the curve by %.3f", c)
	}
	usual := 0.0
	for i := range h.m.venues {
		usual += h.m.venues[i].asset.prints()
	}
	if perStep := total / (8 * 8640); math.Abs(perStep-usual) > 0.12*usual {
		t.Errorf("%.3f prints a step of all instruments, want about %v", perStep, usual)
	}
	if c := mean(volumeCurve[:]); math.Abs(c-1) > 1e-9 {
		t.Errorf("the curve has mean %v", c)
	}
}

// A calm market has nothing to rotate into.
func TestCalmHasNoSqueezes(t *testing.T) {
	h := watch(market(t, Options{Seed: 1, Calm: true}), 6)
	for i, r := range h.rates {
		if len(r) > 0 && (slices.Max(r) > 12 || slices.Min(r) < -8) {
			t.Errorf("%s: rates %.2f", h.m.venues[i].in.Key(), r)
		}
	}
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / float64(len(xs))
}

func median(xs []float64) float64 {
	s := slices.Sorted(slices.Values(xs))
	return (s[(len(s)-1)/2] + s[len(s)/2]) / 2
}

func share(xs []float64, is func(float64) bool) float64 {
	n := 0.0
	for _, x := range xs {
		n += b2f(is(x))
	}
	return n / float64(len(xs))
}

func rms(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x * x
	}
	return math.Sqrt(sum / float64(len(xs)))
}

func kurtosis(xs []float64) float64 {
	sum, s := 0.0, rms(xs)
	for _, x := range xs {
		sum += math.Pow(x/s, 4)
	}
	return sum / float64(len(xs))
}

func acf(xs []float64, lag int) float64 {
	m, cov, v := mean(xs), 0.0, 0.0
	for i, x := range xs {
		v += (x - m) * (x - m)
		if i >= lag {
			cov += (x - m) * (xs[i-lag] - m)
		}
	}
	return cov / v
}

func correlation(xs, ys []float64) float64 {
	mx, my, cov, vx, vy := mean(xs), mean(ys), 0.0, 0.0, 0.0
	for i := range xs {
		dx, dy := xs[i]-mx, ys[i]-my
		cov, vx, vy = cov+dx*dy, vx+dx*dx, vy+dy*dy
	}
	return cov / math.Sqrt(vx*vy)
}

func steps(xs []float64) []float64 {
	out := make([]float64, len(xs)-1)
	for i := range out {
		out[i] = xs[i+1] - xs[i]
	}
	return out
}

func absolute(xs []float64) []float64 {
	out := make([]float64, len(xs))
	for i, x := range xs {
		out[i] = math.Abs(x)
	}
	return out
}

// episodes counts the runs of rates above 5 bp and their mean length.
func episodes(rates []float64) (n, length float64) {
	above := 0.0
	for i, r := range rates {
		if r <= 5 {
			continue
		}
		above++
		if i == 0 || rates[i-1] <= 5 {
			n++
		}
	}
	return n, above / math.Max(n, 1)
}
