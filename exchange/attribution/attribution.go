// Package attribution says whose a trade is that none of our orders made: a
// liquidation, an auto-deleveraging, a delivery, or a trade made by hand. A venue
// keeps one position for an instrument and account, and several pairs and
// strategies may hold parts of it, some long and some short.
//
// The rule is this one everywhere, when a trade is booked and when an old ledger
// is read:
//
//   - Only what the trade takes off the account's net position is shared out. What
//     it adds, or takes beyond flat, is nobody's: it belongs to the account itself.
//   - Those who stand on the side of the net position give, in proportion to what
//     they hold; those on the other side keep theirs. Lots are whole: what division
//     leaves goes by the largest remainder, and among equals to the first.
//   - What nobody holds of the net position is a holder like the others when the
//     venue made the trade. A trade made by hand takes it first, because a hand at
//     the venue trades its own before it trades ours.
package attribution

import (
	"math/bits"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Nobody is the reason of trades that belong to the account itself whatever they
// do: positions that were there before the session.
const Nobody = "opening position"

// ByVenue reports whether the reason of a fill says that the venue made it, and not
// a hand.
func ByVenue(reason string) bool {
	switch reason {
	case "liquidation", "adl", "delivery", "settlement":
		return true
	}
	return false
}

// Split returns how many lots of a trade each holder gives, none less than 0; what
// is missing from the trade's own quantity is nobody's. net is the account's signed
// position before the trade, and held are the signed parts of it.
func Split(side exchange.Side, qty, net exchange.Lots, held []exchange.Lots, byVenue bool) []exchange.Lots {
	parts := make([]exchange.Lots, len(held))
	off := -net * exchange.Lots(side) // what the trade can take off, positive
	if off <= 0 || qty <= 0 {
		return parts
	}
	off = min(off, qty)
	weights := make([]exchange.Lots, len(held), len(held)+1)
	free := -net * exchange.Lots(side)
	for i, h := range held {
		own := -h * exchange.Lots(side)
		free -= own
		weights[i] = max(own, 0)
	}
	free = max(free, 0)
	if byVenue {
		weights = append(weights, free)
	} else {
		off -= min(off, free)
	}
	copy(parts, share(off, weights))
	return parts
}

// share divides a quantity in proportion to weights, whose sum is not less than it.
func share(qty exchange.Lots, weights []exchange.Lots) []exchange.Lots {
	type rest struct {
		at   int
		left uint64
	}
	parts := make([]exchange.Lots, len(weights))
	var total exchange.Lots
	for _, w := range weights {
		total += w
	}
	if qty <= 0 || total <= 0 {
		return parts
	}
	qty = min(qty, total)
	rests, left := make([]rest, 0, len(weights)), qty
	for i, w := range weights {
		hi, lo := bits.Mul64(uint64(qty), uint64(w))
		q, r := bits.Div64(hi, lo, uint64(total)) // qty <= total, so that q fits
		parts[i] = exchange.Lots(q)
		left -= parts[i]
		rests = append(rests, rest{i, r})
	}
	slices.SortStableFunc(rests, func(a, b rest) int {
		switch {
		case a.left > b.left:
			return -1
		case a.left < b.left:
			return 1
		}
		return 0
	})
	for _, r := range rests[:left] { // fewer are left than there are remainders
		parts[r.at]++
	}
	return parts
}

// places is where a part of an amount is cut: finer than any venue accounts in.
const places = 16

// Amount is what a part of a trade has of a fee or a profit of the whole. What
// cutting leaves stays with nobody, so give the last part what is left of the sum.
func Amount(whole decimal.Decimal, part, qty exchange.Lots) decimal.Decimal {
	if whole.IsZero() || part == 0 {
		return decimal.Zero
	}
	if part == qty {
		return whole
	}
	return whole.Mul(decimal.NewFromInt(int64(part))).DivRound(decimal.NewFromInt(int64(qty)), places)
}
