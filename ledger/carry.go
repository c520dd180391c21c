package ledger

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// Carry is the account of one pair trade: what it made, from what, and when. All
// of it comes from its fills and its funding.
type Carry struct {
	Pair
	// Basis is the price profit of both legs together, as far as they were closed,
	// at average cost, in quote. What an inverse contract made in coin is valued at
	// the price of the fill that realised it.
	Basis decimal.Decimal
	// FundingValue is the funding in quote; what came in coin is valued at the mark
	// of its settlement.
	FundingValue decimal.Decimal
	// FeesValue is the fees in quote, as far as they were taken in the coin or in
	// quote. Fees in a third asset are in FeesIn only.
	FeesValue decimal.Decimal
	// InsuranceValue is the pair's part of what the insurance fund paid, in quote; coins
	// are valued at the price that the ledger knew last when they came.
	InsuranceValue decimal.Decimal
	InsuranceIn    []Amount
	// InterestValue is what was charged on borrowed coins, in quote at the price that the
	// ledger knew last when it was; negative.
	InterestValue decimal.Decimal
	InterestIn    []Amount
	FundingIn     []Amount // by asset
	FeesIn        []Amount
	// Open is the profit of what is not closed, in quote, at At: the price of a coin that
	// the ledger knows last, of a fill or of a settlement's mark. Each leg is valued at a
	// price of its own: the one that is known of it from the same minute, or else At
	// moved by what the two legs were apart when they were entered. A basis that was
	// paid for is no profit before it is closed.
	Open    decimal.Decimal
	At      decimal.Decimal
	Windows []Window
}

// Net is the whole result in quote, without fees in a third asset.
func (c *Carry) Net() decimal.Decimal {
	return c.Basis.Add(c.Open).Add(c.FundingValue).Add(c.InsuranceValue).Add(c.InterestValue).Sub(c.FeesValue)
}

// Amount is a sum of one asset.
type Amount struct {
	Asset string
	Sum   decimal.Decimal
}

// Window is the time from one settlement of funding to the next. The last one of a
// pair has no settlement: Settled is 0.
type Window struct {
	From     exchange.Time // the settlement before, or the first fill
	Settled  exchange.Time
	Rate     decimal.Decimal // of the settlement
	Mark     decimal.Decimal
	Position decimal.Decimal // of the perpetual, signed
	Funding  decimal.Decimal // received, or paid when negative
	Asset    string          // of Funding
	Value    decimal.Decimal // of Funding, in quote
	Basis    decimal.Decimal // realised in the window, in quote
	Fees     decimal.Decimal // in quote
	Fills    int
}

// Carries returns the accounts of the pairs that pass the filter, by number. Of a
// filter's times only the opening of the pair counts.
func (rd *Reader) Carries(f Filter) ([]Carry, error) {
	pairs, err := rd.Pairs(f)
	if err != nil {
		return nil, err
	}
	var out []Carry
	for i := range pairs {
		p := &pairs[i]
		c, err := rd.carry(p, Filter{Account: p.Account, Pair: p.ID})
		if err != nil {
			return nil, fmt.Errorf("pair %d of %s: %w", p.ID, p.Account, err)
		}
		out = append(out, *c)
	}
	return out, nil
}

func (rd *Reader) carry(p *Pair, f Filter) (*Carry, error) {
	funding, err := rd.Funding(f)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(funding, func(a, b Funding) int { return cmp.Compare(a.Settled, b.Settled) })
	insurance, err := rd.Insurance(f)
	if err != nil {
		return nil, err
	}
	interest, err := rd.Interest(f)
	if err != nil {
		return nil, err
	}
	b := carrying{Carry: &Carry{Pair: *p}, funding: funding, insurance: insurance, interest: interest}
	if err := rd.EachFill(f, b.fill); err != nil {
		return nil, err
	}
	b.settle(exchange.Time(1<<63 - 1))
	b.insure(exchange.Time(1<<63 - 1))
	b.charge(exchange.Time(1<<63 - 1))
	if b.now.Fills > 0 {
		b.Windows = append(b.Windows, b.now)
	}
	b.value()
	return b.Carry, nil
}

// carrying adds up a pair in order of time.
type carrying struct {
	*Carry
	funding   []Funding // that were not reached yet
	insurance []WalletIncome
	interest  []WalletIncome
	legs      []*Position
	last      []known // of each leg, as last known
	newest    known
	now       Window
}

// known is the price of a coin on a leg, and from when it is.
type known struct {
	leg   int
	price decimal.Decimal
	at    exchange.Time
}

// sameMoment is how far apart prices of two legs may be known to be compared.
const sameMoment = exchange.Minute

// saw notes the price of a coin on a leg.
func (b *carrying) saw(leg *Position, price decimal.Decimal, at exchange.Time) {
	i := slices.Index(b.legs, leg)
	if i < 0 {
		b.At = price
		return
	}
	b.last = append(b.last, make([]known, len(b.legs)-len(b.last))...)
	b.newest = known{i, price, at}
	b.last[i], b.At = b.newest, price
}

// price is that of a coin on a leg now.
func (b *carrying) price(leg int) decimal.Decimal {
	if leg >= len(b.last) || b.newest.price.IsZero() {
		return b.At
	}
	if own := b.last[leg]; b.newest.at-own.at <= sameMoment && own.price.IsPositive() {
		return own.price
	}
	mine, other := coinEntry(b.legs[leg]), coinEntry(b.legs[b.newest.leg])
	if !mine.IsPositive() || !other.IsPositive() {
		return b.At
	}
	return b.newest.price.Mul(mine).DivRound(other, places)
}

// coinEntry is what a coin cost where a leg was entered.
func coinEntry(l *Position) decimal.Decimal {
	return l.Entry().DivRound(decimal.NewFromInt(max(1, l.Terms.Multiplier)), places)
}

// fill adds one execution, and the settlements before it.
func (b *carrying) fill(f *Fill) error {
	b.settle(f.Time)
	b.insure(f.Time - 1)
	b.charge(f.Time - 1)
	if b.now.From == 0 {
		b.now.From = f.Time
	}
	leg := b.leg(f)
	coinPrice := f.Price.DivRound(decimal.NewFromInt(max(1, f.Terms.Multiplier)), places)
	realised := leg.trade(f.signed(), f.Price)
	fee := decimal.Zero
	switch f.FeeAsset {
	case f.Terms.Quote:
		fee = f.Fee
	case f.Terms.Base:
		fee = f.Fee.Mul(coinPrice)
		if f.Terms.Contract == exchange.Spot {
			// The coins that went to the fee were held at cost and left at the price.
			realised = realised.Add(leg.trade(f.Fee.Neg(), f.Price))
		}
	}
	if f.Terms.Contract == exchange.Inverse {
		realised = realised.Mul(f.Price)
	}
	b.FeesIn = plus(b.FeesIn, f.FeeAsset, f.Fee)
	b.now.Basis, b.now.Fees = b.now.Basis.Add(realised), b.now.Fees.Add(fee)
	b.now.Fills++
	b.Basis, b.FeesValue = b.Basis.Add(realised), b.FeesValue.Add(fee)
	b.saw(leg, coinPrice, f.Time)
	return nil
}

func (b *carrying) leg(f *Fill) *Position {
	for _, l := range b.legs {
		if l.Venue == f.Venue && l.Symbol == f.Symbol {
			return l
		}
	}
	b.legs = append(b.legs, newPosition(f))
	return b.legs[len(b.legs)-1]
}

// settle closes the windows of the settlements up to a time.
func (b *carrying) settle(until exchange.Time) {
	for len(b.funding) > 0 && b.funding[0].Settled <= until {
		x := &b.funding[0]
		b.funding = b.funding[1:]
		value := x.Amount
		if b.inCoin(x.Asset) {
			value = x.Amount.Mul(x.Mark)
		}
		w := b.now
		w.Settled, w.Rate, w.Mark, w.Position = x.Settled, x.Rate, x.Mark, x.Position
		w.Funding, w.Asset, w.Value = x.Amount, x.Asset, value
		b.Windows = append(b.Windows, w)
		b.now = Window{From: x.Settled}
		b.FundingIn = plus(b.FundingIn, x.Asset, x.Amount)
		b.FundingValue = b.FundingValue.Add(value)
		if x.Mark.IsPositive() {
			leg := b.settled(x)
			multiplier := int64(1)
			if leg != nil {
				multiplier = max(1, leg.Terms.Multiplier)
			}
			b.saw(leg, x.Mark.DivRound(decimal.NewFromInt(multiplier), places), x.Settled)
		}
	}
}

// insure adds what the insurance fund paid up to a time. A payment at the time of fills
// comes after them: it is for what they lost.
func (b *carrying) insure(until exchange.Time) {
	for len(b.insurance) > 0 && b.insurance[0].Time <= until {
		x := &b.insurance[0]
		b.insurance = b.insurance[1:]
		value := x.Amount
		if b.inCoin(x.Asset) {
			value = x.Amount.Mul(b.At)
		}
		b.InsuranceIn = plus(b.InsuranceIn, x.Asset, x.Amount)
		b.InsuranceValue = b.InsuranceValue.Add(value)
	}
}

// charge adds interest up to a time: it makes what a spot leg owes larger, as if the coins
// had been sold at the price and the money paid away.
func (b *carrying) charge(until exchange.Time) {
	for len(b.interest) > 0 && b.interest[0].Time <= until {
		x := &b.interest[0]
		b.interest = b.interest[1:]
		price := b.At
		for i, l := range b.legs {
			if l.owing(x) {
				price = b.price(i)
				l.trade(x.Amount, price.Mul(decimal.NewFromInt(max(1, l.Terms.Multiplier))))
			}
		}
		b.InterestIn = plus(b.InterestIn, x.Asset, x.Amount)
		b.InterestValue = b.InterestValue.Add(x.Amount.Mul(price))
	}
}

// inCoin reports whether an asset is the coin that margins an inverse leg.
func (b *carrying) inCoin(asset string) bool {
	return slices.ContainsFunc(b.legs, func(l *Position) bool { return l.Terms.Contract == exchange.Inverse && l.Terms.Settle == asset })
}

// settled is the leg of a settlement.
func (b *carrying) settled(x *Funding) *Position {
	for _, l := range b.legs {
		if l.Venue == x.Venue && l.Symbol == x.Symbol {
			return l
		}
	}
	return nil
}

// value puts a price on what is open.
func (b *carrying) value() {
	for i, l := range b.legs {
		price := b.price(i).Mul(decimal.NewFromInt(max(1, l.Terms.Multiplier)))
		if l.Qty.IsZero() || !price.IsPositive() {
			continue
		}
		open := l.profit(l.Cost, l.value(l.Qty.Neg(), price))
		if l.Terms.Contract == exchange.Inverse {
			open = open.Mul(price)
		}
		b.Open = b.Open.Add(open)
	}
}

// plus adds to the sum of an asset; the assets stay in order.
func plus(list []Amount, asset string, amount decimal.Decimal) []Amount {
	if asset == "" || amount.IsZero() {
		return list
	}
	i, found := slices.BinarySearchFunc(list, asset, func(a Amount, s string) int { return cmp.Compare(a.Asset, s) })
	if !found {
		list = slices.Insert(list, i, Amount{Asset: asset})
	}
	list[i].Sum = list[i].Sum.Add(amount)
	return list
}
