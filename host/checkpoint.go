package host

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger/journal"
)

// checkpoint begins each segment of a capped journal but the first. With it, and
// with what the journal's header tells of market and venue, all events before it can
// be made again.
type checkpoint struct {
	Seq     uint64 // of the next event
	Effects uint64 // of the events before it
	// Events and Outputs are the hashes of all events and effects before it.
	Events, Outputs string
	// Outside is what came from neither the market, the venue nor a timer.
	Outside []outsideEvent
	// Lost says why it can't be gone on from; "": it can.
	Lost string `json:",omitempty"`
}

// outsideEvent is an event that can't be made again, or what a clock decided on one
// that can.
type outsideEvent struct {
	Seq       uint64
	Event     []byte `json:",omitempty"` // as the journal has it
	Interrupt string `json:",omitempty"` // the effect's line
}

// outsideMost bounds what is kept of the outside for a checkpoint: each repeats it.
const outsideMost = 4 << 20

// checkpoints makes the checkpoints of a run.
type checkpoints struct {
	books   func(exchange.InstrumentID) *book.Book
	most    int // bytes of outside
	size    int
	outside []outsideEvent
	lost    string
	began   bool // the strategies were started
	within  bool // the next event belongs to the instant of the last one
	now     exchange.Time
	marks   []exchange.Event // the last of each instrument
	buf     []byte
}

// newCheckpoints: again tells whether market and venue can be made again.
func newCheckpoints(again bool, limit int64, books func(exchange.InstrumentID) *book.Book) *checkpoints {
	k := &checkpoints{books: books, most: int(min(outsideMost, max(64<<10, limit/4)))}
	if !again {
		k.lost = "its market was live or a stream, or market or broker its program's own, and can't be made again"
	}
	return k
}

// before begins a segment when the present one has its size and the event is the
// first of an instant.
func (k *checkpoints) before(r *recorder, ev *exchange.Event) error {
	if k.within || !r.journal.Full() {
		return nil
	}
	if err := r.journal.Rotate(); err != nil {
		return err
	}
	c := checkpoint{Seq: ev.Seq, Effects: r.effects, Events: r.in.sum(), Outputs: r.out.sum(), Outside: k.outside, Lost: k.lost}
	raw, err := json.Marshal(&c)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := r.journal.Append(journal.RecordCheckpoint, raw); err != nil {
		return err
	}
	for _, in := range r.u.All() {
		if err := k.stand(r.journal, in.ID); err != nil {
			return err
		}
	}
	return nil
}

// stand writes the book and the mark of an instrument as they are.
func (k *checkpoints) stand(w *journal.Writer, id exchange.InstrumentID) error {
	for _, ev := range k.books(id).Stand(id, k.now) {
		if err := k.append(w, &ev); err != nil {
			return err
		}
	}
	if int(id) < len(k.marks) && k.marks[id].Kind == exchange.KindMark {
		ev := k.marks[id]
		ev.Time = k.now
		return k.append(w, &ev)
	}
	return nil
}

func (k *checkpoints) append(w *journal.Writer, ev *exchange.Event) error {
	k.buf = journal.AppendEvent(k.buf[:0], ev)
	return w.Append(journal.RecordStand, k.buf)
}

// note keeps of an event what a checkpoint needs; raw is how the journal has it.
func (k *checkpoints) note(ev *exchange.Event, raw []byte) {
	k.now, k.within = ev.Time, ev.More && ev.Kind.MarketData()
	switch {
	case !k.began:
		// All before the start is kept, and the start is the loop's own.
		if k.began = ev.Kind == exchange.KindCommand && ev.Name == core.CommandStart; !k.began {
			k.keep(outsideEvent{Seq: ev.Seq, Event: slices.Clone(raw)})
		}
	case ev.Kind == exchange.KindMark:
		k.mark(ev)
	case ev.Kind == exchange.KindReload, ev.Kind == exchange.KindCommand, ev.Kind == exchange.KindVenue, ev.Kind == exchange.KindAdvice:
		k.keep(outsideEvent{Seq: ev.Seq, Event: slices.Clone(raw)})
	}
}

func (k *checkpoints) mark(ev *exchange.Event) {
	for int(ev.Instrument) >= len(k.marks) {
		k.marks = append(k.marks, exchange.Event{})
	}
	m := &k.marks[ev.Instrument]
	m.Kind, m.Instrument = ev.Kind, ev.Instrument
	m.Mark, m.Index, m.Rate, m.NextFunding, m.Hours = ev.Mark, ev.Index, ev.Rate, ev.NextFunding, ev.Hours
}

// interrupted keeps that a clock ended a callback.
func (k *checkpoints) interrupted(seq uint64, line []byte) {
	k.keep(outsideEvent{Seq: seq, Interrupt: string(line)})
}

func (k *checkpoints) keep(e outsideEvent) {
	if k.lost != "" {
		return
	}
	k.size += len(e.Event) + len(e.Interrupt)
	if k.size > k.most {
		k.outside = nil
		k.lost = fmt.Sprintf("up to event %d more than %d KiB of saves, commands and answers came from outside, which is more than a capped journal keeps; "+
			"raise --journal-cap, or lift it with --journal-cap off", e.Seq, k.most>>10)
		return
	}
	k.outside = append(k.outside, e)
}
