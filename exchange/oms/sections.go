package oms

import (
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// section is a part of the account that is compared as a whole: segments that share
// wallets, and these wallets. Its rounds have two halves. The first brings what events
// may have been missed: open orders, executions, income. The second reads balances and
// positions. A difference that two rounds find alike, with nothing under way, is booked
// by name.
type section struct {
	name     string
	segments []Segment
	wallets  []exchange.Wallet

	due    exchange.Time   // of the next round
	begun  exchange.Time   // the last round
	out    map[uint64]bool // numbers of the requests of the round that are out
	given  map[uint64]bool // of the round that was given up, still out
	again  bool            // a round was asked for while one ran
	failed bool            // the round is not complete
	second bool
	tries  int // rounds in a row without a result

	read      exchange.Time // when the second half of the round was asked for
	balances  map[exchange.Wallet][]Balance
	positions []Position

	touched  exchange.Time // when our books last changed
	agreed   exchange.Time // when they last were the venue's
	compared exchange.Time // when they last were, or all that differed was held
	fresh    bool          // what the account holds is its opening
	accept   bool          // what nothing explains is booked: a person said so
	diffs    map[string]diff
	beyond   map[string]decimal.Decimal // positions outside of the universe, as last told
	waits    string                     // why the last round brought no result; "" when it did
	down     string                     // why the stream is lost

	income incomeRows
	others strangers
}

// diff is what the venue has more than our books.
type diff struct {
	amount decimal.Decimal
	first  exchange.Time
	held   bool // nothing is traded on what it touches
}

// has reports whether a segment belongs to the section.
func (c *section) has(v exchange.Venue) bool {
	return slices.ContainsFunc(c.segments, func(s Segment) bool { return s.Venue == v })
}

// hurry brings the next round forward; one that runs is begun again after it.
func (c *section) hurry(at exchange.Time) {
	c.due = min(c.due, at)
	c.again, c.tries = len(c.out) > 0, 0
}

// restart begins a round now. One that runs is given up: what it asked for may
// be from before the event that matters. Only one at a time is: while the venue
// owes the answers of one, the next is begun again after its end, so that no more
// than two rounds of questions wait for it.
func (c *section) restart(now exchange.Time) {
	if len(c.out) > 0 && len(c.given) > 0 {
		c.again, c.tries = true, 0
		return
	}
	maps.Copy(c.given, c.out)
	clear(c.out)
	c.due, c.tries = now, 0
}

// sections are those of an account, made as they are heard of.
type sections struct {
	*outbox
	market  *market
	opening func(*section) // takes what the ledger has of one
	list    []*section
}

// section returns the section of a segment.
func (s *sections) section(v exchange.Venue) *section {
	for _, c := range s.list {
		if c.has(v) {
			return c
		}
	}
	return s.add([]Segment{s.market.segment(v)}, nil)
}

// sectionOf returns the section of a wallet.
func (s *sections) sectionOf(w exchange.Wallet) *section {
	w = s.market.full(w)
	for _, c := range s.list {
		if slices.Contains(c.wallets, w) {
			return c
		}
	}
	return s.add(nil, []exchange.Wallet{w})
}

// add makes a section of all that is connected by wallets with what it begins with.
func (s *sections) add(segments []Segment, wallets []exchange.Wallet) *section {
	c := &section{due: s.now, out: map[uint64]bool{}, given: map[uint64]bool{}, diffs: map[string]diff{}, wallets: wallets, segments: segments,
		income: newIncomeRows(), others: newStrangers()}
	for i := 0; i < len(segments); i++ {
		for _, w := range segments[i].Wallets {
			if !slices.Contains(c.wallets, w) {
				c.wallets = append(c.wallets, w)
			}
		}
		c.segments = s.connected(c)
		segments = c.segments
	}
	if len(segments) == 0 {
		c.segments = s.connected(c)
		for _, g := range c.segments {
			c.wallets = append(c.wallets, g.Wallets...)
		}
		slices.Sort(c.wallets)
		c.wallets = slices.Compact(c.wallets)
	}
	c.name = s.nameOf(c)
	if s.opening != nil {
		s.opening(c)
	}
	s.list = append(s.list, c)
	return c
}

// connected adds to the segments of a section those that its wallets back.
func (s *sections) connected(c *section) []Segment {
	all := c.segments
	for _, w := range c.wallets {
		for _, g := range s.market.backed(w) {
			if !slices.ContainsFunc(all, func(h Segment) bool { return h.Venue == g.Venue }) {
				all = append(all, g)
			}
		}
	}
	return all
}

func (s *sections) nameOf(c *section) string {
	var parts []string
	for _, g := range c.segments {
		parts = append(parts, string(s.market.short(g.Venue)))
	}
	if len(parts) == 0 {
		for _, w := range c.wallets {
			parts = append(parts, string(w.Within(s.market.house)))
		}
	}
	return strings.Join(parts, "+")
}

// opens reports whether what a segment's account holds has still to be booked as its
// opening: whatever was traded until then is in it. A round that has begun to read
// the account may have read it before, and is begun again.
func (s *sections) opens(v exchange.Venue) bool { return s.section(v).opens(s.now) }

// touch takes note that our books of a segment change.
func (s *sections) touch(v exchange.Venue) { s.section(v).touched = s.now }

// lookAgain takes note that the account of a segment has changed, and our books have not.
func (s *sections) lookAgain(v exchange.Venue) {
	c := s.section(v)
	c.touched = s.now
	c.due = min(c.due, s.now+unsettledMost) // somebody else may trade without pause
}

// touchWallet is the same for a wallet.
func (s *sections) touchWallet(w exchange.Wallet) { s.sectionOf(w).touched = s.now }

// heard are the sections that an event of a stream is about.
func (s *sections) heard(v exchange.Venue) []*section {
	if v == "" {
		return s.list
	}
	return []*section{s.section(v)}
}

func (c *section) opens(now exchange.Time) bool {
	if c.fresh && c.second {
		c.touched = now
	}
	return c.fresh
}
