package advisor

import (
	"context"
	"sort"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// Desk brings questions of a session to the client and answers back into the
// loop. It implements sim.Advisor.
//
// In real time an answer is handed to post when it comes. On virtual time the
// session's time stands still while an answer is waited for, and the answer is
// due as much later as it took: a backtest meets the same delay as reality. The
// delay is not the same in two runs, but it is journalled, so a replay is exact.
type Desk struct {
	ctx    context.Context
	cancel context.CancelFunc
	client advice.Respondent
	post   func(*exchange.Event) // nil: virtual time

	work    sync.WaitGroup
	mu      sync.Mutex
	open    int // questions that are waited for
	changed *sync.Cond
	due     []answer // by time and number
}

type answer struct {
	at     exchange.Time
	advice *exchange.Advice
}

// NewDesk returns the desk of a session, which ends with ctx. With post the
// session runs in real time.
func NewDesk(ctx context.Context, c advice.Respondent, post func(*exchange.Event)) *Desk {
	d := &Desk{client: c, post: post}
	d.ctx, d.cancel = context.WithCancel(ctx)
	d.changed = sync.NewCond(&d.mu)
	return d
}

// Ask implements sim.Advisor. It does not wait.
func (d *Desk) Ask(q *advice.Question, now exchange.Time) {
	d.mu.Lock()
	d.open++
	d.mu.Unlock()
	d.work.Add(1)
	go func() {
		defer d.work.Done()
		began := time.Now()
		said := d.client.Ask(d.ctx, q)
		d.done(q, said, now+exchange.Time(time.Since(began)))
	}()
}

func (d *Desk) done(q *advice.Question, said *exchange.Advice, at exchange.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.open--
	if d.post != nil {
		ev := &exchange.Event{}
		fill(ev, said)
		d.post(ev)
		return
	}
	if said.Verdict == advice.OK {
		// What took the wall clock to come and go is not the advisor's.
		at = min(at, q.Asked+q.Deadline)
	}
	d.due = append(d.due, answer{at, said})
	sort.Slice(d.due, func(i, j int) bool {
		a, b := &d.due[i], &d.due[j]
		return a.at < b.at || (a.at == b.at && a.advice.ID < b.advice.ID)
	})
	d.changed.Broadcast()
}

func fill(ev *exchange.Event, said *exchange.Advice) {
	*ev = exchange.Event{Kind: exchange.KindAdvice, Instrument: exchange.NoInstrument, Time: ev.Time, Advice: said}
}

// NextTime implements sim.Advisor. On virtual time it waits until every question
// is answered, since any of them may be the first.
func (d *Desk) NextTime() (exchange.Time, bool) {
	if d.post != nil {
		return 0, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	for d.open > 0 {
		d.changed.Wait()
	}
	if len(d.due) == 0 {
		return 0, false
	}
	return d.due[0].at, true
}

// Pop implements sim.Advisor.
func (d *Desk) Pop(ev *exchange.Event) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ev.Time = d.due[0].at
	fill(ev, d.due[0].advice)
	d.due = d.due[1:]
}

// Close gives up what is under way and waits for it to end.
func (d *Desk) Close() {
	d.cancel()
	d.work.Wait()
	d.client.Close()
}
