package conditional

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/goldentest"
	"github.com/perilune/perilune/exchange/intent"
)

// TestScenarios plays testdata/*.txt: what a group sends because of prices, fills and time.
// See testdata/README.
func TestScenarios(t *testing.T) {
	goldentest.Play(t, "testdata/*.txt", func(s *goldentest.Scenario) goldentest.Player {
		d := newDesk(t, "usdm:ABCUSDT")
		return &player{Scenario: s, desk: d, began: d.now}
	})
}

type player struct {
	*goldentest.Scenario
	*desk
	g     *Group
	began exchange.Time
	told  int // changes
	sent  int // orders
	back  int // cancels
}

// Command carries out a line, and then tells what came of it.
func (p *player) Command(w []string) {
	switch w[0] {
	case "on":
		d := newDesk(p.t, w[1])
		p.desk = d
	case "position":
		p.own, p.coins = p.qty(w[1]), p.Decimal(w[1])
	case "wait":
		p.now += p.Duration(w[1])
		p.g.Step(p)
	case "price":
		p.see(p.g, exchange.E8FromDecimal(p.Decimal(w[1])))
	case "fill": // fill 101 3 at 99.5
		p.fill(p.g, p.order(p.id(w[1])), p.qty(w[2]), p.tick(w[4]))
	case "canceled", "expired":
		p.done(p.g, p.order(p.id(w[1])), map[string]exchange.OrderStatus{"canceled": exchange.StatusCanceled, "expired": exchange.StatusExpired}[w[0]], "")
	case "rejected":
		p.done(p.g, p.order(p.id(w[1])), exchange.StatusRejected, strings.Join(w[2:], " "))
	case "late": // the cancel came too late
		p.g.CancelRefused(p, p.order(p.id(w[1])))
	case "cancel":
		p.g.Cancel(p, p.id(w[1]), "by the strategy")
	case "amend": // amend 1 price 99 qty 5
		p.amend(w[1:])
	case "gate":
		if p.no = nil; w[1] == "shut" {
			p.no = errGate
		}
	case "pause":
		p.idle = true
		p.g.Disarm(p, "its strategy is paused")
	case "end":
		p.g.Pause(p, false)
	case "resume":
		p.g = Resume(p.g.Orders(), p.now)
	case "kill": // what comes next knows of the group what was told of it
		p.kill()
	default:
		p.begin(w)
	}
	p.tell()
}

func (p *player) kill() {
	known := p.g.Orders()
	for i := range known {
		for _, c := range p.changes {
			if c.ID == known[i].ID {
				known[i] = c
			}
		}
	}
	p.g = Resume(known, p.now)
	for _, o := range p.live() {
		p.g.Adopt(o, o.Parent)
	}
}

// begin: stop sell 5 at 95 | bracket buy 5 at 100 profit 110 stop 95 | oco sell 5 profit 110
// stop 95 | trail sell 5 by 2 from 103 | limit buy 5 at 100 show 2 for 1h. A profit with "at"
// rests at the venue: "profit at 110".
func (p *player) begin(w []string) {
	r := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: p.in.ID, Side: p.Side(w[1]), Qty: p.qty(w[2]), TIF: exchange.GTC}
	g := intent.ConditionalGroup{}
	leg := func(kind intent.ConditionalKind) *intent.ConditionalRequest {
		g.Legs = append(g.Legs, intent.ConditionalRequest{Kind: kind, Instrument: p.in.ID, Side: r.Side, Qty: r.Qty, TIF: exchange.IOC, ReduceOnly: p.in.Perp()})
		return &g.Legs[len(g.Legs)-1]
	}
	one := &r
	switch w[0] {
	case "bracket":
		entry := r
		g.Entry, one = &entry, &entry
		r.Side, r.Qty = r.Side.Opposite(), 0
	case "stop":
		one = leg(intent.Stop)
	case "trail":
		one = leg(intent.TrailingStop)
	case "oco":
		one = nil
	case "limit":
	default:
		p.Unknown(w[0])
	}
	for w = w[3:]; len(w) > 1; w = w[2:] {
		switch w[0] {
		case "at":
			if one.Price = p.tick(w[1]); one.Kind == intent.Stop {
				one.Trigger, one.Price = exchange.E8FromDecimal(p.Decimal(w[1])), 0
			}
		case "limit":
			one.Price, one.TIF = p.tick(w[1]), exchange.GTC
		case "by":
			one.Trail = exchange.E8FromDecimal(p.Decimal(w[1]))
		case "from":
			one.Activation = exchange.E8FromDecimal(p.Decimal(w[1]))
		case "show":
			one.Display = p.qty(w[1])
		case "for":
			one.Expires = p.now + p.Duration(w[1])
		case "profit":
			leg(intent.TakeProfit).Trigger = exchange.E8FromDecimal(p.Decimal(w[1]))
		case "rest":
			l := leg(intent.PlainOrder)
			l.Price, l.TIF = p.tick(w[1]), exchange.GTC
		case "stop":
			leg(intent.Stop).Trigger = exchange.E8FromDecimal(p.Decimal(w[1]))
		default:
			p.Unknown(w[0])
		}
	}
	if len(g.Legs) == 0 {
		g.Legs = append(g.Legs, r)
		g.Legs[0] = *one
	}
	p.g = New([]exchange.OrderID{1, 2, 3}[:len(g.Legs)+entries(&g)], 0, &g, p.now)
	p.g.Begin(p)
}

func entries(g *intent.ConditionalGroup) int {
	if g.Entry != nil {
		return 1
	}
	return 0
}

func (p *player) amend(w []string) {
	var ch intent.ConditionalChange
	for i := 1; i+1 < len(w); i += 2 {
		switch w[i] {
		case "price":
			ch.Price = p.tick(w[i+1])
		case "qty":
			ch.Qty = p.qty(w[i+1])
		case "trigger":
			ch.Trigger = exchange.E8FromDecimal(p.Decimal(w[i+1]))
		}
	}
	p.g.Amend(p, p.id(w[0]), ch)
}

// tell says what is new: cancels, orders, and how those that are held stand.
func (p *player) tell() {
	for ; p.back < len(p.canceled); p.back++ {
		p.say("cancel %d", p.canceled[p.back])
	}
	for ; p.sent < len(p.orders); p.sent++ {
		o := p.orders[p.sent]
		price := "at the market"
		if o.Price != 0 {
			price = "at " + p.in.PriceDecimal(o.Price).String()
		}
		p.say("send %d for %d: %s %s %s", o.ID, o.Parent, o.Side, p.in.QtyDecimal(o.Qty), price)
	}
	for ; p.told < len(p.changes); p.told++ {
		p.say("%s", p.changes[p.told].Describe(p.in))
	}
	for ; p.loud > 0; p.loud-- {
		p.say("ALOUD: it could not be sent")
	}
}

func (p *player) say(format string, a ...any) { p.Say(p.now-p.began, format, a...) }

func (p *player) id(s string) exchange.OrderID { return exchange.OrderID(p.Number(s)) }

func (p *player) qty(s string) exchange.Lots {
	n, ok := p.in.Lot.Exact(p.Decimal(s))
	if !ok {
		p.Fatalf("%s: want whole lots of %s", s, p.in.QtyDecimal(1))
	}
	return exchange.Lots(n)
}

func (p *player) tick(s string) exchange.Ticks {
	n, ok := p.in.Tick.Exact(p.Decimal(s))
	if !ok {
		p.Fatalf("%s: want whole ticks of %s", s, p.in.PriceDecimal(1))
	}
	return exchange.Ticks(n)
}
