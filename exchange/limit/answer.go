package limit

import "github.com/perilune/perilune/exchange"

// Answer is what a response says about limits, in words that venues have in common.
type Answer struct {
	Pool    Pool
	OK      bool          // the venue did what was asked
	Refusal Refusal       // what of limits it refused for; None: for nothing of them
	Sent    exchange.Time // when the request was sent; 0: just now
	// RetryAt is when the venue wants to be asked again; 0 when it did not say.
	RetryAt exchange.Time
	// Used is the venue's count by meter; 0 or less where it said nothing.
	Used [MaxMeters]int32
}

// Refusal is what a venue refuses because of a limit.
type Refusal uint8

const (
	None      Refusal = iota
	Throttled         // everything in the pool, for now
	NoOrders          // orders alone
	Banned            // the address
)
