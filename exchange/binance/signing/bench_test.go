package signing

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
)

// An order from ticks and lots to the bytes that are sent.
func buildOrder(q *Query, s sign.Signer, i int64) ([]byte, error) {
	q.Reset()
	q.Text("symbol", "BTCUSDT")
	q.Text("side", "BUY")
	q.Text("type", "LIMIT")
	q.Text("timeInForce", "GTX")
	q.Steps("quantity", 12, exchange.Step{M: 1, Scale: 3})
	q.Steps("price", 618003+i&1023, exchange.Step{M: 1, Scale: 1})
	q.Text("newClientOrderId", "pl-7f3a-000000012")
	return q.Sign(s, exchange.UnixMilli(1700000000000+i), 5*exchange.Second)
}

// The usual way of client libraries: a map, fmt, and a new HMAC each time.
func buildOrderNaive(secret string, i int64) string {
	v := url.Values{}
	v.Set("symbol", "BTCUSDT")
	v.Set("side", "BUY")
	v.Set("type", "LIMIT")
	v.Set("timeInForce", "GTX")
	v.Set("quantity", decimal.New(12, -3).String())
	v.Set("price", decimal.New(618003+i&1023, -1).String())
	v.Set("newClientOrderId", "pl-7f3a-000000012")
	v.Set("recvWindow", fmt.Sprint(5000))
	v.Set("timestamp", fmt.Sprint(1700000000000+i))
	query := v.Encode()
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(query))
	return fmt.Sprintf("%s&signature=%s", query, hex.EncodeToString(mac.Sum(nil)))
}

func BenchmarkSignedOrder(b *testing.B) {
	b.Run("ours", func(b *testing.B) {
		b.ReportAllocs()
		var q Query
		s := hmacSigner(b, spotSecret)
		for i := range b.N {
			if _, err := buildOrder(&q, s, int64(i)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("naive", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			if buildOrderNaive(spotSecret, int64(i)) == "" {
				b.Fatal("empty")
			}
		}
	})
	b.Run("floor/sha256", func(b *testing.B) { // the hash of the same bytes alone
		b.ReportAllocs()
		var q Query
		order := must(buildOrder(&q, hmacSigner(b, spotSecret), 0))
		order = order[:len(order)-len("&signature=")-64]
		for range b.N {
			if sha256.Sum256(order)[0] == 0 && len(order) == 0 {
				b.Fatal("empty")
			}
		}
	})
}

func BenchmarkSignedWebSocketOrder(b *testing.B) {
	b.ReportAllocs()
	var p Params
	var out []byte
	s := hmacSigner(b, spotSecret)
	api := sign.NewSecret(publishedAPI)
	for i := range b.N {
		p.Reset()
		p.Text("symbol", "BTCUSDT")
		p.Text("side", "BUY")
		p.Text("type", "LIMIT")
		p.Text("timeInForce", "GTX")
		p.Steps("quantity", 12, exchange.Step{M: 1, Scale: 3})
		p.Steps("price", 618003, exchange.Step{M: 1, Scale: 1})
		p.Text("newClientOrderId", "pl-7f3a-000000012")
		if err := p.Sign(s, api, exchange.UnixMilli(1700000000000+int64(i)), 5*exchange.Second); err != nil {
			b.Fatal(err)
		}
		out, _ = p.AppendJSON(out[:0])
	}
}

// The promise of the package comment.
func TestNoAllocations(t *testing.T) {
	var q Query
	var p Params
	var out []byte
	s := hmacSigner(t, spotSecret)
	api := sign.NewSecret(publishedAPI)
	if n := testing.AllocsPerRun(100, func() { _, _ = buildOrder(&q, s, 1) }); n != 0 {
		t.Errorf("a signed order allocates %v times", n)
	}
	if n := testing.AllocsPerRun(100, func() {
		p.Reset()
		p.Text("symbol", "BTCUSDT")
		p.Steps("price", 618003, exchange.Step{M: 1, Scale: 1})
		_ = p.Sign(s, api, exchange.Second, 0)
		out, _ = p.AppendJSON(out[:0])
	}); n != 0 {
		t.Errorf("a signed WebSocket order allocates %v times", n)
	}
}
