package schedule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/intent"
)

// contender works an order of total lots off and returns what it did in each
// slice of the window, at that slice's own average price.
type contender struct {
	name string
	run  func(w *window) []exchange.Lots
}

// window is one order to be executed. What a contender may look at before a slice
// begins is the history, and seen[:i].
type window struct {
	curve    intent.Curve
	interval exchange.Time
	price    []float64 // of each slice
	seen     []float64 // volume of each slice
	minutes  []candle  // of the window, for the guide
	day      []float64 // the day before, volume by hour, for the guide
	total    exchange.Lots
}

var contenders = []contender{
	{"TWAP", func(w *window) []exchange.Lots { return Plan(w.total, 1, make([]float64, len(w.price))) }},
	{"VWAP static", func(w *window) []exchange.Lots { return Plan(w.total, 1, w.curve.Weights) }},
	{"VWAP dynamic", func(w *window) []exchange.Lots { return w.follow(true) }},
	{"POV", pov},
	{"guide 003", func(w *window) []exchange.Lots { return w.guide(exchange.Minute) }},
	{"guide 003, stretched", func(w *window) []exchange.Lots { return w.guide(w.interval * exchange.Time(len(w.price)) / 24) }},
	{"oracle", func(w *window) []exchange.Lots { return Plan(w.total, 1, w.seen) }},
}

// follow is the machine's own plan, slice by slice.
func (w *window) follow(dynamic bool) []exchange.Lots {
	pace := Pace{Weights: w.curve.Weights, Volume: w.curve.Volume}
	out, done := make([]exchange.Lots, len(w.price)), exchange.Lots(0)
	for i := range out {
		due := max(done, pace.Due(i, w.total, 1, w.interval, dynamic))
		out[i], done = due-done, due
		pace.saw(i, w.seen[i])
	}
	return out
}

// pov aims at the share that would fill the order on a usual day, and can only
// follow what has traded already.
func pov(w *window) []exchange.Lots {
	out, done, market := make([]exchange.Lots, len(w.price)), exchange.Lots(0), 0.0
	for i := range out {
		due := min(w.total, exchange.Lots(float64(w.total)*market/w.curve.Volume))
		out[i], done = due-done, due
		market += w.seen[i]
	}
	return out
}

// guide is the algorithm of guide 003 as it was published. One day's hourly shares
// are applied in turn to what remains, parts below 10 are dropped, and so is what
// comes when the price is 0.1 % away from the limit, in either direction. Its crash
// (a limit that was never set) is mended in its favour: the limit is the price at
// the start, and within it everything fills.
func (w *window) guide(sleep exchange.Time) []exchange.Lots {
	const smallest, tolerance = 10, 0.001
	out := make([]exchange.Lots, len(w.price))
	volume := 0.0
	for _, v := range w.day {
		volume += v
	}
	now, remaining, limit := exchange.Time(0), float64(w.total), w.minutes[0].price
	for _, v := range w.day {
		part := remaining * v / volume
		if part < smallest {
			continue
		}
		remaining -= part
		now += sleep
		i := int(now / w.interval)
		if i >= len(out) {
			break
		}
		at := w.minutes[int(int64(now)*int64(len(w.minutes))/int64(w.interval)/int64(len(out)))].price
		if math.Abs(at-limit)/limit > tolerance {
			now += sleep / 2
			continue
		}
		out[i] += exchange.Lots(part)
	}
	return out
}

// score is what one execution came to.
type score struct{ track, signed, completion float64 }

// judge fills every slice at its own average price: that leaves out spread and
// impact, and isolates the schedule.
func (w *window) judge(lots []exchange.Lots) (score, bool) {
	var cost, done, value, volume float64
	for i, q := range lots {
		cost += float64(q) * w.price[i]
		done += float64(q)
		value += w.price[i] * w.seen[i]
		volume += w.seen[i]
	}
	signed := (cost/done/(value/volume) - 1) * 1e4
	return score{math.Abs(signed), signed, done / float64(w.total)}, done > 0
}

// bench is one data set and the windows cut from it.
type bench struct {
	name     string
	files    []string
	bar      exchange.Time
	from     exchange.Time // of the data
	learn    exchange.Time // before the first window
	length   exchange.Time
	interval exchange.Time
	every    exchange.Time
}

// results are the scores of each contender, by day.
type results struct {
	days   map[exchange.Time][]int // indices into scores
	scores map[string][]score
	n      int
}

// TestExecutionTable compares schedules out of sample: the curve of every window
// is learned from earlier days alone. Run it with -v to see the table.
func TestExecutionTable(t *testing.T) {
	for _, b := range []bench{
		{"12 perpetuals, May 2025, 4 h in 5-minute slices", []string{"perp-1m/klines/*.csv.gz"}, exchange.Minute, 0, 10 * exchange.Day,
			4 * exchange.Hour, 5 * exchange.Minute, 4 * exchange.Hour},
		{"12 perpetuals, May 2025, 30 min in 1-minute slices", []string{"perp-1m/klines/*.csv.gz"}, exchange.Minute, 0, 10 * exchange.Day,
			30 * exchange.Minute, exchange.Minute, 6 * exchange.Hour},
		{"BTC ETH XRP perpetuals, 2024, 12 h in hourly slices", []string{"history/perp_1h/BTC*", "history/perp_1h/ETH*", "history/perp_1h/XRP*"},
			exchange.Hour, exchange.Date(2023, 12, 1), 29 * exchange.Day, 12 * exchange.Hour, exchange.Hour, 12 * exchange.Hour},
	} {
		t.Run(b.name, func(t *testing.T) {
			res := b.run(t)
			res.table(t, b.name)
			twap, dynamic := res.mean("TWAP", tracking), res.mean("VWAP dynamic", tracking)
			if dynamic >= twap {
				t.Errorf("out of sample the dynamic VWAP tracks to %.2f bp and TWAP to %.2f", dynamic, twap)
			}
			if done := res.mean("VWAP dynamic", func(s score) float64 { return s.completion }); done != 1 {
				t.Errorf("the dynamic VWAP completes %.4f of its orders", done)
			}
			if got := res.mean("oracle", tracking); got > 0.5 {
				t.Errorf("with the volumes known the deviation is %.2f bp: the bench is wrong", got)
			}
		})
	}
}

func tracking(s score) float64 { return s.track }

func (b *bench) run(t *testing.T) *results {
	res := &results{days: map[exchange.Time][]int{}, scores: map[string][]score{}}
	for _, pattern := range b.files {
		files, err := filepath.Glob(filepath.Join(datatest.Path(t, filepath.Dir(pattern)), filepath.Base(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, f := range files {
			b.market(candles(t, f, b.bar, b.from), res)
		}
	}
	return res
}

// market runs every contender through every window of one market.
func (b *bench) market(bars []candle, res *results) {
	in := &exchange.Instrument{Venue: "usdm", Contract: exchange.Linear, Tick: exchange.MustStep("0.0000001"), Lot: exchange.MustStep("0.001")}
	var h History
	start := bars[0].at + b.learn
	start += b.every - start%b.every
	for i := 0; i < len(bars); {
		if bars[i].at <= start {
			p := exchange.Ticks(in.Tick.Nearest(bars[i].price))
			h.Bar(in, bars[i].at, &exchange.Bar{High: p, Low: p, Close: p, Volume: bars[i].volume, Interval: b.bar})
			i++
			continue
		}
		n := i
		for n < len(bars) && bars[n].at <= start+b.length {
			n++
		}
		if w, ok := b.window(&h, bars[i:n], start); ok {
			res.add(w, start)
		}
		start += b.every
	}
}

// window cuts an order's window, if all of it was recorded.
func (b *bench) window(h *History, bars []candle, start exchange.Time) (*window, bool) {
	slots := int(b.length / b.interval)
	w := &window{interval: b.interval, minutes: bars, total: 10000, price: make([]float64, slots), seen: make([]float64, slots)}
	w.curve = Learn(h, nil, start, b.interval, slots)
	for _, c := range bars {
		i := int((c.at - 1 - start) / b.interval)
		w.price[i] += c.price * c.volume
		w.seen[i] += c.volume
	}
	for i := range w.price {
		w.price[i] /= w.seen[i]
		if w.seen[i] == 0 { // nothing traded: nothing can be filled at its price
			return nil, false
		}
	}
	for hour := range exchange.Time(24) {
		midnight := start - start%exchange.Day - exchange.Day
		w.day = append(w.day, h.Between(midnight+hour*exchange.Hour, midnight+(hour+1)*exchange.Hour))
	}
	return w, len(bars) == int(b.length/b.bar) && w.curve.Days > 0
}

func (r *results) add(w *window, start exchange.Time) {
	for _, c := range contenders {
		s, ok := w.judge(c.run(w))
		if !ok {
			s = score{math.NaN(), math.NaN(), 0} // it traded nothing
		}
		r.scores[c.name] = append(r.scores[c.name], s)
	}
	day := start / exchange.Day
	r.days[day] = append(r.days[day], r.n)
	r.n++
}

func (r *results) mean(name string, of func(score) float64) float64 {
	sum, n := 0.0, 0.0
	for _, s := range r.scores[name] {
		if v := of(s); !math.IsNaN(v) {
			sum, n = sum+v, n+1
		}
	}
	return sum / n
}

// interval is the 95 % confidence interval of a statistic of windows, by a
// bootstrap of whole days: what happens on a day happens in all markets.
func (r *results) interval(stat func(i int) float64) (low, high float64) {
	days := make([]exchange.Time, 0, len(r.days))
	for d := range r.days {
		days = append(days, d)
	}
	slices.Sort(days)
	rnd := rand.New(rand.NewPCG(3, 5))
	means := make([]float64, 2000)
	for k := range means {
		sum, n := 0.0, 0.0
		for range days {
			for _, i := range r.days[days[rnd.IntN(len(days))]] {
				if v := stat(i); !math.IsNaN(v) {
					sum, n = sum+v, n+1
				}
			}
		}
		means[k] = sum / n
	}
	slices.Sort(means)
	return means[50], means[1949]
}

func (r *results) table(t *testing.T, name string) {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %d orders on %d days, slices filled at their own average price, in bp\n", name, r.n, len(r.days))
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "schedule\t|vs VWAP|\t95 % CI\trms\tp95\tagainst TWAP\t95 % CI\tbuy slippage\t95 % CI\tcompletion\t")
	twap := r.scores["TWAP"]
	for _, c := range contenders {
		list := r.scores[c.name]
		tracks := make([]float64, 0, len(list))
		for _, s := range list {
			if !math.IsNaN(s.track) {
				tracks = append(tracks, s.track)
			}
		}
		slices.Sort(tracks)
		lo, hi := r.interval(func(i int) float64 { return list[i].track })
		dlo, dhi := r.interval(func(i int) float64 { return list[i].track - twap[i].track })
		slo, shi := r.interval(func(i int) float64 { return list[i].signed })
		mean := r.mean(c.name, tracking)
		fmt.Fprintf(w, "%s\t%.2f\t%.2f … %.2f\t%.2f\t%.2f\t%+.2f\t%+.2f … %+.2f\t%+.2f\t%+.2f … %+.2f\t%.2f %%\t\n", c.name, mean, lo, hi,
			math.Sqrt(r.mean(c.name, func(s score) float64 { return s.track * s.track })), tracks[len(tracks)*95/100],
			mean-r.mean("TWAP", tracking), dlo, dhi, r.mean(c.name, func(s score) float64 { return s.signed }), slo, shi,
			100*r.mean(c.name, func(s score) float64 { return s.completion }))
	}
	w.Flush()
	t.Log("\n" + text.String())
}
