package book

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/emirpasic/gods/v2/trees/redblacktree"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book/booktest"
)

// depthBook is what a benchmark needs of a book: apply a message, then read the
// touch and level 5 of both sides.
type depthBook interface {
	apply(*exchange.Event)
	read() exchange.Ticks
}

// ways are the ways to keep a book that people use, the yardstick first.
var ways = [...]struct {
	name string
	make func() depthBook
}{
	{"gods-redblacktree", func() depthBook { return newTreeBook() }},
	{"map-sorted-on-read", func() depthBook { return mapBook{booktest.NewMap()} }},
	{"slice", func() depthBook { return ours{New(btc)} }},
	{"ladder", func() depthBook { return ours{NewLadder(btc)} }},
}

// BenchmarkApply applies a message of 20 or 100 levels and reads the touch and
// level 5 of both sides.
func BenchmarkApply(b *testing.B) {
	for _, levels := range [...]int{20, 100} {
		tape := newTape(levels)
		for _, way := range ways {
			b.Run(fmt.Sprintf("d%d/%s", levels, way.name), func(b *testing.B) {
				run := tape.play(way.make())
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
		tape := newTape(levels)
		b.Run(fmt.Sprintf("d%d", levels), func(b *testing.B) {
			var runs [len(ways)]func(int)
			for i, way := range ways {
				runs[i] = tape.play(way.make())
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
			book := way.make()
			b.ReportAllocs()
			for b.Loop() {
				snapshot.LastID++
				book.apply(&snapshot)
			}
		})
	}
}

// tape is a run of messages that ends where it began.
type tape struct {
	snapshot exchange.Event
	diffs    []exchange.Event
}

func newTape(levels int) *tape {
	s := booktest.NewStream(7, levels)
	t := &tape{snapshot: s.Snapshot()}
	for range 4095 {
		t.diffs = append(t.diffs, s.Next())
	}
	t.diffs = append(t.diffs, s.Return(&t.snapshot))
	return t
}

// play returns a function that applies the next n messages and reads the book
// after each.
func (t *tape) play(book depthBook) func(n int) {
	book.apply(&t.snapshot)
	id, next := t.snapshot.LastID, 0
	return func(n int) {
		for range n {
			ev := &t.diffs[next%len(t.diffs)]
			ev.PrevID, ev.FirstID, ev.LastID = id, id+1, id+7
			id, next = ev.LastID, next+1
			book.apply(ev)
			if book.read() == 0 {
				panic("the book cannot be read")
			}
		}
	}
}

type ours struct{ *Book }

func (o ours) apply(ev *exchange.Event) { o.Apply(ev) }

func (o ours) read() exchange.Ticks {
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

func (m mapBook) apply(ev *exchange.Event) { m.Apply(ev) }

func (m mapBook) read() exchange.Ticks {
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

func (t treeBook) apply(ev *exchange.Event) {
	put(t.bids, ev.Bids)
	put(t.asks, ev.Asks)
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

func (t treeBook) read() exchange.Ticks { return touchAndFifth(t.bids) + touchAndFifth(t.asks) }

func touchAndFifth(side *tree) (sum exchange.Ticks) {
	it := side.Iterator()
	for n := 1; n <= 5 && it.Next(); n++ {
		if n == 1 || n == 5 {
			sum += it.Key()
		}
	}
	return sum
}
