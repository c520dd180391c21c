package clienttest

import (
	"context"
	"testing"

	"github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/futures"
	"github.com/shopspring/decimal"
)

// The library sets the modes of a futures account, and trades in them.
func TestUSDMModes(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.usdm()
	buy := func() {
		o, err := c.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Type(futures.OrderTypeMarket).Quantity("0.010").NewOrderResponseType(futures.NewOrderRespTypeRESULT).Do(ctx)
		s.check(err)
		if o.Status != futures.OrderStatusTypeFilled {
			t.Errorf("order: %+v", o)
		}
	}
	s.check(c.NewChangeMarginTypeService().Symbol("BTCUSDT").MarginType(futures.MarginTypeIsolated).Do(ctx))
	s.refused(c.NewChangeMultiAssetModeService().MultiAssetsMargin(true).Do(ctx), -4167)
	buy()
	risk := func() *futures.PositionRisk {
		rows, err := c.NewGetPositionRiskService().Symbol("BTCUSDT").Do(ctx)
		s.check(err)
		return rows[0]
	}
	before := risk()
	s.check(c.NewUpdatePositionMarginService().Symbol("BTCUSDT").Amount("25").Type(1).Do(ctx))
	after := risk()
	if before.MarginType != "isolated" || !number(t, after.IsolatedWallet).Sub(number(t, before.IsolatedWallet)).Equal(decimal.NewFromInt(25)) {
		t.Errorf("own margin %+v, and after 25 more %+v", before, after)
	}
	_, err := c.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeSell).Type(futures.OrderTypeMarket).Quantity("0.010").ReduceOnly(true).Do(ctx)
	s.check(err)
	s.check(c.NewChangeMarginTypeService().Symbol("BTCUSDT").MarginType(futures.MarginTypeCrossed).Do(ctx))

	s.check(c.NewChangeMultiAssetModeService().MultiAssetsMargin(true).Do(ctx))
	mode, err := c.NewGetMultiAssetModeService().Do(ctx)
	s.check(err)
	if !mode.MultiAssetsMargin {
		t.Errorf("mode %+v", mode)
	}
	buy()
	account, err := c.NewGetAccountService().Do(ctx)
	s.check(err)
	if !account.MultiAssetsMargin || !number(t, account.TotalInitialMargin).IsPositive() {
		t.Errorf("account: %+v", account)
	}
}

// The library places a pair of which one order ends the other, finds it and cancels it.
func TestSpotOCO(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.spot()
	d, err := c.NewDepthService().Symbol("BTCUSDT").Limit(5).Do(ctx)
	s.check(err)
	part := func(percent int64) string {
		return number(t, d.Bids[0].Price).Mul(decimal.New(percent, -2)).StringFixed(2)
	}
	l, err := c.NewCreateOCOService().Symbol("BTCUSDT").Side(binance.SideTypeSell).Quantity("0.01").Price(part(103)).StopPrice(part(97)).StopLimitPrice(part(96)).
		StopLimitTimeInForce(binance.TimeInForceTypeGTC).ListClientOrderID("pair").Do(ctx)
	s.check(err)
	if l.ContingencyType != "OCO" || len(l.Orders) != 2 || len(l.OrderReports) != 2 {
		t.Errorf("placed: %+v", l)
	}
	open, err := c.NewListOpenOcoService().Do(ctx)
	s.check(err)
	if len(open) != 1 {
		t.Errorf("%d lists are open", len(open))
	}
	gone, err := c.NewCancelOCOService().Symbol("BTCUSDT").OrderListID(l.OrderListID).Do(ctx)
	s.check(err)
	if gone.ListOrderStatus != "ALL_DONE" || len(gone.OrderReports) != 2 {
		t.Errorf("canceled: %+v", gone)
	}
}
