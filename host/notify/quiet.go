package notify

import (
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/zones"
)

// Clock is a time of day in a zone.
type Clock struct {
	Hour, Minute int
	Zone         *time.Location
}

// ParseClock reads "08:00", which is UTC, or "08:00 Europe/Berlin".
func ParseClock(text string) (Clock, error) {
	clock, zone, named := strings.Cut(text, " ")
	at, err := time.Parse("15:04", clock)
	if err != nil || len(clock) != len("15:04") {
		return Clock{}, fmt.Errorf("%q: want a time of day such as \"08:00\", in UTC, or \"08:00 Europe/Berlin\"", text)
	}
	c := Clock{at.Hour(), at.Minute(), time.UTC}
	if named {
		c.Zone, err = zones.Load(zone)
	}
	return c, err
}

// Next is the first time after t at which the clock shows it.
func (c Clock) Next(t time.Time) time.Time {
	y, m, d := t.In(c.Zone).Date()
	for day := d; ; day++ {
		if at := time.Date(y, m, day, c.Hour, c.Minute, 0, 0, c.Zone); at.After(t) {
			return at
		}
	}
}

// Quiet are hours in which only what is critical is told.
type Quiet struct{ From, To Clock }

// ParseQuiet reads "22:00-07:00", in UTC, or "22:00-07:00 Europe/Berlin".
func ParseQuiet(text string) (*Quiet, error) {
	hours, zone, named := strings.Cut(text, " ")
	from, to, ok := strings.Cut(hours, "-")
	if named {
		from, to = from+" "+zone, to+" "+zone
	}
	var q Quiet
	var err error
	if ok {
		if q.From, err = ParseClock(from); err == nil {
			q.To, err = ParseClock(to)
		}
	}
	switch {
	case !ok:
		return nil, fmt.Errorf("%q: want hours such as \"22:00-07:00\", in UTC, or \"22:00-07:00 Europe/Berlin\"", text)
	case err != nil:
		return nil, err
	case q.From.Hour == q.To.Hour && q.From.Minute == q.To.Minute:
		return nil, fmt.Errorf("%q: it begins when it ends", text)
	}
	return &q, nil
}

// until is when the quiet that t is in ends; t itself when it is in none.
func (q *Quiet) until(t time.Time) time.Time {
	if q == nil {
		return t
	}
	end := q.To.Next(t)
	if begin := q.From.Next(t); begin.Before(end) {
		return t
	}
	return end
}
