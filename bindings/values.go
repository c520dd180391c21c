package bindings

import (
	"fmt"
	"strconv"

	"github.com/shopspring/decimal"
	lua "github.com/yuin/gopher-lua"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// record builds a table field by field, boxing numbers in the slab.
type record struct {
	rt *Runtime
	t  *lua.LTable
}

func newRecord(rt *Runtime, fields int) record { return record{rt, rt.L.CreateTable(0, fields)} }

func (r record) num(k string, f float64) { r.t.RawSetString(k, r.rt.Number(f)) }

func (r record) money(k string, d decimal.Decimal) { r.num(k, exchange.Float(d)) }

func (r record) str(k, s string) {
	if s != "" {
		r.t.RawSetString(k, lua.LString(s))
	}
}

func (r record) symbol(k string, in *exchange.Instrument) { r.t.RawSetString(k, r.rt.Symbol(in)) }

func (r record) flag(k string, b bool) { r.t.RawSetString(k, lua.LBool(b)) }

func (r record) time(k string, t exchange.Time) {
	if t != 0 {
		r.num(k, Seconds(t))
	}
}

// ID words an identifier for a script; the empty string for none.
func ID[T ~uint64](id T) string {
	if id == 0 {
		return ""
	}
	return strconv.FormatUint(uint64(id), 10)
}

// ParseID is the inverse of ID.
func ParseID[T ~uint64](s string) (T, error) {
	n, err := strconv.ParseUint(s, 10, 64)
	if err != nil || n == 0 {
		return 0, fmt.Errorf("%q is not an id: pass the string that was returned", s)
	}
	return T(n), nil
}

// NewTrade returns a public trade as an immutable object. Trades come in
// bursts, so its fields are made only when they are read.
func (rt *Runtime) NewTrade(id exchange.InstrumentID, t exchange.Trade) lua.LValue {
	return rt.NewObject(&TradeType, &trade{t, rt.env.Universe().Get(id)})
}

type trade struct {
	exchange.Trade
	in *exchange.Instrument
}

// TradeType describes a public trade.
var TradeType = Type{
	Name: "Trade",
	Doc:  "A public trade.",
	Fields: []Value{
		{Name: "symbol", Type: "string"},
		{Name: "price", Type: "number", Unit: "quote"},
		{Name: "qty", Type: "number", Unit: "units of quantity"},
		{Name: "notional", Type: "number", Unit: "quote"},
		{Name: "side", Type: "\"buy\"|\"sell\"", Doc: "of the aggressor"},
		{Name: "time", Type: "number", Unit: "seconds since the epoch"},
	},
	Index: tradeField,
}

func tradeField(rt *Runtime, self any, field string) lua.LValue {
	t := self.(*trade)
	switch field {
	case "symbol":
		return rt.Symbol(t.in)
	case "price":
		return rt.Number(t.in.PriceFloat(t.Price))
	case "qty":
		return rt.Number(t.in.QtyFloat(t.Qty))
	case "notional":
		return rt.Number(t.in.NotionalFloat(t.Price, t.Qty))
	case "side":
		return lua.LString(t.Side.String())
	case "time":
		return rt.Number(Seconds(t.Time))
	}
	return nil
}

// NewLiquidation returns a forced order as a table of LiquidationType.
func NewLiquidation(rt *Runtime, id exchange.InstrumentID, t exchange.Trade) *lua.LTable {
	in := rt.env.Universe().Get(id)
	r := newRecord(rt, 6)
	r.symbol("symbol", in)
	r.str("side", t.Side.String())
	r.num("price", in.PriceFloat(t.Price))
	r.num("qty", in.QtyFloat(t.Qty))
	r.num("notional", in.NotionalFloat(t.Price, t.Qty))
	r.time("time", t.Time)
	return r.t
}

// LiquidationType describes a forced order.
var LiquidationType = Type{
	Name: "Liquidation",
	Doc:  "A position that was closed by force. Venues tell of some, not of all: see on_liquidation in the guide.",
	Fields: []Value{
		{Name: "symbol", Type: "string"},
		{Name: "side", Type: "\"buy\"|\"sell\"", Doc: "of the forced order: sell closes a long position, buy a short one"},
		{Name: "price", Type: "number", Unit: "quote", Doc: "the average it was closed at, or the price of bankruptcy where the venue tells only that"},
		{Name: "qty", Type: "number", Unit: "units of quantity"},
		{Name: "notional", Type: "number", Unit: "quote"},
		{Name: "time", Type: "number?", Unit: "seconds since the epoch", Doc: "at the venue"},
	},
}

// NewMark returns a mark price as a table of MarkType.
func (rt *Runtime) NewMark(m exchange.MarkState) *lua.LTable {
	r := newRecord(rt, 6)
	r.num("mark", m.Mark.Float())
	r.num("index", m.Index.Float())
	r.num("rate", m.Rate.Float())
	r.num("hours", float64(m.Hours))
	r.time("next", m.NextFunding)
	r.time("time", m.Time)
	return r.t
}

// MarkType describes a mark price.
var MarkType = Type{
	Name: "Mark",
	Doc:  "The latest mark price of a perpetual and the running estimate of its coming funding.",
	Fields: []Value{
		{Name: "mark", Type: "number", Unit: "quote", Doc: "mark price"},
		{Name: "index", Type: "number", Unit: "quote", Doc: "index price"},
		{Name: "rate", Type: "number", Unit: "fraction per interval", Doc: "estimate of the coming funding rate"},
		{Name: "hours", Type: "integer", Unit: "hours", Doc: "the funding interval the rate is for"},
		{Name: "next", Type: "number?", Unit: "seconds since the epoch", Doc: "the coming settlement"},
		{Name: "time", Type: "number?", Unit: "seconds since the epoch", Doc: "when it was last updated"},
	},
}

// NewBar returns a candle as a table of BarType.
func (rt *Runtime) NewBar(in *exchange.Instrument, b *exchange.Bar) *lua.LTable {
	r := newRecord(rt, 13)
	r.symbol("symbol", in)
	r.num("open", in.PriceFloat(b.Open))
	r.num("high", in.PriceFloat(b.High))
	r.num("low", in.PriceFloat(b.Low))
	r.num("close", in.PriceFloat(b.Close))
	r.num("volume", b.Volume)
	if b.Known&exchange.FlowQuote != 0 {
		r.num("quote_volume", b.Quote)
	}
	if b.Known&exchange.FlowTrades != 0 {
		r.num("trades", float64(b.Trades))
	}
	if b.Known&exchange.FlowTakerBuy != 0 {
		r.num("taker_buy_volume", b.TakerBuy)
	}
	if share, ok := b.TakerShare(); ok {
		r.num("taker_share", share)
	}
	r.num("interval", Seconds(b.Interval))
	r.str("length", exchange.BarLength(b.Interval))
	r.time("time", b.Time)
	return r.t
}

// BarType describes a candle.
var BarType = Type{
	Name: "Bar",
	Doc:  "A finished candle. What its source does not tell is nil.",
	Fields: []Value{
		{Name: "symbol", Type: "string"},
		{Name: "open", Type: "number", Unit: "quote"},
		{Name: "high", Type: "number", Unit: "quote"},
		{Name: "low", Type: "number", Unit: "quote"},
		{Name: "close", Type: "number", Unit: "quote"},
		{Name: "volume", Type: "number", Unit: "units of quantity"},
		{Name: "quote_volume", Type: "number?", Unit: "quote", Doc: "what its trades were worth"},
		{Name: "trades", Type: "integer?", Doc: "how many there were"},
		{Name: "taker_buy_volume", Type: "number?", Unit: "units of quantity", Doc: "the volume that buyers took"},
		{Name: "taker_share", Type: "number?", Unit: "fraction", Doc: "taker_buy_volume of volume; nil without a trade"},
		{Name: "interval", Type: "number", Unit: "seconds"},
		{Name: "length", Type: "string", Doc: "the interval as M.bars has it: \"1m\", \"1h\""},
		{Name: "time", Type: "number", Unit: "seconds since the epoch", Doc: "when it closed"},
	},
}

// NewOrder returns an order as a table of OrderType.
func (rt *Runtime) NewOrder(o *exchange.Order) *lua.LTable {
	in := rt.env.Universe().Get(o.Instrument)
	r := newRecord(rt, 18)
	r.str("id", ID(o.ID))
	r.str("client_id", o.ClientID)
	r.symbol("symbol", in)
	r.str("side", o.Side.String())
	r.str("type", o.Type.String())
	r.str("tif", o.TIF.String())
	r.flag("reduce_only", o.ReduceOnly)
	if o.Type == exchange.Limit {
		r.num("price", in.PriceFloat(o.Price))
	}
	r.num("qty", in.QtyFloat(o.Qty))
	r.num("filled", in.QtyFloat(o.Filled))
	r.num("leaves", in.QtyFloat(o.Leaves()))
	r.str("status", o.Status.String())
	r.flag("done", o.Status.Terminal())
	r.str("reason", o.Reason)
	r.time("created", o.Created)
	r.time("updated", o.Updated)
	r.str("pair", ID(o.Pair))
	r.str("parent", ID(o.Parent))
	return r.t
}

// OrderType describes an order.
var OrderType = Type{
	Name: "Order",
	Doc:  "An order and what became of it: a copy as of the event being handled.",
	Fields: []Value{
		{Name: "id", Type: "string"},
		{Name: "client_id", Type: "string?", Doc: "the id the venue knows it by"},
		{Name: "symbol", Type: "string"},
		{Name: "side", Type: "\"buy\"|\"sell\""},
		{Name: "type", Type: "\"limit\"|\"market\"|\"stop\"|\"stop_limit\"|\"take_profit\"|\"take_profit_limit\"|\"trailing_stop\""},
		{Name: "tif", Type: "\"gtc\"|\"ioc\"|\"fok\"|\"post_only\""},
		{Name: "reduce_only", Type: "boolean"},
		{Name: "price", Type: "number?", Unit: "quote", Doc: "the limit; nil for a market order"},
		{Name: "qty", Type: "number", Unit: "units of quantity"},
		{Name: "filled", Type: "number", Unit: "units of quantity"},
		{Name: "leaves", Type: "number", Unit: "units of quantity", Doc: "what may still fill"},
		{Name: "status", Type: "\"new\"|\"accepted\"|\"partial\"|\"unknown\"|\"filled\"|\"canceled\"|\"expired\"|\"rejected\"|\"denied\"|\"waiting\"|\"held\"|\"triggered\"|\"working\"|\"replacing\"|\"failed\"",
			Doc: "rejected is the venue's refusal, denied that of the risk gate; unknown: the outcome of a send is not known yet. Of an order that the host holds: waiting for its entry or for others to end, held, triggered and to be sent, working at the venue, replacing what is there, failed to be sent"},
		{Name: "done", Type: "boolean", Doc: "whether it can no longer fill"},
		{Name: "reason", Type: "string?", Doc: "why it was rejected, denied or expired"},
		{Name: "created", Type: "number?", Unit: "seconds since the epoch"},
		{Name: "updated", Type: "number?", Unit: "seconds since the epoch"},
		{Name: "pair", Type: "string?", Doc: "the pair trade it belongs to"},
		{Name: "parent", Type: "string?", Doc: "the order that the host held, and that sent it"},
		{Name: "held_by_host", Type: "boolean?", Doc: "true of an order that the host holds: a stop, a leg of a bracket, an iceberg"},
		{Name: "trigger", Type: "number?", Unit: "quote", Doc: "where it is triggered now"},
		{Name: "trigger_source", Type: "\"last\"|\"mark\"|\"mid\"|nil", Doc: "the price that trigger is compared with"},
		{Name: "reference", Type: "number?", Unit: "quote", Doc: "best price that a trailing stop has seen; nil: it does not trail yet"},
		{Name: "seen", Type: "number?", Unit: "quote", Doc: "the price that triggered it"},
		{Name: "role", Type: "\"entry\"|\"leg\"|nil", Doc: "in a bracket, or of orders that cancel one another"},
		{Name: "group", Type: "string?", Doc: "id of the first order of its bracket or OCO"},
		{Name: "child", Type: "string?", Doc: "the order that it has at the venue"},
		{Name: "average", Type: "number?", Unit: "quote", Doc: "price of what the orders that it sent have filled"},
		{Name: "display", Type: "number?", Unit: "units of quantity", Doc: "most of one slice"},
		{Name: "expires", Type: "number?", Unit: "seconds since the epoch"},
	},
}

// NewFill returns an execution as a table of FillType.
func (rt *Runtime) NewFill(f *exchange.Fill) *lua.LTable {
	in := rt.env.Universe().Get(f.Instrument)
	r := newRecord(rt, 12)
	r.str("order", ID(f.Order))
	r.str("trade_id", f.TradeID)
	r.symbol("symbol", in)
	r.str("side", f.Side.String())
	r.num("price", in.PriceFloat(f.Price))
	r.num("qty", in.QtyFloat(f.Qty))
	r.num("notional", in.NotionalFloat(f.Price, f.Qty))
	r.flag("maker", f.Maker)
	r.money("fee", f.Fee)
	r.str("fee_asset", f.FeeAsset)
	r.money("realised", f.Realised)
	r.str("reason", f.Reason)
	return r.t
}

// FillType describes an execution.
var FillType = Type{
	Name: "Fill",
	Doc:  "One execution.",
	Fields: []Value{
		{Name: "order", Type: "string?", Doc: "id of the order; nil when it was not ours"},
		{Name: "trade_id", Type: "string?"},
		{Name: "symbol", Type: "string"},
		{Name: "side", Type: "\"buy\"|\"sell\""},
		{Name: "price", Type: "number", Unit: "quote"},
		{Name: "qty", Type: "number", Unit: "units of quantity"},
		{Name: "notional", Type: "number", Unit: "quote"},
		{Name: "maker", Type: "boolean"},
		{Name: "fee", Type: "number", Unit: "fee_asset", Doc: "what was charged; a rebate is negative"},
		{Name: "fee_asset", Type: "string?"},
		{Name: "realised", Type: "number", Unit: "settlement asset", Doc: "profit of the part that reduced a position, without fees; 0 on spot"},
		{Name: "reason", Type: "string?", Doc: "nil for a fill of ours; \"liquidation\", \"adl\" or \"delivery\" of a position that you held, \"foreign\" for a trade by hand: your part of it"},
	},
}

// NewPayment returns a funding payment as a table of PaymentType.
func (rt *Runtime) NewPayment(p *exchange.FundingPayment) *lua.LTable {
	in := rt.env.Universe().Get(p.Instrument)
	r := newRecord(rt, 7)
	r.symbol("symbol", in)
	r.time("time", p.Settled)
	r.num("rate", p.Rate.Float())
	r.num("mark", p.Mark.Float())
	r.num("position", in.QtyFloat(p.Position))
	r.money("amount", p.Amount)
	r.str("asset", p.Asset)
	return r.t
}

// PaymentType describes a funding payment.
var PaymentType = Type{
	Name: "FundingPayment",
	Doc:  "One settlement of funding on an open position.",
	Fields: []Value{
		{Name: "symbol", Type: "string"},
		{Name: "time", Type: "number", Unit: "seconds since the epoch", Doc: "the settlement"},
		{Name: "rate", Type: "number", Unit: "fraction per interval"},
		{Name: "mark", Type: "number", Unit: "quote", Doc: "mark price it was computed on"},
		{Name: "position", Type: "number", Unit: "units of quantity", Doc: "signed"},
		{Name: "amount", Type: "number", Unit: "asset", Doc: "received (positive) or paid (negative)"},
		{Name: "asset", Type: "string"},
	},
}

// NewAdvice returns what came of a question as a table of AdviceType.
func (rt *Runtime) NewAdvice(a *advice.Advice) *lua.LTable {
	r := newRecord(rt, 11)
	r.str("id", ID(a.ID))
	r.str("tag", a.Question.Tag)
	r.flag("ok", a.OK())
	r.str("verdict", a.Verdict)
	r.str("reason", a.Reason)
	r.str("model", a.Model)
	r.flag("cached", a.Cached)
	r.money("cost", a.Cost)
	r.time("asked", a.Question.Asked)
	r.time("expires", a.Question.Expires())
	if a.OK() {
		answer := newRecord(rt, len(a.Answer))
		for _, v := range a.Answer {
			answer.value(v.Name, v.Value)
		}
		r.t.RawSetString("answer", answer.t)
	}
	return r.t
}

// value sets a field of an answer.
func (r record) value(k string, v any) {
	switch v := v.(type) {
	case float64:
		r.num(k, v)
	case bool:
		r.flag(k, v)
	case string:
		r.t.RawSetString(k, lua.LString(v))
	}
}

// AdviceType describes what came of a question to the advisor.
var AdviceType = Type{
	Name: "Advice",
	Doc:  "What came of a question to the advisor.",
	Fields: []Value{
		{Name: "id", Type: "string", Doc: "what ai.ask returned"},
		{Name: "tag", Type: "string?"},
		{Name: "ok", Type: "boolean", Doc: "whether there is an answer"},
		{Name: "answer", Type: "table?", Doc: "the fields of the schema, all checked; nil unless ok"},
		{Name: "verdict", Type: "\"ok\"|\"refused\"|\"failed\"|\"late\"|\"disabled\"|\"canceled\""},
		{Name: "reason", Type: "string?", Doc: "why there is no answer"},
		{Name: "model", Type: "string?"},
		{Name: "cached", Type: "boolean", Doc: "whether the same question had been answered before"},
		{Name: "cost", Type: "number", Unit: "currency of the configured prices"},
		{Name: "asked", Type: "number", Unit: "seconds since the epoch"},
		{Name: "expires", Type: "number", Unit: "seconds since the epoch", Doc: "from then on it does not count: ttl after it was asked"},
	},
}

// NewPair returns a pair trade as a table of PairType.
func (rt *Runtime) NewPair(p *intent.Pair) *lua.LTable {
	u := rt.env.Universe()
	perp := u.Get(p.Perp)
	r := newRecord(rt, 30)
	r.str("id", ID(p.ID))
	r.symbol("long", u.Get(p.Spot))
	r.symbol("short", perp)
	r.symbol("spot", u.Get(p.Spot))
	r.symbol("perp", perp)
	r.str("state", p.State.String())
	r.flag("done", p.State.Done())
	r.str("reason", p.Reason)
	r.str("held", p.Held)
	r.str("dark", p.Spread.Dark)
	r.str("tag", p.Tag)
	r.money("notional", p.Notional)
	r.money("spot_qty", p.SpotQty)
	if short := &p.Spread.Legs[intent.ShortLeg]; p.Spread.Is() && !perp.Perp() { // lots are without what the fee took of the coins
		r.money("perp_qty", short.Coins.DivRound(decimal.NewFromInt(perp.Multiplier), 16))
	} else {
		r.num("perp_qty", perp.QtyFloat(p.PerpQty))
	}
	if p.OfCoin(perp) {
		r.money("margin_qty", p.MarginCoins())
		r.money("moving", p.Moving())
		r.money("coin_result", p.Coin.Result)
	}
	r.money("spot_cost", p.SpotCost)
	r.money("perp_cost", p.PerpCost)
	r.num("open_basis", p.OpenBasis)
	r.num("close_basis", p.CloseBasis)
	r.money("funding", p.Funding)
	r.money("insurance", p.Insurance)
	r.money("interest", p.Interest)
	r.money("owed", p.Owes())
	r.money("fees", p.Fees)
	r.money("realised", p.Realised)
	r.time("opened", p.Opened)
	r.time("closed", p.Closed)
	r.num("settlements", float64(p.Settlements))
	r.money("max_unhedged", p.MaxUnhedged)
	r.num("max_unhedged_time", Seconds(p.MaxUnhedgedTime))
	return r.t
}

// PairType describes a pair trade.
var PairType = Type{
	Name: "PairTrade",
	Doc:  "A hedged position, long one instrument and short another: a copy as of the event being handled. Amounts come from fills only.",
	Fields: []Value{
		{Name: "id", Type: "string"},
		{Name: "long", Type: "string", Doc: "symbol of what is long"},
		{Name: "short", Type: "string", Doc: "symbol of what is short"},
		{Name: "spot", Type: "string", Doc: "as long"},
		{Name: "perp", Type: "string", Doc: "as short"},
		{Name: "state", Type: "\"opening\"|\"open\"|\"closing\"|\"closed\"|\"failed\""},
		{Name: "done", Type: "boolean", Doc: "whether it will not trade again"},
		{Name: "reason", Type: "string?"},
		{Name: "dark", Type: "string?", Doc: "which leg's venue can't be traded at, and why"},
		{Name: "held", Type: "string?", Doc: "why it makes no order just now: our books and the venue's account differ"},
		{Name: "tag", Type: "string?"},
		{Name: "notional", Type: "number", Unit: "quote", Doc: "asked for"},
		{Name: "spot_qty", Type: "number", Unit: "base", Doc: "net coins of what is long"},
		{Name: "perp_qty", Type: "number", Unit: "units of quantity", Doc: "signed; a short is negative"},
		{Name: "margin_qty", Type: "number?", Unit: "base", Doc: "coin-margined only: coins in the COIN-M wallet, without the profit of the short"},
		{Name: "moving", Type: "number?", Unit: "base", Doc: "coin-margined only: coins on their way between the wallets"},
		{Name: "coin_result", Type: "number?", Unit: "base", Doc: "coin-margined only: what the short made in coin once closed, after its fees and with funding"},
		{Name: "spot_cost", Type: "number", Unit: "quote", Doc: "signed cash of the spot fills, without fees"},
		{Name: "perp_cost", Type: "number", Unit: "quote", Doc: "signed cash of the perpetual's fills, without fees"},
		{Name: "open_basis", Type: "number", Unit: "fraction", Doc: "executed, size-weighted"},
		{Name: "close_basis", Type: "number", Unit: "fraction"},
		{Name: "funding", Type: "number", Unit: "settlement asset", Doc: "received so far"},
		{Name: "insurance", Type: "number", Unit: "settlement asset", Doc: "its part of what the insurance fund paid after a liquidation"},
		{Name: "interest", Type: "number", Unit: "quote", Doc: "charged so far on borrowed coins, at the prices of those hours; negative"},
		{Name: "owed", Type: "number", Unit: "base", Doc: "borrowed coins that are still to be brought back, with their interest"},
		{Name: "fees", Type: "number", Unit: "quote"},
		{Name: "realised", Type: "number", Unit: "quote", Doc: "the whole result once closed, after fees, funding, insurance and interest"},
		{Name: "opened", Type: "number?", Unit: "seconds since the epoch"},
		{Name: "closed", Type: "number?", Unit: "seconds since the epoch"},
		{Name: "settlements", Type: "integer", Doc: "funding settlements seen while it had a position"},
		{Name: "max_unhedged", Type: "number", Unit: "quote", Doc: "as measured"},
		{Name: "max_unhedged_time", Type: "number", Unit: "seconds", Doc: "as measured"},
	},
}
