package frames_test

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/frames"
)

func frame(channel, data string) []byte {
	return []byte(`{"jsonrpc":"2.0","method":"subscription","params":{"channel":"` + channel + `","data":` + data + `}}`)
}

func TestInspect(t *testing.T) {
	f := frames.Format{}
	for _, tt := range []struct {
		frame []byte
		want  string
	}{
		{frame("book.BTC-PERPETUAL.100ms", `{"timestamp":1,"type":"snapshot","change_id":7,"bids":[["new",42500.5,950.0]],"asks":[]}`), "BTC-PERPETUAL deribit.inverse true [42500.5 950.0]"},
		{frame("book.BTC_USDC.raw", `{"type":"change","change_id":8,"prev_change_id":7,"bids":[],"asks":[["delete",42501.0,0.0]]}`), "BTC_USDC deribit.spot false [42501.0 0.0]"},
		{frame("trades.ETH_USDC-25DEC26.100ms", `[{"price":2968.35,"amount":0.5,"trade_seq":9}]`), "ETH_USDC-25DEC26 deribit.linear false [2968.35 0.5]"},
		{frame("trades.BTC-25DEC26-100000-C.100ms", `[]`), "none"},
		{[]byte(`{"e":"trade","s":"BTCUSDT"}`), "none"},
	} {
		got := "none"
		if x, ok := f.Inspect(tt.frame); ok {
			var numbers []string
			take := func(text string) { numbers = append(numbers, text) }
			x.Numbers(take, take)
			got = fmt.Sprint(x.Symbol, " ", x.Venue, " ", x.Snapshot, " ", numbers)
		}
		if got != tt.want {
			t.Errorf("%s: %s, want %s", tt.frame, got, tt.want)
		}
	}
	if s, id, ok := f.SkippedTrade(frame("trades.BTC-PERPETUAL.raw", `[{"trade_seq":9,"price":1.0},{"trade_seq":10,"price":1.0,"block_trade_id":"77"}]`)); s != "BTC-PERPETUAL" || id != 10 || !ok {
		t.Errorf("a block trade: %s %d %t", s, id, ok)
	}
}

// What an instrument is stands in its name, whatever segment was meant.
func TestAssume(t *testing.T) {
	one := exchange.MustStep("1")
	for symbol, want := range map[string]string{"BTC_USDC": "deribit.spot BTC/USDC", "BTC_USDC-PERPETUAL": "deribit.linear BTC/USDC:USDC", "ETH-25DEC26": "deribit.inverse ETH/USD:ETH-261225"} {
		in := frames.Format{}.Assume(api.Inverse.Venue(), symbol, one, one)
		if got := string(in.Venue) + " " + in.Name(); got != want || in.Check() != nil {
			t.Errorf("%s: %s %v, want %s", symbol, got, in.Check(), want)
		}
	}
	if in, ok := (frames.Format{}).Known(api.Inverse.Venue(), "BTC-PERPETUAL"); !ok || !in.FundingAccrues || in.Lot != exchange.MustStep("10") {
		t.Errorf("%+v %t", in, ok)
	}
}
