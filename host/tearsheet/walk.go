package tearsheet

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/ledger"
)

// places is where a quotient is rounded: finer than any venue's asset.
const places = 16

// walk goes through a record in order of time, once.
type walk struct {
	r     *Record
	sheet *Sheet

	legs     map[legKey]*leg
	order    []*leg // by first fill
	markets  map[marketKey]*market
	pairs    map[pairKey]*pairTrip
	pairList []*pairTrip
	moved    []*pairTrip                // to be looked at when all prices of the moment are there
	values   map[string]decimal.Decimal // of a unit of a coin, in the currency
	unvalued map[string]bool            // coins that no price is known of

	booked  decimal.Decimal // realised, funding and income less fees, of what passes the strategy
	open    decimal.Decimal // unrealised
	exposed exposed
	begin   decimal.Decimal // equity at the beginning
}

type legKey struct {
	account, strategy string
	pair              exchange.PairID
	venue             exchange.Venue
	symbol            string
}

type marketKey struct {
	account string
	venue   exchange.Venue
	symbol  string
}

type pairKey struct {
	account string
	id      exchange.PairID
}

// market is an instrument of an account, with what is open in it.
type market struct {
	price decimal.Decimal // the last that is known
	legs  []*leg          // that hold something
}

func newWalk(r *Record) *walk {
	w := &walk{r: r, legs: map[legKey]*leg{}, markets: map[marketKey]*market{}, pairs: map[pairKey]*pairTrip{},
		values: map[string]decimal.Decimal{}, unvalued: map[string]bool{}}
	w.sheet = &Sheet{Currency: r.Currency, Strategy: r.Strategy, From: r.From, To: r.To, worth: w.worth}
	if n := len(r.Equity); n > 0 {
		w.begin = r.Equity[0].Value
		w.sheet.From = max(r.From, r.Equity[0].Time)
		if last := r.Equity[n-1].Time; r.To == 0 || last < r.To {
			w.sheet.To = last
		}
	}
	return w
}

// within reports whether a moment is of the sheet's time.
func (w *walk) within(at exchange.Time) bool {
	return at >= w.r.From && (w.r.To == 0 || at < w.r.To)
}

// wants reports whether what a strategy did is of the sheet.
func (w *walk) wants(strategy string) bool { return w.r.Strategy == "" || w.r.Strategy == strategy }

// happening is one entry of a record. Those of one moment come in the order of their kinds,
// as the ledger has it: settlements before the fills after them, samples last.
type happening struct {
	at   exchange.Time
	kind int
	do   func()
}

func (w *walk) all() {
	r := w.r
	list := make([]happening, 0, len(r.Fills)+len(r.Funding)+len(r.Prices)+len(r.Equity))
	add := func(at exchange.Time, kind int, do func()) { list = append(list, happening{at, kind, do}) }
	for i := range r.Prices {
		p := &r.Prices[i]
		add(p.Time, 4, func() { w.priced(marketKey{p.Account, p.Venue, p.Symbol}, p.Price) })
	}
	for i := range r.Funding {
		add(r.Funding[i].Settled, 1, func() { w.funding(&r.Funding[i]) })
	}
	for i := range r.Fills {
		add(r.Fills[i].Time, 2, func() { w.fill(&r.Fills[i]) })
	}
	for i := range r.Interest {
		add(r.Interest[i].Time, 3, func() { w.interest(&r.Interest[i]) })
	}
	for i := range r.Insurance {
		add(r.Insurance[i].Time, 3, func() { w.insurance(&r.Insurance[i]) })
	}
	for i := range r.Equity {
		add(r.Equity[i].Time, 5, func() { w.sample(r.Equity[i]) })
	}
	slices.SortStableFunc(list, func(a, b happening) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.kind, b.kind)) })
	for i := range list {
		if i > 0 && (list[i].at != list[i-1].at || list[i].kind != list[i-1].kind) {
			w.look()
		}
		w.exposed.advance(w.clip(list[i].at))
		list[i].do()
	}
	w.look()
	w.exposed.advance(w.sheet.To)
	w.end()
}

// look notes where pairs stand whose legs changed: with one leg at its new price and the other
// at its old one, a pair looks as if it had won or lost.
func (w *walk) look() {
	for _, p := range w.moved {
		p.look()
	}
	w.moved = w.moved[:0]
}

// clip is a moment within the sheet's time.
func (w *walk) clip(at exchange.Time) exchange.Time { return min(max(at, w.sheet.From), w.sheet.To) }

// sample is the account's value: the curve's, or that of the strategy beside it.
func (w *walk) sample(p Point) {
	w.exposed.equity = p.Value.InexactFloat64()
	if w.r.Strategy != "" {
		p.Value = w.begin.Add(w.booked).Add(w.open)
	}
	if w.within(p.Time) {
		w.sheet.Curve = append(w.sheet.Curve, p)
	}
}

// end closes what the record does not.
func (w *walk) end() {
	for _, p := range w.pairList {
		if t := p.trip(); t.Exited == 0 {
			w.sheet.Open = append(w.sheet.Open, t)
		} else if w.within(t.Exited) {
			w.sheet.Trips = append(w.sheet.Trips, t)
		}
	}
	for _, l := range w.order {
		if l.pair == nil && !l.dust() {
			w.sheet.Open = append(w.sheet.Open, l.openTrips(w)...)
		}
	}
	slices.SortStableFunc(w.sheet.Trips, func(a, b Trip) int { return cmp.Compare(a.Exited, b.Exited) })
	w.sheet.Windows = windows(w.pairList, w.within)
	w.sheet.Exposure = w.exposed.result()
	if names := slices.Sorted(maps.Keys(w.unvalued)); len(names) > 0 {
		w.note("amounts in %s count nothing: the record has no price of it", strings.Join(names, ", "))
	}
	if len(w.r.Prices) == 0 && len(w.r.Fills) > 0 {
		w.note("the ledger has no prices between the fills: excursions, exposure and what is open are by the prices of fills and settlements alone")
	}
}

func (w *walk) note(format string, a ...any) {
	w.sheet.Notes = append(w.sheet.Notes, fmt.Sprintf(format, a...))
}

// worth is an amount of an asset in the currency.
func (w *walk) worth(asset string, amount decimal.Decimal) decimal.Decimal {
	switch {
	case amount.IsZero() || asset == "":
		return decimal.Zero
	case asset == w.r.Currency || exchange.IsDollar(asset) && exchange.IsDollar(w.r.Currency):
		return amount
	}
	v, known := w.values[asset]
	if !known {
		w.unvalued[asset] = true
	}
	return amount.Mul(v)
}

// saw notes what a coin is worth by the price of an instrument of it.
func (w *walk) saw(t *ledger.Terms, price decimal.Decimal) {
	if t.Base == w.r.Currency || !price.IsPositive() {
		return
	}
	if v := w.worth(t.Quote, price); v.IsPositive() {
		w.values[t.Base] = v.DivRound(decimal.NewFromInt(max(1, t.Multiplier)), places)
	}
}

func (w *walk) market(k marketKey) *market {
	m := w.markets[k]
	if m == nil {
		m = &market{}
		w.markets[k] = m
	}
	return m
}

// priced tells what is open of an instrument where it stands.
func (w *walk) priced(k marketKey, price decimal.Decimal) {
	if !price.IsPositive() {
		return
	}
	m := w.market(k)
	m.price = price
	for _, l := range m.legs {
		w.saw(&l.terms, price)
		l.see(price)
		w.revalue(l)
	}
}

// revalue brings the sums up to date after a leg or its price changed.
func (w *walk) revalue(l *leg) {
	m := w.market(l.key.market())
	if i := slices.Index(m.legs, l); l.qty.IsZero() != (i < 0) {
		if i < 0 {
			m.legs = append(m.legs, l)
		} else {
			m.legs = slices.Delete(m.legs, i, i+1)
		}
	}
	open, value := w.standing(l, m.price)
	w.open = w.open.Add(open.Sub(l.open))
	w.exposed.change(l.value, value, l.counted, !l.dust())
	l.open, l.value, l.counted = open, value, !l.dust()
	if l.pair != nil && !slices.Contains(w.moved, l.pair) {
		w.moved = append(w.moved, l.pair)
	}
}

// standing is what a leg's open part made and is worth at a price, in the currency.
func (w *walk) standing(l *leg, price decimal.Decimal) (open, value decimal.Decimal) {
	if l.qty.IsZero() || !price.IsPositive() {
		return decimal.Zero, decimal.Zero
	}
	open = w.worth(l.terms.Settle, l.profit(l.cost, l.worthAt(l.qty.Neg(), price)))
	if l.terms.Contract == exchange.Inverse {
		return open, w.worth(l.terms.Quote, l.qty.Mul(l.terms.ContractSize))
	}
	return open, w.worth(l.terms.Quote, l.qty.Mul(price))
}
