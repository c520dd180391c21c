package oms

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// outcomeUnknown begins the search for an order that may or may not be at the venue. It
// is not sent again, whatever comes of it.
func (s *orders) outcomeUnknown(n *order, e *exchange.VenueError) {
	n.stage, n.tries, n.missed = unknown, 0, 0
	n.due = s.now + backoff(0)
	s.changeStatus(n, exchange.StatusUnknown, venueState{code: code(e), reason: e.Error()})
}

func (s *orders) query(n *order) {
	n.querying, n.due = true, 0
	s.request(n.request(QueryOrder))
}

func (s *orders) onQuery(a *Answer, e *exchange.VenueError) {
	n := s.byClient[a.Request.ClientID]
	if n == nil {
		return
	}
	n.querying = false
	n.tries++
	switch {
	case e == nil:
		n.missed, n.tries = 0, 0
		s.report(&a.Report)
	case n.stage == done:
	case e.Class == exchange.ErrNotFound:
		s.miss(n, a.Request.At)
	default:
		n.due = s.later(e, n.tries)
	}
	s.sendCancel(n)
}

// Two looks that do not find an order prove that it is not there, if there is
// time for the engine between them (10 s, more than any takes) and the second comes
// after the last moment at which the venue could still accept the request. A query
// answers for the moment it was decided on, or a later one.
const (
	missesNeeded = 2
	missesSpread = 10 * exchange.Second
	windowGrace  = exchange.Second
)

// miss takes note that a query did not find an order.
func (s *orders) miss(n *order, at exchange.Time) {
	if n.missed == 0 {
		n.first = at
	}
	n.missed++
	spread := missesSpread
	if n.VenueID != "" {
		spread = exchange.Minute // it was there: only the query lags, or the archive forgot it
	}
	decisive := max(n.first+spread, n.sentBefore+s.window+windowGrace+1)
	if n.due = s.now + backoff(n.tries); decisive > s.now {
		n.due = min(n.due, decisive)
	}
	if n.missed < missesNeeded || at < decisive || s.execs.claims(n) {
		return
	}
	if n.VenueID != "" || n.Filled > 0 {
		s.finish(n, venueState{status: exchange.StatusExpired, reason: "the venue no longer knows it"})
		return
	}
	n.lost = true
	s.finish(n, venueState{status: exchange.StatusRejected,
		reason: fmt.Sprintf("never reached the venue: not found in %d looks over %.0f s", n.missed, float64(at-n.first)/1e9)})
}
