package account

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/limit"
)

// tradesPerPage and incomePerPage are the most that one request returns.
const (
	tradesPerPage = 1000
	incomePerPage = 1000
	movesPerPage  = 100
)

// Trades pages forward by trade id. Futures keep 3 months of them.
func (c *Client) Trades(ctx context.Context, m api.Market, symbol string, from int64) ([]Execution, error) {
	path := paths[m] + "/userTrades"
	if m == api.Spot {
		path = paths[m] + "/myTrades"
	}
	var all []Execution
	for from = max(from, 1); ; { // without fromId the venue tells the newest
		q := question{market: m, what: "list trades of " + symbol, method: http.MethodGet, path: path, priority: limit.Hedge, fill: func(f form) {
			f.Text("symbol", symbol)
			f.Int("fromId", from)
			f.Int("limit", tradesPerPage)
		}}
		page, err := rows(ctx, c, q, func(raw []byte) (Execution, error) { return decodeTrade(m, raw) })
		if err != nil {
			return nil, err
		}
		slices.SortStableFunc(page, func(a, b Execution) int { return cmp.Compare(a.TradeID, b.TradeID) })
		if len(page) > 0 && page[0].TradeID < from {
			return nil, q.garbled(fmt.Errorf("trade %d, asked for %d and later", page[0].TradeID, from))
		}
		all = append(all, page...)
		if len(page) < tradesPerPage {
			return all, nil
		}
		from = page[len(page)-1].TradeID + 1
	}
}

// balancePaths are where the newest form of a market's balances is.
var balancePaths = map[api.Market]string{api.Spot: "/api/v3/account", api.USDM: "/fapi/v3/balance", api.COINM: "/dapi/v1/balance"}

// Balances lists the assets of a wallet that are not zero.
func (c *Client) Balances(ctx context.Context, m api.Market) ([]Balance, error) {
	q := question{market: m, what: "list balances", method: http.MethodGet, path: balancePaths[m], priority: limit.Hedge}
	var all []Balance
	var err error
	if m == api.Spot {
		q.fill = func(f form) { f.Text("omitZeroBalances", "true") }
		all, err = c.spotBalances(ctx, q)
	} else {
		all, err = rows(ctx, c, q, func(raw []byte) (Balance, error) { return decodeBalance(m, raw) })
	}
	return slices.DeleteFunc(all, func(b Balance) bool { return b.Wallet.IsZero() && b.Free.IsZero() }), err
}

func (c *Client) spotBalances(ctx context.Context, q question) ([]Balance, error) {
	body, err := c.ask(ctx, q)
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
// has none. It refuses an account in hedge mode, where a symbol has two.
func (c *Client) Positions(ctx context.Context, m api.Market) ([]Position, error) {
	if m == api.Spot {
		return nil, nil
	}
	q := question{market: m, what: "list positions", method: http.MethodGet, path: positionPaths[m], priority: limit.Hedge}
	all, err := rows(ctx, c, q, func(raw []byte) (Position, error) {
		p, side, err := decodePosition(m, raw)
		if err == nil && side != "" && side != "BOTH" && !p.Qty.IsZero() {
			err = fmt.Errorf("%s has a %s position: the account is in hedge mode, want one-way mode", p.Symbol, side)
		}
		return p, err
	})
	return slices.DeleteFunc(all, func(p Position) bool { return p.Qty.IsZero() }), err
}

// incomeSpan is the longest time one request of COIN-M may cover: it allows a
// year. coinmBegan is before its first trade.
const incomeSpan = 360 * exchange.Day

var coinmBegan = exchange.Date(2020, 6, 1)

// Income reads the wallet's history page by page. USD-M keeps 3 months of it;
// COIN-M wants both ends of a window, so there it is read window by window.
func (c *Client) Income(ctx context.Context, m api.Market, since exchange.Time) (all []Income, err error) {
	switch m {
	case api.USDM:
		all, err = c.incomeWindow(ctx, m, since, 0)
	case api.COINM:
		end := c.Now() + exchange.Hour
		for from := max(since, coinmBegan); from < end && err == nil; from += incomeSpan {
			var part []Income
			part, err = c.incomeWindow(ctx, m, from, min(from+incomeSpan-exchange.Millisecond, end))
			all = append(all, part...)
		}
	}
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(all, func(a, b Income) int { return cmp.Compare(a.Time, b.Time) })
	return all, nil
}

// incomeWindow reads the rows of a window; with to 0 those until now.
func (c *Client) incomeWindow(ctx context.Context, m api.Market, from, to exchange.Time) ([]Income, error) {
	var all []Income
	for page := int64(1); ; page++ {
		q := question{market: m, what: "list income", method: http.MethodGet, path: paths[m] + "/income", priority: limit.Hedge, fill: func(f form) {
			f.Int("startTime", max(1, int64(from/exchange.Millisecond)))
			if to != 0 {
				f.Int("endTime", int64(to/exchange.Millisecond))
			}
			f.Int("page", page)
			f.Int("limit", incomePerPage)
		}}
		got, err := rows(ctx, c, q, func(raw []byte) (Income, error) { return decodeIncome(m, raw) })
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

func sameIncome(a, b Income) bool {
	return a.Type == b.Type && a.TranID == b.TranID && a.Symbol == b.Symbol && a.Asset == b.Asset
}

// moves are the venue's names of transfers. There is no direct way between the
// two futures wallets.
var moves = map[[2]api.Market]string{
	{api.Spot, api.USDM}: "MAIN_UMFUTURE", {api.USDM, api.Spot}: "UMFUTURE_MAIN",
	{api.Spot, api.COINM}: "MAIN_CMFUTURE", {api.COINM, api.Spot}: "CMFUTURE_MAIN",
}

func moveName(q *question, from, to api.Market) (string, error) {
	name, ok := moves[[2]api.Market{from, to}]
	if !ok {
		return "", q.fault(Refused, fmt.Errorf("there is no transfer from %v to %v: go through spot", from, to))
	}
	return name, nil
}

// Move transfers between wallets. The key must permit universal transfers.
func (c *Client) Move(ctx context.Context, asset string, from, to api.Market, amt decimal.Decimal) (int64, error) {
	q := question{market: api.Spot, what: "transfer " + asset, method: http.MethodPost, path: "/sapi/v1/asset/transfer", wallet: true,
		priority: limit.Hedge, changes: true}
	name, err := moveName(&q, from, to)
	if err != nil {
		return 0, err
	}
	q.fill = func(f form) {
		f.Text("type", name)
		f.Text("asset", asset)
		amount(f, "amount", amt)
	}
	body, err := c.ask(ctx, q)
	if err != nil {
		return 0, err
	}
	v, err := decodeMove(from, to, body)
	if err == nil && v.TranID == 0 {
		err = fmt.Errorf("a transfer without tranId: %.200q", body)
	}
	if err != nil {
		return 0, q.garbled(err)
	}
	return v.TranID, nil
}

// Moves lists the transfers between two wallets since a time, oldest first. The
// venue tells the newest first, so a page can repeat rows of the one before.
func (c *Client) Moves(ctx context.Context, from, to api.Market, since exchange.Time) ([]Move, error) {
	q := question{market: api.Spot, what: "list transfers", method: http.MethodGet, path: "/sapi/v1/asset/transfer", wallet: true, priority: limit.Hedge}
	name, err := moveName(&q, from, to)
	if err != nil {
		return nil, err
	}
	var all []Move
	for page := int64(1); ; page++ {
		q.fill = func(f form) {
			f.Text("type", name)
			f.Int("startTime", max(1, int64(since/exchange.Millisecond)))
			f.Int("current", page)
			f.Int("size", movesPerPage)
		}
		got, err := c.movesPage(ctx, q, from, to)
		if err != nil {
			return nil, err
		}
		all = append(all, got...)
		if len(got) < movesPerPage {
			break
		}
	}
	slices.SortFunc(all, func(a, b Move) int { return cmp.Or(cmp.Compare(a.Time, b.Time), cmp.Compare(a.TranID, b.TranID)) })
	return slices.CompactFunc(all, func(a, b Move) bool { return a.TranID == b.TranID }), nil
}

func (c *Client) movesPage(ctx context.Context, q question, from, to api.Market) ([]Move, error) {
	body, err := c.ask(ctx, q)
	if err != nil {
		return nil, err
	}
	raw, err := member(body, "rows")
	if err != nil || raw == nil { // no rows are no list at all
		return nil, garbledIf(&q, err)
	}
	got, err := list(raw, func(raw []byte) (Move, error) { return decodeMove(from, to, raw) })
	return got, garbledIf(&q, err)
}

// garbledIf is garbled for an error that may be none.
func garbledIf(q *question, err error) error {
	if err == nil {
		return nil
	}
	return q.garbled(err)
}

// Arm starts, or with 0 stops, the countdown after which the venue cancels the
// orders of a symbol. It is armed again before it ends, and for every symbol
// with orders; conditional orders are not promised to be covered.
func (c *Client) Arm(ctx context.Context, m api.Market, symbol string, countdown exchange.Time) error {
	q := question{market: m, what: "arm the countdown of " + symbol, method: http.MethodPost, path: paths[m] + "/countdownCancelAll",
		priority: limit.Cancel, changes: true, fill: func(f form) {
			f.Text("symbol", symbol)
			f.Int("countdownTime", int64(countdown/exchange.Millisecond))
		}}
	if m == api.Spot {
		return q.fault(Refused, fmt.Errorf("spot has no countdown"))
	}
	_, err := c.ask(ctx, q)
	return err
}
