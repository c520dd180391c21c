package account

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/feed"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/oms"
)

// cloidOf is a client id as the venue has it; one that nobody of us made is one already.
func cloidOf(id string) string {
	if strings.HasPrefix(id, "0x") && len(id) == 34 {
		return id
	}
	return api.CloidOf(id)
}

// errorOf takes {"error":"…"} apart.
func errorOf(status []byte) string {
	if len(status) == 0 || status[0] != '{' {
		return string(status)
	}
	f := jsonscan.Object(status)
	for f.Next() {
		if string(f.Key()) == "error" {
			return f.Text()
		}
	}
	return string(status)
}

// placed reads what became of an order: {"resting":{"oid":1}}, {"filled":{"totalSz":"1",
// "avgPx":"1","oid":1}} or {"error":"…"}. One that may not rest and is not filled whole is
// over.
func (a *Account) placed(act *client.Action, o *oms.Order, status []byte) (oms.Report, error) {
	r := oms.Report{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, Side: o.Side, Price: o.Price, Qty: o.Qty, Time: a.Now()}
	never := o.Type == exchange.MarketOrder || o.TIF == exchange.IOC
	if len(status) == 0 || status[0] != '{' {
		return r, act.Garbled(fmt.Errorf("status %.60q", status))
	}
	f := jsonscan.Object(status)
	for f.Next() {
		switch string(f.Key()) {
		case "resting", "filled":
			r.Status = exchange.StatusAccepted
			d := jsonscan.Object(f.Raw())
			for d.Next() {
				switch string(d.Key()) {
				case "oid":
					r.OrderID = d.Text()
				case "totalSz":
					r.Filled = d.Decimal()
				}
			}
			if d.Err() != nil {
				return r, act.Garbled(d.Err())
			}
		case "error":
			if words := f.Text(); client.Unmatched(words) {
				r.Status, r.Reason = exchange.StatusExpired, words
				return r, nil
			}
			return r, a.Refusal(act, f.Text())
		}
	}
	if f.Err() != nil || r.OrderID == "" {
		return r, act.Garbled(fmt.Errorf("status %.100q (%w)", status, f.Err()))
	}
	switch {
	case r.Filled.GreaterThanOrEqual(o.Qty):
		r.Status = exchange.StatusFilled
	case never:
		r.Status = exchange.StatusExpired
	case r.Filled.IsPositive():
		r.Status = exchange.StatusPartial
	}
	return r, nil
}

// statusOf says what the venue's word for an order means. Source: the manual, info
// endpoint, orderStatus. What was refused for want of a match is over as what expired is.
func statusOf(word string, filled decimal.Decimal) (status exchange.OrderStatus, reason string, err error) {
	switch {
	case word == "open" && filled.IsPositive():
		return exchange.StatusPartial, "", nil
	case word == "open", word == "triggered":
		return exchange.StatusAccepted, "", nil
	case word == "filled":
		return exchange.StatusFilled, "", nil
	case word == "canceled":
		return exchange.StatusCanceled, "", nil
	case word == "iocCancelRejected", word == "marketOrderNoLiquidityRejected":
		return exchange.StatusExpired, word, nil
	case strings.HasSuffix(word, "Canceled"), word == "scheduledCancel":
		return exchange.StatusCanceled, word, nil
	case strings.HasSuffix(word, "ejected"):
		return exchange.StatusRejected, word, nil
	}
	return 0, "", fmt.Errorf("an order with the status %q", word)
}

// readOrder reads an order as questions and events have it: sz is what is left of origSz.
func readOrder(raw []byte) (r oms.Report, err error) {
	left, cloid := decimal.Zero, ""
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "coin":
			r.Symbol = f.Text()
			r.Venue = api.SegmentOf(r.Symbol)
		case "side":
			r.Side = feed.SideOf(f.Word())
		case "limitPx":
			r.Price = f.Decimal()
		case "sz":
			left = f.Decimal()
		case "origSz":
			r.Qty = f.Decimal()
		case "oid":
			r.OrderID = f.Text()
		case "timestamp":
			r.Time = exchange.UnixMilli(f.Int())
		case "cloid":
			cloid = f.Text()
		}
	}
	if err = f.Err(); err == nil && (r.Symbol == "" || r.OrderID == "" || r.Side == 0) {
		err = fmt.Errorf("%.100q: want a coin, a side and an oid", raw)
	}
	if cloid != "" {
		r.ClientID = api.ClientIDOf(cloid)
	}
	r.Filled = r.Qty.Sub(left)
	return r, err
}

// readStatus reads {"order":{…},"status":"open","statusTimestamp":1}.
func readStatus(raw []byte) (r oms.Report, err error) {
	word := ""
	var at exchange.Time
	f := jsonscan.Object(raw)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "order":
			r, err = readOrder(f.Raw())
		case "status":
			word = f.Text()
		case "statusTimestamp":
			at = exchange.UnixMilli(f.Int())
		}
	}
	if err = errors.Join(err, f.Err()); err != nil {
		return r, err
	}
	if r.OrderID == "" {
		return r, fmt.Errorf("%.100q: want an order", raw)
	}
	r.Time = max(r.Time, at)
	r.Status, r.Reason, err = statusOf(word, r.Filled)
	if r.Status == exchange.StatusRejected || r.Status == exchange.StatusExpired && r.Reason != "" {
		r.Filled = decimal.Zero // sz is 0 in some of them
	}
	return r, err
}

// readFill reads a fill; mine is the account that is traded. A trade's id is unique at its
// time, so both are ours. Source: the manual, subscriptions, WsTrade and WsFill.
func readFill(raw []byte, mine string) (e oms.Execution, err error) {
	var tid, dir, liquidated string
	crossed := false
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "coin":
			e.Symbol = f.Text()
			e.Venue = api.SegmentOf(e.Symbol)
		case "px":
			e.Price = f.Decimal()
		case "sz":
			e.Qty = f.Decimal()
		case "side":
			e.Side = feed.SideOf(f.Word())
		case "time":
			e.Time = exchange.UnixMilli(f.Int())
		case "closedPnl":
			e.Realised = decimal.NewNullDecimal(f.Decimal())
		case "oid":
			e.OrderID = f.Text()
		case "cloid":
			if cloid := f.Text(); cloid != "" {
				e.ClientID = api.ClientIDOf(cloid)
			}
		case "crossed":
			crossed = f.Bool()
		case "fee":
			e.Fee = f.Decimal()
		case "feeToken":
			e.FeeAsset = f.Text()
		case "tid":
			tid = f.Text()
		case "dir":
			dir = f.Text()
		case "liquidation":
			if raw := f.Raw(); raw[0] == '{' {
				liquidated = liquidatedOf(raw)
			}
		}
	}
	if err = f.Err(); err == nil && (e.Symbol == "" || tid == "" || e.Time == 0 || e.Side == 0) {
		err = fmt.Errorf("%.100q: want a coin, a side, a time and a tid", raw)
	}
	e.TradeID, e.Maker = strconv.FormatInt(int64(e.Time/exchange.Millisecond), 10)+"-"+tid, !crossed
	if e.Venue == api.Spot {
		e.Realised = decimal.NullDecimal{} // told for people; coins have none here
	}
	switch {
	case strings.EqualFold(liquidated, mine):
		e.Reason = "liquidation"
	case strings.Contains(dir, "Auto-Deleveraging"):
		e.Reason = "adl"
	case strings.Contains(dir, "Settlement"):
		e.Reason = "settlement"
	}
	return e, err
}

func liquidatedOf(raw []byte) string {
	f := jsonscan.Object(raw)
	for f.Next() {
		if string(f.Key()) == "liquidatedUser" {
			return f.Text()
		}
	}
	return ""
}
