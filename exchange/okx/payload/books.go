package payload

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// update is what a push of a book says.
type update struct {
	at        exchange.Time
	seq, prev int64
	hasSeq    bool
}

// books reads a push of any channel of books, whatever the order of its keys.
func (d *Decoder) books(in *exchange.Instrument, s *state, m *message, yield func(*exchange.Event, int64)) error {
	list := jsonscan.Array(m.data)
	for list.Next() {
		u := update{prev: -1}
		d.bids, d.asks = d.bids[:0], d.asks[:0]
		var bad fault
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			var err error
			switch string(f.Key()) {
			case "bids":
				d.bids, err = levels(in, s, f.Raw(), d.bids)
			case "asks":
				d.asks, err = levels(in, s, f.Raw(), d.asks)
			case "ts":
				u.at = exchange.UnixMilli(f.Int())
			case "seqId":
				u.seq, u.hasSeq = f.Int(), true
			case "prevSeqId":
				u.prev = f.Int()
			}
			bad.keep(err)
		}
		bad.keep(f.Err())
		if bad.err == nil {
			bad.err = d.tell(in, m, &u, yield)
		}
		if bad.err != nil && !errors.Is(bad.err, connect.ErrIgnored) {
			return fmt.Errorf("%s of %s: %w", m.channel, in.Key(), bad.err)
		}
		if bad.err != nil {
			return bad.err
		}
	}
	return list.Err()
}

// levels appends [["price","size","0","orders"]]. Their third is of the past.
func levels(in *exchange.Instrument, s *state, raw []byte, out []exchange.Level) ([]exchange.Level, error) {
	list := jsonscan.Array(raw)
	for list.Next() {
		var l exchange.Level
		var bad fault
		n := 0
		level := jsonscan.Array(list.Raw())
		for ; level.Next(); n++ {
			switch n {
			case 0:
				l.Price = bad.ticks(level.Word(), in.Tick)
			case 1:
				l.Qty = bad.lots(level.Word(), s.lot)
			}
		}
		bad.keep(level.Err())
		if bad.err == nil && n < 2 {
			bad.err = fmt.Errorf("level %.60q: want a price and a size", list.Raw())
		}
		if bad.err != nil {
			return out, bad.err
		}
		out = append(out, l)
	}
	return out, list.Err()
}

// tell yields the event of a push whose levels are read. Source: the manual, "Order book
// channel": prevSeqId of a snapshot is -1; seqId = prevSeqId with nothing changed is a
// sign of life every 60 s; a lower seqId that links begins a new count after maintenance.
func (d *Decoder) tell(in *exchange.Instrument, m *message, u *update, yield func(*exchange.Event, int64)) error {
	switch string(m.channel) {
	case "bbo-tbt":
		if len(d.bids) == 0 || len(d.asks) == 0 || d.bids[0].Qty == 0 || d.asks[0].Qty == 0 {
			return connect.ErrIgnored
		}
		d.ev = exchange.Event{Kind: exchange.KindTicker, Instrument: in.ID, VenueTime: u.at, LastID: u.seq,
			Price: d.bids[0].Price, Qty: d.bids[0].Qty, Price2: d.asks[0].Price, Qty2: d.asks[0].Qty}
		yield(&d.ev, max(u.seq, 1))
		return nil
	case "books5":
		m.snapshot = true
	}
	if !u.hasSeq || u.seq < 0 {
		return fmt.Errorf("seqId %d: want the number of the update; there is none in recordings from before 2023", u.seq)
	}
	d.ev = exchange.Event{Kind: exchange.KindDiff, Instrument: in.ID, VenueTime: u.at, FirstID: u.prev + 1, LastID: u.seq, PrevID: u.prev, Bids: d.bids, Asks: d.asks}
	if m.snapshot {
		d.ev.Kind, d.ev.FirstID, d.ev.PrevID = exchange.KindSnapshot, u.seq, -1
	} else if u.prev < 0 {
		return errors.New("an update without its prevSeqId")
	}
	yield(&d.ev, u.seq)
	return nil
}
