package core

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// outbox is what a step leads to. All parts of a core write to it, and know from it
// which event is handled and what time it is.
type outbox struct {
	seq     uint64
	now     exchange.Time
	effects *[]Effect // of the step; nil between steps
	reading *reading  // somebody looks on between steps: nothing may be noted for later

	// Memory for bodies that are more than a pointer.
	snapshots arena[WantSnapshot]
	fills     arena[Filled]
	payments  arena[FundingPaid]
	samples   arena[EquitySampled]
	states    arena[StateSaved]
	points    arena[ChartPoint]
	lines     arena[LogLine]
}

// Now is the loop's time.
func (o *outbox) Now() exchange.Time { return o.now }

// Seq is the number of the last event.
func (o *outbox) Seq() uint64 { return o.seq }

func (o *outbox) emit(strategy int32, b Body) {
	if o.reading != nil {
		return
	}
	*o.effects = append(*o.effects, Effect{Seq: o.seq, Time: o.now, Strategy: strategy, Body: b})
}

// How lines begin that a person should be woken for.
const (
	HaltedLine      = "HALTED, only reducing orders pass: "
	LatchedLine     = "HALTED, only what reduces its own positions passes: "
	PausedLine      = "paused: "
	ForeignFillLine = "foreign fill (" // then why, and ")"
)

// log writes a line of the log about a strategy; -1 is the host.
func (o *outbox) log(level intent.Level, strategy int32, text string) {
	o.logAbout(level, strategy, About{}, text)
}

// logAbout is log of a line about an order, a pair or an instrument.
func (o *outbox) logAbout(level intent.Level, strategy int32, about About, text string) {
	o.emit(strategy, o.lines.keep(LogLine{Level: level, Text: text, About: about}))
}

// arena hands out memory for values in pieces of many: what is asked for often would
// otherwise be an allocation each. Nothing is given back: a value lives for as long as
// somebody points into its piece.
type arena[T any] struct{ left []T }

const arenaPiece = 64

func (a *arena[T]) keep(v T) *T {
	if len(a.left) == 0 {
		a.left = make([]T, arenaPiece)
	}
	p := &a.left[0]
	a.left = a.left[1:]
	*p = v
	return p
}

// bootEffect is what the first step has to report.
type bootEffect struct {
	strategy int32
	body     Body
}
