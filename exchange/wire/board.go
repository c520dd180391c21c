package wire

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

// board is what is known of the streams of one connection. The goroutines that
// read, write and watch the connection share it.
type board struct {
	mu      sync.Mutex
	streams map[string]*subscription
	order   []*subscription // as subscribed: nothing is decided in map order
	waiting []request       // not answered yet
	doubts  [][]string      // parts of requests that were refused, to be asked for again
	first   time.Time       // data; zero: none yet
	last    time.Time
}

type subscription struct {
	Stream
	accepted bool
	since    time.Time // of the last data, acceptance or excuse
	seen     time.Time // of the last data
	data     bool      // there was some, since the last subscription
	strikes  int       // times it was silent for too long, without data in between
	patience int       // how many times Silence is allowed: it grows with excuses
	refused  bool      // by the venue, since the last request
	refusals int       // in a row
}

// request is a subscription that the venue has not answered.
type request struct {
	id      uint64
	streams []string
	frame   []byte
	sent    time.Time // zero: it is in the queue
}

func (b *board) init() { b.streams = make(map[string]*subscription) }

// data notes a sign of life.
func (b *board) data(stream []byte, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.first.IsZero() {
		b.first = now
	}
	b.last = now
	if s := b.streams[string(stream)]; s != nil {
		if now.Sub(s.since) < s.Silence {
			s.patience = 1
		}
		s.since, s.seen, s.data, s.strikes = now, now, true, 0
	}
}

// add notes that streams are being asked for with a request.
func (b *board) add(streams []Stream, r request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range streams {
		if b.streams[s.Name] == nil {
			b.streams[s.Name] = &subscription{Stream: s, patience: 1}
			b.order = append(b.order, b.streams[s.Name])
		}
		b.streams[s.Name].accepted, b.streams[s.Name].refused = false, false
	}
	b.waiting = append(b.waiting, r)
}

func (b *board) remove(streams []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, name := range streams {
		delete(b.streams, name)
	}
	b.order = slices.DeleteFunc(b.order, func(s *subscription) bool { return b.streams[s.Name] != s })
}

// sent starts the clock of a request.
func (b *board) sent(frame []byte, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for i := range b.waiting {
		if r := &b.waiting[i]; bytes.Equal(r.frame, frame) { // they differ in their id
			r.sent = now
		}
	}
}

// overdue reports whether a request was sent before a moment and not answered.
func (b *board) overdue(since time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.ContainsFunc(b.waiting, func(r request) bool { return !r.sent.IsZero() && r.sent.Before(since) })
}

// silent returns the streams that have been silent for too long, each once per
// Silence, and whether one of them was so twice in a row.
func (b *board) silent(now time.Time) (stalled []Stream, hopeless string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.order {
		if s.Silence == 0 || !s.accepted || now.Sub(s.since) < s.Silence*time.Duration(s.patience) {
			continue
		}
		s.since, s.data = now, false
		if s.strikes++; s.strikes > 1 {
			hopeless = s.Name
		}
		stalled = append(stalled, s.Stream)
	}
	return stalled, hopeless
}

// maxPatience bounds how many times its Silence a quiet stream may be silent.
const maxPatience = 16

// excuse lets a stream's silence begin anew, and last longer: what was right to
// be quiet is likely to stay so.
func (b *board) excuse(stream string, now time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if s := b.streams[stream]; s != nil {
		s.since, s.data, s.strikes = now, true, 0
		s.patience = min(2*s.patience, maxPatience)
	}
}

// synced reports whether every stream was accepted, and has delivered if it may
// not be silent.
func (b *board) synced() (accepted, delivered bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	accepted, delivered = len(b.waiting)+len(b.doubts) == 0, true
	for _, s := range b.order {
		accepted = accepted && (s.accepted || s.refused)
		delivered = delivered && (s.data || s.Silence == 0 || s.refused)
	}
	return accepted, accepted && delivered
}

// behind returns a stream that has not been accepted, or that has delivered on
// an older connection since a moment and not on this one; "" when there is none.
func (b *board) behind(old *board, since time.Time) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.order {
		if s.refused {
			continue
		}
		if !s.accepted || !s.data && s.Silence > 0 && old.delivered(s.Name, since) {
			return s.Name
		}
	}
	return ""
}

func (b *board) delivered(stream string, since time.Time) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.streams[stream]
	return s != nil && s.seen.After(since)
}

// healthyFor is how long data has flowed. A connection none of whose streams has
// to speak can only be up.
func (b *board) healthyFor(born, now time.Time) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	mayBeMute := !slices.ContainsFunc(b.order, func(s *subscription) bool { return !s.refused && (s.Silence > 0 || !s.accepted) })
	if mayBeMute {
		return now.Sub(born)
	}
	return b.last.Sub(b.first)
}

// counts returns the streams, those of them that are stalled or not accepted
// yet, those that are refused, and when the last data came.
func (b *board) counts() (streams, stalled, refused int, last time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.order {
		switch {
		case s.refused:
			refused++
		case s.strikes > 0 || !s.accepted:
			stalled++
		}
	}
	return len(b.order), stalled, refused, b.last
}

// missing compares with what is wanted.
func (b *board) missing(want []Stream) (add []Stream, drop []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	wanted := make(map[string]bool, len(want))
	for _, s := range want {
		wanted[s.Name] = true
		if b.streams[s.Name] == nil {
			add = append(add, s)
		}
	}
	for _, s := range b.order {
		if !wanted[s.Name] {
			drop = append(drop, s.Name)
		}
	}
	return add, drop
}
