// Package core is the deterministic heart of the host: one function from events
// to effects.
//
// Step takes one event and answers with what it led to: orders and cancels for
// the venue, rows for the ledger, lines for the log. Given the same
// configuration and the same events it gives the same effects, byte for byte;
// that is what makes a journal replayable and a backtest worth believing. So
// nothing here reads a clock, a random source or a map's order, nothing starts a
// goroutine, and nothing touches a network, a file or a database.
//
// One goroutine, the loop's, owns the core and everything it drives: the books,
// the machines of package execution, the risk gate, and the strategies.
//
// The order within a step is fixed: book, machines, strategies by index, and
// then whatever those asked for. What the source shows at one moment
// ([exchange.Event.More]) is one step spread over several events.
//
// # Parts
//
// A core is made of the parts of parts.go. Each owns what is named beside it, and is
// told of those below it that it needs; what a part needs of one above it, it asks for
// by an interface or a function of its own. From below to above:
//
//	outbox       what a step leads to; the event's number and time
//	markets      books, marks, trades, bars as they came
//	delays       how late all of that is
//	wallets      what the account holds and is worth
//	claims       what of it belongs to which strategy and pair
//	strategies   who is told of what, and what they stage; their errors and states
//	orderEntry   the gate: what may be sent, and sending it
//	pairDriver   pair machines, their turns and their news
//	crossing     trades between holders, inside the account
//	transfers    money between wallets
//	insurance    who was liquidated, and what is paid for it
//	holds        what stands still because our books and the venue's differ
//	conditionals orders that are held until a price, a time or another order lets them go
//	scheduleDriver, marginManagers, questions, barBuilder
//	executions   the venue's word on orders and fills
//	instants     what a whole moment of the market shows, to whom, in which order
package core

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/host/risk"
)

// Config is what a core starts from. Universe is required.
type Config struct {
	Universe *exchange.Universe
	Limits   risk.Limits
	Rules    []risk.Rule // asked after the limits
	// ClientTag starts every client order id; default "pl". At most 16
	// characters of [a-zA-Z0-9-_].
	ClientTag string
	// Leverage is used to tell what margin a new position needs; default 5.
	Leverage int
	// SampleEvery is the spacing of equity samples; default 1 minute.
	SampleEvery exchange.Time
	// Ladders are the instruments whose book is a price ladder: faster, at some
	// 130 KB a side. The default is a sorted slice.
	Ladders func(*exchange.Instrument) bool
	// Advisor names what questions of strategies are put to; "": nobody, and
	// every question is answered with that at once.
	Advisor string
	// AdviceTTL bounds how long any advice counts; 0: as the question says.
	AdviceTTL exchange.Time
	// Bars is the length of the bars that the market brings of an instrument, 0 for
	// none; nil: none at all. NoTrades says that it has no trades to build others of.
	Bars     func(*exchange.Instrument) exchange.Time
	NoTrades bool
	// TellsPast says that a WantVolume is answered. Profiles are volume curves that were
	// given, by instrument.
	TellsPast bool
	// PastComes says that the past of each instrument is told by a KindPast, before the
	// strategies start or while they run; otherwise it is what came before their start.
	PastComes bool
	// Scans says that the venues are asked what all their perpetuals pay, once ScanWanted.
	Scans    bool
	Profiles []*schedule.Profile
	// ReadOnly says why no order can be made in an instrument, or "": its venue is
	// watched without credentials. nil: orders can be made in all.
	ReadOnly func(*exchange.Instrument) string
	// Restore continues an earlier session; nil starts a new one. No session continues
	// this one when it is Final.
	Restore *Restore
	Final   bool
	// Shrinks says that the venue makes a resting order smaller in its place (see
	// exchange.Shrinker); otherwise another one takes its place.
	Shrinks bool
	// MarkTransfer gives the amount of a transfer that the core decides on, which is
	// next to nothing less where the venue tells transfers apart by their amounts; 0
	// when it is too small for that. nil: the amount as it is.
	MarkTransfer func(amount decimal.Decimal, id uint64) decimal.Decimal
	// Where, when set, is told which handler is being called, and Stopwatch when it begins
	// and ends.
	Where     *Where
	Stopwatch Stopwatch
}

const (
	strikesAllowed = 3  // errors in a row before a strategy is paused
	errorsAllowed  = 20 // errors within errorWindow before it is paused
	errorWindow    = exchange.Hour
	noticesAllowed = 1000 // callbacks of a strategy that one event may lead to
	keepMachines   = 200  // finished pairs that stay known
)

// Core is the state of one session. Use New. It is made of the parts of parts.go, takes
// an event to those that it concerns, and gives what it led to its turn.
type Core struct {
	*outbox
	*markets
	*wallets
	*pairs
	*claims
	*strategies
	*holds
	*delays
	*latches

	cfg       Config
	u         *exchange.Universe
	phase     phase
	stats     Stats
	gate      *risk.Gate
	acct      *account
	orders    orderTable
	timers    timers
	schedules schedules
	seen      trades

	entry     *orderEntry
	driver    *pairDriver
	crossing  *crossing
	transfers *transfers
	insurance *insurance
	parents   *scheduleDriver

	conditionals *conditionals

	managers   *marginManagers
	collateral *collateral
	advisors   *questions
	bars       *barBuilder
	executions *executions
	instants   *instants

	sampleAt exchange.Time

	commandErr error   // see CommandError
	signals    signals // that were told
}

// New returns a core that has seen nothing yet.
func New(cfg Config, strategies []Strategy, versions []Version) (*Core, error) {
	if cfg.Universe == nil {
		return nil, fmt.Errorf("core: no universe")
	}
	if cfg.ClientTag == "" {
		cfg.ClientTag = "pl"
	}
	if cfg.Leverage == 0 {
		cfg.Leverage = 5
	}
	if cfg.SampleEvery == 0 {
		cfg.SampleEvery = exchange.Minute
	}
	c := &Core{cfg: cfg, u: cfg.Universe, gate: risk.New(cfg.Limits, cfg.Rules...), acct: newAccount(cfg.Universe)}
	c.assemble()
	for i, st := range strategies {
		s := &instance{index: int32(i), version: 1, holder: newHolder()}
		s.port = &Port{marketView: marketView{c: c, instance: s, universe: c.u.Clone()}, accountView: accountView{c: c, instance: s}, c: c, instance: s}
		s.install(st, c.u)
		c.strategies.list, c.claims.owners = append(c.strategies.list, s), append(c.claims.owners, s.holder)
	}
	c.bars.buildBars()
	resuming{c}.restore(cfg.Restore)
	c.boot(versions)
	return c, nil
}

// boot notes the versions that the session starts with, so that the first step
// reports them.
func (c *Core) boot(versions []Version) {
	for i := range c.strategies.list {
		if i < len(versions) {
			v := versions[i]
			v.Number, v.Loaded = 1, true
			c.strategies.list[i].version = 1
			c.queueVersion(int32(i), &v)
		}
	}
}

func (c *Core) queueVersion(strategy int32, v *Version) {
	c.stats.boot = append(c.stats.boot, bootEffect{strategy, VersionChanged{v}})
}

// Step takes one event and appends what it leads to. It gives the event its
// sequence number. The loop's time never runs back: an event that is older than
// the last one is handled at the last one's time.
//
// Market data with More is applied and no more: machines, strategies, margin managers and
// the equity's sample wait until the instant is whole.
func (c *Core) Step(ev *exchange.Event, fx *[]Effect) {
	c.seq++
	ev.Seq = c.seq
	c.effects = fx
	c.strategies.nth = 0
	if !c.phase.started {
		c.now = max(c.now, ev.Time)
		c.start()
	}
	if c.instants.instant.open && !c.instants.instant.within(ev, max(c.now, ev.Time)) {
		c.instants.close() // its rest never came
		c.followUp()
	}
	c.now = max(c.now, ev.Time)
	if ev.Kind.MarketData() {
		c.delays.onData(ev, c.u.Get(ev.Instrument))
	}
	c.bars.lateBars()
	c.apply(ev)
	if len(c.managers.list) > 0 {
		c.managers.noteEvent(ev)
	}
	if ev.More && ev.Kind.MarketData() {
		c.instants.instant.open, c.instants.instant.at = true, c.now
		c.effects = nil
		return
	}
	if c.instants.instant.open {
		c.instants.close()
	} else if ev.Kind == exchange.KindBar {
		c.conditionals.seeBars()
		c.bars.showBars()
	}
	c.followUp()
	c.effects = nil
}

// apply takes an event into the state of the core.
func (c *Core) apply(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindSnapshot, exchange.KindDiff, exchange.KindGap:
		c.onBook(ev)
	case exchange.KindTicker, exchange.KindTrade, exchange.KindMark, exchange.KindFunding, exchange.KindBar,
		exchange.KindOpenInterest, exchange.KindPremium, exchange.KindLiquidation, exchange.KindVolume, exchange.KindDay:
		c.onMarket(ev)
	case exchange.KindOrder:
		c.executions.onOrder(ev)
	case exchange.KindFill:
		c.executions.onFill(ev)
	case exchange.KindFundingPaid:
		c.executions.onPayment(ev)
	case exchange.KindTransfer:
		c.transfers.onTransfer(ev)
	case exchange.KindBalance:
		c.onBalance(ev)
	case exchange.KindMargin:
		c.acct.pos[ev.Instrument].own = ev.Amount
	case exchange.KindTimer:
		c.onTimer()
	case exchange.KindReload:
		c.onReload(ev)
	case exchange.KindCommand:
		c.onCommand(ev)
	case exchange.KindVenue:
		c.driver.onVenue(c.markets, ev)
	case exchange.KindFeed:
		c.instants.onFeed(ev)
	case exchange.KindClock:
		c.delays.onClock(ev)
	case exchange.KindAdvice:
		c.advisors.onAdvice(ev)
	case exchange.KindScan:
		c.markets.scan.told(ev)
	case exchange.KindPast:
		c.bars.onPast(ev)
	}
}

// followUp gives what an event or a whole instant led to its turn.
func (c *Core) followUp() {
	if len(c.holds.shortfalls) > 0 {
		c.holds.recheckBacking()
	}
	c.strategies.drain()
	if len(c.managers.list) > 0 {
		c.managers.run()
		c.strategies.drain()
	}
	if c.collateral.look(); len(c.strategies.queue) > 0 {
		c.strategies.drain()
	}
	if c.phase.running && c.now >= c.sampleAt {
		c.sample()
	}
}

// start runs before the first event's own handling.
func (c *Core) start() {
	c.phase.started = true
	for _, e := range c.stats.boot {
		c.emit(e.strategy, e.body)
	}
	c.stats.boot = nil
	c.conditionals.since = c.now
	c.bars.startBars()
}

// AtRest reports whether nothing is under way: no working order, no machine
// that is sending or balancing.
func (c *Core) AtRest() bool {
	for _, m := range c.pairs.list {
		if m.Busy() {
			return false
		}
	}
	return len(c.orders.open) == 0
}
