package feed

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/payload"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// group is what shares a connection.
type group struct {
	market *Market
	kind   api.Market
	tracks []*track // with any stream on it
	books  []*track // with their depth stream on it
}

// intake takes what one connection of a group delivers.
type intake struct {
	*group
	conn    uint64
	decoder *payload.Decoder
	ev      exchange.Event
	used    *exchange.Instrument // whose the frame at hand was; nil: it was of no use
}

var _ wire.Handler = (*intake)(nil)

func (g *group) open(conn uint64) wire.Handler {
	names := g.market.byName[g.kind]
	resolve := func(symbol []byte) *exchange.Instrument {
		if t := names[string(symbol)]; t != nil {
			return t.in
		}
		return nil
	}
	return &intake{group: g, conn: conn, decoder: payload.NewDecoder(g.kind, resolve)}
}

func (r *intake) Frame(frame []byte) error {
	if isContract(frame) {
		r.contract(frame)
		return nil
	}
	if r.market.o.Data&connect.Bars != 0 && isKline(frame) {
		r.kline(frame)
		return nil
	}
	r.ev = exchange.Event{}
	r.used = nil
	err := r.decoder.DecodeEach(frame, &r.ev, r.post)
	if r.used != nil && r.market.o.Tap != nil {
		r.market.o.Tap(r.used, r.market.o.Now(), frame)
	}
	switch {
	case errors.Is(err, payload.ErrIgnored):
		r.market.counts.ignored.Add(1)
	case err != nil:
		r.malformed(frame, err)
	}
	return nil
}

func (r *intake) post(ev *exchange.Event) error {
	m := r.market
	t := m.tracks[ev.Instrument]
	r.used = t.in
	switch ev.Kind {
	case exchange.KindDiff:
		if t.diff(m, ev) {
			m.fetchers[r.kind].want(t)
		}
	case exchange.KindMark:
		t.mark(m, ev, r.conn)
	default:
		if !t.post(m, ev, r.conn) {
			r.used = nil
		}
	}
	return nil
}

// sampleBytes is how much of a malformed message is shown.
const sampleBytes = 512

// malformed puts a message aside. If it was of a book, or cannot be told not to
// be, an update is missing.
func (r *intake) malformed(frame []byte, err error) {
	m := r.market
	if n := m.counts.malformed.Add(1); n&(n-1) == 0 { // 1, 2, 4, 8…: a flood is told of rarely
		m.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("%s: malformed message (%d so far): %v: %q",
			r.kind, n, err, frame[:min(len(frame), sampleBytes)])})
	}
	stream := protocol{}.Classify(frame).Stream
	symbol, isBook := bookSymbol(string(stream))
	for _, t := range r.books {
		if len(stream) == 0 || isBook && t.in.Symbol == symbol {
			t.gap(m, "malformed message")
		}
	}
}

func (r *intake) Subscribed([]string) {}

// Stalled has a look at the books that have fallen silent: their markets may
// just be quiet.
func (r *intake) Stalled(streams []string) {
	for _, s := range streams {
		symbol, isBook := bookSymbol(s)
		if t := r.market.byName[r.kind][symbol]; isBook && t != nil {
			t.silent()
			r.market.fetchers[r.kind].want(t)
		}
	}
}

func (r *intake) Down(err error) {
	if err == nil {
		return
	}
	for _, t := range r.tracks {
		t.lost(r.market, r.conn)
	}
	reason := "disconnected: " + err.Error()
	for _, t := range r.books {
		t.gap(r.market, reason)
	}
	r.market.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("%s: %s", r.kind, reason)})
}
