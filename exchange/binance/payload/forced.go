package payload

import (
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
	"github.com/perilune/perilune/exchange/jsonscan"
)

// forced reads the order of a liquidation. Source: developers.binance.com, "Liquidation Order
// Streams" of USD-M and COIN-M. COIN-M counts in contracts, as its instruments do.
func (d *Decoder) forced(ev *exchange.Event) error {
	o, err := d.want(keyOrder, objectShape)
	if err != nil {
		return err
	}
	raw := d.scan.B[o.lo:o.hi]
	bad := func(key, what string) error { return jsonscan.NewDecodeError(d.scan.B, o.lo, "o."+key, what) }
	var limit, average, qty, filled []byte
	ev.Side, ev.VenueTime, d.in = 0, 0, nil
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "s":
			d.in = d.resolve(f.Word())
		case "S":
			switch string(f.Word()) {
			case "BUY":
				ev.Side = exchange.Buy
			case "SELL":
				ev.Side = exchange.Sell
			}
		case "p":
			limit = f.Word()
		case "ap":
			average = f.Word()
		case "q":
			qty = f.Word()
		case "z":
			filled = f.Word()
		case "T":
			ev.VenueTime = exchange.UnixMilli(f.Int())
		}
	}
	switch {
	case f.Err() != nil:
		return bad("", f.Err().Error())
	case d.in == nil:
		return ErrIgnored
	case ev.Side == 0:
		return bad("S", "want BUY or SELL")
	}
	price, err := positive(average, limit, d.in.Tick)
	if err != nil {
		return bad("ap", err.Error())
	}
	lots, err := positive(filled, qty, d.in.Lot)
	if err != nil {
		return bad("z", err.Error())
	}
	if price <= 0 || lots <= 0 {
		return bad("p", "a liquidation has a price and a quantity above zero")
	}
	ev.Kind, ev.Instrument, ev.Price, ev.Qty = exchange.KindLiquidation, d.in.ID, exchange.Ticks(price), exchange.Lots(lots)
	return nil
}

// positive is the first of two numbers that is above zero, in whole steps.
func positive(first, second []byte, step exchange.Step) (int64, error) {
	for _, word := range [...][]byte{first, second} {
		if len(word) == 0 {
			continue
		}
		if n, _, err := fixed.FloorText(word, step); err != nil || n > 0 {
			return n, err
		}
	}
	return 0, nil
}
