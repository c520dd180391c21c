package funding_test

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/funding"
)

func TestAccrual(t *testing.T) {
	a := funding.Accrual{Hours: 1}
	hour := exchange.Date(2026, 11, 29) + 8*exchange.Hour
	for _, tt := range []struct {
		after exchange.Time // the beginning of the hour
		rate  exchange.E8   // per 8 hours
		want  exchange.E8   // of the hour
	}{
		{30 * exchange.Minute, 8000, 1000},  // what was not seen is taken to be alike
		{45 * exchange.Minute, 0, 750},      // three quarters at 1000
		{45 * exchange.Minute, 16000, 1250}, // and a quarter at 2000
		{44 * exchange.Minute, 16000, 1250}, // that comes late changes nothing of what has accrued
		{60 * exchange.Minute, -8000, -1000},
		{75 * exchange.Minute, 8000, 500},
		{10 * exchange.Hour, 800, 100}, // after hours of silence
	} {
		got, ends := a.Rate(hour+tt.after, tt.rate)
		want := hour + tt.after/exchange.Hour*exchange.Hour + exchange.Hour
		if got != tt.want || ends != want {
			t.Errorf("after %s: %d until %s, want %d until %s", tt.after, got, ends, tt.want, want)
		}
	}
}

func TestContinuousRule(t *testing.T) {
	rule := funding.RuleOf(&exchange.Instrument{FundingHours: 1, FundingAccrues: true})
	for premium, want := range map[float64]exchange.E8{0: 0, 0.0002: 0, -0.00025: 0, 0.00105: 10000, -0.00105: -10000} {
		if got := rule.Rate(premium); got != want {
			t.Errorf("premium %g: %d, want %d", premium, got, want)
		}
	}
	f := funding.NewForecast(rule)
	m := exchange.MarkState{Rate: 1234, Hours: 1, Time: exchange.Date(2026, 11, 29), NextFunding: exchange.Date(2026, 11, 29) + exchange.Hour}
	if got := f.Rate(&m); got != 1234 {
		t.Errorf("forecast %d: an accrual foretells itself", got)
	}
}
