package desk

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// notFound is the venue's code for an order that it does not know.
const notFound = -2013

// doubt begins the search for an order that may or may not be at the venue. It
// is not sent again, whatever comes of it.
func (d *Desk) doubt(n *order, f *account.Fault) {
	n.stage, n.tries, n.missed = doubtful, 0, 0
	n.due = d.now + backoff(0)
	d.tell(n, exchange.StatusUnknown, word{code: f.Code, reason: f.Error()})
}

func (d *Desk) ask(n *order) {
	n.asking, n.due = true, 0
	d.request(Request{Kind: Query, Market: api.Of(n.in.Venue), Symbol: n.in.Symbol, ClientID: n.ClientID})
}

func (d *Desk) onQuery(a *Answer, f *account.Fault) {
	n := d.byClient[a.Request.ClientID]
	if n == nil {
		return
	}
	n.asking = false
	n.tries++
	switch {
	case f == nil:
		n.missed, n.tries = 0, 0
		d.report(&a.Report)
	case n.stage == done:
	case f.Class == account.Refused && f.Code == notFound:
		d.miss(n, a.Request.At)
	default:
		n.due = d.later(f, n.tries)
	}
	d.wish(n)
}

// Two looks that do not find an order prove that it is not there, if there is
// time for the engine between them (10 s, its timeout) and the second comes after
// the last moment at which the venue could still accept the request. A query
// answers for the moment it was decided on, or a later one.
const (
	missesNeeded = 2
	missesSpread = 10 * exchange.Second
	windowGrace  = exchange.Second
)

func (d *Desk) miss(n *order, at exchange.Time) {
	if n.missed == 0 {
		n.first = at
	}
	n.missed++
	spread := missesSpread
	if n.venue != 0 {
		spread = exchange.Minute // it was there: only the query lags, or the archive forgot it
	}
	decisive := max(n.first+spread, n.sent+d.opt.RecvWindow+windowGrace+1)
	if n.due = d.now + backoff(n.tries); decisive > d.now {
		n.due = min(n.due, decisive)
	}
	if n.missed < missesNeeded || at < decisive || d.tapes[n.Instrument].claims(n, d.now) {
		return
	}
	if n.venue != 0 || n.Filled > 0 {
		d.end(n, word{status: exchange.StatusExpired, code: notFound, reason: "the venue no longer knows it"})
		return
	}
	n.lost = true
	d.end(n, word{status: exchange.StatusRejected, code: notFound,
		reason: fmt.Sprintf("never reached the venue: not found in %d looks over %.0f s", n.missed, float64(at-n.first)/1e9)})
}
