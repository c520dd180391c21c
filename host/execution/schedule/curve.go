package schedule

import (
	"fmt"
	"math"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Bucket is the resolution at which a market's volume is learned. Slices that are
// shorter share a bucket's volume evenly: a single minute of one market says
// little of the same minute tomorrow.
const Bucket = 5 * exchange.Minute

const (
	keepDays    = 28   // that the curve is learned from
	leastDays   = 3    // with fewer it is not worth believing
	dayDecay    = 0.95 // weight of a day against the one after it
	otherClass  = 0.3  // weight of a weekday for a weekend, and the other way round
	trimmed     = 0.1  // of the days' weight, cut off at either end
	evenPart    = 0.5  // of a curve that is even: see lean
	bucketsADay = int(exchange.Day / Bucket)
)

// History is the volume of one market by time: what a curve is learned from. The
// zero value has seen nothing.
type History struct {
	Tape intent.MarketVolume

	base        exchange.Time // midnight UTC that buckets begin at
	buckets     []float64
	first, last exchange.Time    // the span that was seen whole
	lastBar     exchange.Time    // interval of the newest bar
	trades      bool             // trades are seen, and bars would count them again
	told        bool             // some of it was told by the venue; see Told
	hole        [2]exchange.Time // between what was told and what was seen
}

// Trade adds a public trade.
func (h *History) Trade(in *exchange.Instrument, at exchange.Time, price exchange.Ticks, qty exchange.Lots) {
	q := in.QtyFloat(qty)
	if !h.trades {
		h.trades = true
		next := at - at%Bucket + Bucket // the bucket under way was seen in part
		if h.told {
			h.hole = [2]exchange.Time{h.last, next}
		}
		h.begin(next)
	}
	h.count(in, in.PriceFloat(price), q)
	h.spread(at, at+1, q)
	h.last = max(h.last, at)
}

// Bar adds a finished bar that closed at a time. Once trades are seen bars are
// left out. A bar's price is its typical price, (high+low+close)/3.
func (h *History) Bar(in *exchange.Instrument, at exchange.Time, b *exchange.Bar) {
	if h.trades || b.Interval <= 0 || !(b.Volume >= 0) || math.IsInf(b.Volume, 0) {
		return
	}
	h.begin(at - b.Interval)
	h.lastBar = b.Interval
	h.count(in, in.PriceFloat(b.High+b.Low+b.Close)/3, b.Volume)
	h.spread(at-b.Interval, at, b.Volume)
	h.last = max(h.last, at)
}

// begin sets where the span that was seen begins, once.
func (h *History) begin(at exchange.Time) {
	if h.buckets == nil {
		h.first = at
	}
}

func (h *History) count(in *exchange.Instrument, price, qty float64) {
	if !(price > 0) {
		return
	}
	h.Tape.Qty += qty
	if in.Inverse() {
		h.Tape.Value += qty / price
	} else {
		h.Tape.Value += qty * price
	}
}

// spread spreads a quantity evenly over a span.
func (h *History) spread(from, to exchange.Time, qty float64) {
	if h.buckets == nil || to-h.base > 4*keepDays*exchange.Day {
		h.base = from - from%exchange.Day
		h.buckets = h.buckets[:0]
		if h.last != 0 {
			h.first = from // after so long a silence it is learned anew
		}
	}
	for at := max(from, h.base); at < to; {
		i := int((at - h.base) / Bucket)
		end := min(to, h.base+exchange.Time(i+1)*Bucket)
		for len(h.buckets) <= i {
			h.buckets = append(h.buckets, 0)
		}
		h.buckets[i] += qty * float64(end-at) / float64(to-from)
		at = end
	}
	for len(h.buckets) > (keepDays+2)*bucketsADay {
		h.buckets = h.buckets[:copy(h.buckets, h.buckets[bucketsADay:])]
		h.base += exchange.Day
		h.first = max(h.first, h.base)
	}
}

// Told puts what a venue tells of the time before in front of what was seen: volumes of
// equal spans that end at a time.
func (h *History) Told(until, length exchange.Time, qty []float64) {
	from := until - length*exchange.Time(len(qty))
	if n := exchange.Time(keepDays) * exchange.Day / length; from < until-n*length {
		from, qty = until-n*length, qty[len(qty)-int(n):]
	}
	seen := h.buckets != nil
	if !seen {
		h.first = until
	}
	if len(qty) == 0 || from >= h.first {
		return
	}
	base := from - from%exchange.Day
	older := History{base: base, first: from, buckets: []float64{}}
	for i, q := range qty {
		at := from + length*exchange.Time(i)
		if at >= h.first {
			break
		}
		end := min(at+length, h.first)
		older.spread(at, end, q*float64(end-at)/float64(length))
	}
	for i, q := range h.buckets { // what came before first was seen in part
		if at := h.base + exchange.Time(i)*Bucket; at+Bucket > h.first {
			older.spread(at, at+Bucket, q)
		}
	}
	if seen && until < h.first {
		h.hole = [2]exchange.Time{until, h.first}
	}
	h.base, h.buckets, h.first, h.told = older.base, older.buckets, max(from, older.first), true
	h.last = max(h.last, until)
}

// Days is how many earlier days a curve of a window could be learned from.
func (h *History) Days(start, interval exchange.Time, n int) int {
	return len(h.days(start, interval, n))
}

// Between is the volume that was traded in a span, in units of quantity. A part of
// a bucket counts in proportion.
func (h *History) Between(from, to exchange.Time) float64 {
	sum := 0.0
	for at := max(from, h.base); at < to; {
		i := int((at - h.base) / Bucket)
		if i >= len(h.buckets) {
			break
		}
		end := min(to, h.base+exchange.Time(i+1)*Bucket)
		sum += h.buckets[i] * float64(end-at) / float64(Bucket)
		at = end
	}
	return sum
}

// Recent is the volume of the last bucket, or of the last bar where bars are
// longer: what the participation cap starts a window with.
func (h *History) Recent(now exchange.Time) float64 {
	return h.Between(now-max(Bucket, h.lastBar), now)
}

// Follow is the curve of a window: a given profile's, and Learn's where there is none or it
// is unfit, which is said.
func Follow(given *Profile, own *History, others []*History, start, interval exchange.Time, n int) intent.Curve {
	if given == nil {
		return Learn(own, others, start, interval, n)
	}
	why := given.Unfit(start)
	if why == "" {
		return given.Over(start, interval, n)
	}
	c := Learn(own, others, start, interval, n)
	c.Source += "; the given profile is not followed: " + why
	return c
}

// Learn finds the best curve that histories allow: the market's own, that of all
// the others together, and an even one when neither has seen enough.
func Learn(own *History, others []*History, start, interval exchange.Time, n int) intent.Curve {
	c, days := own.curve(start, interval, n)
	if days >= leastDays {
		c.Source = fmt.Sprintf("learned from %d days", days)
		if own.told {
			c.Source += fmt.Sprintf(" with the venue's bars, the newest %s old", span(start-c.Until))
		}
		return c
	}
	if pool, ok := pooled(others, start, interval, n); ok {
		return pool
	}
	return intent.UniformCurve(n, fmt.Sprintf("the window's volume is known for %d earlier days, %d are needed", days, leastDays))
}

// pooled averages the curves of other markets: the hours of the day that are busy
// are much the same everywhere.
func pooled(others []*History, start, interval exchange.Time, n int) (intent.Curve, bool) {
	out := intent.Curve{Weights: make([]float64, n)}
	markets := 0.0
	for _, h := range others {
		c, days := h.curve(start, interval, n)
		if days < leastDays {
			continue
		}
		markets++
		out.Days = max(out.Days, days)
		for i, w := range c.Weights {
			out.Weights[i] += w
		}
	}
	for i := range out.Weights {
		out.Weights[i] /= markets
	}
	out.Source = fmt.Sprintf("learned from %g other markets", markets)
	return out, markets > 0
}

// day is the same window on an earlier day.
type day struct {
	shares []float64 // of the window's volume
	volume float64
	weight float64
	until  exchange.Time // the end of its window
}

// curve averages the shares that each slice had of the same window on earlier
// days. Shares, not volumes: a day that was busy as a whole says no more of the
// shape than a quiet one.
func (h *History) curve(start, interval exchange.Time, n int) (intent.Curve, int) {
	days := h.days(start, interval, n)
	if len(days) < leastDays {
		return intent.Curve{}, len(days)
	}
	c := intent.Curve{Weights: make([]float64, n), Days: len(days), Until: days[0].until}
	column := make([]weighted, len(days))
	for i := range c.Weights {
		for d := range days {
			column[d] = weighted{days[d].shares[i], days[d].weight}
		}
		c.Weights[i] = trimmedMean(column)
	}
	for d := range days {
		column[d] = weighted{days[d].volume, days[d].weight}
	}
	c.Volume = trimmedMean(column)
	lean(c.Weights)
	return c, len(days)
}

// days are the earlier days on which the whole window was seen and traded in.
func (h *History) days(start, interval exchange.Time, n int) []day {
	var out []day
	end := start + interval*exchange.Time(n)
	for age := 1; age <= keepDays; age++ {
		back := exchange.Time(age) * exchange.Day
		if start-back < h.first || end-back > h.last || start-back < h.hole[1] && end-back > h.hole[0] {
			continue
		}
		volume := h.Between(start-back, end-back)
		if !(volume > 0) {
			continue
		}
		d := day{shares: make([]float64, n), volume: volume, weight: math.Pow(dayDecay, float64(age)), until: end - back}
		if weekend(start) != weekend(start-back) {
			d.weight *= otherClass
		}
		for i := range d.shares {
			at := start - back + interval*exchange.Time(i)
			d.shares[i] = h.Between(at, at+interval) / volume
		}
		out = append(out, d)
	}
	return out
}

// weekend reports whether a time is on a Saturday or a Sunday, UTC. The epoch was
// a Thursday.
func weekend(t exchange.Time) bool {
	d := (t/exchange.Day + 4) % 7
	return d == 0 || d == 6
}

type weighted struct{ value, weight float64 }

// trimmedMean is the weighted mean without the tenth of the weight at either end,
// so that a day of news does not shape the curve. It sorts its argument.
func trimmedMean(list []weighted) float64 {
	slices.SortFunc(list, func(a, b weighted) int {
		switch {
		case a.value < b.value:
			return -1
		case a.value > b.value:
			return 1
		}
		return 0
	})
	total := 0.0
	for _, x := range list {
		total += x.weight
	}
	low, high := trimmed*total, (1-trimmed)*total
	at, sum := 0.0, 0.0
	for _, x := range list {
		if kept := min(at+x.weight, high) - max(at, low); kept > 0 {
			sum += x.value * kept
		}
		at += x.weight
	}
	return sum / (high - low)
}

// lean makes weights sum to 1 and brings them halfway to even ones. The busy hours
// of a curve are busiest on the days of large moves, and on the other days they are
// bought too early: TestExecutionTable finds a curve that is followed in full
// worse than no curve in hourly slices of half a day. So no slice is ever expected
// to be empty either.
func lean(w []float64) {
	sum := 0.0
	for _, v := range w {
		sum += v
	}
	for i := range w {
		w[i] = (1-evenPart)*w[i]/sum + evenPart/float64(len(w))
	}
}
