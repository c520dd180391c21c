package host_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance"
	"github.com/perilune/perilune/exchange/binance/latencytest"
	"github.com/perilune/perilune/host"
	"github.com/perilune/perilune/host/risk"
)

// BenchmarkWireToOrder is the time from a diff of the book on the exchange's
// socket to the order of a Lua strategy on it: decoding, book, script, risk,
// journal on the disk, signing. One operation is one order, ten of them a second:
//
//	go test ./host -run '^$' -bench WireToOrder -benchtime 300x
//
// In memory, the journal costs no waiting for a disk; the difference is what it
// costs. The same with go-binance, without all that is between:
//
//	cd exchange/binance/clienttest && go test -run '^$' -bench WireToOrder -benchtime 300x
func BenchmarkWireToOrder(b *testing.B) {
	for _, entry := range []string{"rest", "ws"} {
		b.Run(entry, func(b *testing.B) { wireToOrder(b, entry, b.TempDir()) })
	}
	b.Run("ws/in memory", func(b *testing.B) {
		dir, err := os.MkdirTemp("/dev/shm", "perilune-bench-*")
		if err != nil {
			b.Skipf("no file system in memory: %v", err)
		}
		defer os.RemoveAll(dir)
		wireToOrder(b, "ws", dir)
	})
}

func wireToOrder(b *testing.B, entry, dir string) {
	e := latencytest.Start(b)
	venue := binance.At(e.Endpoints())
	venue.Entry = entry
	b.Setenv("PERILUNE_BENCH_KEY", e.Keys.HMAC.Key)
	b.Setenv("PERILUNE_BENCH_SECRET", e.Keys.HMAC.Secret)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() {
		_, err := host.Run(ctx, &host.Options{
			Scripts: []string{"testdata/taker.lua"}, Market: []string{"live"}, DB: filepath.Join(dir, "bench.db"),
			Live:    host.LiveOptions{Venue: venue},
			Account: &host.AccountOptions{Key: "env:PERILUNE_BENCH_KEY", Secret: "env:PERILUNE_BENCH_SECRET"},
			Limits: risk.Limits{MaxOrderNotional: decimal.NewFromInt(10000), MaxPositionNotional: decimal.NewFromInt(10000),
				DailyLoss: decimal.New(5, -1)},
			Log: func(l host.Line) { b.Log(l.Text) },
		})
		ended <- err
	}()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			b.Error(err)
		}
	}()
	e.Await(b, time.Minute)
	e.Measure(b, 10) // connections and caches are warm
	latencytest.Report(b, e.Measure(b, b.N))
}
