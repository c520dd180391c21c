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
	order := m.cs
	if order == 0 {
		order = int64(m.at)
	}
	used := false
	if marked && t.mark > 0 && (in.Dated() || t.next > 0) {
		d.ev = exchange.Event{Kind: exchange.KindMark, Instrument: in.ID, VenueTime: m.at, Mark: t.mark, Index: t.index, Rate: t.rate, NextFunding: t.next, Hours: t.hours}
		yield(&d.ev, order)
		used = true
	}
	if t.interest != interest {
		d.ev = exchange.Event{Kind: exchange.KindOpenInterest, Instrument: in.ID, VenueTime: m.at, Qty: t.interest}
		yield(&d.ev, order)
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
		switch string(f.Key()) {
		case "markPrice":
			t.mark, err = fixed.E8(word)
			marked = true
		case "indexPrice":
			t.index, err = fixed.E8(word)
			marked = true
		case "fundingRate":
			t.rate, err = fixed.E8(word)
			marked = true
		case "nextFundingTime":
			t.next = exchange.UnixMilli(f.Int())
			marked = true
		case "fundingIntervalHour":
			if h := int(f.Int()); h >= 1 && h <= 24 {
				t.hours = h
			}
		case "openInterest":
			t.interest, err = lots(word, in)
		}
	}
	if err == nil {
		err = f.Err()
	}
	if in.Dated() { // the venue says 0 of a future, or nothing
		t.next, t.rate, t.hours = 0, 0, 0
	}
	return marked, err
}
