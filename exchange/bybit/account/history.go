package account

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// pageOfTime is the longest span that listings by time have.
const pageOfTime = 7 * exchange.Day

// kept is how long the venue keeps executions and the log.
const kept = 2 * 365 * exchange.Day

func milli(t exchange.Time) string { return strconv.FormatInt(int64(t/exchange.Millisecond), 10) }

// weeks asks for a span piece by piece, each with what bounds it.
func (a *Account) weeks(since exchange.Time, ask func(begin, end exchange.Time) error) error {
	now := max(a.Now(), since)
	for begin := max(since, now-kept) / exchange.Millisecond * exchange.Millisecond; begin <= now; begin += pageOfTime {
		if err := ask(begin, begin+pageOfTime-exchange.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

// Executions implements oms.Account: by time, because ids say nothing of their order. What
// is not a trade, funding above all, is no execution here.
func (a *Account) Executions(ctx context.Context, v exchange.Venue, symbol string, from oms.Cursor) ([]oms.Execution, error) {
	since := exchange.Time(0)
	if from != "" {
		ns, err := strconv.ParseInt(string(from), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("cursor %q: want a time", from)
		}
		since = exchange.Time(ns)
	}
	var out []oms.Execution
	err := a.weeks(since, func(begin, end exchange.Time) error {
		q := a.question(v, "list executions of "+symbol, "/v5/execution/list", url.Values{"symbol": {symbol}, "limit": {"100"},
			"startTime": {milli(begin)}, "endTime": {milli(end)}})
		return a.Pages(ctx, q, func(raw []byte) error {
			e, k, closing, err := decodeExecution(v, raw)
			if err == nil && k.trade() {
				if !closing {
					e.Realised = decimal.NewNullDecimal(decimal.Zero)
				}
				out = append(out, e)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(x, y oms.Execution) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, a.realise(ctx, v, out)
}

// around is how far the log may date a trade from where the executions have it.
const around = exchange.Second

// late is how long the log may take to have a trade.
const late = exchange.Minute

// realise takes the profit of executions that close out of the transaction log, where a
// trade has its cash flow: only events of the stream tell it of themselves. One that the
// log does not have yet is asked for again; one that it never had is reckoned.
func (a *Account) realise(ctx context.Context, v exchange.Venue, list []oms.Execution) error {
	missing := map[string]*oms.Execution{}
	var first, last exchange.Time
	for i := range list {
		if e := &list[i]; !e.Realised.Valid {
			if len(missing) == 0 {
				first = e.Time
			}
			last = e.Time
			missing[e.TradeID] = e
		}
	}
	for begin := first - around; begin <= last && len(missing) > 0; begin += pageOfTime {
		q := logs(v, begin, min(begin+pageOfTime-exchange.Millisecond, last+around))
		q.Query.Set("category", string(api.Of(v)))
		err := a.Pages(ctx, q, func(raw []byte) error {
			r, err := decodeLog(raw)
			if e := missing[r.tradeID]; err == nil && e != nil {
				e.Realised = decimal.NewNullDecimal(r.cashFlow)
				delete(missing, r.tradeID)
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	for _, e := range missing { // order does not matter: any of them will do
		if a.Now() < e.Time+late {
			q := a.question(v, "list the profit of "+e.Symbol, "", nil)
			return q.Fault(exchange.ErrUnavailable, fmt.Errorf("the transaction log does not have trade %s yet", e.TradeID))
		}
	}
	return nil
}

func logs(v exchange.Venue, begin, end exchange.Time) client.Request {
	return client.Request{Venue: v, What: "list the transaction log", Path: "/v5/account/transaction-log", Count: client.Log, Priority: limit.Hedge,
		Query: url.Values{"accountType": {"UNIFIED"}, "limit": {"50"}, "startTime": {milli(begin)}, "endTime": {milli(end)}}}
}

// Income implements oms.Incomes: all that the wallet was booked beside trades, of every
// category. The funding account has no such log.
func (a *Account) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) (out []oms.Income, err error) {
	if w != api.Unified {
		return nil, nil
	}
	err = a.weeks(since, func(begin, end exchange.Time) error {
		return a.Pages(ctx, logs("", begin, end), func(raw []byte) error {
			r, err := decodeLog(raw)
			if err == nil {
				out = append(out, r.incomes()...)
			}
			return err
		})
	})
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(out, func(x, y oms.Income) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, nil
}
