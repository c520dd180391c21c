package clienttest

import (
	"context"
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/adshao/go-binance/v2/delivery"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func (s *sim) coinm() *delivery.Client {
	return delivery.NewClient(s.Keys.HMAC.Key, s.Keys.HMAC.Secret)
}

func TestCOINMMarketData(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.coinm()
	info, err := c.NewExchangeInfoService().Do(ctx)
	s.check(err)
	if len(info.Symbols) != 2 || info.Symbols[0].ContractSize != 100 || info.Symbols[0].ContractStatus != "TRADING" {
		t.Errorf("symbols: %+v", info.Symbols)
	}
	klines, err := c.NewKlinesService().Symbol("BTCUSD_PERP").Interval("1m").Limit(3).Do(ctx)
	s.check(err)
	if len(klines) != 3 {
		t.Errorf("klines: %+v", klines)
	}
	prices, err := c.NewListPricesService().Do(ctx)
	s.check(err)
	books, err := c.NewListBookTickersService().Symbol("BTCUSD_PERP").Do(ctx)
	s.check(err)
	if len(prices) != 2 || len(books) != 1 {
		t.Errorf("%d prices, %d books", len(prices), len(books))
	}
}

// coinmDepth asks for the book, which the library cannot do on this market.
func (s *sim) coinmDepth(symbol string) (int64, book) {
	s.t.Helper()
	res, err := http.Get("http://" + s.Host + "/dapi/v1/depth?limit=1000&symbol=" + symbol)
	s.check(err)
	defer res.Body.Close()
	var d struct {
		LastUpdateID int64       `json:"lastUpdateId"`
		Bids         [][2]string `json:"bids"`
		Asks         [][2]string `json:"asks"`
	}
	s.check(json.NewDecoder(res.Body).Decode(&d))
	k := newBook()
	for _, l := range d.Bids {
		k.set(k.bids, l[0], l[1])
	}
	for _, l := range d.Asks {
		k.set(k.asks, l[0], l[1])
	}
	return d.LastUpdateID, k
}

func TestCOINMBookAndOrders(t *testing.T) {
	s, ctx := start(t), context.Background()
	c := s.coinm()
	depth := make(chan *delivery.WsDepthEvent, 1000)
	fast := 100 * time.Millisecond
	doneC, stopC, err := delivery.WsDiffDepthServeWithRate("BTCUSD_PERP", &fast, func(e *delivery.WsDepthEvent) { depth <- e }, func(err error) { t.Log(err) })
	s.check(err)
	defer end(stopC, doneC)
	snapshot := func() (int64, book) { return s.coinmDepth("BTCUSD_PERP") }
	s.settle()
	last, k := snapshot()
	s.advance(20 * exchange.Second)
	goal, want := snapshot()
	for last < goal {
		e := await(t, depth, "depth")
		if e.LastUpdateID < last {
			continue
		}
		if e.PrevLastUpdateID != last {
			t.Fatalf("gap: %d..%d after %d, the book is at %d", e.FirstUpdateID, e.LastUpdateID, e.PrevLastUpdateID, last)
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

	key, err := c.NewStartUserStreamService().Do(ctx)
	s.check(err)
	events := make(chan *delivery.WsUserDataEvent, 1000)
	doneU, stopU, err := delivery.WsUserDataServe(key, func(e *delivery.WsUserDataEvent) { events <- e }, func(err error) { t.Log(err) })
	s.check(err)
	defer end(stopU, doneU)
	s.settle()
	prices, err := c.NewListPricesService().Symbol("BTCUSD_PERP").Do(ctx)
	s.check(err)
	low := number(t, prices[0].Price).Mul(decimal.New(98, -2)).StringFixed(1)
	order := func(qty string) *delivery.CreateOrderService {
		return c.NewCreateOrderService().Symbol("BTCUSD_PERP").Side(delivery.SideTypeBuy).Quantity(qty)
	}
	o, err := order("2").Type(delivery.OrderTypeLimit).TimeInForce(delivery.TimeInForceTypeGTC).Price(low).NewClientOrderID("c1").Do(ctx)
	s.check(err)
	e := await(t, events, "ORDER_TRADE_UPDATE")
	if e.OrderTradeUpdate.ClientOrderID != "c1" || e.OrderTradeUpdate.ID != o.OrderID {
		t.Errorf("event: %+v", e.OrderTradeUpdate)
	}
	if _, err := c.NewGetOrderService().Symbol("BTCUSD_PERP").OrderID(o.OrderID).Do(ctx); err != nil {
		t.Error(err)
	}
	if _, err := c.NewCancelOrderService().Symbol("BTCUSD_PERP").OrderID(o.OrderID).Do(ctx); err != nil {
		t.Error(err)
	}
	_, err = c.NewGetOrderService().Symbol("BTCUSD_PERP").OrderID(99).Do(ctx)
	if err == nil {
		t.Error("an order that was never there was found")
	}
	m, err := order("3").Type(delivery.OrderTypeMarket).NewOrderResponseType(delivery.NewOrderRespTypeRESULT).Do(ctx)
	s.check(err)
	if m.Status != delivery.OrderStatusTypeFilled || m.ExecutedQuantity != "3" {
		t.Errorf("market: %+v", m)
	}
	risk, err := c.NewGetPositionRiskService().Pair("BTCUSD").Do(ctx)
	s.check(err)
	if len(risk) != 1 || risk[0].PositionAmt != "3" {
		t.Errorf("risk: %+v", risk)
	}
	balances, err := c.NewGetBalanceService().Do(ctx)
	s.check(err)
	if len(balances) != 2 {
		t.Errorf("balances: %+v", balances)
	}
	account, err := c.NewGetAccountService().Do(ctx)
	s.check(err)
	if len(account.Positions) != 2 {
		t.Errorf("account: %+v", account)
	}
}
