package relay

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// decoder turns the messages of one socket into the updates of a book that is no deeper than
// what was subscribed to.
type decoder struct {
	in    *exchange.Instrument
	depth int
	book  *book.Book
	begun bool
	last  int64
	ev    exchange.Event
	gap   exchange.Event
	trim  exchange.Event
}

func newDecoder(in *exchange.Instrument, depth int) *decoder {
	return &decoder{in: in, depth: depth, book: book.New(in)}
}

// Decode implements connect.Decoder. order is of no use: books are told apart by their ids.
func (d *decoder) Decode(frame []byte, yield func(ev *exchange.Event, order int64)) error {
	if d.in == nil {
		return connect.ErrIgnored
	}
	snapshot, id, err := d.parse(frame)
	if err != nil {
		return err
	}
	switch {
	case snapshot:
		d.begun, d.last = true, id
		d.ev.Kind, d.book = exchange.KindSnapshot, book.New(d.in)
	case !d.begun:
		return connect.ErrIgnored // nothing that it could be applied to
	case id != 0 && id <= d.last:
		return connect.ErrIgnored // old
	default:
		d.last = max(d.last, id)
		d.ev.Kind = exchange.KindDiff
	}
	d.ev.Instrument, d.ev.FirstID, d.ev.LastID, d.ev.PrevID = d.in.ID, id, id, -1
	d.book.Apply(&d.ev)
	if snapshot {
		d.ev.Bids = d.book.AppendLevels(d.ev.Bids[:0], exchange.Buy, d.depth)
		d.ev.Asks = d.book.AppendLevels(d.ev.Asks[:0], exchange.Sell, d.depth)
	}
	d.cut(exchange.Buy, &d.ev.Bids)
	d.cut(exchange.Sell, &d.ev.Asks)
	yield(&d.ev, 0)
	if d.book.State() != book.Live {
		d.begun = false
		d.gap = exchange.Event{Kind: exchange.KindGap, Instrument: d.in.ID, Reason: "the relay's book cannot be: " + d.book.Reason()}
		yield(&d.gap, 0)
	}
	return nil
}

// cut removes what lies deeper than the depth from a side, here and in the event.
func (d *decoder) cut(side exchange.Side, levels *[]exchange.Level) {
	if d.book.Depth(side) <= d.depth {
		return
	}
	from, n := len(*levels), 0
	snapshot := d.ev.Kind == exchange.KindSnapshot
	d.book.Visit(side, func(l exchange.Level) bool {
		if n++; n > d.depth {
			*levels = append(*levels, exchange.Level{Price: l.Price})
		}
		return true
	})
	d.trim = exchange.Event{Kind: exchange.KindDiff, Instrument: d.in.ID, PrevID: -1}
	if side == exchange.Buy {
		d.trim.Bids = (*levels)[from:]
	} else {
		d.trim.Asks = (*levels)[from:]
	}
	d.book.Apply(&d.trim)
	if snapshot {
		*levels = (*levels)[:from] // they were left out
	}
}

// parse reads a message into ev.
func (d *decoder) parse(frame []byte) (snapshot bool, id int64, err error) {
	d.ev.Bids, d.ev.Asks = d.ev.Bids[:0], d.ev.Asks[:0]
	known := false
	f := jsonscan.Object(frame)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "type":
			kind := f.Word()
			snapshot = string(kind) == "snapshot"
			known = snapshot || string(kind) == "update"
		case "updateId", "u":
			id = f.Int()
		case "bids", "b":
			d.ev.Bids, err = d.levels(f.Raw(), d.ev.Bids)
		case "asks", "a":
			d.ev.Asks, err = d.levels(f.Raw(), d.ev.Asks)
		}
	}
	if err == nil {
		err = f.Err()
	}
	switch {
	case err != nil:
		return snapshot, id, fmt.Errorf("book of %s from the relay: %w", d.in.Key(), err)
	case !known:
		return snapshot, id, connect.ErrIgnored
	case id < 0:
		return snapshot, id, fmt.Errorf("book of %s from the relay: its id is %d", d.in.Key(), id)
	}
	return snapshot, id, nil
}

// levels appends [[price, quantity],…], as numbers or as text. Quantities are rounded down.
func (d *decoder) levels(raw []byte, out []exchange.Level) ([]exchange.Level, error) {
	list := jsonscan.Array(raw)
	for list.Next() {
		var l exchange.Level
		var err error
		n := 0
		for pair := jsonscan.Array(list.Raw()); pair.Next(); n++ {
			switch n {
			case 0:
				l.Price, err = fixed.Ticks(pair.Word(), d.in.Tick)
			case 1:
				var lots int64
				lots, _, err = fixed.FloorText(pair.Word(), d.in.Lot)
				l.Qty = exchange.Lots(lots)
			}
			if err != nil {
				return out, err
			}
		}
		if n < 2 {
			return out, fmt.Errorf("%.60q: want a price and a quantity", list.Raw())
		}
		out = append(out, l)
	}
	return out, list.Err()
}
