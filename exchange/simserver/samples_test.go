package simserver

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// samplesDir finds the documented payloads, or skips the test.
func samplesDir(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("PERILUNE_DATA")
	if dir == "" {
		root, err := filepath.Abs(".")
		if err != nil {
			t.Fatal(err)
		}
		for root != filepath.Dir(root) {
			if _, err := os.Stat(filepath.Join(root, "go.mod")); err == nil {
				break
			}
			root = filepath.Dir(root)
		}
		dir = filepath.Join(root, "..", "shared", "data")
	}
	dir = filepath.Join(dir, "samples", "binance")
	if _, err := os.Stat(dir); err != nil {
		t.Skipf("no documented payloads: set PERILUNE_DATA to a directory with samples/binance (%v)", err)
	}
	return dir
}

func sample(t *testing.T, dir, name string) any {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	return parse(text)
}

// kindOfValue is what JSON type a value has.
func kindOfValue(v any) string {
	if v == nil {
		return "null"
	}
	return strings.TrimPrefix(fmt.Sprintf("%T", v), "json.")
}

// compare reports what a payload lacks of a documented one: keys, and types. Of
// lists, the first element stands for all. A path in skip is not compared.
func compare(t *testing.T, path string, want, got any, skip []string) {
	t.Helper()
	if slices.Contains(skip, path) || want == nil || got == nil {
		return
	}
	if a, b := kindOfValue(want), kindOfValue(got); a != b {
		t.Errorf("%s is %s (%v), documented as %s (%v)", path, b, got, a, want)
		return
	}
	switch want := want.(type) {
	case map[string]any:
		for k, v := range want {
			g, ok := got.(map[string]any)[k]
			if p := path + "." + k; !ok && !slices.Contains(skip, p) {
				t.Errorf("%s is missing: documented as %v", p, v)
			} else if ok {
				compare(t, p, v, g, skip)
			}
		}
	case []any:
		if g := got.([]any); len(want) > 0 && len(g) > 0 {
			compare(t, path+"[]", want[0], g[0], skip)
		}
	}
}

// What documented samples have and today's exchange, or this one, has not.
var (
	trailing = []string{".activatePrice", ".priceRate"} // of algo orders
	retired  = []string{".avgPrice", ".cumQuote", ".cumBase"}
)

func under(prefix string, lists ...[]string) []string {
	var out []string
	for _, l := range lists {
		for _, s := range l {
			out = append(out, prefix+s)
		}
	}
	return out
}

// Every endpoint answers with the keys and types that are documented for it.
func TestAnswersAsDocumented(t *testing.T) {
	dir := samplesDir(t)
	b := running(t, nil)
	for _, v := range venues {
		b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=MARKET", "quantity="+v.qty)
		b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "price="+b.below(v), "newClientOrderId=open")
	}
	b.advance(exchange.Hour) // a settlement
	usdm, coinm := "symbol=BTCUSDT", "symbol=BTCUSD_PERP"
	get := func(path, query string) func() answer { return func() answer { return b.get(path, query) } }
	ask := func(method, path string, params ...string) func() answer {
		return func() answer { return b.must(method, path, params...) }
	}
	for _, c := range []struct {
		sample string
		fetch  func() answer
		skip   []string
	}{
		{"spot_rest/exchange_information", get("/api/v3/exchangeInfo", usdm), []string{"$.sors", "$.rateLimits"}},
		{"spot_rest/order_book", get("/api/v3/depth", usdm), nil},
		{"spot_rest/recent_trades_list", get("/api/v3/trades", usdm), nil},
		{"spot_rest/compressed_aggregate_trades_list", get("/api/v3/aggTrades", usdm), nil},
		{"spot_rest/kline_candlestick_data", get("/api/v3/klines", usdm+"&interval=1m"), nil},
		{"spot_rest/check_server_time", get("/api/v3/time", ""), nil},
		{"spot_rest/current_average_price", get("/api/v3/avgPrice", usdm), nil},
		{"spot_rest/symbol_price_ticker__2", get("/api/v3/ticker/price", usdm), nil},
		{"spot_rest/symbol_order_book_ticker__2", get("/api/v3/ticker/bookTicker", usdm), nil},
		{"spot_rest/24hr_ticker_price_change_statistics__2", get("/api/v3/ticker/24hr", usdm), nil},
		{"spot_rest/query_order_user_data", ask("GET", "/api/v3/order", usdm, "origClientOrderId=open"), nil},
		{"spot_rest/current_open_orders_user_data", ask("GET", "/api/v3/openOrders"), nil},
		{"spot_rest/all_orders_user_data", ask("GET", "/api/v3/allOrders", usdm), nil},
		{"spot_rest/account_trade_list_user_data", ask("GET", "/api/v3/myTrades", usdm), nil},
		{"spot_rest/account_information_user_data", ask("GET", "/api/v3/account"), nil},
		{"spot_rest/query_commission_rates_user_data", ask("GET", "/api/v3/account/commission", usdm), nil},
		{"spot_rest/query_unfilled_order_count_user_data", ask("GET", "/api/v3/rateLimit/order"), nil},
		{"spot_rest/new_order_trade__3", ask("POST", "/api/v3/order", usdm, "side=SELL", "type=MARKET", "quantity=0.01"), nil},
		{"spot_rest/cancel_order_trade", ask("DELETE", "/api/v3/order", usdm, "origClientOrderId=open"), nil},

		{"um_market_data/exchange_information", get("/fapi/v1/exchangeInfo", ""), []string{"$.rateLimits"}},
		{"um_market_data/order_book", get("/fapi/v1/depth", usdm), nil},
		{"um_market_data/recent_trades_list", get("/fapi/v1/trades", usdm), nil},
		{"um_market_data/compressed_aggregate_trades_list", get("/fapi/v1/aggTrades", usdm), nil},
		{"um_market_data/kline_candlestick_data", get("/fapi/v1/klines", usdm+"&interval=1m"), nil},
		{"um_market_data/mark_price", get("/fapi/v1/premiumIndex", usdm), nil},
		{"um_market_data/get_funding_rate_history", get("/fapi/v1/fundingRate", usdm), nil},
		{"um_market_data/get_funding_rate_info", get("/fapi/v1/fundingInfo", ""), nil},
		{"um_market_data/24hr_ticker_price_change_statistics", get("/fapi/v1/ticker/24hr", usdm), nil},
		{"um_market_data/symbol_price_ticker_v2", get("/fapi/v2/ticker/price", usdm), nil},
		{"um_market_data/symbol_order_book_ticker", get("/fapi/v1/ticker/bookTicker", usdm), nil},
		{"um_market_data/open_interest", get("/fapi/v1/openInterest", usdm), nil},
		{"um_account/futures_account_balance_v3", ask("GET", "/fapi/v3/balance"), nil},
		{"um_account/account_information_v3", ask("GET", "/fapi/v3/account"), nil},
		{"um_account/account_config", ask("GET", "/fapi/v1/accountConfig"), nil},
		{"um_account/symbol_config", ask("GET", "/fapi/v1/symbolConfig", usdm), nil},
		{"um_account/user_commission_rate", ask("GET", "/fapi/v1/commissionRate", usdm), nil},
		{"um_account/notional_and_leverage_brackets", ask("GET", "/fapi/v1/leverageBracket", usdm), []string{"$[].notionalCoef"}},
		{"um_account/get_income_history", ask("GET", "/fapi/v1/income"), nil},
		{"um_account/query_rate_limit", ask("GET", "/fapi/v1/rateLimit/order"), nil},
		{"um_account/get_current_position_mode", ask("GET", "/fapi/v1/positionSide/dual"), nil},
		{"um_account/get_current_multi_assets_mode", ask("GET", "/fapi/v1/multiAssetsMargin"), nil},
		{"um_trade/position_information_v3", ask("GET", "/fapi/v3/positionRisk"), nil},
		{"um_trade/position_information_v2", ask("GET", "/fapi/v2/positionRisk"), nil},
		{"um_trade/change_initial_leverage", ask("POST", "/fapi/v1/leverage", usdm, "leverage=10"), nil},
		{"um_trade/account_trade_list", ask("GET", "/fapi/v1/userTrades", usdm), nil},
		{"um_trade/query_order", ask("GET", "/fapi/v1/order", usdm, "origClientOrderId=open"), under("$", trailing)},
		{"um_trade/query_current_open_order", ask("GET", "/fapi/v1/openOrder", usdm, "origClientOrderId=open"), under("$", trailing)},
		{"um_trade/all_orders", ask("GET", "/fapi/v1/allOrders", usdm), under("$[]", trailing)},
		{"derived/um_order_response_RESULT_post_2026_07_15", ask("POST", "/fapi/v1/order", usdm, "side=SELL", "type=MARKET", "quantity=0.010"), nil},
		{"um_trade/cancel_all_open_orders", ask("DELETE", "/fapi/v1/allOpenOrders", usdm), nil},

		{"cm_market_data/exchange_information", get("/dapi/v1/exchangeInfo", ""), []string{"$.rateLimits"}},
		{"cm_market_data/order_book", get("/dapi/v1/depth", coinm), nil},
		{"cm_market_data/recent_trades_list", get("/dapi/v1/trades", coinm), nil},
		{"cm_market_data/compressed_aggregate_trades_list", get("/dapi/v1/aggTrades", coinm), nil},
		{"cm_market_data/kline_candlestick_data", get("/dapi/v1/klines", coinm+"&interval=1m"), nil},
		{"cm_market_data/index_price_and_mark_price", get("/dapi/v1/premiumIndex", coinm), nil},
		{"cm_market_data/get_funding_rate_history_of_perpetual_futures", get("/dapi/v1/fundingRate", coinm), nil},
		{"cm_market_data/24hr_ticker_price_change_statistics", get("/dapi/v1/ticker/24hr", coinm), nil},
		{"cm_market_data/symbol_price_ticker", get("/dapi/v1/ticker/price", coinm), nil},
		{"cm_market_data/symbol_order_book_ticker", get("/dapi/v1/ticker/bookTicker", coinm), nil},
		{"cm_market_data/open_interest", get("/dapi/v1/openInterest", coinm), nil},
		{"cm_account/futures_account_balance", ask("GET", "/dapi/v1/balance"), nil},
		{"cm_account/account_information", ask("GET", "/dapi/v1/account"), nil},
		{"cm_account/notional_bracket_for_symbol", ask("GET", "/dapi/v2/leverageBracket", coinm), []string{"$[].notionalCoef"}},
		{"cm_account/user_commission_rate", ask("GET", "/dapi/v1/commissionRate", coinm), nil},
		{"cm_account/get_income_history", ask("GET", "/dapi/v1/income"), nil},
		{"cm_trade/position_information", ask("GET", "/dapi/v1/positionRisk"), nil},
		{"cm_trade/change_initial_leverage", ask("POST", "/dapi/v1/leverage", coinm, "leverage=10"), nil},
		{"cm_trade/account_trade_list", ask("GET", "/dapi/v1/userTrades", coinm), nil},
		{"cm_trade/query_order", ask("GET", "/dapi/v1/order", coinm, "origClientOrderId=open"), under("$", trailing)},
		{"cm_trade/all_orders", ask("GET", "/dapi/v1/allOrders", coinm), under("$[]", trailing)},
		{"cm_trade/modify_order", ask("PUT", "/dapi/v1/order", coinm, "origClientOrderId=open", "side=BUY", "quantity=3", "price="+b.below(venues[2])), under("$", retired)},
		{"cm_trade/cancel_order", ask("DELETE", "/dapi/v1/order", coinm, "origClientOrderId=open"), under("$", trailing, retired)},
	} {
		t.Run(c.sample, func(t *testing.T) {
			got := c.fetch()
			if got.status != 200 {
				t.Fatalf("%d %s", got.status, got.text)
			}
			want := sample(t, dir, c.sample)
			if l, isList := want.([]any); isList && kindOfValue(got.body) != kindOfValue(want) && len(l) > 0 {
				want = l[0] // the sample of all symbols serves for one
			}
			compare(t, "$", want, got.body, c.skip)
		})
	}
}

// Every stream has the keys and types that are documented for it, old and new.
func TestStreamsAsDocumented(t *testing.T) {
	dir := samplesDir(t)
	for _, c := range []struct{ sample, path string }{
		{"spot_ws_streams/diff_depth_stream", "/spot/ws/btcusdt@depth@100ms"},
		{"spot_ws_streams/partial_book_depth_streams", "/spot/ws/btcusdt@depth5@100ms"},
		{"spot_ws_streams/trade_streams", "/spot/ws/btcusdt@trade"},
		{"spot_ws_streams/aggregate_trade_streams", "/spot/ws/btcusdt@aggTrade"},
		{"spot_ws_streams/kline_candlestick_streams_for_utc", "/spot/ws/btcusdt@kline_1m"},
		{"spot_ws_streams/individual_symbol_mini_ticker_stream", "/spot/ws/btcusdt@miniTicker"},
		{"spot_ws_streams/individual_symbol_ticker_streams", "/spot/ws/btcusdt@ticker"},
		{"spot_ws_streams/individual_symbol_book_ticker_streams", "/spot/ws/btcusdt@bookTicker"},
		{"derived/um_depthUpdate_post_2026_06_30", "/usdm/public/ws/btcusdt@depth@100ms"},
		{"um_websocket_market_streams/partial_book_depth_streams", "/usdm/public/ws/btcusdt@depth10@100ms"},
		{"derived/um_bookTicker_post_2026_06_30", "/usdm/public/ws/btcusdt@bookTicker"},
		{"derived/um_aggTrade_post_2026_06_30", "/usdm/market/ws/btcusdt@aggTrade"},
		{"derived/um_markPriceUpdate_post_2026_06_30", "/usdm/market/ws/btcusdt@markPrice@1s"},
		{"um_websocket_market_streams/kline_candlestick_streams", "/usdm/market/ws/btcusdt@kline_1m"},
		{"um_websocket_market_streams/individual_symbol_mini_ticker_stream", "/usdm/market/ws/btcusdt@miniTicker"},
		{"um_websocket_market_streams/individual_symbol_ticker_streams", "/usdm/market/ws/btcusdt@ticker"},
		{"derived/cm_depthUpdate_post_2026_06_30", "/coinm/ws/btcusd_perp@depth@100ms"},
		{"cm_websocket_market_streams/individual_symbol_book_ticker_streams", "/coinm/ws/btcusd_perp@bookTicker"},
		{"cm_websocket_market_streams/aggregate_trade_streams", "/coinm/ws/btcusd_perp@aggTrade"},
		{"cm_websocket_market_streams/mark_price_stream", "/coinm/ws/btcusd_perp@markPrice@1s"},
		{"cm_websocket_market_streams/kline_candlestick_streams", "/coinm/ws/btcusd_perp@kline_1m"},
		{"cm_websocket_market_streams/individual_symbol_mini_ticker_stream", "/coinm/ws/btcusd_perp@miniTicker"},
		{"cm_websocket_market_streams/individual_symbol_ticker_streams", "/coinm/ws/btcusd_perp@ticker"},
	} {
		t.Run(c.sample, func(t *testing.T) {
			b := running(t, nil)
			s := b.dial(c.path)
			b.advance(2 * exchange.Minute)
			compare(t, "$", sample(t, dir, c.sample), s.next(), nil)
		})
	}
}

// User events have the documented keys and types.
func TestUserEventsAsDocumented(t *testing.T) {
	dir := samplesDir(t)
	b := running(t, nil)
	spot := b.dial("/ws-api/v3")
	spot.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	usdm := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	coinm := b.dial("/coinm/ws/" + b.listenKey("/dapi/v1"))
	for _, v := range venues {
		b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=MARKET", "quantity="+v.qty)
	}
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=5")
	unwrap := func(v any) any {
		if o, ok := v.(map[string]any); ok && o["event"] != nil {
			return o["event"]
		}
		return v
	}
	trailing := []string{"$.o.AP", "$.o.cr"} // of trailing stops
	for _, c := range []struct {
		sample, kind string
		from         *socket
		skip         []string
	}{
		{"derived/spot_wsapi_user_event_wrapped", "executionReport", spot, nil},
		{"spot_user_data/account_update", "outboundAccountPosition", spot, nil},
		{"spot_user_data/balance_update", "balanceUpdate", spot, nil},
		{"um_user_data_streams/event_order_update", "ORDER_TRADE_UPDATE", usdm, append(trailing, "$.o.n", "$.o.N")},
		{"um_user_data_streams/event_balance_and_position_update", "ACCOUNT_UPDATE", usdm, nil},
		{"cm_user_data_streams/event_order_update", "ORDER_TRADE_UPDATE", coinm, append(trailing, "$.o.n", "$.o.N")},
		{"cm_user_data_streams/event_balance_and_position_update", "ACCOUNT_UPDATE", coinm, nil},
	} {
		t.Run(c.sample, func(t *testing.T) {
			compare(t, "$", unwrap(sample(t, dir, c.sample)), any(c.from.until(c.kind)), c.skip)
		})
	}
}
