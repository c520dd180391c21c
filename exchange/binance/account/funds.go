package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// tradesPerPage and incomePerPage are the most that one request returns.
const (
	tradesPerPage    = 1000
	incomePerPage    = 1000
	transfersPerPage = 100
)

// Executions pages forward by trade id. Futures keep 3 months of them.
func (c *Client) Executions(ctx context.Context, v exchange.Venue, symbol string, from oms.Cursor) ([]oms.Execution, error) {
	m := api.Of(v)
	q := request{market: m, what: "list trades of " + symbol, method: http.MethodGet, path: paths[m] + "/userTrades", priority: limit.Hedge}
	if m == api.Spot {
		q.path = paths[m] + "/myTrades"
	}
	id, err := firstID(from) // without fromId the venue tells the newest
	if err != nil {
		return nil, q.fault(exchange.ErrRefused, err)
	}
	var all []oms.Execution
	for {
		q.fill = func(f form) {
			f.Text("symbol", symbol)
			f.Int("fromId", id)
			f.Int("limit", tradesPerPage)
		}
		page, err := c.tradesPage(ctx, q, id)
		if err != nil {
			return nil, err
		}
		all = append(all, page...)
		if len(page) < tradesPerPage {
			return all, nil
		}
		last, err := strconv.ParseInt(page[len(page)-1].TradeID, 10, 64)
		if err != nil {
			return nil, q.garbled(err)
		}
		id = last + 1
	}
}

// tradesPage is one page of trades from an id on, in order.
func (c *Client) tradesPage(ctx context.Context, q request, from int64) ([]oms.Execution, error) {
	page, err := rows(ctx, c.transport, q, func(raw []byte) (oms.Execution, error) { return decodeTrade(q.market, raw) })
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(page, func(a, b oms.Execution) int { return cmp.Compare(cursorOf(a.TradeID), cursorOf(b.TradeID)) })
	if len(page) > 0 && cursorOf(page[0].TradeID) < cursorOf(idText(from)) {
		return nil, q.garbled(fmt.Errorf("trade %s, asked for %d and later", page[0].TradeID, from))
	}
	return page, nil
}

// balancePaths are where the newest form of a market's balances is.
var balancePaths = map[api.Market]string{api.Spot: "/api/v3/account", api.USDM: "/fapi/v3/balance", api.COINM: "/dapi/v1/balance"}

// Balances lists the assets of a wallet that are not zero.
func (c *Client) Balances(ctx context.Context, w exchange.Wallet) ([]oms.Balance, error) {
	m := api.Of(w)
	q := request{market: m, what: "list balances", method: http.MethodGet, path: balancePaths[m], priority: limit.Hedge}
	var all []oms.Balance
	var err error
	if m == api.Spot {
		q.fill = func(f form) { f.Text("omitZeroBalances", "true") }
		all, err = c.spotBalances(ctx, q)
	} else {
		all, err = rows(ctx, c.transport, q, func(raw []byte) (oms.Balance, error) { return decodeBalance(m, raw) })
	}
	return slices.DeleteFunc(all, func(b oms.Balance) bool { return b.Total.IsZero() && b.Free.IsZero() }), err
}

func (c *Client) spotBalances(ctx context.Context, q request) ([]oms.Balance, error) {
	body, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	all, err := decodeSpotBalances(body)
	if err != nil {
		return nil, q.garbled(err)
	}
	return all, nil
}

// positionPaths are where the newest form of a market's positions is. That of
// USD-M lists only what is there.
var positionPaths = map[api.Market]string{api.USDM: "/fapi/v3/positionRisk", api.COINM: "/dapi/v1/positionRisk"}

// Positions lists the positions of a derivatives market that are not zero; spot
// has none. In hedge mode a symbol has up to two; an account that is in another mode than it
// was is refused.
func (c *Client) Positions(ctx context.Context, v exchange.Venue) ([]oms.Position, error) {
	m := api.Of(v)
	if m == api.Spot {
		return nil, nil
	}
	q := request{market: m, what: "list positions", method: http.MethodGet, path: positionPaths[m], priority: limit.Hedge}
	all, err := rows(ctx, c.transport, q, func(raw []byte) (oms.Position, error) {
		p, err := decodePosition(m, raw)
		if err == nil && !p.Qty.IsZero() && c.hedged != (p.Side != 0) {
			err = fmt.Errorf("%s has a position of %s: the account is in %s, and was in %s when it was signed in to", p.Symbol, p.Qty, modeName(p.Side != 0), modeName(c.hedged))
		}
		return p, err
	})
	return slices.DeleteFunc(all, func(p oms.Position) bool { return p.Qty.IsZero() }), err
}

// incomeSpan is the longest time one request of COIN-M may cover: it allows a
// year. coinmBegan is before its first trade.
const incomeSpan = 360 * exchange.Day

var coinmBegan = exchange.Date(2020, 6, 1)

// Income reads the wallet's history page by page. USD-M keeps 3 months of it;
// COIN-M wants both ends of a window, so there it is read window by window.
func (c *Client) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) (all []oms.Income, err error) {
	switch m := api.Of(w); m {
	case api.USDM:
		all, err = c.incomeWindow(ctx, m, since, 0)
	case api.COINM:
		end := max(c.Now(), since) + oms.Ahead
		for from := max(since, coinmBegan); from < end && err == nil; from += incomeSpan {
			var part []oms.Income
			part, err = c.incomeWindow(ctx, m, from, min(from+incomeSpan-exchange.Millisecond, end))
			all = append(all, part...)
		}
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b oms.Income) int { return cmp.Compare(a.Time, b.Time) })
	return all, nil
}

// incomeWindow reads the rows of a window; with to 0 those until now.
func (c *Client) incomeWindow(ctx context.Context, m api.Market, from, to exchange.Time) ([]oms.Income, error) {
	var all []oms.Income
	for page := int64(1); ; page++ {
		q := request{market: m, what: "list income", method: http.MethodGet, path: paths[m] + "/income", priority: limit.Hedge, fill: func(f form) {
			f.Int("startTime", max(1, int64(from/exchange.Millisecond)))
			if to != 0 {
				f.Int("endTime", int64(to/exchange.Millisecond))
			}
			f.Int("page", page)
			f.Int("limit", incomePerPage)
		}}
		got, err := rows(ctx, c.transport, q, func(raw []byte) (oms.Income, error) { return decodeIncome(m, raw) })
		if err != nil {
			return nil, err
		}
		if page > 1 && len(got) > 0 && sameIncome(got[0], all[len(all)-incomePerPage]) {
			return nil, q.garbled(fmt.Errorf("page %d is page %d again", page, page-1))
		}
		all = append(all, got...)
		if len(got) < incomePerPage {
			return all, nil
		}
	}
}

func sameIncome(a, b oms.Income) bool {
	return a.Name == b.Name && a.ID == b.ID && a.Symbol == b.Symbol && a.Asset == b.Asset
}

// transferTypes are the venue's names of transfers. There is no direct way between the
// two futures wallets.
var transferTypes = map[[2]api.Market]string{
	{api.Spot, api.USDM}: "MAIN_UMFUTURE", {api.USDM, api.Spot}: "UMFUTURE_MAIN",
	{api.Spot, api.COINM}: "MAIN_CMFUTURE", {api.COINM, api.Spot}: "CMFUTURE_MAIN",
}

func transferType(q *request, from, to exchange.Wallet) (string, error) {
	name, ok := transferTypes[[2]api.Market{api.Of(from), api.Of(to)}]
	if !ok {
		return "", q.fault(exchange.ErrRefused, errors.New(wrongRoute(from, to)))
	}
	return name, nil
}

// Transfer moves money between wallets. The key must permit universal transfers. The
// venue takes no id of ours.
func (c *Client) Transfer(ctx context.Context, t oms.TransferOrder) (string, error) {
	q := request{market: api.Spot, what: "transfer " + t.Asset, method: http.MethodPost, path: "/sapi/v1/asset/transfer", wallet: true,
		priority: limit.Hedge, changes: true}
	name, err := transferType(&q, t.From, t.To)
	if err != nil {
		return "", err
	}
	q.fill = func(f form) {
		f.Text("type", name)
		f.Text("asset", t.Asset)
		amount(f, "amount", t.Amount)
	}
	body, err := c.request(ctx, q)
	if err != nil {
		return "", err
	}
	v, err := decodeTransfer(t.From, t.To, body)
	if err == nil && v.ID == "" {
		err = fmt.Errorf("a transfer without tranId: %.200q", body)
	}
	if err != nil {
		return "", q.garbled(err)
	}
	return v.ID, nil
}

// TransferHistory lists the transfers between two wallets since a time, oldest first. The
// venue tells the newest first, so a page can repeat rows of the one before.
func (c *Client) TransferHistory(ctx context.Context, from, to exchange.Wallet, since exchange.Time) ([]oms.TransferRow, error) {
	q := request{market: api.Spot, what: "list transfers", method: http.MethodGet, path: "/sapi/v1/asset/transfer", wallet: true, priority: limit.Hedge}
	name, err := transferType(&q, from, to)
	if err != nil {
		return nil, err
	}
	var all []oms.TransferRow
	for page := int64(1); ; page++ {
		q.fill = func(f form) {
			f.Text("type", name)
			f.Int("startTime", max(1, int64(since/exchange.Millisecond)))
			f.Int("current", page)
			f.Int("size", transfersPerPage)
		}
		got, err := c.transfersPage(ctx, q, from, to)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
		if len(got) < transfersPerPage {
			break
		}
	}
	slices.SortFunc(all, func(a, b oms.TransferRow) int {
		return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(cursorOf(a.ID), cursorOf(b.ID)))
	})
	return slices.CompactFunc(all, func(a, b oms.TransferRow) bool { return a.ID == b.ID }), nil
}

func (c *Client) transfersPage(ctx context.Context, q request, from, to exchange.Wallet) ([]oms.TransferRow, error) {
	body, err := c.request(ctx, q)
	if err != nil {
		return nil, err
	}
	raw, err := member(body, "rows")
	if err != nil || raw == nil { // no rows are no list at all
		return nil, garbledIf(&q, err)
	}
	got, err := list(raw, func(raw []byte) (oms.TransferRow, error) { return decodeTransfer(from, to, raw) })
	return got, garbledIf(&q, err)
}

// garbledIf is garbled for an error that may be none.
func garbledIf(q *request, err error) error {
	if err == nil {
		return nil
	}
	return q.garbled(err)
}

// ArmDeadMan starts, or with 0 stops, the countdown after which the venue cancels the
// orders of a symbol. It is armed again before it ends, and for every symbol
// with orders; conditional orders are not promised to be covered.
func (c *Client) ArmDeadMan(ctx context.Context, v exchange.Venue, symbol string, countdown exchange.Time) error {
	m := api.Of(v)
	q := request{market: m, what: "arm the countdown of " + symbol, method: http.MethodPost, path: paths[m] + "/countdownCancelAll",
		priority: limit.Cancel, changes: true, fill: func(f form) {
			f.Text("symbol", symbol)
			f.Int("countdownTime", int64(countdown/exchange.Millisecond))
		}}
	return c.done(ctx, q)
}
