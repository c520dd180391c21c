package bindings

import "github.com/perilune/perilune/exchange"

// Cap is a kind of thing that a callback may ask for a limited number of times.
// What goes beyond raises at the call, and the callback leaves nothing.
type Cap uint8

// The kinds.
const (
	CapOrders    Cap = iota // submitted
	CapCancels              // of orders
	CapTransfers            // between wallets
	CapPairs                // opened, closed, kept
	CapSchedules            // begun, canceled
	CapTimers               // set, removed
	CapLogs                 // lines
	CapPoints               // of a chart
	caps
)

// MaxSeries is how many lines a strategy's chart may have.
const MaxSeries = 64

// limits are by callback and, because callbacks come often, by second of the
// session's time.
var limits = [caps]struct {
	what                 string
	inCallback, inSecond int
}{
	CapOrders:    {"orders", 256, 1000},
	CapCancels:   {"cancels", 256, 1000},
	CapTransfers: {"transfers", 64, 64},
	CapPairs:     {"requests about pairs", 64, 256},
	CapSchedules: {"requests about schedules", 64, 256},
	CapTimers:    {"changes of timers", 2000, 4000},
	CapLogs:      {"log lines", 200, 1000},
	CapPoints:    {"chart points", 256, 2000},
}

// quota counts what a strategy asked for.
type quota struct {
	callback, second [caps]int
	now              exchange.Time // in whole seconds
	used             bool          // something was counted in this callback
	series           map[string]struct{}
}

// Count counts one of a kind, and raises when the callback or the second has had
// its share.
func (rt *Runtime) Count(k Cap) {
	q := &rt.quota
	if now := rt.env.Now() / exchange.Second; now != q.now {
		q.now, q.second = now, [caps]int{}
	}
	q.used = true
	q.callback[k]++
	q.second[k]++
	l := &limits[k]
	if q.callback[k] > l.inCallback {
		rt.Raise("one callback may ask for at most %d %s", l.inCallback, l.what)
	}
	if q.second[k] > l.inSecond {
		rt.Raise("a strategy may ask for at most %d %s in a second", l.inSecond, l.what)
	}
	rt.charge(16)
}

// Series notes a line of the chart, and raises when there are too many.
func (rt *Runtime) Series(name string) {
	q := &rt.quota
	if _, known := q.series[name]; known {
		return
	}
	if len(q.series) >= MaxSeries {
		rt.Raise("a chart may have at most %d lines, and %q is one more", MaxSeries, name)
	}
	if q.series == nil {
		q.series = make(map[string]struct{})
	}
	q.series[name] = struct{}{}
}

// fresh begins a callback.
func (q *quota) fresh() {
	if q.used {
		q.callback, q.used = [caps]int{}, false
	}
}
