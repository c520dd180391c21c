package clienttest

import (
	"context"
	"testing"

	binance "github.com/adshao/go-binance/v2"
	"github.com/adshao/go-binance/v2/common"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func (s *sim) spot() *binance.Client { return binance.NewClient(s.Keys.HMAC.Key, s.Keys.HMAC.Secret) }

func TestSpotMarketData(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.spot()
	info, err := c.NewExchangeInfoService().Do(ctx)
	s.check(err)
	var btc *binance.Symbol
	for i := range info.Symbols {
		if info.Symbols[i].Symbol == "BTCUSDT" {
			btc = &info.Symbols[i]
		}
	}
	if btc == nil || btc.PriceFilter() == nil || btc.LotSizeFilter() == nil || btc.NotionalFilter() == nil || btc.PercentPriceBySideFilter() == nil {
		t.Fatalf("BTCUSDT and its filters: %+v", btc)
	}
	if !number(t, btc.PriceFilter().TickSize).Equal(decimal.New(1, -2)) {
		t.Errorf("tick %s", btc.PriceFilter().TickSize)
	}
	klines, err := c.NewKlinesService().Symbol("BTCUSDT").Interval("1m").Limit(3).Do(ctx)
	s.check(err)
	if len(klines) != 3 || klines[2].OpenTime-klines[1].OpenTime != 60000 || klines[1].TradeNum == 0 {
		t.Errorf("klines: %+v", klines)
	}
	prices, err := c.NewListPricesService().Do(ctx)
	s.check(err)
	tickers, err := c.NewListBookTickersService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	stats, err := c.NewListPriceChangeStatsService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	agg, err := c.NewAggTradesService().Symbol("BTCUSDT").Limit(5).Do(ctx)
	s.check(err)
	if len(prices) != 10 || len(tickers) != 1 || len(stats) != 1 || len(agg) != 5 {
		t.Errorf("%d prices, %d tickers, %d stats, %d agg", len(prices), len(tickers), len(stats), len(agg))
	}
	_, err = c.NewDepthService().Symbol("NOSUCH").Do(ctx)
	s.refused(err, -1121)
}

func TestSpotBook(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.spot()
	events := make(chan *binance.WsDepthEvent, 1000)
	doneC, stopC, err := binance.WsDepthServe100Ms("ETHUSDT", func(e *binance.WsDepthEvent) { events <- e }, func(err error) { t.Log(err) })
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
	for last < goal {
		e := await(t, events, "depth")
		if e.LastUpdateID <= last {
			continue
		}
		if e.FirstUpdateID > last+1 {
			t.Fatalf("gap: %d..%d after %d", e.FirstUpdateID, e.LastUpdateID, last)
		}
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

func TestSpotOrders(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.spot()
	events := make(chan *binance.WsUserDataEvent, 1000)
	doneC, stopC, err := binance.WsUserDataServeSignature(s.Keys.HMAC.Key, s.Keys.HMAC.Secret, common.KeyTypeHmac, 0,
		func(e *binance.WsUserDataEvent) { events <- e }, func(err error) { t.Log(err) })
	s.check(err)
	defer end(stopC, doneC)
	s.settle()
	until := func(kind string) *binance.WsUserDataEvent {
		for {
			if e := await(t, events, kind); string(e.Event) == kind {
				return e
			}
		}
	}
	d, err := c.NewDepthService().Symbol("BTCUSDT").Limit(5).Do(ctx)
	s.check(err)
	bid := number(t, d.Bids[0].Price)
	low := bid.Mul(decimal.New(97, -2)).StringFixed(2)
	o, err := c.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeBuy).Type(binance.OrderTypeLimit).TimeInForce(binance.TimeInForceTypeGTC).
		Quantity("0.01").Price(low).NewClientOrderID("one").Do(ctx)
	s.check(err)
	if o.Status != binance.OrderStatusTypeNew || o.ClientOrderID != "one" {
		t.Errorf("limit: %+v", o)
	}
	if u := until("executionReport").OrderUpdate; u.ExecutionType != "NEW" || u.ClientOrderId != "one" || u.Id != o.OrderID {
		t.Errorf("event: %+v", u)
	}
	_, err = c.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeBuy).Type(binance.OrderTypeLimitMaker).Quantity("0.01").Price(d.Asks[0].Price).Do(ctx)
	s.refused(err, -2010)
	open, err := c.NewListOpenOrdersService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	if len(open) != 1 {
		t.Errorf("%d open", len(open))
	}
	gone, err := c.NewCancelOrderService().Symbol("BTCUSDT").OrderID(o.OrderID).Do(ctx)
	s.check(err)
	if gone.OrigClientOrderID != "one" || gone.Status != binance.OrderStatusTypeCanceled {
		t.Errorf("cancel: %+v", gone)
	}
	if u := until("executionReport").OrderUpdate; u.ExecutionType != "CANCELED" || u.OrigCustomOrderId != "one" {
		t.Errorf("event: %+v", u)
	}
	_, err = c.NewCancelOrderService().Symbol("BTCUSDT").OrderID(o.OrderID).Do(ctx)
	s.refused(err, -2011)
	m, err := c.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeBuy).Type(binance.OrderTypeMarket).QuoteOrderQty("1000").Do(ctx)
	s.check(err)
	if m.Status != binance.OrderStatusTypeFilled || len(m.Fills) == 0 || number(t, m.CummulativeQuoteQuantity).GreaterThan(decimal.NewFromInt(1000)) {
		t.Errorf("market: %+v", m)
	}
	for _, tif := range []binance.TimeInForceType{binance.TimeInForceTypeIOC, binance.TimeInForceTypeFOK} {
		x, err := c.NewCreateOrderService().Symbol("BTCUSDT").Side(binance.SideTypeBuy).Type(binance.OrderTypeLimit).TimeInForce(tif).Quantity("0.01").Price(low).Do(ctx)
		s.check(err)
		if x.Status != binance.OrderStatusTypeExpired {
			t.Errorf("%s: %+v", tif, x)
		}
	}
	trades, err := c.NewListTradesService().Symbol("BTCUSDT").Do(ctx)
	s.check(err)
	if len(trades) != len(m.Fills) {
		t.Errorf("%d trades, %d fills", len(trades), len(m.Fills))
	}
	if _, err = c.NewGetAccountService().Do(ctx); err != nil {
		t.Error(err)
	}
	move, err := c.NewUserUniversalTransferService().Type("MAIN_UMFUTURE").Asset("USDT").Amount("25").Do(ctx)
	s.check(err)
	if move.ID == 0 {
		t.Errorf("transfer: %+v", move)
	}
	if u := until("balanceUpdate").BalanceUpdate; !number(t, u.Change).Equal(decimal.NewFromInt(-25)) {
		t.Errorf("event: %+v", u)
	}
}

// The library signs with Ed25519 too.
func TestSpotEd25519(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := binance.NewClient(s.Keys.Ed25519.Key, s.Keys.Ed25519.PrivateKey)
	c.KeyType = common.KeyTypeEd25519
	if _, err := c.NewGetAccountService().Do(ctx); err != nil {
		t.Error(err)
	}
	c.SecretKey = binance.NewClient("", s.Keys.HMAC.Secret).SecretKey
	c.KeyType = common.KeyTypeHmac
	_, err := c.NewGetAccountService().Do(ctx)
	s.refused(err, -1022)
}
