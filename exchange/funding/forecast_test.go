package funding_test

import (
	"math"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/funding"
	"github.com/perilune/perilune/exchange/synth"
)

var start = exchange.Date(2026, 1, 5)

// state is what a venue says t into an interval of eight hours.
func state(t exchange.Time, rate exchange.E8) *exchange.MarkState {
	return &exchange.MarkState{Time: start + t, NextFunding: start + 8*exchange.Hour, Hours: 8, Rate: rate}
}

// TestForecastSeesATurn samples 20 bp for three hours and 40 bp from then on. The
// running estimate crawls; the forecast knows after half an hour of it.
func TestForecastSeesATurn(t *testing.T) {
	rule := funding.Rule{Hours: 8, Interest: 1e-4}
	f := funding.NewForecast(rule)
	var m funding.Mean
	premium, final, forecast, estimate := 20e-4, exchange.E8(0), exchange.E8(0), exchange.E8(0)
	for at := funding.SampleInterval; at <= 8*exchange.Hour; at += funding.SampleInterval {
		if at > 3*exchange.Hour {
			premium = 40e-4
		}
		m.Add(1, premium)
		final = rule.Rate(m.Value())
		got := f.Rate(state(at, final))
		if at == 3*exchange.Hour+35*exchange.Minute {
			forecast, estimate = got, final
		}
	}
	if off := math.Abs((forecast - final).Float()); off > 0.02e-4 || (final-estimate).Float() < 9e-4 {
		t.Errorf("forecast %v, estimate then %v, settled %v", forecast.Float(), estimate.Float(), final.Float())
	}
}

// TestForecastOfMinutesToldBefore joins three hours and some minutes in: with the
// premiums of the last half hour the turn is seen at once, without them not yet.
func TestForecastOfMinutesToldBefore(t *testing.T) {
	rule := funding.Rule{Hours: 8, Interest: 1e-4}
	f, alone := funding.NewForecast(rule), funding.NewForecast(rule)
	var m funding.Mean
	m.Add(3*720, 20e-4)
	m.Add(45*12, 40e-4)
	at := 3*exchange.Hour + 45*exchange.Minute
	f.Premium(start+3*exchange.Hour, 200_000) // too old to count
	for i := range exchange.Time(30) {
		f.Premium(start+at-(29-i)*exchange.Minute, 400_000)
	}
	estimate := rule.Rate(m.Value())
	got := f.Rate(state(at, estimate))
	m.Add(int(funding.Samples(8)-m.Passed()), 40e-4)
	final := rule.Rate(m.Value())
	if off := math.Abs((got - final).Float()); off > 1e-7 || got-estimate < 50_000 {
		t.Errorf("forecast %v, estimate %v, settled %v", got.Float(), estimate.Float(), final.Float())
	}
	if got := alone.Rate(state(at, estimate)); got != estimate {
		t.Errorf("forecast %v without a past, want the estimate %v", got.Float(), estimate.Float())
	}
}

// Where the estimate does not move there is nothing to tell beside it: a stream
// that repeats the last settled rate, a rate at rest, a rate at its bound.
func TestForecastOfWhatStands(t *testing.T) {
	for _, rate := range []exchange.E8{exchange.E8(50_000), exchange.E8(-120_000), exchange.E8(10_000), exchange.E8(300_000), 0} {
		f := funding.NewForecast(funding.Rule{Interest: 1e-4, Cap: 30e-4, Floor: -30e-4})
		for at := exchange.Minute; at <= 8*exchange.Hour; at += exchange.Minute {
			if got := f.Rate(state(at, rate)); got != rate {
				t.Fatalf("%v after %v: forecast %v", rate.Float(), at, got.Float())
			}
		}
	}
}

// A new interval begins without the old one's past, and odd input is let through.
func TestForecastBeginsAnew(t *testing.T) {
	f := funding.NewForecast(funding.Rule{Interest: 1e-4})
	for at := exchange.Minute; at < 4*exchange.Hour; at += exchange.Minute {
		f.Rate(state(at, exchange.E8(50_000)+exchange.E8(at/exchange.Minute)*1000))
	}
	m := state(8*exchange.Hour+exchange.Minute, 60_000)
	m.NextFunding = start + 12*exchange.Hour
	m.Hours = 4
	if got := f.Rate(m); got != m.Rate {
		t.Errorf("a minute into a new interval: %v, want the estimate %v", got.Float(), m.Rate.Float())
	}
	for _, m := range []*exchange.MarkState{{}, {Hours: -1, Rate: 5}, {Time: start, Hours: 8, Rate: 90_000}} {
		if got := f.Rate(m); got != m.Rate {
			t.Errorf("%+v: %v", m, got)
		}
	}
}

// TestForecastBeatsTheEstimate compares both with what settled on the built-in
// market, whose premium wanders and returns: half of what it is away from its rest is
// gone in less than two hours, so halfway into eight the last half hour says little.
func TestForecastBeatsTheEstimate(t *testing.T) {
	miss := map[float64]*[2]float64{0.5: {}, 0.75: {}} // squares, by part of the interval
	n := 0
	settlements(t, 3*exchange.Day, func(part float64, forecast, estimate, settled exchange.E8) {
		m := miss[part]
		m[0] += math.Pow((forecast - settled).Float(), 2)
		m[1] += math.Pow((estimate - settled).Float(), 2)
		n++
	})
	for part, most := range map[float64]float64{0.5: 0.97, 0.75: 0.75} {
		if ratio := math.Sqrt(miss[part][0] / miss[part][1]); !(ratio < most) {
			t.Errorf("%v into the interval, of %d: the forecast misses by %.2f of what the estimate does, want below %v", part, n, ratio, most)
		}
	}
}

type told struct {
	part               float64
	forecast, estimate exchange.E8
}

// settlements runs the built-in market and reports what was foretold half and
// three quarters into every interval.
func settlements(t *testing.T, span exchange.Time, report func(part float64, forecast, estimate, settled exchange.E8)) {
	t.Helper()
	m, err := synth.New(synth.Options{Seed: 1, Step: 10 * exchange.Second})
	if err != nil {
		t.Fatal(err)
	}
	forecasts := map[exchange.InstrumentID]*funding.Forecast{}
	pending := map[exchange.InstrumentID][]told{}
	var ev exchange.Event
	for end := exchange.Time(0); end == 0 || ev.Time < end; {
		if err := m.Next(&ev); err != nil {
			t.Fatal(err)
		}
		if end == 0 {
			end = ev.Time + span
		}
		id := ev.Instrument
		switch ev.Kind {
		case exchange.KindMark:
			if forecasts[id] == nil {
				forecasts[id] = funding.NewForecast(funding.RuleOf(m.Universe().Get(id)))
			}
			got := forecasts[id].Rate(&exchange.MarkState{Rate: ev.Rate, NextFunding: ev.NextFunding, Hours: ev.Hours, Time: ev.Time})
			part := 1 - float64(ev.NextFunding-ev.Time)/float64(exchange.Time(ev.Hours)*exchange.Hour)
			for i, at := range []float64{0.5, 0.75} {
				if part >= at && len(pending[id]) == i {
					pending[id] = append(pending[id], told{at, got, ev.Rate})
				}
			}
		case exchange.KindFunding:
			for _, p := range pending[id] {
				report(p.part, p.forecast, p.estimate, ev.Rate)
			}
			pending[id] = nil
		}
	}
}
