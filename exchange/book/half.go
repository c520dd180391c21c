package book

import "github.com/perilune/perilune/exchange"

// entry is a level under its key: the price on the bid side, minus the price on
// the ask side. So on both sides the better level has the greater key, and
// everything below is written once.
type entry struct {
	key int64
	qty exchange.Lots
}

// half is one side of a book. All of it is in rest, or, when there is a window,
// only what lies outside the window is; see window.settle for where that can be
// between messages.
type half struct {
	sign   int64 // key = sign×price
	window *window
	rest   sorted
}

// apply sets absolute quantities; zero removes.
func (h *half) apply(levels []exchange.Level) {
	if h.window == nil {
		h.rest.apply(levels, h.sign)
		return
	}
	h.window.apply(levels, h.sign, &h.rest)
	h.window.settle(&h.rest)
}

// load replaces the side.
func (h *half) load(levels []exchange.Level) {
	h.clear()
	h.rest.load(levels, h.sign)
	if h.window != nil {
		h.window.settle(&h.rest)
	}
}

func (h *half) clear() {
	h.rest.clear()
	if h.window != nil {
		h.window.clear()
	}
}

func (h *half) empty() bool {
	return len(h.rest.entries) == 0 && (h.window == nil || h.window.top < 0)
}

func (h *half) depth() int {
	n := h.rest.live
	if h.window != nil {
		n += h.window.count()
	}
	return n
}

func (h *half) best() (exchange.Level, bool) {
	if h.window != nil && h.window.top >= 0 {
		return h.show(h.window.entry(h.window.top)), true
	}
	if n := len(h.rest.entries); n > 0 {
		return h.show(h.rest.entries[n-1]), true
	}
	return exchange.Level{}, false
}

// level returns the n-th best, from 1.
func (h *half) level(n int) (exchange.Level, bool) {
	if n < 1 {
		return exchange.Level{}, false
	}
	if h.window != nil {
		e, before := h.window.nth(n)
		if before == n {
			return h.show(e), true
		}
		n -= before
	}
	i := h.rest.nth(n)
	if i < 0 {
		return exchange.Level{}, false
	}
	return h.show(h.rest.entries[i]), true
}

func (h *half) qty(p exchange.Ticks) exchange.Lots {
	key := h.sign * int64(p)
	if h.window != nil {
		if o := h.window.offset(key); o < span {
			return h.window.qty[o]
		}
	}
	return h.rest.get(key)
}

func (h *half) show(e entry) exchange.Level {
	return exchange.Level{Price: exchange.Ticks(h.sign * e.key), Qty: e.qty}
}

// cursor walks a side from its best level. It is a value without a function in
// it, so that walking allocates nothing; it is good until the next apply.
type cursor struct {
	half *half
	word int    // of the window; its levels that are still to come are in bits
	bits uint64 // 0 throughout when there is no window
	left int    // entries of rest still to come
}

func (h *half) cursor() cursor {
	c := cursor{half: h, left: len(h.rest.entries)}
	if h.window != nil && h.window.top >= 0 {
		c.word = h.window.top / 64
		c.bits = h.window.bits[c.word]
	}
	return c
}

func (c *cursor) next() (exchange.Level, bool) {
	for c.bits == 0 && c.word > 0 {
		c.word--
		c.bits = c.half.window.bits[c.word]
	}
	if c.bits != 0 {
		i := highest(c.bits)
		c.bits &^= 1 << i
		return c.half.show(c.half.window.entry(c.word*64 + i)), true
	}
	for c.left > 0 {
		c.left--
		if e := c.half.rest.entries[c.left]; e.qty != 0 {
			return c.half.show(e), true
		}
	}
	return exchange.Level{}, false
}
