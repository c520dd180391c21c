package book

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// sorted is levels in ascending key order: the best is last, so the busy end of
// the side is the cheap end to insert at.
//
// A removed level stays behind with quantity zero. Levels near the touch come and
// go, so most of the time one that returns finds its old place and one that is
// new finds a free place close by, and nothing has to move. The last entry is
// never such a place, and there are never many more of them than levels.
type sorted struct {
	entries []entry
	live    int // entries with a quantity
	hint    int // where the last change was; messages come in price order, so the next is near
}

// Bounds of what removed levels may cost: how far an insertion looks for a free
// place, and how many there may be beyond the number of levels.
const (
	reach = 32
	slack = 64
)

func (s *sorted) clear() { s.entries, s.live, s.hint = s.entries[:0], 0, 0 }

func (s *sorted) apply(levels []exchange.Level, sign int64) {
	for i := range levels {
		s.set(entry{sign * int64(levels[i].Price), levels[i].Qty})
	}
}

// load replaces everything. Venues send a snapshot best first; anything else
// takes the general way, where the last of two equal prices wins.
func (s *sorted) load(levels []exchange.Level, sign int64) {
	s.clear()
	for i := len(levels) - 1; i >= 0; i-- {
		e := entry{sign * int64(levels[i].Price), levels[i].Qty}
		if n := len(s.entries); e.qty == 0 || n > 0 && e.key <= s.entries[n-1].key {
			s.clear()
			s.apply(levels, sign)
			return
		}
		s.push(e)
	}
}

// push appends a level that is better than all others.
func (s *sorted) push(e entry) {
	s.entries = append(s.entries, e)
	s.live++
}

// set stores one level, or removes it when its quantity is zero.
func (s *sorted) set(e entry) {
	i := s.find(e.key)
	s.hint = i
	found := i < len(s.entries) && s.entries[i].key == e.key
	switch {
	case e.qty == 0:
		if found && s.entries[i].qty != 0 {
			s.remove(i)
		}
	case !found:
		s.insert(i, e)
	default:
		if s.entries[i].qty == 0 {
			s.live++
		}
		s.entries[i].qty = e.qty
	}
}

func (s *sorted) remove(i int) {
	s.entries[i].qty = 0
	s.live--
	n := len(s.entries)
	for n > 0 && s.entries[n-1].qty == 0 {
		n--
	}
	s.entries = s.entries[:n]
	if n > 2*s.live+slack {
		s.entries = slices.DeleteFunc(s.entries, func(e entry) bool { return e.qty == 0 })
	}
}

// insert puts a level before entry i, in the nearest free place.
func (s *sorted) insert(i int, e entry) {
	s.live++
	if i > 0 && s.entries[i-1].qty == 0 {
		s.entries[i-1] = e
		return
	}
	free, n := i, len(s.entries)
	for limit := min(n, i+reach); free < limit && s.entries[free].qty != 0; {
		free++
	}
	if free == n || s.entries[free].qty != 0 {
		s.entries = append(s.entries, entry{})
		free = n
	}
	copy(s.entries[i+1:free+1], s.entries[i:free])
	s.entries[i] = e
}

// nth returns the index of the n-th best level, from 1; -1 when there are fewer.
func (s *sorted) nth(n int) int {
	if n > s.live {
		return -1
	}
	i := len(s.entries)
	for ; n > 0; n-- {
		for i--; s.entries[i].qty == 0; i-- {
		}
	}
	return i
}

func (s *sorted) get(key int64) exchange.Lots {
	if i := lowerBound(s.entries, 0, len(s.entries), key); i < len(s.entries) && s.entries[i].key == key {
		return s.entries[i].qty
	}
	return 0
}

// find returns the first index whose key is at least key. It looks around the
// hint in steps that double, then halves the last step.
func (s *sorted) find(key int64) int {
	e, n := s.entries, len(s.entries)
	if s.hint < n && e[s.hint].key < key {
		return s.findAbove(s.hint+1, key)
	}
	hi := min(s.hint, n)
	for step := 1; ; step *= 2 {
		lo := hi - step
		if lo < 0 {
			return lowerBound(e, 0, hi, key)
		}
		if e[lo].key < key {
			return lowerBound(e, lo+1, hi, key)
		}
		hi = lo
	}
}

func (s *sorted) findAbove(lo int, key int64) int {
	for step := 1; ; step *= 2 {
		hi := lo + step - 1
		if hi >= len(s.entries) {
			return lowerBound(s.entries, lo, len(s.entries), key)
		}
		if s.entries[hi].key >= key {
			return lowerBound(s.entries, lo, hi, key)
		}
		lo = hi + 1
	}
}

// lowerBound returns the first index in [lo, hi) whose key is at least key, or
// hi. No predictor can guess the comparisons, so there is no branch on them: the
// sign of the difference is a mask (see maxPrice).
func lowerBound(e []entry, lo, hi int, key int64) int {
	for n := uint(hi - lo); n > 0; {
		half := (n + 1) / 2
		lo += int(half) & int((e[lo+int(half)-1].key-key)>>63)
		n -= half
	}
	return lo
}
