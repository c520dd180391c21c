package okx_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/account"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// Orders go by the stream while it is there, and by REST while it is not.
func TestOrdersGoByTheStream(t *testing.T) {
	l := start(t, now())
	to, err := url.Parse(l.at.Rest)
	if err != nil {
		t.Fatal(err)
	}
	var byREST atomic.Int32
	behind := httputil.NewSingleHostReverseProxy(to)
	rest := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/api/v5/trade/") {
			byREST.Add(1)
		}
		behind.ServeHTTP(w, r)
	}))
	defer rest.Close()
	at := l.at
	at.Rest = rest.URL
	for _, tt := range []struct {
		private string
		stream  bool
	}{{at.Private, true}, {"ws://127.0.0.1:1/ws/v5/private", false}} {
		at.Private = tt.private
		a, err := account.Open(t.Context(), client.Options{Endpoints: at, Entry: client.EntryWS, Key: l.key(), Passphrase: sign.NewSecret(l.keys.HMAC.Passphrase), Log: func(text string) { t.Log(text) }}, nil)
		if err != nil {
			t.Fatal(err)
		}
		o := oms.Order{Venue: "okx.swap", Symbol: "BTC-USDT-SWAP", Side: exchange.Buy, Type: exchange.Limit, Qty: dec("0.01"), Price: dec("54000")}
		went := false
		for i, end := 0, time.Now().Add(time.Minute); time.Now().Before(end); i++ { // until the stream is signed in
			before := byREST.Load()
			o.ClientID = fmt.Sprintf("a%d-%s", i, map[bool]string{true: "w", false: "r"}[tt.stream])
			r, err := a.Place(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			if went = byREST.Load() == before; went || !tt.stream {
				o.Qty = dec("0.02")
				if _, err := a.Amend(t.Context(), r.OrderID, o); err != nil {
					t.Error(err)
				}
				if _, err := a.Cancel(t.Context(), oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: r.OrderID}); err != nil {
					t.Error(err)
				}
				if n := byREST.Load() - before; tt.stream && n != 0 || !tt.stream && n != 3 {
					t.Errorf("%t: %d went by REST", tt.stream, n)
				}
				break
			}
			time.Sleep(20 * time.Millisecond)
		}
		if went != tt.stream {
			t.Errorf("%s: an order went by the stream: %t", tt.private, went)
		}
		a.Close()
	}
}
