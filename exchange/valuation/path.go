package valuation

import (
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Book knows the paths of one universe to one currency. It is not safe for concurrent
// use: paths are looked for when an asset is first asked for.
type Book struct {
	u        *exchange.Universe
	currency string
	pars     []string // dollars that no market leads from to the currency
	assets   []*Asset
}

// NewBook returns a book of the paths to a currency.
func NewBook(u *exchange.Universe, currency string) *Book {
	b := &Book{u: u, currency: currency}
	if !exchange.IsDollar(currency) {
		return b
	}
	far := b.distances()
	for _, d := range exchange.Dollars {
		if _, led := far[d]; !led {
			b.pars = append(b.pars, d)
		}
	}
	return b
}

// par reports whether an asset is taken for the currency for want of a market.
func (b *Book) par(name string) bool { return slices.Contains(b.pars, name) }

// Currency is what the values are in.
func (b *Book) Currency() string { return b.currency }

// Asset returns what prices an asset.
func (b *Book) Asset(name string) *Asset {
	for _, a := range b.assets {
		if a.Name == name {
			return a
		}
	}
	a := &Asset{Name: name, exact: b.Counts(name), book: b}
	if !a.exact {
		a.paths = b.paths(name)
	}
	b.assets = append(b.assets, a)
	return a
}

// Counts reports whether an asset is worth one of the currency by itself.
func (b *Book) Counts(name string) bool {
	return name == b.currency || name == dollar && exchange.IsDollar(b.currency) || b.par(name)
}

const (
	// longest is how many markets a path may have.
	longest = 4
	// most is how many paths of one asset are compared.
	most = 16
)

// paths finds the shortest paths of an asset, the better kinds first.
func (b *Book) paths(asset string) [][]hop {
	far := b.distances()
	n, ok := far[asset]
	if !ok || n > longest {
		return nil
	}
	var out [][]hop
	var walk func(asset string, path []hop)
	walk = func(asset string, path []hop) {
		if b.Counts(asset) {
			out = append(out, slices.Clone(path))
			return
		}
		for _, in := range b.u.All() {
			for _, h := range hops(in, asset) {
				next := h.to()
				if d, ok := far[next]; ok && d == n-len(path)-1 && len(out) < most {
					walk(next, append(path, h))
				}
			}
		}
	}
	walk(asset, nil)
	slices.SortStableFunc(out, func(a, b []hop) int { return int(class(a)) - int(class(b)) })
	return out
}

// distances counts the markets from each asset to the currency.
func (b *Book) distances() map[string]int {
	far := map[string]int{}
	var edge []string
	add := func(asset string, n int) {
		if _, known := far[asset]; !known {
			far[asset] = n
			edge = append(edge, asset)
		}
	}
	add(b.currency, 0)
	if b.Counts(dollar) {
		add(dollar, 0)
	}
	for _, d := range b.pars {
		add(d, 0)
	}
	for len(edge) > 0 {
		to := edge[0]
		edge = edge[1:]
		for _, in := range b.u.All() {
			if in.Quote == to {
				add(in.Base, far[to]+1)
			}
			if in.Base == to && !in.Perp() {
				add(in.Quote, far[to]+1)
			}
		}
	}
	return far
}

// hops are the ways in which a market leads on from an asset.
func hops(in *exchange.Instrument, asset string) []hop {
	switch {
	case in.Base == asset:
		return []hop{{in: in}}
	case in.Quote == asset && !in.Perp():
		return []hop{{in: in, back: true}}
	}
	return nil
}

// to is the asset that a hop leads to.
func (h hop) to() string {
	if h.back {
		return h.in.Base
	}
	return h.in.Quote
}

// class is the worst kind of contract on a path.
func class(path []hop) exchange.Contract {
	worst := exchange.Spot
	for _, h := range path {
		worst = max(worst, h.in.Contract)
	}
	return worst
}

func sameClass(a, b []hop) bool { return class(a) == class(b) }
