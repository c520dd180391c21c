package host

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// tradeBook adds up, from the effects of a session that keeps no ledger, what was traded and
// what came of each trade: a pair from its opening to its end, and outside of pairs what a
// strategy did in an instrument from flat to flat, without funding.
type tradeBook struct {
	u        *exchange.Universe
	turnover decimal.Decimal // all that was bought and sold, in quote
	venues   []string        // segments that were traded on
	results  []float64       // of trades that ended, in quote; a statistic, not money
	open     map[heldKey]*openTrade
	done     map[exchange.PairID]bool
}

type heldKey struct {
	strategy   int32
	instrument exchange.InstrumentID
}

// openTrade is a position outside of pairs.
type openTrade struct{ qty, most, cash float64 }

// flatBelow is the part of the largest position below which a trade has ended: a fee that
// was taken in coins leaves fewer to sell.
const flatBelow = 0.01

func newTradeBook(u *exchange.Universe) *tradeBook {
	return &tradeBook{u: u, open: map[heldKey]*openTrade{}, done: map[exchange.PairID]bool{}}
}

// take sees the effects of one event.
func (b *tradeBook) take(_ *exchange.Event, fx []core.Effect) {
	for i := range fx {
		switch e := fx[i].Body.(type) {
		case *core.Filled:
			b.filled(e)
		case core.PairChanged:
			if p := &e.Pair; p.State.Done() && !b.done[p.ID] {
				b.done[p.ID] = true
				if !p.Realised.IsZero() || !p.Fees.IsZero() {
					b.results = append(b.results, p.Realised.InexactFloat64())
				}
			}
		}
	}
}

func (b *tradeBook) filled(e *core.Filled) {
	in := b.u.Get(e.Fill.Instrument)
	qty, price := in.QtyDecimal(e.Fill.Qty), in.PriceDecimal(e.Fill.Price)
	value := qty.Mul(price)
	if in.Inverse() {
		value = qty.Mul(in.ContractSize)
	}
	b.turnover = b.turnover.Add(value)
	if name := in.Segment(); !slices.Contains(b.venues, name) {
		b.venues = append(b.venues, name)
		slices.Sort(b.venues)
	}
	switch {
	case e.Order == nil: // a forced trade, of whoever held the position
		for i := range e.Shares {
			if s := &e.Shares[i]; s.Pair == 0 && s.Strategy >= 0 {
				b.outside(s.Strategy, in, &s.Fill)
			}
		}
	case e.Order.Pair == 0:
		b.outside(e.Order.Strategy, in, e.Fill)
	}
}

// outside is a fill outside of pairs.
func (b *tradeBook) outside(strategy int32, in *exchange.Instrument, f *exchange.Fill) {
	key := heldKey{strategy, in.ID}
	t := b.open[key]
	if t == nil {
		t = &openTrade{}
		b.open[key] = t
	}
	if t.add(in, f) {
		b.results = append(b.results, t.cash)
		delete(b.open, key)
	}
}

// add takes a fill and reports whether it ended the trade.
func (t *openTrade) add(in *exchange.Instrument, f *exchange.Fill) bool {
	qty, price := in.QtyFloat(f.Qty), in.PriceFloat(f.Price)
	fee := f.Fee.InexactFloat64()
	if f.FeeAsset == in.Base {
		fee *= price
	}
	if f.Side == exchange.Sell {
		qty = -qty
	}
	t.qty += qty
	t.most = max(t.most, t.qty, -t.qty)
	if t.cash -= fee; in.Inverse() {
		t.cash += f.Realised.InexactFloat64() * price
	} else {
		t.cash -= qty * price
	}
	return max(t.qty, -t.qty) <= flatBelow*t.most
}
