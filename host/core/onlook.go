package core

import (
	"maps"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

// Onlooker reads what a core holds, between two steps, for people: copies, at a cost that
// goes with what is held.
type Onlooker struct{ C *Core }

// Held is a position, as it was copied: what it comes to is worked out by Value, for which
// no loop need wait.
type Held struct {
	Instrument *exchange.Instrument
	position   position
	mark       exchange.E8
	bid, ask   exchange.Ticks // of a live book; 0: none
}

// HeldValue is what a position comes to.
type HeldValue struct {
	exchange.Position
	Mark       decimal.Decimal // 0: not known
	Notional   decimal.Decimal // at Mark, quote
	Unrealised decimal.Decimal // settlement asset
}

// Account are the positions of the account that are not 0.
func (o Onlooker) Account() []Held {
	n := 0
	for i := range o.C.acct.pos {
		if o.C.acct.pos[i].qty != 0 {
			n++
		}
	}
	out := make([]Held, 0, n)
	for i := range o.C.acct.pos {
		if p := &o.C.acct.pos[i]; p.qty != 0 {
			out = append(out, o.held(exchange.InstrumentID(i), p))
		}
	}
	return out
}

// Strategy are the positions of a strategy that are not 0, pairs included.
func (o Onlooker) Strategy(strategy int32) []Held {
	h := o.C.claims.holder(strategy)
	if h == nil {
		return nil
	}
	out := make([]Held, 0, len(h.pos))
	for _, id := range slices.Sorted(maps.Keys(h.pos)) {
		if p := h.pos[id]; p.qty != 0 {
			out = append(out, o.held(id, p))
		}
	}
	return out
}

// Conditionals are the orders that the host holds and that are not over, by number.
func (o Onlooker) Conditionals() []intent.Conditional { return o.C.conditionals.live() }

// Keeping words how many orders of which type are held: "2 stops"; "": none.
func (o Onlooker) Keeping() string { return o.C.conditionals.keeping() }

func (o Onlooker) held(id exchange.InstrumentID, p *position) Held {
	m := &o.C.markets.list[id]
	h := Held{Instrument: m.in, position: *p, mark: m.mark.Mark}
	bid, ok1 := m.book.Best(exchange.Buy)
	ask, ok2 := m.book.Best(exchange.Sell)
	if ok1 && ok2 {
		h.bid, h.ask = bid.Price, ask.Price
	}
	return h
}

// Value works out what the position comes to. Any goroutine may ask.
func (h *Held) Value() HeldValue {
	in, p := h.Instrument, &h.position
	v := HeldValue{Position: p.view(in)}
	switch {
	case h.mark > 0:
		v.Mark = h.mark.Decimal()
	case h.bid > 0:
		v.Mark = middle(in, h.bid, h.ask)
	}
	v.Unrealised, v.Notional = p.unrealised(in, v.Mark), in.QtyDecimal(p.qty.Abs()).Mul(v.Mark)
	if in.Inverse() {
		v.Notional = in.QtyDecimal(p.qty.Abs()).Mul(in.ContractSize)
	}
	return v
}

// PairNow is a pair, and how it stands.
type PairNow struct {
	intent.Pair
	Strategy string
	Unhedged decimal.Decimal // quote
	Basis    float64         // of the mids, fraction
	HasBasis bool
	Next     exchange.Time // settlement; 0: not known
	Rate     float64       // that the pair receives at it, fraction per interval
	HasRate  bool
	Exposed  exchange.Time // for how long it has been unhedged; 0: it is hedged
}

// Pairs are the pairs that are known: those that are not done and, with done, the others.
func (o Onlooker) Pairs(done bool) []PairNow {
	var out []PairNow
	for _, m := range o.C.pairs.list {
		if m.Pair.State.Done() && !done {
			continue
		}
		p := PairNow{Pair: m.Pair, Strategy: o.C.StrategyName(m.Pair.Strategy)}
		if !m.Pair.State.Done() {
			p.Unhedged, _ = m.Unhedged(o.C.driver.port)
			if since := m.Pair.Spread.Since; since != 0 {
				p.Exposed = max(1, o.C.now-since)
			}
			o.rates(&p)
		}
		out = append(out, p)
	}
	return out
}

// rates fills in what a pair's markets say.
func (o Onlooker) rates(p *PairNow) {
	long, short := o.coinPrice(p.Spot), o.coinPrice(p.Perp)
	if long > 0 && short > 0 {
		p.Basis, p.HasBasis = short/long-1, true
	}
	for _, leg := range [...]struct {
		id   exchange.InstrumentID
		sign float64
	}{{p.Spot, -1}, {p.Perp, 1}} {
		in, mark := o.C.u.Get(leg.id), o.C.markets.list[leg.id].mark
		if !in.Perp() || mark.Time == 0 {
			continue
		}
		p.Rate, p.HasRate = p.Rate+leg.sign*mark.Predicted.Float(), true
		if mark.NextFunding != 0 && (p.Next == 0 || mark.NextFunding < p.Next) {
			p.Next = mark.NextFunding
		}
	}
}

// coinPrice is the middle of a book for one coin; 0: not known.
func (o Onlooker) coinPrice(id exchange.InstrumentID) float64 {
	in := o.C.u.Get(id)
	if price, ok := o.C.markets.mid(in); ok {
		return price.InexactFloat64() / float64(max(1, in.Multiplier))
	}
	return o.C.markets.list[id].mark.Mark.Float() / float64(max(1, in.Multiplier))
}

// Price is what an instrument is worth as far as anything tells: the middle of its book, its
// mark price, its last trade; 0: nothing does.
func (o Onlooker) Price(id exchange.InstrumentID) float64 {
	m := &o.C.markets.list[id]
	if bid, ok := m.book.Best(exchange.Buy); ok {
		if ask, ok := m.book.Best(exchange.Sell); ok {
			return float64(bid.Price+ask.Price) / 2 * float64(m.in.Tick.M) * pow10[min(max(int(m.in.Tick.Scale), 0), len(pow10)-1)]
		}
	}
	if m.mark.Mark > 0 {
		return m.mark.Mark.Float()
	}
	if m.trade.Time != 0 {
		return m.in.PriceDecimal(m.trade.Price).InexactFloat64()
	}
	return 0
}

var pow10 = [...]float64{1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-11, 1e-12, 1e-13, 1e-14, 1e-15, 1e-16, 1e-17, 1e-18}

// MarketNow is what is known of an instrument.
type MarketNow struct {
	Instrument *exchange.Instrument
	State      book.State
	Ready      bool
	Reason     string
	Integrity  exchange.Integrity
	Updated    exchange.Time
	Bids, Asks []exchange.Level
	Mark       exchange.MarkState
	Last       exchange.Trade
}

// Market copies what is known of an instrument into out, with as many levels of its book
// as Bids and Asks have room for.
func (o Onlooker) Market(id exchange.InstrumentID, out *MarketNow) {
	m := &o.C.markets.list[id]
	out.Instrument, out.State, out.Ready, out.Reason, out.Integrity = m.in, m.book.State(), m.book.Ready(), m.book.Reason(), m.book.Integrity()
	out.Updated, out.Mark, out.Last = m.book.Updated(), m.mark, m.trade
	levels := func(side exchange.Side, list []exchange.Level) []exchange.Level {
		for len(list) < cap(list) {
			l, ok := m.book.Level(side, len(list)+1)
			if !ok {
				break
			}
			list = append(list, l)
		}
		return list
	}
	out.Bids, out.Asks = levels(exchange.Buy, out.Bids[:0]), levels(exchange.Sell, out.Asks[:0])
}

// Basis is a perpetual's price over its index, less 1; false where either is not known.
func (m *MarketNow) Basis() (float64, bool) {
	if m.Mark.Mark <= 0 || m.Mark.Index <= 0 {
		return 0, false
	}
	return m.Mark.Mark.Float()/m.Mark.Index.Float() - 1, true
}

// WalletNow is an asset in a wallet.
type WalletNow struct {
	Wallet exchange.Wallet
	Asset  string
	exchange.Balance
	Value  decimal.Decimal // in the account's currency
	Valued bool
	Margin exchange.Margin
	Backs  bool // positions: Margin is meant
}

// Wallets are the assets of all wallets that are not 0.
func (o Onlooker) Wallets() []WalletNow {
	var out []WalletNow
	wl := o.C.wallets
	for _, h := range wl.acct.holdings {
		if h.total.IsZero() {
			continue
		}
		w := WalletNow{Wallet: h.wallet, Asset: h.asset, Balance: wl.balance(h.wallet, h.asset)}
		if price := h.worth.Price(wl.markets); price.IsPositive() {
			w.Value, w.Valued = h.total.Mul(price), true
		}
		if wl.u.HasMargin(h.wallet) {
			w.Margin, w.Backs = wl.standing(h.wallet, h.asset), true
		}
		out = append(out, w)
	}
	return out
}

// Usage is how much of the gate's limits is used.
type Usage struct {
	Limits     risk.Limits
	DayEquity  decimal.Decimal // at 00:00 UTC; 0: not known
	Tokens     float64         // orders that may be sent at once
	OpenOrders int
	Held       []Held // of the account, when it was asked for
}

// Usage reads the gate.
func (o Onlooker) Usage() Usage {
	u := Usage{Limits: o.C.gate.Limits(), OpenOrders: len(o.C.orders.open)}
	u.DayEquity, u.Tokens = o.C.gate.Today(o.C.now)
	return u
}
