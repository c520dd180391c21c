package host

import (
	"encoding/json"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
)

// restartPaths are what a session is killed in the middle of. The venue lives on.
var restartPaths = []string{
	"killed before an event was written", "killed before orders were sent",
	"killed with an order working", "killed with a transfer under way", "killed with a schedule at work",
	"killed while a usdm pair was opening", "killed while a usdm pair was closing", "killed while a usdm pair was open",
	"killed while a coinm pair was opening", "killed while a coinm pair was closing", "killed while a coinm pair was open",
	"an order never reached the venue", "a transfer never reached the venue", "a last word was told again", "a fill came for an order of an earlier run",
}

var errKilled = errors.New("the session was killed")

// witness keeps what a ledger would: the last row of everything, as written.
type witness struct {
	restore   core.Restore
	orders    map[exchange.OrderID]*exchange.Order
	pairs     map[exchange.PairID][]byte
	kinds     map[exchange.PairID]string // what is told of a kill while it is at work
	schedules map[exchange.ScheduleID][]byte
	transit   map[uint64]*exchange.Transfer
	states    map[int32]string
}

func newWitness() *witness {
	return &witness{orders: map[exchange.OrderID]*exchange.Order{}, pairs: map[exchange.PairID][]byte{}, kinds: map[exchange.PairID]string{},
		schedules: map[exchange.ScheduleID][]byte{}, transit: map[uint64]*exchange.Transfer{}, states: map[int32]string{}}
}

func (w *witness) effect(e *core.Effect, u *exchange.Universe) error {
	var err error
	switch b := e.Body.(type) {
	case core.Submit:
		w.order(b.Order)
	case core.OrderChanged:
		w.order(b.Order)
	case *core.Filled:
		w.restore.Fills = append(w.restore.Fills, core.RestoredFill{Strategy: e.Strategy, Fill: *b.Fill})
		if b.Order != nil && w.orders[b.Order.ID] != nil {
			w.orders[b.Order.ID].Filled = b.Order.Filled
		}
	case core.SendTransfer:
		t := *b.Transfer
		w.transit[t.ID] = &t
		w.restore.LastTransfer = max(w.restore.LastTransfer, t.ID)
	case core.TransferEnded:
		delete(w.transit, b.Transfer.ID)
	case *core.HaltChanged:
		w.restore.Halted = b.Reason
	case *core.StateSaved:
		w.states[e.Strategy] = b.JSON
	case core.PairChanged:
		id := b.Pair.ID
		w.restore.LastPair = max(w.restore.LastPair, id)
		w.kinds[id] = u.Get(b.Pair.Perp).Segment() + " pair was " + b.Pair.State.String()
		if w.pairs[id], err = json.Marshal(b.SavedPair); b.Pair.State.Done() {
			delete(w.pairs, id)
		}
	case core.ScheduleChanged:
		id := b.Schedule.ID
		w.restore.LastSchedule = max(w.restore.LastSchedule, id)
		if w.schedules[id], err = json.Marshal(b.Saved); b.Schedule.State.Done() {
			delete(w.schedules, id)
		}
	}
	return err
}

func (w *witness) order(o *exchange.Order) {
	w.restore.LastOrder = max(w.restore.LastOrder, o.ID)
	kept := *o
	kept.Canceled = false // whether a cancel left is not known
	if w.orders[o.ID] = &kept; o.Status.Terminal() {
		delete(w.orders, o.ID)
	}
}

// from is what a next core goes on from.
func (w *witness) from(a *auditor, now exchange.Time) (*core.Restore, error) {
	r := w.restore
	r.Time, r.Fills = now, append([]core.RestoredFill{}, r.Fills...)
	for _, key := range sortedKeys(a.wallets) {
		name, asset, _ := strings.Cut(key, " ")
		if name != "transit" {
			r.Balances = append(r.Balances, core.RestoredBalance{Wallet: exchange.Wallet(name), Asset: asset, Total: a.wallets[key]})
		}
	}
	for _, id := range slices.Sorted(maps.Keys(w.orders)) {
		r.Orders = append(r.Orders, *w.orders[id])
	}
	for _, id := range slices.Sorted(maps.Keys(w.transit)) {
		r.Transit = append(r.Transit, *w.transit[id])
	}
	for _, id := range slices.Sorted(maps.Keys(w.pairs)) {
		var p core.SavedPair
		if err := json.Unmarshal(w.pairs[id], &p); err != nil {
			return nil, err
		}
		r.Pairs = append(r.Pairs, p)
	}
	for _, id := range slices.Sorted(maps.Keys(w.schedules)) {
		var s schedule.Saved
		if err := json.Unmarshal(w.schedules[id], &s); err != nil {
			return nil, err
		}
		r.Schedules = append(r.Schedules, s)
	}
	return &r, nil
}

// count tells what a kill came in the middle of.
func (w *witness) count(count tally) {
	for id := range w.pairs {
		count["killed while a "+w.kinds[id]]++
	}
	for _, what := range []struct {
		n    int
		name string
	}{{len(w.orders), "killed with an order working"}, {len(w.transit), "killed with a transfer under way"}, {len(w.schedules), "killed with a schedule at work"}} {
		if what.n > 0 {
			count[what.name]++
		}
	}
}

// reaper kills a session at events that nobody chose: between two of them, or once
// the rows of one are written and before anything was sent.
type reaper struct {
	rnd   *rand.Rand
	left  int           // events until the next one
	mid   bool          // of an event that sends something
	span  exchange.Time // from the first event; after it what is under way needs its time to end
	until exchange.Time
}

func (r *reaper) arm() {
	r.left, r.mid = 1+r.rnd.IntN(16000), r.rnd.IntN(2) == 0
}

func (r *reaper) before(ev *exchange.Event) bool {
	if r.until == 0 {
		r.until = ev.Time + r.span
	}
	r.left--
	return r.left <= 0 && !r.mid && ev.Time < r.until
}

func (r *reaper) after(ev *exchange.Event, fx []core.Effect) bool {
	if r.left > 0 || !r.mid || ev.Time >= r.until {
		return false
	}
	for i := range fx {
		switch fx[i].Body.(type) {
		case core.Submit, core.SendTransfer, core.Cancel:
			return true
		}
	}
	return false
}

// again puts back an answer of the venue that was never written.
func (v *badVenue) again(ev *exchange.Event) {
	if answers(ev.Kind) {
		v.queue = append([]exchange.Event{keep(*ev)}, v.queue...)
	}
}

// restarted tells a new run what a venue is asked for at a start: what became of the
// orders and transfers that its ledger has no end of.
func (v *badVenue) restarted(r *core.Restore, now exchange.Time) {
	v.now = max(v.now, now)
	v.lost = map[exchange.OrderID]bool{}
	for id := exchange.OrderID(1); id <= r.LastOrder; id++ {
		v.lost[id] = true // unless it is known to the new run
	}
	for i := range r.Orders {
		o := &r.Orders[i]
		delete(v.lost, o.ID)
		at := now + v.between(50*exchange.Millisecond, 3*exchange.Second)
		if last, told := v.last[o.ID]; told {
			v.count["a last word was told again"]++
			last.Time = at
			v.push(last)
		} else if !v.sent[o.ID] {
			v.count["an order never reached the venue"]++
			v.push(exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Time: at,
				Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusRejected, Reason: "never reached the venue"}})
		}
	}
	for i := range r.Transit {
		if t := r.Transit[i]; !v.moved[t.ID] {
			v.count["a transfer never reached the venue"]++
			v.failMove(t, now+v.between(50*exchange.Millisecond, 20*exchange.Second), "never reached the venue")
		}
	}
}

// disown takes the number off a fill whose order the run at hand does not know: its
// row is closed, and the venue's tape tells no more than that it was ours.
func (v *badVenue) disown(f *exchange.Fill) {
	if v.lost[f.Order] {
		v.count["a fill came for an order of an earlier run"]++
		f.Order = 0
	}
}

// restarted gives a new run the books whole. What it was about to be told is lost if
// the books say it, and comes again otherwise.
func (f *badFeed) restarted(now exchange.Time) {
	var out []exchange.Event
	for id := range f.truth {
		if f.lastID[id] != 0 {
			out = append(out, f.snapshot(exchange.InstrumentID(id), now))
		}
	}
	if f.given.Kind != exchange.KindDiff && f.given.Kind != exchange.KindSnapshot {
		out = append(out, f.given)
	}
	f.later = append(out, f.later...)
}

// restart goes on with a new core where the last one was killed.
func (w *world) restart() error {
	now := w.loop.Now()
	w.audit.witness.count(w.count)
	r, err := w.audit.witness.from(w.audit, now)
	if err != nil {
		return err
	}
	w.runs++
	w.state = w.audit.witness.states[1]
	if err := w.newCore(w.count, r); err != nil {
		return err
	}
	w.audit.restarted(w.core, r)
	w.audit.venue.restarted(r, now)
	w.audit.feed.restarted(now)
	old := w.loop
	w.events += old.Events()
	w.loop = newLoop(w)
	w.loop.For = old.Until() - now
	return nil
}

// restarted goes on with a new core. Its fills are counted from nothing, and what it
// takes from the ledger must be what we saw.
func (a *auditor) restarted(c *core.Core, r *core.Restore) {
	a.core, a.dirty = c, true
	a.before, a.fills = a.before+a.fills, 0
	a.reaper.arm()
	if a.keep {
		a.recorded = append(a.recorded, recorded{restore: r, state: a.witness.states[1]})
	}
	for i := range r.Pairs {
		p := &r.Pairs[i].Pair
		if n := a.pairs[p.ID]; n != nil && n.coin.move == intent.MoveSent {
			n.coin.move = intent.MoveUnknown
		}
	}
}
