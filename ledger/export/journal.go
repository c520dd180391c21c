package export

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// JournalTables are what can be exported of the journals of runs: what sessions saw, and what
// they decided. They have no Query.
func JournalTables() []Table {
	instrument := []Column{colSession, colTime, {"venue_time", Moment, "by the venue's clock; null: it told none"}, colMarket, colSymbol}
	columns := func(more ...Column) []Column {
		return slices.Concat(instrument, more, []Column{colRun, colSeq})
	}
	return []Table{
		{"bars", "candles as the market told them; a market of trades tells none", "", columns(
			Column{"length_ns", Integer, "length, nanoseconds; the bar closed at venue_time"},
			Column{"open", Amount, "price"}, Column{"high", Amount, "price"}, Column{"low", Amount, "price"}, Column{"close", Amount, "price"},
			Column{"volume", Real, "units of quantity"})},
		{"trades", "public trades", "", columns(Column{"price", Amount, "quote for a unit of qty"}, Column{"qty", Amount, "coins, or contracts where they are inverse"},
			Column{"side", Text, "of the aggressor"}, Column{"id", Integer, "the venue's number"})},
		{"events", "every event that a session saw, with what is common to many kinds", "", columns(
			Column{"kind", Text, "snapshot, diff, ticker, trade, mark, funding, bar, fill, timer, command, …"},
			Column{"price", Amount, "of a trade; best bid of a ticker"}, Column{"qty", Amount, "at that price"},
			Column{"price2", Amount, "best ask of a ticker"}, Column{"qty2", Amount, "at that price"},
			Column{"side", Text, "of a trade"}, Column{"name", Text, "of a timer, command or house"})},
		{"effects", "what the core decided and reported, line by line", "", []Column{colSession, colTime,
			{"kind", Text, "first word of the line"}, {"line", Text, "as the journal has it"}, colRun, colSeq}},
	}
}

// journalWriter writes the tables of journals, one record after the other.
type journalWriter struct {
	o       *Options
	tables  []Table
	outputs []*output

	run     *ledger.Run
	u       *exchange.Universe
	now     exchange.Event // the last event
	decoder journal.EventDecoder
}

// writeJournals writes the chosen tables of all runs whose journals are there.
func (o *Options) writeJournals(ctx context.Context, db *ledger.DB, chosen []Table, part string) (files []File, err error) {
	w := &journalWriter{o: o, tables: chosen}
	defer func() {
		for _, out := range w.outputs {
			_ = out.file.Close() // synced before, or of no use
		}
	}()
	for i := range chosen {
		out, err := o.begin(&chosen[i], nil, part)
		if err != nil {
			return nil, err
		}
		w.outputs = append(w.outputs, out)
	}
	if err := w.runs(ctx, db); err != nil {
		return nil, err
	}
	for _, out := range w.outputs {
		f, err := out.finish()
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

// runs reads the journals one after the other. That none is there is an error: empty tables
// would look like sessions that saw nothing.
func (w *journalWriter) runs(ctx context.Context, db *ledger.DB) error {
	runs, err := db.Runs(w.o.Session)
	if err != nil {
		return err
	}
	read := 0
	for i := range runs {
		dir := runs[i].Journal
		if dir == "" {
			continue
		}
		if w.o.Journals != "" {
			dir = filepath.Join(w.o.Journals, filepath.Base(dir))
		}
		w.run = &runs[i]
		switch err := w.journal(ctx, dir); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return fmt.Errorf("journal %s: %w", dir, err)
		default:
			read++
		}
	}
	if read == 0 {
		return fmt.Errorf("export: no run has a journal that is there: tables %s are of journals, which run writes beside the ledger and backtest with --journal DIR",
			strings.Join(JournalNames(), ","))
	}
	return nil
}

func (w *journalWriter) journal(ctx context.Context, dir string) error {
	r, err := journal.Open(dir)
	if err != nil {
		return err
	}
	defer r.Close()
	var header struct{ Instruments []exchange.Instrument }
	if err := json.Unmarshal(r.Header(), &header); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if w.u, err = exchange.NewUniverse(header.Instruments); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	w.decoder, w.now = journal.EventDecoder{}, exchange.Event{}
	for n := 0; ; n++ {
		if n&4095 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		kind, data, err := r.Next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case kind == journal.RecordEvent:
			if err := w.decoder.Decode(data, &w.now); err != nil {
				return fmt.Errorf("record %d: %w", r.Record()-1, err)
			}
			if err := w.event(); err != nil {
				return err
			}
		case kind == journal.RecordEffect && w.within():
			if err := w.effect(string(data)); err != nil {
				return err
			}
		}
	}
}

func (w *journalWriter) within() bool {
	return w.now.Time >= w.o.From && (w.o.To == 0 || w.now.Time < w.o.To)
}

// event adds rows to the tables that an event is of.
func (w *journalWriter) event() error {
	if !w.within() {
		return nil
	}
	for i := range w.tables {
		var more []any
		switch ev := &w.now; {
		case w.tables[i].Name == "events":
			more = w.common()
		case w.tables[i].Name == "trades" && ev.Kind == exchange.KindTrade:
			in := w.u.Get(ev.Instrument)
			more = []any{in.PriceDecimal(ev.Price).String(), in.QtyDecimal(ev.Qty).String(), ev.Side.String(), ev.ID}
		case w.tables[i].Name == "bars" && ev.Kind == exchange.KindBar:
			in, b := w.u.Get(ev.Instrument), &ev.Bar
			more = []any{int64(b.Interval), in.PriceDecimal(b.Open).String(), in.PriceDecimal(b.High).String(), in.PriceDecimal(b.Low).String(),
				in.PriceDecimal(b.Close).String(), b.Volume}
		default:
			continue
		}
		if err := w.outputs[i].row(slices.Concat(w.place(), more, w.cause())); err != nil {
			return err
		}
	}
	return nil
}

// common is what the table of events has of a kind.
func (w *journalWriter) common() []any {
	ev := &w.now
	var price, qty, price2, qty2 any
	side, name := "", ""
	switch ev.Kind { // of other kinds the field is left from an event before
	case exchange.KindTimer, exchange.KindCommand, exchange.KindVenue, exchange.KindClock, exchange.KindFeed:
		name = ev.Name
	}
	if ev.Kind == exchange.KindTrade || ev.Kind == exchange.KindTicker || ev.Kind == exchange.KindLiquidation {
		in := w.u.Get(ev.Instrument)
		price, qty = in.PriceDecimal(ev.Price).String(), in.QtyDecimal(ev.Qty).String()
		if ev.Kind == exchange.KindTicker {
			price2, qty2 = in.PriceDecimal(ev.Price2).String(), in.QtyDecimal(ev.Qty2).String()
		} else {
			side = ev.Side.String()
		}
	}
	return []any{ev.Kind.String(), price, qty, price2, qty2, side, name}
}

// place is when and where the event was.
func (w *journalWriter) place() []any {
	ev := &w.now
	var venueTime any
	if ev.VenueTime != 0 {
		venueTime = int64(ev.VenueTime)
	}
	market, symbol := "", ""
	if ev.Kind.MarketData() {
		in := w.u.Get(ev.Instrument)
		market, symbol = in.Segment(), in.Symbol
	}
	return []any{w.run.Account, int64(ev.Time), venueTime, market, symbol}
}

func (w *journalWriter) cause() []any { return []any{int64(w.run.ID), int64(w.now.Seq)} }

func (w *journalWriter) effect(line string) error {
	i := slices.IndexFunc(w.tables, func(t Table) bool { return t.Name == "effects" })
	if i < 0 {
		return nil
	}
	kind, _, _ := strings.Cut(line, " ")
	return w.outputs[i].row(slices.Concat([]any{w.run.Account, int64(w.now.Time), kind, line}, w.cause()))
}

// JournalNames are the names of JournalTables.
func JournalNames() (names []string) {
	for _, t := range JournalTables() {
		names = append(names, t.Name)
	}
	return names
}
