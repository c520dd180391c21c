package host

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// sourceCheck looks at the events of an embedder's data before the loop has them, and
// puts the session's instruments in the place of the source's, which numbers them as it
// likes.
type sourceCheck struct {
	name  string
	order []*exchange.Instrument // of the session, by the source's index
	bars  map[string]exchange.Time
	timed bool // the events have times of their own
	n     int
	last  exchange.Time
}

// universe checks what a source says of its instruments.
func (info *SourceInfo) universe() (*exchange.Universe, error) {
	for i := range info.Instruments {
		if err := info.Instruments[i].Check(); err != nil {
			return nil, fmt.Errorf("Instruments[%d] (%s): %w", i, info.Instruments[i].Key(), err)
		}
	}
	u, err := exchange.NewUniverse(info.Instruments)
	if err != nil {
		return nil, err
	}
	for _, key := range sortedKeys(info.Bars) {
		if _, err := u.Lookup(key); err != nil {
			return nil, fmt.Errorf("Bars: %w", err)
		}
		if err := exchange.CheckBarLength(info.Bars[key]); err != nil {
			return nil, fmt.Errorf("Bars of %s: %w", key, err)
		}
	}
	if info.BarsOnly && len(info.Bars) == 0 {
		return nil, errors.New("BarsOnly without Bars: say how long the bars of each instrument are")
	}
	return u, nil
}

func newSourceCheck(info *SourceInfo, u *exchange.Universe) *sourceCheck {
	c := &sourceCheck{name: info.Name, bars: map[string]exchange.Time{}}
	for i := range info.Instruments {
		in, _ := u.Find(info.Instruments[i].Venue, info.Instruments[i].Symbol) // it was made of them
		c.order = append(c.order, in)
	}
	for _, key := range sortedKeys(info.Bars) {
		if in, err := u.Lookup(key); err == nil {
			c.bars[in.Key()] = info.Bars[key]
		}
	}
	return c
}

// take checks the next event. What is wrong is a DataError with the event's number.
func (c *sourceCheck) take(ev *exchange.Event) error {
	c.n++
	if err := c.check(ev); err != nil {
		return &DataError{fmt.Errorf("source %s: event %d (%s): %w", c.name, c.n, ev.Kind, err)}
	}
	c.last = ev.Time
	ev.Instrument = c.order[ev.Instrument].ID
	return nil
}

func (c *sourceCheck) check(ev *exchange.Event) error {
	switch {
	case !ev.Kind.MarketData():
		return fmt.Errorf("Kind %d: a source sends market data alone", ev.Kind)
	case ev.Instrument < 0 || int(ev.Instrument) >= len(c.order):
		return fmt.Errorf("Instrument %d: the source described %d", ev.Instrument, len(c.order))
	case c.timed && (ev.Time < c.last || ev.Time <= 0):
		return fmt.Errorf("Time %d (%s): want one that is above 0 and not before %s of the event before", ev.Time, ev.Time, c.last)
	}
	in := c.order[ev.Instrument]
	if err := ev.Check(in); err != nil {
		return err
	}
	if length := c.bars[in.Key()]; ev.Kind == exchange.KindBar && ev.Bar.Interval != length {
		declared := "none"
		if length > 0 {
			declared = exchange.BarLength(length)
		}
		return fmt.Errorf("Bar: Interval %s: the source's Bars of %s say %s", exchange.BarLength(ev.Bar.Interval), in.Key(), declared)
	}
	return nil
}

// ownFeed is an embedder's feed.
type ownFeed struct {
	exchange.Feed
	check    *sourceCheck
	closings *closings
}

// Next implements exchange.Feed.
func (f *ownFeed) Next(ev *exchange.Event) error {
	err := f.read(ev)
	switch {
	case err == nil:
		return f.check.take(ev)
	case errors.Is(err, io.EOF):
		return io.EOF
	}
	return &DataError{fmt.Errorf("source %s: after event %d: %w", f.check.name, f.check.n, err)}
}

func (f *ownFeed) read(ev *exchange.Event) (err error) {
	defer caught(&err)
	return f.Feed.Next(ev)
}

// eventStream is an embedder's channel.
type eventStream struct {
	events <-chan exchange.Event
	check  *sourceCheck
	wrong  atomic.Pointer[error]
}

// pump hands the events of a stream to the loop, until the stream is closed or wrong, or
// the session is over.
func (s *eventStream) pump(to *loop.Inbox) (stop func()) {
	quit, done := make(chan struct{}), make(chan struct{})
	end := func(why string) {
		to.Post(&exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandDataEnd, Reason: why})
	}
	go func() {
		defer close(done)
		for {
			select {
			case ev, ok := <-s.events:
				if !ok {
					end("")
					return
				}
				if err := s.check.take(&ev); err != nil {
					s.wrong.Store(&err)
					end(err.Error())
					return
				}
				to.Post(&ev)
			case <-quit:
				return
			}
		}
	}()
	return func() { close(quit); <-done }
}

// fault is what was wrong with the stream, for the end of its session; nil: nothing.
func (s *eventStream) fault() error {
	if s == nil || s.wrong.Load() == nil {
		return nil
	}
	return *s.wrong.Load()
}
