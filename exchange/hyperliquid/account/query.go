package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// Query implements oms.Account: open or over, by our id where there is one.
func (a *Account) Query(ctx context.Context, o oms.OrderRef) (r oms.Report, err error) {
	if cloid := cloidOf(o.ClientID); cloid != "" {
		return a.ask(ctx, o.Venue, o.Symbol, signing.Text(cloid))
	}
	return a.status(ctx, o.Venue, o.Symbol, o.OrderID)
}

// status asks for an order by its number.
func (a *Account) status(ctx context.Context, v exchange.Venue, symbol, orderID string) (oms.Report, error) {
	oid, err := strconv.ParseUint(orderID, 10, 63)
	if err != nil {
		q := client.Question{Venue: v, What: "query " + symbol}
		return oms.Report{}, q.Fault(exchange.ErrNotFound, fmt.Errorf("order %q: want an id", orderID))
	}
	return a.ask(ctx, v, symbol, signing.Int(oid))
}

func (a *Account) ask(ctx context.Context, v exchange.Venue, symbol string, id signing.Value) (r oms.Report, err error) {
	q := client.Question{Venue: v, What: "query " + symbol, Weight: client.Light, Priority: limit.Hedge}
	q.Body = client.Ask("orderStatus", user(a), signing.Field{Name: "oid", Value: id})
	answer, err := a.Info(ctx, q)
	if err != nil {
		return r, err
	}
	status := ""
	f := jsonscan.Object(answer)
	for f.Next() && err == nil {
		switch string(f.Key()) {
		case "status":
			status = f.Text()
		case "order":
			r, err = readStatus(f.Raw())
		}
	}
	switch err = errors.Join(err, f.Err()); {
	case err != nil:
		return r, q.Fault(exchange.ErrUnavailable, fmt.Errorf("the answer makes no sense: %w", err))
	case status == "unknownOid":
		return r, q.Fault(exchange.ErrNotFound, fmt.Errorf("the account has no order %s", signing.JSON(id)))
	case status != "order":
		return r, q.Fault(exchange.ErrUnavailable, fmt.Errorf("status %q", status))
	}
	a.replaced.whole(&r)
	return r, nil
}

// OpenOrders implements oms.Account: those of both segments are one list.
func (a *Account) OpenOrders(ctx context.Context, v exchange.Venue) (out []oms.Report, err error) {
	q := client.Question{Venue: v, What: "list open orders", Weight: client.Heavy, Priority: limit.Hedge, Body: client.Ask("frontendOpenOrders", user(a))}
	err = a.rows(ctx, q, func(raw []byte) error {
		r, err := readOrder(raw)
		if r.Status = exchange.StatusAccepted; r.Filled.IsPositive() {
			r.Status = exchange.StatusPartial
		}
		a.replaced.whole(&r)
		if r.Venue == v {
			out = append(out, r)
		}
		return err
	})
	return out, err
}

// rows asks a question and hands on the rows of its answer.
func (a *Account) rows(ctx context.Context, q client.Question, row func(raw []byte) error) error {
	answer, err := a.Info(ctx, q)
	if err != nil {
		return err
	}
	list := jsonscan.Array(answer)
	for list.Next() && err == nil {
		err = row(list.Raw())
	}
	if err = errors.Join(err, list.Err()); err != nil {
		return q.Fault(exchange.ErrUnavailable, fmt.Errorf("the answer makes no sense: %w", err))
	}
	return nil
}

// usualRows is how many rows a listing of late has: what an answer weighs is known when it
// has come, and most begin where the last one ended.
const usualRows = 20

// pages asks for a span of time until an answer has fewer rows than it may. Each page
// begins at the time of the last row, so row sees some twice.
func (a *Account) pages(ctx context.Context, v exchange.Venue, what, kind string, since exchange.Time, most int, row func(raw []byte) (at exchange.Time, err error)) error {
	const pagesMost = 50
	for range pagesMost {
		n, last := 0, since
		q := client.Question{Venue: v, What: what, Weight: client.Rows(usualRows, 20), Priority: limit.Hedge,
			Body: client.Ask(kind, user(a), signing.Field{Name: "startTime", Value: signing.Int(max(0, since) / exchange.Millisecond)})}
		err := a.rows(ctx, q, func(raw []byte) error {
			at, err := row(raw)
			n, last = n+1, max(last, at)
			return err
		})
		if err != nil || n < most || last <= since {
			return err
		}
		since = last
	}
	return nil
}

// mostFills is how many one answer has at most; the venue keeps 10 000. Source: the manual,
// info endpoint, "Retrieve a user's fills by time".
const mostFills = 2000

// Executions implements oms.Account: by time. The listing is of all instruments.
func (a *Account) Executions(ctx context.Context, v exchange.Venue, symbol string, from oms.Cursor) (out []oms.Execution, err error) {
	var since exchange.Time
	if from != "" {
		ns, err := strconv.ParseInt(string(from), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("cursor %q: want a time", from)
		}
		since = exchange.Time(ns)
	}
	seen := map[string]bool{}
	err = a.pages(ctx, v, "list executions of "+symbol, "userFillsByTime", since, mostFills, func(raw []byte) (exchange.Time, error) {
		e, err := readFill(raw, string(a.User()))
		if err == nil && e.Symbol == symbol && e.Venue == v && !seen[e.TradeID] && e.Time >= since/exchange.Millisecond*exchange.Millisecond {
			seen[e.TradeID] = true
			out = append(out, e)
		}
		return e.Time, err
	})
	slices.SortStableFunc(out, func(x, y oms.Execution) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, err
}
