package payload

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// ticker is what was said of a contract: a delta has what changed alone.
type ticker struct {
	mark, index, rate exchange.E8
	next              exchange.Time
	hours             int
	interest          exchange.Lots
}

// ticker merges what a message says into what was said before. A delta before the snapshot
// is of a topic that was subscribed to anew: its snapshot comes.
func (d *Decoder) ticker(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	t := d.tickers[in.ID]
	switch {
	case !in.Perp() || t == nil && !m.snapshot:
		return connect.ErrIgnored
	case t == nil:
		t = &ticker{}
		d.tickers[in.ID] = t
	}
	if m.snapshot {
		*t = ticker{hours: in.FundingHours, interest: -1}
	}
	interest := t.interest
	marked, err := t.merge(in, m.data)
	if err != nil {
		return fmt.Errorf("ticker of %s: %w", in.Key(), err)
	}
	return d.tellTicker(in, m, t, marked, interest, yield)
}

// tellTicker yields what a message has changed.
func (d *Decoder) tellTicker(in *exchange.Instrument, m *message, t *ticker, marked bool, interest exchange.Lots, yield func(*exchange.Event, int64)) error {
	order := m.cs
	if order == 0 {
		order = int64(m.at)
	}
	used := false
	if marked && t.mark > 0 && (in.Dated() || t.next > 0) {
		ev := &d.of.mark
		ev.Kind, ev.Instrument, ev.VenueTime = exchange.KindMark, in.ID, m.at
		ev.Mark, ev.Index, ev.Rate, ev.NextFunding, ev.Hours = t.mark, t.index, t.rate, t.next, t.hours
		yield(ev, order)
		used = true
	}
	if t.interest != interest {
		ev := &d.of.interest
		ev.Kind, ev.Instrument, ev.VenueTime, ev.Qty = exchange.KindOpenInterest, in.ID, m.at, t.interest
		yield(ev, order)
		used = true
	}
	if !used {
		return connect.ErrIgnored
	}
	return nil
}

// merge reports whether something of the mark price was said. What a dated future does not
// have is "".
func (t *ticker) merge(in *exchange.Instrument, data []byte) (marked bool, err error) {
	f := jsonscan.Object(data)
	for f.Next() && err == nil {
		word := f.Word()
		if len(word) == 0 {
			continue
		}
		var of bool
		of, err = t.set(in, f.Key(), word)
		marked = marked || of
	}
	if err == nil {
		err = f.Err()
	}
	if in.Dated() { // the venue says 0 of a future, or nothing
		t.next, t.rate, t.hours = 0, 0, 0
	}
	return marked, err
}

// set takes one member, whose value is not ""; it reports whether it is of the mark price.
func (t *ticker) set(in *exchange.Instrument, key, word []byte) (marked bool, err error) {
	switch string(key) {
	case "markPrice":
		t.mark, err = fixed.E8(word)
	case "indexPrice":
		t.index, err = fixed.E8(word)
	case "fundingRate":
		t.rate, err = fixed.E8(word)
	case "nextFundingTime":
		var ms int64
		ms, err = fixed.Steps(word, wholes)
		t.next = exchange.UnixMilli(ms)
	case "fundingIntervalHour":
		h, err := fixed.Steps(word, wholes)
		if err == nil && h >= 1 && h <= 24 {
			t.hours = int(h)
		}
		return false, err
	case "openInterest":
		t.interest, err = lots(word, in)
		return false, err
	default:
		return false, nil
	}
	return true, err
}

// wholes is the step of whole numbers.
var wholes = exchange.Step{M: 1}
