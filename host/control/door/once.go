package door

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/host/control"
)

// Bounds of what is remembered of requests that carry a key.
const (
	mostKeys = 512
	keyLives = 10 * time.Minute
)

// once does a request that is sent again a single time, and gives its answer to all.
type once struct {
	mu    sync.Mutex
	known map[string]*told
	order []*told // oldest first
}

type told struct {
	key   string
	of    [32]byte // the operation and its arguments
	at    time.Time
	done  chan struct{}
	reply reply
}

func newOnce() *once { return &once{known: map[string]*told{}} }

// do returns the answer to the first request of a key, which it may have to wait for.
func (o *once) do(ctx context.Context, key string, of [32]byte, f func() reply) reply {
	t, first, err := o.enter(key, of, time.Now())
	if err != nil {
		return replyOf(nil, err)
	}
	if first {
		go func() {
			defer close(t.done)
			defer func() { _ = recover() }() // it must not end the session; the answer says that it failed
			t.reply = replyOf(nil, control.Errorf(control.Internal, "it failed half way"))
			t.reply = f()
		}()
	}
	select {
	case <-t.done:
		return t.reply
	case <-ctx.Done():
		return replyOf(nil, ctx.Err())
	}
}

func (o *once) enter(key string, of [32]byte, now time.Time) (t *told, first bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.forget(now)
	if t := o.known[key]; t != nil {
		if t.of != of {
			return nil, false, control.Errorf(control.Refused, "%s was sent before with another request: want a new key for each", KeyHeader)
		}
		return t, false, nil
	}
	if len(o.known) >= mostKeys {
		return nil, false, control.Errorf(control.TooMany, "%d requests with a key within %s: wait, or send none", mostKeys, keyLives)
	}
	t = &told{key: key, of: of, at: now, done: make(chan struct{})}
	o.known[key], o.order = t, append(o.order, t)
	return t, true, nil
}

func (o *once) forget(now time.Time) {
	n := slices.IndexFunc(o.order, func(t *told) bool { return now.Sub(t.at) < keyLives })
	if n < 0 {
		n = len(o.order)
	}
	for _, t := range o.order[:n] {
		delete(o.known, t.key)
	}
	o.order = slices.Delete(o.order, 0, n)
}
