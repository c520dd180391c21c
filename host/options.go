package host

import (
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/host/control/door"
)

// Options describe a session. The zero value of every field is usable; only
// Scripts or Strategies must name something to run.
type Options struct {
	// Scripts are the Lua files to run, in this order.
	Scripts []string
	// Strategies are strategies written in Go, run after the scripts. A session
	// that has any is replayed by ReplayWith, with fresh ones of the same. One value
	// is in one session at a time, as is one of Rules that is a pointer.
	Strategies []Strategy
	// Modules are Lua modules of one's own, for every script; Rules are risk rules of
	// one's own. A replay is given the same.
	Modules []Module
	Rules   []Rule
	own     *own // these and Strategies, as Validate checked them
	// Set gives parameters by name. "name.param" addresses one strategy, plain
	// "param" every strategy that has it. A name that no strategy has is an error.
	// A list is "a,b" or, where its elements have commas, JSON: ["a","b"].
	Set      map[string]string
	origins  map[string]origin // of those that a configuration file set
	file     string            // the configuration file; "": none was read
	fileText string            // of it, as it was read

	// Market is what to trade on: "synth" (also the default) is the built-in
	// market, "live" the venue's, in real time; an address such as
	// ws://127.0.0.1:8001/ws-replay-normalized?options=… is a normalised stream of
	// tardis-machine; anything else is a path to a recording, and several are merged.
	Market []string
	Live   LiveOptions
	// Contracts say what contracts of recordings are, of other venues and of no known size:
	// see package record.
	Contracts map[string]string
	// Account is the account to trade on with real orders; nil: a paper account.
	Account *AccountOptions
	// Broker takes the orders, in the place of the paper account: see Broker.
	Broker Broker
	broker *BrokerInfo // of it; nil: there is none
	// History says how directories of bars are turned into a market.
	History HistoryOptions
	// Seed makes the built-in market and all simulated latency. 0: 1.
	Seed uint64
	// Speed is virtual seconds per second; 0 is as fast as it goes.
	Speed float64
	// For ends the session after this much virtual time; 0: not.
	For exchange.Time

	// Source is market data of the embedding program, in the place of Market.
	Source Source
	// Loaded is a history that LoadHistory has read, in the place of Market. It is
	// shared by any number of sessions; History chooses of it.
	Loaded *History

	// Ledger says whether the session keeps one.
	Ledger LedgerKind
	// DB is the ledger's file; "" is perilune-paper.db in the working directory, and
	// perilune-NAME.db with a Broker of that name.
	DB string
	// KeepLog says which lines of the log the ledger keeps.
	KeepLog LogKeeping
	// New begins a new session even if the ledger holds one that was interrupted.
	New bool
	// ClearHalt lifts the kill latches that an interrupted session was left with.
	// Without it a restart keeps it: only a person lifts it.
	ClearHalt bool
	// Journal is the directory that journals are made in, one for each run; ""
	// is the ledger's name with .journal, "off" keeps none.
	Journal string
	// JournalCap removes the oldest parts of a journal beyond this many bytes. What is
	// left is replayed after what was removed was made again: see Replay. 0: 512 MiB
	// on the built-in market and no cap on others; negative: no cap.
	JournalCap int64
	// Backup is how often the ledger is copied while the session runs.
	Backup BackupOptions
	// Watch reloads a script when it is saved, and takes what a configuration file that
	// LoadConfig read changes of [params] and [risk].
	Watch bool
	// Shadow is a script that trades on paper beside the one that it may replace, on the same
	// events and from the same account: see ShadowStanding. "": none.
	Shadow string
	// Twin keeps a paper twin of the session's orders while it runs: see package twin.
	Twin bool
	// Sure runs what was run on paper as many times again at its end, with other
	// assumptions about fills and latencies, to say how sure the result is: see Sureness.
	// 0: it is not found out; SureAuto: where that is cheap.
	Sure int
	// Preflight says how a new version of a script is tried before it is swapped in.
	Preflight PreflightOptions
	// Report writes a self-contained HTML report here at the end; "": none.
	Report string
	// Command is how the session was started, for the report.
	Command string

	// Curves are files of volume curves (LearnCurve, perilune data curve) that VWAP
	// schedules follow: PATH, or SYMBOL=PATH for another instrument than it was learned from.
	Curves []string

	// Advisor is whom strategies may ask; nil: nobody.
	Advisor *AdvisorOptions

	Script ScriptOptions
	Paper  PaperOptions
	Limits Limits

	// bend changes the market, to see what depends on it: see CheckBias.
	bend func(*marketData)
	// wrapAccount stands between the order manager and the venue in tests.
	wrapAccount func(oms.Account) oms.Account
	// freeSpace stands in for the disk in tests.
	freeSpace func(dir string) (uint64, error)
	// lastWords is what the targets of Notify have to hear the end, in tests.
	lastWords time.Duration

	// StallAfter is how long the loop may be at one place, in real time, before the
	// session is given up: see Run. 0: 30 seconds.
	StallAfter time.Duration
	// StopWithin bounds in real time how long the session goes on after its context
	// is done or its stream closed. 0: 10 seconds, of which a live session leaves the last 2.5 to the
	// canceling of what rests. At least 5 seconds.
	StopWithin time.Duration
	// Abandon, once it is closed, ends the session without waiting for the loop: what
	// rests at the venue is canceled within 2.5 seconds, and Run returns a
	// *StallError. nil: never.
	Abandon <-chan struct{}

	// Doors say through what Run's program lets others ask and tell the session, as
	// [control] and [[webhook]] of a configuration file have it. Package door opens them;
	// Run itself opens none.
	Doors door.Options
	// Opened is called once with the session that Run has opened, before its first event,
	// and what it returns when the session has ended: for who follows or steers it. nil:
	// nobody does.
	Opened func(*Session) (closing func())

	// Log gets a line for everything that people should see; nil: nobody does. It is
	// called on a goroutine of its own, one line after the other, and may take its
	// time: of more than 8,192 lines that wait the rest is left out and counted. The
	// same line again and again, and a script that says more than 50 lines a second
	// for long, are told of in one line.
	Log func(Line)
	// Logger gets the lines of Log as records: their time is the session's, strategy is
	// who says it, where, if it is known, the place in the script, seq the event that led to it,
	// and order, pair and instrument what it is about. nil: nobody does.
	Logger *slog.Logger
	// Notifier is told what a person should know at once, NotifyFrom a severity on; nil:
	// nobody is. See Notifier.
	Notifier   Notifier
	NotifyFrom Severity
	// Notify are the targets of the configuration that are told what a person should know,
	// by chat, mail or otherwise; nil: there are none. They are told of sessions in real
	// time alone: never of a backtest, a recording or the built-in market.
	Notify *NotifyOptions
	// Status gets the state of the session about every StatusEvery of wall time,
	// 250 ms if zero. It is called on the goroutine of Log; a state that was not
	// shown when the next one comes is forgotten.
	Status      func(Status)
	StatusEvery time.Duration
}

// HistoryOptions say how bars are turned into a market. See package record.
type HistoryOptions struct {
	From, To      exchange.Time
	Symbols       []string
	SpreadBP      *float64 // full spread of the book made from a bar; nil: 1
	Participation float64  // part of a bar's volume that is displayed; 0: 0.1
	ShiftFunding  int      // settlements that funding is told late, for validity tests
	RandomSign    uint64   // seed that flips the sign of funding at random; 0: off
}

// ScriptOptions bound each Lua strategy. What goes beyond a bound fails the callback, like
// any other error of the script. All but CallbackTime depend on nothing but the script and
// its events, and are journalled: a replay ends a callback at the same instruction.
type ScriptOptions struct {
	// MemoryBytes is what one may hold, all callbacks together; 0: 256 MiB. It is what can be
	// reached from the script's own variables: the heap of the program around it, of other
	// scripts and garbage do not count.
	MemoryBytes  int
	CallbackTime time.Duration // that one callback may take by the wall clock; 0: 2 s
	Instructions int           // of Lua in one callback; 0: 2 000 000
	StringBytes  int           // of the longest string that a function may build; 0: 1 MiB
	StateBytes   int           // of state, as JSON; 0: 1 MiB
}

// check says what is wrong with the bounds.
func (o *ScriptOptions) check() error {
	for _, x := range []struct {
		name       string
		have, most int
	}{{"MemoryBytes", o.MemoryBytes, 1 << 40}, {"Instructions", o.Instructions, 1e9}, {"StringBytes", o.StringBytes, 1 << 30}, {"StateBytes", o.StateBytes, mostState}} {
		if x.have < 0 || x.have > x.most {
			return configError("Script.%s %d: want 0, which is the default, to %d", x.name, x.have, x.most)
		}
	}
	if o.CallbackTime < 0 {
		return configError("Script.CallbackTime %s: want 0, which is the default, or more", o.CallbackTime)
	}
	return nil
}

// PaperOptions describe the simulated account and venue. See package paper.
type PaperOptions struct {
	// Balances are what a new session starts with. A venue of the session for which none
	// is given has what perilune venues shows: 50 000 USDT on spot and 50 000 USDT in
	// the USD-M wallet on the default one; on a Source, 50 000 of what each wallet's
	// instruments are paid in.
	Balances []Deposit
	Leverage int      // 0: 5
	Latency  *Latency // nil: log-normal, median 20 ms
	Queue    Queue
	Impact   Impact // what taking leaves of a level
	// Seed is that of simulated latencies; 0: the session's.
	Seed uint64
	// FeeBP replaces every maker and taker fee, in bp, 0 or more; nil: the venue's own.
	FeeBP *float64
}

// Line is something that happened, for people.
type Line struct {
	// Time is the session's. Before its first moment it is this machine's on live
	// data, and 0 on recordings that nothing was read of.
	Time     exchange.Time
	Level    Level
	Strategy string // "host" for the host itself
	Where    string // file:line of the script, when it logged the line itself
	Text     string
	// Seq is the event that led to it, 0 for what the host says of itself; Order, Pair and
	// Instrument (its key) are what it is about, zero where it is about none.
	Seq        uint64
	Order      exchange.OrderID
	Pair       exchange.PairID
	Instrument string
}

// Status is the state of a running session.
type Status struct {
	Simulated bool   // the market is not real
	Live      bool   // it is, and in real time
	Feed      string // health of live data in a few words
	Real      bool   // orders go to the venue
	Account   string // how the account at the venue is, in a few words
	// Waiting is what the session waits for when it does not trade: at its start, at
	// its end, or when its loop is held up. "": it trades. With Stuck set the loop is
	// held up or has not begun, and only the fields before this one, and Time, count.
	Waiting  string
	Stuck    bool
	Time     exchange.Time
	Equity   decimal.Decimal // in the account's currency; 0 while something is Unvalued
	Unvalued string          // an asset or instrument that is held and has no price yet; "": Equity is of everything
	Pairs    []string        // open pairs: base and state
	Funding  decimal.Decimal // USDT
	Fills    int
	Events   uint64
	Halted   string
	Latched  []string // strategies that halted themselves, and why
	Paused   []string
	Held     []string // what nothing may trade in until the account agrees with the venue's, and why
	Late     []string // venues whose market data is too late for new risk, and how late
	Shadow   string   // how the shadow of a strategy stands against it, in a few words; "": there is none
	Twin     string   // what the paper twin came to, in a few words
	Asleep   []string // strategies that nothing can wake any more, and why
	Fraction float64  // of For, when that is set
}

// leastSpeed is the slowest that a session may go: a day for a second.
const leastSpeed = 1e-5

// Validate fills the defaults in and says what does not make sense.
func (o *Options) Validate() (err error) {
	if o == nil {
		return configError("no options: want a *host.Options")
	}
	defer func() {
		if v := recover(); v != nil {
			err = configError("what the options were given panicked when it was asked: %v (%s)", v, panickedAt())
		}
	}()
	if len(o.Scripts)+len(o.Strategies) == 0 {
		return configError("no strategy to run")
	}
	given, err := checkOwn(o)
	if err != nil {
		return err
	}
	o.own = given
	if err := o.checkSource(); err != nil {
		return err
	}
	if len(o.Market) == 0 {
		o.Market = []string{"synth"}
	}
	if err := o.checkStream(); err != nil {
		return err
	}
	if o.Seed == 0 {
		o.Seed = 1
	}
	if err := o.Live.checkSections(); err != nil {
		return err
	}
	if o.Live.Top == 0 {
		o.Live.Top = liveTop
	}
	if o.For < 0 {
		return configError("For: want 0 or more")
	}
	for _, x := range []struct {
		name string
		v    decimal.Decimal
	}{{"MaxOrderNotional", o.Limits.MaxOrderNotional}, {"MaxPositionNotional", o.Limits.MaxPositionNotional}, {"MaxBorrowed", o.Limits.MaxBorrowed}, {"DailyLoss", o.Limits.DailyLoss}} {
		if !bounded(x.v.Abs(), mostMoney) {
			return configError("Limits.%s: want a number of at most %d; a negative one switches the rule off", x.name, mostMoney)
		}
	}
	if o.NotifyFrom > Critical {
		return configError("NotifyFrom %d: want Notice, Warning or Critical", o.NotifyFrom)
	}
	if err := o.checkNumbers(); err != nil {
		return err
	}
	if o.Sure < SureAuto || o.Sure > MostSure {
		return configError("Sure %d: want a number of runs of 0 to %d, or SureAuto", o.Sure, MostSure)
	}
	if o.Notify != nil {
		mine := *o.Notify
		if err := mine.Validate(); err != nil {
			return configError("notify: %v", err)
		}
		o.Notify = &mine
	}
	if o.Speed > 0 && o.Speed < leastSpeed {
		return configError("Speed %g: want 0, which is as fast as it goes, or at least %g virtual seconds per second", o.Speed, leastSpeed)
	}
	if err := o.checkNoLedger(); err != nil {
		return err
	}
	if err := o.checkBroker(); err != nil {
		return err
	}
	if err := o.checkAccount(); err != nil {
		return err
	}
	if err := o.checkFeeds(); err != nil {
		return err
	}
	if o.DB == "" {
		o.DB = "perilune-paper.db"
		if o.realOrders() {
			o.DB = "perilune-live.db"
		}
	}
	if err := o.KeepLog.check(); err != nil {
		return err
	}
	if err := o.checkLedgerKind(); err != nil {
		return err
	}
	if o.Journal == "" {
		o.Journal = strings.TrimSuffix(o.DB, filepath.Ext(o.DB)) + ".journal"
	}
	if o.JournalCap == 0 && o.synthetic() {
		o.JournalCap = simulatedCap
	}
	if err := o.Script.check(); err != nil {
		return err
	}
	if err := o.Preflight.check(); err != nil {
		return configError("Preflight: %v", err)
	}
	if o.Script.CallbackTime == 0 {
		o.Script.CallbackTime = 2 * time.Second
	}
	if o.StallAfter == 0 {
		o.StallAfter = stallAfter
	}
	if o.StopWithin == 0 {
		o.StopWithin = stopWithin
	}
	if o.StallAfter < time.Second || o.StopWithin < 2*leaveIn {
		return configError("StallAfter %s, StopWithin %s: want at least 1s and %s", o.StallAfter, o.StopWithin, 2*leaveIn)
	}
	if o.StatusEvery == 0 {
		o.StatusEvery = 250 * time.Millisecond
	}
	if o.Paper.Leverage == 0 {
		o.Paper.Leverage = 5
	}
	if o.Paper.Leverage < 1 || o.Paper.Leverage > 125 {
		return configError("leverage: want 1 to 125, got %d", o.Paper.Leverage)
	}
	if len(o.Paper.Balances) == 0 && !o.liveData() && !o.streamed() { // of those the houses are known later
		o.Paper.Balances = usualBalances(defaultVenue())
	}
	if o.Advisor != nil {
		if err := o.Advisor.Validate(); err != nil {
			return configError("advisor: %v", err)
		}
	}
	if o.Log == nil {
		o.Log = func(Line) {}
	}
	return nil
}

// simulatedCap bounds the journal of the built-in market, which has no end and at
// 3600 times real time fills gigabytes an hour.
const simulatedCap = 512 << 20

// synthetic reports whether the built-in market is asked for.
func (o *Options) synthetic() bool { return len(o.Market) == 1 && o.Market[0] == "synth" }

// ConstLatency is a fixed latency in milliseconds; 0 is none at all. What is no number, or
// beyond an hour, makes a latency that Options.Validate refuses.
func ConstLatency(ms float64) Latency {
	switch {
	case ms == 0:
		return paper.Latency{Model: "none"}
	case checkFloat("", ms, float64(mostLatency/exchange.Millisecond)) != nil:
		return paper.Latency{Model: "const", Median: -exchange.Millisecond}
	}
	return paper.Latency{Model: "const", Median: exchange.Time(ms * 1e6)}
}

// ParseDeposit reads "spot:USDT=50000".
func ParseDeposit(s string) (Deposit, error) {
	where, amount, ok := strings.Cut(s, "=")
	wallet, asset, ok2 := strings.Cut(where, ":")
	if !ok || !ok2 || asset == "" {
		return paper.Deposit{}, configError("balance %q: want wallet:ASSET=amount, for example spot:USDT=50000", s)
	}
	in, err := walletOf(wallet)
	if err != nil {
		return paper.Deposit{}, configError("balance %q: %v", s, err)
	}
	v, ok := readDecimal(amount, mostMoney)
	if !ok || v.IsZero() {
		return paper.Deposit{}, configError("balance %q: amount %q: want a number above 0, at most %d", s, amount, mostMoney)
	}
	return paper.Deposit{Wallet: in, Asset: asset, Amount: v}, nil
}
