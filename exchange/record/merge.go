package record

import (
	"errors"
	"io"

	"github.com/perilune/perilune/exchange"
)

// Merge returns one feed of all events by Time; equal times keep the order of
// the arguments. Beside bars, whose times are no order, what has the same time is
// one instant. A feed that fails does not stop the others: its error is
// returned when they have ended, joined with those of other feeds. Closing the
// merged feed closes all.
func Merge(feeds ...exchange.Feed) exchange.Feed {
	if len(feeds) == 1 {
		return feeds[0]
	}
	m := &merged{feeds: feeds}
	for i, f := range feeds {
		m.heads = append(m.heads, &head{feed: f, order: i})
		_, bars := f.(*history)
		m.instants = m.instants || bars
	}
	return m
}

// head is a feed and its next event. The event stays here until the consumer
// asks for the one after it, because its levels belong to the feed.
type head struct {
	feed  exchange.Feed
	ev    exchange.Event
	order int
	kinds map[exchange.InstrumentID]bookKinds // what it has brought
	id    exchange.InstrumentID               // of the last event of a book, and its kinds
	known bookKinds
}

func (h *head) before(o *head) bool {
	return h.ev.Time < o.ev.Time || h.ev.Time == o.ev.Time && h.order < o.order
}

// merged keeps its heads as a binary heap.
type merged struct {
	feeds   []exchange.Feed
	heads   []*head
	started bool
	// instants joins events of different feeds at one time.
	instants bool
	err      error
	ends     ends
}

func (m *merged) Next(ev *exchange.Event) error {
	switch {
	case len(m.ends.gaps) > 0:
		m.gap(ev)
		return nil
	case !m.started:
		m.start()
	case len(m.heads) > 0 && !m.ends.held:
		if h := m.heads[0]; !m.pull(h) {
			m.drop()
			m.ends.over = append(m.ends.over, h)
		}
		m.sift(0)
	}
	m.ends.held = false
	if len(m.heads) == 0 {
		return m.end()
	}
	if len(m.ends.over) > 0 && m.bury(m.heads[0].ev.Time) {
		m.gap(ev)
		return nil
	}
	*ev = m.heads[0].ev
	ev.More = ev.More || m.instants && m.another(ev.Time)
	return nil
}

// another reports whether the head of another feed has the same time.
func (m *merged) another(t exchange.Time) bool {
	for i := 1; i <= 2 && i < len(m.heads); i++ {
		if m.heads[i].ev.Time == t {
			return true
		}
	}
	return false
}

func (m *merged) start() {
	m.started = true
	all := m.heads
	m.heads = m.heads[:0:0]
	for _, h := range all {
		if m.pull(h) {
			m.heads = append(m.heads, h)
		}
	}
	for i := len(m.heads)/2 - 1; i >= 0; i-- {
		m.sift(i)
	}
}

func (m *merged) pull(h *head) bool {
	err := h.feed.Next(&h.ev)
	if err != nil && !errors.Is(err, io.EOF) {
		m.err = errors.Join(m.err, err)
	}
	if err == nil {
		h.note()
	}
	return err == nil
}

// drop removes the first head; the caller sifts the one that took its place.
func (m *merged) drop() {
	last := len(m.heads) - 1
	m.heads[0] = m.heads[last]
	m.heads = m.heads[:last]
}

func (m *merged) sift(i int) {
	h := m.heads
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h); c++ {
			if h[c].before(h[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		h[i], h[least] = h[least], h[i]
		i = least
	}
}

func (m *merged) end() error {
	if m.err != nil {
		return m.err
	}
	return io.EOF
}

func (m *merged) Close() error {
	var err error
	for _, f := range m.feeds {
		err = errors.Join(err, f.Close())
	}
	return err
}

// Concat returns the feeds one after another, as for consecutive files of one
// stream: a book goes on across the border, and links or not by the venue's own
// numbers. Where a later feed begins before the earlier one ended, its times
// are set forward. A feed that fails does not stop the next; its error is
// returned at the end, joined with those of other feeds.
func Concat(feeds ...exchange.Feed) exchange.Feed {
	if len(feeds) == 1 {
		return feeds[0]
	}
	return &chain{feeds: feeds}
}

type chain struct {
	feeds   []exchange.Feed
	at      int
	last    exchange.Time
	clamped int64
	err     error
}

func (c *chain) Next(ev *exchange.Event) error {
	for c.at < len(c.feeds) {
		err := c.feeds[c.at].Next(ev)
		if err == nil {
			c.clamp(ev)
			return nil
		}
		if !errors.Is(err, io.EOF) {
			c.err = errors.Join(c.err, err)
		}
		c.at++
	}
	if c.err != nil {
		return c.err
	}
	return io.EOF
}

func (c *chain) clamp(ev *exchange.Event) {
	if ev.Time < c.last {
		ev.Time = c.last
		c.clamped++
	}
	c.last = ev.Time
}

func (c *chain) Close() error {
	var err error
	for _, f := range c.feeds {
		err = errors.Join(err, f.Close())
	}
	return err
}
