package simfront

import (
	"fmt"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// row returns the object of a list whose key has a value.
func row(t *testing.T, rows []any, key, value string) map[string]any {
	t.Helper()
	for _, r := range rows {
		if o := r.(map[string]any); o[key] == value {
			return o
		}
	}
	t.Fatalf("no row with %s %s in %v", key, value, rows)
	return nil
}

// userStream listens to an account's events of USD-M.
func (b *bench) userStream() *socket {
	b.t.Helper()
	a, err := b.do("POST", "/fapi/v1/listenKey", "", "", b.keys.HMAC.Key)
	if err != nil || a.status != 200 {
		b.t.Fatalf("listen key: %v %d %s", err, a.status, a.text)
	}
	return b.dial("/usdm/private/ws/" + a.object(b.t)["listenKey"].(string))
}

// TestMultiAssetsMode: coins in the wallet margin a contract that settles in USDT, at the
// rates that assetIndex tells.
func TestMultiAssetsMode(t *testing.T) {
	b := running(t, nil)
	buy := func(qty string) []string {
		return []string{"symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=" + qty}
	}
	b.must("POST", "/sapi/v1/asset/transfer", "type=UMFUTURE_MAIN", "asset=USDT", "amount=99900")
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=BTC", "amount=1")
	b.refused(-2019, "POST", "/fapi/v1/order", buy("0.500")...)
	b.refused(-4171, "POST", "/fapi/v1/multiAssetsMargin", "multiAssetsMargin=false")

	s := b.userStream()
	b.must("POST", "/fapi/v1/multiAssetsMargin", "multiAssetsMargin=true")
	if ev := s.until("ACCOUNT_CONFIG_UPDATE"); fmt.Sprint(ev["ai"]) != "map[j:true]" {
		t.Errorf("told as %v", ev)
	}
	b.refused(-4168, "POST", "/fapi/v1/marginType", "symbol=BTCUSDT", "marginType=ISOLATED")
	index := row(t, b.get("/fapi/v1/assetIndex", "").list(t), "symbol", "BTCUSD")
	if one := b.get("/fapi/v1/assetIndex", "symbol=BTCUSD").object(t); fmt.Sprint(one) != fmt.Sprint(index) {
		t.Errorf("one asset %v, in the list %v", one, index)
	}
	if a := b.get("/fapi/v1/assetIndex", "symbol=NOUSD"); a.code() != -1121 {
		t.Errorf("an unknown asset: %s", a.text)
	}
	bid, ask := dec(t, index["bidRate"]), dec(t, index["askRate"])
	if mid := dec(t, index["index"]); !bid.Equal(mid.Mul(decimal.New(95, -2)).Round(8)) || !ask.GreaterThan(mid) {
		t.Errorf("rates %v", index)
	}
	account := func() map[string]any { return b.must("GET", "/fapi/v3/account").object(t) }
	equity := bid.Add(decimal.NewFromInt(100).Mul(decimal.New(9999, -4)))
	if a := account(); !dec(t, a["totalMarginBalance"]).Equal(equity) || !dec(t, a["availableBalance"]).Equal(equity) {
		t.Errorf("equity %v, available %v; want %s", a["totalMarginBalance"], a["availableBalance"], equity)
	}

	b.must("POST", "/fapi/v1/order", buy("0.500")...)
	if ev := s.until("ACCOUNT_UPDATE"); ev["a"].(map[string]any)["m"] != "ORDER" {
		t.Errorf("the fill is told as %v", ev)
	}
	b.refused(-4170, "POST", "/fapi/v1/multiAssetsMargin", "multiAssetsMargin=false")
	a := account()
	usdt := row(t, a["assets"].([]any), "asset", "USDT")
	btc := row(t, a["assets"].([]any), "asset", "BTC")
	if want := dec(t, usdt["initialMargin"]).Mul(decimal.New(10001, -4)); dec(t, a["totalInitialMargin"]).Sub(want).Abs().GreaterThan(decimal.New(1, -6)) {
		t.Errorf("initial margin %v USD, want %s", a["totalInitialMargin"], want)
	}
	if want := dec(t, a["availableBalance"]).DivRound(ask, 8); dec(t, btc["availableBalance"]).Sub(want).Abs().GreaterThan(decimal.New(1, -7)) {
		t.Errorf("%v BTC for orders, want %s", btc["availableBalance"], want)
	}
	if most := dec(t, a["availableBalance"]).DivRound(bid, 8); dec(t, btc["maxWithdrawAmount"]).Sub(most).Abs().GreaterThan(decimal.New(1, -7)) {
		t.Errorf("%v BTC can leave, want %s", btc["maxWithdrawAmount"], most)
	}
	b.refused(-5013, "POST", "/sapi/v1/asset/transfer", "type=UMFUTURE_MAIN", "asset=BTC", "amount=1")

	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=SELL", "type=MARKET", "quantity=0.500", "reduceOnly=true")
	b.must("POST", "/fapi/v1/multiAssetsMargin", "multiAssetsMargin=false")
	b.refused(-2019, "POST", "/fapi/v1/order", buy("0.500")...)
}

func TestAssetIndexStreams(t *testing.T) {
	b := running(t, nil)
	all, one := b.dial("/usdm/market/ws/!assetIndex@arr"), b.dial("/usdm/market/ws/btcusd@assetIndex")
	b.advance(2 * exchange.Second)
	rows := all.next()["list"].([]any)
	btc := row(t, rows, "s", "BTCUSD")
	if ev := one.next(); ev["e"] != "assetIndexUpdate" || ev["s"] != "BTCUSD" || fmt.Sprint(ev["B"]) != fmt.Sprint(btc["B"]) || len(rows) < 3 {
		t.Errorf("one %v, in the list of %d %v", ev, len(rows), btc)
	}
}

// TestAutoExchange: what is owed beyond 10 000 dollars is paid with other assets, and told.
func TestAutoExchange(t *testing.T) {
	b := running(t, nil)
	b.must("POST", "/sapi/v1/asset/transfer", "type=UMFUTURE_MAIN", "asset=USDT", "amount=99900")
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=BTC", "amount=1")
	b.must("POST", "/fapi/v1/multiAssetsMargin", "multiAssetsMargin=true")
	s := b.userStream()
	for n := 0; n < 400; n++ { // fees and the spread eat the USDT
		b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=2.000")
		b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=SELL", "type=MARKET", "quantity=2.000")
		rows := b.must("GET", "/fapi/v1/income", "incomeType=AUTO_EXCHANGE").list(t)
		if len(rows) > 0 {
			usdt, btc := row(t, rows, "asset", "USDT"), row(t, rows, "asset", "BTC")
			if !dec(t, usdt["income"]).IsPositive() || !dec(t, btc["income"]).IsNegative() {
				t.Errorf("income %v and %v", usdt, btc)
			}
			for {
				if ev := s.until("ACCOUNT_UPDATE"); ev["a"].(map[string]any)["m"] == "AUTO_EXCHANGE" {
					return
				}
			}
		}
		b.advance(exchange.Second)
	}
	t.Error("nothing was exchanged")
}

// TestIsolatedMargin: a symbol has margin of its own on both markets, which can be added to
// and taken from.
func TestIsolatedMargin(t *testing.T) {
	for _, v := range []struct{ api, risk, symbol, qty, add string }{{"/fapi", "/fapi/v2/positionRisk", "BTCUSDT", "0.100", "50"}, {"/dapi", "/dapi/v1/positionRisk", "BTCUSD_PERP", "10", "0.001"}} {
		t.Run(v.symbol, func(t *testing.T) {
			b := running(t, nil)
			set := func(kind string) []string { return []string{"symbol=" + v.symbol, "marginType=" + kind} }
			move := func(kind, amount string) []string {
				return []string{"symbol=" + v.symbol, "type=" + kind, "amount=" + amount}
			}
			risk := func() map[string]any { return row(t, b.must("GET", v.risk).list(t), "symbol", v.symbol) }
			b.refused(-4046, "POST", v.api+"/v1/marginType", set("CROSSED")...)
			b.refused(-4049, "POST", v.api+"/v1/positionMargin", move("1", v.add)...)
			b.must("POST", v.api+"/v1/marginType", set("ISOLATED")...)
			b.refused(-4054, "POST", v.api+"/v1/positionMargin", move("1", v.add)...)
			b.must("POST", v.api+"/v1/order", "symbol="+v.symbol, "side=BUY", "type=MARKET", "quantity="+v.qty)
			b.refused(-4048, "POST", v.api+"/v1/marginType", set("CROSSED")...)
			b.refused(-4161, "POST", v.api+"/v1/leverage", "symbol="+v.symbol, "leverage=5")
			first := risk()
			if first["marginType"] != "isolated" || !dec(t, first["isolatedWallet"]).IsPositive() {
				t.Fatalf("the position is %v", first)
			}
			b.refused(-4055, "POST", v.api+"/v1/positionMargin", move("1", "-1")...)
			b.refused(-4050, "POST", v.api+"/v1/positionMargin", move("1", "1000000")...)
			b.refused(-4051, "POST", v.api+"/v1/positionMargin", move("2", "1000000")...)
			b.must("POST", v.api+"/v1/positionMargin", move("1", v.add)...)
			after := risk()
			if got := dec(t, after["isolatedWallet"]).Sub(dec(t, first["isolatedWallet"])); !got.Equal(decimal.RequireFromString(v.add)) {
				t.Errorf("its margin grew by %s, want %s", got, v.add)
			}
			if !dec(t, after["liquidationPrice"]).LessThan(dec(t, first["liquidationPrice"])) {
				t.Errorf("liquidation at %v, and at %v with more margin", first["liquidationPrice"], after["liquidationPrice"])
			}
			rows := b.must("GET", v.api+"/v1/positionMargin/history", "symbol="+v.symbol).list(t)
			if len(rows) != 1 || fmt.Sprint(rows[0].(map[string]any)["type"]) != "1" {
				t.Errorf("history %v", rows)
			}
			b.must("POST", v.api+"/v1/order", "symbol="+v.symbol, "side=SELL", "type=MARKET", "quantity="+v.qty)
			b.must("POST", v.api+"/v1/marginType", set("CROSSED")...)
		})
	}
}

// TestIsolatedEvents: the stream tells the own margin, and the cross part of the wallet
// without it.
func TestIsolatedEvents(t *testing.T) {
	b := running(t, nil)
	s := b.userStream()
	b.must("POST", "/fapi/v1/marginType", "symbol=BTCUSDT", "marginType=ISOLATED")
	changed := s.until("ACCOUNT_UPDATE")["a"].(map[string]any)
	if p := row(t, changed["P"].([]any), "s", "BTCUSDT"); changed["m"] != "MARGIN_TYPE_CHANGE" || p["mt"] != "isolated" {
		t.Errorf("told as %v", changed)
	}
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.100")
	var filled map[string]any
	for filled == nil || !dec(t, row(t, filled["P"].([]any), "s", "BTCUSDT")["pa"]).Equal(decimal.New(1, -1)) {
		filled = s.until("ACCOUNT_UPDATE")["a"].(map[string]any)
	}
	p, usdt := row(t, filled["P"].([]any), "s", "BTCUSDT"), row(t, filled["B"].([]any), "a", "USDT")
	if own := dec(t, usdt["wb"]).Sub(dec(t, usdt["cw"])); !own.IsPositive() || !own.Equal(dec(t, p["iw"])) {
		t.Errorf("wallet %v, cross %v, own margin %v", usdt["wb"], usdt["cw"], p["iw"])
	}
	b.must("POST", "/fapi/v1/positionMargin", "symbol=BTCUSDT", "type=1", "amount=10")
	moved := s.until("ACCOUNT_UPDATE")["a"].(map[string]any)
	if q := row(t, moved["P"].([]any), "s", "BTCUSDT"); moved["m"] != "MARGIN_TRANSFER" || !dec(t, q["iw"]).Equal(dec(t, p["iw"]).Add(decimal.NewFromInt(10))) {
		t.Errorf("told as %v", moved)
	}
	b.server.Do(func(st *simserver.State) {
		own := ""
		for _, held := range st.Truth().Accounts[0].Positions {
			own = held.Isolated
		}
		if want := dec(t, p["iw"]).Add(decimal.NewFromInt(10)); own != want.String() {
			t.Errorf("the truth is %q, want %s", own, want)
		}
	})
}

// TestIsolatedInHedgeMode: each of two positions has margin of its own, and both give it back.
func TestIsolatedInHedgeMode(t *testing.T) {
	b := running(t, nil)
	b.must("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true")
	b.must("POST", "/fapi/v1/marginType", "symbol=BTCUSDT", "marginType=ISOLATED")
	order := func(side, position, qty string) {
		b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "type=MARKET", "side="+side, "positionSide="+position, "quantity="+qty)
	}
	order("BUY", "LONG", "0.100")
	order("SELL", "SHORT", "0.050")
	own := func(side string) decimal.Decimal {
		return dec(t, row(t, b.must("GET", "/fapi/v3/positionRisk").list(t), "positionSide", side)["isolatedWallet"])
	}
	long, short := own("LONG"), own("SHORT")
	b.refused(-4061, "POST", "/fapi/v1/positionMargin", "symbol=BTCUSDT", "type=1", "amount=20")
	b.must("POST", "/fapi/v1/positionMargin", "symbol=BTCUSDT", "positionSide=LONG", "type=1", "amount=20")
	if !own("LONG").Equal(long.Add(decimal.NewFromInt(20))) || !own("SHORT").Equal(short) {
		t.Errorf("long %s, short %s; with 20 for the long one %s and %s", long, short, own("LONG"), own("SHORT"))
	}
	order("SELL", "LONG", "0.100")
	order("BUY", "SHORT", "0.050")
	usdt := row(t, b.must("GET", "/fapi/v3/balance").list(t), "asset", "USDT")
	if usdt["balance"] != usdt["crossWalletBalance"] {
		t.Errorf("%v of %v are the wallet's again", usdt["crossWalletBalance"], usdt["balance"])
	}
	b.must("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false")
	b.must("POST", "/fapi/v1/order", "symbol=BTCUSDT", "type=MARKET", "side=BUY", "quantity=0.010")
	if !own("BOTH").IsPositive() {
		t.Error("the only position has no margin of its own")
	}
}
