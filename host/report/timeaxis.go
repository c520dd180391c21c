package report

import (
	"time"

	"github.com/perilune/perilune/exchange"
)

// maxTimeTicks is how many labels fit below a chart on a narrow screen.
const maxTimeTicks = 7

// spans are the distances between ticks that read well, below a month.
var spans = []exchange.Time{
	exchange.Second, 5 * exchange.Second, 15 * exchange.Second,
	exchange.Minute, 5 * exchange.Minute, 15 * exchange.Minute, 30 * exchange.Minute,
	exchange.Hour, 3 * exchange.Hour, 6 * exchange.Hour, 12 * exchange.Hour,
	exchange.Day, 2 * exchange.Day, 7 * exchange.Day, 14 * exchange.Day,
}

// timeTicks marks round times of UTC from t0 to t1.
func timeTicks(t0, t1 exchange.Time) []tick {
	for _, step := range spans {
		if (t1-t0)/step < maxTimeTicks {
			return evenTicks(t0, t1, step)
		}
	}
	return monthTicks(t0, t1)
}

func evenTicks(t0, t1, step exchange.Time) (out []tick) {
	for t := (t0 + step - 1) / step * step; t <= t1; t += step {
		format := "2 Jan"
		if t%exchange.Day != 0 {
			format = "15:04"
		}
		if t%exchange.Minute != 0 {
			format = "15:04:05"
		}
		out = append(out, newTimeTick(t, t0, t1, format, len(out)))
	}
	return out
}

func monthTicks(t0, t1 exchange.Time) (out []tick) {
	first, last := t0.UTC(), t1.UTC()
	months := (last.Year()-first.Year())*12 + int(last.Month()-first.Month())
	step := 1
	for _, step = range []int{1, 2, 3, 6, 12, 24, 60, 120} {
		if months/step < maxTimeTicks {
			break
		}
	}
	// From a January on, so that every step that divides a year meets it again.
	for m := 0; ; m += step {
		at := time.Date(first.Year(), time.January, 1, 0, 0, 0, 0, time.UTC).AddDate(0, m, 0)
		t := exchange.Time(at.UnixNano())
		if t > t1 {
			return out
		}
		if t >= t0 {
			out = append(out, newTimeTick(t, t0, t1, "Jan 2006", len(out)))
		}
	}
}

func newTimeTick(t, t0, t1 exchange.Time, format string, before int) tick {
	return tick{
		At:    coord(float64(t-t0) / float64(t1-t0) * 100),
		Label: t.UTC().Format(format),
		Odd:   before%2 == 1,
	}
}

// resolution is the round time that can be told on an axis of this span.
func resolution(span exchange.Time) exchange.Time {
	for _, r := range []exchange.Time{exchange.Second, exchange.Minute, exchange.Hour} {
		if span/(10*boxWidth) <= r {
			return r
		}
	}
	return exchange.Day
}
