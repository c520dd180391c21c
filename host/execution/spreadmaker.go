package execution

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

// A spread that makes rests a slice of one leg post-only, on the leg where that saves
// more (maker.saving: what resting is cheaper than taking, and the spread, which is wide
// where a market is slow), and takes the other leg with each fill. How it is priced, how
// long it waits for others and when it is moved is the maker's, as of any pair; what may
// be unhedged, and a venue that is dark, are the spread's.
//
// What rests at a venue that goes dark may fill all the same, is told of late, and can't be
// taken back: until then nobody can hedge it, and its value moves with the price. So what
// rests is worth no more than half of MaxUnhedged.
//
// A hedge that does not fill at once has what rests taken back, so that nothing comes to
// what is unhedged; and a leg whose order rests is not traded otherwise before that has
// had its last word.

var makerShare = decimal.New(5, -1)

// slice is what one slice may leave unhedged.
func (sp *spread) slice(now exchange.Time) decimal.Decimal {
	if sp.makes(now) {
		return sp.bound().Mul(makerShare)
	}
	return sp.bound()
}

// quote rests the next slice; see maker.quote. While a venue is dark nothing is begun.
func (sm *spreadMaker) quote(p Port, now exchange.Time) bool {
	if !sm.makes(now) {
		return false
	}
	for which := range [2]struct{}{} {
		if why := sm.dark[which]; why != "" {
			sm.maker.pause(now, now+batchEvery, why)
			return true
		}
	}
	return sm.maker.quote(p, now)
}

// quoteOrders makes the order that rests and the one that would hedge it whole; nil when
// a venue would not take its own.
func (sm *spreadMaker) quoteOrders(p Port, q quote) (rest, hedge *exchange.Order) {
	long, short := q.prices()
	if sm.Pair.State == intent.PairOpening {
		lots, price := [2]exchange.Lots{}, [2]exchange.Ticks{long, short}
		lots[intent.LongLeg], lots[intent.ShortLeg] = sm.sizeOpen(p, long, short)
		for which := range lots {
			if !tradable(sm.instrument(p, which), price[which], lots[which]) {
				return nil, nil
			}
		}
		rest = sm.order(p, q.which, q.side, lots[q.which], q.rest)
		hedge = sm.order(p, 1-q.which, q.side.Opposite(), lots[1-q.which], q.take)
	} else {
		for _, o := range sm.closing(p, long, short) {
			if int(o.Leg)-1 == q.which {
				rest = o
			} else {
				hedge = o
			}
		}
		if rest == nil || hedge == nil || rest.Side != q.side {
			return nil, nil
		}
		rest.Price = q.rest
	}
	rest.TIF = exchange.PostOnly
	return rest, hedge
}

// tend looks after the order of a leg that rests: what filled of it is hedged, and it is
// taken back once it should no longer fill.
func (sm *spreadMaker) tend(p Port, now exchange.Time, which int) {
	l := &sm.working.legs[which]
	why := ""
	switch {
	case l.gone && now >= l.since: // the cancel may have been lost
		p.Cancel(l.order)
		l.since = now + cancelAfter
	case !l.gone:
		if why = sm.unwanted(p, now, which); why != "" && (why != behind || now >= l.sent+requoteEvery) {
			sm.recall(p, now, which)
		}
	}
	if waits := sm.hedging(p, now, which); !waits && sm.off && !sm.carries(p, now) && sm.balance(p, now) {
		if !sm.hedging(p, now, which) {
			sm.recall(p, now, which)
		}
	} else if !waits {
		sm.relaxed()
		sm.balancer.attempts, sm.blocked = 0, 0
		sm.maker.pause(now, now+peekEvery, "")
	}
	due := l.sent + requoteEvery
	if l.gone {
		due = l.since
	}
	if l.gone || why == behind {
		sm.wake = min(cmp.Or(sm.wake, due), due)
	}
}

// unwanted is maker.unwanted of a spread: a venue that is dark is no place for an order.
func (sm *spreadMaker) unwanted(p Port, now exchange.Time, which int) string {
	if sm.Pair.Spread.Dark != "" {
		return sm.Pair.Spread.Dark
	}
	return sm.maker.unwanted(p, now, which)
}

// recall asks for a resting order back, again and again until it has had its last word.
func (sm *spreadMaker) recall(p Port, now exchange.Time, which int) {
	if l := &sm.working.legs[which]; !l.gone {
		l.gone, l.since = true, now+cancelAfter
		p.Cancel(l.order)
	}
}

// hedging reports whether the end of an order on another leg than the one that rests is
// waited for. One of a venue that says nothing is not.
func (sm *spreadMaker) hedging(p Port, now exchange.Time, rests int) (waits bool) {
	any := false
	for i := range sm.working.legs {
		if i != rests && sm.working.legs[i].live {
			any, waits = true, waits || !sm.silent(i, now)
		}
	}
	if any {
		sm.working.hurry(p, now)
	}
	return waits
}

// carries reports whether what filled of a resting order may wait for more of it, because
// it is too little for an order of the other leg.
func (sm *spreadMaker) carries(p Port, now exchange.Time) bool {
	if !sm.makes(now) || sm.stopping || now >= sm.unhedgedAt+sm.Request.MaxUnhedgedTime || sm.Pair.Spread.Dark != "" {
		return false
	}
	if sm.Pair.State != intent.PairOpening || sm.enough(now) != "" || sm.reached(p) {
		return false
	}
	res := sm.Pair.Spread.Net()
	side := mending(res)
	chaser := chaser(side)
	return chaser != int(sm.restLeg)-1 && sm.lots(p, chaser, side, res.Abs()) == 0
}
