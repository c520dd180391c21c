package simfront

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// The klines of told prices begin where the price was, hold it, and add up over
// intervals.
func TestToldKlines(t *testing.T) {
	for _, v := range futuresVenues {
		b := running(t, nil)
		b.advance(20 * exchange.Minute)
		pair := map[string]string{"usdm": "BTCUSDT", "coinm": "BTCUSD"}[v.name]
		premium := b.get(v.prefix+"/premiumIndex", "symbol="+v.symbol)
		now, ok := premium.body.(map[string]any)
		if !ok {
			now = premium.list(t)[0].(map[string]any)
		}
		for path, want := range map[string]any{"/markPriceKlines?symbol=" + v.symbol: now["markPrice"], "/indexPriceKlines?pair=" + pair: now["indexPrice"]} {
			minutes := b.get(v.prefix+path+"&interval=1m", "").list(t)
			tens := b.get(v.prefix+path+"&interval=30m", "").list(t)
			last := minutes[len(minutes)-1].([]any)
			if len(minutes) < 20 || len(tens) > 2 || last[4] != want || len(last) != 12 {
				t.Errorf("%s: %d minutes, %d half hours, last %v, now %v", path, len(minutes), len(tens), last, want)
			}
			high := decimal.Zero
			for _, m := range minutes {
				high = decimal.Max(high, dec(t, m.([]any)[2]))
			}
			if !dec(t, tens[len(tens)-1].([]any)[2]).Equal(high) {
				t.Errorf("%s: high of the half hour %v, of its minutes %s", path, tens[len(tens)-1], high)
			}
		}
		plain := b.get(v.prefix+"/klines?interval=1m&symbol="+v.symbol, "").text
		if got := b.get(v.prefix+"/continuousKlines?interval=1m&contractType=PERPETUAL&pair="+pair, "").text; got != plain {
			t.Errorf("%s: continuous klines differ from those of the perpetual", v.name)
		}
		if n := len(b.get(v.prefix+"/premiumIndexKlines?interval=1m&limit=5&symbol="+v.symbol, "").list(t)); n != 5 {
			t.Errorf("%s: %d premium klines", v.name, n)
		}
		if a := b.get(v.prefix+"/indexPriceKlines", "interval=1m&pair=NO"); a.code() != -1121 {
			t.Errorf("%s: %s", v.name, a.text)
		}
	}
}

// A liquidation is told on the symbol's stream and on the one of all symbols.
func TestForceOrderStream(t *testing.T) {
	b := running(t, func(o *options) {
		for _, d := range Balances() {
			if api.Of(d.Wallet) == api.USDM {
				d.Amount = decimal.NewFromInt(150)
			}
			o.Balances = append(o.Balances, d)
		}
	})
	one, all := b.dial("/usdm/market/ws/btcusdt@forceOrder"), b.dial("/usdm/market/ws/!forceOrder@arr")
	b.must("POST", "/fapi/v1/leverage", "symbol=BTCUSDT", "leverage=150")
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=SELL", "type=MARKET", "quantity=0.200")
	for i := 0; i < 100 && len(one.frames) == 0; i++ {
		b.advance(5 * exchange.Minute)
	}
	for _, s := range []*socket{one, all} {
		o := s.until("forceOrder")["o"].(map[string]any)
		if o["s"] != "BTCUSDT" || o["S"] != "BUY" || o["X"] != "FILLED" && o["X"] != "PARTIALLY_FILLED" || fmt.Sprint(o["q"]) == "" {
			t.Errorf("%v", o)
		}
	}
}

func TestADLQuantile(t *testing.T) {
	b := running(t, nil)
	b.buy(venues[1])
	rows := b.must("GET", "/fapi/v1/adlQuantile").list(t)
	if len(rows) != 1 || rows[0].(map[string]any)["symbol"] != "BTCUSDT" {
		t.Errorf("%v", rows)
	}
}
