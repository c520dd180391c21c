package oms

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// outbox is what all parts of a manager share: its time, and what it has to say.
type outbox struct {
	now      exchange.Time
	requests []Request
	events   []exchange.Event
	notes    []string
	number   uint64 // of the last request
}

// at moves the manager's time on. A venue clock that was corrected may step back; the
// manager's does not.
func (o *outbox) at(now exchange.Time) { o.now = max(o.now, now) }

// request asks something of the venue and returns the number of the request.
func (o *outbox) request(r Request) uint64 {
	o.number++
	r.Number, r.At = o.number, o.now
	o.requests = append(o.requests, r)
	return o.number
}

// post tells the core.
func (o *outbox) post(ev exchange.Event) {
	ev.Time = o.now
	o.events = append(o.events, ev)
}

// note tells people.
func (o *outbox) note(format string, args ...any) {
	o.notes = append(o.notes, fmt.Sprintf(format, args...))
}

// later is when to try again after an error; nil: after an answer that was no help.
func (o *outbox) later(e *exchange.VenueError, tries int) exchange.Time {
	at := o.now + backoff(tries)
	if e != nil && e.Class.Again() {
		at = max(at, e.Until)
	}
	return at
}

// backoff is how long to wait before asking again what is not known yet.
func backoff(tries int) exchange.Time {
	steps := [...]exchange.Time{250 * exchange.Millisecond, 500 * exchange.Millisecond, exchange.Second, 2 * exchange.Second, 5 * exchange.Second}
	if tries < len(steps) {
		return steps[tries]
	}
	return 15 * exchange.Second
}

// never is later than any time.
const never = exchange.Time(1<<63 - 1)

// soonest is the earlier of two times, of which the first may be 0 for none.
func soonest(a, b exchange.Time) exchange.Time {
	if a == 0 {
		return b
	}
	return min(a, b)
}
