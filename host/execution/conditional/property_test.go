package conditional

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// Whatever prices, fills, refusals, lost cancels, restarts and amendments come: the legs sell
// no more than was brought, no leg that a price let go has an order beside another's, the
// position never turns, and everything ends.
func TestRandomGroups(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t, rapid.SampledFrom([]string{"usdm:ABCUSDT", "spot:ABCUSDT"}).Draw(r, "market"))
		g := randomGroup(r, d)
		g.Begin(d)
		for range rapid.IntRange(5, 60).Draw(r, "steps") {
			g = randomStep(r, d, g)
			audit(r, d, g)
		}
		drain(r, d, g)
		if !g.Done() || d.own < 0 {
			r.Fatalf("in the end %d are held: %+v", d.own, g.Orders())
		}
	})
}

// randomGroup is a bracket, or an OCO of a position of 500.
func randomGroup(r *rapid.T, d *desk) *Group {
	leg := func(kind intent.ConditionalKind, trigger exchange.E8, price exchange.Ticks, qty exchange.Lots) intent.ConditionalRequest {
		c := intent.ConditionalRequest{Kind: kind, Instrument: d.in.ID, Side: exchange.Sell, Trigger: trigger, Price: price, Qty: qty, TIF: exchange.IOC, ReduceOnly: d.in.Perp()}
		if price != 0 {
			c.TIF = exchange.GTC
		}
		return c
	}
	qty := exchange.Lots(0)
	var req intent.ConditionalGroup
	if rapid.Bool().Draw(r, "bracket") {
		req.Entry = &intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: d.in.ID, Side: exchange.Buy, Qty: 500, Price: 1000, TIF: exchange.GTC}
	} else {
		qty, d.own, d.coins = 500, 500, d.in.QtyDecimal(500)
	}
	if rapid.Bool().Draw(r, "rests") {
		req.Legs = append(req.Legs, leg(intent.PlainOrder, 0, 1100, qty))
	} else {
		req.Legs = append(req.Legs, leg(intent.TakeProfit, 110e8, exchange.Ticks(rapid.SampledFrom([]int{0, 1095}).Draw(r, "profit limit")), qty))
	}
	req.Legs = append(req.Legs, leg(intent.Stop, 95e8, exchange.Ticks(rapid.SampledFrom([]int{0, 940}).Draw(r, "stop limit")), qty))
	return New([]exchange.OrderID{1, 2, 3}, 0, &req, d.now)
}

func randomStep(r *rapid.T, d *desk, g *Group) *Group {
	live := d.live()
	switch what := rapid.SampledFrom([]string{"price", "price", "fill", "fill", "cancel answered", "cancel late", "refused", "time", "time", "cancel", "amend", "restart", "recall", "pause"}).Draw(r, "what"); {
	case what == "price":
		d.see(g, exchange.E8(rapid.SampledFrom([]int{90, 94, 97, 100, 103, 111}).Draw(r, "price"))*1e8)
	case what == "time":
		d.now += exchange.Time(rapid.SampledFrom([]int{1, 10, 300}).Draw(r, "tenths")) * exchange.Second / 10
		g.Step(d)
	case what == "cancel":
		g.Cancel(d, exchange.OrderID(rapid.IntRange(1, 3).Draw(r, "id")), "by the strategy")
	case what == "amend":
		g.Amend(d, 1, intent.ConditionalChange{Price: exchange.Ticks(rapid.IntRange(990, 1010).Draw(r, "limit"))})
	case what == "recall":
		g.Recall(d, "for a moment")
	case what == "pause":
		g.Disarm(d, "paused")
	case what == "restart":
		g = restart(d, g)
	case len(live) == 0:
	default:
		o := rapid.SampledFrom(live).Draw(r, "order")
		switch {
		case what == "fill":
			d.fill(g, o, exchange.Lots(rapid.IntRange(1, 500).Draw(r, "lots")), max(o.Price, 1000))
		case what == "cancel answered" && o.Canceled:
			d.done(g, o, exchange.StatusCanceled, "")
		case what == "cancel late" && o.Canceled:
			g.CancelRefused(d, o)
		case what == "refused" && o.Filled == 0:
			d.done(g, o, exchange.StatusRejected, "no")
		}
	}
	return g
}

// restart has another process go on with what was kept, and with what is at the venue.
func restart(d *desk, g *Group) *Group {
	saved := g.Orders()
	next := Resume(saved, d.now)
	for _, o := range d.live() {
		for _, c := range saved {
			if c.Child == o.ID {
				next.Adopt(o, c.ID)
			}
		}
	}
	return next
}

func audit(r *rapid.T, d *desk, g *Group) {
	var sold, asked exchange.Lots
	fired, others := 0, 0
	for _, o := range d.live() {
		c, _ := g.Order(o.Parent)
		if c.Role != intent.LegRole {
			continue
		}
		asked += o.Leaves()
		if c.Triggered != 0 {
			fired++
		} else {
			others++
		}
	}
	for _, c := range g.Orders() {
		if c.Role == intent.LegRole {
			sold += c.Filled
		}
	}
	brought := g.entered(d.in)
	if sold+asked > brought || d.own < 0 {
		r.Fatalf("%d sold and %d at the venue, of %d that were brought; %d are held", sold, asked, brought, d.own)
	}
	if fired > 1 || fired == 1 && others > 0 {
		r.Fatalf("%d orders of legs that went, beside %d of others", fired, others)
	}
}

// drain lets everything come to its end: the venue answers, and the price falls.
func drain(r *rapid.T, d *desk, g *Group) {
	for n := 0; !g.Done(); n++ {
		if n > 200 {
			r.Fatalf("it does not end: %s", fmt.Sprintf("%+v, at the venue %d", g.Orders(), len(d.live())))
		}
		d.now += 31 * exchange.Second
		g.Step(d)
		for _, o := range d.live() {
			c, _ := g.Order(o.Parent)
			switch {
			case o.Canceled:
				d.done(g, o, exchange.StatusCanceled, "")
			case c.Role == intent.EntryRole:
				g.Cancel(d, c.ID, "over")
			default:
				d.fill(g, o, o.Leaves(), max(o.Price, 900))
			}
		}
		d.see(g, 90e8)
		if n == 100 {
			g.CancelAll(d, "over")
		}
	}
}
