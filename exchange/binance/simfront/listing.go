package simfront

import (
	"encoding/json"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// segments are the exchange's, by market; there is none of 0.
type segments [len(api.Markets) + 1]*simserver.Segment

// marketsOf returns the instruments of a market.
func (l *listing) marketsOf(mk api.Market) []*market {
	return slices.DeleteFunc(slices.Clone(l.markets), func(m *market) bool { return api.Of(m.In.Venue) != mk })
}

// wanted returns the markets that symbol or symbols names; without either, all
// of the market.
func (l *listing) wanted(c *call) ([]*market, *fault) {
	var names []string
	switch {
	case c.has("symbol"):
		names = []string{c.get("symbol")}
	case c.has("symbols"):
		if err := json.Unmarshal([]byte(c.get("symbols")), &names); err != nil {
			return nil, bad(-1100, "Illegal characters found in parameter 'symbols'; legal range is '^\\[(\"[A-Z0-9-_.]{1,20}\"(,\"[A-Z0-9-_.]{1,20}\"){0,}){0,1}\\]$'.")
		}
	default:
		return l.marketsOf(c.market), nil
	}
	var out []*market
	for _, n := range names {
		m, f := l.findSymbol(c.market, n)
		if f != nil {
			return nil, f
		}
		out = append(out, m)
	}
	return out, nil
}

func (l *listing) findSymbol(mk api.Market, symbol string) (*market, *fault) {
	if in, ok := l.universe.Find(mk.Venue(), symbol); ok {
		return l.markets[in.ID], nil
	}
	return nil, invalidSymbol()
}

// named returns the market that the mandatory parameter symbol names.
func (l *listing) named(c *call) (*market, *fault) {
	if !c.has("symbol") {
		return nil, missing("symbol")
	}
	return l.findSymbol(c.market, c.get("symbol"))
}

// paired returns the perpetual of the pair that a request names.
func (l *listing) paired(c *call) (*market, *fault) {
	if !c.has("pair") {
		return nil, missing("pair")
	}
	if m := l.byPair(c.market, c.get("pair")); m != nil {
		return m, nil
	}
	return nil, invalidSymbol()
}

func (l *listing) byPair(mk api.Market, pair string) *market {
	for _, m := range l.markets {
		if api.Of(m.In.Venue) == mk && m.pair() == pair {
			return m
		}
	}
	return nil
}

// statsMarket tells whose statistics are asked for: COIN-M's are by a pair that
// only an inverse contract has.
func (l *listing) statsMarket(r *request) api.Market {
	for _, m := range l.marketsOf(api.COINM) {
		if p := r.get("pair"); p != "" && p == m.pair() {
			return api.COINM
		}
	}
	return api.USDM
}

// inUSDT is the price of an asset; false when no spot market tells it.
func (l *listing) inUSDT(asset string) (decimal.Decimal, bool) {
	if asset == "USDT" {
		return decimal.NewFromInt(1), true
	}
	m, f := l.findSymbol(api.Spot, asset+"USDT")
	if f != nil || m.LastPrice() <= 0 {
		return decimal.Zero, false
	}
	return m.In.PriceDecimal(m.LastPrice()), true
}

// valueIn values an amount; what has no price counts nothing, as at the exchange.
func (l *listing) valueIn(amount decimal.Decimal, from, to string) decimal.Decimal {
	a, okA := l.inUSDT(from)
	b, okB := l.inUSDT(to)
	if !okA || !okB {
		return decimal.Zero
	}
	return amount.Mul(a).DivRound(b, 16)
}
