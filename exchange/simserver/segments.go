package simserver

import (
	"fmt"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Segments are the parts of the exchange that its fronts speak for.
type Segments struct {
	universe *exchange.Universe
	fronts   []Front
	list     []*Segment
}

// All returns the segments of all fronts. The slice must not be changed.
func (l *Segments) All() []*Segment { return l.list }

// Of returns the segment of a venue, nil when no front speaks for it.
func (l *Segments) Of(v exchange.Venue) *Segment {
	return l.first(func(seg *Segment) bool { return l.same(seg.Venue, v) })
}

// addFront takes a front's segments in.
func (l *Segments) addFront(f Front) ([]*Segment, error) {
	var own []*Segment
	for _, seg := range f.Segments() {
		if l.Of(seg.Venue) != nil {
			return nil, fmt.Errorf("simulated exchange: two fronts speak for %s", seg.Venue)
		}
		seg.front = f
		l.list = append(l.list, &seg)
		own = append(own, &seg)
	}
	l.fronts = append(l.fronts, f)
	return own, nil
}

// house is the company behind the venues, whose name may be left out.
func (l *Segments) house() string { return l.universe.House() }

// same reports that two venues are one, with the house named or not.
func (l *Segments) same(a, b exchange.Venue) bool {
	return a.Within(l.house()) == b.Within(l.house())
}

// backedBy returns the segment of a wallet.
func (l *Segments) backedBy(w exchange.Wallet) *Segment {
	return l.first(func(seg *Segment) bool { return seg.Wallet.Within(l.house()) == w.Within(l.house()) })
}

func (l *Segments) first(is func(*Segment) bool) *Segment {
	if i := slices.IndexFunc(l.list, is); i >= 0 {
		return l.list[i]
	}
	return nil
}

// named finds a segment by its name.
func (l *Segments) named(name string) (*Segment, error) {
	if seg := l.first(func(seg *Segment) bool {
		return strings.EqualFold(seg.Name, name) || strings.EqualFold(string(seg.Venue), name)
	}); seg != nil {
		return seg, nil
	}
	if len(l.list) == 0 {
		return nil, fmt.Errorf("unknown market %q: the exchange has no front yet", name)
	}
	names := make([]string, len(l.list))
	for i, seg := range l.list {
		names[i] = seg.Name
	}
	list := strings.Join(names, ", ")
	if i := strings.LastIndex(list, ", "); i >= 0 {
		list = list[:i] + " or " + list[i+2:]
	}
	return nil, fmt.Errorf("unknown market %q: want %s", name, list)
}

// routes are how faults name the addresses of all fronts, sorted.
func (l *Segments) routes() (all []string) {
	eachFront(l, func(f Striker) { all = append(all, f.Routes()...) })
	slices.Sort(all)
	return slices.Compact(all)
}

// eachFront calls do for the fronts that can.
func eachFront[T any](l *Segments, do func(T)) {
	for _, f := range l.fronts {
		if able, ok := f.(T); ok {
			do(able)
		}
	}
}
