package host

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/paper"
)

// mostMoney bounds an amount of anything: more is a slip of the hand, and an exponent can
// name a number that takes a machine's memory to write out.
const mostMoney = 1_000_000_000_000

// The most of what is not money.
const (
	mostBP            = 10_000 // a whole
	mostLatency       = exchange.Hour
	mostFeedLatencyMS = 600_000
	mostSpeed         = 1e9
)

// readDecimal reads a number from 0 to most.
func readDecimal(text string, most int64) (decimal.Decimal, bool) {
	v, err := decimal.NewFromString(text)
	return v, err == nil && len(text) <= 64 && bounded(v, most)
}

// bounded reports whether a number is from 0 to most. To compare it spells it out, which
// is why its exponent is looked at first.
func bounded(v decimal.Decimal, most int64) bool {
	return v.Exponent() <= 32 && v.Exponent() >= -32 && !v.IsNegative() && !v.GreaterThan(decimal.NewFromInt(most))
}

// decimalKey reads the value of a key that is money; "" is zero.
func decimalKey(name string, text amount, to *decimal.Decimal) error {
	if text == "" {
		return nil
	}
	v, ok := readDecimal(string(text), mostMoney)
	if !ok {
		return fmt.Errorf("%s = %q: want a number of 0 or more, at most %d", name, text, mostMoney)
	}
	*to = v
	return nil
}

// checkFloat refuses a number that is none, or that is not from 0 to most.
func checkFloat(name string, v, most float64) error {
	if !(v >= 0 && v <= most) {
		return fmt.Errorf("%s = %v: want a number of 0 or more, at most %s", name, v, strconv.FormatFloat(most, 'f', -1, 64))
	}
	return nil
}

// checkNumbers says which number of the options is none, or beyond any sense.
func (o *Options) checkNumbers() error {
	for _, x := range []struct {
		name string
		v    *float64
		most float64
	}{
		{"Speed", &o.Speed, mostSpeed}, {"Paper.FeeBP", o.Paper.FeeBP, mostBP},
		{"History.SpreadBP", o.History.SpreadBP, mostBP - 1}, {"History.Participation", &o.History.Participation, 1},
	} {
		if x.v == nil {
			continue
		}
		if err := checkFloat(x.name, *x.v, x.most); err != nil {
			return configError("%v", err)
		}
	}
	for _, x := range []struct {
		name string
		v    float64
	}{{"Limits.CollarBP", o.Limits.CollarBP}, {"Limits.OrdersPerSecond", o.Limits.OrdersPerSecond}} {
		if math.IsNaN(x.v) || math.IsInf(x.v, 0) {
			return configError("%s = %v: want a number; a negative one switches the rule off", x.name, x.v)
		}
	}
	if l := o.Paper.Latency; l != nil {
		for _, d := range []exchange.Time{l.Min, l.Median, l.P99} {
			if d < 0 || d > mostLatency {
				return configError("Paper.Latency: %g ms: want 0 or more, at most an hour", float64(d)/float64(exchange.Millisecond))
			}
		}
	}
	return checkBalances(o.Paper.Balances)
}

// usualBalances are what a paper account at a venue begins with.
func usualBalances(c connect.Connector) (out []paper.Deposit) {
	for _, b := range c.About().Paper {
		out = append(out, paper.Deposit{Wallet: b.Wallet, Asset: b.Asset, Amount: b.Amount})
	}
	return out
}

// completed are balances with the usual ones of every house of a universe for which none
// are given.
func completed(given []paper.Deposit, u *exchange.Universe) []paper.Deposit {
	out, seen := slices.Clone(given), []string{}
	for _, d := range given {
		seen = append(seen, cmp.Or(d.Wallet.House(), defaultVenue().House()))
	}
	for _, in := range u.All() {
		house := in.Venue.House()
		if c, ok := connectorOf(house); ok && !slices.Contains(seen, house) {
			seen = append(seen, house)
			out = append(out, usualBalances(c)...)
		}
	}
	return out
}

// openingBalances are those of a session on data of the past: of each house that it has
// prices of and that none are given for, the usual ones, and where nobody here trades as
// much in its wallets.
func (r *runner) openingBalances() ([]paper.Deposit, error) {
	u, err := exchange.NewUniverse(r.market.instruments)
	if err != nil {
		return nil, err
	}
	out := completed(r.o.Paper.Balances, u)
	for _, d := range startingBalances(u) {
		house := d.Wallet.House()
		if _, known := connectorOf(house); !known && house != "" && !slices.ContainsFunc(r.o.Paper.Balances, func(x paper.Deposit) bool { return x.Wallet.House() == house }) {
			out = append(out, d)
		}
	}
	return out, nil
}

// checkBalances refuses amounts beyond any sense, and an asset of a wallet that is given
// twice: whether both count or the last is anybody's guess.
func checkBalances(list []paper.Deposit) error {
	seen := map[string]bool{}
	for _, b := range list {
		key := string(b.Wallet.Within(defaultVenue().House())) + ":" + b.Asset
		switch {
		case !bounded(b.Amount, mostMoney):
			return configError("balance %s: want an amount of 0 or more, at most %d", key, mostMoney)
		case seen[key]:
			return configError("balance %s is given twice: want one amount", key)
		}
		seen[key] = true
	}
	return nil
}
