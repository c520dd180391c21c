// Package valuation tells what an asset is worth in the currency of an account, by a
// path through the markets at hand.
//
// # Assumptions
//
//   - A spot market prices its base in its quote and its quote in its base. A
//     contract, at its mark price, prices its base in its quote.
//   - The shortest path is the best: each market on the way adds its spread. Of paths
//     of one length those over spot markets alone come first, then those over linear
//     contracts, then those over inverse ones. Of these the one whose books are
//     narrowest is taken, as long as all its books are live, and otherwise the first
//     that has any price.
//   - A stablecoin has its own price where markets lead from it to the currency. Where none
//     does, one of exchange.Dollars is at par with another, and Value says so: what is
//     earned in it would not count otherwise. So is USD itself, which can't be held.
//
// Nothing here reads a clock or keeps prices: the same markets give the same value.
package valuation

import (
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Quote is what a market says of its price now.
type Quote struct {
	Price decimal.Decimal
	At    exchange.Time // when it was last known to be that
	// Width is the spread as a fraction of the price; negative when the price is not
	// of a live book.
	Width float64
}

// Markets tell the present price of an instrument: the middle of its book, else its last
// trade; of a contract its mark price. False when nothing is known.
type Markets interface {
	Quote(in *exchange.Instrument) (Quote, bool)
}

// Value is what one unit of an asset is worth.
type Value struct {
	Asset string
	Price decimal.Decimal // in the currency; zero when nothing tells
	Path  []string        // keys of the markets, from the asset on; none: by itself
	At    exchange.Time   // of the oldest price on the path; 0 without one
	Par   string          // the asset at the end of the path that is taken for the currency; "": none
}

// String reads "USDC at 0.9998 by spot:USDCUSDT".
func (v *Value) String() string {
	s := v.Asset + " at " + v.Price.String()
	if len(v.Path) > 0 {
		s += " by " + strings.Join(v.Path, ", ")
	}
	if v.Par != "" {
		s += ", " + v.Par + " at par"
	}
	return s
}

// Currency is what accounts in a universe are valued in: the first of exchange.Dollars
// that anything is quoted in or changes for, and otherwise what the first instrument is
// settled in.
func Currency(u *exchange.Universe) string {
	first, best := "", len(exchange.Dollars)
	for _, in := range u.All() {
		for _, asset := range [...]string{in.Quote, in.Base} {
			if i := slices.Index(exchange.Dollars, asset); i >= 0 && i < best && asset != dollar {
				best = i
			}
		}
		if first == "" && !in.Inverse() {
			first = in.Quote
		}
	}
	switch {
	case best < len(exchange.Dollars):
		return exchange.Dollars[best]
	case first == "":
		return exchange.Dollars[0]
	}
	return first
}

const dollar = "USD" // which no venue lets one hold

// Asset is one asset and the paths that price it. It does not change.
type Asset struct {
	Name  string
	exact bool // it is the currency, or counts as it
	book  *Book
	paths [][]hop
}

// Priced reports whether there is a path, so that a price may come.
func (a *Asset) Priced() bool { return a.exact || len(a.paths) > 0 }

// hop is one market on a path.
type hop struct {
	in   *exchange.Instrument
	back bool // from quote to base
}

var one = decimal.NewFromInt(1)

// Price is what one unit is worth now; zero when nothing tells.
func (a *Asset) Price(m Markets) decimal.Decimal {
	price, _, _ := a.price(m)
	return price
}

// Value is Price with what it is from.
func (a *Asset) Value(m Markets) Value {
	price, path, at := a.price(m)
	v := Value{Asset: a.Name, Price: price, At: at}
	end := a.Name
	for i := range path {
		v.Path = append(v.Path, path[i].in.Key())
		end = path[i].to()
	}
	if !price.IsZero() && a.book.par(end) {
		v.Par = end
	}
	return v
}

func (a *Asset) price(m Markets) (price decimal.Decimal, path []hop, at exchange.Time) {
	if a.exact {
		return one, nil, 0
	}
	best := -1.0
	for i, p := range a.paths {
		if i > 0 && path != nil && !sameClass(path, p) {
			break
		}
		q, ok := along(m, p)
		switch {
		case !ok:
		case path == nil, q.Width >= 0 && (best < 0 || q.Width < best):
			price, path, at, best = q.Price, p, q.At, q.Width
		}
	}
	return price, path, at
}

// along follows a path.
func along(m Markets, path []hop) (Quote, bool) {
	out := Quote{Price: one}
	for i, h := range path {
		q, ok := m.Quote(h.in)
		if !ok || !q.Price.IsPositive() {
			return Quote{}, false
		}
		price := q.Price
		switch {
		case h.back && h.in.Multiplier > 1:
			price = decimal.NewFromInt(h.in.Multiplier).DivRound(price, places)
		case h.back:
			price = one.DivRound(price, places)
		case h.in.Perp() || h.in.Multiplier > 1:
			price = price.DivRound(decimal.NewFromInt(h.in.Multiplier), places)
		}
		if i == 0 {
			out.Price, out.At = price, q.At
		} else {
			out.Price, out.At = out.Price.Mul(price), min(out.At, q.At)
		}
		if q.Width < 0 || out.Width < 0 {
			out.Width = -1
		} else {
			out.Width += q.Width
		}
	}
	return out, true
}

// places are the digits after the point that a division keeps.
const places = 16
