package simfront

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/paper"
)

// holding is what an account has in a contract, as the answers tell it: in hedge mode one of
// two positions.
type holding struct {
	*account
	m    *market
	side exchange.Side
	leg  paper.Leg
}

// holding returns what the account has in a contract.
func (a *account) holding(m *market, side exchange.Side) holding {
	return holding{a, m, side, a.Funds.Leg(m.In.ID, side)}
}

// holdings are the positions that the account can have in a contract.
func (a *account) holdings(m *market) []holding {
	var all []holding
	for _, side := range a.PositionSides() {
		all = append(all, a.holding(m, side))
	}
	return all
}

// open reports a position in a contract.
func (a *account) open(m *market) bool {
	return slices.ContainsFunc(a.holdings(m), func(p holding) bool { return p.leg.Position().Qty != 0 })
}

// involved reports a position or an open order.
func (p holding) involved() bool {
	return p.leg.Position().Qty != 0 || slices.ContainsFunc(p.openOrders(api.Of(p.m.In.Venue), p.m), func(o *order) bool { return o.PositionSide == p.side })
}

// accountView is the position in GET account.
func (p holding) accountView(now exchange.Time, v3 bool) object {
	held, pm := p.leg.Position(), p.leg.Margin()
	wallet, margin := p.isolatedMargin()
	o := object{{"symbol", p.m.In.Symbol}, {"positionSide", positionText(p.side)}, {"positionAmt", p.m.QtyText(held.Qty)}, {"unrealizedProfit", pm.Unrealised}}
	if v3 {
		o = o.with(field{"isolatedMargin", margin}, field{"notional", pm.Notional}, field{"isolatedWallet", wallet})
	} else {
		o = o.with(field{"positionInitialMargin", pm.Position}, field{"openOrderInitialMargin", pm.Orders}, field{"leverage", strconv.Itoa(p.Funds.Leverage(p.m.In.ID))},
			field{"isolated", p.Isolated[p.m.In.ID]}, field{"isolatedWallet", wallet}, field{"entryPrice", held.Entry}, field{"breakEvenPrice", held.Entry}, capOf(p.m, p.Funds.Leverage(p.m.In.ID)))
		if api.Of(p.m.In.Venue) == api.USDM {
			o = o.with(field{"notional", pm.Notional}, field{"bidNotional", "0"}, field{"askNotional", "0"})
		}
	}
	return o.with(field{"initialMargin", pm.Position.Add(pm.Orders)}, field{"maintMargin", pm.Maintenance}, field{"updateTime", millis(now)})
}

// risk is what every version of GET positionRisk tells.
func (p holding) risk(now exchange.Time) object {
	held, pm := p.leg.Position(), p.leg.Margin()
	liquidation := "0"
	if price, ok := p.leg.LiquidationPrice(); ok {
		liquidation = price.StringFixed(8)
	}
	return object{{"symbol", p.m.In.Symbol}, {"positionSide", positionText(p.side)}, {"positionAmt", p.m.QtyText(held.Qty)}, {"entryPrice", held.Entry.Round(8).String()},
		{"breakEvenPrice", held.Entry.Round(8).String()}, {"markPrice", p.m.MarkPrice()}, {"unRealizedProfit", pm.Unrealised}, {"liquidationPrice", liquidation},
		{"updateTime", millis(now)}}
}

func (p holding) riskV3() []field {
	pm := p.leg.Margin()
	wallet, margin := p.isolatedMargin()
	return []field{{"isolatedMargin", margin}, {"notional", pm.Notional}, {"marginAsset", p.m.In.Settle()}, {"isolatedWallet", wallet},
		{"initialMargin", pm.Position.Add(pm.Orders)}, {"maintMargin", pm.Maintenance}, {"positionInitialMargin", pm.Position}, {"openOrderInitialMargin", pm.Orders},
		{"adl", 0}, {"bidNotional", "0"}, {"askNotional", "0"}}
}

func (p holding) riskV2() []field {
	leverage := p.Funds.Leverage(p.m.In.ID)
	wallet, margin := p.isolatedMargin()
	out := []field{{"leverage", strconv.Itoa(leverage)}, {"marginType", p.marginType("isolated", "cross")}, {"isolatedMargin", margin}, {"isAutoAddMargin", "false"}}
	most, notional := capOf(p.m, leverage), p.leg.Margin().Notional
	if p.m.In.Inverse() {
		return append(out, most, field{"notionalValue", notional}, field{"isolatedWallet", wallet})
	}
	return append(out, field{"maxNotionalValue", most.val}, field{"notional", notional}, field{"isolatedWallet", wallet})
}

// isolatedMargin is the own margin of an isolated position, without its profit and with it;
// zero of any other.
func (p holding) isolatedMargin() (wallet, margin decimal.Decimal) {
	wallet, isolated := p.leg.Wallet()
	if !isolated {
		return decimal.Zero, decimal.Zero
	}
	return wallet, wallet.Add(p.leg.Margin().Unrealised)
}

func (p holding) marginType(isolated, cross string) string {
	if p.Isolated[p.m.In.ID] {
		return isolated
	}
	return cross
}

// qtyAt is the position at a time: the sum of its trades.
func (p holding) qtyAt(t exchange.Time) exchange.Lots {
	var q exchange.Lots
	for _, f := range p.trades() {
		if f.Order.m == p.m && f.Order.PositionSide == p.side && f.Time <= t {
			q += exchange.Lots(f.Order.Side) * f.Qty
		}
	}
	return q
}

// event is the position in ACCOUNT_UPDATE.
func (p holding) event() object {
	held := p.leg.Position()
	wallet, _ := p.isolatedMargin()
	return object{{"s", p.m.In.Symbol}, {"pa", p.m.QtyText(held.Qty)}, {"ep", held.Entry.Round(8).String()}, {"bep", held.Entry.Round(8).String()}, {"cr", held.Realised},
		{"up", p.leg.Margin().Unrealised}, {"mt", p.marginType("isolated", "cross")}, {"iw", wallet}, {"ps", positionText(p.side)}}
}
