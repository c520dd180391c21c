package account

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/oms"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// known are a linear contract of 0.01 BTC, an inverse one and a pair of coins.
func known() *reader {
	return &reader{units: map[string]unit{"BTC-USDT-SWAP": {"okx.swap", dec("0.01"), 0}, "BTC-USD-SWAP": {"okx.swap", dec("1"), 0}, "BTC-USDT": {"okx.spot", dec("1"), 0}}}
}

const fillEvent = `{"instType":"SWAP","instId":"BTC-USDT-SWAP","ordId":"24979","clOrdId":"pl0abcdefgZ1","side":"buy","posSide":"net","tdMode":"cross","ordType":"limit","state":"partially_filled",
	"px":"103698.9","sz":"3","accFillSz":"2","fillPx":"103698.9","fillSz":"2","fillTime":"1746947317402","tradeId":"1518905529","fillFee":"-0.021776769","fillFeeCcy":"USDT","execType":"M","fillPnl":"-1.5",
	"fee":"-0.03","feeCcy":"USDT","uTime":"1746947317402","cTime":"1746947317401","category":"normal","cancelSource":"","code":"0","msg":"","reqId":"","amendResult":""}`

// Sizes are in coins here, a fee that was charged is positive, and our ids have a hyphen.
func TestAnEventOfAFill(t *testing.T) {
	r, err := known().decodeOrder([]byte(fillEvent))
	if err != nil || r.Venue != "okx.swap" || r.ClientID != "pl0abcdefg-1" || r.OrderID != "24979" || r.Status != exchange.StatusPartial || !r.Qty.Equal(dec("0.03")) || !r.Filled.Equal(dec("0.02")) || len(r.Executions) != 1 {
		t.Fatalf("%+v %v", r, err)
	}
	e := r.Executions[0]
	if e.TradeID != "1518905529" || !e.Qty.Equal(dec("0.02")) || !e.Fee.Equal(dec("0.021776769")) || e.FeeAsset != "USDT" || !e.Maker || !e.Realised.Valid || !e.Realised.Decimal.Equal(dec("-1.5")) || e.ClientID != r.ClientID || e.Time != exchange.UnixMilli(1746947317402) {
		t.Errorf("%+v", e)
	}
}

func TestEndsOfOrders(t *testing.T) {
	for _, tt := range []struct {
		state, source, filled string
		want                  exchange.OrderStatus
		reason                string
	}{
		{"canceled", "1", "0", exchange.StatusCanceled, ""},
		{"canceled", "31", "0", exchange.StatusRejected, "post-only"},
		{"canceled", "14", "1", exchange.StatusExpired, "immediate"},
		{"canceled", "13", "0", exchange.StatusExpired, "fill or kill"},
		{"canceled", "20", "0", exchange.StatusCanceled, "cancel-all-after"},
		{"filled", "", "3", exchange.StatusFilled, ""},
		{"live", "", "0", exchange.StatusAccepted, ""},
	} {
		raw := strings.NewReplacer(`"partially_filled"`, `"`+tt.state+`"`, `"cancelSource":""`, `"cancelSource":"`+tt.source+`"`, `"accFillSz":"2"`, `"accFillSz":"`+tt.filled+`"`,
			`"fillSz":"2"`, `"fillSz":"0"`).Replace(fillEvent)
		r, err := known().decodeOrder([]byte(raw))
		if err != nil || r.Status != tt.want || !strings.Contains(r.Reason, tt.reason) || len(r.Executions) > 0 {
			t.Errorf("%+v: %+v %v", tt, r, err)
		}
	}
	// The market order of somebody whose size is money, and one of an option.
	raw := strings.NewReplacer("BTC-USDT-SWAP", "BTC-USDT", `"posSide":"net"`, `"tgtCcy":"quote_ccy"`).Replace(fillEvent)
	if r, err := known().decodeOrder([]byte(raw)); err != nil || !r.Qty.Equal(dec("2")) || r.Executions[0].Realised.Valid {
		t.Errorf("%+v %v", r, err)
	}
	raw = strings.NewReplacer("BTC-USDT-SWAP", "BTC-USD-260626-100000-C", "SWAP", "OPTION").Replace(fillEvent)
	if _, err := known().decodeOrder([]byte(raw)); err != errOthers {
		t.Errorf("an option: %v", err)
	}
	if _, err := known().decodeOrder([]byte(strings.ReplaceAll(fillEvent, "BTC-USDT-SWAP", "NEW-USDT-SWAP"))); err == nil || err == errOthers {
		t.Errorf("what was listed since: %v", err)
	}
}

func TestBillsAndBalances(t *testing.T) {
	w := known()
	i, err := w.decodeBill([]byte(`{"billId":"7","type":"8","subType":"173","instId":"BTC-USD-SWAP","instType":"SWAP","ccy":"BTC","balChg":"-0.0001","bal":"1","pnl":"-0.0001","ts":"1695033476167"}`))
	if err != nil || i.Kind != oms.IncomeFunding || i.Venue != "okx.swap" || !i.Amount.Equal(dec("-0.0001")) || i.ID != "7" || i.Asset != "BTC" || i.Symbol != "BTC-USD-SWAP" {
		t.Errorf("%+v %v", i, err)
	}
	for kind, want := range map[string]oms.IncomeKind{"1": oms.IncomeTransfer, "2": oms.IncomeExecution, "5": oms.IncomeExecution, "7": oms.IncomeInterest, "10": oms.IncomeInsurance} {
		if i, err := w.decodeBill([]byte(`{"billId":"7","type":"` + kind + `","subType":"1","ccy":"USDT","balChg":"1","ts":"1"}`)); err != nil || i.Kind != want {
			t.Errorf("type %s: %+v %v", kind, i, err)
		}
	}
	p, _, err := w.decodePosition([]byte(`{"instType":"SWAP","instId":"BTC-USDT-SWAP","posSide":"net","pos":"-5","avgPx":"10000","markPx":"10001","uTime":"1622559930237"}`))
	if err != nil || !p.Qty.Equal(dec("-0.05")) || p.Venue != "okx.swap" {
		t.Errorf("%+v %v", p, err)
	}
	var list []oms.Balance
	err = eachBalance([]byte(`{"details":[{"ccy":"USDT","cashBal":"94.4","availBal":"90","eq":"99","uTime":"1744498994783"},{"ccy":"BTC","cashBal":"1","availBal":"-1"}]}`), func(b oms.Balance, _ exchange.Time) { list = append(list, b) })
	if err != nil || len(list) != 2 || !list[0].Total.Equal(dec("94.4")) || !list[0].Free.Equal(dec("90")) || !list[1].Free.IsZero() {
		t.Errorf("%+v %v", list, err)
	}
}

// Ids of ours survive the way there and back.
func TestClientIDs(t *testing.T) {
	for _, id := range []string{oms.Tag(exchange.Date(2026, 11, 29)) + "-z9", "abc"} {
		if wrong := wrongClientID(id); wrong != "" || ourID(wireID(id)) != id || strings.Contains(wireID(id), "-") {
			t.Errorf("%s: %s %s", id, wrong, wireID(id))
		}
	}
	for _, id := range []string{"", "A", "a_b", strings.Repeat("a", 33)} {
		if wrongClientID(id) == "" {
			t.Errorf("%q is taken", id)
		}
	}
}

// Order events of a public adapter's tests: liquidations, what is left of IOC and FOK.
func TestRecordedOrders(t *testing.T) {
	w := known()
	for _, name := range []string{"ws_orders", "ws_orders_adl", "ws_orders_fok", "ws_orders_ioc", "ws_orders_liquidation", "ws_orders_option"} {
		text, err := os.ReadFile(datatest.Path(t, "samples/venues/okx/"+name+".json"))
		if err != nil {
			t.Fatal(err)
		}
		var push struct{ Data []json.RawMessage }
		if err := json.Unmarshal(text, &push); err != nil {
			t.Fatal(err)
		}
		for _, raw := range push.Data {
			w.units["ETH-USDT-SWAP"] = unit{"okx.swap", dec("0.1"), 0}
			if r, err := w.decodeOrder(raw); err != nil && err != errOthers {
				t.Errorf("%s: %+v %v", name, r, err)
			}
		}
	}
}

// Whatever comes is an event or an error, and the row is left as it was.
func FuzzEvents(f *testing.F) {
	f.Add("orders", []byte(fillEvent))
	f.Add("positions", []byte(`{"instType":"SWAP","instId":"BTC-USDT-SWAP","pos":"-5","uTime":"1"}`))
	f.Add("account", []byte(`{"details":[{"ccy":"USDT","cashBal":"94.4"}]}`))
	f.Add("balance_and_position", []byte(`{"pTime":"1","eventType":"funding_fee","balData":[{"ccy":"USDT"}]}`))
	f.Fuzz(func(t *testing.T, channel string, raw []byte) {
		before := bytes.Clone(raw)
		w := known()
		_ = w.event(channel, raw, func(oms.AccountEvent) {})
		_, _, _ = w.decodeFill(raw)
		_, _ = w.decodeBill(raw)
		_, _ = decodeTransfer(raw)
		if !bytes.Equal(raw, before) {
			t.Error("the row was changed")
		}
	})
}
