package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

func sideText(s exchange.Side) string {
	if s == exchange.Buy {
		return "BUY"
	}
	return "SELL"
}

// positionText is positionSide.
func positionText(s exchange.Side) string {
	switch s {
	case exchange.Buy:
		return "LONG"
	case exchange.Sell:
		return "SHORT"
	}
	return "BOTH"
}

// limitText is the order's price: zero for a market order.
func (o *order) limitText() string { return o.m.PriceText(o.Price) }

// placed is the answer to POST order.
func (o *order) placed(reply string) object {
	if o.m.In.Perp() {
		// ACK and RESULT differ only in waiting, and here nothing is waited for.
		return o.futures(false)
	}
	v := object{{"symbol", o.m.In.Symbol}, {"orderId", o.ID}, {"orderListId", o.listID()}, {"clientOrderId", o.Client}, {"transactTime", millis(o.Created)}}
	if reply == "ACK" {
		return v
	}
	v = v.with(o.spotState()...)
	if !o.Stop.IsZero() {
		v = v.with(field{"stopPrice", o.Stop})
	}
	if o.inBook() {
		v = v.with(field{"workingTime", o.workingTime()})
	}
	v = v.with(field{"selfTradePreventionMode", "EXPIRE_TAKER"})
	if o.expiry() != "" {
		v = v.with(field{"expiryReason", o.expiry()})
	}
	if reply != "FULL" {
		return v
	}
	fills := list{}
	for _, t := range o.Fills {
		fills = append(fills, object{{"price", o.m.PriceText(t.Price)}, {"qty", o.m.QtyText(t.Qty)}, {"commission", t.Fee}, {"commissionAsset", t.FeeAsset}, {"tradeId", t.ID}})
	}
	return v.with(field{"fills", fills})
}

// spotState is what every spot answer says of an order.
func (o *order) spotState() []field {
	return []field{
		{"price", o.limitText()}, {"origQty", o.m.QtyText(o.Qty)}, {"executedQty", o.m.QtyText(o.Filled)}, {"origQuoteOrderQty", o.quoteQty},
		{"cummulativeQuoteQty", o.Worth}, {"status", o.Status}, {"timeInForce", o.TIF}, {"type", o.Type}, {"side", sideText(o.Side)},
	}
}

// canceled is the answer to a cancel, and on futures to a modification. On spot
// the cancel has the client id, and the order's own is the original.
func (o *order) canceled() object {
	if o.m.In.Perp() {
		return o.futures(false)
	}
	return object{{"symbol", o.m.In.Symbol}, {"origClientOrderId", o.Client}, {"orderId", o.ID}, {"orderListId", o.listID()}, {"clientOrderId", o.CancelName},
		{"transactTime", millis(o.Updated)}}.with(o.spotState()...).with(field{"selfTradePreventionMode", "EXPIRE_TAKER"})
}

// queried is the answer to GET order and its lists.
func (o *order) queried() object {
	if o.m.In.Perp() {
		return o.futures(true)
	}
	return object{{"symbol", o.m.In.Symbol}, {"orderId", o.ID}, {"orderListId", o.listID()}, {"clientOrderId", o.Client}}.with(o.spotState()...).with(
		field{"stopPrice", o.Stop}, field{"icebergQty", decimal.Zero}, field{"time", millis(o.Created)}, field{"updateTime", millis(o.Updated)},
		field{"isWorking", o.inBook()}, field{"workingTime", o.workingTime()}, field{"selfTradePreventionMode", "EXPIRE_TAKER"})
}

// futures is a futures order. Since 2026-06-30 only queries tell the average
// price and the value.
func (o *order) futures(query bool) object {
	v := object{{"orderId", o.ID}, {"symbol", o.m.In.Symbol}}
	if o.m.In.Inverse() {
		v = v.with(field{"pair", o.m.pair()})
	}
	v = v.with(field{"status", o.Status}, field{"clientOrderId", o.Client}, field{"price", o.limitText()})
	if query {
		worth := "cumQuote"
		if o.m.In.Inverse() {
			worth = "cumBase"
		}
		v = v.with(field{"avgPrice", o.averageText()}, field{worth, o.Worth}, field{"time", millis(o.Created)})
	} else {
		v = v.with(field{"cumQty", o.m.QtyText(o.Filled)})
	}
	return v.with(
		field{"origQty", o.m.QtyText(o.Qty)}, field{"executedQty", o.m.QtyText(o.Filled)}, field{"timeInForce", o.TIF}, field{"type", o.Type},
		field{"reduceOnly", o.ReduceOnly}, field{"closePosition", false}, field{"side", sideText(o.Side)}, field{"positionSide", positionText(o.PositionSide)},
		field{"stopPrice", stopText(o.Stop)}, field{"workingType", o.workingType()}, field{"priceProtect", false}, field{"origType", o.original()},
		field{"priceMatch", o.matching()}, field{"selfTradePreventionMode", "EXPIRE_TAKER"}).with(o.dated()...).with(field{"updateTime", millis(o.Updated)})
}

// dated is goodTillDate, which COIN-M does not have.
func (o *order) dated() []field {
	if o.m.In.Inverse() {
		return nil
	}
	return []field{{"goodTillDate", o.GoodTill}}
}

// original is the type that the order was asked for as.
func (o *order) original() string {
	if o.Conditional != nil {
		return o.Conditional.Type
	}
	return o.Type
}

func (o *order) workingType() string {
	if o.Conditional != nil {
		return algoOf(o.Conditional).working
	}
	return "CONTRACT_PRICE"
}

func (o *order) matching() string {
	if o.matchWith != "" {
		return o.matchWith
	}
	return "NONE"
}

func (o *order) averageText() string {
	a := o.Average()
	if a.IsZero() {
		return "0.00000"
	}
	return money(a)
}

// query is a trade as myTrades and userTrades list it.
func (t *trade) query() object {
	o, m := t.Order, t.Order.m
	v := object{{"symbol", m.In.Symbol}, {"id", t.ID}, {"orderId", o.ID}}
	if api.Of(m.In.Venue) == api.Spot {
		return v.with(field{"orderListId", o.listID()}, field{"price", m.PriceText(t.Price)}, field{"qty", m.QtyText(t.Qty)}, field{"quoteQty", t.Worth},
			field{"commission", t.Fee}, field{"commissionAsset", t.FeeAsset}, field{"time", millis(t.Time)}, field{"isBuyer", o.Side == exchange.Buy},
			field{"isMaker", t.Maker}, field{"isBestMatch", true})
	}
	v = v.with(field{"side", sideText(o.Side)}, field{"price", m.PriceText(t.Price)}, field{"qty", m.QtyText(t.Qty)}, field{"realizedPnl", t.Realised})
	if m.In.Inverse() {
		v = v.with(field{"pair", m.pair()}, field{"marginAsset", m.In.Settle()}, field{"baseQty", t.Worth})
	} else {
		v = v.with(field{"quoteQty", t.Worth})
	}
	return v.with(field{"commission", t.Fee}, field{"commissionAsset", t.FeeAsset}, field{"time", millis(t.Time)}, field{"positionSide", positionText(o.PositionSide)},
		field{"buyer", o.Side == exchange.Buy}, field{"maker", t.Maker})
}
