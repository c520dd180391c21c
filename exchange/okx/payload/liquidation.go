package payload

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/okx/api"
)

// liquidations reads the channel of a type of instruments, which tells of others too. Source:
// the manual, "Liquidation orders channel": it does not tell of all of them.
func (d *Decoder) liquidations(data []byte, yield func(*exchange.Event, int64)) error {
	used := false
	list := jsonscan.Array(data)
	for list.Next() {
		var details []byte
		var in *exchange.Instrument
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "instId":
				in = d.resolve(f.Word())
			case "details":
				details = f.Raw()
			}
		}
		if f.Err() != nil {
			return f.Err()
		}
		if in == nil || !in.Perp() {
			continue
		}
		rows := jsonscan.Array(details)
		for rows.Next() {
			if err := d.liquidation(in, d.of(in), rows.Raw()); err != nil {
				return fmt.Errorf("liquidation of %s: %w", in.Key(), err)
			}
			if d.ev.Qty > 0 {
				used = true
				yield(&d.ev, int64(d.ev.VenueTime))
			}
		}
		if rows.Err() != nil {
			return rows.Err()
		}
	}
	if list.Err() == nil && !used {
		return connect.ErrIgnored
	}
	return list.Err()
}

// liquidation reads one order: side is the order's, sz counts contracts, and bkPx is the price
// of bankruptcy, which need not be a whole tick.
func (d *Decoder) liquidation(in *exchange.Instrument, s *state, raw []byte) error {
	var bad fault
	d.ev = exchange.Event{Kind: exchange.KindLiquidation, Instrument: in.ID}
	ev := &d.ev
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "bkPx":
			ev.Price = exchange.Ticks(bad.lots(f.Word(), in.Tick))
		case "sz":
			ev.Qty = bad.lots(f.Word(), s.lot)
		case "side":
			ev.Side = api.SideOf(f.Word())
		case "ts":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	bad.keep(f.Err())
	if bad.err == nil && (ev.Price <= 0 || ev.Side == 0 || ev.VenueTime <= 0) {
		bad.err = errors.New("want a bkPx above zero, a side of buy or sell and a ts")
	}
	return bad.err
}
