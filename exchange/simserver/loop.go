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
	Clock    *Clock    // the market's time and the wall's
	Segments *Segments // what fronts speak for
	Links    *Links    // connections
	Faults   *Faults   // what is to go wrong

	opt      Options
	tape     tape
	markets  []*Market // by instrument
	accounts []*Account
	keys     map[string]*APIKey
	names    *names
	beaten   exchange.Time // the last beat
	// credentials are what clients sign in with, by account, when the front words them.
	credentials []any
	live        bool // past the warm-up: events are published
}

// newState builds the state and runs the feed up to where the server opens.
func newState(opt Options) (*State, []Keys, error) {
	// The past is read while the wall clock runs; what that takes is caught up.
	clock := &Clock{real: opt.Clock, speed: opt.Speed, opened: opt.Opened}
	s := &State{opt: opt, tape: tape{feed: opt.Feed}, Clock: clock, Segments: &Segments{universe: opt.Universe}, Links: &Links{clock: clock},
		keys: map[string]*APIKey{}, names: &names{seed: opt.Seed, salt: opt.Salt}}
	for _, in := range opt.Universe.All() {
		s.markets = append(s.markets, newMarket(in))
	}
	s.Faults = &Faults{clock: clock, log: opt.Log, segments: s.Segments, markets: s.markets, keys: s.keys}
	var keys []Keys
	for n := range opt.Accounts {
		k, err := s.openAccount(n)
		if err != nil {
			return nil, nil, err
		}
		keys = append(keys, k)
	}
	if err := s.tape.readAhead(clock.now); err != nil {
		return nil, nil, err
	}
	if err := s.warmUp(opt.Begin); err != nil {
		return nil, nil, err
	}
	clock.origin = clock.now
	s.live = true
	if opt.Chaos != nil {
		s.Faults.chaos = newChaos(*opt.Chaos, opt.Clock())
	}
	return s, keys, nil
}

// Universe lists the instruments.
func (s *State) Universe() *exchange.Universe { return s.opt.Universe }

// Markets are the instruments' markets by their numbers. The slice must not be changed.
func (s *State) Markets() []*Market { return s.markets }

// Accounts are the accounts by number. The slice must not be changed.
func (s *State) Accounts() []*Account { return s.accounts }

// Key returns an API key, nil when there is none of the name.
func (s *State) Key(name string) *APIKey { return s.keys[name] }

// House is the company that the exchange is of.
func (s *State) House() string { return s.opt.Universe.House() }

// Log notes a line for who runs the exchange.
func (s *State) Log(line string) { s.opt.Log(line) }

// NewName makes a text of 64 letters and digits that no other has: client order ids,
// keys of sessions.
func (s *State) NewName(purpose string) string { return s.names.newName(purpose) }

// names makes texts that are never the same.
type names struct {
	seed   uint64
	serial uint64
	salt   string // of the exchange
}

func (n *names) newName(purpose string) string {
	n.serial++
	return keyText(n.seed+n.serial, 0, n.salt+purpose)
}

// longestWarmUp is how much of a feed is read before the opening for the sake of an
// instrument that has no quotes.
const longestWarmUp = exchange.Minute

// warmUp reads the past. Without a time to open at, that is until every instrument can
// be traded: a feed may begin with other things than its books.
func (s *State) warmUp(begin exchange.Time) error {
	if begin > 0 {
		return s.advance(max(begin, s.tape.ahead.Time))
	}
	for end := s.tape.ahead.Time + longestWarmUp; ; {
		if err := s.advance(s.tape.ahead.Time); err != nil || s.tape.ended || s.tape.ahead.Time > end || s.quoted() {
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
	venue, err := paper.New(paper.Options{
		Universe: s.opt.Universe, Books: func(id exchange.InstrumentID) *book.Book { return s.markets[id].Book },
		Seed: s.opt.Seed + uint64(n), Latency: paper.Latency{Model: "none"}, TransferLatency: paper.Latency{Model: "none"},
		Leverage: s.opt.Leverage, Balances: s.opt.Balances, Queue: s.opt.Queue,
	})
	if err != nil {
		return Keys{}, fmt.Errorf("account %d: %w", n, err)
	}
	a := newAccount(s, n, venue)
	keys, known, err := makeKeys(s.opt.Seed, s.opt.Salt, a)
	if err != nil {
		return Keys{}, err
	}
	for _, k := range known {
		s.keys[k.Name] = k
	}
	s.accounts = append(s.accounts, a)
	return keys, nil
}

// tape is the feed, read one event ahead.
type tape struct {
	feed  exchange.Feed
	ahead exchange.Event // not yet due
	ended bool           // the feed has no more
}

// readAhead takes the next event from the feed, of which all up to now has happened.
func (t *tape) readAhead(now exchange.Time) error {
	err := t.feed.Next(&t.ahead)
	if errors.Is(err, io.EOF) {
		t.ended = true
		return nil
	}
	if err != nil {
		t.ended = true
		return fmt.Errorf("market feed after %v: %w", now, err)
	}
	return nil
}

// advance lets the market's time pass until t.
func (s *State) advance(t exchange.Time) error {
	for !s.tape.ended && s.tape.ahead.Time <= t {
		s.Clock.now = max(s.Clock.now, s.tape.ahead.Time)
		if !s.live && s.opt.Past != nil {
			s.opt.Past(s.Clock.now)
		}
		s.beat()
		s.stepEvent(&s.tape.ahead)
		if err := s.tape.readAhead(s.Clock.now); err != nil {
			return err
		}
	}
	s.Clock.now = max(s.Clock.now, t)
	s.beat()
	return nil
}

// stepEvent shows one market event to the books, the venues and the subscribers, in
// this order: a venue reads books that include the event.
func (s *State) stepEvent(ev *exchange.Event) {
	if ev.Instrument < 0 || int(ev.Instrument) >= len(s.markets) {
		return
	}
	ev.More = false // clients see one event after the other, as at an exchange
	m := s.markets[ev.Instrument]
	if m.hours != 0 && s.refund(m, ev) {
		return
	}
	s.showEvent(m, ev)
}

// showEvent is stepEvent for an event as it is.
func (s *State) showEvent(m *Market, ev *exchange.Event) {
	changed := m.apply(ev)
	for _, a := range s.accounts {
		a.onMarket(m, ev)
	}
	if f := m.front(); f != nil && s.live {
		f.Show(m, ev, changed)
	}
	if changed != nil {
		m.Published = changed.Last
	}
}

// catchUp brings the market to now.
func (s *State) catchUp() error {
	if err := s.advance(s.Clock.due()); err != nil {
		return err
	}
	s.tick()
	s.runFaults()
	return nil
}

// idle is how long the loop may wait for a request before the market moves.
func (s *State) idle() time.Duration {
	if s.opt.Speed == 0 || s.tape.ended {
		return maxIdle
	}
	next := min(s.tape.ahead.Time, s.beaten+BeatEvery)
	return min(max(s.Clock.until(next), minIdle), maxIdle)
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

// beat lets fronts publish what is due by the clock.
func (s *State) beat() {
	now := s.Clock.now
	if !s.live || now < s.beaten+BeatEvery {
		return
	}
	s.beaten = now - now%BeatEvery
	eachFront(s.Segments, func(b Beater) { b.Beat() })
}

// tick ends what has run out by the wall clock.
func (s *State) tick() {
	for _, a := range s.accounts {
		eachFront(s.Segments, func(t Ticker) { t.Tick(a) })
		a.Deadlines.endDue()
	}
}
