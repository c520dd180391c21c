package execution

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// hostile does to a pair what a venue and a market can, in any order.
type hostile struct {
	*desk
	r       *rapid.T
	foreign bool
	mid     exchange.Ticks
}

func (h *hostile) books() {
	h.mid += exchange.Ticks(rapid.IntRange(-30, 30).Draw(h.r, "move"))
	basis := exchange.Ticks(rapid.IntRange(-40, 40).Draw(h.r, "basis"))
	for _, id := range []exchange.InstrumentID{h.spot, h.perp} {
		b, mid := h.desk.books[id], h.mid
		if id == h.perp {
			mid += basis
		}
		b.Apply(&exchange.Event{Kind: exchange.KindSnapshot, Time: h.now, LastID: b.LastID() + 1, PrevID: -1,
			Bids: []exchange.Level{{Price: mid, Qty: 100000}}, Asks: []exchange.Level{{Price: mid + 1, Qty: 100000}}})
	}
	if !h.m.Pair.State.Done() && h.m.Watching() {
		h.step()
	}
}

// answer gives one live order a word, in its favour or not. A resting order may
// be left in the book with a part of it filled.
func (h *hostile) answer(kind func(*exchange.Order) int) bool {
	for _, o := range h.orders {
		if !h.live(o) {
			continue
		}
		left := o.Qty - o.Filled
		if o.ReduceOnly { // a liquidation may have left less
			left = min(left, -h.m.Pair.PerpQty)
		}
		switch answer := kind(o); {
		case answer == 2 || left == 0:
			h.finish(o.ID, exchange.StatusRejected)
		case answer == 0 && left == o.Qty-o.Filled:
			h.fill(o.ID, left, 0)
		default:
			h.fill(o.ID, exchange.Lots(rapid.Int64Range(1, int64(left)).Draw(h.r, "part")), 0)
			if h.live(o) && (o.TIF != exchange.PostOnly || o.Canceled) {
				h.finish(o.ID, exchange.StatusExpired)
			}
		}
		return true
	}
	return false
}

func (h *hostile) act() {
	switch rapid.IntRange(0, 11).Draw(h.r, "act") {
	case 0, 1:
		h.books()
	case 2, 3, 4, 5, 6:
		h.answer(func(*exchange.Order) int { return rapid.IntRange(0, 2).Draw(h.r, "answer") })
	case 7, 8:
		h.wait(exchange.Time(rapid.Int64Range(1, int64(20*exchange.Second)).Draw(h.r, "wait")))
	case 9:
		if h.m.Pair.PerpQty < 0 && rapid.IntRange(0, 9).Draw(h.r, "rare") == 0 {
			h.foreign = true
			h.liquidate(exchange.Lots(rapid.Int64Range(1, int64(-h.m.Pair.PerpQty)).Draw(h.r, "liquidated")), h.mid)
		}
	case 10:
		if rapid.IntRange(0, 4).Draw(h.r, "rare") == 0 {
			h.foreign = true // what a crash leaves is not measured
			h.restart(rapid.Bool().Draw(h.r, "outlived"))
		}
	case 11:
		if !h.m.Pair.State.Done() && h.m.Pair.State != intent.PairClosing && rapid.IntRange(0, 4).Draw(h.r, "rare") == 0 {
			c := intent.CloseRequest{Pair: 1, Style: intent.Style(rapid.IntRange(0, 1).Draw(h.r, "close"))}
			c.Notional = dec(rapid.SampledFrom([]string{"0", "0", "150", "1000"}).Draw(h.r, "part"))
			_ = h.m.StartClose(h, c)
			h.step()
		}
	}
}

// settle is a venue that takes everything, for as long as it takes.
func (h *hostile) settle() {
	for range 400 {
		h.books()
		h.wait(exchange.Minute)
		for h.answer(func(*exchange.Order) int { return 0 }) {
		}
		if s := h.m.Pair.State; s.Done() || (s == intent.PairOpen && !h.m.Busy()) {
			return
		}
	}
	h.r.Fatalf("after hours with a willing venue the pair is %s, spot %s, perp %d (%s)", h.m.Pair.State, h.m.Pair.SpotQty, h.m.Pair.PerpQty, h.m.Pair.Reason)
}

// Whatever happened, a pair that is left alone with a venue that works ends
// hedged, and flat once it is asked to; and it was never more naked than allowed.
func TestAnyStoryEndsHedgedOrFlat(t *testing.T) {
	u := markets(t)
	rapid.Check(t, func(r *rapid.T) {
		h := &hostile{desk: newDesk(t, "ABC"), r: r, mid: 10000}
		h.u = u
		req := intent.PairRequest{Spot: h.spot, Perp: h.perp, Level: 1,
			Notional:    dec(rapid.SampledFrom([]string{"20", "200", "1000", "5000"}).Draw(r, "notional")),
			Batch:       dec(rapid.SampledFrom([]string{"0", "7", "150", "600"}).Draw(r, "batch")),
			MaxUnhedged: dec(rapid.SampledFrom([]string{"100", "600"}).Draw(r, "max_unhedged")),
			Timeout:     exchange.Minute}
		req.Batch = decimal.Min(req.Batch, req.MaxUnhedged)
		if rapid.Bool().Draw(r, "maker") {
			req.Style, req.MakerLeg = intent.Maker, rapid.SampledFrom([]intent.Leg{intent.AutoLeg, intent.SpotLeg, intent.PerpLeg}).Draw(r, "leg")
			req.MakerTime = rapid.SampledFrom([]exchange.Time{0, 5 * exchange.Second, exchange.Minute}).Draw(r, "maker_time")
		}
		if rapid.Bool().Draw(r, "picky") {
			v := 0.001
			req.MinBasis = &v
		}
		m, err := checkedMachine(req, h)
		if err != nil {
			t.Fatal(err)
		}
		h.m = m
		h.books()
		for range rapid.IntRange(1, 60).Draw(r, "length") {
			h.act()
		}
		h.settle()
		h.hedged()
		// A slice is sized at the prices of its moment: 60 ticks of 0.6 % may come
		// between that and the fill.
		if most := req.MaxUnhedged.Mul(dec("1.02")); !h.foreign && h.m.Pair.MaxUnhedged.GreaterThan(most) {
			r.Fatalf("%s were unhedged, allowed are %s", h.m.Pair.MaxUnhedged, req.MaxUnhedged)
		}
		if h.m.Pair.State == intent.PairOpen {
			if err := h.m.StartClose(h, intent.CloseRequest{Pair: 1}); err != nil {
				r.Fatal(err)
			}
			h.step()
			h.settle()
		}
		if !h.m.Pair.State.Done() {
			r.Fatalf("asked to close, it is %s", h.m.Pair.State)
		}
		h.hedged()
	})
}

// hedged allows what no order could mend: a lot, or coins below the venue's
// smallest order, whose value has moved since.
func (h *hostile) hedged() {
	res, in := h.m.Residual(h), h.desk.u.Get(h.spot)
	if h.m.Pair.State.Done() && h.m.Pair.PerpQty != 0 {
		h.r.Fatalf("%s with a short of %d", h.m.Pair.State, h.m.Pair.PerpQty)
	}
	worth := in.PriceDecimal(h.mid).Mul(res)
	if res.Abs().GreaterThan(h.m.balancer.tolerance(h)) && (res.IsNegative() || worth.GreaterThan(in.MinNotional.Mul(dec("1.1")))) {
		h.r.Fatalf("%s and unhedged by %s, worth %s", h.m.Pair.State, res, worth)
	}
}
