package execution

import (
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// legsOf are what a decision is measured on: coins and their perpetual, and two
// perpetuals, at one venue and at two.
var legsOf = []struct {
	name        string
	long, short string
}{
	{"coins, one venue", "north.spot:ABCUSDT", "north.linear:ABCUSDT"},
	{"perpetual and future, one venue", "north.linear:ABCUSDT", "north.linear:ABC-260626"},
	{"two venues", "north.linear:ABCUSDT", "south.linear:ABCUSDC"},
	{"linear and inverse, two venues", "north.linear:ABCUSDT", "south.inverse:ABCUSD"},
}

func liquidLegs(t testing.TB, long, short string) (*venue, intent.PairRequest) {
	d := newDesk(t, "ABC")
	d.apart([]string{long, short})
	for i, id := range []exchange.InstrumentID{d.spot, d.perp} {
		in := d.u.Get(id)
		mid := exchange.Ticks(in.Tick.Nearest(100 + 0.2*float64(i)))
		var bids, asks []exchange.Level
		for n := range exchange.Ticks(20) {
			bids = append(bids, exchange.Level{Price: mid - n, Qty: 1000000})
			asks = append(asks, exchange.Level{Price: mid + 1 + n, Qty: 1000000})
		}
		d.show(id, bids, asks)
	}
	return &venue{desk: d}, intent.PairRequest{Spot: d.spot, Perp: d.perp, Notional: dec("100000"), Level: 5}
}

// deciding returns a step from a book that changed to both legs' orders.
func deciding(t testing.TB, long, short string) func() {
	v, req := liquidLegs(t, long, short)
	m, err := checkedMachine(req, v)
	if err != nil {
		t.Fatal(err)
	}
	v.desk.m = m
	return func() {
		m.Step(v)
		if !m.working.legs[0].live || !m.working.legs[1].live {
			t.Fatal("no orders were sent")
		}
		m.working.legs, m.balancing, m.taker.lastBatch = [3]leg{}, false, 0
	}
}

// waiting returns a step that finds that the basis is not what was asked for.
func waiting(t testing.TB, long, short string) func() {
	v, req := liquidLegs(t, long, short)
	far := 0.5
	req.MinBasis = &far
	m, err := checkedMachine(req, v)
	if err != nil {
		t.Fatal(err)
	}
	v.desk.m = m
	m.Step(v)
	return func() { m.Step(v) }
}

// BenchmarkPair is what a decision of a pair costs, by where its legs are.
func BenchmarkPair(b *testing.B) {
	for _, l := range legsOf {
		b.Run("sends/"+l.name, func(b *testing.B) {
			step := deciding(b, l.long, l.short)
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
		})
		b.Run("waits/"+l.name, func(b *testing.B) {
			step := waiting(b, l.long, l.short)
			b.ReportAllocs()
			for b.Loop() {
				step()
			}
		})
	}
}

// A decision over two venues costs no more memory than one over one venue, and waiting
// costs none.
func TestTwoVenuesCostNoMore(t *testing.T) {
	one := testing.AllocsPerRun(100, deciding(t, legsOf[1].long, legsOf[1].short))
	if two := testing.AllocsPerRun(100, deciding(t, legsOf[2].long, legsOf[2].short)); two > one {
		t.Errorf("a decision over two venues makes %v allocations, one over one %v", two, one)
	}
	for _, l := range legsOf {
		if n := testing.AllocsPerRun(100, waiting(t, l.long, l.short)); n > 0 {
			t.Errorf("%s: waiting makes %v allocations", l.name, n)
		}
	}
}
