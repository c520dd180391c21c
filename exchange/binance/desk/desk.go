package desk

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// Options are the desk's times. Zero means the default.
type Options struct {
	RecvWindow exchange.Time // that requests are signed with: 5 s
	Schedule   exchange.Time // from one comparison of accounts to the next: 60 s
	Countdown  exchange.Time // of the dead-man switch: 120 s
	// Beat is how long the loop may be silent before the desk takes it for
	// stopped and no longer renews the switch: 10 s.
	Beat  exchange.Time
	Fence Fence
}

func (o Options) withDefaults() Options {
	for _, d := range []struct {
		at   *exchange.Time
		want exchange.Time
	}{{&o.RecvWindow, 5 * exchange.Second}, {&o.Schedule, exchange.Minute}, {&o.Countdown, 2 * exchange.Minute}, {&o.Beat, 10 * exchange.Second}} {
		if *d.at <= 0 {
			*d.at = d.want
		}
	}
	return o
}

// Opening is where the ledger stands. The zero value with a Began is an account
// that nothing is known of: what it holds is booked as its opening.
type Opening struct {
	// Began is when the ledger's first session began, by the venue's clock. What was traded or paid
	// before it is in the opening balances and is not booked again.
	Began     exchange.Time
	Orders    []exchange.Order // not finished; Filled is the sum of the ledger's fills
	Transfers []Transit        // under way
	Tapes     []Tape
	Wallets   []account.Balance // Wallet is what the ledger's postings sum to
	Positions []Holding
	Paid      []Paid // rows of income that the ledger has from Since on
	Since     exchange.Time
	// Accept books the positions that the first comparisons find otherwise, as if
	// they had been traded by hand: a person has looked, and knows why no record of
	// the venue explains them.
	Accept bool
}

// Paid names a row of income. Numbers of rows are one's own of a market and a type.
type Paid struct {
	Market api.Market
	Asset  string
	Row    string // the Reason of the event that booked it, or FundingRow
}

// FundingRow names the row of a payment of funding.
func FundingRow(symbol, tranID string) string { return rowName("FUNDING_FEE", symbol, tranID) }

// Tape tells which executions of an instrument the ledger has.
type Tape struct {
	Instrument exchange.InstrumentID
	From       int64   // every execution below it is booked
	Booked     []int64 // and these, at or above it
}

// Transit is a transfer that the ledger does not know the end of.
type Transit struct {
	exchange.Transfer
	Sent exchange.Time // when it was decided on
}

// Holding is a position that the ledger's fills sum to.
type Holding struct {
	Instrument exchange.InstrumentID
	Qty        exchange.Lots
}

// Desk is the state of our dealings with the venue. It is not safe for
// concurrent use. Every method takes the venue's time as well as it is known.
type Desk struct {
	u       *exchange.Universe
	symbols map[symbol]*exchange.Instrument
	opt     Options

	open     []*order // oldest first
	finished []*order // the last of them
	byID     map[exchange.OrderID]*order
	byClient map[string]*order
	byVenue  map[venueKey]*order

	tapes   []*tape // by instrument
	moves   []*move
	claimed map[int64]exchange.Time // rows of the history of transfers that are ours
	ousted  map[string]bool         // orders of older runs whose cancel is out
	audits  []*audit                // by market
	guards  []*guard                // futures that have had resting orders
	books   books

	began   exchange.Time
	now     exchange.Time
	ticked  exchange.Time
	beat    exchange.Time
	resumed int // orders and transfers of an earlier run that are not resolved
	leaving bool
	placed  bool   // something was sent for placing
	rival   *Rival // the run that this one gave way to

	requests []Request
	events   []exchange.Event
	notes    []string
	number   uint64 // of the last request
}

// venueKey names an order as the venue does.
type venueKey struct {
	instrument exchange.InstrumentID
	id         int64
}

// New returns a desk that goes on from where the ledger stands. Orders and
// transfers that the ledger left open are in doubt until the venue has told what
// became of them, and the account is compared at once.
func New(u *exchange.Universe, opt Options, from Opening, now exchange.Time) (*Desk, error) {
	d := &Desk{
		u: u, opt: opt.withDefaults(), began: from.Began, now: now, ticked: now, beat: now,
		byID: map[exchange.OrderID]*order{}, byClient: map[string]*order{}, byVenue: map[venueKey]*order{},
		books: newBooks(u), claimed: map[int64]exchange.Time{}, ousted: map[string]bool{}, symbols: map[symbol]*exchange.Instrument{},
	}
	for _, in := range u.All() {
		d.symbols[symbol{api.Of(in.Venue), in.Symbol}] = in
		d.tapes = append(d.tapes, newTape(in))
		d.audit(api.Of(in.Venue))
	}
	return d, d.restore(&from)
}

func (d *Desk) restore(from *Opening) error {
	for _, t := range from.Tapes {
		if !d.known(t.Instrument) {
			return fmt.Errorf("desk: executions of instrument %d: the universe has %d", t.Instrument, d.u.Len())
		}
		d.tapes[t.Instrument].restore(t)
	}
	for _, b := range from.Wallets {
		d.books.set(purse{b.Market, b.Asset}, b.Wallet)
	}
	for _, h := range from.Positions {
		if !d.known(h.Instrument) {
			return fmt.Errorf("desk: position in instrument %d: the universe has %d", h.Instrument, d.u.Len())
		}
		d.books.positions[h.Instrument] = h.Qty
	}
	for _, a := range d.audits {
		a.restore(from)
	}
	for i := range from.Orders {
		if err := d.resume(&from.Orders[i]); err != nil {
			return err
		}
	}
	for i := range from.Transfers {
		d.resumeMove(&from.Transfers[i])
	}
	return nil
}

// symbol names an instrument as the venue does.
type symbol struct {
	market api.Market
	name   string
}

func (d *Desk) find(m api.Market, name string) (*exchange.Instrument, bool) {
	in, ok := d.symbols[symbol{m, name}]
	return in, ok
}

func (d *Desk) known(id exchange.InstrumentID) bool { return id >= 0 && int(id) < d.u.Len() }

// clientIDs is what every market takes: the spot rule is the narrowest.
var clientIDs = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,36}$`)

// Submit registers an order and asks for it to be placed. One that cannot be
// asked for is rejected without a word to the venue.
func (d *Desk) Submit(o *exchange.Order, now exchange.Time) {
	d.at(now)
	if first := d.byID[o.ID]; first != nil {
		d.say(first, exchange.OrderUpdate{Status: first.Status, Reason: "this order was submitted before"})
		return
	}
	if why := cmp.Or(d.refuse(o), d.tooManyOrders()); why != "" {
		ev := exchange.Event{Kind: exchange.KindOrder, Instrument: exchange.NoInstrument,
			Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusRejected, Reason: why}}
		if d.known(o.Instrument) {
			ev.Instrument = o.Instrument
		}
		d.post(ev)
		return
	}
	n := d.register(o)
	n.Status, n.Filled, n.VenueID = exchange.StatusNew, 0, ""
	d.place(n)
}

func (d *Desk) refuse(o *exchange.Order) string {
	switch {
	case d.rival != nil:
		return gaveWay
	case d.leaving && o.Type == exchange.Limit && o.TIF != exchange.IOC && o.TIF != exchange.FOK:
		return "the session is ending: nothing that rests is sent any more"
	case !d.known(o.Instrument):
		return fmt.Sprintf("instrument %d is not in this universe of %d", o.Instrument, d.u.Len())
	case !clientIDs.MatchString(o.ClientID):
		return fmt.Sprintf("client id %q: want 1 to 36 of a-z, A-Z, 0-9, - and _", o.ClientID)
	case d.byClient[o.ClientID] != nil:
		return fmt.Sprintf("client id %q belongs to order %d", o.ClientID, d.byClient[o.ClientID].ID)
	case o.Qty <= 0:
		return fmt.Sprintf("quantity of %d lots: want more than 0", o.Qty)
	case o.Side != exchange.Buy && o.Side != exchange.Sell:
		return "side: want buy or sell"
	}
	return ""
}

// register makes an order known before anything of it can come back.
func (d *Desk) register(o *exchange.Order) *order {
	n := &order{Order: *o, in: d.u.Get(o.Instrument)}
	d.open = append(d.open, n)
	d.byID[n.ID], d.byClient[n.ClientID] = n, n
	return n
}

// at moves the desk's time on. A venue clock that was corrected may step back;
// the desk's does not.
func (d *Desk) at(now exchange.Time) { d.now = max(d.now, now) }

// suspended is a silence that no running process leaves.
const suspended = 10 * exchange.Second

// Tick does what is due. It is called when Next says, and at least every second.
func (d *Desk) Tick(now exchange.Time) {
	if now-d.ticked > suspended {
		d.gap(fmt.Sprintf("the process was not running for %.0f s", float64(now-d.ticked)/1e9))
	}
	d.at(now)
	d.ticked = d.now
	for _, n := range d.open {
		d.tickOrder(n)
	}
	for _, t := range d.tapes {
		d.tickTape(t)
	}
	for _, m := range d.moves {
		d.tickMove(m)
	}
	for _, a := range d.audits {
		d.tickAudit(a)
	}
	d.tickGuards()
	d.sweep()
}

// Beat says that the loop is alive. The dead-man switch is renewed only while
// somebody says so.
func (d *Desk) Beat(now exchange.Time) {
	d.at(now)
	d.beat = d.now
}

// never is later than any time.
const never = exchange.Time(1<<63 - 1)

// Next returns when something is due by itself.
func (d *Desk) Next() exchange.Time {
	next := d.nextGuard()
	for _, n := range d.open {
		next = min(next, n.next())
	}
	for _, t := range d.tapes {
		if t.due != 0 && t.busy == 0 {
			next = min(next, t.due)
		}
	}
	for _, m := range d.moves {
		next = min(next, m.next())
	}
	for _, a := range d.audits {
		if a.left == 0 {
			next = min(next, a.due)
		}
	}
	return next
}

// Requests calls do with everything that is to be asked of the venue, in order.
func (d *Desk) Requests(do func(*Request)) {
	for i := range d.requests {
		do(&d.requests[i])
	}
	d.requests = d.requests[:0]
}

// Events calls post with everything that the core is to be told, in order. The
// event is valid until post returns.
func (d *Desk) Events(post func(*exchange.Event)) {
	for i := range d.events {
		post(&d.events[i])
	}
	d.events = d.events[:0]
}

// Notes calls note with everything that only a person needs to know.
func (d *Desk) Notes(note func(string)) {
	for _, s := range d.notes {
		note(s)
	}
	d.notes = d.notes[:0]
}

func (d *Desk) post(ev exchange.Event) {
	ev.Time = d.now
	d.events = append(d.events, ev)
}

func (d *Desk) note(format string, args ...any) {
	d.notes = append(d.notes, fmt.Sprintf(format, args...))
}

// doneKept is how many finished orders stay known: late reports about them are
// still understood.
const doneKept = 10000

// sweep drops what is finished from the lists that are walked.
func (d *Desk) sweep() {
	d.open = slices.DeleteFunc(d.open, func(n *order) bool {
		if n.stage == done {
			d.finished = append(d.finished, n)
		}
		return n.stage == done
	})
	d.moves = slices.DeleteFunc(d.moves, func(m *move) bool { return m.stage == done })
	d.forgetClaims()
	for len(d.finished) > doneKept {
		d.forget(d.finished[0])
		d.finished = d.finished[1:]
	}
}

func (d *Desk) forget(n *order) {
	if n.stage != done {
		return // it turned up again
	}
	delete(d.byID, n.ID)
	delete(d.byClient, n.ClientID)
	delete(d.byVenue, venueKey{n.Instrument, n.venue})
}
