package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/oms"
)

// How long the venue keeps what, by its manual: the shorter listing is the fresher one and
// may be asked more often.
const (
	kept      = 90 * exchange.Day
	keptFills = 3 * exchange.Day
	keptBills = 7 * exchange.Day
)

func milli(t exchange.Time) string { return strconv.FormatInt(int64(t/exchange.Millisecond), 10) }

// earliest is how far back a listing is asked for, and which of two has it.
func (a *Account) earliest(since, short exchange.Time, fresh, archive string) (exchange.Time, string) {
	now := a.Now()
	since = max(since, now-kept)
	if since > now-short+exchange.Hour {
		return since, fresh
	}
	return since, archive
}

// Executions implements oms.Account: by time, because ids of trades are those of an
// instrument.
func (a *Account) Executions(ctx context.Context, v exchange.Venue, symbol string, from oms.Cursor) (out []oms.Execution, err error) {
	since := exchange.Time(0)
	if from != "" {
		ns, err := strconv.ParseInt(string(from), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("cursor %q: want a time", from)
		}
		since = exchange.Time(ns)
	} else if v == "" {
		return nil, nil
	}
	since, path := a.earliest(since, keptFills, "/api/v5/trade/fills", "/api/v5/trade/fills-history")
	kinds := []api.Type{api.Of(v)}
	if kinds[0] == api.Spot && a.mode(api.Spot) != "cash" {
		kinds = append(kinds, "MARGIN") // what coins that are traded against all margin are listed as
	}
	for _, t := range kinds {
		q := question(v, "list executions of "+symbol, path, client.Fills, url.Values{"instType": {string(t)}, "instId": {symbol}, "begin": {milli(since)}})
		err := a.Pages(ctx, q, 100, func(raw []byte) (string, bool, error) {
			e, bill, err := a.read.decodeFill(raw)
			if err == nil && e.Time >= since/exchange.Millisecond*exchange.Millisecond {
				out = append(out, e)
			}
			return bill, false, err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.Reverse(out) // the venue lists the newest first
	slices.SortStableFunc(out, func(x, y oms.Execution) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, nil
}

// Income implements oms.Incomes: the bills of the trading account.
func (a *Account) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) (out []oms.Income, err error) {
	if w != api.Trading {
		return nil, nil
	}
	since, path := a.earliest(since, keptBills, "/api/v5/account/bills", "/api/v5/account/bills-archive")
	q := question("", "list bills", path, client.Bills, url.Values{"begin": {milli(since)}})
	err = a.Pages(ctx, q, 100, func(raw []byte) (string, bool, error) {
		i, err := a.read.decodeBill(raw)
		if err == nil && i.Time >= since/exchange.Millisecond*exchange.Millisecond {
			out = append(out, i)
		}
		return i.ID, false, err
	})
	slices.Reverse(out)
	return out, err
}

// Accounts by their numbers in transfers.
var numbers = map[exchange.Wallet]string{api.Funding: "6", api.Trading: "18"}

// Transfer implements oms.Transfers. The id is ours: transfers are known by it wherever they
// are listed.
func (a *Account) Transfer(ctx context.Context, t oms.TransferOrder) (string, error) {
	from, to := numbers[t.From], numbers[t.To]
	q := client.Request{What: fmt.Sprintf("move %s from %s to %s", t.Asset, t.From, t.To), Path: "/api/v5/asset/transfer", Count: client.Settings, Priority: limit.Hedge,
		Body: map[string]string{"ccy": t.Asset, "amt": t.Amount.String(), "from": from, "to": to, "type": "0", "clientId": t.Tag}}
	if from == "" || to == "" || from == to {
		return "", q.Fault(exchange.ErrRefused, fmt.Errorf("want a transfer between %s and %s", api.Trading, api.Funding))
	}
	if wrong := wrongClientID(t.Tag); wrong != "" {
		return "", q.Fault(exchange.ErrRefused, errors.New("tag: "+wrong))
	}
	return t.Tag, a.Rows(ctx, q, func([]byte) error { return nil })
}

// Types of bills of the funding account. Source: the manual, "Asset bills details".
const (
	fromTrading = "130"
	toTrading   = "131"
)

// TransferHistory implements oms.Transfers: there is no listing of transfers, but bills of
// the funding account have our ids. A bill is there once it is done.
func (a *Account) TransferHistory(ctx context.Context, from, to exchange.Wallet, since exchange.Time) (out []oms.TransferRow, err error) {
	kind := toTrading
	if from == api.Trading {
		kind = fromTrading
	}
	if numbers[from] == "" || numbers[to] == "" || from == to {
		return nil, nil
	}
	q := question("", "list transfers", "/api/v5/asset/bills", client.Funds, url.Values{"type": {kind}})
	err = a.Pages(ctx, q, 100, func(raw []byte) (string, bool, error) {
		r, err := decodeTransfer(raw)
		if r.From, r.To = from, to; err == nil && r.Time >= since {
			out = append(out, r)
		}
		return milli(r.Time), err == nil && r.Time < since, err // this listing is paged by time
	})
	slices.Reverse(out)
	return out, err
}
