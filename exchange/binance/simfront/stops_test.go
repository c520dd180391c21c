package simfront

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// A spot stop order locks its funds, waits, works when its price comes, and
// fills or rests as what it then is.
func TestSpotStopOrders(t *testing.T) {
	b := running(t, nil)
	v := venues[0]
	s := b.dial("/ws-api/v3")
	s.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	order := func(typ, side, stop string, more ...string) map[string]any {
		return b.must("POST", v.order, append([]string{"symbol=BTCUSDT", "side=" + side, "type=" + typ, "quantity=0.01", "stopPrice=" + stop}, more...)...).object(t)
	}
	low, high := b.last(v, -300), b.last(v, 300)
	order("STOP_LOSS", "BUY", b.last(v, 1), "newClientOrderId=up")
	order("TAKE_PROFIT", "BUY", b.last(v, -1), "newClientOrderId=down")
	order("STOP_LOSS_LIMIT", "SELL", low, "timeInForce=GTC", "price="+low, "newClientOrderId=far")
	order("TAKE_PROFIT_LIMIT", "SELL", b.last(v, 2), "timeInForce=GTC", "price="+high, "newClientOrderId=rests")
	query := func(name string) map[string]any {
		return b.must("GET", v.order, "symbol=BTCUSDT", "origClientOrderId="+name).object(t)
	}
	if o := query("up"); o["isWorking"] != false || fmt.Sprint(o["workingTime"]) != "-1" || o["status"] != "NEW" || !dec(t, o["stopPrice"]).Equal(dec(t, b.last(v, 1))) {
		t.Errorf("waiting: %v", o)
	}
	if locked := b.locked("BTC"); locked.String() != "0.02" {
		t.Errorf("locked %s, want 0.02", locked)
	}
	for range 240 {
		b.advance(exchange.Minute)
		if query("up")["status"] == "FILLED" && query("down")["status"] == "FILLED" && query("rests")["isWorking"] == true {
			break
		}
	}
	for _, name := range []string{"up", "down"} {
		if o := query(name); o["status"] != "FILLED" || o["isWorking"] != true {
			t.Errorf("%s: %v", name, o)
		}
	}
	if o := query("rests"); o["status"] != "NEW" || o["isWorking"] != true {
		t.Errorf("rests: %v", o)
	}
	working := false
	for !working { // first as not working, then as working
		if ev := s.until("executionReport"); ev["c"] == "up" && ev["x"] == "NEW" {
			working = ev["w"] == true
			if _, has := ev["W"]; has != working {
				t.Errorf("W with w=%v: %v", ev["w"], ev)
			}
		}
	}
	b.must("DELETE", v.order, "symbol=BTCUSDT", "origClientOrderId=far")
	b.must("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT")
	if locked := b.locked("BTC"); !locked.IsZero() {
		t.Errorf("locked %s after all is canceled", locked)
	}
	if locked := b.locked("USDT"); !locked.IsZero() {
		t.Errorf("locked %s USDT", locked)
	}
}

func (b *bench) locked(asset string) decimal.Decimal {
	b.t.Helper()
	for _, v := range b.must("GET", "/api/v3/account").object(b.t)["balances"].([]any) {
		if v := v.(map[string]any); v["asset"] == asset {
			return dec(b.t, v["locked"])
		}
	}
	return decimal.Zero
}

func TestSpotStopRefusals(t *testing.T) {
	b := running(t, nil)
	v := venues[0]
	for _, c := range []struct {
		code   int64
		params []string
	}{
		{-2010, []string{"side=SELL", "type=STOP_LOSS", "quantity=0.01", "stopPrice=" + b.last(v, 10)}},
		{-2010, []string{"side=BUY", "type=TAKE_PROFIT", "quantity=0.01", "stopPrice=" + b.last(v, 10)}},
		{-2010, []string{"side=SELL", "type=STOP_LOSS", "quantity=500", "stopPrice=" + b.last(v, -10)}},
		{-1102, []string{"side=SELL", "type=STOP_LOSS", "quantity=0.01"}},
		{-1102, []string{"side=SELL", "type=STOP_LOSS_LIMIT", "quantity=0.01", "stopPrice=" + b.last(v, -10), "timeInForce=GTC"}},
		{-1106, []string{"side=SELL", "type=STOP_LOSS", "quantity=0.01", "stopPrice=" + b.last(v, -10), "timeInForce=GTC"}},
		{-1106, []string{"side=SELL", "type=MARKET", "quantity=0.01", "stopPrice=" + b.last(v, -10)}},
		{-1116, []string{"side=SELL", "type=STOP_MARKET", "quantity=0.01", "stopPrice=" + b.last(v, -10)}},
	} {
		b.refused(c.code, "POST", v.order, append([]string{"symbol=BTCUSDT"}, c.params...)...)
	}
	for range maxStops {
		b.must("POST", v.order, "symbol=BTCUSDT", "side=SELL", "type=STOP_LOSS", "quantity=0.01", "stopPrice="+b.last(v, -500))
	}
	b.refused(-1013, "POST", v.order, "symbol=BTCUSDT", "side=SELL", "type=STOP_LOSS", "quantity=0.01", "stopPrice="+b.last(v, -500))
}

// An amended order is smaller, keeps its id and its place, and gives back funds.
func TestAmendKeepPriority(t *testing.T) {
	b := running(t, nil)
	v := venues[0]
	s := b.dial("/ws-api/v3")
	s.call(1, "userDataStream.subscribe.signature", b.wsParams(false))
	price := b.below(v)
	b.must("POST", v.order, "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.02", "price="+price, "newClientOrderId=first")
	path := "/api/v3/order/amend/keepPriority"
	a := b.must("PUT", path, "symbol=BTCUSDT", "origClientOrderId=first", "newQty=0.01", "newClientOrderId=second").object(t)["amendedOrder"].(map[string]any)
	if a["origClientOrderId"] != "first" || a["clientOrderId"] != "second" || !dec(t, a["qty"]).Equal(decimal.New(1, -2)) {
		t.Errorf("amended: %v", a)
	}
	if want := dec(t, price).Mul(decimal.New(1, -2)); !b.locked("USDT").Equal(want) {
		t.Errorf("locked %s, want %s", b.locked("USDT"), want)
	}
	for {
		if ev := s.until("executionReport"); ev["x"] == "REPLACED" {
			if ev["c"] != "second" || ev["C"] != "first" || ev["X"] != "NEW" {
				t.Errorf("event: %v", ev)
			}
			break
		}
	}
	b.refused(-2038, "PUT", path, "symbol=BTCUSDT", "origClientOrderId=second", "newQty=0.03")
	b.refused(-2013, "PUT", path, "symbol=BTCUSDT", "origClientOrderId=none", "newQty=0.01")
	b.must("DELETE", v.order, "symbol=BTCUSDT", "origClientOrderId=second")
	if !b.locked("USDT").IsZero() {
		t.Errorf("locked %s", b.locked("USDT"))
	}
}
