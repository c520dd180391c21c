package desk

import (
	"container/heap"
	"context"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

var _ exchange.Execution = (*Venue)(nil)

// Config is what a live venue needs. API, Universe and Post are required.
type Config struct {
	API      account.API
	Universe *exchange.Universe
	Options  Options
	Opening  Opening
	// Post takes the events for the core, in order, on one goroutine. The event
	// is valid until it returns.
	Post func(*exchange.Event)
	// Note takes what only a person needs to know.
	Note func(string)
}

// Venue runs a Desk in real time: it sends its requests and hands its events on.
// Its methods only enqueue and are safe for concurrent use.
type Venue struct {
	api   account.API
	post  func(*exchange.Event)
	note  func(string)
	lanes [2]*lane // what acts, and what asks: a long listing holds up no cancel

	mu     sync.Mutex
	inbox  []func(*Desk, exchange.Time)
	over   []overflow // of the inbox, by market
	beat   bool
	health Health
	wake   chan struct{}
	desk   *Desk
}

// NewVenue returns a venue that does nothing until Run. What is enqueued before
// waits.
func NewVenue(c Config) (*Venue, error) {
	d, err := New(c.Universe, c.Options, c.Opening, c.API.Now())
	if err != nil {
		return nil, err
	}
	v := &Venue{api: c.API, post: c.Post, note: c.Note, desk: d, wake: make(chan struct{}, 1),
		lanes: [2]*lane{newLane(), newLane()}, health: d.Health()}
	if v.note == nil {
		v.note = func(string) {}
	}
	return v, nil
}

// inboxMost is how many entries wait for a turn before events of the user streams
// are dropped. Then the account of their market is compared. Never dropped are fills,
// of which there are as many as the venue executes, answers, of which there is one
// for each request, and what the core decides, which limits itself.
const inboxMost = 1 << 16

// overflow is what of a market's stream found no room.
type overflow struct {
	market api.Market
	events int
	line   account.Notice // the last of them that told the stream to be up or down
}

// drop counts an event that finds no room.
func (v *Venue) drop(n *account.Notice) {
	i := slices.IndexFunc(v.over, func(o overflow) bool { return o.market == n.Market })
	if i < 0 {
		i = len(v.over)
		v.over = append(v.over, overflow{market: n.Market})
	}
	v.over[i].events++
	if n.Gap != "" || n.Down != "" {
		v.over[i].line = *n
	}
}

// settle tells the desk what was dropped since the last turn.
func (o *overflow) settle(d *Desk, now exchange.Time) {
	d.missed(o.market, o.events)
	if o.line.Gap != "" || o.line.Down != "" {
		d.Notice(&o.line, now)
	}
}

func (v *Venue) enqueue(f func(*Desk, exchange.Time)) {
	v.mu.Lock()
	v.inbox = append(v.inbox, f)
	v.mu.Unlock()
	v.rouse()
}

// rouse makes a turn come soon.
func (v *Venue) rouse() {
	select {
	case v.wake <- struct{}{}:
	default:
	}
}

// Submit implements exchange.Execution. The venue's clock counts, not the loop's.
func (v *Venue) Submit(o *exchange.Order, _ exchange.Time) {
	kept := *o
	v.enqueue(func(d *Desk, now exchange.Time) {
		kept.Created = now
		d.Submit(&kept, now)
	})
}

// Cancel implements exchange.Execution.
func (v *Venue) Cancel(id exchange.OrderID, _ exchange.Time) {
	v.enqueue(func(d *Desk, now exchange.Time) { d.Cancel(id, now) })
}

// CancelAll cancels all orders that may rest at the venue, without the core: it is
// for a session that can go on no more.
func (v *Venue) CancelAll() {
	v.enqueue(func(d *Desk, now exchange.Time) {
		for _, n := range slices.Clone(d.open) {
			if n.stage != done {
				d.Cancel(n.ID, now)
			}
		}
	})
}

// Transfer implements exchange.Execution.
func (v *Venue) Transfer(t *exchange.Transfer, _ exchange.Time) {
	kept := *t
	v.enqueue(func(d *Desk, now exchange.Time) { d.Transfer(&kept, now) })
}

// Notice takes an event of a user stream, in the stream's order.
func (v *Venue) Notice(n account.Notice) {
	fill := n.Report != nil && n.Report.Execution != nil
	v.mu.Lock()
	if len(v.inbox) >= inboxMost && !fill {
		v.drop(&n)
	} else {
		v.inbox = append(v.inbox, func(d *Desk, now exchange.Time) { d.Notice(&n, now) })
	}
	v.mu.Unlock()
	v.rouse()
}

// Beat says that the loop is alive; it is to be called every second or so, by
// the loop itself. Without it the venue's dead-man switches run down.
func (v *Venue) Beat() {
	v.mu.Lock()
	v.beat = true
	v.mu.Unlock()
	v.rouse()
}

// Health tells where the desk stood at its last turn.
func (v *Venue) Health() Health {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.health
}

const (
	actors = 8 // requests that act at the same time
	askers = 3
	idle   = time.Second // between two turns at most
)

// Run runs until ctx is done and every request has returned. Orders stay as they
// are at the venue, until the dead-man switch runs down.
func (v *Venue) Run(ctx context.Context) {
	var wg sync.WaitGroup
	for i, n := range [...]int{actors, askers} {
		for range n {
			wg.Go(func() { v.work(ctx, v.lanes[i]) })
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
	for _, l := range v.lanes {
		l.close()
	}
	wg.Wait()
}

// turn handles what has come and what is due; it returns when to look again.
func (v *Venue) turn() time.Duration {
	v.mu.Lock()
	inbox, over, beat := v.inbox, v.over, v.beat
	v.inbox, v.over, v.beat = nil, nil, false
	v.mu.Unlock()
	now := v.api.Now()
	if beat {
		v.desk.Beat(now)
	}
	for _, f := range inbox {
		f(v.desk, now)
	}
	for i := range over {
		over[i].settle(v.desk, now)
	}
	v.desk.Tick(now)
	v.desk.Requests(func(r *Request) {
		kept := *r
		if r.Kind.Acts() {
			v.lanes[0].push(&kept)
		} else {
			v.lanes[1].push(&kept)
		}
	})
	v.desk.Events(v.post)
	v.desk.Notes(v.note)
	h := v.desk.Health()
	v.mu.Lock()
	v.health = h
	v.mu.Unlock()
	return min(idle, max(time.Millisecond, time.Duration(v.desk.Next()-now)))
}

// work performs requests until the lane is closed.
func (v *Venue) work(ctx context.Context, l *lane) {
	for {
		r := l.pop()
		if r == nil {
			return
		}
		a := v.perform(ctx, r)
		v.enqueue(func(d *Desk, now exchange.Time) { d.Answer(a, now) })
	}
}

// Answers are waited for longer than the venue takes for one (10 s at most).
const (
	actWithin = 12 * time.Second
	askWithin = time.Minute
)

func (v *Venue) perform(ctx context.Context, r *Request) *Answer {
	a := &Answer{Request: r}
	if r.NotAfter != 0 && v.api.Now() > r.NotAfter {
		a.Err = &account.Fault{Class: account.Later, Market: r.Market, What: "place", Msg: "it waited for its turn too long and was not sent"}
		return a
	}
	limit := askWithin
	if r.Kind.Acts() {
		limit = actWithin
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	Perform(ctx, v.api, r, a)
	return a
}

// Perform asks the venue and puts what comes of it into a.
func Perform(ctx context.Context, api account.API, r *Request, a *Answer) {
	switch r.Kind {
	case Place:
		a.Report, a.Err = api.Place(ctx, r.Order)
	case Cancel:
		a.Report, a.Err = api.Cancel(ctx, r.Market, r.Symbol, r.ClientID)
	case Query:
		a.Report, a.Err = api.Query(ctx, r.Market, r.Symbol, r.ClientID)
	case OpenOrders:
		a.Reports, a.Err = api.OpenOrders(ctx, r.Market)
	case Trades:
		a.Executions, a.Err = api.Trades(ctx, r.Market, r.Symbol, r.From)
	case Balances:
		a.Balances, a.Err = api.Balances(ctx, r.Market)
	case Positions:
		a.Positions, a.Err = api.Positions(ctx, r.Market)
	case Income:
		a.Incomes, a.Err = api.Income(ctx, r.Market, r.Since)
	case Move:
		a.TranID, a.Err = api.Move(ctx, r.Asset, r.Market, r.To, r.Amount)
	case Moves:
		a.Moves, a.Err = api.Moves(ctx, r.Market, r.To, r.Since)
	case Arm:
		a.Err = api.Arm(ctx, r.Market, r.Symbol, r.Arm)
	}
}

// lane is a queue of requests, most urgent first. The desk bounds it: of an order a
// placing, a cancel and a query wait at most, of a transfer one request, of a switch
// one, and of each market two rounds of questions.
type lane struct {
	mu     sync.Mutex
	some   *sync.Cond
	list   requests
	closed bool
}

func newLane() *lane {
	l := &lane{}
	l.some = sync.NewCond(&l.mu)
	return l
}

func (l *lane) push(r *Request) {
	l.mu.Lock()
	heap.Push(&l.list, r)
	l.mu.Unlock()
	l.some.Signal()
}

// pop waits for a request; nil: the lane is closed.
func (l *lane) pop() *Request {
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.list) == 0 && !l.closed {
		l.some.Wait()
	}
	if l.closed {
		return nil
	}
	return heap.Pop(&l.list).(*Request)
}

func (l *lane) close() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.some.Broadcast()
}

type requests []*Request

func (h requests) Len() int { return len(h) }
func (h requests) Less(i, j int) bool {
	a, b := h[i].urgency(), h[j].urgency()
	return a < b || a == b && h[i].Number < h[j].Number
}
func (h requests) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *requests) Push(x any)   { *h = append(*h, x.(*Request)) }
func (h *requests) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	(*h)[last] = nil
	*h = (*h)[:last]
	return x
}
