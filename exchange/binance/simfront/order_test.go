package simfront

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/sign"
)

// What a signed request must prove, in the order in which it is checked.
func TestAuthorisation(t *testing.T) {
	b := running(t, nil)
	hmac, err := sign.NewHMAC(sign.NewSecret(b.keys.HMAC.Secret))
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := sign.NewHMAC(sign.NewSecret("not the secret"))
	if err != nil {
		t.Fatal(err)
	}
	ed, err := sign.Key{API: sign.NewSecret(b.keys.Ed25519.Key), Secret: sign.NewSecret(b.keys.Ed25519.PrivateKey)}.Signer()
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	stranger := strings.Repeat("A", 64)
	for name, c := range map[string]struct {
		signer sign.Signer
		key    string
		at     time.Time
		params []string
		status int
		code   int64
	}{
		"hmac":            {hmac, b.keys.HMAC.Key, now, nil, 200, 0},
		"ed25519":         {ed, b.keys.Ed25519.Key, now, nil, 200, 0},
		"no key":          {hmac, "", now, nil, 401, -2014},
		"malformed key":   {hmac, "abc", now, nil, 401, -2014},
		"unknown key":     {hmac, stranger, now, nil, 401, -2015},
		"wrong secret":    {wrong, b.keys.HMAC.Key, now, nil, 400, -1022},
		"the other key":   {hmac, b.keys.Ed25519.Key, now, nil, 400, -1022},
		"late":            {hmac, b.keys.HMAC.Key, now.Add(-20 * time.Second), nil, 400, -1021},
		"late but wide":   {hmac, b.keys.HMAC.Key, now.Add(-20 * time.Second), []string{"recvWindow=60000"}, 200, 0},
		"ahead":           {hmac, b.keys.HMAC.Key, now.Add(time.Minute), nil, 400, -1021},
		"window too wide": {hmac, b.keys.HMAC.Key, now, []string{"recvWindow=60001"}, 400, -1131},
	} {
		for _, path := range []string{"/api/v3/account", "/fapi/v3/balance", "/dapi/v1/balance"} {
			a, err := b.sign(c.signer, c.key, c.at, "GET", path, c.params...)
			if err != nil || a.status != c.status || a.code() != c.code {
				t.Errorf("%s %s: %d %s %v; want %d, code %d", name, path, a.status, a.text, err, c.status, c.code)
			}
		}
	}
	if a, _ := b.do("GET", "/api/v3/account", "timestamp=1&signature=ab", "", b.keys.HMAC.Key); a.code() != -1021 {
		t.Errorf("timestamp 1: %s", a.text)
	}
	if a, _ := b.do("GET", "/api/v3/account", "", "", b.keys.HMAC.Key); a.code() != -1102 {
		t.Errorf("no timestamp: %s", a.text)
	}
}

// The same secret and payload give the published signature, so the server
// accepts what any client computes.
func TestMixedQueryAndBody(t *testing.T) {
	b := running(t, nil)
	signer, err := sign.NewHMAC(sign.NewSecret(b.keys.HMAC.Secret))
	if err != nil {
		t.Fatal(err)
	}
	bid, _ := b.touch("/fapi/v1", "BTCUSDT")
	query := "symbol=BTCUSDT&side=BUY&type=LIMIT&timeInForce=GTC"
	body := fmt.Sprintf("quantity=0.010&price=%s&timestamp=%d", bid.Mul(decimal.New(98, -2)).Round(1), time.Now().UnixMilli())
	sig, err := signer.AppendSignature(nil, []byte(query+body))
	if err != nil {
		t.Fatal(err)
	}
	a, err := b.do("POST", "/fapi/v1/order", query, body+"&signature="+string(sig), b.keys.HMAC.Key)
	if err != nil || a.status != 200 {
		t.Fatalf("%v %d %s", err, a.status, a.text)
	}
}

type venueCase struct {
	name, prefix, order, symbol string
	qty                         string
	places                      int32
}

var venues = []venueCase{
	{"spot", "/api/v3", "/api/v3/order", "BTCUSDT", "0.01", 2},
	{"usdm", "/fapi/v1", "/fapi/v1/order", "BTCUSDT", "0.010", 1},
	{"coinm", "/dapi/v1", "/dapi/v1/order", "BTCUSD_PERP", "2", 1},
}

// below is a price two per cent under the bid.
func (b *bench) below(v venueCase) string {
	bid, _ := b.touch(v.prefix, v.symbol)
	return bid.Mul(decimal.New(98, -2)).Round(v.places).String()
}

func TestOrderLife(t *testing.T) {
	for _, v := range venues {
		t.Run(v.name, func(t *testing.T) {
			b := running(t, nil)
			price := b.below(v)
			base := []string{"symbol=" + v.symbol, "side=BUY", "type=LIMIT", "quantity=" + v.qty, "timeInForce=GTC"}
			rest := append(base, "price="+price, "newClientOrderId=mine-1")
			o := b.must("POST", v.order, rest...).object(t)
			if o["clientOrderId"] != "mine-1" || fmt.Sprint(o["orderId"]) != "1" {
				t.Errorf("placed: %v", o)
			}
			duplicate := int64(-4116)
			if v.name == "spot" {
				duplicate = -2010
			}
			b.refused(duplicate, "POST", v.order, rest...)
			got := b.must("GET", v.order, "symbol="+v.symbol, "origClientOrderId=mine-1").object(t)
			if got["status"] != "NEW" || !dec(t, got["price"]).Equal(dec(t, price)) || !dec(t, got["origQty"]).Equal(dec(t, v.qty)) {
				t.Errorf("queried: %v", got)
			}
			if n := len(b.must("GET", v.prefix+"/openOrders", "symbol="+v.symbol).list(t)); n != 1 {
				t.Errorf("%d open orders, want 1", n)
			}
			gone := b.must("DELETE", v.order, "symbol="+v.symbol, "orderId=1").object(t)
			if gone["status"] != "CANCELED" {
				t.Errorf("canceled: %v", gone)
			}
			if v.name == "spot" && (gone["origClientOrderId"] != "mine-1" || gone["clientOrderId"] == "mine-1") {
				t.Errorf("a cancel has a name of its own: %v", gone)
			}
			b.refused(-2011, "DELETE", v.order, "symbol="+v.symbol, "orderId=1")
			b.refused(-2013, "GET", v.order, "symbol="+v.symbol, "orderId=77")
			b.must("POST", v.order, rest...) // the name is free again
			if n := len(b.must("GET", v.prefix+"/allOrders", "symbol="+v.symbol).list(t)); n != 2 {
				t.Errorf("%d orders in all, want 2", n)
			}
		})
	}
}

// A market order fills against the book that depth shows, at its prices, and
// fills, fees and balances agree to the last digit.
func TestSpotFillAddsUp(t *testing.T) {
	b := running(t, nil)
	_, ask := b.touch("/api/v3", "BTCUSDT")
	before := b.balances("/api/v3/account")
	o := b.must("POST", "/api/v3/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.5").object(t)
	if o["status"] != "FILLED" || o["executedQty"] != "0.50000000" {
		t.Fatalf("market order: %v", o)
	}
	cost, fees := decimal.Zero, decimal.Zero
	for i, f := range o["fills"].([]any) {
		f := f.(map[string]any)
		if i == 0 && !dec(t, f["price"]).Equal(ask) {
			t.Errorf("first fill at %v, the ask was %v", f["price"], ask)
		}
		cost = cost.Add(dec(t, f["price"]).Mul(dec(t, f["qty"])))
		fees = fees.Add(dec(t, f["commission"]))
		if f["commissionAsset"] != "BTC" {
			t.Errorf("commission in %v, want what was received", f["commissionAsset"])
		}
	}
	if !cost.Equal(dec(t, o["cummulativeQuoteQty"])) {
		t.Errorf("fills cost %s, the order says %v", cost, o["cummulativeQuoteQty"])
	}
	after := b.balances("/api/v3/account")
	if want := before["USDT"].Sub(cost); !after["USDT"].Equal(want) {
		t.Errorf("USDT is %s, want %s", after["USDT"], want)
	}
	if want := before["BTC"].Add(decimal.New(5, -1)).Sub(fees); !after["BTC"].Equal(want) {
		t.Errorf("BTC is %s, want %s", after["BTC"], want)
	}
	trades := b.must("GET", "/api/v3/myTrades", "symbol=BTCUSDT").list(t)
	if len(trades) != len(o["fills"].([]any)) {
		t.Errorf("myTrades has %d, the order %d fills", len(trades), len(o["fills"].([]any)))
	}
}

func (b *bench) balances(path string) map[string]decimal.Decimal {
	b.t.Helper()
	out := map[string]decimal.Decimal{}
	for _, v := range b.must("GET", path).object(b.t)["balances"].([]any) {
		v := v.(map[string]any)
		out[v["asset"].(string)] = dec(b.t, v["free"]).Add(dec(b.t, v["locked"]))
	}
	return out
}

func TestSpotRefusals(t *testing.T) {
	b := running(t, nil)
	bid, ask := b.touch("/api/v3", "BTCUSDT")
	limit := func(more ...string) []string {
		return append([]string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC"}, more...)
	}
	far := bid.Mul(decimal.New(9, -1)).StringFixed(2)
	for _, c := range []struct {
		code   int64
		msg    string
		params []string
	}{
		{-1121, "Invalid symbol.", []string{"symbol=NOSUCH", "side=BUY", "type=MARKET", "quantity=1"}},
		{-1102, "'symbol'", []string{"side=BUY", "type=MARKET", "quantity=1"}},
		{-1102, "'quantity'", limit("price=" + far)},
		{-1102, "'timeInForce'", []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT", "quantity=1", "price=" + far}},
		{-1106, "'timeInForce'", []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT_MAKER", "timeInForce=GTC", "quantity=1", "price=" + far}},
		{-1106, "'reduceOnly'", limit("quantity=0.01", "price="+far, "reduceOnly=true")},
		{-1117, "side", []string{"symbol=BTCUSDT", "side=HOLD", "type=MARKET", "quantity=1"}},
		{-1116, "orderType", []string{"symbol=BTCUSDT", "side=BUY", "type=STOP_MARKET", "quantity=1", "stopPrice=1"}},
		{-1115, "timeInForce", []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTX", "quantity=1", "price=" + far}},
		{-1100, "newClientOrderId", limit("quantity=0.01", "price="+far, "newClientOrderId=with space")},
		{-1111, "precision", limit("quantity=0.000000001", "price="+far)},
		{-1013, "PRICE_FILTER", limit("quantity=0.01", "price="+far+"5")},
		{-1013, "LOT_SIZE", limit("quantity=0.000001", "price="+far)},
		{-1013, "NOTIONAL", limit("quantity=0.00001", "price="+far)},
		{-1013, "PERCENT_PRICE", limit("quantity=0.01", "price="+bid.Mul(decimal.New(1, -1)).Round(2).String())},
		{-2010, "insufficient balance", limit("quantity=50", "price="+far)},
		{-2010, "immediately match", []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT_MAKER", "quantity=0.01", "price=" + ask.String()}},
	} {
		if a := b.refused(c.code, "POST", "/api/v3/order", c.params...); !strings.Contains(a.text, c.msg) {
			t.Errorf("%v: %s; want %q in it", c.params, a.text, c.msg)
		}
	}
	if n := len(b.must("GET", "/api/v3/allOrders", "symbol=BTCUSDT").list(t)); n != 0 {
		t.Errorf("%d refused orders are on record, want none", n)
	}
}

func TestFuturesRefusals(t *testing.T) {
	for _, v := range venues[1:] {
		b := running(t, nil)
		bid, ask := b.touch(v.prefix, v.symbol)
		far := b.below(v)
		order := func(more ...string) []string { return append([]string{"symbol=" + v.symbol, "side=BUY"}, more...) }
		limit := func(more ...string) []string { return append(order("type=LIMIT", "timeInForce=GTC"), more...) }
		type refusal struct {
			code   int64
			params []string
		}
		cases := []refusal{
			{-4120, order("type=STOP_MARKET", "stopPrice=1", "quantity="+v.qty)},
			{-4061, order("type=MARKET", "positionSide=LONG", "quantity="+v.qty)},
			{-4015, limit("quantity="+v.qty, "price="+far, "newClientOrderId=no space allowed")},
			{-1111, limit("quantity="+v.qty, "price="+far+"001")},
			{-4014, limit("quantity="+v.qty, "price="+dec(t, far).Add(decimal.New(5, -2)).StringFixed(2))},
			{-1111, limit("quantity=1.000001", "price="+far)},
			{-4003, limit("quantity=0", "price="+far)},
			{-2022, order("type=MARKET", "reduceOnly=true", "quantity="+v.qty)},
			{-5022, []string{"symbol=" + v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTX", "quantity=" + v.qty, "price=" + ask.String()}},
			{-5021, []string{"symbol=" + v.symbol, "side=BUY", "type=LIMIT", "timeInForce=FOK", "quantity=" + v.qty, "price=" + bid.String()}},
			{-4016, limit("quantity="+v.qty, "price="+bid.Mul(decimal.New(12, -1)).Round(1).String())},
		}
		if v.name == "usdm" {
			cases = append(cases, refusal{-4164, []string{"symbol=ETHUSDT", "side=BUY", "type=MARKET", "quantity=0.001"}}, refusal{-2019, limit("quantity=40", "price="+far)})
		}
		for _, c := range cases {
			b.refused(c.code, "POST", v.order, c.params...)
		}
		if n := len(b.must("GET", v.prefix+"/allOrders", "symbol="+v.symbol).list(t)); n != 0 {
			t.Errorf("%s: %d refused orders are on record, want none", v.name, n)
		}
	}
}

// A futures position, its income and its balance agree to the last digit.
func TestFuturesFillAddsUp(t *testing.T) {
	for _, v := range []struct {
		venueCase
		balance, risk, asset string
	}{{venues[1], "/fapi/v3/balance", "/fapi/v3/positionRisk", "USDT"}, {venues[2], "/dapi/v1/balance", "/dapi/v1/positionRisk", "BTC"}} {
		b := running(t, nil)
		before := b.wallet(v.balance, v.asset)
		for _, side := range []string{"BUY", "SELL"} {
			o := b.must("POST", v.order, "symbol="+v.symbol, "side="+side, "type=MARKET", "quantity="+v.qty, "newOrderRespType=RESULT").object(t)
			if o["status"] != "FILLED" {
				t.Fatalf("%s %s: %v", v.name, side, o)
			}
			if _, ok := o["avgPrice"]; ok {
				t.Errorf("%s: place replies tell no avgPrice since 2026-06-30", v.name)
			}
			want := dec(t, v.qty)
			if side == "SELL" {
				want = decimal.Zero
			}
			if got := b.position(v.risk, v.symbol); !got.Equal(want) {
				t.Errorf("%s: position after %s is %s, want %s", v.name, side, got, want)
			}
		}
		sum := decimal.Zero
		for _, row := range b.must("GET", v.prefix+"/income").list(t) {
			sum = sum.Add(dec(t, row.(map[string]any)["income"]))
		}
		if after := b.wallet(v.balance, v.asset); !after.Equal(before.Add(sum)) || sum.IsZero() {
			t.Errorf("%s: balance is %s, income says %s", v.name, after, before.Add(sum))
		}
		trades := b.must("GET", v.prefix+"/userTrades", "symbol="+v.symbol).list(t)
		if len(trades) < 2 {
			t.Errorf("%s: %d trades", v.name, len(trades))
		}
	}
}

func (b *bench) wallet(path, asset string) decimal.Decimal {
	b.t.Helper()
	for _, row := range b.must("GET", path).list(b.t) {
		if row := row.(map[string]any); row["asset"] == asset {
			return dec(b.t, row["balance"])
		}
	}
	b.t.Fatalf("no %s in %s", asset, path)
	return decimal.Zero
}

func (b *bench) position(path, symbol string) decimal.Decimal {
	b.t.Helper()
	for _, row := range b.must("GET", path).list(b.t) {
		if row := row.(map[string]any); row["symbol"] == symbol {
			return dec(b.t, row["positionAmt"])
		}
	}
	return decimal.Zero
}

func TestModify(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	price := dec(t, b.below(v))
	b.must("POST", v.order, "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.010", "price="+price.String())
	lower := price.Sub(decimal.NewFromInt(10))
	args := func(qty string, p decimal.Decimal) []string {
		return []string{"symbol=BTCUSDT", "orderId=1", "side=BUY", "quantity=" + qty, "price=" + p.String()}
	}
	o := b.must("PUT", v.order, args("0.020", lower)...).object(t)
	if fmt.Sprint(o["orderId"]) != "1" || o["status"] != "NEW" || o["origQty"] != "0.020" || !dec(t, o["price"]).Equal(lower) {
		t.Errorf("modified: %v", o)
	}
	b.refused(-5027, "PUT", v.order, args("0.020", lower)...)
	b.refused(-4014, "PUT", v.order, args("0.020", lower.Add(decimal.New(5, -2)))...)
	b.refused(-2019, "PUT", v.order, args("60", lower)...)
	if got := b.must("GET", v.order, "symbol=BTCUSDT", "orderId=1").object(t); got["status"] != "NEW" || got["origQty"] != "0.020" {
		t.Errorf("a refused modification left %v", got)
	}
	state := b.get("/sim/state", "").object(t)["accounts"].([]any)[0].(map[string]any)
	if n := len(state["orders"].([]any)); n != 1 {
		t.Errorf("%d orders, want 1", n)
	}
	_, ask := b.touch(v.prefix, v.symbol)
	if o := b.must("PUT", v.order, args("0.020", ask.Add(decimal.NewFromInt(50)))...).object(t); o["status"] != "FILLED" || o["executedQty"] != "0.020" {
		t.Errorf("modified across the spread: %v", o)
	}
}

func TestBatch(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	price := b.below(v)
	orders := fmt.Sprintf(`[{"symbol":"BTCUSDT","side":"BUY","type":"LIMIT","timeInForce":"GTC","quantity":"0.010","price":"%s"},{"symbol":"BTCUSDT","side":"SELL","type":"MARKET","reduceOnly":"true","quantity":"0.010"}]`, price)
	l := b.must("POST", "/fapi/v1/batchOrders", "batchOrders="+orders).list(t)
	if len(l) != 2 || l[0].(map[string]any)["status"] != "NEW" || fmt.Sprint(l[1].(map[string]any)["code"]) != "-2022" {
		t.Errorf("batch: %v", l)
	}
	l = b.must("DELETE", "/fapi/v1/batchOrders", "symbol=BTCUSDT", "orderIdList=[1,99]").list(t)
	if len(l) != 2 || l[0].(map[string]any)["status"] != "CANCELED" || fmt.Sprint(l[1].(map[string]any)["code"]) != "-2011" {
		t.Errorf("batch cancel: %v", l)
	}
}

func TestCancelReplace(t *testing.T) {
	b := running(t, nil)
	v := venues[0]
	_, ask := b.touch(v.prefix, v.symbol)
	order := []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.01", "price=" + b.below(v)}
	const path = "/api/v3/order/cancelReplace"
	b.must("POST", v.order, order...)
	o := b.must("POST", path, append(order, "cancelReplaceMode=STOP_ON_FAILURE", "cancelOrderId=1")...).object(t)
	if o["cancelResult"] != "SUCCESS" || o["newOrderResult"] != "SUCCESS" {
		t.Errorf("both: %v", o)
	}
	a := b.refused(-2022, "POST", path, append(order, "cancelReplaceMode=STOP_ON_FAILURE", "cancelOrderId=1")...)
	if a.status != 400 || !strings.Contains(a.text, "NOT_ATTEMPTED") {
		t.Errorf("nothing to cancel: %d %s", a.status, a.text)
	}
	a = b.refused(-2021, "POST", path, append(order, "cancelReplaceMode=ALLOW_FAILURE", "cancelOrderId=1")...)
	if a.status != 409 || !strings.Contains(a.text, `"newOrderResult":"SUCCESS"`) {
		t.Errorf("only the new one: %d %s", a.status, a.text)
	}
	crossing := []string{"symbol=BTCUSDT", "side=BUY", "type=LIMIT_MAKER", "quantity=0.01", "price=" + ask.String()}
	a = b.refused(-2021, "POST", path, append(crossing, "cancelReplaceMode=STOP_ON_FAILURE", "cancelOrderId=2")...)
	if a.status != 409 || !strings.Contains(a.text, `"cancelResult":"SUCCESS"`) {
		t.Errorf("only the cancel: %d %s", a.status, a.text)
	}
}

func TestTransfer(t *testing.T) {
	b := running(t, nil)
	const path = "/sapi/v1/asset/transfer"
	before := b.wallet("/fapi/v3/balance", "USDT")
	b.must("POST", path, "type=MAIN_UMFUTURE", "asset=USDT", "amount=123.45678901")
	if after := b.wallet("/fapi/v3/balance", "USDT"); !after.Equal(before.Add(dec(t, "123.45678901"))) {
		t.Errorf("balance %s after %s", after, before)
	}
	b.refused(-5013, "POST", path, "type=MAIN_UMFUTURE", "asset=USDT", "amount=1000000")
	b.refused(-1102, "POST", path, "type=MAIN_UMFUTURE", "asset=USDT")
	rows := b.must("GET", path, "type=MAIN_UMFUTURE").object(t)
	if fmt.Sprint(rows["total"]) != "1" {
		t.Errorf("history: %v", rows)
	}
}

func TestLeverage(t *testing.T) {
	b := running(t, nil)
	o := b.must("POST", "/fapi/v1/leverage", "symbol=BTCUSDT", "leverage=3").object(t)
	if fmt.Sprint(o["leverage"]) != "3" {
		t.Errorf("leverage: %v", o)
	}
	b.refused(-4028, "POST", "/fapi/v1/leverage", "symbol=BTCUSDT", "leverage=500")
	b.refused(-4046, "POST", "/fapi/v1/marginType", "symbol=BTCUSDT", "marginType=CROSSED")
	b.refused(-4059, "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false")
	c := b.must("GET", "/fapi/v1/symbolConfig", "symbol=BTCUSDT").list(t)[0].(map[string]any)
	if fmt.Sprint(c["leverage"]) != "3" {
		t.Errorf("symbolConfig: %v", c)
	}
	// At leverage 3 the 100 000 USDT of the wallet carry less than 300 000.
	b.refused(-2019, "POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=3.500", "price="+b.below(venues[1]))
}

// The dead-man switch cancels when it is not renewed.
func TestCountdown(t *testing.T) {
	b := running(t, nil)
	v := venues[1]
	b.must("POST", v.order, "symbol=BTCUSDT", "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity=0.010", "price="+b.below(v))
	b.must("POST", "/fapi/v1/countdownCancelAll", "symbol=BTCUSDT", "countdownTime=1")
	b.eventually("the order is canceled", func() bool {
		return len(b.must("GET", "/fapi/v1/openOrders", "symbol=BTCUSDT").list(t)) == 0
	})
}

func TestWeightLimit(t *testing.T) {
	b := running(t, func(o *options) { o.Limits.FuturesWeight = 20 })
	for range 10 {
		if a := b.get("/fapi/v1/depth", "symbol=BTCUSDT&limit=50"); a.status != 200 {
			// The minute may have turned; then the count began anew.
			t.Fatalf("within the limit: %d %s", a.status, a.text)
		}
	}
	seen := map[int]bool{}
	for range 60 {
		a := b.get("/dapi/v1/depth", "symbol=BTCUSD_PERP&limit=50") // one pool
		seen[a.status] = true
		if a.status != 200 && a.code() != -1003 {
			t.Errorf("%d %s", a.status, a.text)
		}
	}
	if !seen[429] || !seen[418] {
		t.Errorf("statuses seen: %v, want 429 and then 418", seen)
	}
	if a := b.get("/api/v3/time", ""); a.status != 200 || a.header.Get("X-MBX-USED-WEIGHT-1M") != "1" {
		t.Errorf("spot has a pool of its own: %d %v", a.status, a.header)
	}
}
