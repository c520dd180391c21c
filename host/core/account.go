package core

import (
	"cmp"
	"sort"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/valuation"
)

// position is the open part of a sum of fills. Its cost is kept as a sum and
// not as an average price, so that realised + unrealised is exact whatever was
// rounded on the way.
type position struct {
	qty exchange.Lots
	// cost is the signed price of the open part: Σ quantity×price in quote, or
	// Σ contracts×size/price in coin for an inverse contract.
	cost     decimal.Decimal
	realised decimal.Decimal
	fees     decimal.Decimal // coins that fees took, on spot
	own      decimal.Decimal // margin of its own, as the venue told last; 0: it shares its wallet's
}

// value is what q costs at price p, in the unit of position.cost.
func value(in *exchange.Instrument, p exchange.Ticks, q exchange.Lots) decimal.Decimal {
	if in.Inverse() {
		return in.BaseQty(p, q)
	}
	return in.Notional(p, q)
}

// fill adds an execution and returns the profit it realised. The venue's word on
// the profit is taken where there is one, so that our books and the venue's agree
// to the last digit.
func (p *position) fill(in *exchange.Instrument, f *exchange.Fill, venue *decimal.Decimal) decimal.Decimal {
	dq := exchange.Lots(f.Side) * f.Qty
	if !in.Perp() && f.FeeAsset == in.Base {
		p.fees = p.fees.Add(f.Fee)
	}
	if venue != nil {
		p.fillRealised(in, value(in, f.Price, dq), dq, *venue)
		return *venue
	}
	if p.qty == 0 || (p.qty > 0) == (dq > 0) {
		p.qty += dq
		p.cost = p.cost.Add(value(in, f.Price, dq))
		return decimal.Zero
	}
	closing := dq
	if dq.Abs() > p.qty.Abs() {
		closing = -p.qty
	}
	portion := p.cost
	if closing.Abs() < p.qty.Abs() {
		portion = p.cost.Mul(decimal.NewFromInt(int64(closing.Abs()))).DivRound(decimal.NewFromInt(int64(p.qty.Abs())), 16)
	}
	realised := profit(in, portion, value(in, f.Price, closing))
	p.qty += closing
	p.cost = p.cost.Sub(portion)
	p.realised = p.realised.Add(realised)
	if p.qty == 0 {
		p.cost = decimal.Zero
	}
	if rest := dq - closing; rest != 0 {
		p.qty = rest
		p.cost = value(in, f.Price, rest)
	}
	return realised
}

// fillRealised adds an execution whose profit the venue computed. The venue may have
// matched in another order than we hear of it, so whether this one opened or
// closed is not for us to say: realised and open cost together stay right.
func (p *position) fillRealised(in *exchange.Instrument, cost decimal.Decimal, dq exchange.Lots, realised decimal.Decimal) {
	p.qty += dq
	p.realised = p.realised.Add(realised)
	if in.Inverse() {
		realised = realised.Neg()
	}
	p.cost = p.cost.Add(cost).Add(realised)
	// What is left when flat is rounding, or owed by a fill that is still to come.
	if p.qty == 0 && p.cost.Abs().LessThan(smallestUnit) {
		p.cost = decimal.Zero
	}
}

// smallestUnit is the precision in which venues account.
var smallestUnit = decimal.New(1, -8)

// profit of closing a part that cost portion for back (signed against it).
// Linear: what came back less what it cost. Inverse: the other way round, in
// coin, because a contract is worth fewer coins the higher the price.
func profit(in *exchange.Instrument, portion, back decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return portion.Add(back)
	}
	return back.Neg().Sub(portion)
}

// unrealised returns the profit of the open part at a price.
func (p *position) unrealised(in *exchange.Instrument, price decimal.Decimal) decimal.Decimal {
	if p.qty == 0 || !price.IsPositive() {
		return decimal.Zero
	}
	q := in.QtyDecimal(p.qty)
	if in.Inverse() {
		return p.cost.Sub(q.Mul(in.ContractSize).DivRound(price, 16))
	}
	return q.Mul(price).Sub(p.cost)
}

// entry returns the average entry price.
func (p *position) entry(in *exchange.Instrument) decimal.Decimal {
	if p.qty == 0 || p.cost.IsZero() {
		return decimal.Zero
	}
	q := in.QtyDecimal(p.qty)
	if in.Inverse() {
		return q.Mul(in.ContractSize).DivRound(p.cost, 16)
	}
	return p.cost.DivRound(q, 16)
}

func (p *position) view(in *exchange.Instrument) exchange.Position {
	return exchange.Position{Qty: p.qty, Entry: p.entry(in), Realised: p.realised, FeeQty: p.fees}
}

// holding is one asset of one wallet.
type holding struct {
	wallet exchange.Wallet
	asset  string
	total  decimal.Decimal
	worth  *valuation.Asset
}

// account is our own book of the account, made from events alone. The venue
// keeps its own; that both agree is checked in every simulation.
type account struct {
	u        *exchange.Universe
	holdings []*holding                 // by wallet, then asset
	transit  []*holding                 // in flight between wallets
	moving   map[uint64]decimal.Decimal // what left, by transfer
	values   *valuation.Book
	pos      []position // by instrument, of all strategies and foreign orders
}

func newAccount(u *exchange.Universe) *account {
	return &account{u: u, values: valuation.NewBook(u, valuation.Currency(u)), pos: make([]position, u.Len()), moving: map[uint64]decimal.Decimal{}}
}

func (a *account) holding(wallet exchange.Wallet, asset string) *holding {
	i := sort.Search(len(a.holdings), func(i int) bool {
		h := a.holdings[i]
		return cmp.Or(a.u.CompareWallets(h.wallet, wallet), cmp.Compare(h.asset, asset)) >= 0
	})
	if i < len(a.holdings) && a.holdings[i].wallet == wallet && a.holdings[i].asset == asset {
		return a.holdings[i]
	}
	h := &holding{wallet: wallet, asset: asset, worth: a.values.Asset(asset)}
	a.holdings = append(a.holdings, nil)
	copy(a.holdings[i+1:], a.holdings[i:])
	a.holdings[i] = h
	return h
}

func (a *account) inTransit(asset string) *holding {
	for _, h := range a.transit {
		if h.asset == asset {
			return h
		}
	}
	h := &holding{asset: asset, worth: a.values.Asset(asset)}
	a.transit = append(a.transit, h)
	return h
}

// addToWallet changes a wallet and returns the posting that says so.
func (a *account) addToWallet(wallet exchange.Wallet, asset string, amount decimal.Decimal) exchange.Posting {
	h := a.holding(wallet, asset)
	h.total = h.total.Add(amount)
	return posting("A:"+string(wallet), asset, amount)
}

func posting(account, asset string, amount decimal.Decimal) exchange.Posting {
	return exchange.Posting{Account: account, Asset: asset, Amount: amount}
}

func against(account, asset string, amount decimal.Decimal) exchange.Posting {
	return posting(account, asset, amount.Neg())
}

// fill books an execution and returns its postings.
func (a *account) fill(f *exchange.Fill) []exchange.Posting {
	in := a.u.Get(f.Instrument)
	var out []exchange.Posting
	if in.Perp() {
		r := a.pos[in.ID].fill(in, f, &f.Realised)
		if !r.IsZero() {
			out = append(out, a.addToWallet(in.Wallet, in.Settle(), r), against("I:realised:"+in.Segment(), in.Settle(), r))
		}
	} else {
		a.pos[in.ID].fill(in, f, nil)
		coins := in.QtyDecimal(exchange.Lots(f.Side) * f.Qty).Mul(decimal.NewFromInt(in.Multiplier))
		cash := in.Notional(f.Price, exchange.Lots(f.Side)*f.Qty).Neg()
		t := "T:" + in.Key()
		out = append(out,
			a.addToWallet(in.Wallet, in.Base, coins), against(t, in.Base, coins),
			a.addToWallet(in.Wallet, in.Quote, cash), against(t, in.Quote, cash))
	}
	if !f.Fee.IsZero() {
		fee := f.Fee.Neg()
		out = append(out, a.addToWallet(in.Wallet, f.FeeAsset, fee), against("X:fee", f.FeeAsset, fee))
	}
	return out
}

// depart books money leaving a wallet.
func (a *account) depart(t *exchange.Transfer) []exchange.Posting {
	transit := a.inTransit(t.Asset)
	transit.total = transit.total.Add(t.Amount)
	a.moving[t.ID] = t.Amount
	return []exchange.Posting{a.addToWallet(t.From, t.Asset, t.Amount.Neg()), posting("A:transit", t.Asset, t.Amount)}
}

// arrive books money reaching a wallet. A venue may move less than was asked for;
// the rest never left.
func (a *account) arrive(t *exchange.Transfer) []exchange.Posting {
	sent, ok := a.moving[t.ID]
	if !ok {
		sent = t.Amount
	}
	delete(a.moving, t.ID)
	transit := a.inTransit(t.Asset)
	transit.total = transit.total.Sub(sent)
	out := []exchange.Posting{posting("A:transit", t.Asset, sent.Neg())}
	if rest := sent.Sub(t.Amount); !rest.IsZero() {
		out = append(out, a.addToWallet(t.From, t.Asset, rest))
	}
	return append(out, a.addToWallet(t.To, t.Asset, t.Amount))
}

// trade identifies an execution. Venues number them by instrument.
type trade struct {
	instrument exchange.InstrumentID
	id         string
}

// keepTrades is how far back a repeated report of an execution is recognised:
// far more than a reconnection could bring again.
const keepTrades = 4096

// trades remembers the last executions.
type trades struct {
	known map[trade]bool
	ring  []trade
	next  int
}

// addExecution reports whether an execution is new. One without an id always is.
func (t *trades) addExecution(f *exchange.Fill) bool {
	n := trade{f.Instrument, f.TradeID}
	switch {
	case f.TradeID == "":
		return true
	case t.known[n]:
		return false
	case t.known == nil:
		t.known = map[trade]bool{}
	}
	t.known[n] = true
	if len(t.ring) < keepTrades {
		t.ring = append(t.ring, n)
		return true
	}
	delete(t.known, t.ring[t.next])
	t.ring[t.next] = n
	t.next = (t.next + 1) % keepTrades
	return true
}
