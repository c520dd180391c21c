package host

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
)

// orderDesk sends what the core decides to the account of its venue. It belongs to the
// loop.
type orderDesk struct {
	u      *exchange.Universe
	post   func(*exchange.Event)
	dark   *channels
	byID   []*liveAccount                    // by instrument; nil: its venue has no key
	orders map[exchange.OrderID]*liveAccount // that are not over
	list   []*liveAccount
}

var _ exchange.Execution = (*orderDesk)(nil)

func newOrderDesk(u *exchange.Universe, post func(*exchange.Event), dark *channels) *orderDesk {
	return &orderDesk{u: u, post: post, dark: dark, byID: make([]*liveAccount, u.Len()), orders: map[exchange.OrderID]*liveAccount{}}
}

// add takes an account that was started, with the orders that the ledger left open.
func (d *orderDesk) add(a *liveAccount, open []exchange.Order) {
	d.list = append(d.list, a)
	for _, in := range d.u.All() {
		if a.has(in) {
			d.byID[in.ID] = a
		}
	}
	for i := range open {
		if d.of(open[i].Instrument) == a {
			d.orders[open[i].ID] = a
		}
	}
}

// of is the account that an instrument is traded on; nil: none.
func (d *orderDesk) of(id exchange.InstrumentID) *liveAccount {
	if id < 0 || int(id) >= len(d.byID) {
		return nil
	}
	return d.byID[id]
}

// Submit implements exchange.Execution. An order at a venue that has no key is refused
// here, and so is new risk at one that is out of sight, while others are in view: what all
// are out of sight for, the gate holds.
func (d *orderDesk) Submit(o *exchange.Order, now exchange.Time) {
	house := d.u.Get(o.Instrument).Venue.House()
	a, why := d.of(o.Instrument), ""
	if a == nil {
		why = withoutKey(house)
	} else if dark := d.dark.why(house, exchange.ChannelOrders); len(d.list) > 1 && dark != "" && !o.ReduceOnly {
		why = fmt.Sprintf("no new risk at %s: %s", house, dark)
	}
	if why != "" {
		d.post(&exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument,
			Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusRejected, Reason: why}})
		return
	}
	d.orders[o.ID] = a
	a.venue.Submit(o, now)
}

// Cancel implements exchange.Execution. What is not known here is over.
func (d *orderDesk) Cancel(id exchange.OrderID, now exchange.Time) {
	if a := d.orders[id]; a != nil {
		a.venue.Cancel(id, now)
	}
}

// took forgets an order that is over.
func (d *orderDesk) took(u *exchange.OrderUpdate) {
	if u.Status.Terminal() {
		delete(d.orders, u.ID)
	}
}

// Transfer implements exchange.Execution. Between venues only people move money.
func (d *orderDesk) Transfer(t *exchange.Transfer, now exchange.Time) {
	from, to := d.holder(t.From), d.holder(t.To)
	if from != nil && from == to {
		from.venue.Transfer(t, now)
		return
	}
	failed := *t
	failed.Failed, failed.Reason = true, fmt.Sprintf("from %s to %s: between venues money is moved by people", t.From, t.To)
	if from == nil && to == nil {
		failed.Reason = fmt.Sprintf("from %s to %s: no account of the session has these wallets", t.From, t.To)
	}
	d.post(&exchange.Event{Kind: exchange.KindTransfer, Instrument: exchange.NoInstrument, Transfer: &failed})
}

// holder is the account that a wallet belongs to; nil: none. A name without its house is of
// the one house that there is.
func (d *orderDesk) holder(w exchange.Wallet) *liveAccount {
	house := w.House()
	if house == "" {
		house = d.u.House()
	}
	for _, a := range d.list {
		if a.house() == house {
			return a
		}
	}
	return nil
}
