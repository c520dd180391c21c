package account

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// The venue modifies an order by canceling it and placing another one with the same client
// id, a higher number, and a size of its own: what the old one filled is not counted in.
// Sources: the manual, exchange endpoint, "Modify multiple orders"; nautilus_trader, issues
// 3986 and 4154, for what that did to partly filled orders.

// overfills is how often an amendment is put right that overlooked a fill under way.
const overfills = 3

// Amend implements oms.Amender. The old order is named by its number and not by our id, so
// that nothing but it can be replaced, also by a request that comes late. A fill while the
// request was under way makes the new order too large: what was filled of the old one in the
// end is asked for, and taken off at once. Until then the order may fill more than it should,
// by no more than that fill.
func (a *Account) Amend(ctx context.Context, orderID string, o oms.Order) (oms.Report, error) {
	act := client.Action{Venue: o.Venue, What: "amend " + o.Symbol, Pool: client.Orders, Parts: 1, Priority: limit.Open}
	if o.ReduceOnly {
		act.Priority = limit.Hedge
	}
	wire, err := a.order(ctx, &o)
	if err != nil {
		return oms.Report{}, asked(&act, err)
	}
	old, err := a.Query(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: orderID})
	if err != nil {
		return oms.Report{}, err
	}
	if !a.replaced.known(wire.Cloid, old.OrderID) {
		return oms.Report{}, act.Fault(exchange.ErrRefused, errors.New("it is of an earlier run, of whose orders the venue does not list all: what it filled before it was amended there can't be asked; cancel it and place another"))
	}
	for range overfills {
		if old.Status.Terminal() {
			return oms.Report{}, act.Fault(exchange.ErrAlreadyFinal, fmt.Errorf("the order is %s", old.Status))
		}
		r, err := a.replace(ctx, act, wire, &o, &old)
		if err != nil {
			return oms.Report{}, a.afterRefusal(ctx, &act, &old, err)
		}
		was, err := a.status(ctx, o.Venue, o.Symbol, old.OrderID)
		if err != nil {
			return oms.Report{}, act.Fault(exchange.ErrUnknown, fmt.Errorf("it was replaced; what the old one had filled can't be asked: %w", err))
		}
		missed := was.Filled.Sub(old.Filled)
		a.replaced.filled(wire.Cloid, old.OrderID, was.Filled)
		r.Filled = r.Filled.Add(missed)
		if !missed.IsPositive() || r.Status.Terminal() {
			r.Qty = decimal.Max(r.Qty, r.Filled)
			return r, nil
		}
		if r.Filled.GreaterThanOrEqual(o.Qty) {
			_, err := a.Cancel(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: r.OrderID})
			r.Status, r.Qty = exchange.StatusFilled, r.Filled
			return r, err
		}
		old = r
	}
	return old, act.Fault(exchange.ErrUnknown, fmt.Errorf("the order was filled each of the %d times that it was changed: ask what is left", overfills))
}

// replace sends one modification; old is as far as the whole order is known to be.
func (a *Account) replace(ctx context.Context, act client.Action, wire signing.Order, o *oms.Order, old *oms.Report) (r oms.Report, err error) {
	if wire.Size = o.Qty.Sub(old.Filled); !wire.Size.IsPositive() {
		return r, act.Fault(exchange.ErrRefused, fmt.Errorf("quantity %s: want more than the %s that are filled", o.Qty, old.Filled))
	}
	oid, err := strconv.ParseUint(old.OrderID, 10, 63)
	if err != nil {
		return r, act.Fault(exchange.ErrRefused, fmt.Errorf("order %q: want a number", old.OrderID))
	}
	act.Make = func(uint64) signing.Object { return signing.Modify(signing.Int(oid), wire) }
	a.replaced.add(wire.Cloid, oid, old.Filled)
	statuses, err := a.Do(ctx, act)
	if err == nil && len(statuses) != 1 {
		err = act.Garbled(fmt.Errorf("%d statuses of one order", len(statuses)))
	}
	if err == nil {
		rest := *o
		rest.Qty = wire.Size
		r, err = a.placed(&act, &rest, statuses[0])
	}
	if v := (*exchange.VenueError)(nil); errors.As(err, &v) && v.Class != exchange.ErrUnknown {
		a.replaced.remove(wire.Cloid, oid)
	}
	r.Qty, r.Filled = o.Qty, r.Filled.Add(old.Filled)
	return r, err
}

// afterRefusal is what a refusal means: an order that ended on the way, or was ended by it,
// is over, and one that no answer came for is not known.
func (a *Account) afterRefusal(ctx context.Context, act *client.Action, old *oms.Report, refused error) error {
	v := (*exchange.VenueError)(nil)
	if errors.As(refused, &v) && v.Class != exchange.ErrRefused && v.Class != exchange.ErrFunds {
		return refused
	}
	now, err := a.status(ctx, act.Venue, old.Symbol, old.OrderID)
	if err == nil && now.Status.Terminal() {
		return act.Fault(exchange.ErrAlreadyFinal, fmt.Errorf("the order is %s: %w", now.Status, refused))
	}
	return refused
}

// part is an order that another one took the place of.
type part struct {
	oid    uint64
	filled decimal.Decimal // of the whole until then
}

// mostPast is how many past orders the venue lists. Source: the manual, info endpoint,
// "Retrieve a user's historical orders".
const mostPast = 2000

// learn lists what earlier runs replaced: of the orders of one client id, all but the last.
func (a *Account) learn(ctx context.Context) error {
	filled := map[string]map[uint64]decimal.Decimal{} // by cloid and number, which may have a row for each of its states
	names, n := []string{}, 0
	q := client.Question{What: "list past orders", Weight: client.Rows(mostPast, 20), Priority: limit.Hedge, Body: client.Ask("historicalOrders", user(a))}
	err := a.rows(ctx, q, func(raw []byte) error {
		n++
		r, err := readStatus(raw)
		oid, wrong := strconv.ParseUint(r.OrderID, 10, 63)
		if err = errors.Join(err, wrong); err != nil {
			a.log("a past order is passed over: " + err.Error())
			a.replaced.cut = true
			return nil
		}
		a.replaced.newest = max(a.replaced.newest, oid)
		cloid := cloidOf(r.ClientID)
		if cloid == "" {
			return nil
		}
		if filled[cloid] == nil {
			filled[cloid], names = map[uint64]decimal.Decimal{}, append(names, cloid)
		}
		filled[cloid][oid] = decimal.Max(filled[cloid][oid], r.Filled)
		return nil
	})
	if err != nil {
		return err
	}
	a.replaced.cut = a.replaced.cut || n >= mostPast
	for _, cloid := range slices.Backward(names) { // the newest come first
		oids, whole := slices.Sorted(maps.Keys(filled[cloid])), decimal.Zero
		for _, oid := range oids[:len(oids)-1] {
			whole = whole.Add(filled[cloid][oid])
			a.replaced.add(cloid, oid, whole)
		}
	}
	return nil
}

// replacements are the orders of a client id that were replaced.
type replacements struct {
	newest uint64 // order when the process began
	cut    bool   // there were orders before it that are not known, as when there were more than the venue lists

	mu    sync.Mutex
	of    map[string][]part // by cloid, oldest first
	order []string          // of arrival
}

// mostReplaced is how many amended orders are remembered.
const mostReplaced = 1000

// known reports whether all that an order took the place of is known.
func (p *replacements) known(cloid, orderID string) bool {
	first, err := strconv.ParseUint(orderID, 10, 63)
	p.mu.Lock()
	defer p.mu.Unlock()
	if list := p.of[cloid]; len(list) > 0 {
		first = list[0].oid
	}
	return err != nil || !p.cut || first > p.newest
}

func (p *replacements) add(cloid string, oid uint64, filled decimal.Decimal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.of == nil {
		p.of = map[string][]part{}
	}
	if p.of[cloid] == nil {
		p.order = append(p.order, cloid)
		if len(p.order) > mostReplaced {
			delete(p.of, p.order[0])
			p.order = p.order[1:]
		}
	}
	p.of[cloid] = append(p.of[cloid], part{oid, filled})
}

// remove forgets the last one, which was not replaced after all.
func (p *replacements) remove(cloid string, oid uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if list := p.of[cloid]; len(list) > 0 && list[len(list)-1].oid == oid {
		p.of[cloid] = list[:len(list)-1]
	}
}

// filled corrects what was filled until an order was replaced.
func (p *replacements) filled(cloid, orderID string, filled decimal.Decimal) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range p.of[cloid] {
		if strconv.FormatUint(p.of[cloid][i].oid, 10) == orderID {
			p.of[cloid][i].filled = filled
		}
	}
}

// whole makes a report of an order one of all that it took the place of; old says that it
// was replaced itself.
func (p *replacements) whole(r *oms.Report) (old bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.of[cloidOf(r.ClientID)]
	oid, err := strconv.ParseUint(r.OrderID, 10, 63)
	if err != nil {
		return false
	}
	before := decimal.Zero
	for i := range list {
		switch {
		case list[i].oid == oid:
			old = true
		case list[i].oid < oid:
			before = list[i].filled
		}
	}
	r.Qty, r.Filled = r.Qty.Add(before), r.Filled.Add(before)
	if r.Status == exchange.StatusAccepted && r.Filled.IsPositive() {
		r.Status = exchange.StatusPartial
	}
	return old
}
