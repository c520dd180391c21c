package tearsheet

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// dustPart is the part of the most that was held below which what is left is dust.
var dustPart = decimal.New(1, -2)

// leg is what a holder has of an instrument: a queue of lots.
type leg struct {
	key   legKey
	terms ledger.Terms
	pair  *pairTrip // nil: outside of pairs
	lots  []*lot    // oldest first, all of one side
	qty   decimal.Decimal
	cost  decimal.Decimal // signed price of qty: Σ quantity×price, or Σ contracts×size/price
	most  decimal.Decimal // largest |qty| since it was flat
	trips map[tripKey]int // places in the sheet's trips of exits that may still fill

	open, value decimal.Decimal // as the sums have it
	counted     bool
}

// lot is what one entry order opened and is not closed yet.
type lot struct {
	entry     orderRef
	at        exchange.Time // its first fill
	qty, cost decimal.Decimal
	fee       decimal.Decimal // in the currency, as what follows
	funding   decimal.Decimal
	low, high decimal.Decimal // prices while it was open
	fills     int
}

// orderRef names an order, or an execution that none of ours made.
type orderRef struct {
	ledger.OrderKey
	trade string
}

type tripKey struct {
	lot  *lot
	exit orderRef
}

func refOf(f *ledger.Fill) orderRef {
	if f.Order != 0 {
		return orderRef{OrderKey: ledger.OrderKey{Account: f.Account, ID: f.Order}}
	}
	return orderRef{trade: f.TradeID}
}

func (k legKey) market() marketKey { return marketKey{k.account, k.venue, k.symbol} }

// worthAt is the signed price of a quantity, in the unit of cost.
func (l *leg) worthAt(qty, price decimal.Decimal) decimal.Decimal {
	if l.terms.Contract == exchange.Inverse {
		return qty.Mul(l.terms.ContractSize).DivRound(price, places)
	}
	return qty.Mul(price)
}

// profit of closing what cost portion, for back (signed against it). An inverse contract is
// worth fewer coins the higher the price.
func (l *leg) profit(portion, back decimal.Decimal) decimal.Decimal {
	if l.terms.Contract == exchange.Inverse {
		return portion.Add(back)
	}
	return back.Neg().Sub(portion)
}

// dust reports whether so little is left that it counts as flat.
func (l *leg) dust() bool { return l.qty.Abs().LessThanOrEqual(l.most.Mul(dustPart)) }

// see notes a price while lots are open.
func (l *leg) see(price decimal.Decimal) {
	for _, x := range l.lots {
		x.see(price)
	}
}

func (x *lot) see(price decimal.Decimal) {
	if x.low.IsZero() || price.LessThan(x.low) {
		x.low = price
	}
	x.high = decimal.Max(x.high, price)
}

// enter adds to the lot of an order, or begins it. Dust joins a new one.
func (l *leg) enter(ref orderRef, at exchange.Time, qty, price, fee decimal.Decimal) {
	n := len(l.lots)
	if n == 0 || l.lots[n-1].entry != ref {
		x := &lot{entry: ref, at: at}
		if n > 0 && l.dust() {
			for _, d := range l.lots {
				x.qty, x.cost, x.fee, x.funding = x.qty.Add(d.qty), x.cost.Add(d.cost), x.fee.Add(d.fee), x.funding.Add(d.funding)
			}
			l.lots, l.most = l.lots[:0], decimal.Zero
		}
		l.lots = append(l.lots, x)
	}
	x := l.lots[len(l.lots)-1]
	x.qty, x.cost, x.fee = x.qty.Add(qty), x.cost.Add(l.worthAt(qty, price)), x.fee.Add(fee)
	x.fills++
	x.see(price)
	l.qty, l.cost = l.qty.Add(qty), l.cost.Add(l.worthAt(qty, price))
	l.most = decimal.Max(l.most, l.qty.Abs())
}

// piece is a part of a lot that was closed.
type piece struct {
	of            *lot
	qty, cost     decimal.Decimal // signed as the lot's
	fee, funding  decimal.Decimal // of its entry
	realised      decimal.Decimal // in the asset that profit is in
	entered, last bool            // last: nothing is left of the lot
}

// leave closes as much of the oldest lots as a quantity against them does, and returns what
// is left of the quantity.
func (l *leg) leave(qty, price decimal.Decimal) (done []piece, rest decimal.Decimal) {
	for rest = qty; len(l.lots) > 0 && rest.Sign()*l.lots[0].qty.Sign() < 0; {
		x := l.lots[0]
		p := piece{of: x, qty: x.qty, cost: x.cost, fee: x.fee, funding: x.funding, last: true}
		if rest.Abs().LessThan(x.qty.Abs()) {
			p.last, p.qty = false, rest.Neg()
			share := func(v decimal.Decimal) decimal.Decimal { return v.Mul(p.qty).DivRound(x.qty, places) }
			p.cost, p.fee, p.funding = share(x.cost), share(x.fee), share(x.funding)
		}
		p.realised = l.profit(p.cost, l.worthAt(p.qty.Neg(), price))
		x.see(price)
		x.qty, x.cost, x.fee, x.funding = x.qty.Sub(p.qty), x.cost.Sub(p.cost), x.fee.Sub(p.fee), x.funding.Sub(p.funding)
		l.qty, l.cost = l.qty.Sub(p.qty), l.cost.Sub(p.cost)
		rest = rest.Add(p.qty)
		if p.last {
			l.lots = l.lots[1:]
		}
		done = append(done, p)
	}
	if l.qty.IsZero() {
		l.most = decimal.Zero
	}
	return done, rest
}

// shrink takes coins that a fee took out of the newest lot, at the price that they were
// bought for.
func (l *leg) shrink(coins, price decimal.Decimal) {
	n := len(l.lots)
	if n == 0 || !l.lots[n-1].qty.GreaterThan(coins) {
		return
	}
	x, cost := l.lots[n-1], coins.Mul(price)
	x.qty, x.cost = x.qty.Sub(coins), x.cost.Sub(cost)
	l.qty, l.cost = l.qty.Sub(coins), l.cost.Sub(cost)
}

// fund shares funding out over the lots, by quantity.
func (l *leg) fund(amount decimal.Decimal) {
	rest := amount
	for i, x := range l.lots {
		part := rest
		if i < len(l.lots)-1 {
			part = amount.Mul(x.qty).DivRound(l.qty, places)
		}
		x.funding, rest = x.funding.Add(part), rest.Sub(part)
	}
}
