package ledger

import (
	"context"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// BenchmarkFills compares group commit with a transaction per row, both with
// synchronous=FULL. Every fill is durable when the measurement ends.
func BenchmarkFills(b *testing.B) {
	rate := func(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "rows/s") }
	b.Run("group commit", func(b *testing.B) {
		r := newRig(b, WriterOptions{})
		b.ReportAllocs()
		seq := uint64(0)
		for b.Loop() {
			seq++
			if err := r.w.Post(fillRow(seq, spotBTC, exchange.Buy, "100", "1")); err != nil {
				b.Fatal(err)
			}
		}
		r.sync()
		rate(b)
	})
	b.Run("sync each", func(b *testing.B) {
		r := newRig(b, WriterOptions{})
		b.ReportAllocs()
		seq := uint64(0)
		for b.Loop() {
			seq++
			must(b, r.w.Post(fillRow(seq, spotBTC, exchange.Buy, "100", "1")))
			must(b, r.w.Sync(context.Background()))
		}
		rate(b)
	})
	b.Run("naive tx per row", func(b *testing.B) {
		r := newRig(b, WriterOptions{})
		r.post(fillRow(1, spotBTC, exchange.Buy, "100", "1")) // brings the instrument
		r.sync()
		b.ReportAllocs()
		seq := uint64(1)
		for b.Loop() {
			seq++
			f := fillRow(seq, spotBTC, exchange.Buy, "100", "1")
			_, err := r.write.Exec(statementText[insertFill], r.run.Session, r.run.ID, f.Seq, int64(f.Time), "binance", "paper-1", "spot",
				"BTCUSDT", f.TradeID, int64(f.Order), f.ClientID, f.VenueID, f.Strategy, 0, "buy", "100", "1", false, "0", "USDT", "0", "")
			must(b, err)
		}
		rate(b)
	})
}

// BenchmarkPost is what the loop pays for a row: checking and queueing. Nothing
// takes rows out, so that the disk is not measured.
func BenchmarkPost(b *testing.B) {
	w := &Writer{o: WriterOptions{Queue: 1 << 20}.withDefaults(), wake: make(chan struct{}, 1)}
	row := depositRow(1, "1")
	b.ReportAllocs()
	for b.Loop() {
		if err := w.Post(row); err != nil {
			b.Fatal(err)
		}
		if len(w.queue) == 4096 {
			w.queue = w.queue[:0]
		}
	}
}
