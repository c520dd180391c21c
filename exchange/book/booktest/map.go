// Package booktest checks and loads order books: a book too simple to be wrong,
// and a stream of depth messages in the shape of a busy perpetual.
//
// Neither judges update ids; what they are given is taken to be in order.
package booktest

import (
	"maps"
	"slices"

	"github.com/perilune/perilune/exchange"
)

// Map is a book as a table of prices, sorted whenever it is read. It is the
// second implementation that the real ones are compared with.
type Map struct {
	bids, asks map[exchange.Ticks]exchange.Lots
}

// NewMap returns an empty book.
func NewMap() *Map {
	return &Map{map[exchange.Ticks]exchange.Lots{}, map[exchange.Ticks]exchange.Lots{}}
}

// Apply takes a KindSnapshot or KindDiff event.
func (m *Map) Apply(ev *exchange.Event) {
	if ev.Kind == exchange.KindSnapshot {
		clear(m.bids)
		clear(m.asks)
	}
	set(m.bids, ev.Bids)
	set(m.asks, ev.Asks)
}

func set(side map[exchange.Ticks]exchange.Lots, levels []exchange.Level) {
	for _, l := range levels {
		if l.Qty == 0 {
			delete(side, l.Price)
		} else {
			side[l.Price] = l.Qty
		}
	}
}

// Levels returns a side, best first.
func (m *Map) Levels(side exchange.Side) []exchange.Level {
	table := m.side(side)
	prices := slices.Sorted(maps.Keys(table))
	if side == exchange.Buy {
		slices.Reverse(prices)
	}
	levels := make([]exchange.Level, len(prices))
	for i, p := range prices {
		levels[i] = exchange.Level{Price: p, Qty: table[p]}
	}
	return levels
}

// Qty returns the quantity at a price, 0 when there is none.
func (m *Map) Qty(side exchange.Side, p exchange.Ticks) exchange.Lots { return m.side(side)[p] }

// Crossed reports whether the best bid is at or above the best ask.
func (m *Map) Crossed() bool {
	bids, asks := m.Levels(exchange.Buy), m.Levels(exchange.Sell)
	return len(bids) > 0 && len(asks) > 0 && bids[0].Price >= asks[0].Price
}

func (m *Map) side(side exchange.Side) map[exchange.Ticks]exchange.Lots {
	if side == exchange.Buy {
		return m.bids
	}
	return m.asks
}
