package simfront

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// algo is a conditional order of a futures account as it was asked for, and as it
// stands once it was placed. Source: algoOrder of USD-M and COIN-M.
type algo struct {
	*simserver.Conditional
	ticket
	working       string // CONTRACT_PRICE or MARK_PRICE
	trigger       decimal.Decimal
	activate      decimal.Decimal // of a trailing stop; zero: at once
	callback      decimal.Decimal // in per cent
	closePosition bool
	priceProtect  bool
	expire        int64 // goodTillDate, milliseconds; 0: none
}

// maxAlgos is how many may wait at a time in one account.
const maxAlgos = 200

func algoOf(g *simserver.Conditional) *algo { return g.Note.(*algo) }

func (a *account) algos() []*algo   { return algosOf(a.Conditionals.All()) }
func (a *account) waiting() []*algo { return algosOf(a.Conditionals.Waiting()) }

func algosOf(list []*simserver.Conditional) []*algo {
	out := make([]*algo, len(list))
	for i, g := range list {
		out[i] = algoOf(g)
	}
	return out
}

// rises reports that the order waits for the price to come up to its trigger.
func (g *algo) rises() bool {
	stop := g.typ == "STOP" || g.typ == "STOP_MARKET"
	return stop == (g.side == exchange.Buy)
}

// conditional is the order as the exchange takes it.
func (g *algo) conditional() *simserver.Conditional {
	return &simserver.Conditional{Market: g.m.Market, Client: g.client, Side: g.side, PositionSide: g.position, Type: g.typ, Qty: g.qty, ByMark: g.working == "MARK_PRICE",
		Trigger: g.trigger, Rising: g.rises(), Trailing: g.typ == "TRAILING_STOP_MARKET", Activate: g.activate, Callback: g.callback,
		ClosePosition: g.closePosition, Protect: g.priceProtect, Expires: g.expire, Note: g}
}

// algoUpdate is ALGO_UPDATE. What the child did is told once there is one.
func (e *userEvents) algoUpdate(g *algo) object {
	child, price, qty, kind := "", "0", "0", "0"
	if g.Child != nil {
		child, price, qty, kind = strconv.FormatInt(g.Child.ID, 10), orderOf(g.Child).averageText(), g.m.QtyText(g.Child.Filled), g.Child.Type
	}
	v := object{{"caid", g.client}, {"aid", g.ID}, {"at", "CONDITIONAL"}, {"o", g.typ}, {"s", g.m.In.Symbol}, {"S", sideText(g.side)}, {"ps", positionText(g.position)}, {"f", g.tif},
		{"q", g.quantity()}, {"X", g.Status}, {"ai", child}, {"ap", price}, {"aq", qty}, {"act", kind}, {"tp", g.trigger.String()}, {"p", g.limit()},
		{"V", "EXPIRE_TAKER"}, {"wt", g.working}, {"pm", g.matching()}, {"cp", g.closePosition}, {"pP", g.priceProtect}, {"R", g.reduceOnly},
		{"tt", millis(g.Triggered)}, {"gtd", g.expire}, {"rm", g.Reason}}
	return e.envelope(api.Of(g.m.In.Venue), "ALGO_UPDATE", g.Updated).with(field{"o", v})
}

func (g *algo) quantity() string { return g.m.QtyText(exchange.Lots(g.m.In.Lot.Floor(g.qty))) }

func (g *algo) limit() string { return g.m.PriceText(exchange.Ticks(g.m.In.Tick.Floor(g.price))) }

// placed is the answer to POST algoOrder.
func (g *algo) placed() object {
	activate, callback := "", ""
	if g.typ == "TRAILING_STOP_MARKET" {
		activate, callback = g.activate.String(), g.callback.String()
	}
	return g.head().with(field{"triggerPrice", g.trigger.String()}, field{"price", g.limit()}, field{"icebergQuantity", nil}).with(g.tail()...).with(
		field{"activatePrice", activate}, field{"callbackRate", callback}, field{"createTime", millis(g.Created)}, field{"updateTime", millis(g.Updated)},
		field{"triggerTime", millis(g.Triggered)}, field{"goodTillDate", g.expire})
}

// queried is the answer to GET algoOrder and its lists.
func (g *algo) queried() object {
	child, price := "", "0.00000"
	if g.Child != nil {
		child, price = strconv.FormatInt(g.Child.ID, 10), orderOf(g.Child).averageText()
	}
	return g.head().with(field{"actualOrderId", child}, field{"actualPrice", price}, field{"triggerPrice", g.trigger.String()}, field{"price", g.limit()},
		field{"icebergQuantity", nil}, field{"tpTriggerPrice", "0.000"}, field{"tpPrice", "0.000"}, field{"slTriggerPrice", "0.000"}, field{"slPrice", "0.000"},
		field{"tpOrderType", ""}).with(g.tail()...).with(field{"createTime", millis(g.Created)}, field{"updateTime", millis(g.Updated)},
		field{"triggerTime", millis(g.Triggered)}, field{"goodTillDate", g.expire})
}

func (g *algo) head() object {
	return object{{"algoId", g.ID}, {"clientAlgoId", g.client}, {"algoType", "CONDITIONAL"}, {"orderType", g.typ}, {"symbol", g.m.In.Symbol},
		{"side", sideText(g.side)}, {"positionSide", positionText(g.position)}, {"timeInForce", g.tif}, {"quantity", g.quantity()}, {"algoStatus", g.Status}}
}

func (g *algo) tail() []field {
	return []field{{"selfTradePreventionMode", "EXPIRE_TAKER"}, {"workingType", g.working}, {"priceMatch", g.matching()}, {"closePosition", g.closePosition},
		{"priceProtect", g.priceProtect}, {"reduceOnly", g.reduceOnly}}
}
