// Package paper is the simulated venue: the account, the matching and the rules
// of a Binance-style exchange, inside the loop and on the loop's time.
//
// # Assumptions
//
//   - The venue's clock is the loop's. An order is matched against the book as
//     this process knows it when the order arrives; how much newer the venue's
//     own book is than ours is not modelled. An order that arrives between two
//     market events is matched when the second is shown, so the book is as of
//     the arrival or of the first update after it.
//   - What the source shows as one instant (exchange.Event.More) is one: nothing is
//     matched, liquidated or settled before all of it was shown (instant.go).
//   - The recorded market is not changed by our orders, but what we took from a
//     displayed level is remembered (Options.Impact).
//   - Nothing is filled beyond the known book. A book that is not Ready has no
//     liquidity.
//   - Each wallet reports over one stream that keeps its order: a slow answer
//     holds up those behind it. No cancel overtakes the order it is for.
//   - Cross margin in one asset per contract, and one position (one-way mode), until
//     SetIsolated, SetJoint or SetHedged say otherwise. The mark price is the last KindMark; before the first one it
//     is the middle of the book.
//   - An order that is filled has no further update: its fills say so.
//
// # Feeds
//
// With depth and trades, resting orders keep a place in the queue (queue.go).
// Without a book, the best quote of KindTicker is the whole book. With bars
// alone, a resting order fills at its price when a bar that opened at or after the
// order was sent trades strictly through its price, and all our orders together
// get a share of the bar's volume (Options.Participation), so nothing of a bar
// without volume. Within a bar, marks and
// prices go from the open to the low and the high, in the order that hurts the
// account more, and to the close (course.go).
//
// # Where to read
//
// instant.go is what is shown at one time, order.go the life of an order, filter.go
// what the venue refuses, match.go taking, queue.go resting, course.go bars, account.go balances and fees, margin.go and
// liquidation.go futures margin, funding.go settlements, loans.go borrowed coins,
// transfer.go wallets.
package paper

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

var _ exchange.Simulated = (*Venue)(nil)

// Venue is a simulated venue with one account. It is not safe for concurrent
// use: the loop owns it. The same Options and the same calls give the same
// events.
type Venue struct {
	opt        Options
	markets    markets
	wallets    wallets
	mail       mail
	margins    margins
	executions executions
	registry   registry
	rules      rules
	liquidator liquidator
	resting    resting
	matcher    matcher
	bars       bars
	funding    settlements
	deliveries deliveries
	loans      loans
	transfers  transfers
	instant    instant
}

// slot is what the venue keeps of one instrument.
type slot struct {
	in         *exchange.Instrument
	orders     []*order // resting, oldest first
	pos        position
	short      *slot          // in hedge mode, the short position beside this one; nil: there is none
	holds      exchange.Side  // in hedge mode, which of the two this is; 0: the only one
	collateral *walletBalance // that margins it; nil on spot

	leverage int
	risk     screen
	loan     *loan // by which its coins are owed; nil: none can be

	mark      exchange.E8     // last mark price; 0: none yet
	stand     decimal.Decimal // last middle of the book, until there is a mark
	last      exchange.Ticks  // last trade
	touch     [2]exchange.Level
	synthetic bool // the book is made from something poorer than a book
	traded    bool // the feed has trades or a real book, so bars say nothing new
	taken     memory
	settled   exchange.Time

	reach reach
	ended course        // what the present instant ends
	took  exchange.Lots // what we took from a book made of a bar since that bar
}

// idle reports that nothing of ours depends on the instrument's market.
func (s *slot) idle() bool {
	return len(s.orders) == 0 && len(s.taken) == 0 && !s.held()
}

// held reports an open futures position: coins on spot carry no margin.
func (s *slot) held() bool { return s.collateral != nil && s.pos.qty != 0 }

// New returns a venue with the opening balances. The error names the option
// that is missing or wrong, and what would be right.
func New(opt Options) (*Venue, error) {
	opt, err := opt.withDefaults()
	if err != nil {
		return nil, err
	}
	v := &Venue{opt: opt}
	v.assemble()
	v.mail.wallet(unanswered)
	for _, w := range opt.Universe.Wallets() {
		v.mail.wallet(w)
	}
	for _, in := range opt.Universe.All() {
		v.markets.slots = append(v.markets.slots, newSlot(v, in))
	}
	v.deliveries.scheduleDeliveries()
	v.loans.arrange(&v.markets)
	return v, v.restore()
}

func newSlot(v *Venue, in *exchange.Instrument) *slot {
	s := &slot{in: in, leverage: v.opt.leverage(in.ID)}
	if in.Perp() {
		v.wallets.balanceOf(in.Wallet, in.Settle()).back(s)
		s.risk = newScreen(in)
	}
	return s
}

// restore books the opening balances and what an earlier session left.
func (v *Venue) restore() error {
	r := v.opt.Restore
	for _, list := range [][]Deposit{r.Balances, v.opt.Balances} {
		for _, d := range list {
			if err := v.deposit(d); err != nil {
				return err
			}
		}
	}
	for _, h := range r.Positions {
		if err := v.hold(h); err != nil {
			return err
		}
	}
	v.executions.nextTrade, v.registry.nextOrder, v.funding.nextTran = max(r.NextTrade, 1), max(r.NextOrder, 1), max(r.NextTran, 1)
	return nil
}

func (v *Venue) deposit(d Deposit) error {
	if d.Wallet == "" {
		return fmt.Errorf("paper venue: balance of %s: it names no wallet: want one of %s", d.Asset, v.opt.Universe.Wallets())
	}
	v.mail.wallet(d.Wallet)
	p := v.wallets.balanceOf(d.Wallet, d.Asset)
	if d.Asset == "" || p.pool == nil && !p.lent && d.Amount.IsNegative() {
		return fmt.Errorf("paper venue: balance of %s %q in %s: want a named asset and an amount of 0 or more", d.Amount, d.Asset, d.Wallet)
	}
	p.credit(d.Amount)
	return nil
}

func (v *Venue) hold(h Holding) error {
	if h.Instrument < 0 || int(h.Instrument) >= len(v.markets.slots) {
		return fmt.Errorf("paper venue: position in instrument %d: the universe has %d", h.Instrument, len(v.markets.slots))
	}
	s, p := v.markets.slots[h.Instrument], h.Position
	cost := h.Cost
	if cost.IsZero() && p.Qty != 0 {
		if !p.Entry.IsPositive() {
			return fmt.Errorf("paper venue: position of %s %s has no entry price", s.in.QtyDecimal(p.Qty), s.in.Key())
		}
		cost = valueAt(s.in, p.Entry, p.Qty)
	}
	held := s.pos.qty != 0
	s.pos = position{qty: p.Qty, cost: cost, realised: p.Realised}
	s.rescreen(held)
	return nil
}

// Submit sends a copy of the order. Its answer is a KindOrder event.
func (v *Venue) Submit(o *exchange.Order, now exchange.Time) {
	v.cut()
	n := &order{Order: *o, wallet: v.mail.main(), sent: now}
	n.Filled, n.VenueID, n.Reason = 0, "", ""
	if v.markets.known(o.Instrument) {
		n.wallet = v.markets.slots[o.Instrument].in.Wallet
	}
	n.due = now + v.mail.latency(o.ID, ToVenue)
	n.answer = v.mail.latency(o.ID, FromVenue)
	if v.registry.sent[o.ID] == nil {
		v.registry.sent[o.ID] = n
	}
	v.mail.send(n.wallet, now, inbound{at: n.due, answer: n.answer, run: func(at exchange.Time) { v.matcher.arrive(n, at) }})
}

// Cancel sends a cancel. Its answer is a KindOrder event: the order is
// canceled, or the cancel is rejected because the order is finished or unknown.
func (v *Venue) Cancel(id exchange.OrderID, now exchange.Time) {
	v.cut()
	w, due := follows(v, id, now)
	answer := v.mail.latency(id, FromVenue)
	v.mail.send(w, now, inbound{at: due, answer: answer, run: func(at exchange.Time) { v.matcher.cancel(w, id, at+answer, at) }})
}

// follows is when what is said of an order arrives, which is not before the order does, and
// whose wallet answers it.
func follows(v *Venue, id exchange.OrderID, now exchange.Time) (exchange.Wallet, exchange.Time) {
	due := now + v.mail.latency(id, CancelToVenue)
	if o := v.registry.sent[id]; o != nil {
		return o.wallet, max(due, o.due)
	} else if o := v.registry.open[id]; o != nil {
		return o.wallet, due
	} else if done, ok := v.registry.finished[id]; ok {
		return done.wallet, due
	}
	return v.mail.main(), due
}

// Shrink implements exchange.Shrinker: on its way it takes as long as a cancel.
func (v *Venue) Shrink(id exchange.OrderID, qty exchange.Lots, now exchange.Time) {
	v.cut()
	w, due := follows(v, id, now)
	v.mail.send(w, now, inbound{at: due, answer: v.mail.latency(id, FromVenue), run: func(at exchange.Time) { shrink(v, id, qty, at) }})
}

// shrink is a smaller size's moment at the venue. An order that has filled as much ends.
func shrink(v *Venue, id exchange.OrderID, qty exchange.Lots, at exchange.Time) {
	o := v.registry.open[id]
	switch {
	case o == nil: // its end was told
	case o.Filled >= qty:
		v.matcher.cancel(o.wallet, id, at, at)
	case v.Reduce(id, qty) == nil:
		status := exchange.StatusAccepted
		if o.Filled > 0 {
			status = exchange.StatusPartial
		}
		v.mail.emit(o.wallet, answer{at: at + o.answer, happened: at, kind: exchange.KindOrder, instrument: o.Instrument,
			update: exchange.OrderUpdate{ID: id, VenueID: o.VenueID, Status: status, Filled: o.Filled, Qty: qty}})
	}
}

func (ml *mail) latency(id exchange.OrderID, d Direction) exchange.Time {
	return ml.opt.Models.Latency.Delay(ml.opt.Seed, uint64(id), d)
}

func (ml *mail) send(w exchange.Wallet, now exchange.Time, msg inbound) {
	ml.now = max(ml.now, now)
	ml.seq++
	msg.seq = ml.seq
	ml.arriving = min(ml.arriving, msg.at)
	ml.stream(w).send(msg)
}

func (ml *mail) emit(w exchange.Wallet, a answer) { ml.stream(w).push(a) }

func (ml *mail) stream(w exchange.Wallet) *stream { return &ml.streams[ml.wallet(w)] }

// main is the wallet that messages about nothing known are answered by.
func (ml *mail) main() exchange.Wallet { return ml.names[len(ml.names[:2])-1] }

// wallet returns the number of a wallet, which gets one when it is new.
func (ml *mail) wallet(w exchange.Wallet) int {
	w = w.Within(ml.opt.Universe.House())
	if i := slices.Index(ml.names, w); i >= 0 {
		return i
	}
	ml.names, ml.streams = append(ml.names, w), append(ml.streams, stream{})
	return len(ml.names) - 1
}

// Market shows the venue a market event. Books must already include it. Nothing is
// done about an instant before all of it was shown.
func (v *Venue) Market(ev *exchange.Event) {
	if v.instant.open && ev.Time != v.instant.at {
		v.close() // its rest never came
	}
	v.loans.charge(ev.Time)
	v.mail.now = max(v.mail.now, ev.Time)
	if v.within(ev) {
		v.collect(ev)
		if !ev.More {
			v.close()
		}
		return
	}
	v.deliveries.deliver(ev.Time)
	// What arrives at the very time of an event comes after it: it may have been
	// sent because of it.
	if ev.Time > v.mail.arriving {
		v.mail.arriveBy(ev.Time - 1)
	}
	if !v.markets.known(ev.Instrument) {
		return
	}
	s := v.markets.slots[ev.Instrument]
	for ; s != nil; s = s.short {
		if ev.Kind != exchange.KindDiff { // nearly all events are, of instruments that are mostly idle
			v.show(s, ev)
		} else if !s.idle() {
			v.resting.onBook(s, ev.Time)
		}
	}
}

// show lets an event that is an instant by itself take effect.
func (v *Venue) show(s *slot, ev *exchange.Event) {
	s.note(ev)
	switch ev.Kind {
	case exchange.KindSnapshot:
		if !s.idle() {
			v.resting.onBook(s, ev.Time)
		}
	case exchange.KindTicker:
		if !s.idle() && v.markets.bookless(s) {
			v.resting.onBook(s, ev.Time)
		}
	case exchange.KindGap:
		s.touch = [2]exchange.Level{} // of a market known by its best quotes: a book is lost by itself
	case exchange.KindTrade:
		if len(s.orders) > 0 {
			v.resting.onTrade(s, ev)
		}
		v.loans.watch(s, ev.Time)
	case exchange.KindMark:
		if s.held() {
			v.liquidator.watch(s, ev.Time)
		}
	case exchange.KindFunding:
		v.funding.onFunding(s, ev)
	}
}

// arriveBy runs everything that arrives up to t, in order of arrival.
func (ml *mail) arriveBy(t exchange.Time) {
	for {
		next := ml.earliest()
		if next == nil || next.in[0].at > t {
			break
		}
		m := next.receive()
		m.run(m.at)
	}
	ml.arriving = never
	if next := ml.earliest(); next != nil {
		ml.arriving = next.in[0].at
	}
}

// earliest returns the stream on which the next message arrives, or nil.
func (ml *mail) earliest() *stream {
	var first *stream
	for i := range ml.streams {
		s := &ml.streams[i]
		if len(s.in) > 0 && (first == nil || s.in[0].before(&first.in[0])) {
			first = s
		}
	}
	return first
}

// NextTime returns when the next event is due, or false when nothing is on its
// way.
func (v *Venue) NextTime() (exchange.Time, bool) {
	_, t := v.mail.next()
	return max(t, v.mail.now), t != never
}

func (ml *mail) next() (*stream, exchange.Time) {
	var first *stream
	best := never
	for i := range ml.streams[1:] {
		s := &ml.streams[1+i]
		if t := s.next(); t < best {
			first, best = s, t
		}
	}
	return first, best
}

// Pop fills ev with the event that NextTime announced. Call it only then.
func (v *Venue) Pop(ev *exchange.Event) {
	v.cut()
	s, t := v.mail.next()
	if s == nil {
		*ev = exchange.Event{Instrument: exchange.NoInstrument, Time: v.mail.now}
		return
	}
	v.mail.now = max(v.mail.now, t)
	v.mail.arriveBy(v.mail.now)
	a := s.pop()
	a.at = v.mail.now
	a.write(ev)
}

// of returns the slot of the position that an order changes; known has said that there is
// one.
func (mk *markets) of(o *order) *slot { return mk.side(o.Instrument, o.PositionSide) }

func (mk *markets) side(id exchange.InstrumentID, side exchange.Side) *slot {
	if s := mk.slots[id]; side != exchange.Sell || s.short == nil {
		return s
	}
	return mk.slots[id].short
}

func (mk *markets) known(id exchange.InstrumentID) bool { return id >= 0 && int(id) < len(mk.slots) }

// number hands out the next text of a counter.
func number(counter *uint64) string {
	n := *counter
	*counter++
	return strconv.FormatUint(n, 10)
}

// depth returns an instrument's book, or nil when there is none.
func (mk *markets) depth(s *slot) *book.Book { return mk.opt.Books(s.in.ID) }

// bookless reports an instrument whose feed has shown no book so far.
func (mk *markets) bookless(s *slot) bool {
	b := mk.depth(s)
	return b == nil || b.State() == book.Empty
}

// renew takes note of a whole new book. One made from bars is a new market.
func (s *slot) renew(synthetic bool) {
	s.synthetic = synthetic
	if synthetic {
		s.taken = s.taken[:0]
		return
	}
	s.traded = true
}
