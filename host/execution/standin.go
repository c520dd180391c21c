package execution

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// relieve gives back what stands in for a leg, slice by slice. It reports whether it is
// at that, or waits for it.
func (sp *spread) relieve(p Port, now exchange.Time) bool {
	h := sp.holding(intent.StandIn)
	if h.Lots == 0 {
		return false
	}
	away := intent.LongLeg
	if h.Lots < 0 {
		away = intent.ShortLeg
	}
	other := away // its leg takes its place again
	ends := sp.Pair.State == intent.PairClosing || sp.cut != "" || sp.stopping
	if side := mending(h.Coins).Opposite(); ends && (sp.reduces(p, 1-away, side) || !sp.reduces(p, away, side)) {
		other = 1 - away // which it hedged, unless its own leg went past flat instead
	}
	if !sp.free(p, intent.StandIn) || !sp.free(p, other) || !ends && !sp.free(p, 1-away) {
		sp.later(now, now+batchEvery, "")
		return true
	}
	if !sp.taker.ready(p, now) {
		return true
	}
	legs := sp.handover(p, other)
	if len(legs) == 0 {
		sp.settleRests(p, now, intent.StandIn)
		return true
	}
	sp.taker.sendBoth(p, now, legs...)
	return true
}

// handover makes the orders by which a slice of what stands in is given back.
func (sp *spread) handover(p Port, other int) (legs []*exchange.Order) {
	h := sp.holding(intent.StandIn)
	back := exchange.Sell
	if h.Lots < 0 {
		back = exchange.Buy
	}
	side := back.Opposite() // of the leg that takes its place, as of the one that it hedged
	mid, ok := sp.coinMid(p)
	if !ok {
		return nil
	}
	room := decimal.Max(decimal.Zero, sp.bound().Sub(sp.Pair.Spread.Net().Abs().Mul(mid)))
	coins := decimal.Min(h.Coins.Abs(), decimal.Min(sp.Request.Batch, room).DivRound(mid, 12))
	price := func(which int, side exchange.Side) exchange.Ticks {
		far, _ := p.Book(sp.holding(which).Instrument).Level(side.Opposite(), sp.Request.Level)
		return far.Price
	}
	if o := sp.closer(p, intent.StandIn, sp.part(p, intent.StandIn, coins), price(intent.StandIn, back)); o != nil && o.Price > 0 {
		legs = append(legs, o)
	}
	if lots := sp.lots(p, other, side, coins); lots > 0 && price(other, side) > 0 {
		legs = append(legs, sp.order(p, other, side, lots, price(other, side)))
	}
	return legs
}
