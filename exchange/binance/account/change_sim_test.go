package account_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
)

func TestModify(t *testing.T) {
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		ctx := context.Background()
		for _, o := range bids[1:] {
			placed, err := c.Place(ctx, o)
			if err != nil {
				t.Fatal(err)
			}
			o.Price, o.Qty = dec("41000"), o.Qty.Mul(dec("2"))
			r, err := c.Amend(ctx, placed.OrderID, o)
			if err != nil || r.OrderID != placed.OrderID || r.ClientID != o.ClientID || !r.Price.Equal(o.Price) || !r.Qty.Equal(o.Qty) || r.Status != exchange.StatusAccepted {
				t.Errorf("%v: %+v %v", o.Venue, r, err)
			}
			if err := c.CancelAll(ctx, api.Of(o.Venue), o.Symbol); err != nil {
				t.Error(err)
			}
			if open, err := c.OpenOrders(ctx, o.Venue); err != nil || len(open) != 0 {
				t.Errorf("%v: still open: %v %v", o.Venue, open, err)
			}
			if err := c.CancelAll(ctx, api.Of(o.Venue), o.Symbol); err != nil {
				t.Errorf("%v: nothing to cancel: %v", o.Venue, err)
			}
		}
		if _, err := c.Amend(ctx, "", bids[0]); fault(t, err).Class != exchange.ErrRefused {
			t.Error("spot has no modify")
		}
	})
}

func TestReplace(t *testing.T) {
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		ctx := context.Background()
		o := bids[0]
		if _, err := c.Place(ctx, o); err != nil {
			t.Fatal(err)
		}
		next := o
		next.ClientID, next.Price = "rest-2", dec("41000")
		r, err := c.Replace(ctx, o.ClientID, next)
		if err != nil || r.Cancel != nil || r.Place != nil || r.Canceled.ClientID != o.ClientID || r.Canceled.Status != exchange.StatusCanceled ||
			r.Placed.ClientID != next.ClientID || r.Placed.Status != exchange.StatusAccepted {
			t.Fatalf("replace: %+v %v", r, err)
		}
		taker := next
		taker.ClientID, taker.Price = "rest-3", dec("120000")
		r, err = c.Replace(ctx, next.ClientID, taker)
		if err != nil || r.Cancel != nil || r.Place == nil || r.Place.Code != "-2010" || r.Place.Class != exchange.ErrRefused || r.Canceled.Status != exchange.StatusCanceled {
			t.Errorf("the new order is refused: %+v %v", r, err)
		}
		r, err = c.Replace(ctx, "never-sent", next)
		if err != nil || r.Cancel == nil || r.Cancel.Code != "-2011" || r.Place == nil || r.Place.Err == nil {
			t.Errorf("nothing to cancel: %+v %v", r, err)
		}
	})
}

func TestBatches(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	ctx := context.Background()
	for _, o := range bids[1:] {
		var orders []oms.Order
		var ids []string
		var refs []oms.OrderRef
		for i := range 3 {
			o.ClientID = fmt.Sprintf("batch-%d", i)
			orders, ids = append(orders, o), append(ids, o.ClientID)
			refs = append(refs, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
		}
		orders[1].Qty = decimal.Zero // refused, and alone
		results, err := c.PlaceBatch(ctx, o.Venue, orders)
		if err != nil || len(results) != 3 {
			t.Fatalf("%v: %+v %v", o.Venue, results, err)
		}
		for i, r := range results {
			if i == 1 {
				if !errors.Is(r.Err, exchange.ErrRefused) {
					t.Errorf("%v: %+v", o.Venue, r)
				}
			} else if r.Err != nil || r.Report.ClientID != ids[i] || r.Report.Status != exchange.StatusAccepted {
				t.Errorf("%v: %+v %v", o.Venue, r.Report, r.Err)
			}
		}
		results, err = c.CancelBatch(ctx, o.Venue, refs)
		if err != nil || len(results) != 3 || results[0].Report.Status != exchange.StatusCanceled || !errors.Is(results[1].Err, exchange.ErrAlreadyFinal) {
			t.Errorf("%v: %+v %v", o.Venue, results, err)
		}
		if _, err := c.PlaceBatch(ctx, o.Venue, make([]oms.Order, 6)); fault(t, err).HTTP != 0 {
			t.Error("six orders were sent")
		}
	}
}

func TestSettings(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	ctx := context.Background()
	_, in := listening(t, c, api.USDM)
	for _, o := range bids[1:] {
		if err := c.SetLeverage(ctx, api.Of(o.Venue), o.Symbol, 7); err != nil {
			t.Error(err)
		}
		configs, err := c.SymbolConfigs(ctx, api.Of(o.Venue))
		found := false
		for _, v := range configs {
			found = found || v == account.SymbolConfig{Symbol: o.Symbol, Leverage: 7}
		}
		if err != nil || !found {
			t.Errorf("%v: %+v %v", o.Venue, configs, err)
		}
		if err := c.SetIsolated(ctx, api.Of(o.Venue), o.Symbol, false); err != nil {
			t.Errorf("%v: it is cross already: %v", o.Venue, err)
		}
		if hedge, err := c.HedgeMode(ctx, o.Venue); hedge || err != nil {
			t.Errorf("%v: hedge mode %v %v", o.Venue, hedge, err)
		}
		if err := c.SetHedgeMode(ctx, api.Of(o.Venue), false); err != nil {
			t.Errorf("%v: it is one-way already: %v", o.Venue, err)
		}
		steps, err := c.Brackets(ctx, api.Of(o.Venue), o.Symbol)
		if err != nil || len(steps) == 0 || steps[0].Leverage == 0 || !steps[0].Rate.IsPositive() || !steps[0].Cap.IsPositive() {
			t.Errorf("%v: brackets %+v %v", o.Venue, steps, err)
		}
	}
	in.wait(0, "leverage", func(n oms.AccountEvent) bool { return n.Setting == "leverage BTCUSDT 7" })
	for _, o := range bids {
		if fees, err := c.Fees(ctx, api.Of(o.Venue), o.Symbol); err != nil || !fees.Taker.IsPositive() || fees.Maker.GreaterThan(fees.Taker) {
			t.Errorf("%v: fees %+v %v", o.Venue, fees, err)
		}
		if err := c.Test(ctx, account.Special{Order: o}); err != nil {
			t.Errorf("%v: test order: %v", o.Venue, err)
		}
		if open, err := c.OpenOrders(ctx, o.Venue); err != nil || len(open) != 0 {
			t.Errorf("%v: a test order is open: %v %v", o.Venue, open, err)
		}
	}
	if p, err := c.Permissions(ctx, false); err != nil || p.Withdraw || !p.Read || !p.Spot || !p.Futures || !p.Transfer {
		t.Errorf("permissions %+v %v", p, err)
	}
	if v, err := c.Config(ctx); err != nil || !v.CanTrade || v.HedgeMode || v.MultiAssets {
		t.Errorf("config %+v %v", v, err)
	}
	if on, err := c.MultiAssets(ctx); on || err != nil {
		t.Errorf("multi-assets %v %v", on, err)
	}
}

func TestMultiAssetsMode(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	ctx := context.Background()
	_, in := listening(t, c, api.USDM)
	if err := c.SetMultiAssets(ctx, true); err != nil {
		t.Fatal(err)
	}
	in.wait(0, "the mode", func(n oms.AccountEvent) bool { return n.Setting == "multi-assets mode true" })
	if on, err := c.MultiAssets(ctx); !on || err != nil {
		t.Errorf("multi-assets %v %v", on, err)
	}
	if err := c.SetIsolated(ctx, api.USDM, "BTCUSDT", true); err == nil {
		t.Error("isolated margin went with it")
	}
	rows, err := c.AssetIndexes(ctx)
	five := decimal.New(5, -2)
	if err != nil || !slices.ContainsFunc(rows, func(r account.AssetIndex) bool {
		return r.Symbol == "BTCUSD" && r.BidBuffer.Equal(five) && r.AskBuffer.Equal(five)
	}) {
		t.Errorf("asset indexes %+v %v", rows, err)
	}
	if err := c.SetMultiAssets(ctx, false); err != nil {
		t.Error(err)
	}
}
