package oms

import (
	"sort"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// walletAsset is one asset of one wallet, by the wallet's name in the session.
type walletAsset struct {
	wallet exchange.Wallet
	asset  string
}

// balances are our own account of what the core was told: the sums that its ledger
// comes to.
type balances struct {
	names     names
	totals    map[walletAsset]decimal.Decimal
	positions []exchange.Lots // by instrument; contracts only
	costs     []cost          // of the positions
}

func newBalances(u *exchange.Universe) *balances {
	return &balances{names: names{u.House()}, totals: map[walletAsset]decimal.Decimal{}, positions: make([]exchange.Lots, u.Len()), costs: make([]cost, u.Len())}
}

// key names an asset of a wallet, however the wallet is spelled.
func (b *balances) key(w exchange.Wallet, asset string) walletAsset {
	return walletAsset{w.Within(b.names.house), asset}
}

// set is the total that the ledger opens with.
func (b *balances) set(k walletAsset, total decimal.Decimal) { b.totals[k] = total }

func (b *balances) add(k walletAsset, amount decimal.Decimal) { b.totals[k] = b.totals[k].Add(amount) }

// addFill books an execution the way the core does.
func (b *balances) addFill(in *exchange.Instrument, f *exchange.Fill) {
	signed := exchange.Lots(f.Side) * f.Qty
	if in.Perp() {
		b.costs[in.ID].trade(in, b.positions[in.ID], signed, f.Price)
		b.positions[in.ID] += signed
		b.add(b.key(in.Wallet, in.Settle()), f.Realised)
	} else {
		b.add(b.key(in.Wallet, in.Base), in.QtyDecimal(signed).Mul(decimal.NewFromInt(in.Multiplier)))
		b.add(b.key(in.Wallet, in.Quote), in.Notional(f.Price, signed).Neg())
	}
	b.add(b.key(in.Wallet, f.FeeAsset), f.Fee.Neg())
}

// assets lists what a wallet has a sum of, sorted.
func (b *balances) assets(w exchange.Wallet) []string {
	w = w.Within(b.names.house)
	var out []string
	for k := range b.totals { // order does not matter: sorted below
		if k.wallet == w {
			out = append(out, k.asset)
		}
	}
	sort.Strings(out)
	return out
}

// names turns the names of a session into those of the venue: its default house is
// left out in the one and stands in the other.
type names struct{ house string }

// full is a wallet as an account is asked for it.
func (n names) full(w exchange.Wallet) exchange.Wallet { return exchange.Wallet(n.within(string(w))) }

// fullVenue is a segment as an account is asked for it.
func (n names) fullVenue(v exchange.Venue) exchange.Venue { return exchange.Venue(n.within(string(v))) }

func (n names) within(name string) string {
	if n.house == "" || strings.Contains(name, ".") {
		return name
	}
	return n.house + "." + name
}

// short is a venue as people read it.
func (n names) short(v exchange.Venue) exchange.Venue { return v.Within(n.house) }
