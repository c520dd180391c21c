package oms

import (
	"fmt"
	"hash/crc32"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func TestAClientIDTellsItsRun(t *testing.T) {
	for _, at := range []exchange.Time{start, start + exchange.Millisecond, start + 30*365*exchange.Day} {
		if got, ok := RunOf(Tag(at) + "-zz9"); !ok || got != at {
			t.Errorf("%d: %d %v", at, got, ok)
		}
	}
	for _, text := range []string{"", "pl-1", "pl", Tag(start), Tag(start) + "-", "x" + Tag(start) + "-1", Tag(start) + "-1 ", "autoclose-123", "web_" + Tag(start) + "-1",
		"plZZZZZZZZ-1", "plzzzzzzzzzz-1"} {
		if got, ok := RunOf(text); ok {
			t.Errorf("%q is taken for a run that began at %d", text, got)
		}
	}
}

// fenced is a manager with an order of its own at the venue, if it has placed one.
func fenced(t *testing.T, f Fence, placed bool) *Manager {
	t.Helper()
	opt := options()
	opt.Fence = f
	d, err := New(universe(), opt, Opening{Began: start}, start)
	if err != nil {
		t.Fatal(err)
	}
	d.Tick(start)
	if placed {
		d.Submit(&exchange.Order{ID: 1, ClientID: Tag(f.Run) + "-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1000}, start)
		d.Event(reported(Tag(f.Run)+"-1", spot, "BTCUSDT", exchange.StatusAccepted, start), start)
	}
	flush(d)
	return d
}

// flush returns what the manager asks for, but its questions.
func flush(d *Manager) []string {
	var out []string
	d.Requests(func(r *Request) {
		switch r.Kind {
		case CancelOrder:
			out = append(out, "cancel "+r.ClientID)
		case PlaceOrder:
			out = append(out, "place "+r.Order.ClientID)
		case MoveMoney, ArmSwitch:
			out = append(out, r.Kind.String())
		}
	})
	d.Events(func(*exchange.Event) {})
	return out
}

// reported is the venue's word on an order.
func reported(client string, m exchange.Venue, symbol string, s exchange.OrderStatus, at exchange.Time) *AccountEvent {
	return &AccountEvent{Venue: m, Report: &Report{Venue: m, Symbol: symbol, ClientID: client, OrderID: strconv.Itoa(int(crc32.ChecksumIEEE([]byte(client)))), Side: exchange.Buy,
		Status: s, Price: decimal.NewFromInt(50_000), Qty: decimal.NewFromInt(1), Time: at}}
}

// What another run's order means depends on which of the two began first, and on
// whether it shows that the other one lives.
func TestOrdersOfOtherRuns(t *testing.T) {
	own := start + exchange.Hour
	newer, older := Tag(own+exchange.Second)+"-7", Tag(own-exchange.Second)+"-7"
	later, before := own+exchange.Minute, own-exchange.Millisecond
	for _, c := range []struct {
		name     string
		client   string
		status   exchange.OrderStatus
		at       exchange.Time
		symbol   string
		placed   bool
		takeOver bool
		yields   bool
		asked    []string
	}{
		{"a newer run places", newer, exchange.StatusAccepted, later, "BTCUSDT", true, false, true, []string{"cancel own"}},
		{"a newer run's order ends", newer, exchange.StatusCanceled, later, "BTCUSDT", false, false, true, nil},
		{"a newer run places what this one does not follow", newer, exchange.StatusAccepted, later, "DOGEUSDT", true, false, true, []string{"cancel own"}},
		{"a newer run, while this one takes over", newer, exchange.StatusAccepted, later, "BTCUSDT", true, true, true, []string{"cancel own"}},
		{"an older run places, and this one has not", older, exchange.StatusAccepted, later, "BTCUSDT", false, false, true, nil},
		{"an older run places, and this one has", older, exchange.StatusAccepted, later, "BTCUSDT", true, false, false, nil},
		{"an older run's order ends", older, exchange.StatusCanceled, later, "BTCUSDT", false, false, false, nil},
		{"an older run's order is filled in part", older, exchange.StatusPartial, later, "BTCUSDT", false, false, false, nil},
		{"an older run left an order", older, exchange.StatusAccepted, before, "BTCUSDT", false, false, false, nil},
		{"an older run places, while this one takes over", older, exchange.StatusAccepted, later, "BTCUSDT", false, true, false, []string{"cancel " + older}},
		{"the same outside of the universe", older, exchange.StatusAccepted, later, "DOGEUSDT", false, true, false, []string{"cancel " + older}},
		{"what is over is not canceled", older, exchange.StatusExpired, later, "BTCUSDT", false, true, false, nil},
		{"an id of this run that was forgotten", Tag(own) + "-1000", exchange.StatusCanceled, later, "BTCUSDT", false, false, false, nil},
		{"somebody else", "web_1", exchange.StatusAccepted, later, "BTCUSDT", false, true, false, nil},
	} {
		d := fenced(t, Fence{Run: own, TakeOver: c.takeOver}, c.placed)
		d.Event(reported(c.client, spot, c.symbol, c.status, c.at), later)
		for i := range c.asked {
			c.asked[i] = strings.Replace(c.asked[i], "own", Tag(own)+"-1", 1)
		}
		h := d.Health()
		if asked := flush(d); h.Rival != nil != c.yields || !slices.Equal(asked, c.asked) {
			t.Errorf("%s: rival %v, asked %q; want %v, %q", c.name, h.Rival, asked, c.yields, c.asked)
		}
	}
}

// A manager that gave way sends nothing more: no order, no transfer, and no word to the
// dead-man switches, which are the other run's now.
func TestAManagerThatGaveWaySendsNothing(t *testing.T) {
	d := fenced(t, Fence{Run: start}, false)
	d.Submit(&exchange.Order{ID: 1, ClientID: Tag(start) + "-1", Instrument: 1, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1, Qty: 1000}, start)
	in := d.market.u.Get(1)
	d.Event(reported(Tag(start)+"-1", in.Venue, in.Symbol, exchange.StatusAccepted, start), start)
	if asked := flush(d); len(asked) != 2 || asked[0] != "arm" {
		t.Fatalf("asked %q: want a switch and an order", asked)
	}
	d.Answer(&Answer{Request: &Request{Kind: ArmSwitch, Venue: in.Venue, Symbol: in.Symbol, Countdown: d.switches.countdown, At: start}}, start)
	d.Event(reported(Tag(start+exchange.Second)+"-1", in.Venue, in.Symbol, exchange.StatusAccepted, start), start)
	if asked, want := fmt.Sprint(flush(d)), "[cancel "+Tag(start)+"-1]"; asked != want {
		t.Fatalf("asked %s, want %s", asked, want)
	}
	var said []string
	d.Submit(&exchange.Order{ID: 2, ClientID: Tag(start) + "-2", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.IOC, Price: 1, Qty: 1000}, start)
	d.Transfer(&exchange.Transfer{ID: 1, Asset: "USDT", From: spot, To: usdm, Amount: decimal.NewFromInt(5)}, start)
	d.Events(func(ev *exchange.Event) {
		if ev.Kind == exchange.KindTransfer {
			said = append(said, ev.Transfer.Reason)
		} else {
			said = append(said, ev.Update.Reason)
		}
	})
	if !slices.Equal(said, []string{gaveWay, gaveWay}) {
		t.Errorf("said %q", said)
	}
	d.Event(reported(Tag(start)+"-1", in.Venue, in.Symbol, exchange.StatusCanceled, start), start)
	for now := start; now < start+10*exchange.Minute; now += exchange.Second {
		d.Beat(now)
		d.Tick(now)
	}
	if asked := flush(d); len(asked) != 0 {
		t.Errorf("afterwards it asked %q", asked)
	}
}
