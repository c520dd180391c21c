package wire

import (
	"context"
	"sync"
	"time"
)

// Attempts is a budget of connection attempts: at most so many in any window of
// a length. Binance bans an address that makes more than 300 in 5 minutes, so
// all clients that share an address share one. It is safe for concurrent use.
type Attempts struct {
	mu     sync.Mutex
	window time.Duration
	made   []time.Time // ring of the last attempts
	next   int         // the oldest
}

// NewAttempts returns a budget of max attempts, at least 1, per window.
func NewAttempts(max int, window time.Duration) *Attempts {
	if max < 1 {
		max = 1
	}
	return &Attempts{window: window, made: make([]time.Time, max)}
}

// Wait takes one attempt out of the budget, and waits until there is one. The
// error is ctx's.
func (a *Attempts) Wait(ctx context.Context) error {
	for {
		wait := a.take(time.Now())
		if wait <= 0 {
			return ctx.Err()
		}
		if err := Sleep(ctx, wait); err != nil {
			return err
		}
	}
}

// take makes an attempt, or returns how long there is none.
func (a *Attempts) take(now time.Time) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	if oldest := a.made[a.next]; !oldest.IsZero() {
		if wait := a.window - now.Sub(oldest); wait > 0 {
			return wait
		}
	}
	a.made[a.next] = now
	a.next = (a.next + 1) % len(a.made)
	return 0
}

// Sleep waits for d, or for the end of ctx, whose error it then returns.
func Sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// backoff is the delay after so many failures in a row: a random part of a bound
// that doubles ("full jitter"), so that clients that fell together do not come
// back together.
func (o *Options) backoff(failures int) time.Duration {
	bound := o.BackoffBase
	for range failures - 1 {
		if bound *= 2; bound >= o.BackoffMax {
			break
		}
	}
	return time.Duration(o.Jitter() * float64(min(bound, o.BackoffMax)))
}
