package schedule

import (
	"errors"
	"fmt"
	"math"

	"github.com/perilune/perilune/exchange"
)

// Learner adds up what a market traded by days and buckets, and makes a Profile of it. It
// is told of trades or of bars.
type Learner struct {
	in     *exchange.Instrument
	bucket exchange.Time
	days   []learnedDay // in order
	last   exchange.Time
}

// silence is how long a recording may bring nothing at all before the time counts as not
// recorded.
const silence = 15 * exchange.Minute

// learnedDay is what was seen of a day.
type learnedDay struct {
	start exchange.Time
	qty   []float64
	seen  []exchange.Time // of each bucket, the time that was watched
}

// NewLearner returns one for buckets that divide a day.
func NewLearner(in *exchange.Instrument, bucket exchange.Time) (*Learner, error) {
	if bucket < exchange.Minute || exchange.Day%bucket != 0 {
		return nil, fmt.Errorf("bucket: %s: want a minute or more that divides a day, such as 15m or 1h", exchange.BarLength(bucket))
	}
	return &Learner{in: in, bucket: bucket}, nil
}

// Bar adds a finished bar that closed at a time.
func (l *Learner) Bar(at exchange.Time, b *exchange.Bar) error {
	switch {
	case b.Interval <= 0 || !(b.Volume >= 0) || math.IsInf(b.Volume, 0):
		return nil
	case b.Interval > l.bucket || l.bucket%b.Interval != 0:
		return fmt.Errorf("bucket: %s can't be told from bars of %s: want a multiple of that", exchange.BarLength(l.bucket), exchange.BarLength(b.Interval))
	}
	d, i := l.at(at - b.Interval)
	d.qty[i] += b.Volume
	d.seen[i] += b.Interval
	return nil
}

// Trade adds a public trade; Watch was told of its time before.
func (l *Learner) Trade(at exchange.Time, qty exchange.Lots) {
	d, i := l.at(at)
	d.qty[i] += l.in.QtyFloat(qty)
}

// Watch says that the recording of trades goes on at a time. What it was silent for longer
// than a quarter of an hour it has not seen.
func (l *Learner) Watch(at exchange.Time) {
	from := l.last
	l.last = max(l.last, at)
	if from == 0 || at-from > silence {
		return
	}
	for from < at {
		d, i := l.at(from)
		end := min(at, from-from%l.bucket+l.bucket)
		d.seen[i] += end - from
		from = end
	}
}

// at is the day and bucket of a time. Times come in order but for a few.
func (l *Learner) at(t exchange.Time) (*learnedDay, int) {
	start := t - t%exchange.Day
	k := len(l.days)
	for k > 0 && l.days[k-1].start > start {
		k--
	}
	if k == 0 || l.days[k-1].start != start {
		n := int(exchange.Day / l.bucket)
		l.days = append(l.days, learnedDay{})
		copy(l.days[k+1:], l.days[k:])
		l.days[k] = learnedDay{start, make([]float64, n), make([]exchange.Time, n)}
		k++
	}
	return &l.days[k-1], int(t % exchange.Day / l.bucket)
}

// Profile averages the newest days that were seen whole, at most so many; 0: all. Each
// bucket is the mean of its shares of the days' volumes, newer days counting more and the
// tenth of the weight at either end left out, as a session learns its curve. apart tells
// weekdays and weekends apart, where there are enough of either.
func (l *Learner) Profile(most int, apart bool) (*Profile, error) {
	whole, leftOut := l.whole()
	if len(whole) == 0 {
		if len(leftOut) > 0 {
			return nil, fmt.Errorf("no day was seen whole: %s", leftOut[len(leftOut)-1])
		}
		return nil, errors.New("nothing was traded in it")
	}
	if older := len(whole) - most; most > 0 && older > 0 {
		leftOut = append(leftOut, fmt.Sprintf("%s to %s: %d older days than the newest %d", dayText(whole[0].start), dayText(whole[older-1].start), older, most))
		whole = whole[older:]
	}
	newest := whole[len(whole)-1].start
	p := &Profile{Symbol: l.in.FullKey(), Bucket: l.bucket, From: whole[0].start, Until: newest + exchange.Day, Days: len(whole), LeftOut: leftOut}
	p.Shares, p.Volume = average(whole, newest)
	if apart {
		var of [2][]learnedDay
		for _, d := range whole {
			i := 0
			if weekend(d.start) {
				i = 1
			}
			of[i] = append(of[i], d)
		}
		for i, to := range []*[]float64{&p.Weekday, &p.Weekend} {
			if len(of[i]) >= leastDays {
				*to, _ = average(of[i], newest)
			} else {
				p.LeftOut = append(p.LeftOut, fmt.Sprintf("%s are not told apart: %d were seen whole, %d are needed", [...]string{"weekdays", "weekends"}[i], len(of[i]), leastDays))
			}
		}
	}
	return p, nil
}

// whole are the days that were seen from end to end and traded in.
func (l *Learner) whole() (out []learnedDay, leftOut []string) {
	for _, d := range l.days {
		lacking, volume := 0, 0.0
		for i := range d.qty {
			volume += d.qty[i]
			if d.seen[i] < l.bucket-l.bucket/50 { // a recording ends with its last trade, not with the day
				lacking++
			}
		}
		switch {
		case lacking > 0:
			leftOut = append(leftOut, fmt.Sprintf("%s: %d of %d buckets were not seen whole", dayText(d.start), lacking, len(d.qty)))
		case !(volume > 0):
			leftOut = append(leftOut, dayText(d.start)+": nothing was traded")
		default:
			out = append(out, d)
		}
	}
	return out, leftOut
}

// average is the mean of the days' shares, which sum to 1, and of their volumes.
func average(days []learnedDay, newest exchange.Time) (shares []float64, volume float64) {
	n := len(days[0].qty)
	shares = make([]float64, n)
	volumes := make([]weighted, len(days))
	for k, d := range days {
		volumes[k].weight = math.Pow(dayDecay, float64((newest-d.start)/exchange.Day))
		for _, q := range d.qty {
			volumes[k].value += q
		}
	}
	column := make([]weighted, len(days))
	sum := 0.0
	for i := range shares {
		for k, d := range days {
			column[k] = weighted{d.qty[i] / volumes[k].value, volumes[k].weight}
		}
		shares[i] = trimmedMean(column)
		sum += shares[i]
	}
	if !(sum > 0) { // each bucket was traded in on a tenth of the days at most
		for i := range shares {
			for k, d := range days {
				shares[i] += d.qty[i] / volumes[k].value / float64(len(days))
			}
		}
		sum = 1
	}
	for i := range shares {
		shares[i] = math.Round(shares[i]/sum*1e9) / 1e9
	}
	return shares, trimmedMean(volumes)
}
