package exec

import (
	"strings"
	"time"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/zones"
)

// timeOfDay is a time on the clock of a zone.
type timeOfDay struct {
	clock exchange.Time // since midnight, as the clock shows it
	zone  *time.Location
	named bool // in the text; UTC otherwise
}

// readTime reads "14:30", "14:30:15" or either with the name of a zone after it.
func readTime(v bindings.Input) timeOfDay {
	s, name, named := strings.Cut(v.String(), " ")
	at := timeOfDay{zone: time.UTC, named: named}
	for _, layout := range []string{"15:04", "15:04:05"} {
		t, err := time.Parse(layout, s)
		if err != nil || len(s) != len(layout) {
			continue
		}
		at.clock = exchange.Time(t.Hour())*exchange.Hour + exchange.Time(t.Minute())*exchange.Minute + exchange.Time(t.Second())*exchange.Second
		if named {
			if at.zone, err = zones.Load(name); err != nil {
				v.Fail("%v", err)
			}
		}
		return at
	}
	v.Fail("want a time of day, such as \"14:30\" or \"14:30:15\" in UTC, or \"09:30 America/New_York\", or seconds since the epoch, got %q", v.String())
	return at
}

func (a timeOfDay) same(b timeOfDay) bool {
	return a.clock == b.clock && a.zone.String() == b.zone.String()
}

// next is the first time that is not before from at which the clock shows it.
func (a timeOfDay) next(from exchange.Time) exchange.Time {
	y, m, d := time.Unix(0, int64(from)).In(a.zone).Date()
	for day := d; ; day++ {
		if at := a.on(y, m, day); at >= from {
			return at
		}
	}
}

// on is when the clock shows it on a day: the first time where it does twice, because clocks
// are put back, and the moment at which they are put forward where it never does.
func (a timeOfDay) on(y int, m time.Month, day int) exchange.Time {
	naive := time.Date(y, m, day, 0, 0, 0, 0, time.UTC).Add(time.Duration(a.clock))
	var at time.Time
	for _, side := range []time.Duration{-24 * time.Hour, 24 * time.Hour} { // as clocks are set before and after a change
		_, offset := naive.Add(side).In(a.zone).Zone()
		at = naive.Add(-time.Duration(offset) * time.Second).In(a.zone)
		if _, now := at.Zone(); now == offset {
			return exchange.Time(at.UnixNano())
		}
	}
	_, change := at.ZoneBounds()
	return exchange.Time(change.UnixNano())
}
