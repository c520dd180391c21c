package account

import (
	"context"
	"fmt"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// Conditional is an order that waits for a trigger, on futures only. It has ids
// and a life of its own; the order that it becomes has others and is reported
// like any order. The venue checks no margin before the trigger, cannot modify
// it, and takes 200 of them.
type Conditional struct {
	Market     api.Market
	Symbol     string
	ClientID   string // clientAlgoId
	AlgoID     int64
	Side       exchange.Side
	Kind       string // STOP, STOP_MARKET, TAKE_PROFIT, TAKE_PROFIT_MARKET, TRAILING_STOP_MARKET
	TIF        exchange.TimeInForce
	Trigger    decimal.Decimal
	Price      decimal.Decimal // of STOP and TAKE_PROFIT
	Qty        decimal.Decimal // 0 with Close
	Close      bool            // the whole position, with STOP_MARKET and TAKE_PROFIT_MARKET
	ReduceOnly bool
	// PositionSide is, in hedge mode, the position that it changes.
	PositionSide exchange.Side
	Mark         bool            // triggered by the mark price, not by the last
	Protect      bool            // not triggered while both are far apart
	Activate     decimal.Decimal // of a trailing stop; 0: at once
	Callback     decimal.Decimal // of a trailing stop, in percent, 0.1 to 10

	// What the venue says of it.
	Status  string // NEW, TRIGGERING, TRIGGERED, FINISHED, CANCELED, REJECTED, EXPIRED
	OrderID int64  // of the order that it became; 0: none yet
	Reason  string
	Time    exchange.Time
}

func (o *Conditional) fill(f form) {
	f.Text("algoType", "CONDITIONAL")
	f.Text("symbol", o.Symbol)
	f.Text("side", sideText(o.Side))
	f.Text("type", o.Kind)
	if o.Price.IsPositive() {
		f.Text("timeInForce", tifText(o.TIF))
	}
	positive(f, "quantity", o.Qty)
	positive(f, "price", o.Price)
	positive(f, "triggerPrice", o.Trigger)
	positive(f, "activatePrice", o.Activate)
	positive(f, "callbackRate", o.Callback)
	flag(f, "closePosition", o.Close)
	if o.PositionSide != 0 {
		f.Text("positionSide", positionText(o.PositionSide))
	}
	flag(f, "reduceOnly", o.ReduceOnly && !o.Close && o.PositionSide == 0)
	flag(f, "priceProtect", o.Protect)
	if o.Mark {
		f.Text("workingType", "MARK_PRICE")
	}
	f.Text("clientAlgoId", o.ClientID)
}

// flag adds a switch that is on; the venue wants it as text.
func flag(f form, name string, on bool) {
	if on {
		f.Text(name, "true")
	}
}

// PlaceConditional places a conditional order.
func (c *Client) PlaceConditional(ctx context.Context, o Conditional) (Conditional, error) {
	q := request{market: o.Market, what: "place a conditional order for " + o.Symbol, method: http.MethodPost, path: paths[o.Market] + "/algoOrder",
		api: "algoOrder.place", priority: limit.Open, changes: true, fill: o.fill}
	if o.ReduceOnly || o.Close {
		q.priority = limit.Hedge
	}
	return c.conditional(ctx, q)
}

// CancelConditional cancels one by its client id. The answer tells nothing but
// that it was done.
func (c *Client) CancelConditional(ctx context.Context, m api.Market, clientID string) error {
	q := request{market: m, what: "cancel a conditional order", method: http.MethodDelete, path: paths[m] + "/algoOrder", api: "algoOrder.cancel",
		priority: limit.Cancel, changes: true, fill: func(f form) { f.Text("clientAlgoId", clientID) }}
	return c.done(ctx, q)
}

// CancelConditionals cancels all of a symbol.
func (c *Client) CancelConditionals(ctx context.Context, m api.Market, symbol string) error {
	return c.done(ctx, request{market: m, what: "cancel the conditional orders of " + symbol, method: http.MethodDelete, path: paths[m] + "/algoOpenOrders",
		priority: limit.Cancel, changes: true, fill: bySymbol(symbol)})
}

// QueryConditional asks for one by its client id.
func (c *Client) QueryConditional(ctx context.Context, m api.Market, clientID string) (Conditional, error) {
	return c.conditional(ctx, request{market: m, what: "query a conditional order", method: http.MethodGet, path: paths[m] + "/algoOrder",
		priority: limit.Hedge, fill: func(f form) { f.Text("clientAlgoId", clientID) }})
}

// OpenConditionals lists the conditional orders of a market that wait. They are
// not among OpenOrders, so a reconciliation reads both.
func (c *Client) OpenConditionals(ctx context.Context, m api.Market) ([]Conditional, error) {
	q := request{market: m, what: "list conditional orders", method: http.MethodGet, path: paths[m] + "/openAlgoOrders", priority: limit.Hedge}
	if err := q.futuresOnly(); err != nil {
		return nil, err
	}
	return rows(ctx, c.transport, q, func(raw []byte) (Conditional, error) { return decodeConditional(m, raw) })
}

func (c *Client) conditional(ctx context.Context, q request) (Conditional, error) {
	if err := q.futuresOnly(); err != nil {
		return Conditional{}, err
	}
	body, err := c.request(ctx, q)
	if err != nil {
		return Conditional{}, err
	}
	o, err := decodeConditional(q.market, body)
	return o, garbledIf(&q, err)
}

// done sends a request to futures whose answer is only that it was done.
func (c *Client) done(ctx context.Context, q request) error {
	if err := q.futuresOnly(); err != nil {
		return err
	}
	_, err := c.request(ctx, q)
	return err
}

func (q *request) futuresOnly() error {
	if q.market == api.Spot {
		return q.fault(exchange.ErrRefused, fmt.Errorf("there is no such thing on spot"))
	}
	return nil
}

func bySymbol(symbol string) func(form) {
	return func(f form) { f.Text("symbol", symbol) }
}

// decodeConditional reads what REST says of a conditional order.
func decodeConditional(m api.Market, raw []byte) (Conditional, error) {
	o := Conditional{Market: m}
	var err error
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "algoId":
			o.AlgoID = f.Int()
		case "clientAlgoId":
			o.ClientID = f.Text()
		case "symbol":
			o.Symbol = f.Text()
		case "side":
			o.Side, err = sideOf(&f)
		case "orderType":
			o.Kind = f.Text()
		case "timeInForce":
			o.TIF = tifOf(f.Text())
		case "quantity":
			o.Qty = f.Decimal()
		case "price":
			o.Price = f.Decimal()
		case "triggerPrice":
			o.Trigger = f.Decimal()
		case "activatePrice":
			o.Activate = f.Decimal()
		case "callbackRate":
			o.Callback = f.Decimal()
		case "closePosition":
			o.Close = f.Bool()
		case "reduceOnly":
			o.ReduceOnly = f.Bool()
		case "priceProtect":
			o.Protect = f.Bool()
		case "workingType":
			o.Mark = f.Text() == "MARK_PRICE"
		case "algoStatus":
			o.Status = f.Text()
		case "actualOrderId":
			o.OrderID = f.Int()
		case "createTime", "updateTime":
			o.Time = max(o.Time, exchange.UnixMilli(f.Int()))
		}
	}
	if err == nil {
		err = f.Err()
	}
	return o, o.check(err)
}

func (o *Conditional) check(err error) error {
	if err == nil && (o.AlgoID == 0 || o.Symbol == "" || o.Status == "") {
		return fmt.Errorf("a conditional order without id, symbol or status")
	}
	return err
}

// conditional reads ALGO_UPDATE.
func (ev *event) conditional(m api.Market, raw []byte, pass func(Conditional)) error {
	o := Conditional{Market: m, Time: ev.at}
	var err error
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "aid":
			o.AlgoID = f.Int()
		case "caid":
			o.ClientID = f.Text()
		case "s":
			o.Symbol = f.Text()
		case "S":
			o.Side, err = sideOf(&f)
		case "o":
			o.Kind = f.Text()
		case "f":
			o.TIF = tifOf(f.Text())
		case "q":
			o.Qty = f.Decimal()
		case "p":
			o.Price = f.Decimal()
		case "tp":
			o.Trigger = f.Decimal()
		case "cp":
			o.Close = f.Bool()
		case "R":
			o.ReduceOnly = f.Bool()
		case "pP":
			o.Protect = f.Bool()
		case "wt":
			o.Mark = f.Text() == "MARK_PRICE"
		case "X":
			o.Status = f.Text()
		case "ai":
			o.OrderID = f.Int()
		case "rm":
			o.Reason = f.Text()
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err = o.check(err); err != nil {
		return err
	}
	pass(o)
	return nil
}

func tifOf(text string) exchange.TimeInForce {
	switch text {
	case "IOC":
		return exchange.IOC
	case "FOK":
		return exchange.FOK
	case "GTX":
		return exchange.PostOnly
	}
	return exchange.GTC
}
