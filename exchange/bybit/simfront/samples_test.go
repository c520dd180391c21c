package simfront_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange/datatest"
)

// differs lists where a payload lacks what a sample has, or has another kind of value there.
// Where a sample has text, null may stand for its being empty.
func differs(where string, sample, ours any) (out []string) {
	switch s := sample.(type) {
	case map[string]any:
		o, ok := ours.(map[string]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %T", where, ours)}
		}
		for _, key := range sorted(s) {
			if v, there := o[key]; !there {
				out = append(out, where+"."+key+" is missing")
			} else {
				out = append(out, differs(where+"."+key, s[key], v)...)
			}
		}
	case []any:
		o, ok := ours.([]any)
		if !ok {
			return []string{fmt.Sprintf("%s is %T", where, ours)}
		}
		if len(s) > 0 && len(o) > 0 {
			out = differs(where+"[0]", s[0], o[0])
		}
	case nil:
	default:
		if ours != nil && fmt.Sprintf("%T", s) != fmt.Sprintf("%T", ours) {
			out = append(out, fmt.Sprintf("%s is %T, want %T", where, ours, s))
		}
	}
	return out
}

func sorted(m map[string]any) []string {
	var out []string
	for k := range m { // order does not matter: sorted next
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Payloads have the shape of samples: of the venue's manual, and of adapters' tests.
func TestPayloadsHaveTheShapeOfSamples(t *testing.T) {
	dir := datatest.Path(t, "samples/venues")
	s := open(t, nil)
	s.order(nil)
	s.order(map[string]any{"orderType": "Market", "price": nil})
	for _, c := range []struct {
		sample, path, query string
		but                 []string // what a sample has that is not simulated
	}{
		{"bybit/http_get_orders_realtime.json", "/v5/order/realtime", "category=linear&symbol=BTCUSDT", nil},
		{"bybit/http_get_positions.json", "/v5/position/list", "category=linear&symbol=BTCUSDT", nil},
		{"bybit_docs/account_wallet-balance_0.json", "/v5/account/wallet-balance", "accountType=UNIFIED", []string{"accountIMRateByMp", "accountMMRateByMp", "totalInitialMarginByMp", "totalMaintenanceMarginByMp"}},
		{"bybit/http_get_executions.json", "/v5/execution/list", "category=linear&symbol=BTCUSDT", nil},
		{"bybit_docs/account_transaction-log_0.json", "/v5/account/transaction-log", "accountType=UNIFIED", nil},
		{"bybit/http_get_instruments_linear.json", "/v5/market/instruments-info", "category=linear&symbol=BTCUSDT", nil},
		{"bybit/http_get_instruments_spot.json", "/v5/market/instruments-info", "category=spot&symbol=BTCUSDT", nil},
		{"bybit_docs/market_tickers_2.json", "/v5/market/tickers", "category=spot&symbol=BTCUSDT", nil},
		{"bybit_docs/market_orderbook_0.json", "/v5/market/orderbook", "category=linear&symbol=BTCUSDT", nil},
		{"bybit/http_get_trades_recent.json", "/v5/market/recent-trade", "category=linear&symbol=BTCUSDT", nil},
		{"bybit/http_get_klines_linear.json", "/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=1", nil},
		{"bybit_docs/account_fee-rate_0.json", "/v5/account/fee-rate", "category=linear&symbol=ETHUSDT", nil},
		{"bybit_docs/market_time_0.json", "/v5/market/time", "", nil},
		{"bybit/http_get_account_info.json", "/v5/account/info", "", nil},
	} {
		raw, err := os.ReadFile(filepath.Join(dir, c.sample))
		if err != nil {
			t.Errorf("%s: %v", c.sample, err)
			continue
		}
		var sample, ours any
		a := s.get(c.path, c.query)
		if err := json.Unmarshal(raw, &sample); err != nil {
			t.Fatalf("%s: %v", c.sample, err)
		}
		if err := json.Unmarshal([]byte(a.text), &ours); err != nil {
			t.Fatalf("%s: %v", c.path, err)
		}
		for _, d := range differs("", sample, ours) {
			if !slices.ContainsFunc(c.but, func(b string) bool { return d == ".result.list[0]."+b+" is missing" }) {
				t.Errorf("%s: %s", c.sample, d)
			}
		}
	}
}
