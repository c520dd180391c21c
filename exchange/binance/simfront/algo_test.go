package simfront

import (
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// futuresVenues are the two markets that have algo orders.
var futuresVenues = venues[1:]

// placeAlgo sends an algo order and returns its id.
func (b *bench) placeAlgo(v venueCase, params ...string) int64 {
	b.t.Helper()
	return integer(b.must("POST", v.prefix+"/algoOrder", append([]string{"algoType=CONDITIONAL", "symbol=" + v.symbol}, params...)...).object(b.t)["algoId"])
}

func (b *bench) algo(v venueCase, id int64) map[string]any {
	b.t.Helper()
	return b.must("GET", v.prefix+"/algoOrder", fmt.Sprintf("algoId=%d", id)).object(b.t)
}

// last is the last traded price of a symbol, moved by some basis points.
func (b *bench) last(v venueCase, bp int64) string {
	b.t.Helper()
	rows := b.get(v.prefix+"/trades", "limit=1&symbol="+v.symbol).list(b.t)
	p := dec(b.t, rows[0].(map[string]any)["price"])
	return p.Add(p.Mul(decimal.New(bp, -4))).Round(v.places).String()
}

// Each type triggers on the right side of the price, sends its child, and is
// finished with it. What is far away waits.
func TestAlgoOrdersTrigger(t *testing.T) {
	for _, v := range futuresVenues {
		b := running(t, nil)
		path := map[string]string{"usdm": "/usdm/private/ws/", "coinm": "/coinm/ws/"}[v.name]
		s := b.dial(path + b.listenKey(v.prefix))
		far := []int64{
			b.placeAlgo(v, "side=BUY", "type=STOP_MARKET", "quantity="+v.qty, "triggerPrice="+b.last(v, 900)),
			b.placeAlgo(v, "side=SELL", "type=STOP_MARKET", "quantity="+v.qty, "triggerPrice="+b.last(v, -900)),
			b.placeAlgo(v, "side=BUY", "type=TAKE_PROFIT_MARKET", "quantity="+v.qty, "triggerPrice="+b.last(v, -900)),
			b.placeAlgo(v, "side=SELL", "type=TAKE_PROFIT_MARKET", "quantity="+v.qty, "triggerPrice="+b.last(v, 900)),
		}
		up := b.placeAlgo(v, "side=BUY", "type=STOP_MARKET", "quantity="+v.qty, "triggerPrice="+b.last(v, 1), "clientAlgoId=up-"+v.name)
		down := b.placeAlgo(v, "side=BUY", "type=TAKE_PROFIT_MARKET", "quantity="+v.qty, "triggerPrice="+b.last(v, -8), "workingType=MARK_PRICE")
		for range 240 {
			b.advance(exchange.Minute)
			if b.algo(v, up)["algoStatus"] == simserver.ConditionalFinished && b.algo(v, down)["algoStatus"] == simserver.ConditionalFinished {
				break
			}
		}
		for _, id := range []int64{up, down} {
			g := b.algo(v, id)
			o := b.must("GET", v.order, "symbol="+v.symbol, "orderId="+fmt.Sprint(g["actualOrderId"])).object(t)
			if g["algoStatus"] != simserver.ConditionalFinished || o["status"] != "FILLED" || o["type"] != "MARKET" || o["origType"] != g["orderType"] {
				t.Errorf("%s: algo %v, child %v", v.name, g, o)
			}
		}
		for _, id := range far {
			if g := b.algo(v, id); g["algoStatus"] != simserver.ConditionalNew || g["actualOrderId"] != "" {
				t.Errorf("%s: %v is far away", v.name, g)
			}
		}
		if n := len(b.must("GET", v.prefix+"/openAlgoOrders").list(t)); n != len(far) {
			t.Errorf("%s: %d open algo orders, want %d", v.name, n, len(far))
		}
		var states []string
		for len(states) < 4 {
			if o := s.until("ALGO_UPDATE")["o"].(map[string]any); o["caid"] == "up-"+v.name {
				states = append(states, fmt.Sprint(o["X"]))
			}
		}
		if want := "[NEW TRIGGERING TRIGGERED FINISHED]"; fmt.Sprint(states) != want {
			t.Errorf("%s: states %v, want %s", v.name, states, want)
		}
		want := decimal.NewFromInt(2).Mul(dec(t, v.qty))
		if p := b.position(map[string]string{"usdm": "/fapi/v2/positionRisk", "coinm": "/dapi/v1/positionRisk"}[v.name], v.symbol); !p.Equal(want) {
			t.Errorf("%s: position %s, want %s", v.name, p, want)
		}
	}
}

// A stop with a price sends a limit order, which may rest; canceling that one
// finishes the algo order too.
func TestStopLimit(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	id := b.placeAlgo(v, "side=BUY", "type=TAKE_PROFIT", "quantity=0.010", "triggerPrice="+b.last(v, -1), "price="+b.last(v, -300), "clientAlgoId=tp")
	for range 60 {
		b.advance(exchange.Minute)
		if b.algo(v, id)["algoStatus"] != simserver.ConditionalNew {
			break
		}
	}
	g := b.algo(v, id)
	if g["algoStatus"] != simserver.ConditionalTriggered {
		t.Fatalf("%v", g)
	}
	o := b.must("GET", "/fapi/v1/openOrder", "symbol=BTCUSDT", "origClientOrderId=tp").object(t)
	if o["type"] != "LIMIT" || o["origType"] != "TAKE_PROFIT" || !dec(t, o["stopPrice"]).Equal(dec(t, g["triggerPrice"])) {
		t.Errorf("child: %v", o)
	}
	b.refused(-2011, "DELETE", "/fapi/v1/algoOrder", fmt.Sprintf("algoId=%d", id))
	b.must("DELETE", "/fapi/v1/order", "symbol=BTCUSDT", "origClientOrderId=tp")
	if g := b.algo(v, id); g["algoStatus"] != simserver.ConditionalFinished {
		t.Errorf("%v", g)
	}
}

// closePosition closes what is there when it triggers; without a position it
// expires. A reduce-only child that reduces nothing is rejected.
func TestClosePosition(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	b.buy(v)
	stop := b.placeAlgo(v, "side=SELL", "type=STOP_MARKET", "closePosition=true", "triggerPrice="+b.last(v, -1))
	b.refused(-4130, "POST", "/fapi/v1/algoOrder", "algoType=CONDITIONAL", "symbol=BTCUSDT", "side=SELL", "type=STOP_MARKET", "closePosition=true", "triggerPrice="+b.last(v, -2))
	b.buy(v) // it closes this too
	take := b.placeAlgo(v, "side=SELL", "type=TAKE_PROFIT_MARKET", "closePosition=true", "triggerPrice="+b.last(v, 1))
	reduce := b.placeAlgo(v, "side=SELL", "type=STOP_MARKET", "quantity=0.010", "reduceOnly=true", "triggerPrice="+b.last(v, -2))
	over := func(id int64) bool { return b.algo(v, id)["algoStatus"] != simserver.ConditionalNew }
	for range 240 {
		b.advance(exchange.Minute)
		if over(stop) && over(take) && over(reduce) {
			break
		}
	}
	if p := b.position("/fapi/v2/positionRisk", "BTCUSDT"); !p.IsZero() {
		t.Errorf("position %s", p)
	}
	states := fmt.Sprint(b.algo(v, stop)["algoStatus"], b.algo(v, take)["algoStatus"])
	if states != "FINISHEDEXPIRED" && states != "EXPIREDFINISHED" {
		t.Errorf("stop and take profit: %s, want one to close and one to find nothing", states)
	}
	if g := b.algo(v, reduce); g["algoStatus"] != simserver.ConditionalRejected && g["algoStatus"] != simserver.ConditionalFinished {
		t.Errorf("reduce-only: %v", g)
	}
}

// A trailing stop follows the best price from its activation on.
func TestTrailingStop(t *testing.T) {
	d := func(s string) decimal.Decimal { return decimal.RequireFromString(s) }
	for _, c := range []struct {
		side     exchange.Side
		activate string
		prices   []string
		fires    int // at which of them; -1: never
	}{
		{exchange.Sell, "0", []string{"100", "110", "109.5", "108.9"}, 3},
		{exchange.Sell, "0", []string{"100", "98.9"}, 1},
		{exchange.Sell, "105", []string{"100", "90", "105", "104", "103.95"}, 4},
		{exchange.Buy, "0", []string{"100", "90", "90.8", "90.9"}, 3},
		{exchange.Buy, "95", []string{"100", "101", "94", "94.9", "94.94"}, 4},
		{exchange.Buy, "80", []string{"100", "90", "99"}, -1},
	} {
		g := &simserver.Conditional{Side: c.side, Trailing: true, Activate: d(c.activate), Callback: d("1")}
		got := -1
		for i, p := range c.prices {
			if g.Reached(d(p)) {
				got = i
				break
			}
		}
		if got != c.fires {
			t.Errorf("%v activated at %s over %v: fires at %d, want %d", c.side, c.activate, c.prices, got, c.fires)
		}
	}
	b := running(t, nil)
	v := venues[2]
	id := b.placeAlgo(v, "side=SELL", "type=TRAILING_STOP_MARKET", "quantity="+v.qty, "callbackRate=0.1")
	for range 240 {
		b.advance(exchange.Minute)
		if b.algo(v, id)["algoStatus"] == simserver.ConditionalFinished {
			return
		}
	}
	t.Errorf("%v", b.algo(v, id))
}

// What is refused, and with which code.
func TestAlgoRefusals(t *testing.T) {
	for _, v := range futuresVenues {
		b := running(t, nil)
		near := b.last(v, 100)
		for _, c := range []struct {
			code   int64
			params []string
		}{
			{-2021, []string{"side=SELL", "type=STOP_MARKET", "quantity=" + v.qty, "triggerPrice=" + near}},
			{-2021, []string{"side=BUY", "type=TAKE_PROFIT_MARKET", "quantity=" + v.qty, "triggerPrice=" + near}},
			{-1102, []string{"side=BUY", "type=STOP_MARKET", "quantity=" + v.qty}},
			{-1102, []string{"side=BUY", "type=STOP", "quantity=" + v.qty, "triggerPrice=" + near}},
			{-1102, []string{"side=BUY", "type=STOP_MARKET", "triggerPrice=" + near}},
			{-1106, []string{"side=BUY", "type=STOP_MARKET", "closePosition=true", "quantity=" + v.qty, "triggerPrice=" + near}},
			{-4136, []string{"side=BUY", "type=STOP", "closePosition=true", "price=" + near, "triggerPrice=" + near}},
			{-1130, []string{"side=BUY", "type=TRAILING_STOP_MARKET", "quantity=" + v.qty, "callbackRate=11"}},
			{-2021, []string{"side=BUY", "type=TRAILING_STOP_MARKET", "quantity=" + v.qty, "callbackRate=1", "activatePrice=" + near}},
			{-4014, []string{"side=BUY", "type=STOP_MARKET", "quantity=" + v.qty, "triggerPrice=" + near + "5"}},
			{-1116, []string{"side=BUY", "type=LIMIT", "quantity=" + v.qty, "triggerPrice=" + near}},
			{-1130, []string{"side=BUY", "type=STOP_MARKET", "quantity=" + v.qty, "triggerPrice=" + near, "workingType=LAST"}},
		} {
			code := c.code
			if code == -4014 {
				code = b.signed("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "price="+near+"5").code()
			}
			b.refused(code, "POST", v.prefix+"/algoOrder", append([]string{"algoType=CONDITIONAL", "symbol=" + v.symbol}, c.params...)...)
		}
		b.refused(-4120, "POST", v.order, "symbol="+v.symbol, "side=BUY", "type=STOP_MARKET", "quantity="+v.qty, "stopPrice="+near)
		b.refused(-2011, "DELETE", v.prefix+"/algoOrder", "algoId=99")
		b.refused(-2013, "GET", v.prefix+"/algoOrder", "clientAlgoId=no")
	}
}

// Canceling all orders leaves algo orders alone, and the other way round; the
// dead-man switch does not reach them.
func TestAlgoOrdersAreApart(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	b.placeAlgo(v, "side=BUY", "type=STOP_MARKET", "quantity=0.010", "triggerPrice="+b.last(v, 500), "clientAlgoId=same")
	b.must("POST", v.order, "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.010", "price="+b.below(v), "newClientOrderId=same")
	b.refused(-4116, "POST", "/fapi/v1/algoOrder", "algoType=CONDITIONAL", "symbol=BTCUSDT", "side=BUY", "type=STOP_MARKET", "quantity=0.010", "triggerPrice="+b.last(v, 500), "clientAlgoId=same")
	open := func() string {
		return fmt.Sprint(len(b.must("GET", "/fapi/v1/openOrders", "symbol=BTCUSDT").list(t)), len(b.must("GET", "/fapi/v1/openAlgoOrders", "symbol=BTCUSDT").list(t)))
	}
	b.must("POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT", "countdownTime=1")
	b.eventually("the dead-man switch", func() bool { return open() == "0 1" })
	b.must("DELETE", "/fapi/v1/allOpenOrders", "symbol=BTCUSDT")
	if got := open(); got != "0 1" {
		t.Errorf("open orders and algo orders: %s", got)
	}
	b.must("DELETE", "/fapi/v1/algoOpenOrders", "symbol=BTCUSDT")
	if got := open(); got != "0 0" {
		t.Errorf("open orders and algo orders: %s", got)
	}
	if rows := b.must("GET", "/fapi/v1/allAlgoOrders", "symbol=BTCUSDT").list(t); len(rows) != 1 || rows[0].(map[string]any)["algoStatus"] != simserver.ConditionalCanceled {
		t.Errorf("all: %v", rows)
	}
}

// Over the WebSocket API.
func TestAlgoOverWebSocketAPI(t *testing.T) {
	for _, v := range futuresVenues {
		b := running(t, nil)
		s := b.dial(map[string]string{"usdm": "/ws-fapi/v1", "coinm": "/ws-dapi/v1"}[v.name])
		r := s.call(1, "algoOrder.place", b.wsParams(false, "algoType", "CONDITIONAL", "symbol", v.symbol, "side", "BUY", "type", "STOP_MARKET", "quantity", v.qty,
			"triggerPrice", b.last(v, 500), "clientAlgoId", "ws"))
		if fmt.Sprint(r["status"]) != "200" {
			t.Fatalf("place: %v", r)
		}
		r = s.call(2, "algoOrder.cancel", b.wsParams(false, "clientAlgoId", "ws"))
		if o, ok := r["result"].(map[string]any); !ok || o["code"] != "200" {
			t.Errorf("cancel: %v", r)
		}
	}
}

// priceMatch takes its price from the book.
func TestPriceMatch(t *testing.T) {
	for _, v := range futuresVenues {
		b := running(t, nil)
		bids := b.get(v.prefix+"/depth", "limit=20&symbol="+v.symbol).object(t)["bids"].([]any)
		for mode, level := range map[string]int{"QUEUE": 0, "QUEUE_5": 4, "QUEUE_20": 19} {
			o := b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "priceMatch="+mode).object(t)
			if want := bids[level].([]any)[0]; o["price"] != want || o["priceMatch"] != mode {
				t.Errorf("%s %s: %v, want price %v", v.name, mode, o, want)
			}
		}
		b.refused(-5037, "POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "priceMatch=QUEUE", "price=1")
		b.refused(-5037, "POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "priceMatch=OPPONENT_20")
		b.refused(-5038, "POST", v.order, "symbol="+v.symbol, "side=BUY", "type=MARKET", "quantity="+v.qty, "priceMatch=QUEUE")
	}
}

// A GTD order ends on its date, which is of the request clock.
func TestGoodTillDate(t *testing.T) {
	var ahead atomic.Int64
	b := running(t, func(o *options) { o.Clock = func() time.Time { return time.Now().Add(time.Duration(ahead.Load())) } })
	v := venues[1]
	s := b.dial("/usdm/private/ws/" + b.listenKey("/fapi/v1"))
	at := func(d time.Duration) string { return fmt.Sprint("goodTillDate=", time.Now().Add(d).UnixMilli()) }
	order := []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTD", "quantity=0.010", "price=" + b.below(v)}
	b.refused(-5040, "POST", v.order, append(order, at(9*time.Minute))...)
	b.refused(-1102, "POST", v.order, order...)
	b.must("POST", v.order, append(order, at(11*time.Minute), "newClientOrderId=soon")...)
	b.must("POST", v.order, append(order, at(60*time.Minute), "newClientOrderId=late")...)
	b.placeAlgo(v, "side=BUY", "type=STOP", "quantity=0.010", "timeInForce=GTD", at(11*time.Minute), "triggerPrice="+b.last(v, 500), "price="+b.last(v, 500))
	ahead.Store(int64(12 * time.Minute))
	for {
		o := s.until("ORDER_TRADE_UPDATE")["o"].(map[string]any)
		if o["x"] == "NEW" {
			continue
		}
		if o["c"] != "soon" || o["X"] != "EXPIRED" {
			t.Errorf("ended: %v", o)
		}
		break
	}
	if o := s.until("ALGO_UPDATE")["o"].(map[string]any); o["X"] != simserver.ConditionalExpired {
		t.Errorf("ended: %v", o)
	}
	ahead.Store(0)
	if rows := b.must("GET", "/fapi/v1/openOrders").list(t); len(rows) != 1 {
		t.Errorf("open: %v", rows)
	}
	b.refused(-1115, "POST", "/dapi/v1/order", "symbol=BTCUSD_PERP", "side=BUY", "type=LIMIT", "timeInForce=GTD", "quantity=1", "price="+b.below(venues[2]), at(time.Hour))
}
