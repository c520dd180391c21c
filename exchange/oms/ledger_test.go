package oms

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ledger books events the way the core's ledger does, as far as they are
// committed: what a killed process had not committed, the next one has not seen.
type ledger struct {
	u         *exchange.Universe
	began     exchange.Time
	orders    []*exchange.Order
	byID      map[exchange.OrderID]*exchange.Order
	fills     []exchange.Fill
	moves     map[uint64]*Transit
	wallets   map[walletAsset]decimal.Decimal
	positions map[exchange.InstrumentID]exchange.Lots
	paid      []Paid
	adjusted  []exchange.Event
	seen      map[string]bool
	bad       []string // what must not happen
}

func newLedger(u *exchange.Universe, began exchange.Time) *ledger {
	return &ledger{u: u, began: began, byID: map[exchange.OrderID]*exchange.Order{}, moves: map[uint64]*Transit{}, seen: map[string]bool{},
		wallets: map[walletAsset]decimal.Decimal{}, positions: map[exchange.InstrumentID]exchange.Lots{}}
}

func (l *ledger) intend(o *exchange.Order) {
	kept := *o
	kept.Status = exchange.StatusNew
	l.orders = append(l.orders, &kept)
	l.byID[o.ID] = &kept
}

func (l *ledger) depart(t *exchange.Transfer, now exchange.Time) {
	l.moves[t.ID] = &Transit{*t, now}
	l.add(t.From, t.Asset, t.Amount.Neg())
}

// full is the house's name of a wallet or a venue.
func full[T exchange.Wallet | exchange.Venue](name T) exchange.Wallet {
	return exchange.Wallet("house." + exchange.Within(string(name), "house"))
}

func (l *ledger) add(w exchange.Wallet, asset string, amount decimal.Decimal) {
	k := walletAsset{full(w), asset}
	l.wallets[k] = l.wallets[k].Add(amount)
}

func (l *ledger) fault(format string, args ...any) {
	l.bad = append(l.bad, fmt.Sprintf(format, args...))
}

func (l *ledger) take(ev *exchange.Event) {
	switch ev.Kind {
	case exchange.KindOrder:
		l.update(&ev.Update)
	case exchange.KindFill:
		l.fill(ev.Fill)
	case exchange.KindFundingPaid:
		in := l.u.Get(ev.Payment.Instrument)
		l.add(in.Wallet, ev.Payment.Asset, ev.Payment.Amount)
		l.paid = append(l.paid, Paid{Venue: in.Venue, Asset: ev.Payment.Asset, Row: FundingRow(in.Symbol, ev.Payment.TranID)})
	case exchange.KindTransfer:
		l.arrive(ev.Transfer)
	case exchange.KindBalance:
		l.add(ev.Wallet, ev.Asset, ev.Amount)
		if key := fmt.Sprint(ev.Wallet, ev.Asset, ev.Reason); named(ev.Reason) {
			if l.seen[key] {
				l.fault("%s of %s in the %s wallet was booked twice", ev.Reason, ev.Asset, ev.Wallet)
			}
			l.seen[key] = true
			l.paid = append(l.paid, Paid{Wallet: ev.Wallet, Asset: ev.Asset, Row: ev.Reason})
		}
		l.adjusted = append(l.adjusted, *ev)
	}
}

// named reports whether a balance changed for a row of income, which has a number.
func named(reason string) bool {
	return strings.HasPrefix(reason, exchange.InsuranceFund) || strings.HasPrefix(reason, "REFERRAL_KICKBACK")
}

func (l *ledger) update(u *exchange.OrderUpdate) {
	o := l.byID[u.ID]
	switch {
	case o == nil:
		l.fault("update of order %d, which nobody sent", u.ID)
	case u.CancelRejected:
	case o.Status.Terminal():
		l.fault("order %d is %s and is told to be %s", u.ID, o.Status, u.Status)
	case u.Filled > o.Filled:
		l.fault("order %d is told %s with %d filled before its fills, %d", u.ID, u.Status, u.Filled, o.Filled)
	default:
		o.Status, o.VenueID, o.Reason = u.Status, u.VenueID, u.Reason
	}
}

func (l *ledger) fill(f *exchange.Fill) {
	in := l.u.Get(f.Instrument)
	key := in.Key() + ":" + f.TradeID
	if l.seen[key] {
		l.fault("trade %s was told twice", key)
		return
	}
	l.seen[key] = true
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
		return
	}
	o.Filled += f.Qty
	if !o.Status.Terminal() && o.Filled >= o.Qty {
		o.Status = exchange.StatusFilled
	}
}

func (l *ledger) arrive(t *exchange.Transfer) {
	m := l.moves[t.ID]
	if m == nil {
		l.fault("transfer %d ended, which is not under way", t.ID)
		return
	}
	delete(l.moves, t.ID)
	if t.Failed {
		l.add(t.From, t.Asset, m.Amount)
		return
	}
	l.add(t.To, t.Asset, t.Amount)
	l.add(t.From, t.Asset, m.Amount.Sub(t.Amount))
}

// opening is what a restarted process finds.
func (l *ledger) opening() Opening {
	o := Opening{Began: l.began, Paid: l.paid}
	booked := map[exchange.InstrumentID]*Booked{}
	for _, f := range l.fills {
		b := booked[f.Instrument]
		if b == nil {
			b = &Booked{Instrument: f.Instrument, All: true}
			booked[f.Instrument] = b
		}
		if !strings.HasPrefix(f.TradeID, Adjusted) {
			b.Executions = append(b.Executions, BookedExecution{TradeID: f.TradeID})
		}
	}
	for _, in := range l.u.All() {
		if b := booked[in.ID]; b != nil {
			o.Executions = append(o.Executions, *b)
		}
		if q := l.positions[in.ID]; q != 0 {
			o.Positions = append(o.Positions, Holding{in.ID, q})
		}
	}
	for p, total := range l.wallets { // order does not matter: they go to a map
		o.Wallets = append(o.Wallets, Balance{Wallet: p.wallet, Asset: p.asset, Total: total})
	}
	for _, n := range l.orders {
		if !n.Status.Terminal() {
			o.Orders = append(o.Orders, *n)
		}
	}
	for id := uint64(1); id < 100; id++ {
		if m := l.moves[id]; m != nil {
			o.Transfers = append(o.Transfers, *m)
		}
	}
	return o
}
