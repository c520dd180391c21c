package oms

import (
	"fmt"
	"strings"
)

// Capabilities are what an account has beside what every one has.
type Capabilities struct {
	Income    bool // [Incomes]
	Transfers bool // [Transfers]
	DeadMan   bool // [DeadMan]: a timer at the venue
	// Disconnect says that the venue cancels when the connection ends that placed orders:
	// Segment.Disconnect.
	Disconnect bool
	Amend      bool // [Amender]
	Batch      bool // [Batcher]
	HedgeMode  bool // [HedgeMode], where it is traded in
}

// CapabilitiesOf asks an account what it has.
func CapabilitiesOf(a Account) (c Capabilities) {
	_, c.Income = a.(Incomes)
	_, c.Transfers = a.(Transfers)
	_, c.DeadMan = a.(DeadMan)
	_, c.Amend = a.(Amender)
	_, c.Batch = a.(Batcher)
	_, c.HedgeMode = a.(HedgeMode)
	return c
}

// capabilityRows are the table of capabilities: what each is called, how it is told and
// what happens without it.
var capabilityRows = []struct {
	name    string
	has     func(*Capabilities) bool
	without string
}{
	{"income", func(c *Capabilities) bool { return c.Income }, "funding is booked from the balance, without its instrument"},
	{"transfers", func(c *Capabilities) bool { return c.Transfers }, "a transfer fails"},
	{"dead man's switch", func(c *Capabilities) bool { return c.DeadMan || c.Disconnect }, "the manager cancels what rests, as long as it runs"},
	{"amend", func(c *Capabilities) bool { return c.Amend }, "an order is canceled and placed again"},
	{"batch", func(c *Capabilities) bool { return c.Batch }, "orders are sent one by one"},
	{"hedge mode", func(c *Capabilities) bool { return c.HedgeMode }, "there is one position for each instrument, and an account with two is refused"},
}

// String is the table, a capability a line.
func (c Capabilities) String() string {
	var b strings.Builder
	for _, row := range capabilityRows {
		says := "yes"
		if !row.has(&c) {
			says = "no: " + row.without
		}
		fmt.Fprintf(&b, "%-18s %s\n", row.name, says)
	}
	return b.String()
}
