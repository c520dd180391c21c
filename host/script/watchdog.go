package script

import (
	"sync"
	"time"
)

// Watchdog ends callbacks that take too long by the wall clock: what runs inside
// one instruction is not counted, and a machine may be slow. It is a goroutine
// beside the loops that run VMs, and serves many of them.
//
// What a clock decides can't be replayed. The host therefore records which
// callback was ended, and a replay has no watchdog: it is told.
type Watchdog struct {
	limit time.Duration
	stop  chan struct{}
	once  sync.Once // closes stop
	done  chan struct{}

	mu   sync.Mutex
	list map[*budget]*watched
}

// watched is how long a VM has been in the same callback, in ticks. Counting
// ticks, a process that was suspended has not been slow.
type watched struct {
	call  uint64
	ticks int
}

// ticksAllowed is how many looks a callback may last.
const ticksAllowed = 20

// NewWatchdog starts a watchdog that allows a callback this long. Close it.
func NewWatchdog(limit time.Duration) *Watchdog {
	w := &Watchdog{limit: limit, stop: make(chan struct{}), done: make(chan struct{}), list: map[*budget]*watched{}}
	go w.run()
	return w
}

// Close ends the watchdog's goroutine. Closing it again does nothing.
func (w *Watchdog) Close() {
	if w == nil {
		return
	}
	w.once.Do(func() { close(w.stop) })
	<-w.done
}

func (w *Watchdog) run() {
	defer close(w.done)
	tick := time.NewTicker(max(w.limit/ticksAllowed, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case <-w.stop:
			return
		case <-tick.C:
			w.look()
		}
	}
}

func (w *Watchdog) look() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for b, seen := range w.list { // order: each VM by itself
		call := b.calls.Load()
		if call&1 == 0 || call != seen.call {
			seen.call, seen.ticks = call, 0
			continue
		}
		if seen.ticks++; seen.ticks >= ticksAllowed {
			b.late.Store(call)
		}
	}
}

func (w *Watchdog) watch(b *budget) {
	if w == nil {
		return
	}
	b.deadline, b.watched = w.limit, true
	w.mu.Lock()
	defer w.mu.Unlock()
	w.list[b] = &watched{}
}

func (w *Watchdog) forget(b *budget) {
	if w == nil {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.list, b)
}
