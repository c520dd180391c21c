package host

import (
	"container/heap"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// mostAnswers is how many answers of a broker may wait for the loop.
const mostAnswers = 1 << 16

// answersAwaited is how long fills are awaited that a word on an order speaks of, and
// on virtual time any answer when the market is over.
const answersAwaited = exchange.Minute

// hosted is an embedder's broker as the loop's venue: an exchange.Simulated whose answers
// on virtual time wait here until they are due; in real time they go to the inbox. take,
// hold, leave and working may be called from any goroutine, the rest from the loop's.
type hosted struct {
	info     BrokerInfo
	realTime bool
	post     func(*exchange.Event) // to the loop's inbox
	waiting  func() int            // in it
	log      func(text string)
	warn     func(text string)
	broke    func(error) // it panicked, and is not called any more

	venue  exchange.Execution
	inside exchange.Simulated // venue, if it is one
	market BrokerMarket       // venue, if it is one
	failed error              // the loop's own

	leaving sync.Once
	left    chan struct{} // closed when Leave has returned

	mu      sync.Mutex
	checks  brokerChecks
	held    string // why new risk is kept back
	within  bool   // the loop is in a call of the broker
	opening bool
	ended   bool
	now     exchange.Time
	early   []exchange.Event // posted while it was opened
	due     answerQueue
	later   []exchange.OrderID // whose fills are awaited from when the time is known
	number  uint64
}

// open opens the venue itself.
func (b *hosted) open(open func() (exchange.Execution, error)) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("Open panicked: %v (%s)", v, panickedAt())
		}
	}()
	if b.venue, err = open(); err != nil {
		return err
	}
	if b.venue == nil {
		return errors.New("Open returned no venue and no error")
	}
	b.inside, _ = b.venue.(exchange.Simulated)
	b.market, _ = b.venue.(BrokerMarket)
	return nil
}

// begin ends the opening: it returns what was posted, and asks to cancel the orders of
// earlier runs that were not spoken of.
func (b *hosted) begin() []exchange.Event {
	b.mu.Lock()
	b.opening = false
	first := b.early
	b.early = nil
	left := b.checks.unsaid()
	for i := range first {
		if ev := &first[i]; ev.Kind == exchange.KindOrder && b.realTime {
			b.await(ev.Update.ID, loop.Now())
		} else if ev.Kind == exchange.KindOrder {
			b.later = append(b.later, ev.Update.ID)
		}
	}
	b.mu.Unlock()
	for _, id := range left {
		b.Cancel(id, 0)
	}
	return first
}

// call makes a call of the broker on the loop's goroutine.
func (b *hosted) call(what string, now exchange.Time, call func()) {
	if b.failed != nil {
		return
	}
	b.mu.Lock()
	b.within, b.now = true, max(b.now, now)
	if b.now > 0 {
		for _, id := range b.later {
			b.await(id, b.now)
		}
		b.later = nil
	}
	b.mu.Unlock()
	defer func() {
		b.mu.Lock()
		b.within = false
		b.mu.Unlock()
		if v := recover(); v != nil {
			b.failed = fmt.Errorf("%s panicked: %v (%s)", what, v, panickedAt())
			b.leave(0)
			b.broke(b.failed)
		}
	}()
	call()
}

// Submit implements exchange.Execution.
func (b *hosted) Submit(o *exchange.Order, now exchange.Time) {
	kept := *o
	b.mu.Lock()
	b.checks.sent(&kept)
	b.mu.Unlock()
	b.call("Submit", now, func() { b.venue.Submit(&kept, now) })
}

// Cancel implements exchange.Execution.
func (b *hosted) Cancel(id exchange.OrderID, now exchange.Time) {
	b.call("Cancel", now, func() { b.venue.Cancel(id, now) })
}

// Transfer implements exchange.Execution.
func (b *hosted) Transfer(t *exchange.Transfer, now exchange.Time) {
	kept := *t
	b.mu.Lock()
	b.checks.transfers[t.ID] = kept
	b.mu.Unlock()
	b.call("Transfer", now, func() { b.venue.Transfer(&kept, now) })
}

// Market implements exchange.Simulated.
func (b *hosted) Market(ev *exchange.Event) {
	if b.market != nil {
		b.call("Market", ev.Time, func() { b.market.Market(ev) })
	}
}

// NextTime implements exchange.Simulated.
func (b *hosted) NextTime() (at exchange.Time, ok bool) {
	if b.inside != nil {
		b.call("NextTime", 0, func() { at, ok = b.inside.NextTime() })
		ok = ok && b.failed == nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.prune()
	if len(b.due) > 0 && (!ok || b.due[0].Time <= at) {
		return b.due[0].Time, true
	}
	return at, ok
}

// await sees to it that fills which a word on an order speaks of are missed, if they don't
// come. The caller holds mu.
func (b *hosted) await(id exchange.OrderID, from exchange.Time) {
	if b.checks.missing(id) == "" {
		return
	}
	o := b.checks.orders[id]
	if o.by == 0 {
		o.by = from + answersAwaited
	}
	if !o.awaited {
		o.awaited = true
		b.wait(answer{Event: exchange.Event{Time: o.by}, fills: id})
	}
}

// prune takes what stands first for fills that are not missed, or later. The caller holds mu.
func (b *hosted) prune() {
	for len(b.due) > 0 && b.due[0].fills != 0 {
		id := b.due[0].fills
		o := b.checks.orders[id]
		missing := b.checks.missing(id) != ""
		if missing && o.by <= b.due[0].Time {
			return
		}
		heap.Pop(&b.due)
		if o != nil {
			o.awaited = false
		}
		if missing {
			b.await(id, o.by)
		}
	}
}

// wait lets an answer wait until it is due. The caller holds mu.
func (b *hosted) wait(a answer) {
	b.number++
	a.n = b.number
	heap.Push(&b.due, a)
}

// miss makes an event of fills that were awaited: the halt that they lead to.
func (b *hosted) miss(a *answer) exchange.Event {
	ev := exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument}
	if why := b.checks.missing(a.fills); why != "" {
		b.checks.orders[a.fills].awaited = false
		why = fmt.Sprintf("broker %s: %s", b.info.Name, why)
		b.log(why)
		ev = *command(core.CommandHalt, why)
	}
	ev.Time = a.Time
	return ev
}

// Pop implements exchange.Simulated. An answer that can't be right becomes the halt that
// it leads to.
func (b *hosted) Pop(ev *exchange.Event) {
	b.mu.Lock()
	own := len(b.due) > 0
	if own && b.inside != nil {
		b.mu.Unlock()
		at, ok := exchange.Time(0), false
		b.call("NextTime", 0, func() { at, ok = b.inside.NextTime() })
		b.mu.Lock()
		own = !ok || b.due[0].Time <= at
	}
	if own {
		a := heap.Pop(&b.due).(answer)
		if *ev = a.Event; a.fills != 0 {
			*ev = b.miss(&a)
		}
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	*ev = exchange.Event{Instrument: exchange.NoInstrument}
	b.call("Pop", 0, func() { b.inside.Pop(ev) })
	b.mu.Lock()
	if b.failed != nil {
		*ev = exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument, Time: b.now}
		b.mu.Unlock()
		return
	}
	*ev = *owned(ev)
	err := b.checks.take(ev)
	if err == nil && ev.Kind == exchange.KindOrder {
		b.await(ev.Update.ID, ev.Time)
	}
	b.mu.Unlock()
	switch at := ev.Time; {
	case errors.Is(err, errRepeat):
		b.warn(fmt.Sprintf("broker %s: %v", b.info.Name, err))
		*ev = exchange.Event{Kind: exchange.KindTimer, Instrument: exchange.NoInstrument, Time: at}
	case err != nil:
		b.log(b.refusal(err))
		*ev = *command(core.CommandHalt, b.refusal(err))
		ev.Time = at
	}
}

func (b *hosted) refusal(err error) string {
	return fmt.Sprintf("broker %s: an answer was not booked: %v", b.info.Name, err)
}

// take is BrokerSession.Post.
func (b *hosted) take(from *exchange.Event) error {
	ev := owned(from)
	b.mu.Lock()
	err := b.admit(ev)
	b.mu.Unlock()
	switch {
	case err == nil || errors.Is(err, ErrEnded) || errors.Is(err, ErrBehind):
		return err
	case errors.Is(err, errRepeat):
		b.warn(fmt.Sprintf("broker %s: %v", b.info.Name, err))
		return nil
	}
	b.log(b.refusal(err))
	b.post(command(core.CommandHalt, b.refusal(err)))
	return &BrokerError{b.info.Name, err}
}

// admit checks an answer and puts it where it waits. The caller holds mu.
func (b *hosted) admit(ev *exchange.Event) error {
	switch {
	case b.ended:
		return ErrEnded
	case !b.realTime && !b.within && !b.opening:
		return errors.New("it was posted outside of a call: on virtual time a broker answers within Submit, Cancel, Transfer and Market, with the Time at which the answer is due")
	case b.realTime && !b.opening && b.waiting() >= mostAnswers, len(b.due) >= mostAnswers, len(b.early) >= mostAnswers:
		return ErrBehind
	}
	if err := b.checks.take(ev); err != nil {
		return err
	}
	switch {
	case b.opening:
		b.early = append(b.early, *ev)
	case b.realTime:
		ev.Time = loop.Now()
		b.post(ev)
	default:
		ev.Time = max(ev.Time, b.now)
		b.wait(answer{Event: *ev})
	}
	if ev.Kind == exchange.KindOrder && !b.opening {
		b.await(ev.Update.ID, ev.Time)
	}
	return nil
}

// owned is a copy of an event and of what it points to, without what a broker has no say
// in.
func owned(from *exchange.Event) *exchange.Event {
	ev := &exchange.Event{Kind: from.Kind, Instrument: exchange.NoInstrument, Time: from.Time, VenueTime: from.VenueTime,
		Update: from.Update, Wallet: from.Wallet, Asset: from.Asset, Amount: from.Amount, Reason: from.Reason}
	if from.Fill != nil {
		f := *from.Fill
		ev.Fill, ev.Instrument = &f, f.Instrument
	}
	if from.Payment != nil {
		p := *from.Payment
		ev.Payment, ev.Instrument = &p, p.Instrument
	}
	if from.Transfer != nil {
		t := *from.Transfer
		ev.Transfer = &t
	}
	return ev
}

// hold is BrokerSession.Hold.
func (b *hosted) hold(why string) {
	b.mu.Lock()
	b.held = why
	b.mu.Unlock()
}

func (b *hosted) holds() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.held
}

// working is how many orders have no end that we know of.
func (b *hosted) working() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.checks.working())
}

// leave asks the broker, without the loop, to cancel all that rests, and waits for that
// at most so long. It reports false of a broker that can't be asked.
func (b *hosted) leave(within time.Duration) bool {
	l, ok := b.venue.(BrokerLeaver)
	if !ok {
		return false
	}
	b.leaving.Do(func() {
		go func() {
			defer close(b.left)
			b.contained("Leave", func() error { l.Leave(); return nil })
		}()
	})
	if within > 0 {
		b.waitFor("Leave", b.left, within)
	}
	return true
}

// close ends the broker: nothing more can be posted, and it is closed if it can be.
func (b *hosted) close() {
	b.mu.Lock()
	b.ended = true
	late, owed := b.unheard()
	b.mu.Unlock()
	if late != "" {
		b.log(late)
	}
	for _, text := range owed {
		b.log(text)
	}
	if b.failed != nil {
		b.leave(leaveIn)
	}
	c, ok := b.venue.(io.Closer)
	if !ok {
		return
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.contained("Close", c.Close)
	}()
	b.waitFor("Close", done, leaveIn)
}

// unheard says what the session ended without: answers that were due later, and fills. The
// caller holds mu.
func (b *hosted) unheard() (late string, owed []string) {
	n, last := 0, exchange.Time(0)
	for i := range b.due {
		a := &b.due[i]
		if a.fills == 0 {
			n, last = n+1, max(last, a.Time)
			continue
		}
		if why := b.checks.missing(a.fills); why != "" {
			owed = append(owed, fmt.Sprintf("broker %s: %s", b.info.Name, why))
		}
	}
	slices.Sort(owed)
	const most = 10
	if more := len(owed) - most; more > 0 {
		owed = append(owed[:most:most], fmt.Sprintf("broker %s: fills of %d more orders are missing", b.info.Name, more))
	}
	if n > 0 {
		late = fmt.Sprintf("broker %s: %d answers were due after the end, up to %s, and are not booked: an answer is awaited for %s", b.info.Name, n, last, answersAwaited)
	}
	return late, owed
}

func (b *hosted) contained(what string, call func() error) {
	defer func() {
		if v := recover(); v != nil {
			b.log(fmt.Sprintf("broker %s: %s panicked: %v (%s)", b.info.Name, what, v, panickedAt()))
		}
	}()
	if err := call(); err != nil {
		b.log(fmt.Sprintf("broker %s: %s: %v", b.info.Name, what, err))
	}
}

func (b *hosted) waitFor(what string, done <-chan struct{}, within time.Duration) {
	select {
	case <-done:
	case <-time.After(within):
		b.log(fmt.Sprintf("broker %s: %s did not return within %s, and is not waited for", b.info.Name, what, within))
	}
}

// answer is one that waits, and its number: what was posted first comes first.
type answer struct {
	exchange.Event
	n     uint64
	fills exchange.OrderID // not an answer: when fills of this order are missed; 0: an answer
}

// answerQueue is a heap by time and number.
type answerQueue []answer

func (a answerQueue) Len() int { return len(a) }
func (a answerQueue) Less(i, j int) bool {
	return a[i].Time < a[j].Time || a[i].Time == a[j].Time && a[i].n < a[j].n
}
func (a answerQueue) Swap(i, j int) { a[i], a[j] = a[j], a[i] }

// Push implements heap.Interface.
func (a *answerQueue) Push(x any) { *a = append(*a, x.(answer)) }

// Pop implements heap.Interface.
func (a *answerQueue) Pop() any {
	last := (*a)[len(*a)-1]
	*a = (*a)[:len(*a)-1]
	return last
}

var _ exchange.Simulated = (*hosted)(nil)
