package loop

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
)

// Inbox takes events from any goroutine for the loop. What concerns money or
// control is never dropped. When the loop is so far behind that Most events
// wait, books, quotes and trades of an instrument may be: a gap takes their
// place, so that its book is stale before anything of it is missing, and once
// there is room again Refetch is told to see to a new one.
//
// Most and Refetch are set before the first Post.
type Inbox struct {
	Most    int                         // 0: any number
	Refetch func(exchange.InstrumentID) // on the loop's goroutine

	timer *time.Timer // of wait; the loop's

	mu      sync.Mutex
	pending []*exchange.Event
	head    int                     // of pending: what is before it was taken
	shed    []exchange.InstrumentID // whose market data is dropped at present
	full    atomic.Bool
	dropped atomic.Uint64
	count   atomic.Int32
	calls   []func() // see Call
	calling atomic.Bool
	wake    chan struct{}
}

// NewInbox returns an empty inbox.
func NewInbox() *Inbox { return &Inbox{wake: make(chan struct{}, 1)} }

// Post hands an event to the loop. It may be called from any goroutine and does
// not wait for the event to be handled.
func (b *Inbox) Post(ev *exchange.Event) {
	b.mu.Lock()
	b.admit(ev)
	b.count.Store(int32(b.length()))
	b.mu.Unlock()
	b.poke()
}

func (b *Inbox) poke() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

// Call hands a function to the loop, which calls it on its own goroutine between two
// events: it may read what the loop owns, and must change nothing, for no replay
// would know of it. What is handed over when the loop has ended is not called. Call
// may be called from any goroutine and does not wait.
func (b *Inbox) Call(f func()) {
	b.mu.Lock()
	b.calls = append(b.calls, f)
	b.calling.Store(true)
	b.mu.Unlock()
	b.poke()
}

// callAll calls what was handed over.
func (b *Inbox) callAll() {
	b.mu.Lock()
	list := b.calls
	b.calls = nil
	b.calling.Store(false)
	b.mu.Unlock()
	for _, f := range list {
		f()
	}
}

// length is how many events wait; the caller holds mu.
func (b *Inbox) length() int { return len(b.pending) - b.head }

// add appends an event. The room of those that were taken is used again before
// more is allocated.
func (b *Inbox) add(ev *exchange.Event) {
	if len(b.pending) == cap(b.pending) && b.head > len(b.pending)/2 {
		n := copy(b.pending, b.pending[b.head:])
		clear(b.pending[n:])
		b.pending, b.head = b.pending[:n], 0
	}
	b.pending = append(b.pending, ev)
}

func (b *Inbox) admit(ev *exchange.Event) {
	if b.length() >= hardLimit {
		b.full.Store(true)
		return
	}
	if !perishable(ev.Kind) {
		b.add(ev)
		return
	}
	shed := slices.Contains(b.shed, ev.Instrument)
	if !shed && b.Most > 0 && b.length() >= b.Most {
		shed = true
		b.shed = append(b.shed, ev.Instrument)
		b.add(&exchange.Event{Kind: exchange.KindGap, Instrument: ev.Instrument, Time: ev.Time,
			Reason: "the loop is behind: market data was dropped"})
	}
	if shed {
		b.dropped.Add(1)
		return
	}
	b.add(ev)
}

// hardLimit is how many events wait at most, of whatever kind. A loop that far
// behind is lost: what is not kept then is lost too, Full says so, and the session is
// given up. It is found again with the venue when the session goes on.
const hardLimit = 1 << 19

// Full reports whether events that may not be dropped were.
func (b *Inbox) Full() bool { return b.full.Load() }

// perishable market data is worth little once there is newer; a missed mark or
// settlement would be money.
func perishable(k exchange.Kind) bool {
	return k == exchange.KindSnapshot || k == exchange.KindDiff || k == exchange.KindTicker || k == exchange.KindTrade
}

// Dropped is how many events were dropped so far.
func (b *Inbox) Dropped() uint64 { return b.dropped.Load() }

// Waiting is how many events wait to be handled.
func (b *Inbox) Waiting() int { return int(b.count.Load()) }

// waitingData reports whether market data waits to be handled.
func (b *Inbox) waitingData() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.pending[b.head:], func(ev *exchange.Event) bool { return ev.Kind.MarketData() })
}

// take returns the oldest event, or nil.
func (b *Inbox) take() *exchange.Event {
	if b.calling.Load() {
		b.callAll()
	}
	if b.count.Load() == 0 {
		return nil
	}
	b.mu.Lock()
	ev := b.pending[b.head]
	b.pending[b.head] = nil
	if b.head++; b.head == len(b.pending) {
		b.pending, b.head = b.pending[:0], 0
	}
	b.count.Store(int32(b.length()))
	relieved := b.relieved()
	b.mu.Unlock()
	for _, id := range relieved {
		b.Refetch(id)
	}
	return ev
}

// relieved ends the dropping once half of the room is free, and returns whose
// market data comes again.
func (b *Inbox) relieved() []exchange.InstrumentID {
	if len(b.shed) == 0 || b.length() > b.Most/2 {
		return nil
	}
	list := b.shed
	b.shed = nil
	if b.Refetch == nil {
		return nil
	}
	return list
}

// wait sleeps until something is posted, ctx is done, or the time is over.
func (b *Inbox) wait(ctx context.Context, d time.Duration) {
	if b.timer == nil {
		b.timer = time.NewTimer(d)
	} else {
		b.timer.Reset(d)
	}
	defer b.timer.Stop()
	select {
	case <-b.timer.C:
	case <-b.wake:
	case <-ctx.Done():
	}
}
