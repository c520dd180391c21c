package schedule

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/intent"
)

// tape is a venue made of recorded trades. Its touch is where buyers and sellers
// last took; an order that rests fills only when a trade goes through its price,
// and no more than that trade's size; one that takes pays the touch.
type tape struct {
	*desk
	bid, ask exchange.Ticks
}

func newTape(t *testing.T) *tape {
	return &tape{desk: newDesk(t, "spot:XRPETH")}
}

// trade moves the market by one public trade.
func (v *tape) trade(p print) {
	price, qty := exchange.Ticks(v.in.Tick.Nearest(number(p.price))), exchange.Lots(v.in.Lot.Nearest(number(p.qty)))
	if v.m != nil && p.at > v.now {
		v.wait(p.at - v.now)
		v.take()
	}
	v.now = p.at
	v.volume[v.in.ID].Trade(v.in, v.now, price, qty)
	if p.sold {
		v.bid, v.ask = price, max(v.ask, price+1)
	} else {
		v.ask, v.bid = price, max(1, min(v.bid, price-1))
	}
	v.touch()
	if o := v.live(); o != nil && o.TIF == exchange.PostOnly && exchange.Ticks(o.Side)*(o.Price-price) > 0 {
		v.fill(o, min(qty, o.Qty-o.Filled))
	}
	v.take()
}

func (v *tape) touch() {
	b := v.books[v.in.ID]
	b.Apply(&exchange.Event{Kind: exchange.KindSnapshot, Time: v.now, LastID: b.LastID() + 1, PrevID: -1,
		Bids: []exchange.Level{{Price: v.bid, Qty: 2000}}, Asks: []exchange.Level{{Price: v.ask, Qty: 2000}}})
}

// take answers what waits for an answer: an order that takes, one that would have
// to rest and can't, a cancel.
func (v *tape) take() {
	for o := v.live(); o != nil; o = v.live() {
		far := v.ask
		if o.Side == exchange.Sell {
			far = v.bid
		}
		crosses := exchange.Ticks(o.Side)*(o.Price-far) >= 0
		switch {
		case o.TIF == exchange.PostOnly && crosses && o.Filled == 0 && o.Status == exchange.StatusNew:
			v.finish(o, exchange.StatusRejected)
		case o.TIF == exchange.IOC && crosses:
			v.fillAt(o, min(2000, o.Qty), far)
			if !o.Status.Terminal() {
				v.finish(o, exchange.StatusExpired)
			}
		case o.TIF == exchange.IOC:
			v.finish(o, exchange.StatusExpired)
		case o.Canceled:
			v.finish(o, exchange.StatusCanceled)
		default:
			o.Status = exchange.StatusAccepted
			return
		}
	}
}

func number(s string) float64 {
	var v float64
	if _, err := fmt.Sscan(s, &v); err != nil {
		return math.NaN()
	}
	return v
}

// TestOnRecordedTrades works orders of 2 % of the volume off on a day of recorded
// trades, with the machine's own tactics and the checks of the desk: every order
// keeps cap and guard. One day is none to learn a curve from, so vwap is even here,
// and says so. Run it with -v to see the table.
func TestOnRecordedTrades(t *testing.T) {
	const length = 4 * exchange.Hour
	list := prints(t, datatest.Path(t, "ticks/spot-XRPETH-aggTrades-20191011.jsonl.gz"))
	day := list[0].at - list[0].at%exchange.Day
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "schedule\torders\t|vs VWAP|\t95 % CI\tslippage\t95 % CI\trested\tcompletion\t")
	for _, algo := range []intent.Algo{intent.TWAP, intent.VWAP, intent.POV} {
		var track, slip, rested, done []float64
		for k := range exchange.Time(5) {
			start := day + 3*exchange.Hour + k*length
			for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
				s, in := play(t, list, intent.ScheduleRequest{Algo: algo, Side: side, Start: start, Duration: length, Participation: 0.1, SlippageBP: 50, AtEnd: intent.CrossAtEnd})
				track, slip = append(track, math.Abs(s.SlippageVWAP(in))), append(slip, s.SlippageVWAP(in))
				rested, done = append(rested, s.MakerShare()), append(done, s.Completion())
				if s.State != intent.ScheduleCompleted || s.Filled != s.Total {
					t.Errorf("%s %s from %s: %s with %d of %d (%s)", algo, side, start, s.State, s.Filled, s.Total, s.Reason)
				}
			}
		}
		lo, hi := resampled(track)
		slo, shi := resampled(slip)
		fmt.Fprintf(w, "%s\t%d\t%.2f\t%.2f … %.2f\t%+.2f\t%+.2f … %+.2f\t%.0f %%\t%.1f %%\t\n", algo, len(track), mean(track), lo, hi, mean(slip), slo, shi, 100*mean(rested), 100*mean(done))
	}
	w.Flush()
	t.Log("\n" + text.String())
}

// play runs one order over a recorded day.
func play(t *testing.T, list []print, r intent.ScheduleRequest) (*intent.Schedule, *exchange.Instrument) {
	v := newTape(t)
	volume := 0.0
	for _, p := range list {
		if p.at >= r.Start && p.at < r.Start+r.Duration {
			volume += number(p.qty)
		}
	}
	r.Qty = exchange.Lots(0.02 * volume)
	v.ask = 1
	for _, p := range list {
		if v.m == nil && p.at >= r.Start {
			v.now = r.Start
			if err := v.start(r); err != nil {
				t.Fatal(err)
			}
		}
		v.trade(p)
	}
	for range 100 {
		v.wait(exchange.Second)
		v.take()
	}
	return &v.m.Schedule, v.in
}

func mean(list []float64) float64 {
	sum := 0.0
	for _, v := range list {
		sum += v
	}
	return sum / float64(len(list))
}

// resampled is the 95 % interval of a mean by bootstrap of windows, which are the
// pairs of a buy and a sell.
func resampled(list []float64) (low, high float64) {
	rnd := rand.New(rand.NewPCG(7, 11))
	means := make([]float64, 2000)
	for k := range means {
		var some []float64
		for range len(list) / 2 {
			i := 2 * rnd.IntN(len(list)/2)
			some = append(some, list[i], list[i+1])
		}
		means[k] = mean(some)
	}
	slices.Sort(means)
	return means[50], means[1949]
}
