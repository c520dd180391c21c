package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
	"github.com/perilune/perilune/exchange/binance/rules"
	"github.com/perilune/perilune/exchange/datatest"
)

// A reader of a sample says in words what the sample means to this package.
type sampleReader func(m api.Market, body []byte) string

// streamed is what Decoder makes of a message.
func streamed(m api.Market, body []byte) string {
	in := rules.Assume(m, "ANYUSDT", exchange.MustStep("0.00000001"), exchange.MustStep("0.00000001"))
	d := payload.NewDecoder(m, func([]byte) *exchange.Instrument { return &in })
	d.SetDefault(&in)
	var out []string
	var ev exchange.Event
	err := d.DecodeEach(body, &ev, func(ev *exchange.Event) error {
		s := ev.Kind.String()
		switch ev.Kind {
		case exchange.KindSnapshot, exchange.KindDiff:
			s += fmt.Sprintf(" %d-%d after %d", ev.FirstID, ev.LastID, ev.PrevID)
			for _, side := range [][]exchange.Level{ev.Bids, ev.Asks} {
				s += fmt.Sprintf(" %d:", len(side))
				if len(side) > 0 {
					s += fmt.Sprintf("%s@%s", in.QtyDecimal(side[0].Qty), in.PriceDecimal(side[0].Price))
				}
			}
		case exchange.KindTicker:
			s += fmt.Sprintf(" %d %s@%s %s@%s", ev.LastID, in.QtyDecimal(ev.Qty), in.PriceDecimal(ev.Price), in.QtyDecimal(ev.Qty2), in.PriceDecimal(ev.Price2))
		case exchange.KindTrade:
			s += fmt.Sprintf(" %d %s %s@%s", ev.ID, ev.Side, in.QtyDecimal(ev.Qty), in.PriceDecimal(ev.Price))
		case exchange.KindMark:
			s += fmt.Sprintf(" %s index %s rate %s next %s", ev.Mark.Decimal(), ev.Index.Decimal(), ev.Rate.Decimal(), ev.NextFunding)
		}
		out = append(out, s)
		return nil
	})
	if err != nil && !errors.Is(err, payload.ErrIgnored) {
		return err.Error()
	}
	return strings.Join(out, "; ")
}

// partial is streamed for futures, whose partial depth only the name of its stream
// tells from a diff.
func partial(m api.Market, body []byte) string { return streamed(m, enveloped("x@depth10", body)) }

func enveloped(stream string, body []byte) []byte {
	return fmt.Appendf(nil, `{"stream":"%s","data":%s}`, stream, body)
}

func streamedCandle(_ api.Market, body []byte) string {
	var msg klineEvent
	if err := json.Unmarshal(enveloped("x@kline_1m", body), &msg); err != nil {
		return err.Error()
	}
	k := &msg.Data.K
	return fmt.Sprintf("%s %s o%s h%s l%s c%s v%s final %v", k.Symbol, milli(k.Opened), k.Open, k.High, k.Low, k.Close, k.Volume, k.Final)
}

func contractNews(_ api.Market, body []byte) string {
	var msg contractEvent
	if err := json.Unmarshal(enveloped(contractStream, body), &msg); err != nil {
		return err.Error()
	}
	d := &msg.Data
	return fmt.Sprintf("%s %s ends %s st %d", d.Symbol, d.Status, milli(d.Delivery), d.Kind)
}

func classified(_ api.Market, body []byte) string {
	return fmt.Sprintf("class %d", protocol{}.Classify(body).Class)
}

// each reads an answer of REST row by row.
func each[T any](text func(v *T) string) sampleReader {
	return func(_ api.Market, body []byte) string {
		list, bad, err := rows[T](body)
		if err != nil || bad > 0 {
			return fmt.Sprintf("%d rows are bad: %v", bad, err)
		}
		var out []string
		for i := range list {
			out = append(out, text(&list[i]))
		}
		return strings.Join(out, "; ")
	}
}

var (
	candles = each(func(k *kline) string {
		return fmt.Sprintf("%s o%s h%s l%s c%s v%s", k.opened, k.prices[0], k.prices[1], k.prices[2], k.prices[3], k.volume)
	})
	settledRates = each(func(r *settlement) string {
		return fmt.Sprintf("%s %s at %s mark %s", r.Symbol, r.Rate, milli(r.Time), r.Mark)
	})
	termsOf = each(func(f *fundingTerms) string {
		return fmt.Sprintf("%s %d h %s to %s", f.Symbol, f.Hours, f.Floor, f.Cap)
	})
	premiumsOf = each(func(p *premium) string {
		return fmt.Sprintf("%s %s index %s rate %s interest %s next %s", p.Symbol, p.Mark, p.Index, p.Rate, p.Interest, milli(p.Next))
	})
	turnover = each(func(d *dayTicker) string {
		return fmt.Sprintf("%s last %s quote %s base %s", d.Symbol, d.Last, d.QuoteVolume, d.BaseVolume)
	})
	openings = each(func(i *openInterest) string { return fmt.Sprintf("%s %s at %s", i.Symbol, i.Open, milli(i.Time)) })
)

func rulesOf(m api.Market, body []byte) string {
	info, err := DecodeExchangeInfo(m, body)
	if err != nil {
		return err.Error()
	}
	out := []string{fmt.Sprintf("%d limits, %d problems", len(info.RateLimits), len(info.Problems))}
	for _, l := range info.Listings {
		in := &l.Instrument
		out = append(out, fmt.Sprintf("%s %s %s/%s x%d tick %s lot %s", in.Symbol, l.Status, in.Base, in.Quote, in.Multiplier, in.Tick, in.Lot))
	}
	return strings.Join(out, "; ")
}

// sampleMeanings are the samples of market data that are read, and what they mean.
var sampleMeanings = []struct {
	file string // below samples/binance, without .json
	read sampleReader
	want string
}{
	{"spot_ws_streams/aggregate_trade_streams", streamed, `trade 12345 sell 100@0.001`},
	{"spot_ws_streams/diff_depth_stream", streamed, `diff 157-160 after -1 1:10@0.0024 1:100@0.0026`},
	{"spot_ws_streams/individual_symbol_book_ticker_streams", streamed, `ticker 400900217 31.21@25.3519 40.66@25.3652`},
	{"spot_ws_streams/kline_candlestick_streams_for_utc", streamedCandle, `BNBBTC 2022-12-31T19:43:00.000Z o0.001 h0.0025 l0.0015 c0.002 v1000 final false`},
	{"spot_ws_streams/partial_book_depth_streams", streamed, `snapshot 0-160 after 0 1:10@0.0024 1:100@0.0026`},
	{"spot_ws_streams/server_shutdown", classified, `class 3`},
	{"spot_ws_streams/server_shutdown__2", classified, `class 3`},
	{"spot_ws_streams/subscribe_to_a_stream__2", classified, `class 2`},
	{"spot_ws_streams/trade_streams", streamed, `trade 12345 sell 100@0.001`},
	{"um_websocket_market_streams/aggregate_trade_streams", streamed, `trade 5933014 sell 100@0.001`},
	{"um_websocket_market_streams/all_book_tickers_stream", streamed, `ticker 400900217 31.21@25.3519 40.66@25.3652`},
	{"um_websocket_market_streams/contract_info_stream", contractNews, `IOTAUSDT TRADING ends 2100-12-25T08:00:00.000Z st 0`},
	{"um_websocket_market_streams/diff_book_depth_streams", streamed, `diff 157-160 after 149 1:10@0.0024 1:100@0.0026`},
	{"um_websocket_market_streams/individual_symbol_book_ticker_streams", streamed, `ticker 400900217 31.21@25.3519 40.66@25.3652`},
	{"um_websocket_market_streams/kline_candlestick_streams", streamedCandle, `BTCUSDT 2021-12-05T23:41:00.000Z o0.001 h0.0025 l0.0015 c0.002 v1000 final false`},
	{"um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__2", classified, `class 2`},
	{"um_websocket_market_streams/mark_price_stream", streamed, `mark 11794.15 index 11784.62659091 rate 0.00038167 next 2019-07-05T06:00:00.000Z`},
	{"um_websocket_market_streams/mark_price_stream_for_all_market", streamed, `mark 11185.87786614 index 11784.62659091 rate 0.0003 next 2019-07-05T06:00:00.000Z`},
	{"um_websocket_market_streams/partial_book_depth_streams", partial, `snapshot 0-390497878 after 0 5:0.002@7403.89 5:3.34@7405.96`},
	{"cm_websocket_market_streams/aggregate_trade_streams", streamed, `trade 424951 buy 2@9643.5`},
	{"cm_websocket_market_streams/all_book_tickers_stream", streamed, `ticker 17242169 52@9548.1 11@9548.5`},
	{"cm_websocket_market_streams/contract_info_stream", contractNews, `APTUSD_PERP TRADING ends 2100-12-25T08:00:00.000Z st 0`},
	{"cm_websocket_market_streams/diff_book_depth_streams", streamed, `diff 17285681-17285702 after 17285675 1:10@9517.6 1:45@9518.5`},
	{"cm_websocket_market_streams/individual_symbol_book_ticker_streams", streamed, `ticker 17242169 52@9548.1 11@9548.5`},
	{"cm_websocket_market_streams/kline_candlestick_streams", streamedCandle, `BTCUSD_200626 2020-06-04T09:05:00.000Z o9638.9 h9639.8 l9638.6 c9639.8 v156 final false`},
	{"cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__2", classified, `class 2`},
	{"cm_websocket_market_streams/mark_price_of_all_symbols_of_a_pair", streamed, `mark 10934.62615417 index 10933.62615417 rate 0 next 1970-01-01T00:00:00.000Z; mark 11012.31359011 index 10933.62615417 rate 0 next 2020-07-30T08:00:00.000Z`},
	{"cm_websocket_market_streams/mark_price_stream", streamed, `mark 10934.62615417 index 10933.62615417 rate 0 next 1970-01-01T00:00:00.000Z`},
	{"cm_websocket_market_streams/partial_book_depth_streams", partial, `snapshot 0-17276701 after 0 5:5@9523 5:2@9524.6`},
	{"um_market_data/24hr_ticker_price_change_statistics", turnover, `BTCUSDT last 4.000002 quote 15.3 base 0`},
	{"um_market_data/24hr_ticker_price_change_statistics__2", turnover, `BTCUSDT last 4.000002 quote 15.3 base 0`},
	{"um_market_data/exchange_information", rulesOf, `2 limits, 0 problems; BLZUSDT TRADING BLZ/USDT x1 tick 0.0001 lot 1`},
	{"um_market_data/get_funding_rate_history", settledRates, `BTCUSDT -0.0375 at 2019-10-09T08:00:00.000Z mark 34287.54619963; BTCUSDT 0.0001 at 2019-10-09T16:00:00.000Z mark 34287.54619963`},
	{"um_market_data/get_funding_rate_info", termsOf, `BLZUSDT 8 h -0.025 to 0.025`},
	{"um_market_data/kline_candlestick_data", candles, `2017-07-03T00:00:00.000Z o0.0163479 h0.8 l0.015758 c0.015771 v148976.11427815`},
	{"um_market_data/mark_price", premiumsOf, `BTCUSDT 11793.63104562 index 11781.8049597 rate 0.00038246 interest 0.0001 next 2020-08-14T08:00:00.000Z`},
	{"um_market_data/mark_price__2", premiumsOf, `BTCUSDT 11793.63104562 index 11781.8049597 rate 0.00038246 interest 0.0001 next 2020-08-14T08:00:00.000Z`},
	{"um_market_data/open_interest", openings, `BTCUSDT 10659.509 at 2020-05-14T06:25:30.011Z`},
	{"um_market_data/order_book", streamed, `snapshot 0-1027024 after 0 1:431@4 1:12@4.000002`},
	{"um_market_data/premium_index_kline_data", candles, `2023-08-09T17:57:00.000Z o-0.00042931 h-0.00023641 l-0.00059406 c-0.00043659 v0`},
	{"cm_market_data/24hr_ticker_price_change_statistics", turnover, `BTCUSD_200925 last 9651.6 quote 0 base 5192.94797687`},
	{"cm_market_data/exchange_information", rulesOf, `2 limits, 0 problems; BTCUSD_200925 TRADING BTC/USD x1 tick 0.1 lot 1`},
	{"cm_market_data/get_funding_info", termsOf, `BTCUSD_PERP 8 h -0.025 to 0.025`},
	{"cm_market_data/get_funding_rate_history_of_perpetual_futures", settledRates, `BTCUSD_PERP -0.003 at 2020-07-29T16:00:00.000Z mark 0; BTCUSD_PERP -0.003 at 2020-07-30T00:00:00.000Z mark 0`},
	{"cm_market_data/index_price_and_mark_price", premiumsOf, `BTCUSD_PERP 11029.69574559 index 10979.144375 rate 0.00071003 interest 0.0001 next 2020-07-30T08:00:00.000Z; BTCUSD_200925 12077.0134375 index 10979.103125 rate 0 interest 0 next 1970-01-01T00:00:00.000Z`},
	{"cm_market_data/kline_candlestick_data", candles, `2020-06-04T08:12:00.000Z o9640.7 h9642.4 l9640.6 c9642 v206`},
	{"cm_market_data/open_interest", openings, `BTCUSD_200626 15004 at 2020-06-04T08:57:22.378Z`},
	{"cm_market_data/order_book", streamed, `snapshot 0-16769853 after 0 1:431@9638 1:12@9638.2`},
	{"cm_market_data/premium_index_kline_data", candles, `2023-08-09T17:57:00.000Z o-0.00042931 h-0.00023641 l-0.00059406 c-0.00043659 v0`},
}

// sampleUnused are the samples of the same directories that nothing here reads, by
// reason.
var sampleUnused = map[string][]string{
	"a request, or the answer to one that is never made": {
		"spot_ws_streams/listing_subscriptions", "spot_ws_streams/listing_subscriptions__2", "spot_ws_streams/retrieving_properties",
		"spot_ws_streams/retrieving_properties__2", "spot_ws_streams/setting_properties", "spot_ws_streams/setting_properties__2",
		"spot_ws_streams/subscribe_to_a_stream", "spot_ws_streams/unsubscribe_to_a_stream", "spot_ws_streams/unsubscribe_to_a_stream__2",
		"um_websocket_market_streams/live_subscribing_unsubscribing_to_streams", "um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__10",
		"um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__3", "um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__4",
		"um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__5", "um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__6",
		"um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__7", "um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__8",
		"um_websocket_market_streams/live_subscribing_unsubscribing_to_streams__9", "cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams",
		"cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__10",
		"cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__3", "cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__4",
		"cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__5", "cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__6",
		"cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__7", "cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__8",
		"cm_websocket_market_streams/live_subscribing_unsubscribing_to_streams__9", "um_market_data/websocket_api", "um_market_data/websocket_api__2",
	},
	"another book, with orders that only retail flow can hit": {
		"um_websocket_market_streams/diff_book_depth_streams_rpi", "um_market_data/order_book_rpi",
	},
	"candles of prices or pairs that no strategy sees": {
		"spot_ws_streams/kline_candlestick_streams_with_timezone_offset", "um_websocket_market_streams/continuous_contract_kline_candlestick_streams",
		"cm_websocket_market_streams/continuous_contract_kline_candlestick_streams", "cm_websocket_market_streams/index_kline_candlestick_streams",
		"cm_websocket_market_streams/mark_price_kline_candlestick_streams", "um_market_data/continuous_contract_kline_candlestick_data",
		"um_market_data/index_price_kline_candlestick_data", "um_market_data/mark_price_kline_candlestick_data",
		"cm_market_data/continuous_contract_kline_candlestick_data", "cm_market_data/index_price_kline_candlestick_data",
		"cm_market_data/mark_price_kline_candlestick_data",
	},
	"history of sentiment, kept for 30 days": {
		"um_market_data/basis", "um_market_data/long_short_ratio", "um_market_data/open_interest_statistics", "um_market_data/taker_buysell_volume",
		"um_market_data/top_long_short_account_ratio", "um_market_data/top_trader_long_short_ratio", "cm_market_data/basis", "cm_market_data/long_short_ratio",
		"cm_market_data/open_interest_statistics", "cm_market_data/taker_buy_sell_volume", "cm_market_data/top_long_short_account_ratio",
		"cm_market_data/top_trader_long_short_ratio",
	},
	"indices, funds and calendars that nothing computes with": {
		"spot_ws_streams/reference_price_streams", "um_websocket_market_streams/composite_index_symbol_information_streams",
		"um_websocket_market_streams/multi_assets_mode_asset_index", "um_websocket_market_streams/trading_session_stream",
		"cm_websocket_market_streams/index_price_stream", "um_market_data/adl_risk", "um_market_data/adl_risk__2",
		"um_market_data/composite_index_symbol_information", "um_market_data/delivery_price", "um_market_data/index_constituents",
		"um_market_data/insurance_fund_balance", "um_market_data/insurance_fund_balance__2", "um_market_data/multi_assets_mode_asset_index",
		"um_market_data/multi_assets_mode_asset_index__2", "um_market_data/trading_schedule", "cm_market_data/index_constituents",
	},
	"past trades, or trades beside the book: only the stream counts": {
		"spot_ws_streams/block_trade_streams", "um_market_data/compressed_aggregate_trades_list", "um_market_data/old_trades_lookup",
		"um_market_data/recent_trades_list", "cm_market_data/compressed_aggregate_trades_list", "cm_market_data/old_trades_lookup",
		"cm_market_data/recent_trades_list",
	},
	"statistics: the touch, trades and ticker/24hr say the same or more": {
		"spot_ws_streams/all_market_mini_tickers_stream", "spot_ws_streams/all_market_rolling_window_statistics_streams", "spot_ws_streams/average_price",
		"spot_ws_streams/individual_symbol_mini_ticker_stream", "spot_ws_streams/individual_symbol_rolling_window_statistics_streams",
		"spot_ws_streams/individual_symbol_ticker_streams", "um_websocket_market_streams/all_market_mini_tickers_stream",
		"um_websocket_market_streams/all_market_tickers_streams", "um_websocket_market_streams/individual_symbol_mini_ticker_stream",
		"um_websocket_market_streams/individual_symbol_ticker_streams", "cm_websocket_market_streams/all_market_mini_tickers_stream",
		"cm_websocket_market_streams/all_market_tickers_streams", "cm_websocket_market_streams/individual_symbol_mini_ticker_stream",
		"cm_websocket_market_streams/individual_symbol_ticker_streams", "um_market_data/symbol_order_book_ticker",
		"um_market_data/symbol_order_book_ticker__2", "um_market_data/symbol_order_book_ticker__3", "um_market_data/symbol_order_book_ticker__4",
		"um_market_data/symbol_order_book_ticker__5", "um_market_data/symbol_price_ticker", "um_market_data/symbol_price_ticker__2",
		"um_market_data/symbol_price_ticker__3", "um_market_data/symbol_price_ticker__4", "um_market_data/symbol_price_ticker__5",
		"um_market_data/symbol_price_ticker_v2", "um_market_data/symbol_price_ticker_v2__2", "cm_market_data/symbol_order_book_ticker",
		"cm_market_data/symbol_price_ticker",
	},
	"the largest liquidation of a second: no full tape": {
		"um_websocket_market_streams/all_market_liquidation_order_streams", "um_websocket_market_streams/liquidation_order_streams",
		"cm_websocket_market_streams/all_market_liquidation_order_streams", "cm_websocket_market_streams/liquidation_order_streams",
	},
}

var sampleDirs = []string{"spot_ws_streams", "um_websocket_market_streams", "cm_websocket_market_streams", "um_market_data", "cm_market_data"}

// TestSampleMeanings holds every sample of market data against what it means, so
// that none is decoded into something else, and none is forgotten.
func TestSampleMeanings(t *testing.T) {
	root := datatest.Path(t, "samples/binance")
	known := make(map[string]bool)
	for _, s := range sampleMeanings {
		known[s.file] = true
		body, err := os.ReadFile(filepath.Join(root, s.file+".json"))
		if err != nil {
			t.Error(err)
			continue
		}
		if got := s.read(marketOfSample(s.file), body); got != s.want {
			t.Errorf("%s:\n got %s\nwant %s", s.file, got, s.want)
		}
	}
	for _, files := range sampleUnused {
		for _, f := range files {
			known[f] = true
		}
	}
	for _, dir := range sampleDirs {
		files, err := filepath.Glob(filepath.Join(root, dir, "*.json"))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %d files, %v", dir, len(files), err)
		}
		for _, path := range files {
			name := dir + "/" + strings.TrimSuffix(filepath.Base(path), ".json")
			if !known[name] {
				t.Errorf("%s is neither read nor listed as of no use", name)
			}
		}
	}
}

func marketOfSample(file string) api.Market {
	switch file[:2] {
	case "um":
		return api.USDM
	case "cm":
		return api.COINM
	}
	return api.Spot
}
