package core

import (
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/valuation"
)

// Quote implements valuation.Markets.
func (mk *markets) Quote(in *exchange.Instrument) (valuation.Quote, bool) {
	m := &mk.list[in.ID]
	if in.Perp() && m.mark.Mark > 0 {
		return valuation.Quote{Price: m.mark.Mark.Decimal(), At: m.mark.Time, Width: -1}, true
	}
	if p, ok := mk.mid(in); ok {
		return valuation.Quote{Price: p, At: m.book.Updated(), Width: width(m)}, true
	}
	if m.trade.Time == 0 || in.Perp() {
		return valuation.Quote{}, false
	}
	return valuation.Quote{Price: in.PriceDecimal(m.trade.Price), At: m.trade.Time, Width: -1}, true
}

// width is the spread of a live book as a fraction of its price.
func width(m *market) float64 {
	bid, _ := m.book.Best(exchange.Buy)
	ask, _ := m.book.Best(exchange.Sell)
	return 2 * float64(ask.Price-bid.Price) / float64(ask.Price+bid.Price)
}

// mid is the middle of a live book.
func (mk *markets) mid(in *exchange.Instrument) (decimal.Decimal, bool) {
	b := mk.list[in.ID].book
	bid, ok1 := b.Best(exchange.Buy)
	ask, ok2 := b.Best(exchange.Sell)
	if !ok1 || !ok2 {
		return decimal.Zero, false
	}
	return decimal.New(int64(bid.Price+ask.Price)*in.Tick.M*5, -int32(in.Tick.Scale)-1), true
}

// markPrice values a position: the mark price, or the mid where there is none.
func (mk *markets) markPrice(in *exchange.Instrument) decimal.Decimal {
	if m := &mk.list[in.ID]; m.mark.Mark > 0 {
		return m.mark.Mark.Decimal()
	}
	p, _ := mk.mid(in)
	return p
}

// Currency is what the account is valued in.
func (wl *wallets) Currency() string { return wl.acct.values.Currency() }

// worth is what one unit of an asset is worth in the account's currency; zero when
// nothing tells.
func (wl *wallets) worth(asset string) decimal.Decimal {
	return wl.acct.values.Asset(asset).Price(wl.markets)
}

// Worth is an amount of an asset in the account's currency, at the session's last
// prices.
func (wl *wallets) Worth(asset string, amount decimal.Decimal) decimal.Decimal {
	return amount.Mul(wl.worth(asset))
}

// Valued tells how everything that the account holds in other assets is valued, by
// asset in the order of the wallets.
func (wl *wallets) Valued() []valuation.Value {
	var out []valuation.Value
	seen := map[string]bool{}
	for _, h := range wl.acct.holdings {
		if h.total.IsZero() || seen[h.asset] || !h.worth.Priced() {
			continue
		}
		seen[h.asset] = true
		if v := h.worth.Value(wl.markets); len(v.Path) > 0 {
			out = append(out, v)
		}
	}
	return out
}
