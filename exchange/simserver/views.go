package simserver

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

// limitText is the order's price: zero for a market order.
func (o *order) limitText() string { return o.m.price(o.price) }

// placed is the answer to POST order.
func (o *order) placed(reply string) object {
	if o.m.in.Perp() {
		// ACK and RESULT differ only in waiting, and here nothing is waited for.
		return o.futures(false)
	}
	v := object{{"symbol", o.m.in.Symbol}, {"orderId", o.id}, {"orderListId", -1}, {"clientOrderId", o.client}, {"transactTime", millis(o.created)}}
	if reply == "ACK" {
		return v
	}
	v = v.with(o.spotState()...)
	if !o.stop.IsZero() {
		v = v.with(field{"stopPrice", o.stop})
	}
	if !o.waits {
		v = v.with(field{"workingTime", o.workingTime()})
	}
	v = v.with(field{"selfTradePreventionMode", "EXPIRE_TAKER"})
	if o.expiry != "" {
		v = v.with(field{"expiryReason", o.expiry})
	}
	if reply != "FULL" {
		return v
	}
	fills := list{}
	for _, t := range o.fills {
		fills = append(fills, object{{"price", o.m.price(t.price)}, {"qty", o.m.qty(t.qty)}, {"commission", t.fee}, {"commissionAsset", t.feeAsset}, {"tradeId", t.id}})
	}
	return v.with(field{"fills", fills})
}

// spotState is what every spot answer says of an order.
func (o *order) spotState() []field {
	return []field{
		{"price", o.limitText()}, {"origQty", o.m.qty(o.qty)}, {"executedQty", o.m.qty(o.filled)}, {"origQuoteOrderQty", o.quoteQty},
		{"cummulativeQuoteQty", o.worth}, {"status", o.status}, {"timeInForce", o.tif}, {"type", o.typ}, {"side", sideText(o.side)},
	}
}

// canceled is the answer to a cancel, and on futures to a modification. On spot
// the cancel has the client id, and the order's own is the original.
func (o *order) canceled() object {
	if o.m.in.Perp() {
		return o.futures(false)
	}
	return object{{"symbol", o.m.in.Symbol}, {"origClientOrderId", o.client}, {"orderId", o.id}, {"orderListId", -1}, {"clientOrderId", o.cancelName},
		{"transactTime", millis(o.updated)}}.with(o.spotState()...).with(field{"selfTradePreventionMode", "EXPIRE_TAKER"})
}

// queried is the answer to GET order and its lists.
func (o *order) queried() object {
	if o.m.in.Perp() {
		return o.futures(true)
	}
	return object{{"symbol", o.m.in.Symbol}, {"orderId", o.id}, {"orderListId", -1}, {"clientOrderId", o.client}}.with(o.spotState()...).with(
		field{"stopPrice", o.stop}, field{"icebergQty", decimal.Zero}, field{"time", millis(o.created)}, field{"updateTime", millis(o.updated)},
		field{"isWorking", !o.waits}, field{"workingTime", o.workingTime()}, field{"selfTradePreventionMode", "EXPIRE_TAKER"})
}

// futures is a futures order. Since 2026-06-30 only queries tell the average
// price and the value.
func (o *order) futures(query bool) object {
	v := object{{"orderId", o.id}, {"symbol", o.m.in.Symbol}}
	if o.m.in.Inverse() {
		v = v.with(field{"pair", o.m.pair()})
	}
	v = v.with(field{"status", o.status}, field{"clientOrderId", o.client}, field{"price", o.limitText()})
	if query {
		worth := "cumQuote"
		if o.m.in.Inverse() {
			worth = "cumBase"
		}
		v = v.with(field{"avgPrice", o.averageText()}, field{worth, o.worth}, field{"time", millis(o.created)})
	} else {
		v = v.with(field{"cumQty", o.m.qty(o.filled)})
	}
	return v.with(
		field{"origQty", o.m.qty(o.qty)}, field{"executedQty", o.m.qty(o.filled)}, field{"timeInForce", o.tif}, field{"type", o.typ},
		field{"reduceOnly", o.reduceOnly}, field{"closePosition", false}, field{"side", sideText(o.side)}, field{"positionSide", "BOTH"},
		field{"stopPrice", stopText(o.stop)}, field{"workingType", o.workingType()}, field{"priceProtect", false}, field{"origType", o.original()},
		field{"priceMatch", o.matching()}, field{"selfTradePreventionMode", "EXPIRE_TAKER"}).with(o.dated()...).with(field{"updateTime", millis(o.updated)})
}

// dated is goodTillDate, which COIN-M does not have.
func (o *order) dated() []field {
	if o.m.in.Inverse() {
		return nil
	}
	return []field{{"goodTillDate", o.goodTill}}
}

// original is the type that the order was asked for as.
func (o *order) original() string {
	if o.origType != "" {
		return o.origType
	}
	return o.typ
}

func (o *order) workingType() string {
	if o.working != "" {
		return o.working
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
	a := o.average()
	if a.IsZero() {
		return "0.00000"
	}
	return money(a)
}

// query is a trade as myTrades and userTrades list it.
func (t *trade) query() object {
	o, m := t.order, t.order.m
	v := object{{"symbol", m.in.Symbol}, {"id", t.id}, {"orderId", o.id}}
	if api.Of(m.in.Venue) == api.Spot {
		return v.with(field{"orderListId", -1}, field{"price", m.price(t.price)}, field{"qty", m.qty(t.qty)}, field{"quoteQty", t.worth},
			field{"commission", t.fee}, field{"commissionAsset", t.feeAsset}, field{"time", millis(t.at)}, field{"isBuyer", o.side == exchange.Buy},
			field{"isMaker", t.maker}, field{"isBestMatch", true})
	}
	v = v.with(field{"side", sideText(o.side)}, field{"price", m.price(t.price)}, field{"qty", m.qty(t.qty)}, field{"realizedPnl", t.realised})
	if m.in.Inverse() {
		v = v.with(field{"pair", m.pair()}, field{"marginAsset", m.in.Settle()}, field{"baseQty", t.worth})
	} else {
		v = v.with(field{"quoteQty", t.worth})
	}
	return v.with(field{"commission", t.fee}, field{"commissionAsset", t.feeAsset}, field{"time", millis(t.at)}, field{"positionSide", "BOTH"},
		field{"buyer", o.side == exchange.Buy}, field{"maker", t.maker})
}
