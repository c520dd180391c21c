package simfront

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// sourceOf is why an order that is canceled was.
func sourceOf(o *simserver.Order) string {
	switch n := orderNote(o); {
	case o.Status != simserver.StatusCanceled && o.Status != simserver.StatusExpired && o.Status != simserver.StatusMatched:
		return ""
	case n.source != "":
		return n.source
	case strings.Contains(o.CancelName, "countdown"):
		return "20"
	case o.Status == simserver.StatusMatched:
		return "32"
	case o.Type == "fok":
		return "13"
	case o.Type == "ioc" || o.Kind == exchange.MarketOrder:
		return "14"
	}
	return "0"
}

// orderRow words an order; t is the fill that an event tells of.
func orderRow(o *simserver.Order, t *simserver.Trade) reply.Object {
	in, n := o.Market.In, orderNote(o)
	state := map[simserver.Status]string{simserver.StatusNew: "live", simserver.StatusPartial: "partially_filled", simserver.StatusFilled: "filled"}[o.Status]
	if state == "" {
		state = "canceled"
	}
	client, px, category := o.Client, "", "normal"
	if n.made {
		client = ""
	}
	if o.Kind == exchange.Limit {
		px = price(in, o.Price)
	}
	if n.category != "" {
		category = n.category
	}
	average := ""
	if o.Filled > 0 {
		average = money(o.Average())
	}
	fee, feeAsset := decimal.Zero, in.Settle()
	for _, x := range o.Fills {
		fee, feeAsset = fee.Add(x.Fee), x.FeeAsset
	}
	fillPx, fillSz, tradeID, fillFee, fillFeeAsset, execType, fillTime, profit := "", "0", "", "0", "", "", "", "0"
	if t != nil {
		fillPx, fillSz, tradeID, fillFee, fillFeeAsset, execType, fillTime, profit = price(in, t.Price), size(in, t.Qty), strconv.FormatInt(t.ID, 10), money(t.Fee.Neg()), t.FeeAsset, takerOrMaker(t), ms(t.Time), money(t.Realised)
	}
	unit := ""
	if o.Kind == exchange.MarketOrder && !in.Perp() {
		unit = "base_ccy"
	}
	return reply.Object{{"accFillSz", size(in, o.Filled)}, {"amendResult", ""}, {"avgPx", average}, {"cTime", ms(o.Created)}, {"cancelSource", sourceOf(o)}, {"category", category}, {"ccy", ""}, {"clOrdId", client},
		{"code", "0"}, {"execType", execType}, {"fee", money(fee.Neg())}, {"feeCcy", feeAsset}, {"fillFee", fillFee}, {"fillFeeCcy", fillFeeAsset}, {"fillPnl", profit}, {"fillPx", fillPx}, {"fillSz", fillSz}, {"fillTime", fillTime},
		{"instId", in.Symbol}, {"instType", string(api.Of(in.Venue))}, {"lever", ""}, {"msg", ""}, {"ordId", orderID(o)}, {"ordType", o.Type}, {"pnl", "0"}, {"posSide", posSide(in)}, {"px", px}, {"rebate", "0"}, {"rebateCcy", feeAsset},
		{"reduceOnly", strconv.FormatBool(o.ReduceOnly)}, {"reqId", ""}, {"side", sideText(o.Side)}, {"source", ""}, {"state", state}, {"stpMode", "cancel_maker"}, {"sz", size(in, o.Qty)}, {"tag", n.tag}, {"tdMode", n.mode}, {"tgtCcy", unit},
		{"tradeId", tradeID}, {"uTime", ms(o.Updated)}}
}

func posSide(in *exchange.Instrument) string {
	if in.Perp() {
		return "net"
	}
	return ""
}

func takerOrMaker(t *simserver.Trade) string {
	if t.Maker {
		return "M"
	}
	return "T"
}
