package simfront

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// cancelOrder is DELETE order.
func (h *orderEntry) cancelOrder(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	o, f := c.account.findOrder(c, m, errCancel)
	if f != nil {
		return nil, f
	}
	if f := restricted(c, o); f != nil {
		return nil, f
	}
	name, f := h.clientName(c, c.get("newClientOrderId"))
	if f != nil {
		return nil, f
	}
	if f := c.account.cancelOrder(o, name); f != nil {
		return nil, f
	}
	return o.canceled(), nil
}

// restricted applies cancelRestrictions of spot.
func restricted(c *call, o *order) *fault {
	switch want := c.get("cancelRestrictions"); {
	case want == "ONLY_NEW" && o.Status != simserver.StatusNew, want == "ONLY_PARTIALLY_FILLED" && o.Status != simserver.StatusPartial:
		return bad(-2011, "Order was not canceled due to cancel restrictions.")
	}
	return nil
}

// cancelOrder ends an open order under the name of its cancel.
func (a *account) cancelOrder(o *order, name string) *fault {
	if !a.Lists.Cancel(o.Order, name) {
		return errCancel
	}
	return nil
}

// cancelAll is DELETE openOrders on spot, which tells every order and refuses
// when there is none, and DELETE allOpenOrders on futures.
func (h *orderEntry) cancelAll(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	open := c.account.openOrders(c.market, m)
	if c.market == api.Spot && len(open) == 0 {
		return nil, errCancel
	}
	out := list{}
	name := h.newName("cancel")[:22]
	for _, o := range open {
		if f := c.account.cancelOrder(o, name); f != nil {
			continue // its list has gone with an order before it
		}
		if o.List != nil {
			out = append(out, canceledList(o.List))
			continue
		}
		out = append(out, o.canceled())
	}
	if c.market == api.Spot {
		return out, nil
	}
	return object{{"code", 200}, {"msg", "The operation of cancel all open order is done."}}, nil
}

// either is a parameter that some clients write in lower case, as ccxt does with the lists of
// batchOrders (ts/src/binance.ts, sign), which the venue takes as well.
func (c *call) either(key string) string {
	if c.has(key) {
		return c.get(key)
	}
	return c.get(strings.ToLower(key))
}

// cancelBatch is DELETE batchOrders: up to ten by id or by client id.
func (h *orderEntry) cancelBatch(c *call) (any, *fault) {
	var ids []json.Number
	var names []string
	if err := json.Unmarshal([]byte(orEmpty(c.either("orderIdList"))), &ids); err != nil {
		return nil, bad(-1130, "Data sent for parameter 'orderIdList' is not valid.")
	}
	if err := json.Unmarshal([]byte(orEmpty(c.either("origClientOrderIdList"))), &names); err != nil {
		return nil, bad(-1130, "Data sent for parameter 'origClientOrderIdList' is not valid.")
	}
	if n := len(ids) + len(names); n == 0 || n > 10 {
		return nil, bad(-4082, "Invalid number of batch orders.")
	}
	out := list{}
	try := func(key, value string) {
		v, f := h.cancelOrder(c.item(map[string]any{"symbol": c.get("symbol"), key: value}))
		if f != nil {
			v = f.body()
		}
		out = append(out, v)
	}
	for _, id := range ids {
		try("orderId", id.String())
	}
	for _, n := range names {
		try("origClientOrderId", n)
	}
	return out, nil
}

func orEmpty(text string) string {
	if text == "" {
		return "[]"
	}
	return text
}

// cancelReplace cancels an order and sends another. The filters of the new one
// are checked before either. Source: spot order/cancelReplace.
func (h *orderEntry) cancelReplace(c *call) (any, *fault) {
	mode := c.get("cancelReplaceMode")
	switch mode {
	case "STOP_ON_FAILURE", "ALLOW_FAILURE":
	case "":
		return nil, missing("cancelReplaceMode")
	default:
		return nil, bad(-1130, "Data sent for parameter 'cancelReplaceMode' is not valid.")
	}
	t, f := h.readTicket(c)
	if f != nil {
		return nil, f
	}
	gone, cancelFault := h.cancelLeg(c, t.m)
	if cancelFault != nil && mode == "STOP_ON_FAILURE" {
		return nil, replaceFault(-2022, "FAILURE", "NOT_ATTEMPTED", cancelFault.body(), nil)
	}
	o, placeFault := c.account.placeTicket(t)
	switch {
	case cancelFault == nil && placeFault == nil:
		return object{{"cancelResult", "SUCCESS"}, {"newOrderResult", "SUCCESS"}, {"cancelResponse", gone.canceled()}, {"newOrderResponse", o.placed(t.reply)}}, nil
	case cancelFault == nil:
		return nil, replaceFault(-2021, "SUCCESS", "FAILURE", gone.canceled(), placeFault.body())
	case placeFault == nil:
		return nil, replaceFault(-2021, "FAILURE", "SUCCESS", cancelFault.body(), o.placed(t.reply))
	}
	return nil, replaceFault(-2022, "FAILURE", "FAILURE", cancelFault.body(), placeFault.body())
}

// cancelLeg cancels what cancelOrderId or cancelOrigClientOrderId names.
func (h *orderEntry) cancelLeg(c *call, m *market) (*order, *fault) {
	named := c.item(map[string]any{"orderId": c.get("cancelOrderId"), "origClientOrderId": c.get("cancelOrigClientOrderId"),
		"cancelRestrictions": c.get("cancelRestrictions")})
	o, f := c.account.findOrder(named, m, errCancel)
	if f != nil {
		return nil, f
	}
	if f := restricted(named, o); f != nil {
		return nil, f
	}
	name, f := h.clientName(c, c.get("cancelNewClientOrderId"))
	if f != nil {
		return nil, f
	}
	return o, c.account.cancelOrder(o, name)
}

func replaceFault(code int, cancel, place string, cancelBody, placeBody any) *fault {
	f := &fault{status: http.StatusBadRequest, code: code, msg: "Order cancel-replace failed."}
	if code == -2021 {
		f.status, f.msg = http.StatusConflict, "Order cancel-replace partially failed."
	}
	f.extra = []field{{"data", object{{"cancelResult", cancel}, {"newOrderResult", place}, {"cancelResponse", cancelBody}, {"newOrderResponse", placeBody}}}}
	return f
}

// maxCountdown is a year, in milliseconds.
const maxCountdown = 365 * 24 * 3600 * 1000

// countdownCancelAll arms, renews or disarms the dead-man switch of a symbol. It
// runs on the request clock. Source: futures countdownCancelAll.
func (h *orderEntry) countdownCancelAll(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	ms, f := c.integer("countdownTime", -1)
	if f != nil {
		return nil, f
	}
	switch {
	case ms < 0 || ms > maxCountdown:
		return nil, missing("countdownTime")
	case ms == 0:
		c.account.Deadlines.Countdown(m.Market, 0)
	default:
		c.account.Deadlines.Countdown(m.Market, h.clock.Wall()+exchange.UnixMilli(ms))
	}
	return object{{"symbol", m.In.Symbol}, {"countdownTime", strconv.FormatInt(ms, 10)}}, nil
}
