package feed

import (
	"context"
	"fmt"
	"net/url"
	"strconv"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// settler finds out the rates that were settled. That a settlement has happened
// is known from the mark prices, whose next funding moves on; the rate of the
// stream is an estimate up to the last second, so the settled one is asked for.
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

func newSettler() *settler { return new(settler) }

// Pauses before the settled rate is asked for, again and again until it is there.
const (
	settleFirst = 2 * exchange.Second
	settleMost  = exchange.Minute
)

// settleWithin is how long a rate is asked for. It bounds what waits: at most a
// settlement an hour of each instrument.
const settleWithin = exchange.Day

// near is how far the venue's time of a settlement may be off the hour: it is
// given with the milliseconds that it took.
const near = exchange.Minute

// want asks for the rate of an instrument's settlement.
func (s *settler) want(t *track, at exchange.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = append(s.due, due{t: t, at: at})
}

func (s *settler) run(ctx context.Context, m *Market) {
	for pause(ctx, secondsBetween) == nil {
		for _, batch := range s.take(m.o.Now()) {
			s.settle(ctx, m, batch)
		}
	}
}

// batched is from how many on the settlements of a moment are asked for together.
// USD-M alone answers for all symbols at once.
const batched = 10

// take returns what is due now, in batches of one market and moment.
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
		if b[0].at == d.at && api.Of(b[0].t.in.Venue) == api.Of(d.t.in.Venue) {
			batches[i] = append(b, d)
			return batches
		}
	}
	return append(batches, []due{d})
}

func (s *settler) settle(ctx context.Context, m *Market, batch []due) {
	if api.Of(batch[0].t.in.Venue) == api.USDM && len(batch) >= batched {
		rows, err := m.rest.fetchAllSettled(ctx, batch[0].at-near)
		for _, d := range batch {
			s.resolve(m, d, rows, err)
		}
		return
	}
	for _, d := range batch {
		rows, err := m.rest.fetchSettled(ctx, d.t.in, d.at-near)
		s.resolve(m, d, rows, err)
	}
}

// resolve sends the rate if it is among the rows, and otherwise asks again later.
func (s *settler) resolve(m *Market, d due, rows []settlement, err error) {
	for _, r := range rows {
		if off := milli(r.Time) - d.at; r.Symbol == d.t.in.Symbol && off < near && off > -near {
			d.t.settle(m, d.at, &r)
			return
		}
	}
	if d.tries++; d.tries == 5 {
		m.o.Notice(connect.Notice{Instrument: d.t.in.ID, Text: fmt.Sprintf("settled funding rate of %s at %s: not known after %d tries (%v)", d.t.in.Key(), d.at, d.tries, err)})
	}
	if m.o.Now() > d.at+settleWithin {
		m.o.Notice(connect.Notice{Instrument: d.t.in.ID, Text: fmt.Sprintf("settled funding rate of %s at %s: given up after %d tries (%v)", d.t.in.Key(), d.at, d.tries, err)})
		return
	}
	d.try = m.o.Now() + min(settleFirst<<min(d.tries, 10), settleMost)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.due = append(s.due, d)
}

// settle sends a settled rate. COIN-M does not say the mark price it is for.
func (t *track) settle(m *Market, at exchange.Time, r *settlement) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if at <= t.settled {
		return
	}
	t.settled = at
	m.counts.settled.Add(1)
	m.sink.Post(m.owned(&exchange.Event{Kind: exchange.KindFunding, Instrument: t.in.ID, VenueTime: at,
		Rate: e8(r.Rate), Mark: e8(r.Mark), Hours: t.hours}))
}

// fetchAllSettled returns the settlements of all symbols of USD-M from a moment
// on, oldest first.
func (r *public) fetchAllSettled(ctx context.Context, from exchange.Time) ([]settlement, error) {
	query := url.Values{"startTime": {strconv.FormatInt(int64(from/exchange.Millisecond), 10)}, "limit": {"1000"}}
	return fetchRows[settlement](ctx, r, api.USDM, "/fundingRate", query)
}
