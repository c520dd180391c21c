package desk

import (
	"sort"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// purse is one asset of one wallet.
type purse struct {
	market api.Market
	asset  string
}

// books are our own account of what the core was told: the sums that its ledger
// comes to.
type books struct {
	totals    map[purse]decimal.Decimal
	positions []exchange.Lots // by instrument; contracts only
}

func newBooks(u *exchange.Universe) books {
	return books{totals: map[purse]decimal.Decimal{}, positions: make([]exchange.Lots, u.Len())}
}

func (b *books) set(p purse, total decimal.Decimal) { b.totals[p] = total }

func (b *books) add(p purse, amount decimal.Decimal) { b.totals[p] = b.totals[p].Add(amount) }

// fill books an execution the way the core does.
func (b *books) fill(in *exchange.Instrument, f *exchange.Fill) {
	signed := exchange.Lots(f.Side) * f.Qty
	if in.Perp() {
		b.positions[in.ID] += signed
		b.add(purse{api.Of(in.Venue), in.Settle()}, f.Realised)
	} else {
		b.add(purse{api.Of(in.Venue), in.Base}, in.QtyDecimal(signed).Mul(decimal.NewFromInt(in.Multiplier)))
		b.add(purse{api.Of(in.Venue), in.Quote}, in.Notional(f.Price, signed).Neg())
	}
	b.add(purse{api.Of(in.Venue), f.FeeAsset}, f.Fee.Neg())
}

// assets lists what a wallet has a sum of, sorted.
func (b *books) assets(m api.Market) []string {
	var out []string
	for p := range b.totals { // order does not matter: sorted below
		if p.market == m {
			out = append(out, p.asset)
		}
	}
	sort.Strings(out)
	return out
}
