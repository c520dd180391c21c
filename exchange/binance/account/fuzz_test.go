package account

import (
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/datatest"
	"github.com/perilune/perilune/exchange/oms"
)

// seeds are frames of every kind: made up, and recorded where there are any.
func seeds(f *testing.F) {
	for _, s := range []string{
		`{"e":"ORDER_TRADE_UPDATE","E":2,"T":1,"o":{"s":"BTCUSDT","c":"x","S":"BUY","X":"FILLED","x":"TRADE","i":7,"q":"1","z":"1","l":"1","L":"2","t":3,"T":1}}`,
		`{"subscriptionId":0,"event":{"e":"executionReport","E":2,"s":"A","c":"d","C":"c","S":"SELL","X":"CANCELED","x":"CANCELED","i":9,"q":"1","z":"0","T":1,"t":-1}}`,
		`{"e":"ACCOUNT_UPDATE","E":2,"T":1,"a":{"m":"FUNDING_FEE","B":[{"a":"USDT","wb":"1","bc":"-1"}],"P":[{"s":"A","pa":"-1","ep":"2","ps":"BOTH"}]}}`,
		`{"e":"ALGO_UPDATE","T":1,"E":2,"o":{"caid":"a","aid":1,"s":"A","S":"SELL","X":"NEW","q":"1","tp":"2"}}`,
		`{"e":"ACCOUNT_CONFIG_UPDATE","E":1,"T":1,"ac":{"s":"A","l":25},"ai":{"j":true}}`,
		`{"id":1,"status":429,"error":{"code":-1003,"msg":"x","data":{"retryAfter":1}},"rateLimits":[{"rateLimitType":"ORDERS","interval":"SECOND","intervalNum":10,"limit":1,"count":1}]}`,
		`{"symbol":"A","orderId":1,"clientOrderId":"x","side":"BUY","status":"NEW","price":"1e3","origQty":"99999999999999999999999999","executedQty":1}`,
		`{"code":-1003,"msg":"banned until 99999999999999999999"}`, `[]`, `{}`, `null`, `"`, `{"e":"ORDER_TRADE_UPDATE","o":[]}`,
	} {
		f.Add([]byte(s))
	}
	dir, ok := datatest.Find("samples/binance")
	if !ok {
		return
	}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".json") && strings.Contains(path, "user_data") {
			if body, err := os.ReadFile(path); err == nil {
				f.Add(body)
			}
		}
		return nil
	})
}

// Whatever the venue sends, no decoder panics, and what one accepts is JSON and
// holds what is promised.
func FuzzDecoders(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, frame []byte) {
		for _, m := range api.Markets {
			fuzzEvent(t, m, frame)
			if r, err := decodeOrder(m, frame); err == nil && (!json.Valid(frame) || r.Symbol == "" || r.OrderID == "" || r.Status == 0) {
				t.Errorf("%+v of %q", r, frame)
			}
			if x, err := decodeTrade(m, frame); err == nil && (!json.Valid(frame) || x.Symbol == "" || x.TradeID == "" || x.Side == 0) {
				t.Errorf("%+v of %q", x, frame)
			}
			if number, r, err := decodeReply(m, frame); err == nil && !json.Valid(frame) {
				t.Errorf("%d %+v of %q", number, r, frame)
			}
		}
		_, _ = refusal(frame)
		_, _ = decodeSpotBalances(frame)
		_, _ = decodeBrackets(frame, "A")
		_, _ = decodeFees(frame)
		_, _ = decodeAmended(frame)
		_ = classOfFrame(frame)
	})
}

func fuzzEvent(t *testing.T, m api.Market, frame []byte) {
	ev, err := openEvent(frame)
	if err != nil {
		return
	}
	if !json.Valid(frame) {
		t.Errorf("accepted %q", frame)
	}
	_ = ev.accountEvents(m, func(n oms.AccountEvent) {
		if r := n.Report; r != nil && (r.Symbol == "" || r.OrderID == "" || r.Status == 0 || r.Side == 0) {
			t.Errorf("%+v of %q", r, frame)
		}
		if r := n.Report; r != nil && len(r.Executions) > 0 && (!r.Executions[0].Qty.IsPositive() || !r.Executions[0].Price.IsPositive() || r.Executions[0].TradeID == "") {
			t.Errorf("%+v of %q", r.Executions, frame)
		}
	})
}
