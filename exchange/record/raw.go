package record

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
)

// RawOptions say how to read a raw recording.
type RawOptions struct {
	// Venue is where it was recorded; "" means by its content and name.
	Venue exchange.Venue
	// Universe gives the instruments; nil means those found in the file.
	Universe *exchange.Universe
}

// Raw is the feed of one file of raw websocket lines, `<local_ns> <JSON>`: the
// venue's frames as they came, each with the nanosecond at which it did, and
// REST snapshots of the book among them. Event.Time is that nanosecond. Frames tell no
// settled funding: when a mark has the next settlement, the last estimate before is taken
// for the one that is over.
//
// A line that cannot be read is counted, and a KindGap for every instrument of
// the file takes its place. When the file is cut short, Next delivers what
// there is, the gaps, and then a *TruncatedError.
type Raw struct {
	info        *rawInfo
	universe    *exchange.Universe
	instruments []*exchange.Instrument
	bySymbol    map[string]*exchange.Instrument
	decoder     connect.Decoder
	lines       *lineReader // nil until the first Next
	stats       Stats

	now     exchange.Time // of the line at hand
	last    exchange.Time
	heard   []exchange.Time // of each instrument's book; 0: not yet, or told to be lost
	look    exchange.Time   // when to look for books that fell silent
	frame   []byte
	queue   []exchange.Event // of the line at hand, still to be sent; the levels are the decoder's
	sent    int              // of queue
	take    func(*exchange.Event, int64)
	wrong   error                  // what of the line at hand can't be
	gaps    []*exchange.Instrument // still to be sent
	gapWhy  string
	end     error
	unknown bool               // the frame being decoded names a symbol nobody asked for
	ignored func(frame []byte) // told of messages that are no event; may be nil
}

// OpenRaw finds out what a raw recording holds. The file is read by Next.
func (f Formats) OpenRaw(path string, opts RawOptions) (*Raw, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	info, err := f.inspectRaw(path, opts.Venue)
	if err != nil {
		return nil, err
	}
	u := opts.Universe
	if u == nil {
		if u, err = universeOf(info.symbols); err != nil {
			return nil, err
		}
	}
	return newRaw(info, u, estimates{}), nil
}

func universeOf(list []*observed) (*exchange.Universe, error) {
	var all []exchange.Instrument
	for _, o := range list {
		in, err := o.instrument()
		if err != nil {
			return nil, err
		}
		all = append(all, in)
	}
	return exchange.NewUniverse(all)
}

func newRaw(info *rawInfo, u *exchange.Universe, known estimates) *Raw {
	r := &Raw{info: info, universe: u, bySymbol: map[string]*exchange.Instrument{}}
	for _, in := range u.All() {
		if in.Venue == info.venue {
			r.bySymbol[in.Symbol] = in
		}
	}
	for _, o := range info.symbols {
		if in := r.bySymbol[o.symbol]; in != nil {
			r.instruments = append(r.instruments, in)
		}
	}
	r.heard = make([]exchange.Time, u.Len())
	r.decoder = info.format.Decoder(info.venue, r.resolve)
	if d, ok := r.decoder.(connect.Defaulter); ok && len(r.instruments) == 1 {
		d.SetDefault(r.instruments[0])
	}
	r.take = func(ev *exchange.Event, _ int64) {
		in := u.Get(ev.Instrument)
		if err := ev.CheckValues(in); err != nil {
			if r.wrong == nil {
				r.wrong = fmt.Errorf("%s of %s: %w", ev.Kind, in.Key(), err)
			}
			return
		}
		if ev.Kind == exchange.KindMark {
			if settled, over := known.of(in).marked(in, ev, r.now); over {
				r.queue = append(r.queue, settled)
			}
		}
		r.queue = append(r.queue, *ev)
	}
	return r
}

func (r *Raw) resolve(symbol []byte) *exchange.Instrument {
	in := r.bySymbol[string(symbol)]
	r.unknown = in == nil
	return in
}

// Universe returns the instruments of the feed's events.
func (r *Raw) Universe() *exchange.Universe { return r.universe }

// Venue returns where the file was recorded.
func (r *Raw) Venue() exchange.Venue { return r.info.venue }

// Stats returns the counts so far.
func (r *Raw) Stats() Stats { return r.stats }

// Line returns the number of the line that the last event came from.
func (r *Raw) Line() int {
	if r.lines == nil {
		return 0
	}
	return r.lines.line
}

// Next implements exchange.Feed.
func (r *Raw) Next(ev *exchange.Event) error {
	for r.sent == len(r.queue) && len(r.gaps) == 0 {
		if r.end != nil {
			return r.end
		}
		line, err := r.read()
		if err != nil {
			r.finish(err)
			continue
		}
		r.queue, r.sent = r.queue[:0], 0
		if r.decode(line) {
			r.stats.Messages++
		}
	}
	if r.sent < len(r.queue) {
		*ev = r.queue[r.sent]
		r.sent++
		return nil
	}
	ev.Kind, ev.Instrument, ev.Reason = exchange.KindGap, r.gaps[0].ID, r.gapWhy
	ev.Time, ev.VenueTime = r.last, 0
	r.gaps = r.gaps[1:]
	return nil
}

func (r *Raw) read() ([]byte, error) {
	if r.lines == nil {
		lines, err := openLines(r.info.path)
		if err != nil {
			return nil, err
		}
		r.lines = lines
	}
	return r.lines.next()
}

// decode queues the events of a line; false when there is none in it.
func (r *Raw) decode(line []byte) bool {
	at, frame, ok := splitLine(line)
	if !ok {
		return r.reject(line, errNoTime)
	}
	if frame == nil {
		return false
	}
	if bytes.Equal(frame, Disconnected) {
		r.last = max(r.last, at)
		r.gap("the recorder was disconnected")
		return false
	}
	r.frame, r.unknown, r.now, r.wrong = frame, false, max(at, r.last), nil
	err := r.decoder.Decode(frame, r.take)
	if err == nil {
		err = r.wrong
	}
	switch {
	case err == nil && len(r.queue) > 0:
	case err == nil, errors.Is(err, connect.ErrIgnored):
		r.queue = r.queue[:0]
		r.ignore()
		return false
	default:
		r.queue = r.queue[:0]
		return r.reject(line, err)
	}
	if at < r.last {
		at = r.last
		r.stats.Clamped++
	}
	r.last = at
	for i := range r.queue {
		ev := &r.queue[i]
		ev.Time = at
		if ev.Kind == exchange.KindDiff || ev.Kind == exchange.KindSnapshot || ev.Kind == exchange.KindTicker {
			r.heard[ev.Instrument] = at
		}
	}
	if at >= r.look {
		r.silent(at)
	}
	return true
}

// silence is how long nothing may come of a book while others of the recording go
// on. A venue sends what changed within a second; a book that does not change for
// so long is no longer recorded, or no longer traded.
const silence = 10 * exchange.Minute

// silent declares the books lost that fell silent. One that comes back proves
// itself by the venue's ids, as after any gap.
func (r *Raw) silent(at exchange.Time) {
	r.look = at + exchange.Minute
	var lost []*exchange.Instrument
	for _, in := range r.instruments {
		if t := r.heard[in.ID]; t != 0 && at-t > silence {
			r.heard[in.ID] = 0
			lost = append(lost, in)
		}
	}
	if len(lost) > 0 {
		r.gaps, r.gapWhy = lost, "nothing came of it for 10 minutes"
		r.stats.note(r.info.path, r.lines.line, fmt.Sprintf("nothing came of %s for 10 minutes: no liquidity is taken to be there", lost[0].Key()))
	}
}

func (r *Raw) ignore() {
	if r.unknown {
		r.stats.Unknown++
		return
	}
	r.stats.Ignored++
	if r.ignored != nil {
		r.ignored(r.frame)
	}
}

// reject counts a bad line. A last line without a line feed is not bad, it is
// the place where the recorder or the disk stopped.
func (r *Raw) reject(line []byte, err error) bool {
	if r.lines.tail {
		r.finish(r.lines.unfinished(line))
		return false
	}
	r.stats.malformed(r.info.path, r.lines.line, err)
	r.gap("a line of the recording cannot be read")
	return false
}

func (r *Raw) gap(why string) { r.gaps, r.gapWhy = r.instruments, why }

func (r *Raw) finish(err error) {
	r.end = err
	if err != io.EOF {
		r.gap("the recording ends too early")
	}
}

// Close ends the reading. It may be called at any time.
func (r *Raw) Close() error {
	r.end, r.gaps, r.queue, r.sent = io.EOF, nil, nil, 0
	if r.lines == nil {
		return nil
	}
	lines := r.lines
	r.lines = nil
	return lines.close()
}

var errNoTime = errors.New("the line does not begin with a time in nanoseconds and a space")

// splitLine takes `<local_ns> <frame>` apart. frame is nil for a blank line.
func splitLine(line []byte) (at exchange.Time, frame []byte, ok bool) {
	i := 0
	for ; i < len(line) && line[i]-'0' <= 9; i++ {
		at = at*10 + exchange.Time(line[i]-'0')
	}
	switch {
	case i == 0:
		return 0, nil, len(bytes.TrimSpace(line)) == 0
	case i > 19 || at < 0 || i == len(line) || line[i] != ' ':
		return 0, nil, false
	}
	return at, line[i+1:], true
}
