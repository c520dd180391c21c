package venuetest

import (
	"fmt"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// ledger books events the way the core's ledger does, and notes what must not happen.
// It is safe for concurrent use.
type ledger struct {
	u     *exchange.Universe
	began exchange.Time

	mu        sync.Mutex
	orders    []*exchange.Order
	byID      map[exchange.OrderID]*exchange.Order
	fills     []exchange.Fill
	transits  map[uint64]oms.Transit
	ended     map[uint64]exchange.Transfer
	wallets   map[holding]decimal.Decimal
	positions map[exchange.InstrumentID]exchange.Lots
	paid      []oms.Paid
	funding   []exchange.FundingPayment
	adjusted  []exchange.Event
	late      map[exchange.OrderID]bool // cancels that came too late
	seen      map[string]bool
	wrong     []string
}

// holding is an asset of a wallet, by the wallet's name in the session.
type holding struct {
	wallet exchange.Wallet
	asset  string
}

func newLedger(u *exchange.Universe, began exchange.Time) *ledger {
	return &ledger{u: u, began: began, byID: map[exchange.OrderID]*exchange.Order{}, transits: map[uint64]oms.Transit{},
		ended: map[uint64]exchange.Transfer{}, wallets: map[holding]decimal.Decimal{}, positions: map[exchange.InstrumentID]exchange.Lots{},
		late: map[exchange.OrderID]bool{}, seen: map[string]bool{}}
}

// intend keeps an order that is about to be sent.
func (l *ledger) intend(o *exchange.Order) {
	l.mu.Lock()
	defer l.mu.Unlock()
	kept := *o
	kept.Status = exchange.StatusNew
	l.orders = append(l.orders, &kept)
	l.byID[o.ID] = &kept
}

// depart keeps a transfer that is about to be sent.
func (l *ledger) depart(t *exchange.Transfer, now exchange.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.transits[t.ID] = oms.Transit{Transfer: *t, Sent: now}
	l.add(t.From, t.Asset, t.Amount.Neg())
}

func (l *ledger) add(w exchange.Wallet, asset string, amount decimal.Decimal) {
	k := holding{w.Within(l.u.House()), asset}
	l.wallets[k] = l.wallets[k].Add(amount)
}

func (l *ledger) fault(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// take books an event.
func (l *ledger) take(ev *exchange.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch ev.Kind {
	case exchange.KindOrder:
		l.update(&ev.Update)
	case exchange.KindFill:
		l.fill(ev.Fill)
	case exchange.KindFundingPaid:
		in := l.u.Get(ev.Payment.Instrument)
		l.once("funding %s %s", in.Key(), ev.Payment.TranID)
		l.add(in.Wallet, ev.Payment.Asset, ev.Payment.Amount)
		l.funding = append(l.funding, *ev.Payment)
		l.paid = append(l.paid, oms.Paid{Venue: in.Venue, Asset: ev.Payment.Asset, Row: oms.FundingRow(in.Symbol, ev.Payment.TranID)})
	case exchange.KindTransfer:
		l.arrive(ev.Transfer)
	case exchange.KindBalance:
		l.add(ev.Wallet, ev.Asset, ev.Amount)
		l.adjusted = append(l.adjusted, *ev)
	}
}

// once notes what is told of twice.
func (l *ledger) once(format string, args ...any) bool {
	key := fmt.Sprintf(format, args...)
	if l.seen[key] {
		l.fault("%s was told twice", key)
		return false
	}
	l.seen[key] = true
	return true
}

func (l *ledger) update(u *exchange.OrderUpdate) {
	o := l.byID[u.ID]
	switch {
	case o == nil:
		l.fault("update of order %d, which nobody sent", u.ID)
	case u.CancelRejected:
		l.late[u.ID] = true
	case o.Status.Terminal():
		if u.Status != o.Status { // else somebody sent it again
			l.fault("order %d is %s and is told to be %s", u.ID, o.Status, u.Status)
		}
	case u.Filled > o.Filled:
		l.fault("order %d is told %s with %d filled before its fills, %d", u.ID, u.Status, u.Filled, o.Filled)
	default:
		o.Status, o.VenueID, o.Reason = u.Status, u.VenueID, u.Reason
	}
}

func (l *ledger) fill(f *exchange.Fill) {
	in := l.u.Get(f.Instrument)
	if !l.once("trade %s of %s", f.TradeID, in.Key()) {
		return
	}
	l.fills = append(l.fills, *f)
	signed := exchange.Lots(f.Side) * f.Qty
	if in.Perp() {
		l.positions[in.ID] += signed
		l.add(in.Wallet, in.Settle(), f.Realised)
	} else {
		l.add(in.Wallet, in.Base, in.QtyDecimal(signed))
		l.add(in.Wallet, in.Quote, in.Notional(f.Price, signed).Neg())
	}
	l.add(in.Wallet, f.FeeAsset, f.Fee.Neg())
	o := l.byID[f.Order]
	if o == nil {
		l.fault("trade %s of %s is nobody's (%s)", f.TradeID, in.Key(), f.Reason)
		return
	}
	o.Filled += f.Qty
	if o.Filled > o.Qty {
		l.fault("order %d has %d filled of %d", o.ID, o.Filled, o.Qty)
	}
	if !o.Status.Terminal() && o.Filled >= o.Qty {
		o.Status = exchange.StatusFilled
	}
}

func (l *ledger) arrive(t *exchange.Transfer) {
	m, ok := l.transits[t.ID]
	if !ok {
		l.fault("transfer %d ended, which is not under way", t.ID)
		return
	}
	delete(l.transits, t.ID)
	l.ended[t.ID] = *t
	if t.Failed {
		l.add(t.From, t.Asset, m.Amount)
		return
	}
	l.add(t.To, t.Asset, t.Amount)
	l.add(t.From, t.Asset, m.Amount.Sub(t.Amount))
}

// opening is what a process finds that begins on this ledger.
func (l *ledger) opening() oms.Opening {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := oms.Opening{Began: l.began, Paid: l.paid}
	for _, in := range l.u.All() {
		b := oms.Booked{Instrument: in.ID, All: true}
		for _, f := range l.fills {
			if f.Instrument == in.ID && !strings.HasPrefix(f.TradeID, oms.Adjusted) {
				b.Executions = append(b.Executions, oms.BookedExecution{TradeID: f.TradeID})
			}
		}
		if len(b.Executions) > 0 {
			o.Executions = append(o.Executions, b)
		}
		if q := l.positions[in.ID]; q != 0 {
			o.Positions = append(o.Positions, oms.Holding{Instrument: in.ID, Qty: q})
		}
	}
	for k, total := range l.wallets { // order does not matter: they go to a map
		o.Wallets = append(o.Wallets, oms.Balance{Wallet: k.wallet, Asset: k.asset, Total: total})
	}
	for _, n := range l.orders {
		if !n.Status.Terminal() {
			o.Orders = append(o.Orders, *n)
		}
	}
	for _, m := range l.transits { // order does not matter: each is looked for by itself
		o.Transfers = append(o.Transfers, m)
	}
	return o
}

// total is what the ledger has of an asset.
func (l *ledger) total(w exchange.Wallet, asset string) decimal.Decimal {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wallets[holding{w.Within(l.u.House()), asset}]
}

// order is a copy of an order as it stands.
func (l *ledger) order(id exchange.OrderID) exchange.Order {
	l.mu.Lock()
	defer l.mu.Unlock()
	return *l.byID[id]
}

// read runs a question while nothing is booked.
func (l *ledger) read(ask func() bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return ask()
}
