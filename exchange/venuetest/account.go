package venuetest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// Account tries what an account answers: the calls that every one has, and those that it
// has beside them.
func Account(t *testing.T, h Harness) {
	t.Parallel()
	each := func(name string, try func(*caller)) { trying(t, name, func(t *testing.T) { try(call(t, &h)) }) }
	each("profile", (*caller).profile)
	each("order", (*caller).order)
	each("errors", (*caller).errors)
	each("executions", (*caller).executions)
	each("funds", (*caller).funds)
	each("transfers", (*caller).transfers)
	trying(t, "dead man", func(t *testing.T) {
		for i, tr := range h.Open(t).Trades {
			trying(t, tr.Key, func(t *testing.T) {
				c := call(t, &h)
				c.deadMan(&c.b.Trades[i])
			})
		}
	})
	each("amend", (*caller).amend)
	each("amend raced", (*caller).amendRaced)
	each("batch", (*caller).batch)
	each("hedge mode", (*caller).hedgeMode)
	each("login ended", func(c *caller) { c.mended(LoginEnded, exchange.ErrKey, exchange.ErrUnavailable) })
	each("nonce refused", func(c *caller) { c.mended(NonceRefused) })
	each("rate limited", func(c *caller) { c.limited(RateLimited, exchange.ErrRateLimited) })
	each("unknown", func(c *caller) { c.limited(AnswerLost, exchange.ErrUnknown) })
	each("unavailable", func(c *caller) { c.limited(Unavailable, exchange.ErrUnavailable, exchange.ErrUnknown) })
}

// caller asks an account.
type caller struct {
	*testing.T
	b   *Bench
	a   oms.Account
	ctx context.Context
	n   int
}

// call begins to ask a fresh account.
func call(t *testing.T, h *Harness) *caller {
	t.Helper()
	b := h.Open(t)
	if b.Account == nil {
		t.Skip("this venue has no account: orders are taken in the loop")
	}
	ctx, stop := context.WithTimeout(context.Background(), patience)
	t.Cleanup(stop)
	return &caller{T: t, b: b, ctx: ctx, a: b.Account}
}

// instrument is that of a trade.
func (c *caller) instrument(tr *Trade) *exchange.Instrument {
	c.Helper()
	in, err := c.b.Universe.Lookup(tr.Key)
	if err != nil {
		c.Fatal(err)
	}
	return in
}

// make is an order of the next client id, at a price or, with 0, at the market.
func (c *caller) make(tr *Trade, tif exchange.TimeInForce, price decimal.Decimal) oms.Order {
	c.Helper()
	in := c.instrument(tr)
	c.n++
	o := oms.Order{Venue: in.Venue, Symbol: in.Symbol, ClientID: oms.Tag(c.b.Began()) + "-" + string(rune('a'+c.n)), Side: exchange.Buy,
		Type: exchange.MarketOrder, TIF: tif, Qty: tr.Qty, Price: price}
	if price.IsPositive() {
		o.Type = exchange.Limit
	}
	for _, s := range c.a.Profile().Segments {
		if s.Venue == in.Venue && s.Hedged {
			o.PositionSide = o.Side
		}
	}
	return o
}

func (c *caller) place(o oms.Order) oms.Report {
	c.Helper()
	r, err := c.a.Place(c.ctx, o)
	if err != nil {
		c.Fatalf("%s:%s: %v", o.Venue, o.Symbol, err)
	}
	return r
}

func ref(o *oms.Order, orderID string) oms.OrderRef {
	return oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: orderID}
}

// queried asks for an order until it is over, or rests with open.
func (c *caller) queried(o *oms.Order, orderID string, open bool) oms.Report {
	c.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); {
		r, err := c.a.Query(c.ctx, ref(o, orderID))
		if err == nil && (open || r.Status.Terminal()) {
			return r
		}
		if err != nil && !errors.Is(err, exchange.ErrNotFound) {
			c.Fatal(err)
		}
		c.b.Pass(50 * exchange.Millisecond)
	}
	c.Fatalf("%s of %s is never told of", o.ClientID, o.Symbol)
	return oms.Report{}
}

// profile: the account says what it is like, in full names, and takes our client ids.
func (c *caller) profile() {
	p := c.a.Profile()
	c.Logf("capabilities:\n%s", oms.CapabilitiesOf(c.a))
	for _, s := range p.Segments {
		if s.Venue.House() == "" || len(s.Wallets) == 0 {
			c.Errorf("segment %+v: want a full name and the wallets that back it", s)
		}
	}
	if id := oms.Tag(c.a.Now()) + "-zzzz"; p.ClientID != nil && p.ClientID(id) != "" {
		c.Errorf("client ids such as %s are not taken: %s", id, p.ClientID(id))
	}
	if _, ok := c.a.(oms.Incomes); !ok {
		for _, w := range p.Income {
			c.Errorf("%s is said to have a log, and nobody lists it", w)
		}
	}
	if _, ok := c.a.(oms.DeadMan); !ok {
		for _, s := range p.Segments {
			if s.Switch != oms.SwitchNone {
				c.Errorf("%s is said to have a switch, and nobody arms it", s.Venue)
			}
		}
	}
}

// order: what rests is reported, queried and listed alike, and is gone after a cancel.
func (c *caller) order() {
	for i := range c.b.Trades {
		tr := &c.b.Trades[i]
		o := c.make(tr, exchange.PostOnly, tr.Rest)
		placed := c.place(o)
		for what, r := range map[string]oms.Report{"placing": placed, "query": c.queried(&o, placed.OrderID, true), "listing": c.listed(&o)} {
			if r.Venue != o.Venue || r.Symbol != o.Symbol || r.ClientID != o.ClientID || r.OrderID == "" || r.OrderID != placed.OrderID || r.Status != exchange.StatusAccepted {
				c.Errorf("%s: %s: %+v", tr.Key, what, r)
			}
		}
		if _, err := c.a.Cancel(c.ctx, ref(&o, placed.OrderID)); err != nil {
			c.Errorf("%s: %v", tr.Key, err)
		}
		if r := c.queried(&o, placed.OrderID, false); r.Status != exchange.StatusCanceled || !r.Filled.IsZero() {
			c.Errorf("%s: after the cancel: %+v", tr.Key, r)
		}
		if r := c.listed(&o); r.OrderID != "" {
			c.Errorf("%s: listed after the cancel: %+v", tr.Key, r)
		}
	}
}

// listed is an order among the open ones; nothing when it is not there.
func (c *caller) listed(o *oms.Order) oms.Report {
	c.Helper()
	list, err := c.a.OpenOrders(c.ctx, o.Venue)
	if err != nil {
		c.Fatal(err)
	}
	for _, r := range list {
		if r.ClientID == o.ClientID {
			return r
		}
	}
	return oms.Report{}
}

// errors: refusals have the class that says what to do.
func (c *caller) errors() {
	for i := range c.b.Trades {
		tr := &c.b.Trades[i]
		o := c.make(tr, exchange.GTC, tr.Rest)
		_, err := c.a.Query(c.ctx, ref(&o, ""))
		classOf(c.T, tr.Key+": query of nothing", err, exchange.ErrNotFound)
		_, err = c.a.Cancel(c.ctx, ref(&o, ""))
		classOf(c.T, tr.Key+": cancel of nothing", err, exchange.ErrNotFound, exchange.ErrAlreadyFinal)
		placed := c.place(o)
		if !c.a.Profile().Reuses {
			_, err = c.a.Place(c.ctx, o)
			classOf(c.T, tr.Key+": the same client id", err, exchange.ErrDuplicate)
		}
		if _, err := c.a.Cancel(c.ctx, ref(&o, placed.OrderID)); err != nil {
			c.Errorf("%s: %v", tr.Key, err)
		}
		_, err = c.a.Cancel(c.ctx, ref(&o, placed.OrderID))
		classOf(c.T, tr.Key+": cancel again", err, exchange.ErrNotFound, exchange.ErrAlreadyFinal)
		bad := c.make(tr, exchange.GTC, tr.Rest)
		bad.Qty = decimal.New(1, -12)
		_, err = c.a.Place(c.ctx, bad)
		classOf(c.T, tr.Key+": less than a lot", err, exchange.ErrRefused)
	}
	if c.b.TooMuch.IsPositive() {
		tr := c.b.Trades[0]
		tr.Qty = c.b.TooMuch
		_, err := c.a.Place(c.ctx, c.make(&tr, exchange.GTC, tr.Rest))
		classOf(c.T, "too much", err, exchange.ErrFunds)
	}
}

// executions: a listing has each trade once, in the order of cursors, and one that begins
// at a cursor has what is there first.
func (c *caller) executions() {
	cursorOf := c.a.Profile().Cursor
	if cursorOf == nil {
		cursorOf = oms.CursorOfTime
	}
	for i := range c.b.Trades {
		tr := &c.b.Trades[i]
		in := c.instrument(tr)
		const orders = 3
		for range orders {
			o := c.make(tr, exchange.IOC, decimal.Zero)
			c.queried(&o, c.place(o).OrderID, false)
		}
		var all []oms.Execution
		sum := decimal.Zero
		for end := time.Now().Add(patience); time.Now().Before(end); { // the listing may lag
			var err error
			if all, err = c.a.Executions(c.ctx, in.Venue, in.Symbol, ""); err != nil {
				c.Fatal(err)
			}
			sum = decimal.Zero
			for _, e := range all {
				sum = sum.Add(e.Qty)
			}
			if sum.Equal(tr.Qty.Mul(decimal.NewFromInt(orders))) {
				break
			}
			c.b.Pass(50 * exchange.Millisecond)
		}
		if !sum.Equal(tr.Qty.Mul(decimal.NewFromInt(orders))) {
			c.Fatalf("%s: executions of %s, want %d of %s", tr.Key, sum, orders, tr.Qty)
		}
		seen := map[string]bool{}
		var last oms.Cursor
		for _, e := range all {
			at := cursorOf(e.TradeID, e.Time)
			if e.Venue != in.Venue || e.Symbol != in.Symbol || e.TradeID == "" || e.OrderID == "" || seen[e.TradeID] || at < last ||
				!e.Price.IsPositive() || e.Time == 0 || e.Side != exchange.Buy {
				c.Errorf("%s: %+v at %s, after %s", tr.Key, e, at, last)
			}
			seen[e.TradeID], last = true, at
		}
		middle := &all[len(all)/2]
		alike := 0 // before it, at the same place: a cursor may be a time
		for _, e := range all[:len(all)/2] {
			if cursorOf(e.TradeID, e.Time) == cursorOf(middle.TradeID, middle.Time) {
				alike++
			}
		}
		rest, err := c.a.Executions(c.ctx, in.Venue, in.Symbol, cursorOf(middle.TradeID, middle.Time))
		if err != nil || len(rest) == 0 || len(rest) > len(all)-len(all)/2+alike || rest[len(rest)-1].TradeID != all[len(all)-1].TradeID {
			c.Errorf("%s: from the middle on: %d of %d (%v)", tr.Key, len(rest), len(all), err)
		}
		found := false
		for _, e := range rest {
			found = found || e.TradeID == middle.TradeID
		}
		if !found {
			c.Errorf("%s: what is at the cursor is not listed from it on", tr.Key)
		}
	}
}

// funds: balances have their wallets' names, and positions their segments'.
func (c *caller) funds() {
	p := c.a.Profile()
	for _, s := range p.Segments {
		for _, w := range s.Wallets {
			list, err := c.a.Balances(c.ctx, w)
			if err != nil {
				c.Errorf("%s: %v", w, err)
			}
			for _, b := range list {
				if b.Wallet != w || b.Asset == "" || b.Total.IsZero() && b.Free.IsZero() {
					c.Errorf("%s: %+v", w, b)
				}
			}
		}
	}
	for i := range c.b.Trades {
		tr := &c.b.Trades[i]
		in := c.instrument(tr)
		o := c.make(tr, exchange.IOC, decimal.Zero)
		c.queried(&o, c.place(o).OrderID, false)
		list, err := c.a.Positions(c.ctx, in.Venue)
		switch {
		case err != nil:
			c.Errorf("%s: %v", tr.Key, err)
		case !in.Perp() && len(list) > 0:
			c.Errorf("%s: positions of coins: %+v", tr.Key, list)
		case in.Perp():
			of := slices.DeleteFunc(slices.Clone(list), func(p oms.Position) bool { return p.Symbol != in.Symbol })
			if len(of) != 1 || of[0].Venue != in.Venue || !of[0].Qty.Equal(tr.Qty) || !of[0].Entry.IsPositive() {
				c.Errorf("%s: %+v, want %s", tr.Key, list, tr.Qty)
			}
		}
	}
}
