package account

import (
	"context"
	"errors"
	"net/http"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
)

// The types of spot orders that wait for a trigger. On futures see Conditional.
const (
	StopLoss        = "STOP_LOSS" // a market order, once triggered
	StopLossLimit   = "STOP_LOSS_LIMIT"
	TakeProfit      = "TAKE_PROFIT" // a market order, once triggered
	TakeProfitLimit = "TAKE_PROFIT_LIMIT"
)

// Special is an order with what the host's own orders do not have.
type Special struct {
	oms.Order
	Kind       string          // one of the above, on spot; "": Type and TIF say it
	Stop       decimal.Decimal // the trigger, on spot
	Trailing   int64           // the trigger follows the market, in basis points; with Stop from there on; on spot
	Quote      decimal.Decimal // instead of Qty: what a market order may spend or wants to earn; on spot
	Iceberg    decimal.Decimal // how much is shown, of a GTC order; on spot
	GoodTill   exchange.Time   // GTD: over 600 s from now, in seconds; on USD-M
	PriceMatch string          // instead of Price: OPPONENT, OPPONENT_5, QUEUE, QUEUE_5, …; on futures
	SelfTrade  string          // EXPIRE_TAKER, EXPIRE_MAKER, EXPIRE_BOTH, …; "": the account's default
}

// check finds what the market of the order does not have.
func (o *Special) check() error {
	spot := api.Of(o.Venue) == api.Spot
	triggered := !o.Stop.IsZero() || o.Trailing != 0
	switch {
	case !spot && (o.Kind != "" || triggered):
		return errors.New("an order that waits for a trigger is a Conditional on futures")
	case !spot && (!o.Quote.IsZero() || !o.Iceberg.IsZero()):
		return errors.New("orders by value and iceberg orders are for spot")
	case spot && (o.GoodTill != 0 || o.PriceMatch != ""):
		return errors.New("GTD and price match are not for spot")
	case api.Of(o.Venue) == api.COINM && o.GoodTill != 0:
		return errors.New("GTD is for USD-M only")
	case (o.Kind != "") != triggered:
		return errors.New("a Kind goes with a Stop or with Trailing")
	}
	return nil
}

func (o *Special) fill(f form) {
	f.Text("symbol", o.Symbol)
	f.Text("side", sideText(o.Side))
	switch {
	case o.Kind != "":
		f.Text("type", o.Kind)
		if o.Price.IsPositive() {
			f.Text("timeInForce", tifText(o.TIF))
		}
	case o.GoodTill != 0:
		f.Text("type", "LIMIT")
		f.Text("timeInForce", "GTD")
		f.Int("goodTillDate", int64(o.GoodTill/exchange.Second)*1000)
	default:
		fillType(f, &o.Order)
	}
	positive(f, "quantity", o.Qty)
	positive(f, "price", o.Price)
	positive(f, "quoteOrderQty", o.Quote)
	positive(f, "stopPrice", o.Stop)
	positive(f, "icebergQty", o.Iceberg)
	if o.Trailing != 0 {
		f.Int("trailingDelta", o.Trailing)
	}
	optional(f, "priceMatch", o.PriceMatch)
	optional(f, "selfTradePreventionMode", o.SelfTrade)
	fillPosition(f, &o.Order)
	f.Text("newClientOrderId", o.ClientID)
	f.Text("newOrderRespType", "RESULT")
}

// PlaceSpecial is Place for a Special.
func (c *Client) PlaceSpecial(ctx context.Context, o Special) (oms.Report, error) {
	m := api.Of(o.Venue)
	q := request{market: m, what: "place " + o.Symbol, method: http.MethodPost, path: paths[m] + "/order", api: "order.place",
		priority: priorityOf(&o.Order), changes: true, fill: o.fill}
	if err := o.check(); err != nil {
		return oms.Report{}, q.fault(exchange.ErrRefused, err)
	}
	return c.order(ctx, q)
}

// Test asks whether the venue would take an order, without placing it. The
// account's balance is not looked at.
func (c *Client) Test(ctx context.Context, o Special) error {
	m := api.Of(o.Venue)
	q := request{market: m, what: "test an order for " + o.Symbol, method: http.MethodPost, path: paths[m] + "/order/test", fill: o.fill}
	if err := o.check(); err != nil {
		return q.fault(exchange.ErrRefused, err)
	}
	_, err := c.request(ctx, q)
	return err
}
