package synth

import (
	"math"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// What every newcomer is promised: one alt pays well within 18 hours, another
// within two days.
func TestOpeningAct(t *testing.T) {
	for seed := range uint64(20) {
		m := market(t, Options{Seed: seed, Step: exchange.Minute, Until: start + 48*exchange.Hour})
		rich := map[string]exchange.Time{}
		each(t, m, func(ev *exchange.Event) {
			in := m.Universe().All()[ev.Instrument]
			if ev.Kind != exchange.KindFunding || ev.Rate.Float()*8/float64(ev.Hours) < 20e-4 {
				return
			}
			if _, seen := rich[in.Base]; !seen {
				rich[in.Base] = ev.Time - start
			}
		})
		early, late := 0, 0
		for _, coin := range []string{"AVAX", "DOGE", "LINK"} {
			if at, ok := rich[coin]; ok && at <= 18*exchange.Hour {
				early++
			} else if ok {
				late++
			}
		}
		if early == 0 || early+late < 2 {
			t.Errorf("seed %d: 20 bp per 8 h reached by %v", seed, rich)
		}
	}
}

// Squeezes and storms belong to the seed, not to the cadence.
func TestStoryDoesNotDependOnStep(t *testing.T) {
	a := market(t, Options{Seed: 5})
	b := market(t, Options{Seed: 5, Step: exchange.Minute})
	for x := start; x < start+40*exchange.Day; x += exchange.Hour {
		for i := range a.assets {
			if p, q := a.assets[i].plot.at(x), b.assets[i].plot.at(x); p != q {
				t.Fatalf("%s at %v: %v and %v bp", coins[i].base, x, p, q)
			}
		}
	}
}

func TestStormsComeAtTheirRate(t *testing.T) {
	const seeds, days = 200, 365
	n := 0
	for seed := range uint64(seeds) {
		for d := range exchange.Time(days) {
			if s, ok := stormOf(seed, start+d*exchange.Day); ok {
				n++
				if s.from < start+d*exchange.Day || s.to > start+(d+1)*exchange.Day || s.force((s.from+s.to)/2) < 0.999 {
					t.Fatalf("storm %+v on day %d", s, d)
				}
			}
		}
	}
	if rate := float64(seeds*days) / float64(n); rate < violentEvery*0.9 || rate > violentEvery*1.1 {
		t.Errorf("one storm in %.1f days, want %d", rate, violentEvery)
	}
}

// On a violent day the market goes where the storm drives it, books thin out,
// and premiums lean the same way.
func TestStormMovesTheMarket(t *testing.T) {
	seed, st := firstStorm(t)
	m := market(t, Options{Seed: seed, Step: exchange.Minute, Skip: st.from})
	v := m.venueOf(t, "BTCUSDT")
	before, thin, premium := v.asset.log, 0.0, 0.0
	n := 0.0
	for ; m.now() < st.to; n++ {
		m.k++
		m.advance()
		if v.ask <= v.bid {
			t.Fatalf("crossed at %v", m.now())
		}
		thin += v.lean(m)
		premium += v.premium - 1e-4*v.asset.rest
	}
	if move := v.asset.log - before; move*st.drift <= 0 || math.Abs(move-st.drift) > 0.05 {
		t.Errorf("moved %.3f, drift %.3f", move, st.drift)
	}
	if thin/n > -0.4 || premium*st.drift <= 0 {
		t.Errorf("mean lean %.2f, mean premium %.1f bp, drift %.3f", thin/n, 1e4*premium/n, st.drift)
	}
}

func firstStorm(t *testing.T) (uint64, storm) {
	t.Helper()
	for seed := range uint64(1000) {
		if s, ok := stormOf(seed, start+4*exchange.Day); ok {
			return seed, s
		}
	}
	t.Fatal("no seed has a storm on the fifth day")
	return 0, storm{}
}

func TestSqueezeReachesItsPeak(t *testing.T) {
	s := newSqueeze(start, 3600, 12*3600, 60)
	top := 0.0
	for x := s.start; x < s.end; x += exchange.Minute {
		top = max(top, s.at(x))
	}
	if top < 59.9 || top > 60.000001 {
		t.Errorf("peak %v", top)
	}
	if s.at(s.start-1) != 0 || s.at(s.end+1) != 0 || s.at(s.end) > 1 {
		t.Errorf("before %v, at its end %v, after %v", s.at(s.start-1), s.at(s.end), s.at(s.end+1))
	}
}
