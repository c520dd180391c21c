package book

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book/booktest"
)

var btcCoin = &exchange.Instrument{
	Venue: "coinm", Contract: exchange.Inverse, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD",
	Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), Multiplier: 1,
	ContractSize: decimal.NewFromInt(100),
}

// asks of 1, 2 and 4 BTC at 61800.1, 61800.2 and 61800.5; bids of 3 and 5 BTC at
// 61800.0 and 61799.9.
func smallBook(in *exchange.Instrument, build func(*exchange.Instrument) *Book) *Book {
	b := build(in)
	b.Apply(snapshotOf(
		levels(618000, 3000, 617999, 5000),
		levels(618001, 1000, 618002, 2000, 618005, 4000)))
	return b
}

func TestMeasures(t *testing.T) {
	for _, kind := range both {
		b := smallBook(btc, kind.make)
		for _, tc := range []struct {
			what      string
			got, want float64
		}{
			{"mid", b.Mid(), 61800.05},
			{"microprice", b.Microprice(), (61800.0*1 + 61800.1*3) / 4},
			{"spread", float64(b.Spread()), 1},
			{"imbalance of 1", b.Imbalance(1), (3.0 - 1) / (3 + 1)},
			{"imbalance of 2", b.Imbalance(2), (8.0 - 3) / (8 + 3)},
			{"imbalance of all", b.Imbalance(99), (8.0 - 7) / (8 + 7)},
			{"quantity to level 0", float64(b.CumQty(exchange.Sell, 0)), 0},
			{"quantity to level 2", float64(b.CumQty(exchange.Sell, 2)), 3000},
			{"quantity to level 99", float64(b.CumQty(exchange.Sell, 99)), 7000},
		} {
			if math.Abs(tc.got-tc.want) > 1e-9 {
				t.Errorf("%s: %s is %v, want %v", kind.name, tc.what, tc.got, tc.want)
			}
		}
	}
}

func TestMeasuresOfAnEmptySide(t *testing.T) {
	b := New(btc)
	b.Apply(snapshotOf(levels(618000, 3000), nil))
	if !math.IsNaN(b.Mid()) || !math.IsNaN(b.Microprice()) || b.Spread() != NoSpread {
		t.Errorf("mid %v, microprice %v, spread %v; want NaN, NaN, NoSpread", b.Mid(), b.Microprice(), b.Spread())
	}
	if got := b.Imbalance(5); got != 1 {
		t.Errorf("imbalance %v, want 1", got)
	}
	if got := New(btc).Imbalance(5); !math.IsNaN(got) {
		t.Errorf("imbalance of an empty book %v, want NaN", got)
	}
}

func TestWalk(t *testing.T) {
	for _, tc := range []struct {
		name   string
		side   exchange.Side
		qty    exchange.Lots
		filled exchange.Lots
		cost   string
		worst  exchange.Ticks
	}{
		{"within the touch", exchange.Sell, 400, 400, "24720.04", 618001},
		{"all of the touch", exchange.Sell, 1000, 1000, "61800.1", 618001},
		{"two levels", exchange.Sell, 2500, 2500, "154500.4", 618002},
		{"more than there is", exchange.Sell, 9000, 7000, "432602.5", 618005},
		{"a seller walks the bids", exchange.Buy, 4000, 4000, "247199.9", 617999},
		{"nothing", exchange.Sell, 0, 0, "0", 0},
		{"less than nothing", exchange.Sell, -5, 0, "0", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, kind := range both {
				filled, cost, worst := smallBook(btc, kind.make).Walk(tc.side, tc.qty)
				if filled != tc.filled || worst != tc.worst || cost.Decimal(btc).String() != tc.cost {
					t.Errorf("%s: %d lots for %s to %d, want %d for %s to %d",
						kind.name, filled, cost.Decimal(btc), worst, tc.filled, tc.cost, tc.worst)
				}
			}
		})
	}
}

func TestWalkPrice(t *testing.T) {
	linear, inverse := smallBook(btc, New), smallBook(btcCoin, New)
	for _, tc := range []struct {
		name string
		b    *Book
		qty  exchange.Lots
		want float64
	}{
		{"linear", linear, 2500, 154500.4 / 2.5},
		{"linear, all", linear, 7000, 432602.5 / 7},
		{"inverse is harmonic", inverse, 2500, 2500 / (1000/61800.1 + 1500/61800.2)},
	} {
		got, ok := tc.b.WalkPrice(exchange.Sell, tc.qty)
		if !ok || math.Abs(got-tc.want) > 1e-9 {
			t.Errorf("%s: %v %v, want %v", tc.name, got, ok, tc.want)
		}
	}
	for _, qty := range [...]exchange.Lots{7001, 0, -1} {
		for _, b := range [...]*Book{linear, inverse} {
			if got, ok := b.WalkPrice(exchange.Sell, qty); ok || !math.IsNaN(got) {
				t.Errorf("%s, %d lots: %v %v, want NaN and false", b.Instrument().Key(), qty, got, ok)
			}
		}
	}
}

// A cheap coin: 2^61-1 lots at 2^40 ticks is far beyond 64 bits, and so close below
// a multiple of 2^64 that the next level carries.
func TestWalkBeyond64Bits(t *testing.T) {
	in := *btc
	in.Tick, in.Lot = exchange.MustStep("1"), exchange.MustStep("1")
	b := New(&in)
	b.Apply(snapshotOf(nil, levels(1<<40, 1<<61-1, 1<<40+1, 1<<62, 1<<40+2, 1<<62)))
	_, cost, _ := b.Walk(exchange.Sell, 1<<61+2)
	want := decimal.NewFromInt(1<<61 - 1).Mul(decimal.NewFromInt(1 << 40)).Add(decimal.NewFromInt(3 * (1<<40 + 1)))
	if got := cost.Decimal(&in); !got.Equal(want) {
		t.Errorf("cost %s, want %s", got, want)
	}
	if got := b.CumQty(exchange.Sell, 3); got != math.MaxInt64 {
		t.Errorf("quantity %d, want the maximum", got)
	}
}

// Walk against the definition, level by level in decimals.
func TestWalkIsTheSumOfLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b, simple := New(btc), booktest.NewMap()
		if rapid.Bool().Draw(t, "ladder") {
			b = NewLadder(btc)
		}
		ev := snapshotOf(nil, drawSide(t, 618001, 40))
		b.Apply(ev)
		simple.Apply(ev)
		side := exchange.Sell
		left := exchange.Lots(rapid.IntRange(0, 40).Draw(t, "quantity"))
		filled, cost, _ := b.Walk(side, left)
		sum, total := decimal.Zero, exchange.Lots(0)
		for _, l := range simple.Levels(side) {
			take := min(l.Qty, left-total)
			total += take
			sum = sum.Add(btc.Notional(l.Price, take))
		}
		if filled != total || !cost.Decimal(btc).Equal(sum) {
			t.Fatalf("%d lots for %s, want %d for %s", filled, cost.Decimal(btc), total, sum)
		}
	})
}

// In steady state neither the messages nor any of the questions allocate.
func TestNoAllocations(t *testing.T) {
	for _, kind := range both {
		t.Run(kind.name, func(t *testing.T) {
			tape, b := booktest.NewTape(100), kind.make(btc)
			run := tape.Play(touched{b})
			run(2 * len(tape.Diffs))
			buf := make([]exchange.Level, 0, 20)
			var sum exchange.Lots
			if n := testing.AllocsPerRun(len(tape.Diffs), func() {
				run(1)
				buf = b.AppendLevels(buf[:0], exchange.Sell, 20)
				b.Visit(exchange.Buy, func(l exchange.Level) bool { sum += l.Qty; return true })
				b.WalkPrice(exchange.Sell, 9000)
				sum += exchange.Lots(b.Imbalance(5) + b.Mid() + b.Microprice())
			}); n != 0 {
				t.Errorf("%v allocations per message", n)
			}
			if sum == 0 || len(buf) != 20 {
				t.Error("nothing was read")
			}
		})
	}
}

// touched is a book that is read as booktest.Tape does.
type touched struct{ *Book }

// Read adds up the touch and level 5.
func (b touched) Read() exchange.Ticks {
	bid, ok := b.Best(exchange.Buy)
	ask, _ := b.Best(exchange.Sell)
	bid5, _ := b.Level(exchange.Buy, 5)
	ask5, _ := b.Level(exchange.Sell, 5)
	if !ok || !b.Ready() {
		return 0
	}
	return bid.Price + ask.Price + bid5.Price + ask5.Price
}
