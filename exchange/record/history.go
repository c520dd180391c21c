package record

import (
	"io"

	"github.com/perilune/perilune/exchange"
)

// leg is one instrument's bars on the way through time.
type leg struct {
	in   *exchange.Instrument
	unit exchange.E8 // one tick
	*series
	at         int     // the next bar
	stands     bool    // its bars are another house's
	worse      float64 // what each side of its book is worse by than a book of its bars, fraction
	lost       string  // why it has no book; empty: it has one
	bids, asks []exchange.Level
}

// perp is what a perpetual has beside its bars.
type perp struct {
	in      *exchange.Instrument
	leg     *leg // nil when there are no bars
	spot    *leg // the index; nil when there is none
	mark    *series
	markAt  int
	funding []settlement
	fundAt  int
	settled exchange.E8 // the last settled rate
}

// history is the feed of bars, marks and funding. It goes from one instant at
// which something closes to the next and queues all that happens at it.
type history struct {
	legs  []*leg // by instrument
	perps []*perp
	look  displayed
	to    exchange.Time

	queue []exchange.Event
	next  int
	now   exchange.Time
	stats HistoryStats
	count int64

	lacks  []lack
	befell [troubles][]moments
	close  exchange.Time // when the last bar of all that is played closes
}

// HistoryStats counts what a history had to be helped with.
type HistoryStats struct {
	BadMarks     int64 `json:"bad_marks"`     // mark over 3 % away from the perpetual's close of the same instant; kept
	MarkFromBar  int64 `json:"mark_from_bar"` // marks that are the perpetual's close, because no mark bar closed then
	FundingMarks int64 `json:"funding_marks"` // settlements priced by an earlier mark bar or by the perpetual's close
	Unpriced     int64 `json:"unpriced"`      // settlements before any price was known; Mark is 0
	FundingMoved int64 `json:"funding_moved"` // settlements stamped off the full minute and moved to it
	FundingHoles int64 `json:"funding_holes"` // settlements missing from the files
	BarHoles     int64 `json:"bar_holes"`     // missing bars of the perpetuals and spot markets
	MarkHoles    int64 `json:"mark_holes"`    // missing bars of mark prices
	NoFunding    int64 `json:"no_funding"`    // perpetuals without a funding file
	NoMark       int64 `json:"no_mark"`       // perpetuals without a mark file

	Holes []Hole  `json:"holes,omitempty"` // the first few of each instrument and kind
	Ended []Ended `json:"ended,omitempty"` // instruments whose bars end before those of others
	notes []string
}

// endOfTime is later than any bar.
const endOfTime = exchange.Time(1<<63 - 1)

// Next implements exchange.Feed.
func (h *history) Next(ev *exchange.Event) error {
	if h.next == len(h.queue) {
		h.now = h.instant()
		if h.now >= h.to {
			return io.EOF
		}
		h.queue, h.next = h.queue[:0], 0
		h.fill()
	}
	*ev = h.queue[h.next]
	h.next++
	h.count++
	return nil
}

// Close implements exchange.Feed.
func (h *history) Close() error {
	h.to = 0
	h.queue, h.next = nil, 0
	return nil
}

// instant is the next time at which anything closes or settles.
func (h *history) instant() exchange.Time {
	t := endOfTime
	for _, l := range h.legs {
		if l.at < len(l.bars) {
			t = min(t, l.close(l.at))
		}
	}
	for _, p := range h.perps {
		if p.markAt < len(p.markBars()) {
			t = min(t, p.mark.close(p.markAt))
		}
		if p.fundAt < len(p.funding) {
			t = min(t, p.funding[p.fundAt].at)
		}
	}
	return t
}

// fill queues everything of the instant h.now, as one: a venue settles funding on
// the positions held so far, moves marks and books, and only then does a strategy
// see any of it and act.
func (h *history) fill() {
	for _, p := range h.perps {
		h.settle(p)
	}
	for _, p := range h.perps {
		h.markEvent(p)
	}
	for _, l := range h.legs {
		h.lapse(l)
		h.snapshot(l)
	}
	for _, l := range h.legs {
		h.bar(l)
	}
	for i := range len(h.queue) - 1 {
		h.queue[i].More = true
	}
	h.advance()
}

// event appends a queued event, reusing the memory of earlier ones.
func (h *history) event(kind exchange.Kind, in *exchange.Instrument) *exchange.Event {
	h.queue = append(h.queue, exchange.Event{Kind: kind, Instrument: in.ID, Time: h.now, VenueTime: h.now})
	return &h.queue[len(h.queue)-1]
}

func (h *history) settle(p *perp) {
	if p.fundAt == len(p.funding) || p.funding[p.fundAt].at != h.now {
		return
	}
	s := p.funding[p.fundAt]
	p.settled = s.rate
	ev := h.event(exchange.KindFunding, p.in)
	ev.VenueTime, ev.Rate, ev.Hours = s.venue, s.rate, s.hours
	ev.Mark = h.settlementMark(p)
}

// settlementMark is the close of the mark bar that ends at the settlement, else
// of the nearest earlier one, else the perpetual's last close.
func (h *history) settlementMark(p *perp) exchange.E8 {
	if m, ok := p.markNow(h.now); ok {
		return m
	}
	last, ok := p.leg.lastClose(h.now)
	if p.markAt > 0 {
		last, ok = p.mark.bars[p.markAt-1].c, true
	}
	if !ok {
		h.stats.Unpriced++ // nobody can hold anything yet
		return 0
	}
	h.stats.FundingMarks++
	if p.mark != nil { // without a file of marks this is how all are priced
		h.befall(agedMark, p.in)
	}
	return last
}

func (p *perp) markBars() []bar {
	if p.mark == nil {
		return nil
	}
	return p.mark.bars
}

// markNow is the close of the mark bar that ends at t.
func (p *perp) markNow(t exchange.Time) (exchange.E8, bool) {
	if p.markAt < len(p.markBars()) && p.mark.close(p.markAt) == t {
		return p.mark.bars[p.markAt].c, true
	}
	return 0, false
}

// closesAt reports whether the leg's next bar closes at t.
func (l *leg) closesAt(t exchange.Time) bool {
	return l != nil && l.at < len(l.bars) && l.close(l.at) == t
}

// lastClose is the close of the latest bar that has ended by t.
func (l *leg) lastClose(t exchange.Time) (exchange.E8, bool) {
	switch {
	case l.closesAt(t):
		return l.bars[l.at].c, true
	case l != nil && l.at > 0:
		return l.bars[l.at-1].c, true
	}
	return 0, false
}

func (h *history) markEvent(p *perp) {
	mark, marked := p.markNow(h.now)
	barred := p.leg.closesAt(h.now)
	if !marked && !barred {
		return
	}
	if !marked {
		mark = p.leg.bars[p.leg.at].c
		h.stats.MarkFromBar++
	} else if barred && tooFar(mark, p.leg.bars[p.leg.at].c) {
		h.stats.BadMarks++
		h.befall(badMark, p.in)
	}
	ev := h.event(exchange.KindMark, p.in)
	ev.Path = p.path(mark, h.now)
	ev.Mark, ev.Index, ev.Rate = mark, p.index(h.now), p.settled
	ev.NextFunding, ev.Hours = p.coming(h.now)
}

// path is what the mark did in the bar that ends now: the mark bar's own range, or
// the perpetual's when that is the finer one. A mark bar that spans several bars
// would tell of what was before a position that was opened between them.
func (p *perp) path(mark exchange.E8, t exchange.Time) exchange.MarkPath {
	_, marked := p.markNow(t)
	barred := p.leg.closesAt(t)
	s, i := p.mark, p.markAt
	if !marked || barred && p.leg.interval < p.mark.interval {
		s, i = p.leg.series, p.leg.at
	}
	b := &s.bars[i]
	return exchange.MarkPath{Open: b.o, High: max(b.h, mark), Low: min(b.l, mark), Interval: s.interval}
}

// tooFar reports whether a mark is more than 3 % away from a trade price.
func tooFar(mark, last exchange.E8) bool {
	d := mark - last
	return max(d, -d) > last/100*3
}

// index is the spot close of this instant, 0 when no bar ends at it.
func (p *perp) index(t exchange.Time) exchange.E8 {
	if !p.spot.closesAt(t) {
		return 0
	}
	return p.spot.bars[p.spot.at].c * exchange.E8(p.in.Multiplier)
}

// coming is the next settlement after t and its interval. That it will be, and
// when, the venue publishes ahead; its rate it does not.
func (p *perp) coming(t exchange.Time) (exchange.Time, int) {
	i := p.fundAt
	if i < len(p.funding) && p.funding[i].at <= t {
		i++
	}
	if i < len(p.funding) { // rows may be missing before it; the venue would have settled at each interval
		next := p.funding[i]
		every := exchange.Time(next.hours) * exchange.Hour
		return next.at - (next.at-t-1)/every*every, next.hours
	}
	if len(p.funding) == 0 {
		return 0, p.in.FundingHours
	}
	last := p.funding[len(p.funding)-1]
	every := exchange.Time(last.hours) * exchange.Hour
	return last.at + ((t-last.at)/every+1)*every, last.hours
}

// lapse declares an instrument's book lost when no bar closes although one should:
// in a hole, and where its bars end before those of others. A book of long ago has
// no liquidity. The next bar is a new book.
func (h *history) lapse(l *leg) {
	if l.at == 0 || l.closesAt(h.now) || h.now < l.close(l.at-1)+l.interval || h.now > h.close {
		return
	}
	why := "a bar is missing"
	if l.at == len(l.bars) {
		why = "its data have ended"
	}
	h.lose(l, why)
}

// lose declares an instrument's book lost, once for each reason.
func (h *history) lose(l *leg, why string) {
	if l.lost == why {
		return
	}
	l.lost = why
	h.event(exchange.KindGap, l.in).Reason = why
}

// ended reports when an instrument's bars end, if that is before those of others do
// and before now.
func (h *history) ended(l *leg) (exchange.Time, bool) {
	end := l.close(len(l.bars) - 1)
	return end, end+l.interval <= min(h.now, h.close)
}

func (h *history) snapshot(l *leg) {
	if !l.closesAt(h.now) {
		return
	}
	if !h.look.display(l) {
		h.befall(thinBar, l.in)
		why := "its bar has no volume"
		if l.bars[l.at].volume > 0 {
			why = "the share of its bar's volume is less than a lot"
		}
		h.lose(l, why)
		return
	}
	l.lost = ""
	ev := h.event(exchange.KindSnapshot, l.in)
	ev.LastID = int64(h.now / exchange.Millisecond)
	ev.Bids, ev.Asks, ev.Synthetic = l.bids, l.asks, true
}

func (h *history) bar(l *leg) {
	if !l.closesAt(h.now) {
		return
	}
	b := &l.bars[l.at]
	ev := h.event(exchange.KindBar, l.in)
	ev.Bar = exchange.Bar{
		Open: l.ticks(b.o), High: l.ticks(b.h), Low: l.ticks(b.l), Close: l.ticks(b.c),
		Volume: b.volume, Interval: l.interval, Flow: l.flowOf(b),
	}
}

// ticks is exact for prices of the file, because its tick was chosen to fit.
func (l *leg) ticks(p exchange.E8) exchange.Ticks { return exchange.Ticks(p / l.unit) }

// advance moves every cursor past the instant.
func (h *history) advance() {
	for _, l := range h.legs {
		if l.closesAt(h.now) {
			l.at++
		}
	}
	for _, p := range h.perps {
		if _, ok := p.markNow(h.now); ok {
			p.markAt++
		}
		if p.fundAt < len(p.funding) && p.funding[p.fundAt].at == h.now {
			p.fundAt++
		}
	}
}

// seek moves every cursor to the first thing that happens at or after t, with
// the last settled rate known.
func (h *history) seek(t exchange.Time) {
	for h.instant() < t {
		h.now = h.instant()
		for _, p := range h.perps {
			if p.fundAt < len(p.funding) && p.funding[p.fundAt].at == h.now {
				p.settled = p.funding[p.fundAt].rate
			}
		}
		h.advance()
	}
}
