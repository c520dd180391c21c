// Package bars builds candles: out of public trades, or of shorter candles.
//
// Bars begin and end at multiples of their length in UTC. A trade belongs to the
// bar of the moment at which this process learned of it, so a strategy never has
// a bar that holds less, or more, than what could be known when it closed; what
// happens at the very end of one bar is in the next.
//
// The interval under way when building begins was seen in part and is left out,
// unless it is seen from its first moment. An interval without a trade is a flat
// bar of volume 0 at the last price, so that what counts bars keeps time; before
// the first trade there is none. That holds for bars of trades: a missing
// candle among candles is missing data and no quiet market, so an interval that
// has none gets no bar, and one that has some gets what they say.
package bars

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Keep is how many finished bars a series remembers.
const Keep = 1000

// Series is the bars of one length of one instrument. Use New.
type Series struct {
	in     *exchange.Instrument
	length exchange.Time
	done   []exchange.Bar

	end   exchange.Time // of the interval under way
	bar   exchange.Bar  // what it has so far
	lots  exchange.Lots // of its trades
	taken exchange.Lots // of those that buyers took
	some  bool          // something happened in it
	whole bool          // it is seen from its beginning
	last  exchange.Ticks
	begun bool // shorter bars were added
}

// New returns a series that sees everything from now on.
func New(in *exchange.Instrument, length, now exchange.Time) *Series {
	s := &Series{in: in, length: length}
	s.Begin(now)
	return s
}

// Begin says when seeing begins.
func (s *Series) Begin(now exchange.Time) {
	s.end = End(s.length, now)
	s.whole = s.end-s.length == now
}

// End is when the interval that holds a moment ends.
func End(length, at exchange.Time) exchange.Time { return at - at%length + length }

// Instrument is what the bars are of.
func (s *Series) Instrument() *exchange.Instrument { return s.in }

// Length is what the bars are long.
func (s *Series) Length() exchange.Time { return s.length }

// Done lists the last finished bars, newest last; at most Keep.
func (s *Series) Done() []exchange.Bar { return s.done[max(0, len(s.done)-Keep):] }

// Trade adds a trade to the interval under way, which Close has to be called
// for before a trade of a later one. Without the side that took, nothing is known of
// what buyers took in the interval.
func (s *Series) Trade(price exchange.Ticks, qty exchange.Lots, side exchange.Side) {
	s.last = price
	s.lots += qty
	if !s.some {
		s.some = true
		s.bar.Open, s.bar.High, s.bar.Low = price, price, price
		s.bar.Known = exchange.FlowAll
	}
	s.bar.Trades++
	if !s.in.Inverse() { // what those are worth is in their number
		s.bar.Quote += s.in.NotionalFloat(price, qty)
	}
	switch side {
	case exchange.Buy:
		s.taken += qty
	case exchange.Sell:
	default:
		s.bar.Known &^= exchange.FlowTakerBuy
	}
	s.bar.High, s.bar.Low = max(s.bar.High, price), min(s.bar.Low, price)
	s.bar.Close = price
}

// Close ends the interval under way if it is over at a moment, and returns its
// bar, if it has one. It is to be called until it reports no more; over tells
// whether there was an interval to end.
func (s *Series) Close(now exchange.Time) (bar exchange.Bar, ok, over bool) {
	if s.end > now {
		return bar, false, false
	}
	if ok = s.whole && s.last != 0; ok {
		bar = s.finished()
	}
	s.next(s.end + s.length)
	return bar, ok, true
}

// finished keeps the bar under way and returns it.
func (s *Series) finished() exchange.Bar {
	b := s.soFar()
	s.keep(b)
	return b
}

// soFar is the interval under way as a bar.
func (s *Series) soFar() exchange.Bar {
	b := s.bar
	if !s.some {
		b = exchange.Bar{Open: s.last, High: s.last, Low: s.last, Close: s.last, Flow: exchange.Flow{Known: exchange.FlowAll}}
	}
	b.Volume += s.in.QtyFloat(s.lots)
	b.TakerBuy += s.in.QtyFloat(s.taken)
	if s.in.Inverse() {
		b.Quote += s.in.NotionalFloat(s.last, s.lots)
	}
	b.Keep(exchange.FlowAll)
	b.Interval, b.Time = s.length, s.end
	return b
}

// keep drops from the front in bulk, so that it stays cheap.
func (s *Series) keep(b exchange.Bar) {
	if len(s.done) >= 2*Keep {
		s.done = append(s.done[:0], s.done[len(s.done)-Keep:]...)
	}
	s.done = append(s.done, b)
}

// next begins the interval that ends at a time.
func (s *Series) next(end exchange.Time) {
	s.end, s.bar, s.lots, s.taken, s.some, s.whole = end, exchange.Bar{}, 0, 0, false, true
}

// Skip leaves out the intervals that end by a time: nothing was seen of them.
func (s *Series) Skip(by exchange.Time) {
	if end := End(s.length, by); end > s.end {
		s.next(end)
	}
}

// Bar adds a finished shorter bar, whose Time is when it closed, and returns the
// bars of the series that it completes: mostly none, and two when the first has a
// hole at its end. A bar that is not later than what was seen is left out.
func (s *Series) Bar(b *exchange.Bar, out []exchange.Bar) []exchange.Bar {
	opened := b.Time - b.Interval
	end := End(s.length, opened)
	if end < s.end && s.begun || len(s.done) > 0 && end <= s.done[len(s.done)-1].Time {
		return out
	}
	if end != s.end || !s.begun {
		if s.some && s.whole {
			out = append(out, s.finished())
		}
		s.next(end)
		s.whole = s.begun || opened == end-s.length
	}
	s.begun = true
	s.add(b)
	if b.Time == s.end {
		if s.whole {
			out = append(out, s.finished())
		}
		s.next(s.end + s.length)
	}
	return out
}

// add puts a shorter bar into the interval under way.
func (s *Series) add(b *exchange.Bar) {
	s.last = b.Close
	if !s.some {
		s.some = true
		s.bar.Open, s.bar.High, s.bar.Low = b.Open, b.High, b.Low
		s.bar.Known = exchange.FlowAll
	}
	s.bar.High, s.bar.Low, s.bar.Close = max(s.bar.High, b.High), min(s.bar.Low, b.Low), b.Close
	s.bar.Volume += b.Volume
	s.bar.Flow.Add(&b.Flow)
}

// Recall puts a bar of the past, of the series' own length, before what is seen.
// One that closes at now or later is the interval under way, with what happened
// in it so far. It reports whether the interval under way is known by it.
func (s *Series) Recall(b *exchange.Bar, now exchange.Time) bool {
	if len(s.done) > 0 && b.Time <= s.done[len(s.done)-1].Time {
		return false
	}
	s.last = b.Close
	if b.Time < now {
		s.keep(*b)
		return false
	}
	s.next(b.Time)
	if b.Volume > 0 {
		// Lots again, so that it adds up to the same as without an interruption.
		s.lots, s.some = exchange.Lots(s.in.Lot.Nearest(b.Volume)), true
		s.bar = exchange.Bar{Open: b.Open, High: b.High, Low: b.Low, Close: b.Close, Flow: b.Flow}
		s.bar.TakerBuy, s.taken = 0, exchange.Lots(s.in.Lot.Nearest(b.TakerBuy))
		if s.in.Inverse() {
			s.bar.Quote = 0
		}
	}
	return true
}

// Precede puts finished bars of the past, of the series' own length and oldest first, before
// what was seen.
func (s *Series) Precede(list []exchange.Bar) {
	seen := s.end - s.length
	if len(s.done) > 0 {
		seen = s.done[0].Time - s.length
	}
	for len(list) > 0 && list[len(list)-1].Time > seen {
		list = list[:len(list)-1]
	}
	if len(list) == 0 {
		return
	}
	if s.last == 0 {
		s.last = list[len(list)-1].Close
	}
	s.done = slices.Concat(list[max(0, len(list)-Keep):], s.done)
}

// Under returns the interval under way as a bar whose Time is when it will end;
// false when it is not seen whole so far. Its prices are 0 when there was no trade
// yet, in it or before.
func (s *Series) Under() (exchange.Bar, bool) {
	if !s.whole {
		return exchange.Bar{}, false
	}
	return s.soFar(), true
}

// Learn fills a new series with what a finer one of the same instrument has.
func (s *Series) Learn(f *Series) {
	var done []exchange.Bar
	for i := range f.done {
		done = s.Bar(&f.done[i], done[:0])
	}
	if len(f.done) == 0 || s.last == 0 {
		return
	}
	if u, ok := f.Under(); ok && f.some {
		if End(s.length, u.Time-u.Interval) != s.end {
			s.next(End(s.length, u.Time-u.Interval))
		}
		s.add(&u)
	}
}
