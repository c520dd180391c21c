package schedule

import (
	"encoding/json"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// aDay is 2026-01-05, a Monday.
var aDay = exchange.Date(2026, 1, 5)

// learned is a profile of days of hourly bars whose volumes are shape's, scaled by the day.
func learned(t testing.TB, days int, shape func(day, hour int) float64, apart bool) *Profile {
	t.Helper()
	l, err := NewLearner(markets(t).Get(0), exchange.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for i := range days * 24 {
		b := exchange.Bar{Interval: exchange.Hour, Volume: shape(i/24, i%24)}
		if b.Volume < 0 {
			continue // missing
		}
		if err := l.Bar(aDay+exchange.Time(i+1)*exchange.Hour, &b); err != nil {
			t.Fatal(err)
		}
	}
	p, err := l.Profile(0, apart)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A market whose every day has one shape is learned as that shape, whatever the days'
// sizes; one wild day changes nothing, and a day with a hole is left out and named.
func TestAProfileIsTheShapeOfItsDays(t *testing.T) {
	p := learned(t, 22, func(day, hour int) float64 {
		switch {
		case day == 3 && hour == 7:
			return -1
		case day == 5 && hour == 2:
			return 1e6
		}
		return float64(1+day) * float64(1+hour)
	}, false)
	if p.Days != 21 || len(p.LeftOut) != 1 || !strings.Contains(p.LeftOut[0], "2026-01-08: 1 of 24 buckets were not seen whole") {
		t.Errorf("%d days, left out %q", p.Days, p.LeftOut)
	}
	for hour, share := range p.Shares {
		near(t, timeOfDay(hour, exchange.Hour), share, float64(1+hour)/300, 2e-4)
	}
	c := p.Over(p.Until+6*exchange.Hour, 30*exchange.Minute, 4) // 06:00 to 08:00: 7, 7, 8, 8 of 300
	for i, want := range []float64{7. / 30, 7. / 30, 8. / 30, 8. / 30} {
		near(t, "weight", c.Weights[i], (want+0.25)/2, 1e-3)
	}
	if c.Source != "profile of 21 days, 6 h old" || c.Volume < p.Volume*14.9/300 || c.Volume > p.Volume*15.1/300 {
		t.Errorf("%s, volume %v of %v", c.Source, c.Volume, p.Volume)
	}
}

func TestWeekendsAreToldApart(t *testing.T) {
	shape := func(day, hour int) float64 {
		if busy := 6; day%7 >= 5 == (hour < busy) {
			return 10
		}
		return 1
	}
	p := learned(t, 21, shape, true)
	saturday := aDay + 26*exchange.Day
	if w, d := p.Over(saturday, 6*exchange.Hour, 2), p.Over(saturday-exchange.Day, 6*exchange.Hour, 2); !(w.Weights[0] > 0.6) || !(d.Weights[0] < 0.4) {
		t.Errorf("the first quarter of a Saturday has %v, that of a Friday %v", w.Weights, d.Weights)
	}
	few := learned(t, 6, shape, true) // one Saturday
	if few.Weekend != nil || !strings.Contains(strings.Join(few.LeftOut, "\n"), "weekends are not told apart: 1 were seen whole, 3 are needed") {
		t.Errorf("weekend %v, left out %q", few.Weekend, few.LeftOut)
	}
}

// What a recording of trades did not watch is not taken for a quiet time.
func TestSilenceIsNotQuiet(t *testing.T) {
	l, err := NewLearner(markets(t).Get(0), exchange.Hour)
	if err != nil {
		t.Fatal(err)
	}
	for at := aDay - exchange.Hour; at <= aDay+4*exchange.Day; at += 5 * exchange.Minute {
		if at > aDay+30*exchange.Hour && at < aDay+31*exchange.Hour {
			continue
		}
		l.Watch(at)
		l.Trade(at, 1000)
	}
	p, err := l.Profile(0, false)
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"2026-01-04", "2026-01-06", "2026-01-09"}; p.Days != 3 || len(p.LeftOut) != 3 || !strings.HasPrefix(p.LeftOut[1], want[1]) {
		t.Errorf("%d days, left out %q, want %q", p.Days, p.LeftOut, want)
	}
	near(t, "volume", p.Volume, 288, 1e-9)
}

func TestAProfileThatIsUnfitIsNotFollowed(t *testing.T) {
	p := learned(t, 5, func(_, hour int) float64 { return float64(1 + hour) }, false)
	thin := learned(t, 2, func(_, hour int) float64 { return float64(1 + hour) }, false)
	for _, c := range []struct {
		p     *Profile
		start exchange.Time
		want  string
	}{
		{p, p.Until + exchange.Hour, "profile of 5 days, 60 min old"},
		{p, p.Until + 46*exchange.Day, "3 are needed; the given profile is not followed: it is 46 days old, more than 45 days"},
		{p, p.Until - exchange.Hour, "it knows days up to 2026-01-09, which are to come"},
		{thin, thin.Until, "it knows 2 days, 3 are needed"},
	} {
		got := Follow(c.p, &History{}, nil, c.start, exchange.Hour, 4)
		if !strings.Contains(got.Source, c.want) {
			t.Errorf("%s\nwant %s", got.Source, c.want)
		}
	}
}

// What a venue tells makes a curve at once, and what was seen since counts in its place.
func TestWhatAVenueTellsIsPutInFront(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		days := rapid.IntRange(3, 12).Draw(r, "days")
		length := rapid.SampledFrom([]exchange.Time{15 * exchange.Minute, 30 * exchange.Minute, exchange.Hour}).Draw(r, "length")
		told := make([]float64, exchange.Time(days)*exchange.Day/length)
		sum := 0.0
		for i := range told {
			told[i] = float64(rapid.IntRange(0, 9).Draw(r, "volume") + 1)
			sum += told[i]
		}
		var h History
		in := markets(t).Get(0)
		now := aDay + exchange.Time(days)*exchange.Day
		seen := rapid.Bool().Draw(r, "seen before")
		if seen {
			h.Trade(in, now-7*exchange.Minute, 10000, 5000)
			h.Trade(in, now+3*exchange.Minute, 10000, 7000)
		}
		h.Told(now, length, told)
		if got := h.Between(aDay, now-10*exchange.Minute); got > sum+1e-6 || !seen && math.Abs(h.Between(aDay, now)-sum) > 1e-6*sum {
			r.Fatalf("%v of %v", got, sum)
		}
		if seen && math.Abs(h.Between(now, now+5*exchange.Minute)-7) > 1e-9 {
			r.Fatalf("what was seen is %v", h.Between(now, now+5*exchange.Minute))
		}
		c := Learn(&h, nil, now+exchange.Minute, 10*exchange.Minute, 6)
		if c.Days < days-1 || c.Days < leastDays && strings.HasPrefix(c.Source, "learned") {
			r.Fatalf("%+v", c)
		}
		total := 0.0
		for _, w := range c.Weights {
			total += w
		}
		if math.Abs(total-1) > 1e-9 {
			r.Fatalf("weights sum to %v", total)
		}
	})
}

func TestAProfileIsReadAsItWasWritten(t *testing.T) {
	p := learned(t, 9, func(day, hour int) float64 { return float64(day+hour%5) + 0.25 }, true)
	p.Learned = "history: bars of 1h"
	raw, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back Profile
	if err := json.Unmarshal(raw, &back); err != nil {
		t.Fatal(err)
	}
	again, err := json.Marshal(&back)
	if err != nil || string(again) != string(raw) {
		t.Errorf("%v\n%s\n%s", err, raw, again)
	}
	for old, with := range map[string][2]string{
		`"format":1`:        {`"format":2`, "format: 2, this version reads 1"},
		`"bucket":"1h"`:     {`"bucket":"7m"`, "bucket: \"7m\""},
		`"days":9`:          {`"days":10`, "days: 10: want 1 to the 9"},
		`"until":"2026`:     {`"until":"1026`, "until: "},
		`"07:00"`:           {`"07:01"`, "shares: 07:00 is missing"},
		`"shares":{"00:00"`: {`"shares":{"00:00":0.9,"00:30"`, "they sum to"},
		`"days"`:            {`"dayz"`, "unknown field"},
	} {
		err := json.Unmarshal([]byte(strings.Replace(string(raw), old, with[0], 1)), &back)
		if old == `"shares":{"00:00"` && err != nil {
			continue // one too many, or too much: either is said
		}
		if err == nil || !strings.Contains(err.Error(), with[1]) {
			t.Errorf("%s: %v, want %s", with[0], err, with[1])
		}
	}
}

// FuzzProfile: whatever a file holds, it is refused or gives curves that sum to 1.
func FuzzProfile(f *testing.F) {
	p := learned(f, 9, func(day, hour int) float64 { return float64(day + hour) }, true)
	raw, err := json.Marshal(p)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(raw, int64(3600))
	f.Add([]byte(`{"format":1,"symbol":"X","from":"2026-01-01","until":"2026-01-02","bucket":"1d","days":1,"volume_of_a_day":1,"shares":{"00:00":1}}`), int64(7))
	f.Fuzz(func(t *testing.T, raw []byte, sec int64) {
		var p Profile
		if json.Unmarshal(raw, &p) != nil {
			return
		}
		c := p.Over(aDay+exchange.Time(sec%1e6)*exchange.Second, 10*exchange.Minute, 24)
		sum := 0.0
		for _, w := range c.Weights {
			if !(w >= 0) {
				t.Fatalf("weight %v", w)
			}
			sum += w
		}
		if math.Abs(sum-1) > 1e-6 {
			t.Fatalf("weights sum to %v", sum)
		}
	})
}
