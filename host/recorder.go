package host

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger/journal"
)

// recorder is where everything that enters and leaves the core passes by: it is
// journalled, hashed, and handed to the ledger. It implements loop.Recorder.
type recorder struct {
	u       *exchange.Universe
	journal *journal.Writer // nil: off
	sink    func(*exchange.Event, []core.Effect) error
	givenUp *atomic.Bool // the session was: a loop that wakes up later does nothing more

	checks *checkpoints // nil: the journal keeps its beginning
	past   *preflight   // nil: no version will be tried
	side   *sideline    // nil: nobody follows the session

	in, out digest
	buf     []byte
	effects uint64
}

var errGivenUp = errors.New("the session was given up while its loop stood still")

// digest hashes many short records at the price of few long ones.
type digest struct {
	h   hash.Hash
	buf []byte
}

func newDigest() digest { return digest{h: sha256.New(), buf: make([]byte, 0, 64<<10)} }

func (d *digest) add(b []byte) {
	if len(d.buf)+len(b)+1 > cap(d.buf) {
		d.h.Write(d.buf)
		d.buf = d.buf[:0]
	}
	d.buf = append(d.buf, b...)
	d.buf = append(d.buf, '\n')
}

func (d *digest) sum() string {
	d.h.Write(d.buf)
	d.buf = d.buf[:0]
	return hex.EncodeToString(d.h.Sum(nil))
}

func newRecorder(u *exchange.Universe, w *journal.Writer, sink func(*exchange.Event, []core.Effect) error) *recorder {
	return &recorder{u: u, journal: w, sink: sink, in: newDigest(), out: newDigest()}
}

// Before implements loop.Recorder: what is not in the journal must not happen.
func (r *recorder) Before(ev *exchange.Event) error {
	if r.givenUp != nil && r.givenUp.Load() {
		return errGivenUp
	}
	if r.checks != nil {
		if err := r.checks.before(r, ev); err != nil {
			return fmt.Errorf("event %d: %w", ev.Seq, err)
		}
	}
	r.buf = journal.AppendEvent(r.buf[:0], ev)
	r.in.add(r.buf)
	r.past.keep(ev, r.buf)
	r.side.keep(ev, r.buf)
	if r.checks != nil {
		r.checks.note(ev, r.buf)
	}
	if r.journal == nil {
		return nil
	}
	if err := r.journal.Append(journal.RecordEvent, r.buf); err != nil {
		return fmt.Errorf("event %d: %w", ev.Seq, err)
	}
	return nil
}

// After implements loop.Recorder.
func (r *recorder) After(ev *exchange.Event, fx []core.Effect) error {
	if r.givenUp != nil && r.givenUp.Load() {
		return errGivenUp // before anything that it decided is done
	}
	defer r.past.stand(ev)
	defer r.side.after(ev, fx)
	if len(fx) == 0 {
		return nil
	}
	for i := range fx {
		r.buf = fx[i].Append(r.buf[:0], r.u)
		r.out.add(r.buf)
		r.effects++
		if _, ended := fx[i].Body.(*core.CallbackEnded); ended && r.checks != nil {
			r.checks.interrupted(ev.Seq, r.buf)
		}
		if r.journal != nil {
			if err := r.journal.Append(journal.RecordEffect, r.buf); err != nil {
				return fmt.Errorf("effect of event %d: %w", ev.Seq, err)
			}
		}
	}
	if r.sink != nil {
		return r.sink(ev, fx)
	}
	return nil
}
