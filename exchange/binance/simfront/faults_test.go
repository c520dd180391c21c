package simfront

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire/wiretest"
)

func TestFaultsAreChecked(t *testing.T) {
	b := running(t, nil)
	for _, body := range []string{`{"kind":"earthquake"}`, `{"kind":"drop","market":"moon"}`, `{"kind":"drop","route":"x"}`,
		`{"kind":"filter","tick_size":"-1"}`, `{"kind":"drop","typo":1}`, `nonsense`} {
		a, err := b.do("POST", "/sim/faults", "", body, "")
		if err != nil || a.status != 400 || a.object(t)["error"] == "" {
			t.Errorf("%s: %v %d %s", body, err, a.status, a.text)
		}
	}
}

func TestDropAndMaintenance(t *testing.T) {
	t.Parallel() // it waits
	b := running(t, nil)
	public, market := b.dial("/usdm/public/ws"), b.dial("/usdm/market/ws/btcusdt@markPrice@1s")
	b.fault(simserver.Fault{Kind: "drop", Market: "usdm", Route: "public"})
	public.ended()
	b.advance(exchange.Minute)
	market.until("markPriceUpdate")
	b.fault(simserver.Fault{Kind: "maintenance", Millis: 3000}) // a busy machine asks three times meanwhile
	market.ended()
	if a := b.get("/fapi/v1/time", ""); a.status != 503 {
		t.Errorf("during maintenance: %d %s", a.status, a.text)
	}
	if a := b.get("/api/v3/time", ""); a.status != 503 || a.code() != -1016 {
		t.Errorf("during maintenance: %d %s", a.status, a.text)
	}
	if _, err := wiretest.DialSocket("ws://" + b.host + "/spot/ws"); err == nil {
		t.Error("during maintenance a stream is opened")
	}
	b.eventually("maintenance ends", func() bool { return b.get("/fapi/v1/time", "").status == 200 })
}

// Maintenance of one market leaves the others alone.
func TestMaintenanceOfOneMarket(t *testing.T) {
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "maintenance", Market: "coinm", Millis: 60_000})
	if a := b.get("/dapi/v1/time", ""); a.status != 503 {
		t.Errorf("coinm: %d", a.status)
	}
	for _, path := range []string{"/api/v3/time", "/fapi/v1/time"} {
		if a := b.get(path, ""); a.status != 200 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
	b.dial("/usdm/public/ws")
}

// A half-open connection stays open and says nothing, not even to a ping.
func TestHalfOpen(t *testing.T) {
	b := running(t, nil)
	held, other := b.dial("/spot/ws/btcusdt@depth@100ms"), b.dial("/coinm/ws/btcusd_perp@depth@100ms")
	b.fault(simserver.Fault{Kind: "half_open", Market: "spot"})
	if err := held.client.Ping([]byte("hello")); err != nil {
		t.Fatal(err)
	}
	b.advance(10 * exchange.Second)
	other.until("depthUpdate")
	select {
	case f, ok := <-held.frames:
		t.Errorf("got %s %v", f, ok)
	default:
	}
	if n := fmt.Sprint(b.get("/sim/state", "").object(t)["connections"]); n != "2" {
		t.Errorf("%s connections, want 2", n)
	}
}

// Gaps, doubles and swaps show in the ids, as a client would find them.
func TestDepthFaults(t *testing.T) {
	for _, c := range []struct {
		kind string
		want []int64 // of each message's u, in steps after the first
	}{
		{"gap", []int64{0, 2, 3}}, {"duplicate", []int64{0, 1, 1, 2, 3}}, {"reorder", []int64{0, 2, 1, 3}},
	} {
		b := running(t, nil)
		s := b.dial("/usdm/public/ws/ethusdt@depth@100ms")
		b.advance(exchange.Second)
		b.fault(simserver.Fault{Kind: c.kind, Market: "usdm", Symbol: "ETHUSDT"})
		b.advance(3 * exchange.Second)
		var first, step int64
		for i, want := range c.want {
			ev := s.next()
			if i == 0 {
				first, step = integer(ev["u"]), integer(ev["u"])-integer(ev["pu"])
			}
			if got := (integer(ev["u"]) - first) / step; got != want {
				t.Errorf("%s: message %d is %d steps on, want %d", c.kind, i, got, want)
			}
		}
		s.quiet()
	}
}

// Order entry whose answer is lost was carried out; one that was refused by the
// door was not. Which is which shows only in a query.
func TestLostAnswers(t *testing.T) {
	for _, c := range []struct {
		kind   string
		status int // 0: the connection is reset
		code   int64
		done   bool
	}{
		{"timeout", 408, -1007, true}, {"unknown", 503, -1000, true}, {"reset", 0, 0, true},
		{"unavailable", 503, 0, false}, {"throttled", 503, -1008, false}, {"429", 429, -1003, false},
	} {
		for _, v := range venues {
			b := running(t, nil)
			price := b.below(v)
			b.fault(simserver.Fault{Kind: c.kind, Market: v.name})
			a, err := b.trySigned("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "price="+price, "newClientOrderId=lost")
			if c.status == 0 && err == nil || c.status != 0 && (err != nil || a.status != c.status || a.code() != c.code) {
				t.Errorf("%s %s: %v %d %s", v.name, c.kind, err, a.status, a.text)
			}
			got := b.signed("GET", v.order, "symbol="+v.symbol, "origClientOrderId=lost")
			if done := got.status == 200; done != c.done {
				t.Errorf("%s %s: the order exists: %v, want %v", v.name, c.kind, done, c.done)
			}
		}
	}
}

// A fault that repeats comes until it is cleared.
func TestRepeatedFault(t *testing.T) {
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "429", EveryMS: 1})
	for range 3 {
		time.Sleep(2 * time.Millisecond)
		if a := b.get("/api/v3/time", ""); a.status != 429 {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if a, err := b.do("DELETE", "/sim/faults", "", "", ""); err != nil || len(a.list(t)) != 0 {
		t.Errorf("cleared: %v %s", err, a.text)
	}
	time.Sleep(2 * time.Millisecond)
	if a := b.get("/api/v3/time", ""); a.status != 200 {
		t.Errorf("%d %s", a.status, a.text)
	}
}

func TestBan(t *testing.T) {
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "418", Market: "usdm"})
	for range 2 { // it goes on
		if a := b.get("/fapi/v1/time", ""); a.status != 418 || a.code() != -1003 {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if a := b.get("/api/v3/time", ""); a.status != 200 {
		t.Errorf("spot is another pool: %d", a.status)
	}
}

func TestSkew(t *testing.T) {
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "skew", Millis: 60000})
	b.refused(-1021, "GET", "/api/v3/account")
	ms := integer(b.get("/api/v3/time", "").object(t)["serverTime"])
	if off := ms - time.Now().UnixMilli(); off < 55000 || off > 65000 {
		t.Errorf("the clock is %d ms ahead, want 60 000", off)
	}
}

func TestFilterChangeAndDelisting(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	price := dec(t, b.below(v)).Round(0)
	order := func(p string) []string {
		return []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.010", "price=" + p}
	}
	b.must("POST", v.order, order(price.String()+".1")...)
	b.fault(simserver.Fault{Kind: "filter", Market: "usdm", Symbol: "BTCUSDT", TickSize: "0.5", MinNotional: "2000"})
	b.refused(-4014, "POST", v.order, order(price.String()+".1")...)
	b.refused(-4164, "POST", v.order, order(price.String())...)
	info := b.get("/fapi/v1/exchangeInfo", "symbol=BTCUSDT").text
	for _, want := range []string{`"tickSize":"0.5"`, `"notional":"2000"`, `"status":"TRADING"`} {
		if !strings.Contains(info, want) {
			t.Errorf("exchangeInfo has no %s", want)
		}
	}
	s := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	b.fault(simserver.Fault{Kind: "delist", Market: "usdm", Symbol: "BTCUSDT"})
	if o := s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any); o["X"] != "CANCELED" || o["er"] != "7" {
		t.Errorf("delisted: %v", o)
	}
	b.refused(-4140, "POST", v.order, order(price.String())...)
}

// Auto-deleveraging closes a position with an order that nobody sent, and
// liquidation does too.
func TestADL(t *testing.T) {
	b := running(t, nil)
	s := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.010")
	s.until("ACCOUNT_UPDATE")
	b.fault(simserver.Fault{Kind: "adl", Market: "usdm", Symbol: "BTCUSDT"})
	o := s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any)
	if o["c"] != "adl_autoclose" || o["X"] != "FILLED" || o["S"] != "SELL" {
		t.Errorf("adl: %v", o)
	}
	if p := b.position("/fapi/v2/positionRisk", "BTCUSDT"); !p.IsZero() {
		t.Errorf("position %s", p)
	}
	if rows := b.must("GET", "/fapi/v1/forceOrders", "autoCloseType=ADL").list(t); len(rows) != 1 {
		t.Errorf("forceOrders: %v", rows)
	}
}
