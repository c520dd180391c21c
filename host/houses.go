package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// A session may be on several houses. Which it is on is decided by its symbols: each of
// them names a house, a glob over houses, or none, which is the default one.

// sections are the houses that are set up, the session's default first.
func (l *LiveOptions) sections() []connect.Section {
	first := l.Venue
	if first == nil {
		first = defaultVenue().Section()
	}
	return append([]connect.Section{first}, l.Further...)
}

// checkSections refuses a house that is set up twice.
func (l *LiveOptions) checkSections() error {
	var seen []string
	for i, s := range l.sections() {
		switch {
		case s == nil:
			return configError("Live.Further[%d]: the section is nil", i-1)
		case slices.Contains(seen, s.House()):
			return configError("%s is set up twice: want each venue once in Live.Venue and Live.Further", s.House())
		}
		seen = append(seen, s.House())
	}
	return nil
}

// assigned gives every pattern to the houses that it names.
func (l *LiveOptions) assigned(patterns []string) ([]*liveMarket, error) {
	sections := l.sections()
	var all []*liveMarket
	for i, s := range sections {
		m, err := l.marketOf(s, i == 0)
		if err != nil {
			return nil, configError("%s %v", sectionName(s.House()), err)
		}
		all = append(all, m)
	}
	for _, p := range patterns {
		var err error
		if all, err = l.assign(all, p); err != nil {
			return nil, err
		}
	}
	return slices.DeleteFunc(all, func(m *liveMarket) bool { return len(m.patterns) == 0 }), nil
}

// marketOf is a house's market with what its section says of it. That of the first stands
// in the options, where a flag may have changed it.
func (l *LiveOptions) marketOf(s connect.Section, first bool) (*liveMarket, error) {
	m := &liveMarket{Section: s, top: l.Top, bars: l.Bars}
	c := s.Shared()
	if first || c == nil {
		return m, nil
	}
	if c.Top > 0 {
		m.top = c.Top
	}
	length, err := barLength(c)
	m.bars = cmp.Or(length, m.bars)
	return m, err
}

// assign gives a pattern to the houses that it names; one that is known and not set up
// joins them.
func (l *LiveOptions) assign(all []*liveMarket, pattern string) ([]*liveMarket, error) {
	name, symbol, ok := strings.Cut(pattern, ":")
	house, segment, named := strings.Cut(name, ".")
	if ok && name == "*" { // wherever it trades
		house, segment, named = "*", "*", true
	}
	if !ok || !named {
		if ok && !has(all[0].House(), name) {
			if other := houseWith(name); other != "" {
				return nil, configError("symbol %q: %s has no market %q: did you mean %s.%s?", pattern, all[0].House(), name, other, pattern)
			}
		}
		all[0].take(pattern)
		return all, nil
	}
	found := false
	for _, m := range all {
		fits, err := path.Match(house, m.House())
		if err != nil {
			return nil, configError("symbol %q: %v", pattern, err)
		}
		if fits && (house == m.House() || has(m.House(), segment)) {
			m.takeAs(segment+":"+symbol, pattern)
			if house != m.House() {
				m.anywhere = append(m.anywhere, segment+":"+symbol)
			}
			found = true
		}
	}
	if found {
		return all, nil
	}
	if c, known := connectorOf(house); known {
		m := &liveMarket{Section: c.Section(), top: l.Top, bars: l.Bars}
		m.takeAs(segment+":"+symbol, pattern)
		return append(all, m), nil
	}
	var there []string
	for _, m := range all {
		there = append(there, m.House())
	}
	if strings.ContainsAny(house, `*?[\`) {
		return nil, configError("symbol %q: none of the venues that are set up (%s) has a market %q", pattern, strings.Join(there, ", "), segment)
	}
	return nil, configError("symbol %q: unknown venue %q: want %s", pattern, house, exchange.OneOf(houseNames()))
}

func (l *liveMarket) take(pattern string) { l.takeAs(pattern, pattern) }

// takeAs is take of what was written with its house.
func (l *liveMarket) takeAs(pattern, written string) {
	if l.written == nil {
		l.written = map[string]string{}
	}
	if _, taken := l.written[pattern]; !taken {
		l.written[pattern] = written
	}
	if !slices.Contains(l.patterns, pattern) {
		l.patterns = append(l.patterns, pattern)
	}
}

// has reports whether a house has a market that fits a name or glob. One of the embedding
// program's own, which is not in the list, may have any.
func has(house, glob string) bool {
	c, ok := connectorOf(house)
	return !ok || slices.ContainsFunc(c.About().Segments, func(s connect.Segment) bool {
		fits, err := path.Match(glob, string(s.Venue.Within(house)))
		return fits || err != nil // its own error tells
	})
}

// houseWith is the first house that has a market of a name; "": none has.
func houseWith(segment string) string {
	for _, house := range houseNames() {
		if has(house, segment) {
			return house
		}
	}
	return ""
}

func houseNames() (out []string) {
	for _, l := range venueList {
		out = append(out, l.connect.House())
	}
	return out
}

// elsewhere says of a symbol that a house does not list what was probably meant: there in
// all its markets, or at another house. Houses that are set up are asked, and only after
// something is wrong already.
func (s *liveSource) elsewhere(ctx context.Context, l *liveMarket, err error) error {
	var unknown *exchange.UnknownError
	if !errors.As(err, &unknown) {
		return err
	}
	out := &exchange.UnknownError{Key: cmp.Or(l.written[unknown.Key], unknown.Key), Near: unknown.Near}
	full := out.Key != unknown.Key // it was written with its house
	if full && out.Near != "" {
		out.Near = l.House() + "." + out.Near
	}
	ctx, cancel := context.WithTimeout(ctx, elsewhereWait)
	defer cancel()
	if in := meantAt(ctx, l.Section, unknown.Key); in != nil {
		out.Near = in.Key()
		if full {
			out.Near = in.FullKey()
		}
	}
	for i, section := range s.sections() {
		if out.Near != "" {
			break
		}
		if section.House() == l.House() || i == 0 && s.Venue == nil {
			continue
		}
		if in := meantAt(ctx, section, unknown.Key); in != nil {
			out.Near = in.FullKey()
		}
	}
	return &DataError{fmt.Errorf("live market data: %w", out)}
}

// elsewhereWait bounds looking for a symbol in other markets.
const elsewhereWait = 10 * time.Second

// meantAt asks a house for what a key probably means; nil: it has no such thing, or does
// not answer.
func meantAt(ctx context.Context, section connect.Section, key string) *exchange.Instrument {
	venue, err := openSection(section)
	if err != nil {
		return nil
	}
	c, err := venue.Browse(ctx, connect.DataOptions{}, []string{"*:*"})
	if err != nil {
		return nil
	}
	u, err := exchange.NewUniverse(c.Instruments())
	if err != nil {
		return nil
	}
	return u.Meant(key)
}

// open checks the section and returns the venue that it describes.
func (l *liveMarket) open() (connect.Venue, error) { return openSection(l.Section) }

// name identifies the markets of a session in the ledger. A session on other hosts
// must not go on where one on the real venues stopped.
func (s *liveSource) name() string {
	one := func(l *liveMarket) string {
		if l.venue.Usual() {
			return ""
		}
		return " at " + l.venue.Hosts()
	}
	if len(s.markets) == 1 {
		// One of the embedding program's own has no name here that others could mean.
		if _, listed := connectorOf(s.markets[0].House()); !listed || s.markets[0].House() == defaultVenue().House() {
			return liveName + one(s.markets[0])
		}
	}
	var parts []string
	for _, l := range s.markets {
		parts = append(parts, l.House()+one(l))
	}
	return liveName + liveOn + strings.Join(parts, liveAnd)
}

// What names of live markets are made of.
const (
	liveName = "live"
	liveOn   = " on "
	liveAnd  = " + "
)

// HouseOf is the house that names in a session on a market leave out; "": they have it,
// because the session is on several.
func HouseOf(market string) string {
	switch list := housesIn(market); len(list) {
	case 0:
		return defaultVenue().House()
	case 1:
		return list[0]
	}
	return ""
}

// housesIn are the houses of a live market's name; none: it is no live market.
func housesIn(market string) (out []string) {
	rest, ok := strings.CutPrefix(market, liveName)
	if !ok {
		return nil
	}
	list, ok := strings.CutPrefix(rest, liveOn)
	if !ok {
		return []string{defaultVenue().House()}
	}
	for _, part := range strings.Split(list, liveAnd) {
		house, _, _ := strings.Cut(part, " at ")
		out = append(out, house)
	}
	return out
}
