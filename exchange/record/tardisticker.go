package record

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// tickerLayout is where the columns of a derivative_ticker are. Source: docs.tardis.dev,
// "Data types".
type tickerLayout struct{ due, rate, interest, last, index, mark int }

func tickerLayoutOf(c columns) tickerLayout {
	return tickerLayout{due: c["funding_timestamp"], rate: c["funding_rate"], interest: c["open_interest"],
		last: c["last_price"], index: c["index_price"], mark: c["mark_price"]}
}

// ticker reads a row of a derivative_ticker: the mark and the running estimate, the open
// interest when it changed, and the settlement that lies between this row and the last. A
// field that is empty is as it was; of a row that lacks mark or rate from the beginning on
// nothing is told.
func (f *tardisFeed) ticker(b *tardisBook, fields [][]byte, ev *exchange.Event) (told bool, err error) {
	e := b.funding
	at, venue := max(ev.Time, f.last), ev.VenueTime
	row, err := f.tickerRow(b, fields, venue)
	if err != nil {
		return false, err
	}
	f.more = f.more[:0]
	if row.due != e.due {
		if settled, over := e.settles(b.in, row.due, at); over {
			f.more = append(f.more, settled)
		}
	}
	e.rate = row.rate
	if row.mark > 0 {
		f.more = append(f.more, exchange.Event{Kind: exchange.KindMark, Instrument: b.in.ID, Time: at, VenueTime: venue,
			Mark: row.mark, Index: row.index, Rate: row.rate, NextFunding: row.due, Hours: e.hours(b.in)})
	}
	if row.qty != e.interest && row.qty > 0 {
		f.more = append(f.more, exchange.Event{Kind: exchange.KindOpenInterest, Instrument: b.in.ID, Time: at, VenueTime: venue, Qty: row.qty})
	}
	e.interest, e.mark, e.index = row.qty, row.mark, row.index
	if len(f.more) == 0 {
		f.stats.Ignored++
		return false, nil
	}
	*ev, f.more = f.more[0], f.more[1:]
	return true, nil
}

// tickerRow is what is known with a row.
type tickerRow struct {
	mark, index, rate exchange.E8
	qty               exchange.Lots
	due               exchange.Time
}

func (f *tardisFeed) tickerRow(b *tardisBook, fields [][]byte, at exchange.Time) (r tickerRow, err error) {
	l, e := &f.info.layout.ticker, b.funding
	r = tickerRow{mark: e.mark, index: e.index, rate: e.rate, qty: e.interest, due: e.due}
	told := e.told
	for _, x := range []struct {
		name string
		text []byte
		to   *exchange.E8
	}{{"mark_price", fields[l.mark], &r.mark}, {"index_price", fields[l.index], &r.index}} {
		if len(x.text) == 0 {
			continue
		}
		if *x.to, err = parseE8(x.text); err != nil {
			return r, fmt.Errorf("%s of %s: %w", x.name, b.in.Key(), err)
		}
		if *x.to <= 0 {
			return r, fmt.Errorf("%s of %s: %q: want above 0, or nothing", x.name, b.in.Key(), x.text)
		}
	}
	if text := fields[l.rate]; len(text) > 0 {
		if told, err = parseRate(text); err != nil {
			return r, fmt.Errorf("funding_rate of %s: %w", b.in.Key(), err)
		}
	}
	if text := fields[l.interest]; len(text) > 0 {
		if r.qty, err = fixed.Lots(text, b.lot); err != nil {
			return r, fmt.Errorf("open_interest of %s: %w", b.in.Key(), err)
		}
		if r.qty < 0 {
			return r, fmt.Errorf("open_interest of %s: %q: want 0 or more", b.in.Key(), text)
		}
	}
	if text := fields[l.due]; len(text) > 0 {
		if r.due, err = parseTime(text); err != nil {
			return r, fmt.Errorf("funding_timestamp of %s: %w", b.in.Key(), err)
		}
		e.states = true
	}
	e.told = told                                 // not before the whole row is good
	if r.rate = e.told; !e.states && !b.foreign { // whose intervals are not known
		r.rate, r.due = e.unstated(b.in, at)
	}
	return r, nil
}
