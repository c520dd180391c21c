package weight

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
)

type (
	Ledger   = limit.Ledger
	Options  = limit.Options
	Cost     = limit.Cost
	Hold     = limit.Hold
	Store    = limit.Store
	File     = limit.File
	Priority = limit.Priority
	Meter    = limit.Meter
	Pool     = limit.Pool
	Verdict  = limit.Verdict
)

const (
	Query  = limit.Query
	Open   = limit.Open
	Hedge  = limit.Hedge
	Cancel = limit.Cancel

	priorities = int(Cancel) + 1
)

const (
	ms     = exchange.Millisecond
	second = exchange.Second
	minute = exchange.Minute
)

var start = exchange.Date(2026, 11, 22)

// charged is what was used at a time.
type charged struct {
	at exchange.Time
	n  int
}
