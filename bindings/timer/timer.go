// Package timer is the Lua module for being called at a time.
//
// A timer is known by its name and carries no function, so it survives a reload
// and a restart: when it is due, on_timer(name) of the version that runs then is
// called. Setting a timer of the same name replaces it.
package timer

import (
	"fmt"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
)

var (
	nameArg = bindings.Value{Name: "name", Type: "string", Doc: "what on_timer is called with; 1 to 64 bytes"}
	forms   = "number|string"
)

// Module returns the module.
func Module() bindings.Module {
	return bindings.Module{
		Name: "timer",
		Doc:  "Timers by name. When one is due, on_timer(name) is called.",
		Funcs: []bindings.Func{
			{Spec: bindings.Spec{Name: "every", Doc: "Repeats, first after one period.",
				Args:    []bindings.Value{nameArg, {Name: "period", Type: forms, Unit: "seconds, or \"5m\""}},
				Example: "timer.every(\"rebalance\", \"5m\")"}, Call: every},
			{Spec: bindings.Spec{Name: "after", Doc: "Fires once, after a delay.",
				Args: []bindings.Value{nameArg, {Name: "delay", Type: forms, Unit: "seconds, or \"5m\""}}}, Call: after},
			{Spec: bindings.Spec{Name: "at_next", Doc: "Fires once, at the coming multiple of a period since midnight UTC, as funding settles at multiples of 8 hours.",
				Args: []bindings.Value{nameArg, {Name: "period", Type: forms, Unit: "seconds, or \"8h\""},
					{Name: "before", Type: forms, Unit: "seconds, or \"1m\"", Optional: true, Doc: "fires this much earlier"}},
				Returns: []bindings.Value{{Name: "time", Type: "number", Unit: "seconds since the epoch", Doc: "when it will fire"}},
				Example: "timer.at_next(\"funding\", \"8h\", \"1m\")  -- 07:59, 15:59, 23:59 UTC"}, Call: atNext},
			{Spec: bindings.Spec{Name: "cancel", Doc: "Removes a timer; nothing happens when there is none.", Args: []bindings.Value{nameArg}}, Call: cancel},
		},
	}
}

func every(rt *bindings.Runtime) int {
	period := rt.Arg(2).Duration()
	fine(rt, rt.Arg(1).Name(), period)
	set(rt, rt.Env().Now()+period, period)
	return 0
}

// fine tells the author of a timer that is finer than all that can change.
func fine(rt *bindings.Runtime, name string, period exchange.Time) {
	fed := env(rt).Fed()
	if period >= fed {
		return
	}
	env(rt).Caution(rt.Where(), fmt.Sprintf("timer %q is due after %gs, and this market changes every %s only: between bars prices stand still, and orders are filled on the last close; "+
		"use on_bar, or periods of at least %q", name, bindings.Seconds(period), exchange.BarLength(fed), exchange.BarLength(fed)))
}

func after(rt *bindings.Runtime) int {
	fine(rt, rt.Arg(1).Name(), rt.Arg(2).Duration())
	set(rt, rt.Env().Now()+rt.Arg(2).Duration(), 0)
	return 0
}

func set(rt *bindings.Runtime, at, every exchange.Time) {
	name := rt.Arg(1).Name()
	rt.Count(bindings.CapTimers)
	if err := env(rt).SetTimer(name, at, every); err != nil {
		rt.Raise("%v", err)
	}
}

func atNext(rt *bindings.Runtime) int {
	period, before := rt.Arg(2).Duration(), exchange.Time(0)
	if in := rt.Arg(3); !in.Nil() {
		if before = in.Duration(); before >= period {
			in.Fail("must be shorter than the period")
		}
	}
	at := Next(rt.Env().Now(), period, before)
	set(rt, at, 0)
	return rt.PushTime(at)
}

// Next returns the first time after now that is before ahead of a multiple of
// period. Multiples count from the epoch, which is midnight UTC.
func Next(now, period, before exchange.Time) exchange.Time {
	return ((now+before)/period+1)*period - before
}

func cancel(rt *bindings.Runtime) int {
	name := rt.Arg(1).Name()
	rt.Count(bindings.CapTimers)
	env(rt).ClearTimer(name)
	return 0
}
