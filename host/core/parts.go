package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/funding"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/execution"
	"github.com/perilune/perilune/host/execution/schedule"
	"github.com/perilune/perilune/host/risk"
)

// phase is where a session is in its life.
type phase struct {
	started  bool // the first event was seen
	running  bool // CommandStart was seen: the opening balances are in
	stopping bool
	stopAt   exchange.Time // when it began to
}

// markets are what is known of the instruments.
type markets struct {
	*outbox
	u    *exchange.Universe
	list []market   // by instrument
	dark []darkness // in the order in which it came
	days bool       // a strategy has asked for the last 24 hours
	scan scan

	readOnly func(*exchange.Instrument) string // Config.ReadOnly

	tellsPast bool // Config.TellsPast
	pastComes bool // Config.PastComes
}

func newMarkets(o *outbox, cfg *Config) *markets {
	m := &markets{outbox: o, u: cfg.Universe, readOnly: cfg.ReadOnly, tellsPast: cfg.TellsPast, pastComes: cfg.PastComes, scan: scan{possible: cfg.Scans}}
	for _, in := range m.u.All() {
		b := book.New(in)
		if cfg.Ladders != nil && cfg.Ladders(in) {
			b = book.NewLadder(in)
		}
		x := market{in: in, book: b, funding: funding.NewForecast(funding.RuleOf(in))}
		if cfg.Bars != nil {
			x.fed = cfg.Bars(in)
		}
		m.list = append(m.list, x)
	}
	m.giveProfiles(cfg.Profiles)
	return m
}

// wallets tell what the account has: totals, what is locked or margin, and what it is
// all worth.
type wallets struct {
	u       *exchange.Universe
	cfg     *Config
	markets *markets
	acct    *account
	orders  *orderTable // what they lock
}

// pairs are the pair trades that are known.
type pairs struct {
	list     []*execution.Machine                 // by id
	over     []exchange.PairID                    // that are done, in that order
	reported map[exchange.PairID]intent.PairState // as last reported
	last     exchange.PairID
}

// claims tell what of the account belongs to whom.
type claims struct {
	u       *exchange.Universe
	cfg     *Config
	markets *markets
	wallets *wallets
	acct    *account
	orders  *orderTable
	pairs   *pairs
	owners  []*holder // by strategy: those that run, then those of earlier runs
}

// notifier passes news on to a strategy; -1 is nobody.
type notifier interface {
	notify(strategy int32, n Callback)
}

// orderEntry lets orders through and sends them.
type orderEntry struct {
	*outbox
	u          *exchange.Universe
	cfg        *Config
	phase      *phase
	gate       *risk.Gate
	markets    *markets
	wallets    *wallets
	claims     *claims
	pairs      *pairs
	orders     *orderTable
	delays     *delays
	latches    *latches
	port       execution.Port // what a pair's machine sees
	strategies notifier
}

// strategies are those that run, and what waits to be told to them.
type strategies struct {
	*outbox
	u         *exchange.Universe
	cfg       *Config
	phase     *phase
	stats     *Stats
	entry     canceller
	markets   *markets
	pairs     *pairs
	orders    *orderTable
	schedules *schedules
	timers    *timers

	conditionals *conditionals

	list   []*instance
	absent []string   // names of those of earlier runs
	nth    int        // callbacks and reloads of the event being handled
	expect []expected // interruptions to repeat
	queue  []queuedCallback

	evaluated Evaluation // of the last command

	commit func(*instance) // does what a callback staged
}

// canceller takes orders back.
type canceller interface{ Cancel(exchange.OrderID) }

// pairDriver gives pair machines their turns.
type pairDriver struct {
	*outbox
	u          *exchange.Universe
	stats      *Stats
	pairs      *pairs
	strategies notifier
	managers   interface{ disturb() }
	port       execution.Port
}

// crossing trades between holders inside the account.
type crossing struct {
	*outbox
	u          *exchange.Universe
	acct       *account
	seen       *trades
	markets    *markets
	wallets    *wallets
	claims     *claims
	pairs      *pairs
	strategies *strategies
	driver     *pairDriver
	count      uint64
	settling   bool
}

// transfers move money between wallets.
type transfers struct {
	*outbox
	u        *exchange.Universe
	acct     *account
	wallets  *wallets
	claims   *claims
	pairs    *pairs
	driver   *pairDriver
	crossing *crossing
	managers interface{ transferEnded(id uint64, failed bool) }
	mark     func(amount decimal.Decimal, id uint64) decimal.Decimal // Config.MarkTransfer
	flying   flying
	last     uint64
}

// insurance remembers who was liquidated, and books what is paid for it; and what is
// charged on loans.
type insurance struct {
	*outbox
	u          *exchange.Universe
	acct       *account
	stats      *Stats
	wallets    *wallets
	pairs      *pairs
	driver     *pairDriver
	liquidated []closedOut // the last liquidation of each wallet
}

// holds keep what is in doubt from being traded.
type holds struct {
	*outbox
	acct    *account
	u       *exchange.Universe
	orders  *orderTable
	markets *markets
	claims  *claims
	pairs   *pairs
	driver  *pairDriver
	entry   canceller

	conditionals *conditionals

	shortfalls []shortfall // coins that pairs hold and the wallet does not have
}

// scheduleDriver gives schedules their turns.
type scheduleDriver struct {
	*outbox
	u          *exchange.Universe
	cfg        *Config
	orders     *orderTable
	schedules  *schedules
	strategies notifier
	port       schedule.Port
}

// marginManagers look after wallets that a strategy or the configuration has maintained.
type marginManagers struct {
	*managerDoor
	strategies *strategies
	list       []*marginManager
}

// managerDoor is what one of them acts through.
type managerDoor struct {
	*outbox
	u         *exchange.Universe
	phase     *phase
	acct      *account
	markets   *markets
	wallets   *wallets
	pairs     *pairs
	driver    *pairDriver
	transfers *transfers
}

// questions are those to the advisor.
type questions struct {
	*outbox
	cfg        *Config
	phase      *phase
	strategies *strategies
	last       uint64
}

// barBuilder makes bars of trades, and longer ones of shorter ones.
type barBuilder struct {
	*outbox
	cfg        *Config
	phase      *phase
	markets    *markets
	strategies *strategies
	candles    candles
}

// executions take the venue's word on orders, fills and funding.
type executions struct {
	*outbox
	u          *exchange.Universe
	acct       *account
	seen       *trades // to tell a fill that is reported again
	stats      *Stats
	orders     *orderTable
	entry      *orderEntry
	wallets    *wallets
	claims     *claims
	pairs      *pairs
	strategies *strategies
	driver     *pairDriver
	parents    *scheduleDriver
	crossing   *crossing
	insurance  *insurance

	conditionals *conditionals

	awaiting map[exchange.OrderID]lastWord // final statuses that wait for fills
	fills    int

	halt func(reason string)
}

// instants show what the market did once all of a moment is known.
type instants struct {
	markets    *markets
	strategies *strategies
	driver     *pairDriver
	bars       *barBuilder
	instant    instant

	conditionals *conditionals
}

// pairPort is what pair machines see of a core.
type pairPort struct {
	*outbox
	*markets
	*wallets
	*claims
	*orderEntry
	*transfers
	*crossing
	*pairDriver
}

var _ execution.Port = (*pairPort)(nil)

// schedulePort is what the machines of schedules see of a core.
type schedulePort struct {
	*outbox
	*markets
	*wallets
	*claims
	*orderEntry
	*scheduleDriver
}

var _ schedule.Port = (*schedulePort)(nil)

// assemble makes the parts and tells each of those that it needs.
func (c *Core) assemble() {
	c.outbox = &outbox{}
	c.orders.byID = map[exchange.OrderID]*exchange.Order{}
	c.markets = newMarkets(c.outbox, &c.cfg)
	c.delays = newDelays(c.outbox, &c.cfg)
	c.wallets = &wallets{u: c.u, cfg: &c.cfg, markets: c.markets, acct: c.acct, orders: &c.orders}
	c.pairs = &pairs{reported: map[exchange.PairID]intent.PairState{}}
	c.claims = &claims{u: c.u, cfg: &c.cfg, markets: c.markets, wallets: c.wallets, acct: c.acct, orders: &c.orders, pairs: c.pairs}
	c.entry = &orderEntry{outbox: c.outbox, u: c.u, cfg: &c.cfg, phase: &c.phase, gate: c.gate, markets: c.markets,
		wallets: c.wallets, claims: c.claims, pairs: c.pairs, orders: &c.orders, delays: c.delays}
	c.strategies = &strategies{outbox: c.outbox, u: c.u, cfg: &c.cfg, phase: &c.phase, stats: &c.stats, entry: c.entry,
		markets: c.markets, pairs: c.pairs, orders: &c.orders, schedules: &c.schedules, timers: &c.timers, commit: c.commit}
	c.entry.strategies = c.strategies
	c.conditionals = &conditionals{outbox: c.outbox, u: c.u, cfg: &c.cfg, phase: &c.phase, markets: c.markets, wallets: c.wallets, claims: c.claims,
		orders: &c.orders, delays: c.delays, strategies: c.strategies, watched: make([]int, c.u.Len()), reported: map[exchange.OrderID]intent.ConditionalState{}, spent: map[exchange.OrderID]decimal.Decimal{}}
	c.conditionals.port = &conditionalPort{c.conditionals, c.entry}
	c.strategies.conditionals = c.conditionals
	c.latches = &latches{strategies: c.strategies}
	c.entry.latches = c.latches
	c.assembleDrivers()
	c.advisors = &questions{outbox: c.outbox, cfg: &c.cfg, phase: &c.phase, strategies: c.strategies}
	c.bars = &barBuilder{outbox: c.outbox, cfg: &c.cfg, phase: &c.phase, markets: c.markets, strategies: c.strategies}
	c.instants = &instants{markets: c.markets, strategies: c.strategies, driver: c.driver, bars: c.bars, conditionals: c.conditionals}
	c.executions = &executions{outbox: c.outbox, u: c.u, acct: c.acct, seen: &c.seen, stats: &c.stats, orders: &c.orders,
		entry: c.entry, wallets: c.wallets, claims: c.claims, pairs: c.pairs, strategies: c.strategies, driver: c.driver,
		parents: c.parents, crossing: c.crossing, insurance: c.insurance, conditionals: c.conditionals, awaiting: map[exchange.OrderID]lastWord{}, halt: c.halt}
}

// assembleDrivers makes what carries intents out, and what it trades and moves with.
func (c *Core) assembleDrivers() {
	c.driver = &pairDriver{outbox: c.outbox, u: c.u, stats: &c.stats, pairs: c.pairs, strategies: c.strategies}
	c.crossing = &crossing{outbox: c.outbox, u: c.u, acct: c.acct, seen: &c.seen, markets: c.markets, wallets: c.wallets,
		claims: c.claims, pairs: c.pairs, strategies: c.strategies, driver: c.driver}
	c.transfers = &transfers{outbox: c.outbox, mark: c.cfg.MarkTransfer, u: c.u, acct: c.acct, wallets: c.wallets, claims: c.claims,
		pairs: c.pairs, driver: c.driver, crossing: c.crossing}
	c.managers = &marginManagers{strategies: c.strategies, managerDoor: &managerDoor{outbox: c.outbox, u: c.u, phase: &c.phase, acct: c.acct,
		markets: c.markets, wallets: c.wallets, pairs: c.pairs, driver: c.driver, transfers: c.transfers}}
	c.collateral = &collateral{managerDoor: c.managers.managerDoor, managers: c.managers}
	c.driver.managers, c.transfers.managers = c.managers, c.managers
	c.driver.port = &pairPort{c.outbox, c.markets, c.wallets, c.claims, c.entry, c.transfers, c.crossing, c.driver}
	c.entry.port = c.driver.port
	c.insurance = &insurance{outbox: c.outbox, u: c.u, acct: c.acct, stats: &c.stats, wallets: c.wallets, pairs: c.pairs, driver: c.driver}
	c.holds = &holds{outbox: c.outbox, acct: c.acct, u: c.u, orders: &c.orders, markets: c.markets, claims: c.claims,
		pairs: c.pairs, driver: c.driver, entry: c.entry, conditionals: c.conditionals}
	c.parents = &scheduleDriver{outbox: c.outbox, u: c.u, cfg: &c.cfg, orders: &c.orders, schedules: &c.schedules, strategies: c.strategies}
	c.parents.port = &schedulePort{c.outbox, c.markets, c.wallets, c.claims, c.entry, c.parents}
}
