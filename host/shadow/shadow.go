// Package shadow lets a strategy trade beside a session without trading: a second core with a
// paper venue of its own, on the events that the session sees or has seen, from an account as
// it stood at a moment. It is pure and deterministic: the same account and the same events
// give the same record of orders, fills, exposure, denials, errors and profit, whatever the
// clock says. It never touches the session's account, ledger, notices or advisor: a question
// of a strategy is answered by nobody, and told so.
//
// # Parts
//
//   - [Shadow] is one strategy's run: New, Start or Swap, Push for each event, Record.
//   - [Ring] keeps the last minutes of a session's market in memory, with how the session stood
//     where they begin. The session's loop appends to it; what is older is folded into books
//     off the loop. [Ring.Span] is what of it can be run over.
//   - [Fly] runs the version that runs and a new one over the same span, and [Limits.Judge] compares
//     their records: the preflight of a reload.
//   - [Conduct] watches a version after its swap by the effects of the session itself.
//
// # What a shadow leaves out
//
// Local variables of a script are not known: both versions begin with their state and their
// timers. Pairs that were being opened stay as large as they are, and orders of pairs and
// schedules are not taken over: their machines decide anew, as after a restart. Of other
// strategies it has the positions, pairs and resting orders, and calls none of their
// handlers. What strangers did because of our real orders is not undone.
package shadow

import (
	"errors"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
)

// Options are what a shadow begins with.
type Options struct {
	// Core is the session's configuration. Restore, Advisor, Where and Stopwatch, and what is asked of
	// venues, are the shadow's own.
	Core core.Config
	// Strategies are by the session's numbers; [Still] stands for those that are not run. The
	// shadow owns them: Close closes them.
	Strategies []core.Strategy
	// Watched is the number of the one whose record is kept.
	Watched int32
	// Paper is how orders fill. Universe, Books, Balances and Restore are the shadow's own.
	Paper paper.Options
	// Standing is the account that it begins with.
	Standing *core.Standing
	// Effects, when set, gets what every event after the beginning came to.
	Effects func(*exchange.Event, []core.Effect) error
	// Past is what strategies look back on, and Market how the market stood: both are handled
	// before anything else, at Standing's time.
	Past, Market []exchange.Event
}

// Shadow is a run beside a session. One goroutine uses it at a time.
type Shadow struct {
	core   *core.Core
	loop   *loop.Loop
	record *Record
	began  exchange.Time
	sample exchange.Time // when the exposure is looked at next
	silent bool          // it is being set up: nothing is the strategy's doing
	told   func(*exchange.Event, []core.Effect) error
}

// sampleEvery is how far apart exposure is looked at; with each fill it is looked at too.
const sampleEvery = exchange.Second

// New returns a shadow whose strategies have not been called.
func New(o Options) (*Shadow, error) {
	if o.Standing == nil {
		return nil, errors.New("shadow: no account to begin with")
	}
	cfg := o.Core
	cfg.Restore, cfg.Advisor, cfg.Where, cfg.Stopwatch = &o.Standing.Restore, "", nil, nil
	cfg.TellsPast, cfg.PastComes, cfg.Scans, cfg.Final = false, false, false, true
	c, err := core.New(cfg, o.Strategies, nil)
	if err != nil {
		for _, s := range o.Strategies {
			s.Close()
		}
		return nil, err
	}
	on := o.Paper
	on.Universe, on.Books, on.Balances, on.Restore = c.Universe(), c.Book, nil, VenueAccount(c, cfg.Restore, 0)
	v, err := paper.New(on)
	if err != nil {
		core.CloseStrategies(c)
		return nil, err
	}
	s := &Shadow{core: c, record: NewRecord(o.Watched, c.Universe()), began: cfg.Restore.Time, silent: true, told: o.Effects}
	s.loop = &loop.Loop{Core: c, Venue: v, Recorder: (*tap)(s), Advisor: &nobody{}, Prelude: slices.Concat(o.Market, o.Past)}
	if err := s.loop.Begin(s.began); err != nil {
		core.CloseStrategies(c)
		return nil, err
	}
	for _, r := range cfg.Restore.Orders {
		v.Submit(&r, s.began)
	}
	s.silent = false
	s.record.begin(c, s.began)
	return s, nil
}

// Start calls on_start of the strategies, as a restart does.
func (s *Shadow) Start() error {
	return s.push(&exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandStart, Time: s.began})
}

// Swap puts another version in a strategy's place, as a reload does. The error is why it was
// refused.
func (s *Shadow) Swap(r *exchange.Reload) error {
	if err := s.push(&exchange.Event{Kind: exchange.KindReload, Instrument: exchange.NoInstrument, Reload: r, Time: s.began}); err != nil {
		return err
	}
	return s.record.refused
}

// Push shows it an event of the session, after all that is due before it. What is no
// market's is left out: the account is the shadow's own. The error is why it can't go on.
func (s *Shadow) Push(ev *exchange.Event) error {
	if !Shown(ev.Kind) {
		return nil
	}
	return s.push(ev)
}

func (s *Shadow) push(ev *exchange.Event) error {
	if err := s.loop.Push(ev); err != nil {
		return err
	}
	if now := s.core.Now(); now >= s.sample {
		s.record.expose(s.core, now)
		s.sample = now + sampleEvery
	}
	return nil
}

// Finish lets its time go on to a moment and closes the record there.
func (s *Shadow) Finish(at exchange.Time) error {
	err := s.loop.Advance(at)
	s.record.end(s.core, max(at, s.core.Now()))
	return err
}

// Record is what the watched strategy did. It grows with Push.
func (s *Shadow) Record() *Record { return s.record }

// Core is the shadow's core, to be read between two pushes.
func (s *Shadow) Core() *core.Core { return s.core }

// Close closes the strategies.
func (s *Shadow) Close() { core.CloseStrategies(s.core) }

// Shown reports whether events of a kind are of the market or of the way to it, so that a
// shadow is shown them. What was looked back on comes with Options.Past.
func Shown(k exchange.Kind) bool {
	switch k {
	case exchange.KindVenue, exchange.KindClock, exchange.KindFeed:
		return true
	case exchange.KindVolume:
		return false
	}
	return k.MarketData()
}

// tap is the loop's recorder.
type tap Shadow

// Before implements loop.Recorder.
func (*tap) Before(*exchange.Event) error { return nil }

// After implements loop.Recorder.
func (t *tap) After(ev *exchange.Event, fx []core.Effect) error {
	if t.silent {
		return nil
	}
	if t.told != nil && len(fx) > 0 {
		if err := t.told(ev, fx); err != nil {
			return err
		}
	}
	for i := range fx {
		t.record.Take(&fx[i])
	}
	if len(fx) > 0 && t.record.traded {
		t.record.traded = false
		t.record.expose(t.core, t.core.Now())
	}
	t.record.fault(t.core)
	return nil
}

// nobody answers questions: that nobody does. It implements loop.Advisor.
type nobody struct {
	asked []*advice.Question
	at    exchange.Time
}

func (n *nobody) Ask(q *advice.Question, now exchange.Time) {
	n.asked, n.at = append(n.asked, q), now
}

func (n *nobody) NextTime() (exchange.Time, bool) { return n.at, len(n.asked) > 0 }

func (n *nobody) Pop(ev *exchange.Event) {
	q := n.asked[0]
	n.asked = n.asked[1:]
	*ev = exchange.Event{Kind: exchange.KindAdvice, Instrument: exchange.NoInstrument, Time: n.at,
		Advice: &exchange.Advice{ID: q.ID, Verdict: advice.Disabled, Reason: "a shadow asks nobody"}}
}

// VenueAccount is what a simulated venue goes on from: the core's own books and, at its
// destination, what is on its way. nextTrade is the number of its next trade; 0: the first.
func VenueAccount(c *core.Core, from *core.Restore, nextTrade uint64) *paper.Account {
	a := &paper.Account{NextTrade: nextTrade, NextOrder: uint64(from.LastOrder) + 1}
	for _, h := range c.Holdings() {
		a.Balances = append(a.Balances, paper.Deposit{Wallet: h.Wallet, Asset: h.Asset, Amount: h.Total})
	}
	for i := range from.Transit {
		t := &from.Transit[i]
		a.Balances = append(a.Balances, paper.Deposit{Wallet: t.To, Asset: t.Asset, Amount: t.Amount})
	}
	for _, in := range c.Universe().All() {
		pos := c.AccountPosition(in.ID)
		if pos.Qty != 0 {
			a.Positions = append(a.Positions, paper.Holding{Instrument: in.ID, Position: pos, Cost: c.AccountCost(in.ID)})
		}
	}
	return a
}

// AccountOf is the account of a venue that goes on from where a session stood.
func AccountOf(u *exchange.Universe, from *core.Restore) (*paper.Account, error) {
	c, err := core.New(core.Config{Universe: u, Restore: from}, nil, nil)
	if err != nil {
		return nil, err
	}
	return VenueAccount(c, from, 0), nil
}
