package host

import (
	"errors"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

// Bounds of what is remembered of a broker's orders, as in the core: what came later is
// not one of ours any more.
const (
	keepOrders = 1000
	keepTrades = 4096
)

// brokerChecks holds what a broker says against what was sent to it.
type brokerChecks struct {
	u         *exchange.Universe
	orders    map[exchange.OrderID]*sentOrder
	done      []exchange.OrderID // ring
	next      int
	transfers map[uint64]exchange.Transfer // without an answer
	trades    recent[tradeKey, toldTrade]
	payments  recent[string, toldPayment] // by TranID
	before    exchange.OrderID            // the last of earlier runs
}

type sentOrder struct {
	exchange.Order
	over, told bool
	word       exchange.OrderStatus // the last one, if it was told: with how much filled
	said       exchange.Lots        // 0: that was left open
	heard      exchange.Lots        // the most that any word on it says is filled
	by         exchange.Time        // when fills of it are missed; 0: not yet known
	awaited    bool                 // one of the answers stands for that
}

type tradeKey struct {
	instrument exchange.InstrumentID
	id         string
}

// toldTrade is what a trade told again must agree with.
type toldTrade struct {
	order exchange.OrderID
	side  exchange.Side
	qty   exchange.Lots
	price exchange.Ticks
}

// toldPayment is what a payment told again must agree with.
type toldPayment struct {
	of     string // the instrument's key
	asset  string
	amount decimal.Decimal
}

// errRepeat is of a payment that was told before. It is not passed on, because the core
// books each that comes.
var errRepeat = errors.New("it was told before, and is booked once")

// recent remembers the latest keepTrades of something by what names it.
type recent[K comparable, V any] struct {
	known  map[K]V
	ring   []K
	oldest int
}

func (r *recent[K, V]) put(key K, v V) {
	if r.known == nil {
		r.known = map[K]V{}
	}
	_, again := r.known[key]
	r.known[key] = v
	switch {
	case again:
	case len(r.ring) < keepTrades:
		r.ring = append(r.ring, key)
	default:
		delete(r.known, r.ring[r.oldest])
		r.ring[r.oldest] = key
		r.oldest = (r.oldest + 1) % keepTrades
	}
}

func newBrokerChecks(u *exchange.Universe) brokerChecks {
	return brokerChecks{u: u, orders: map[exchange.OrderID]*sentOrder{}, transfers: map[uint64]exchange.Transfer{}}
}

// goOn takes what an earlier run left.
func (k *brokerChecks) goOn(from *core.Restore) {
	if from == nil {
		return
	}
	for i := range from.Orders {
		k.sent(&from.Orders[i])
	}
	for _, t := range from.Transit {
		k.transfers[t.ID] = t
	}
	for i := range from.Fills {
		f := &from.Fills[i].Fill
		key, whole := tradeKey{f.Instrument, f.TradeID}, toldTrade{earlier, f.Side, f.Qty, f.Price}
		if part, split := k.trades.known[key]; split { // among those who held what it took
			whole.qty += part.qty
		}
		k.trades.put(key, whole)
	}
	k.before = from.LastOrder
}

// paid takes the payments that earlier runs booked. One is in as many rows as had a share.
func (k *brokerChecks) paid(rows []ledger.Funding) {
	for i := range rows {
		x := &rows[i]
		of := string(x.Venue) + ":" + x.Symbol
		if in, ok := k.u.Find(x.Venue, x.Symbol); ok {
			of = in.Key()
		}
		k.payments.put(x.TranID, toldPayment{of, x.Asset, x.Amount.Add(k.payments.known[x.TranID].amount)})
	}
}

// earlier is the order of a fill of an earlier run, of which the order is not kept.
const earlier = ^exchange.OrderID(0)

func whose(id exchange.OrderID) string {
	switch id {
	case earlier:
		return "an earlier run"
	case 0:
		return "no order of ours"
	}
	return fmt.Sprintf("order %d", id)
}

func (k *brokerChecks) sent(o *exchange.Order) { k.orders[o.ID] = &sentOrder{Order: *o} }

// working are the orders without an end, oldest first.
func (k *brokerChecks) working() (out []exchange.OrderID) {
	for id, o := range k.orders {
		if !o.over {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// unsaid are those of them that the broker has said nothing of.
func (k *brokerChecks) unsaid() []exchange.OrderID {
	return slices.DeleteFunc(k.working(), func(id exchange.OrderID) bool { return k.orders[id].told })
}

// take checks an answer and remembers it.
func (k *brokerChecks) take(ev *exchange.Event) error {
	switch ev.Kind {
	case exchange.KindOrder:
		return k.update(&ev.Update)
	case exchange.KindFill:
		return k.fill(ev.Fill)
	case exchange.KindTransfer:
		return k.transfer(ev)
	case exchange.KindBalance:
		if ev.Asset == "" || !slices.Contains(k.u.Wallets(), ev.Wallet.Within(k.u.House())) {
			return fmt.Errorf("balance of %q in wallet %q: want an asset, and a wallet of %s", ev.Asset, ev.Wallet, k.u.Wallets())
		}
		return nil
	case exchange.KindFundingPaid:
		return k.payment(ev.Payment)
	}
	return fmt.Errorf("an event of kind %q: want order, fill, transfer, balance or funding_paid", ev.Kind)
}

func (k *brokerChecks) order(id exchange.OrderID) (*sentOrder, error) {
	if o := k.orders[id]; o != nil {
		return o, nil
	}
	return nil, fmt.Errorf("order %d: none of this number was sent, or it has been over for long", id)
}

func (k *brokerChecks) update(u *exchange.OrderUpdate) error {
	o, err := k.order(u.ID)
	if err != nil {
		return err
	}
	if u.Status < exchange.StatusAccepted || u.Status > exchange.StatusRejected {
		return fmt.Errorf("order %d: status %q (%d): want accepted, partial, unknown, filled, canceled, expired or rejected", u.ID, u.Status, u.Status)
	}
	if u.Filled < 0 || u.Filled > o.Qty {
		return fmt.Errorf("order %d: %d lots are said to be filled: it is for %d", u.ID, u.Filled, o.Qty)
	}
	if u.Status == exchange.StatusFilled && u.Filled == 0 {
		u.Filled = o.Qty
	}
	if u.Status.Terminal() {
		if err := o.last(u); err != nil {
			return err
		}
		k.finish(o)
	}
	if u.Filled > o.heard {
		o.heard, o.by = u.Filled, 0
	}
	u.Filled = max(u.Filled, o.Filled)
	o.told = true
	return nil
}

// last takes the last word on an order. It may come before fills that it speaks of, but it
// can't speak of fewer than were told, nor unsay what an earlier one said.
func (o *sentOrder) last(u *exchange.OrderUpdate) error {
	switch {
	case u.Status == exchange.StatusFilled && u.Filled != o.Qty:
		return fmt.Errorf("order %d: filled with %d lots: it is for %d", u.ID, u.Filled, o.Qty)
	case u.Status == exchange.StatusRejected && max(u.Filled, o.Filled) > 0:
		return fmt.Errorf("order %d: rejected with %d lots filled: want canceled or expired for the rest of one that was filled in part", u.ID, max(u.Filled, o.Filled))
	case u.Filled > 0 && u.Filled < o.Filled:
		return fmt.Errorf("order %d: %s with %d lots filled: fills of %d were told before", u.ID, u.Status, u.Filled, o.Filled)
	case u.Filled > 0 && u.Filled < o.heard, u.Status == exchange.StatusRejected && o.heard > 0:
		return fmt.Errorf("order %d: %s with %d lots filled: %d were said to be before", u.ID, u.Status, u.Filled, o.heard)
	case o.word != 0 && u.Status != o.word && max(u.Filled, o.said) > o.Filled, u.Status == o.word && u.Filled > 0 && o.said > 0 && u.Filled != o.said:
		return fmt.Errorf("order %d: %s with %d lots filled: it was said before to be %s with %d", u.ID, u.Status, u.Filled, o.word, max(o.said, o.Filled))
	}
	if o.word == 0 {
		o.word = u.Status
	}
	if o.word == u.Status {
		o.said = max(o.said, u.Filled)
	}
	return nil
}

// fillable is how much may have been filled of an order in all.
func (o *sentOrder) fillable() exchange.Lots {
	if o.word == exchange.StatusRejected || o.said > 0 {
		return o.said
	}
	return o.Qty
}

// missing says which fills of an order were not told; "": none.
func (k *brokerChecks) missing(id exchange.OrderID) string {
	o := k.orders[id]
	if o == nil || o.heard <= o.Filled {
		return ""
	}
	return fmt.Sprintf("order %d: %d lots are said to be filled, and fills of %d came: %d are in no book of ours", id, o.heard, o.Filled, o.heard-o.Filled)
}

func (k *brokerChecks) fill(f *exchange.Fill) error {
	switch {
	case f == nil:
		return errors.New("a fill without its Fill")
	case f.Instrument < 0 || int(f.Instrument) >= k.u.Len():
		return fmt.Errorf("fill %s of order %d: instrument %d: want 0 to %d", f.TradeID, f.Order, f.Instrument, k.u.Len()-1)
	case f.Side != exchange.Buy && f.Side != exchange.Sell, f.Qty <= 0, f.Price <= 0:
		return fmt.Errorf("fill %s of order %d: side %d, %d lots at %d ticks: want a side, and more than 0", f.TradeID, f.Order, f.Side, f.Qty, f.Price)
	case f.TradeID == "":
		return fmt.Errorf("fill of order %d: want a TradeID that no other fill of %s has", f.Order, k.u.Get(f.Instrument).Key())
	case !f.Fee.IsZero() && f.FeeAsset == "":
		return fmt.Errorf("fill %s of order %d: a fee of %s: want a FeeAsset", f.TradeID, f.Order, f.Fee)
	}
	key := tradeKey{f.Instrument, f.TradeID}
	told := toldTrade{f.Order, f.Side, f.Qty, f.Price}
	if first, twice := k.trades.known[key]; twice {
		if first.order == earlier && f.Order <= k.before {
			told.order = earlier
		}
		if told == first {
			return nil // it is told again, and the core books it once
		}
		return fmt.Errorf("fill %s of order %d, %s %d lots at %d ticks: another fill of %s, of %s, has this TradeID: %s %d at %d",
			f.TradeID, f.Order, f.Side, f.Qty, f.Price, k.u.Get(f.Instrument).Key(), whose(first.order), first.side, first.qty, first.price)
	}
	if f.Order == 0 {
		if f.Reason == "" {
			return fmt.Errorf("fill %s of no order of ours: want a Reason", f.TradeID)
		}
		k.trades.put(key, told)
		return nil
	}
	o, err := k.order(f.Order)
	switch {
	case err != nil:
		return fmt.Errorf("fill %s: %w", f.TradeID, err)
	case o.Instrument != f.Instrument || o.Side != f.Side:
		return fmt.Errorf("fill %s: a %s of %s: order %d is a %s of %s", f.TradeID, f.Side, k.u.Get(f.Instrument).Key(), o.ID, o.Side, k.u.Get(o.Instrument).Key())
	case f.Qty > o.Qty-o.Filled:
		return fmt.Errorf("fill %s: %d lots: order %d is for %d, of which %d were filled before", f.TradeID, f.Qty, o.ID, o.Qty, o.Filled)
	case f.Qty > o.fillable()-o.Filled:
		return fmt.Errorf("fill %s: %d lots: order %d was said to be %s with %d filled, and %d were before", f.TradeID, f.Qty, o.ID, o.word, o.said, o.Filled)
	}
	k.trades.put(key, told)
	o.told = true
	if o.Filled += f.Qty; o.Filled == o.Qty {
		k.finish(o)
	}
	return nil
}

func (k *brokerChecks) transfer(ev *exchange.Event) error {
	t := ev.Transfer
	if t == nil || t.Done == t.Failed {
		return errors.New("a transfer: want its Transfer, with Done or Failed set")
	}
	asked, ok := k.transfers[t.ID]
	switch {
	case !ok:
		return fmt.Errorf("transfer %d: none of this number is under way", t.ID)
	case t.Asset != asked.Asset || !t.Amount.Equal(asked.Amount) || t.From != asked.From || t.To != asked.To:
		return fmt.Errorf("transfer %d: %s %s from %s to %s: asked for were %s %s from %s to %s", t.ID, t.Amount, t.Asset, t.From, t.To, asked.Amount, asked.Asset, asked.From, asked.To)
	}
	t.Strategy = asked.Strategy
	delete(k.transfers, t.ID)
	return nil
}

func (k *brokerChecks) payment(p *exchange.FundingPayment) error {
	switch {
	case p == nil:
		return errors.New("a payment of funding without its Payment")
	case p.Instrument < 0 || int(p.Instrument) >= k.u.Len() || !k.u.Get(p.Instrument).Perp():
		return fmt.Errorf("funding %s: instrument %d: want a perpetual of the universe", p.TranID, p.Instrument)
	case p.Asset == "" || p.TranID == "":
		return fmt.Errorf("funding of %s: want an Asset and a TranID", k.u.Get(p.Instrument).Key())
	}
	in := k.u.Get(p.Instrument)
	first, twice := k.payments.known[p.TranID]
	switch {
	case !twice:
		k.payments.put(p.TranID, toldPayment{in.Key(), p.Asset, p.Amount})
		return nil
	case first.of == in.Key() && first.asset == p.Asset && first.amount.Equal(p.Amount):
		return fmt.Errorf("funding %s of %s: %w", p.TranID, in.Key(), errRepeat)
	}
	return fmt.Errorf("funding %s of %s, %s %s: another payment, of %s %s for %s, has this TranID", p.TranID, in.Key(), p.Amount, p.Asset, first.amount, first.asset, first.of)
}

func (k *brokerChecks) finish(o *sentOrder) {
	if o.over {
		return
	}
	o.over = true
	if len(k.done) < keepOrders {
		k.done = append(k.done, o.ID)
		return
	}
	delete(k.orders, k.done[k.next])
	k.done[k.next] = o.ID
	k.next = (k.next + 1) % keepOrders
}
