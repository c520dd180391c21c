package clienttest

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hirokisan/bybit/v2"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// session is a running exchange, and the library pointed at it.
type session struct {
	*testing.T
	sim  *simserver.Exchange
	rest bybit.V5ServiceI
	ws   *bybit.WebSocketClient
}

func start(t *testing.T) *session {
	t.Helper()
	begin := exchange.Date(2026, 3, 2) + 7*exchange.Hour
	feed, err := synth.New(synth.Options{Seed: 2, Start: begin, Step: exchange.Second, Houses: []synth.House{simfront.House}})
	if err != nil {
		t.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Begin: begin + 5*exchange.Minute, Seed: 2})
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(simfront.New(sim))
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
		srv.Close()
	})
	text, err := json.Marshal(sim.Credentials()[0])
	if err != nil {
		t.Fatal(err)
	}
	var k struct{ HMAC simserver.HMACKey }
	if err := json.Unmarshal(text, &k); err != nil {
		t.Fatal(err)
	}
	client := bybit.NewClient().WithBaseURL(srv.URL).WithAuth(k.HMAC.Key, k.HMAC.Secret)
	ws := bybit.NewWebsocketClient().WithBaseURL("ws"+strings.TrimPrefix(srv.URL, "http")).WithAuth(k.HMAC.Key, k.HMAC.Secret)
	return &session{t, sim, client.V5(), ws}
}

// must ends the test where a call of the library fails.
func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ptr[T any](v T) *T { return &v }

// What needs no key is decoded by the library.
func TestMarketData(t *testing.T) {
	s := start(t)
	m := s.rest.Market()
	btc := bybit.SymbolV5BTCUSDT
	linear := bybit.CategoryV5Linear
	info := must(m.GetInstrumentsInfo(bybit.V5GetInstrumentsInfoParam{Category: linear, Symbol: &btc}))(t)
	if list := info.Result.LinearInverse.List; len(list) != 1 || list[0].SettleCoin != "USDT" {
		t.Errorf("instruments: %+v", info.Result)
	}
	tick := must(m.GetTickers(bybit.V5GetTickersParam{Category: linear, Symbol: &btc}))(t)
	if list := tick.Result.LinearInverse.List; len(list) != 1 || list[0].FundingRate == "" || list[0].MarkPrice == "" {
		t.Errorf("tickers: %+v", tick.Result)
	}
	book := must(m.GetOrderbook(bybit.V5GetOrderbookParam{Category: linear, Symbol: btc, Limit: ptr(5)}))(t)
	if len(book.Result.Bids) != 5 || len(book.Result.Asks) != 5 {
		t.Errorf("the book: %+v", book.Result)
	}
	candles := must(m.GetKline(bybit.V5GetKlineParam{Category: linear, Symbol: btc, Interval: bybit.Interval1}))(t)
	if len(candles.Result.List) < 5 {
		t.Errorf("candles: %+v", candles.Result)
	}
	if trades := must(m.GetPublicTradingHistory(bybit.V5GetPublicTradingHistoryParam{Category: linear, Symbol: btc}))(t); len(trades.Result.List) == 0 {
		t.Errorf("trades: %+v", trades.Result)
	}
	if risk := must(m.GetRiskLimit(bybit.V5GetRiskLimitParam{Category: linear, Symbol: &btc}))(t); len(risk.Result.List) == 0 {
		t.Errorf("risk limits: %+v", risk.Result)
	}
}

// A session of the library: it signs, places, amends, cancels, trades, is paid funding, and
// its account is the exchange's to the last digit.
func TestSession(t *testing.T) {
	s := start(t)
	events := make(chan string, 100)
	private := must(s.ws.V5().Private())(t)
	if err := private.Subscribe(); err != nil {
		t.Fatal(err)
	}
	must(private.SubscribeOrder(func(r bybit.V5WebsocketPrivateOrderResponse) error {
		for _, o := range r.Data {
			events <- string(o.OrderStatus) + " " + o.OrderLinkID
		}
		return nil
	}))(t)
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = private.Start(ctx, func(bool, error) {}) }()
	defer func() { stop(); <-done }()
	time.Sleep(300 * time.Millisecond) // the library does not tell when it listens

	btc := bybit.SymbolV5BTCUSDT
	place := func(name string, side bybit.Side, kind bybit.OrderType, price *string) (*bybit.V5CreateOrderResponse, error) {
		return s.rest.Order().CreateOrder(bybit.V5CreateOrderParam{Category: bybit.CategoryV5Linear, Symbol: btc, Side: side, OrderType: kind, Qty: "0.01", Price: price, OrderLinkID: &name})
	}
	rests := must(place("rests", bybit.SideBuy, bybit.OrderTypeLimit, ptr("80000")))(t)
	must(s.rest.Order().AmendOrder(bybit.V5AmendOrderParam{Category: bybit.CategoryV5Linear, Symbol: btc, OrderID: &rests.Result.OrderID, Price: ptr("80100")}))(t)
	open := must(s.rest.Order().GetOpenOrders(bybit.V5GetOpenOrdersParam{Category: bybit.CategoryV5Linear, Symbol: &btc}))(t)
	if len(open.Result.List) != 1 || open.Result.List[0].Price != "80100" {
		t.Errorf("open orders: %+v", open.Result)
	}
	must(s.rest.Order().CancelOrder(bybit.V5CancelOrderParam{Category: bybit.CategoryV5Linear, Symbol: btc, OrderID: &rests.Result.OrderID}))(t)
	must(place("takes", bybit.SideBuy, bybit.OrderTypeMarket, nil))(t)
	for _, want := range []string{"New rests", "Cancelled rests", "Filled takes"} {
		for got := ""; got != want; {
			select {
			case got = <-events:
			case <-time.After(10 * time.Second):
				t.Fatalf("no event %q", want)
			}
		}
	}
	if _, err := place("takes", bybit.SideBuy, bybit.OrderTypeMarket, nil); err == nil || !strings.Contains(err.Error(), "110072") {
		t.Errorf("the same name again: %v", err)
	}
	if err := s.sim.Advance(2 * exchange.Hour); err != nil {
		t.Fatal(err)
	}
	positions := must(s.rest.Position().GetPositionInfo(bybit.V5GetPositionInfoParam{Category: bybit.CategoryV5Linear, Symbol: &btc}))(t)
	if list := positions.Result.List; len(list) != 1 || list[0].Size != "0.01" || list[0].Side != bybit.SideBuy {
		t.Errorf("positions: %+v", positions.Result)
	}
	log := must(s.rest.Account().GetTransactionLog(bybit.V5GetTransactionLogParam{}))(t)
	if list := log.Result.List; len(list) != 2 || list[0].Type != "SETTLEMENT" || list[1].Type != "TRADE" {
		t.Errorf("the log: %+v", log.Result)
	}
	wallet := must(s.rest.Account().GetWalletBalance(bybit.AccountTypeV5UNIFIED, nil))(t)
	truth := map[string]string{}
	for _, b := range s.sim.Truth().Accounts[0].Balances {
		if strings.HasSuffix(b.Wallet, "unified") {
			truth[b.Asset] = b.Total
		}
	}
	for _, c := range wallet.Result.List[0].Coin {
		if c.WalletBalance != truth[string(c.Coin)] && truth[string(c.Coin)] != "" {
			t.Errorf("%s: %s, the truth is %s", c.Coin, c.WalletBalance, truth[string(c.Coin)])
		}
	}
	if key := must(s.rest.User().GetAPIKey())(t); key.Result.Uta != 1 {
		t.Errorf("the key: %+v", key.Result)
	}
}
