package exec

import (
	"time"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

// window reads when a schedule begins, 0 for now, and how long it is: by duration, or by
// the finish.
func window(f bindings.Fields, now exchange.Time) (start, length exchange.Time) {
	begins := now
	if f.Has("start") {
		start = moment(f.Get("start"), now)
		begins = start
	}
	switch finish := f.Get("finish"); {
	case finish.Nil() && !f.Has("duration"):
		f.Get("duration").Fail("missing: want duration, or finish for an end by time of day")
	case finish.Nil():
		return start, f.Get("duration").Duration()
	case f.Has("duration"):
		finish.Fail("duration is given too: want one of them")
	case byClock(finish) && byClock(f.Get("start")) && clock(finish) == clock(f.Get("start")):
		finish.Fail("%q is the start too: want another time of day, or duration = \"24h\" for a whole day", finish.String())
	default:
		end := moment(finish, begins+1) // one that is now is tomorrow's
		if end <= begins {
			finish.Fail("%s is not after the start, %s", end, begins)
		}
		return start, end - begins
	}
	return 0, 0
}

// moment reads seconds since the epoch, or a time of day: the first that is not before from.
func moment(v bindings.Input, from exchange.Time) exchange.Time {
	if !byClock(v) {
		return v.Time()
	}
	at := from - from%exchange.Day + clock(v)
	if at < from {
		at += exchange.Day
	}
	return at
}

func byClock(v bindings.Input) bool {
	_, text := v.Value().(lua.LString)
	return text
}

// clock reads a time of day in UTC, which has no hours that are skipped or come twice.
func clock(v bindings.Input) exchange.Time {
	s := v.String()
	for _, layout := range []string{"15:04", "15:04:05"} {
		if t, err := time.Parse(layout, s); err == nil && len(s) == len(layout) {
			return exchange.Time(t.Hour())*exchange.Hour + exchange.Time(t.Minute())*exchange.Minute + exchange.Time(t.Second())*exchange.Second
		}
	}
	v.Fail("want a time of day in UTC, such as \"14:30\" or \"14:30:15\", or seconds since the epoch, got %q", s)
	return 0
}
