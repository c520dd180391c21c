package book

import "github.com/perilune/perilune/exchange"

// ids number a diff, and say how it is linked to the one before.
type ids struct {
	first, last int64
	prev        int64 // counts with LinkPrevious alone
	link        exchange.Linking
}

func (b *Book) idsOf(ev *exchange.Event) ids {
	return ids{ev.FirstID, ev.LastID, ev.PrevID, b.link}
}

// numbered is false for feeds that carry no ids (CSV archives).
func (d ids) numbered() bool { return d.first != 0 || d.last != 0 }

// chain is the place in the venue's sequence that a book has reached.
type chain struct {
	last    int64
	bridged bool // last is a diff's; otherwise it is the snapshot's
}

// verdict is how a diff stands to a chain.
type verdict uint8

const (
	follows verdict = iota
	old             // everything in it is in the book already
	broken          // something between the book and it is missing
)

// judge compares a diff with the chain. A diff without ids always follows.
//
// The rules differ in more than a name: dense ids count the changes of one book, linked
// ones are shared by all books of a venue, so that their first id says nothing about
// the diff before and only the previous one does.
func (c chain) judge(d ids) verdict {
	switch {
	case !d.numbered():
		return follows
	case d.link == exchange.LinkDense:
		return c.judgeDense(d)
	case d.link.Rises():
		return c.judgeRising(d)
	case d.link == exchange.LinkSnapshots:
		return broken
	case c.bridged:
		return c.judgePrevious(d)
	}
	return c.judgeFirst(d)
}

// judgeRising: whatever is later than the book follows.
func (c chain) judgeRising(d ids) verdict {
	if d.last <= c.last {
		return old
	}
	return follows
}

// judgeDense: drop what ends at or before the book, then the first id must be the next
// or lower. It is the same after a snapshot and after a diff. An overlap is harmless,
// quantities are absolute. Source: "How to manage a local order book correctly",
// Binance spot documentation.
func (c chain) judgeDense(d ids) verdict {
	switch {
	case d.last <= c.last:
		return old
	case d.first <= c.last+1:
		return follows
	}
	return broken
}

// judgePrevious: each diff names the last id of the one before. One that follows may have
// a lower id of its own: the venue began to count anew. Source: the same of Binance
// derivatives; OKX, prevSeqId, with the chain (10,15) (15,15) (15,3) (3,5) of an update, a
// sign of life and a reset; Deribit, prev_change_id.
func (c chain) judgePrevious(d ids) verdict {
	switch {
	case d.prev == c.last:
		return follows
	case d.last <= c.last:
		return old
	}
	return broken
}

// judgeFirst: after a snapshot drop what ends before it (strictly), then the snapshot's
// id must lie within. A diff whose previous id is the snapshot's starts exactly where
// the snapshot ends, so it follows too.
func (c chain) judgeFirst(d ids) verdict {
	switch {
	case d.prev == c.last:
		return follows
	case d.last < c.last:
		return old
	case d.first <= c.last:
		return follows
	}
	return broken
}

// after returns the chain once d is in.
func (c chain) after(d ids) chain {
	if !d.numbered() {
		return c
	}
	return chain{last: d.last, bridged: true}
}
