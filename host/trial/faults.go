package trial

import (
	"cmp"
	"maps"
	"slices"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
)

// faults stands between a session's loop and its paper venue: it has the coming orders go wrong
// as a test says, each once, and passes everything else.
type faults struct {
	exchange.Simulated
	planned []fault
	said    []word // of its own, in order of time
	lost    map[exchange.OrderID]*lost
	capped  map[exchange.OrderID]*capped
	late    map[exchange.OrderID]exchange.Time // how much later they reach the venue
}

// fault is what is to happen to the next order of an instrument, or of any.
type fault struct {
	kind   string
	symbol exchange.InstrumentID // NoInstrument: any
	side   exchange.Side         // 0: either
	reason string
	part   float64 // of an order that fills in part
	delay  exchange.Time
}

type word struct {
	at exchange.Time
	ev exchange.Event
}

// lost is an order whose answers are lost for now.
type lost struct {
	order   exchange.Order
	answers []exchange.Event
}

// capped is an order of which the venue has a part, and the rest is with nobody.
type capped struct {
	order  exchange.Order
	sent   exchange.Lots // the part
	filled exchange.Lots
	over   bool
}

// alone reports that the venue is done with its part: what becomes of the rest is ours to say.
func (c *capped) alone() bool { return c.filled == c.sent && !c.over }

func (x *faults) around(v exchange.Simulated) exchange.Simulated {
	x.Simulated = v
	x.forget()
	return x
}

// forget drops what is under way: another session begins.
func (x *faults) forget() {
	*x = faults{Simulated: x.Simulated, lost: map[exchange.OrderID]*lost{}, capped: map[exchange.OrderID]*capped{}, late: map[exchange.OrderID]exchange.Time{}}
}

// take is what was planned for an order.
func (x *faults) take(o *exchange.Order) (fault, bool) {
	for i, p := range x.planned {
		if (p.symbol == exchange.NoInstrument || p.symbol == o.Instrument) && (p.side == 0 || p.side == o.Side) {
			x.planned = slices.Delete(x.planned, i, i+1)
			return p, true
		}
	}
	return fault{}, false
}

// Submit implements exchange.Execution.
func (x *faults) Submit(o *exchange.Order, now exchange.Time) {
	p, planned := x.take(o)
	if !planned {
		x.Simulated.Submit(o, now)
		return
	}
	switch p.kind {
	case "reject":
		x.say(now, update(o, exchange.StatusRejected, 0, p.reason))
	case "delay":
		x.late[o.ID] = p.delay
		x.Simulated.Submit(o, now)
	case "lose":
		x.lost[o.ID] = &lost{order: *o}
		x.Simulated.Submit(o, now)
		x.say(now, update(o, exchange.StatusUnknown, 0, "the answer was lost"))
	case "partial":
		sent := *o
		if sent.Qty = exchange.Lots(float64(o.Qty) * p.part); sent.Qty < 1 {
			sent.Qty = 1
		}
		x.capped[o.ID] = &capped{order: *o, sent: sent.Qty}
		x.Simulated.Submit(&sent, now)
	}
}

// Cancel implements exchange.Execution.
func (x *faults) Cancel(id exchange.OrderID, now exchange.Time) {
	if c := x.capped[id]; c != nil && c.alone() {
		c.over = true
		x.say(now, update(&c.order, exchange.StatusCanceled, c.filled, ""))
		return
	}
	x.Simulated.Cancel(id, now)
}

// NextTime implements exchange.Simulated.
func (x *faults) NextTime() (exchange.Time, bool) {
	t, ok := x.Simulated.NextTime()
	if len(x.said) > 0 && (!ok || x.said[0].at <= t) {
		return x.said[0].at, true
	}
	return t, ok
}

// Pop implements exchange.Simulated.
func (x *faults) Pop(ev *exchange.Event) {
	if t, ok := x.Simulated.NextTime(); len(x.said) == 0 || ok && t < x.said[0].at {
		x.Simulated.Pop(ev)
		x.heard(ev)
		return
	}
	next := x.said[0]
	x.said = x.said[1:]
	*ev = next.ev
	ev.Time = next.at
}

// heard changes what the venue says where it must not be heard as it is.
func (x *faults) heard(ev *exchange.Event) {
	var id exchange.OrderID
	switch ev.Kind {
	case exchange.KindOrder:
		id = ev.Update.ID
	case exchange.KindFill:
		id = ev.Fill.Order
	default:
		return
	}
	if l := x.lost[id]; l != nil {
		kept := *ev
		l.answers = append(l.answers, kept)
		*ev = exchange.Event{Kind: exchange.KindOrder, Instrument: kept.Instrument, Time: kept.Time,
			Update: exchange.OrderUpdate{ID: id, Status: exchange.StatusUnknown, Reason: "the answer was lost"}}
		return
	}
	c := x.capped[id]
	if c == nil || ev.Kind != exchange.KindFill {
		return
	}
	c.filled += ev.Fill.Qty
	if c.order.Rests() || !c.alone() {
		return
	}
	c.over = true
	x.say(ev.Time, update(&c.order, exchange.StatusExpired, c.filled, cmp.Or(ev.Reason, "filled in part")))
}

// latency is a venue's, with what a test adds to that of an order.
type latency struct {
	paper.Latency
	of *faults
}

// Delay implements paper.LatencyModel.
func (l latency) Delay(seed, id uint64, d paper.Direction) exchange.Time {
	delay := l.Latency.Delay(seed, id, d)
	if d == paper.ToVenue {
		delay += l.of.late[exchange.OrderID(id)]
	}
	return delay
}

// answer lets everything be heard that was lost.
func (x *faults) answer(now exchange.Time) {
	for _, id := range slices.Sorted(maps.Keys(x.lost)) {
		l := x.lost[id]
		filled, open := exchange.Lots(0), true
		for _, ev := range l.answers {
			if ev.Kind == exchange.KindFill {
				filled += ev.Fill.Qty
			} else {
				open = !ev.Update.Status.Terminal()
			}
			x.say(now, ev)
		}
		if open && filled == l.order.Qty {
			x.say(now, update(&l.order, exchange.StatusFilled, filled, "")) // a venue that is asked says so
		}
		delete(x.lost, id)
	}
}

func (x *faults) say(at exchange.Time, ev exchange.Event) {
	i := len(x.said)
	for i > 0 && x.said[i-1].at > at {
		i--
	}
	x.said = slices.Insert(x.said, i, word{at, ev})
}

func update(o *exchange.Order, status exchange.OrderStatus, filled exchange.Lots, reason string) exchange.Event {
	return exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument,
		Update: exchange.OrderUpdate{ID: o.ID, Status: status, Filled: filled, Reason: reason}}
}

// mostPlanned bounds the faults that wait for an order.
const mostPlanned = 10_000

// plan makes a function that has the next orders go wrong in a way.
func (f *runner) plan(kind string) func(*bindings.Runtime) int {
	return func(rt *bindings.Runtime) int {
		p := rt.Fields(1, &faultType)
		one := fault{kind: kind, symbol: exchange.NoInstrument, part: 0.5, delay: exchange.Second, reason: "refused, as the test wants it"}
		if p.Has("reason") {
			one.reason = p.Get("reason").Text()
		}
		if p.Has("part") {
			if one.part = p.Get("part").Finite(); !(one.part > 0 && one.part < 1) {
				p.Get("part").Fail("want a part between 0 and 1, got %v", one.part)
			}
		}
		if p.Has("delay") {
			one.delay = p.Get("delay").Duration()
		}
		if p.Has("side") {
			one.side = p.Get("side").Side()
		}
		n := p.Get("count").IntOr(1, 1, 1000)
		expect := func(s *session) {
			if len(s.faults.planned)+n > mostPlanned {
				rt.Raise("more than %d orders are planned to go wrong", mostPlanned)
			}
			s.faults.planned = append(s.faults.planned, slices.Repeat([]fault{one}, n)...)
		}
		if !p.Has("symbol") {
			for _, s := range f.sessions(rt) {
				expect(s)
			}
			return 0
		}
		for _, l := range f.lists(rt, p.Get("symbol")) {
			one.symbol = l.in.ID
			expect(l.s)
		}
		return 0
	}
}

func (f *runner) answer(rt *bindings.Runtime) int {
	for _, s := range f.sessions(rt) {
		s.faults.answer(s.stage.Now())
		must(rt, s.stage.Wake())
	}
	return 0
}

// deleverage closes a part of a position by force, as a venue does to the winning side.
func (f *runner) deleverage(rt *bindings.Runtime) int {
	for _, l := range f.lists(rt, rt.Arg(1)) {
		l.s.stage.Venue().Deleverage(l.in.ID, exchange.Lots(l.in.Lot.Floor(rt.Arg(2).Positive())), l.s.stage.Now())
		must(rt, l.s.stage.Wake())
	}
	return 0
}

// dark tells that a venue can't be reached, or can again.
func (f *runner) dark(rt *bindings.Runtime) int {
	reason := ""
	if !rt.Arg(2).Nil() {
		reason = rt.Arg(2).Text()
	}
	house := rt.Arg(1).String()
	for _, s := range f.sessions(rt) {
		for _, ch := range []exchange.Channel{exchange.ChannelMarket, exchange.ChannelOrders} {
			must(rt, s.stage.Push(exchange.Event{Kind: exchange.KindVenue, Instrument: exchange.NoInstrument, Name: house, Channel: ch, Reason: reason}))
		}
	}
	return 0
}
