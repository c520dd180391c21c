package book

import (
	"math"

	"github.com/perilune/perilune/exchange"
)

// NoSpread is the spread of a book that lacks a side: wider than any limit.
const NoSpread exchange.Ticks = math.MaxInt64

// CumQty returns the quantity of the n best levels of a side, or of all when
// there are fewer. A sum beyond 63 bits is held at the maximum.
func (s *Sides) CumQty(side exchange.Side, n int) exchange.Lots {
	var sum exchange.Lots
	c := s.half(side).cursor()
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
func (s *Sides) Walk(side exchange.Side, qty exchange.Lots) (filled exchange.Lots, cost Cost, worst exchange.Ticks) {
	c := s.half(side).cursor()
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
func (s *Sides) WalkPrice(side exchange.Side, qty exchange.Lots) (price float64, ok bool) {
	if s.in.Inverse() {
		price, ok = s.walkHarmonic(side, qty)
	} else {
		price, ok = s.walkMean(side, qty)
	}
	if !ok || qty <= 0 {
		return math.NaN(), false
	}
	return price, true
}

func (s *Sides) walkMean(side exchange.Side, qty exchange.Lots) (float64, bool) {
	filled, cost, _ := s.Walk(side, qty)
	return cost.Float() / float64(filled) * s.in.PriceFloat(1), filled == qty
}

func (s *Sides) walkHarmonic(side exchange.Side, qty exchange.Lots) (float64, bool) {
	left, coin := qty, 0.0
	c := s.half(side).cursor()
	for l, ok := c.next(); ok && left > 0; l, ok = c.next() {
		take := min(l.Qty, left)
		coin += float64(take) / s.in.PriceFloat(l.Price)
		left -= take
	}
	return float64(qty) / coin, left == 0
}

// Imbalance returns (bid-ask)/(bid+ask) of the quantities in the n best levels
// of each side, from -1 (only asks) to 1 (only bids). NaN when both are empty.
func (s *Sides) Imbalance(n int) float64 {
	bid, ask := float64(s.CumQty(exchange.Buy, n)), float64(s.CumQty(exchange.Sell, n))
	return (bid - ask) / (bid + ask)
}

// Mid returns the middle of the touch, NaN when a side is empty.
func (s *Sides) Mid() float64 {
	bid, ask, ok := s.touch()
	if !ok {
		return math.NaN()
	}
	return (s.in.PriceFloat(bid.Price) + s.in.PriceFloat(ask.Price)) / 2
}

// Microprice returns the touch weighted by the opposite quantity, so that it
// leans to the side that is about to give way. NaN when a side is empty.
func (s *Sides) Microprice() float64 {
	bid, ask, ok := s.touch()
	if !ok {
		return math.NaN()
	}
	bq, aq := float64(bid.Qty), float64(ask.Qty)
	return (s.in.PriceFloat(bid.Price)*aq + s.in.PriceFloat(ask.Price)*bq) / (bq + aq)
}

// Spread returns best ask - best bid, or NoSpread when a side is empty.
func (s *Sides) Spread() exchange.Ticks {
	bid, ask, ok := s.touch()
	if !ok {
		return NoSpread
	}
	return ask.Price - bid.Price
}

func (s *Sides) touch() (bid, ask exchange.Level, ok bool) {
	bid, okBid := s.bids.best()
	ask, okAsk := s.asks.best()
	return bid, ask, okBid && okAsk
}
