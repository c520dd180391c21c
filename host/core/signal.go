package core

import (
	"errors"
	"fmt"
	"slices"
)

// KeptSignals is how many ids of signals are remembered, also over restarts.
const KeptSignals = 1000

// signals are the ids of those that were told, oldest first.
type signals []string

func (g *signals) told(id string) bool { return id != "" && slices.Contains(*g, id) }

func (g *signals) note(id string) {
	if id == "" {
		return
	}
	if len(*g) == KeptSignals {
		*g = slices.Delete(*g, 0, 1)
	}
	*g = append(*g, id)
}

// signal tells a signal to those strategies that have on_signal. One that is paused is not
// told: what it would act on is over when it goes on.
func (c steering) signal(slots []*instance, in *Instruction) (outcome string) {
	if c.signals.told(in.ID) {
		return "told before, and not again"
	}
	heard, paused := 0, 0
	for _, s := range slots {
		switch {
		case !s.wants[OnSignal]:
		case s.paused != "":
			paused++
		default:
			heard++
			c.strategies.notify(s.index, Callback{Handler: OnSignal, Name: in.Name, Payload: in.Payload})
		}
	}
	switch {
	case heard > 0:
		c.signals.note(in.ID)
	case paused > 0 && in.Strategy != "":
		c.commandErr = fmt.Errorf("%s is paused", in.Strategy)
	case paused > 0:
		c.commandErr = errors.New("the strategies that have on_signal are paused")
	case in.Strategy != "":
		c.commandErr = fmt.Errorf("%s has no on_signal", in.Strategy)
	default:
		c.commandErr = errors.New("no strategy has on_signal")
	}
	return ""
}
