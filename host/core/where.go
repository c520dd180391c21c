package core

import (
	"fmt"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
)

// Stage is what the loop is at.
type Stage uint8

// The stages of a session, in the order they come in.
const (
	StageOpening Stage = iota // before the first event: whoever opens says what it waits for
	StageWaiting              // for the next event; it may stay here for any time
	StageAdvisor              // for an answer of the advisor, on virtual time
	StageData                 // reads the next event of the market's data
	StageJournal              // journals an event
	StageStep                 // the core handles an event
	StageCall                 // a strategy's handler runs
	StageLedger               // records what an event led to
	StageVenue                // hands orders to the venue
	StageClosing              // after the last event: journal, ledger, report
)

var stageNames = [...]string{"opening", "waiting for events", "waiting for the advisor", "reading market data", "writing the journal",
	"in the core", "calling a strategy", "writing the ledger", "handing orders to the venue", "closing journal and ledger"}

func (s Stage) String() string { return stageNames[s] }

// Where tells other goroutines where the loop is. The loop sets it with two
// stores and reads no clock for it: whoever watches sees that it does not change.
type Where struct {
	seq  atomic.Uint64 // of the event being handled
	word atomic.Uint64 // stage:4 kind:6 handler:6 strategy+1:12 moves:36
}

// Place is where the loop was at one moment. Two that are equal mean that it did
// not move in between.
type Place struct {
	Seq      uint64
	Stage    Stage
	Kind     exchange.Kind
	Handler  Handler
	Strategy int32 // -1: none is being called
	moves    uint64
}

const (
	movesBits    = 36
	strategyBits = 12
	handlerBits  = 6
	kindBits     = 6
)

// At begins an event.
func (w *Where) At(seq uint64, kind exchange.Kind) {
	if w == nil {
		return
	}
	w.seq.Store(seq)
	w.store(uint64(StageJournal), uint64(kind), 0, 0)
}

// Enter says which stage begins; the event stays the same.
func (w *Where) Enter(s Stage) {
	if w == nil {
		return
	}
	old := w.word.Load()
	w.store(uint64(s), old>>(movesBits+strategyBits+handlerBits)&(1<<kindBits-1), 0, 0)
}

// call says which handler of which strategy runs.
func (w *Where) call(strategy int32, h Handler) {
	if w == nil {
		return
	}
	old := w.word.Load()
	w.store(uint64(StageCall), old>>(movesBits+strategyBits+handlerBits)&(1<<kindBits-1), uint64(h), uint64(strategy+1)&(1<<strategyBits-1))
}

func (w *Where) store(stage, kind, handler, strategy uint64) {
	moves := (w.word.Load() + 1) & (1<<movesBits - 1)
	w.word.Store(((stage<<kindBits|kind)<<handlerBits|handler)<<(strategyBits+movesBits) | strategy<<movesBits | moves)
}

// Place returns where the loop is. It may be called from any goroutine.
func (w *Where) Place() Place {
	v := w.word.Load()
	p := Place{Seq: w.seq.Load(), moves: v & (1<<movesBits - 1)}
	v >>= movesBits
	p.Strategy = int32(v&(1<<strategyBits-1)) - 1
	v >>= strategyBits
	p.Handler = Handler(v & (1<<handlerBits - 1))
	v >>= handlerBits
	p.Kind = exchange.Kind(v & (1<<kindBits - 1))
	p.Stage = Stage(v >> kindBits)
	return p
}

// String is for people: "event 812 (timer), calling a strategy: on_timer". Who is
// called they know by number only; name it with Describe.
func (p Place) String() string { return p.Describe(nil) }

// Describe is String with the strategy's name in it.
func (p Place) Describe(name func(int32) string) string {
	if p.Stage == StageOpening || p.Seq == 0 {
		return p.Stage.String()
	}
	text := fmt.Sprintf("event %d (%s), %s", p.Seq, p.Kind, p.Stage)
	if p.Stage != StageCall {
		return text
	}
	who := fmt.Sprintf("strategy %d", p.Strategy)
	if name != nil {
		who = name(p.Strategy)
	}
	return fmt.Sprintf("event %d (%s), in %s of %s", p.Seq, p.Kind, p.Handler, who)
}
