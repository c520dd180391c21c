package host

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/record"
)

// Amounts of Tardis are the venue's: contracts, where it counts those. A file of trades has
// the same value here as there.
func TestTardisAmountsHaveTheirValue(t *testing.T) {
	for _, tt := range []struct{ exchange, symbol, price, amount, key, coins string }{
		{"okex-swap", "BTC-USDT-SWAP", "50000", "2", "swap:BTC-USDT-SWAP", "0.02"},
		{"okex-swap", "BTC-USD-SWAP", "50000", "10", "swap:BTC-USD-SWAP", "0.02"},
		{"bybit", "BTCUSDT", "50000", "0.02", "linear:BTCUSDT", "0.02"},
		{"bybit", "BTCUSD", "50000", "1000", "inverse:BTCUSD", "0.02"},
		{"binance-futures", "BTCUSDT", "50000", "0.02", "usdm:BTCUSDT", "0.02"},
	} {
		name := filepath.Join(t.TempDir(), "trades.csv")
		text := "exchange,symbol,timestamp,local_timestamp,id,side,price,amount\n"
		for _, id := range []string{"1", "2"} {
			text += tt.exchange + "," + tt.symbol + ",170000000" + id + "000000,170000000" + id + "000100," + id + ",buy," + tt.price + "," + tt.amount + "\n"
		}
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Recordings().Open([]string{name}, record.Options{})
		if err != nil {
			t.Errorf("%s %s: %v", tt.exchange, tt.symbol, err)
			continue
		}
		var ev exchange.Event
		if err := r.Next(&ev); err != nil {
			t.Errorf("%s %s: %v", tt.exchange, tt.symbol, err)
			continue
		}
		in := r.Universe().Get(ev.Instrument)
		if got := in.BaseQty(ev.Price, ev.Qty).String(); in.Key() != tt.key || got != tt.coins || ev.Kind != exchange.KindTrade {
			t.Errorf("%s %s: %s of %s, want %s of %s", tt.exchange, tt.symbol, got, in.Key(), tt.coins, tt.key)
		}
		_ = r.Close()
	}
}
