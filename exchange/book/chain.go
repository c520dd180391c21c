package book

import "github.com/perilune/perilune/exchange"

// ids number a diff: U, u and pu of Binance's depthUpdate.
type ids struct {
	first, last int64
	prev        int64 // -1: the feed has none, which makes it a spot feed
}

func idsOf(ev *exchange.Event) ids { return ids{ev.FirstID, ev.LastID, ev.PrevID} }

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
// Source: "How to manage a local order book correctly", Binance spot and
// derivatives documentation. The two rules differ in more than a name: spot ids
// are dense per symbol, futures ids are shared by all symbols, so that on futures
// U says nothing about the diff before and only pu does.
func (c chain) judge(d ids) verdict {
	switch {
	case !d.numbered():
		return follows
	case d.prev == -1:
		return c.judgeSpot(d)
	case c.bridged:
		return c.judgeFutures(d)
	}
	return c.judgeFuturesFirst(d)
}

// judgeSpot: drop u <= last, then U <= last+1. It is the same after a snapshot
// and after a diff. An overlap (U < last+1) is harmless, quantities are absolute.
func (c chain) judgeSpot(d ids) verdict {
	switch {
	case d.last <= c.last:
		return old
	case d.first <= c.last+1:
		return follows
	}
	return broken
}

// judgeFutures: pu is the u of the diff before.
func (c chain) judgeFutures(d ids) verdict {
	switch {
	case d.last <= c.last:
		return old
	case d.prev == c.last:
		return follows
	}
	return broken
}

// judgeFuturesFirst: after a snapshot drop u < last (strictly), then
// U <= last <= u. A diff whose pu is the snapshot's id starts exactly where the
// snapshot ends, so it follows too.
func (c chain) judgeFuturesFirst(d ids) verdict {
	switch {
	case d.last < c.last:
		return old
	case d.first <= c.last || d.prev == c.last:
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
