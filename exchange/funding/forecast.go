package funding

import "github.com/perilune/perilune/exchange"

// Forecast foretells the rate that an interval will settle at from the venue's
// running estimate, which is the rate of the samples so far and lags behind the
// premium: halfway through, three quarters of the weight are still to come.
//
// How the estimate moves tells what was sampled meanwhile, without seeing the
// samples: from the means at two moments and their weights follows the mean of
// what lies between. The samples to come are taken to be like those of the last
// half hour. Where the estimate is flat, because the premium is so small that the
// interest rate makes up for it or because the rate is at its bound, nothing can
// be told, and the forecast is the estimate.
type Forecast struct {
	rule   Rule
	next   exchange.Time // settlement of the interval
	points []point       // of the last half hour and one before, oldest first
	// minutes are mean premiums that the venue told of, oldest first: what there is
	// to go by until estimates have been seen for a while.
	minutes []minute
}

// minute is the mean premium of one.
type minute struct {
	end  exchange.Time
	mean float64
}

// point is the mean premium after k samples.
type point struct {
	at   exchange.Time
	k    int64
	mean float64
}

const (
	lookback = 30 * exchange.Minute
	spacing  = exchange.Minute
)

// NewForecast returns a forecast by a rule; its Hours are those of the stream.
func NewForecast(rule Rule) *Forecast { return &Forecast{rule: rule} }

// Premium takes the mean premium of a minute by its end, a fraction of the index.
// With the last half hour of them the forecast needs no time to begin.
func (f *Forecast) Premium(end exchange.Time, mean exchange.E8) {
	for len(f.minutes) > 0 && f.minutes[0].end <= end-lookback {
		f.minutes = append(f.minutes[:0], f.minutes[1:]...)
	}
	f.minutes = append(f.minutes, minute{end, mean.Float()})
}

// told is the mean of the minutes that were told and are not too old.
func (f *Forecast) told(now exchange.Time) (mean float64, ok bool) {
	n := 0
	for _, m := range f.minutes {
		if m.end > now-lookback {
			mean += m.mean
			n++
		}
	}
	return mean / float64(max(n, 1)), n > 0
}

// Rate takes what the venue says of an instrument and returns the rate that will
// probably settle. It is called with every new mark.
func (f *Forecast) Rate(m *exchange.MarkState) exchange.E8 {
	if m.NextFunding != f.next || m.Hours != f.rule.Hours {
		f.next, f.points = m.NextFunding, f.points[:0]
		f.rule.Hours = m.Hours
	}
	rule := f.rule.At(m.NextFunding)
	n := Samples(m.Hours)
	k := n - int64((m.NextFunding-m.Time)/SampleInterval)
	mean, ok := rule.Mean(m.Rate)
	if !ok || k <= 0 || k >= n {
		f.points = f.points[:0]
		return m.Rate
	}
	rest := f.rest(point{m.Time, k, mean})
	return rule.Rate(final(k, n, mean, rest))
}

// rest is the mean premium of the last half hour, or of as much as is known.
func (f *Forecast) rest(p point) float64 {
	for len(f.points) > 1 && f.points[1].at <= p.at-lookback {
		f.points = append(f.points[:0], f.points[1:]...)
	}
	if n := len(f.points); n == 0 || p.at-f.points[n-1].at >= spacing {
		f.points = append(f.points, p)
	}
	old := f.points[0]
	if p.at-old.at < 5*spacing {
		if mean, ok := f.told(p.at); ok {
			return mean
		}
		return p.mean
	}
	was, is := weight(old.k), weight(p.k)
	return (p.mean*is - old.mean*was) / (is - was)
}
