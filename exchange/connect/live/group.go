package live

import (
	"errors"
	"fmt"
	"slices"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/wire"
)

// group is what shares a connection.
type group struct {
	m       *Market
	route   *Route
	streams []wire.Stream
	later   []later // streams that are subscribed to when they are wanted
	client  *wire.Client
	names   map[string]*track // by symbol, of the instruments with any stream on it
	tracks  []*track          // the same, in order
	books   map[string]*track // by the stream that has their updates
}

// groups deals the instruments of a route to connections, in order, so that all streams of one
// are together.
func (m *Market) groups(r *Route) (out []*group, err error) {
	var g *group
	seen := map[string]bool{}
	for _, t := range m.tracks {
		list := r.Streams(t.in)
		if len(list) == 0 {
			continue
		}
		if g == nil || len(g.streams)+len(g.later)+len(list) > r.PerConn {
			g = &group{m: m, route: r, names: map[string]*track{}, books: map[string]*track{}}
			out = append(out, g)
			clear(seen)
		}
		if other := g.names[t.in.Symbol]; other != nil {
			return nil, fmt.Errorf("route %s: %s and %s have one symbol: want a route for each", r.Wire.Name, other.in.FullKey(), t.in.FullKey())
		}
		g.names[t.in.Symbol] = t
		g.tracks = append(g.tracks, t)
		for _, s := range list {
			if s.Book {
				g.books[s.Name] = t
			}
			if seen[s.Name] {
				continue
			}
			seen[s.Name] = true
			w := wire.Stream{Name: s.Name, Silence: s.Silence}
			if s.Only == 0 || m.has(s.Only) {
				g.streams = append(g.streams, w)
			} else {
				g.later = append(g.later, later{w, s.Only})
			}
		}
	}
	if len(out) > 0 {
		out[0].streams = append(out[0].streams, r.Common...)
	}
	return out, nil
}

// connect starts the connections of a route. Where the streams are more than one can
// carry there are several.
func (m *Market) connect(r *Route) error {
	list, err := m.groups(r)
	if err != nil {
		return err
	}
	for n, g := range list {
		o := r.Wire
		o.Name = fmt.Sprintf("%s#%d", o.Name, n+1)
		o.Open, o.Streams, o.Attempts, o.Jitter = g.open, g.streams, m.o.Data.Access.Attempts, m.o.Jitter
		if r.Tune != nil {
			r.Tune(&o)
		}
		c, err := wire.Start(o)
		if err != nil {
			return err
		}
		for name, t := range g.books { // order does not matter
			t.stream.Store(&bookStream{c, name})
		}
		g.client = c
		m.clients = append(m.clients, c)
		if len(g.later) > 0 {
			m.extensible = append(m.extensible, g)
		}
	}
	return nil
}

// bookStream is where the updates of a book come from.
type bookStream struct {
	client *wire.Client
	name   string
}

// intake takes what one connection of a group delivers.
type intake struct {
	*group
	conn    uint64
	decoder connect.Decoder
	yield   func(*exchange.Event, int64)
	used    *exchange.Instrument // whose the frame at hand was; nil: it was of no use
	refused map[string]bool      // streams that were told of
}

var (
	_ wire.Handler = (*intake)(nil)
	_ wire.Refuser = (*intake)(nil)
)

func (g *group) open(conn uint64) wire.Handler {
	h := &intake{group: g, conn: conn, refused: map[string]bool{}}
	h.decoder = g.route.Decoder(Session{Conn: conn, Listed: g.m.listed, Was: g.m.was, Resolve: func(symbol []byte) *exchange.Instrument {
		if t := g.names[string(symbol)]; t != nil {
			return t.in
		}
		return nil
	}})
	h.yield = h.take
	return h
}

// Frame implements wire.Handler.
func (h *intake) Frame(frame []byte) error {
	h.used = nil
	err := h.decoder.Decode(frame, h.yield)
	if h.used != nil && h.m.o.Data.Tap != nil {
		h.m.o.Data.Tap(h.used, h.m.o.Now(), frame)
	}
	switch {
	case errors.Is(err, connect.ErrIgnored):
		h.m.counts.ignored.Add(1)
	case err != nil:
		h.malformed(frame, err)
	}
	return nil
}

// take sends one event of a frame on. Bars are no part of a recording: they are made of
// its trades.
func (h *intake) take(ev *exchange.Event, order int64) {
	m := h.m
	t := m.track(ev.Instrument)
	if t == nil {
		return
	}
	if m.impossible(t, ev) {
		if ev.Kind == exchange.KindDiff || ev.Kind == exchange.KindSnapshot {
			t.gap(m, "an update of the book says what cannot be")
		}
		return
	}
	used := true
	switch ev.Kind {
	case exchange.KindDiff, exchange.KindSnapshot:
		used = t.update(m, ev, h.conn)
	case exchange.KindGap:
		t.gap(m, ev.Reason)
	case exchange.KindMark:
		used = t.mark(m, ev, order, h.conn)
	case exchange.KindBar:
		t.bar(m, ev)
		used = false
	case exchange.KindOpenInterest:
		used = t.openInterest(m, ev)
	case exchange.KindLiquidation:
		used = t.liquidation(m, ev, order, h.conn)
	default:
		used = t.other(m, ev, order, h.conn)
	}
	if used {
		h.used = t.in
	}
}

// impossible reports whether an event says what no market can, and must be dropped, and tells
// people of it.
func (m *Market) impossible(t *track, ev *exchange.Event) bool {
	err := ev.CheckValues(t.in)
	if err == nil {
		return false
	}
	if n := m.counts.malformed.Add(1); n&(n-1) == 0 {
		m.notice(t.in.ID, "%s: a %s that cannot be was dropped (%d bad messages so far): %v", t.in.Key(), ev.Kind, n, err)
	}
	return true
}

// possible are those of some events of an instrument that a market can have said.
func (m *Market) possible(t *track, list []exchange.Event) []exchange.Event {
	return slices.DeleteFunc(list, func(ev exchange.Event) bool { return m.impossible(t, &ev) })
}

// sampleBytes is how much of a malformed message is shown.
const sampleBytes = 512

// malformed puts a message aside. If it was of a book, or cannot be told not to be, an
// update is missing.
func (h *intake) malformed(frame []byte, err error) {
	if n := h.m.counts.malformed.Add(1); n&(n-1) == 0 { // 1, 2, 4, 8…: a flood is told of rarely
		h.m.notice(exchange.NoInstrument, "%s: malformed message (%d so far): %v: %q", h.route.Wire.Name, n, err, frame[:min(len(frame), sampleBytes)])
	}
	stream := string(h.route.Wire.Protocol.Classify(frame).Stream)
	if t := h.books[stream]; t != nil {
		t.gap(h.m, "malformed message")
		return
	}
	if stream != "" {
		return
	}
	for _, t := range h.books { // order does not matter: each is told alike
		t.gap(h.m, "malformed message")
	}
}

// Subscribed implements wire.Handler.
func (h *intake) Subscribed([]string) {}

// Refused implements wire.Refuser. A book without its stream is not to be believed.
func (h *intake) Refused(streams []string, err error) {
	for _, s := range streams {
		t := h.books[s]
		if t != nil {
			t.gap(h.m, "its stream is refused: "+err.Error())
		}
		if h.refused[s] {
			continue // it is asked for again, and refused again
		}
		h.refused[s] = true
		h.m.notice(exchange.NoInstrument, "%s: %s is refused: %v", h.route.Wire.Name, s, err)
	}
}

// Stalled implements wire.Handler. A book that is fetched is looked at: its market may just be
// quiet. Any other stream is begun anew by wire, and begins with what is so now. Of what is
// not trading nothing is expected.
func (h *intake) Stalled(streams []string) {
	for _, s := range streams {
		t := h.books[s]
		switch {
		case t == nil:
		case t.isHalted():
			t.stream.Load().client.Excuse(s)
		case h.m.fetchers[t.in.Venue] != nil:
			t.silent()
			h.m.want(t)
		}
	}
}

// Down implements wire.Handler.
func (h *intake) Down(err error) {
	m := h.m
	if err == nil {
		for _, t := range h.books { // order does not matter: each has its own
			t.handedOver(m, h.conn)
		}
		return
	}
	reason := "disconnected: " + err.Error()
	for _, t := range h.tracks {
		t.lost(m, h.conn)
	}
	for _, t := range h.books { // order does not matter: each has its own
		t.disconnected(m, h.conn, reason)
	}
	m.notice(exchange.NoInstrument, "%s: %s", h.route.Wire.Name, reason)
}
