package account

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/oms"
)

func sample(t testing.TB, name string) []byte {
	t.Helper()
	body, err := os.ReadFile(datatest.Path(t, "samples/binance/"+name))
	if err != nil {
		t.Fatal(err)
	}
	return body
}

// short is a name without the house.
func short[T exchange.Venue | exchange.Wallet](name T) string {
	return exchange.Within(string(name), api.House)
}

// eventLine is the meaning of an event in one line.
func eventLine(n oms.AccountEvent) string {
	switch {
	case n.Report != nil:
		s := orderLine(*n.Report)
		for _, x := range n.Report.Executions {
			s += fmt.Sprintf(" | trade %s %s@%s fee %s %s pnl %s maker %v %s", x.TradeID, x.Qty, x.Price, x.Fee, x.FeeAsset, x.Realised.Decimal, x.Maker, x.Reason)
		}
		return s
	case n.Balance != nil:
		return fmt.Sprintf("%v balance %s %s free %s", short(n.Balance.Wallet), n.Balance.Asset, n.Balance.Total, n.Balance.Free)
	case n.Position != nil:
		side := map[exchange.Side]string{exchange.Buy: " LONG", exchange.Sell: " SHORT"}[n.Position.Side]
		return fmt.Sprintf("%v position %s%s %s@%s", short(n.Position.Venue), n.Position.Symbol, side, n.Position.Qty, n.Position.Entry)
	case n.Funding != nil:
		return fmt.Sprintf("%v %s %s %s %s", short(n.Funding.Venue), n.Funding.Name, n.Funding.Symbol, n.Funding.Amount, n.Funding.Asset)
	case n.Heard != nil:
		x := n.Heard
		return fmt.Sprintf("%v heard %s %s #%s trade %s %s %s@%s maker %v", short(x.Venue), x.Symbol, x.ClientID, x.OrderID, x.TradeID, x.Side, x.Qty, x.Price, x.Maker)
	case n.Told != "":
		return "told " + n.Told
	}
	return "config " + n.Setting
}

func conditionalLine(o *Conditional) string {
	return fmt.Sprintf("%v %s %s %s %s %s at %s for %s #%d order %d %s %s", o.Market, o.Symbol, o.ClientID, o.Side, o.Kind, o.Qty, o.Trigger, o.Price, o.AlgoID, o.OrderID, o.Status, o.Reason)
}

func orderLine(r oms.Report) string {
	return fmt.Sprintf("%v %s %s #%s %s %s %s/%s@%s %s", short(r.Venue), r.Symbol, r.ClientID, r.OrderID, r.Side, r.Status, r.Filled, r.Qty, r.Price, r.Reason)
}

func TestRecordedEvents(t *testing.T) {
	for _, test := range []struct {
		m    api.Market
		file string
		want []string
	}{
		{api.Spot, "spot_user_data/order_update.json", []string{"spot ETHBTC mUvoqJxFIILMdfAW5iGSOW #4293153 buy accepted 0/1@0.1026441 "}},
		{api.Spot, "derived/spot_wsapi_user_event_wrapped.json", []string{"spot BTCUSDT t-001 #4293153 buy accepted 0/0.01@60000 "}},
		{api.Spot, "spot_user_data/account_update.json", []string{"spot balance ETH 10000 free 10000"}},
		{api.Spot, "nautilus/rs_spot_account_position.json", []string{"spot balance USDT 12500 free 10000", "spot balance ETH 5 free 5"}},
		{api.Spot, "spot_user_data/balance_update.json", nil},
		{api.Spot, "spot_user_data/external_lock_update.json", nil},
		{api.Spot, "spot_user_data/order_reject_reason.json", []string{`told order list 2 (OCO, "F4QN4G8DlFATFlIUQ0cjdD") in ETHBTC is not ours: it works`}},
		{api.Spot, "nautilus/py_ws_spot_execution_report_trade.json", []string{
			"spot ETHUSDT O-12345-test-trade #1234567890 buy partial 0.5/1@2500  | trade 98765432 0.5@2499.5 fee 0.0005 ETH pnl 0 maker true "}},
		{api.Spot, "nautilus/rs_spot_execution_report_trade.json", []string{
			"spot ETHUSDT x-TD67BGP9-T0000000000000 #12345678 buy filled 1/1@2500  | trade 98765432 1@2500 fee 0.001 ETH pnl 0 maker true "}},
		{api.Spot, "nautilus/py_ws_spot_execution_report_canceled.json", []string{"spot ETHUSDT O-12345-test-cancel #9876543210 sell canceled 0.1/0.5@2500 "}},
		{api.Spot, "nautilus/py_ws_spot_execution_report_pending_cancel.json", []string{"spot ETHUSDT O-12345-test-cancel #9876543210 sell partial 0.1/0.5@2500 "}},
		{api.Spot, "nautilus/rs_spot_execution_report_expired.json", []string{"spot ETHUSDT x-TD67BGP9-T0000000000000 #12345678 buy expired 0/1@2500 not enough in the book"}},
		{api.Spot, "nautilus/py_ws_spot_execution_report_trade_prevention.json", []string{
			"spot ETHUSDT O-12345-test-stp #1234567890 buy expired 0/1@2500 SELF_TRADE_PREVENTION"}},
		{api.Spot, "nautilus/py_ws_spot_execution_report_rejected.json", []string{"spot BTCUSDT O-12345-test-reject #1234567890 buy rejected 0/0.001@50000 GTX_ORDER_REJECT"}},
		{api.Spot, "nautilus/py_ws_spot_execution_report_trade_l_zero.json", []string{"spot ETHUSDT O-12345-test-trade-l-zero #1234567890 buy filled 0.001/0.001@2500 "}},

		{api.USDM, "um_user_data_streams/event_order_update.json", []string{"usdm BTCUSDT TEST #8886774 sell accepted 0/0.001@0 "}},
		{api.COINM, "cm_user_data_streams/event_order_update.json", []string{"coinm BTCUSD_200925 TEST #8888888 sell accepted 0/2@0 "}},
		{api.USDM, "nautilus/rs_futures_order_update_trade.json", []string{
			"usdm BTCUSDT TEST #8886774 buy filled 0.001/0.001@7100.5  | trade 12345678 0.001@7100.5 fee 0.01 USDT pnl 12.34 maker true "}},
		{api.USDM, "nautilus/rs_futures_order_update_trade_partial.json", []string{
			"usdm BTCUSDT TEST #8886774 buy partial 0.001/0.002@7100.5  | trade 12345678 0.001@7100.5 fee 0.01 USDT pnl 12.34 maker true "}},
		{api.USDM, "nautilus/py_ws_futures_order_update_liquidation.json", []string{
			"usdm BTCUSDT autoclose-1234567890123456 #9876543210 sell filled 0.1/0.1@0  | trade 1122334455 0.1@50000 fee 5 USDT pnl -100 maker false liquidation"}},
		{api.USDM, "nautilus/py_ws_futures_order_update_liquidation_zero_qty.json", []string{"usdm BTCUSDT autoclose-7654321098765432 #7654321098 sell filled 0/0@0 "}},
		{api.USDM, "nautilus/rs_futures_order_update_calculated_pending.json", []string{"usdm BTCUSDT autoclose-pending-0000 #8887004 sell accepted 0/0.014@9910 "}},
		{api.USDM, "nautilus/rs_futures_order_update_insurance.json", []string{
			"usdm BTCUSDT autoclose-insurance-5678 #8887003 sell filled 0.02/0.02@45000  | trade 12346003 0.02@45000 fee 0.45 USDT pnl -8 maker false liquidation"}},
		{api.USDM, "nautilus/rs_futures_order_update_adl.json", []string{
			"usdm BTCUSDT adl_autoclose_12345 #8887001 buy filled 0.005/0.005@42000  | trade 12346001 0.005@42000 fee 0.105 USDT pnl -2.5 maker false adl"}},
		{api.USDM, "nautilus/py_ws_futures_order_update_adl.json", []string{
			"usdm ETHUSDT adl_autoclose #8765432109 buy filled 1/1@0  | trade 2233445566 1@2500 fee 2.5 USDT pnl 50 maker false adl"}},
		{api.USDM, "nautilus/py_ws_futures_order_update_settlement.json", []string{
			"usdm BTCUSDT settlement_autoclose-1111222233334444 #6543210987 buy filled 0.05/0.05@0  | trade 4455667788 0.05@51000 fee 2.55 USDT pnl 25 maker false settlement"}},
		{api.COINM, "nautilus/rs_futures_order_update_delivery.json", []string{
			"coinm BTCUSD_240329 delivery_autoclose-12345 #8887003 sell filled 1/1@70000  | trade 12346003 1@70000 fee 0  pnl 0 maker false settlement"}},
		{api.USDM, "um_user_data_streams/event_trade_lite.json", []string{"usdm heard BTCUSDT z8hcUoOsqEdKMeKPSABslD #8886774 trade 109100866 buy 0.04@64089.2 maker false"}},
		{api.USDM, "um_user_data_streams/event_margin_call.json", nil},
		{api.USDM, "um_user_data_streams/event_strategy_update.json", nil},
		{api.USDM, "um_user_data_streams/event_grid_update.json", nil},
		{api.USDM, "derived/um_account_update_funding_fee_cross.json", []string{"usdm FUNDING_FEE BTCUSDT -0.61 USDT", "usdm balance USDT 9999.39 free 0"}},
		{api.USDM, "derived/um_account_update_funding_fee_isolated.json", []string{
			"usdm FUNDING_FEE BTCUSDT -0.61 USDT", "usdm balance USDT 9999.39 free 0", "usdm position BTCUSDT 0.1@61000"}},
		{api.USDM, "um_user_data_streams/event_balance_and_position_update.json", []string{
			"usdm balance USDT 122624.12345678 free 0", "usdm balance BUSD 1 free 0", "usdm position BTCUSDT 0@0",
			"usdm position BTCUSDT LONG 20@6563.665", "usdm position BTCUSDT SHORT -10@6563.86"}},
		{api.COINM, "cm_user_data_streams/event_balance_and_position_update.json", []string{
			"coinm balance BTC 122624.12345678 free 0", "coinm balance ETH 1 free 0", "coinm position BTCUSD_200925 0@0",
			"coinm position BTCUSD_200925 LONG 20@6563.6", "coinm position BTCUSD_200925 SHORT -10@6563.8"}},
		{api.USDM, "um_user_data_streams/event_account_configuration_update_previous_leverage_update.json", []string{"config leverage BTCUSDT 25"}},
		{api.USDM, "um_user_data_streams/event_account_configuration_update_previous_leverage_update__2.json", []string{"config multi-assets mode true"}},
		{api.COINM, "cm_user_data_streams/event_account_configuration_update.json", []string{"config leverage BTCUSD_PERP 25"}},
		{api.USDM, "um_user_data_streams/event_algo_order_update.json", []string{
			"usdm BNBUSDT Q5xaq5EGKgXXa0fD7fs0Ip sell TAKE_PROFIT 0.01 at 750 for 750 #2148719 order 0 CANCELED Reduce Only reject"}},
		{api.USDM, "nautilus/py_ws_futures_algo_update_finished.json", []string{
			"usdm DOGEUSDT O-20251211-053131-TEST-000-1 buy STOP_MARKET 38 at 0.13855 for 0 #1000000033225453 order 88937381063 FINISHED "}},
	} {
		ev, err := openEvent(sample(t, test.file))
		if err != nil {
			t.Errorf("%s: %v", test.file, err)
			continue
		}
		var got []string
		if ev.kind == "ALGO_UPDATE" {
			err = ev.conditional(test.m, ev.o, func(o Conditional) { got = append(got, conditionalLine(&o)) })
		} else {
			err = ev.accountEvents(test.m, func(n oms.AccountEvent) {
				got = append(got, eventLine(n))
				if n.Venue != test.m.Venue() || n.Time != ev.at || n.Time == 0 {
					t.Errorf("%s: market %v, time %v", test.file, n.Venue, n.Time)
				}
			})
		}
		if err != nil {
			t.Errorf("%s: %v", test.file, err)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s:\n got %q\nwant %q", test.file, got, test.want)
		}
	}
	if ev, err := openEvent(sample(t, "um_user_data_streams/event_user_data_stream_expired.json")); err != nil || ev.kind != "listenKeyExpired" ||
		ev.key != "WsCMN0a4KHUPTQuX6IUnqEZfB1inxmv1qR4kbf1LuEjur5VdbzqvyxqG9TSjVVxv" {
		t.Errorf("%+v %v", ev, err)
	}
	if ev, err := openEvent(sample(t, "spot_user_data/event_stream_terminated.json")); err != nil || ev.kind != "eventStreamTerminated" {
		t.Errorf("%+v %v", ev, err)
	}
}

func TestRecordedOrders(t *testing.T) {
	for _, test := range []struct {
		m    api.Market
		file string
		want string
	}{
		{api.Spot, "spot_rest/cancel_order_trade.json", "spot LTCBTC myOrder1 #4 buy canceled 0/1@2 "},
		{api.Spot, "spot_rest/new_order_trade.json", "spot BTCUSDT 6gCrw2kRUAF9CvJDGP16IP #28 none accepted 0/0@0 "}, // a bare acknowledgement
		{api.Spot, "spot_rest/new_order_trade__3.json", "spot BTCUSDT 6gCrw2kRUAF9CvJDGP16IP #28 sell filled 10/10@0 "},
		{api.Spot, "spot_rest/query_order_user_data.json", "spot LTCBTC myOrder1 #1 buy accepted 0/1@0.1 "},
		{api.USDM, "um_trade/cancel_order.json", "usdm BTCUSDT myOrder1 #283194212 buy canceled 0/11@0 "},
		{api.USDM, "um_trade/modify_order.json", "usdm BTCUSDT LJ9R4QZDihCaS8UAOOLpgW #20072994037 buy accepted 0/1@30005 "},
		{api.USDM, "derived/um_order_response_RESULT_post_2026_07_15.json", "usdm BTCUSDT t-001 #22542179 buy accepted 0/0.01@60000 "},
		{api.COINM, "cm_trade/cancel_order.json", "coinm BTCUSD_200925 myOrder1 #283194212 buy canceled 0/11@0 "},
	} {
		r, err := decodeOrder(test.m, sample(t, test.file))
		if got := orderLine(r); err != nil || got != test.want || r.Time == 0 {
			t.Errorf("%s: %q %v %v\nwant %q", test.file, got, r.Time, err, test.want)
		}
	}
	r, err := decodeAmended(sample(t, "spot_rest/order_amend_keep_priority_trade.json"))
	if got, want := orderLine(r), "spot BTCUSDT 5xrgbMyg6z36NzBn2pbT8H #33 sell accepted 0/5@6 "; err != nil || got != want || r.Time != exchange.UnixMilli(1741926410255) {
		t.Errorf("amended: %q %v %v", got, r.Time, err)
	}
	data, err := member(sample(t, "spot_rest/cancel_an_existing_order_and_send_a_new_order_trade__2.json"), "data")
	if err != nil {
		t.Fatal(err)
	}
	both, err := decodeReplaced(&request{market: api.Spot, changes: true}, data)
	if err != nil || both.Cancel != nil || both.Canceled.ClientID != "86M8erehfExV8z2RC8Zo8k" || both.Place == nil || both.Place.Code != "-2010" || both.Place.Class != exchange.ErrRefused {
		t.Errorf("replaced: %+v %v", both, err)
	}
}

func TestRecordedMoney(t *testing.T) {
	trade := func(m api.Market, file, want string) {
		t.Helper()
		all, err := list(sample(t, file), func(raw []byte) (oms.Execution, error) { return decodeTrade(m, raw) })
		if err != nil || len(all) != 1 {
			t.Fatalf("%s: %v %v", file, all, err)
		}
		x := all[0]
		got := fmt.Sprintf("%v %s %s of #%s %s %s@%s fee %s %s pnl %s maker %v %d", short(x.Venue), x.Symbol, x.TradeID, x.OrderID, x.Side, x.Qty, x.Price, x.Fee, x.FeeAsset, x.Realised.Decimal, x.Maker, x.Time/exchange.Millisecond)
		if got != want {
			t.Errorf("%s:\n got %s\nwant %s", file, got, want)
		}
	}
	trade(api.Spot, "spot_rest/account_trade_list_user_data.json", "spot BNBBTC 28457 of #100234 buy 12@4.000001 fee 10.1 BNB pnl 0 maker false 1499865549590")
	trade(api.USDM, "um_trade/account_trade_list.json", "usdm BTCUSDT 698759 of #25851813 sell 0.002@7819.01 fee 0.0781901 USDT pnl -0.91539999 maker false 1569514978020")
	trade(api.COINM, "cm_trade/account_trade_list.json", "coinm BTCUSD_200626 6 of #28 sell 1@8800 fee 0.00000454 BTC pnl 0 maker false 1590743483586")

	income := func(m api.Market, file string, want ...string) {
		t.Helper()
		all, err := list(sample(t, file), func(raw []byte) (oms.Income, error) { return decodeIncome(m, raw) })
		var got []string
		for _, r := range all {
			got = append(got, fmt.Sprintf("%s %s %s %s %s %d", r.Name, r.Symbol, r.Amount, r.Asset, r.ID, r.Time/exchange.Millisecond))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q %v", file, got, err)
		}
	}
	income(api.USDM, "um_account/get_income_history.json", "TRANSFER  -0.375 USDT 9689322392 1570608000000", "COMMISSION BTCUSDT -0.01 USDT 9689322392 1570636800000")
	income(api.COINM, "cm_account/get_income_history.json", "TRANSFER  -0.375 BTC 9689322392 1570608000000", "COMMISSION BTCUSD_200925 -0.01 BTC 9689322392 1570636800000")

	balance := func(m api.Market, file, want string) {
		t.Helper()
		all, err := list(sample(t, file), func(raw []byte) (oms.Balance, error) { return decodeBalance(m, raw) })
		if err != nil || len(all) == 0 || fmt.Sprintf("%s %s free %s", all[0].Asset, all[0].Total, all[0].Free) != want {
			t.Errorf("%s: %+v %v", file, all, err)
		}
	}
	balance(api.USDM, "um_account/futures_account_balance_v3.json", "USDT 122607.35137903 free 23.72469206")
	balance(api.COINM, "cm_account/futures_account_balance.json", "BTC 0.0025 free 0.00241969")
	if all, err := decodeSpotBalances(sample(t, "spot_rest/account_information_user_data.json")); err != nil || len(all) != 2 ||
		fmt.Sprint(all[0]) != fmt.Sprint(oms.Balance{Wallet: api.Spot.Wallet(), Asset: "BTC", Total: number("4723846.89208129"), Free: number("4723846.89208129")}) {
		t.Errorf("spot: %+v %v", all, err)
	}
	p, err := decodePosition(api.USDM, bytes.Trim(sample(t, "um_trade/position_information_v3.json"), "[]\n"))
	if err != nil || p.Side != 0 || p.Symbol != "ADAUSDT" || p.Qty.String() != "30" || p.Entry.String() != "0.385" {
		t.Errorf("position: %+v %v", p, err)
	}
	if v, err := decodeFees(sample(t, "spot_rest/query_commission_rates_user_data.json")); err != nil || v.Maker.String() != "0.01000122" || v.Taker.String() != "0.02000134" {
		t.Errorf("fees: %+v %v", v, err)
	}
	if v, err := decodeFees(sample(t, "um_account/user_commission_rate.json")); err != nil || v.Maker.String() != "0.0002" || v.Taker.String() != "0.0004" {
		t.Errorf("fees: %+v %v", v, err)
	}
	brackets := func(file, symbol, want string) {
		t.Helper()
		all, err := decodeBrackets(sample(t, file), symbol)
		if err != nil || len(all) != 1 || fmt.Sprintf("%d %s-%s %s %s", all[0].Leverage, all[0].Floor, all[0].Cap, all[0].Rate, all[0].Cum) != want {
			t.Errorf("%s: %+v %v", file, all, err)
		}
	}
	brackets("um_account/notional_and_leverage_brackets.json", "ETHUSDT", "75 0-15000 0.0065 0")
	brackets("um_account/notional_and_leverage_brackets__2.json", "ETHUSDT", "75 0-15000 0.0065 0")
	brackets("cm_account/notional_bracket_for_symbol.json", "BTCUSD_PERP", "125 0-75 0.004 0")
	all, err := list(sample(t, "um_trade/current_all_algo_open_orders.json"), func(raw []byte) (Conditional, error) { return decodeConditional(api.USDM, raw) })
	if err != nil || len(all) != 1 || conditionalLine(&all[0]) != "usdm BNBUSDT MRumok0dkhrP4kCm12AHaB sell TAKE_PROFIT 0.01 at 750 for 750 #2148627 order 0 NEW " {
		t.Errorf("conditional: %+v %v", all, err)
	}
}

// Every order and every trade in the recorded data, wherever it stands in a
// document, means what a plain reading of its JSON says.
func TestEveryRecordedObject(t *testing.T) {
	orders, trades := 0, 0
	for _, root := range []string{"samples/binance", "fixtures/jkorf_binance", "fixtures/nautilus", "fixtures/gocryptotrader/binance"} {
		err := filepath.WalkDir(datatest.Path(t, root), func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			m := marketOf(path)
			for _, doc := range documents(t, path) {
				objects(doc, func(o map[string]any, raw []byte) {
					switch {
					case has(o, "symbol", "orderId", "status", "side", "executedQty") && statuses[fmt.Sprint(o["status"])] != 0:
						orders++
						sameOrder(t, path, m, o, raw)
					case has(o, "symbol", "id", "orderId", "commission", "qty") && (has(o, "side") || has(o, "isBuyer")):
						trades++
						sameTrade(t, path, m, o, raw)
					}
				})
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Logf("%d orders and %d trades", orders, trades)
	if orders < 100 || trades < 8 {
		t.Errorf("%d orders and %d trades: there should be more", orders, trades)
	}
}

func marketOf(path string) api.Market {
	switch p := filepath.ToSlash(path); {
	case strings.Contains(p, "/cm_") || strings.Contains(p, "CoinFutures"):
		return api.COINM
	case strings.Contains(strings.ToLower(p), "spot"):
		return api.Spot
	}
	return api.USDM
}

// documents returns the JSON values in a file; a test case of the JKorf set has
// lines that are none before them.
func documents(t *testing.T, path string) []json.RawMessage {
	body, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.HasSuffix(path, ".txt") {
		if i := bytes.IndexAny(body, "{["); i >= 0 {
			body = body[i:]
		}
		if i := bytes.Index(body, []byte("\n= ")); i >= 0 {
			body = body[i+3:]
		}
	}
	var doc json.RawMessage
	if json.NewDecoder(bytes.NewReader(body)).Decode(&doc) != nil {
		return nil
	}
	return []json.RawMessage{doc}
}

// objects visits every object in a document.
func objects(raw []byte, visit func(o map[string]any, raw []byte)) {
	var list []json.RawMessage
	if json.Unmarshal(raw, &list) == nil {
		for _, e := range list {
			objects(e, visit)
		}
		return
	}
	var members map[string]json.RawMessage
	if json.Unmarshal(raw, &members) != nil || members == nil {
		return
	}
	var o map[string]any
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.UseNumber()
	if dec.Decode(&o) == nil {
		visit(o, raw)
	}
	for _, k := range sortedKeys(members) {
		objects(members[k], visit)
	}
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m { // order does not matter: sorted next
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

func has(o map[string]any, keys ...string) bool {
	return !slices.ContainsFunc(keys, func(k string) bool { return o[k] == nil })
}

// number is a plain reading of a number or of text that is one.
func number(v any) decimal.Decimal {
	d, err := decimal.NewFromString(fmt.Sprint(v))
	if err != nil {
		return decimal.Zero
	}
	return d
}

func sameOrder(t *testing.T, path string, m api.Market, o map[string]any, raw []byte) {
	r, err := decodeOrder(m, raw)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	client := fmt.Sprint(o["clientOrderId"])
	if has(o, "origClientOrderId") && o["origClientOrderId"] != "" {
		client = fmt.Sprint(o["origClientOrderId"])
	}
	qty := o["origQty"]
	if qty == nil {
		qty = o["qty"]
	}
	if r.Symbol != o["symbol"] || fmt.Sprint(r.OrderID) != fmt.Sprint(o["orderId"]) || r.ClientID != client || !strings.EqualFold(r.Side.String(), fmt.Sprint(o["side"])) ||
		!r.Filled.Equal(number(o["executedQty"])) || !r.Qty.Equal(number(qty)) || !r.Price.Equal(number(o["price"])) {
		t.Errorf("%s: %+v is not %s", path, r, raw)
	}
}

func sameTrade(t *testing.T, path string, m api.Market, o map[string]any, raw []byte) {
	x, err := decodeTrade(m, raw)
	if err != nil {
		t.Errorf("%s: %v", path, err)
		return
	}
	if x.Symbol != o["symbol"] || fmt.Sprint(x.TradeID) != fmt.Sprint(o["id"]) || fmt.Sprint(x.OrderID) != fmt.Sprint(o["orderId"]) ||
		!x.Price.Equal(number(o["price"])) || !x.Qty.Equal(number(o["qty"])) || !x.Fee.Equal(number(o["commission"])) || x.FeeAsset != o["commissionAsset"] {
		t.Errorf("%s: %+v is not %s", path, x, raw)
	}
}
