package connect

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Listing is an instrument as a venue lists it.
type Listing struct {
	Instrument *exchange.Instrument
	Trading    bool   // orders are taken
	Status     string // the venue's word for it
	// Ends is when the instrument ends: a delivery, or a delisting that was announced. 0: it
	// is not known to.
	Ends exchange.Time
}

// Listings are what a venue lists, in its order: what every Catalogue chooses from alike.
type Listings []Listing

// SegmentsOf are the segments that patterns name, in the order in which they are named. A
// segment is named as in keys: without the house.
func SegmentsOf(house string, segments, patterns []string) (out []string, err error) {
	for _, p := range patterns {
		name, _, ok := strings.Cut(exchange.Within(p, house), ":")
		if !ok {
			return nil, fmt.Errorf("symbol %q: write market:SYMBOL, for example %s:BTCUSDT", p, segments[min(1, len(segments)-1)])
		}
		found := false
		for _, s := range segments {
			ok, err := path.Match(name, s)
			if err != nil {
				return nil, fmt.Errorf("symbol %q: %w", p, err)
			}
			if found = found || ok; ok && !slices.Contains(out, s) {
				out = append(out, s)
			}
		}
		if !found {
			return nil, fmt.Errorf("symbol %q: unknown market %q: want %s", p, name, exchange.OneOf(segments))
		}
	}
	return out, nil
}

// Pick returns the places of the instruments that are named, in the order of all. Those of
// keep need not be trading.
func (l Listings) Pick(keys, keep []string) (out []int, err error) {
	list := make([]exchange.Instrument, len(l))
	for i := range l {
		list[i] = *l[i].Instrument
	}
	u, err := exchange.NewUniverse(list)
	if err != nil {
		return nil, err
	}
	named := func(keys []string) (map[string]bool, error) {
		out := make(map[string]bool, len(keys))
		for _, key := range keys {
			in, err := u.Lookup(key)
			if err != nil {
				return nil, err
			}
			out[in.Key()] = true
		}
		return out, nil
	}
	kept, err := named(keep)
	if err != nil {
		return nil, err
	}
	wanted, err := named(keys)
	if err != nil {
		return nil, err
	}
	for i := range l {
		key := l[i].Instrument.Key()
		if wanted[key] && !kept[key] && !l[i].Trading {
			return nil, fmt.Errorf("%s is not trading: its status is %s", key, l[i].Status)
		}
		if wanted[key] || kept[key] {
			out = append(out, i)
		}
	}
	return out, nil
}

// Choose turns patterns into keys, in the listing's order. An instrument that is named in
// full must be trading. Of what globs match, those of the top coins are chosen: coins,
// against one quote, rank by their turnover of the last 24 hours in dollars, by key,
// summed up in each segment that the globs name; where these are several, a coin must be
// in all of them, and counts for what it has in the least, because a pair can trade no
// more than its thinner leg. A glob of which the segment is a pattern itself (*:*) means
// wherever a coin trades: where all are such it need not be in all, and counts for what it
// has in the most. Inverse contracts stand beside the spot market in USDT. top 0: no bound,
// and the turnover is not asked for.
func (l Listings) Choose(ctx context.Context, house string, patterns []string, top int, turnover func(context.Context) (map[string]float64, error)) ([]string, error) {
	var named, globs []string
	for _, p := range patterns {
		p = exchange.Within(p, house)
		if strings.ContainsAny(p, `*?[\`) {
			globs = append(globs, p)
		} else {
			named = append(named, p)
		}
	}
	if _, err := l.Pick(named, nil); err != nil {
		return nil, err
	}
	matched, err := l.match(globs)
	if err != nil {
		return nil, err
	}
	strict, err := l.match(slices.DeleteFunc(globs, anySegment))
	if err != nil {
		return nil, err
	}
	if top > 0 && len(matched) > 0 {
		of, err := turnover(ctx)
		if err != nil {
			return nil, err
		}
		matched = l.best(matched, l.segments(strict), top, of)
	}
	wanted := make(map[string]bool)
	for _, key := range slices.Concat(named, matched) {
		wanted[key] = true
	}
	var out []string
	for i := range l {
		if key := l[i].Instrument.Key(); wanted[key] {
			out = append(out, key)
		}
	}
	return out, nil
}

// NoneFitsError is a glob that none of the instruments fits that a venue lists and that are
// trading.
type NoneFitsError struct {
	Glob   string
	Listed int
}

func (e *NoneFitsError) Error() string {
	return fmt.Sprintf("%q fits none of the %d instruments that the venue lists and that are trading", e.Glob, e.Listed)
}

// match returns the keys of what is trading and fits a glob.
func (l Listings) match(globs []string) (out []string, err error) {
	for _, g := range globs {
		before := len(out)
		for i := range l {
			if ok, err := path.Match(g, l[i].Instrument.Key()); err != nil {
				return nil, fmt.Errorf("symbol %q: %w", g, err)
			} else if ok && l[i].Trading {
				out = append(out, l[i].Instrument.Key())
			}
		}
		if len(out) == before {
			return nil, &NoneFitsError{g, len(l)}
		}
	}
	return out, nil
}

// coin is what ranks: everything of one coin against one quote.
type coin struct {
	name     string
	keys     []string
	turnover map[exchange.Venue]float64
}

// coinOf names the coin of an instrument. Inverse contracts are in USD and hedge what is
// bought with USDT.
func coinOf(in *exchange.Instrument) string {
	if in.Inverse() {
		return in.Base + "/USDT"
	}
	return in.Base + "/" + in.Quote
}

// anySegment reports whether a glob means wherever a coin trades.
func anySegment(glob string) bool {
	segment, _, _ := strings.Cut(glob, ":")
	return strings.ContainsAny(segment, `*?[\`)
}

// segments are the segments of some keys.
func (l Listings) segments(keys []string) map[exchange.Venue]bool {
	out := make(map[exchange.Venue]bool)
	for i := range l {
		if in := l[i].Instrument; slices.Contains(keys, in.Key()) {
			out[in.Venue] = true
		}
	}
	return out
}

// best returns the keys that belong to the top coins, of those that are in all the segments
// they must be in.
func (l Listings) best(keys []string, must map[exchange.Venue]bool, top int, turnover map[string]float64) (out []string) {
	coins := slices.DeleteFunc(l.coins(keys, turnover), func(x *coin) bool { return !x.in(must) })
	slices.SortStableFunc(coins, func(a, b *coin) int {
		return cmp.Or(cmp.Compare(b.worth(must), a.worth(must)), cmp.Compare(a.name, b.name))
	})
	for _, x := range coins[:min(top, len(coins))] {
		out = append(out, x.keys...)
	}
	return out
}

// coins groups instruments.
func (l Listings) coins(keys []string, turnover map[string]float64) (list []*coin) {
	wanted := make(map[string]bool, len(keys))
	for _, key := range keys {
		wanted[key] = true
	}
	byName := make(map[string]*coin)
	for i := range l {
		in := l[i].Instrument
		if !wanted[in.Key()] {
			continue
		}
		name := coinOf(in)
		x := byName[name]
		if x == nil {
			x = &coin{name: name, turnover: make(map[exchange.Venue]float64)}
			byName[name] = x
			list = append(list, x)
		}
		x.keys = append(x.keys, in.Key())
		x.turnover[in.Venue] += turnover[in.Key()]
	}
	return list
}

// in reports whether a coin is in all of some segments.
func (x *coin) in(segments map[exchange.Venue]bool) bool {
	for v := range segments { // order does not matter: all are asked for
		if _, ok := x.turnover[v]; !ok {
			return false
		}
	}
	return true
}

// worth is the turnover in the segment that has least of it, of those that it must be in;
// where there are none, in the one that has most.
func (x *coin) worth(must map[exchange.Venue]bool) float64 {
	least, most := math.Inf(1), 0.0
	for v, of := range x.turnover { // order does not matter: it is a minimum and a maximum
		most = max(most, of)
		if must[v] {
			least = min(least, of)
		}
	}
	if len(must) == 0 {
		return most
	}
	return least
}

// InUSDT is what a quote asset is worth by the last trades of a spot segment, which are by
// key, or 0 when that is not known.
func InUSDT(spot string, last map[string]decimal.Decimal, quote string) float64 {
	if quote == "USDT" || quote == "USD" {
		return 1
	}
	if p := last[spot+":"+quote+"USDT"]; p.IsPositive() {
		return p.InexactFloat64()
	}
	if p := last[spot+":USDT"+quote]; p.IsPositive() {
		return 1 / p.InexactFloat64()
	}
	if quote == "USDC" { // of perpetuals, when spot was not asked
		return 1
	}
	return 0
}
