package simserver

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// An account is put together of parts. Each owns its state and is handed the parts that
// it works with, from the top down: none reaches up.
//
//	triggers Lists Deadlines
//	       \   |   /    \
//	         Entry       \       Funds
//	       /     \       \       /   |
//	      |     Stops     |     /    |
//	      |       |       |    /     |
//	      '--- matching --+---'      |
//	           /      \   |          |
//	       Orders    Ledger ---------'
//	          |           |
//	     Conditionals     |
//	              \       |
//	               Outbox
type (
	// Outbox holds what the account's streams are told next.
	Outbox struct {
		account *Account // whose streams they are, for the front
		faults  *Faults
		made    []Message // not yet sent
	}

	// Conditionals are the account's conditional orders, and what becomes of them.
	Conditionals struct {
		clock   *Clock
		outbox  *Outbox
		dates   *dates
		all     []*Conditional // by id
		waiting []*Conditional // those that may trigger, by id
	}

	// Orders knows every order by its number and its name, and tells what becomes of it.
	Orders struct {
		outbox       *Outbox
		conditionals *Conditionals
		all          []*Order // by id
		live         []*Order // those that may be open, by id
		byPaper      map[exchange.OrderID]*Order
		byClient     map[clientKey]*Order // the latest that had the name
	}

	// Ledger is what was booked: fills, the income of wallets of contracts, and
	// transfers.
	Ledger struct {
		segments  *Segments
		outbox    *Outbox
		trades    []*Trade
		incomes   []Income
		transfers []*Transfer
		moving    map[uint64]*Transfer // those that are under way
		lastEntry int64                // the last number of an income or transfer
	}

	// matching is the venue that matches the account's orders, and the way to it and
	// back.
	matching struct {
		clock    *Clock
		markets  []*Market // by instrument
		venue    *paper.Venue
		orders   *Orders
		ledger   *Ledger
		outbox   *Outbox
		last     exchange.OrderID // the last number that was used there
		settling bool             // positions are closed because their symbol has ended
	}

	// Stops are the stop orders for coins that have not triggered.
	Stops struct {
		clock    *Clock
		log      func(string)
		outbox   *Outbox
		orders   *Orders
		matching *matching
		waiting  []*Order // by id
	}

	// Lists are order lists for coins.
	Lists struct {
		account *Account // whose they are, for the front
		clock   *Clock
		outbox  *Outbox
		orders  *Orders
		stops   *Stops
		entry   *Entry
		all     []*List
		live    []*List // with an open order
		busy    bool    // one of them is being changed
	}

	// Entry is where orders are placed, changed and canceled.
	Entry struct {
		account      *Account // whose orders they are, for the front
		clock        *Clock
		dates        *dates
		outbox       *Outbox
		conditionals *Conditionals
		orders       *Orders
		matching     *matching
		stops        *Stops
	}

	// triggers sends the conditional orders that have come to their price.
	triggers struct {
		clock        *Clock
		outbox       *Outbox
		conditionals *Conditionals
		matching     *matching
		entry        *Entry
	}

	// Deadlines end orders by the wall clock: at a date of their own, or when the
	// customer's dead-man switch runs out.
	Deadlines struct {
		clock        *Clock
		names        *names
		markets      []*Market
		dates        *dates
		outbox       *Outbox
		conditionals *Conditionals
		orders       *Orders
		entry        *Entry
		countdowns   map[exchange.InstrumentID]exchange.Time
	}

	// Funds are the account's wallets and positions, and the transfers between wallets.
	Funds struct {
		clock    *Clock
		log      func(string)
		segments *Segments
		markets  []*Market
		faults   *Faults
		outbox   *Outbox
		ledger   *Ledger
		matching *matching
	}
)

// dates is when the next date of an order that has one comes, in milliseconds of the
// wall clock; 0: none.
type dates struct{ next int64 }

// expectDate remembers a date to come; 0 is none.
func (d *dates) expectDate(ms int64) {
	if ms != 0 && (d.next == 0 || ms < d.next) {
		d.next = ms
	}
}

// newAccount hands every part what it works with.
func newAccount(s *State, number int, venue *paper.Venue) *Account {
	a := &Account{Number: number, house: s.House(), Isolated: map[exchange.InstrumentID]bool{}}
	d := &dates{}
	a.Outbox = &Outbox{account: a, faults: s.Faults}
	a.Conditionals = &Conditionals{clock: s.Clock, outbox: a.Outbox, dates: d}
	a.Orders = &Orders{outbox: a.Outbox, conditionals: a.Conditionals, byPaper: map[exchange.OrderID]*Order{}, byClient: map[clientKey]*Order{}}
	a.Ledger = &Ledger{segments: s.Segments, outbox: a.Outbox, moving: map[uint64]*Transfer{}}
	a.matching = &matching{clock: s.Clock, markets: s.markets, venue: venue, orders: a.Orders, ledger: a.Ledger, outbox: a.Outbox}
	a.Stops = &Stops{clock: s.Clock, log: s.Log, outbox: a.Outbox, orders: a.Orders, matching: a.matching}
	a.Entry = &Entry{account: a, clock: s.Clock, dates: d, outbox: a.Outbox, conditionals: a.Conditionals, orders: a.Orders,
		matching: a.matching, stops: a.Stops}
	a.Lists = &Lists{account: a, clock: s.Clock, outbox: a.Outbox, orders: a.Orders, stops: a.Stops, entry: a.Entry}
	a.triggers = &triggers{clock: s.Clock, outbox: a.Outbox, conditionals: a.Conditionals, matching: a.matching, entry: a.Entry}
	a.Deadlines = &Deadlines{clock: s.Clock, names: s.names, markets: s.markets, dates: d, outbox: a.Outbox, conditionals: a.Conditionals,
		orders: a.Orders, entry: a.Entry, countdowns: map[exchange.InstrumentID]exchange.Time{}}
	a.Funds = &Funds{clock: s.Clock, log: s.Log, segments: s.Segments, markets: s.markets, faults: s.Faults, outbox: a.Outbox,
		ledger: a.Ledger, matching: a.matching}
	return a
}
