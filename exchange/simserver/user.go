package simserver

import (
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
)

// userEvent is one event of an account's stream in a market.
type userEvent struct {
	market api.Market
	kind   string
	body   object
}

// listenKey is what a futures stream is found by.
type listenKey struct {
	key     string
	expires exchange.Time // on the request clock
}

// listenFor is how long a listen key lives without being kept alive.
const listenFor = exchange.Hour

func (a *account) tell(m api.Market, kind string, body object) {
	a.outbox = append(a.outbox, userEvent{m, kind, body})
}

// flush sends what was made, in order.
func (a *account) flush() {
	for _, ev := range a.outbox {
		a.s.hub.tell(a, ev)
	}
	clear(a.outbox)
	a.outbox = a.outbox[:0]
}

// report makes the events of a change of an order; t is the fill of a TRADE.
func (a *account) report(o *order, exec string, t *trade) {
	made := len(a.outbox)
	a.describe(o, exec, t)
	if t != nil {
		a.s.desk.delayed(a, o, made)
	}
	if o.algo != nil && !o.open() {
		a.turn(o.algo, algoFinished)
	}
}

func (a *account) describe(o *order, exec string, t *trade) {
	if api.Of(o.m.in.Venue) == api.Spot {
		a.executions++
		a.tell(api.Spot, "executionReport", a.executionReport(o, exec, t))
		a.tellSpotBalances(o.updated, o.m.in.Base, o.m.in.Quote)
		return
	}
	a.tell(api.Of(o.m.in.Venue), "ORDER_TRADE_UPDATE", a.orderTradeUpdate(o, exec, t))
	if t != nil {
		a.tellAccount(api.Of(o.m.in.Venue), "ORDER", t.feeAsset, decimal.Zero, o.m, t.at)
	}
}

// executionReport is spot's order event. On a cancel, c is the cancel's name and
// C the order's own.
func (a *account) executionReport(o *order, exec string, t *trade) object {
	zero := decimal.Zero
	c, original := o.client, ""
	if exec == "CANCELED" {
		c, original = o.cancelName, o.client
	}
	if exec == "REPLACED" {
		original = o.cancelName
	}
	id, last, price, fee, maker := int64(-1), "0.00000000", "0.00000000", "0", false
	var asset any
	worth := zero
	if t != nil {
		id, last, price, fee, asset, maker, worth = t.id, o.m.qty(t.qty), o.m.price(t.price), money(t.fee), t.feeAsset, t.maker, t.worth
	}
	v := object{{"e", "executionReport"}, {"E", millis(a.s.now)}, {"s", o.m.in.Symbol}, {"c", c}, {"S", sideText(o.side)}, {"o", o.typ}, {"f", o.tif},
		{"q", o.m.qty(o.qty)}, {"p", o.limitText()}, {"P", o.stop}, {"F", zero}, {"g", -1}, {"C", original}, {"x", exec}, {"X", o.status}, {"r", "NONE"},
		{"i", o.id}, {"l", last}, {"z", o.m.qty(o.filled)}, {"L", price}, {"n", fee}, {"N", asset}, {"T", millis(o.updated)}, {"t", id}, {"I", a.executions},
		{"w", o.open() && !o.waits}, {"m", maker}, {"M", false}, {"O", millis(o.created)}, {"Z", o.worth}, {"Y", worth}, {"Q", o.quoteQty}}
	if !o.waits {
		v = v.with(field{"W", o.workingTime()})
	}
	v = v.with(field{"V", "EXPIRE_TAKER"})
	if o.expiry != "" {
		v = v.with(field{"eR", o.expiry})
	}
	return v
}

// tellSpotBalances is outboundAccountPosition: what assets are now.
func (a *account) tellSpotBalances(at exchange.Time, assets ...string) {
	out := list{}
	for _, asset := range assets {
		b := a.venue.Balance(api.Spot.Wallet(), asset)
		out = append(out, object{{"a", asset}, {"f", b.Free}, {"l", b.Locked}})
	}
	a.tell(api.Spot, "outboundAccountPosition", object{{"e", "outboundAccountPosition"}, {"E", millis(a.s.now)}, {"u", millis(at)}, {"B", out}})
}

// tellSpotChange is balanceUpdate, and the position that follows it.
func (a *account) tellSpotChange(asset string, amount decimal.Decimal, at exchange.Time) {
	a.tell(api.Spot, "balanceUpdate", object{{"e", "balanceUpdate"}, {"E", millis(a.s.now)}, {"a", asset}, {"d", amount}, {"T", millis(at)}})
	a.tellSpotBalances(at, asset)
}

// orderTradeUpdate is the order event of futures.
func (a *account) orderTradeUpdate(o *order, exec string, t *trade) object {
	last, price, id, maker, realised := "0", "0", int64(0), false, "0"
	if t != nil {
		last, price, id, maker, realised = o.m.qty(t.qty), o.m.price(t.price), t.id, t.maker, money(t.realised)
	}
	if o.typ == "LIQUIDATION" && exec == "TRADE" {
		exec = "CALCULATED"
	}
	v := object{{"s", o.m.in.Symbol}, {"c", o.client}, {"S", sideText(o.side)}, {"o", o.typ}, {"f", o.tif}, {"q", o.m.qty(o.qty)}, {"p", o.limitText()},
		{"ap", o.averageText()}, {"sp", stopText(o.stop)}, {"x", exec}, {"X", o.status}, {"i", o.id}, {"l", last}, {"z", o.m.qty(o.filled)}, {"L", price}}
	if o.m.in.Inverse() {
		v = v.with(field{"ma", o.m.in.Settle()})
	}
	if t != nil {
		v = v.with(field{"n", t.fee}, field{"N", t.feeAsset})
	}
	v = v.with(field{"T", millis(o.updated)}, field{"t", id}, field{"b", "0"}, field{"a", "0"}, field{"m", maker}, field{"R", o.reduceOnly},
		field{"wt", o.workingType()}, field{"ot", o.original()}, field{"ps", "BOTH"}, field{"cp", false}, field{"rp", realised}, field{"pP", false})
	if !o.m.in.Inverse() {
		v = v.with(field{"si", 0}, field{"ss", 0}, field{"gtd", o.goodTill})
	}
	v = v.with(field{"V", "EXPIRE_TAKER"}, field{"pm", o.matching()}, field{"er", orZero(o.expiry)})
	return a.envelope(api.Of(o.m.in.Venue), "ORDER_TRADE_UPDATE", o.updated).with(field{"o", v})
}

func orZero(s string) string {
	if s == "" {
		return "0"
	}
	return s
}

// envelope begins a futures user event; COIN-M names the account in it.
func (a *account) envelope(m api.Market, kind string, at exchange.Time) object {
	v := object{{"e", kind}, {"E", millis(a.s.now)}, {"T", millis(at)}}
	if m == api.COINM {
		v = v.with(field{"i", a.alias()})
	}
	return v
}

// tellAccount is ACCOUNT_UPDATE: one asset's balance, with the change that is
// not profit or fee, and the position of m when there is one to tell.
func (a *account) tellAccount(wallet api.Market, reason, asset string, change decimal.Decimal, m *market, at exchange.Time) {
	body := object{{"m", reason}, {"B", a.balanceOf(wallet, asset, change)}}
	positions := list{}
	if m != nil {
		positions = append(positions, a.positionOf(m))
	}
	a.tell(wallet, "ACCOUNT_UPDATE", a.envelope(wallet, "ACCOUNT_UPDATE", at).with(field{"a", body.with(field{"P", positions})}))
}

func (a *account) balanceOf(wallet api.Market, asset string, change decimal.Decimal) list {
	total := a.venue.Balance(wallet.Wallet(), asset).Total
	return list{object{{"a", asset}, {"wb", total}, {"cw", total}, {"bc", change}}}
}

func (a *account) positionOf(m *market) object {
	p := a.venue.Position(m.in.ID)
	return object{{"s", m.in.Symbol}, {"pa", m.qty(p.Qty)}, {"ep", p.Entry.Round(8).String()}, {"bep", p.Entry.Round(8).String()}, {"cr", p.Realised},
		{"up", a.venue.PositionMargin(m.in.ID).Unrealised}, {"mt", "cross"}, {"iw", "0"}, {"ps", "BOTH"}}
}

// tellFunding is ACCOUNT_UPDATE for funding on a cross position: a balance, no
// position, and since 2026-08 the symbol.
func (a *account) tellFunding(in *exchange.Instrument, p *exchange.FundingPayment) {
	body := object{{"m", "FUNDING_FEE"}, {"S", in.Symbol}, {"B", a.balanceOf(api.Of(in.Venue), p.Asset, p.Amount)}, {"P", list{}}}
	a.tell(api.Of(in.Venue), "ACCOUNT_UPDATE", a.envelope(api.Of(in.Venue), "ACCOUNT_UPDATE", p.Settled).with(field{"a", body}))
}

func (a *account) tellLeverage(m *market, leverage int) {
	a.tell(api.Of(m.in.Venue), "ACCOUNT_CONFIG_UPDATE", a.envelope(api.Of(m.in.Venue), "ACCOUNT_CONFIG_UPDATE", a.s.now).with(
		field{"ac", object{{"s", m.in.Symbol}, {"l", leverage}}}))
	a.flush()
}

// startListenKey is POST listenKey: one that lives is extended and told again.
func startListenKey(s *sim, c *call) (any, *fault) {
	k := &c.account.listenKeys[c.market]
	if k.key == "" {
		k.key = s.name("listen key")
	}
	k.expires = s.wall() + listenFor
	return object{{"listenKey", k.key}}, nil
}

// keepListenKey is PUT listenKey.
func keepListenKey(s *sim, c *call) (any, *fault) {
	k := &c.account.listenKeys[c.market]
	if k.key == "" {
		return nil, errListenKey
	}
	k.expires = s.wall() + listenFor
	return object{{"listenKey", k.key}}, nil
}

// closeListenKey is DELETE listenKey: streams on it stay open and are mute.
func closeListenKey(_ *sim, c *call) (any, *fault) {
	c.account.listenKeys[c.market] = listenKey{}
	return object{}, nil
}

// expireListenKeys ends keys that nobody kept alive.
func (s *sim) expireListenKeys() {
	now := s.wall()
	for _, a := range s.accounts {
		for _, m := range []api.Market{api.USDM, api.COINM} {
			if k := a.listenKeys[m]; k.key != "" && k.expires <= now {
				a.expireListenKey(m)
			}
		}
		a.runCountdowns()
		a.runGoodTill()
	}
}

// expireListenKey tells the streams of a key that it has ended; the sockets stay
// open and say nothing more.
func (a *account) expireListenKey(m api.Market) {
	k := a.listenKeys[m].key
	if k == "" {
		return
	}
	a.tell(m, "listenKeyExpired", object{{"e", "listenKeyExpired"}, {"E", millis(a.s.now)}, {"listenKey", k}})
	a.flush()
	a.listenKeys[m] = listenKey{}
}
