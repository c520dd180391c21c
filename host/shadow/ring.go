package shadow

import (
	"encoding/binary"
	"fmt"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger/journal"
)

// RingOptions bound what a ring keeps.
type RingOptions struct {
	Span   exchange.Time // of the session's time
	Events int           // at most, the newest
	Bytes  int           // of encoded events, at most
}

// Ring keeps the last minutes of a session's market, as the journal encodes it, in segments
// each of which begins with how the session stood. The loop calls Keep, Cut and Due; Fold
// runs off the loop, on one goroutine; Span may be called from any.
//
// It holds at most twice Bytes, and the books of where it begins. When events come faster
// than they are folded, all of it is given up and begun anew at the next cut.
type Ring struct {
	o        RingOptions
	universe *exchange.Universe
	books    func(exchange.InstrumentID) *book.Book // of the session; the loop's

	mu     sync.Mutex
	list   []*segment // oldest first; the last is written to
	bytes  int
	events int
	cutAt  exchange.Time
	lost   bool // nothing is kept before the next cut
	epoch  int  // how often it was given up

	folding sync.Mutex
	base    *Books // the market where the first segment begins
	based   int    // the epoch it is of
}

// segment is the events from one standing of the session to the next.
type segment struct {
	standing *core.Standing
	seed     []exchange.Event // how books stood where a ring was begun anew
	chunks   [][]byte         // of records. Bytes that were written stay
	bytes    int
	events   int
	epoch    int
}

// chunkSize is how much memory is taken at once.
const chunkSize = 256 << 10

// cutsPerSpan is into how many segments a span is cut.
const cutsPerSpan = 10

// NewRing returns a ring that keeps nothing before its first cut.
func NewRing(u *exchange.Universe, books func(exchange.InstrumentID) *book.Book, o RingOptions) *Ring {
	return &Ring{o: o, universe: u, books: books, base: NewBooks(u)}
}

// Keep notes an event, encoded as the journal has it.
func (r *Ring) Keep(raw []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 || r.lost {
		return
	}
	if r.bytes > 2*r.o.Bytes {
		r.list, r.bytes, r.events, r.lost = nil, 0, 0, true
		r.epoch++
		return
	}
	s := r.list[len(r.list)-1]
	need := binary.MaxVarintLen32 + len(raw)
	last := len(s.chunks) - 1
	if last < 0 || cap(s.chunks[last])-len(s.chunks[last]) < need {
		s.chunks = append(s.chunks, make([]byte, 0, max(chunkSize, need)))
		last++
	}
	s.chunks[last] = AppendRecord(s.chunks[last], raw)
	s.bytes, s.events = s.bytes+need, s.events+1
	r.bytes, r.events = r.bytes+need, r.events+1
}

// Due reports whether a segment should end here.
func (r *Ring) Due(now exchange.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		return true
	}
	s := r.list[len(r.list)-1]
	return now >= r.cutAt+r.o.Span/cutsPerSpan || s.events >= max(1, r.o.Events/cutsPerSpan) || s.bytes >= r.o.Bytes/cutsPerSpan
}

// Cut begins a segment, with how the session stands between two instants.
func (r *Ring) Cut(st *core.Standing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &segment{standing: st, epoch: r.epoch}
	if r.lost {
		for _, in := range r.universe.All() {
			s.seed = append(s.seed, r.books(in.ID).Stand(in.ID, st.Restore.Time)...)
		}
		r.lost = false
	}
	r.cutAt = st.Restore.Time
	r.list = append(r.list, s)
}

// Full reports whether there is something to fold: the oldest segment is not needed.
func (r *Ring) Full() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.spare() != nil
}

// spare is the oldest segment, when what follows it is enough; the lock is held.
func (r *Ring) spare() *segment {
	if len(r.list) < 2 {
		return nil
	}
	first, second := r.list[0], r.list[1]
	if r.cutAt-second.standing.Restore.Time >= r.o.Span || r.events-first.events >= r.o.Events || r.bytes > r.o.Bytes {
		return first
	}
	return nil
}

// Fold takes what is older than is asked for out of the ring, into the books of where it begins.
func (r *Ring) Fold() error {
	r.folding.Lock()
	defer r.folding.Unlock()
	for {
		r.mu.Lock()
		s := r.spare()
		r.mu.Unlock()
		if s == nil {
			return nil
		}
		r.rebase(s)
		if err := each(s.chunks, r.fold); err != nil {
			return err
		}
		r.mu.Lock()
		if len(r.list) > 0 && r.list[0] == s {
			r.list = r.list[1:]
			r.bytes, r.events = r.bytes-s.bytes, r.events-s.events
		}
		r.mu.Unlock()
	}
}

func (r *Ring) fold(ev *exchange.Event) error {
	r.base.Take(ev)
	return nil
}

// rebase begins the books anew for a segment that follows a loss.
func (r *Ring) rebase(s *segment) {
	if s.epoch == r.based {
		return
	}
	r.base, r.based = NewBooks(r.universe), s.epoch
	for i := range s.seed {
		r.base.Take(&s.seed[i])
	}
}

// Span is a part of the past that a shadow can be run over. It is a copy of what may change,
// and any number of goroutines may read it.
type Span struct {
	Standing *core.Standing
	Market   []exchange.Event // how the market stood at its beginning
	Events   int
	chunks   [][]byte
}

// Span returns what is kept, up to now; an error says why there is nothing.
func (r *Ring) Span() (*Span, error) {
	r.folding.Lock()
	defer r.folding.Unlock()
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.list) == 0 {
		return nil, fmt.Errorf("nothing of the session's past is kept yet")
	}
	first := r.list[0]
	r.rebase(first)
	s := &Span{Standing: first.standing, Events: r.events, Market: r.base.Stand(first.standing.Restore.Time)}
	for _, seg := range r.list {
		for _, c := range seg.chunks {
			s.chunks = append(s.chunks, c[:len(c):len(c)])
		}
	}
	return s, nil
}

// Bytes is how much memory its events take.
func (r *Ring) Bytes() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.bytes
}

// Each calls f with the events in their order; they are valid until it returns. It ends with
// the first error.
func (s *Span) Each(f func(*exchange.Event) error) error {
	return each(s.chunks, f)
}

// each decodes the records of chunks until f returns an error.
func each(chunks [][]byte, f func(*exchange.Event) error) error {
	var d journal.EventDecoder
	var ev exchange.Event
	for _, c := range chunks {
		for len(c) > 0 {
			var err error
			if c, err = NextRecord(&d, c, &ev); err != nil {
				return fmt.Errorf("the kept past: %w", err)
			}
			if err := f(&ev); err != nil {
				return err
			}
		}
	}
	return nil
}
