package account

import (
	"errors"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/payload"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
)

// venueOf is the segment of an instrument; "": one that is not traded here.
func venueOf(symbol string) exchange.Venue {
	if s := api.SegmentOf(symbol); s != "" {
		return s.Venue()
	}
	return ""
}

// currenciesOf are the currencies that orders of an instrument are asked for by. Of spot the
// manual does not say which of both it is.
func currenciesOf(symbol string) []string {
	pair, _, _ := strings.Cut(symbol, "-")
	base, quote, two := strings.Cut(pair, "_")
	switch {
	case !two:
		return []string{base}
	case pair == symbol:
		return []string{base, quote}
	}
	return []string{quote}
}

// settleOf is what an instrument settles in.
func settleOf(symbol string) string {
	list := currenciesOf(symbol)
	return list[len(list)-1]
}

// statuses are the states of orders. Source: the manual, order_state; a partly filled order
// is open.
var statuses = map[string]exchange.OrderStatus{"open": exchange.StatusAccepted, "untriggered": exchange.StatusAccepted, "triggered": exchange.StatusAccepted,
	"filled": exchange.StatusFilled, "rejected": exchange.StatusRejected, "cancelled": exchange.StatusCanceled}

// decodeOrder reads an order: of an answer, a listing or an event. The price of a market
// order may be a word.
func decodeOrder(raw []byte) (r oms.Report, err error) {
	state := ""
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instrument_name":
			r.Symbol = f.Text()
		case "order_id":
			r.OrderID = f.Text()
		case "label":
			r.ClientID = f.Text()
		case "direction":
			r.Side = payload.Side(f.Word())
		case "order_state":
			state = f.Text()
		case "price":
			if f.Raw()[0] != '"' {
				r.Price = f.Decimal()
			}
		case "amount":
			r.Qty = f.Decimal()
		case "filled_amount":
			r.Filled = f.Decimal()
		case "cancel_reason", "reject_reason":
			if why := f.Text(); why != "user_request" {
				r.Reason = why
			}
		case "last_update_timestamp":
			r.Time = exchange.UnixMilli(f.Int())
		}
	}
	if err = f.Err(); err != nil {
		return r, err
	}
	known := false
	if r.Status, known = statuses[state]; !known || r.OrderID == "" {
		return r, fmt.Errorf("an order %q with the state %q", r.OrderID, state)
	}
	if r.Status == exchange.StatusAccepted && r.Filled.IsPositive() {
		r.Status = exchange.StatusPartial
	}
	r.Venue = venueOf(r.Symbol)
	return r, nil
}

// decodeTrade reads a trade of ours. profit_loss is that of what it closes, from the average
// price of the position.
func decodeTrade(raw []byte) (e oms.Execution, err error) {
	var liquidity, liquidated string
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instrument_name":
			e.Symbol = f.Text()
		case "trade_id":
			e.TradeID = f.Text()
		case "order_id":
			e.OrderID = f.Text()
		case "label":
			e.ClientID = f.Text()
		case "direction":
			e.Side = payload.Side(f.Word())
		case "price":
			e.Price = f.Decimal()
		case "amount":
			e.Qty = f.Decimal()
		case "fee":
			e.Fee = f.Decimal()
		case "fee_currency":
			e.FeeAsset = f.Text()
		case "liquidity":
			liquidity = f.Text()
		case "liquidation":
			liquidated = f.Text()
		case "profit_loss":
			if len(f.Word()) > 0 {
				e.Realised = decimal.NewNullDecimal(f.Decimal())
			}
		case "timestamp":
			e.Time = exchange.UnixMilli(f.Int())
		}
	}
	if err = f.Err(); err == nil && (e.TradeID == "" || e.Time == 0 || e.Side == 0) {
		err = errors.New("a trade without its trade_id, timestamp or direction")
	}
	e.Venue, e.Maker = venueOf(e.Symbol), liquidity == "M"
	if liquidity != "" && strings.Contains(liquidated, liquidity) {
		e.Reason = "liquidation" // of our side: M, T or both
	}
	if e.Venue == api.Spot.Venue() {
		e.Realised = decimal.NullDecimal{}
	}
	return e, err
}

// position is one with what its session has made.
type position struct {
	oms.Position
	asset                              string
	realised, funding, floating, total decimal.Decimal
}

// dated reports whether it is of a future with an end.
func (p *position) dated() bool {
	_, term, _ := strings.Cut(p.Symbol, "-")
	return term != "PERPETUAL"
}

// unsettled is what our books have of it and the venue's balance has not: the session's
// realised profit (without funding, which is in it); less what open positions were revalued
// by at earlier settlements, which the balance has already.
func (p *position) unsettled() decimal.Decimal {
	return p.realised.Sub(p.funding).Sub(p.total.Sub(p.floating))
}

func decodePosition(raw []byte) (p position, err error) {
	side := ""
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instrument_name":
			p.Symbol = f.Text()
		case "size":
			p.Qty = f.Decimal()
		case "direction":
			side = f.Text()
		case "average_price":
			p.Entry = f.Decimal()
		case "mark_price":
			p.Mark = f.Decimal()
		case "realized_profit_loss":
			p.realised = f.Decimal()
		case "realized_funding":
			p.funding = f.Decimal()
		case "floating_profit_loss":
			p.floating = f.Decimal()
		case "total_profit_loss":
			p.total = f.Decimal()
		}
	}
	if side == "sell" && p.Qty.IsPositive() { // size is signed; some answers of old were not
		p.Qty = p.Qty.Neg()
	}
	p.Venue, p.asset = venueOf(p.Symbol), settleOf(p.Symbol)
	return p, f.Err()
}

// decodeDelivery reads the end of a future as the execution that closes its position.
func decodeDelivery(raw []byte) (e oms.Execution, err error) {
	var index decimal.Decimal
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "instrument_name":
			e.Symbol = f.Text()
		case "position":
			e.Qty = f.Decimal()
		case "mark_price":
			e.Price = f.Decimal()
		case "index_price":
			index = f.Decimal()
		case "timestamp":
			e.Time = exchange.UnixMilli(f.Int())
		}
	}
	if e.Price.IsZero() {
		e.Price = index
	}
	e.Side = exchange.Sell
	if e.Qty.IsNegative() {
		e.Side, e.Qty = exchange.Buy, e.Qty.Neg()
	}
	e.Venue, e.TradeID, e.Reason, e.FeeAsset = venueOf(e.Symbol), fmt.Sprintf("delivery-%d", milli(e.Time)), "settlement", settleOf(e.Symbol)
	return e, f.Err()
}

// decodeLog reads a row of the transaction log. Source: the manual, "get_transaction_log":
// total_interest_pl of a settlement is the funding of its session.
func decodeLog(raw []byte) (i oms.Income, err error) {
	var change, interest decimal.Decimal
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "id":
			i.ID = f.Text()
		case "type":
			i.Name = f.Text()
		case "instrument_name":
			i.Symbol = f.Text()
		case "currency":
			i.Asset = f.Text()
		case "change":
			change = f.Decimal()
		case "total_interest_pl":
			interest = f.Decimal()
		case "timestamp":
			i.Time = exchange.UnixMilli(f.Int())
		}
	}
	if err = f.Err(); err == nil && (i.ID == "" || i.Name == "" || i.Time == 0) {
		err = errors.New("a row of the log without its id, type or timestamp")
	}
	i.Venue, i.Wallet, i.Amount = venueOf(i.Symbol), api.Wallet, change
	switch i.Name {
	case "trade", "delivery":
		i.Kind = oms.IncomeExecution
	case "settlement":
		i.Kind, i.Amount = oms.IncomeFunding, interest
		if interest.IsZero() && !strings.HasSuffix(i.Symbol, "PERPETUAL") {
			i.Kind = oms.IncomeExecution // profit of a dated one, that was booked as it was made
		}
	}
	return i, err
}
