package account_test

import (
	"context"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
)

// A conditional order waits, is told of, is listed apart from orders, and goes.
func TestConditionalsInEveryMarket(t *testing.T) {
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		listening(t, c, api.USDM, api.COINM)
		ctx := context.Background()
		for _, bid := range bids[1:] {
			o := account.Conditional{Market: api.Of(bid.Venue), Symbol: bid.Symbol, ClientID: "stop-1", Side: exchange.Sell, Kind: "STOP_MARKET",
				Trigger: dec("50000"), Qty: bid.Qty, Mark: true}
			placed, err := c.PlaceConditional(ctx, o)
			if err != nil || placed.ClientID != o.ClientID || placed.AlgoID == 0 || placed.Status != "NEW" || !placed.Trigger.Equal(o.Trigger) ||
				!placed.Qty.Equal(o.Qty) || placed.Side != o.Side || placed.Kind != o.Kind || !placed.Mark {
				t.Fatalf("%v: %+v %v", o.Market, placed, err)
			}
			b.conditional(o.Market, placed.AlgoID, "NEW")
			asked, err := c.QueryConditional(ctx, o.Market, o.ClientID)
			if err != nil || asked.AlgoID != placed.AlgoID {
				t.Errorf("%v: %+v %v", o.Market, asked, err)
			}
			waiting, err := c.OpenConditionals(ctx, o.Market)
			if err != nil || len(waiting) != 1 || waiting[0].AlgoID != placed.AlgoID {
				t.Errorf("%v: %+v %v", o.Market, waiting, err)
			}
			if open, err := c.OpenOrders(ctx, o.Market.Venue()); err != nil || len(open) != 0 {
				t.Errorf("%v: among the open orders: %+v %v", o.Market, open, err)
			}
			if err := c.CancelConditional(ctx, o.Market, o.ClientID); err != nil {
				t.Errorf("%v: %v", o.Market, err)
			}
			b.conditional(o.Market, placed.AlgoID, "CANCELED")
			o.ClientID = "stop-2"
			if _, err := c.PlaceConditional(ctx, o); err != nil {
				t.Error(err)
			}
			if err := c.CancelConditionals(ctx, o.Market, o.Symbol); err != nil {
				t.Error(err)
			}
			if waiting, err := c.OpenConditionals(ctx, o.Market); err != nil || len(waiting) != 0 {
				t.Errorf("%v: %+v %v", o.Market, waiting, err)
			}
		}
		if _, err := c.OpenConditionals(ctx, api.Spot); fault(t, err).HTTP != 0 {
			t.Error("spot was asked for conditional orders")
		}
	})
}
