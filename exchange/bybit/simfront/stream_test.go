package simfront_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// Answers of public sockets: the wording differs by category, and there are three pongs.
func TestSocketWords(t *testing.T) {
	s := open(t, nil)
	linear, spot, private, trade := s.dial("/v5/public/linear"), s.dial("/v5/public/spot"), s.dial("/v5/private"), s.dial("/v5/trade")
	for _, c := range []struct {
		at        *socket
		say, hear string
	}{
		{linear, `{"req_id":"1","op":"subscribe","args":["orderbook.50.BTCUSDT"]}`, `"success":true,"ret_msg":""`},
		{linear, `{"req_id":"2","op":"subscribe","args":["orderbook.50.BTCUSDT"]}`, `error:already subscribed,topic:orderbook.50.BTCUSDT`},
		{linear, `{"req_id":"3","op":"subscribe","args":["nothing.BTCUSDT"]}`, `error:handler not found,topic:nothing.BTCUSDT`},
		{spot, `{"req_id":"4","op":"subscribe","args":["publicTrade.BTCUSDT"]}`, `"success":true,"ret_msg":"subscribe"`},
		{linear, `{"req_id":"5","op":"ping"}`, `"ret_msg":"pong"`},
		{private, `{"op":"ping"}`, `"op":"pong","args":["`},
		{trade, `{"op":"ping"}`, `"retMsg":"OK","op":"pong","data":["`},
		{private, `{"req_id":"6","op":"subscribe","args":["order"]}`, `"success":false`},
		{private, `{"req_id":"7","op":"auth","args":["nobody",1,"x"]}`, `"success":false`},
		{trade, `{"op":"order.create","args":[{}]}`, `"retCode":10003`},
	} {
		c.at.say(c.say)
		c.at.hear(c.hear)
	}
}

// book is what a client makes of a topic.
type book struct {
	u    int64
	bids map[string]string
	asks map[string]string
}

// take applies a message and reports whether it followed.
func (b *book) take(t *testing.T, text string) (kind string, follows bool) {
	t.Helper()
	var m struct {
		Type string
		Data struct {
			U    int64
			B, A [][2]string
		}
	}
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if m.Type == "snapshot" {
		b.bids, b.asks = map[string]string{}, map[string]string{}
	}
	follows = m.Type == "snapshot" || m.Data.U == b.u+1
	b.u = m.Data.U
	for side, levels := range map[*map[string]string][][2]string{&b.bids: m.Data.B, &b.asks: m.Data.A} { // order does not matter: the sides are two maps
		for _, l := range levels {
			if (*side)[l[0]] = l[1]; l[1] == "0" {
				delete(*side, l[0])
			}
		}
	}
	return m.Type, follows
}

// agrees compares a book with the truth.
func (b *book) agrees(t *testing.T, s *stand, category, symbol string) {
	t.Helper()
	r := s.get("/v5/market/orderbook", "category="+category+"&symbol="+symbol+"&limit=1000")
	var truth struct{ B, A [][2]string }
	if err := json.Unmarshal(r.Result, &truth); err != nil {
		t.Fatal(err)
	}
	if len(truth.B) != len(b.bids) || len(truth.A) != len(b.asks) {
		t.Errorf("%d and %d levels, the truth has %d and %d", len(b.bids), len(b.asks), len(truth.B), len(truth.A))
	}
	for _, l := range truth.B {
		if b.bids[l[0]] != l[1] {
			t.Fatalf("bid %s: %s, the truth is %s", l[0], b.bids[l[0]], l[1])
		}
	}
	if got := r.at("u"); got != strconv.FormatInt(b.u, 10) {
		t.Errorf("u %d, the truth is %s", b.u, got)
	}
}

// A book that is followed by its deltas is the exchange's, in every category, and its ids
// rise by one. A restart is a snapshot with u=1, or a delta with it.
func TestBooks(t *testing.T) {
	for category, symbol := range map[string]string{"linear": "BTCUSDT", "spot": "ETHUSDT", "inverse": "BTCUSD"} { // order does not matter: each is tried by itself
		t.Run(category, func(t *testing.T) {
			s := open(t, nil)
			c := s.dial("/v5/public/" + category)
			c.say(`{"req_id":"1","op":"subscribe","args":["orderbook.200.` + symbol + `"]}`)
			b := &book{}
			b.take(t, c.hear(`"topic":"orderbook.200.`))
			next := func() (string, bool) {
				s.pass(exchange.Second)
				return b.take(t, c.hear(`"topic":"orderbook.200.`))
			}
			for range 20 {
				if kind, follows := next(); kind != "delta" || !follows {
					t.Fatalf("%s, follows %t", kind, follows)
				}
			}
			b.agrees(t, s, category, symbol)
			s.arm(simserver.Fault{Kind: "gap", Symbol: symbol})
			s.pass(exchange.Second)
			if _, follows := next(); follows {
				t.Error("a lost message is not seen by the ids")
			}
			s.arm(simserver.Fault{Kind: "reset_book", Symbol: symbol})
			if kind, _ := next(); kind != "snapshot" || b.u != 1 {
				t.Errorf("a restart: %s with u=%d", kind, b.u)
			}
			if kind, follows := next(); kind != "delta" || !follows || b.u != 2 {
				t.Errorf("after it: %s with u=%d", kind, b.u)
			}
			b.agrees(t, s, category, symbol)
			s.arm(simserver.Fault{Kind: "reset_delta", Symbol: symbol})
			if kind, _ := next(); kind != "delta" || b.u != 1 {
				t.Errorf("a delta that restarts: %s with u=%d", kind, b.u)
			}
		})
	}
}

// A book of one level has snapshots alone, and comes again with the same u.
func TestTouch(t *testing.T) {
	s := open(t, nil)
	c := s.dial("/v5/public/linear")
	c.say(`{"req_id":"1","op":"subscribe","args":["orderbook.1.BTCUSDT","tickers.BTCUSDT","kline.1.BTCUSDT","priceLimit.BTCUSDT","publicTrade.BTCUSDT"]}`)
	first := &book{}
	if kind, _ := first.take(t, c.hear(`"topic":"orderbook.1.BTCUSDT"`)); kind != "snapshot" || len(first.bids) != 1 {
		t.Errorf("%s with %d bids", kind, len(first.bids))
	}
	c.hear(`"topic":"tickers.BTCUSDT","type":"snapshot"`)
	s.pass(exchange.Minute)
	c.hear(`"topic":"tickers.BTCUSDT","type":"delta"`)
	c.hear(`"topic":"kline.1.BTCUSDT"`)
	if text := c.hear(`"topic":"publicTrade.BTCUSDT"`); !strings.Contains(text, `"L":"`) {
		t.Errorf("a trade of a contract: %s", text)
	}
	spot := s.dial("/v5/public/spot")
	spot.say(`{"req_id":"1","op":"subscribe","args":["publicTrade.BTCUSDT"]}`)
	spot.hear(`"op":"subscribe"`)
	s.pass(exchange.Minute)
	if text := spot.hear(`"topic":"publicTrade.BTCUSDT"`); strings.Contains(text, `"L":`) {
		t.Errorf("a trade of coins: %s", text)
	}
}

// The account's stream tells an order, its fill, the position and the wallet; and what was
// taken and then rejected.
func TestPrivate(t *testing.T) {
	s := open(t, nil)
	c := s.dial("/v5/private")
	s.login(c)
	c.say(`{"req_id":"1","op":"subscribe","args":["order","execution","position.linear","wallet"]}`)
	c.hear(`"op":"subscribe"`)
	_, name := s.order(map[string]any{"orderType": "Market", "price": nil})
	c.hear(`"topic":"order","creationTime"`)
	if text := c.hear(`"topic":"execution"`); !strings.Contains(text, name) || !strings.Contains(text, `"execPnl":"0"`) {
		t.Errorf("an execution: %s", text)
	}
	c.hear(`"topic":"position.linear"`)
	c.hear(`"topic":"wallet"`)
	s.arm(simserver.Fault{Kind: "ack_reject"})
	a, name := s.order(nil)
	if text := c.hear(name); a.Code != 0 || a.at("orderId") == "" || !strings.Contains(text, `"orderStatus":"Rejected"`) || !strings.Contains(text, "EC_ReachRiskPriceLimit") {
		t.Errorf("taken and rejected: %d, %s", a.Code, text)
	}
	if r := s.get("/v5/order/history", "category=linear&orderId="+a.at("orderId")); r.at("list.0.orderStatus") != "Rejected" {
		t.Errorf("the history: %s", r.text)
	}
	s.pass(exchange.Hour)
	c.hear(`"execType":"Funding"`)
}

// The trade socket does what REST does, with one login; ids of requests are taken once, and
// a restart ends a connection's use.
func TestTrade(t *testing.T) {
	s := open(t, nil)
	c := s.dial("/v5/trade")
	expires := time.Now().Add(time.Minute).UnixMilli()
	c.say(fmt.Sprintf(`{"op":"auth","args":["%s",%d,"%s"]}`, s.key, expires, s.signed(fmt.Sprintf("GET/realtime%d", expires))))
	c.hear(`"retCode":0,"retMsg":"OK","op":"auth"`)
	n := 0
	request := func(op, args string) string {
		n++
		c.say(fmt.Sprintf(`{"reqId":"r%d","header":{"X-BAPI-TIMESTAMP":"%d"},"op":"%s","args":[%s]}`, n, time.Now().UnixMilli(), op, args))
		return c.hear(fmt.Sprintf(`"reqId":"r%d"`, n))
	}
	order := `{"category":"linear","symbol":"BTCUSDT","side":"Buy","orderType":"Limit","qty":"0.01","price":"80000","orderLinkId":"w1"}`
	if text := request("order.create", order); !strings.Contains(text, `"retCode":0`) || !strings.Contains(text, `"orderLinkId":"w1"`) || !strings.Contains(text, "X-Bapi-Limit-Status") {
		t.Errorf("create: %s", text)
	}
	if text := request("order.amend", `{"category":"linear","symbol":"BTCUSDT","orderLinkId":"w1","qty":"0.005"}`); !strings.Contains(text, `"retCode":0`) {
		t.Errorf("amend: %s", text)
	}
	if text := request("order.cancel", `{"category":"linear","symbol":"BTCUSDT","orderLinkId":"w1"}`); !strings.Contains(text, `"retCode":0`) {
		t.Errorf("cancel: %s", text)
	}
	if text := request("order.create-batch", `{"category":"linear","request":[`+strings.Replace(order, "w1", "w2", 1)+`]}`); !strings.Contains(text, `"retExtInfo":{"list":[{"code":0`) {
		t.Errorf("a batch: %s", text)
	}
	n = 0
	if text := request("order.cancel", `{}`); !strings.Contains(text, `"retCode":20006`) {
		t.Errorf("an id again: %s", text)
	}
	n = 100
	if text := request("order.dance", `{}`); !strings.Contains(text, `"retCode":10404`) {
		t.Errorf("an unknown op: %s", text)
	}
	s.arm(simserver.Fault{Kind: "restart"})
	for range 2 {
		if text := request("order.cancel", `{"category":"linear","symbol":"BTCUSDT","orderLinkId":"w2"}`); !strings.Contains(text, `"retCode":10019`) {
			t.Errorf("a service that restarts: %s", text)
		}
	}
	if r := s.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT"); r.at("list.0.orderLinkId") != "w2" {
		t.Errorf("what was not taken: %s", r.text)
	}
}

// What goes wrong with requests: each is carried out, or is not, as its kind says.
func TestFaults(t *testing.T) {
	for kind, want := range map[string]struct {
		code   int
		exists bool
	}{"timeout": {10000, true}, "unknown": {10016, true}, "reset": {-1, true}, "unavailable": {170191, false}, "internal": {10016, false}, "throttled": {10429, false},
		"settling": {110063, false}, "429": {10006, false}} { // order does not matter: each is tried by itself
		t.Run(kind, func(t *testing.T) {
			s := open(t, nil)
			s.arm(simserver.Fault{Kind: kind})
			a, name := s.order(nil)
			if a.Code != want.code {
				t.Errorf("%d %s, want %d", a.Code, a.Msg, want.code)
			}
			r := s.get("/v5/order/realtime", "category=linear&symbol=BTCUSDT&orderLinkId="+name)
			if exists := r.at("list.0.orderLinkId") == name; exists != want.exists {
				t.Errorf("carried out: %t", exists)
			}
		})
	}
	s := open(t, nil)
	_, name := s.order(nil)
	s.post("/v5/order/cancel", map[string]any{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": name})
	s.arm(simserver.Fault{Kind: "forget"})
	for _, path := range []string{"/v5/order/realtime", "/v5/order/history"} {
		if r := s.get(path, "category=linear&symbol=BTCUSDT&orderLinkId="+name); r.at("list.0.orderId") != "" {
			t.Errorf("%s remembers: %s", path, r.text)
		}
	}
	for _, kind := range []string{"listen_key_expired", "server_shutdown"} {
		if err := s.sim.Arm(simserver.Fault{Kind: kind}); err == nil {
			t.Errorf("%s means nothing here", kind)
		}
	}
	c := s.dial("/v5/public/linear")
	s.arm(simserver.Fault{Kind: "snapshot_first"})
	c.say(`{"req_id":"1","op":"subscribe","args":["orderbook.50.BTCUSDT"]}`)
	raw, err := c.Read()
	if err != nil || !strings.Contains(string(raw), `"type":"snapshot"`) {
		t.Errorf("a snapshot before the answer: %s %v", raw, err)
	}
	c.hear(`"success":true`)
	s.arm(simserver.Fault{Kind: "maintenance", Millis: 60_000})
	if a := s.get("/v5/market/time", ""); a.status != 503 {
		t.Errorf("maintenance: %d", a.status)
	}
}
