package simfront

import (
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// What clients ask of an exchange beside its orders: rules, wallets, switches.
// What this one has no truth of is refused by name.

// myFilters are the filters that count for an account: those of the symbol.
func (h *accountViews) myFilters(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	var filters any = list{}
	for _, f := range m.info().spot() {
		if f.key == "filters" {
			filters = f.val
		}
	}
	return object{{"exchangeFilters", list{}}, {"symbolFilters", filters}, {"assetFilters", list{}}}, nil
}

// myAllocations are executions of smart order routing, which there is none of.
func (h *orderHistory) myAllocations(c *call) (any, *fault) {
	if _, f := h.named(c); f != nil {
		return nil, f
	}
	return list{}, nil
}

// myPreventedMatches lists no details: the venue behind keeps none.
func (h *orderHistory) myPreventedMatches(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	for _, o := range c.account.orders() {
		if o.m == m && o.Status == simserver.StatusMatched {
			return nil, unsupported("orders expired in a match with the account's own, and the match is not kept")
		}
	}
	return list{}, nil
}

// referencePrice is of symbols with a reference, which none here has.
func (h *marketData) referencePrice(c *call) (any, *fault) {
	if _, f := h.named(c); f != nil {
		return nil, f
	}
	return nil, bad(-2043, "This symbol doesn't have a reference price.")
}

// executionRules is how far from the last price an order may be filled.
func (h *marketData) executionRules(c *call) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, m := range wanted {
		rules := list{}
		if up, down := m.In.PriceUp, m.In.PriceDown; up.IsPositive() || down.IsPositive() {
			rules = append(rules, object{{"ruleType", "PRICE_RANGE"}, {"bidLimitMultUp", up.StringFixed(4)}, {"bidLimitMultDown", down.StringFixed(4)},
				{"askLimitMultUp", up.StringFixed(4)}, {"askLimitMultDown", down.StringFixed(4)}})
		}
		out = append(out, object{{"symbol", m.In.Symbol}, {"rules", rules}})
	}
	return object{{"symbolRules", out}}, nil
}

func (h *wallets) systemStatus(*call) (any, *fault) {
	return object{{"status", 0}, {"msg", "normal"}}, nil
}

// walletBalance is what each wallet is worth in one asset, BTC when none is named.
func (h *wallets) walletBalance(c *call) (any, *fault) {
	quote := c.get("quoteAsset")
	if quote == "" {
		quote = "BTC"
	}
	if _, ok := h.inUSDT(quote); !ok {
		return nil, bad(-1121, "Invalid asset: %s.", quote)
	}
	out := list{}
	for _, w := range []struct {
		name   string
		market api.Market
	}{{"Spot", api.Spot}, {"USD-M Futures", api.USDM}, {"COIN-M Futures", api.COINM}} {
		sum := decimal.Zero
		for _, asset := range c.account.assets(w.market) {
			sum = sum.Add(h.valueIn(c.account.Funds.Balance(w.market.Wallet(), asset).Total, asset, quote))
		}
		out = append(out, object{{"activate", true}, {"balance", sum.Round(8).String()}, {"walletName", w.name}})
	}
	return out, nil
}

// userAssets are the spot wallet's positive balances.
func (h *wallets) userAssets(c *call) (any, *fault) {
	out := list{}
	for _, asset := range c.account.assets(api.Spot) {
		b := c.account.Funds.Balance(api.Spot.Wallet(), asset)
		if !b.Total.IsPositive() || c.has("asset") && c.get("asset") != asset {
			continue
		}
		valuation := "0"
		if ask, _ := c.flag("needBtcValuation"); ask {
			valuation = h.valueIn(b.Total, asset, "BTC").Round(8).String()
		}
		out = append(out, object{{"asset", asset}, {"free", b.Free}, {"locked", b.Locked}, {"freeze", "0"}, {"withdrawing", "0"}, {"ipoable", "0"}, {"btcValuation", valuation}})
	}
	return out, nil
}

// feeBurn pays fees in BNB, which is not simulated: it is off and stays off.
func (h *accountModes) feeBurn(*call) (any, *fault) { return object{{"feeBurn", false}}, nil }

func (h *accountModes) setFeeBurn(c *call) (any, *fault) {
	switch on, f := c.flag("feeBurn"); {
	case f != nil:
		return nil, f
	case !c.has("feeBurn"):
		return nil, missing("feeBurn")
	case on:
		return nil, unsupported("fees are not paid in BNB here")
	}
	return object{{"code", 200}, {"msg", "success"}}, nil
}

// constituents are the markets an index is made of: here the spot market alone.
func (h *marketData) constituents(c *call) (any, *fault) {
	if !c.has("symbol") {
		return nil, missing("symbol")
	}
	name := c.get("symbol")
	for _, m := range h.marketsOf(c.market) {
		if m.In.Symbol != name && m.pair() != name {
			continue
		}
		spot, f := h.findSymbol(api.Spot, m.In.Base+"USDT")
		if f != nil {
			return nil, unsupported("the index of " + name + " is given by its recording, not made of markets")
		}
		part := object{{"exchange", "binance"}, {"symbol", strings.ToLower(spot.In.Symbol)}}
		if c.market == api.USDM {
			part = part.with(field{"price", spot.PriceText(spot.LastPrice())}, field{"weight", "1.00000000"})
		}
		return object{{"symbol", name}, {"time", millis(h.clock.Now())}, {"constituents", list{part}}}, nil
	}
	return nil, invalidSymbol()
}

// pairBrackets is COIN-M's first version of the brackets: by pair.
func (h *accountViews) pairBrackets(c *call) (any, *fault) {
	out, seen := list{}, map[string]bool{}
	for _, m := range h.marketsOf(c.market) {
		if seen[m.pair()] || c.has("pair") && c.get("pair") != m.pair() {
			continue
		}
		seen[m.pair()] = true
		out = append(out, object{{"pair", m.pair()}, {"brackets", m.bracketList("qtyCap", "qtyFloor")}})
	}
	return out, nil
}
