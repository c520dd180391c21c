package account

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/oms"
)

func TestStatusesOfOrders(t *testing.T) {
	order := `{"coin":"ETH","side":"A","limitPx":"2412.7","sz":"0.004","oid":1,"timestamp":5,"isTrigger":false,"reduceOnly":true,"orderType":"Limit","origSz":"0.0076","tif":"Gtc","cloid":"` + api.CloidOf("plabc-1") + `"}`
	for word, want := range map[string]exchange.OrderStatus{
		"open": exchange.StatusPartial, "filled": exchange.StatusFilled, "canceled": exchange.StatusCanceled, "marginCanceled": exchange.StatusCanceled, "scheduledCancel": exchange.StatusCanceled,
		"liquidatedCanceled": exchange.StatusCanceled, "rejected": exchange.StatusRejected, "badAloPxRejected": exchange.StatusRejected, "iocCancelRejected": exchange.StatusExpired,
	} {
		r, err := readStatus([]byte(`{"order":` + order + `,"status":"` + word + `","statusTimestamp":9}`))
		if err != nil || r.Status != want || r.ClientID != "plabc-1" || r.Venue != api.Perp || r.OrderID != "1" || r.Side != exchange.Sell || r.Time != exchange.UnixMilli(9) {
			t.Errorf("%s: %+v %v, want %v", word, r, err, want)
		}
		if filled := want != exchange.StatusRejected && want != exchange.StatusExpired; filled != (r.Filled.String() == "0.0036") {
			t.Errorf("%s: %s filled", word, r.Filled)
		}
	}
	for _, bad := range []string{`{"order":` + order + `,"status":"new word"}`, `{"status":"open"}`, `{"order":{"coin":"ETH"},"status":"open"}`, `[]`} {
		if r, err := readStatus([]byte(bad)); err == nil {
			t.Errorf("%s: %+v", bad, r)
		}
	}
}

func TestFills(t *testing.T) {
	e, err := readFill([]byte(`{"coin":"AVAX","px":"18.435","sz":"93.53","side":"B","time":1681222254710,"startPosition":"26.86","dir":"Close Short","closedPnl":"-1.5","hash":"0xa1","oid":90542681,"crossed":false,"fee":"-0.01","tid":118906512037719,"feeToken":"USDC"}`), "0xme")
	if err != nil || e.TradeID != "1681222254710-118906512037719" || e.OrderID != "90542681" || !e.Maker || e.Fee.String() != "-0.01" || e.Realised.Decimal.String() != "-1.5" || !e.Realised.Valid || e.Reason != "" {
		t.Errorf("%+v %v", e, err)
	}
	// A liquidation of somebody else is a fill of ours; of ours, it is one that nobody ordered.
	for user, want := range map[string]string{"0xother": "", "0xME": "liquidation"} {
		e, err := readFill([]byte(`{"coin":"BTC","px":"66653.0","sz":"0.001","side":"A","time":1,"dir":"Open Short","closedPnl":"0.0","oid":5,"crossed":false,"fee":"0.009","tid":7,"liquidation":{"liquidatedUser":"`+user+`","markPx":"66607.0","method":"market"},"feeToken":"USDC"}`), "0xme")
		if err != nil || e.Reason != want {
			t.Errorf("%s: %+v %v", user, e, err)
		}
	}
	e, err = readFill([]byte(`{"coin":"@107","px":"18.62","sz":"43.84","side":"A","time":1735969713869,"dir":"Sell","closedPnl":"8722.98","oid":59071663721,"crossed":true,"fee":"0.304521","tid":907359904431134,"feeToken":"USDC"}`), "0xme")
	if err != nil || e.Venue != api.Spot || e.Realised.Valid || e.Maker {
		t.Errorf("%+v %v", e, err)
	}
}

func TestEntries(t *testing.T) {
	for raw, want := range map[string]string{
		`{"time":5,"hash":"0x1","delta":{"type":"funding","coin":"ETH","usdc":"-3.625312","szi":"49.1477","fundingRate":"0.0000417"}}`: "perp USDC -3.625312, spot  0",
		`{"time":5,"hash":"0x1","delta":{"type":"deposit","usdc":"100"}}`:                                                              "perp USDC 100, spot  0",
		`{"time":5,"hash":"0x1","delta":{"type":"withdraw","usdc":"99","nonce":1,"fee":"1"}}`:                                          "perp USDC -100, spot  0",
		`{"time":5,"hash":"0x1","delta":{"type":"accountClassTransfer","usdc":"7","toPerp":true}}`:                                     "perp USDC 7, spot USDC -7",
		`{"time":5,"hash":"0x1","delta":{"type":"internalTransfer","usdc":"7","user":"0xME","destination":"0xyou","fee":"1"}}`:         "perp USDC -8, spot  0",
		`{"time":5,"hash":"0x1","delta":{"type":"internalTransfer","usdc":"7","user":"0xyou","destination":"0xme","fee":"1"}}`:         "perp USDC 7, spot  0",
		`{"time":5,"hash":"0x1","delta":{"type":"spotTransfer","token":"HYPE","amount":"2","user":"0xyou","destination":"0xme"}}`:      "perp  0, spot HYPE 2",
		`{"time":5,"hash":"0x1","delta":{"type":"liquidation","accountValue":"0","leverageType":"Cross","liquidatedPositions":[]}}`:    "perp  0, spot  0",
	} {
		e, err := readEntry([]byte(raw))
		if err != nil {
			t.Fatal(err)
		}
		perp, a := e.in(api.PerpWallet, "0xme")
		spot, b := e.in(api.SpotWallet, "0xme")
		if got := "perp " + perp + " " + a.String() + ", spot " + spot + " " + b.String(); got != want {
			t.Errorf("%s: %s, want %s", raw, got, want)
		}
	}
}

// Whatever comes is an event or an error.
func FuzzEvents(f *testing.F) {
	f.Add([]byte(`{"channel":"orderUpdates","data":[{"order":{"coin":"BTC","side":"A","limitPx":"29792.0","sz":"5.0","oid":91490942,"timestamp":1681247412573,"origSz":"5.0","cloid":null},"status":"open","statusTimestamp":1}]}`))
	f.Add([]byte(`{"channel":"userFills","data":{"isSnapshot":false,"user":"0x1","fills":[{"coin":"BTC","px":"1","sz":"1","side":"B","time":1,"oid":1,"tid":1,"liquidation":null}]}}`))
	f.Add([]byte(`{"channel":"userFundings","data":{"user":"0x1","fundings":[{"time":1,"coin":"BTC","usdc":"1","szi":"1","fundingRate":"1"}]}}`))
	f.Fuzz(func(_ *testing.T, frame []byte) {
		_ = read(frame, "0x1", func(oms.AccountEvent) {})
		_, _ = readEntry(frame)
	})
}
