package simfront_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// Every endpoint that needs no key answers a plain question.
func TestPublicEndpoints(t *testing.T) {
	s := open(t, nil)
	for _, c := range []struct{ path, query, at, want string }{
		{"/v5/market/time", "", "timeSecond", "1"},
		{"/v5/market/instruments-info", "category=linear&symbol=BTCUSDT", "list.0.contractType", "LinearPerpetual"},
		{"/v5/market/instruments-info", "category=inverse&symbol=BTCUSD", "list.0.settleCoin", "BTC"},
		{"/v5/market/instruments-info", "category=inverse&symbol=BTCUSDH26", "list.0.contractType", "InverseFutures"},
		{"/v5/market/instruments-info", "category=linear&symbol=BTCUSDT-27MAR26", "list.0.contractType", "LinearFutures"},
		{"/v5/market/instruments-info", "category=linear&limit=2", "nextPageCursor", "2"},
		{"/v5/market/instruments-info", "category=spot", "list.0.lotSizeFilter.minOrderAmt", "5"},
		{"/v5/market/tickers", "category=linear&symbol=ETHUSDT", "list.0.fundingIntervalHour", "8"},
		{"/v5/market/tickers", "category=spot", "list.0.usdIndexPrice", ""},
		{"/v5/market/orderbook", "category=linear&symbol=BTCUSDT&limit=5", "b.4.0", ""},
		{"/v5/market/recent-trade", "category=spot&symbol=BTCUSDT", "list.0.side", ""},
		{"/v5/market/kline", "category=linear&symbol=BTCUSDT&interval=1", "list.0.6", ""},
		{"/v5/market/mark-price-kline", "category=linear&symbol=BTCUSDT&interval=5", "list.0.4", ""},
		{"/v5/market/index-price-kline", "category=linear&symbol=BTCUSDT&interval=60", "list.0.4", ""},
		{"/v5/market/premium-index-price-kline", "category=linear&symbol=BTCUSDT&interval=60", "list.0.4", ""},
		{"/v5/market/open-interest", "category=linear&symbol=BTCUSDT&intervalTime=5min", "list.0.openInterest", "0"},
		{"/v5/market/risk-limit", "category=linear&symbol=BTCUSDT", "list.1.mmDeduction", ""},
		{"/v5/market/price-limit", "category=linear&symbol=BTCUSDT", "buyLmt", ""},
		{"/v5/market/funding/history", "category=linear&symbol=BTCUSDT", "category", "linear"},
	} {
		a := s.get(c.path, c.query)
		if got := a.at(c.at); a.Code != 0 || got == "" || !strings.HasPrefix(got, c.want) {
			t.Errorf("%s?%s: %d %s, %s is %q, want %q", c.path, c.query, a.Code, a.Msg, c.at, got, c.want)
		}
	}
	for query, code := range map[string]int{"category=linear&symbol=NONEUSDT": 10001, "category=spot&symbol=NONEUSDT": 170121, "category=gold": 10001} {
		if a := s.get("/v5/market/orderbook", query); a.Code != code {
			t.Errorf("orderbook?%s: %d %s, want %d", query, a.Code, a.Msg, code)
		}
	}
	if a := s.get("/v5/market/funding/history", "category=linear&symbol=BTCUSDT&startTime=1"); a.Code != 10001 {
		t.Errorf("startTime alone: %d %s", a.Code, a.Msg)
	}
	if a := s.get("/v5/nothing", ""); a.status != http.StatusNotFound || !strings.Contains(a.Msg, "not simulated") {
		t.Errorf("an endpoint that is not there: %d %s", a.status, a.text)
	}
}

// Who asks is judged: key, time, signature, permission, and how often.
func TestDoor(t *testing.T) {
	s := open(t, nil)
	balance := func(change func(*http.Request)) told {
		return s.do(http.MethodGet, "/v5/account/wallet-balance", "accountType=UNIFIED", change)
	}
	set := func(name, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(name, value) }
	}
	ahead := fmt.Sprint(time.Now().Add(4 * time.Second).UnixMilli())
	behind := fmt.Sprint(time.Now().Add(-7 * time.Second).UnixMilli())
	for _, c := range []struct {
		what   string
		change func(*http.Request)
		code   int
	}{{"as it is", nil, 0}, {"an unknown key", set("X-BAPI-API-KEY", "nobody"), 10003}, {"another signature", set("X-BAPI-SIGN", strings.Repeat("0", 64)), 10004},
		{"a clock ahead", set("X-BAPI-TIMESTAMP", ahead), 10002}, {"a clock behind", set("X-BAPI-TIMESTAMP", behind), 10002}, {"no time", set("X-BAPI-TIMESTAMP", ""), 10001}} {
		if a := balance(c.change); a.Code != c.code {
			t.Errorf("%s: %d %s, want %d", c.what, a.Code, a.Msg, c.code)
		}
	}
	a := balance(nil)
	if a.header.Get("X-Bapi-Limit") != "50" || a.header.Get("X-Bapi-Limit-Status") == "" || a.header.Get("X-Bapi-Limit-Reset-Timestamp") == "" {
		t.Errorf("headers %v", a.header)
	}
	s.arm(simserver.Fault{Kind: "permissions", Permissions: []string{simserver.MayRead}})
	if a, _ := s.order(nil); a.Code != 10005 {
		t.Errorf("an order of a key that reads: %d %s", a.Code, a.Msg)
	}
	if a := s.get("/v5/user/query-api", ""); a.at("readOnly") != "1" || a.at("permissions.ContractTrade") != "[]" {
		t.Errorf("the key: %s", a.text)
	}
	s.arm(simserver.Fault{Kind: "418", Millis: 60_000})
	if a := balance(nil); a.status != http.StatusForbidden {
		t.Errorf("an address that is shut out: %d", a.status)
	}
	if a := balance(nil); a.status != http.StatusForbidden {
		t.Errorf("... and stays so: %d", a.status)
	}
}

// Too many orders in a second are refused, with when to come again.
func TestOrderLimit(t *testing.T) {
	s := open(t, nil)
	last := told{}
	for range 60 {
		last = s.get("/v5/account/fee-rate", "category=linear&symbol=BTCUSDT")
		if last.Code == 10006 {
			break
		}
	}
	if last.Code != 10006 || last.header.Get("X-Bapi-Limit-Status") != "0" {
		t.Errorf("fee rates: %d %s %v", last.Code, last.Msg, last.header)
	}
}

// An order's whole life, in each category; the truth agrees with what the venue says.
func TestOrders(t *testing.T) {
	for _, c := range []struct{ category, symbol, qty, coin string }{{"linear", "BTCUSDT", "0.01", "USDT"}, {"spot", "BTCUSDT", "0.01", "USDT"}, {"inverse", "BTCUSD", "300", "BTC"}} {
		t.Run(c.category, func(t *testing.T) {
			s := open(t, nil)
			of := map[string]any{"category": c.category, "symbol": c.symbol, "qty": c.qty}
			with := func(more map[string]any) map[string]any {
				out := map[string]any{}
				for _, m := range []map[string]any{of, more} {
					for k, v := range m { // order does not matter: it is a map
						out[k] = v
					}
				}
				return out
			}
			one := "category=" + c.category + "&symbol=" + c.symbol
			a, name := s.order(of)
			if a.Code != 0 || a.at("orderId") == "" {
				t.Fatalf("an order that rests: %d %s", a.Code, a.Msg)
			}
			if a, _ := s.order(with(map[string]any{"orderLinkId": name})); a.Code != 110072 && a.Code != 170141 {
				t.Errorf("the same name again: %d %s", a.Code, a.Msg)
			}
			if r := s.get("/v5/order/realtime", one); r.at("list.0.orderStatus") != "New" || r.at("list.0.leavesQty") != c.qty {
				t.Errorf("open: %s", r.text)
			}
			if r := s.post("/v5/order/amend", with(map[string]any{"orderLinkId": name, "price": "80100", "qty": nil})); r.Code != 0 {
				t.Errorf("amended: %d %s", r.Code, r.Msg)
			}
			if r := s.get("/v5/order/realtime", one+"&orderLinkId="+name); r.at("list.0.price") != "80100" {
				t.Errorf("amended: %s", r.text)
			}
			if r := s.post("/v5/order/cancel", with(map[string]any{"orderLinkId": name, "qty": nil})); r.Code != 0 || r.at("orderLinkId") != name {
				t.Errorf("canceled: %d %s", r.Code, r.Msg)
			}
			if r := s.post("/v5/order/cancel", with(map[string]any{"orderLinkId": name, "qty": nil})); r.Code != 110010 && r.Code != 170142 {
				t.Errorf("canceled again: %d %s", r.Code, r.Msg)
			}
			if r := s.post("/v5/order/cancel", with(map[string]any{"orderLinkId": "nobody", "qty": nil})); r.Code != 110001 && r.Code != 170213 {
				t.Errorf("an order that is not there: %d %s", r.Code, r.Msg)
			}
			if r := s.get("/v5/order/history", one+"&orderLinkId="+name); r.at("list.0.orderStatus") != "Cancelled" || r.at("list.0.cancelType") != "CancelByUser" {
				t.Errorf("the history: %s", r.text)
			}
			a, name = s.order(with(map[string]any{"orderType": "Market", "price": nil, "marketUnit": "baseCoin"}))
			if r := s.get("/v5/order/history", one+"&orderLinkId="+name); a.Code != 0 || r.at("list.0.orderStatus") != "Filled" || r.at("list.0.cumExecQty") != c.qty {
				t.Errorf("a market order: %d %s, %s", a.Code, a.Msg, r.text)
			}
			if r := s.get("/v5/execution/list", one); r.at("list.0.orderLinkId") != name || r.at("list.0.execType") != "Trade" {
				t.Errorf("executions: %s", r.text)
			}
			if r := s.get("/v5/account/transaction-log", "accountType=UNIFIED&category="+c.category); r.at("list.0.type") != "TRADE" {
				t.Errorf("the log: %s", r.text)
			}
			s.agrees(c.coin)
			if c.category == "spot" {
				return
			}
			if r := s.get("/v5/position/list", one); r.at("list.0.size") != c.qty || r.at("list.0.side") != "Buy" {
				t.Errorf("the position: %s", r.text)
			}
			a, name = s.order(with(map[string]any{"orderType": "Market", "side": "Sell", "qty": "0", "reduceOnly": true, "closeOnTrigger": true}))
			if r := s.get("/v5/execution/list", one); a.Code != 0 || r.at("list.0.orderLinkId") != name || r.at("list.0.closedSize") != c.qty {
				t.Errorf("closed: %d %s, %s", a.Code, a.Msg, r.text)
			}
			if r := s.get("/v5/position/closed-pnl", one); r.at("list.0.closedSize") != c.qty {
				t.Errorf("closed: %s", r.text)
			}
			s.agrees(c.coin)
		})
	}
}

// agrees compares a coin of the wallet, and what the log says of it, with the truth.
func (s *stand) agrees(coin string) {
	s.t.Helper()
	want := ""
	for _, b := range s.sim.Truth().Accounts[0].Balances {
		if strings.HasSuffix(b.Wallet, "unified") && b.Asset == coin {
			want = b.Total
		}
	}
	if r := s.get("/v5/account/wallet-balance", "accountType=UNIFIED&coin="+coin); r.at("list.0.coin.0.walletBalance") != want || want == "" {
		s.t.Errorf("%s: %s, the truth is %s", coin, r.at("list.0.coin.0.walletBalance"), want)
	}
	if r := s.get("/v5/account/transaction-log", "currency="+coin); r.at("list.0.cashBalance") != want {
		s.t.Errorf("the log of %s ends with %s, the truth is %s", coin, r.at("list.0.cashBalance"), want)
	}
}

// What is refused, what is moved, and what is taken and then canceled.
func TestRefusals(t *testing.T) {
	s := open(t, nil)
	spot := map[string]any{"category": "spot"}
	for _, c := range []struct {
		what   string
		fields map[string]any
		code   int
	}{
		{"off the grid", map[string]any{"price": "80000.05"}, 10001},
		{"a quantity off the grid", map[string]any{"qty": "0.0105"}, 10001},
		{"too little", map[string]any{"qty": "0.0001"}, 10001},
		{"nothing to reduce", map[string]any{"reduceOnly": true}, 110017},
		{"no margin", map[string]any{"qty": "900"}, 110007},
		{"the wrong mode", map[string]any{"positionIdx": 1}, 10001},
		{"a trigger", map[string]any{"triggerPrice": "1"}, 10001},
		{"no side", map[string]any{"side": "buy"}, 10001},
		{"no such time in force", map[string]any{"timeInForce": "GTD"}, 10001},
		{"no coins", map[string]any{"category": "spot", "side": "Sell", "price": "93000", "qty": "5"}, 170131},
		{"a price beyond the band of spot", map[string]any{"category": "spot", "price": "99000"}, 170193},
		{"too small on spot", map[string]any{"category": "spot", "qty": "0.00001"}, 170140},
	} {
		if a, _ := s.order(c.fields); a.Code != c.code {
			t.Errorf("%s: %d %s, want %d", c.what, a.Code, a.Msg, c.code)
		}
	}
	a, name := s.order(map[string]any{"side": "Sell", "price": "60000", "timeInForce": "PostOnly"})
	if r := s.get("/v5/order/realtime", "category=linear&orderLinkId="+name+"&symbol=BTCUSDT"); a.Code != 0 || r.at("list.0.rejectReason") != "EC_PostOnlyWillTakeLiquidity" || r.at("list.0.orderStatus") != "Cancelled" {
		t.Errorf("post-only that would take: %d %s, %s", a.Code, a.Msg, r.text)
	}
	edge := s.get("/v5/market/price-limit", "category=linear&symbol=BTCUSDT").at("buyLmt")
	_, name = s.order(map[string]any{"price": "99999.9", "qty": "0.001", "side": "Buy", "timeInForce": "IOC"})
	if r := s.get("/v5/order/history", "category=linear&orderLinkId="+name); r.at("list.0.price") != edge {
		t.Errorf("a price beyond the band of contracts: %s, want it moved to %s", r.at("list.0.price"), edge)
	}
	if r := s.post("/v5/account/set-limit-px-action", map[string]any{"category": "linear", "modifyEnable": false}); r.Code != 0 {
		t.Errorf("setting: %s", r.text)
	}
	if a, _ := s.order(map[string]any{"price": "99999.9"}); a.Code != 110003 {
		t.Errorf("... once that is switched off: %d %s", a.Code, a.Msg)
	}
	spot["orderType"], spot["qty"], spot["price"] = "Market", "1000", nil // quote
	_, name = s.order(spot)
	if r := s.get("/v5/order/history", "category=spot&orderLinkId="+name); !strings.HasPrefix(r.at("list.0.cumExecValue"), "99") && !strings.HasPrefix(r.at("list.0.cumExecValue"), "1000") {
		t.Errorf("a market order on spot that counts in quote: %s", r.text)
	}
}

// A batch answers with two lists, and 0 whatever became of its orders.
func TestBatch(t *testing.T) {
	s := open(t, nil)
	s.arm(simserver.Fault{Kind: "batch_partial"})
	item := func(price string) map[string]any {
		return map[string]any{"symbol": "BTCUSDT", "side": "Buy", "orderType": "Limit", "qty": "0.01", "price": price}
	}
	a := s.post("/v5/order/create-batch", map[string]any{"category": "linear", "request": []any{item("80000"), item("80000.05"), item("80100")}})
	if a.Code != 0 || a.at("list.0.orderId") == "" || a.at("list.1.orderId") != "" || at(a.Ext, "list.0.code") != "0" || at(a.Ext, "list.1.code") != "10001" || at(a.Ext, "list.2.code") != "10429" {
		t.Errorf("%s", a.text)
	}
	c := s.post("/v5/order/cancel-batch", map[string]any{"category": "linear", "request": []any{map[string]any{"symbol": "BTCUSDT", "orderId": a.at("list.0.orderId")}}})
	if at(c.Ext, "list.0.code") != "0" {
		t.Errorf("%s", c.text)
	}
	if many := s.post("/v5/order/create-batch", map[string]any{"category": "spot", "request": make([]any, 11)}); many.Code != 10001 {
		t.Errorf("too many: %s", many.text)
	}
}

// Funding is an execution, a settlement in the log, and money in the wallet.
func TestFunding(t *testing.T) {
	s := open(t, nil)
	s.order(map[string]any{"orderType": "Market", "price": nil})
	s.pass(exchange.Hour)
	s.agrees("USDT")
	r := s.get("/v5/execution/list", "category=linear&symbol=BTCUSDT&execType=Funding")
	fee := r.at("list.0.execFee")
	if fee == "" || r.at("list.0.execQty") != "0.01" {
		t.Fatalf("%s", r.text)
	}
	l := s.get("/v5/account/transaction-log", "type=SETTLEMENT")
	if paid := l.at("list.0.funding"); strings.TrimPrefix(paid, "-") != strings.TrimPrefix(fee, "-") || paid == fee || l.at("list.0.tradeId") != r.at("list.0.execId") {
		t.Errorf("funding %s and the execution's fee %s: %s", paid, fee, l.text)
	}
	if h := s.get("/v5/market/funding/history", "category=linear&symbol=BTCUSDT"); h.at("list.0.fundingRate") != r.at("list.0.feeRate") {
		t.Errorf("rates: %s", h.text)
	}
}

// Money moves between the unified and the funding wallet, each id once.
func TestTransfers(t *testing.T) {
	s := open(t, nil)
	body := map[string]any{"transferId": "42c0cfb0-6bca-4242-8c76-4e6df6cbab16", "coin": "USDT", "amount": "100", "fromAccountType": "UNIFIED", "toAccountType": "FUND"}
	if a := s.post("/v5/asset/transfer/inter-transfer", body); a.at("status") != "SUCCESS" {
		t.Fatalf("%s", a.text)
	}
	if a := s.post("/v5/asset/transfer/inter-transfer", body); a.Code != 131214 {
		t.Errorf("the same id again: %s", a.text)
	}
	if a := s.get("/v5/asset/transfer/query-account-coins-balance", "accountType=FUND&coin=USDT"); a.at("balance.0.walletBalance") != "10100" {
		t.Errorf("%s", a.text)
	}
	if a := s.get("/v5/asset/transfer/query-inter-transfer-list", ""); a.at("list.0.transferId") != body["transferId"] {
		t.Errorf("%s", a.text)
	}
	if a := s.get("/v5/account/transaction-log", ""); a.at("list.0.type") != "TRANSFER_OUT" || a.at("list.0.change") != "-100" {
		t.Errorf("%s", a.text)
	}
	s.agrees("USDT")
}
