package host

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// gain is what one strategy made since a moment, by its fills, fees and funding alone: it
// depends neither on what the account held before nor on what others do. One of the session
// and one of its shadow are valued at the same prices.
type gain struct {
	strategy int32
	core     *core.Core // whose prices count
	by       map[exchange.InstrumentID]*gainOf
	paid     decimal.Decimal // funding less fees, in the session's currency
}

// gainOf is one instrument: what is held since the moment and what it cost, in the quote
// currency, of inverse contracts in coins.
type gainOf struct {
	held exchange.Lots
	cost decimal.Decimal
	last exchange.Ticks // of the fills
}

func newGain(strategy int32, c *core.Core) *gain {
	return &gain{strategy: strategy, core: c, by: map[exchange.InstrumentID]*gainOf{}}
}

// take notes an effect of the strategy's.
func (t *gain) take(e *core.Effect) {
	if e.Strategy != t.strategy {
		return
	}
	switch b := e.Body.(type) {
	case *core.Filled:
		f := b.Fill
		in := t.core.Universe().Get(f.Instrument)
		x := t.by[in.ID]
		if x == nil {
			x = &gainOf{}
			t.by[in.ID] = x
		}
		q := f.Qty * exchange.Lots(f.Side)
		x.held, x.cost, x.last = x.held+q, x.cost.Add(t.worth(in, f.Price, q)), f.Price
		t.paid = t.paid.Sub(t.value(in, f.FeeAsset, f.Fee, f.Price))
	case *core.FundingPaid:
		t.paid = t.paid.Add(t.core.Worth(b.Payment.Asset, b.Payment.Amount))
	}
}

// worth is what a quantity is worth at a price.
func (t *gain) worth(in *exchange.Instrument, p exchange.Ticks, q exchange.Lots) decimal.Decimal {
	if in.Inverse() {
		return in.BaseQty(p, q)
	}
	return in.Notional(p, q)
}

// value is an amount in the session's currency; what was paid in the coin of a market is
// worth its price there.
func (t *gain) value(in *exchange.Instrument, asset string, amount decimal.Decimal, p exchange.Ticks) decimal.Decimal {
	if asset == in.Base && asset != in.Quote {
		asset, amount = in.Quote, amount.Mul(in.PriceDecimal(p))
	}
	if asset == t.core.Currency() {
		return amount
	}
	return t.core.Worth(asset, amount)
}

// profit is what it comes to now, at the best bids, which are the same for both.
func (t *gain) profit() decimal.Decimal {
	sum := t.paid
	for id, x := range t.by { // order does not matter: decimals are added exactly
		in, p := t.core.Universe().Get(id), x.last
		b := t.core.Book(id)
		if bid, ok := b.Level(exchange.Buy, 1); ok && b.Ready() {
			p = bid.Price
		}
		now := t.worth(in, p, x.held).Sub(x.cost)
		asset := in.Quote
		if in.Inverse() {
			now, asset = now.Neg(), in.Base
		}
		sum = sum.Add(t.value(in, asset, now, p))
	}
	return sum
}
