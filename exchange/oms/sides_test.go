package oms

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// hedgedDesk is a manager of an account in hedge mode, whose venue answers at once.
type hedgedDesk struct {
	*testing.T
	m         *Manager
	u         *exchange.Universe
	now       exchange.Time
	positions []Position
	usdt      decimal.Decimal
	events    []exchange.Event
	notes     []string
	placed    []Order
	ids       int
}

func hedgedOptions() Options {
	o := options()
	for i := range o.Profile.Segments {
		o.Profile.Segments[i].Hedged = !o.Profile.Segments[i].Spot
	}
	return o
}

func newHedgedDesk(t *testing.T, from Opening, positions ...Position) *hedgedDesk {
	t.Helper()
	d := &hedgedDesk{T: t, u: universe(), now: start, positions: positions, usdt: dec("1000")}
	from.Began = start
	m, err := New(d.u, hedgedOptions(), from, start)
	if err != nil {
		t.Fatal(err)
	}
	d.m = m
	d.pass(20 * exchange.Second)
	return d
}

// pass lets time pass; the venue answers what it is asked.
func (d *hedgedDesk) pass(span exchange.Time) {
	for end := d.now + span; d.now < end; d.now += 500 * exchange.Millisecond {
		d.m.Tick(d.now)
		for _, r := range asked(d.m) {
			a := &Answer{Request: r}
			switch {
			case r.Kind == ListPositions && r.Venue == usdm:
				a.Positions = d.positions
			case r.Kind == ListBalances && r.Wallet == usdm:
				a.Balances = []Balance{{Wallet: usdm, Asset: "USDT", Total: d.usdt}}
			case r.Kind == PlaceOrder:
				d.placed = append(d.placed, r.Order)
				a.Report = Report{Venue: r.Venue, Symbol: r.Symbol, ClientID: r.Order.ClientID, OrderID: "v" + r.Order.ClientID, Side: r.Order.Side, Status: exchange.StatusAccepted, Qty: r.Order.Qty}
			}
			d.m.Answer(a, d.now)
		}
		d.m.Events(func(ev *exchange.Event) { d.events = append(d.events, *ev) })
		d.m.Notes(func(n string) { d.notes = append(d.notes, n) })
	}
}

// send submits an order and returns why it was rejected; "": it went out.
func (d *hedgedDesk) send(side exchange.Side, qty exchange.Lots, reduce bool) string {
	return d.submit(side, qty, exchange.GTC, reduce)
}

func (d *hedgedDesk) submit(side exchange.Side, qty exchange.Lots, tif exchange.TimeInForce, reduce bool) string {
	d.ids++
	o := &exchange.Order{TIF: tif, ID: exchange.OrderID(d.ids), ClientID: fmt.Sprint("t-", d.ids), Instrument: 1, Side: side, Type: exchange.Limit, Price: 500000, Qty: qty, ReduceOnly: reduce, Created: d.now}
	d.events = nil
	d.m.Submit(o, d.now)
	d.pass(exchange.Second)
	for _, ev := range d.events {
		if ev.Kind == exchange.KindOrder && ev.Update.Status == exchange.StatusRejected {
			return ev.Update.Reason
		}
	}
	return ""
}

// trade tells of a trade on the account's stream; client "" is somebody else's.
func (d *hedgedDesk) trade(client string, of, side exchange.Side, qty string) {
	d.ids++
	e := Execution{Venue: usdm, Symbol: "BTCUSDT", TradeID: fmt.Sprint(d.ids), OrderID: "x" + fmt.Sprint(d.ids), ClientID: "by hand", Side: side, PositionSide: of,
		Price: dec("50000"), Qty: dec(qty), FeeAsset: "USDT", Realised: decimal.NewNullDecimal(decimal.Zero), Time: d.now}
	r := &Report{Venue: usdm, Symbol: "BTCUSDT", ClientID: "by hand", OrderID: e.OrderID, Side: side, Status: exchange.StatusFilled, Qty: e.Qty, Filled: e.Qty, Time: d.now}
	if client != "" {
		e.ClientID, r.ClientID, e.OrderID, r.OrderID = client, client, "v"+client, "v"+client
	}
	r.Executions = []Execution{e}
	d.m.Event(&AccountEvent{Venue: usdm, Report: r, Time: d.now}, d.now)
	d.pass(exchange.Second)
}

func (d *hedgedDesk) ours() exchange.Lots { return d.m.balances.positions[1] }

func (d *hedgedDesk) told(what string) bool {
	return strings.Contains(strings.Join(d.notes, "\n"), what)
}

func short(qty string) Position {
	return Position{Venue: usdm, Symbol: "BTCUSDT", Side: exchange.Sell, Qty: dec(qty), Entry: dec("50000"), Mark: dec("50000")}
}

func long(qty string) Position {
	p := short(qty)
	p.Side = exchange.Buy
	return p
}

var emptyLedger = Opening{Wallets: []Balance{{Wallet: "usdm", Asset: "USDT", Total: decimal.NewFromInt(1000)}}}

// Orders name the position that they open or close, and one position is held at a time.
func TestHedgedOrdersNameTheirPosition(t *testing.T) {
	d := newHedgedDesk(t, emptyLedger)
	if why := d.send(exchange.Sell, 5, true); !strings.Contains(why, "no position of ours") {
		t.Errorf("a reduction of nothing: %q", why)
	}
	if why := d.send(exchange.Buy, 5, false); why != "" {
		t.Fatal(why)
	}
	opening := fmt.Sprint("t-", d.ids)
	if why := d.send(exchange.Sell, 5, false); !strings.Contains(why, "may open LONG") {
		t.Errorf("the other side beside an order that opens: %q", why)
	}
	d.positions = []Position{long("0.005")}
	d.trade(opening, exchange.Buy, exchange.Buy, "0.005")
	for _, c := range []struct {
		side   exchange.Side
		qty    exchange.Lots
		reduce bool
		why    string
	}{{exchange.Sell, 6, false, "would turn our position"}, {exchange.Buy, 1, true, "no position of ours"}, {exchange.Sell, 2, false, ""}, {exchange.Sell, 3, true, ""}, {exchange.Buy, 1, false, ""}} {
		if why := d.send(c.side, c.qty, c.reduce); !strings.Contains(why, c.why) || (why == "") != (c.why == "") {
			t.Errorf("%s %d, reduce-only %t: %q, want %q", c.side, c.qty, c.reduce, why, c.why)
		}
	}
	for i, o := range d.placed {
		if o.PositionSide != exchange.Buy {
			t.Errorf("order %d of %d changes position %d, want the long one", i, len(d.placed), o.PositionSide)
		}
	}
	if len(d.placed) != 4 || d.ours() != 5 {
		t.Errorf("%d orders went out, our position is %d", len(d.placed), d.ours())
	}
}

// A pair's long hides another's short from an account that nets them: what closes the one
// turns the position around. It goes out in two orders, each of the position that it changes.
func TestHedgedTurnIsTwoOrders(t *testing.T) {
	d := newHedgedDesk(t, emptyLedger)
	if why := d.submit(exchange.Sell, 3, exchange.IOC, false); why != "" {
		t.Fatal(why)
	}
	d.positions = []Position{short("-0.003")}
	d.trade(fmt.Sprint("t-", d.ids), exchange.Sell, exchange.Sell, "0.003")
	if why := d.submit(exchange.Buy, 10, exchange.FOK, false); !strings.Contains(why, "would turn our position") {
		t.Errorf("a FOK, which is whole or nothing: %q", why)
	}
	if why := d.submit(exchange.Buy, 10, exchange.IOC, false); why != "" {
		t.Fatal(why)
	}
	d.positions = nil
	client := fmt.Sprint("t-", d.ids)
	d.trade(client, exchange.Sell, exchange.Buy, "0.003")
	if last := d.placed[len(d.placed)-1]; last.PositionSide != exchange.Sell || !last.Qty.Equal(dec("0.003")) {
		t.Errorf("asked for %s of position %d, want 0.003 of the short one", last.Qty, last.PositionSide)
	}
	over := slices.IndexFunc(d.events, func(ev exchange.Event) bool {
		return ev.Kind == exchange.KindOrder && ev.Update.Status == exchange.StatusExpired && ev.Update.Filled == 3
	})
	if over < 0 || d.ours() != 0 {
		t.Errorf("no word that 3 of 10 are filled and it is over; our position %d: %+v", d.ours(), d.events)
	}
	if why := d.submit(exchange.Buy, 7, exchange.IOC, false); why != "" {
		t.Fatal(why)
	}
	if last := d.placed[len(d.placed)-1]; last.PositionSide != exchange.Buy || !last.Qty.Equal(dec("0.007")) {
		t.Errorf("asked for %s of position %d, want 0.007 of the long one", last.Qty, last.PositionSide)
	}
	d.positions = []Position{long("0.007")}
	d.trade(fmt.Sprint("t-", d.ids), exchange.Buy, exchange.Buy, "0.007")
	if why := d.submit(exchange.Sell, 9, exchange.GTC, true); why != "" {
		t.Fatal(why)
	}
	if last := d.placed[len(d.placed)-1]; !last.Qty.Equal(dec("0.007")) || d.ours() != 7 {
		t.Errorf("a reduction asked for %s of %d", last.Qty, d.ours())
	}
}

// What somebody else holds beside us is told, left alone, and in nobody's way but where it is.
func TestHedgedOthersAreLeftAlone(t *testing.T) {
	d := newHedgedDesk(t, emptyLedger, short("-0.3"))
	if !d.told("somebody else holds SHORT 0.3") || d.ours() != 0 {
		t.Fatalf("our position %d, notes %q", d.ours(), d.notes)
	}
	if why := d.send(exchange.Sell, 5, false); !strings.Contains(why, "somebody else holds SHORT 0.3") {
		t.Errorf("opening where somebody holds: %q", why)
	}
	if why := d.send(exchange.Buy, 5, false); why != "" {
		t.Fatal(why)
	}
	d.positions = []Position{long("0.005"), short("-0.3")}
	d.trade(fmt.Sprint("t-", d.ids), exchange.Buy, exchange.Buy, "0.005")
	d.positions = []Position{long("0.005"), short("-0.5")}
	d.trade("", exchange.Sell, exchange.Sell, "0.2")
	if !d.told("somebody else traded the SHORT position") || d.ours() != 5 {
		t.Errorf("our position %d, notes %q", d.ours(), d.notes)
	}
	d.positions = []Position{long("0.004"), short("-0.5")}
	d.trade("", exchange.Buy, exchange.Sell, "0.001") // by hand, of ours
	if d.ours() != 4 {
		t.Errorf("our position is %d, want 4", d.ours())
	}
	d.positions = []Position{long("0.004")}
	d.pass(2 * exchange.Minute)
	if !d.told("somebody else's SHORT position is closed") {
		t.Errorf("notes %q", d.notes)
	}
	for _, ev := range d.events {
		if ev.Kind == exchange.KindCommand {
			t.Errorf("trading is held: %s", ev.Reason)
		}
	}
	h := d.m.Health()
	if s := h.Sections[1]; len(s.Diffs) > 0 || s.Agreed == 0 {
		t.Errorf("%+v", s)
	}
}

// What the venue has when a ledger begins is nobody's of ours, one position like two: an order
// against it opens the other side whole, and one with it opens nothing.
func TestHedgedOpening(t *testing.T) {
	for _, c := range []struct {
		name  string
		held  Position
		told  string
		sides [2]exchange.Side // that opens beside it, that it is in the way of
	}{
		{"LONG", long("0.05"), "somebody else holds LONG 0.05", [2]exchange.Side{exchange.Sell, exchange.Buy}},
		{"SHORT", short("-0.05"), "somebody else holds SHORT 0.05", [2]exchange.Side{exchange.Buy, exchange.Sell}},
	} {
		t.Run(c.name, func(t *testing.T) {
			opens, blocked := c.sides[0], c.sides[1]
			d := newHedgedDesk(t, Opening{}, c.held)
			if !d.told(c.told) || d.ours() != 0 {
				t.Fatalf("our position %d, notes %q", d.ours(), d.notes)
			}
			if why := d.submit(blocked, 5, exchange.IOC, false); !strings.Contains(why, c.told) {
				t.Errorf("opening where somebody holds: %q", why)
			}
			if why := d.submit(opens, 80, exchange.IOC, true); !strings.Contains(why, "no position of ours") {
				t.Errorf("a reduction of what somebody else holds: %q", why)
			}
			if why := d.submit(opens, 80, exchange.IOC, false); why != "" {
				t.Fatal(why)
			}
			if last := d.placed[len(d.placed)-1]; len(d.placed) != 1 || last.PositionSide != opens || !last.Qty.Equal(dec("0.08")) {
				t.Fatalf("%d orders, the last of %s of position %d, want 0.08 of position %d", len(d.placed), last.Qty, last.PositionSide, opens)
			}
			mine := map[exchange.Side]Position{exchange.Buy: long("0.08"), exchange.Sell: short("-0.08")}[opens]
			d.positions = []Position{c.held, mine}
			d.trade(fmt.Sprint("t-", d.ids), opens, opens, "0.08")
			d.pass(2 * exchange.Minute)
			if why := d.submit(blocked, 80, exchange.IOC, true); why != "" || d.ours() != exchange.Lots(opens)*80 {
				t.Errorf("closing our own: %q, our position %d", why, d.ours())
			}
			if last := d.placed[len(d.placed)-1]; last.PositionSide != opens {
				t.Errorf("what closes ours changes position %d, want %d", last.PositionSide, opens)
			}
			if h := d.m.Health().Sections[1]; len(h.Diffs) > 0 || h.Agreed == 0 {
				t.Errorf("%+v", h)
			}
		})
	}
	if d := newHedgedDesk(t, Opening{}, long("0.002"), short("-0.003")); d.ours() != 0 || !d.told("holds LONG 0.002") || !d.told("holds SHORT 0.003") {
		t.Errorf("two positions: ours is %d, notes %q", d.ours(), d.notes)
	}
}

// A session that goes on reduces what its ledger has, beside what somebody else holds.
func TestHedgedResumeReduces(t *testing.T) {
	from := emptyLedger
	from.Positions = []Holding{{Instrument: 1, Qty: -80}}
	d := newHedgedDesk(t, from, long("0.05"), short("-0.08"))
	if why := d.submit(exchange.Buy, 100, exchange.IOC, false); why != "" {
		t.Fatal(why)
	}
	if last := d.placed[0]; last.PositionSide != exchange.Sell || !last.Qty.Equal(dec("0.08")) {
		t.Errorf("asked for %s of position %d, want 0.08 of the short one", last.Qty, last.PositionSide)
	}
	d.positions = []Position{long("0.05")}
	d.trade(fmt.Sprint("t-", d.ids), exchange.Sell, exchange.Buy, "0.08")
	if why := d.submit(exchange.Buy, 20, exchange.IOC, false); !strings.Contains(why, "somebody else holds LONG 0.05") {
		t.Errorf("the rest opens where somebody holds: %q", why)
	}
}

// What others traded before a restart is left alone after it, whoever's side it was then.
func TestHedgedRestart(t *testing.T) {
	from := emptyLedger
	from.Positions = []Holding{{Instrument: 1, Qty: -2}}
	from.Executions = []Booked{{Instrument: 1, All: true, Executions: []BookedExecution{{TradeID: "40", Time: start + 1}}}}
	d := newHedgedDesk(t, from, short("-0.002"))
	d.ids = 29
	d.trade("", exchange.Sell, exchange.Sell, "0.1") // trade 30, which the ledger has left alone
	if d.ours() != -2 {
		t.Errorf("our position is %d, want -2", d.ours())
	}
}
