package simfront

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// listenKey is what a futures stream is found by.
type listenKey struct {
	key     string
	expires exchange.Time // on the request clock
}

// listenFor is how long a listen key lives without being kept alive.
const listenFor = exchange.Hour

// Tell implements simserver.Front.
func (s *sim) Tell(of *simserver.Account, ev simserver.Event) []simserver.Message {
	a := accountOf(of)
	switch ev.Kind {
	case simserver.OrderChanged:
		return a.tellOrder(orderOf(ev.Order), ev.Change, tradeOf(ev.Trade))
	case simserver.ConditionalChanged:
		g := algoOf(ev.Conditional)
		return []simserver.Message{a.message(api.Of(g.m.In.Venue), "ALGO_UPDATE", a.algoUpdate(g))}
	case simserver.FundingPaid:
		return a.tellFunding(s.markets[ev.Payment.Instrument], ev.Payment)
	case simserver.TransferMoved:
		return a.tellMove(api.Of(ev.Segment.Venue), ev.Asset, ev.Amount, ev.Time)
	case simserver.LossCleared:
		return a.tellAccount(api.Of(ev.Segment.Venue), "INSURANCE_CLEAR", ev.Asset, ev.Amount, nil, ev.Time)
	}
	return nil
}

func (a *account) message(mk api.Market, kind string, body object) simserver.Message {
	return simserver.Message{Segment: a.s.segments[mk], Kind: kind, Body: body}
}

// tell adds an event of the front's own to what is sent next.
func (a *account) tell(mk api.Market, kind string, body object) {
	a.Outbox.Queue(a.message(mk, kind, body))
}

// tellMove tells one wallet's side of a transfer.
func (a *account) tellMove(wallet api.Market, asset string, amount decimal.Decimal, at exchange.Time) []simserver.Message {
	if wallet == api.Spot {
		return a.tellSpotChange(asset, amount, at)
	}
	reason := "DEPOSIT"
	if amount.IsNegative() {
		reason = "WITHDRAW"
	}
	return a.tellAccount(wallet, reason, asset, amount, nil, at)
}

// changes is how spot tells a change of an order. Futures tell all that expires alike,
// and a changed order as an amendment.
var changes = map[simserver.OrderChange]string{
	simserver.Opened: "NEW", simserver.Filled: "TRADE", simserver.Cancelled: "CANCELED", simserver.Expired: "EXPIRED", simserver.Prevented: "TRADE_PREVENTION",
	simserver.Reduced: "REPLACED", simserver.Replaced: "AMENDMENT",
}

// tellOrder tells a change of an order; t is the fill of a TRADE.
func (a *account) tellOrder(o *order, change simserver.OrderChange, t *trade) []simserver.Message {
	mk := api.Of(o.m.In.Venue)
	if mk == api.Spot {
		a.executions++
		report := a.message(mk, "executionReport", a.executionReport(o, changes[change], t))
		return []simserver.Message{report, a.spotBalances(o.Updated, o.m.In.Base, o.m.In.Quote)}
	}
	if change == simserver.Prevented {
		change = simserver.Expired
	}
	out := []simserver.Message{a.message(mk, "ORDER_TRADE_UPDATE", a.orderTradeUpdate(o, changes[change], t))}
	if t != nil {
		out = append(out, a.tellAccount(mk, "ORDER", t.FeeAsset, decimal.Zero, o.m, t.Time)...)
		if o.Type == "LIQUIDATION" {
			a.s.publishForced(t)
		}
	}
	return out
}

// executionReport is spot's order event. On a cancel, c is the cancel's name and
// C the order's own.
func (a *account) executionReport(o *order, exec string, t *trade) object {
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
	v := object{{"e", "executionReport"}, {"E", millis(a.s.Clock.Now())}, {"s", o.m.In.Symbol}, {"c", c}, {"S", sideText(o.Side)}, {"o", o.Type}, {"f", o.TIF},
		{"q", o.m.QtyText(o.Qty)}, {"p", o.limitText()}, {"P", o.Stop}, {"F", zero}, {"g", -1}, {"C", original}, {"x", exec}, {"X", o.Status}, {"r", "NONE"},
		{"i", o.ID}, {"l", last}, {"z", o.m.QtyText(o.Filled)}, {"L", price}, {"n", fee}, {"N", asset}, {"T", millis(o.Updated)}, {"t", id}, {"I", a.executions},
		{"w", o.Open() && !o.Waits}, {"m", maker}, {"M", false}, {"O", millis(o.Created)}, {"Z", o.Worth}, {"Y", worth}, {"Q", o.quoteQty}}
	if !o.Waits {
		v = v.with(field{"W", o.workingTime()})
	}
	v = v.with(field{"V", "EXPIRE_TAKER"})
	if o.expiry() != "" {
		v = v.with(field{"eR", o.expiry()})
	}
	return v
}

// spotBalances is outboundAccountPosition: what assets are now.
func (a *account) spotBalances(at exchange.Time, assets ...string) simserver.Message {
	out := list{}
	for _, asset := range assets {
		b := a.Funds.Balance(api.Spot.Wallet(), asset)
		out = append(out, object{{"a", asset}, {"f", b.Free}, {"l", b.Locked}})
	}
	return a.message(api.Spot, "outboundAccountPosition", object{{"e", "outboundAccountPosition"}, {"E", millis(a.s.Clock.Now())}, {"u", millis(at)}, {"B", out}})
}

// tellSpotChange is balanceUpdate, and the position that follows it.
func (a *account) tellSpotChange(asset string, amount decimal.Decimal, at exchange.Time) []simserver.Message {
	change := a.message(api.Spot, "balanceUpdate", object{{"e", "balanceUpdate"}, {"E", millis(a.s.Clock.Now())}, {"a", asset}, {"d", amount}, {"T", millis(at)}})
	return []simserver.Message{change, a.spotBalances(at, asset)}
}

// orderTradeUpdate is the order event of futures.
func (a *account) orderTradeUpdate(o *order, exec string, t *trade) object {
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
		field{"wt", o.workingType()}, field{"ot", o.original()}, field{"ps", "BOTH"}, field{"cp", false}, field{"rp", realised}, field{"pP", false})
	if !o.m.In.Inverse() {
		v = v.with(field{"si", 0}, field{"ss", 0}, field{"gtd", o.GoodTill})
	}
	v = v.with(field{"V", "EXPIRE_TAKER"}, field{"pm", o.matching()}, field{"er", orZero(o.expiry())})
	return a.envelope(api.Of(o.m.In.Venue), "ORDER_TRADE_UPDATE", o.Updated).with(field{"o", v})
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// envelope begins a futures user event; COIN-M names the account in it.
func (a *account) envelope(m api.Market, kind string, at exchange.Time) object {
	v := object{{"e", kind}, {"E", millis(a.s.Clock.Now())}, {"T", millis(at)}}
	if m == api.COINM {
		v = v.with(field{"i", a.alias()})
	}
	return v
}

// tellAccount is ACCOUNT_UPDATE: one asset's balance, with the change that is
// not profit or fee, and the position of m when there is one to tell.
func (a *account) tellAccount(wallet api.Market, reason, asset string, change decimal.Decimal, m *market, at exchange.Time) []simserver.Message {
	body := object{{"m", reason}, {"B", a.balanceOf(wallet, asset, change)}}
	positions := list{}
	if m != nil {
		positions = append(positions, a.positionOf(m))
	}
	return []simserver.Message{a.message(wallet, "ACCOUNT_UPDATE", a.envelope(wallet, "ACCOUNT_UPDATE", at).with(field{"a", body.with(field{"P", positions})}))}
}

func (a *account) balanceOf(wallet api.Market, asset string, change decimal.Decimal) list {
	total := a.Funds.Balance(wallet.Wallet(), asset).Total
	return list{object{{"a", asset}, {"wb", total}, {"cw", total}, {"bc", change}}}
}

func (a *account) positionOf(m *market) object {
	p := a.Funds.Position(m.In.ID)
	return object{{"s", m.In.Symbol}, {"pa", m.QtyText(p.Qty)}, {"ep", p.Entry.Round(8).String()}, {"bep", p.Entry.Round(8).String()}, {"cr", p.Realised},
		{"up", a.Funds.PositionMargin(m.In.ID).Unrealised}, {"mt", "cross"}, {"iw", "0"}, {"ps", "BOTH"}}
}

// tellFunding is ACCOUNT_UPDATE for funding on a cross position: a balance, no
// position, and since 2026-08 the symbol.
func (a *account) tellFunding(m *market, p *exchange.FundingPayment) []simserver.Message {
	in, mk := m.In, api.Of(m.In.Venue)
	body := object{{"m", "FUNDING_FEE"}, {"S", in.Symbol}, {"B", a.balanceOf(mk, p.Asset, p.Amount)}, {"P", list{}}}
	return []simserver.Message{a.message(mk, "ACCOUNT_UPDATE", a.envelope(mk, "ACCOUNT_UPDATE", p.Settled).with(field{"a", body}))}
}

func (a *account) tellLeverage(m *market, leverage int) {
	a.tell(api.Of(m.In.Venue), "ACCOUNT_CONFIG_UPDATE", a.envelope(api.Of(m.In.Venue), "ACCOUNT_CONFIG_UPDATE", a.s.Clock.Now()).with(
		field{"ac", object{{"s", m.In.Symbol}, {"l", leverage}}}))
	a.Outbox.Flush()
}

// startListenKey is POST listenKey: one that lives is extended and told again.
func startListenKey(s *sim, c *call) (any, *fault) {
	k := &c.account.listenKeys[c.market]
	if k.key == "" {
		k.key = s.NewName("listen key")
	}
	k.expires = s.Clock.Wall() + listenFor
	return object{{"listenKey", k.key}}, nil
}

// keepListenKey is PUT listenKey.
func keepListenKey(s *sim, c *call) (any, *fault) {
	k := &c.account.listenKeys[c.market]
	if k.key == "" {
		return nil, errListenKey
	}
	k.expires = s.Clock.Wall() + listenFor
	return object{{"listenKey", k.key}}, nil
}

// closeListenKey is DELETE listenKey: streams on it stay open and are mute.
func closeListenKey(_ *sim, c *call) (any, *fault) {
	c.account.listenKeys[c.market] = listenKey{}
	return object{}, nil
}

// Tick implements simserver.Ticker: it ends keys that nobody kept alive.
func (s *sim) Tick(of *simserver.Account) {
	a, now := accountOf(of), s.Clock.Wall()
	for _, m := range []api.Market{api.USDM, api.COINM} {
		if k := a.listenKeys[m]; k.key != "" && k.expires <= now {
			a.expireListenKey(m)
		}
	}
}

// expireListenKey tells the streams of a key that it has ended; the sockets stay
// open and say nothing more.
func (a *account) expireListenKey(m api.Market) {
	k := a.listenKeys[m].key
	if k == "" {
		return
	}
	a.tell(m, "listenKeyExpired", object{{"e", "listenKeyExpired"}, {"E", millis(a.s.Clock.Now())}, {"listenKey", k}})
	a.Outbox.Flush()
	a.listenKeys[m] = listenKey{}
}
