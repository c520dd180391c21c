package live

import (
	"errors"
	"sync"

	"github.com/perilune/perilune/exchange"
)

// settler finds out the rates that were settled. That a settlement has happened is known
// from the mark prices, whose next funding moves on; the rate of the stream is an estimate
// up to the last second, so the settled one is asked for.
type settler struct {
	mu  sync.Mutex
	due []due
}

type due struct {
	t     *track
	at    exchange.Time
	try   exchange.Time // not before
	tries int
}

// Pauses before the settled rate is asked for, again and again until it is there.
const (
	settleFirst = 2 * exchange.Second
	settleMost  = exchange.Minute
)

// settleWithin is how long a rate is asked for. It bounds what waits: at most a settlement
// an hour of each instrument.
const settleWithin = exchange.Day

// near is how far the venue's time of a settlement may be off the hour: it is given with
// the milliseconds that it took.
const near = exchange.Minute

// want asks for the rate of an instrument's settlement.
func (s *settler) want(t *track, at exchange.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = append(s.due, due{t: t, at: at})
}

// take returns what is due now, in batches of one segment and moment.
func (s *settler) take(now exchange.Time) (batches [][]due) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var later []due
	for _, d := range s.due {
		switch {
		case d.try == 0:
			d.try = now + settleFirst
			later = append(later, d)
		case d.try > now:
			later = append(later, d)
		default:
			batches = join(batches, d)
		}
	}
	s.due = later
	return batches
}

func join(batches [][]due, d due) [][]due {
	for i, b := range batches {
		if b[0].at == d.at && b[0].t.in.Venue == d.t.in.Venue {
			batches[i] = append(b, d)
			return batches
		}
	}
	return append(batches, []due{d})
}

// settle asks for what is due.
func (m *Market) settle() {
	for _, batch := range m.settler.take(m.o.Now()) {
		list := make([]*exchange.Instrument, len(batch))
		for i := range batch {
			list[i] = batch[i].t.in
		}
		rows, err := m.o.Ask.Settled(m.ctx, list, batch[0].at-near, 0)
		for _, d := range batch {
			m.resolve(d, rows, err)
		}
	}
}

var errNotListed = errors.New("the venue does not list it")

// resolve sends the rate if it is among the rows, and otherwise asks again later.
func (m *Market) resolve(d due, rows []exchange.Event, err error) {
	for i := range rows {
		if off := rows[i].VenueTime - d.at; rows[i].Instrument == d.t.in.ID && off < near && off > -near && !m.impossible(d.t, &rows[i]) {
			d.t.settle(m, d.at, &rows[i])
			return
		}
	}
	if err == nil {
		err = errNotListed
	}
	if d.tries++; d.tries == 5 {
		m.notice(d.t.in.ID, "settled funding rate of %s at %s: not known after %d tries: %v", d.t.in.Key(), d.at, d.tries, err)
	}
	if m.o.Now() > d.at+settleWithin {
		m.notice(d.t.in.ID, "settled funding rate of %s at %s: given up after %d tries: %v", d.t.in.Key(), d.at, d.tries, err)
		return
	}
	d.try = m.o.Now() + min(settleFirst<<min(d.tries, 10), settleMost)
	m.settler.mu.Lock()
	defer m.settler.mu.Unlock()
	m.settler.due = append(m.settler.due, d)
}

// settle sends a settled rate. Not every venue says the mark price it is for.
func (t *track) settle(m *Market, at exchange.Time, row *exchange.Event) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at <= t.settled {
		return
	}
	t.settled = at
	m.counts.settled.Add(1)
	ev := *row
	if ev.VenueTime = at; ev.Hours == 0 {
		ev.Hours = t.hours
	}
	m.post(&ev)
}
