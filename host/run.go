// Package host runs trading strategies: it is the API that the command line and
// programs that embed Perilune share.
//
//	sum, err := host.Run(ctx, &host.Options{
//		Scripts: []string{"scripts/funding_rotation.lua"},
//		For:     30 * exchange.Day,
//	})
//
// A session is built from four parts that know nothing of each other: a source
// of market events, a venue, the core (package core), and the ledger. Run wires
// them; a driver (package sim, paced by package live) moves events between them.
// Every event is journalled before the core sees it, and every effect after, so
// Replay can run the session again and compare.
//
// Nothing in this package is safe for concurrent use except where it says so.
// Run may be called from several goroutines with different ledgers.
package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/advisor"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/live"
	"github.com/perilune/perilune/host/report"
	"github.com/perilune/perilune/host/sim"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// Run runs one session to its end: Options.For, the end of the data, or the end
// of ctx, which is an orderly stop and not an error. The summary is nil only
// when the session could not begin; an error beside a summary says what ended it.
func Run(ctx context.Context, o *Options) (*Summary, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	r := newRunner(o)
	defer r.close()
	if err := r.open(ctx); err != nil {
		return nil, err
	}
	err := r.driver.Run(ctx)
	return r.finish(ctx, err)
}

func newRunner(o *Options) *runner {
	return &runner{o: o, started: time.Now(), inbox: live.NewInbox()}
}

// runner is a session being run.
type runner struct {
	o       *Options
	started time.Time

	scripts []loaded
	db      *ledger.DB
	resume  *ledger.Snapshot // nil: a new session
	account string
	run     *ledger.Run
	market  *marketData
	access  *access      // nil: no venue is asked
	real    *liveAccount // nil: a paper account
	core    *core.Core
	venue   *paper.Venue // nil with real orders
	journal *journal.Writer
	fs      journal.FS // of the journal; nil: the operating system's
	rec     *recorder
	writer  *ledger.Writer
	rows    rows
	driver  *sim.Driver
	inbox   *live.Inbox
	watcher *scriptWatcher
	desk    *advisor.Desk // nil: no adviser

	first     exchange.Time
	track     equityTrack
	charts    chartTrack
	schedules scheduleTrack
	until     exchange.Time
	dir       string // of this run's journal
	versions  []versionNote
	refusals  int // of orders
	finished  bool
}

func (r *runner) close() {
	if r.watcher != nil {
		r.watcher.close()
	}
	if r.desk != nil {
		r.desk.Close()
	}
	_ = r.real.close() // what is at the venue stays there
	r.abandon()
	if r.market != nil {
		r.market.close()
	}
	if r.db != nil {
		_ = r.db.Close()
	}
}

// abandon ends the writers of a run that never got to its first event: there is
// nothing in them yet.
func (r *runner) abandon() {
	if r.finished {
		return
	}
	if r.journal != nil {
		_ = r.journal.Close()
	}
	if r.writer != nil {
		_ = r.writer.Close()
	}
}

// open builds everything. The order matters: what can be wrong with the
// command line is found before anything is written.
func (r *runner) open(ctx context.Context) error {
	var err error
	if r.scripts, err = loadScripts(r.o.Scripts); err != nil {
		return err
	}
	if err := checkReport(r.o.Report); err != nil {
		return err
	}
	if err := checkParams(r.scripts, r.o.Set); err != nil {
		return err
	}
	if err := r.findMarket(ctx); err != nil {
		return err
	}
	if err := r.signIn(ctx); err != nil {
		return err
	}
	if r.db, err = ledger.Open(r.stamp()); err != nil {
		return &LedgerError{err}
	}
	if err := r.chooseSession(ctx); err != nil {
		return err
	}
	if err := r.enterMarket(ctx); err != nil {
		return err
	}
	if err := r.terms(ctx); err != nil {
		return err
	}
	return r.build(ctx)
}

// mode is what the ledger is stamped with.
func (r *runner) mode() string {
	if r.o.real() {
		return ledger.Live
	}
	return ledger.Paper
}

// stamp is what the session's ledger must belong to.
func (r *runner) stamp() ledger.Options {
	if r.real != nil {
		return ledger.Options{Path: r.o.DB, Mode: ledger.Live, Venue: "binance", Account: r.real.uid}
	}
	return ledger.Options{Path: r.o.DB, Mode: ledger.Paper, Venue: "paper"}
}

// findMarket finds out whether there is what was asked for.
func (r *runner) findMarket(ctx context.Context) (err error) {
	if r.o.live() {
		return r.browse(ctx)
	}
	r.market, err = openMarket(r.o, 0)
	return err
}

// enterMarket opens the market at the moment where the session begins.
func (r *runner) enterMarket(ctx context.Context) (err error) {
	if r.o.live() {
		return r.connect(ctx)
	}
	if r.resume != nil {
		r.market.close() // nothing was read from it
		r.market, err = openMarket(r.o, r.resume.LastTime+1)
	}
	return err
}

func (r *runner) build(ctx context.Context) error {
	s, err := r.session()
	if err != nil {
		return err
	}
	if r.core, err = s.newCore(compiled(r.scripts), r.o.Strategies); err != nil {
		return err
	}
	if err := r.startRun(s); err != nil {
		return err
	}
	venue, prelude, err := r.newVenue(ctx)
	if err != nil {
		return err
	}
	r.rows = rows{u: r.core.Universe(), names: r.core.StrategyName}
	r.rec = newRecorder(r.core.Universe(), r.journal, r.sink)
	r.driver = &sim.Driver{Core: r.core, Feed: r.market.feed, Venue: venue, Recorder: r.rec, For: r.o.For, Prelude: prelude}
	if l := r.market.live; l != nil {
		l.clock = &live.Clock{Inbox: r.inbox, Beat: r.beat, BeatEvery: r.o.StatusEvery, Recycle: l.market.Recycle}
		r.driver.Gate, r.driver.Refetch, r.driver.Start = l.clock, l.market.Snapshot, live.Now()
		if r.resume != nil {
			r.driver.Start = max(r.driver.Start, r.resume.LastTime+1)
		}
	} else {
		r.driver.Gate = &live.Pacer{Inbox: r.inbox, Speed: r.o.Speed, Beat: r.beat, BeatEvery: r.o.StatusEvery}
	}
	if r.market.live != nil {
		r.beginLive()
	}
	if r.o.ClearHalt && r.resume != nil {
		r.inbox.Post(&exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: core.CommandResume})
	}
	if err := r.openAdvisor(ctx); err != nil {
		return err
	}
	if r.o.Watch {
		if r.watcher, err = watchScripts(r); err != nil {
			return err
		}
	}
	r.announce()
	return nil
}

// session is what heads the journal: all that the core is made from.
func (r *runner) session() (*session, error) {
	limits := r.o.Limits
	if limits.StaleAfter == 0 {
		limits.StaleAfter = r.market.stale
	}
	s := &session{
		Format: sessionFormat, Mode: r.mode(), Market: r.market.name, Simulated: r.market.simulated, Seed: r.o.Seed,
		Instruments: r.market.instruments, Limits: limits, ClientTag: "pl",
		Leverage: r.o.Paper.Leverage, SampleEvery: r.market.sample, Ladders: r.market.hot,
	}
	if r.real != nil {
		sess, err := r.db.Session(r.account)
		if err != nil {
			return nil, err
		}
		s.ClientTag = clientTag(sess.Started)
	}
	if a := r.o.Advisor; a != nil {
		s.Adviser, s.AdviceTTL = a.Model, a.TTL
	}
	for _, st := range r.o.Strategies {
		s.Native = append(s.Native, st.Name())
	}
	for _, l := range r.scripts {
		s.Strategies = append(s.Strategies, strategyConfig{
			Path: l.path, Sources: l.program.Sources(), Hash: l.program.Hash(),
			Params: paramsFor(l.name, l.params, r.o.Set), State: r.stateOf(l.name),
		})
	}
	if r.resume != nil {
		restore, err := r.restore(s)
		if err != nil {
			return nil, err
		}
		s.Restore = restore
	}
	return s, nil
}

// newVenue makes what answers orders, and what the core has to hear first.
func (r *runner) newVenue(ctx context.Context) (exchange.Simulated, []exchange.Event, error) {
	if r.real != nil {
		early, err := r.engage(ctx, r.core.Universe())
		if err != nil {
			return nil, nil, err
		}
		return realVenue{r.real.venue}, early, nil
	}
	first := deposits(r.o.Paper.Balances)
	if r.resume != nil {
		first = r.arrivals()
	}
	var err error
	r.venue, err = r.paperVenue()
	return r.venue, first, err
}

func (r *runner) paperVenue() (*paper.Venue, error) {
	opt := paper.Options{
		Universe: r.core.Universe(), Books: r.core.Book, Seed: r.o.Seed,
		Leverage: r.o.Paper.Leverage, Queue: r.o.Paper.Queue,
	}
	if r.market.bars {
		// A bar's displayed volume is what there was: it does not come back
		// before the next bar.
		opt.Impact.HalfLife = -1
	}
	if r.o.Paper.Latency != nil {
		opt.Latency = *r.o.Paper.Latency
	}
	if r.resume == nil {
		opt.Balances = r.o.Paper.Balances
	} else {
		opt.Restore = r.venueAccount()
	}
	v, err := paper.New(opt)
	if err != nil {
		return nil, configError("paper account: %v", err)
	}
	return v, nil
}

func deposits(list []paper.Deposit) []exchange.Event {
	var out []exchange.Event
	for _, d := range list {
		out = append(out, exchange.Event{Kind: exchange.KindBalance, Instrument: exchange.NoInstrument,
			Wallet: d.Market, Asset: d.Asset, Amount: d.Amount})
	}
	return out
}

// startRun notes the run in the ledger and opens its journal.
func (r *runner) startRun(s *session) error {
	if err := r.openJournal(s); err != nil {
		return &LedgerError{err}
	}
	sess, err := r.db.Session(r.account)
	if err != nil {
		return err
	}
	run, err := r.db.StartRun(ledger.Run{Session: sess.ID, Started: r.started.UTC().Format(time.RFC3339),
		Scripts: r.o.Scripts, Journal: r.dir, Config: configText(s)})
	if err != nil {
		return err
	}
	r.run = run
	r.writer, err = r.db.NewWriter(run, ledger.WriterOptions{})
	return err
}

// openJournal makes the journal of this run: one directory a run, named by the
// account and the run's number in its life.
func (r *runner) openJournal(s *session) error {
	if r.o.Journal == "off" {
		return nil
	}
	runs, err := r.db.Runs(r.account)
	if err != nil {
		return err
	}
	header, err := s.encode()
	if err != nil {
		return fmt.Errorf("journal header: %w", err)
	}
	name := fmt.Sprintf("%s-run-%d", r.account, len(runs)+1)
	if r.dir, err = filepath.Abs(filepath.Join(r.o.Journal, name)); err != nil {
		return err
	}
	// A ledger that was deleted leaves journals behind that carry its names.
	if err := setAside(r.dir); err != nil {
		return err
	}
	if r.journal, err = journal.Create(r.dir, header, journal.Options{MaxBytes: r.o.JournalCap, FS: r.fs}); err != nil {
		return err
	}
	return nil
}

// setAside renames a directory that is in the way.
func setAside(dir string) error {
	for n := 1; ; n++ {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return nil
		}
		old := fmt.Sprintf("%s.old-%d", dir, n)
		if _, err := os.Stat(old); errors.Is(err, os.ErrNotExist) {
			return os.Rename(dir, old)
		}
	}
}

// sink hands the effects of one event to the ledger and to people. The journal
// is ahead of the ledger: it is what completes the rows of a run that is killed.
func (r *runner) sink(ev *exchange.Event, fx []core.Effect) error {
	flushed := r.journal == nil
	for i := range fx {
		e := &fx[i]
		r.tell(e)
		row, err := r.rows.of(e)
		if err != nil {
			return err
		}
		if row == nil {
			continue
		}
		if !flushed {
			flushed = true
			if err := r.keep(fx); err != nil {
				return fmt.Errorf("event %d: %w", ev.Seq, err)
			}
		}
		if err := r.writer.Post(row); err != nil {
			return fmt.Errorf("ledger %s: event %d: %w", r.o.DB, ev.Seq, err)
		}
	}
	r.writer.Mark(ev.Seq)
	// A ledger that can't take rows must not be traded past. On virtual time
	// nothing is lost by ending here: the session goes on from its last row.
	if err := r.writer.Err(); err != nil {
		return fmt.Errorf("ledger %s: %w", r.o.DB, err)
	}
	return nil
}

// keep brings the journal to the operating system, and with real orders to the disk
// when something is about to be sent.
func (r *runner) keep(fx []core.Effect) error {
	if r.real != nil && slices.ContainsFunc(fx, func(e core.Effect) bool { return e.Kind == core.EffectSubmit || e.Kind == core.EffectTransfer }) {
		return r.journal.Sync()
	}
	return r.journal.Flush()
}

// tell passes on what people should see.
func (r *runner) tell(e *core.Effect) {
	switch e.Kind {
	case core.EffectEquity:
		r.track.add(e.Time, e.Amount)
	case core.EffectChart:
		r.charts.add(e)
	case core.EffectSchedule:
		r.schedules.add(e.Time, &e.Schedule.Schedule)
	case core.EffectOrder:
		r.refused(e)
	case core.EffectLog:
		r.o.Log(Line{Time: e.Time, Level: e.Level, Strategy: r.core.StrategyName(e.Strategy), Where: e.Where, Text: e.Text})
	case core.EffectVersion:
		r.noteVersion(e)
		if r.watcher != nil {
			r.watcher.outcome(e)
		}
	}
}

// versionNote is one version as the report lists it.
type versionNote struct {
	strategy int32
	report.Version
}

func (r *runner) noteVersion(e *core.Effect) {
	note := fmt.Sprintf("v%d loaded", e.Version.Number)
	if !e.Version.Loaded {
		note = "refused: " + e.Version.Problem
	}
	r.versions = append(r.versions, versionNote{e.Strategy, report.Version{Hash: e.Version.Hash, From: e.Time, Note: note}})
}

// beat runs on the loop's goroutine a few times a second.
func (r *runner) beat(now exchange.Time) {
	r.tellNotices(now)
	r.attend(now)
	if r.o.Status == nil {
		return
	}
	s := Status{Simulated: r.market.simulated, Time: now, Equity: r.core.Equity(), Funding: r.core.Stats().Funding,
		Fills: r.core.Fills(), Events: r.driver.Events(), Halted: r.core.Halted(),
		Live: r.market.live != nil, Feed: r.feedHealth()}
	if r.real != nil {
		h := r.real.venue.Health()
		s.Real, s.Account = true, h.String()
	}
	for _, p := range r.core.OpenPairs() {
		text := r.core.Universe().Get(p.Spot).Base
		if p.State.String() != "open" {
			text += "(" + p.State.String() + ")"
		}
		s.Pairs = append(s.Pairs, text)
	}
	s.Paused = r.paused()
	if until := r.driver.Until(); until > r.driver.Started() {
		s.Fraction = float64(now-r.driver.Started()) / float64(until-r.driver.Started())
	}
	r.o.Status(s)
}

func (r *runner) paused() []string {
	var out []string
	for i := range len(r.scripts) + len(r.o.Strategies) {
		if why := r.core.Paused(i); why != "" {
			out = append(out, r.core.StrategyName(int32(i))+": "+why)
		}
	}
	return out
}

// finish closes journal and ledger and sums up. Errors on the way are joined:
// the first one tells why the session ended.
func (r *runner) finish(ctx context.Context, ended error) (*Summary, error) {
	r.finished = true
	var errs []error
	errs = append(errs, ended)
	if r.journal != nil {
		if err := r.journal.Close(); err != nil && !errors.Is(ended, err) {
			errs = append(errs, err)
		}
	}
	if err := r.writer.Close(); err != nil && !errors.Is(ended, err) {
		errs = append(errs, fmt.Errorf("ledger %s: %w", r.o.DB, err))
	}
	if err := errors.Join(errs...); err != nil {
		return r.summary("error"), err
	}
	endedBy := r.driver.EndedBy()
	if endedBy != "stop" {
		if err := r.db.CompleteSession(r.run.Session); err != nil {
			return nil, err
		}
	}
	if err := r.db.EndRun(r.run.ID); err != nil {
		return nil, err
	}
	r.tellNotices(r.driver.Now())
	if text := r.market.trouble(); text != "" {
		r.o.Log(Line{Time: r.driver.Now(), Level: core.Warn, Strategy: "host", Text: text})
	}
	sum := r.summary(endedBy)
	if r.o.Report != "" {
		if err := r.report(sum); err != nil {
			return sum, fmt.Errorf("report: %w", err)
		}
		sum.Report = r.o.Report
	}
	return sum, nil
}

func (r *runner) summary(endedBy string) *Summary {
	st := r.core.Stats()
	from, to := r.driver.Started(), r.driver.Now()
	s := &Summary{
		Mode: r.mode(), Simulated: r.market.simulated, Market: r.market.name, Seed: r.o.Seed,
		Session: r.account, Resumed: r.resume != nil,
		From: from.String(), To: to.String(), Days: float64(to-from) / float64(exchange.Day), EndedBy: endedBy,
		Events: r.driver.Events(), Effects: r.rec.effects, Fills: r.core.Fills(), OrdersRefused: r.refusals,
		Funding: Money{st.Funding.Round(8)}, Fees: Money{st.Fees.Round(8)}, Drawdown: r.track.drawdown,
		PairsOpened: st.PairsOpened, PairsClosed: st.PairsClosed, PairsLive: len(r.core.OpenPairs()),
		MaxUnhedged: Money{st.MaxUnhedged}, MaxUnhedSec: float64(st.MaxUnhedgedTime) / float64(exchange.Second),
		Reloads: st.Reloads, ReloadsRefused: st.ReloadsRefused, Errors: st.Errors, Gaps: st.Gaps,
		Halted: r.core.Halted(), Paused: r.paused(),
		EventsHash: r.rec.in.sum(), EffectsHash: r.rec.out.sum(),
		DB: r.o.DB, Journal: r.dir, WallSeconds: time.Since(r.started).Seconds(), Assumptions: r.assumptions(),
	}
	if r.watcher != nil {
		s.ReloadsRefused += r.watcher.failed()
	}
	if r.market.recording != nil {
		s.Malformed = r.market.recording.Stats().Malformed
	}
	for i := range len(r.scripts) + len(r.o.Strategies) {
		s.Strategies = append(s.Strategies, r.core.StrategyName(int32(i)))
	}
	if n := len(r.track.points); n > 0 {
		s.StartEq, s.EndEq = Money{r.track.points[0].value}, Money{r.track.points[n-1].value}
		s.PnL = Money{s.EndEq.Sub(s.StartEq.Decimal)}
	}
	return s
}

// assumptions says in sentences what the figures rest on.
func (r *runner) assumptions() []string {
	out := append([]string{}, r.market.describe...)
	if r.real != nil {
		return append(out, fmt.Sprintf("real orders on account %s: fills, fees and funding are what the venue booked", r.real.uid))
	}
	return append(out, r.venue.Describe()...)
}

// announce says what begins.
func (r *runner) announce() {
	how := "new session"
	if r.resume != nil {
		how = fmt.Sprintf("resuming at %s", r.resume.LastTime)
	}
	market := r.market.name
	switch {
	case r.o.synthetic():
		market = fmt.Sprintf("SIMULATED market (seed %d)", r.o.Seed)
	case r.o.live():
		market = fmt.Sprintf("LIVE DATA of %s (%d instruments)", r.o.Live.hosts(), len(r.market.instruments))
	}
	var names []string
	for i := range len(r.scripts) + len(r.o.Strategies) {
		names = append(names, r.core.StrategyName(int32(i)))
	}
	r.o.Log(Line{Level: core.Info, Text: fmt.Sprintf("%s: %s on %s, %s %s, ledger %s", strings.ToUpper(r.mode()), strings.Join(names, ", "), market, how, r.account, r.o.DB)})
	if r.o.Watch && len(r.scripts) > 0 {
		r.o.Log(Line{Level: core.Info, Text: "edit and save a script to reload it; Ctrl-C ends the session"})
	}
}

// chartTrack keeps the series that scripts plot, bounded, for the report.
type chartTrack struct {
	names  []string
	series map[string]*series
}

type series struct {
	at    []exchange.Time
	value []float64
}

func (t *chartTrack) add(e *core.Effect) {
	if t.series == nil {
		t.series = map[string]*series{}
	}
	s := t.series[e.Name]
	if s == nil {
		s = &series{}
		t.series[e.Name] = s
		t.names = append(t.names, e.Name)
	}
	if len(s.at) >= keepEquity {
		for i := 0; i < len(s.at)/2; i++ {
			s.at[i], s.value[i] = s.at[2*i], s.value[2*i]
		}
		s.at, s.value = s.at[:len(s.at)/2], s.value[:len(s.value)/2]
	}
	s.at, s.value = append(s.at, e.Time), append(s.value, e.Value)
}
