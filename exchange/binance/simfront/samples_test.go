package simfront

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/simserver"
)

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

// compare reports what a payload has and a documented one has not, or the other
// way round: keys, and types. Of lists, the first element stands for all. A path
// in skip is not compared, nor are keys that the exchange has added since.
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
		for _, k := range slices.Sorted(maps.Keys(got.(map[string]any))) {
			if _, ok := want[k]; !ok && !slices.Contains(skip, path+"."+k) && !slices.Contains(added, k) {
				t.Errorf("%s.%s is not documented", path, k)
			}
		}
	case []any:
		if g := got.([]any); len(want) > 0 && len(g) > 0 {
			compare(t, path+"[]", want[0], g[0], skip)
		}
	}
}

// added are keys that came with 2026-06-30 and later, which older samples have
// not: st and ps everywhere, nq and ap of streams, S of a funding event, the
// fields of 2026 in what a contract or an order is told by.
var added = []string{"st", "ps"}

// What documented samples have and today's exchange, or this one, has not.
var (
	trailing = []string{".activatePrice", ".priceRate"} // of algo orders
	retired  = []string{".avgPrice", ".cumQuote", ".cumBase"}
	newer    = []string{".goodTillDate", ".priceMatch", ".selfTradePreventionMode"} // other samples of the same have them
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
	dir := datatest.Path(t, "samples/binance")
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
	keyed := func(path, query string) func() answer {
		return func() answer {
			a, err := b.do("GET", path, query, "", b.keys.HMAC.Key)
			if err != nil {
				t.Fatal(err)
			}
			return a
		}
	}
	algo := func(v venueCase, more ...string) []string {
		return append([]string{"algoType=CONDITIONAL", "symbol=" + v.symbol, "type=STOP_MARKET", "triggerPrice=" + b.last(v, -900)}, more...)
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
		{"spot_rest/order_amend_keep_priority_trade", ask("PUT", "/api/v3/order/amend/keepPriority", usdm, "origClientOrderId=open", "newQty=0.005"), nil},
		{"spot_rest/cancel_order_trade", ask("DELETE", "/api/v3/order", usdm, "origClientOrderId=open"), nil},

		{"um_market_data/exchange_information", get("/fapi/v1/exchangeInfo", ""), []string{"$.rateLimits"}},
		{"um_market_data/order_book", get("/fapi/v1/depth", usdm), nil},
		{"um_market_data/recent_trades_list", get("/fapi/v1/trades", usdm), nil},
		{"um_market_data/compressed_aggregate_trades_list", get("/fapi/v1/aggTrades", usdm), []string{"$[].nq"}}, // since 2025-12-31,
		{"um_market_data/kline_candlestick_data", get("/fapi/v1/klines", usdm+"&interval=1m"), nil},
		{"um_market_data/mark_price", get("/fapi/v1/premiumIndex", usdm), nil},
		{"um_market_data/get_funding_rate_history", get("/fapi/v1/fundingRate", usdm), nil},
		{"um_market_data/get_funding_rate_info", get("/fapi/v1/fundingInfo", ""), nil},
		{"um_market_data/24hr_ticker_price_change_statistics", get("/fapi/v1/ticker/24hr", usdm), nil},
		{"um_market_data/symbol_price_ticker_v2", get("/fapi/v2/ticker/price", usdm), nil},
		{"um_market_data/symbol_order_book_ticker", get("/fapi/v1/ticker/bookTicker", usdm), []string{"$.lastUpdateId"}}, // as COIN-M documents it,
		{"um_market_data/open_interest", get("/fapi/v1/openInterest", usdm), nil},
		{"um_market_data/mark_price_kline_candlestick_data", get("/fapi/v1/markPriceKlines", usdm+"&interval=1m"), nil},
		{"um_market_data/index_price_kline_candlestick_data", get("/fapi/v1/indexPriceKlines", "pair=BTCUSDT&interval=1m"), nil},
		{"um_market_data/premium_index_kline_data", get("/fapi/v1/premiumIndexKlines", usdm+"&interval=1m"), nil},
		{"um_market_data/continuous_contract_kline_candlestick_data", get("/fapi/v1/continuousKlines", "pair=BTCUSDT&contractType=PERPETUAL&interval=1m"), nil},
		{"um_market_data/old_trades_lookup", keyed("/fapi/v1/historicalTrades", usdm), nil},
		{"um_account/account_information_v2", ask("GET", "/fapi/v2/account"), []string{"$.canTrade", "$.positions[].breakEvenPrice", "$.positions[].notional", "$.positions[].isolatedWallet"}},
		{"um_account/futures_account_balance_v2", ask("GET", "/fapi/v2/balance"), nil},
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
		{"um_trade/query_order", ask("GET", "/fapi/v1/order", usdm, "origClientOrderId=open"), under("$", trailing, newer)},
		{"um_trade/query_current_open_order", ask("GET", "/fapi/v1/openOrder", usdm, "origClientOrderId=open"), under("$", trailing)},
		{"um_trade/all_orders", ask("GET", "/fapi/v1/allOrders", usdm), under("$[]", trailing)},
		{"derived/um_order_response_RESULT_post_2026_07_15", ask("POST", "/fapi/v1/order", usdm, "side=SELL", "type=MARKET", "quantity=0.010"), nil},
		{"um_trade/new_algo_order", ask("POST", "/fapi/v1/algoOrder", algo(venues[1], "side=SELL", "quantity=0.010", "clientAlgoId=algo")...), nil},
		{"um_trade/query_algo_order", ask("GET", "/fapi/v1/algoOrder", "clientAlgoId=algo"), nil},
		{"um_trade/current_all_algo_open_orders", ask("GET", "/fapi/v1/openAlgoOrders", usdm), nil},
		{"um_trade/query_all_algo_orders", ask("GET", "/fapi/v1/allAlgoOrders", usdm), nil},
		{"um_trade/cancel_algo_order", ask("DELETE", "/fapi/v1/algoOrder", "clientAlgoId=algo"), nil},
		{"um_trade/cancel_all_algo_open_orders", ask("DELETE", "/fapi/v1/algoOpenOrders", usdm), nil},
		{"um_trade/position_adl_quantile_estimation", ask("GET", "/fapi/v1/adlQuantile"), []string{"$[].adlQuantile.HEDGE", "$[].adlQuantile.BOTH"}}, // the one or the other, by mode
		{"um_trade/auto_cancel_all_open_orders", ask("POST", "/fapi/v1/countdownCancelAll", usdm, "countdownTime=0"), nil},
		{"um_trade/new_order_test", ask("POST", "/fapi/v1/order/test", usdm, "side=SELL", "type=MARKET", "quantity=0.010"), []string{"$"}}, // documented as an order, answered with {}
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
		{"cm_market_data/mark_price_kline_candlestick_data", get("/dapi/v1/markPriceKlines", coinm+"&interval=1m"), nil},
		{"cm_market_data/index_price_kline_candlestick_data", get("/dapi/v1/indexPriceKlines", "pair=BTCUSD&interval=1m"), nil},
		{"cm_market_data/continuous_contract_kline_candlestick_data", get("/dapi/v1/continuousKlines", "pair=BTCUSD&contractType=PERPETUAL&interval=1m"), nil},
		{"cm_account/get_current_position_mode", ask("GET", "/dapi/v1/positionSide/dual"), nil},
		{"cm_account/futures_account_balance", ask("GET", "/dapi/v1/balance"), nil},
		{"cm_account/account_information", ask("GET", "/dapi/v1/account"), []string{"$.positions[].isolatedWallet"}},
		{"cm_account/notional_bracket_for_symbol", ask("GET", "/dapi/v2/leverageBracket", coinm), []string{"$[].notionalCoef"}},
		{"cm_account/user_commission_rate", ask("GET", "/dapi/v1/commissionRate", coinm), nil},
		{"cm_account/get_income_history", ask("GET", "/dapi/v1/income"), nil},
		{"cm_trade/position_information", ask("GET", "/dapi/v1/positionRisk"), []string{"$[].notionalValue", "$[].isolatedWallet"}},
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
	dir := datatest.Path(t, "samples/binance")
	bks := []string{"$.bks"} // told when brackets change, and here they do not
	for _, c := range []struct {
		sample, path string
		skip         []string
	}{
		{"spot_ws_streams/diff_depth_stream", "/spot/ws/btcusdt@depth@100ms", nil},
		{"spot_ws_streams/partial_book_depth_streams", "/spot/ws/btcusdt@depth5@100ms", nil},
		{"spot_ws_streams/trade_streams", "/spot/ws/btcusdt@trade", nil},
		{"spot_ws_streams/aggregate_trade_streams", "/spot/ws/btcusdt@aggTrade", nil},
		{"spot_ws_streams/kline_candlestick_streams_for_utc", "/spot/ws/btcusdt@kline_1m", nil},
		{"spot_ws_streams/individual_symbol_mini_ticker_stream", "/spot/ws/btcusdt@miniTicker", nil},
		{"spot_ws_streams/individual_symbol_ticker_streams", "/spot/ws/btcusdt@ticker", nil},
		{"spot_ws_streams/individual_symbol_book_ticker_streams", "/spot/ws/btcusdt@bookTicker", nil},
		{"derived/um_depthUpdate_post_2026_06_30", "/usdm/public/ws/btcusdt@depth@100ms", nil},
		{"um_websocket_market_streams/partial_book_depth_streams", "/usdm/public/ws/btcusdt@depth10@100ms", nil},
		{"derived/um_bookTicker_post_2026_06_30", "/usdm/public/ws/btcusdt@bookTicker", nil},
		{"derived/um_aggTrade_post_2026_06_30", "/usdm/market/ws/btcusdt@aggTrade", nil},
		{"derived/um_markPriceUpdate_post_2026_06_30", "/usdm/market/ws/btcusdt@markPrice@1s", nil},
		{"um_websocket_market_streams/kline_candlestick_streams", "/usdm/market/ws/btcusdt@kline_1m", nil},
		{"um_websocket_market_streams/individual_symbol_mini_ticker_stream", "/usdm/market/ws/btcusdt@miniTicker", nil},
		{"um_websocket_market_streams/individual_symbol_ticker_streams", "/usdm/market/ws/btcusdt@ticker", nil},
		{"derived/cm_depthUpdate_post_2026_06_30", "/coinm/ws/btcusd_perp@depth@100ms", nil},
		{"cm_websocket_market_streams/individual_symbol_book_ticker_streams", "/coinm/ws/btcusd_perp@bookTicker", nil},
		{"cm_websocket_market_streams/aggregate_trade_streams", "/coinm/ws/btcusd_perp@aggTrade", nil},
		{"cm_websocket_market_streams/mark_price_stream", "/coinm/ws/btcusd_perp@markPrice@1s", nil},
		{"cm_websocket_market_streams/kline_candlestick_streams", "/coinm/ws/btcusd_perp@kline_1m", nil},
		{"cm_websocket_market_streams/individual_symbol_mini_ticker_stream", "/coinm/ws/btcusd_perp@miniTicker", nil},
		{"cm_websocket_market_streams/individual_symbol_ticker_streams", "/coinm/ws/btcusd_perp@ticker", nil},
		{"um_websocket_market_streams/contract_info_stream", "/usdm/market/ws/!contractInfo", bks},
		{"um_websocket_market_streams/continuous_contract_kline_candlestick_streams", "/usdm/market/ws/btcusdt_perpetual@continuousKline_1m", nil},
		{"cm_websocket_market_streams/contract_info_stream", "/coinm/ws/!contractInfo", bks},
		{"cm_websocket_market_streams/continuous_contract_kline_candlestick_streams", "/coinm/ws/btcusd_perpetual@continuousKline_1m", nil},
		{"cm_websocket_market_streams/mark_price_kline_candlestick_streams", "/coinm/ws/btcusd_perp@markPriceKline_1m", nil},
		{"cm_websocket_market_streams/index_kline_candlestick_streams", "/coinm/ws/btcusd@indexPriceKline_1m", nil},
		{"cm_websocket_market_streams/index_price_stream", "/coinm/ws/btcusd@indexPrice", []string{"$.i", "$.s"}}, // renamed on 2026-06-30
		{"cm_websocket_market_streams/mark_price_of_all_symbols_of_a_pair", "/coinm/ws/btcusd@markPrice", nil},
		{"um_websocket_market_streams/all_market_mini_tickers_stream", "/usdm/market/ws/!miniTicker@arr", nil},
		{"um_websocket_market_streams/all_market_tickers_streams", "/usdm/market/ws/!ticker@arr", nil},
		{"um_websocket_market_streams/mark_price_stream_for_all_market", "/usdm/market/ws/!markPrice@arr@1s", []string{"$[].ap"}}, // since 2026-03-16
		{"um_websocket_market_streams/all_book_tickers_stream", "/usdm/public/ws/!bookTicker", nil},
	} {
		t.Run(c.sample, func(t *testing.T) {
			b := running(t, nil)
			s := b.dial(c.path)
			b.advance(2 * exchange.Minute)
			if strings.HasSuffix(c.path, "contractInfo") {
				b.fault(simserver.Fault{Kind: "filter", Symbol: "BTCUSDT", TickSize: "0.5"})
			}
			got := any(s.next())
			if l, ok := got.(map[string]any)["list"]; ok {
				got = l
			}
			compare(t, "$", sample(t, dir, c.sample), got, c.skip)
		})
	}
}

// User events have the documented keys and types.
func TestUserEventsAsDocumented(t *testing.T) {
	dir := datatest.Path(t, "samples/binance")
	b := running(t, nil)
	spot := b.dial("/ws-api/v3")
	spot.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	usdm := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	coinm := b.dial("/coinm/ws/" + b.listenKey("/dapi/v1"))
	for _, v := range venues {
		b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=MARKET", "quantity="+v.qty)
	}
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=5")
	b.placeAlgo(venues[1], "side=SELL", "type=STOP_MARKET", "quantity=0.010", "triggerPrice="+b.last(venues[1], -900))
	b.must("POST", "/fapi/v1/leverage", "symbol=BTCUSDT", "leverage=7")
	b.fault(simserver.Fault{Kind: "listen_key_expired", Market: "usdm"})
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
		{"um_user_data_streams/event_algo_order_update", "ALGO_UPDATE", usdm, nil},
		{"um_user_data_streams/event_account_configuration_update_previous_leverage_update", "ACCOUNT_CONFIG_UPDATE", usdm, nil},
		{"um_user_data_streams/event_user_data_stream_expired", "listenKeyExpired", usdm, nil},
		{"cm_user_data_streams/event_order_update", "ORDER_TRADE_UPDATE", coinm, append(trailing, "$.o.n", "$.o.N")},
		{"cm_user_data_streams/event_balance_and_position_update", "ACCOUNT_UPDATE", coinm, nil},
	} {
		t.Run(c.sample, func(t *testing.T) {
			compare(t, "$", unwrap(sample(t, dir, c.sample)), any(c.from.until(c.kind)), c.skip)
		})
	}
}
