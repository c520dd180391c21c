package paper

import (
	"math"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Reach compares what an account did in an instrument with what the market did in the
// same time, period by period: a minute where the feed has trades, else a bar. A fill
// beyond what was traded rests on the displayed book alone, and nobody knows what a market
// would have done about an order that is larger than itself.
type Reach struct {
	Instrument exchange.InstrumentID
	Period     exchange.Time // 0: the feed has neither trades nor bars, so only the book was compared with

	Orders       int // that the venue took
	BeyondBook   int // of them, that wanted more at once than the whole known side of the book
	BeyondTraded int // of them, larger than all that was traded in the period they came in
	Periods      int // with fills of ours
	Beyond       int // of them, in which we filled more than all that was traded

	Filled exchange.Lots // in the periods with fills of ours
	Traded exchange.Lots // by the market, in the same
	Excess exchange.Lots // filled beyond what was traded, summed over the periods

	Largest Largest // the order that was most times what was traded or displayed
}

// Largest is an order beside what there was.
type Largest struct {
	At          exchange.Time
	Qty, Was    exchange.Lots // Was: what was traded in its period, or displayed
	OfBook      bool          // Was was displayed
	TimesLarger float64       // Qty over Was; infinite where there was nothing
}

// Any reports whether something went beyond the data.
func (r *Reach) Any() bool { return r.BeyondBook+r.BeyondTraded+r.Beyond > 0 }

// reachPeriod is the length of a period on a feed of trades.
const reachPeriod = exchange.Minute

// reach keeps a Reach up to date.
type reach struct {
	sum    Reach
	trades bool          // the feed has some: the clock ends periods, and not bars
	from   exchange.Time // of the running period, on a feed of trades
	traded float64       // in it, in lots
	ours   exchange.Lots
	came   []arrival // orders that came in it
}

type arrival struct {
	at  exchange.Time
	qty exchange.Lots
}

// mostArrivals is how many orders of a period are compared one by one; of more, the
// largest ones take the places of the others.
const mostArrivals = 64

// order takes note of an order that the venue took. shown is the whole known side of the
// book that it met, and wants whether it wanted more than that at once.
func (r *reach) order(o *order, at exchange.Time, shown exchange.Lots, wants bool) {
	r.until(at)
	r.sum.Orders++
	if wants {
		r.sum.BeyondBook++
		r.largest(Largest{At: at, Qty: o.Qty, Was: shown, OfBook: true})
	}
	if len(r.came) < mostArrivals {
		r.came = append(r.came, arrival{at, o.Qty})
		return
	}
	least := 0
	for i := range r.came {
		if r.came[i].qty < r.came[least].qty {
			least = i
		}
	}
	if o.Qty > r.came[least].qty {
		r.came[least] = arrival{at, o.Qty}
	}
}

func (r *reach) fill(q exchange.Lots, at exchange.Time) {
	r.until(at)
	r.ours += q
}

// trade takes note of a public trade.
func (r *reach) trade(q exchange.Lots, at exchange.Time) {
	r.trades, r.sum.Period = true, reachPeriod
	r.until(at)
	r.traded += float64(q)
}

// bar closes the period that a bar is, where nothing finer tells what was traded.
func (r *reach) bar(b *exchange.Bar, lot float64) {
	if r.trades && b.Interval != reachPeriod || r.sum.Period != 0 && b.Interval > r.sum.Period {
		return
	}
	r.sum.Period = b.Interval
	r.traded = b.Volume / lot
	r.close()
}

// until closes the running period on a feed of trades when a moment is after it.
func (r *reach) until(at exchange.Time) {
	if from := at - at%reachPeriod; from != r.from {
		if r.trades {
			r.close()
		}
		r.from = from
	}
}

func (r *reach) close() {
	traded := exchange.Lots(math.Min(math.Round(r.traded), 1<<52))
	for _, a := range r.came {
		if a.qty > traded {
			r.sum.BeyondTraded++
			r.largest(Largest{At: a.at, Qty: a.qty, Was: traded})
		}
	}
	if r.ours > 0 {
		r.sum.Periods++
		r.sum.Filled += r.ours
		r.sum.Traded += traded
		if r.ours > traded {
			r.sum.Beyond++
			r.sum.Excess += r.ours - traded
		}
	}
	r.traded, r.ours, r.came = 0, 0, r.came[:0]
}

func (r *reach) largest(l Largest) {
	l.TimesLarger = math.Inf(1)
	if l.Was > 0 {
		l.TimesLarger = float64(l.Qty) / float64(l.Was)
	}
	if l.TimesLarger > r.sum.Largest.TimesLarger {
		r.sum.Largest = l
	}
}

// ReachOf is how far orders and fills at a venue went beyond the data, of the instruments that
// orders were made in, by instrument. A running minute of trades is compared as far as it
// went; a running bar is not, because what was traded in it is told at its end.
func ReachOf(v *Venue) (out []Reach) {
	for _, s := range v.markets.slots {
		if s.reach.sum.Orders == 0 {
			continue
		}
		r := s.reach
		r.came = slices.Clone(s.reach.came) // closing it must not end the venue's
		if r.trades {
			r.close()
		}
		r.sum.Instrument = s.in.ID
		out = append(out, r.sum)
	}
	return out
}

// wantsMore reports whether an order wanted more at once than its side of the known book
// has, and how much that is.
func (mk *markets) wantsMore(s *slot, o *order, p *plan) (shown exchange.Lots, more bool) {
	if p.got >= o.left() || o.TIF != exchange.IOC && o.TIF != exchange.FOK {
		return 0, false
	}
	for n := 1; ; n++ {
		l, ok := mk.level(s, o.Side.Opposite(), n)
		if !ok {
			return shown, n > 1 // a book that is not there says nothing about its size
		}
		if shown += l.Qty; shown >= o.left() {
			return 0, false
		}
	}
}
