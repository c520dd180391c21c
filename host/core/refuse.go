package core

import (
	"fmt"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// longestLine is how many bytes of a log line are kept.
const longestLine = 16 << 10

// short cuts a text to what a log line may have.
func short(text string) string {
	if len(text) > longestLine {
		return text[:longestLine] + "…"
	}
	return text
}

// refuse keeps the first error of a callback.
func (p *Port) refuse(err error) {
	if err != nil && p.refused == nil {
		p.refused = err
	}
}

// malformed says why an order makes no sense, whatever the market is.
func (en *orderEntry) malformed(o *exchange.Order) error {
	switch {
	case o.Instrument < 0 || int(o.Instrument) >= en.u.Len():
		return fmt.Errorf("order: instrument %d: want 0 to %d", o.Instrument, en.u.Len()-1)
	case o.Side != exchange.Buy && o.Side != exchange.Sell:
		return fmt.Errorf("order for %s: side %d: want exchange.Buy or exchange.Sell", en.u.Get(o.Instrument).Key(), o.Side)
	case o.Type != exchange.Limit && o.Type != exchange.MarketOrder:
		return fmt.Errorf("order for %s: type %d: want exchange.Limit or exchange.MarketOrder", en.u.Get(o.Instrument).Key(), o.Type)
	case o.TIF > exchange.PostOnly:
		return fmt.Errorf("order for %s: time in force %d: want one of package exchange", en.u.Get(o.Instrument).Key(), o.TIF)
	case o.Qty <= 0:
		return fmt.Errorf("order for %s: quantity of %d lots: want more than 0", en.u.Get(o.Instrument).Key(), o.Qty)
	case o.Type == exchange.Limit && o.Price <= 0:
		return fmt.Errorf("order for %s: price of %d ticks: want more than 0", en.u.Get(o.Instrument).Key(), o.Price)
	}
	return nil
}

// maxPlaces is how far from its point an amount may go: the digits of 1e1000000
// fill a megabyte.
const maxPlaces = 36

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

// untimely says why a timer makes no sense.
func untimely(name string, at, every exchange.Time) error {
	switch {
	case name == "":
		return fmt.Errorf("timer: it has no name")
	case at < 0 || every < 0:
		return fmt.Errorf("timer %q: at %d, every %d: want 0 or more", name, at, every)
	}
	return nil
}
