package simserver

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// Segment is a part of an exchange with rules and a wallet of its own.
type Segment struct {
	Name     string // in faults and on the control door
	Venue    exchange.Venue
	Wallet   exchange.Wallet
	Contract exchange.Contract

	front Front
}

// Front is a protocol that the exchange is spoken to in: see "How a front is written"
// in the package's comment. The loop calls every method.
type Front interface {
	// Segments are those that the front speaks for. No two fronts share one.
	Segments() []Segment
	// Open is called once, before anything else is: with what the front works with from
	// then on.
	Open(s *State)
	// Show tells who listens what the market did. The change of the book is nil when
	// there is none; its ids follow m.Published, which is still that of the change
	// before.
	Show(m *Market, ev *exchange.Event, c *Change)
	// Tell words what happened to an account for its streams, as things stand now. The
	// message about an order or a transfer comes before those about what it changed.
	Tell(a *Account, ev Event) []Message
	// Send gives a message to the account's connections.
	Send(a *Account, m Message)
	// Refuse gives a refusal of the matching venue the code and words of the protocol;
	// reason is package paper's.
	Refuse(m *Market, by paper.Rule, reason string) *Refusal
}

// What else a front may do. Without it, nothing is done.
type (
	// Beater publishes by the clock: Beat is called every BeatEvery of the market's time.
	Beater interface{ Beat() }
	// Ticker ends what has run out by the wall clock: Tick is called for every account
	// before anything else is done.
	Ticker interface{ Tick(a *Account) }
	// Admitter refuses an order for what the account has already: names in use, too
	// many open orders. Triggered orders pass here too.
	Admitter interface {
		Admit(a *Account, t *Ticket) *Refusal
	}
	// Brancher makes the order that a conditional order sends. Without it there are no
	// conditional orders.
	Brancher interface {
		Branch(g *Conditional) (*Ticket, *Refusal)
	}
	// Namer names an order that nobody sent: its Client, Type and TIF.
	Namer interface {
		Name(o *Order, why Forced)
	}
	// Banker says what accounts open with besides the default balances, when the
	// exchange's options say nothing.
	Banker interface{ Balances() []paper.Deposit }
	// Pooler has a mode in which all assets of a wallet back all of its positions. Pool is
	// the wallet, and what its assets count for then.
	Pooler interface {
		Pool() (exchange.Wallet, paper.Rates)
	}
	// Moded has modes of positions that an account can be set to beforehand. Without it
	// there are none.
	Moded interface{ Modes() Modes }
	// Keymaker makes what clients of an account sign in with, in the form of the venue, of
	// State.AddKey, KeyText and KeySeed; it is printed as JSON. It is asked once for
	// every account, after Open. Without it, clients have the keys of Keys.
	Keymaker interface {
		MakeKeys(a *Account) (any, error)
	}
	// Announcer tells that the rules or the state of an instrument have changed.
	Announcer interface{ Announce(m *Market) }
	// Striker carries out the faults that only a protocol knows: see FrontKinds. Routes
	// are how faults name what its addresses give access to.
	Striker interface {
		Routes() []string
		Strike(f *Strike)
	}
	// Mischievous has faults of its own, or lacks some that are common.
	Mischievous interface{ Kinds() Kinds }
)

// Message is one event of an account's stream in a segment, worded by a front.
type Message struct {
	Segment *Segment
	Kind    string
	Body    any // the front's
}

// Modes are those of positions that a venue has besides one for each contract, on the margin
// of the wallet.
type Modes struct {
	Hedge    bool // a long and a short one
	Isolated bool // with margin of their own
}

// Refusal is why something is not done, in a front's code and words.
type Refusal struct {
	Code   int
	Reason string
	// PostOnly says that an order would have taken and may not: a changed one is
	// canceled for it and not put back.
	PostOnly bool
}

// Event is something that happened to an account.
type Event struct {
	Kind EventKind
	Time exchange.Time

	Order       *Order // of OrderChanged
	Change      OrderChange
	Trade       *Trade       // of a fill
	Conditional *Conditional // of ConditionalChanged
	Payment     *exchange.FundingPayment
	List        *List // of ListChanged
	ListChange  ListChange

	// Of money that came or went without a trade.
	Segment  *Segment
	Asset    string
	Amount   decimal.Decimal
	Transfer *Transfer // of TransferMoved
}

// EventKind says what an Event is about.
type EventKind uint8

const (
	OrderChanged EventKind = iota
	ConditionalChanged
	FundingPaid
	TransferMoved // one wallet's side of a transfer
	LossCleared   // the insurance fund made a wallet good
	ListChanged   // an order list
	AssetSold     // a wallet's asset paid a debt in another, or that was paid
	Charged       // interest on coins that are owed
)

// OrderChange says what happened to an order.
type OrderChange uint8

const (
	Opened    OrderChange = iota
	Filled                // in part or whole
	Canceled              // by its owner, or because its symbol has ended
	Expired               // given up by the exchange
	Prevented             // expired because it met one of the account's own
	Reduced               // less quantity, same place in the queue
	Replaced              // another price or quantity, at the end of the queue
)

// Forced says why there is an order that nobody sent.
type Forced uint8

const (
	Liquidation Forced = iota
	Deleveraging
	Settlement // of a symbol that is delisted
)

// BeatEvery is the finest cadence of what is published by the clock.
const BeatEvery = 100 * exchange.Millisecond

// Attach puts a front before the exchange.
func (x *Exchange) Attach(f Front) error {
	err := errClosed
	x.Do(func(s *State) { err = s.attach(f) })
	return err
}

func (s *State) attach(f Front) error {
	own, err := s.Segments.addFront(f)
	if err != nil {
		return err
	}
	for _, seg := range own {
		for _, m := range s.markets {
			if s.Segments.same(m.In.Venue, seg.Venue) {
				m.Segment = seg
			}
		}
	}
	if b, ok := f.(Banker); ok && s.opt.ownBalances {
		if err := s.endow(b.Balances()); err != nil {
			return err
		}
	}
	f.Open(s)
	if p, ok := f.(Pooler); ok {
		for _, a := range s.accounts {
			a.poolers = append(a.poolers, p)
		}
	}
	if m, ok := f.(Moded); ok {
		for _, a := range s.accounts {
			a.modes = m.Modes()
		}
	}
	if err := s.makeCredentials(f); err != nil {
		return err
	}
	return s.Faults.learn(f)
}

// makeCredentials has the front make keys.
func (s *State) makeCredentials(f Front) error {
	maker, ok := f.(Keymaker)
	if !ok {
		return nil
	}
	for _, a := range s.accounts {
		c, err := maker.MakeKeys(a)
		if err != nil {
			return fmt.Errorf("simulated exchange: keys of account %d: %w", a.Number, err)
		}
		s.credentials = append(s.credentials, c)
	}
	return nil
}

// endow gives every account what it has nothing of.
func (s *State) endow(list []paper.Deposit) error {
	for _, a := range s.accounts {
		for _, d := range list {
			if !a.Funds.Balance(d.Wallet, d.Asset).Total.IsZero() {
				continue
			}
			if err := a.matching.venue.Deposit(d); err != nil {
				return fmt.Errorf("simulated exchange: %w", err)
			}
		}
	}
	return nil
}

// front is what speaks for an instrument, nil when nothing does.
func (m *Market) front() Front {
	if m.Segment == nil {
		return nil
	}
	return m.Segment.front
}

// refuse has a refusal of the venue behind worded.
func (m *Market) refuse(by paper.Rule, reason string) *Refusal {
	if f := m.front(); f != nil {
		return f.Refuse(m, by, reason)
	}
	return &Refusal{Code: int(by), Reason: reason}
}

// announce tells that the rules or the state of the instrument have changed.
func (m *Market) announce() {
	if f, ok := m.front().(Announcer); ok {
		f.Announce(m)
	}
}
