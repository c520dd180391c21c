package desk

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
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
	wallets   map[purse]decimal.Decimal
	positions map[exchange.InstrumentID]exchange.Lots
	paid      []Paid
	adjusted  []exchange.Event
	seen      map[string]bool
	bad       []string // what must not happen
}

func newLedger(u *exchange.Universe, began exchange.Time) *ledger {
	return &ledger{u: u, began: began, byID: map[exchange.OrderID]*exchange.Order{}, moves: map[uint64]*Transit{}, seen: map[string]bool{},
		wallets: map[purse]decimal.Decimal{}, positions: map[exchange.InstrumentID]exchange.Lots{}}
}

func (l *ledger) intend(o *exchange.Order) {
	kept := *o
	kept.Status = exchange.StatusNew
	l.orders = append(l.orders, &kept)
	l.byID[o.ID] = &kept
}

func (l *ledger) depart(t *exchange.Transfer, now exchange.Time) {
	l.moves[t.ID] = &Transit{*t, now}
	l.add(api.Of(t.From), t.Asset, t.Amount.Neg())
}

func (l *ledger) add(m api.Market, asset string, amount decimal.Decimal) {
	l.wallets[purse{m, asset}] = l.wallets[purse{m, asset}].Add(amount)
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
		l.add(api.Of(in.Venue), ev.Payment.Asset, ev.Payment.Amount)
		l.paid = append(l.paid, Paid{api.Of(in.Venue), ev.Payment.Asset, FundingRow(in.Symbol, ev.Payment.TranID)})
	case exchange.KindTransfer:
		l.arrive(ev.Transfer)
	case exchange.KindBalance:
		l.add(api.Of(ev.Wallet), ev.Asset, ev.Amount)
		if key := fmt.Sprint(ev.Wallet, ev.Asset, ev.Reason); named(ev.Reason) {
			if l.seen[key] {
				l.fault("%s of %s in the %s wallet was booked twice", ev.Reason, ev.Asset, ev.Wallet)
			}
			l.seen[key] = true
			l.paid = append(l.paid, Paid{api.Of(ev.Wallet), ev.Asset, ev.Reason})
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
		l.add(api.Of(in.Venue), in.Settle(), f.Realised)
	} else {
		l.add(api.Of(in.Venue), in.Base, in.QtyDecimal(signed))
		l.add(api.Of(in.Venue), in.Quote, in.Notional(f.Price, signed).Neg())
	}
	l.add(api.Of(in.Venue), f.FeeAsset, f.Fee.Neg())
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
		l.add(api.Of(t.From), t.Asset, m.Amount)
		return
	}
	l.add(api.Of(t.To), t.Asset, t.Amount)
	l.add(api.Of(t.From), t.Asset, m.Amount.Sub(t.Amount))
}

// opening is what a restarted process finds.
func (l *ledger) opening() Opening {
	o := Opening{Began: l.began, Paid: l.paid}
	tapes := map[exchange.InstrumentID]*Tape{}
	for _, f := range l.fills {
		t := tapes[f.Instrument]
		if t == nil {
			t = &Tape{Instrument: f.Instrument}
			tapes[f.Instrument] = t
		}
		if id, err := strconv.ParseInt(f.TradeID, 10, 64); err == nil {
			t.Booked = append(t.Booked, id)
		}
	}
	for _, in := range l.u.All() {
		if t := tapes[in.ID]; t != nil {
			o.Tapes = append(o.Tapes, *t)
		}
		if q := l.positions[in.ID]; q != 0 {
			o.Positions = append(o.Positions, Holding{in.ID, q})
		}
	}
	for p, total := range l.wallets { // order does not matter: they go to a map
		o.Wallets = append(o.Wallets, account.Balance{Market: p.market, Asset: p.asset, Wallet: total})
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
