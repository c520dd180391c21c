// Package fanout hands values to subscribers without ever waiting for one of them.
// Each has a queue of its own with a bound: at the bound, values that may be lost are
// counted instead of kept, and the subscriber learns how many, and where. Values that
// must not be lost are kept beyond the bound.
package fanout

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Hub is what values are published to. The zero Hub is ready. Its methods may be
// called from any goroutine.
type Hub[T any] struct {
	mu     sync.Mutex
	subs   []*Subscription[T]
	active atomic.Bool
	lost   atomic.Uint64
	closed bool
}

// Active reports whether there is any subscriber: without, nothing need be made for
// Publish.
func (h *Hub[T]) Active() bool { return h.active.Load() }

// Lost is how many values all subscribers together did not get.
func (h *Hub[T]) Lost() uint64 { return h.lost.Load() }

// Publish gives a value to every subscriber that wants it. One that is kept is in a
// subscriber's queue whatever its bound.
func (h *Hub[T]) Publish(v T, kept bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.subs {
		if s.wants == nil || s.wants(v) {
			s.put(v, kept)
		}
	}
}

// Subscribe begins a subscription: wants says which values it is about, nil for all,
// and most bounds its queue. Of a hub that is closed it ends at once.
func (h *Hub[T]) Subscribe(most int, wants func(T) bool) *Subscription[T] {
	s := &Subscription[T]{hub: h, most: most, wants: wants, wake: make(chan struct{}, 1)}
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.over = h.closed; !s.over {
		h.subs = append(h.subs, s)
		h.active.Store(true)
	}
	return s
}

// Close ends all subscriptions, once what is in their queues was taken.
func (h *Hub[T]) Close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for _, s := range h.subs {
		s.over = true
		s.poke()
	}
	h.subs = nil
	h.active.Store(false)
}

// Item is a value from a subscription's queue.
type Item[T any] struct {
	Value T
	Lost  int // how many values were lost before it
}

// Subscription is one subscriber's queue. One goroutine may take from it.
type Subscription[T any] struct {
	hub   *Hub[T]
	most  int
	wants func(T) bool
	wake  chan struct{}

	queue []Item[T] // under the hub's mu, like all that follows
	lost  int       // since the last value that was kept
	over  bool
}

func (s *Subscription[T]) put(v T, kept bool) {
	if !kept && len(s.queue) >= s.most {
		s.lost++
		s.hub.lost.Add(1)
		return
	}
	s.queue = append(s.queue, Item[T]{v, s.lost})
	s.lost = 0
	s.poke()
}

func (s *Subscription[T]) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// Take waits for values and returns all that there are. It returns nothing once the
// subscription has ended; lost is then how many values were lost at its end.
func (s *Subscription[T]) Take() (list []Item[T], lost int) {
	for {
		s.hub.mu.Lock()
		list, s.queue = s.queue, nil
		over := s.over
		if over && len(list) == 0 {
			lost, s.lost = s.lost, 0
		}
		s.hub.mu.Unlock()
		if len(list) > 0 || over {
			return list, lost
		}
		<-s.wake
	}
}

// Stop ends the subscription; what is in its queue is forgotten.
func (s *Subscription[T]) Stop() {
	h := s.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	h.subs = slices.DeleteFunc(h.subs, func(x *Subscription[T]) bool { return x == s })
	h.active.Store(len(h.subs) > 0)
	s.queue, s.over = nil, true
	s.poke()
}
