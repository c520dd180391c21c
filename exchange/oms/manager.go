package oms

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Options are what a manager decides by. Zero means the default.
type Options struct {
	Profile      Profile
	Capabilities Capabilities
	Schedule     exchange.Time // from one comparison of accounts to the next: 60 s
	Countdown    exchange.Time // of the dead-man switch: 120 s
	// Silence is how long the loop may give no sign of life before the manager takes it
	// for stopped and no longer renews the switch: 10 s.
	Silence exchange.Time
	Fence   Fence
	// Follows are segments that are compared from the beginning also where the universe
	// has none of their instruments: those whose streams are listened to. One that was
	// heard of later would not be waited for, and its opening balances would look like
	// deposits of a session that runs.
	Follows []exchange.Venue
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		at   *exchange.Time
		want exchange.Time
	}{{&o.Profile.Window, 5 * exchange.Second}, {&o.Schedule, exchange.Minute}, {&o.Countdown, 2 * exchange.Minute}, {&o.Silence, 10 * exchange.Second}} {
		if *d.at <= 0 {
			*d.at = d.want
		}
	}
	if o.Profile.ClientID == nil {
		o.Profile.ClientID = func(string) string { return "" }
	}
	return o
}

// Manager is the state of our dealings with a venue. It is not safe for
// concurrent use. Every method takes the venue's time as well as it is known.
type Manager struct {
	out       *outbox
	market    *market
	orders    *orders
	execs     *executions
	transfers *transfers
	rounds    *reconciliation
	switches  *switches
	fence     *fence
	balances  *balances
	ticked    exchange.Time
}

// New returns a manager that goes on from where the ledger stands. Orders and
// transfers that the ledger left open are unknown until the venue has told what
// became of them, and the account is compared at once.
func New(u *exchange.Universe, opt Options, from Opening, now exchange.Time) (*Manager, error) {
	opt = opt.withDefaults()
	p := &opt.Profile
	out := &outbox{now: now}
	m := &Manager{out: out, market: newMarket(u, p), balances: newBalances(u), ticked: now}
	m.fence = &fence{outbox: out, Fence: opt.Fence, names: m.market.names, ousted: map[string]bool{}}
	m.orders = &orders{outbox: out, market: m.market, window: p.Window, clientID: p.ClientID, lacks: p.Lacks, rivals: m.fence, orderIndex: newOrderIndex()}
	m.orders.sides = &sides{outbox: out, market: m.market, orderIndex: m.orders.orderIndex, balances: m.balances,
		others: map[positionOf]decimal.Decimal{}, left: map[exchange.InstrumentID]Cursor{}}
	m.execs = newExecutions(out, m.market, p, m.balances, from.Began)
	m.switches = &switches{outbox: out, market: m.market, has: opt.Capabilities.DeadMan, orders: m.orders, rivals: m.fence,
		countdown: opt.Countdown, silence: opt.Silence, beat: now}
	m.transfers = &transfers{outbox: out, market: m.market, has: opt.Capabilities.Transfers, profile: p, window: p.Window, began: from.Began,
		balances: m.balances, rivals: m.fence, claimed: map[string]exchange.Time{}}
	m.rounds = &reconciliation{outbox: out, own: map[exchange.InstrumentID]decimal.Decimal{}, sections: &sections{outbox: out, market: m.market}, income: opt.Capabilities.Income, began: from.Began, schedule: opt.Schedule,
		orders: m.orders, execs: m.execs, transfers: m.transfers, balances: m.balances}
	m.fence.orders = m.orders
	m.orders.execs, m.orders.guard, m.orders.others = m.execs, m.switches, m.rounds
	m.execs.sides, m.rounds.sides = m.orders.sides, m.orders.sides
	m.execs.orders, m.execs.rounds, m.transfers.rounds = m.orders, m.rounds, m.rounds
	return m, m.restore(&from, opt.Follows)
}

// restore goes on from where the ledger stands.
func (m *Manager) restore(from *Opening, follows []exchange.Venue) error {
	m.rounds.opening = func(c *section) { c.restore(m.market, from) }
	for _, in := range m.market.u.All() {
		if m.market.own(in) {
			m.rounds.section(in.Venue)
		}
	}
	for _, v := range follows {
		m.rounds.section(v)
	}
	for i := range from.Executions {
		b := &from.Executions[i]
		if !m.market.known(b.Instrument) {
			return fmt.Errorf("oms: executions in the ledger: %s", m.market.unknown(b.Instrument))
		}
		m.execs.restore(b)
	}
	for _, b := range from.Wallets {
		m.balances.set(m.balances.key(b.Wallet, b.Asset), b.Total)
	}
	for _, h := range from.Positions {
		if !m.market.known(h.Instrument) {
			return fmt.Errorf("oms: position in the ledger: %s", m.market.unknown(h.Instrument))
		}
		m.balances.positions[h.Instrument] = h.Qty
	}
	for i := range from.Orders {
		if err := m.orders.resume(&from.Orders[i]); err != nil {
			return err
		}
	}
	for i := range from.Transfers {
		m.transfers.resume(&from.Transfers[i])
	}
	return nil
}

// restore takes what the ledger has of a section.
func (c *section) restore(m *market, from *Opening) {
	c.income.since = max(from.Since, from.Began)
	c.fresh = len(from.Wallets) == 0 && len(from.Positions) == 0
	c.accept = from.Accept
	for _, p := range from.Paid {
		if p.Venue != "" && c.has(m.fullVenue(p.Venue)) || p.Wallet != "" && slices.Contains(c.wallets, m.full(p.Wallet)) {
			c.income.unlisted[p.Asset+" "+p.Row] = true
		}
	}
}

// Submit registers an order and asks for it to be placed. One that cannot be
// asked for is rejected without a word to the venue.
func (m *Manager) Submit(o *exchange.Order, now exchange.Time) {
	m.out.at(now)
	m.orders.submit(o)
}

// Cancel asks for an order to be canceled, as soon as there is something to cancel.
func (m *Manager) Cancel(id exchange.OrderID, now exchange.Time) {
	m.out.at(now)
	m.orders.requestCancel(id)
}

// CancelAll cancels every order that may rest at the venue.
func (m *Manager) CancelAll(now exchange.Time) {
	m.out.at(now)
	m.orders.cancelAll()
}

// Leave cancels everything that rests at the venue, or is on its way there, and
// takes no order that could rest from now on: the session is ending, or its loop
// stands still. What becomes of the orders is booked when the session goes on.
func (m *Manager) Leave(now exchange.Time) {
	m.out.at(now)
	m.orders.leave()
}

// Transfer asks for money to be moved.
func (m *Manager) Transfer(t *exchange.Transfer, now exchange.Time) {
	m.out.at(now)
	m.transfers.submit(t)
}

// Event takes an event of the account's streams.
func (m *Manager) Event(ev *AccountEvent, now exchange.Time) {
	m.out.at(now)
	if ev.Report != nil {
		m.orders.report(ev.Report)
		return
	}
	if ev.Execution != nil {
		m.orders.execution(ev.Execution)
		return
	}
	if ev.Heard != nil {
		m.orders.heard(ev.Heard)
		return
	}
	m.rounds.onEvent(ev)
}

// dropped takes note that events of a segment's stream were.
func (m *Manager) dropped(v exchange.Venue, events int, now exchange.Time) {
	m.out.at(now)
	m.rounds.dropped(v, events)
}

// Answer takes what came of a request.
func (m *Manager) Answer(a *Answer, now exchange.Time) {
	m.out.at(now)
	e := a.venueError()
	switch a.Request.Kind {
	case PlaceOrder:
		m.orders.onPlace(a, e)
	case CancelOrder:
		m.orders.onCancel(a, e)
	case QueryOrder:
		m.orders.onQuery(a, e)
	case MoveMoney:
		m.transfers.onTransfer(a, e)
	case ListTransfers:
		m.transfers.onHistory(a, e)
	case ListExecutions:
		m.execs.onListing(a, e)
	case ArmSwitch:
		m.switches.onArm(a, e)
	default:
		m.rounds.onAnswer(a, e)
	}
}

// suspended is a silence that no running process leaves.
const suspended = 10 * exchange.Second

// Tick does what is due. It is called when Next says, and at least every second.
func (m *Manager) Tick(now exchange.Time) {
	if now-m.ticked > suspended {
		m.rounds.gap(fmt.Sprintf("the process was not running for %.0f s", float64(now-m.ticked)/1e9))
	}
	m.out.at(now)
	m.ticked = m.out.now
	m.orders.tick()
	m.execs.tick()
	m.transfers.tick()
	m.rounds.tick()
	m.switches.tick()
	m.orders.sweep()
	m.transfers.sweep()
}

// Beat says that the loop is alive. The dead-man switch is renewed only while
// somebody says so.
func (m *Manager) Beat(now exchange.Time) {
	m.out.at(now)
	m.switches.beat = m.out.now
}

// Next returns when something is due by itself.
func (m *Manager) Next() exchange.Time {
	return min(m.switches.next(), m.orders.next(), m.execs.next(), m.transfers.next(), m.rounds.next())
}

// Requests calls do with everything that is to be asked of the venue, in order.
func (m *Manager) Requests(do func(*Request)) {
	for i := range m.out.requests {
		do(&m.out.requests[i])
	}
	m.out.requests = m.out.requests[:0]
}

// Events calls post with everything that the core is to be told, in order. The
// event is valid until post returns.
func (m *Manager) Events(post func(*exchange.Event)) {
	for i := range m.out.events {
		post(&m.out.events[i])
	}
	m.out.events = m.out.events[:0]
}

// Notes calls note with everything that only a person needs to know.
func (m *Manager) Notes(note func(string)) {
	for _, s := range m.out.notes {
		note(s)
	}
	m.out.notes = m.out.notes[:0]
}
