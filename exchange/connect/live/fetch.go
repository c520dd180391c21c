package live

import (
	"fmt"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

// fetcher fetches the snapshots of one segment, some at a time, as fast as the limits
// allow.
type fetcher struct {
	ready chan *track // each track is in it at most once, so it never blocks
}

func newFetcher(tracks int) *fetcher { return &fetcher{ready: make(chan *track, tracks)} }

// want asks for a snapshot, unless one is on its way.
func (f *fetcher) want(t *track) {
	t.mu.Lock()
	queued := t.bookOf.queued
	t.bookOf.queued = true
	t.mu.Unlock()
	if !queued {
		f.ready <- t
	}
}

// run fetches what is wanted until the end.
func (f *fetcher) run(m *Market) {
	for {
		select {
		case <-m.ctx.Done():
			return
		case t := <-f.ready:
			f.serve(m, t)
		}
	}
}

// Pauses between snapshots of one book.
const (
	firstPause = 250 * time.Millisecond
	mostPause  = 30 * time.Second
	lookAgain  = 3 * time.Second // at a silent book; before its stream is given up
	calm       = 30 * exchange.Second
)

// serve fetches one snapshot, and sees to another one if that did not help.
func (f *fetcher) serve(m *Market, t *track) {
	if wait := t.wait(m); wait > 0 {
		m.tasks.Go(func() {
			if pause(m.ctx, wait) == nil {
				f.once(m, t)
			}
		})
		return
	}
	f.once(m, t)
}

// wait returns how long to hold back: the more snapshots of a book in short order, the
// longer.
func (t *track) wait(m *Market) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, now := &t.bookOf, m.o.Now()
	if now-b.fetched > calm+exchange.Time(mostPause) {
		b.tries = 0
	}
	b.fetched = now
	b.tries++
	if b.tries == 1 {
		return 0
	}
	bound := min(firstPause<<min(b.tries-2, 10), mostPause)
	return time.Duration((0.5 + m.o.Jitter()/2) * float64(bound))
}

func (f *fetcher) once(m *Market, t *track) {
	v, err := f.fetch(m, t)
	t.mu.Lock()
	t.bookOf.queued = false
	t.mu.Unlock()
	if m.ctx.Err() != nil {
		return
	}
	if err != nil {
		f.failed(m, t, err)
		return
	}
	switch v {
	case helped:
		m.counts.snapshots.Add(1)
		t.excuse()
	case unchanged:
		t.excuse()
	case tooOld:
		m.counts.refused.Add(1)
		f.want(t)
	case moved:
		t.gap(m, "the book has changed, but its stream is silent")
		f.later(m, t)
	case unproven:
		f.later(m, t)
	}
}

// later has another look at a silent book, unless its stream has spoken.
func (f *fetcher) later(m *Market, t *track) {
	m.tasks.Go(func() {
		if pause(m.ctx, lookAgain) == nil && t.unspoken() {
			f.want(t)
		}
	})
}

// unspoken reports whether no diff has come since the last look.
func (t *track) unspoken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.bookOf.diffs == 0 && t.links.State() != book.Live
}

// excuse tells the connection that a silent book is right to be silent.
func (t *track) excuse() {
	t.mu.Lock()
	silent := t.bookOf.diffs == 0
	t.mu.Unlock()
	if s := t.stream.Load(); s != nil && silent {
		s.client.Excuse(s.name)
	}
}

// failed marks a book that could not be looked at, and tries again.
func (f *fetcher) failed(m *Market, t *track, err error) {
	if n := m.counts.failed.Add(1); n&(n-1) == 0 {
		m.notice(t.in.ID, "snapshot of %s (%d failures so far): %v", t.in.Key(), n, err)
	}
	if t.state() == book.Live {
		t.gap(m, "its stream is silent, and it could not be looked at")
	}
	f.want(t)
}

// fetch gets a snapshot and applies it. A look at a book that is live needs no depth.
func (f *fetcher) fetch(m *Market, t *track) (verdict, error) {
	look := t.state() == book.Live
	ev, body, err := m.o.Ask.Snapshot(m.ctx, t.in, look)
	if err != nil {
		return 0, err
	}
	if ev.Kind != exchange.KindSnapshot {
		return 0, fmt.Errorf("book of %s: got a %s, want a snapshot", t.in.Key(), ev.Kind)
	}
	if err := ev.CheckValues(t.in); err != nil {
		return 0, fmt.Errorf("book of %s: %w", t.in.Key(), err)
	}
	return t.snapshot(m, &ev, body, look), nil
}
