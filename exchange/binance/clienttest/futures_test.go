package clienttest

import (
	"context"
	"testing"
	"time"

	"github.com/adshao/go-binance/v2/futures"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func (s *sim) usdm() *futures.Client { return futures.NewClient(s.Keys.HMAC.Key, s.Keys.HMAC.Secret) }

func TestUSDMMarketData(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.usdm()
	info, err := c.NewExchangeInfoService().Do(ctx)
	s.check(err)
	if len(info.Symbols) != 10 {
		t.Errorf("%d symbols", len(info.Symbols))
	}
	for i := range info.Symbols {
		y := &info.Symbols[i]
		if y.PriceFilter() == nil || y.LotSizeFilter() == nil || y.MarketLotSizeFilter() == nil || y.MinNotionalFilter() == nil || y.PercentPriceFilter() == nil || y.Status != "TRADING" {
			t.Errorf("filters of %s", y.Symbol)
		}
	}
	premium, err := c.NewPremiumIndexService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	if len(premium) != 1 || premium[0].NextFundingTime != int64((exchange.Date(2026, 3, 2)+8*exchange.Hour)/exchange.Millisecond) {
		t.Errorf("premium: %+v", premium)
	}
	klines, err := c.NewKlinesService().Symbol("BTCUSDT").Interval("5m").Limit(10).Do(ctx)
	s.check(err)
	if len(klines) != 2 {
		t.Errorf("%d klines of 5 minutes after 5 minutes, want the one and the next", len(klines))
	}
	if _, err = c.NewListBookTickersService().Do(ctx); err != nil {
		t.Error(err)
	}
	if _, err = c.NewListPriceChangeStatsService().Symbol("BTCUSDT").Do(ctx); err != nil {
		t.Error(err)
	}
	brackets, err := c.NewGetLeverageBracketService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	if len(brackets) != 1 || len(brackets[0].Brackets) < 3 {
		t.Errorf("brackets: %+v", brackets)
	}
}

func TestUSDMBook(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.usdm()
	s.route("public")
	events := make(chan *futures.WsDepthEvent, 1000)
	doneC, stopC, err := futures.WsDiffDepthServeWithRate("ETHUSDT", 100*time.Millisecond, func(e *futures.WsDepthEvent) { events <- e }, func(err error) { t.Log(err) })
	s.check(err)
	defer end(stopC, doneC)
	s.settle()
	s.advance(exchange.Second)
	snapshot := func() (int64, book) {
		d, err := c.NewDepthService().Symbol("ETHUSDT").Limit(1000).Do(ctx)
		s.check(err)
		k := newBook()
		for _, l := range d.Bids {
			k.set(k.bids, l.Price, l.Quantity)
		}
		for _, l := range d.Asks {
			k.set(k.asks, l.Price, l.Quantity)
		}
		return d.LastUpdateID, k
	}
	last, k := snapshot()
	s.advance(20 * exchange.Second)
	goal, want := snapshot()
	for started := false; last < goal; {
		e := await(t, events, "depth")
		if e.LastUpdateID < last {
			continue
		}
		if started && e.PrevLastUpdateID != last {
			t.Fatalf("gap: %d..%d after %d, the book is at %d", e.FirstUpdateID, e.LastUpdateID, e.PrevLastUpdateID, last)
		}
		started = true
		for _, l := range e.Bids {
			k.set(k.bids, l.Price, l.Quantity)
		}
		for _, l := range e.Asks {
			k.set(k.asks, l.Price, l.Quantity)
		}
		last = e.LastUpdateID
	}
	k.same(t, want)
}

func TestUSDMMarkPrice(t *testing.T) {
	s := start(t)
	s.route("market")
	events := make(chan *futures.WsMarkPriceEvent, 1000)
	doneC, stopC, err := futures.WsMarkPriceServeWithRate("BTCUSDT", time.Second, func(e *futures.WsMarkPriceEvent) { events <- e }, func(err error) { t.Log(err) })
	s.check(err)
	defer end(stopC, doneC)
	for range 50 {
		s.advance(exchange.Second)
		select {
		case e := <-events:
			if e.Symbol != "BTCUSDT" || e.MarkPrice == "" || e.FundingRate == "" {
				t.Errorf("mark: %+v", e)
			}
			return
		case <-time.After(100 * time.Millisecond):
		}
	}
	t.Error("no mark price came")
}

func TestUSDMOrders(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.usdm()
	key, err := c.NewStartUserStreamService().Do(ctx)
	s.check(err)
	s.check(c.NewKeepaliveUserStreamService().ListenKey(key).Do(ctx))
	s.route("private")
	events := make(chan *futures.WsUserDataEvent, 1000)
	doneC, stopC, err := futures.WsUserDataServe(key, func(e *futures.WsUserDataEvent) { events <- e }, func(err error) { t.Log(err) })
	s.check(err)
	defer end(stopC, doneC)
	s.settle()
	until := func(kind futures.UserDataEventType) *futures.WsUserDataEvent {
		for {
			if e := await(t, events, string(kind)); e.Event == kind {
				return e
			}
		}
	}
	d, err := c.NewDepthService().Symbol("BTCUSDT").Limit(5).Do(ctx)
	s.check(err)
	bid := number(t, d.Bids[0].Price)
	low := bid.Mul(decimal.New(98, -2)).StringFixed(1)
	order := func() *futures.CreateOrderService {
		return c.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Quantity("0.010")
	}
	o, err := order().Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeGTC).Price(low).NewClientOrderID("one").Do(ctx)
	s.check(err)
	if u := until(futures.UserDataEventTypeOrderTradeUpdate).OrderTradeUpdate; u.ClientOrderID != "one" || u.ID != o.OrderID || u.ExecutionType != "NEW" {
		t.Errorf("event: %+v", u)
	}
	_, err = order().Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeGTC).Price(low).NewClientOrderID("one").Do(ctx)
	s.refused(err, -4116)
	mod, err := c.NewModifyOrderService().Symbol("BTCUSDT").OrderID(o.OrderID).Side(futures.SideTypeBuy).Quantity("0.020").Price(number(t, low).Sub(decimal.NewFromInt(1)).String()).Do(ctx)
	s.check(err)
	if mod.OrderID != o.OrderID || mod.OriginalQuantity != "0.020" {
		t.Errorf("modify: %+v", mod)
	}
	gone, err := c.NewCancelOrderService().Symbol("BTCUSDT").OrderID(o.OrderID).Do(ctx)
	s.check(err)
	if gone.Status != futures.OrderStatusTypeCanceled {
		t.Errorf("cancel: %+v", gone)
	}
	_, err = order().Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeGTX).Price(d.Asks[0].Price).Do(ctx)
	s.refused(err, -5022)
	_, err = order().Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeFOK).Price(low).Do(ctx)
	s.refused(err, -5021)
	_, err = order().Type(futures.OrderTypeMarket).ReduceOnly(true).Do(ctx)
	s.refused(err, -2022)
	_, err = order().Type(futures.OrderTypeStopMarket).StopPrice(low).Do(ctx)
	s.refused(err, -4120)
	m, err := order().Type(futures.OrderTypeMarket).NewOrderResponseType(futures.NewOrderRespTypeRESULT).Do(ctx)
	s.check(err)
	if m.Status != futures.OrderStatusTypeFilled {
		t.Errorf("market: %+v", m)
	}
	a := until(futures.UserDataEventTypeAccountUpdate).AccountUpdate
	if a.Reason != futures.UserDataEventReasonTypeOrder || len(a.Positions) != 1 || a.Positions[0].Amount != "0.010" {
		t.Errorf("account: %+v", a)
	}
	risk, err := c.NewGetPositionRiskService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	if len(risk) != 1 || risk[0].PositionAmt != "0.010" || risk[0].Leverage != "20" {
		t.Errorf("risk: %+v", risk)
	}
	lev, err := c.NewChangeLeverageService().Symbol("BTCUSDT").Leverage(10).Do(ctx)
	s.check(err)
	if lev.Leverage != 10 {
		t.Errorf("leverage: %+v", lev)
	}
	s.refused(c.NewChangeMarginTypeService().Symbol("BTCUSDT").MarginType(futures.MarginTypeCrossed).Do(ctx), -4046)
	s.advance(exchange.Hour) // over 08:00
	for a.Reason != "FUNDING_FEE" {
		a = until(futures.UserDataEventTypeAccountUpdate).AccountUpdate
	}
	rows, err := c.NewGetIncomeHistoryService().IncomeType("FUNDING_FEE").Do(ctx)
	s.check(err)
	if len(rows) != 1 || rows[0].Income != a.Balances[0].ChangeBalance {
		t.Errorf("income %+v, told %+v", rows, a.Balances)
	}
	rates, err := c.NewFundingRateService().Symbol("BTCUSDT").Limit(1).Do(ctx)
	s.check(err)
	paid := number(t, rates[0].FundingRate).Mul(number(t, rates[0].MarkPrice)).Mul(decimal.New(-1, -2))
	if !number(t, rows[0].Income).Equal(paid) {
		t.Errorf("funding %s, rate and mark say %s", rows[0].Income, paid)
	}
	trades, err := c.NewListAccountTradeService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	if len(trades) == 0 {
		t.Error("no trades")
	}
	if _, err := c.NewGetBalanceService().Do(ctx); err != nil {
		t.Error(err)
	}
	if _, err := c.NewGetAccountService().Do(ctx); err != nil {
		t.Error(err)
	}
	batch, err := c.NewCreateBatchOrdersService().OrderList([]*futures.CreateOrderService{
		order().Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeGTC).Price(low),
		order().Type(futures.OrderTypeLimit).TimeInForce(futures.TimeInForceTypeGTC).Price(low + "001"),
	}).Do(ctx)
	s.check(err)
	if batch.N != 2 || batch.Orders[0] == nil || batch.Errors[1] == nil {
		t.Errorf("batch: %+v", batch)
	}
	s.check(c.NewCancelAllOpenOrdersService().Symbol("BTCUSDT").Do(ctx))
}
