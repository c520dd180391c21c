package connect_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// listened is a stream, and what it told in a word each.
func listened() (*connect.Events, *[]string) {
	var told []string
	f := connect.NewEvents(connect.EventsOptions{Venue: "house.spot", Log: func(string) {}, Now: func() exchange.Time { return 7 }, Sink: func(ev oms.AccountEvent) {
		switch {
		case ev.Gap != "":
			told = append(told, fmt.Sprintf("gap %s %t", ev.Gap, ev.Begins))
		case ev.Down != "":
			told = append(told, "down "+ev.Down)
		case ev.Execution != nil:
			told = append(told, "trade "+ev.Execution.TradeID)
		case ev.Balance != nil:
			told = append(told, "balance "+ev.Balance.Asset)
		}
		if ev.Time == 0 {
			told = append(told, "no time")
		}
	}})
	return f, &told
}

func want(t *testing.T, told *[]string, texts ...string) {
	t.Helper()
	if !slices.Equal(*told, texts) {
		t.Errorf("%q, want %q", *told, texts)
	}
	*told = nil
}

// While connections overlap nothing is told of their coming and going, and a connection
// that is merely open says nothing of itself.
func TestAStreamOverItsConnections(t *testing.T) {
	f, told := listened()
	f.Conceal("key1")
	half := &connect.Listener{Events: f, Streams: 2}
	half.Subscribed([]string{"orders"})
	half.Down(errors.New("half-open"))
	want(t, told)
	first, second := &connect.Listener{Events: f, Streams: 2}, &connect.Listener{Events: f, Streams: 2}
	first.Subscribed([]string{"orders"})
	first.Subscribed([]string{"orders", "trades"})
	second.Deliver()
	second.Deliver()
	first.Down(nil)
	want(t, told, "gap the stream begins true")
	second.Down(errors.New("wss://host/key1: reset"))
	second.Deliver()
	want(t, told, "down wss://host/"+sign.Mask+": reset")
	third := &connect.Listener{Events: f}
	third.Subscribed(nil)
	f.Mute("the key ended")
	third.Down(nil)
	want(t, told, "gap wss://host/"+sign.Mask+": reset false", "down the key ended")
	f.Close()
	(&connect.Listener{Events: f}).Deliver()
	f.Garbled(errors.New("no"))
	want(t, told)
}

// An event is told once, whichever connection brings it again, and no balance after a
// younger one.
func TestAnEventIsToldOnce(t *testing.T) {
	f, told := listened()
	event := func(text string, ev oms.AccountEvent) {
		f.Take([]byte(text), func(pass func(oms.AccountEvent)) error { pass(ev); return nil })
	}
	trade := oms.AccountEvent{Execution: &oms.Execution{Venue: "house.spot", Symbol: "X", TradeID: "1"}}
	event("a", trade)
	event("a", trade)
	event("another text of it", trade)
	balance := func(at exchange.Time) oms.AccountEvent {
		return oms.AccountEvent{Balance: &oms.Balance{Wallet: "house.w", Asset: "USDT"}, Time: at}
	}
	event("b", balance(20))
	event("c", balance(10))
	event("d", balance(30))
	f.Take([]byte("e"), func(func(oms.AccountEvent)) error { return errors.New("no side") })
	want(t, told, "trade 1", "balance USDT", "balance USDT", "gap an event makes no sense: no side false")
}
