package simfront_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// FuzzRequest gives the front what it never expects: it answers, with an envelope or a
// refusal, and goes on.
func FuzzRequest(f *testing.F) {
	feed, err := synth.New(synth.Options{Seed: 1, Start: exchange.Date(2026, 3, 2), Calm: true, Houses: []synth.House{simfront.House}})
	if err != nil {
		f.Fatal(err)
	}
	sim, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed, Seed: 1})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		if err := sim.Close(); err != nil {
			f.Error(err)
		}
	})
	front := simfront.New(sim)
	front.Limits.Address = 1 << 40
	for _, seed := range [][3]string{{"GET", "/v5/market/kline?category=linear&symbol=BTCUSDT&interval=1&start=-1&end=9223372036854775807", ""}, {"GET", "/v5/market/orderbook?category=spot&symbol=BTCUSDT&limit=0", ""},
		{"POST", "/v5/order/create", `{"category":"linear","symbol":"BTCUSDT","qty":"1e999","price":1,"side":"Buy","orderType":"Limit"}`}, {"GET", "/v5/market/instruments-info?category=linear&cursor=99999999999", ""},
		{"POST", "/v5/order/create-batch", `{"category":"spot","request":[1,null,{}]}`}, {"GET", "/v5/market/funding/history?category=inverse&symbol=BTCUSD&startTime=x", ""}} {
		f.Add(seed[0], seed[1], seed[2])
	}
	f.Fuzz(func(t *testing.T, method, target, body string) {
		if !strings.HasPrefix(target, "/v5/") || strings.ContainsAny(target, " \r\n\t\x00") {
			return
		}
		r, err := http.NewRequest(method, "http://127.0.0.1"+target, strings.NewReader(body))
		if err != nil {
			return
		}
		r.RemoteAddr = "127.0.0.1:1"
		w := httptest.NewRecorder()
		front.ServeHTTP(w, r)
		if w.Code == 0 || w.Body.Len() == 0 {
			t.Fatalf("%s %s %q: %d without a word", method, target, body, w.Code)
		}
	})
}
