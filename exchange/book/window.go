package book

import (
	"math/bits"

	"github.com/perilune/perilune/exchange"
)

// span is how many ticks a window covers: 128 KB of quantities a side. On
// BTCUSDT perpetuals (tick 0.1) that is 1600 USDT, within which nearly all
// updates fall.
const span = 1 << 14

// window is the ladder: one quantity per tick in [base, base+span), and one bit
// per tick that has one. A level is set with a store, and the best is found by
// scanning words of bits.
//
// The market moves, so the window must: settle centres it again, with three
// quarters of it below the best, because levels are only ever on that side.
type window struct {
	base    int64 // key of offset 0
	top     int   // offset of the best level; -1 when the window is empty
	bits    [span / 64]uint64
	qty     [span]exchange.Lots // 0 where there is no level
	scratch []entry
}

func newWindow() *window { return &window{top: -1} }

// offset returns the place of a key; span or more when it lies outside. The
// subtraction wraps around, so one comparison checks both ends.
func (w *window) offset(key int64) uint64 { return uint64(key - w.base) }

func (w *window) entry(o int) entry { return entry{w.base + int64(o), w.qty[o]} }

// apply sets levels, those outside the window in rest. Whether a level is set or
// removed is a coin toss to the branch predictor, so the bit is computed.
func (w *window) apply(levels []exchange.Level, sign int64, rest *sorted) {
	top := w.top
	for i := range levels {
		key, q := sign*int64(levels[i].Price), levels[i].Qty
		o := w.offset(key)
		if o >= span {
			rest.set(entry{key, q})
			continue
		}
		w.qty[o] = q
		word := &w.bits[o/64]
		present := uint64(q|-q) >> 63
		*word = *word&^(1<<(o%64)) | present<<(o%64)
		top = max(top, int(o))
	}
	w.top = w.seek(top)
}

// seek returns the highest offset at or below o that has a level, or -1.
func (w *window) seek(o int) int {
	if o < 0 {
		return -1
	}
	i := o / 64
	word := w.bits[i] << (63 - o%64) >> (63 - o%64)
	for word == 0 {
		if i--; i < 0 {
			return -1
		}
		word = w.bits[i]
	}
	return i*64 + highest(word)
}

// settle moves the window when the market has left its upper half, so that
// afterwards the best level is in the window and rest is all below it. Steps of
// a quarter of the window keep it from moving to and fro.
func (w *window) settle(rest *sorted) {
	n := len(rest.entries)
	if n == 0 {
		return
	}
	best := rest.entries[n-1].key
	if w.top >= 0 && best < w.base {
		if w.top >= span/2 {
			return
		}
		best = w.base + int64(w.top)
	} else if w.top >= 0 {
		best = max(best, w.base+int64(w.top))
	}
	w.moveTo(best-span*3/4, rest)
}

// moveTo redistributes all levels between the window and rest.
func (w *window) moveTo(base int64, rest *sorted) {
	all := w.drain(rest)
	w.base = base
	for _, e := range all {
		o := w.offset(e.key)
		if o >= span {
			rest.push(e)
			continue
		}
		w.qty[o] = e.qty
		w.bits[o/64] |= 1 << (o % 64)
		w.top = int(o)
	}
}

// drain empties the window and rest and returns what was in them, ascending.
func (w *window) drain(rest *sorted) []entry {
	below := lowerBound(rest.entries, 0, len(rest.entries), w.base)
	all := appendLive(w.scratch[:0], rest.entries[:below])
	for i := range w.bits {
		for word := w.bits[i]; word != 0; word &= word - 1 {
			o := i*64 + bits.TrailingZeros64(word)
			all = append(all, w.entry(o))
			w.qty[o] = 0
		}
		w.bits[i] = 0
	}
	all = appendLive(all, rest.entries[below:])
	w.scratch, w.top = all, -1
	rest.clear()
	return all
}

func appendLive(dst, entries []entry) []entry {
	for _, e := range entries {
		if e.qty != 0 {
			dst = append(dst, e)
		}
	}
	return dst
}

func (w *window) clear() {
	for i, word := range w.bits {
		if word != 0 {
			clear(w.qty[i*64 : i*64+64])
			w.bits[i] = 0
		}
	}
	w.top = -1
}

func (w *window) count() (n int) {
	for _, word := range w.bits {
		n += bits.OnesCount64(word)
	}
	return n
}

// nth returns the n-th best level, from 1, and n; or, when there are fewer, how
// many there are.
func (w *window) nth(n int) (e entry, found int) {
	for i := w.top / 64; w.top >= 0 && i >= 0; i-- {
		word := w.bits[i]
		if here := bits.OnesCount64(word); found+here < n {
			found += here
			continue
		}
		for ; found < n-1; found++ {
			word &^= 1 << highest(word)
		}
		return w.entry(i*64 + highest(word)), n
	}
	return entry{}, found
}

// highest returns the index of the highest bit of a word that is not zero.
func highest(word uint64) int { return 63 - bits.LeadingZeros64(word) }
