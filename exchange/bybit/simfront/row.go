package simfront

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

func sideText(s exchange.Side) string {
	if s == exchange.Buy {
		return "Buy"
	}
	return "Sell"
}

// status is the state of an order. Coins that were partly bought have a word of their own.
func status(o *simserver.Order) string {
	switch o.Status {
	case simserver.StatusNew:
		return "New"
	case simserver.StatusPartial:
		return "PartiallyFilled"
	case simserver.StatusFilled:
		return "Filled"
	}
	switch {
	case noteOf(o).failed:
		return "Rejected"
	case o.Filled > 0 && marketOf(o.Market).spot():
		return "PartiallyFilledCanceled"
	}
	return "Cancelled"
}

// cause is why an order ended. Source: enums, rejectReason and cancelType.
func cause(o *simserver.Order) (reject, cancel string) {
	n := noteOf(o)
	switch {
	case n.reject != "":
		return n.reject, "UNKNOWN"
	case o.Open() || o.Status == simserver.StatusFilled:
		return "EC_NoError", "UNKNOWN"
	case o.Status == simserver.StatusMatched:
		return "EC_CancelForNoFullFill", "CancelBySmp"
	case o.Ended == simserver.EndedByDelist:
		return "EC_PerCancelRequest", "CancelByDelivery"
	case o.Status == simserver.StatusExpired:
		return "EC_NoImmediateQtyToFill", "UNKNOWN"
	}
	return "EC_PerCancelRequest", "CancelByUser"
}

// orderRow is an order: a row of a listing and, with its category, an event.
func (a *account) orderRow(o *simserver.Order) reply.Object {
	m := marketOf(o.Market)
	left, fee := o.Qty-o.Filled, decimal.Zero
	if !o.Open() {
		left = 0
	}
	feeCoin := ""
	for _, t := range o.Fills {
		fee, feeCoin = fee.Add(t.Fee), t.FeeAsset
	}
	reject, canceled := cause(o)
	average := ""
	if o.Filled > 0 {
		average = o.Average().String()
	}
	detail := reply.Object{}
	if feeCoin != "" {
		detail = reply.Object{{feeCoin, fee}}
	}
	out := reply.Object{{"category", string(m.category)}, {"symbol", m.In.Symbol}, {"orderId", a.idText(m.spot(), orderID, o.ID)}, {"orderLinkId", o.Client}, {"blockTradeId", ""},
		{"side", sideText(o.Side)}, {"positionIdx", 0}, {"orderStatus", status(o)}, {"cancelType", canceled}, {"rejectReason", reject},
		{"timeInForce", o.TIF}, {"isLeverage", ""}, {"price", m.price(o.Price)}, {"qty", m.qty(o.Qty)}, {"avgPrice", average}, {"leavesQty", m.qty(left)},
		{"leavesValue", o.Market.Worth(o.Price, left)}, {"cumExecQty", m.qty(o.Filled)}, {"cumExecValue", o.Worth}, {"cumExecFee", fee}, {"cumFeeDetail", detail}, {"orderType", o.Type},
		{"stopOrderType", ""}, {"orderIv", ""}, {"triggerPrice", ""}, {"takeProfit", ""}, {"stopLoss", ""}, {"triggerBy", ""}, {"tpTriggerBy", ""},
		{"slTriggerBy", ""}, {"triggerDirection", 0}, {"placeType", ""}, {"lastPriceOnCreated", m.price(m.LastPrice())}, {"closeOnTrigger", false},
		{"reduceOnly", o.ReduceOnly}, {"smpGroup", 0}, {"smpType", "None"}, {"smpOrderId", ""}, {"slLimitPrice", "0"}, {"tpLimitPrice", "0"},
		{"createType", noteOf(o).create}, {"marketUnit", ""}, {"createdTime", stamp(o.Created)}, {"updatedTime", stamp(o.Updated)}, {"feeCurrency", feeCoin}, {"closedPnl", closedOf(o)}}
	if !m.spot() { // spot does not have it, by which clients tell the two
		out = out.With(reply.Field{"tpslMode", "UNKNOWN"})
	}
	return out
}

func closedOf(o *simserver.Order) decimal.Decimal {
	sum := decimal.Zero
	for _, t := range o.Fills {
		sum = sum.Add(t.Realised)
	}
	return sum
}

// executionRow is a fill: a row of a listing, and an event.
func (a *account) executionRow(t *simserver.Trade) reply.Object {
	o := t.Order
	m, n := marketOf(o.Market), noteOf(t.Order)
	kind := n.exec
	if kind == "" {
		kind = "Trade"
	}
	filled := exchange.Lots(0)
	for _, f := range o.Fills {
		if filled += f.Qty; f == t {
			break
		}
	}
	v := reply.Object{{"category", string(m.category)}, {"symbol", m.In.Symbol}, {"orderId", a.idText(m.spot(), orderID, o.ID)}, {"orderLinkId", o.Client}, {"side", sideText(o.Side)},
		{"orderPrice", m.price(o.Price)}, {"orderQty", m.qty(o.Qty)}, {"leavesQty", m.qty(o.Qty - filled)}, {"createType", n.create}, {"orderType", o.Type},
		{"stopOrderType", "UNKNOWN"}, {"execFee", t.Fee}, {"execId", a.idText(m.spot(), tradeID, t.ID)}, {"execPrice", m.price(t.Price)}, {"execQty", m.qty(t.Qty)},
		{"execType", kind}, {"execValue", t.Worth}, {"execTime", stamp(t.Time)}, {"feeCurrency", t.FeeAsset}, {"isMaker", t.Maker}, {"feeRate", m.rate(t.Maker)},
		{"tradeIv", ""}, {"markIv", ""}, {"markPrice", m.MarkPrice()}, {"indexPrice", ""}, {"underlyingPrice", ""}, {"blockTradeId", ""}, {"closedSize", m.qty(n.closed[t.ID])},
		{"seq", t.ID}}
	return v
}

func (m *market) rate(maker bool) decimal.Decimal {
	if maker {
		return m.In.MakerFee
	}
	return m.In.TakerFee
}

// positionRow is the position in a contract, also where there is none.
func (a *account) positionRow(m *market) reply.Object {
	p := a.Funds.Position(m.In.ID)
	margin := a.Funds.PositionMargin(m.In.ID)
	side, value, liquidation := "", decimal.Zero, ""
	if p.Qty != 0 {
		side = "Buy"
		if p.Qty < 0 {
			side = "Sell"
		}
		value = m.In.QtyDecimal(p.Qty.Abs()).Mul(p.Entry)
		if m.In.Inverse() {
			value = m.In.QtyDecimal(p.Qty.Abs()).DivRound(p.Entry, 8)
		}
		if at, ok := a.Funds.LiquidationPrice(m.In.ID); ok {
			liquidation = at.Round(int32(m.In.Tick.Scale)).String()
		}
	}
	index, seq := 0, int64(-1)
	if a.Hedge {
		index = 1
	}
	if moved := a.moved[m.In.ID]; moved != 0 {
		seq = millis(moved)
	}
	entry := p.Entry.Round(10)
	return reply.Object{{"positionIdx", index}, {"riskId", 1}, {"riskLimitValue", m.In.Bracket(decimal.Zero).Cap}, {"symbol", m.In.Symbol}, {"side", side}, {"size", m.qty(p.Qty.Abs())},
		{"avgPrice", entry}, {"entryPrice", entry}, {"positionValue", value.Round(8)}, {"tradeMode", isolated(a.Isolated[m.In.ID])}, {"positionStatus", "Normal"}, {"autoAddMargin", 0},
		{"adlRankIndicator", 2}, {"leverage", strconv.Itoa(a.Funds.Leverage(m.In.ID))}, {"positionBalance", "0"}, {"markPrice", m.MarkPrice()}, {"liqPrice", liquidation}, {"bustPrice", ""},
		{"positionMM", margin.Maintenance.Round(8)}, {"positionIM", margin.Position.Round(8)}, {"tpslMode", "Full"}, {"takeProfit", ""}, {"stopLoss", ""}, {"trailingStop", "0"},
		{"sessionAvgPrice", ""}, {"unrealisedPnl", margin.Unrealised.Round(8)}, {"curRealisedPnl", p.Realised}, {"cumRealisedPnl", p.Realised}, {"seq", seq}, {"isReduceOnly", false},
		{"mmrSysUpdatedTime", ""}, {"leverageSysUpdatedTime", ""}, {"createdTime", stamp(a.moved[m.In.ID])}, {"updatedTime", stamp(a.moved[m.In.ID])}}
}

func isolated(on bool) int {
	if on {
		return 1
	}
	return 0
}

// walletRow is the account's money, of one coin or all ("").
func (a *account) walletRow(only string) reply.Object {
	coins, equity, initial, maintenance, loose := reply.List{}, decimal.Zero, decimal.Zero, decimal.Zero, decimal.Zero
	total := decimal.Zero
	for _, asset := range a.assets() {
		b, mg := a.Funds.Balance(unified, asset), a.Funds.Margin(unified, asset)
		worth := a.worth(asset)
		owed, backs := a.Funds.Debt(unified, asset)
		open := decimal.Zero // unrealised
		if a.margined(asset) {
			open = mg.Balance.Sub(b.Total.Add(owed)).Add(backs)
		}
		mine := b.Total.Add(open)
		equity, initial, maintenance = equity.Add(mine.Mul(worth)), initial.Add(mg.Initial.Mul(worth)), maintenance.Add(mg.Maintenance.Mul(worth))
		total, loose = total.Add(b.Total.Mul(worth)), loose.Add(open.Mul(worth))
		if only != "" && asset != only {
			continue
		}
		coins = append(coins, reply.Object{{"coin", asset}, {"equity", mine.Round(8)}, {"usdValue", mine.Mul(worth).Round(8)}, {"walletBalance", b.Total.Add(owed)}, {"locked", a.locked(asset)},
			{"spotHedgingQty", "0"}, {"borrowAmount", owed}, {"availableToWithdraw", ""}, {"availableToBorrow", ""}, {"accruedInterest", "0"},
			{"totalOrderIM", "0"}, {"totalPositionIM", mg.Initial.Round(8)}, {"totalPositionMM", mg.Maintenance.Round(8)}, {"unrealisedPnl", open.Round(8)},
			{"cumRealisedPnl", "0"}, {"bonus", "0"}, {"collateralSwitch", true}, {"marginCollateral", true}, {"spotBorrow", owed}})
	}
	part := func(x decimal.Decimal) decimal.Decimal {
		if !equity.IsPositive() {
			return decimal.Zero
		}
		return x.DivRound(equity, 4)
	}
	return reply.Object{{"accountType", "UNIFIED"}, {"accountLTV", "0"}, {"accountIMRate", part(initial)}, {"accountMMRate", part(maintenance)}, {"totalEquity", equity.Round(8)}, {"totalWalletBalance", total.Round(8)},
		{"totalMarginBalance", equity.Round(8)}, {"totalAvailableBalance", decimal.Max(decimal.Zero, equity.Sub(initial)).Round(8)}, {"totalPerpUPL", loose.Round(8)},
		{"totalInitialMargin", initial.Round(8)}, {"totalMaintenanceMargin", maintenance.Round(8)}, {"coin", coins}}
}

// locked is what orders on spot hold of a coin.
func (a *account) locked(asset string) decimal.Decimal {
	sum := decimal.Zero
	for _, m := range a.Funds.Markets() {
		if m.In.Perp() || m.In.Base != asset && m.In.Quote != asset {
			continue
		}
		for _, o := range a.Orders.Open(m.Segment, m) {
			switch left := o.Qty - o.Filled; {
			case o.Side == exchange.Sell && m.In.Base == asset:
				sum = sum.Add(m.In.QtyDecimal(left))
			case o.Side == exchange.Buy && m.In.Quote == asset:
				sum = sum.Add(m.In.Notional(o.Price, left))
			}
		}
	}
	return sum
}
