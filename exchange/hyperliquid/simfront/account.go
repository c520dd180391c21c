package simfront

import (
	"encoding/json"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// clearinghouse is the account of perpetuals: its value is with unrealised profit.
func (d statements) clearinghouse(a *simserver.Account, _ *question) any {
	margin := a.Funds.Margin(api.PerpWallet, api.USDC)
	positions, worth, profit := reply.List{}, decimal.Zero, decimal.Zero
	for _, m := range d.of(api.Perp) {
		p := a.Funds.Position(m.In.ID)
		if p.Qty == 0 {
			continue
		}
		mark, qty := m.MarkPrice(), m.In.QtyDecimal(p.Qty)
		value, entry := mark.Mul(qty.Abs()), p.Entry
		gain := mark.Sub(entry).Mul(qty)
		worth, profit = worth.Add(value), profit.Add(gain)
		leverage := a.Funds.Leverage(m.In.ID)
		used := value.DivRound(decimal.NewFromInt(int64(max(1, leverage))), 6)
		most, liquidation := leverage, any(nil)
		if len(m.In.Brackets) > 0 {
			most = m.In.Brackets[0].MaxLeverage
		}
		if at, ok := a.Funds.LiquidationPrice(m.In.ID); ok {
			liquidation = at.Round(6)
		}
		back := decimal.Zero
		if used.IsPositive() {
			back = gain.DivRound(used, 10)
		}
		positions = append(positions, reply.Object{{"type", "oneWay"}, {"position", reply.Object{{"coin", m.In.Symbol}, {"szi", qty}, {"leverage", reply.Object{{"type", "cross"}, {"value", leverage}}},
			{"entryPx", entry}, {"positionValue", value}, {"unrealizedPnl", gain}, {"returnOnEquity", back}, {"liquidationPx", liquidation}, {"marginUsed", used},
			{"maxLeverage", most}, {"cumFunding", reply.Object{{"allTime", "0.0"}, {"sinceOpen", "0.0"}, {"sinceChange", "0.0"}}}}}})
	}
	total := a.Funds.Balance(api.PerpWallet, api.USDC)
	summary := reply.Object{{"accountValue", total.Total.Add(profit)}, {"totalNtlPos", worth}, {"totalRawUsd", total.Total}, {"totalMarginUsed", margin.Initial}}
	return reply.Object{{"marginSummary", summary}, {"crossMarginSummary", summary}, {"crossMaintenanceMarginUsed", margin.Maintenance}, {"withdrawable", total.Free}, {"assetPositions", positions}, {"time", millis(d.s.Clock.Now())}}
}

func (d statements) coins(a *simserver.Account, _ *question) any {
	list := reply.List{}
	for _, asset := range a.Funds.Assets(d.s.Segments.Of(api.Spot)) {
		b, token := a.Funds.Balance(api.SpotWallet, asset), 0
		for i, m := range d.of(api.Spot) {
			if m.In.Base == asset {
				token = i + 1
			}
		}
		list = append(list, reply.Object{{"coin", asset}, {"token", token}, {"total", b.Total}, {"hold", b.Locked}, {"entryNtl", "0.0"}})
	}
	return reply.Object{{"balances", list}}
}

// orderOf is an order as questions and events have it. cloid is there for those of customers.
func orderOf(o *simserver.Order) reply.Object {
	in := o.Market.In
	return reply.Object{{"coin", in.Symbol}, {"side", sideText(o.Side)}, {"limitPx", in.PriceDecimal(o.Price)}, {"sz", in.QtyDecimal(o.Qty - o.Filled)}, {"oid", o.ID}, {"timestamp", millis(o.Created)},
		{"triggerCondition", "N/A"}, {"isTrigger", false}, {"triggerPx", "0.0"}, {"children", reply.List{}}, {"isPositionTpsl", false}, {"reduceOnly", o.ReduceOnly}, {"orderType", o.Type},
		{"origSz", in.QtyDecimal(o.Qty)}, {"tif", o.TIF}, {"cloid", cloid(o)}}
}

// cloid is the name that the customer gave; nothing where it gave none.
func cloid(o *simserver.Order) any {
	if len(o.Client) == 34 && o.Client[:2] == "0x" {
		return o.Client
	}
	return nil
}

// statusOf is the venue's word for how an order stands.
func statusOf(o *simserver.Order) string {
	switch o.Status {
	case simserver.StatusFilled:
		return "filled"
	case simserver.StatusCanceled:
		return "canceled"
	case simserver.StatusExpired:
		if o.TIF == "Ioc" && o.Filled == 0 {
			return "iocCancelRejected"
		}
		return "canceled"
	case simserver.StatusMatched:
		return "selfTradeCanceled"
	}
	return "open"
}

func (d statements) openOrders(a *simserver.Account, _ *question) any {
	out := reply.List{}
	for _, v := range api.Segments {
		for _, o := range a.Orders.Open(d.s.Segments.Of(v), nil) {
			out = append(out, orderOf(o))
		}
	}
	return out
}

// find is an order by its number or its cloid.
func (d statements) find(a *simserver.Account, id json.RawMessage) *simserver.Order {
	var name string
	if json.Unmarshal(id, &name) == nil {
		for i := len(a.Orders.All()) - 1; i >= 0; i-- {
			if o := a.Orders.All()[i]; o.Client == name {
				return o
			}
		}
		return nil
	}
	n, err := strconv.ParseInt(string(id), 10, 64)
	if err != nil {
		return nil
	}
	return a.Orders.Order(n)
}

func (d statements) orderStatus(a *simserver.Account, q *question) any {
	o := d.find(a, q.OID)
	if o == nil {
		return reply.Object{{"status", "unknownOid"}}
	}
	return reply.Object{{"status", "order"}, {"order", reported(o)}}
}

func reported(o *simserver.Order) reply.Object {
	return reply.Object{{"order", orderOf(o)}, {"status", statusOf(o)}, {"statusTimestamp", millis(o.Updated)}}
}

func (d statements) pastOrders(a *simserver.Account, _ *question) any {
	out := reply.List{}
	for i := len(a.Orders.All()) - 1; i >= 0 && len(out) < 2000; i-- {
		out = append(out, reported(a.Orders.All()[i]))
	}
	return out
}

func fill(t *simserver.Trade) reply.Object {
	in := t.Order.Market.In
	return reply.Object{{"coin", in.Symbol}, {"px", in.PriceDecimal(t.Price)}, {"sz", in.QtyDecimal(t.Qty)}, {"side", sideText(t.Order.Side)}, {"time", millis(t.Time)}, {"startPosition", "0.0"}, {"dir", "Trade"},
		{"closedPnl", t.Realised}, {"hash", "0x" + zeros}, {"oid", t.Order.ID}, {"crossed", !t.Maker}, {"fee", t.Fee}, {"tid", t.ID}, {"cloid", cloid(t.Order)}, {"feeToken", t.FeeAsset}, {"twapId", nil}}
}

// fills are oldest first where a time is given, and otherwise newest first.
func (d statements) fills(a *simserver.Account, q *question) any {
	out, all := reply.List{}, a.Ledger.Trades()
	for i := range all {
		t := all[i]
		if q.Type == "userFills" {
			t = all[len(all)-1-i]
		}
		if at := millis(t.Time); at >= q.Start && (q.End == 0 || at <= q.End) && len(out) < 2000 {
			out = append(out, fill(t))
		}
	}
	return out
}

func (d statements) funding(a *simserver.Account, q *question) any {
	out := reply.List{}
	for _, i := range a.Ledger.Incomes() {
		if at := millis(i.Time); i.Kind == simserver.IncomeFunding && at >= q.Start && (q.End == 0 || at <= q.End) && len(out) < 500 {
			out = append(out, reply.Object{{"time", at}, {"hash", "0x" + zeros}, {"delta", reply.Object{{"type", "funding"}, {"coin", i.Symbol}, {"usdc", i.Amount}, {"szi", "0.0"}, {"fundingRate", "0.0"}, {"nSamples", nil}}}})
		}
	}
	return out
}

// moves are the transfers between the account's own wallets. Their kind says which way.
func (d statements) moves(a *simserver.Account, q *question) any {
	out := reply.List{}
	for _, t := range a.Ledger.Transfers() {
		if at := millis(t.Time); at >= q.Start && (q.End == 0 || at <= q.End) && len(out) < 500 {
			out = append(out, reply.Object{{"time", at}, {"hash", "0x" + zeros[:48] + pad(t.ID)}, {"delta", reply.Object{{"type", "accountClassTransfer"}, {"usdc", t.Amount}, {"toPerp", t.Type == toPerp}}}})
		}
	}
	return out
}

func pad(n int64) string { return zeros[:16-len(strconv.FormatInt(n, 16))] + strconv.FormatInt(n, 16) }

// tradedBefore is what every account has traded before it opens: enough for a dead man's
// switch.
var tradedBefore = decimal.NewFromInt(2_000_000)

func (d statements) traded(a *simserver.Account) decimal.Decimal {
	sum := tradedBefore
	for _, t := range a.Ledger.Trades() {
		sum = sum.Add(t.Worth)
	}
	return sum
}

func (d statements) rateLimit(a *simserver.Account, _ *question) any {
	sum := d.traded(a)
	return reply.Object{{"cumVlm", sum}, {"nRequestsUsed", len(a.Orders.All())}, {"nRequestsCap", 10_000 + sum.IntPart()}, {"nRequestsSurplus", 0}}
}

func (d statements) fees(*simserver.Account, *question) any {
	rate := func(v exchange.Venue) (maker, taker decimal.Decimal) {
		for _, m := range d.of(v) {
			return m.In.MakerFee, m.In.TakerFee
		}
		return maker, taker
	}
	maker, taker := rate(api.Perp)
	spotMaker, spotTaker := rate(api.Spot)
	return reply.Object{{"dailyUserVlm", reply.List{}}, {"feeSchedule", reply.Object{{"cross", taker}, {"add", maker}, {"spotCross", spotTaker}, {"spotAdd", spotMaker}}},
		{"userCrossRate", taker}, {"userAddRate", maker}, {"userSpotCrossRate", spotTaker}, {"userSpotAddRate", spotMaker}, {"activeReferralDiscount", "0.0"}}
}

func (d statements) assetData(a *simserver.Account, q *question) any {
	m := d.byCoin(q.Coin)
	if m == nil || !m.In.Perp() {
		return failed()
	}
	return reply.Object{{"user", q.User}, {"coin", q.Coin}, {"leverage", reply.Object{{"type", "cross"}, {"value", a.Funds.Leverage(m.In.ID)}}}, {"maxTradeSzs", reply.List{"0.0", "0.0"}},
		{"availableToTrade", reply.List{"0.0", "0.0"}}, {"markPx", m.MarkPrice()}}
}
