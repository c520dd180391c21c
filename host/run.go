// Package host runs trading strategies: it is the API that the command line and
// programs that embed Perilune share.
//
//	sum, err := host.Run(ctx, &host.Options{
//		Scripts: []string{"scripts/funding_rotation.lua"},
//		For:     30 * exchange.Day,
//	})
//
// A session is made of parts that know nothing of each other, and of the session only what
// it hands them: a source of market events (the built-in market, a recording, a Source or a
// venue's market), an account (on paper, at a venue or a Broker's), the core (package core),
// and the record, which is the ledger and the journal. A supervisor watches them from
// outside. Run makes them; one loop (package loop) moves events between them.
// Every event is journalled before the core sees it, and every effect after, so
// Replay can run the session again and compare.
//
// A program that wants to follow or steer a session opens it ([Open]) and runs it
// ([Session.Run]); [Run] is both in one.
//
// Importing it bounds lua.MaxArrayIndex of gopher-lua, for the process: see package
// script.
//
// Nothing in this package is safe for concurrent use except where it says so.
// Run may be called from several goroutines with different ledgers.
//
// This is version 0: names and signatures of this package may change with any minor
// version, and will be named in its notes. Ledgers are migrated; a journal is replayed
// by the versions that write its format, and others refuse it in one line.
package host

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/advisor"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/host/internal/projection"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/script"
)

// Run runs one session to its end: Options.For, the end of the data, or the end
// of ctx, which is an orderly stop and not an error. The summary is nil when the
// session could not begin or had to be given up; an error beside a summary says
// what ended it.
//
// The session runs on a goroutine of its own, the loop. Strategies written in Go
// are called on it; Options.Log and Options.Status are called on a third one, in
// order and never at the same time, so that they may take as long as they like:
// lines and states that come faster are bounded, and what is left out is counted.
//
// Run watches the loop. One that is at one place for longer than
// Options.StallAfter, or that does not end within Options.StopWithin of the end of
// ctx, is given up with a *StallError, after what rests at the venue was canceled
// without the loop.
//
// Run writes nothing into o, which may be used again.
func Run(ctx context.Context, o *Options) (*Summary, error) {
	if err := needsContext(ctx, "Run"); err != nil {
		return nil, err
	}
	if o == nil {
		return nil, configError("no options: want a *host.Options")
	}
	mine := *o
	if err := mine.Validate(); err != nil {
		return nil, err
	}
	s, err := openSession(ctx, &mine)
	if err != nil {
		return nil, err
	}
	if o.Opened != nil {
		if closing := o.Opened(s); closing != nil {
			defer closing()
		}
	}
	return s.Run(ctx)
}

// newRunner makes the parts of a session and hands each what it may have of the others.
func newRunner(o *Options) *runner {
	r := &runner{o: o, started: time.Now(), inbox: loop.NewInbox()}
	r.supervisor = &supervisor{supervisorOptions: supervisorOptions{
		stallAfter: o.StallAfter, stopWithin: o.StopWithin, statusEvery: o.StatusEvery, abandon: o.Abandon,
		state: Status{Real: o.realOrders(), Live: o.liveData(), Simulated: !o.liveData()},
		full:  r.inbox.Full,
		close: func(killed bool) { r.record.killed = killed; r.close() },
	}}
	r.reporter = &reporter{out: direct{o}, now: &r.supervisor.clock, journal: func() string { return r.record.dir }}
	r.supervisor.log, r.supervisor.show = r.log, r.show
	if o.liveData() {
		r.before = loop.Now
	}
	e := env{log: r.log, post: r.inbox.Post, entering: r.supervisor.entering, limited: r.supervisor.limited, end: r.endEarly}
	r.hold.post = e.post
	dark := &channels{post: e.post}
	r.dark = dark
	r.source = newSource(o, e, pace{inbox: r.inbox, beat: r.beat, every: o.StatusEvery, speed: o.Speed}, dark,
		func() (*wants, error) { return wantsOf(o, r.scripts) })
	r.account = newAccount(o, e, dark, r.inbox.Waiting)
	r.supervisor.leave = r.account.leave
	r.record = &sessionRecord{recordOptions: o.record(e, r.account.real()), standing: standing{path: o.DB}, aside: asideLines{least: o.KeepLog.least()}}
	r.record.started, r.record.asked, r.record.hold = r.started, r.supervisor.asked, &r.hold
	r.reporter.keep = r.record.aside.hear
	return r
}

// runner is a session being run.
type runner struct {
	o       *Options
	started time.Time

	scripts    []loaded
	roster     *projection.Roster // see strategies
	source     source
	dark       *channels
	market     *marketData // what the source tells of itself
	supervisor *supervisor
	account    account
	terms      accountTerms
	record     *sessionRecord
	hold       hold
	curves     []*schedule.Profile
	core       *core.Core
	loop       *loop.Loop
	inbox      *loop.Inbox
	watcher    *scriptWatcher
	preflight  *preflight      // nil: versions are swapped in untried
	probation  *probation      // nil: swaps are not watched
	config     *configWatcher  // nil: there is no file, or it is not watched
	side       *sideline       // nil: nobody follows the session
	shadowing  *shadowFollower // nil: no script runs in a shadow
	twinning   *twinFollower   // nil: there is no twin
	// watchdog ends callbacks that take too long
	watchdog *script.Watchdog
	desk     *advisor.Desk // nil: no advisor

	*reporter
	tap            tap                   // sees all that is decided; nil: nobody does
	handled        func(*exchange.Event) // of what came from outside; nil: nobody waits
	refusedVersion string                // what was wrong with the last version that was to be loaded; ""
	opened         bool                  // the strategies are the session's, to be closed with it
	loan           loan                  // what it has of its program
}

func (r *runner) close() {
	r.preflight.close()
	r.side.close()
	if r.watcher != nil {
		r.watcher.close()
	}
	r.config.close()
	if r.desk != nil {
		r.desk.Close()
	}
	r.watchdog.Close()
	r.account.close() // what is at the venue stays there
	r.record.abandon()
	r.source.close()
	r.record.close()
	if r.opened {
		r.opened = false
		core.CloseStrategies(r.core)
	}
	r.loan.giveBack()
}

// open builds everything. The order matters: what can be wrong with the
// command line is found before anything is written.
func (r *runner) open(ctx context.Context) error {
	var err error
	if r.scripts, err = loadScripts(r.o.Scripts, r.o.own.scripting()); err != nil {
		return err
	}
	if err := checkReport(r.o.Report); err != nil {
		return err
	}
	if r.curves, err = readCurves(r.o.Curves); err != nil {
		return err
	}
	if err := checkParams(r.scripts, r.o.Set, r.o.origins); err != nil {
		return err
	}
	r.supervisor.entering("opening the market")
	if r.market, err = r.source.find(ctx); err != nil {
		return err
	}
	if err := r.o.own.compare(r.scripts, r.market.instruments); err != nil {
		return err
	}
	if err := r.account.signIn(ctx, r.source.accesses()); err != nil {
		return err
	}
	if err := r.record.open(ctx, r.account.stamp()); err != nil {
		return err
	}
	if err := r.chooseSession(ctx); err != nil {
		return err
	}
	if r.market, err = r.source.enter(ctx, r.record.resume); err != nil {
		return err
	}
	if r.terms, err = r.account.terms(ctx, r.market.instruments); err != nil {
		return err
	}
	err = r.build(ctx)
	r.opened = err == nil
	return err
}

// mode is what the ledger is stamped with.
func (r *runner) mode() string { return r.account.stamp().Mode }

func (r *runner) build(ctx context.Context) error {
	s, err := r.header()
	if err != nil {
		return err
	}
	if s.Again != nil {
		if s, err = s.asRead(); err != nil {
			return err
		}
	}
	r.watchdog = script.NewWatchdog(r.o.Script.CallbackTime)
	for i := range s.Strategies {
		c, o := &s.Strategies[i], &r.o.Script
		c.Memory, c.watchdog, c.Instructions, c.StringBytes, c.StateBytes = o.MemoryBytes, r.watchdog, o.Instructions, o.StringBytes, o.StateBytes
	}
	if r.core, err = s.newCore(compiled(r.scripts), r.o.own, &r.supervisor.where, &r.memory.handlers); err != nil {
		return r.o.leftOut(err)
	}
	names := make([]string, len(r.scripts)+len(r.o.Strategies))
	for i := range names {
		names[i] = r.core.StrategyName(int32(i))
	}
	r.supervisor.names.Store(&names)
	if err := r.record.begin(s); err != nil {
		return err
	}
	if err := r.alerts.attach(r.record); err != nil {
		return err
	}
	venue, prelude, err := r.account.start(ctx, &beginning{standing: &r.record.standing, core: r.core, header: s, bars: r.market.bars})
	if err != nil {
		return err
	}
	past, err := recallBars(ctx, r.o, r.core, r.record.resume)
	if err != nil {
		return err
	}
	prelude = append(past, prelude...)
	r.record.rows = projection.Rows{Universe: r.core.Universe(), Names: r.core.StrategyName, Quiet: r.o.KeepLog == KeepWarnings, Market: r.core}
	r.record.rec = newRecorder(r.core.Universe(), r.record.journal, r.sink)
	r.record.rec.givenUp = &r.supervisor.givenUp
	if r.record.journal != nil && r.o.JournalCap > 0 {
		r.record.rec.checks = newCheckpoints(s.Again != nil, r.o.JournalCap, r.core.Book)
	}
	r.loop = &loop.Loop{Core: r.core, Venue: venue, Recorder: r.record.rec, For: r.o.For, Prelude: prelude,
		Where: &r.supervisor.where, Began: r.began, StopWithin: exchange.Time(r.o.StopWithin - leaveIn - settleLeast - closeIn), Leave: func() { r.account.leave(0) }, Owed: r.account.owed, Handled: r.handled}
	if r.o.Broker != nil {
		r.loop.Await = answersAwaited
	}
	r.source.drive(r.loop, r.record.resume)
	if r.o.ClearHalt && r.record.resume != nil {
		if err := r.clearHalts(); err != nil {
			return err
		}
	}
	var answered func(*exchange.Event)
	if r.source.paced() {
		answered = r.inbox.Post
	}
	if r.desk, err = openDesk(ctx, r.o, r.record.db, r.started, answered); err != nil {
		return err
	}
	if r.desk != nil {
		r.loop.Advisor = r.desk
	}
	r.preflight = openPreflight(r, s)
	r.record.rec.past, r.probation = r.preflight, newProbation(r.preflight)
	if r.side, err = openSideline(r, s); err != nil {
		return err
	}
	r.record.rec.side = r.side
	if r.o.Watch {
		if r.watcher, err = watchScripts(r.scripts, r.log, r.inbox.Post, r.preflight); err != nil {
			return err
		}
		if r.config, err = watchConfig(r.o, r.scripts, r.market.stale, r.log, r.inbox.Post); err != nil {
			return err
		}
	}
	return nil
}

// began runs on the loop at the session's first moment.
func (r *runner) began(now exchange.Time) {
	r.supervisor.clock.Store(int64(now))
	r.announce()
	r.source.follow(r.core)
	for _, text := range cautions(r.core, r.scripts, &r.market.supply) {
		r.caution(Line{Level: intent.Warn, Strategy: "host", Text: text})
	}
	for _, text := range curveCautions(r.core.Universe(), r.curves, now) {
		r.caution(Line{Level: intent.Warn, Strategy: "host", Text: text})
	}
	for _, text := range r.unrestored() {
		r.caution(Line{Level: intent.Warn, Strategy: "host", Text: text})
	}
}

// endEarly ends the session in good order, and nothing new is begun meanwhile.
func (r *runner) endEarly(why string) {
	r.loop.End()
	r.hold.say(why) // wakes the loop
}

// header is what heads the journal: all that the core is made from.
func (r *runner) header() (*header, error) {
	limits := r.o.Limits
	if limits.StaleAfter == 0 {
		limits.StaleAfter = r.market.stale
	}
	s := &header{
		Format: headerFormat, Mode: r.mode(), Market: r.market.name, Simulated: r.market.simulated, Seed: r.o.Seed,
		Instruments: r.market.instruments, Limits: limits, ClientTag: r.terms.tag,
		Leverage: r.terms.leverage, ReadOnly: r.terms.readOnly, SampleEvery: r.market.sample, Ladders: r.market.hot, Supply: r.market.supply, Curves: r.curves, Final: !r.o.continues(),
	}
	s.Broker = r.o.broker.versioned()
	s.Shrinks = s.Broker == "" && s.Mode == "paper"
	if a := r.o.Advisor; a != nil {
		s.Advisor, s.AdviceTTL = a.Model, a.TTL
	}
	s.Modules, s.Rules = r.o.own.moduleNames(), r.o.own.ruleNames()
	for _, st := range r.o.own.strategies {
		s.Native = append(s.Native, st.versioned())
		if r.record.resume != nil {
			s.NativeState = append(s.NativeState, projection.State(r.record.resume, st.name))
		}
	}
	for _, l := range r.scripts {
		s.Strategies = append(s.Strategies, strategyConfig{
			Path: l.path, Sources: l.program.Sources(), Hash: l.program.Hash(),
			Params: paramsFor(l.name, l.params, r.o.Set), State: projection.State(r.record.resume, l.name),
		})
	}
	if r.record.resume != nil {
		if err := r.restore(); err != nil {
			return nil, err
		}
		s.Restore = r.record.restored
	}
	var err error
	s.Again, err = r.again()
	return s, err
}

// tellNotices passes on what the source had to say.
func (r *runner) tellNotices(now exchange.Time) {
	for _, text := range r.source.notices() {
		r.log(Line{Time: now, Level: intent.Warn, Strategy: "feed", Text: text})
	}
}

// announce says what begins.
func (r *runner) announce() {
	how := "new session"
	if r.record.resume != nil {
		how = fmt.Sprintf("resuming at %s", r.record.resume.LastTime)
	}
	where := strings.ToUpper(r.mode())
	if r.o.broker != nil {
		where = "BROKER " + r.o.broker.versioned()
	}
	var names []string
	for i := range len(r.scripts) + len(r.o.Strategies) {
		names = append(names, r.core.StrategyName(int32(i)))
	}
	r.alerts.raise(Alert{Time: r.loop.Now(), Severity: Notice, Kind: AlertStarted, Strategy: "host", Text: strings.Join(names, ", ") + " on " + cmp.Or(r.market.title, r.market.name)})
	r.log(Line{Level: intent.Info, Text: fmt.Sprintf("%s: %s on %s, %s %s, ledger %s", where, strings.Join(names, ", "), cmp.Or(r.market.title, r.market.name), how, r.record.session, r.o.DB)})
	if r.o.Notify != nil && !r.o.notifies() {
		r.log(Line{Level: intent.Info, Text: "the targets of [notify] are told nothing: the market is not in real time"})
	}
	if r.o.Watch && len(r.scripts) > 0 {
		r.log(Line{Level: intent.Info, Text: "edit and save a script to reload it; Ctrl-C ends the session"})
	}
}

// clearHalts lifts the kill latches that the session was left with: its own, and those of
// the strategies that run.
func (r *runner) clearHalts() error {
	of := []string{""}
	for i, name := range r.strategies().Running {
		if r.core.Latched(i) != "" {
			of = append(of, name)
		}
	}
	for _, name := range of {
		lift, err := core.Instruction{Strategy: name, Reason: "ClearHalt"}.Event(core.CommandUnlatch)
		if err != nil {
			return err
		}
		r.inbox.Post(lift)
	}
	return nil
}
