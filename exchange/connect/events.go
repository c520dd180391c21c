package connect

import (
	"fmt"
	"hash/maphash"
	"strings"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// Events is a stream of an account's events, whatever connections it comes from: it says
// when it is up and down, and tells each event once. While one connection replaces another
// both deliver, so an event is known by its text: it holds its own time, so a text that
// comes twice is a repetition; a trade is also known by its id.
//
// Such an overlap can also change the order of events. For orders that does no harm,
// because their quantities only grow; a balance or a position that is older than one that
// was told already is dropped.
//
// It is safe for concurrent use.
type Events struct {
	o EventsOptions

	mu     sync.Mutex
	live   int    // connections
	begun  bool   // one delivered
	told   bool   // that it is down
	why    string // it is not up
	secret string
	closed bool
	seen   memory
	newest map[string]exchange.Time // by asset or symbol
}

// EventsOptions are what Events needs; all but the Venue are required.
type EventsOptions struct {
	Venue exchange.Venue // the segment whose stream it is; "": that of the whole account
	Sink  func(oms.AccountEvent)
	Log   func(string)
	Now   func() exchange.Time // the venue's time
}

// NewEvents returns a stream that has not begun.
func NewEvents(o EventsOptions) *Events {
	return &Events{o: o, why: "the stream begins", told: true, newest: map[string]exchange.Time{}}
}

// Up tells that a connection delivers. The first event after nothing did is a gap.
func (f *Events) Up() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live++; f.live == 1 && !f.closed {
		f.told = false
		f.pass(oms.AccountEvent{Venue: f.o.Venue, Gap: f.why, Begins: !f.begun})
		f.begun = true
	}
}

// Down tells that a connection is over that was up. It matters when it was the last.
func (f *Events) Down(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live--; f.live > 0 {
		return
	}
	why := "the connection was closed"
	if err != nil {
		why = err.Error()
	}
	f.down(why)
}

// Mute tells that the connections that are open will say nothing more.
func (f *Events) Mute(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.down(why)
}

// down says once that the stream is down.
func (f *Events) down(why string) {
	if f.told || f.closed {
		return
	}
	f.told, f.why = true, f.hide(why)
	f.pass(oms.AccountEvent{Venue: f.o.Venue, Down: f.why})
}

// Conceal keeps a text out of all that is told from now on: a key that opens the stream by
// itself, say, which errors of connections name with their address.
func (f *Events) Conceal(secret string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.secret = secret
}

// Hide is a text without what is concealed.
func (f *Events) Hide(text string) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.hide(text)
}

func (f *Events) hide(text string) string {
	if f.secret == "" {
		return text
	}
	return strings.ReplaceAll(text, f.secret, sign.Mask)
}

// Take passes on what an event means, unless its text came before. One that can't be read
// may have been anything, so it is a gap. An event without a time has the present one.
func (f *Events) Take(text []byte, read func(pass func(oms.AccountEvent)) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed || f.seen.repeats(text) {
		return
	}
	if err := read(f.fresh); err != nil {
		f.garbled(err)
	}
}

// Garbled takes a frame that makes no sense.
func (f *Events) Garbled(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.garbled(err)
}

func (f *Events) garbled(err error) {
	if f.closed {
		return
	}
	text := f.hide("an event makes no sense: " + err.Error())
	f.o.Log(text)
	f.pass(oms.AccountEvent{Venue: f.o.Venue, Gap: text})
}

// newestMost is how many assets and symbols are told apart, more than a venue has. With
// more all are forgotten: until each was told of again, one that is out of date may pass.
const newestMost = 10_000

// fresh passes an event on unless it is a trade that was told, or an absolute value that
// is out of date.
func (f *Events) fresh(n oms.AccountEvent) {
	name := ""
	switch {
	case n.Execution != nil:
		if f.seen.repeats([]byte(string(n.Execution.Venue) + " " + n.Execution.Symbol + " " + n.Execution.TradeID)) {
			return
		}
	case n.Balance != nil:
		name = "balance " + string(n.Balance.Wallet) + " " + n.Balance.Asset
	case n.Position != nil:
		name = fmt.Sprintf("position %s %s %d", n.Position.Venue, n.Position.Symbol, n.Position.Side)
	}
	if name != "" && n.Time != 0 {
		if n.Time < f.newest[name] {
			return
		}
		if len(f.newest) >= newestMost {
			clear(f.newest)
		}
		f.newest[name] = n.Time
	}
	f.pass(n)
}

func (f *Events) pass(n oms.AccountEvent) {
	if n.Time == 0 {
		n.Time = f.o.Now()
	}
	f.o.Sink(n)
}

// Close makes the stream silent: the sink is not called after.
func (f *Events) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// memory holds the last texts, between one and two thousand of them, which is far more
// than arrive while connections overlap.
type memory struct {
	seed     maphash.Seed
	recent   map[uint64]struct{}
	previous map[uint64]struct{}
}

const remembered = 1000

// repeats reports whether a text came before, and remembers it.
func (m *memory) repeats(text []byte) bool {
	if m.recent == nil {
		m.seed, m.recent = maphash.MakeSeed(), make(map[uint64]struct{}, remembered)
	}
	h := maphash.Bytes(m.seed, text)
	if _, ok := m.recent[h]; ok {
		return true
	}
	if _, ok := m.previous[h]; ok {
		return true
	}
	if len(m.recent) == remembered {
		m.previous, m.recent = m.recent, make(map[uint64]struct{}, remembered)
	}
	m.recent[h] = struct{}{}
	return false
}

// Listener is one connection of Events: a [wire.Handler]. It is up once all of its streams
// were accepted, and not before: a connection that is only open proves nothing.
type Listener struct {
	Events  *Events
	Streams int                      // that are subscribed to; 0: one
	Read    func(frame []byte) error // an error drops the connection

	mu       sync.Mutex
	accepted map[string]bool
	up       bool
	over     bool
}

var _ wire.Handler = (*Listener)(nil)

// Frame implements wire.Handler.
func (l *Listener) Frame(frame []byte) error { return l.Read(frame) }

// Subscribed implements wire.Handler.
func (l *Listener) Subscribed(streams []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.accepted == nil {
		l.accepted = map[string]bool{}
	}
	for _, name := range streams {
		l.accepted[name] = true
	}
	if len(l.accepted) >= l.Streams {
		l.deliver()
	}
}

// Deliver tells that the connection is up, by whatever else says so.
func (l *Listener) Deliver() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.deliver()
}

func (l *Listener) deliver() {
	if !l.up && !l.over {
		l.up = true
		l.Events.Up()
	}
}

// Stalled implements wire.Handler: an account may be silent for any time.
func (l *Listener) Stalled([]string) {}

// Down implements wire.Handler.
func (l *Listener) Down(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.over = true; l.up {
		l.Events.Down(err)
	}
}
