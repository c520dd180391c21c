package payload

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// liquidations reads all of a contract in half a second. S is the side of the position, not
// of the order that closes it: Buy says that a long one was liquidated. p is the price of
// bankruptcy. Source: the manual, "All Liquidation".
func (d *Decoder) liquidations(in *exchange.Instrument, m *message, yield func(*exchange.Event, int64)) error {
	if !in.Perp() {
		return connect.ErrIgnored
	}
	list := jsonscan.Array(m.data)
	for list.Next() {
		d.ev = exchange.Event{Kind: exchange.KindLiquidation, Instrument: in.ID, VenueTime: m.at}
		if err := d.liquidation(in, list.Raw()); err != nil {
			return fmt.Errorf("liquidation of %s: %w", in.Key(), err)
		}
		if d.ev.Qty > 0 {
			yield(&d.ev, int64(m.at))
		}
	}
	return list.Err()
}

func (d *Decoder) liquidation(in *exchange.Instrument, raw []byte) (err error) {
	ev := &d.ev
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "T":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		case "S":
			ev.Side = sideOf(f.Word()).Opposite()
		case "p":
			var ticks int64
			ticks, _, err = fixed.FloorText(f.Word(), in.Tick)
			ev.Price = exchange.Ticks(ticks)
		case "v":
			ev.Qty, err = lots(f.Word(), in)
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && (ev.Price <= 0 || ev.Side == 0) {
		err = errors.New("want a price and a side")
	}
	return err
}
