package account

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strconv"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

var benchOrder = oms.Order{Venue: api.USDM.Venue(), Symbol: "BTCUSDT", ClientID: "pl-7f3a-0000001", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly,
	Price: decimal.RequireFromString("61800.30"), Qty: decimal.RequireFromString("0.015")}

const benchSecret = "NhqPtmdSJYdKjVHjA7PZj4Mge3R5YNiP1e3UZjInClVN65XAbvqqM6A7H5fATj0j"

// BenchmarkSignedOrder is from an Order to the bytes that are sent, beside the
// way most clients go: url.Values, Encode, hmac.New.
func BenchmarkSignedOrder(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		s, err := sign.NewHMAC(sign.NewSecret(benchSecret))
		if err != nil {
			b.Fatal(err)
		}
		p := &encoder{signer: s}
		b.ReportAllocs()
		for b.Loop() {
			p.query.Reset()
			fillOrder(&p.query, &benchOrder)
			if _, err := p.query.Sign(p.signer, 1591702613943*exchange.Millisecond, 5*exchange.Second); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("url.Values", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_ = naiveOrder(&benchOrder)
		}
	})
}

func naiveOrder(o *oms.Order) string {
	v := url.Values{}
	v.Set("symbol", o.Symbol)
	v.Set("side", "BUY")
	v.Set("type", "LIMIT")
	v.Set("timeInForce", "GTX")
	v.Set("quantity", o.Qty.String())
	v.Set("price", o.Price.String())
	v.Set("newClientOrderId", o.ClientID)
	v.Set("newOrderRespType", "RESULT")
	v.Set("recvWindow", "5000")
	v.Set("timestamp", strconv.FormatInt(1591702613943, 10))
	text := v.Encode()
	h := hmac.New(sha256.New, []byte(benchSecret))
	h.Write([]byte(text))
	return text + "&signature=" + hex.EncodeToString(h.Sum(nil))
}

var benchEvent = []byte(`{"e":"ORDER_TRADE_UPDATE","E":1568879465651,"T":1568879465650,"o":{"s":"BTCUSDT","c":"pl-7f3a-0000001","S":"SELL","o":"LIMIT","f":"GTX",` +
	`"q":"0.015","p":"61800.30","ap":"61800.30","sp":"0","x":"TRADE","X":"PARTIALLY_FILLED","i":8886774,"l":"0.005","z":"0.010","L":"61800.30","N":"USDT",` +
	`"n":"0.06180030","T":1568879465650,"t":12345678,"b":"0","a":"9.91","m":true,"R":false,"wt":"CONTRACT_PRICE","ot":"LIMIT","ps":"BOTH","cp":false,` +
	`"pP":false,"si":0,"ss":0,"rp":"1.25","V":"EXPIRE_TAKER","pm":"NONE","gtd":0,"er":"0"}}`)

// naiveEvent is what encoding/json needs to tell keys apart that differ in case.
type naiveEvent struct {
	Kind  string `json:"e"`
	Event int64  `json:"E"`
	T     int64
	Order struct {
		Symbol   string          `json:"s"`
		Side     string          `json:"S"`
		Client   string          `json:"c"`
		Original string          `json:"C"`
		Qty      decimal.Decimal `json:"q"`
		Q        any             `json:"Q"`
		Price    decimal.Decimal `json:"p"`
		P        any             `json:"P"`
		Exec     string          `json:"x"`
		Status   string          `json:"X"`
		ID       int64           `json:"i"`
		I        any             `json:"I"`
		LastQty  decimal.Decimal `json:"l"`
		Last     decimal.Decimal `json:"L"`
		Filled   decimal.Decimal `json:"z"`
		Z        any             `json:"Z"`
		Fee      decimal.Decimal `json:"n"`
		FeeAsset string          `json:"N"`
		Time     int64           `json:"T"`
		Trade    int64           `json:"t"`
		Maker    bool            `json:"m"`
		M        any             `json:"M"`
		Realised decimal.Decimal `json:"rp"`
	} `json:"o"`
}

// BenchmarkUserEvent is from a frame to a Report with its Execution, beside
// encoding/json.
func BenchmarkUserEvent(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(benchEvent)))
		for b.Loop() {
			ev, err := openEvent(benchEvent)
			if err != nil {
				b.Fatal(err)
			}
			if err := ev.accountEvents(api.USDM, func(oms.AccountEvent) {}); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("encoding/json", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(benchEvent)))
		for b.Loop() {
			var ev naiveEvent
			if err := json.Unmarshal(benchEvent, &ev); err != nil {
				b.Fatal(err)
			}
		}
	})
}
