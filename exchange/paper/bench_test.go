package paper

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// feed is a second of a busy market: book changes, trades and a mark.
func feed(d *bench) []exchange.Event {
	in := d.find("usdm:BTCUSDT").ID
	level := []exchange.Level{{Price: 9998, Qty: 40}}
	var out []exchange.Event
	for i := range 100 {
		out = append(out, exchange.Event{Kind: exchange.KindDiff, Instrument: in, Bids: level})
		if i%5 == 0 {
			out = append(out, exchange.Event{Kind: exchange.KindTrade, Instrument: in, Side: exchange.Sell, Price: 9999, Qty: 1})
		}
	}
	return append(out, exchange.Event{Kind: exchange.KindMark, Instrument: in, Mark: 1000e8})
}

func (d *bench) play(events []exchange.Event) {
	for i := range events {
		d.now++
		events[i].Time = d.now
		d.v.Market(&events[i])
	}
}

// withPositions gives the bench a position in every linear contract.
func withPositions(t testing.TB) *bench {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	d.submit(d.order("usdm:BTCUSDT", exchange.Sell, 9999, 10))
	d.submit(d.order("usdm:ETHUSDT", exchange.Buy, 10001, 10))
	d.until(d.now + exchange.Minute)
	for _, in := range d.u.All() {
		// A new size of the touched levels, so that nothing is remembered of them.
		d.market(in, exchange.Event{Kind: exchange.KindDiff, Bids: []exchange.Level{{Price: 9999, Qty: scale(in, 501)}}, Asks: []exchange.Level{{Price: 10001, Qty: scale(in, 501)}}})
		if in.Perp() {
			d.market(in, exchange.Event{Kind: exchange.KindMark, Mark: exchange.E8FromDecimal(in.PriceDecimal(10000))})
		}
	}
	return d
}

// The market of an instrument without orders costs nothing; neither do the marks
// of one with a position that is far from liquidation.
func TestIdleMarketAllocatesNothing(t *testing.T) {
	for name, d := range map[string]*bench{"no position": quoted(t, Options{}), "position": withPositions(t)} {
		events := feed(d)
		if n := testing.AllocsPerRun(10, func() { d.play(events) }); n != 0 {
			t.Errorf("%s: %g allocations", name, n)
		}
	}
}

// BenchmarkIdle is the common case: market data of an instrument in which we
// have a position but no orders. The naive way checks margin exactly on every
// event.
func BenchmarkIdle(b *testing.B) {
	b.Run("venue", func(b *testing.B) {
		d := withPositions(b)
		events := feed(d)
		b.ReportAllocs()
		for b.Loop() {
			d.play(events)
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
	})
	b.Run("naive", func(b *testing.B) {
		d := withPositions(b)
		events := feed(d)
		b.ReportAllocs()
		for b.Loop() {
			for i := range events {
				s := d.v.markets.slots[events[i].Instrument]
				if st := d.v.margins.standing(s.collateral.pool); !st.balance.GreaterThan(st.maintenance) {
					b.Fatal("liquidated")
				}
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
	})
}

// BenchmarkMark is a mark of a held instrument: floats decide nearly always.
func BenchmarkMark(b *testing.B) {
	d := withPositions(b)
	s := d.v.markets.slots[d.find("usdm:BTCUSDT").ID]
	ev := exchange.Event{Kind: exchange.KindMark, Instrument: s.in.ID, Mark: 1000e8}
	b.Run("screened", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			ev.Time++
			d.v.Market(&ev)
		}
	})
	b.Run("exact", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			d.v.liquidator.guard(s.collateral.pool, ev.Time)
		}
	})
}

// BenchmarkResting is market data of an instrument with five resting orders.
func BenchmarkResting(b *testing.B) {
	d := quoted(b, Options{Latency: Latency{Model: "none"}})
	for i := range exchange.Ticks(5) {
		d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 9990-i, 10))
	}
	d.until(d.now)
	events := feed(d)
	b.ReportAllocs()
	for b.Loop() {
		d.play(events)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(events)), "ns/event")
}

// BenchmarkRoundTrip is an order from Submit to its last answer.
func BenchmarkRoundTrip(b *testing.B) {
	d := quoted(b, Options{Latency: Latency{Model: "none"}, Impact: Impact{Model: "none"}})
	var ev exchange.Event
	b.ReportAllocs()
	for b.Loop() {
		o := d.order("usdm:BTCUSDT", exchange.Side(1-2*(int(d.last)%2)), 0, 10)
		o.Type = exchange.MarketOrder
		d.submit(o)
		for _, ok := d.v.NextTime(); ok; _, ok = d.v.NextTime() {
			d.v.Pop(&ev)
		}
	}
}
