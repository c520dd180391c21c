package simfront_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strconv"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/simfront"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/synth"
)

// An exchange in a test's own process, and an order placed with nothing but net/http.
func Example() {
	feed, err := synth.New(synth.Options{Seed: 1, Start: exchange.Date(2026, 3, 2), Calm: true})
	if err != nil {
		log.Fatal(err)
	}
	x, err := simserver.New(simserver.Options{Universe: feed.Universe(), Feed: feed})
	if err != nil {
		log.Fatal(err)
	}
	defer x.Close()
	srv := httptest.NewServer(simfront.New(x))
	defer srv.Close()

	key := x.Keys()[0].HMAC
	order := url.Values{"symbol": {"BTCUSDT"}, "side": {"BUY"}, "type": {"MARKET"}, "quantity": {"0.01"}, "newOrderRespType": {"FULL"},
		"timestamp": {strconv.FormatInt(time.Now().UnixMilli(), 10)}}
	mac := hmac.New(sha256.New, []byte(key.Secret))
	mac.Write([]byte(order.Encode()))
	query := order.Encode() + "&signature=" + hex.EncodeToString(mac.Sum(nil))

	req, err := http.NewRequest("POST", srv.URL+"/api/v3/order?"+query, nil)
	if err != nil {
		log.Fatal(err)
	}
	req.Header.Set("X-MBX-APIKEY", key.Key)
	res, err := srv.Client().Do(req)
	if err != nil {
		log.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		Status string
		Fills  []struct{ Price, Qty, Commission, CommissionAsset string }
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil {
		log.Fatal(err)
	}
	for _, f := range answer.Fills {
		fmt.Println(answer.Status, f.Qty, "at", f.Price, "fee", f.Commission, f.CommissionAsset)
	}
	fmt.Println("the exchange's own view:", x.Truth().Accounts[0].Trades[0].Qty, "BTC")
	// Output:
	// FILLED 0.01000000 at 91195.61000000 fee 0.00001000 BTC
	// the exchange's own view: 0.01 BTC
}
