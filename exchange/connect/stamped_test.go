package connect_test

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

func TestStamped(t *testing.T) {
	const clock = 1_700_000_000 * exchange.Second
	for _, tt := range []struct {
		answer string
		want   exchange.Time
	}{
		{`{"s":"BTCUSDT","ts":1700003600000,"u":7}`, clock + exchange.Hour},
		{`{"ts":"1700003600000"}`, clock + exchange.Hour},
		{`{"ts":1699999999000}`, clock}, // a market of which nothing was heard for a second
		{`{"cts":1700003600000}`, clock},
	} {
		if got, err := connect.Stamped(clock, []byte(tt.answer), "ts"); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.answer, got, err, tt.want)
		}
	}
	if _, err := connect.Stamped(clock, []byte(`{"ts":`), "ts"); err == nil {
		t.Error("half an answer is one")
	}
}
