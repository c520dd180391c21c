package book

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// NoSpread is the spread of a book that lacks a side: wider than any limit.
const NoSpread exchange.Ticks = math.MaxInt64

// CumQty returns the quantity of the n best levels of a side, or of all when
// there are fewer. A sum beyond 63 bits is held at the maximum.
func (b *Book) CumQty(side exchange.Side, n int) exchange.Lots {
	var sum exchange.Lots
	c := b.half(side).cursor()
	for l, ok := c.next(); ok && n > 0; l, ok = c.next() {
		if sum += l.Qty; sum < 0 {
			return math.MaxInt64
		}
		n--
	}
	return sum
}

// Walk takes qty from a side, best level first, as a market order would: one
// that buys walks Sell. It returns how much there was, what it costs, and the
// last price it touched (0 when nothing was filled). The book is not changed.
func (b *Book) Walk(side exchange.Side, qty exchange.Lots) (filled exchange.Lots, cost Cost, worst exchange.Ticks) {
	c := b.half(side).cursor()
	for l, ok := c.next(); ok && filled < qty; l, ok = c.next() {
		take := min(l.Qty, qty-filled)
		cost = cost.plus(l.Price, take)
		filled, worst = filled+take, l.Price
	}
	return filled, cost, worst
}

// WalkPrice returns the average price of taking qty from a side, for signals:
// size-weighted, and for an inverse contract harmonic, because its cost is in
// coin. ok is false, and the price NaN, when the side does not hold qty or qty
// is not positive.
func (b *Book) WalkPrice(side exchange.Side, qty exchange.Lots) (price float64, ok bool) {
	if b.in.Inverse() {
		price, ok = b.walkHarmonic(side, qty)
	} else {
		price, ok = b.walkMean(side, qty)
	}
	if !ok || qty <= 0 {
		return math.NaN(), false
	}
	return price, true
}

func (b *Book) walkMean(side exchange.Side, qty exchange.Lots) (float64, bool) {
	filled, cost, _ := b.Walk(side, qty)
	return cost.Float() / float64(filled) * b.in.PriceFloat(1), filled == qty
}

func (b *Book) walkHarmonic(side exchange.Side, qty exchange.Lots) (float64, bool) {
	left, coin := qty, 0.0
	c := b.half(side).cursor()
	for l, ok := c.next(); ok && left > 0; l, ok = c.next() {
		take := min(l.Qty, left)
		coin += float64(take) / b.in.PriceFloat(l.Price)
		left -= take
	}
	return float64(qty) / coin, left == 0
}

// Imbalance returns (bid-ask)/(bid+ask) of the quantities in the n best levels
// of each side, from -1 (only asks) to 1 (only bids). NaN when both are empty.
func (b *Book) Imbalance(n int) float64 {
	bid, ask := float64(b.CumQty(exchange.Buy, n)), float64(b.CumQty(exchange.Sell, n))
	return (bid - ask) / (bid + ask)
}

// Mid returns the middle of the touch, NaN when a side is empty.
func (b *Book) Mid() float64 {
	bid, ask, ok := b.touch()
	if !ok {
		return math.NaN()
	}
	return (b.in.PriceFloat(bid.Price) + b.in.PriceFloat(ask.Price)) / 2
}

// Microprice returns the touch weighted by the opposite quantity, so that it
// leans to the side that is about to give way. NaN when a side is empty.
func (b *Book) Microprice() float64 {
	bid, ask, ok := b.touch()
	if !ok {
		return math.NaN()
	}
	bq, aq := float64(bid.Qty), float64(ask.Qty)
	return (b.in.PriceFloat(bid.Price)*aq + b.in.PriceFloat(ask.Price)*bq) / (bq + aq)
}

// Spread returns best ask - best bid, or NoSpread when a side is empty.
func (b *Book) Spread() exchange.Ticks {
	bid, ask, ok := b.touch()
	if !ok {
		return NoSpread
	}
	return ask.Price - bid.Price
}

func (b *Book) touch() (bid, ask exchange.Level, ok bool) {
	bid, okBid := b.bids.best()
	ask, okAsk := b.asks.best()
	return bid, ask, okBid && okAsk
}
