package simserver

import (
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
)

// algo is a conditional order of a futures account: an id space and an event of
// its own. When its price is reached it sends an ordinary order, its child, and
// is over when that is. Source: algoOrder of USD-M and COIN-M.
type algo struct {
	ticket
	id            int64
	working       string // CONTRACT_PRICE or MARK_PRICE
	trigger       decimal.Decimal
	activate      decimal.Decimal // of a trailing stop; zero: at once
	callback      decimal.Decimal // in per cent
	closePosition bool
	priceProtect  bool
	expire        int64 // goodTillDate, milliseconds; 0: none
	trailing      bool  // past its activation
	extreme       decimal.Decimal
	status        string
	created       exchange.Time
	updated       exchange.Time
	triggered     exchange.Time
	child         *order
	reason        string // why it was rejected or expired
}

// Statuses of an algo order. FINISHED says only that the child is over.
const (
	algoNew        = "NEW"
	algoTriggering = "TRIGGERING"
	algoTriggered  = "TRIGGERED"
	algoFinished   = "FINISHED"
	algoCanceled   = "CANCELED"
	algoRejected   = "REJECTED"
	algoExpired    = "EXPIRED"
)

// maxAlgos is how many may wait at a time in one account.
const maxAlgos = 200

// triggerProtect is how far apart contract and mark price may be for an order
// with priceProtect to trigger, as exchangeInfo states it.
var triggerProtect = decimal.New(5, -2)

// rises reports that the order waits for the price to come up to its trigger.
func (g *algo) rises() bool {
	stop := g.typ == "STOP" || g.typ == "STOP_MARKET"
	return stop == (g.side == exchange.Buy)
}

// reached reports whether the order triggers at a price. A trailing stop takes
// note of the price.
func (g *algo) reached(price decimal.Decimal) bool {
	if g.typ == "TRAILING_STOP_MARKET" {
		return g.trail(price)
	}
	if g.rises() {
		return price.GreaterThanOrEqual(g.trigger)
	}
	return price.LessThanOrEqual(g.trigger)
}

// trail follows the price from the activation on: a buying one the lowest price,
// and it triggers callback per cent above that. Selling is the mirror of it.
func (g *algo) trail(price decimal.Decimal) bool {
	buy := g.side == exchange.Buy
	if !g.trailing {
		if g.activate.IsPositive() && (buy && price.GreaterThan(g.activate) || !buy && price.LessThan(g.activate)) {
			return false
		}
		g.trailing, g.extreme = true, price
	}
	turn := g.callback.Shift(-2)
	if buy {
		g.extreme = decimal.Min(g.extreme, price)
		return price.GreaterThanOrEqual(g.extreme.Mul(one.Add(turn)))
	}
	g.extreme = decimal.Max(g.extreme, price)
	return price.LessThanOrEqual(g.extreme.Mul(one.Sub(turn)))
}

var one = decimal.NewFromInt(1)

// judged is the price that a working type looks at.
func (m *market) judged(working string) decimal.Decimal {
	if working == "MARK_PRICE" {
		return m.markPrice()
	}
	return m.in.PriceDecimal(m.lastPrice())
}

// apart reports that contract and mark price differ by too much.
func (m *market) apart() bool {
	mark := m.markPrice()
	return mark.IsPositive() && m.in.PriceDecimal(m.lastPrice()).Sub(mark).Abs().GreaterThan(mark.Mul(triggerProtect))
}

// runAlgos triggers what a market event has brought to its price.
func (a *account) runAlgos(m *market) {
	if len(a.waiting) == 0 {
		return
	}
	for _, g := range slices.Clone(a.waiting) {
		if g.m == m && g.status == algoNew && g.reached(m.judged(g.working)) && !(g.priceProtect && m.apart()) {
			a.fire(g)
		}
	}
}

// fire sends the child. Only now margin and position are looked at.
func (a *account) fire(g *algo) {
	g.triggered = a.s.now
	a.turn(g, algoTriggering)
	t := g.ticket
	t.algo, t.goodTill = g, g.expire
	t.typ = "LIMIT"
	if t.kind == exchange.MarketOrder {
		t.typ, t.tif = "MARKET", "GTC"
	}
	if g.closePosition {
		held := a.venue.Position(g.m.in.ID).Qty
		if held*exchange.Lots(g.side) >= 0 {
			g.reason = "There is no position to close."
			a.turn(g, algoExpired)
			a.flush()
			return
		}
		t.qty, t.reduceOnly = g.m.in.QtyDecimal(held.Abs()), true
	}
	f := t.match()
	if f == nil {
		a.flush()
		_, f = a.place(&t)
	}
	if f != nil {
		g.reason, g.child = f.msg, nil
		a.turn(g, algoRejected)
		a.flush()
	}
}

// turn changes the state of an algo order and tells of it.
func (a *account) turn(g *algo, status string) {
	g.status, g.updated = status, a.s.now
	if status != algoNew && status != algoTriggering {
		a.waiting = slices.DeleteFunc(a.waiting, func(other *algo) bool { return other == g })
	}
	a.tell(api.Of(g.m.in.Venue), "ALGO_UPDATE", a.algoUpdate(g))
}

// adopt makes o the child of its algo order.
func (a *account) adopt(g *algo, o *order) {
	g.child, o.algo = o, g
	o.origType, o.stop, o.working = g.typ, g.trigger, g.working
	a.turn(g, algoTriggered)
}

// expireAlgos ends what waits in a market that is delisted.
func (a *account) expireAlgos(m *market, reason string) {
	for _, g := range slices.Clone(a.waiting) {
		if g.m == m {
			g.reason = reason
			a.turn(g, algoExpired)
		}
	}
	a.flush()
}

// algoUpdate is ALGO_UPDATE. What the child did is told once there is one.
func (a *account) algoUpdate(g *algo) object {
	child, price, qty, kind := "", "0", "0", "0"
	if g.child != nil {
		child, price, qty, kind = strconv.FormatInt(g.child.id, 10), g.child.averageText(), g.m.qty(g.child.filled), g.child.typ
	}
	v := object{{"caid", g.client}, {"aid", g.id}, {"at", "CONDITIONAL"}, {"o", g.typ}, {"s", g.m.in.Symbol}, {"S", sideText(g.side)}, {"ps", "BOTH"}, {"f", g.tif},
		{"q", g.quantity()}, {"X", g.status}, {"ai", child}, {"ap", price}, {"aq", qty}, {"act", kind}, {"tp", g.trigger.String()}, {"p", g.limit()},
		{"V", "EXPIRE_TAKER"}, {"wt", g.working}, {"pm", g.matching()}, {"cp", g.closePosition}, {"pP", g.priceProtect}, {"R", g.reduceOnly},
		{"tt", millis(g.triggered)}, {"gtd", g.expire}, {"rm", g.reason}}
	return a.envelope(api.Of(g.m.in.Venue), "ALGO_UPDATE", g.updated).with(field{"o", v})
}

func (g *algo) quantity() string { return g.m.qty(exchange.Lots(g.m.in.Lot.Floor(g.qty))) }

func (g *algo) limit() string { return g.m.price(exchange.Ticks(g.m.in.Tick.Floor(g.price))) }

// placed is the answer to POST algoOrder.
func (g *algo) placed() object {
	activate, callback := "", ""
	if g.typ == "TRAILING_STOP_MARKET" {
		activate, callback = g.activate.String(), g.callback.String()
	}
	return g.head().with(field{"triggerPrice", g.trigger.String()}, field{"price", g.limit()}, field{"icebergQuantity", nil}).with(g.tail()...).with(
		field{"activatePrice", activate}, field{"callbackRate", callback}, field{"createTime", millis(g.created)}, field{"updateTime", millis(g.updated)},
		field{"triggerTime", millis(g.triggered)}, field{"goodTillDate", g.expire})
}

// queried is the answer to GET algoOrder and its lists.
func (g *algo) queried() object {
	child, price := "", "0.00000"
	if g.child != nil {
		child, price = strconv.FormatInt(g.child.id, 10), g.child.averageText()
	}
	return g.head().with(field{"actualOrderId", child}, field{"actualPrice", price}, field{"triggerPrice", g.trigger.String()}, field{"price", g.limit()},
		field{"icebergQuantity", nil}, field{"tpTriggerPrice", "0.000"}, field{"tpPrice", "0.000"}, field{"slTriggerPrice", "0.000"}, field{"slPrice", "0.000"},
		field{"tpOrderType", ""}).with(g.tail()...).with(field{"createTime", millis(g.created)}, field{"updateTime", millis(g.updated)},
		field{"triggerTime", millis(g.triggered)}, field{"goodTillDate", g.expire})
}

func (g *algo) head() object {
	return object{{"algoId", g.id}, {"clientAlgoId", g.client}, {"algoType", "CONDITIONAL"}, {"orderType", g.typ}, {"symbol", g.m.in.Symbol},
		{"side", sideText(g.side)}, {"positionSide", "BOTH"}, {"timeInForce", g.tif}, {"quantity", g.quantity()}, {"algoStatus", g.status}}
}

func (g *algo) tail() []field {
	return []field{{"selfTradePreventionMode", "EXPIRE_TAKER"}, {"workingType", g.working}, {"priceMatch", g.matching()}, {"closePosition", g.closePosition},
		{"priceProtect", g.priceProtect}, {"reduceOnly", g.reduceOnly}}
}

// audit is the simulator's own view of an algo order.
func (g *algo) audit() object {
	child := int64(0)
	if g.child != nil {
		child = g.child.id
	}
	return object{{"market", api.Of(g.m.in.Venue).String()}, {"symbol", g.m.in.Symbol}, {"id", g.id}, {"client_id", g.client}, {"side", sideText(g.side)}, {"type", g.typ},
		{"status", g.status}, {"trigger", g.trigger.String()}, {"qty", g.qty.String()}, {"order", child}, {"reason", g.reason}, {"created", millis(g.created)}}
}
