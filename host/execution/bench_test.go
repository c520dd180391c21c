package execution

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// venue is a port that costs nothing, so that the machine alone is measured.
type venue struct {
	*desk
	sent exchange.OrderID
}

func (v *venue) Check(*exchange.Order) error                        { return nil }
func (v *venue) Submit(*exchange.Order) exchange.OrderID            { v.sent++; return v.sent }
func (v *venue) Cancel(exchange.OrderID)                            {}
func (v *venue) Changed(*Machine)                                   {}
func (v *venue) TakerFee(exchange.InstrumentID) (d decimal.Decimal) { return d }

func liquid(b testing.TB) (*venue, intent.PairRequest) {
	d := newDesk(b, "ABC")
	for i, id := range []exchange.InstrumentID{d.spot, d.perp} {
		var bids, asks []exchange.Level
		for n := range exchange.Ticks(20) {
			mid := exchange.Ticks(10000 + 20*i)
			bids = append(bids, exchange.Level{Price: mid - n, Qty: 100000})
			asks = append(asks, exchange.Level{Price: mid + 1 + n, Qty: 100000})
		}
		d.show(id, bids, asks)
	}
	return &venue{desk: d}, intent.PairRequest{Spot: d.spot, Perp: d.perp, Notional: dec("100000"), Level: 5}
}

// BenchmarkBatch is the path from a book that changed to both legs' orders.
func BenchmarkBatch(b *testing.B) {
	v, req := liquid(b)
	m, err := checkedMachine(req, v)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		m.Step(v)
		if !m.working.legs[0].live || !m.working.legs[1].live {
			b.Fatal("no orders were sent")
		}
		m.working.legs, m.balancing, m.taker.lastBatch = [3]leg{}, false, 0
	}
}

// BenchmarkIdle is what a pair that is held costs at each event: the flag that
// fills maintain, beside working the residual out again each time.
func BenchmarkIdle(b *testing.B) {
	v, req := liquid(b)
	held := func() *Machine {
		return Resume(intent.Pair{ID: 1, Spot: v.spot, Perp: v.perp, State: intent.PairOpen, SpotQty: dec("9.98001"), PerpQty: -998}, req, v.now)
	}
	b.Run("step", func(b *testing.B) {
		m := held()
		b.ReportAllocs()
		for b.Loop() {
			m.Step(v)
		}
		if m.Busy() {
			b.Fatal("a hedged pair is busy")
		}
	})
	b.Run("recomputed", func(b *testing.B) {
		m := held()
		b.ReportAllocs()
		for b.Loop() {
			if m.Residual(v).Abs().GreaterThan(m.balancer.tolerance(v)) {
				b.Fatal("a hedged pair is unbalanced")
			}
		}
	})
}

// BenchmarkWaiting is what a pair that waits costs at each change of a book, where
// nothing is sent: for its basis, with an order in the book, and held.
func BenchmarkWaiting(b *testing.B) {
	far := 0.5
	start := func(change func(*intent.PairRequest)) (*venue, *Machine) {
		v, req := liquid(b)
		change(&req)
		m, err := checkedMachine(req, v)
		if err != nil {
			b.Fatal(err)
		}
		m.Step(v)
		return v, m
	}
	for name, change := range map[string]func(*intent.PairRequest){ // order does not matter: each has its own line
		"for its basis":       func(r *intent.PairRequest) { r.MinBasis = &far },
		"half open":           func(r *intent.PairRequest) { r.MinBasis = &far },
		"with a quote":        func(r *intent.PairRequest) { r.Style, r.MakerLeg = intent.Maker, intent.PerpLeg },
		"for a maker's basis": func(r *intent.PairRequest) { r.Style, r.MakerLeg, r.MinBasis = intent.Maker, intent.PerpLeg, &far },
	} {
		b.Run(name, func(b *testing.B) {
			v, m := start(change)
			if name == "half open" {
				m.Pair.SpotQty, m.Pair.PerpQty = dec("499.0005"), -49900
			}
			sent := v.sent
			b.ReportAllocs()
			for b.Loop() {
				m.Step(v)
			}
			if v.sent != sent {
				b.Fatal("an order was sent")
			}
		})
	}
}
