package execution

import (
	"cmp"
	"fmt"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A venue goes dark when its market data or its answers stop. What a spread holds there
// is still there, so a spread that is hedged stays as it is, and nothing new is begun.
// What is unhedged is the other matter: the order that would mend it can't be sent, or
// was sent and its end is not known. Then
//
//   - for Dark.Wait nothing is done, because most outages are short, except that what
//     moved beyond MaxUnhedged is brought back to it on the leg that can be traded;
//   - after that the leg that can be traded is made to match what is known of the other
//     one, or a substitute takes the other one's place, or nothing is done: Dark.Then.
//
// An order whose end is not known may have filled, so that what is really unhedged lies
// between two figures. They differ by one slice, and a slice is no larger than the bound:
// whichever is true, the bound holds. No second order is sent on a leg before the first
// one's end is known, and on another leg at the same house only what the first leaves of a
// slice: together they must leave room for all of what is known to be unhedged to be mended
// where answers come.
//
// When none of the legs that hold something can be traded, the one that can takes what is
// unhedged, past flat if it must: a contract can. It comes back to flat first of all.
//
// Once the venue is back its word on the order is booked like any fill, what it makes
// unhedged is mended by chase or unwind as ever, and what stands in for the leg is given
// back slice by slice while the leg takes its place again, or with the other leg in a
// closing.

// silentAfter is how long an order that was asked back may go on without a last word
// before the machine acts without it.
const silentAfter = cancelAfter

// look notes which venues are dark, and says so when that changes.
func (sp *spread) look(p Port) {
	changed := false
	for which := range sp.dark {
		h := sp.holding(which)
		if h.Instrument == exchange.NoInstrument {
			continue
		}
		if why := p.Dark(h.Instrument); why != sp.dark[which] {
			sp.dark[which] = why
			changed = changed || which != intent.StandIn
		}
	}
	if !changed {
		return
	}
	sp.blocked = min(sp.blocked, p.Now()-retryEvery)
	long, short := sp.dark[intent.LongLeg], sp.dark[intent.ShortLeg]
	if long == short {
		short = ""
	}
	if sp.Pair.Spread.Dark = joined(long, short); sp.Pair.Spread.Dark == "" && sp.Pair.State == intent.PairOpen {
		sp.Pair.Reason = ""
	} else if sp.Pair.State == intent.PairOpen {
		sp.Pair.Reason = sp.Pair.Spread.Dark
	}
	sp.reasons.report(p)
}

// pending reports whether the end of an order is waited for. One of a venue that is dark,
// or that says nothing, is not waited for: it keeps its own leg from further orders.
func (sp *spread) pending(p Port, now exchange.Time) (waits bool) {
	for i := range sp.working.legs {
		l := &sp.working.legs[i]
		if !l.live {
			continue
		}
		if l.since == 0 { // left by an earlier run
			l.since = now
		}
		waits = waits || !sp.silent(i, now)
	}
	sp.working.hurry(p, now)
	return waits
}

func (sp *spread) silent(which int, now exchange.Time) bool {
	l := &sp.working.legs[which]
	return l.live && (sp.dark[which] != "" || now >= l.since+sp.working.impatience()+silentAfter)
}

// free reports whether an order can be sent on a leg.
func (sp *spread) free(p Port, which int) bool {
	h := sp.holding(which)
	return h.Instrument != exchange.NoInstrument && sp.dark[which] == "" && !sp.working.legs[which].live && p.Book(h.Instrument).Ready()
}

// mendable reports whether an order could bring the legs closer.
func (sp *spread) mendable(p Port) bool {
	res := sp.Pair.Spread.Net()
	if res.IsZero() {
		return false
	}
	if _, known := sp.coinMid(p); !known {
		return true // what it is worth can't be told: a run has just begun
	}
	side := mending(res)
	if sp.Pair.State == intent.PairOpening && sp.enough(p.Now()) == "" {
		if sp.lots(p, chaser(side), side, res.Abs()) > 0 {
			return true
		}
	}
	for which := range sp.Pair.Spread.Legs {
		if sp.reduces(p, which, side) && sp.lots(p, which, side, res.Abs()) > 0 {
			return true
		}
	}
	return false
}

// mending is the side of an order that mends what is unhedged.
func mending(res decimal.Decimal) exchange.Side {
	if res.IsPositive() {
		return exchange.Sell
	}
	return exchange.Buy
}

// chaser is the leg that an order of a side adds to.
func chaser(side exchange.Side) int {
	if side == exchange.Sell {
		return intent.ShortLeg
	}
	return intent.LongLeg
}

// ways lists the legs on which an order of a side would mend, best first: what stands in
// is given back before anything else, then the lagging leg is chased or the leading one
// unwound, and last come those that only a dark venue makes worth it.
func (sp *spread) ways(p Port, now exchange.Time, side exchange.Side, coins decimal.Decimal, hard bool) (list [4]int, sure int) {
	n := 0
	add := func(which int) {
		for _, w := range list[:n] {
			if w == which {
				return
			}
		}
		list[n] = which
		n++
	}
	if sp.reduces(p, intent.StandIn, side) {
		add(intent.StandIn)
	}
	chaser := chaser(side)
	chase := sp.Pair.State == intent.PairOpening && sp.enough(now) == "" && !hard && sp.balancer.attempts < chaseAttempts && sp.balancer.worthChasing(p) &&
		sp.lots(p, chaser, side, coins) > 0
	chase = chase || sp.working.legs[chaser].live && !sp.working.legs[chaser].rests // it may fill yet
	if chase {
		add(chaser)
	}
	if price, ok := sp.price(p, chaser, side); sp.reduces(p, chaser, side) && (!ok || sp.back(p, chaser, side, coins, price) > 0) { // it went past flat
		add(chaser)
	}
	if sp.reduces(p, 1-chaser, side) && !chase {
		add(1 - chaser)
	}
	sure = n
	if sp.Request.Dark.Then == intent.SubstituteThen {
		add(intent.StandIn)
	}
	if sp.reduces(p, 1-chaser, side) {
		add(1 - chaser)
	}
	add(chaser)
	if sp.instrument(p, 1-chaser).Perp() { // past flat, where nothing else is left
		add(1 - chaser)
	}
	for ; n < len(list); n++ {
		list[n] = -1
	}
	return list, sure
}

// patience is how long a venue that can't be traded at is waited for.
func (sp *spread) patience() exchange.Time {
	if sp.Request.Dark.Wait > 0 {
		return sp.Request.Dark.Wait
	}
	return sp.Request.MaxUnhedgedTime
}

// balance brings the legs level; false when no order could.
func (sp *spread) balance(p Port, now exchange.Time) bool {
	res := sp.Pair.Spread.Net()
	if !sp.mendable(p) {
		sp.off = false
		sp.hedged(now)
		return false
	}
	if sp.unhedgedAt == 0 {
		sp.exposed(now, now)
	}
	if !sp.balancing {
		sp.balancing, sp.had = true, sp.stake()
	}
	last := sp.unhedgedAt + sp.Request.MaxUnhedgedTime
	due := sp.balancer.nextTry(last)
	if sp.blocked != 0 { // a venue that was away has its time again
		until := sp.unhedgedAt + sp.patience()
		if last = sp.blocked + sp.Request.MaxUnhedgedTime; now < sp.blocked+batchEvery {
			last = max(last, until+sp.Request.MaxUnhedgedTime)
		}
		due = max(due, min(sp.blocked+retryEvery, until))
	}
	if now < due {
		sp.wake = due
		return true
	}
	sp.mend(p, now, res, now >= last)
	return true
}

// mend sends the one order that brings the legs closer, or says what is waited for.
func (sp *spread) mend(p Port, now exchange.Time, res decimal.Decimal, hard bool) {
	side, coins := mending(res), res.Abs()
	list, sure := sp.ways(p, now, side, coins, hard)
	until := sp.unhedgedAt + sp.patience()
	blocked, why := false, ""
	for i, which := range list {
		if which < 0 || i >= sure && !blocked {
			break
		}
		amount := coins
		if blocked && (now < until || sp.Request.Dark.Then == intent.HoldThen) {
			if amount = sp.beyond(p, coins); !amount.IsPositive() {
				break
			}
		}
		if !sp.free(p, which) {
			_, priced := sp.price(p, which, side) // a run that has just begun may not have seen any
			if blocked = blocked || sp.working.legs[which].live || !priced || sp.lots(p, which, side, coins) > 0; why == "" {
				why = sp.darkness(p, which)
			}
			continue
		}
		if blocked && sp.owing(p, now, which) && sp.elsewhere(p, now, list[i+1:], side, coins) {
			continue
		}
		if amount = decimal.Min(amount, sp.room(p, now, which, side, res)); !amount.IsPositive() {
			blocked, why = true, cmp.Or(why, "orders that have no answer may mend them")
			continue
		}
		o := sp.taking(p, which, side, amount, hard)
		if o == nil {
			blocked = blocked || amount.LessThan(coins)
			continue
		}
		if sp.balancer.attempts >= settleTries && sp.settle(p, o) {
			return
		}
		err := p.Check(o)
		if err == nil {
			sp.balancer.tried = now
			sp.balancer.attempts++
			sp.working.send(p, which, o)
			return
		}
		blocked = true
		sp.balancer.tried = now
		sp.balancer.attempts++
		if why == "" {
			why = err.Error()
		}
	}
	sp.waits(p, now, until, res, why, blocked)
}

// waits says what a spread that is unhedged waits for, and looks again in time.
func (sp *spread) waits(p Port, now, until exchange.Time, res decimal.Decimal, why string, blocked bool) {
	if !blocked {
		sp.balancer.tried, sp.wake = now, now+retryEvery
		sp.balancer.attempts++
		return
	}
	sp.blocked, sp.wake = now, now+batchEvery
	if now < until {
		sp.wake = min(sp.wake, until)
	}
	sp.waiting = true
	text := sp.word(p, res) + ": " + why
	switch {
	case sp.Request.Dark.Then == intent.HoldThen:
		text += "; it is waited for"
	case now >= until || sp.patience() == sp.Request.MaxUnhedgedTime:
	case sp.Request.Dark.Then == intent.SubstituteThen && sp.dark[intent.StandIn] == "" && !sp.working.legs[intent.StandIn].live:
		text += fmt.Sprintf("; from %s on %s hedges them", until, sp.instrument(p, intent.StandIn).Key())
	default:
		text += fmt.Sprintf("; from %s on the other leg is made to match", until)
	}
	if !sameWords(text, sp.Pair.Reason) {
		sp.Pair.Reason = text
		sp.reasons.report(p)
	}
	sp.Pair.Reason = text
}

// beyond is what of the coins that are unhedged is about to be beyond the bound, and a little
// more, so that the next tick is not there again.
func (sp *spread) beyond(p Port, coins decimal.Decimal) decimal.Decimal {
	price, ok := sp.coinMid(p)
	if !ok || coins.Mul(price).LessThanOrEqual(sp.Request.MaxUnhedged.DivRound(nearly, 12)) {
		return decimal.Zero
	}
	return coins.Sub(sp.bound().DivRound(price, 12))
}

// room is how many coins an order of a side on a leg may be of that mends what is unhedged,
// so that the bound holds too when all of that side fills whose end is not known. Where the
// house of the leg owes an answer already, this one may go without as well: then what mends
// all of it elsewhere must fit beside both.
func (sp *spread) room(p Port, now exchange.Time, which int, side exchange.Side, res decimal.Decimal) decimal.Decimal {
	worst := decimal.Zero
	for i := range sp.working.legs {
		if l := &sp.working.legs[i]; l.live && l.side == side && l.left > 0 {
			worst = worst.Add(sp.instrument(p, i).BaseQty(l.price, l.left))
		}
	}
	price, ok := sp.coinMid(p)
	if worst.IsZero() || !ok {
		return res.Abs()
	}
	if sp.owing(p, now, which) {
		return sp.bound().DivRound(price, 12).Sub(worst)
	}
	return sp.Request.MaxUnhedged.DivRound(price.Mul(nearly), 12).Sub(worst).Add(res.Abs())
}

// owing reports whether the house of a leg has left an order of the pair without an answer.
func (sp *spread) owing(p Port, now exchange.Time, which int) bool {
	house := sp.instrument(p, which).Venue.House()
	for i := range sp.working.legs {
		if sp.silent(i, now) && sp.instrument(p, i).Venue.House() == house {
			return true
		}
	}
	return false
}

// elsewhere reports whether one of the legs could be traded at a house that owes no answer.
func (sp *spread) elsewhere(p Port, now exchange.Time, legs []int, side exchange.Side, coins decimal.Decimal) bool {
	for _, which := range legs {
		if which >= 0 && sp.free(p, which) && !sp.owing(p, now, which) && sp.lots(p, which, side, coins) > 0 {
			return true
		}
	}
	return false
}

// nearly is how close to the bound something unhedged is brought back from: the price moves
// on until the order that does it has filled, and no two venues' prices are the same.
var nearly = decimal.RequireFromString("1.01")

// darkness says why a leg can't be traded.
func (sp *spread) darkness(p Port, which int) string {
	in := sp.instrument(p, which)
	switch {
	case sp.dark[which] != "":
		return sp.dark[which]
	case sp.working.legs[which].live:
		return fmt.Sprintf("an order on %s has no answer", in.Key())
	}
	return in.Key() + " has no live book"
}

// taking makes an IOC order that takes the other side's touch, a step deeper with each
// attempt; nil when the venue would not take it.
func (sp *spread) taking(p Port, which int, side exchange.Side, coins decimal.Decimal, hard bool) *exchange.Order {
	lots := sp.lots(p, which, side, coins)
	price, ok := sp.balancer.takingPrice(p, sp.holding(which).Instrument, side, hard)
	if lots <= 0 || !ok {
		return nil
	}
	return sp.order(p, which, side, lots, price)
}

// grace is how much longer than MaxUnhedgedTime something may be unhedged just now.
func (sp *spread) grace() exchange.Time {
	if sp.blocked == 0 {
		return 0
	}
	return sp.patience()
}
