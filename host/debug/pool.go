package debug

import (
	"cmp"
	"slices"
	"sync"
	"sync/atomic"
)

// MaxParked is how many replays stand ready at most. Each is a session in memory: its books,
// its orders, its scripts.
const MaxParked = 6

// marks is how many of them are spread over the journal.
const marks = 4

// pool is replays that are parked between two events. One goroutine of its own fills it, from
// the journal's beginning, so that going back does not wait for that.
type pool struct {
	dir   string
	never atomic.Bool // nobody hurries what is parked

	mu     sync.Mutex
	parked []*replay // by position
	wanted []uint64  // events to be parked at, the most urgent first
	busy   *replay   // being run to a wanted one
	closed bool
	wake   chan struct{}
	over   chan struct{}
}

func newPool(dir string) *pool {
	p := &pool{dir: dir, wake: make(chan struct{}, 1), over: make(chan struct{})}
	go p.fill()
	return p
}

// want says where replays should stand, the most urgent first.
func (p *pool) want(events []uint64) {
	p.mu.Lock()
	p.wanted = events[:min(len(events), MaxParked)]
	p.mu.Unlock()
	p.nudge()
}

// begin is want where nothing was wanted yet.
func (p *pool) begin(events []uint64) {
	p.mu.Lock()
	if p.wanted == nil {
		p.wanted = events
	}
	p.mu.Unlock()
	p.nudge()
}

func (p *pool) nudge() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// take hands out the replay that stands nearest before an event, or one at the journal's
// beginning.
func (p *pool) take(event uint64, hurry *atomic.Bool) *replay {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := len(p.parked) - 1; i >= 0; i-- {
		if r := p.parked[i]; r.at.Event <= event {
			p.parked = slices.Delete(p.parked, i, i+1)
			r.hurry = hurry
			p.nudge()
			return r
		}
	}
	return newReplay(p.dir, hurry)
}

// keep parks a replay that stands between two events. It is dropped where nothing is wanted
// there and there is no room.
func (p *pool) keep(r *replay) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || r.ended || !r.atEvent() || len(p.parked) >= MaxParked && !p.room() {
		go r.abandon()
		return
	}
	r.hurry = &p.never
	at, _ := slices.BinarySearchFunc(p.parked, r, func(a, b *replay) int { return cmp.Compare(a.at.Event, b.at.Event) })
	p.parked = slices.Insert(p.parked, at, r)
}

// room drops a parked replay that nobody wants, or that is one too many at its event.
func (p *pool) room() bool {
	wanted := map[uint64]int{}
	for _, event := range p.wanted {
		wanted[event]++
	}
	for i, r := range p.parked {
		if wanted[r.at.Event]--; wanted[r.at.Event] < 0 {
			p.parked = slices.Delete(p.parked, i, i+1)
			go r.abandon()
			return true
		}
	}
	return false
}

// missing is the most urgent event that nothing stands at; 0: there is none.
func (p *pool) missing() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return 0
	}
	have := map[uint64]int{}
	for _, r := range p.parked {
		have[r.at.Event]++
	}
	for _, event := range p.wanted {
		if have[event]--; have[event] < 0 {
			return event
		}
	}
	return 0
}

func (p *pool) fill() {
	defer close(p.over)
	for range p.wake {
		for event := p.missing(); event != 0; event = p.missing() {
			r := newReplay(p.dir, &p.never)
			p.mu.Lock()
			if p.busy = r; p.closed {
				r.cancel()
			}
			p.mu.Unlock()
			r.run(reach(Position{Event: event}))
			p.mu.Lock()
			p.busy = nil
			p.mu.Unlock()
			if r.at.Event != event || r.ended {
				r.abandon()
				p.forget(event)
				continue
			}
			p.keep(r)
		}
	}
}

// forget does not want an event any more: the journal ends before it.
func (p *pool) forget(event uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wanted = slices.DeleteFunc(p.wanted, func(e uint64) bool { return e == event })
}

// close ends all of them.
func (p *pool) close() {
	p.mu.Lock()
	p.closed = true
	parked := p.parked
	p.parked = nil
	if p.busy != nil {
		p.busy.cancel()
	}
	p.mu.Unlock()
	close(p.wake)
	<-p.over
	for _, r := range parked {
		r.abandon()
	}
}
