package core

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// keeper is a strategy that does what it is given, once, in its next callback, and keeps what
// it is told.
type keeper struct {
	script
	next func(*Port) error
	told []string
}

func newKeeper() *keeper {
	h := &keeper{}
	h.script = script{name: "s", subs: []string{"*"}, call: func(p *Port, n *Callback) error {
		switch {
		case n.Conditional != nil:
			h.told = append(h.told, fmt.Sprintf("%d %s", n.Conditional.ID, n.Conditional.State))
		case n.Handler == OnOrder:
			h.told = append(h.told, fmt.Sprintf("%d %s of %d", n.Order.ID, n.Order.Status, n.Order.Parent))
		}
		if next := h.next; next != nil {
			h.next = nil
			return next(p)
		}
		return nil
	}}
	return h
}

// desk is a bench whose perpetual has a mark of 60000 and a book around it.
type desk struct {
	*bench
	s *keeper
}

const perp = exchange.InstrumentID(1)

func newDesk(t *testing.T) *desk {
	s := newKeeper()
	d := &desk{newBench(t, s), s}
	d.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart, Instrument: exchange.NoInstrument})
	d.book(perp, 599990, 600010, 100000)
	d.mark("60000")
	return d
}

// do has the strategy ask for something.
func (d *desk) do(f func(*Port) error) []Effect {
	d.t.Helper()
	d.s.next = f
	d.now += exchange.Second
	fx := d.book(perp, 599990, 600010, 100000)
	if d.s.faults() {
		d.t.Fatalf("the callback failed: %+v", d.core.strategies.Faults(0))
	}
	return fx
}

func (h *keeper) faults() bool { return h.next != nil }

func (d *desk) mark(price string) []Effect {
	d.now += exchange.Second
	return d.step(exchange.Event{Kind: exchange.KindMark, Instrument: perp, Mark: exchange.E8FromDecimal(decimal.RequireFromString(price))})
}

// fill has the venue fill a part of an order.
func (d *desk) fill(o *exchange.Order, qty exchange.Lots, price exchange.Ticks) []Effect {
	d.now++
	f := &exchange.Fill{Order: o.ID, TradeID: fmt.Sprint(d.core.Seq()), Instrument: o.Instrument, Side: o.Side, Price: price, Qty: qty}
	return d.step(exchange.Event{Kind: exchange.KindFill, Instrument: o.Instrument, Fill: f})
}

// says has the venue say how an order stands.
func (d *desk) says(o *exchange.Order, s exchange.OrderStatus, filled exchange.Lots, why string) []Effect {
	d.now++
	return d.step(exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Update: exchange.OrderUpdate{ID: o.ID, Status: s, Filled: filled, Reason: why}})
}

// nextSent lets time pass from timer to timer until an order is sent.
func (d *desk) nextSent() *exchange.Order {
	d.t.Helper()
	for range 10 {
		at, ok := d.core.NextTimer()
		if !ok {
			break
		}
		d.now = at
		if list := bodies[Submit](d.step(exchange.Event{Kind: exchange.KindTimer})); len(list) > 0 {
			return list[0].Order
		}
	}
	d.t.Fatal("nothing is sent any more")
	return nil
}

// sent is the only order that the last step sent.
func sent(t testing.TB, fx []Effect) *exchange.Order {
	t.Helper()
	list := bodies[Submit](fx)
	if len(list) != 1 {
		t.Fatalf("%d orders were sent, want 1: %s", len(list), told(fx))
	}
	return list[0].Order
}

// told are effects in words.
func told(fx []Effect) string {
	var out []string
	for _, c := range bodies[ConditionalChanged](fx) {
		out = append(out, fmt.Sprintf("%d %s: %s", c.ID, c.State, c.Reason))
	}
	return strings.Join(out, "\n") + logged(fx)
}

func logged(fx []Effect) string {
	var out []string
	for _, l := range bodies[*LogLine](fx) {
		out = append(out, l.Text)
	}
	return strings.Join(out, "\n")
}

// long has the strategy buy, at the market.
func (d *desk) long(qty exchange.Lots) {
	d.t.Helper()
	o := sent(d.t, d.do(func(p *Port) error {
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Buy, Type: exchange.MarketOrder, TIF: exchange.IOC, Qty: qty})
		return nil
	}))
	d.fill(o, qty, 600010)
}

func e8(price string) exchange.E8 { return exchange.E8FromDecimal(decimal.RequireFromString(price)) }

func stopAt(price string, qty exchange.Lots) intent.ConditionalRequest {
	return intent.ConditionalRequest{Kind: intent.Stop, Instrument: perp, Side: exchange.Sell, Qty: qty, TIF: exchange.IOC, ReduceOnly: true, Trigger: e8(price)}
}

func (d *desk) hold(g intent.ConditionalGroup) (ids []exchange.OrderID) {
	d.t.Helper()
	d.do(func(p *Port) (err error) {
		ids, err = p.Hold(g)
		if err != nil {
			d.t.Fatal(err)
		}
		return err
	})
	return ids
}

func (d *desk) state(id exchange.OrderID) intent.ConditionalState {
	c, _ := d.core.conditionals.find(id)
	return c.State
}

// A gap through the trigger sells once, what is held, at the market, and only to reduce.
func TestAStopGoesOnceThroughAGap(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	id := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("59000", 500)}})[0]
	if fx := d.mark("59000.1"); len(bodies[Submit](fx)) != 0 || d.state(id) != intent.ConditionalHeld {
		t.Fatalf("above its trigger it is %s", d.state(id))
	}
	o := sent(t, d.mark("50000"))
	if o.Side != exchange.Sell || o.Qty != 500 || o.Type != exchange.MarketOrder || !o.ReduceOnly || o.Parent != id {
		t.Errorf("sent %+v", o)
	}
	if fx := d.mark("49000"); len(bodies[Submit](fx)) != 0 {
		t.Error("it was sent twice")
	}
	d.fill(o, 500, 499990)
	if d.state(id) != intent.ConditionalFilled {
		t.Errorf("it is %s", d.state(id))
	}
	if want := "2 held|2 triggered|2 working|2 working|2 filled|3 filled of 2"; !strings.Contains(strings.Join(d.s.told, "|"), "2 held|2 triggered|2 working") {
		t.Errorf("told %v, want %s", d.s.told, want)
	}
}

// A stop that the venue refuses is tried again, said aloud at the fifth time, and goes on.
func TestAStopThatCannotBeSentIsSaidAloud(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	id := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("59000", 500)}})[0]
	o := sent(t, d.mark("58000"))
	var loud int
	for n := 1; n <= 6; n++ {
		fx := d.says(o, exchange.StatusRejected, 0, "margin is insufficient")
		loud += len(bodies[*Notified](fx))
		if (n == 5) != (len(bodies[*Notified](fx)) == 1) {
			t.Fatalf("after refusal %d: %d notices", n, len(bodies[*Notified](fx)))
		}
		o = d.nextSent()
	}
	d.fill(o, 500, 580000)
	if d.state(id) != intent.ConditionalFilled || loud != 1 {
		t.Errorf("it is %s, after %d notices", d.state(id), loud)
	}
}

// The legs of a bracket are as large as what its entry filled, also when that is canceled
// half filled, and what one leg fills is not the other's.
func TestABracketIsAsLargeAsItsEntry(t *testing.T) {
	d := newDesk(t)
	tp := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: perp, Side: exchange.Sell, Price: 620000, TIF: exchange.GTC, ReduceOnly: true}
	entry := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: perp, Side: exchange.Buy, Qty: 500, Price: 599000, TIF: exchange.GTC}
	var ids []exchange.OrderID
	buy := sent(t, d.do(func(p *Port) (err error) {
		ids, err = p.Hold(intent.ConditionalGroup{Entry: &entry, Legs: []intent.ConditionalRequest{tp, stopAt("59000", 0)}})
		return err
	}))
	if d.state(ids[1]) != intent.ConditionalWaiting || d.state(ids[2]) != intent.ConditionalWaiting {
		t.Fatalf("before the entry fills the legs are %s and %s", d.state(ids[1]), d.state(ids[2]))
	}
	profit := sent(t, d.fill(buy, 200, 599000))
	if profit.Qty != 200 || profit.Price != 620000 {
		t.Fatalf("the take-profit is %+v", profit)
	}
	d.do(func(p *Port) error { p.Cancel(ids[0]); return nil })
	d.says(buy, exchange.StatusCanceled, 200, "")
	d.fill(profit, 50, 620000)
	fx := d.mark("58000")
	if cancels := bodies[Cancel](fx); len(cancels) != 1 || cancels[0].Order.ID != profit.ID || len(bodies[Submit](fx)) != 0 {
		t.Fatalf("the take-profit has to end first: %d cancels, %d orders", len(cancels), len(bodies[Submit](fx)))
	}
	d.fill(profit, 25, 620000) // before the venue heard of it
	stop := sent(t, d.says(profit, exchange.StatusCanceled, 75, ""))
	if stop.Qty != 125 || stop.Parent != ids[2] {
		t.Fatalf("the stop sells %d, want 125", stop.Qty)
	}
	d.fill(stop, 125, 580000)
	if own := d.core.conditionals.Own(0, perp); own != 0 {
		t.Errorf("the strategy holds %d", own)
	}
	for i, want := range []intent.ConditionalState{intent.ConditionalCanceled, intent.ConditionalFilled, intent.ConditionalFilled} {
		if i != 1 && d.state(ids[i]) != want {
			t.Errorf("order %d is %s, want %s", ids[i], d.state(ids[i]), want)
		}
	}
	if len(d.core.conditionals.live()) != 0 {
		t.Errorf("left: %+v", d.core.conditionals.live())
	}
}

// A trailing stop follows the best price and no other.
func TestATrailingStopFollowsTheBestPrice(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	r := stopAt("0", 500)
	r.Kind, r.Trail, r.Activation = intent.TrailingStop, e8("1000"), e8("60500")
	id := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{r}})[0]
	for _, price := range []string{"59000", "60600", "61500", "60501", "62000", "61000.1"} {
		if fx := d.mark(price); len(bodies[Submit](fx)) != 0 {
			t.Fatalf("it went at %s", price)
		}
	}
	if c, _ := d.core.conditionals.find(id); c.Stop != e8("61000") || c.Reference != e8("62000") {
		t.Errorf("it stands at %s behind %s", c.Stop.Decimal(), c.Reference.Decimal())
	}
	sent(t, d.mark("61000"))
}

// A pause of its strategy, the kill latch and a reload leave a stop watched; an entry that
// is held is canceled by the pause.
func TestAStopOutlivesItsStrategy(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	up := intent.ConditionalRequest{Kind: intent.Stop, Instrument: perp, Side: exchange.Buy, Qty: 100, TIF: exchange.IOC, Trigger: e8("61000")}
	stop := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("59000", 500)}})[0]
	entry := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{up}})[0]
	ev, err := Instruction{Strategy: "s"}.Event(CommandPause)
	if err != nil {
		t.Fatal(err)
	}
	d.step(*ev)
	if d.state(entry) != intent.ConditionalCanceled || d.state(stop) != intent.ConditionalHeld {
		t.Fatalf("paused: the entry is %s, the stop %s", d.state(entry), d.state(stop))
	}
	d.step(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandHalt, Reason: "test"})
	if o := sent(t, d.mark("58000")); o.Parent != stop {
		t.Errorf("sent %+v", o)
	}
}

// What a session leaves is held again by the next one, and goes at once when the price went
// through it meanwhile.
func TestAStopIsTakenUpAgain(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	id := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("59000", 500)}})[0]
	d.step(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandStop})
	if fx := d.mark("58000"); len(bodies[Submit](fx)) != 0 {
		t.Fatal("it went while the session ended")
	}
	fx := d.step(exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: CommandEnd})
	if text := logged(fx); !strings.Contains(text, "1 stop") || !strings.Contains(text, "do nothing while nothing runs") {
		t.Errorf("the end says %q", text)
	}
	fill := exchange.Fill{Instrument: perp, Side: exchange.Buy, Price: 600010, Qty: 500, TradeID: "x"}
	c, err := New(Config{Universe: universe(t), Restore: &Restore{Time: d.now, LastOrder: id, Conditionals: d.core.conditionals.live(), Fills: []RestoredFill{{Fill: fill, Time: d.now}}}},
		[]Strategy{newKeeper()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	d.core = c
	d.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart, Instrument: exchange.NoInstrument})
	d.book(perp, 579990, 580010, 100000)
	if o := sent(t, d.mark("58000")); o.Parent != id || o.Qty != 500 {
		t.Errorf("sent %+v", o)
	}
}

// An order that is amended never has two at the venue, and is as large as what is left.
func TestAmendWaitsForTheWord(t *testing.T) {
	d := newDesk(t)
	first := sent(t, d.do(func(p *Port) error {
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 599000, Qty: 500})
		return nil
	}))
	var id exchange.OrderID
	fx := d.do(func(p *Port) (err error) {
		id, err = p.Amend(first.ID, intent.ConditionalChange{Price: 599500})
		return err
	})
	if len(bodies[Cancel](fx)) != 1 || len(bodies[Submit](fx)) != 0 || d.state(id) != intent.ConditionalReplacing {
		t.Fatalf("%d cancels, %d orders, it is %s", len(bodies[Cancel](fx)), len(bodies[Submit](fx)), d.state(id))
	}
	d.fill(first, 300, 599000)
	if fx := d.says(first, exchange.StatusUnknown, 300, "timeout"); len(bodies[Submit](fx)) != 0 {
		t.Fatal("a lost answer is no word")
	}
	second := sent(t, d.says(first, exchange.StatusCanceled, 300, ""))
	if second.Qty != 200 || second.Price != 599500 || second.Parent != id {
		t.Errorf("sent %+v", second)
	}
}

// A book of which a side was pulled, or that is not live, has no middle that triggers.
func TestABadTickOfTheBookTriggersNothing(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	r := stopAt("59000", 500)
	r.Source = intent.MidPrice
	d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{r}})
	d.now += exchange.Second
	if fx := d.book(perp, 500000, 600010, 100000); len(bodies[Submit](fx)) != 0 {
		t.Error("a book that is 18 % wide triggered it")
	}
	if fx := d.step(exchange.Event{Kind: exchange.KindGap, Instrument: perp, Reason: "lost"}); len(bodies[Submit](fx)) != 0 {
		t.Error("a gap triggered it")
	}
	d.now += exchange.Second
	sent(t, d.book(perp, 589000, 589010, 100000))
}

// A trigger that the price is through already is refused, with what would be right.
func TestATriggerOnTheWrongSideIsRefused(t *testing.T) {
	d := newDesk(t)
	for text, r := range map[string]intent.ConditionalRequest{
		"a stop to sell triggers below": stopAt("61000", 100),
		"want at most 50":               {Kind: intent.TrailingStop, Instrument: perp, Side: exchange.Sell, Qty: 1, TrailPart: exchange.E8One},
		"it would have expired": func() intent.ConditionalRequest {
			r := stopAt("59000", 100)
			r.Expires = 1
			return r
		}(),
	} {
		d.do(func(p *Port) error {
			if _, err := p.Hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{r}}); err == nil || !strings.Contains(err.Error(), text) {
				t.Errorf("said %v, want %q", err, text)
			}
			return nil
		})
	}
}

// Where the venue makes an order smaller in its place, one that only shrinks keeps its number.
func TestAnOrderShrinksInItsPlace(t *testing.T) {
	d := newDesk(t)
	d.core.cfg.Shrinks = true
	o := sent(t, d.do(func(p *Port) error {
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 599000, Qty: 500})
		return nil
	}))
	var id exchange.OrderID
	fx := d.do(func(p *Port) (err error) {
		id, err = p.Amend(o.ID, intent.ConditionalChange{Qty: 300})
		return err
	})
	if s := bodies[Shrink](fx); id != o.ID || len(s) != 1 || s[0].Qty != 300 || len(bodies[Cancel](fx)) != 0 {
		t.Fatalf("goes on as %d, with %+v", id, s)
	}
	d.fill(o, 100, 599000)
	d.step(exchange.Event{Kind: exchange.KindOrder, Instrument: perp, Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusPartial, Filled: 100, Qty: 300}})
	now, _ := d.core.orders.get(o.ID)
	if now.Qty != 300 || now.Leaves() != 200 {
		t.Errorf("it is %+v", now)
	}
	d.fill(o, 200, 599000)
	if now.Status != exchange.StatusFilled {
		t.Errorf("it is %s", now.Status)
	}
}

// A position is closed once the strategy's other orders have ended, held ones too; a target
// counts what is under way, and no take-profit that rests.
func TestCloseAndTarget(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	stop := d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("59000", 500)}})[0]
	tp := sent(t, d.do(func(p *Port) error {
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Sell, Type: exchange.Limit, TIF: exchange.GTC, Price: 620000, Qty: 500, ReduceOnly: true})
		return nil
	}))
	d.do(func(p *Port) error {
		if at := p.Heading(perp); at != 500 {
			t.Errorf("it goes to %d", at)
		}
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 590000, Qty: 100})
		if at := p.Heading(perp); at != 600 {
			t.Errorf("with an order to buy 100 it goes to %d", at)
		}
		return nil
	})
	var id exchange.OrderID
	fx := d.do(func(p *Port) (err error) { id, err = p.CloseOwn(perp); return err })
	if n := len(bodies[Cancel](fx)); n != 2 || len(bodies[Submit](fx)) != 0 || d.state(stop) != intent.ConditionalCanceled {
		t.Fatalf("%d cancels, %d orders, the stop is %s", n, len(bodies[Submit](fx)), d.state(stop))
	}
	d.says(tp, exchange.StatusCanceled, 0, "")
	buy, _ := d.core.orders.get(tp.ID + 1)
	o := sent(t, d.says(buy, exchange.StatusCanceled, 0, ""))
	if o.Parent != id || o.Qty != 500 || o.Side != exchange.Sell || !o.ReduceOnly {
		t.Errorf("sent %+v", o)
	}
	d.fill(o, 500, 599990)
	if d.state(id) != intent.ConditionalFilled || d.core.conditionals.Own(0, perp) != 0 {
		t.Errorf("it is %s", d.state(id))
	}
}

// Who quotes on while its position is closed has it closed all the same.
func TestCloseWaitsForNothingLater(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	quote := func(p *Port) exchange.OrderID {
		return p.Submit(exchange.Order{Instrument: perp, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 590000, Qty: 100})
	}
	first := sent(t, d.do(func(p *Port) error { quote(p); return nil }))
	var id, again exchange.OrderID
	later := sent(t, d.do(func(p *Port) (err error) { id, err = p.CloseOwn(perp); quote(p); return err }))
	if fx := d.do(func(p *Port) (err error) { again, err = p.CloseOwn(perp); return err }); again != id || len(bodies[Cancel](fx)) != 1 || bodies[Cancel](fx)[0].Order.ID != later.ID {
		t.Errorf("asked for again it is %d, not %d, and took back %v", again, id, bodies[Cancel](fx))
	}
	o := sent(t, d.says(first, exchange.StatusCanceled, 0, ""))
	if o.Parent != id || o.Qty != 500 || o.Side != exchange.Sell {
		t.Errorf("sent %+v", o)
	}
}

// A position that an order turned while it was taken back is closed as well.
func TestCloseOfAPositionThatTurned(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	turns := sent(t, d.do(func(p *Port) error {
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Sell, Type: exchange.Limit, TIF: exchange.GTC, Price: 620000, Qty: 700})
		return nil
	}))
	d.do(func(p *Port) error { _, err := p.CloseOwn(perp); return err })
	if o := sent(t, d.fill(turns, 700, 620000)); o.Qty != 200 || o.Side != exchange.Buy || !o.ReduceOnly {
		t.Errorf("sent %+v", o)
	}
}

// What one callback asks of an order it amended is asked of the one that takes its place.
func TestAmendedInOneCallback(t *testing.T) {
	rests := func(p *Port) error {
		p.Submit(exchange.Order{Instrument: perp, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 599000, Qty: 500})
		return nil
	}
	amend := func(p *Port, id exchange.OrderID, ch intent.ConditionalChange) exchange.OrderID {
		by, err := p.Amend(id, ch)
		if err != nil {
			t.Error(err)
		}
		return by
	}
	for _, by := range []bool{false, true} {
		d := newDesk(t)
		o := sent(t, d.do(rests))
		var id exchange.OrderID
		d.do(func(p *Port) error {
			id = amend(p, o.ID, intent.ConditionalChange{Price: 599500})
			if p.Cancel(map[bool]exchange.OrderID{false: o.ID, true: id}[by]); by {
				_, err := p.Amend(o.ID, intent.ConditionalChange{Price: 599600})
				if err == nil {
					t.Error("what is canceled is amended")
				}
			}
			return nil
		})
		if fx := d.says(o, exchange.StatusCanceled, 0, ""); len(bodies[Submit](fx)) != 0 || d.state(id) != intent.ConditionalCanceled {
			t.Errorf("it is %s: %s", d.state(id), told(fx))
		}
	}
	for _, shrinks := range []bool{false, true} {
		d := newDesk(t)
		d.core.cfg.Shrinks = shrinks
		o := sent(t, d.do(rests))
		var id exchange.OrderID
		d.do(func(p *Port) error {
			first := amend(p, o.ID, intent.ConditionalChange{Qty: 400})
			id = amend(p, o.ID, intent.ConditionalChange{Price: 599500})
			if again := amend(p, id, intent.ConditionalChange{Price: 599600}); again != id || !shrinks && first != id {
				t.Errorf("it goes on as %d, %d and %d", first, id, again)
			}
			return nil
		})
		if o := sent(t, d.says(o, exchange.StatusCanceled, 0, "")); o.Parent != id || o.Qty != 400 || o.Price != 599600 {
			t.Errorf("sent %+v", o)
		}
	}
}

// An order that takes the place of one that filled in part goes on with what that paid.
func TestAmendAfterAPart(t *testing.T) {
	for _, id := range []exchange.InstrumentID{0, perp} {
		d := newDesk(t)
		d.now += exchange.Second
		d.book(id, 599990, 600010, 100000)
		first := sent(t, d.do(func(p *Port) error {
			p.Submit(exchange.Order{Instrument: id, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 599000, Qty: 500})
			return nil
		}))
		d.fill(first, 100, 598000)
		d.fill(first, 100, 599000)
		var by exchange.OrderID
		d.do(func(p *Port) (err error) {
			by, err = p.Amend(first.ID, intent.ConditionalChange{Price: 598500})
			return err
		})
		if o := sent(t, d.says(first, exchange.StatusCanceled, 200, "")); o.Qty != 300 || o.Parent != by {
			t.Errorf("sent %+v", o)
		}
		c, _ := d.core.conditionals.find(by)
		if in := d.core.u.Get(id); c.Price(in) != in.PriceDecimal(598500).InexactFloat64() {
			t.Errorf("%s: its average is %v", in.Key(), c.Price(in))
		}
	}
}

// Of what one callback asks for, a target counts what is held until nothing but its turn.
func TestATargetCountsWhatIsHeldInTheSameCallback(t *testing.T) {
	d := newDesk(t)
	d.do(func(p *Port) error {
		sliced := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: perp, Side: exchange.Buy, Qty: 400, Price: 599000, TIF: exchange.GTC, Display: 100}
		exit := intent.ConditionalRequest{Kind: intent.PlainOrder, Instrument: perp, Side: exchange.Sell, Qty: 400, Price: 620000, TIF: exchange.GTC, Display: 100, ReduceOnly: true}
		for _, r := range []intent.ConditionalRequest{sliced, exit, stopAt("59000", 400)} {
			if _, err := p.Hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{r}}); err != nil {
				t.Error(err)
			}
		}
		if at := p.Heading(perp); at != 400 {
			t.Errorf("it goes to %d", at)
		}
		return nil
	})
	d.do(func(p *Port) error {
		if at := p.Heading(perp); at != 400 {
			t.Errorf("later it goes to %d", at)
		}
		return nil
	})
}

// Of two stops for one position the second waits for the first one's word, and sells what
// that left: others' positions keep the venue from seeing where flat is.
func TestTwoStopsDoNotGoBeyondFlat(t *testing.T) {
	d := newDesk(t)
	d.long(500)
	for range 2 {
		d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("59000", 400)}})
	}
	fx := bodies[Submit](d.mark("58000"))
	if len(fx) != 2 || fx[0].Order.Qty != 400 || fx[1].Order.Qty != 100 {
		t.Fatalf("sent %+v", fx)
	}
	one, two := fx[0].Order, fx[1].Order
	d.hold(intent.ConditionalGroup{Legs: []intent.ConditionalRequest{stopAt("57000", 500)}})
	if n := len(bodies[Submit](d.mark("56000"))); n != 0 {
		t.Fatalf("%d orders beside those that close all", n)
	}
	d.fill(two, 100, 580000)
	var sum exchange.Lots
	for _, s := range bodies[Submit](d.says(one, exchange.StatusRejected, 0, "no")) {
		sum += s.Order.Qty
	}
	if sum != 400 {
		t.Errorf("%d are sold, want what one that was refused left: 400", sum)
	}
}
