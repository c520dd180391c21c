package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// userEvents words what happened to an account for its streams.
type userEvents struct {
	account    *account
	clock      *simserver.Clock
	segments   *segments
	executions int64 // spot's count of them
}

// word makes a message of an event.
func (e *userEvents) word(mk api.Market, kind string, body object) simserver.Message {
	return simserver.Message{Segment: e.segments[mk], Kind: kind, Body: body}
}

// queueEvent adds an event of the front's own to what is sent next.
func (e *userEvents) queueEvent(mk api.Market, kind string, body object) {
	e.account.Outbox.Queue(e.word(mk, kind, body))
}

// moveEvents tells one wallet's side of a transfer.
func (e *userEvents) moveEvents(wallet api.Market, asset string, amount decimal.Decimal, at exchange.Time) []simserver.Message {
	if wallet == api.Spot {
		return e.spotChangeEvents(asset, amount, at)
	}
	reason := "DEPOSIT"
	if amount.IsNegative() {
		reason = "WITHDRAW"
	}
	return e.accountUpdate(wallet, reason, asset, amount, nil, at)
}

// changes is how spot tells a change of an order. Futures tell all that expires alike,
// and a changed order as an amendment.
var changes = map[simserver.OrderChange]string{
	simserver.Opened: "NEW", simserver.Filled: "TRADE", simserver.Canceled: "CANCELED", simserver.Expired: "EXPIRED", simserver.Prevented: "TRADE_PREVENTION",
	simserver.Reduced: "REPLACED", simserver.Replaced: "AMENDMENT",
}

// orderEvents tells a change of an order; t is the fill of a TRADE.
func (e *userEvents) orderEvents(o *order, change simserver.OrderChange, t *trade) []simserver.Message {
	mk := api.Of(o.m.In.Venue)
	if mk == api.Spot {
		e.executions++
		report := e.word(mk, "executionReport", e.executionReport(o, changes[change], t))
		return []simserver.Message{report, e.spotBalances(o.Updated, o.m.In.Base, o.m.In.Quote)}
	}
	if change == simserver.Prevented {
		change = simserver.Expired
	}
	var out []simserver.Message
	if t != nil && mk == api.USDM && !o.Forced {
		out = append(out, e.word(mk, "TRADE_LITE", e.tradeLite(o, t)))
	}
	out = append(out, e.word(mk, "ORDER_TRADE_UPDATE", e.orderTradeUpdate(o, changes[change], t)))
	if t != nil {
		out = append(out, e.accountUpdate(mk, "ORDER", t.FeeAsset, decimal.Zero, []holding{e.account.holding(o.m, o.PositionSide)}, t.Time)...)
	}
	return out
}

// executionReport is spot's order event. On a cancel, c is the cancel's name and
// C the order's own.
func (e *userEvents) executionReport(o *order, exec string, t *trade) object {
	zero := decimal.Zero
	c, original := o.Client, ""
	if exec == "CANCELED" {
		c, original = o.CancelName, o.Client
	}
	if exec == "REPLACED" {
		original = o.CancelName
	}
	id, last, price, fee, maker := int64(-1), "0.00000000", "0.00000000", "0", false
	var asset any
	worth := zero
	if t != nil {
		id, last, price, fee, asset, maker, worth = t.ID, o.m.QtyText(t.Qty), o.m.PriceText(t.Price), money(t.Fee), t.FeeAsset, t.Maker, t.Worth
	}
	v := object{{"e", "executionReport"}, {"E", millis(e.clock.Now())}, {"s", o.m.In.Symbol}, {"c", c}, {"S", sideText(o.Side)}, {"o", o.Type}, {"f", o.TIF},
		{"q", o.m.QtyText(o.Qty)}, {"p", o.limitText()}, {"P", o.Stop}, {"F", zero}, {"g", o.listID()}, {"C", original}, {"x", exec}, {"X", o.Status}, {"r", "NONE"},
		{"i", o.ID}, {"l", last}, {"z", o.m.QtyText(o.Filled)}, {"L", price}, {"n", fee}, {"N", asset}, {"T", millis(o.Updated)}, {"t", id}, {"I", e.executions},
		{"w", o.Open() && o.inBook()}, {"m", maker}, {"M", false}, {"O", millis(o.Created)}, {"Z", o.Worth}, {"Y", worth}, {"Q", o.quoteQty}}
	if o.inBook() {
		v = v.with(field{"W", o.workingTime()})
	}
	v = v.with(field{"V", "EXPIRE_TAKER"})
	if o.expiry() != "" {
		v = v.with(field{"eR", o.expiry()})
	}
	return v
}

// spotBalances is outboundAccountPosition: what assets are now.
func (e *userEvents) spotBalances(at exchange.Time, assets ...string) simserver.Message {
	out := list{}
	for _, asset := range assets {
		b := e.account.Funds.Balance(api.Spot.Wallet(), asset)
		out = append(out, object{{"a", asset}, {"f", b.Free}, {"l", b.Locked}})
	}
	return e.word(api.Spot, "outboundAccountPosition", object{{"e", "outboundAccountPosition"}, {"E", millis(e.clock.Now())}, {"u", millis(at)}, {"B", out}})
}

// spotChangeEvents is balanceUpdate, and the position that follows it.
func (e *userEvents) spotChangeEvents(asset string, amount decimal.Decimal, at exchange.Time) []simserver.Message {
	change := e.word(api.Spot, "balanceUpdate", object{{"e", "balanceUpdate"}, {"E", millis(e.clock.Now())}, {"a", asset}, {"d", amount}, {"T", millis(at)}})
	return []simserver.Message{change, e.spotBalances(at, asset)}
}

// orderTradeUpdate is the order event of futures.
func (e *userEvents) orderTradeUpdate(o *order, exec string, t *trade) object {
	last, price, id, maker, realised := "0", "0", int64(0), false, "0"
	if t != nil {
		last, price, id, maker, realised = o.m.QtyText(t.Qty), o.m.PriceText(t.Price), t.ID, t.Maker, money(t.Realised)
	}
	if o.Type == "LIQUIDATION" && exec == "TRADE" {
		exec = "CALCULATED"
	}
	v := object{{"s", o.m.In.Symbol}, {"c", o.Client}, {"S", sideText(o.Side)}, {"o", o.Type}, {"f", o.TIF}, {"q", o.m.QtyText(o.Qty)}, {"p", o.limitText()},
		{"ap", o.averageText()}, {"sp", stopText(o.Stop)}, {"x", exec}, {"X", o.Status}, {"i", o.ID}, {"l", last}, {"z", o.m.QtyText(o.Filled)}, {"L", price}}
	if o.m.In.Inverse() {
		v = v.with(field{"ma", o.m.In.Settle()})
	}
	if t != nil {
		v = v.with(field{"n", t.Fee}, field{"N", t.FeeAsset})
	}
	v = v.with(field{"T", millis(o.Updated)}, field{"t", id}, field{"b", "0"}, field{"a", "0"}, field{"m", maker}, field{"R", o.ReduceOnly},
		field{"wt", o.workingType()}, field{"ot", o.original()}, field{"ps", positionText(o.PositionSide)}, field{"cp", false}, field{"rp", realised}, field{"pP", false})
	if !o.m.In.Inverse() {
		v = v.with(field{"si", 0}, field{"ss", 0}, field{"gtd", o.GoodTill})
	}
	v = v.with(field{"V", "EXPIRE_TAKER"}, field{"pm", o.matching()}, field{"er", orZero(o.expiry())})
	return e.envelope(api.Of(o.m.In.Venue), "ORDER_TRADE_UPDATE", o.Updated).with(field{"o", v})
}

// tradeLite is the short word on a trade that USD-M sends ahead of the order's. Source: user
// data streams of USD-M, "Trade Lite".
func (e *userEvents) tradeLite(o *order, t *trade) object {
	return object{{"e", "TRADE_LITE"}, {"E", millis(e.clock.Now())}, {"T", millis(t.Time)}, {"s", o.m.In.Symbol}, {"q", o.m.QtyText(o.Qty)}, {"p", o.limitText()},
		{"m", t.Maker}, {"c", o.Client}, {"S", sideText(o.Side)}, {"L", o.m.PriceText(t.Price)}, {"l", o.m.QtyText(t.Qty)}, {"t", t.ID}, {"i", o.ID}}
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// envelope begins a futures user event; COIN-M names the account in it.
func (e *userEvents) envelope(m api.Market, kind string, at exchange.Time) object {
	v := object{{"e", kind}, {"E", millis(e.clock.Now())}, {"T", millis(at)}}
	if m == api.COINM {
		v = v.with(field{"i", e.account.alias()})
	}
	return v
}

// accountUpdate is ACCOUNT_UPDATE: one asset's balance, with the change that is
// not profit or fee, and the positions that there are to tell.
func (e *userEvents) accountUpdate(wallet api.Market, reason, asset string, change decimal.Decimal, held []holding, at exchange.Time) []simserver.Message {
	body := object{{"m", reason}, {"B", e.balanceOf(wallet, asset, change)}}
	positions := list{}
	for _, p := range held {
		positions = append(positions, p.event())
	}
	return []simserver.Message{e.word(wallet, "ACCOUNT_UPDATE", e.envelope(wallet, "ACCOUNT_UPDATE", at).with(field{"a", body.with(field{"P", positions})}))}
}

func (e *userEvents) balanceOf(wallet api.Market, asset string, change decimal.Decimal) list {
	for _, p := range e.account.marginAssets(wallet) {
		if p.asset == asset {
			return list{object{{"a", asset}, {"wb", p.wallet}, {"cw", p.cross}, {"bc", change}}}
		}
	}
	return list{object{{"a", asset}, {"wb", decimal.Zero}, {"cw", decimal.Zero}, {"bc", change}}}
}

// fundingUpdate is ACCOUNT_UPDATE for funding: a balance, the symbol since 2026-08, and the
// position only of an isolated one.
func (e *userEvents) fundingUpdate(m *market, p *exchange.FundingPayment) []simserver.Message {
	in, mk := m.In, api.Of(m.In.Venue)
	positions := list{}
	for _, held := range e.account.holdings(m) {
		if _, isolated := held.leg.Wallet(); isolated {
			positions = append(positions, held.event())
		}
	}
	body := object{{"m", "FUNDING_FEE"}, {"S", in.Symbol}, {"B", e.balanceOf(mk, p.Asset, p.Amount)}, {"P", positions}}
	return []simserver.Message{e.word(mk, "ACCOUNT_UPDATE", e.envelope(mk, "ACCOUNT_UPDATE", p.Settled).with(field{"a", body}))}
}

// marginMoved is ACCOUNT_UPDATE of margin that a position has of its own, or not any more.
func (e *userEvents) marginMoved(m *market, reason string, held []holding, at exchange.Time) {
	mk := api.Of(m.In.Venue)
	for _, msg := range e.accountUpdate(mk, reason, m.In.Settle(), decimal.Zero, held, at) {
		e.account.Outbox.Queue(msg)
	}
	e.account.Outbox.Flush()
}

func (e *userEvents) sendLeverage(m *market, leverage int) {
	e.queueEvent(api.Of(m.In.Venue), "ACCOUNT_CONFIG_UPDATE", e.envelope(api.Of(m.In.Venue), "ACCOUNT_CONFIG_UPDATE", e.clock.Now()).with(
		field{"ac", object{{"s", m.In.Symbol}, {"l", leverage}}}))
	e.account.Outbox.Flush()
}
