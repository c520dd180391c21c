package sign

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
)

// TimekeeperOptions are what a Timekeeper needs; all are required.
type TimekeeperOptions struct {
	Ask    func(context.Context) (exchange.Time, error) // the venue's time, by one question and its answer
	Window exchange.Time                                // how long after its timestamp a request is good
	Now    func() exchange.Time                         // our time, which may be set at any moment
	Log    func(string)                                 // what Keep could not do
}

// Timekeeper compares our clock with a venue's, keeps doing so, and stamps requests by
// what a [Clock] makes of it. It is safe for concurrent use.
type Timekeeper struct {
	o         TimekeeperOptions
	comparing chan struct{} // holds whoever asks, so that one does for all

	mu       sync.Mutex
	clock    Clock
	compared int
}

// NewTimekeeper returns one that has asked nothing yet, and stamps nothing before Sync.
func NewTimekeeper(o TimekeeperOptions) *Timekeeper {
	return &Timekeeper{o: o, comparing: make(chan struct{}, 1)}
}

// Stamp is [Clock.Stamp] of now: it refuses while nothing recent is known, and a clock
// that is too far off.
func (k *Timekeeper) Stamp() (exchange.Time, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock.Stamp(k.o.Now(), k.o.Window)
}

// Offset is [Clock.Offset] of now: how far the venue's clock is ahead of ours, and how
// uncertain that is.
func (k *Timekeeper) Offset() (offset, uncertainty exchange.Time, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.clock.Offset(k.o.Now())
}

// Forget drops what is known, as [Clock.Forget] does; Keep asks anew.
func (k *Timekeeper) Forget() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.clock.Forget()
}

// Compared counts the comparisons that there were, for [Timekeeper.Sync].
func (k *Timekeeper) Compared() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.compared
}

// samplesPerSync is how many round trips a comparison is the best of.
const samplesPerSync = 3

// Sync compares the clocks, unless that was done since Compared gave a number: before
// the request whose timestamp was refused, say. It is a number and not a time of ours,
// because a clock that was set back has samples of the future. ctx bounds the wait, for
// others that compare too.
func (k *Timekeeper) Sync(ctx context.Context, compared int) error {
	select {
	case k.comparing <- struct{}{}:
	case <-ctx.Done():
		return fmt.Errorf("compare the clocks: %w", ctx.Err())
	}
	defer func() { <-k.comparing }()
	if k.Compared() != compared {
		return nil
	}
	for n := range samplesPerSync {
		if err := k.compare(ctx); err != nil && n == 0 {
			return fmt.Errorf("compare the clocks: %w", err)
		}
	}
	return nil
}

// compare takes one sample. The two times of ours are apart by the monotonic clock.
func (k *Timekeeper) compare(ctx context.Context) error {
	sent, begun := k.o.Now(), time.Now()
	server, err := k.o.Ask(ctx)
	received := sent + exchange.Time(time.Since(begun))
	if err != nil {
		return err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.clock.Sample(sent, received, server); err != nil {
		return err
	}
	k.compared++
	return nil
}

const (
	// lookEvery is how often Keep looks whether a new comparison is due: soon after the
	// machine has slept, say.
	lookEvery = 5 * time.Second
	// patience is how long Keep lets a comparison take. One that took longer would say
	// next to nothing of the venue's time.
	patience = time.Minute
)

// Keep compares the clocks whenever that is due, until ctx ends. A failure is logged and
// tried again at the next look; where it lasts, the stamps go stale, and then every
// request tells.
func (k *Timekeeper) Keep(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if compared, due := k.due(); due {
			if err := k.syncWithin(ctx, compared); err != nil && ctx.Err() == nil {
				k.o.Log(err.Error())
			}
		}
	}
}

func (k *Timekeeper) syncWithin(ctx context.Context, compared int) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return k.Sync(ctx, compared)
}

// due reports that a comparison is wanted: the last one is old, or it is such that nothing
// can be stamped. Whoever was off may be right again.
func (k *Timekeeper) due() (compared int, due bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	now := k.o.Now()
	_, err := k.clock.Stamp(now, k.o.Window)
	return k.compared, err != nil || k.clock.Due(now)
}
