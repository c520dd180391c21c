package script

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// push pushes the arguments of a handler and returns how many there are.
func (vm *VM) push(n *core.Callback) (int, error) {
	rt := vm.rt
	switch n.Handler {
	case core.OnStart, core.OnStop:
		return 0, nil
	case core.OnBook:
		return rt.Push(rt.Book(n.Instrument)), nil
	case core.OnTrade:
		ev := n.Event
		return rt.Push(rt.NewTrade(ev.Instrument, exchange.Trade{Time: eventTime(ev), Price: ev.Price, Qty: ev.Qty, Side: ev.Side})), nil
	case core.OnLiquidation:
		ev := n.Event
		return rt.Push(bindings.NewLiquidation(rt, ev.Instrument, exchange.Trade{Time: eventTime(ev), Price: ev.Price, Qty: ev.Qty, Side: ev.Side})), nil
	case core.OnMark:
		rt.PushString(rt.Env().Universe().Get(n.Instrument).Key())
		return 1 + rt.Push(rt.NewMark(rt.Env().Mark(n.Instrument))), nil
	case core.OnFunding:
		return rt.Push(rt.NewPayment(n.Payment)), nil
	case core.OnBar:
		bar := n.Event.Bar
		bar.Time = eventTime(n.Event) // when it closed, which the event tells and its bar need not
		return rt.Push(rt.NewBar(rt.Env().Universe().Get(n.Event.Instrument), &bar)), nil
	case core.OnPast:
		return rt.PushString(rt.Env().Universe().Get(n.Instrument).Key()), nil
	case core.OnTimer:
		return rt.PushString(n.Name), nil
	case core.OnOrder:
		if n.Conditional != nil {
			return rt.Push(bindings.NewConditional(rt, n.Conditional)), nil
		}
		return rt.Push(rt.NewOrder(n.Order)), nil
	case core.OnFill:
		return rt.Push(rt.NewFill(n.Fill)), nil
	case core.OnPair:
		return rt.Push(rt.NewPair(n.Pair)), nil
	case core.OnSchedule:
		return rt.Push(rt.NewSchedule(n.Schedule)), nil
	case core.OnAdvice:
		return rt.Push(rt.NewAdvice(n.Advice)), nil
	case core.OnSignal:
		rt.PushString(n.Name)
		return 1 + rt.Push(bindings.FromJSON(rt, n.Payload)), nil
	case core.OnGap:
		rt.PushString(rt.Env().Universe().Get(n.Instrument).Key())
		return 1 + rt.PushString(n.Reason), nil
	case core.OnHalt:
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
func handlerOf(name string) (core.Handler, bool, error) {
	for h := range core.Handlers {
		if name == h.String() {
			return h, true, nil
		}
	}
	if !strings.HasPrefix(name, "on_") {
		return 0, false, nil
	}
	return 0, false, fmt.Errorf("unknown handler %s%s", name, bindings.DidYouMean(name, handlerNames()))
}

func handlerNames() []string {
	names := make([]string, 0, core.Handlers)
	for h := range core.Handlers {
		names = append(names, h.String())
	}
	return names
}

// Wants reports whether the strategy defines a handler.
func (vm *VM) Wants(h core.Handler) bool { return vm.handlers[h] != nil }

// handlerSet holds what a strategy defines; nil where it defines nothing.
type handlerSet [core.Handlers]*lua.LFunction
