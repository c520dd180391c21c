package clienttest

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"

	binance "github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/delivery"
	"github.com/adshao/go-binance/v2/futures"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// truth is the part of GET /sim/account that is compared with the library's.
type truth struct {
	Balances []struct{ Wallet, Asset, Total string }
	Trades   []struct {
		Market, Symbol, Price, Qty, Fee, Realised string
		ID                                        int64
	}
	Positions []struct{ Market, Symbol, Qty string }
	Transfers []struct {
		ID             int64
		Amount, Status string
	}
}

func (s *sim) truth() truth {
	s.t.Helper()
	res, err := http.Get("http://" + s.Host + "/sim/account")
	s.check(err)
	defer res.Body.Close()
	var v truth
	s.check(json.NewDecoder(res.Body).Decode(&v))
	return v
}

func (v truth) total(wallet, asset string) decimal.Decimal {
	for _, b := range v.Balances {
		if b.Wallet == wallet && b.Asset == asset {
			return decimal.RequireFromString(b.Total)
		}
	}
	return decimal.Zero
}

// After a session on all markets with stops, a replacement, a transfer and a
// settlement of funding, what the library reads is the simulator's own truth.
func TestSessionAgreesWithTheTruth(t *testing.T) {
	s, ctx := start(t), context.Background()
	spot, usdm, coinm := s.spot(), s.usdm(), s.coinm()
	d, err := spot.NewDepthService().Symbol("BTCUSDT").Limit(5).Do(ctx)
	s.check(err)
	bid := number(t, d.Bids[0].Price)
	at := func(bp int64) string { return bid.Mul(decimal.New(10_000+bp, -4)).StringFixed(2) }

	buy := func() *binance.CreateOrderService {
		return spot.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeBuy)
	}
	market, err := buy().Type(binance.OrderTypeMarket).QuoteOrderQty("1000").Do(ctx)
	s.check(err)
	if market.Status != binance.OrderStatusTypeFilled || len(market.Fills) == 0 {
		t.Errorf("market: %+v", market)
	}
	stop, err := spot.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeSell).Type(binance.OrderTypeStopLossLimit).
		TimeInForce(binance.TimeInForceTypeGTC).Quantity("0.01").StopPrice(at(-300)).Price(at(-310)).Do(ctx)
	s.check(err)
	o, err := spot.NewGetOrderService().Symbol("BTCUSDT").OrderID(stop.OrderID).Do(ctx)
	s.check(err)
	if o.IsWorking || !number(t, o.StopPrice).Equal(number(t, at(-300))) {
		t.Errorf("stop: %+v", o)
	}
	_, err = spot.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeSell).Type(binance.OrderTypeStopLoss).Quantity("0.01").StopPrice(at(300)).Do(ctx)
	s.refused(err, -2010)
	moved, err := spot.NewUserUniversalTransferService().Type("MAIN_UMFUTURE").Asset("USDT").Amount("25").Do(ctx)
	s.check(err)

	for range 3 {
		if _, err := usdm.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeSell).Type(futures.OrderTypeMarket).Quantity("0.010").Do(ctx); err != nil {
			t.Error(err)
		}
	}
	if _, err := coinm.NewCreateOrderService().Symbol("BTCUSD_PERP").Side(delivery.SideTypeBuy).Type(delivery.OrderTypeMarket).Quantity("5").Do(ctx); err != nil {
		t.Error(err)
	}
	s.advance(exchange.Hour)

	want := s.truth()
	account, err := spot.NewGetAccountService().Do(ctx)
	s.check(err)
	for _, b := range account.Balances {
		if got := number(t, b.Free).Add(number(t, b.Locked)); !got.Equal(want.total("spot", b.Asset)) {
			t.Errorf("spot %s: %s, the truth is %s", b.Asset, got, want.total("spot", b.Asset))
		}
	}
	balances, err := usdm.NewGetBalanceService().Do(ctx)
	s.check(err)
	for _, b := range balances {
		if got := number(t, b.Balance); !got.Equal(want.total("usdm", b.Asset)) {
			t.Errorf("usdm %s: %s, the truth is %s", b.Asset, got, want.total("usdm", b.Asset))
		}
	}
	coins, err := coinm.NewGetBalanceService().Do(ctx)
	s.check(err)
	for _, b := range coins {
		if got := number(t, b.Balance); !got.Equal(want.total("coinm", b.Asset)) {
			t.Errorf("coinm %s: %s, the truth is %s", b.Asset, got, want.total("coinm", b.Asset))
		}
	}
	if len(want.Transfers) != 1 || want.Transfers[0].ID != moved.ID || want.Transfers[0].Status != "CONFIRMED" {
		t.Errorf("transfers %+v, the library has %+v", want.Transfers, moved)
	}
	if len(want.Positions) != 2 || want.Positions[0].Qty != "-0.03" || want.Positions[1].Qty != "5" {
		t.Errorf("positions: %+v", want.Positions)
	}
	trades, err := usdm.NewListAccountTradeService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	n := 0
	for _, w := range want.Trades {
		if w.Market != "usdm" {
			continue
		}
		if n >= len(trades) || trades[n].ID != w.ID || !number(t, trades[n].Commission).Equal(number(t, w.Fee)) || !number(t, trades[n].Price).Equal(number(t, w.Price)) {
			t.Errorf("trade %d: the truth is %+v, the library has %+v", n, w, trades)
			break
		}
		n++
	}
	if n != len(trades) || n < 3 {
		t.Errorf("%d trades, the library has %d", n, len(trades))
	}
}

// Requests that the exchange refuses, as the library decodes them.
func TestErrorCodes(t *testing.T) {
	s, ctx := start(t), context.Background()
	spot, usdm, coinm := s.spot(), s.usdm(), s.coinm()
	_, err := usdm.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeGTC).Quantity("0.010").Price("50000.01").Do(ctx)
	s.refused(err, -4014)
	_, err = usdm.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Type(futures.OrderTypeMarket).Quantity("0.0001").Do(ctx)
	s.refused(err, -1111)
	_, err = usdm.NewGetOrderService().Symbol("BTCUSDT").OrderID(1).Do(ctx)
	s.refused(err, -2013)
	_, err = coinm.NewCreateOrderService().Symbol("BTCUSD_PERP").Side(delivery.SideTypeBuy).Type(delivery.OrderTypeStopMarket).Quantity("1").StopPrice("1").Do(ctx)
	s.refused(err, -4120)
	_, err = spot.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeSell).Type(binance.OrderTypeMarket).Quantity("900").Do(ctx)
	s.refused(err, -2010)
	_, err = spot.NewCancelOrderService().Symbol("BTCUSDT").OrigClientOrderID("none").Do(ctx)
	s.refused(err, -2011)
	s.refused(usdm.NewChangePositionModeService().DualSide(false).Do(ctx), -4059)
	s.check(usdm.NewChangePositionModeService().DualSide(true).Do(ctx))
	mode, err := usdm.NewGetPositionModeService().Do(ctx)
	s.check(err)
	if !mode.DualSidePosition {
		t.Error("hedge mode is not reported")
	}
	_, err = usdm.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Type(futures.OrderTypeMarket).Quantity("0.010").Do(ctx)
	s.refused(err, -4061)
}
