package tearsheet

import (
	"cmp"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// Trip is a round trip: what one entry order opened and one exit order closed, or a pair
// trade. Money is in the sheet's currency.
type Trip struct {
	Account, Strategy string
	Pair              exchange.PairID // 0: of a single instrument
	Instrument        string          // its key; of a pair what is long and what is short
	Side              string          // long, short or pair
	Entered, Exited   exchange.Time   // Exited is 0 while it is open
	// Qty is what went around, in the venue's unit; 0 of a pair, as the next two.
	Qty, Entry, Exit decimal.Decimal
	Value            decimal.Decimal // of the entry; of a pair, of its larger leg
	Gross            decimal.Decimal // by prices alone
	Funding          decimal.Decimal // received less paid
	Insurance        decimal.Decimal // of a pair
	Interest         decimal.Decimal // of a pair; negative
	Fees             decimal.Decimal // paid, for entry and exit
	Net              decimal.Decimal // Gross + Funding + Insurance + Interest - Fees
	// MAE and MFE are the maximum adverse and favorable excursion: the worst and the best that
	// it stood at while it was open, by the prices that the record has; of an instrument by
	// price alone, of a pair with funding and fees. Source: Sweeney, Maximum Adverse
	// Excursion, 1997.
	MAE, MFE decimal.Decimal // not above, and not below zero
	Why      string          // how it was left: type of the order, liquidation, adl; of a pair its reason
	Tag      string          // the strategy's, of a pair
	Fills    int

	// What excursions are computed from: signed quantity and its cost, and the prices seen.
	qty, cost, low, high decimal.Decimal
}

// Held is how long it was open; 0 while it is.
func (t *Trip) Held() exchange.Time { return max(0, t.Exited-t.Entered) }

// Return is what it made of the value of its entry; false when that is not known.
func (t *Trip) Return() (float64, bool) {
	if !t.Value.IsPositive() {
		return 0, false
	}
	return t.Net.InexactFloat64() / t.Value.InexactFloat64(), true
}

// fill books an execution.
func (w *walk) fill(f *ledger.Fill) {
	w.saw(&f.Terms, f.Price)
	k := legKey{f.Account, f.Strategy, f.Pair, f.Venue, f.Symbol}
	w.priced(k.market(), f.Price)
	if !w.wants(f.Strategy) {
		return
	}
	l := w.leg(k, f)
	notional := w.worth(f.Terms.Quote, f.Qty.Mul(f.Price))
	if f.Terms.Contract == exchange.Inverse {
		notional = w.worth(f.Terms.Quote, f.Qty.Mul(f.Terms.ContractSize))
	}
	fee := w.worth(f.FeeAsset, f.Fee)
	if w.within(f.Time) {
		t := &w.sheet.Totals
		t.Fills++
		if f.Maker {
			t.MakerFills++
		}
		t.Turnover, t.Fees = t.Turnover.Add(notional), t.Fees.Add(fee)
	}
	w.booked = w.booked.Sub(fee)
	qty := f.Qty
	if f.Side == exchange.Sell {
		qty = qty.Neg()
	}
	done, rest := l.leave(qty, f.Price)
	feeOf := func(q decimal.Decimal) decimal.Decimal { return fee.Mul(q.Abs()).DivRound(f.Qty, places) }
	for i := range done {
		realised := w.worth(f.Terms.Settle, done[i].realised)
		w.booked = w.booked.Add(realised)
		if l.pair != nil {
			l.pair.gross = l.pair.gross.Add(realised)
			continue
		}
		w.exit(l, f, &done[i], realised, feeOf(done[i].qty))
	}
	if !rest.IsZero() && !f.Qty.IsZero() {
		l.enter(refOf(f), f.Time, rest, f.Price, feeOf(rest))
	}
	if f.Terms.Contract == exchange.Spot && f.FeeAsset == f.Terms.Base {
		l.shrink(f.Fee, f.Price)
	}
	if p := l.pair; p != nil {
		p.fees, p.fills, p.last = p.fees.Add(fee), p.fills+1, f.Time
	}
	w.revalue(l)
}

func (w *walk) leg(k legKey, f *ledger.Fill) *leg {
	l := w.legs[k]
	if l == nil {
		l = &leg{key: k, terms: f.Terms, trips: map[tripKey]int{}}
		if k.pair != 0 {
			l.pair = w.pair(f)
			l.pair.legs = append(l.pair.legs, l)
		}
		w.legs[k] = l
		w.order = append(w.order, l)
	}
	return l
}

// exit adds a closed piece to the round trip of its two orders.
func (w *walk) exit(l *leg, f *ledger.Fill, p *piece, realised, fee decimal.Decimal) {
	if !w.within(f.Time) {
		return
	}
	trips := &w.sheet.Trips
	key := tripKey{p.of, refOf(f)}
	at, there := l.trips[key]
	if !there {
		at = len(*trips)
		l.trips[key] = at
		*trips = append(*trips, Trip{Account: f.Account, Strategy: f.Strategy, Instrument: string(f.Venue) + ":" + f.Symbol,
			Side: sideOf(p.qty), Entered: p.of.at, Why: w.why(f), Fills: p.of.fills})
	}
	t := &(*trips)[at]
	taken := p.qty.Abs()
	t.Exit = mean(t.Exit, t.Qty, f.Price, taken)
	t.Entry = mean(t.Entry, t.Qty, l.price(p.cost, p.qty), taken)
	t.Qty, t.Exited, t.Fills = t.Qty.Add(taken), f.Time, t.Fills+1
	t.Value = t.Value.Add(w.entryValue(l, p))
	t.Gross, t.Funding, t.Fees = t.Gross.Add(realised), t.Funding.Add(p.funding), t.Fees.Add(p.fee).Add(fee)
	t.Net = t.Gross.Add(t.Funding).Sub(t.Fees)
	if !there || p.of.low.LessThan(t.low) {
		t.low = p.of.low
	}
	t.qty, t.cost, t.high = t.qty.Add(p.qty), t.cost.Add(p.cost), decimal.Max(t.high, p.of.high)
	t.MAE, t.MFE = w.excursions(l, t)
}

// excursions are the worst and the best that a trip stood at.
func (w *walk) excursions(l *leg, t *Trip) (worst, best decimal.Decimal) {
	for _, price := range []decimal.Decimal{t.low, t.high} {
		stood := w.worth(l.terms.Settle, l.profit(t.cost, l.worthAt(t.qty.Neg(), price)))
		worst, best = decimal.Min(worst, stood), decimal.Max(best, stood)
	}
	return worst, best
}

// mean is the mean of two prices by quantity.
func mean(a, ofA, b, ofB decimal.Decimal) decimal.Decimal {
	return a.Mul(ofA).Add(b.Mul(ofB)).DivRound(ofA.Add(ofB), 12)
}

// price is the mean price of a quantity that cost so much.
func (l *leg) price(cost, qty decimal.Decimal) decimal.Decimal {
	switch {
	case cost.IsZero() || qty.IsZero():
		return decimal.Zero
	case l.terms.Contract == exchange.Inverse:
		return qty.Mul(l.terms.ContractSize).DivRound(cost, 12)
	}
	return cost.DivRound(qty, 12)
}

// entryValue is what the entry of a piece was worth.
func (w *walk) entryValue(l *leg, p *piece) decimal.Decimal {
	if l.terms.Contract == exchange.Inverse {
		return w.worth(l.terms.Quote, p.qty.Abs().Mul(l.terms.ContractSize))
	}
	return w.worth(l.terms.Quote, p.cost.Abs())
}

func sideOf(qty decimal.Decimal) string {
	if qty.IsNegative() {
		return "short"
	}
	return "long"
}

// why says how a position was left.
func (w *walk) why(f *ledger.Fill) string {
	if f.Reason != "" || f.Order == 0 {
		return cmp.Or(f.Reason, "not our order")
	}
	return w.r.Orders[ledger.OrderKey{Account: f.Account, ID: f.Order}]
}

// openTrips are what a leg still holds, as trips that have no exit.
func (l *leg) openTrips(w *walk) (out []Trip) {
	price := w.market(l.key.market()).price
	for _, x := range l.lots {
		p := piece{of: x, qty: x.qty, cost: x.cost}
		t := Trip{Account: l.key.account, Strategy: l.key.strategy, Instrument: string(l.key.venue) + ":" + l.key.symbol, Side: sideOf(x.qty), Entered: x.at,
			Qty: x.qty.Abs(), Entry: l.price(x.cost, x.qty), Exit: price, Value: w.entryValue(l, &p), Funding: x.funding, Fees: x.fee, Fills: x.fills}
		t.Gross = w.worth(l.terms.Settle, l.profit(x.cost, l.worthAt(x.qty.Neg(), price)))
		t.Net = t.Gross.Add(t.Funding).Sub(t.Fees)
		t.qty, t.cost, t.low, t.high = x.qty, x.cost, x.low, x.high
		t.MAE, t.MFE = w.excursions(l, &t)
		out = append(out, t)
	}
	return out
}
