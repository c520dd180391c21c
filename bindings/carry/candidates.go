package carry

import (
	"cmp"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// candidates lists what is long and what is short of every pair that is asked for.
func (q *request) candidates(u *exchange.Universe) (out [][2]*exchange.Instrument) {
	if q.legs != "perp-perp" {
		for _, p := range u.Pairs(func(in *exchange.Instrument) bool { return q.takes(in) }) {
			out = append(out, [2]*exchange.Instrument{p.Spot, p.Perp})
		}
	}
	if q.borrow {
		out = append(out, q.borrowed(u)...)
	}
	if q.legs == "spot-perp" {
		return out
	}
	own := len(out)
	coins := slices.Clone(u.All())
	slices.SortStableFunc(coins, func(a, b *exchange.Instrument) int { return cmp.Compare(a.Base, b.Base) })
	for from := 0; from < len(coins); {
		to := from
		for to < len(coins) && coins[to].Base == coins[from].Base {
			to++
		}
		for _, long := range coins[from:to] {
			for _, short := range coins[from:to] {
				legs := [2]*exchange.Instrument{long, short}
				if q.takes(short) && (q.takes(long) || !long.Perp() && q.legs == "any") && intent.CheckLegs(long, short, 0) == nil && !slices.Contains(out[:own], legs) {
					out = append(out, legs)
				}
			}
		}
		from = to
	}
	return out
}

// borrowed lists perpetuals against coins that are lent: of their own house, and where legs
// is any of each other.
func (q *request) borrowed(u *exchange.Universe) (out [][2]*exchange.Instrument) {
	for _, short := range u.All() {
		for _, long := range u.All() {
			near := long.Venue.House() == short.Venue.House() && long.Quote == short.Quote
			if short.Lends() && q.takes(long) && long.Base == short.Base && (near || q.legs == "any") && intent.CheckLegs(long, short, 0) == nil {
				out = append(out, [2]*exchange.Instrument{long, short})
			}
		}
	}
	return out
}

// takes reports whether a perpetual is of the margin that is asked for.
func (q *request) takes(in *exchange.Instrument) bool {
	return in.Perp() && !in.Dated() && (q.either || in.Contract == q.contract)
}
