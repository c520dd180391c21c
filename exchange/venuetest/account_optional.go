package venuetest

import (
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
)

// transfers: a transfer has an id that its row in the history has too, and is found there
// as the manager looks for it.
func (c *caller) transfers() {
	a, ok := c.a.(oms.Transfers)
	if !ok || c.b.Transfer == nil {
		c.Skip("this account has no transfers")
	}
	p, t, house := c.a.Profile(), c.b.Transfer, c.b.Universe.House()
	full := func(w exchange.Wallet) exchange.Wallet {
		return exchange.Wallet(house) + "." + w.Within(house)
	}
	o := oms.TransferOrder{Asset: t.Asset, From: full(t.From), To: full(t.To), Amount: t.Amount, Tag: "t1x1"}
	if p.MarkTransfer != nil {
		o.Amount = p.MarkTransfer(t.Amount, 1)
	}
	id, err := a.Transfer(c.ctx, o)
	if err != nil || id == "" {
		c.Fatalf("id %q, %v", id, err)
	}
	var row oms.TransferRow
	for end := time.Now().Add(patience); time.Now().Before(end); {
		rows, err := a.TransferHistory(c.ctx, o.From, o.To, c.a.Now()-exchange.Hour)
		if err != nil {
			c.Fatal(err)
		}
		for _, r := range rows {
			if r.ID == id {
				row = r
			}
		}
		if row.Done {
			break
		}
		c.b.Pass(50 * exchange.Millisecond)
	}
	if !row.Done || row.Failed || row.Asset != o.Asset || row.From != o.From || row.To != o.To || !row.Amount.Equal(o.Amount) || row.Time == 0 ||
		p.MarkTransfer == nil && row.Tag != o.Tag {
		c.Errorf("%+v, want %+v with id %s", row, o, id)
	}
	o.Amount = decimal.New(1, 12)
	_, err = a.Transfer(c.ctx, o)
	classOf(c.T, "more than there is", err, exchange.ErrFunds)
	if n := c.b.NoRoute; n != nil {
		if p.Route == nil || p.Route(full(n.From), full(n.To)) == "" {
			c.Errorf("the profile has a way from %s to %s", n.From, n.To)
		}
		_, err = a.Transfer(c.ctx, oms.TransferOrder{Asset: n.Asset, From: full(n.From), To: full(n.To), Amount: n.Amount, Tag: "t1x2"})
		classOf(c.T, "without a way", err, exchange.ErrRefused)
	}
}

// deadMan: a switch that is not renewed cancels what rests.
func (c *caller) deadMan(tr *Trade) {
	a, ok := c.a.(oms.DeadMan)
	if !ok {
		c.Skip("this account has no dead-man switch: the manager cancels by itself")
	}
	in := c.instrument(tr)
	venue, symbol := in.Venue, in.Symbol
	switch scopeOf(c.a, in.Venue) {
	case oms.SwitchNone:
		c.Skipf("%s has no switch", in.Venue)
	case oms.SwitchSegment:
		symbol = ""
	case oms.SwitchAccount:
		venue, symbol = "", ""
	}
	o := c.make(tr, exchange.GTC, tr.Rest)
	placed := c.place(o)
	if err := a.ArmDeadMan(c.ctx, venue, symbol, exchange.Minute); err != nil {
		c.Error(err)
	}
	if err := a.ArmDeadMan(c.ctx, venue, symbol, 0); err != nil {
		c.Errorf("turned off: %v", err)
	}
	soon := max(exchange.Second, countdownOf(c.a, in.Venue).Least)
	if err := a.ArmDeadMan(c.ctx, venue, symbol, soon); err != nil {
		c.Error(err)
	}
	c.b.Pass(soon)
	if r := c.queried(&o, placed.OrderID, false); r.Status != exchange.StatusCanceled && r.Status != exchange.StatusExpired {
		c.Errorf("%+v", r)
	}
}

func countdownOf(a oms.Account, v exchange.Venue) oms.Countdown {
	for _, s := range a.Profile().Segments {
		if s.Venue == v {
			return s.Countdown
		}
	}
	return oms.Countdown{}
}

func scopeOf(a oms.Account, v exchange.Venue) oms.SwitchScope {
	for _, s := range a.Profile().Segments {
		if s.Venue == v {
			return s.Switch
		}
	}
	return oms.SwitchNone
}

// amend: a resting order has another quantity and keeps its name, where its segment takes
// amendments.
func (c *caller) amend() {
	a, ok := c.a.(oms.Amender)
	if !ok {
		c.Skip("this account does not amend: an order is canceled and placed again")
	}
	for i := range c.b.Trades {
		tr := &c.b.Trades[i]
		o := c.make(tr, exchange.GTC, tr.Rest)
		placed := c.place(o)
		o.Qty = o.Qty.Mul(decimal.NewFromInt(2))
		r, err := a.Amend(c.ctx, placed.OrderID, o)
		if err != nil && !c.instrument(tr).Perp() {
			classOf(c.T, tr.Key+": amended", err, exchange.ErrRefused)
			continue
		}
		if err != nil || r.ClientID != o.ClientID || !r.Qty.Equal(o.Qty) || r.Status != exchange.StatusAccepted {
			c.Errorf("%s: %+v %v", tr.Key, r, err)
		}
		if _, err := c.a.Cancel(c.ctx, ref(&o, placed.OrderID)); err != nil {
			c.Errorf("%s: %v", tr.Key, err)
		}
	}
}

// amendRaced: an order that is filled before its amendment gets there is over, and the answer
// says so; it is not taken for one that was never there.
func (c *caller) amendRaced() {
	a, ok := c.a.(oms.Amender)
	if !ok || c.b.Inject == nil || !c.b.Inject(AmendRaced) {
		c.Skipf("this venue can't be made to do it: %s", AmendRaced)
	}
	c.b.Pass(50 * exchange.Millisecond)
	o := c.make(&c.b.Trades[0], exchange.GTC, c.b.Trades[0].Rest)
	placed := c.place(o)
	o.Qty = o.Qty.Mul(decimal.NewFromInt(2))
	_, err := a.Amend(c.ctx, placed.OrderID, o)
	classOf(c.T, "amended too late", err, exchange.ErrAlreadyFinal, exchange.ErrNotFound)
	if r, err := c.a.Query(c.ctx, ref(&o, placed.OrderID)); err != nil || r.Status != exchange.StatusFilled {
		c.Errorf("%+v %v, want it filled", r, err)
	}
}

// batch: each part of a batch succeeds or fails alone, in the order of what was asked.
func (c *caller) batch() {
	a, ok := c.a.(oms.Batcher)
	if !ok {
		c.Skip("this account has no batches: orders are sent one by one")
	}
	for i := range c.b.Trades {
		tr := &c.b.Trades[i]
		orders := []oms.Order{c.make(tr, exchange.GTC, tr.Rest), c.make(tr, exchange.GTC, tr.Rest), c.make(tr, exchange.GTC, tr.Rest)}
		orders[1].Qty = decimal.New(1, -12)
		results, err := a.PlaceBatch(c.ctx, orders[0].Venue, orders)
		if err != nil && !c.instrument(tr).Perp() {
			classOf(c.T, tr.Key+": batch", err, exchange.ErrRefused)
			continue
		}
		if err != nil || len(results) != len(orders) {
			c.Fatalf("%s: %+v %v", tr.Key, results, err)
		}
		for i, r := range results {
			if bad := i == 1; bad != (r.Err != nil) || !bad && r.Report.ClientID != orders[i].ClientID {
				c.Errorf("%s: part %d: %+v", tr.Key, i, r)
			}
		}
		refs := make([]oms.OrderRef, len(orders))
		for i := range refs {
			refs[i] = ref(&orders[i], results[i].Report.OrderID)
		}
		results, err = a.CancelBatch(c.ctx, orders[0].Venue, refs)
		if err != nil || len(results) != len(orders) || results[0].Err != nil || results[1].Err == nil || results[2].Err != nil {
			c.Errorf("%s: canceled: %+v %v", tr.Key, results, err)
		}
	}
}

// hedgeMode: the account is in the mode that its profile says.
func (c *caller) hedgeMode() {
	a, ok := c.a.(oms.HedgeMode)
	if !ok {
		c.Skip("this account has no hedge mode")
	}
	for _, s := range c.a.Profile().Segments {
		if s.Spot {
			continue
		}
		if on, err := a.HedgeMode(c.ctx, s.Venue); on != s.Hedged || err != nil {
			c.Errorf("%s: hedge mode %t, %v", s.Venue, on, err)
		}
	}
}
