package account

import (
	"hash/maphash"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// feed is the one stream of events of a market, whatever connections it comes
// from. While one connection replaces another both deliver, so an event is known
// by its text: it holds its own time, so a text that comes twice is a repetition.
//
// Such an overlap can also change the order of events. For orders that does no
// harm, because their quantities only grow; a balance or a position that is
// older than one that was told already is dropped.
type feed struct {
	market api.Market
	sink   func(oms.AccountEvent)
	log    func(string)
	now    func() exchange.Time
	// conditional takes what becomes of conditional orders.
	conditional func(Conditional)

	hidden atomic.Pointer[string] // the listen key, which is kept out of every text

	mu     sync.Mutex
	live   int    // connections
	begun  bool   // one delivered
	told   bool   // that it is down
	why    string // it is not up
	closed bool
	seen   memory
	newest map[string]exchange.Time // by asset or symbol
}

func newFeed(m api.Market, c *transport, sink func(oms.AccountEvent)) *feed {
	return &feed{market: m, sink: sink, log: c.o.Log, now: c.Now, conditional: c.o.Conditional, why: "the stream begins", told: true, newest: make(map[string]exchange.Time)}
}

// up tells that a connection delivers. The first event after nothing did is a
// gap.
func (f *feed) up() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live++; f.live == 1 && !f.closed {
		f.told = false
		f.pass(oms.AccountEvent{Venue: f.market.Venue(), Gap: f.why, Begins: !f.begun, Time: f.now()})
		f.begun = true
	}
}

// down tells that a connection is over. It matters when it was the last.
func (f *feed) down(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.live--; f.live > 0 {
		return
	}
	why := "the connection was closed"
	if err != nil {
		why = err.Error()
	}
	f.tellDown(why)
}

// mute tells that the connections that are open will say nothing more.
func (f *feed) mute(why string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.tellDown(why)
}

// tellDown says once that the stream is down.
func (f *feed) tellDown(why string) {
	if f.told || f.closed {
		return
	}
	f.told, f.why = true, f.hide(why)
	f.pass(oms.AccountEvent{Venue: f.market.Venue(), Down: f.why, Time: f.now()})
}

// hide keeps the listen key, which opens the stream by itself, out of a text:
// errors of connections name their address.
func (f *feed) hide(text string) string {
	if key := f.hidden.Load(); key != nil {
		return strings.ReplaceAll(text, *key, sign.Mask)
	}
	return text
}

func (f *feed) keepSecret(key string) { f.hidden.Store(&key) }

// take passes on what an event means. One that cannot be read may have been
// anything, so it is a gap.
func (f *feed) take(ev *event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if ev.kind == "" || f.closed || f.seen.repeats(ev.body) {
		return
	}
	if ev.kind == "MARGIN_CALL" {
		f.log("margin call on " + f.market.String() + ": " + string(ev.body[:min(len(ev.body), 500)]))
	}
	var err error
	if ev.kind == "ALGO_UPDATE" {
		err = ev.conditional(f.market, ev.o, f.conditional)
	} else {
		err = ev.accountEvents(f.market, f.fresh)
	}
	if err != nil {
		f.garbled(err)
	}
}

func (f *feed) garbled(err error) {
	text := f.hide("an event makes no sense: " + err.Error())
	f.log(text)
	f.pass(oms.AccountEvent{Venue: f.market.Venue(), Gap: text, Time: f.now()})
}

// unreadable takes a frame that is not even JSON.
func (f *feed) unreadable(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.closed {
		f.garbled(err)
	}
}

// newestMost is how many assets and symbols are told apart, more than the venue
// has. With more all are forgotten: until each was told of again, one that is out of
// date may pass.
const newestMost = 10_000

// fresh passes an event on unless it is an absolute value that is out of date.
func (f *feed) fresh(n oms.AccountEvent) {
	name := ""
	switch {
	case n.Balance != nil:
		name = "balance " + n.Balance.Asset
	case n.Position != nil:
		name = "position " + n.Position.Symbol
	}
	if name != "" {
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

func (f *feed) pass(n oms.AccountEvent) { f.sink(n) }

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.closed = true
}

// memory holds the last texts, between one and two thousand of them, which is
// far more than arrive while connections overlap.
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
