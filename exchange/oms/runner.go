package oms

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
)

var _ exchange.Execution = (*Runner)(nil)

// Config is what a manager of a live account needs. Account, Universe and Post are
// required. What the account is like is asked of it: Options need not tell.
type Config struct {
	Account  Account
	Universe *exchange.Universe
	Options  Options
	Opening  Opening
	// Post takes the events for the core, in order, on one goroutine. The event
	// is valid until it returns.
	Post func(*exchange.Event)
	// Note takes what only a person needs to know.
	Note func(string)
}

// Runner runs a Manager in real time: it sends its requests and hands its events on.
// Its methods only enqueue and are safe for concurrent use.
type Runner struct {
	account Account
	post    func(*exchange.Event)
	note    func(string)
	queues  [2]*queue // what acts, and what asks: a long listing holds up no cancel

	mu      sync.Mutex
	inbox   []func(*Manager, exchange.Time)
	over    []overflow // of the inbox, by segment
	beat    bool
	health  Health
	lost    silence
	wake    chan struct{}
	manager *Manager
}

// NewRunner returns a runner that does nothing until Run. What is enqueued before
// waits.
func NewRunner(c Config) (*Runner, error) {
	c.Options.Profile, c.Options.Capabilities = c.Account.Profile(), CapabilitiesOf(c.Account)
	m, err := New(c.Universe, c.Options, c.Opening, c.Account.Now())
	if err != nil {
		return nil, err
	}
	v := &Runner{account: c.Account, post: c.Post, note: c.Note, manager: m, wake: make(chan struct{}, 1),
		queues: [2]*queue{newQueue(), newQueue()}, health: m.Health()}
	if v.note == nil {
		v.note = func(string) {}
	}
	return v, nil
}

// inboxMost is how many entries wait for a turn before events of the account's streams
// are dropped. Then the account of their segment is compared. Never dropped are fills,
// of which there are as many as the venue executes, answers, of which there is one
// for each request, and what the core decides, which limits itself.
const inboxMost = 1 << 16

// overflow is what of a segment's stream found no room.
type overflow struct {
	venue  exchange.Venue
	events int
	state  AccountEvent // the last of them that told the stream to be up or down
}

// drop counts an event that finds no room.
func (v *Runner) drop(ev *AccountEvent) {
	i := slices.IndexFunc(v.over, func(o overflow) bool { return o.venue == ev.Venue })
	if i < 0 {
		i = len(v.over)
		v.over = append(v.over, overflow{venue: ev.Venue})
	}
	v.over[i].events++
	if ev.Gap != "" || ev.Down != "" {
		v.over[i].state = *ev
	}
}

// tell tells the manager what was dropped since the last turn.
func (o *overflow) tell(m *Manager, now exchange.Time) {
	m.dropped(o.venue, o.events, now)
	if o.state.Gap != "" || o.state.Down != "" {
		m.Event(&o.state, now)
	}
}

func (v *Runner) enqueue(f func(*Manager, exchange.Time)) {
	v.mu.Lock()
	v.inbox = append(v.inbox, f)
	v.mu.Unlock()
	v.rouse()
}

// rouse makes a turn come soon.
func (v *Runner) rouse() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Submit implements exchange.Execution. The venue's clock counts, not the loop's.
func (v *Runner) Submit(o *exchange.Order, _ exchange.Time) {
	kept := *o
	v.enqueue(func(m *Manager, now exchange.Time) {
		kept.Created = now
		m.Submit(&kept, now)
	})
}

// Cancel implements exchange.Execution.
func (v *Runner) Cancel(id exchange.OrderID, _ exchange.Time) {
	v.enqueue(func(m *Manager, now exchange.Time) { m.Cancel(id, now) })
}

// CancelAll cancels all orders that may rest at the venue, without the core: it is
// for a session that can go on no more.
func (v *Runner) CancelAll() { v.enqueue((*Manager).CancelAll) }

// Leave is Manager.Leave, for any goroutine: it does not need the loop.
func (v *Runner) Leave() { v.enqueue((*Manager).Leave) }

// Transfer implements exchange.Execution.
func (v *Runner) Transfer(t *exchange.Transfer, _ exchange.Time) {
	kept := *t
	v.enqueue(func(m *Manager, now exchange.Time) { m.Transfer(&kept, now) })
}

// Event takes an event of the account's streams, in the stream's order.
func (v *Runner) Event(ev AccountEvent) {
	fill := ev.Execution != nil || ev.Report != nil && len(ev.Report.Executions) > 0
	v.mu.Lock()
	if len(v.inbox) >= inboxMost && !fill {
		v.drop(&ev)
	} else {
		v.inbox = append(v.inbox, func(m *Manager, now exchange.Time) { m.Event(&ev, now) })
	}
	v.mu.Unlock()
	v.rouse()
}

// Beat says that the loop is alive; it is to be called every second or so, by
// the loop itself. Without it the venue's dead-man switches run down.
func (v *Runner) Beat() {
	v.mu.Lock()
	v.beat = true
	v.mu.Unlock()
	v.rouse()
}

// Health tells where the manager stood at its last turn.
func (v *Runner) Health() Health {
	v.mu.Lock()
	defer v.mu.Unlock()
	h := v.health
	v.lost.tell(&h)
	return h
}

const (
	actors = 8 // requests that act at the same time
	askers = 3
	idle   = time.Second // between two turns at most
)

// Run runs until ctx is done and every request has returned. Orders stay as they
// are at the venue, until the dead-man switch runs down.
func (v *Runner) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for i, n := range [...]int{actors, askers} {
		for range n {
			wg.Go(func() { v.work(ctx, v.queues[i]) })
		}
	}
	timer := time.NewTimer(0)
	defer timer.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-v.wake:
		case <-timer.C:
		}
		timer.Reset(v.turn())
	}
	for _, q := range v.queues {
		q.close()
	}
	wg.Wait()
}

// turn handles what has come and what is due; it returns when to look again.
func (v *Runner) turn() time.Duration {
	v.mu.Lock()
	inbox, over, beat := v.inbox, v.over, v.beat
	v.inbox, v.over, v.beat = nil, nil, false
	v.mu.Unlock()
	now := v.account.Now()
	if beat {
		v.manager.Beat(now)
	}
	for _, f := range inbox {
		f(v.manager, now)
	}
	for i := range over {
		over[i].tell(v.manager, now)
	}
	v.manager.Tick(now)
	v.manager.Requests(func(r *Request) {
		kept := *r
		if r.Kind.Acts() {
			v.queues[0].push(&kept)
		} else {
			v.queues[1].push(&kept)
		}
	})
	v.manager.Events(v.post)
	v.manager.Notes(v.note)
	h := v.manager.Health()
	v.mu.Lock()
	v.health = h
	v.mu.Unlock()
	return min(idle, max(time.Millisecond, time.Duration(v.manager.Next()-now)))
}

// work performs requests until the queue is closed.
func (v *Runner) work(ctx context.Context, q *queue) {
	for {
		r := q.pop()
		if r == nil {
			return
		}
		a := v.perform(ctx, r)
		v.hear(a)
		v.enqueue(func(m *Manager, now exchange.Time) { m.Answer(a, now) })
	}
}

// Answers are waited for longer than any venue takes for one (10 s at most).
const (
	actWithin = 12 * time.Second
	askWithin = time.Minute
)

func (v *Runner) perform(ctx context.Context, r *Request) *Answer {
	a := &Answer{Request: r}
	if r.NotAfter != 0 && v.account.Now() > r.NotAfter {
		a.Err = &exchange.VenueError{Class: exchange.ErrUnavailable, Venue: r.Venue, What: "place", Message: "it waited for its turn too long and was not sent"}
		return a
	}
	limit := askWithin
	if r.Kind.Acts() {
		limit = actWithin
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	Perform(ctx, v.account, r, a)
	return a
}

// silence is how long the venue has answered nothing that it was asked.
type silence struct {
	since exchange.Time // of the first request in a row that was not answered
	n     int           // of them
	why   string        // of the last
}

// silentFrom is how many requests in a row go unanswered before that is told: one alone may
// have met an overload.
const silentFrom = 2

// hear takes note whether a request was answered, whatever the answer.
func (v *Runner) hear(a *Answer) {
	c := exchange.ErrorClassOf(a.Err)
	v.mu.Lock()
	defer v.mu.Unlock()
	if c != exchange.ErrUnavailable && c != exchange.ErrUnknown {
		v.lost = silence{}
		return
	}
	if v.lost.n++; v.lost.n == 1 {
		v.lost.since = v.account.Now()
	}
	v.lost.why = a.Err.Error()
}

// tell puts it into what is known of the manager.
func (s *silence) tell(h *Health) {
	if s.n >= silentFrom {
		h.Silent, h.SilentWhy = s.since, s.why
	}
}
