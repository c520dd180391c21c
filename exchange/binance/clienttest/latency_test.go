package clienttest

import (
	"context"
	"testing"
	"time"

	"github.com/adshao/go-binance/v2/futures"

	"github.com/perilune/perilune/exchange/binance/latencytest"
)

// BenchmarkWireToOrder is a straightforward program on go-binance: it places an
// order in the handler of the book's stream. Without a book, a journal, risk or a
// strategy it is what the library alone costs; see the benchmark of this name in
// package host.
func BenchmarkWireToOrder(b *testing.B) {
	b.Run("rest", func(b *testing.B) {
		wireToOrder(b, func(e *latencytest.Exchange) func(price string) error {
			c := futures.NewClient(e.Keys.HMAC.Key, e.Keys.HMAC.Secret)
			return func(price string) error {
				_, err := c.NewCreateOrderService().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Type(futures.OrderTypeLimit).
					TimeInForce(futures.TimeInForceTypeIOC).Quantity("0.002").Price(price).Do(context.Background())
				return err
			}
		})
	})
	b.Run("ws", func(b *testing.B) {
		wireToOrder(b, func(e *latencytest.Exchange) func(price string) error {
			c, err := futures.NewOrderPlaceWsService(e.Keys.HMAC.Key, e.Keys.HMAC.Secret)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			return func(price string) error {
				n++
				return c.Do(name(n), futures.NewOrderPlaceWsRequest().Symbol("BTCUSDT").Side(futures.SideTypeBuy).Type(futures.OrderTypeLimit).
					TimeInForce(futures.TimeInForceTypeIOC).Quantity("0.002").Price(price))
			}
		})
	})
}

func name(n int) string { return time.Unix(int64(n), 0).UTC().Format("20060102T150405") }

func wireToOrder(b *testing.B, client func(*latencytest.Exchange) func(price string) error) {
	e := latencytest.Start(b)
	futures.BaseApiMainUrl, futures.BaseWsApiMainURL = "http://"+e.Host, "ws://"+e.Host+"/ws-fapi/v1"
	futures.BaseWsMainUrl = "ws://" + e.Host + "/usdm/public/ws"
	place := client(e)
	done, stop, err := futures.WsDiffDepthServeWithRate("BTCUSDT", 100*time.Millisecond, func(ev *futures.WsDepthEvent) {
		if len(ev.Bids) == 0 {
			return
		}
		if err := place(ev.Bids[0].Price); err != nil {
			b.Error(err)
		}
	}, func(err error) { b.Log(err) })
	if err != nil {
		b.Fatal(err)
	}
	defer end(stop, done)
	e.Await(b, 30*time.Second)
	e.Measure(b, 10) // connections and caches are warm
	latencytest.Report(b, e.Measure(b, b.N))
}
