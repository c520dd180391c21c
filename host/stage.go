package host

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/ledger"
)

// StageOptions say what stands on a [Stage]. Script, Program and Instruments are required.
type StageOptions struct {
	Script      string          // as the user named it
	Program     *script.Program // what it was compiled to
	Set         map[string]string
	Instruments []exchange.Instrument
	Balances    []Deposit     // none: 50 000 of what each wallet's instruments are paid in, where that is dollars
	Limits      Limits        // of the gate; zero: its defaults
	Leverage    int           // 0: 5
	Models      paper.Models  // of the venue
	Latency     Latency       // of the venue, where Models has none
	Seed        uint64        //
	Start       exchange.Time // 0: when the built-in market begins
	Advisor     string        // the model that is asked; "": there is none
	Memory      int           // bytes that the script may hold; 0: the default
	Probe       script.Probe  // told of the script's lines; nil: nobody is
	// Around may stand between the loop and the venue; nil: nothing does.
	Around func(exchange.Simulated) exchange.Simulated
	// Heard is told of every event and of what came of it, on the caller's goroutine; the
	// effects may be kept, the event not.
	Heard func(*exchange.Event, []core.Effect)
}

// Stage is a session of one script in memory, whose market and time its owner moves by hand:
// for tests of scripts, and whatever looks at one step by step. Core, gate, virtual machine,
// paper venue and loop are those of every session; only nobody keeps a ledger or a journal.
//
// What is pushed, and time that passes, has come to its end when the method returns. Nothing
// runs beside it: the loop is a coroutine of the caller. Same options and calls, same session.
// A Stage is for one goroutine; Close it.
type Stage struct {
	o      StageOptions
	header *header
	name   string
	core   *core.Core
	venue  *paper.Venue
	loop   *loop.Loop
	clock  stageClock
	resume func() (struct{}, bool)
	leave  func()
	cancel context.CancelFunc
	err    error // that the loop ended with
	over   bool
	past   stagePast
}

// errLeft ends the loop of a Stage that is closed.
var errLeft = errors.New("the stage was left")

// stageMost bounds the events of a Stage, so that a timer of a millisecond and a year to pass
// come to an end.
const stageMost = 5_000_000

// NewStage starts a session: the script's on_start has run. ctx bounds how long its methods
// take, by the wall clock.
func NewStage(ctx context.Context, o StageOptions) (*Stage, error) {
	if o.Program == nil || len(o.Instruments) == 0 {
		return nil, configError("a stage needs a program and instruments")
	}
	if o.Start == 0 {
		o.Start = synth.Began
	}
	s := &Stage{o: o}
	s.clock.now, s.clock.until = o.Start, o.Start
	if err := s.prepare(); err != nil {
		return nil, err
	}
	if err := s.begin(ctx, nil); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// prepare makes the header that cores are made of.
func (s *Stage) prepare() error {
	u, err := exchange.NewUniverse(s.o.Instruments)
	if err != nil {
		return err
	}
	if len(s.o.Balances) == 0 {
		// Coins have no price before a market is pushed, and an account with some no value.
		s.o.Balances = slices.DeleteFunc(startingBalances(u), func(d Deposit) bool { return !exchange.IsDollar(d.Asset) })
	}
	s.header = &header{Format: headerFormat, Mode: "paper", Market: "stage", Simulated: true, Seed: s.o.Seed, Instruments: s.o.Instruments,
		Limits: s.o.Limits, ClientTag: "pl", Leverage: s.o.Leverage, SampleEvery: exchange.Minute, Advisor: s.o.Advisor,
		Strategies: []strategyConfig{{Path: s.o.Script, Sources: s.o.Program.Sources(), Hash: s.o.Program.Hash(), Params: s.o.Set, Memory: s.o.Memory, probe: s.o.Probe}}}
	return nil
}

// begin makes core, venue and loop, and runs to where the loop waits; snap is what an earlier
// run left.
func (s *Stage) begin(ctx context.Context, snap *ledger.Snapshot) (err error) {
	if s.core, err = s.header.newCore([]any{s.o.Program}, nil, nil, nil); err != nil {
		return err
	}
	s.name = s.core.StrategyName(0)
	paperOf := paperOptions{PaperOptions: PaperOptions{Balances: s.o.Balances, Leverage: s.o.Leverage, Latency: &s.o.Latency}, seed: s.o.Seed, models: s.o.Models}
	var nextTrade uint64
	prelude := deposits(s.o.Balances)
	if snap != nil {
		nextTrade, prelude = snap.NextTrade, arrivals(s.header.Restore)
	}
	if s.venue, err = paperOf.venueOn(s.core, false, s.header.Restore, nextTrade); err != nil {
		return err
	}
	var venue exchange.Simulated = s.venue
	if s.o.Around != nil {
		venue = s.o.Around(venue)
	}
	s.past.rows = projection.Rows{Universe: s.core.Universe(), Names: s.core.StrategyName}
	s.loop = &loop.Loop{Core: s.core, Venue: venue, Recorder: s, Clock: &s.clock, Start: s.clock.now, Prelude: prelude}
	if s.o.Advisor != "" {
		s.loop.Advisor = unanswered{}
	}
	s.clock.ctx = ctx // and not the one that ends with Stop
	ctx, s.cancel = context.WithCancel(ctx)
	s.clock.ending, s.err, s.over = false, nil, false
	s.resume, s.leave = iter.Pull(func(yield func(struct{}) bool) {
		s.clock.yield = func() bool { return yield(struct{}{}) }
		if err := s.loop.Run(ctx); err != nil && !errors.Is(err, errLeft) {
			s.err = err
		}
	})
	return s.run()
}

// run lets the loop go on until it waits, or has ended.
func (s *Stage) run() error {
	if !s.over {
		_, waits := s.resume()
		s.over = !waits
	}
	return s.err
}

// Before implements loop.Recorder.
func (s *Stage) Before(*exchange.Event) error {
	if s.past.events++; s.past.events > stageMost {
		return fmt.Errorf("more than %d events: is there a timer that is due all the time?", stageMost)
	}
	return nil
}

// After implements loop.Recorder.
func (s *Stage) After(ev *exchange.Event, fx []core.Effect) error {
	if err := s.past.keep(fx); err != nil {
		return err
	}
	if s.o.Heard != nil {
		s.o.Heard(ev, fx)
	}
	return nil
}

// Push hands events in at the present moment, in their order.
func (s *Stage) Push(events ...exchange.Event) error {
	if s.over {
		return s.ended()
	}
	s.clock.queue = append(s.clock.queue, events...)
	return s.run()
}

// Wake lets happen what is due by now though nothing was pushed: whoever stands before the venue
// has something to say.
func (s *Stage) Wake() error {
	return s.Push(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: "wake"}) // which the core follows by doing nothing
}

func (s *Stage) ended() error {
	if s.err != nil {
		return s.err
	}
	return errors.New("the session has ended")
}

// Advance lets time pass: what is due meanwhile happens.
func (s *Stage) Advance(d exchange.Time) error {
	if s.over {
		return s.ended()
	}
	s.clock.until += d
	return s.run()
}

// Tell gives an instruction, as a person would: see the commands of package core. Its error is
// why it was not followed.
func (s *Stage) Tell(command string, in core.Instruction) error {
	ev, err := in.Event(command)
	if err != nil {
		return err
	}
	if err := s.Push(*ev); err != nil {
		return err
	}
	return s.core.CommandError()
}

// Reload puts another version of the script in its place, as a save does. Its error is why it
// was refused.
func (s *Stage) Reload(p *script.Program) error {
	s.past.refused = ""
	if err := s.Push(exchange.Event{Kind: exchange.KindReload, Instrument: exchange.NoInstrument,
		Reload: &exchange.Reload{Path: s.o.Script, Sources: p.Sources(), Hash: p.Hash(), Compiled: p}}); err != nil {
		return err
	}
	if s.past.refused != "" {
		return errors.New(s.past.refused)
	}
	s.o.Program = p
	c := &s.header.Strategies[0]
	c.Sources, c.Hash = p.Sources(), p.Hash()
	return nil
}

// Stop ends the session in good order: on_stop runs, and what is under way is finished.
func (s *Stage) Stop() error {
	if s.over {
		return s.err
	}
	s.clock.ending = true
	s.cancel()
	err := s.run()
	s.clock.now = max(s.clock.now, s.loop.Now())
	s.clock.until = s.clock.now
	return err
}

// Close frees the session, as it is.
func (s *Stage) Close() error {
	s.drop()
	return s.past.close()
}

func (s *Stage) drop() {
	if s.leave == nil {
		return
	}
	s.leave()
	s.cancel()
	core.CloseStrategies(s.core)
	s.leave = nil
}

// Core is the session's core, to be read.
func (s *Stage) Core() *core.Core { return s.core }

// Venue is the session's venue.
func (s *Stage) Venue() *paper.Venue { return s.venue }

// Now is the session's time.
func (s *Stage) Now() exchange.Time { return s.clock.now }

// Name is what the strategy calls itself.
func (s *Stage) Name() string { return s.name }

// State is what the strategy remembers, as JSON.
func (s *Stage) State() ([]byte, error) { return s.core.Inner(0).State() }

// Parameters are those of the running version, with their values.
func (s *Stage) Parameters() []script.Param {
	if p, ok := s.core.Inner(0).(*luaStrategy); ok {
		return p.Parameters()
	}
	return nil
}

// unanswered is an advisor whose answers are pushed by whoever holds the stage.
type unanswered struct{}

func (unanswered) Ask(*advice.Question, exchange.Time) {}
func (unanswered) NextTime() (exchange.Time, bool)     { return 0, false }
func (unanswered) Pop(*exchange.Event)                 {}

// stageClock hands in what was pushed, and lets time pass up to until.
type stageClock struct {
	ctx        context.Context
	yield      func() bool
	now, until exchange.Time
	queue      []exchange.Event
	ending     bool // the loop ends by itself: nobody is waited for
}

// Wait implements loop.Clock.
func (c *stageClock) Wait(_ context.Context, now, next exchange.Time) (*exchange.Event, error) {
	if c.ctx.Err() != nil {
		return nil, fmt.Errorf("it took longer than allowed, at %s of its own time", now)
	}
	for {
		switch {
		case len(c.queue) > 0:
			ev := &c.queue[0]
			c.queue = c.queue[1:]
			ev.Time = c.now
			return ev, nil
		case c.ending:
			return nil, nil
		case next <= c.until:
			c.now = max(c.now, next)
			return nil, nil
		}
		c.now = c.until
		if !c.yield() {
			return nil, errLeft
		}
	}
}
