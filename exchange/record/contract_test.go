package record

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

const tardisTradeHeader = "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"

// TestContractsOfOtherVenuesAreValuedAsWhatTheyAre: a trade of 2,152 XBTUSD is one of
// 2,152 USD, and what nobody knows is refused.
func TestContractsOfOtherVenuesAreValuedAsWhatTheyAre(t *testing.T) {
	for _, c := range []struct {
		venue, symbol, price, amount string
		said                         map[string]string
		kind                         exchange.Contract
		usd                          string // value of the trade
		refused                      string
	}{
		{"bitmex", "XBTUSD", "8531.5", "2152", nil, exchange.Inverse, "2152", ""},
		{"bitmex", "XBTH20", "8531.5", "2152", nil, exchange.Inverse, "2152", ""},
		{"bitmex", "ETHUSD", "231.5", "10", nil, 0, "", "bitmex:ETHUSD: nobody here knows whether its amounts are coins or contracts"},
		{"bitmex", "XBTUSDT", "8531.5", "1000", nil, 0, "", "--contract bitmex:XBTUSDT=linear"},
		{"bitmex", "XBTUSDT", "8531.5", "2", map[string]string{"bitmex:XBTUSDT": "linear"}, exchange.Linear, "17063", ""},
		{"deribit", "BTC-PERPETUAL", "6421.5", "18640", nil, exchange.Inverse, "18640", ""},
		{"deribit", "ETH-25SEP26", "6421.5", "18640", nil, exchange.Inverse, "18640", ""},
		{"deribit", "BTC-25SEP26-9000-C", "0.05", "1", nil, 0, "", "nobody here knows"},
		{"deribit", "SOL_USDC-PERPETUAL", "20", "5", nil, exchange.Linear, "100", ""},
		{"huobi-dm-swap", "BTC-USD", "8629.3", "5", nil, exchange.Inverse, "500", ""},
		{"huobi-dm-swap", "ETH-USD", "200", "5", nil, exchange.Inverse, "50", ""},
		{"bybit", "BTCUSD", "8629", "50", nil, exchange.Inverse, "50", ""},
		{"bybit", "BTCUSDT", "8629", "2", nil, exchange.Linear, "17258", ""},
		{"okex-swap", "BTC-USDT-SWAP", "8629", "2", nil, 0, "", "nobody here knows"},
		{"okex-swap", "BTC-USD-SWAP", "8629", "2", map[string]string{"okex-swap:BTC-USD-SWAP": "inverse:BTC:100"}, exchange.Inverse, "200", ""},
		{"okex-swap", "BTC-USD-SWAP", "8629", "2", map[string]string{"okex-swap:BTC-USD-SWAP": "inverse:BTC:many"}, 0, "", `spot, or inverse:BASE:SIZE`},
		{"coinbase", "BTC-USD", "8629", "2", nil, exchange.Spot, "17258", ""},
	} {
		path := write(t, "trades.csv", tardisTradeHeader+c.venue+","+c.symbol+",1583020803145000,1583020803307160,1,sell,"+c.price+","+c.amount+"\n")
		r, err := formats.Open([]string{path}, Options{Contracts: c.said})
		if c.refused != "" {
			if err == nil || !strings.Contains(err.Error(), c.refused) || !strings.Contains(err.Error(), c.venue+":"+c.symbol) {
				t.Errorf("%s %s: %v, want it refused with %q", c.venue, c.symbol, err, c.refused)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s %s: %v", c.venue, c.symbol, err)
			continue
		}
		evs, err := drain(t, r)
		if err != nil || len(evs) != 1 {
			t.Fatalf("%s %s: %d events, %v", c.venue, c.symbol, len(evs), err)
		}
		in := r.Universe().Get(evs[0].Instrument)
		if got := in.Notional(evs[0].Price, evs[0].Qty); in.Contract != c.kind || got.String() != c.usd {
			t.Errorf("%s %s: a trade of %s on %s, want %s on %s", c.venue, c.symbol, got, in.Contract, c.usd, c.kind)
		}
		if in.Inverse() && (in.Base != "BTC" && in.Base != "ETH" || in.Settle() != in.Base) {
			t.Errorf("%s %s: base %s, settled in %s", c.venue, c.symbol, in.Base, in.Settle())
		}
	}
}

// TestTwoVenuesOfOneNameAreNotOneBook refuses to merge them.
func TestTwoVenuesOfOneNameAreNotOneBook(t *testing.T) {
	row := ",BTCUSDT,1583020803145000,1583020803307160,1,sell,8531.5,2\n"
	a, b := write(t, "a.csv", tardisTradeHeader+"binance-futures"+row), write(t, "b.csv", tardisTradeHeader+"bybit"+row)
	if _, err := formats.Open([]string{a, b}, Options{}); err == nil || !strings.Contains(err.Error(), "usdm:BTCUSDT is in data of binance and of bybit") {
		t.Errorf("got %v", err)
	}
}
