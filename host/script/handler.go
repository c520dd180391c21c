package script

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/execution"
)

// Handler is one of the functions a strategy may define.
type Handler uint8

// The handlers, in the order of [bindings.Handlers].
const (
	OnStart Handler = iota
	OnBook
	OnTrade
	OnMark
	OnFunding
	OnBar
	OnTimer
	OnOrder
	OnFill
	OnPair
	OnGap
	OnHalt
	OnReload
	OnStop
	OnSchedule
	OnAdvice

	handlerCount = int(OnAdvice) + 1
)

var handlerNames = func() (names [handlerCount]string) {
	for i, h := range bindings.Handlers() {
		names[i] = h.Name
	}
	return names
}()

func (h Handler) String() string { return handlerNames[h] }

// Notice is why a strategy is called. Handler says which fields count:
//
//	OnBook              Instrument
//	OnTrade, OnBar      Event
//	OnMark              Instrument; the mark itself is read from Env
//	OnFunding           Payment
//	OnTimer             Name
//	OnOrder             Order
//	OnFill              Fill
//	OnPair              Pair
//	OnGap               Instrument, Reason
//	OnHalt              Reason
//	OnStart, OnStop     none
//
// What is pointed to is read during the call and not kept.
type Notice struct {
	Handler    Handler
	Instrument exchange.InstrumentID
	Event      *exchange.Event
	Order      *exchange.Order
	Fill       *exchange.Fill
	Payment    *exchange.FundingPayment
	Pair       *execution.Pair
	Name       string
	Reason     string
}

// push pushes the arguments of a handler and returns how many there are.
func (vm *VM) push(n *Notice) (int, error) {
	rt := vm.rt
	switch n.Handler {
	case OnStart, OnStop:
		return 0, nil
	case OnBook:
		return rt.Push(rt.Book(n.Instrument)), nil
	case OnTrade:
		ev := n.Event
		return rt.Push(rt.NewTrade(ev.Instrument, exchange.Trade{Time: eventTime(ev), Price: ev.Price, Qty: ev.Qty, Side: ev.Side})), nil
	case OnMark:
		rt.PushString(rt.Env().Universe().Get(n.Instrument).Key())
		return 1 + rt.Push(rt.NewMark(rt.Env().Mark(n.Instrument))), nil
	case OnFunding:
		return rt.Push(rt.NewPayment(n.Payment)), nil
	case OnBar:
		ev := n.Event
		return rt.Push(rt.NewBar(rt.Env().Universe().Get(ev.Instrument), &ev.Bar, ev.Time)), nil
	case OnTimer:
		return rt.PushString(n.Name), nil
	case OnOrder:
		return rt.Push(rt.NewOrder(n.Order)), nil
	case OnFill:
		return rt.Push(rt.NewFill(n.Fill)), nil
	case OnPair:
		return rt.Push(rt.NewPair(n.Pair)), nil
	case OnGap:
		rt.PushString(rt.Env().Universe().Get(n.Instrument).Key())
		return 1 + rt.PushString(n.Reason), nil
	case OnHalt:
		return rt.PushString(n.Reason), nil
	}
	return 0, fmt.Errorf("handler %s is not called with a notice", n.Handler)
}

// eventTime is the venue's time of an event, or ours when the venue gave none.
func eventTime(ev *exchange.Event) exchange.Time {
	if ev.VenueTime != 0 {
		return ev.VenueTime
	}
	return ev.Time
}

// handlerOf returns the handler of a name, or an error with the nearest one for
// a name that was meant to be one.
func handlerOf(name string) (Handler, bool, error) {
	for i, known := range handlerNames {
		if name == known {
			return Handler(i), true, nil
		}
	}
	if !strings.HasPrefix(name, "on_") {
		return 0, false, nil
	}
	return 0, false, fmt.Errorf("unknown handler %s%s", name, bindings.DidYouMean(name, handlerNames[:]))
}

// Wants reports whether the strategy defines a handler.
func (vm *VM) Wants(h Handler) bool { return vm.handlers[h] != nil }

// handlerSet holds what a strategy defines; nil where it defines nothing.
type handlerSet [handlerCount]*lua.LFunction
