package host

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book/booktest"
	"github.com/perilune/perilune/exchange/paper"
)

// tally counts how often a fault was injected. A fault that never happens is
// tested by nothing.
type tally map[string]int

// eachSeed runs a test for each of the first seeds, side by side, and adds up what they saw.
func eachSeed(t *testing.T, seeds uint64, test func(t *testing.T, seed uint64) tally) tally {
	t.Helper()
	var mu sync.Mutex
	all := tally{}
	t.Run("seeds", func(t *testing.T) {
		for seed := range seeds {
			t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) {
				t.Parallel()
				saw := test(t, seed)
				mu.Lock()
				defer mu.Unlock()
				for what, n := range saw {
					all[what] += n
				}
			})
		}
	})
	return all
}

// mischief is every fault that the simulation must have seen.
var mischief = []string{
	"order rejected", "order delayed", "order filled in part", "last word before the fills", "fill after the last word",
	"fill told twice", "cancel delayed", "position deleveraged", "position liquidated", "short bought back by hand", "coins sold by hand",
	"order rested", "part of a pair closed", "cash became margin", "pair made smaller", "money shared out", "update lost", "update told twice", "gap announced",
	"callback failed", "order denied", "cancel came too late", "pair failed", "pair closed", "transfer refused",
	"transfer failed", "transfer lost", "transfer late", "transfer told late", "transfer told twice",
}

// badVenue stands between the loop and the simulated venue, and spoils what
// passes: what a real venue and network do on a bad day. It keeps the account
// right, because it never invents an execution.
type badVenue struct {
	*paper.Venue
	u     *exchange.Universe
	rnd   *rand.Rand
	count tally
	now   exchange.Time
	held  []message        // on their way to the venue, by time
	queue []exchange.Event // to the loop, by time
	spoil map[exchange.OrderID]*spoiled
	shut  exchange.Time // until when no transfer is let through
	tell  map[uint64]string
	hands exchange.OrderID // orders by hand, which the core does not know
	taken decimal.Decimal  // of the usdm wallet, so that it is liquidated
	back  exchange.Time    // when that is given back

	sent  map[exchange.OrderID]bool           // that left us
	moved map[uint64]bool                     // transfers that left us
	last  map[exchange.OrderID]exchange.Event // last words that were told
	lost  map[exchange.OrderID]bool           // that the run at hand knows nothing of
}

// byHand is above the number of every order of the core's.
const byHand exchange.OrderID = 1 << 40

// message is an order, a cancel or a transfer that is held up.
type message struct {
	at       exchange.Time
	order    *exchange.Order
	cancel   exchange.OrderID
	transfer *exchange.Transfer
}

// spoiled is an order whose reports are tampered with.
type spoiled struct {
	how    string
	qty    exchange.Lots // that the venue was told
	filled exchange.Lots
	fills  []exchange.Event
}

func newBadVenue(v *paper.Venue, u *exchange.Universe, rnd *rand.Rand, count tally) *badVenue {
	return &badVenue{Venue: v, u: u, rnd: rnd, count: count, spoil: map[exchange.OrderID]*spoiled{}, tell: map[uint64]string{},
		sent: map[exchange.OrderID]bool{}, moved: map[uint64]bool{}, last: map[exchange.OrderID]exchange.Event{}}
}

// Submit passes an order on, mostly.
func (v *badVenue) Submit(o *exchange.Order, now exchange.Time) {
	v.now = max(v.now, now)
	v.sent[o.ID] = true
	if o.Pair != 0 && o.TIF == exchange.PostOnly {
		v.count["order rested"]++
	}
	c := *o
	switch r := v.rnd.IntN(100); {
	case r < 3:
		v.count["order rejected"]++
		v.push(exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Time: now + 20*exchange.Millisecond,
			Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusRejected, Code: -2019, Reason: "Margin is insufficient."}})
		return
	case r < 6:
		v.count["order delayed"]++
		v.hold(message{at: now + v.between(100*exchange.Millisecond, 4*exchange.Second), order: &c})
		return
	case r < 10 && o.TIF == exchange.IOC && o.Type == exchange.Limit && o.Qty > 1:
		c.Qty = 1 + exchange.Lots(v.rnd.Int64N(int64(o.Qty-1)))
		v.spoil[o.ID] = &spoiled{how: "order filled in part", qty: c.Qty}
	case r < 13 && o.TIF == exchange.IOC:
		v.spoil[o.ID] = &spoiled{how: "last word before the fills", qty: o.Qty}
	case r < 15 && o.TIF == exchange.IOC:
		v.spoil[o.ID] = &spoiled{how: "fill after the last word", qty: o.Qty}
	case r < 18:
		v.spoil[o.ID] = &spoiled{how: "fill told twice", qty: o.Qty}
	}
	v.Venue.Submit(&c, now)
}

// Cancel passes a cancel on, now or later, and never before its order.
func (v *badVenue) Cancel(id exchange.OrderID, now exchange.Time) {
	v.now = max(v.now, now)
	for _, m := range v.held {
		if m.order != nil && m.order.ID == id {
			v.hold(message{at: m.at, cancel: id})
			return
		}
	}
	if v.rnd.IntN(10) == 0 {
		v.count["cancel delayed"]++
		v.hold(message{at: now + v.between(0, 3*exchange.Second), cancel: id})
		return
	}
	v.Venue.Cancel(id, now)
}

// Market shows the venue the market, lets go what was held up until now, and
// rarely takes a part of what is held away.
func (v *badVenue) Market(ev *exchange.Event) {
	v.release(ev.Time)
	v.Venue.Market(ev)
	if v.back != 0 && ev.Time >= v.back {
		v.fund(v.taken, ev.Time)
		v.back = 0
	}
	switch in := v.u.Get(ev.Instrument); {
	case in.Perp():
		v.meddle(in, ev.Time)
	case !in.Perp() && v.rnd.IntN(20000) == 0:
		v.hand(in, exchange.Sell, exchange.Lots(in.Lot.Floor(v.Balance("spot", in.Base).Free)), ev.Time, "coins sold by hand")
	}
}

// meddle takes a part of a short away, in one of the ways there are.
func (v *badVenue) meddle(in *exchange.Instrument, now exchange.Time) {
	short := -v.Position(in.ID).Qty
	if short <= 0 {
		return
	}
	switch r := v.rnd.IntN(60000); {
	case r < 30:
		v.count["position deleveraged"]++
		v.Deleverage(in.ID, 1+exchange.Lots(v.rnd.Int64N(int64(short))), now)
	case in.Inverse():
	case r < 50:
		v.hand(in, exchange.Buy, short, now, "short bought back by hand")
	case r == 50:
		m := v.Margin("usdm", "USDT")
		v.take(m.Balance.Sub(m.Maintenance.Div(decimal.NewFromInt(2))), now)
	case r > 50 && r < 60: // to where a rise of 10 % would liquidate
		m := v.Margin("usdm", "USDT")
		v.take(m.Balance.Sub(m.Maintenance).Sub(m.Initial.Div(decimal.NewFromInt(2))), now)
	}
}

// take has money of the usdm wallet disappear for a while.
func (v *badVenue) take(amount decimal.Decimal, now exchange.Time) {
	if v.back == 0 && amount.IsPositive() {
		v.taken, v.back = amount.Round(2), now+5*exchange.Minute
		v.fund(v.taken.Neg(), now)
	}
}

// hand trades a part of what is held without telling the core.
func (v *badVenue) hand(in *exchange.Instrument, side exchange.Side, held exchange.Lots, now exchange.Time, fault string) {
	if held < 1 {
		return
	}
	v.hands++
	o := exchange.Order{ID: byHand + v.hands, Instrument: in.ID, Side: side, Type: exchange.MarketOrder, TIF: exchange.IOC,
		Qty: 1 + exchange.Lots(v.rnd.Int64N(int64(held)))}
	v.spoil[o.ID] = &spoiled{how: fault, qty: o.Qty}
	v.Venue.Submit(&o, now)
}

// fund changes the usdm wallet from outside, and says so.
func (v *badVenue) fund(amount decimal.Decimal, now exchange.Time) {
	if err := v.Deposit(paper.Deposit{Wallet: "usdm", Asset: "USDT", Amount: amount}); err != nil {
		panic(err)
	}
	v.push(exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument, Time: now, Wallet: "usdm", Asset: "USDT", Amount: amount, Reason: "from outside"})
}

func (v *badVenue) release(now exchange.Time) {
	v.now = max(v.now, now)
	for len(v.held) > 0 && v.held[0].at <= now {
		m := v.held[0]
		v.held = v.held[1:]
		switch {
		case m.order != nil:
			v.Venue.Submit(m.order, v.now)
		case m.transfer != nil:
			v.Venue.Transfer(m.transfer, v.now)
		default:
			v.Venue.Cancel(m.cancel, v.now)
		}
	}
}

// idle reports that nothing is on its way in either direction.
func (v *badVenue) idle() bool {
	_, ok := v.Venue.NextTime()
	return !ok && len(v.held) == 0 && len(v.queue) == 0
}

// NextTime implements exchange.Simulated.
func (v *badVenue) NextTime() (exchange.Time, bool) {
	t, ok := v.Venue.NextTime()
	if len(v.queue) > 0 && (!ok || v.queue[0].Time <= t) {
		return v.queue[0].Time, true
	}
	return t, ok
}

// Pop implements exchange.Simulated.
func (v *badVenue) Pop(ev *exchange.Event) {
	v.pop(ev)
	switch {
	case ev.Kind == exchange.KindFill:
		v.disown(ev.Fill)
	case ev.Kind == exchange.KindOrder && ev.Update.Status.Terminal() && !ev.Update.CancelRejected:
		v.last[ev.Update.ID] = *ev
	}
}

func (v *badVenue) pop(ev *exchange.Event) {
	t, ok := v.Venue.NextTime()
	if len(v.queue) > 0 && (!ok || v.queue[0].Time <= t) {
		*ev = v.queue[0]
		v.queue = v.queue[1:]
		return
	}
	v.Venue.Pop(ev)
	v.now = max(v.now, ev.Time)
	switch ev.Kind {
	case exchange.KindFill:
		switch s := v.spoil[ev.Fill.Order]; {
		case ev.Fill.Order > byHand:
			v.count[s.how]++
			ev.Fill.Order = 0
		case s != nil:
			v.tamper(s, ev)
		case ev.Fill.Reason == "liquidation":
			v.count["position liquidated"]++
		}
	case exchange.KindOrder:
		if ev.Update.CancelRejected {
			v.count["cancel came too late"]++
		}
		if s := v.spoil[ev.Update.ID]; s != nil && ev.Update.ID < byHand && ev.Update.Status.Terminal() && !ev.Update.CancelRejected {
			v.ending(s, ev)
		}
	case exchange.KindTransfer:
		v.tamperMove(ev)
	}
}

// tamper changes how a fill of a spoiled order is told.
func (v *badVenue) tamper(s *spoiled, ev *exchange.Event) {
	s.filled += ev.Fill.Qty
	last := s.filled == s.qty
	switch s.how {
	case "order filled in part":
		if last {
			v.count[s.how]++
			v.push(v.word(ev, exchange.StatusExpired, s.filled))
		}
	case "last word before the fills":
		s.fills = append(s.fills, *ev)
		if last {
			v.reverse(s, ev, exchange.StatusFilled)
			return
		}
		*ev = v.word(ev, exchange.StatusAccepted, 0)
	case "fill after the last word":
		late := *ev
		late.Time += 300 * exchange.Millisecond
		v.push(late)
		if s.filled == ev.Fill.Qty {
			v.count[s.how]++
			*ev = v.word(ev, exchange.StatusExpired, 0)
			return
		}
		*ev = v.word(ev, exchange.StatusAccepted, 0)
	case "fill told twice":
		v.count[s.how]++
		again := *ev
		again.Time += 50 * exchange.Millisecond
		v.push(again)
	}
}

// ending is the venue's own last word on a spoiled order.
func (v *badVenue) ending(s *spoiled, ev *exchange.Event) {
	if s.how == "last word before the fills" && len(s.fills) > 0 {
		v.reverse(s, ev, ev.Update.Status)
	}
}

// reverse tells the end of an order first and its fills after.
func (v *badVenue) reverse(s *spoiled, ev *exchange.Event, status exchange.OrderStatus) {
	v.count[s.how]++
	for _, f := range s.fills {
		f.Time = v.now
		v.push(f)
	}
	first := s.fills[0]
	s.fills = nil
	*ev = v.word(&first, status, s.filled)
}

// word is an update about the order of a fill.
func (v *badVenue) word(fill *exchange.Event, status exchange.OrderStatus, filled exchange.Lots) exchange.Event {
	return exchange.Event{Kind: exchange.KindOrder, Instrument: fill.Instrument, Time: v.now,
		Update: exchange.OrderUpdate{ID: fill.Fill.Order, VenueID: fill.Fill.VenueID, Status: status, Filled: filled}}
}

func (v *badVenue) push(ev exchange.Event) {
	i := len(v.queue)
	for i > 0 && v.queue[i-1].Time > ev.Time {
		i--
	}
	v.queue = slices.Insert(v.queue, i, ev)
}

func (v *badVenue) hold(m message) {
	i := len(v.held)
	for i > 0 && v.held[i-1].at > m.at {
		i--
	}
	v.held = slices.Insert(v.held, i, m)
}

func (v *badVenue) between(a, b exchange.Time) exchange.Time {
	return a + exchange.Time(v.rnd.Int64N(int64(b-a)))
}

// badFeed loses updates, tells some twice, and announces gaps. After a loss it
// brings a snapshot, as a feed handler would that was asked for one. It keeps
// the books as they really are, in the simplest way there is.
type badFeed struct {
	exchange.Feed
	rnd    *rand.Rand
	count  tally
	truth  []*booktest.Map
	lastID []int64
	resync []exchange.Time // when the snapshot comes; 0: none is due
	later  []exchange.Event
	head   exchange.Event
	given  exchange.Event // what was handed out last
}

func newBadFeed(f exchange.Feed, instruments int, rnd *rand.Rand, count tally) *badFeed {
	b := &badFeed{Feed: f, rnd: rnd, count: count, lastID: make([]int64, instruments), resync: make([]exchange.Time, instruments)}
	for range instruments {
		b.truth = append(b.truth, booktest.NewMap())
	}
	return b
}

// Next implements exchange.Feed.
func (f *badFeed) Next(ev *exchange.Event) error {
	err := f.next(ev)
	f.given = *ev // of a book only the kind matters
	return err
}

func (f *badFeed) next(ev *exchange.Event) error {
	for {
		if len(f.later) > 0 {
			*ev = f.later[0]
			f.later = f.later[1:]
			return nil
		}
		if err := f.Feed.Next(&f.head); err != nil {
			return err
		}
		if !f.spoil() {
			*ev = f.head
			return nil
		}
	}
}

// spoil decides what becomes of the event at hand; true: it is lost, or in later.
func (f *badFeed) spoil() bool {
	id := f.head.Instrument
	if f.head.Kind != exchange.KindDiff && f.head.Kind != exchange.KindSnapshot {
		return false
	}
	f.truth[id].Apply(&f.head)
	f.lastID[id] = f.head.LastID
	if due := f.resync[id]; due != 0 && f.head.Time >= due {
		f.resync[id] = 0
		f.later = append(f.later, keep(f.head), f.snapshot(id, f.head.Time))
		return true
	}
	if f.head.Kind == exchange.KindSnapshot || f.resync[id] != 0 {
		return false
	}
	switch f.rnd.IntN(3000) {
	case 0, 1:
		f.count["update lost"]++
		f.resync[id] = f.head.Time + exchange.Time(f.rnd.Int64N(int64(40*exchange.Second)))
		return true
	case 2:
		f.count["update told twice"]++
		f.later = append(f.later, keep(f.head), keep(f.head))
		return true
	case 3:
		f.count["gap announced"]++
		f.later = append(f.later, exchange.Event{Kind: exchange.KindGap, Instrument: id, Time: f.head.Time, Reason: "reconnected"}, keep(f.head))
		return true
	}
	return false
}

func (f *badFeed) snapshot(id exchange.InstrumentID, now exchange.Time) exchange.Event {
	return exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, Time: now, LastID: f.lastID[id], PrevID: -1,
		Bids: f.truth[id].Levels(exchange.Buy), Asks: f.truth[id].Levels(exchange.Sell)}
}

// keep copies an event whose levels belong to the feed.
func keep(ev exchange.Event) exchange.Event {
	ev.Bids, ev.Asks = slices.Clone(ev.Bids), slices.Clone(ev.Asks)
	return ev
}
