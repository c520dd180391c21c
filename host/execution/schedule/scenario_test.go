package schedule

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/goldentest"
	"github.com/perilune/perilune/exchange/intent"
)

// TestScenarios plays testdata/*.txt: what a schedule sends because of fills and time.
// See testdata/README.
func TestScenarios(t *testing.T) {
	goldentest.Play(t, "testdata/*.txt", func(s *goldentest.Scenario) goldentest.Player {
		d := newDesk(t, "spot:ABCUSDT")
		return &player{Scenario: s, desk: d, began: d.now, told: map[exchange.OrderID]string{}}
	})
}

type player struct {
	*goldentest.Scenario
	*desk
	began exchange.Time
	told  map[exchange.OrderID]string // how an order was last shown
}

func (p *player) say(format string, a ...any) { p.Say(p.now-p.began, format, a...) }

// Command carries out a line, and then tells what is new about the machine's orders.
func (p *player) Command(w []string) {
	p.command(w)
	p.orders()
}

// orders tells what is new about the machine's orders.
func (p *player) orders() {
	for _, o := range p.desk.orders {
		text := fmt.Sprintf("send %d: %s %s at %s, %s", o.ID, o.Side, p.in.QtyDecimal(o.Qty), p.in.PriceDecimal(o.Price),
			map[bool]string{true: "resting", false: "taking"}[o.TIF == exchange.PostOnly])
		if o.Canceled {
			text = fmt.Sprintf("cancel %d", o.ID)
		}
		if p.told[o.ID] != text && !o.Status.Terminal() {
			p.told[o.ID] = text
			p.say("%s", text)
		}
	}
}

func (p *player) qty(s string) exchange.Lots {
	n, ok := p.in.Lot.Exact(p.Decimal(s))
	if !ok {
		p.Fatalf("%s: want whole lots of %s", s, p.in.QtyDecimal(1))
	}
	return exchange.Lots(n)
}

func (p *player) order(s string) *exchange.Order {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > len(p.desk.orders) {
		p.Fatalf("there is no order %s", s)
	}
	return p.desk.orders[n-1]
}

func (p *player) command(w []string) {
	switch w[0] {
	case "start":
		p.begin(w)
	case "trade":
		p.trade(p.qty(w[1]))
	case "depth":
		p.show(p.qty(w[1]))
	case "mid":
		p.mid = exchange.Ticks(p.Decimal(w[1]).IntPart())
		p.show(100000)
	case "wait":
		p.wait(p.Duration(w[1]))
	case "fill":
		o, qty := p.order(w[1]), p.qty(w[2])
		if qty > o.Leaves() {
			p.Fatalf("order %d has %s left", o.ID, p.in.QtyDecimal(o.Leaves()))
		}
		p.fill(o, qty)
	case "reject":
		p.finish(p.order(w[1]), exchange.StatusRejected)
	case "canceled":
		p.finish(p.order(w[1]), exchange.StatusCanceled)
	case "expire":
		p.finish(p.order(w[1]), exchange.StatusExpired)
	case "pace":
		x := p.Decimal(w[1]).InexactFloat64()
		if err := CheckPace(&p.m.Request, x); err != nil {
			p.say("refused: %v", err)
		} else {
			p.m.Repace(p, x)
		}
	case "past":
		p.learning = w[1] == "asked"
	case "restart":
		p.restart(len(w) > 1)
	case "once":
		s := &p.m.Schedule
		if s.AtOnce == nil {
			p.say("one market order at the start: not known")
			break
		}
		p.say("one market order at the start: %s of %s for %s, %+.2f bp against arrival", p.in.QtyDecimal(s.AtOnce.Qty),
			p.in.QtyDecimal(s.Total), s.AtOnce.Cost, s.SlippageAtOnce(p.in))
		if s.Filled > 0 {
			p.say("the schedule so far: %+.2f bp against arrival", s.SlippageArrival(p.in))
		}
	case "reason":
		p.say("%s: %s", p.m.Schedule.State, p.m.Schedule.Reason)
	case "tell":
		s := &p.m.Schedule
		p.say("%s: %s of %s filled, %s due, %d refused", s.State, p.in.QtyDecimal(s.Filled), p.in.QtyDecimal(s.Total), p.in.QtyDecimal(s.Due), s.Refused)
	default:
		p.Unknown(w[0])
	}
}

func (p *player) begin(w []string) {
	algo := map[string]intent.Algo{"vwap": intent.VWAP, "twap": intent.TWAP, "pov": intent.POV}[w[1]]
	r := intent.ScheduleRequest{Algo: algo, Qty: p.qty(w[2]), Duration: p.Duration(w[3]), Participation: 1, Static: len(w) > 4 && w[4] == "static"}
	if len(w) > 4 && w[4] == "paced" {
		r.Static, r.MinPace, r.MaxPace = true, 0.5, 2
	}
	r.Interval = exchange.Minute
	if err := p.start(r); err != nil {
		p.say("refused: %v", err)
	}
}
