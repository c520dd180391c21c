package record

import (
	"fmt"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/fixed"
)

// single reads a row that is a message of its own: a trade, a quote, or the top
// of a book.
func (f *tardisFeed) single(ev *exchange.Event) bool {
	fields := f.read()
	if fields == nil {
		return false
	}
	b, venue, local, err := f.common(fields)
	if err == nil {
		ev.Instrument, ev.VenueTime, ev.Time = b.in.ID, venue, local
		switch f.info.kind {
		case tardisTrades:
			err = f.trade(b, fields, ev)
		case tardisLiquidations:
			err = f.liquidation(b, fields, ev)
		case tardisQuotes:
			err = f.quote(b, fields, ev)
		case tardisTicker:
			var told bool
			if told, err = f.ticker(b, fields, ev); err == nil {
				return told
			}
		default:
			err = f.top(b, fields, ev)
		}
		if err == nil {
			err = ev.CheckValues(b.in)
		}
	}
	if err != nil {
		f.reject(err)
	}
	return err == nil
}

func (f *tardisFeed) trade(b *tardisBook, fields [][]byte, ev *exchange.Event) error {
	l := &f.info.layout
	lv, err := b.level(fields[l.price], fields[l.amount])
	if err != nil {
		return err
	}
	ev.Kind, ev.Price, ev.Qty = exchange.KindTrade, lv.Price, lv.Qty
	ev.Side = exchange.Buy
	if string(fields[l.side]) == "sell" {
		ev.Side = exchange.Sell
	}
	ev.ID = exchange.TextID(fields[l.id])
	return nil
}

// liquidation reads a forced order. Its side is the order's: buy says that a short position was
// liquidated. A price of bankruptcy need not be a whole tick.
func (f *tardisFeed) liquidation(b *tardisBook, fields [][]byte, ev *exchange.Event) error {
	l := &f.info.layout
	price, _, err := fixed.FloorText(fields[l.price], b.in.Tick)
	if err != nil {
		return fmt.Errorf("price of %s: %w", b.in.Key(), err)
	}
	qty, _, err := fixed.FloorText(fields[l.amount], b.lot)
	if err != nil {
		return fmt.Errorf("amount of %s: %w", b.in.Key(), err)
	}
	ev.Kind, ev.Price, ev.Qty = exchange.KindLiquidation, exchange.Ticks(price), exchange.Lots(qty)
	switch string(fields[l.side]) {
	case "buy":
		ev.Side = exchange.Buy
	case "sell":
		ev.Side = exchange.Sell
	default:
		return fmt.Errorf("side %q of %s: want buy or sell", fields[l.side], b.in.Key())
	}
	if price <= 0 || qty <= 0 {
		return fmt.Errorf("liquidation of %s: price %q, amount %q: want both above 0", b.in.Key(), fields[l.price], fields[l.amount])
	}
	return nil
}

func (f *tardisFeed) quote(b *tardisBook, fields [][]byte, ev *exchange.Event) error {
	if err := f.sides(b, fields); err != nil {
		return err
	}
	ev.Kind, ev.LastID = exchange.KindTicker, 0
	ev.Price, ev.Qty, ev.Price2, ev.Qty2 = 0, 0, 0, 0
	if len(f.bids) > 0 {
		ev.Price, ev.Qty = f.bids[0].Price, f.bids[0].Qty
	}
	if len(f.asks) > 0 {
		ev.Price2, ev.Qty2 = f.asks[0].Price, f.asks[0].Qty
	}
	return nil
}

func (f *tardisFeed) top(b *tardisBook, fields [][]byte, ev *exchange.Event) error {
	if err := f.sides(b, fields); err != nil {
		return err
	}
	ev.Kind, ev.FirstID, ev.LastID, ev.PrevID = exchange.KindSnapshot, 0, 0, -1
	ev.Bids, ev.Asks, ev.Synthetic = f.bids, f.asks, false
	return nil
}

// sides fills the levels of a row that holds several; a missing level is empty.
func (f *tardisFeed) sides(b *tardisBook, fields [][]byte) (err error) {
	l := &f.info.layout
	if f.bids, err = appendLevels(f.bids[:0], b, fields, l.bidPrice, l.bidQty); err != nil {
		return err
	}
	f.asks, err = appendLevels(f.asks[:0], b, fields, l.askPrice, l.askQty)
	return err
}

func appendLevels(dst []exchange.Level, b *tardisBook, fields [][]byte, price, qty []int) ([]exchange.Level, error) {
	for n := range price {
		if len(fields[price[n]]) == 0 {
			continue
		}
		l, err := b.level(fields[price[n]], fields[qty[n]])
		if err != nil {
			return dst, err
		}
		dst = append(dst, l)
	}
	return dst, nil
}
