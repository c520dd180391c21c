package host

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// hold keeps new risk back while the storage or the account can't be relied on, and
// remembers why the core was told to.
type hold struct {
	why  string // ""; nothing is held back
	post func(*exchange.Event)
}

// say tells the core, even what it knows: that wakes a loop that is to end.
func (h *hold) say(why string) {
	h.why = why
	h.post(command(core.CommandHold, why))
}

// follow tells the core when the reason changed; "" is that there is none any more.
func (h *hold) follow(why string) {
	switch {
	case why == h.why:
		return
	case why == "":
		h.why = ""
		h.post(command(core.CommandRelease, ""))
	default:
		h.say(why)
	}
}

// command is a command of the host to the core.
func command(name, why string) *exchange.Event {
	return &exchange.Event{Kind: exchange.KindCommand, Instrument: exchange.NoInstrument, Name: name, Reason: why}
}
