package simfront

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// spotStream listens to an account's events of spot.
func (b *bench) spotStream() *socket {
	b.t.Helper()
	s := b.dial("/ws-api/v3")
	if r := s.call(1, "userDataStream.subscribe.signature", b.wsParams(false)); fmt.Sprint(r["status"]) != "200" {
		b.t.Fatalf("subscribe: %v", r)
	}
	return s
}

// off is a price that is a part of one above or below it, on BTCUSDT's grid.
func off(price decimal.Decimal, percent int64) string {
	return price.Mul(decimal.New(100+percent, -2)).Round(0).String()
}

// free is what an account has free of an asset on spot, and locked.
func (b *bench) free(asset string) (free, locked decimal.Decimal) {
	b.t.Helper()
	r := row(b.t, b.must("GET", "/api/v3/account").object(b.t)["balances"].([]any), "asset", asset)
	return dec(b.t, r["free"]), dec(b.t, r["locked"])
}

func (b *bench) status(client string) string {
	b.t.Helper()
	return fmt.Sprint(b.must("GET", "/api/v3/order", "symbol=BTCUSDT", "origClientOrderId="+client).object(b.t)["status"])
}

func oco(price decimal.Decimal) []string {
	return []string{"symbol=BTCUSDT", "side=SELL", "quantity=0.1", "aboveType=LIMIT_MAKER", "abovePrice=" + off(price, 2), "aboveClientOrderId=up",
		"belowType=STOP_LOSS_LIMIT", "belowStopPrice=" + off(price, -2), "belowPrice=" + off(price, -3), "belowTimeInForce=GTC", "belowClientOrderId=down", "listClientOrderId=list1"}
}

func TestOCO(t *testing.T) {
	b := running(t, nil)
	s := b.spotStream()
	bid, _ := b.touch("/api/v3", "BTCUSDT")
	before, _ := b.free("BTC")
	placed := b.must("POST", "/api/v3/orderList/oco", oco(bid)...).object(t)
	if placed["contingencyType"] != "OCO" || placed["listStatusType"] != "EXEC_STARTED" || len(placed["orders"].([]any)) != 2 || len(placed["orderReports"].([]any)) != 2 {
		t.Fatalf("placed: %v", placed)
	}
	if free, locked := b.free("BTC"); !locked.Equal(decimal.New(1, -1)) || !before.Sub(free).Equal(locked) {
		t.Errorf("%s BTC are locked for two orders of which one is filled, want 0.1 once", locked)
	}
	if ev := s.until("listStatus"); ev["l"] != "EXEC_STARTED" || ev["L"] != "EXECUTING" || ev["C"] != "list1" || len(ev["O"].([]any)) != 2 {
		t.Errorf("told as %v", ev)
	}
	id := fmt.Sprint("orderListId=", placed["orderListId"])
	if open := b.must("GET", "/api/v3/openOrders", "symbol=BTCUSDT").list(t); len(open) != 2 || fmt.Sprint("orderListId=", open[0].(map[string]any)["orderListId"]) != id {
		t.Errorf("open orders %v", open)
	}
	b.refused(-2010, "POST", "/api/v3/orderList/oco", oco(bid)...)
	if len(b.must("GET", "/api/v3/openOrderList").list(t)) != 1 {
		t.Error("the list is not open")
	}
	b.must("DELETE", "/api/v3/order", "symbol=BTCUSDT", "origClientOrderId=up")
	if b.status("up") != "CANCELED" || b.status("down") != "CANCELED" {
		t.Errorf("one order was canceled: %s and %s, want both", b.status("up"), b.status("down"))
	}
	if ev := s.until("listStatus"); ev["l"] != "ALL_DONE" || ev["L"] != "ALL_DONE" {
		t.Errorf("told as %v", ev)
	}
	if _, locked := b.free("BTC"); !locked.IsZero() {
		t.Errorf("%s BTC are locked still", locked)
	}
	if q := b.must("GET", "/api/v3/orderList", id).object(t); q["listOrderStatus"] != "ALL_DONE" {
		t.Errorf("queried: %v", q)
	}
	b.refused(-2011, "DELETE", "/api/v3/orderList", "symbol=BTCUSDT", id)
	b.refused(-2013, "GET", "/api/v3/orderList", "orderListId=99")
	if len(b.must("GET", "/api/v3/openOrderList").list(t)) != 0 || len(b.must("GET", "/api/v3/allOrderList").list(t)) != 1 {
		t.Error("lists are not as they should be")
	}
	b.must("POST", "/api/v3/orderList/oco", oco(bid)...)
	if all := b.must("DELETE", "/api/v3/openOrders", "symbol=BTCUSDT").list(t); len(all) != 1 || len(all[0].(map[string]any)["orderReports"].([]any)) != 2 {
		t.Errorf("all orders were canceled as %v", all)
	}
}

func TestOCOIsRefused(t *testing.T) {
	b := running(t, nil)
	bid, _ := b.touch("/api/v3", "BTCUSDT")
	change := func(key, value string) []string {
		out := []string{}
		for _, p := range oco(bid) {
			if len(p) > len(key) && p[:len(key)+1] == key+"=" {
				p = key + "=" + value
			}
			out = append(out, p)
		}
		return out
	}
	b.refused(-2010, "POST", "/api/v3/orderList/oco", change("abovePrice", off(bid, -1))...) // it would take
	b.refused(-2010, "POST", "/api/v3/orderList/oco", change("belowStopPrice", off(bid, 1))...)
	b.refused(-1116, "POST", "/api/v3/orderList/oco", change("belowType", "LIMIT")...)
	b.refused(-2010, "POST", "/api/v3/orderList/oco", change("quantity", "50")...)
	b.refused(-1102, "POST", "/api/v3/orderList/oco", change("belowType", "")...)
	if open := b.must("GET", "/api/v3/openOrders", "symbol=BTCUSDT").list(t); len(open) != 0 {
		t.Errorf("a list that was refused left %v", open)
	}
	if _, locked := b.free("BTC"); !locked.IsZero() {
		t.Errorf("a list that was refused locks %s BTC", locked)
	}
}

// ends lets the market run until the list has ended, within an hour.
func (b *bench) ends(id any) {
	b.t.Helper()
	for range 3600 {
		if b.must("GET", "/api/v3/orderList", fmt.Sprint("orderListId=", id)).object(b.t)["listOrderStatus"] == "ALL_DONE" {
			return
		}
		b.advance(exchange.Second)
	}
	b.t.Fatal("the list did not end within an hour")
}

// TestOCOEndsByItself: of a pair close to the market one is filled or triggers, and the other
// expires.
func TestOCOEndsByItself(t *testing.T) {
	for name, near := range map[string][2]int64{"above": {1, 900}, "below": {900, 1}} {
		t.Run(name, func(t *testing.T) {
			b := running(t, nil)
			bid, ask := b.touch("/api/v3", "BTCUSDT")
			last := dec(t, b.get("/api/v3/ticker/price", "symbol=BTCUSDT").object(t)["price"])
			up, down := decimal.Max(ask, last).Add(decimal.NewFromInt(near[0])), decimal.Min(bid, last).Sub(decimal.NewFromInt(near[1]))
			placed := b.must("POST", "/api/v3/orderList/oco", "symbol=BTCUSDT", "side=SELL", "quantity=0.001", "aboveType=LIMIT_MAKER", "abovePrice="+up.String(), "aboveClientOrderId=up",
				"belowType=STOP_LOSS", "belowStopPrice="+down.String(), "belowClientOrderId=down").object(t)
			b.ends(placed["orderListId"])
			filled, expired := "up", "down"
			if name == "below" {
				filled, expired = expired, filled
			}
			if b.status(filled) != "FILLED" || b.status(expired) != "EXPIRED" {
				t.Errorf("%s is %s and %s is %s", filled, b.status(filled), expired, b.status(expired))
			}
			if _, locked := b.free("BTC"); !locked.IsZero() {
				t.Errorf("%s BTC are locked still", locked)
			}
			for _, tr := range b.must("GET", "/api/v3/myTrades", "symbol=BTCUSDT").list(t) {
				if got := tr.(map[string]any)["orderListId"]; fmt.Sprint(got) != fmt.Sprint(placed["orderListId"]) {
					t.Errorf("a trade of list %v", got)
				}
			}
		})
	}
}

// TestOTO: the pending orders are sent when the working one is filled, and end with it
// otherwise.
func TestOTO(t *testing.T) {
	b := running(t, nil)
	s := b.spotStream()
	bid, ask := b.touch("/api/v3", "BTCUSDT")
	list := func(working string) []string {
		return []string{"symbol=BTCUSDT", "workingType=LIMIT", "workingSide=BUY", "workingPrice=" + working, "workingQuantity=0.01", "workingTimeInForce=GTC", "workingClientOrderId=w",
			"pendingSide=SELL", "pendingQuantity=0.009"}
	}
	oto := func(working string) []string {
		return append(list(working), "pendingType=LIMIT", "pendingPrice="+off(ask, 3), "pendingTimeInForce=GTC", "pendingClientOrderId=p")
	}
	placed := b.must("POST", "/api/v3/orderList/oto", oto(off(bid, -3))...).object(t)
	if placed["contingencyType"] != "OTO" || b.status("w") != "NEW" || b.status("p") != "PENDING_NEW" {
		t.Errorf("placed %v: %s and %s", placed, b.status("w"), b.status("p"))
	}
	if _, locked := b.free("BTC"); !locked.IsZero() {
		t.Errorf("an order that is pending locks %s BTC", locked)
	}
	b.must("DELETE", "/api/v3/orderList", "symbol=BTCUSDT", fmt.Sprint("orderListId=", placed["orderListId"]))
	if b.status("w") != "CANCELED" || b.status("p") != "CANCELED" {
		t.Errorf("canceled: %s and %s", b.status("w"), b.status("p"))
	}

	b.must("POST", "/api/v3/orderList/oto", oto(off(ask, 1))...) // it takes at once
	if b.status("w") != "FILLED" || b.status("p") != "NEW" {
		t.Errorf("filled: %s and %s", b.status("w"), b.status("p"))
	}
	for ev := s.until("listStatus"); ev["l"] != "UPDATED"; ev = s.until("listStatus") {
	}
	b.must("DELETE", "/api/v3/order", "symbol=BTCUSDT", "origClientOrderId=p")

	otoco := append(list(off(ask, 1)), "pendingAboveType=LIMIT_MAKER", "pendingAbovePrice="+off(ask, 3), "pendingAboveClientOrderId=pa",
		"pendingBelowType=STOP_LOSS", "pendingBelowStopPrice="+off(bid, -3), "pendingBelowClientOrderId=pb")
	three := b.must("POST", "/api/v3/orderList/otoco", otoco...).object(t)
	if three["contingencyType"] != "OTO" || len(three["orders"].([]any)) != 3 || b.status("pa") != "NEW" || b.status("pb") != "NEW" {
		t.Errorf("placed %v: %s and %s", three, b.status("pa"), b.status("pb"))
	}
	if _, locked := b.free("BTC"); !locked.Equal(decimal.New(9, -3)) {
		t.Errorf("%s BTC are locked, want 0.009 once", locked)
	}
	b.must("DELETE", "/api/v3/orderList", "symbol=BTCUSDT", fmt.Sprint("orderListId=", three["orderListId"]))

	foiled := append(list(off(bid, -3)), "pendingType=LIMIT", "pendingPrice="+off(ask, 3), "pendingTimeInForce=GTC", "pendingClientOrderId=pf")
	foiled[5], foiled[6] = "workingTimeInForce=FOK", "workingClientOrderId=wf"
	b.must("POST", "/api/v3/orderList/oto", foiled...)
	if b.status("wf") != "EXPIRED" || b.status("pf") != "EXPIRED" {
		t.Errorf("a working order that was not filled: %s and %s", b.status("wf"), b.status("pf"))
	}
	if _, locked := b.free("BTC"); !locked.IsZero() {
		t.Errorf("%s BTC are locked still", locked)
	}
}
