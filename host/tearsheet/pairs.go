package tearsheet

import (
	"cmp"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// pairTrip is a pair trade under way: both its legs together.
type pairTrip struct {
	id      pairKey
	row     *ledger.Pair // nil: the ledger has none of it
	name    string
	began   exchange.Time
	last    exchange.Time // its last fill
	legs    []*leg
	gross   decimal.Decimal // realised by price
	funding decimal.Decimal
	insured decimal.Decimal
	charged decimal.Decimal // interest
	fees    decimal.Decimal
	value   decimal.Decimal // the most that a leg was worth
	low     decimal.Decimal
	high    decimal.Decimal
	fills   int

	windows []Window
	before  windowSums
}

// windowSums are what a pair stood at when a window began.
type windowSums struct{ price, fees decimal.Decimal }

// Window is what pairs made from one settlement of funding to the next.
type Window struct {
	Settled exchange.Time
	Pairs   int
	Funding decimal.Decimal // received less paid
	Basis   decimal.Decimal // change of both legs together, also of what is open
	Fees    decimal.Decimal
}

func (w *walk) pair(f *ledger.Fill) *pairTrip {
	k := pairKey{f.Account, f.Pair}
	p := w.pairs[k]
	if p == nil {
		p = &pairTrip{id: k, began: f.Time, name: string(f.Venue) + ":" + f.Symbol}
		for i := range w.r.Pairs {
			if x := &w.r.Pairs[i]; x.Account == f.Account && x.ID == f.Pair {
				p.row, p.name = x, x.Spot+" / "+x.Perp
			}
		}
		w.pairs[k] = p
		w.pairList = append(w.pairList, p)
	}
	return p
}

// price is what the legs made by price, with what is open.
func (p *pairTrip) price() decimal.Decimal {
	sum := p.gross
	for _, l := range p.legs {
		sum = sum.Add(l.open)
	}
	return sum
}

func (p *pairTrip) net() decimal.Decimal {
	return p.price().Add(p.funding).Add(p.insured).Add(p.charged).Sub(p.fees)
}

// look notes how it stands after something changed. Before both legs are there it is no pair.
func (p *pairTrip) look() {
	for _, l := range p.legs {
		p.value = decimal.Max(p.value, l.value.Abs())
	}
	if len(p.legs) > 1 {
		net := p.net()
		p.low, p.high = decimal.Min(p.low, net), decimal.Max(p.high, net)
	}
}

// flat reports whether nothing is left of it.
func (p *pairTrip) flat() bool {
	return !slices.ContainsFunc(p.legs, func(l *leg) bool { return !l.dust() })
}

func (p *pairTrip) trip() Trip {
	l := p.legs[0]
	t := Trip{Account: p.id.account, Strategy: l.key.strategy, Pair: p.id.id, Instrument: p.name, Side: "pair", Entered: p.began, Value: p.value,
		Gross: p.price(), Funding: p.funding, Insurance: p.insured, Interest: p.charged, Fees: p.fees, MAE: p.low, MFE: p.high, Fills: p.fills}
	t.Net = p.net()
	done := p.flat()
	if p.row != nil {
		t.Why, t.Tag, done = p.row.Reason, p.row.Tag, p.row.Done
	}
	if done {
		t.Exited = p.last
	}
	return t
}

// funding books a settlement.
func (w *walk) funding(x *ledger.Funding) {
	k := marketKey{x.Account, x.Venue, x.Symbol}
	if len(w.r.Prices) == 0 { // where there are any, they are newer than a settlement's mean
		w.priced(k, x.Mark)
	}
	if !w.wants(x.Strategy) {
		return
	}
	amount := w.worth(x.Asset, x.Amount)
	w.booked = w.booked.Add(amount)
	if w.within(x.Settled) {
		w.sheet.Totals.Funding = w.sheet.Totals.Funding.Add(amount)
	}
	if p := w.pairs[pairKey{x.Account, x.Pair}]; p != nil && x.Pair != 0 {
		p.funding = p.funding.Add(amount)
		p.settle(x.Settled, amount)
		p.look()
		return
	}
	if l := w.legs[legKey{x.Account, x.Strategy, x.Pair, x.Venue, x.Symbol}]; l != nil && !l.qty.IsZero() {
		l.fund(amount)
	}
}

// settle ends the window of a pair; two legs that settle at once end one.
func (p *pairTrip) settle(at exchange.Time, amount decimal.Decimal) {
	if n := len(p.windows); n > 0 && p.windows[n-1].Settled == at {
		p.windows[n-1].Funding = p.windows[n-1].Funding.Add(amount)
		return
	}
	now := windowSums{p.price(), p.fees}
	p.windows = append(p.windows, Window{Settled: at, Pairs: 1, Funding: amount, Basis: now.price.Sub(p.before.price), Fees: now.fees.Sub(p.before.fees)})
	p.before = now
}

// windows adds up those of all pairs by settlement; what came after the last one of a pair
// is in none.
func windows(pairs []*pairTrip, within func(exchange.Time) bool) []Window {
	var out []Window
	for _, p := range pairs {
		for _, x := range p.windows {
			if !within(x.Settled) {
				continue
			}
			i, found := slices.BinarySearchFunc(out, x.Settled, func(o Window, at exchange.Time) int { return cmp.Compare(o.Settled, at) })
			if !found {
				out = slices.Insert(out, i, x)
				continue
			}
			o := &out[i]
			o.Pairs, o.Funding, o.Basis, o.Fees = o.Pairs+1, o.Funding.Add(x.Funding), o.Basis.Add(x.Basis), o.Fees.Add(x.Fees)
		}
	}
	return out
}

// insurance books what an insurance fund paid.
func (w *walk) insurance(x *ledger.WalletIncome) {
	w.income(x, &w.sheet.Totals.Insurance, func(p *pairTrip) *decimal.Decimal { return &p.insured })
}

// interest books what was charged on borrowed coins. It makes what a leg owes larger, as if
// the coins had been sold and the money paid away.
func (w *walk) interest(x *ledger.WalletIncome) {
	if p := w.pairs[pairKey{x.Account, x.Pair}]; p != nil && x.Pair != 0 && w.wants(x.Strategy) {
		for _, l := range p.legs {
			price := w.market(l.key.market()).price
			if l.terms.Contract != exchange.Spot || l.terms.Base != x.Asset || !l.qty.IsNegative() || !price.IsPositive() {
				continue
			}
			l.enter(l.lots[len(l.lots)-1].entry, x.Time, x.Amount, price, decimal.Zero)
			w.revalue(l)
		}
	}
	w.income(x, &w.sheet.Totals.Interest, func(p *pairTrip) *decimal.Decimal { return &p.charged })
}

// income adds to the curve, to its total, and to its pair.
func (w *walk) income(x *ledger.WalletIncome, total *decimal.Decimal, of func(*pairTrip) *decimal.Decimal) {
	if !w.wants(x.Strategy) {
		return
	}
	amount := w.worth(x.Asset, x.Amount)
	w.booked = w.booked.Add(amount)
	if w.within(x.Time) {
		*total = total.Add(amount)
	}
	if p := w.pairs[pairKey{x.Account, x.Pair}]; p != nil && x.Pair != 0 {
		sum := of(p)
		*sum = sum.Add(amount)
		p.look()
	}
}
