package simfront

import (
	"encoding/base64"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
)

// wsParams signs the parameters of a WebSocket API request.
func (b *bench) wsParams(ed bool, params ...string) map[string]any {
	b.t.Helper()
	k := sign.Key{API: sign.NewSecret(b.keys.HMAC.Key), Secret: sign.NewSecret(b.keys.HMAC.Secret)}
	if ed {
		k = sign.Key{API: sign.NewSecret(b.keys.Ed25519.Key), Secret: sign.NewSecret(b.keys.Ed25519.PrivateKey)}
	}
	signer, err := k.Signer()
	if err != nil {
		b.t.Fatal(err)
	}
	var p signing.Params
	for i := 0; i < len(params); i += 2 {
		p.Text(params[i], params[i+1])
	}
	if err := p.Sign(signer, k.API, exchange.Time(time.Now().UnixNano()), 0); err != nil {
		b.t.Fatal(err)
	}
	text, err := p.AppendJSON(nil)
	if err != nil {
		b.t.Fatal(err)
	}
	return parse(text).(map[string]any)
}

// until skips frames up to one of a kind.
func (s *socket) until(kind string) map[string]any {
	s.t.Helper()
	for range 1000 {
		f := s.next()
		ev := f
		if inner, ok := f["event"].(map[string]any); ok {
			ev = inner
		}
		if ev["e"] == kind {
			return ev
		}
	}
	s.t.Fatalf("no %s came", kind)
	return nil
}

func TestSpotUserEvents(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/ws-api/v3")
	r := s.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	if fmt.Sprint(r["status"]) != "200" || fmt.Sprint(r["result"].(map[string]any)["subscriptionId"]) != "0" {
		t.Fatalf("subscribe: %v", r)
	}
	price := b.below(venues[0])
	b.must("POST", "/api/v3/order", "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.01", "price="+price, "newClientOrderId=u1")
	ev := s.until("executionReport")
	if ev["x"] != "NEW" || ev["X"] != "NEW" || ev["c"] != "u1" || ev["C"] != "" || fmt.Sprint(ev["t"]) != "-1" {
		t.Errorf("new: %v", ev)
	}
	pos := s.until("outboundAccountPosition")
	locked := decimal.Zero
	for _, v := range pos["B"].([]any) {
		if v := v.(map[string]any); v["a"] == "USDT" {
			locked = dec(t, v["l"])
		}
	}
	if want := dec(t, price).Mul(decimal.New(1, -2)); !locked.Equal(want) {
		t.Errorf("locked %s, want %s", locked, want)
	}
	b.must("DELETE", "/api/v3/order", "symbol=BTCUSDT", "origClientOrderId=u1", "newClientOrderId=u2")
	ev = s.until("executionReport")
	if ev["x"] != "CANCELED" || ev["c"] != "u2" || ev["C"] != "u1" {
		t.Errorf("a cancel has its own name and the order's as the original: %v", ev)
	}
	b.must("POST", "/api/v3/order", "symbol=BTCUSDT", "side=SELL", "type=MARKET", "quantity=0.01")
	if ev = s.until("executionReport"); ev["x"] != "NEW" {
		t.Errorf("market: %v", ev)
	}
	if ev = s.until("executionReport"); ev["x"] != "TRADE" || ev["N"] != "USDT" || ev["m"] != false {
		t.Errorf("trade: %v", ev)
	}
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=5")
	if ev = s.until("balanceUpdate"); !dec(t, ev["d"]).Equal(decimal.NewFromInt(-5)) {
		t.Errorf("transfer: %v", ev)
	}
}

// A session is for Ed25519 keys; its requests need only a timestamp.
func TestSession(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/ws-api/v3")
	if r := s.call(1, "session.logon", b.wsParams(false)); r["error"] == nil {
		t.Errorf("logon with HMAC: %v", r)
	}
	if r := s.call(2, "userDataStream.subscribe", map[string]any{}); r["error"] == nil {
		t.Errorf("subscribe before logon: %v", r)
	}
	if r := s.call(3, "session.logon", b.wsParams(true)); fmt.Sprint(r["status"]) != "200" {
		t.Fatalf("logon: %v", r)
	}
	s.call(4, "userDataStream.subscribe", map[string]any{})
	r := s.call(5, "order.place", map[string]any{"symbol": "BTCUSDT", "side": "BUY", "type": "LIMIT", "timeInForce": "GTC", "quantity": "0.01",
		"price": b.below(venues[0]), "timestamp": time.Now().UnixMilli()})
	if fmt.Sprint(r["status"]) != "200" || r["result"].(map[string]any)["status"] != "NEW" || r["rateLimits"] == nil {
		t.Fatalf("place: %v", r)
	}
	if r := s.call(6, "order.cancel", map[string]any{"symbol": "BTCUSDT", "orderId": 1, "timestamp": time.Now().UnixMilli()}); fmt.Sprint(r["status"]) != "200" {
		t.Errorf("cancel: %v", r)
	}
	s.call(7, "session.logout", nil)
	if r := s.call(8, "order.cancel", map[string]any{"symbol": "BTCUSDT", "orderId": 1, "timestamp": time.Now().UnixMilli()}); fmt.Sprint(r["status"]) != "401" {
		t.Errorf("after logout: %v", r)
	}
}

func TestFuturesAPI(t *testing.T) {
	b := running(t, nil)
	for path, v := range map[string]venueCase{"/ws-fapi/v1": venues[1], "/ws-dapi/v1": venues[2]} {
		s := b.dial(path)
		r := s.call(1, "order.place", b.wsParams(false, "symbol", v.symbol, "side", "BUY", "type", "LIMIT", "timeInForce", "GTC", "quantity", v.qty, "price", b.below(v)))
		if fmt.Sprint(r["status"]) != "200" {
			t.Fatalf("%s: %v", path, r)
		}
		id := fmt.Sprint(r["result"].(map[string]any)["orderId"])
		if r := s.call(2, "order.status", b.wsParams(true, "symbol", v.symbol, "orderId", id)); r["result"].(map[string]any)["status"] != "NEW" {
			t.Errorf("%s: %v", path, r)
		}
		if r := s.call(3, "order.cancel", b.wsParams(false, "symbol", v.symbol, "orderId", id)); r["result"].(map[string]any)["status"] != "CANCELED" {
			t.Errorf("%s: %v", path, r)
		}
		if r := s.call(4, "order.cancel", b.wsParams(false, "symbol", v.symbol, "orderId", id)); fmt.Sprint(r["error"].(map[string]any)["code"]) != "-2011" {
			t.Errorf("%s: %v", path, r)
		}
	}
}

func (b *bench) listenKey(prefix string) string {
	b.t.Helper()
	a, err := b.do("POST", prefix+"/listenKey", "", "", b.keys.HMAC.Key)
	if err != nil || a.status != 200 {
		b.t.Fatalf("listenKey: %v %s", err, a.text)
	}
	return a.object(b.t)["listenKey"].(string)
}

func TestFuturesUserEvents(t *testing.T) {
	for _, c := range []struct {
		venueCase
		socket string
	}{{venues[1], "/usdm/private/ws/"}, {venues[2], "/coinm/ws/"}} {
		b := running(t, nil)
		key := b.listenKey(c.prefix)
		if again := b.listenKey(c.prefix); again != key {
			t.Errorf("a second POST gave another key")
		}
		s := b.dial(c.socket + key)
		b.must("POST", c.order, "symbol="+c.symbol, "side=BUY", "type=MARKET", "quantity="+c.qty, "newClientOrderId=f1")
		o := s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any)
		if o["x"] != "NEW" || o["c"] != "f1" {
			t.Errorf("new: %v", o)
		}
		o = s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any)
		if o["x"] != "TRADE" || o["X"] != "FILLED" || !dec(t, o["z"]).Equal(dec(t, c.qty)) {
			t.Errorf("trade: %v", o)
		}
		a := s.until("ACCOUNT_UPDATE")["a"].(map[string]any)
		p := a["P"].([]any)[0].(map[string]any)
		if a["m"] != "ORDER" || !dec(t, p["pa"]).Equal(dec(t, c.qty)) || p["mt"] != "cross" {
			t.Errorf("account: %v", a)
		}
		b.fault(simserver.Fault{Kind: "listen_key_expired"})
		if ev := s.until("listenKeyExpired"); ev["listenKey"] != key {
			t.Errorf("expired: %v", ev)
		}
		b.must("POST", c.order, "symbol="+c.symbol, "side=SELL", "type=MARKET", "quantity="+c.qty)
		s.quiet() // open, and mute
	}
}

// The events query chooses what is sent.
func TestEventsFilter(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/private/ws?listenKey=" + b.listenKey("/fapi/v1") + "&events=ACCOUNT_UPDATE")
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.010")
	if f := s.next(); f["e"] != "ACCOUNT_UPDATE" {
		t.Errorf("got %v", f)
	}
}

// Funding is paid once, told once, and is the rate times the mark times the
// position.
func TestFunding(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=SELL", "type=MARKET", "quantity=0.500")
	s.until("ACCOUNT_UPDATE")
	b.advance(exchange.Hour) // over 08:00
	a := s.until("ACCOUNT_UPDATE")["a"].(map[string]any)
	if a["m"] != "FUNDING_FEE" || a["S"] != "BTCUSDT" || len(a["P"].([]any)) != 0 {
		t.Fatalf("funding: %v", a)
	}
	rates := b.get("/fapi/v1/fundingRate", "symbol=BTCUSDT").list(t)
	last := rates[len(rates)-1].(map[string]any)
	want := dec(t, last["fundingRate"]).Mul(dec(t, last["markPrice"])).Mul(decimal.New(5, -1))
	got := a["B"].([]any)[0].(map[string]any)
	if !dec(t, got["bc"]).Equal(want) || want.IsZero() {
		t.Errorf("paid %v, want %s", got["bc"], want)
	}
	rows := b.must("GET", "/fapi/v1/income", "incomeType=FUNDING_FEE").list(t)
	if len(rows) != 1 || !dec(t, rows[0].(map[string]any)["income"]).Equal(want) {
		t.Errorf("income: %v", rows)
	}
	if w := b.wallet("/fapi/v3/balance", "USDT"); !w.Equal(dec(t, got["wb"])) {
		t.Errorf("wallet %s, told %v", w, got["wb"])
	}
}

// A resting order fills when the market comes to it, and its owner is told.
func TestRestingOrderFills(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	bid, _ := b.touch("/fapi/v1", "BTCUSDT")
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTX", "quantity=0.001", "price="+bid.Sub(decimal.NewFromInt(1)).String())
	s.until("ORDER_TRADE_UPDATE")
	b.advance(30 * exchange.Minute)
	o := s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any)
	if o["x"] != "TRADE" || o["m"] != true {
		t.Errorf("fill: %v", o)
	}
}

// Who uses base64 without escaping it in a URL is refused, as at the exchange.
func TestUnescapedSignature(t *testing.T) {
	b := running(t, nil)
	ed, err := sign.Key{API: sign.NewSecret(b.keys.Ed25519.Key), Secret: sign.NewSecret(b.keys.Ed25519.PrivateKey)}.Signer()
	if err != nil {
		t.Fatal(err)
	}
	for n := 0; ; n++ {
		payload := fmt.Sprintf("timestamp=%d&n=%d", time.Now().UnixMilli(), n)
		sig, err := ed.AppendSignature(nil, []byte(payload))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := base64.RawURLEncoding.DecodeString(string(sig[:86])); err == nil {
			continue // no + and no / in it
		}
		a, err := b.do("GET", "/api/v3/account", payload+"&signature="+string(sig), "", b.keys.Ed25519.Key)
		if err != nil {
			t.Fatal(err)
		}
		if containsPlus(sig) {
			if a.code() != -1022 {
				t.Errorf("%d %s", a.status, a.text)
			}
			return
		}
	}
}

func containsPlus(b []byte) bool {
	for _, c := range b {
		if c == '+' {
			return true
		}
	}
	return false
}
