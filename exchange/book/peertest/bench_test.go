// Package peertest measures the books of this program beside other ways to keep one. It
// is a module of its own, so that what it compares with is no dependency of ours:
//
//	cd exchange/book/peertest && go test -bench . -run '^$'
package peertest

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/emirpasic/gods/v2/trees/redblacktree"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/book/booktest"
)

var btc = &exchange.Instrument{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001")}

// ways are the ways to keep a book that people use, the yardstick first.
var ways = [...]struct {
	name string
	make func() booktest.Book
}{
	{"gods-redblacktree", func() booktest.Book { return newTreeBook() }},
	{"map-sorted-on-read", func() booktest.Book { return mapBook{booktest.NewMap()} }},
	{"slice", func() booktest.Book { return ours{book.New(btc)} }},
	{"ladder", func() booktest.Book { return ours{book.NewLadder(btc)} }},
}

// BenchmarkApply applies a message of 20 or 100 levels and reads the touch and
// level 5 of both sides.
func BenchmarkApply(b *testing.B) {
	for _, levels := range [...]int{20, 100} {
		tape := booktest.NewTape(levels)
		for _, way := range ways {
			b.Run(fmt.Sprintf("d%d/%s", levels, way.name), func(b *testing.B) {
				run := tape.Play(way.make())
				b.ReportAllocs()
				for b.Loop() {
					run(1)
				}
			})
		}
	}
}

// BenchmarkRatio is BenchmarkApply for a machine that others use too: the ways
// take turns, and each is judged by its best turn. It reports time relative to
// the red-black tree.
func BenchmarkRatio(b *testing.B) {
	for _, levels := range [...]int{20, 100} {
		tape := booktest.NewTape(levels)
		b.Run(fmt.Sprintf("d%d", levels), func(b *testing.B) {
			var runs [len(ways)]func(int)
			for i, way := range ways {
				runs[i] = tape.Play(way.make())
			}
			best := bestTurns(b, runs[:])
			for i, way := range ways {
				b.ReportMetric(best[i], way.name+"-ns/msg")
				b.ReportMetric(best[i]/best[0], way.name+"/tree")
			}
		})
	}
}

// bestTurns returns the least time per message of each run.
func bestTurns(b *testing.B, runs []func(int)) []float64 {
	const turn = 64
	best := make([]float64, len(runs))
	for i := range best {
		best[i] = math.Inf(1)
	}
	for b.Loop() {
		for i, run := range runs {
			start := time.Now()
			run(turn)
			best[i] = min(best[i], float64(time.Since(start))/turn)
		}
	}
	return best
}

// BenchmarkSnapshot replaces a whole book of 1000 levels a side.
func BenchmarkSnapshot(b *testing.B) {
	snapshot := booktest.NewStream(7, 20).Snapshot()
	for _, way := range ways[2:] {
		b.Run(way.name, func(b *testing.B) {
			kept := way.make()
			b.ReportAllocs()
			for b.Loop() {
				snapshot.LastID++
				kept.Apply(&snapshot)
			}
		})
	}
}

type ours struct{ *book.Book }

func (o ours) Read() exchange.Ticks {
	bid, ok := o.Best(exchange.Buy)
	ask, _ := o.Best(exchange.Sell)
	bid5, _ := o.Level(exchange.Buy, 5)
	ask5, _ := o.Level(exchange.Sell, 5)
	if !ok || !o.Ready() {
		return 0
	}
	return bid.Price + ask.Price + bid5.Price + ask5.Price
}

type mapBook struct{ *booktest.Map }

func (m mapBook) Apply(ev *exchange.Event) bool {
	m.Map.Apply(ev)
	return true
}

func (m mapBook) Read() exchange.Ticks {
	bids, asks := m.Levels(exchange.Buy), m.Levels(exchange.Sell)
	return bids[0].Price + asks[0].Price + bids[4].Price + asks[4].Price
}

type tree = redblacktree.Tree[exchange.Ticks, exchange.Lots]

type treeBook struct{ bids, asks *tree }

func newTreeBook() treeBook {
	return treeBook{
		bids: redblacktree.NewWith[exchange.Ticks, exchange.Lots](func(a, b exchange.Ticks) int { return int(b - a) }),
		asks: redblacktree.NewWith[exchange.Ticks, exchange.Lots](func(a, b exchange.Ticks) int { return int(a - b) }),
	}
}

func (t treeBook) Apply(ev *exchange.Event) bool {
	put(t.bids, ev.Bids)
	put(t.asks, ev.Asks)
	return true
}

func put(side *tree, levels []exchange.Level) {
	for _, l := range levels {
		if l.Qty == 0 {
			side.Remove(l.Price)
		} else {
			side.Put(l.Price, l.Qty)
		}
	}
}

func (t treeBook) Read() exchange.Ticks { return touchAndFifth(t.bids) + touchAndFifth(t.asks) }

func touchAndFifth(side *tree) (sum exchange.Ticks) {
	it := side.Iterator()
	for n := 1; n <= 5 && it.Next(); n++ {
		if n == 1 || n == 5 {
			sum += it.Key()
		}
	}
	return sum
}
