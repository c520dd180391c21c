package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/valuation"
)

// standing is what a wallet holds of an asset and what that has to back. Where all assets
// of the wallet back all of its positions it is all of them together, counted in that one.
func (wl *wallets) standing(wallet exchange.Wallet, asset string) exchange.Margin {
	if pool := wl.u.Collateral(wallet); len(pool) > 0 {
		return wl.joint(wallet, asset, pool)
	}
	return wl.alone(wallet, asset)
}

// alone is standing of one asset by itself.
func (wl *wallets) alone(wallet exchange.Wallet, asset string) exchange.Margin {
	total := wl.acct.holding(wallet, asset).total
	total = total.Sub(wl.apart(wallet, asset))
	m := exchange.Margin{Equity: total.Add(wl.unrealised(wallet, asset)), Initial: wl.margin(wallet, asset)}
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Wallet == wallet && in.Settle() == asset && wl.acct.pos[i].shares() {
			size, least := wl.needs(in)
			m.Exposure, m.Maintenance = m.Exposure.Add(size), m.Maintenance.Add(least)
		}
	}
	worth, initial, maintenance := wl.loans(wallet, asset)
	m.Equity, m.Exposure = m.Equity.Sub(worth), m.Exposure.Add(worth)
	m.Initial, m.Maintenance = m.Initial.Add(initial), m.Maintenance.Add(maintenance)
	m.Movable = decimal.Max(decimal.Zero, decimal.Min(total, m.Equity).Sub(m.Initial))
	return m
}

// needs is the value of a position at the mark, and what it needs not to be liquidated.
func (wl *wallets) needs(in *exchange.Instrument) (size, maintenance decimal.Decimal) {
	size = wl.exposure(in, wl.acct.pos[in.ID].qty.Abs(), wl.markets.markPrice(in))
	b := in.Bracket(size)
	return size, decimal.Max(decimal.Zero, size.Mul(b.MMR).Sub(b.Cum))
}

// payable says which wallet lacks the money for a pair, and how much, or nil. A
// pair whose one leg can't be paid would only ever try and fail.
func (wl *wallets) payable(r *intent.PairRequest) error {
	spot, perp := wl.u.Get(r.Spot), wl.u.Get(r.Perp)
	if perp.Inverse() && perp.Isolated && !spot.Perp() {
		return fmt.Errorf("%s has isolated margin: the coins of the pair would lie in the %s wallet and not stand behind its short: set the margin type of %s to cross", perp.Key(), perp.Wallet, perp.Symbol)
	}
	if intent.Spreads(spot, perp) || r.Dark != (intent.Dark{}) {
		return wl.spreadPayable(r, spot, perp)
	}
	for _, leg := range [...]struct {
		in   *exchange.Instrument
		need decimal.Decimal
	}{
		{spot, r.Notional.DivRound(decimal.NewFromInt(1).Sub(spot.TakerFee), 8)},
		{perp, r.Notional.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 8).Add(r.Notional.Mul(perp.TakerFee))},
	} {
		if leg.in.Inverse() { // the coins that the spot leg buys are its margin
			continue
		}
		if free := wl.balance(leg.in.Wallet, leg.in.Settle()).Free; leg.need.GreaterThan(free) {
			return fmt.Errorf("notional %s: the %s wallet has %s %s free, and this leg needs %s", r.Notional,
				leg.in.Wallet, free.StringFixed(2), leg.in.Settle(), leg.need.StringFixed(2))
		}
	}
	return nil
}

// spreadPayable is payable of a spread, whose legs have each to be paid where they are:
// in coin for inverse contracts and for coins that are sold, and together where they have
// one wallet.
func (wl *wallets) spreadPayable(r *intent.PairRequest, long, short *exchange.Instrument) error {
	type bill struct {
		wallet exchange.Wallet
		asset  string
		need   decimal.Decimal
	}
	var bills []bill
	for i, in := range [...]*exchange.Instrument{long, short} {
		asset, need := in.Settle(), r.Notional.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 8).Add(r.Notional.Mul(in.TakerFee))
		if !in.Perp() {
			asset = in.Quote
			switch {
			case i == intent.LongLeg:
				need = r.Notional.DivRound(decimal.NewFromInt(1).Sub(in.TakerFee), 8)
			case !r.Borrow: // a loan needs margin as a contract does
				asset, need = in.Base, r.Notional.DivRound(decimal.NewFromInt(1).Sub(in.TakerFee), 8)
			}
		}
		if asset == in.Base {
			price := wl.markets.markPrice(in)
			if !price.IsPositive() {
				continue // what it needs can't be told yet
			}
			need = need.Mul(decimal.NewFromInt(in.Multiplier)).DivRound(price, 8)
		}
		if n := len(bills); n > 0 && bills[0].wallet == in.Wallet && bills[0].asset == asset {
			bills[0].need = bills[0].need.Add(need)
			continue
		}
		bills = append(bills, bill{in.Wallet, asset, need})
	}
	for _, b := range bills {
		if free := wl.balance(b.wallet, b.asset).Free; b.need.GreaterThan(free) {
			return fmt.Errorf("notional %s: the %s wallet has %s %s free, and needs %s", r.Notional, b.wallet, free.Round(8), b.asset, b.need.Round(8))
		}
	}
	return nil
}

// movable is what a transfer may take out of a wallet: profit that is not
// realised may not leave a derivatives wallet.
func (wl *wallets) movable(wallet exchange.Wallet, asset string) decimal.Decimal {
	if !wl.u.HasMargin(wallet) {
		return wl.balance(wallet, asset).Free
	}
	return wl.standing(wallet, asset).Movable
}

// Equity is the account's value in its currency: every wallet, what is in transit, and
// the unrealised profit of every position at the mark price. What is Unvalued counts nothing.
func (wl *wallets) Equity() decimal.Decimal {
	total := decimal.Zero
	for _, h := range wl.acct.holdings {
		if !h.total.IsZero() {
			total = total.Add(h.total.Mul(h.worth.Price(wl.markets)))
		}
	}
	for _, h := range wl.acct.transit {
		if !h.total.IsZero() {
			total = total.Add(h.total.Mul(h.worth.Price(wl.markets)))
		}
	}
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Perp() && wl.acct.pos[i].qty != 0 {
			total = total.Add(wl.Worth(in.Settle(), wl.acct.pos[i].unrealised(in, wl.markets.markPrice(in))))
		}
	}
	return total
}

// Unpriced are the coins that Equity does not count, because no instrument of the
// universe prices them.
func (wl *wallets) Unpriced() []string {
	var out []string
	for _, h := range wl.acct.holdings {
		if !h.total.IsZero() && !h.worth.Priced() {
			out = append(out, fmt.Sprintf("%s %s (%s)", h.total, h.asset, h.wallet))
		}
	}
	return out
}

// ValueAtMark is what a quantity of a perpetual is worth at the mark price, in
// quote; its sign does not count.
func (wl *wallets) ValueAtMark(in *exchange.Instrument, qty decimal.Decimal) decimal.Decimal {
	if in.Inverse() {
		return qty.Abs().Mul(in.ContractSize)
	}
	return qty.Abs().Mul(wl.markets.markPrice(in))
}

// Unvalued is the first of what the account holds that has no price yet, an asset or an
// instrument, and "" when Equity is of everything. A session that goes on from an earlier
// one, or begins with coins, holds them before it has seen a book, and what can't be valued
// must not look like a loss. What nothing can price (Unpriced) is not waited for.
func (wl *wallets) Unvalued() string {
	waits := func(a *valuation.Asset) bool { return a.Priced() && a.Price(wl.markets).IsZero() }
	for _, list := range [...][]*holding{wl.acct.holdings, wl.acct.transit} {
		for _, h := range list {
			if !h.total.IsZero() && waits(h.worth) {
				return h.asset
			}
		}
	}
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Perp() && wl.acct.pos[i].qty != 0 && (wl.markets.markPrice(in).IsZero() || waits(wl.acct.values.Asset(in.Settle()))) {
			return in.Key()
		}
	}
	return ""
}

// priced reports whether Equity is of everything.
func (wl *wallets) priced() bool { return wl.Unvalued() == "" }

// balance tells total, locked and free of one asset of one wallet.
func (wl *wallets) balance(wallet exchange.Wallet, asset string) exchange.Balance {
	b := exchange.Balance{Total: wl.acct.holding(wallet, asset).total}
	if !wl.u.HasMargin(wallet) {
		b.Locked = wl.lockedSpot(wallet, asset)
		b.Free = b.Total.Sub(b.Locked)
		return b
	}
	if m := wl.standing(wallet, asset); len(wl.u.Collateral(wallet)) > 0 {
		b.Free = decimal.Max(decimal.Zero, m.Equity.Sub(m.Initial))
		b.Locked = decimal.Max(decimal.Zero, b.Total.Sub(b.Free))
		return b
	}
	apart := wl.apart(wallet, asset)
	worth, initial, _ := wl.loans(wallet, asset)
	b.Locked = wl.margin(wallet, asset).Add(apart).Add(worth).Add(initial)
	b.Free = decimal.Max(decimal.Zero, b.Total.Add(wl.unrealised(wallet, asset)).Sub(b.Locked))
	return b
}

func (wl *wallets) lockedSpot(wallet exchange.Wallet, asset string) decimal.Decimal {
	locked := decimal.Zero
	for _, o := range wl.orders.open {
		in := wl.u.Get(o.Instrument)
		switch {
		case in.Perp() || in.Wallet != wallet:
		case o.Side == exchange.Buy && in.Quote == asset:
			locked = locked.Add(in.Notional(o.Price, o.Leaves()))
		case o.Side == exchange.Sell && in.Base == asset:
			locked = locked.Add(in.QtyDecimal(o.Leaves()))
		}
	}
	return locked
}

// margin is the initial margin of positions without one of their own, and of working
// orders that could add to any.
func (wl *wallets) margin(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Wallet == wallet && in.Settle() == asset && wl.acct.pos[i].shares() {
			sum = sum.Add(wl.exposure(in, wl.acct.pos[i].qty.Abs(), wl.markets.markPrice(in)))
		}
	}
	for _, o := range wl.orders.open {
		in := wl.u.Get(o.Instrument)
		if in.Wallet == wallet && in.Settle() == asset && !o.ReduceOnly {
			sum = sum.Add(wl.exposure(in, o.Leaves(), in.PriceDecimal(o.Price)))
		}
	}
	return sum.DivRound(decimal.NewFromInt(int64(wl.cfg.Leverage)), 16)
}

// exposure is the value of a quantity in the settlement asset.
func (wl *wallets) exposure(in *exchange.Instrument, q exchange.Lots, price decimal.Decimal) decimal.Decimal {
	v := in.QtyDecimal(q)
	if !in.Inverse() {
		return v.Mul(price)
	}
	if !price.IsPositive() {
		return decimal.Zero
	}
	return v.Mul(in.ContractSize).DivRound(price, 16)
}

// unrealised is the profit of positions without margin of their own.
func (wl *wallets) unrealised(wallet exchange.Wallet, asset string) decimal.Decimal {
	sum := decimal.Zero
	for i := range wl.acct.pos {
		in := wl.u.Get(exchange.InstrumentID(i))
		if in.Wallet == wallet && in.Settle() == asset && wl.acct.pos[i].shares() {
			sum = sum.Add(wl.acct.pos[i].unrealised(in, wl.markets.markPrice(in)))
		}
	}
	return sum
}

// Position implements execution.Port.
func (wl *wallets) Position(id exchange.InstrumentID) exchange.Lots { return wl.acct.pos[id].qty }

// feeValue is a fee in the account's currency: one that was taken in coin counts at
// the fill's own price.
func (wl *wallets) feeValue(in *exchange.Instrument, f *exchange.Fill) decimal.Decimal {
	if f.FeeAsset == in.Base && wl.acct.values.Counts(in.Quote) {
		return f.Fee.Mul(in.PriceDecimal(f.Price)).DivRound(decimal.NewFromInt(in.Multiplier), 16)
	}
	return wl.Worth(f.FeeAsset, f.Fee)
}

// AccountPosition is the sum of all fills in an instrument, whoever asked.
func (wl *wallets) AccountPosition(id exchange.InstrumentID) exchange.Position {
	return wl.acct.pos[id].view(wl.u.Get(id))
}

// AccountCost is the exact signed cost of the open part of a position, in quote,
// or in coin for an inverse contract.
func (wl *wallets) AccountCost(id exchange.InstrumentID) decimal.Decimal { return wl.acct.pos[id].cost }

// Holdings returns the total of every asset of every wallet.
func (wl *wallets) Holdings() []RestoredBalance {
	var out []RestoredBalance
	for _, h := range wl.acct.holdings {
		out = append(out, RestoredBalance{h.wallet, h.asset, h.total})
	}
	return out
}

// names are the wallets that back an instrument, and those that something was put into.
func (wl *wallets) names() []exchange.Wallet {
	out := slices.Clone(wl.u.Wallets())
	for _, h := range wl.acct.holdings {
		if !h.total.IsZero() && !slices.Contains(out, h.wallet) {
			out = append(out, h.wallet)
		}
	}
	return out
}

// misdirected says why a transfer makes no sense.
func (wl *wallets) misdirected(asset string, from, to exchange.Wallet, amount decimal.Decimal) error {
	switch {
	case asset == "":
		return fmt.Errorf("transfer: no asset is named")
	case !slices.Contains(wl.names(), from) || !slices.Contains(wl.names(), to):
		return fmt.Errorf("transfer of %s: from wallet %q to %q: want two of %s", asset, from, to, wl.names())
	case from == to:
		return fmt.Errorf("transfer of %s: from %s to itself", asset, from)
	case amount.Exponent() > maxPlaces || amount.Exponent() < -maxPlaces:
		return fmt.Errorf("transfer of %s: an amount with an exponent of %d: want at most %d", asset, amount.Exponent(), maxPlaces)
	case !amount.IsPositive():
		return fmt.Errorf("transfer of %s: amount %s: want more than 0", asset, amount)
	}
	return nil
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
		if v := h.worth.Value(wl.markets); len(v.Path) > 0 || v.Par != "" {
			out = append(out, v)
		}
	}
	return out
}

// maxPlaces is how far from its point an amount may go: the digits of 1e1000000
// fill a megabyte.
const maxPlaces = 36
