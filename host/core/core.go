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
package core

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/funding"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
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
	// Adviser names what questions of strategies are put to; "": nobody, and
	// every question is answered with that at once.
	Advisor string
	// AdviceTTL bounds how long any advice counts; 0: as the question says.
	AdviceTTL exchange.Time
	// Bars is the length of the bars that the market brings of an instrument, 0 for
	// none; nil: none at all. NoTrades says that it has no trades to build others of.
	Bars     func(*exchange.Instrument) exchange.Time
	NoTrades bool
	// Restore continues an earlier session; nil starts a new one. No session continues
	// this one when it is Final.
	Restore *Restore
	Final   bool
	// Where, when set, is told which handler is being called.
	Where *Where
}

const (
	strikesAllowed = 3  // errors in a row before a strategy is paused
	errorsAllowed  = 20 // errors within errorWindow before it is paused
	errorWindow    = exchange.Hour
	noticesAllowed = 1000 // callbacks of a strategy that one event may lead to
	keepMachines   = 200  // finished pairs that stay known
)

// Core is the state of one session. Use New.
type Core struct {
	outbox

	cfg     Config
	u       *exchange.Universe
	markets []market
	slots   []*slot
	absent  []*absent
	gate    *risk.Gate
	acct    *account
	orders  orders
	timers  timers
	candles candles

	schedules  schedules
	machines   []*execution.Machine // by id
	over       []exchange.PairID    // that are done, in that order
	lacking    []lack               // coins that pairs hold and the wallet does not have
	keepers    []*keeper
	lastPair   exchange.PairID
	lastMove   uint64
	lastAsk    uint64
	crosses    uint64
	flying     flying
	awaiting   map[exchange.OrderID]lastWord        // final statuses that wait for fills
	liquidated []closedOut                          // the last liquidation of each wallet
	seen       trades                               // executions, to tell one that is reported again
	told       map[exchange.PairID]intent.PairState // as last reported

	sampleAt exchange.Time
	started  bool // the first event was seen
	running  bool // CommandStart was seen: the opening balances are in
	stopping bool
	stopAt   exchange.Time // when it began to

	nth     int        // callbacks and reloads of the event being handled
	expect  []expected // interruptions to repeat
	queue   []told
	instant instant

	stats Stats
	fills int
}

// told is a notice waiting for its strategy's turn.
type told struct {
	slot   *slot
	notice Notice
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
	c := &Core{
		cfg: cfg, u: cfg.Universe, gate: risk.New(cfg.Limits, cfg.Rules...), acct: newAccount(cfg.Universe),
		orders:   orders{byID: map[exchange.OrderID]*exchange.Order{}},
		awaiting: map[exchange.OrderID]lastWord{},
		told:     map[exchange.PairID]intent.PairState{},
	}
	for _, in := range c.u.All() {
		b := book.New(in)
		if cfg.Ladders != nil && cfg.Ladders(in) {
			b = book.NewLadder(in)
		}
		m := market{in: in, book: b, funding: funding.NewForecast(funding.RuleOf(in))}
		if cfg.Bars != nil {
			m.fed = cfg.Bars(in)
		}
		c.markets = append(c.markets, m)
	}
	for i, st := range strategies {
		s := &slot{index: int32(i), version: 1, holder: newHolder()}
		s.port = &Port{c: c, slot: s}
		s.install(st, c.u)
		c.slots = append(c.slots, s)
	}
	c.buildBars()
	c.restore(cfg.Restore)
	c.boot(versions)
	return c, nil
}

// boot notes the versions that the session starts with, so that the first step
// reports them.
func (c *Core) boot(versions []Version) {
	for i := range c.slots {
		if i < len(versions) {
			v := versions[i]
			v.Number, v.Loaded = 1, true
			c.slots[i].version = 1
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
// Market data with More is applied and no more: machines, strategies, keepers and
// the equity's sample wait until the instant is whole.
func (c *Core) Step(ev *exchange.Event, fx *[]Effect) {
	c.seq++
	ev.Seq = c.seq
	c.effects = fx
	c.nth = 0
	if !c.started {
		c.now = max(c.now, ev.Time)
		c.start()
	}
	if c.instant.open && !c.instant.within(ev, max(c.now, ev.Time)) {
		c.close() // its rest never came
		c.followUp()
	}
	c.now = max(c.now, ev.Time)
	c.lateBars()
	c.apply(ev)
	if len(c.keepers) > 0 {
		c.concern(ev)
	}
	if ev.More && ev.Kind.MarketData() {
		c.instant.open, c.instant.at = true, c.now
		c.effects = nil
		return
	}
	if c.instant.open {
		c.close()
	} else if ev.Kind == exchange.KindBar {
		c.showBars()
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
		exchange.KindOpenInterest, exchange.KindPremium:
		c.onMarket(ev)
	case exchange.KindOrder:
		c.onOrder(ev)
	case exchange.KindFill:
		c.onFill(ev)
	case exchange.KindFundingPaid:
		c.onPayment(ev)
	case exchange.KindTransfer:
		c.onTransfer(ev)
	case exchange.KindBalance:
		c.onBalance(ev)
	case exchange.KindTimer:
		c.onTimer()
	case exchange.KindReload:
		c.onReload(ev)
	case exchange.KindCommand:
		c.onCommand(ev)
	case exchange.KindAdvice:
		c.onAdvice(ev)
	}
}

// followUp gives what an event or a whole instant led to its turn.
func (c *Core) followUp() {
	if len(c.lacking) > 0 {
		c.covered()
	}
	c.drain()
	if len(c.keepers) > 0 {
		c.runKeepers()
		c.drain()
	}
	if c.running && c.now >= c.sampleAt {
		c.sample()
	}
}

// start runs before the first event's own handling.
func (c *Core) start() {
	c.started = true
	for _, e := range c.stats.boot {
		c.emit(e.strategy, e.body)
	}
	c.stats.boot = nil
	c.startBars()
}

// tell queues a notice for one strategy; -1 is nobody.
func (c *Core) tell(strategy int32, n Notice) {
	if strategy < 0 || int(strategy) >= len(c.slots) {
		return
	}
	if s := c.slots[strategy]; s.wants[n.Handler] {
		c.queue = append(c.queue, told{s, n})
	}
}

func (c *Core) tellAll(n Notice) {
	for i := range c.slots {
		c.tell(int32(i), n)
	}
}

// drain gives the queued notices to their strategies, which may queue more: an
// order that is denied is told of in the same step. A strategy that answers
// every denial with another order would never end, so it is paused at its
// noticesAllowed-th; what the others are to be told they are told all the same.
func (c *Core) drain() {
	for i := 0; i < len(c.queue); i++ {
		t := c.queue[i]
		if t.slot.calls++; t.slot.calls > noticesAllowed {
			c.pause(t.slot, fmt.Sprintf("one event led to over %d callbacks: does a handler answer every refusal with a new order?", noticesAllowed))
		}
		c.invoke(t.slot, &t.notice)
	}
	c.queue = c.queue[:0]
	for _, s := range c.slots {
		s.calls = 0
		if s.due {
			c.saveState(s)
		}
	}
}

// invoke runs one callback as a transaction.
func (c *Core) invoke(s *slot, n *Notice) {
	if s.paused != "" {
		c.hold(s, n)
		return
	}
	s.port.reset()
	s.port.handler = n.Handler
	err := c.repeat(s, true)
	if err == nil {
		c.cfg.Where.call(s.index, n.Handler)
		if err = s.Call(s.port, n); err != nil {
			c.noteInterrupt(s, err)
		}
		c.cfg.Where.Enter(StageStep)
	}
	if err == nil {
		err = s.port.refused
	}
	if err != nil {
		s.port.reset()
		c.fault(s, n, err)
		return
	}
	s.strikes = 0
	acted := len(s.port.staged) > 0
	s.dirty = s.dirty || acted || n.Handler > OnMark
	s.due = s.due || acted || n.Handler == OnOrder || n.Handler == OnFill || n.Handler == OnPair || n.Handler == OnSchedule
	if acted {
		c.commit(s)
	}
}

// fault handles a failed callback: say it, replace the instance if it can't go
// on, and pause the strategy when it fails again and again.
func (c *Core) fault(s *slot, n *Notice, err error) {
	s.strikes++
	s.errors++
	c.stats.Errors++
	if loud(s.errors) {
		count := ""
		if s.errors > strikesAllowed {
			count = fmt.Sprintf(" (error %d of this version)", s.errors)
		}
		c.log(intent.Error, s.index, fmt.Sprintf("%s%s: %s", n.Handler, count, short(fmt.Sprint(err))))
	}
	c.giveBack(s, n)
	s.failed = append(s.failed, c.now)
	if s.strikes >= strikesAllowed {
		c.pause(s, fmt.Sprintf("%d errors in a row; %s", s.strikes, s.cure()))
		return
	}
	if n := len(s.failed) - errorsAllowed; n >= 0 {
		if s.failed[n]+errorWindow > c.now {
			c.pause(s, fmt.Sprintf("%d errors within an hour; %s", errorsAllowed, s.cure()))
			return
		}
		s.failed = s.failed[n:]
	}
	fresh, rerr := Strategy(nil), c.repeat(s, false)
	if rerr == nil {
		if fresh, rerr = s.Restart(s.port); rerr != nil {
			c.noteInterrupt(s, rerr)
		}
	}
	if rerr != nil {
		c.pause(s, "could not be restarted: "+rerr.Error())
	} else if fresh != nil {
		s.Strategy.Close()
		s.install(fresh, c.u)
		c.log(intent.Warn, s.index, "restarted with its last state")
	}
}

// loud thins out repeated errors: the first few, then every power of ten.
func loud(n int) bool {
	if n <= 5 {
		return true
	}
	for n%10 == 0 {
		n /= 10
	}
	return n == 1
}

// pause stops calling a strategy. Its working orders are cancelled; its pairs
// and schedules stay in the care of their machines.
func (c *Core) pause(s *slot, why string) {
	if s.paused != "" {
		return
	}
	s.paused = why
	c.log(intent.Error, s.index, "paused: "+why)
	for _, o := range c.orders.open {
		if o.Strategy == s.index && o.Pair == 0 && o.Schedule == 0 {
			c.Cancel(o.ID)
		}
	}
}

// AtRest reports whether nothing is under way: no working order, no machine
// that is sending or balancing.
func (c *Core) AtRest() bool {
	for _, m := range c.machines {
		if m.Busy() {
			return false
		}
	}
	return len(c.orders.open) == 0
}
