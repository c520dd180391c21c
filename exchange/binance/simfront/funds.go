package simfront

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// uid is the number that the exchange gives an account.
func (a *account) uid() int64 { return 1_000_000 + int64(a.Number) }

// alias is the text that futures name an account by.
func (a *account) alias() string { return "sim" + strconv.Itoa(a.Number) }

// spotAccount is GET api/v3/account.
func (h *accountViews) spotAccount(c *call) (any, *fault) {
	omit, f := c.flag("omitZeroBalances")
	if f != nil {
		return nil, f
	}
	maker, taker := decimal.Zero, decimal.Zero
	if all := h.marketsOf(api.Spot); len(all) > 0 {
		maker, taker = all[0].In.MakerFee, all[0].In.TakerFee
	}
	balances := list{}
	for _, asset := range c.account.spotAssets(omit) {
		b := c.account.Funds.Balance(api.Spot.Wallet(), asset)
		balances = append(balances, object{{"asset", asset}, {"free", b.Free}, {"locked", b.Locked}})
	}
	return object{
		{"makerCommission", int(maker.Shift(4).IntPart())}, {"takerCommission", int(taker.Shift(4).IntPart())}, {"buyerCommission", 0}, {"sellerCommission", 0},
		{"commissionRates", object{{"maker", maker}, {"taker", taker}, {"buyer", decimal.Zero}, {"seller", decimal.Zero}}},
		{"canTrade", true}, {"canWithdraw", false}, {"canDeposit", true}, {"brokered", false}, {"requireSelfTradePrevention", false}, {"preventSor", false},
		{"updateTime", millis(h.clock.Now())}, {"accountType", "SPOT"}, {"balances", balances}, {"permissions", list{"SPOT"}}, {"uid", c.account.uid()},
	}, nil
}

// spotAssets lists the assets of the spot wallet: those held, or all there are.
func (a *account) spotAssets(held bool) []string {
	assets := a.assets(api.Spot)
	if held {
		return assets
	}
	seen := map[string]bool{}
	for _, asset := range assets {
		seen[asset] = true
	}
	for _, m := range a.listing.marketsOf(api.Spot) {
		for _, asset := range []string{m.In.Base, m.In.Quote} {
			if !seen[asset] {
				seen[asset] = true
				assets = append(assets, asset)
			}
		}
	}
	return assets
}

func (h *accountViews) spotCommission(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	rates := func(maker, taker decimal.Decimal) object {
		return object{{"maker", maker}, {"taker", taker}, {"buyer", decimal.Zero}, {"seller", decimal.Zero}}
	}
	zero := decimal.Zero
	return object{{"symbol", m.In.Symbol}, {"standardCommission", rates(m.In.MakerFee, m.In.TakerFee)}, {"specialCommission", rates(zero, zero)},
		{"taxCommission", rates(zero, zero)},
		{"discount", object{{"enabledForAccount", false}, {"enabledForSymbol", false}, {"discountAsset", "BNB"}, {"discount", decimal.New(75, -2)}}}}, nil
}

// apiRestrictions says what the key may do: at first everything but withdraw.
func (h *wallets) apiRestrictions(c *call) (any, *fault) {
	may := c.apiKey.May
	return object{{"ipRestrict", false}, {"createTime", millis(h.clock.Origin())}, {"enableReading", may(simserver.MayRead)}, {"enableSpotAndMarginTrading", may(simserver.MaySpot)},
		{"enableWithdrawals", may(simserver.MayWithdraw)}, {"enableInternalTransfer", false}, {"permitsUniversalTransfer", may(simserver.MayTransfer)}, {"enableVanillaOptions", false},
		{"enableFixApiTrade", false}, {"enableFixReadOnly", false}, {"enableFutures", may(simserver.MayFutures)}, {"enableMargin", false}, {"enablePortfolioMarginTrading", false}}, nil
}

// orderUsage is rateLimit/order: spot tells the counts too.
func (h *accountViews) orderUsage(c *call) (any, *fault) {
	rules, n := h.quota.orderLimits(c.market), &c.account.orderCount[pool(c.market)]
	if c.market != api.Spot {
		return rules, nil
	}
	now := h.clock.Wall()
	return list{rules[0].with(field{"count", n.short.count(now, 0)}), rules[1].with(field{"count", n.long.count(now, 0)})}, nil
}
