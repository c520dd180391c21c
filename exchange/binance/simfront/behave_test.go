package simfront

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

func TestWhoWaitsIsNotBanned(t *testing.T) {
	now := time.Unix(1_800_000_000, 0)
	b := running(t, func(o *options) {
		o.Limits.SpotWeight = 100
		o.Clock = func() time.Time { return now }
	})
	for minute := range 6 {
		refused := 0
		for range 9 {
			if a, err := b.do("GET", "/api/v3/exchangeInfo", "", "", ""); err != nil || a.status == http.StatusTeapot {
				t.Fatalf("minute %d: %d %v", minute, a.status, err)
			} else if a.status == http.StatusTooManyRequests {
				refused++
			}
		}
		if refused != 4 {
			t.Fatalf("minute %d: %d requests were refused, want 4", minute, refused)
		}
		b.server.Do(func(*simserver.State) { now = now.Add(time.Minute) })
	}
	for range 20 {
		a, err := b.do("GET", "/api/v3/exchangeInfo", "", "", "")
		if err != nil {
			t.Fatal(err)
		}
		if a.status == http.StatusTeapot {
			return
		}
	}
	t.Error("who goes on after 429 is not banned")
}

func TestTransfersWeighOnTheAccount(t *testing.T) {
	b := running(t, nil)
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=10")
	a := b.get("/api/v3/ping", "")
	if used := a.header.Get("X-MBX-USED-WEIGHT-1M"); used != "1" {
		t.Errorf("spot's weight is %s after one ping, want 1", used)
	}
	moved := b.signed("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=10")
	if used := moved.header.Get("X-SAPI-USED-UID-WEIGHT-1M"); used != "600" {
		t.Errorf("the account's weight is %q after two transfers, want 600", used)
	}
}

func TestClearedFaultsEnd(t *testing.T) {
	b := running(t, nil)
	offset := func() int64 {
		n, err := strconv.ParseInt(strings.Trim(b.get("/api/v3/time", "").text[len(`{"serverTime":`):], "}"), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n - time.Now().UnixMilli()
	}
	b.fault(simserver.Fault{Kind: "skew", Millis: 60_000, ForMS: 4000})
	if d := offset(); d < 50_000 {
		t.Fatalf("the clock is off by %d ms, want a minute", d)
	}
	if a, err := b.do("DELETE", "/sim/faults", "", "", ""); err != nil || a.status != http.StatusOK {
		t.Fatal(a.status, err)
	}
	if d := offset(); d > 50_000 || d < -50_000 {
		t.Errorf("after the faults were cleared the clock is off by %d ms", d)
	}
	b.fault(simserver.Fault{Kind: "maintenance", Millis: 600_000})
	_, _ = b.do("DELETE", "/sim/faults", "", "", "")
	if a := b.get("/api/v3/ping", ""); a.status != http.StatusOK {
		t.Errorf("after the faults were cleared a ping is answered with %d", a.status)
	}
}

func TestInversePositionsHaveASide(t *testing.T) {
	b := running(t, nil)
	bid, _ := b.touch("/dapi/v1", "BTCUSD_PERP")
	b.must("POST", "/dapi/v1/order", "symbol=BTCUSD_PERP", "side=SELL", "type=MARKET", "quantity=5")
	for _, p := range b.must("GET", "/dapi/v1/positionRisk").list(t) {
		o := p.(map[string]any)
		if o["symbol"] != "BTCUSD_PERP" {
			continue
		}
		coins, err := strconv.ParseFloat(o["notionalValue"].(string), 64)
		price, _ := bid.Float64()
		if want := -500 / price; err != nil || coins > want*0.95 || coins < want*1.05 {
			t.Errorf("notionalValue %v, want about %g coins", o["notionalValue"], want)
		}
		if o["isolatedWallet"] == nil {
			t.Error("no isolatedWallet")
		}
		return
	}
	t.Error("no position of BTCUSD_PERP")
}

func TestPagesOfOtherSitesAreRefused(t *testing.T) {
	b := running(t, nil)
	for _, c := range []struct {
		path, host, origin string
		want               int
	}{
		{"/sim/account", "", "", http.StatusOK},
		{"/sim/account", "localhost:8900", "", http.StatusOK},
		{"/sim/account", "[::1]:8900", "", http.StatusOK},
		{"/sim/account", "evil.example", "", http.StatusForbidden},
		{"/sim/account", "evil.example:8900", "", http.StatusForbidden},
		{"/sim/faults", "", "http://evil.example", http.StatusForbidden},
		{"/sim/faults", "", "null", http.StatusForbidden},
		{"/api/v3/ping", "", "https://127.0.0.1:1", http.StatusForbidden},
		{"/api/v3/ping", "", "http://" + b.host, http.StatusOK},
		{"/spot/ws/btcusdt@trade", "evil.example", "", http.StatusForbidden},
	} {
		req, err := http.NewRequest("GET", "http://"+b.host+c.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if req.Host = b.host; c.host != "" {
			req.Host = c.host
		}
		if c.origin != "" {
			req.Header.Set("Origin", c.origin)
		}
		res, err := b.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != c.want {
			t.Errorf("%s Host %q Origin %q: %d, want %d", c.path, c.host, c.origin, res.StatusCode, c.want)
		}
	}
}

// A parameter that is sent twice is refused before anything else is looked at.
func TestDuplicatedParametersComeFirst(t *testing.T) {
	b := running(t, nil)
	for _, q := range []string{"symbol=BTCUSDT&symbol=ETHUSDT", "symbol=BTCUSDT&symbol=BTCUSDT&timestamp=1"} {
		for _, path := range []string{"/api/v3/depth", "/api/v3/account", "/fapi/v1/order", "/dapi/v1/positionRisk"} {
			if a := b.get(path, q); a.code() != -1101 {
				t.Errorf("%s?%s: %d %s, want -1101", path, q, a.status, a.text)
			}
		}
	}
	if a := b.get("/api/v3/depth", "symbol=BTCUSDT"); a.status != http.StatusOK {
		t.Errorf("a parameter sent once: %d", a.status)
	}
}

// Whatever clients call is answered, or refused by its name.
func TestNothingIsRefusedWithoutAName(t *testing.T) {
	b := running(t, nil)
	b.advance(20 * exchange.Minute)
	for _, path := range []string{
		"/api/v3/ticker?symbol=BTCUSDT&windowSize=15m", "/api/v3/ticker?symbols=[\"BTCUSDT\",\"ETHUSDT\"]&type=MINI", "/api/v3/ticker/tradingDay?symbol=BTCUSDT&timeZone=-5:30",
		"/api/v3/executionRules", "/futures/data/openInterestHist?symbol=BTCUSDT&period=5m", "/futures/data/basis?pair=BTCUSDT&contractType=PERPETUAL&period=5m",
		"/futures/data/topLongShortPositionRatio?symbol=BTCUSDT&period=5m", "/futures/data/topLongShortAccountRatio?pair=BTCUSD&period=5m",
		"/futures/data/globalLongShortAccountRatio?symbol=BTCUSDT&period=15m", "/futures/data/takerlongshortRatio?symbol=BTCUSDT&period=5m",
		"/futures/data/takerBuySellVol?pair=BTCUSD&contractType=PERPETUAL&period=5m", "/fapi/v1/constituents?symbol=BTCUSDT", "/dapi/v1/constituents?symbol=BTCUSD",
		"/sapi/v1/system/status",
	} {
		p, q, _ := strings.Cut(path, "?")
		if a := b.get(p, strings.ReplaceAll(q, `"`, "%22")); a.status != http.StatusOK || a.text == "[]" {
			t.Errorf("%s: %d %s", path, a.status, a.text)
		}
	}
	for _, c := range [][]string{
		{"GET", "/api/v3/myFilters", "symbol=BTCUSDT"}, {"GET", "/api/v3/myAllocations", "symbol=BTCUSDT"}, {"GET", "/api/v3/myPreventedMatches", "symbol=BTCUSDT"},
		{"GET", "/sapi/v1/asset/wallet/balance"}, {"POST", "/sapi/v3/asset/getUserAsset", "needBtcValuation=true"}, {"GET", "/fapi/v1/feeBurn"},
		{"POST", "/fapi/v1/feeBurn", "feeBurn=false"}, {"GET", "/fapi/v1/positionMargin/history", "symbol=BTCUSDT"}, {"GET", "/dapi/v1/leverageBracket"},
		{"GET", "/fapi/v1/orderAmendment", "symbol=BTCUSDT"},
	} {
		b.must(c[0], c[1], c[2:]...)
	}
	for _, c := range []struct {
		path, names string
		code        int64
	}{
		{"/api/v3/referencePrice?symbol=BTCUSDT", "reference price", -2043},
		{"/fapi/v1/insuranceBalance", "GET v1/insuranceBalance", -5000},
		{"/sapi/v1/margin/account", "sapi/v1/margin/account", -5000},
	} {
		p, q, _ := strings.Cut(c.path, "?")
		if a := b.get(p, q); a.code() != c.code || !strings.Contains(a.text, c.names) {
			t.Errorf("%s: %d %s, want %d and a name", c.path, a.status, a.text, c.code)
		}
	}
}

func TestAmendmentsAreKept(t *testing.T) {
	b := running(t, nil)
	bid, _ := b.touch("/api/v3", "BTCUSDT")
	price := bid.Mul(bid.Div(bid)).Sub(bid.Div(bid).Shift(3)).Floor().String()
	placed := b.must("POST", "/api/v3/order", "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.01", "price="+price)
	id := orderID(t, placed)
	b.must("PUT", "/api/v3/order/amend/keepPriority", "symbol=BTCUSDT", "orderId="+id, "newQty=0.005", "newClientOrderId=smaller")
	rows := b.must("GET", "/api/v3/order/amendments", "symbol=BTCUSDT", "orderId="+id).list(t)
	if len(rows) != 1 {
		t.Fatalf("%d amendments, want 1", len(rows))
	}
	row := rows[0].(map[string]any)
	if row["origQty"] != "0.01000000" || row["newQty"] != "0.00500000" || row["newClientOrderId"] != "smaller" {
		t.Errorf("amendment: %v", row)
	}
	bid, _ = b.touch("/fapi/v1", "BTCUSDT")
	price = bid.Sub(bid.Div(bid).Shift(3)).Floor().String()
	id = orderID(t, b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.01", "price="+price))
	b.must("PUT", "/fapi/v1/order", "symbol=BTCUSDT", "orderId="+id, "side=BUY", "quantity=0.02", "price="+price)
	rows = b.must("GET", "/fapi/v1/orderAmendment", "symbol=BTCUSDT", "orderId="+id).list(t)
	if len(rows) != 1 || !strings.Contains(string(encode(rows[0])), `"origQty":{"after":"0.020","before":"0.010"}`) {
		t.Errorf("amendments: %v", rows)
	}
}

func orderID(t *testing.T, a answer) string {
	t.Helper()
	n, ok := a.object(t)["orderId"].(interface{ String() string })
	if !ok {
		t.Fatalf("no orderId in %s", a.text)
	}
	return n.String()
}
