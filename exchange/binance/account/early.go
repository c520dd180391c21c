package account

import (
	"errors"
	"fmt"

	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
)

// tradeLite reads TRADE_LITE of USD-M: a trade, ahead of the ORDER_TRADE_UPDATE that repeats it
// with its fee and profit. Without them it can't be booked; it makes the manager wait for the
// other, and ask if that does not come. Source: user data streams of USD-M, "Trade Lite".
func (ev *event) tradeLite(m api.Market, pass func(oms.AccountEvent)) error {
	x := oms.Execution{Venue: m.Venue(), Time: ev.at}
	var err error
	f := jsonscan.Object(ev.body)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "s":
			x.Symbol = f.Text()
		case "c":
			x.ClientID = f.Text()
		case "i":
			x.OrderID = idText(f.Int())
		case "t":
			x.TradeID = idText(f.Int())
		case "S":
			x.Side, err = sideOf(&f)
		case "l":
			x.Qty = f.Decimal()
		case "L":
			x.Price = f.Decimal()
		case "m":
			x.Maker = f.Bool()
		}
	}
	if err == nil {
		err = f.Err()
	}
	if err == nil && (x.Symbol == "" || x.OrderID == "" || x.TradeID == "" || x.Side == 0) {
		err = errors.New("a trade without symbol, ids or side")
	}
	if err == nil {
		pass(oms.AccountEvent{Venue: m.Venue(), Heard: &x, Time: ev.at})
	}
	return err
}

// list reads listStatus of spot: an order list (OCO, OTO, OTOCO, …) that somebody else placed,
// for the host places none. Its orders are told of by executionReports of their own, of which
// one ends when another is triggered. Source: user data stream of spot, "List Status".
func (ev *event) list(m api.Market, pass func(oms.AccountEvent)) error {
	var id int64
	var symbol, kind, state, orders, reason, name string
	f := jsonscan.Object(ev.body)
	for f.Next() {
		switch string(f.Key()) {
		case "s":
			symbol = f.Text()
		case "g":
			id = f.Int()
		case "c":
			kind = f.Text()
		case "l":
			state = f.Text()
		case "L":
			orders = f.Text()
		case "r":
			reason = f.Text()
		case "C":
			name = f.Text()
		}
	}
	if err := f.Err(); err != nil {
		return err
	}
	if symbol == "" || id <= 0 {
		return errors.New("a list without symbol or id")
	}
	text := fmt.Sprintf("order list %d (%s, %q) in %s is not ours: %s", id, kind, name, symbol, listWords(state, orders))
	if reason != "" && reason != "NONE" {
		text += ", " + reasonWords(reason)
	}
	pass(oms.AccountEvent{Venue: m.Venue(), Told: text, Time: ev.at})
	return nil
}

// listWords puts the status of a list in words.
func listWords(state, orders string) string {
	switch {
	case orders == "REJECT":
		return "it was rejected"
	case state == "ALL_DONE" || orders == "ALL_DONE":
		return "it is over"
	case state == "UPDATED":
		return "one of its orders has changed"
	}
	return "it works"
}
