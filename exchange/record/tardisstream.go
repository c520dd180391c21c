package record

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
)

// Messages are lines of text as they come from elsewhere.
type Messages interface {
	// Next returns the next, which is good until the call after; io.EOF at the end.
	Next() ([]byte, error)
	Close() error
}

// Stream is normalised market data of Tardis, as tardis-machine sends it.
type Stream struct {
	Name  string   // what it is called in notes and problems
	Asked []string // "exchange:symbol" that should be in it; may be empty
	Head  [][]byte // its first messages, from which instruments and steps are found out
	Rest  Messages // closed with the recording
}

// OpenStream makes a recording of a stream. Instruments are those of its head: what the
// stream brings of others later is counted and told, since how their numbers are to be
// read was not known when the session began. Contracts are those of Tardis CSV.
//
// A book begins with a message that is a snapshot, and again after a disconnect; changes
// before it are passed over. A message that can't be read makes all books of the stream
// wait for their next snapshot, as a row of a file does.
func (f Formats) OpenStream(s *Stream, opts Options) (*Recording, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	infos, list, err := f.inspectStream(s, opts.Contracts)
	if err != nil {
		return nil, err
	}
	var feed *streamFeed
	p := &part{observed: list}
	p.open = func(u *exchange.Universe) (_ exchange.Feed, err error) {
		feed, err = newStream(s, list, u)
		return feed, err
	}
	first := len(s.Head)
	p.describe = func() []string { return s.describe(infos, first) }
	p.stats = func() Stats { return feed.stats }
	return recordingOf([]*part{p}, nil)
}

// inspectStream finds the instruments of a stream in its first messages.
func (f Formats) inspectStream(s *Stream, said map[string]string) (infos []*tardisInfo, list []*observed, err error) {
	var m tardisMessage
	found := map[string]*observed{}
	for n, line := range s.Head {
		if err := m.parse(line); err != nil {
			if n == 0 {
				return nil, nil, fmt.Errorf("%s: its first message: %w; are path and port those of the normalised stream?", s.Name, err)
			}
			continue // reading it in earnest will say so
		}
		if string(m.kind) == "error" && len(found) == 0 {
			return nil, nil, fmt.Errorf("%s: tardis-machine says: %s", s.Name, m.details)
		}
		if len(m.symbol) == 0 || !playable(m.kind) {
			continue
		}
		key := string(m.exchange) + ":" + string(m.symbol)
		o := found[key]
		if o == nil {
			info := infoOf(&infos, f, s.Name, string(m.exchange), said)
			if o = info.observe(string(m.exchange), string(m.symbol)); info.err != nil {
				return nil, nil, info.err
			}
			info.symbols = append(info.symbols, o)
			found[key] = o
			list = append(list, o)
		}
		m.see(o)
	}
	if len(list) == 0 {
		return nil, nil, fmt.Errorf("%s: %d messages came and none is market data that is played: want dataTypes such as trade, book_change, derivative_ticker or liquidation, and symbols that the exchange has in that time", s.Name, len(s.Head))
	}
	slices.SortFunc(list, func(a, b *observed) int { return strings.Compare(a.fullKey(), b.fullKey()) })
	for i, o := range list[1:] {
		if o.fullKey() == list[i].fullKey() {
			return nil, nil, fmt.Errorf("%s: %s is in data of two exchanges: ask for one of them at a time", s.Name, o.key())
		}
	}
	return infos, list, nil
}

func playable(kind []byte) bool {
	switch string(kind) {
	case "trade", "book_change", "book_snapshot", "derivative_ticker", "liquidation", "book_ticker":
		return true
	}
	return false
}

// infoOf is what is known of an exchange of the stream, named by the exchange's id.
func infoOf(infos *[]*tardisInfo, f Formats, path, venue string, said map[string]string) *tardisInfo {
	for _, i := range *infos {
		if i.exchange == venue {
			return i
		}
	}
	i := &tardisInfo{path: path, exchange: venue, formats: f, said: said}
	*infos = append(*infos, i)
	return i
}

// describe says what a stream is, by Tardis' names. first is how many messages its head had.
func (s *Stream) describe(infos []*tardisInfo, first int) (out []string) {
	var names []string
	for _, i := range infos {
		for _, o := range i.symbols {
			names = append(names, o.tardis+":"+o.symbol)
		}
	}
	slices.Sort(names)
	out = append(out, fmt.Sprintf("tardis-machine's normalised stream of %s; it has no update ids, so a lost message cannot be seen, and no settled funding: the last estimate before each settlement is taken for it",
		strings.Join(names, ", ")))
	for _, i := range infos {
		if i.foreign != "" {
			out = append(out, fmt.Sprintf("what is of %s: fees, limits and margin are those of a market like it", i.foreign))
		}
	}
	for _, key := range s.Asked {
		if !slices.Contains(names, key) {
			out = append(out, fmt.Sprintf("%s was asked for and is not in the first %d messages: it is not played", key, first))
		}
	}
	return out
}

// streamFeed is the feed of a stream. Of its rows it knows what a tardisFeed does.
type streamFeed struct {
	tardisFeed
	s       *Stream
	m       tardisMessage
	byKey   map[string]*streamBook
	inOrder []*streamBook
	n       int // messages so far
	key     []byte
	reason  string // of the gaps that are to be sent
	unknown map[string]bool
}

type streamBook struct {
	tardisBook
	exchange, symbol string
	changes          bool // book_change is there: it alone makes the book
}

func newStream(s *Stream, list []*observed, u *exchange.Universe) (*streamFeed, error) {
	f := &streamFeed{s: s, byKey: map[string]*streamBook{}, unknown: map[string]bool{}}
	f.info = &tardisInfo{path: s.Name, layout: streamLayout}
	known := estimates{}
	for _, o := range list {
		in, ok := o.in(u)
		if !ok {
			return nil, fmt.Errorf("%s: %s is in no market", s.Name, o.key())
		}
		b := &streamBook{tardisBook: tardisBook{in: in, lot: amountStep(in), funding: known.of(in), foreign: o.foreign != ""}, exchange: o.tardis, symbol: o.symbol}
		f.byKey[o.tardis+":"+o.symbol] = b
		f.inOrder = append(f.inOrder, b)
	}
	return f, nil
}

// Next implements exchange.Feed.
func (f *streamFeed) Next(ev *exchange.Event) error {
	for {
		switch {
		case len(f.gaps) > 0:
			f.sendGap(ev)
			ev.Reason = f.reason
			return nil
		case len(f.more) > 0:
			*ev, f.more = f.more[0], f.more[1:]
		case f.end != nil:
			return f.end
		case !f.take(ev):
			continue
		}
		f.stats.Messages++
		f.clamp(ev)
		return nil
	}
}

func (f *streamFeed) line() ([]byte, error) {
	if len(f.s.Head) > 0 {
		line := f.s.Head[0]
		f.s.Head = f.s.Head[1:]
		return line, nil
	}
	return f.s.Rest.Next()
}

// take reads the next message, and reports whether it is an event.
func (f *streamFeed) take(ev *exchange.Event) bool {
	line, err := f.line()
	if err != nil {
		f.end = err
		if !errors.Is(err, io.EOF) {
			f.stale("the stream ended before its time", all)
		}
		return false
	}
	f.n++
	told, err := f.message(line, ev)
	if err != nil {
		f.stats.malformed(f.s.Name, f.n, err)
		f.stale("a message of the stream cannot be read", all)
		return false
	}
	return told
}

func all(*streamBook) bool { return true }

// meant reports whether the message is about the connection that a book comes by.
func (f *streamFeed) meant(b *streamBook) bool {
	return b.exchange == string(f.m.exchange) && f.m.named(b.symbol)
}

// stale says of books that they must begin again.
func (f *streamFeed) stale(why string, which func(*streamBook) bool) {
	f.gaps, f.more, f.reason = f.gaps[:0], f.more[:0], why
	for _, b := range f.inOrder {
		if which(b) {
			b.begun = false
			f.gaps = append(f.gaps, &b.tardisBook)
		}
	}
}

func (f *streamFeed) message(line []byte, ev *exchange.Event) (told bool, err error) {
	m := &f.m
	if err := m.parse(line); err != nil {
		return false, err
	}
	venue, local, err := m.times()
	if err != nil {
		return false, err
	}
	switch string(m.kind) {
	case "disconnect":
		f.last = max(f.last, local)
		f.stale("tardis-machine lost its connection to "+string(m.exchange), f.meant)
		return false, nil
	case "error":
		f.last = max(f.last, local)
		f.stats.note(f.s.Name, f.n, "tardis-machine says: "+m.details)
		f.stale("tardis-machine has an error with "+string(m.exchange), f.meant)
		return false, nil
	}
	if !playable(m.kind) {
		f.stats.Ignored++
		return false, nil
	}
	f.key = append(append(append(f.key[:0], m.exchange...), ':'), m.symbol...)
	b := f.byKey[string(f.key)]
	if b == nil {
		f.stats.Unknown++
		if key := string(f.key); !f.unknown[key] && len(f.unknown) < keepProblems {
			f.unknown[key] = true
			f.stats.note(f.s.Name, f.n, key+" is not among the first messages: it is not played")
		}
		return false, nil
	}
	*ev = exchange.Event{Instrument: b.in.ID, Time: local, VenueTime: venue}
	if told, err = f.event(b, ev); err != nil || !told {
		return false, err
	}
	return true, ev.Check(b.in)
}

// event makes an event of a message of a book's symbol.
func (f *streamFeed) event(b *streamBook, ev *exchange.Event) (told bool, err error) {
	m := &f.m
	switch string(m.kind) {
	case "trade":
		if err = m.priced(); err == nil {
			err = f.trade(&b.tardisBook, m.fields, ev)
		}
	case "liquidation":
		if err = m.priced(); err == nil {
			err = f.liquidation(&b.tardisBook, m.fields, ev)
		}
	case "book_ticker":
		if len(m.fields[streamLayout.askPrice[0]]) == 0 || len(m.fields[streamLayout.bidPrice[0]]) == 0 {
			f.stats.Ignored++ // a book with one side has no ticker
			return false, nil
		}
		err = f.quote(&b.tardisBook, m.fields, ev)
	case "derivative_ticker":
		return f.ticker(&b.tardisBook, m.fields, ev)
	default:
		return f.book(b, ev)
	}
	return err == nil, err
}

// book makes an event of a book. A snapshot of a few levels is no part of one that is
// kept by its changes.
func (f *streamFeed) book(b *streamBook, ev *exchange.Event) (told bool, err error) {
	m := &f.m
	whole := m.snapshot
	if string(m.kind) == "book_change" {
		b.changes = true
		b.begun = b.begun || whole
	} else {
		whole = true
	}
	if b.changes && (string(m.kind) != "book_change" || !b.begun) {
		f.stats.Ignored++
		return false, nil
	}
	if f.bids, err = m.levels(&b.tardisBook, f.bids, m.bids); err != nil {
		return false, err
	}
	if f.asks, err = m.levels(&b.tardisBook, f.asks, m.asks); err != nil {
		return false, err
	}
	ev.Kind = exchange.KindDiff
	if whole {
		ev.Kind = exchange.KindSnapshot
	}
	ev.PrevID, ev.Bids, ev.Asks = -1, f.bids, f.asks
	return true, nil
}

// Close ends the stream.
func (f *streamFeed) Close() error {
	f.end, f.gaps, f.more = io.EOF, nil, nil
	return f.s.Rest.Close()
}
