package simfront

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
)

// A changed funding interval shows in the mark price and fundingInfo, and money
// moves by it.
func TestFundingIntervalChange(t *testing.T) {
	b := running(t, nil)
	b.buy(venues[1])
	next := func() int64 {
		return integer(b.get("/fapi/v1/premiumIndex", "symbol=BTCUSDT").object(t)["nextFundingTime"])
	}
	eight := int64((exchange.Date(2026, 3, 2) + 8*exchange.Hour) / exchange.Millisecond)
	if got := next(); got != eight {
		t.Fatalf("next funding %d, want %d", got, eight)
	}
	b.fault(simserver.Fault{Kind: "funding", Market: "usdm", Symbol: "BTCUSDT", Hours: 1})
	b.advance(3*exchange.Hour - 5*exchange.Minute) // from 07:10 over 08:00 and 09:00 to 10:05
	if got := next(); got != eight+3*3600_000 {
		t.Errorf("next funding %d, want that of 11:00", got)
	}
	var info string
	for _, row := range b.get("/fapi/v1/fundingInfo", "").list(t) {
		if o := row.(map[string]any); o["symbol"] == "BTCUSDT" {
			info = fmt.Sprint(o["fundingIntervalHours"])
		}
	}
	if info != "1" {
		t.Errorf("fundingInfo tells %q hours, want 1", info)
	}
	rates := b.get("/fapi/v1/fundingRate", "symbol=BTCUSDT").list(t)
	rows := b.must("GET", "/fapi/v1/income", "incomeType=FUNDING_FEE").list(t)
	if len(rows) != 3 || len(rates) < 3 {
		t.Fatalf("%d payments, %d rates; want 3", len(rows), len(rates))
	}
	for i, row := range rows {
		rate, paid := rates[len(rates)-3+i].(map[string]any), row.(map[string]any)
		want := dec(t, rate["fundingRate"]).Mul(dec(t, rate["markPrice"])).Mul(decimal.New(-1, -2))
		if !dec(t, paid["income"]).Equal(want) {
			t.Errorf("paid %v, rate and mark say %s", paid["income"], want)
		}
		if at := integer(rate["fundingTime"]); at != eight+int64(i)*3600_000 {
			t.Errorf("settled at %d", at)
		}
	}
}

// Delisting is announced by the delivery date; in force, it settles positions
// with an order that nobody sent.
func TestDelistingInTwoActs(t *testing.T) {
	b := running(t, nil)
	b.buy(venues[1])
	market, user := b.dial("/usdm/market/ws/!contractInfo"), b.dial("/usdm/private/ws/"+b.listenKey("/fapi/v1"))
	b.fault(simserver.Fault{Kind: "delist", Market: "usdm", Symbol: "BTCUSDT", Millis: 50})
	if ev := market.until("contractInfo"); ev["cs"] != "TRADING" || integer(ev["dt"]) > time.Now().UnixMilli()+1000 {
		t.Errorf("announced: %v", ev)
	}
	if ev := market.until("contractInfo"); ev["cs"] != "SETTLING" {
		t.Errorf("in force: %v", ev)
	}
	if o := user.until("ORDER_TRADE_UPDATE")["o"].(map[string]any); !strings.HasPrefix(fmt.Sprint(o["c"]), "settlement_autoclose-") || o["X"] != "FILLED" {
		t.Errorf("settled: %v", o)
	}
	if p := b.position("/fapi/v2/positionRisk", "BTCUSDT"); !p.IsZero() {
		t.Errorf("position %s", p)
	}
}

// A ban lasts as long as it says, and says when it ends.
func TestShortBan(t *testing.T) {
	t.Parallel() // it waits
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "418", Market: "spot", Millis: 1500})
	a := b.get("/api/v3/time", "")
	if a.status != 418 || a.header.Get("Retry-After") == "" || !strings.Contains(a.text, "banned until") {
		t.Fatalf("%d %v %s", a.status, a.header, a.text)
	}
	b.eventually("the end of the ban", func() bool { return b.get("/api/v3/time", "").status == 200 })
}

func TestInternalError(t *testing.T) {
	b := running(t, nil)
	b.fault(simserver.Fault{Kind: "internal", Market: "usdm"})
	a := b.signed("POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.010")
	if a.status != 503 || a.code() != -1001 {
		t.Errorf("%d %s", a.status, a.text)
	}
	if p := b.position("/fapi/v2/positionRisk", "BTCUSDT"); !p.IsZero() {
		t.Errorf("position %s", p)
	}
}

// A cancel whose answer is lost was carried out.
func TestLostCancel(t *testing.T) {
	for _, v := range venues {
		b := running(t, nil)
		b.must("POST", v.order, "symbol="+v.symbol, "side=BUY", "type=LIMIT", "timeInForce=GTC", "quantity="+v.qty, "price="+b.below(v), "newClientOrderId=gone")
		b.fault(simserver.Fault{Kind: "timeout", Market: v.name})
		b.refused(-1007, "DELETE", v.order, "symbol="+v.symbol, "origClientOrderId=gone")
		if o := b.must("GET", v.order, "symbol="+v.symbol, "origClientOrderId=gone").object(t); o["status"] != "CANCELED" {
			t.Errorf("%s: %v", v.name, o)
		}
	}
}

// What became of a transfer shows in the wallets and in the history, not in the
// answer.
func TestTransferFaults(t *testing.T) {
	for _, c := range []struct {
		kind       string
		code       int64
		left, came string // of 100, at once
		status     string // in the history; empty: nothing there
	}{
		{"transfer_lost", -1007, "0", "0", ""},
		{"transfer_unknown", -1007, "100", "100", "CONFIRMED"},
		{"transfer_late", 0, "100", "0", "PENDING"},
	} {
		b := running(t, nil)
		spot, usdm := b.balances("/api/v3/account")["USDT"], b.wallet("/fapi/v3/balance", "USDT")
		b.fault(simserver.Fault{Kind: c.kind, Millis: 5000})
		a := b.signed("POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=100")
		if a.code() != c.code {
			t.Errorf("%s: %d %s", c.kind, a.status, a.text)
		}
		left, came := spot.Sub(b.balances("/api/v3/account")["USDT"]), b.wallet("/fapi/v3/balance", "USDT").Sub(usdm)
		if left.String() != c.left || came.String() != c.came {
			t.Errorf("%s: %s left and %s came, want %s and %s", c.kind, left, came, c.left, c.came)
		}
		rows := b.must("GET", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE").object(t)["rows"].([]any)
		status := ""
		if len(rows) == 1 {
			status = fmt.Sprint(rows[0].(map[string]any)["status"])
		}
		if status != c.status {
			t.Errorf("%s: history says %q, want %q", c.kind, status, c.status)
		}
		b.advance(6 * exchange.Second)
		if came := b.wallet("/fapi/v3/balance", "USDT").Sub(usdm); c.status != "" && came.String() != "100" {
			t.Errorf("%s: %s came in the end", c.kind, came)
		}
	}
}

// What a key may do is told and enforced.
func TestPermissions(t *testing.T) {
	b := running(t, nil)
	restrictions := func() map[string]any {
		return b.must("GET", "/sapi/v1/account/apiRestrictions").object(t)
	}
	if r := restrictions(); r["enableWithdrawals"] != false || r["enableFutures"] != true {
		t.Errorf("at first: %v", r)
	}
	b.fault(simserver.Fault{Kind: "permissions", Permissions: []string{"reading", "spot", "withdraw"}})
	if r := restrictions(); r["enableWithdrawals"] != true || r["enableFutures"] != false || r["permitsUniversalTransfer"] != false {
		t.Errorf("changed: %v", r)
	}
	b.refused(-2015, "POST", "/fapi/v1/order", "symbol=BTCUSDT", "side=BUY", "type=MARKET", "quantity=0.010")
	b.refused(-2015, "POST", "/sapi/v1/asset/transfer", "type=MAIN_UMFUTURE", "asset=USDT", "amount=1")
	b.must("GET", "/fapi/v3/balance")
	b.buy(venues[0])
	b.fault(simserver.Fault{Kind: "permissions", Key: b.keys.HMAC.Key})
	b.refused(-2015, "GET", "/api/v3/account")
}

// scheduled is how many of the faults to come by seed are listed.
const scheduled = 20

// The seed decides what comes and when, and the list tells it beforehand.
func TestChaosIsDeterministic(t *testing.T) {
	list := func(seed uint64, kinds ...string) string {
		b := running(t, func(o *options) { o.Chaos = &simserver.Chaos{Seed: seed, Kinds: kinds} })
		return b.get("/sim/faults", "").text
	}
	first := list(7)
	if n := strings.Count(first, `"scheduled"`); n != scheduled {
		t.Errorf("%d faults listed, want %d: %s", n, scheduled, first)
	}
	if again := list(7); again != first {
		t.Errorf("the same seed gives\n%s\nand\n%s", first, again)
	}
	if other := list(8); other == first {
		t.Error("another seed gives the same faults")
	}
	if only := list(7, "gap"); strings.Count(only, `"kind":"gap"`) != scheduled {
		t.Errorf("only gaps were asked for: %s", only)
	}
	if err := (&simserver.Chaos{Kinds: []string{"earthquake"}}).Check(); err == nil {
		t.Error("an unknown kind is accepted")
	}
}

// Scheduled faults come by themselves, are told as having come, and stop when
// they are cleared.
func TestChaosComes(t *testing.T) {
	b := running(t, func(o *options) {
		o.Chaos = &simserver.Chaos{Seed: 1, Every: 10 * time.Millisecond, Kinds: []string{"skew"}}
	})
	fired := func() int { return len(b.get("/sim/faults/fired", "").list(t)) }
	b.eventually("five faults", func() bool { return fired() >= 5 })
	if a, err := b.do("DELETE", "/sim/faults", "", "", ""); err != nil || len(a.list(t)) != 0 {
		t.Errorf("cleared: %v %s", err, a.text)
	}
	n := fired()
	time.Sleep(30 * time.Millisecond)
	if fired() != n || len(b.get("/sim/faults", "").list(t)) != 0 {
		t.Error("faults come after they were cleared")
	}
}
