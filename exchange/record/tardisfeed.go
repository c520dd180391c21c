package record

import (
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// tardisFeed is the feed of one Tardis file. Rows of an incremental book that
// share symbol and local_timestamp are one message. The format has no update
// ids, so a book made of it cannot prove that nothing is missing: after a row
// that cannot be read it stays unusable until the next snapshot.
type tardisFeed struct {
	info     *tardisInfo
	lines    *lineReader
	bySymbol map[string]*tardisBook
	books    []*tardisBook // in order of info.symbols
	stats    Stats

	line   []byte
	fields [][]byte
	row    tardisRow // the row that was read ahead; in is nil when there is none
	bids   []exchange.Level
	asks   []exchange.Level
	gaps   []*tardisBook
	more   []exchange.Event // that a row brings beside its first
	last   exchange.Time
	end    error
}

// tardisBook is where one symbol is in its snapshots.
type tardisBook struct {
	in      *exchange.Instrument
	lot     exchange.Step // in which amounts are written: see amountStep
	begun   bool          // a snapshot was seen
	foreign bool          // its rules are those of a market like it
	snap    bool          // the last message was part of a snapshot

	funding *estimate // of a derivative_ticker: the one that is running
}

// tardisRow is one row of an incremental book.
type tardisRow struct {
	book         *tardisBook
	venue, local exchange.Time
	snapshot     bool
	side         exchange.Side
	level        exchange.Level
}

func newTardis(info *tardisInfo, u *exchange.Universe, known estimates) *tardisFeed {
	f := &tardisFeed{info: info, bySymbol: map[string]*tardisBook{}}
	for _, o := range info.symbols {
		if in, ok := o.in(u); ok {
			b := &tardisBook{in: in, lot: amountStep(in), funding: known.of(in), foreign: o.foreign != ""}
			f.bySymbol[o.symbol] = b
			f.books = append(f.books, b)
		}
	}
	return f
}

// Next implements exchange.Feed.
func (f *tardisFeed) Next(ev *exchange.Event) error {
	for {
		if f.sendGap(ev) {
			return nil
		}
		if len(f.more) > 0 {
			*ev, f.more = f.more[0], f.more[1:]
			return nil
		}
		if f.end != nil && f.row.book == nil {
			return f.end
		}
		ok := false
		if f.info.kind == tardisL2 {
			ok = f.message(ev)
		} else {
			ok = f.single(ev)
		}
		if ok {
			f.stats.Messages++
			f.clamp(ev)
			return nil
		}
	}
}

func (f *tardisFeed) sendGap(ev *exchange.Event) bool {
	if len(f.gaps) == 0 || f.row.book != nil {
		return false
	}
	ev.Kind, ev.Instrument, ev.Reason = exchange.KindGap, f.gaps[0].in.ID, "a row of the recording cannot be read"
	ev.Time, ev.VenueTime = f.last, 0
	f.gaps = f.gaps[1:]
	return true
}

func (f *tardisFeed) clamp(ev *exchange.Event) {
	if ev.Time < f.last {
		ev.Time = f.last
		f.stats.Clamped++
	}
	f.last = ev.Time
}

// read returns the fields of the next row; nil at the end or for a bad row.
func (f *tardisFeed) read() [][]byte {
	if f.end != nil {
		return nil // a cut end stays one, though a row read ahead is still to be sent
	}
	if f.lines == nil {
		if f.lines, f.end = openLines(f.info.path); f.end != nil {
			return nil
		}
		if _, f.end = f.lines.next(); f.end != nil { // the header
			return nil
		}
	}
	line, err := f.lines.next()
	if err != nil {
		f.finish(err)
		return nil
	}
	f.line = line
	f.fields = splitCSV(line, f.fields)
	if len(f.fields) != f.info.layout.width {
		f.reject(fmt.Errorf("%d fields where the header has %d", len(f.fields), f.info.layout.width))
		return nil
	}
	return f.fields
}

func (f *tardisFeed) finish(err error) {
	f.end = err
	if !errors.Is(err, io.EOF) {
		f.gaps = f.books
	}
}

func (f *tardisFeed) reject(err error) {
	if f.lines.tail {
		f.finish(f.lines.unfinished(f.line))
		return
	}
	f.stats.malformed(f.info.path, f.lines.line, err)
	f.gaps = f.books
}

// message gathers the rows of one book message.
func (f *tardisFeed) message(ev *exchange.Event) bool {
	first := f.row
	if first.book == nil {
		if !f.bookRow(&first) {
			return false
		}
	}
	f.row = tardisRow{}
	f.bids, f.asks = f.bids[:0], f.asks[:0]
	f.put(first)
	var next tardisRow
	for f.bookRow(&next) {
		if next.book != first.book || next.local != first.local || next.snapshot != first.snapshot {
			f.row = next
			break
		}
		f.put(next)
	}
	return f.emit(first, ev)
}

func (f *tardisFeed) put(r tardisRow) {
	if r.side == exchange.Buy {
		f.bids = append(f.bids, r.level)
	} else {
		f.asks = append(f.asks, r.level)
	}
}

// emit decides what a message is: the first snapshot rows after others clear
// the book, further snapshot rows add to it, where the venue does not send nothing but
// whole books, and what comes before any snapshot is unusable.
func (f *tardisFeed) emit(r tardisRow, ev *exchange.Event) bool {
	b := r.book
	fresh := r.snapshot && (!b.snap || b.in.Linking == exchange.LinkSnapshots)
	b.snap = r.snapshot
	b.begun = b.begun || r.snapshot
	if !b.begun {
		f.stats.Ignored++
		return false
	}
	ev.Kind = exchange.KindDiff
	if fresh {
		ev.Kind = exchange.KindSnapshot
	}
	ev.Instrument, ev.Time, ev.VenueTime = b.in.ID, r.local, r.venue
	ev.FirstID, ev.LastID, ev.PrevID = 0, 0, -1
	ev.Bids, ev.Asks, ev.Synthetic = f.bids, f.asks, false
	return true
}

// bookRow reads one row of an incremental book; false at the end and for a row
// that cannot be read.
func (f *tardisFeed) bookRow(r *tardisRow) bool {
	fields := f.read()
	if fields == nil {
		return false
	}
	err := f.parseBookRow(fields, r)
	if err != nil {
		f.reject(err)
	}
	return err == nil
}

func (f *tardisFeed) parseBookRow(fields [][]byte, r *tardisRow) (err error) {
	l := &f.info.layout
	if r.book, r.venue, r.local, err = f.common(fields); err != nil {
		return err
	}
	if r.snapshot, err = strconv.ParseBool(string(fields[l.snapshot])); err != nil {
		return fmt.Errorf("is_snapshot %q: want true or false", fields[l.snapshot])
	}
	switch string(fields[l.side]) {
	case "bid":
		r.side = exchange.Buy
	case "ask":
		r.side = exchange.Sell
	default:
		return fmt.Errorf("side %q: want bid or ask", fields[l.side])
	}
	if r.level, err = r.book.level(fields[l.price], fields[l.amount]); err != nil {
		return err
	}
	return r.level.Check(r.book.in) // here, where the row is known
}

func (f *tardisFeed) common(fields [][]byte) (b *tardisBook, venue, local exchange.Time, err error) {
	l := &f.info.layout
	if b = f.bySymbol[string(fields[l.symbol])]; b == nil {
		f.stats.Unknown++
		return nil, 0, 0, fmt.Errorf("symbol %q is not among those at the beginning of the file", fields[l.symbol])
	}
	if venue, err = parseTime(fields[l.venue]); err != nil {
		return nil, 0, 0, err
	}
	local, err = parseTime(fields[l.local])
	return b, venue, local, err
}

// amountStep is a lot in the unit of Tardis' amounts, which is the venue's: where a venue
// counts linear contracts, those, and not what they are contracts of. Source:
// docs.tardis.dev on "amount".
func amountStep(in *exchange.Instrument) exchange.Step {
	if in.Contract != exchange.Linear || !in.ContractSize.IsPositive() {
		return in.Lot
	}
	return jsonscan.Amount{Decimal: in.Lot.Decimal(1).DivRound(in.ContractSize, 18)}.Step()
}

func (b *tardisBook) level(price, qty []byte) (l exchange.Level, err error) {
	if l.Price, err = fixed.Ticks(price, b.in.Tick); err != nil {
		return l, fmt.Errorf("price of %s: %w", b.in.Key(), err)
	}
	if l.Qty, err = fixed.Lots(qty, b.lot); err != nil {
		return l, fmt.Errorf("amount of %s: %w", b.in.Key(), err)
	}
	return l, nil
}

// Close ends the reading.
func (f *tardisFeed) Close() error {
	f.end, f.row, f.gaps = io.EOF, tardisRow{}, nil
	if f.lines == nil {
		return nil
	}
	lines := f.lines
	f.lines = nil
	return lines.close()
}
