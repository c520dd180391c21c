package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// daysEvery is how often a venue is asked for the last 24 hours of all that it lists: some
// questions, whatever the number of instruments, within the limits that all of the session shares.
const daysEvery = time.Minute

// poll asks venues while a session runs. It is begun and stopped by one goroutine.
type poll struct {
	cancel context.CancelFunc // nil: it was not begun
	tasks  sync.WaitGroup
}

// begin makes its context; false when it was begun before.
func (p *poll) begin() (context.Context, bool) {
	if p.cancel != nil {
		return nil, false
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	return ctx, true
}

// stop ends it and waits for it.
func (p *poll) stop() {
	if p.cancel != nil {
		p.cancel()
		p.tasks.Wait()
	}
}

// pollDays begins to ask each venue. A catalogue is nobody else's once its market is open.
func (s *liveSource) pollDays() {
	ctx, first := s.days.begin()
	if !first {
		return
	}
	u := s.market.Universe()
	for _, l := range s.markets {
		asked, ok := l.catalog.(connect.Surveyor)
		if !ok {
			continue
		}
		s.days.tasks.Go(func() {
			for failed := false; ; {
				list, err := asked.Survey(ctx)
				if ctx.Err() != nil {
					return
				}
				if err != nil && !failed {
					l.notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("the last 24 hours of %s: %v; it is asked again every minute", l.House(), err)})
				}
				failed = err != nil
				for i := range list {
					if in, ok := u.Find(list[i].Instrument.Venue, list[i].Instrument.Symbol); ok {
						s.inbox.Post(dayOf(in, &list[i]))
					}
				}
				select {
				case <-ctx.Done():
					return
				case <-time.After(daysEvery):
				}
			}
		})
	}
}

// dayOf is what an instrument's standing says of the last 24 hours. What is traded in inverse
// contracts is worth their size.
func dayOf(in *exchange.Instrument, x *connect.Standing) *exchange.Event {
	ticks := func(d decimal.Decimal) exchange.Ticks {
		if !d.IsPositive() {
			return 0
		}
		return exchange.Ticks(in.Tick.Nearest(d.InexactFloat64()))
	}
	d := exchange.DayStats{Open: ticks(x.Open), High: ticks(x.High), Low: ticks(x.Low), Last: ticks(x.Last), Volume: max(0, x.Volume), Quote: max(0, x.Quote), Count: max(0, x.Count)}
	if in.Inverse() {
		d.Quote = d.Volume * in.ContractSize.InexactFloat64()
	}
	return &exchange.Event{Kind: exchange.KindDay, Instrument: in.ID, Day: d}
}
