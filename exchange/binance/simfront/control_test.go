package simfront

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
)

// control posts a body to a path under /sim/.
func (b *bench) control(path string, body any) answer {
	b.t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	a, err := b.do("POST", path, "", string(text), "")
	if err != nil {
		b.t.Fatal(err)
	}
	return a
}

// The truth about an account adds up: what was there at first, and every trade,
// income and transfer since, make the balances, to the last digit.
func TestAccountTruthAddsUp(t *testing.T) {
	b := running(t, nil)
	for _, v := range venues {
		b.buy(v)
		b.must("POST", v.order, "symbol="+v.symbol, "side=SELL", "type=MARKET", "quantity="+v.qty)
		b.buy(v)
	}
	b.must("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=12.5")
	b.advance(exchange.Hour)
	truth := b.get("/sim/account", "account=0").object(t)
	sum := map[string]decimal.Decimal{}
	add := func(wallet, asset any, d decimal.Decimal) {
		key := fmt.Sprint(wallet, ":", asset)
		sum[key] = sum[key].Add(d)
	}
	for _, d := range Balances() {
		add(api.Of(d.Wallet), d.Asset, d.Amount)
	}
	rows := func(name string) []map[string]any {
		var out []map[string]any
		for _, v := range truth[name].([]any) {
			out = append(out, v.(map[string]any))
		}
		return out
	}
	for _, r := range rows("trades") {
		if r["market"] != "spot" {
			continue
		}
		sign := decimal.NewFromInt(1)
		if r["side"] == "SELL" {
			sign = sign.Neg()
		}
		q := dec(t, r["qty"]).Mul(sign)
		add("spot", "BTC", q)
		add("spot", "USDT", q.Mul(dec(t, r["price"])).Neg())
		add("spot", r["fee_asset"], dec(t, r["fee"]).Neg())
	}
	for _, r := range rows("income") {
		add(r["wallet"], r["asset"], dec(t, r["amount"]))
	}
	for _, r := range rows("transfers") {
		add("spot", r["asset"], dec(t, r["amount"]).Neg())
	}
	for _, r := range rows("balances") {
		if want := sum[fmt.Sprint(r["wallet"], ":", r["asset"])]; !dec(t, r["total"]).Equal(want) {
			t.Errorf("%v %v: %v, the entries make %s", r["wallet"], r["asset"], r["total"], want)
		}
	}
	if n := len(rows("trades")); n < 9 {
		t.Errorf("%d trades", n)
	}
	if n := len(rows("positions")); n != 2 {
		t.Errorf("%d positions", n)
	}
}

// The simulator's book is what its REST answers tell, and more of it.
func TestBookTruth(t *testing.T) {
	b := running(t, nil)
	book := b.get("/sim/book", "market=coinm&symbol=ETHUSD_PERP").object(t)
	depth := b.get("/dapi/v1/depth", "limit=1000&symbol=ETHUSD_PERP").object(t)
	if fmt.Sprint(book["bids"], book["asks"], book["last_id"]) != fmt.Sprint(depth["bids"], depth["asks"], depth["lastUpdateId"]) {
		t.Errorf("book\n%v\ndepth\n%v", book, depth)
	}
	for _, q := range []string{"market=moon&symbol=BTCUSDT", "market=spot&symbol=NO", ""} {
		if a := b.get("/sim/book", q); a.status != 400 {
			t.Errorf("%s: %d %s", q, a.status, a.text)
		}
	}
}

// A client finds an account as it was set, and trades in it.
func TestSettings(t *testing.T) {
	b := running(t, nil)
	yes := true
	if a := b.control("/sim/settings", simserver.Settings{Dual: &yes, Market: "usdm", Symbol: "BTCUSDT", MarginType: "ISOLATED", Leverage: 7}); a.status != 200 {
		t.Fatalf("%d %s", a.status, a.text)
	}
	if a := b.control("/sim/settings", simserver.Settings{MultiAssets: &yes}); a.status != 400 {
		t.Errorf("multi-assets mode with isolated margin: %d %s", a.status, a.text)
	}
	for path, want := range map[string]string{"/fapi/v1/positionSide/dual": "dualSidePosition", "/dapi/v1/positionSide/dual": "dualSidePosition",
		"/fapi/v1/accountConfig": "dualSidePosition"} {
		if o := b.must("GET", path).object(t); o[want] != true {
			t.Errorf("%s: %v", path, o)
		}
	}
	c := b.must("GET", "/fapi/v1/symbolConfig", "symbol=BTCUSDT").list(t)[0].(map[string]any)
	r := b.must("GET", "/fapi/v2/positionRisk", "symbol=BTCUSDT").list(t)[0].(map[string]any)
	if c["marginType"] != "ISOLATED" || fmt.Sprint(c["leverage"]) != "7" || r["marginType"] != "isolated" {
		t.Errorf("config %v, risk %v", c, r)
	}
	order := []string{"symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.010"}
	b.refused(-4061, "POST", "/fapi/v1/order", order...)
	b.must("POST", "/fapi/v1/positionSide/dual", "dualSidePosition=false")
	b.refused(-4061, "POST", "/fapi/v1/order", append(order, "positionSide=LONG")...)
	b.must("POST", "/fapi/v1/marginType", "symbol=BTCUSDT", "marginType=CROSSED")
	b.must("POST", "/fapi/v1/order", order...)
	b.refused(-4068, "POST", "/fapi/v1/positionSide/dual", "dualSidePosition=true")
	b.refused(-4068, "POST", "/dapi/v1/positionSide/dual", "dualSidePosition=true")
	for _, s := range []simserver.Settings{{Account: 9}, {Market: "usdm", Symbol: "NO"}, {Market: "spot", Symbol: "BTCUSDT"}, {Market: "usdm", Symbol: "BTCUSDT", MarginType: "X"},
		{Market: "usdm", Symbol: "BTCUSDT", Leverage: 1000000}} {
		if a := b.control("/sim/settings", s); a.status != 400 && s.Leverage == 0 {
			t.Errorf("%+v: %d %s", s, a.status, a.text)
		}
	}
}

// An RSA key of the user's own is accepted on all markets.
func TestRegisteredRSAKey(t *testing.T) {
	b := running(t, nil)
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	public, err := x509.MarshalPKIXPublicKey(&private.PublicKey)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	a := b.control("/sim/keys", map[string]any{"public_key": string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: public}))})
	name := fmt.Sprint(a.object(t)["key"])
	signer, err := sign.Key{API: sign.NewSecret(name), Secret: sign.NewSecret(string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))}.Signer()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"/api/v3/account", "/fapi/v3/balance", "/dapi/v1/balance"} {
		if a, err := b.sign(signer, name, time.Now(), "GET", path); err != nil || a.status != 200 {
			t.Errorf("%s: %v %d %s", path, err, a.status, a.text)
		}
	}
	for _, bad := range []any{map[string]any{"public_key": "x"}, map[string]any{"account": 5}, map[string]any{"typo": 1}} {
		if a := b.control("/sim/keys", bad); a.status != 400 {
			t.Errorf("%v: %d %s", bad, a.status, a.text)
		}
	}
}
