package booktest

import "github.com/perilune/perilune/exchange"

// Book is what a benchmark needs of a book: apply a message, then read the touch and
// level 5 of both sides; 0 when it cannot be read.
type Book interface {
	Apply(*exchange.Event) bool
	Read() exchange.Ticks
}

// Tape is a run of messages that ends where it began.
type Tape struct {
	Diffs    []exchange.Event
	snapshot exchange.Event
}

// NewTape makes a tape whose messages change so many levels.
func NewTape(levels int) *Tape {
	s := NewStream(7, levels)
	t := &Tape{snapshot: s.Snapshot()}
	for range 4095 {
		t.Diffs = append(t.Diffs, s.Next())
	}
	t.Diffs = append(t.Diffs, s.Return(&t.snapshot))
	return t
}

// Play returns a function that applies the next n messages and reads the book after
// each.
func (t *Tape) Play(b Book) func(n int) {
	b.Apply(&t.snapshot)
	id, next := t.snapshot.LastID, 0
	return func(n int) {
		for range n {
			ev := &t.Diffs[next%len(t.Diffs)]
			ev.PrevID, ev.FirstID, ev.LastID = id, id+1, id+7
			id, next = ev.LastID, next+1
			b.Apply(ev)
			if b.Read() == 0 {
				panic("the book cannot be read")
			}
		}
	}
}
