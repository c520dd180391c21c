package feed

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
)

// fetcher fetches the snapshots of one market, some at a time, as fast as the
// weights allow.
type fetcher struct {
	ready chan *track // each track is in it at most once, so it never blocks
}

func newFetcher(tracks int) *fetcher { return &fetcher{ready: make(chan *track, tracks)} }

// want asks for a snapshot, unless one is on its way.
func (f *fetcher) want(t *track) {
	t.mu.Lock()
	queued := t.queued
	t.queued = true
	t.mu.Unlock()
	if !queued {
		f.ready <- t
	}
}

// run fetches what is wanted until ctx ends.
func (f *fetcher) run(ctx context.Context, m *Market) {
	for {
		select {
		case <-ctx.Done():
			return
		case t := <-f.ready:
			f.serve(ctx, m, t)
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
func (f *fetcher) serve(ctx context.Context, m *Market, t *track) {
	if wait := t.wait(m); wait > 0 {
		m.spawn(func() {
			if pause(ctx, wait) == nil {
				f.once(ctx, m, t)
			}
		})
		return
	}
	f.once(ctx, m, t)
}

// wait returns how long to hold back: the more snapshots of a book in short
// order, the longer.
func (t *track) wait(m *Market) time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := m.o.Now()
	if now-t.fetched > calm+exchange.Time(mostPause) {
		t.tries = 0
	}
	t.fetched = now
	t.tries++
	if t.tries == 1 {
		return 0
	}
	bound := min(firstPause<<min(t.tries-2, 10), mostPause)
	return time.Duration((0.5 + m.o.Jitter()/2) * float64(bound))
}

func (f *fetcher) once(ctx context.Context, m *Market, t *track) {
	v, err := f.fetch(ctx, m, t)
	t.mu.Lock()
	t.queued = false
	t.mu.Unlock()
	if ctx.Err() != nil {
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
		f.later(ctx, m, t)
	case unproven:
		f.later(ctx, m, t)
	}
}

// later has another look at a silent book, unless its stream has spoken.
func (f *fetcher) later(ctx context.Context, m *Market, t *track) {
	m.spawn(func() {
		if pause(ctx, lookAgain) == nil && t.unspoken() {
			f.want(t)
		}
	})
}

// unspoken reports whether no diff has come since the last look.
func (t *track) unspoken() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.diffs == 0 && t.links.State() != book.Live
}

// excuse tells the connection that a silent book is right to be silent.
func (t *track) excuse() {
	t.mu.Lock()
	silent := t.diffs == 0
	t.mu.Unlock()
	if c := t.client.Load(); c != nil && silent {
		c.Excuse(lower(t.in.Symbol) + depthSuffix)
	}
}

// failed marks a book that could not be looked at, and tries again.
func (f *fetcher) failed(m *Market, t *track, err error) {
	if n := m.counts.failed.Add(1); n&(n-1) == 0 {
		m.o.Notice(connect.Notice{Instrument: t.in.ID, Text: fmt.Sprintf("snapshot of %s (%d failures so far): %v", t.in.Key(), n, err)})
	}
	if t.state() == book.Live {
		t.gap(m, "its stream is silent, and it could not be looked at")
	}
	f.want(t)
}

// fetch gets a snapshot and applies it. A look at a book that is live needs no
// depth.
func (f *fetcher) fetch(ctx context.Context, m *Market, t *track) (verdict, error) {
	depth := m.o.FuturesDepth
	if api.Of(t.in.Venue) == api.Spot {
		depth = m.o.SpotDepth
	}
	look := t.state() == book.Live
	if look {
		depth = min(depth, 5)
	}
	body, err := m.rest.get(ctx, api.Of(t.in.Venue), "/depth", url.Values{"symbol": {t.in.Symbol}, "limit": {strconv.Itoa(depth)}})
	if err != nil {
		return 0, err
	}
	d := payload.NewDecoder(api.Of(t.in.Venue), func(symbol []byte) *exchange.Instrument {
		if string(symbol) == t.in.Symbol {
			return t.in
		}
		return nil
	})
	d.SetDefault(t.in)
	var ev exchange.Event
	if err := d.Decode(body, &ev); err != nil {
		return 0, fmt.Errorf("depth of %s: %w", t.in.Key(), err)
	}
	if ev.Kind != exchange.KindSnapshot {
		return 0, fmt.Errorf("depth of %s: got a %s, want a snapshot", t.in.Key(), ev.Kind)
	}
	ev.PrevID = -1
	return t.snapshot(m, &ev, body, look), nil
}
