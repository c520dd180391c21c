package simfront

import (
	"errors"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
)

// marginAsset is one margin asset of a futures wallet, as the account endpoints tell
// it.
type marginAsset struct {
	asset      string
	wallet     decimal.Decimal
	cross      decimal.Decimal // of the wallet, what is not the own margin of isolated positions
	unrealised decimal.Decimal
	crossPnL   decimal.Decimal // of it, that of the other positions
	margin     paper.Margin
	position   decimal.Decimal // initial margin of positions
	orders     decimal.Decimal // and of open orders
	movable    decimal.Decimal
}

func (a *account) marginAssets(mk api.Market) []marginAsset {
	var out []marginAsset
	for _, asset := range a.assets(mk) {
		b, g := a.Funds.Balance(mk.Wallet(), asset), a.Funds.Margin(mk.Wallet(), asset)
		p := marginAsset{asset: asset, wallet: b.Total, cross: b.Total, unrealised: g.Balance.Sub(b.Total), margin: g, movable: b.Free}
		p.crossPnL = p.unrealised
		for _, m := range a.listing.marketsOf(mk) {
			if m.In.Settle() == asset {
				for _, held := range a.holdings(m) {
					pm := held.leg.Margin()
					p.position, p.orders = p.position.Add(pm.Position), p.orders.Add(pm.Orders)
					if own, isolated := held.leg.Wallet(); isolated {
						p.cross, p.crossPnL = p.cross.Sub(own), p.crossPnL.Sub(pm.Unrealised)
					}
				}
			}
		}
		out = append(out, p)
	}
	return out
}

// balances is GET balance.
func (h *accountViews) balances(c *call) (any, *fault) {
	out := list{}
	for _, p := range c.account.marginAssets(c.market) {
		o := object{{"accountAlias", c.account.alias()}, {"asset", p.asset}, {"balance", p.wallet}}
		if c.market == api.COINM {
			o = o.with(field{"withdrawAvailable", p.movable})
		}
		o = o.with(field{"crossWalletBalance", p.cross}, field{"crossUnPnl", p.crossPnL}, field{"availableBalance", p.margin.Available})
		if c.market == api.USDM {
			o = o.with(field{"maxWithdrawAmount", p.movable}, field{"marginAvailable", true})
		}
		out = append(out, o.with(field{"updateTime", millis(h.clock.Now())}))
	}
	return out, nil
}

// futuresAccount is GET account. USD-M adds totals over its assets, which count what they
// do in multi-assets mode and as USD in the other, and since v3 lists only positions that
// are there.
func (h *accountViews) futuresAccount(c *call) (any, *fault) {
	a := c.account
	assets, positions := list{}, list{}
	margins := a.marginAssets(c.market)
	v3 := strings.HasPrefix(c.path, "v3")
	var availability []field
	if c.market == api.USDM && !v3 {
		availability = []field{{"marginAvailable", true}}
	}
	for _, p := range margins {
		assets = append(assets, object{{"asset", p.asset}, {"walletBalance", p.wallet}, {"unrealizedProfit", p.unrealised}, {"marginBalance", p.margin.Balance},
			{"maintMargin", p.margin.Maintenance}, {"initialMargin", p.margin.Initial}, {"positionInitialMargin", p.position}, {"openOrderInitialMargin", p.orders},
			{"maxWithdrawAmount", p.movable}, {"crossWalletBalance", p.cross}, {"crossUnPnl", p.crossPnL}, {"availableBalance", p.margin.Available},
			{"updateTime", millis(h.clock.Now())}}.with(availability...))
	}
	for _, m := range h.marketsOf(c.market) {
		for _, held := range a.holdings(m) {
			if !v3 || held.involved() {
				positions = append(positions, held.accountView(h.clock.Now(), v3))
			}
		}
	}
	head := object{}
	if c.market == api.USDM {
		head = a.totals(margins)
	}
	if !v3 {
		head = head.with(field{"canDeposit", true}, field{"canTrade", true}, field{"canWithdraw", false}, field{"feeTier", 0}, field{"updateTime", 0})
		if c.market == api.USDM {
			head = head.with(field{"feeBurn", false}, field{"multiAssetsMargin", a.MultiAsset}, field{"tradeGroupId", -1})
		}
	}
	return head.with(field{"assets", assets}, field{"positions", positions}), nil
}

func (a *account) totals(margins []marginAsset) object {
	var sum marginAsset
	joint, multi := a.Funds.Margin(api.USDM.Wallet(), paper.Dollars), a.MultiAsset
	for _, p := range margins {
		held, needed := decimal.NewFromInt(1), decimal.NewFromInt(1)
		if x, ok := a.listing.indexOf(p.asset); multi {
			held, needed = decimal.Zero, decimal.Zero
			if ok {
				held, needed = x.bid(x.off), x.ask(x.off)
			}
		}
		sum.wallet, sum.unrealised = sum.wallet.Add(p.wallet.Mul(held)), sum.unrealised.Add(p.unrealised.Mul(held))
		sum.cross, sum.crossPnL = sum.cross.Add(p.cross.Mul(held)), sum.crossPnL.Add(p.crossPnL.Mul(held))
		sum.margin.Balance = sum.margin.Balance.Add(p.margin.Balance)
		sum.margin.Initial = sum.margin.Initial.Add(p.margin.Initial)
		sum.margin.Maintenance = sum.margin.Maintenance.Add(p.margin.Maintenance)
		sum.margin.Available = sum.margin.Available.Add(p.margin.Available)
		sum.position, sum.orders = sum.position.Add(p.position.Mul(needed)), sum.orders.Add(p.orders.Mul(needed))
		sum.movable = sum.movable.Add(p.movable.Mul(held))
	}
	if multi {
		sum.margin, sum.movable = joint, joint.Available
	}
	for _, d := range [...]*decimal.Decimal{&sum.margin.Balance, &sum.margin.Initial, &sum.margin.Maintenance, &sum.margin.Available, &sum.movable, &sum.wallet, &sum.cross, &sum.position} {
		*d = d.Round(8)
	}
	return object{{"totalInitialMargin", sum.margin.Initial}, {"totalMaintMargin", sum.margin.Maintenance}, {"totalWalletBalance", sum.wallet},
		{"totalUnrealizedProfit", sum.unrealised}, {"totalMarginBalance", sum.margin.Balance}, {"totalPositionInitialMargin", sum.position},
		{"totalOpenOrderInitialMargin", sum.orders}, {"totalCrossWalletBalance", sum.cross}, {"totalCrossUnPnl", sum.crossPnL},
		{"availableBalance", sum.margin.Available}, {"maxWithdrawAmount", sum.movable}}
}

// capOf is the largest position at a leverage: by value on USD-M, in coins on
// COIN-M.
func capOf(m *market, leverage int) field {
	most := decimal.Zero
	for _, b := range m.In.Brackets {
		if b.MaxLeverage >= leverage {
			most = b.Cap
		}
	}
	if m.In.Inverse() {
		return field{"maxQty", most.String()}
	}
	return field{"maxNotional", most.String()}
}

// positionRisk is GET positionRisk: v3 lists what is involved, v2 and COIN-M
// every symbol, with its leverage.
func (h *accountViews) positionRisk(c *call) (any, *fault) {
	all := h.marketsOf(c.market)
	if c.has("symbol") {
		m, f := h.named(c)
		if f != nil {
			return nil, f
		}
		all = []*market{m}
	}
	v3 := strings.HasPrefix(c.path, "v3")
	out := list{}
	for _, m := range all {
		if c.has("pair") && m.pair() != c.get("pair") || c.has("marginAsset") && m.In.Settle() != c.get("marginAsset") {
			continue
		}
		for _, held := range c.account.holdings(m) {
			switch {
			case !v3:
				out = append(out, held.risk(h.clock.Now()).with(held.riskV2()...))
			case held.involved():
				out = append(out, held.risk(h.clock.Now()).with(held.riskV3()...))
			}
		}
	}
	return out, nil
}

func (h *accountViews) commissionRate(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	o := object{{"symbol", m.In.Symbol}, {"makerCommissionRate", m.In.MakerFee.String()}, {"takerCommissionRate", m.In.TakerFee.String()}}
	if c.market == api.USDM {
		o = o.with(field{"rpiCommissionRate", "0"})
	}
	return o, nil
}

func (h *accountModes) setLeverage(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	n, f := c.integer("leverage", 0)
	if f != nil {
		return nil, f
	}
	most := 125
	if len(m.In.Brackets) > 0 {
		most = m.In.Brackets[0].MaxLeverage
	}
	if n < 1 || n > int64(most) {
		return nil, bad(-4028, "Leverage %d is not valid", n)
	}
	err := c.account.Funds.SetLeverage(m.In.ID, int(n))
	if errors.Is(err, paper.ErrIsolated) {
		return nil, bad(-4161, "Leverage reduction is not supported in Isolated Margin Mode with open positions.")
	}
	if err != nil {
		return nil, bad(-2028, "Leverage is smaller than permitted: insufficient margin balance.")
	}
	c.account.events.sendLeverage(m, int(n))
	most2 := capOf(m, int(n))
	if c.market == api.USDM {
		most2.key = "maxNotionalValue"
	}
	return object{{"leverage", int(n)}, most2, {"symbol", m.In.Symbol}}, nil
}

// leverageBracket is the maintenance table. USD-M measures by value, COIN-M by
// coins and spells its floor qtylFloor.
func (h *accountViews) leverageBracket(c *call) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	top, bottom := "notionalCap", "notionalFloor"
	if c.market == api.COINM {
		top, bottom = "qtyCap", "qtylFloor"
	}
	out := list{}
	for _, m := range wanted {
		out = append(out, object{{"symbol", m.In.Symbol}, {"brackets", m.bracketList(top, bottom)}})
	}
	return out, nil
}

func (m *market) bracketList(top, bottom string) list {
	brackets, floor := list{}, decimal.Zero
	for i, b := range m.In.Brackets {
		brackets = append(brackets, object{{"bracket", i + 1}, {"initialLeverage", b.MaxLeverage}, {top, number(b.Cap.String())}, {bottom, number(floor.String())},
			{"maintMarginRatio", number(b.MMR.String())}, {"cum", number(b.Cum.String())}})
		floor = b.Cap
	}
	return brackets
}
