package execution

import (
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// step is Machine.work of a spread: what may still fill comes first, then what is
// unhedged, then what stands in for a leg, and only then something new.
func (sp *spread) step(p Port, now exchange.Time) {
	sp.look(p)
	if which, ok := sp.working.resting(); ok {
		sp.rests.tend(p, now, which)
		return
	}
	if !sp.working.any() {
		sp.act(p, now)
		return
	}
	if sp.pending(p, now) {
		return
	}
	due := sp.wake
	if sp.act(p, now); due != 0 && (sp.wake == 0 || due < sp.wake) {
		sp.wake = due
	}
}

func (sp *spread) act(p Port, now exchange.Time) {
	if sp.off && !sp.rests.carries(p, now) && sp.balance(p, now) {
		return
	}
	sp.relaxed()
	if sp.balancing {
		sp.blocked = 0
		sp.self.atRest(p, now)
	}
	if sp.working.any() { // it may fill yet: nothing is begun, and nothing ended
		sp.waiting = true
		sp.later(now, now+batchEvery, "an order has no answer")
		return
	}
	if sp.relieve(p, now) {
		return
	}
	switch sp.Pair.State {
	case intent.PairOpening:
		sp.open(p, now)
	case intent.PairClosing:
		sp.shut(p, now)
	default:
		sp.wake = 0
		if sp.flat(p) { // liquidated or delivered, and the other leg is closed
			sp.taker.finishClose(p, now)
		}
	}
}

// relaxed is called when nothing is unhedged that is waited with.
func (sp *spread) relaxed() {
	if sp.waiting {
		sp.waiting, sp.Pair.Reason = false, joined(sp.Pair.Cause, sp.Pair.Spread.Dark)
	}
}

// open starts the next opening batch when everything allows it.
func (sp *spread) open(p Port, now exchange.Time) {
	if why := sp.enough(now); why != "" {
		sp.taker.endOpen(p, now, why, sp.empty())
		return
	}
	if sp.reached(p) {
		sp.taker.endOpen(p, now, "", sp.empty())
		return
	}
	if sp.rests.quote(p, now) || !sp.ready(p, now) {
		return
	}
	ask, bid, ok := sp.taker.openPrices(p, now)
	if !ok {
		return
	}
	long, short := sp.instrument(p, intent.LongLeg), sp.instrument(p, intent.ShortLeg)
	longLots, shortLots := sp.sizeOpen(p, ask, bid)
	if !tradable(long, ask, longLots) || !tradable(short, bid, shortLots) {
		why := tooSmall(short, bid, shortLots)
		if !tradable(long, ask, longLots) {
			why = tooSmall(long, ask, longLots)
		}
		sp.taker.endOpen(p, now, "what is left to open is too little: "+why, sp.empty())
		return
	}
	sp.taker.sendBoth(p, now, sp.order(p, intent.LongLeg, exchange.Buy, longLots, ask), sp.order(p, intent.ShortLeg, exchange.Sell, shortLots, bid))
}

// ready is taker.ready of a spread: both venues can be traded at, and know of no order
// whose end is not known.
func (sp *spread) ready(p Port, now exchange.Time) bool {
	for which := range [2]struct{}{} {
		if why := sp.dark[which]; why != "" {
			sp.later(now, now+batchEvery, why)
			return false
		}
	}
	return sp.taker.ready(p, now)
}

// reached reports whether what is left to open is too little for an order of either leg.
func (sp *spread) reached(p Port) bool {
	h, short, long := sp.holding(intent.ShortLeg), sp.instrument(p, intent.ShortLeg), sp.instrument(p, intent.LongLeg)
	if h.Lots == 0 {
		return false
	}
	bid, ok1 := p.Book(short.ID).Level(exchange.Buy, 1)
	ask, ok2 := p.Book(long.ID).Level(exchange.Sell, 1)
	if !ok1 || !ok2 || sp.taker.far(short, bid.Price) {
		return false
	}
	left := sp.Request.Notional.Sub(short.Notional(bid.Price, h.Lots.Abs()))
	coins := left.Div(coinPriceAt(short, bid.Price))
	return !tradable(short, bid.Price, lotsAt(short, bid.Price, coins)) || !tradable(long, ask.Price, lotsAt(long, ask.Price, coins))
}

// coarser is the leg whose lot stands for more coins.
func coarser(long, short *exchange.Instrument, longPrice, shortPrice exchange.Ticks) int {
	if long.BaseQty(longPrice, 1).GreaterThan(short.BaseQty(shortPrice, 1)) {
		return intent.LongLeg
	}
	return intent.ShortLeg
}

// darkroom is kept below what of a spread may be unhedged: an order that fills at a venue that is
// dark is heard of when that is back, and the price moves on until then.
var darkroom = decimal.RequireFromString("1.05")

// bound is what a slice may leave unhedged at the prices for which it is sent.
func (sp *spread) bound() decimal.Decimal { return sp.Request.MaxUnhedged.DivRound(darkroom, 12) }

// sizeOpen returns the lots of one batch. Neither leg alone takes what is unhedged beyond
// the bound, and what the last batch left over is carried in.
func (sp *spread) sizeOpen(p Port, ask, bid exchange.Ticks) (longLots, shortLots exchange.Lots) {
	long, short := sp.instrument(p, intent.LongLeg), sp.instrument(p, intent.ShortLeg)
	dear := decimal.Max(coinPriceAt(long, ask), coinPriceAt(short, bid))
	res, keep := sp.Pair.Spread.Net(), sp.kept(p, long)
	room := sp.slice(p.Now()).Sub(res.Abs().Mul(dear))
	left := sp.Request.Notional.Sub(short.Notional(bid, sp.holding(intent.ShortLeg).Lots.Abs()))
	coins := decimal.Min(decimal.Min(sp.Request.Batch, left), room).DivRound(dear, 12)
	if coarser(long, short, ask, bid) == intent.ShortLeg {
		shortLots = lotsAt(short, bid, coins.Mul(keep))
		need := short.BaseQty(bid, shortLots).Sub(res).DivRound(keep, 12)
		if long.Perp() {
			return lotsAt(long, ask, need), shortLots
		}
		return exchange.Lots(long.Lot.Ceil(need)), shortLots
	}
	longLots = lotsAt(long, ask, coins)
	return longLots, lotsAt(short, bid, long.BaseQty(ask, longLots).Mul(keep).Add(res))
}

// shut starts the next closing batch, or ends the pair when it is flat.
func (sp *spread) shut(p Port, now exchange.Time) {
	if sp.flat(p) {
		sp.taker.finishClose(p, now)
		return
	}
	if sp.Pair.Keep > 0 && sp.holding(intent.ShortLeg).Lots.Abs() <= sp.Pair.Keep {
		sp.taker.finishPart(p)
		return
	}
	if sp.stopping {
		sp.wake = 0
		return
	}
	if sp.rests.quote(p, now) || !sp.ready(p, now) {
		return
	}
	bid, ask, ok := sp.taker.closePrices(p, now)
	if !ok {
		return
	}
	legs := sp.closing(p, bid, ask)
	if len(legs) == 0 && sp.Pair.Keep > 0 { // what is still to be closed is too little
		sp.taker.finishPart(p)
		return
	}
	if len(legs) == 0 {
		sp.settleRests(p, now, intent.LongLeg, intent.ShortLeg)
		return
	}
	if last := legs[len(legs)-1]; sp.taker.refused >= settlePause && sp.settle(p, last) {
		sp.taker.settled(now)
		return
	}
	sp.taker.sendBoth(p, now, legs...)
}

// closing makes the orders of one closing batch. The coarser leg decides, and the other
// one comes down to the coins that stay of it. A rest that could not be traded is not
// left.
func (sp *spread) closing(p Port, bid, ask exchange.Ticks) (legs []*exchange.Order) {
	long, short := sp.instrument(p, intent.LongLeg), sp.instrument(p, intent.ShortLeg)
	dear := decimal.Max(coinPriceAt(long, bid), coinPriceAt(short, ask))
	room := sp.slice(p.Now()).Sub(sp.Pair.Spread.Net().Abs().Mul(dear))
	coins := decimal.Max(decimal.Zero, decimal.Min(sp.Request.Batch, room)).DivRound(dear, 12)
	lead := coarser(long, short, bid, ask)
	h, in := sp.holding(lead), sp.instrument(p, lead)
	keep := sp.stays(lead)
	n := sp.part(p, lead, coins)
	if in.Perp() {
		n = min(max(1, n), max(0, h.Lots.Abs()-keep))
	}
	stay := h.Coins.Abs().Sub(sp.stands(p, lead, n))
	if keep == 0 && sp.restless(p, bid, ask, stay) && sp.holding(intent.LongLeg).Coins.Abs().Mul(dear).LessThanOrEqual(room) {
		n, stay = sp.part(p, lead, h.Coins.Abs()), decimal.Zero
	}
	lots := [2]exchange.Lots{}
	lots[lead] = n
	lots[1-lead] = sp.part(p, 1-lead, sp.holding(1-lead).Coins.Abs().Sub(stay))
	for which, price := range [...]exchange.Ticks{bid, ask} {
		if o := sp.closer(p, which, lots[which], price); o != nil {
			legs = append(legs, o)
		}
	}
	return legs
}

// stays is how many lots of a leg a closing of a part leaves.
func (sp *spreadLegs) stays(which int) exchange.Lots {
	if which == intent.ShortLeg || sp.Pair.Keep == 0 {
		return sp.Pair.Keep
	}
	short, long := sp.holding(intent.ShortLeg), sp.holding(intent.LongLeg)
	if short.Lots == 0 {
		return 0
	}
	return exchange.Lots(decimal.NewFromInt(int64(long.Lots.Abs())).Mul(decimal.NewFromInt(int64(sp.Pair.Keep))).Div(decimal.NewFromInt(int64(short.Lots.Abs()))).IntPart())
}

// stands is how many coins so many lots of a leg stand for.
func (sp *spreadLegs) stands(p Port, which int, lots exchange.Lots) decimal.Decimal {
	h, in := sp.holding(which), sp.instrument(p, which)
	if in.Inverse() && h.Lots != 0 {
		return h.Coins.Abs().Mul(decimal.NewFromInt(int64(lots))).DivRound(decimal.NewFromInt(int64(h.Lots.Abs())), 16)
	}
	return in.BaseQty(1, lots)
}

// restless reports whether what stays of either leg could not be closed by itself.
func (sp *spread) restless(p Port, bid, ask exchange.Ticks, stay decimal.Decimal) bool {
	for which, price := range [...]exchange.Ticks{bid, ask} {
		if in := sp.instrument(p, which); stay.IsPositive() && !tradable(in, price, lotsAt(in, price, stay)) {
			return true
		}
	}
	return false
}

// closer is an order that makes a leg smaller; nil when the venue would not take it.
func (sp *spread) closer(p Port, which int, lots exchange.Lots, price exchange.Ticks) *exchange.Order {
	h, in := sp.holding(which), sp.instrument(p, which)
	side := exchange.Sell
	if h.Coins.IsNegative() || h.Lots < 0 {
		side = exchange.Buy
	}
	if far, ok := p.Book(in.ID).Level(side.Opposite(), sp.Request.Level); ok { // a leg past flat trades on its other side
		price = far.Price
	}
	if lots <= 0 || sp.spared(p, which) || !(in.Perp() && p.Position(in.ID)*exchange.Lots(side)+lots <= 0) && !tradable(in, price, lots) {
		return nil
	}
	return sp.order(p, which, side, lots, price)
}

// settleRests has rests that the venue takes no order for, because another position hides
// them, settled inside the account.
func (sp *spread) settleRests(p Port, now exchange.Time, legs ...int) {
	for _, which := range legs {
		h := sp.holding(which)
		if h.Instrument == exchange.NoInstrument || h.Lots == 0 || !sp.instrument(p, which).Perp() {
			continue
		}
		side := exchange.Sell
		if h.Lots < 0 {
			side = exchange.Buy
		}
		if p.SettleLeg(sp.self, h.Instrument, side, h.Lots.Abs()) {
			return
		}
	}
	sp.later(now, now+batchEvery, "what is left is below the smallest order, another position hides it from the venue, and there is no price to settle it at")
}

// settle has the part of an order settled inside the account that the venue takes for a
// new position.
func (sp *spread) settle(p Port, o *exchange.Order) bool {
	h := sp.holding(int(o.Leg) - 1)
	over := min(o.Qty, h.Lots.Abs(), p.Position(o.Instrument)*exchange.Lots(o.Side)+o.Qty)
	if !sp.instrument(p, int(o.Leg)-1).Perp() || over <= 0 || !sp.reduces(p, int(o.Leg)-1, o.Side) {
		return false
	}
	return p.SettleLeg(sp.self, o.Instrument, o.Side, over)
}

// word says how much is unhedged, for people.
func (sp *spread) word(p Port, res decimal.Decimal) string {
	text := fmt.Sprintf("%s %s are unhedged", res.Abs().Round(8), p.Instrument(sp.Pair.Perp).Base)
	if price, ok := sp.coinMid(p); ok {
		text = fmt.Sprintf("%s %s, worth %s %s, are unhedged", res.Abs().Round(8), p.Instrument(sp.Pair.Perp).Base,
			res.Abs().Mul(price).Round(2), p.Instrument(sp.Pair.Perp).Quote)
	}
	return text
}
