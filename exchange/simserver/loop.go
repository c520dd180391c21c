package simserver

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/paper"
)

// State is everything the loop owns: markets, accounts, connections. Nothing of it,
// nor of what it hands out, is touched by another goroutine: a front's handlers give
// [Exchange.Do] a function and wait.
type State struct {
	opt     Options
	markets []*Market // by instrument
	feed    exchange.Feed
	ahead   exchange.Event // read from the feed, not yet due
	ended   bool           // the feed has no more

	now    exchange.Time // of the market
	origin exchange.Time // market time at zero
	zero   time.Time     // wall time at origin
	skew   time.Duration // of the request clock, a fault

	accounts []*Account
	keys     map[string]*APIKey
	serial   uint64 // of generated names

	fronts   []Front
	segments []*Segment
	conns    []*Conn
	beaten   exchange.Time // the last beat
	faults   faultList
	live     bool // past the warm-up: events are published
}

// newState builds the state and runs the feed up to where the server opens.
func newState(opt Options) (*State, []Keys, error) {
	// The past is read while the wall clock runs; what that takes is caught up.
	s := &State{opt: opt, feed: opt.Feed, keys: map[string]*APIKey{}, zero: opt.Clock()}
	for _, in := range opt.Universe.All() {
		s.markets = append(s.markets, newMarket(in))
	}
	var keys []Keys
	for n := range opt.Accounts {
		k, err := s.openAccount(n)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, k)
	}
	if err := s.readFeed(); err != nil {
		return nil, nil, err
	}
	if err := s.warmUp(opt.Begin); err != nil {
		return nil, nil, err
	}
	s.origin = s.now
	s.live = true
	if opt.Chaos != nil {
		s.faults.chaos = newChaos(*opt.Chaos, opt.Clock())
	}
	return s, keys, nil
}

// longestWarmUp is how much of a feed is read before the opening for the sake of an
// instrument that has no quotes.
const longestWarmUp = exchange.Minute

// warmUp reads the past. Without a time to open at, that is until every instrument can
// be traded: a feed may begin with other things than its books.
func (s *State) warmUp(begin exchange.Time) error {
	if begin > 0 {
		return s.advance(max(begin, s.ahead.Time))
	}
	for end := s.ahead.Time + longestWarmUp; ; {
		if err := s.advance(s.ahead.Time); err != nil || s.ended || s.ahead.Time > end || s.quoted() {
			return err
		}
	}
}

// quoted reports that every instrument has a best bid and ask.
func (s *State) quoted() bool {
	return !slices.ContainsFunc(s.markets, func(m *Market) bool { return m.Touch[0].Qty == 0 || m.Touch[1].Qty == 0 })
}

// openAccount makes an account with its venue and keys.
func (s *State) openAccount(n int) (Keys, error) {
	a := newAccount(s, n)
	venue, err := paper.New(paper.Options{
		Universe: s.opt.Universe, Books: func(id exchange.InstrumentID) *book.Book { return s.markets[id].Book },
		Seed: s.opt.Seed + uint64(n), Latency: paper.Latency{Model: "none"}, TransferLatency: paper.Latency{Model: "none"},
		Leverage: s.opt.Leverage, Balances: s.opt.Balances,
	})
	if err != nil {
		return Keys{}, fmt.Errorf("account %d: %w", n, err)
	}
	a.paper = venue
	keys, known, err := makeKeys(s.opt.Seed, a)
	if err != nil {
		return Keys{}, err
	}
	for _, k := range known {
		s.keys[k.Name] = k
	}
	s.accounts = append(s.accounts, a)
	return keys, nil
}

// readFeed takes the next event from the feed.
func (s *State) readFeed() error {
	err := s.feed.Next(&s.ahead)
	if errors.Is(err, io.EOF) {
		s.ended = true
		return nil
	}
	if err != nil {
		s.ended = true
		return fmt.Errorf("market feed after %v: %w", s.now, err)
	}
	return nil
}

// advance lets the market's time pass until t.
func (s *State) advance(t exchange.Time) error {
	for !s.ended && s.ahead.Time <= t {
		s.now = max(s.now, s.ahead.Time)
		s.beat()
		s.step(&s.ahead)
		if err := s.readFeed(); err != nil {
			return err
		}
	}
	s.now = max(s.now, t)
	s.beat()
	return nil
}

// step shows one market event to the books, the venues and the subscribers, in
// this order: a venue reads books that include the event.
func (s *State) step(ev *exchange.Event) {
	if ev.Instrument < 0 || int(ev.Instrument) >= len(s.markets) {
		return
	}
	ev.More = false // clients see one event after the other, as at an exchange
	m := s.markets[ev.Instrument]
	if m.hours != 0 && s.refund(m, ev) {
		return
	}
	s.show(m, ev)
}

// show is step for an event as it is.
func (s *State) show(m *Market, ev *exchange.Event) {
	changed := m.apply(ev)
	for _, a := range s.accounts {
		a.paper.Market(ev)
		a.drain()
		a.runConditionals(m)
		a.runStops(m)
	}
	if f := m.front(); f != nil && s.live {
		f.Show(m, ev, changed)
	}
	if changed != nil {
		m.Published = changed.Last
	}
}

// Wall is the clock that requests are judged by.
func (s *State) Wall() exchange.Time {
	return exchange.Time(s.opt.Clock().Add(s.skew).UnixNano())
}

// due is the market's time that belongs to the wall clock's now.
func (s *State) due() exchange.Time {
	if s.opt.Speed == 0 {
		return s.now
	}
	passed := s.opt.Clock().Sub(s.zero)
	return max(s.now, s.origin+exchange.Time(float64(passed)*s.opt.Speed))
}

// catchUp brings the market to now.
func (s *State) catchUp() error {
	if err := s.advance(s.due()); err != nil {
		return err
	}
	s.tick()
	s.faults.runTimed(s)
	return nil
}

// idle is how long the loop may wait for a request before the market moves.
func (s *State) idle() time.Duration {
	if s.opt.Speed == 0 || s.ended {
		return maxIdle
	}
	next := min(s.ahead.Time, s.beaten+BeatEvery)
	wait := time.Duration(float64(next-s.now) / s.opt.Speed)
	return min(max(wait, minIdle), maxIdle)
}

// minIdle keeps a fast market from spinning; maxIdle lets timed faults come and
// sessions expire while the market stands still.
const (
	minIdle = time.Millisecond
	maxIdle = 50 * time.Millisecond
)

// run is the loop. It ends with stop, or with an error when the feed fails.
func (s *State) run(stop <-chan struct{}, inbox <-chan func(*State)) error {
	timer := time.NewTimer(s.idle())
	defer timer.Stop()
	for {
		var do func(*State)
		select {
		case <-stop:
			return nil
		case do = <-inbox:
		case <-timer.C:
		}
		err := s.catchUp()
		if do != nil {
			do(s)
		}
		if err != nil {
			return err
		}
		timer.Reset(s.idle())
	}
}

// NewName makes a text of 64 letters and digits that no other has: client order ids,
// keys of sessions.
func (s *State) NewName(purpose string) string {
	s.serial++
	return keyText(s.opt.Seed+s.serial, 0, purpose)
}
