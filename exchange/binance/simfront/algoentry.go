package simfront

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
)

// placeAlgo is POST algoOrder. Filters are checked now, margin when it triggers.
func (h *algoEntry) placeAlgo(c *call) (any, *fault) {
	g, f := h.readAlgo(c)
	if f != nil {
		return nil, f
	}
	a := c.account
	if f := a.admitAlgo(g); f != nil {
		return nil, f
	}
	a.Conditionals.Place(g.Conditional)
	return g.placed(), nil
}

// admitAlgo applies what depends on the account's other algo orders.
func (a *account) admitAlgo(g *algo) *fault {
	if len(a.Conditionals.Waiting()) >= maxAlgos {
		return bad(-4045, "Reach max stop order limit.")
	}
	for _, other := range a.waiting() {
		switch {
		case other.client == g.client:
			return bad(-4116, "ClientOrderId is duplicated.")
		case other.m == g.m && g.closePosition && other.closePosition && other.side == g.side && other.position == g.position && other.typ == g.typ:
			return bad(-4130, "An open stop or take profit order with GTE and closePosition in the direction is existing.")
		}
	}
	return nil
}

// readAlgo reads the parameters of an algo order.
func (h *algoEntry) readAlgo(c *call) (*algo, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	switch c.get("algoType") {
	case "CONDITIONAL":
	case "":
		return nil, missing("algoType")
	default:
		return nil, bad(-1130, "Data sent for parameter 'algoType' is not valid.")
	}
	g := &algo{ticket: ticket{m: m}}
	for _, read := range []func(*call) *fault{g.readSide, g.readKind, g.readFlags, g.readTrigger, g.readAmounts} {
		if f := read(c); f != nil {
			return nil, f
		}
	}
	if g.expire, f = h.goodTill(c, g.tif); f != nil {
		return nil, f
	}
	if g.client, f = h.clientName(c, c.get("clientAlgoId")); f != nil {
		return nil, f
	}
	return g, g.checkAlgo()
}

// readKind reads the type and the time in force of the child.
func (g *algo) readKind(c *call) *fault {
	g.typ, g.tif = c.get("type"), c.get("timeInForce")
	if g.tif == "" {
		g.tif = "GTC"
	}
	switch g.typ {
	case "":
		return missing("type")
	case "STOP", "TAKE_PROFIT":
		g.kind = exchange.Limit
		return g.readPolicy(c.market)
	case "STOP_MARKET", "TAKE_PROFIT_MARKET", "TRAILING_STOP_MARKET":
		g.kind, g.policy = exchange.MarketOrder, exchange.IOC
		return nil
	}
	return bad(-1116, "Invalid orderType.")
}

func (g *algo) readFlags(c *call) (f *fault) {
	if f = g.readPosition(c); f != nil {
		return f
	}
	for _, flag := range []struct {
		name string
		to   *bool
	}{{"closePosition", &g.closePosition}, {"priceProtect", &g.priceProtect}} {
		if *flag.to, f = c.flag(flag.name); f != nil {
			return f
		}
	}
	switch g.working = c.get("workingType"); g.working {
	case "":
		g.working = "CONTRACT_PRICE"
	case "CONTRACT_PRICE", "MARK_PRICE":
	default:
		return bad(-1130, "Data sent for parameter 'workingType' is not valid.")
	}
	switch {
	case g.closePosition && g.position != 0 && !g.reduceOnly:
		return bad(-2022, "ReduceOnly Order is rejected.")
	case g.closePosition && g.typ != "STOP_MARKET" && g.typ != "TAKE_PROFIT_MARKET":
		return bad(-4136, "Target strategy invalid for orderType %s,closePosition true", g.typ)
	case g.closePosition && c.has("quantity"):
		return notRequired("quantity")
	case g.closePosition && c.has("reduceOnly"):
		return notRequired("reduceonly")
	}
	return nil
}

// readTrigger reads when the order is to be sent.
func (g *algo) readTrigger(c *call) (f *fault) {
	if g.typ != "TRAILING_STOP_MARKET" {
		g.trigger, f = c.amount("triggerPrice")
		return f
	}
	if g.callback, f = c.amount("callbackRate"); f != nil {
		return f
	}
	if g.callback.LessThan(decimal.New(1, -1)) || g.callback.GreaterThan(decimal.NewFromInt(10)) {
		return bad(-1130, "Data sent for parameter 'callbackRate' is not valid.")
	}
	if c.has("activatePrice") {
		g.activate, f = c.amount("activatePrice")
	}
	return f
}

func (g *algo) readAmounts(c *call) (f *fault) {
	if !g.closePosition {
		if g.qty, f = c.amount("quantity"); f != nil {
			return f
		}
	}
	if f = g.readMatch(c); f != nil {
		return f
	}
	return g.readPrice(c)
}

// checkAlgo applies the filters, and refuses what would trigger at once.
func (g *algo) checkAlgo() *fault {
	if g.m.Rules.Halted {
		return bad(-4140, "Invalid symbol status for opening position.")
	}
	for _, p := range []decimal.Decimal{g.trigger, g.activate, g.price} {
		if !p.IsZero() {
			if f := g.m.checkPrice(p); f != nil {
				return f
			}
		}
	}
	if !g.closePosition {
		if f := g.m.checkQty(g.qty); f != nil {
			return f
		}
	}
	g.Conditional = g.conditional()
	price := g.m.TriggerPrice(g.ByMark)
	if g.typ == "TRAILING_STOP_MARKET" {
		if g.activate.IsPositive() && (g.side == exchange.Buy) == g.activate.GreaterThanOrEqual(price) {
			return bad(-2021, "Order would immediately trigger.")
		}
		return nil
	}
	if g.trigger.IsZero() {
		return bad(-4006, "Stop price less than zero.")
	}
	if g.Reached(price) {
		return bad(-2021, "Order would immediately trigger.")
	}
	return nil
}

// findAlgo finds the algo order that algoId or clientAlgoId names, the latest of
// a name.
func (c *call) findAlgo(unknown *fault) (*algo, *fault) {
	if !c.has("algoId") && !c.has("clientAlgoId") {
		return nil, bad(-1102, "Param 'clientalgoid' or 'algoid' must be sent, but both were empty/null!")
	}
	id, f := c.integer("algoId", 0)
	if f != nil {
		return nil, f
	}
	for _, g := range slices.Backward(c.account.algos()) {
		if api.Of(g.m.In.Venue) == c.market && (id == g.ID || !c.has("algoId") && g.client == c.get("clientAlgoId")) {
			return g, nil
		}
	}
	return nil, unknown
}

// cancelAlgo is DELETE algoOrder. Its answer has the code as text.
func (h *algoEntry) cancelAlgo(c *call) (any, *fault) {
	g, f := c.findAlgo(errCancel)
	if f != nil {
		return nil, f
	}
	if g.Status != simserver.ConditionalNew {
		return nil, errCancel
	}
	c.account.Conditionals.Cancel(g.Conditional)
	return object{{"algoId", g.ID}, {"clientAlgoId", g.client}, {"code", "200"}, {"msg", "success"}}, nil
}

// cancelAllAlgos is DELETE algoOpenOrders.
func (h *algoEntry) cancelAllAlgos(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	var gone []*simserver.Conditional
	for _, g := range c.account.Conditionals.Waiting() {
		if g.Market == m.Market {
			gone = append(gone, g)
		}
	}
	c.account.Conditionals.Cancel(gone...)
	return object{{"code", 200}, {"msg", "The operation of cancel all open order is done."}}, nil
}

func (h *algoEntry) queryAlgo(c *call) (any, *fault) {
	g, f := c.findAlgo(errNoOrder)
	if f != nil {
		return nil, f
	}
	return g.queried(), nil
}

func (h *algoEntry) openAlgos(c *call) (any, *fault) {
	wanted, f := h.wanted(c)
	if f != nil {
		return nil, f
	}
	out := list{}
	for _, g := range c.account.waiting() {
		if slices.Contains(wanted, g.m) && (!c.has("algoId") || c.get("algoId") == strconv.FormatInt(g.ID, 10)) {
			out = append(out, g.queried())
		}
	}
	return out, nil
}

// allAlgos lists the algo orders of a symbol by id.
func (h *algoEntry) allAlgos(c *call) (any, *fault) {
	m, f := h.named(c)
	if f != nil {
		return nil, f
	}
	p, f := c.history("algoId")
	if f != nil {
		return nil, f
	}
	var hits []*algo
	for _, g := range c.account.algos() {
		if g.m == m && p.holds(g.ID, g.Created) {
			hits = append(hits, g)
		}
	}
	out := list{}
	for _, g := range latest(hits, p.n, p.forward()) {
		out = append(out, g.queried())
	}
	return out, nil
}
