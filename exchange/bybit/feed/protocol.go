package feed

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/wire"
)

// protocol spells subscriptions of public streams.
type protocol struct{}

var (
	_ wire.Protocol = protocol{}
	_ wire.Pinger   = protocol{}
)

func (protocol) Greet() ([][]byte, error) { return nil, nil }

// Ping implements wire.Pinger: without it a connection ends after some minutes.
func (protocol) Ping() []byte { return []byte(`{"op":"ping"}`) }

func (protocol) Subscribe(id uint64, streams []string) []byte {
	return Request("subscribe", id, streams)
}

func (protocol) Unsubscribe(id uint64, streams []string) []byte {
	return Request("unsubscribe", id, streams)
}

// Request spells one; ids are text.
func Request(op string, id uint64, streams []string) []byte {
	args, err := json.Marshal(streams)
	if err != nil {
		return nil // not reached: strings can always be marshalled
	}
	return fmt.Appendf(nil, `{"req_id":"%d","op":"%s","args":%s}`, id, op, args)
}

var topicKey = []byte(`{"topic":"`)

// Classify looks at the topic, which nearly every message begins with.
func (protocol) Classify(frame []byte) wire.Message {
	if rest, ok := bytes.CutPrefix(frame, topicKey); ok {
		if end := bytes.IndexByte(rest, '"'); end >= 0 {
			return wire.Message{Class: wire.Data, Stream: rest[:end]}
		}
	}
	return Reply(frame)
}

// Reply reads what is no message of a topic. The wording of an acceptance differs by
// category; that a topic is subscribed to already is one too.
func Reply(frame []byte) wire.Message {
	var id, msg string
	var op, topic []byte
	success := false
	f := jsonscan.Object(frame)
	for f.Next() {
		switch string(f.Key()) {
		case "topic":
			topic = f.Word()
		case "req_id":
			id = f.Text()
		case "op":
			op = f.Word()
		case "success":
			success = f.Bool()
		case "ret_msg":
			msg = f.Text()
		}
	}
	switch {
	case f.Err() != nil:
		return wire.Message{}
	case len(topic) > 0:
		return wire.Message{Class: wire.Data, Stream: topic}
	case string(op) != "subscribe":
		return wire.Message{}
	}
	m := wire.Message{Class: wire.Reply}
	m.ID, _ = strconv.ParseUint(id, 10, 64) // 0: nobody's
	if !success && !strings.Contains(msg, "already subscribed") {
		m.Err = errors.New(msg)
	}
	return m
}

// group is what shares a connection.
type group struct {
	m        *Market
	category api.Category
	names    map[string]*track
	books    []*track
}

func (g *group) open(conn uint64) wire.Handler {
	h := &intake{group: g, conn: conn}
	h.decoder = decoder{tickers: map[exchange.InstrumentID]*ticker{}, resolve: func(symbol []byte) *exchange.Instrument {
		if t := g.names[string(symbol)]; t != nil {
			return t.in
		}
		return nil
	}}
	return h
}

// intake takes what one connection delivers.
type intake struct {
	*group
	conn    uint64
	decoder decoder
}

// Frame implements wire.Handler.
func (h *intake) Frame(frame []byte) error {
	m := h.m
	var used *track
	err := h.decoder.decode(frame, func(ev *exchange.Event, id int64) {
		used = m.tracks[ev.Instrument]
		switch ev.Kind {
		case exchange.KindSnapshot, exchange.KindDiff:
			used.book(m, ev)
		default:
			used.other(m, ev, id, h.conn)
		}
	})
	switch {
	case errors.Is(err, errUnused):
		m.ignored.Add(1)
	case err != nil:
		h.bad(frame, err)
	case used != nil && m.c.o.Tap != nil:
		m.c.o.Tap(used.in, now(), frame)
	}
	return nil
}

// bad puts a message aside. If it was of a book, or can't be told not to be, an update is
// missing.
func (h *intake) bad(frame []byte, err error) {
	m := h.m
	if n := m.malformed.Add(1); n&(n-1) == 0 { // 1, 2, 4…: a flood is told of rarely
		m.c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("%s: malformed message (%d so far): %v: %q", h.category, n, err, frame[:min(len(frame), 512)])})
	}
	stream := string(protocol{}.Classify(frame).Stream)
	for _, t := range h.books {
		if stream == "" || stream == bookTopic+t.in.Symbol {
			t.gap(m, "malformed message")
			t.mu.Lock()
			t.renew(now())
			t.mu.Unlock()
		}
	}
}

// Subscribed implements wire.Handler.
func (h *intake) Subscribed([]string) {}

// Stalled implements wire.Handler: what is silent is subscribed to anew, and begins with a
// snapshot.
func (h *intake) Stalled([]string) {}

// Down implements wire.Handler.
func (h *intake) Down(err error) {
	if err == nil {
		return
	}
	for _, t := range h.names {
		t.mu.Lock()
		t.trade.Lost(h.conn, now())
		t.ticker.Lost(h.conn, now())
		t.marks.Lost(h.conn, now())
		t.mu.Unlock()
	}
	for _, t := range h.books {
		t.gap(h.m, "disconnected: "+err.Error())
	}
	h.m.c.o.Notice(connect.Notice{Instrument: exchange.NoInstrument, Text: fmt.Sprintf("%s: disconnected: %v", h.category, err)})
}
