package account

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// recent is how long trades are listed without being asked for as historical ones; kept is
// how far back these are asked for.
const (
	recent = exchange.Day
	kept   = 2 * 365 * exchange.Day
)

// mostPages bounds a listing: more would be a cursor that goes in circles.
const mostPages = 500

// Executions implements oms.Account: by time, because trade_seq is no part of a trade's id.
// What a future was delivered at is added as an execution.
func (a *Account) Executions(ctx context.Context, v exchange.Venue, symbol string, from oms.Cursor) (out []oms.Execution, err error) {
	now := a.Now()
	since := now - kept
	if from != "" {
		at, err := nanos(from)
		if err != nil {
			return nil, err
		}
		since = max(since, at/exchange.Millisecond*exchange.Millisecond)
	}
	seen := map[string]bool{}
	for _, historical := range []bool{true, false} {
		if historical && since > now-recent+exchange.Hour {
			continue // what became history just now is listed as both
		}
		if err := a.trades(ctx, v, symbol, since, now, historical, func(e oms.Execution) {
			if !seen[e.TradeID] {
				seen[e.TradeID] = true
				out = append(out, e)
			}
		}); err != nil {
			return nil, err
		}
	}
	if _, day, ok := strings.Cut(symbol, "-"); ok {
		if end, dated := api.Day(day); dated && end <= now && end >= since {
			if err := a.delivered(ctx, v, symbol, &out); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(out, func(x, y oms.Execution) int { return int((x.Time - y.Time) / exchange.Millisecond) })
	return out, nil
}

// trades lists those of a span, page by page.
func (a *Account) trades(ctx context.Context, v exchange.Venue, symbol string, since, until exchange.Time, historical bool, each func(oms.Execution)) error {
	const page = 1000
	for range mostPages {
		q := a.question(v, "list trades of "+symbol, "private/get_user_trades_by_instrument_and_time", client.Params{"instrument_name": symbol,
			"start_timestamp": milli(since), "end_timestamp": milli(max(since, until) + oms.Ahead), "count": page, "sorting": "asc", "historical": historical})
		last, n := since, 0
		rest, err := a.rows(ctx, q, "trades", func(raw []byte) error {
			e, err := decodeTrade(raw)
			if err == nil {
				each(e)
				last, n = max(last, e.Time), n+1
			}
			return err
		})
		if err != nil {
			return err
		}
		if rest["has_more"] != "true" || n == 0 {
			return nil
		}
		if last == since {
			last += exchange.Millisecond // a page of one millisecond
		}
		since = last
	}
	q := a.question(v, "list trades of "+symbol, "", nil)
	return q.Call().Fault(exchange.ErrUnavailable, strconv.ErrRange)
}

// delivered adds the execution that closed a future at its end. Its profit is not told for
// the position alone, and is reckoned.
func (a *Account) delivered(ctx context.Context, v exchange.Venue, symbol string, out *[]oms.Execution) error {
	q := a.question(v, "list deliveries of "+symbol, "private/get_settlement_history_by_instrument", client.Params{"instrument_name": symbol, "type": "delivery", "count": 20})
	_, err := a.rows(ctx, q, "settlements", func(raw []byte) error {
		e, err := decodeDelivery(raw)
		if err == nil && e.Qty.IsPositive() {
			*out = append(*out, e)
		}
		return err
	})
	return err
}

// Income implements oms.Incomes: all that the currencies were booked beside trades. Of a
// perpetual the settlement of 08:00 UTC pays the funding of the whole session.
func (a *Account) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) (out []oms.Income, err error) {
	if w != api.Wallet {
		return nil, nil
	}
	s, err := a.Summaries(ctx)
	if err != nil {
		return nil, err
	}
	now := a.Now()
	for _, c := range s.Currencies {
		if c.Balance.IsZero() && c.Equity.IsZero() {
			continue
		}
		if err := a.logged(ctx, c.Name, max(since, now-kept), now, func(i oms.Income) { out = append(out, i) }); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(x, y oms.Income) int { return int((x.Time - y.Time) / exchange.Millisecond) })
	return out, nil
}

func (a *Account) logged(ctx context.Context, currency string, since, until exchange.Time, each func(oms.Income)) error {
	p := client.Params{"currency": currency, "start_timestamp": milli(since), "end_timestamp": milli(max(since, until) + oms.Ahead), "count": 250}
	q := client.Request{What: "list the transaction log of " + currency, Method: "private/get_transaction_log", Params: p, Count: client.Log, Priority: limit.Hedge}
	for range mostPages {
		rest, err := a.rows(ctx, q, "logs", func(raw []byte) error {
			i, err := decodeLog(raw)
			if err == nil {
				each(i)
			}
			return err
		})
		if err != nil {
			return err
		}
		next, err := strconv.ParseInt(rest["continuation"], 10, 64)
		if err != nil || next == 0 {
			return nil // null: it was the last page
		}
		p["continuation"] = next
	}
	return q.Call().Fault(exchange.ErrUnavailable, strconv.ErrRange)
}
