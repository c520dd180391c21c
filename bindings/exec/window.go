package exec

import (
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
	case byClock(finish) && byClock(f.Get("start")) && readTime(finish).named != readTime(f.Get("start")).named:
		finish.Fail("%q and the start, %q: want a time zone with both, or with neither for UTC", finish.String(), f.Get("start").String())
	case byClock(finish) && byClock(f.Get("start")) && readTime(finish).same(readTime(f.Get("start"))):
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
	return readTime(v).next(from)
}

func byClock(v bindings.Input) bool {
	_, text := v.Value().(lua.LString)
	return text
}
