package intent

import (
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// ConditionalState is where a conditional order is in its life.
type ConditionalState uint8

const (
	ConditionalWaiting   ConditionalState = iota + 1 // for its entry to fill, or for other orders to end
	ConditionalHeld                                  // the price is watched; nothing is at the venue
	ConditionalTriggered                             // it is to be sent, and is not yet
	ConditionalWorking                               // the venue has an order of it
	ConditionalReplacing                             // the order at the venue is taken back, for another one
	ConditionalFilled
	ConditionalCanceled
	ConditionalExpired // its time was over, or a limit that may not rest found too little
	ConditionalFailed  // it could not be sent
)

var conditionalStates = [...]string{"none", "waiting", "held", "triggered", "working", "replacing", "filled", "canceled", "expired", "failed"}

func (s ConditionalState) String() string { return conditionalStates[s] }

// Done reports whether nothing more is sent of it.
func (s ConditionalState) Done() bool { return s >= ConditionalFilled }

// Role is what a conditional order is among its group.
type Role uint8

const (
	Alone Role = iota
	EntryRole
	LegRole
)

func (r Role) String() string { return [...]string{"", "entry", "leg"}[r] }

// Conditional is an order that the host holds, as strategies and reports see it, and as a
// ledger keeps it to go on with. Its number is of the same row as those of orders. What it
// sends are orders of their own, which have it as Parent.
type Conditional struct {
	ID       exchange.OrderID
	Group    exchange.OrderID // number of the first of its group
	Role     Role             `json:",omitempty"`
	Strategy int32
	Request  ConditionalRequest
	State    ConditionalState
	Reason   string // why it is where it is, or what it waits for

	Reference exchange.E8    `json:",omitempty"` // best price of a trailing stop; 0: it does not trail yet
	Stop      exchange.E8    `json:",omitempty"` // where it triggers now; 0: nowhere yet
	Seen      exchange.E8    `json:",omitempty"` // the price that let it go
	Within    exchange.Ticks `json:",omitempty"`

	Size   exchange.Lots // what it may trade in all, as far as is known: shrinks with its siblings' fills
	Filled exchange.Lots
	// Cost is Σ price×quantity of the fills in quote, or Σ contracts/price for an inverse
	// contract. Brought are the coins of an entry on spot, after fees that took of them.
	Cost    decimal.Decimal
	Brought decimal.Decimal

	Child   exchange.OrderID // at the venue; 0: none
	Sent    int              // orders sent
	Refused int              // in a row, by venue or gate

	// Ending is what it becomes once its order can fill no more; EndWhy says why.
	Ending ConditionalState `json:",omitempty"`
	EndWhy string           `json:",omitempty"`

	Created, Triggered, Closed exchange.Time
}

// Rest is what it may still trade.
func (c *Conditional) Rest() exchange.Lots { return max(0, c.Size-c.Filled) }

// Price is the average price of the fills; NaN when there are none.
func (c *Conditional) Price(in *exchange.Instrument) float64 { return average(in, c.Filled, c.Cost) }

// Describe words what is known of it, for people.
func (c *Conditional) Describe(in *exchange.Instrument) string {
	r := &c.Request
	var b strings.Builder
	fmt.Fprintf(&b, "%s %d is %s: %s", strings.ReplaceAll(r.Type(), "_", " "), c.ID, c.State, r.Side)
	if c.Size > 0 {
		fmt.Fprintf(&b, " %s", in.QtyDecimal(c.Size))
	}
	b.WriteString(" " + in.Key())
	if r.Price != 0 {
		fmt.Fprintf(&b, " at %s", in.PriceDecimal(r.Price))
	}
	if when := c.When(in); when != "" && c.State <= ConditionalHeld {
		b.WriteString(" " + when)
	}
	if c.Filled > 0 {
		fmt.Fprintf(&b, ", %s filled at %.8g", in.QtyDecimal(c.Filled), c.Price(in))
	}
	return b.String() + because(c.Reason)
}

// When words what lets it go: "when the mark falls to 61000"; "": nothing does.
func (c *Conditional) When(in *exchange.Instrument) string {
	r := &c.Request
	if !r.Triggers() {
		return ""
	}
	word := "rises"
	if r.Falls() {
		word = "falls"
	}
	switch {
	case c.Stop == 0 && r.Activation != 0:
		return fmt.Sprintf("trailing once the %s reaches %s", r.SourceOn(in), r.Activation.Decimal())
	case c.Stop == 0:
		return fmt.Sprintf("trailing the %s", r.SourceOn(in))
	}
	return fmt.Sprintf("when the %s %s to %s", r.SourceOn(in), word, c.Stop.Decimal())
}

// HeldWords words how many orders of each type are held: "2 stops, 1 take profit".
func HeldWords(types []string, counts map[string]int) string {
	var out []string
	for _, t := range types {
		word := strings.ReplaceAll(t, "_", " ")
		if counts[t] > 1 {
			word += "s"
		}
		out = append(out, fmt.Sprintf("%d %s", counts[t], word))
	}
	return strings.Join(out, ", ")
}
