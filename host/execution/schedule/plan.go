package schedule

import (
	"math"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Plan splits total lots over slices in proportion to weights. The slices sum to
// total exactly, and each is zero or at least least: what is too small to be sent
// alone goes with its neighbours, in the heaviest of them. A total below least is
// one slice. Weights that are all zero, or no numbers, count as equal.
//
// Shares become whole lots by largest remainder: every group gets its floor, and
// what is left goes to the largest fractions, the earlier one in a tie.
func Plan(total, least exchange.Lots, weights []float64) []exchange.Lots {
	out := make([]exchange.Lots, len(weights))
	if total <= 0 || len(weights) == 0 {
		return out
	}
	groups := group(float64(total), float64(max(least, 1)), weights)
	for _, g := range remainders(total, groups) {
		out[g.place] += g.lots
	}
	return out
}

// part is a run of neighbouring slices that is sent as one.
type part struct {
	share float64 // of the total, in lots
	place int     // its heaviest slice
	heavy float64 // the weight of that
	lots  exchange.Lots
}

// group walks the slices and closes a part as soon as its share can be sent. What
// is left at the end joins the last one.
func group(total, least float64, weights []float64) []part {
	sum := 0.0
	for _, w := range weights {
		sum += sane(w)
	}
	even := !(sum > 0) || math.IsInf(sum, 0)
	out := make([]part, 0, len(weights))
	open := part{heavy: -1}
	for i, w := range weights {
		w = sane(w) / sum
		if even {
			w = 1 / float64(len(weights))
		}
		open.share += w * total
		if w > open.heavy {
			open.heavy, open.place = w, i
		}
		if open.share >= least {
			out = append(out, open)
			open = part{heavy: -1}
		}
	}
	if n := len(out); n > 0 {
		out[n-1].share += open.share
		return out
	}
	return append(out, open)
}

// sane takes what is no weight for none.
func sane(w float64) float64 {
	if !(w > 0) || math.IsInf(w, 0) {
		return 0
	}
	return w
}

// remainders gives every part its whole lots.
func remainders(total exchange.Lots, parts []part) []part {
	left := total
	order := make([]int, len(parts))
	for i := range parts {
		parts[i].lots = min(left, exchange.Lots(parts[i].share))
		left -= parts[i].lots
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		fa, fb := fraction(parts[a]), fraction(parts[b])
		switch {
		case fa > fb:
			return -1
		case fa < fb:
			return 1
		}
		return 0
	})
	// Beyond 2^53 lots a share is not exact to the lot, and more than one each may
	// be left.
	each, more := left/exchange.Lots(len(parts)), int(left%exchange.Lots(len(parts)))
	for k, i := range order {
		parts[i].lots += each
		if k < more {
			parts[i].lots++
		}
	}
	return parts
}

func fraction(p part) float64 { return p.share - math.Floor(p.share) }
