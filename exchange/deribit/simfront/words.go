package simfront

import (
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
)

// number is a decimal as the venue writes its own: always with a point.
func number(v decimal.Decimal) reply.Number {
	text := v.String()
	if !strings.Contains(text, ".") {
		text += ".0"
	}
	return reply.Number(text)
}

func millis(t exchange.Time) int64 { return int64(t / exchange.Millisecond) }

func price(in *exchange.Instrument, p exchange.Ticks) reply.Number { return number(in.PriceDecimal(p)) }

func amount(in *exchange.Instrument, q exchange.Lots) reply.Number { return number(in.QtyDecimal(q)) }

// contracts is an amount in contracts of the venue's size, which is a lot here.
func contracts(in *exchange.Instrument, q exchange.Lots) reply.Number {
	return number(decimal.NewFromInt(int64(q)))
}

// id is the text of one: those of bitcoin are bare.
func id(in *exchange.Instrument, n int64) string {
	text := strconv.FormatInt(n, 10)
	if c := currencyOf(in); c != "BTC" || !in.Perp() {
		return c + "-" + text
	}
	return text
}

func direction(s exchange.Side) string {
	if s == exchange.Sell {
		return "sell"
	}
	return "buy"
}

// note is what the protocol alone knows of an order.
type note struct {
	client   *client // that placed it
	postOnly bool
	reject   bool
	forced   bool
	replaced bool
	reason   string // why it was canceled; "": by its owner
}

func noteOf(o *simserver.Order) *note {
	n, ok := o.Note.(*note)
	if !ok {
		n = &note{}
		o.Note = n
	}
	return n
}

// order words an order.
func order(o *simserver.Order) reply.Object {
	in, n := o.Market.In, noteOf(o)
	state := map[simserver.Status]string{simserver.StatusNew: "open", simserver.StatusPartial: "open", simserver.StatusFilled: "filled"}[o.Status]
	if state == "" {
		state = "cancelled"
	}
	out := reply.Object{{"instrument_name", in.Symbol}, {"order_id", id(in, o.ID)}, {"label", o.Client}, {"direction", direction(o.Side)}, {"order_type", o.Type},
		{"order_state", state}, {"time_in_force", o.TIF}, {"amount", amount(in, o.Qty)}, {"contracts", contracts(in, o.Qty)}, {"filled_amount", amount(in, o.Filled)}, {"average_price", number(o.Average())},
		{"post_only", n.postOnly}, {"reject_post_only", n.reject}, {"reduce_only", o.ReduceOnly}, {"replaced", n.replaced}, {"api", !n.forced}, {"web", false}, {"mmp", false},
		{"is_liquidation", n.reason == "autoliquidation"}, {"is_rebalance", false}, {"max_show", amount(in, o.Qty)}, {"risk_reducing", o.ReduceOnly},
		{"creation_timestamp", millis(o.Created)}, {"last_update_timestamp", millis(o.Updated)}}
	if o.Kind == exchange.MarketOrder {
		out = out.With(reply.Field{"price", "market_price"})
	} else {
		out = out.With(reply.Field{"price", price(in, o.Price)})
	}
	if state == "cancelled" {
		reason := n.reason
		switch {
		case reason != "":
		case o.Status == simserver.StatusCanceled:
			reason = "user_request"
		default:
			reason = "immediate_or_cancel"
		}
		out = out.With(reply.Field{"cancel_reason", reason})
	}
	return out
}

// trade words a fill of an account.
func trade(t *simserver.Trade) reply.Object {
	o := t.Order
	in := o.Market.In
	liquidity := "T"
	if t.Maker {
		liquidity = "M"
	}
	state := "open"
	if o.Status == simserver.StatusFilled {
		state = "filled"
	}
	out := reply.Object{{"trade_id", id(in, t.ID)}, {"trade_seq", t.ID}, {"order_id", id(in, o.ID)}, {"label", o.Client}, {"instrument_name", in.Symbol},
		{"direction", direction(o.Side)}, {"price", price(in, t.Price)}, {"amount", amount(in, t.Qty)}, {"contracts", contracts(in, t.Qty)}, {"fee", number(t.Fee)},
		{"fee_currency", t.FeeAsset}, {"liquidity", liquidity}, {"state", state}, {"order_type", o.Type}, {"post_only", noteOf(o).postOnly}, {"reduce_only", o.ReduceOnly},
		{"mark_price", number(o.Market.MarkPrice())}, {"index_price", index(o.Market)}, {"tick_direction", 0}, {"self_trade", false}, {"matching_id", nil},
		{"api", !noteOf(o).forced}, {"timestamp", millis(t.Time)}}
	if in.Perp() {
		out = out.With(reply.Field{"profit_loss", number(t.Realised)})
	}
	if noteOf(o).reason == "autoliquidation" {
		out = out.With(reply.Field{"liquidation", liquidity})
	}
	return out
}

func trades(list []*simserver.Trade) reply.List {
	out := reply.List{}
	for _, t := range list {
		out = append(out, trade(t))
	}
	return out
}

// index is the index price of a market: the mark of spot is its last trade.
func index(m *simserver.Market) reply.Number {
	if m.Mark.Index > 0 {
		return number(m.Mark.Index.Decimal())
	}
	return number(m.MarkPrice())
}
