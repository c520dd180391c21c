package account

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
)

// State is the account of perpetuals. Source: the manual, info endpoint,
// clearinghouseState.
type State struct {
	Summary struct {
		Value jsonscan.Amount `json:"accountValue"`
	} `json:"marginSummary"`
	Free      jsonscan.Amount `json:"withdrawable"`
	Positions []struct {
		Position struct {
			Coin     string          `json:"coin"`
			Size     jsonscan.Amount `json:"szi"`
			Entry    jsonscan.Amount `json:"entryPx"`
			Value    jsonscan.Amount `json:"positionValue"`
			Profit   jsonscan.Amount `json:"unrealizedPnl"`
			Leverage struct {
				Type  string `json:"type"`
				Value int    `json:"value"`
			} `json:"leverage"`
		} `json:"position"`
	} `json:"assetPositions"`
}

// State asks for the account of perpetuals.
func (a *Account) State(ctx context.Context) (s State, err error) {
	err = a.Ask(ctx, api.Perp, "ask the account's state", &s, client.Light, client.Ask("clearinghouseState", user(a)))
	return s, err
}

// Balances implements oms.Account. That of perpetuals is without unrealised profit.
func (a *Account) Balances(ctx context.Context, w exchange.Wallet) (out []oms.Balance, err error) {
	if w == api.PerpWallet {
		s, err := a.State(ctx)
		if err != nil {
			return nil, err
		}
		total := s.Summary.Value.Decimal
		for i := range s.Positions {
			total = total.Sub(s.Positions[i].Position.Profit.Decimal)
		}
		if total.IsZero() {
			return nil, nil
		}
		return []oms.Balance{{Wallet: w, Asset: api.USDC, Total: total, Free: decimal.Min(total, s.Free.Decimal)}}, nil
	}
	var s struct {
		Balances []struct {
			Coin  string          `json:"coin"`
			Total jsonscan.Amount `json:"total"`
			Hold  jsonscan.Amount `json:"hold"`
		} `json:"balances"`
	}
	if err := a.Ask(ctx, api.Spot, "list balances", &s, client.Light, client.Ask("spotClearinghouseState", user(a))); err != nil {
		return nil, err
	}
	for _, b := range s.Balances {
		if !b.Total.IsZero() {
			out = append(out, oms.Balance{Wallet: api.SpotWallet, Asset: b.Coin, Total: b.Total.Decimal, Free: b.Total.Sub(b.Hold.Decimal)})
		}
	}
	return out, nil
}

// Positions implements oms.Account.
func (a *Account) Positions(ctx context.Context, v exchange.Venue) (out []oms.Position, err error) {
	if v != api.Perp {
		return nil, nil
	}
	s, err := a.State(ctx)
	for i := range s.Positions {
		p := &s.Positions[i].Position
		if p.Size.IsZero() {
			continue
		}
		out = append(out, oms.Position{Venue: v, Symbol: p.Coin, Qty: p.Size.Decimal, Entry: p.Entry.Decimal, Mark: p.Value.DivRound(p.Size.Abs(), 10)})
	}
	return out, err
}

// mostRows is how many rows a listing by time has. Source: the manual, info endpoint,
// "Pagination".
const mostRows = 500

// entry is a row of what was booked beside trades: {"time":1,"hash":"0x","delta":{"type":…}}.
type entry struct {
	at                      exchange.Time
	hash, kind, coin, token string
	user, to                string
	usdc, amount, fee, net  decimal.Decimal
	toPerp                  bool
}

func readEntry(raw []byte) (e entry, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "time":
			e.at = exchange.UnixMilli(f.Int())
		case "hash":
			e.hash = f.Text()
		case "delta":
			d := jsonscan.Object(f.Raw())
			for d.Next() {
				switch string(d.Key()) {
				case "type":
					e.kind = d.Text()
				case "coin":
					e.coin = d.Text()
				case "token":
					e.token = d.Text()
				case "usdc":
					e.usdc = d.Decimal()
				case "amount":
					e.amount = d.Decimal()
				case "fee":
					e.fee = d.Decimal()
				case "netWithdrawnUsd":
					e.net = d.Decimal()
				case "user":
					e.user = d.Text()
				case "destination":
					e.to = d.Text()
				case "toPerp":
					e.toPerp = d.Bool()
				}
			}
			if d.Err() != nil {
				return e, d.Err()
			}
		}
	}
	if err = f.Err(); err == nil && (e.at == 0 || e.kind == "") {
		err = fmt.Errorf("%.100q: want a time and a type", raw)
	}
	return e, err
}

// in is what an entry changed in a wallet, and of which asset; mine is the account. What
// it does not know is found by the comparison of balances. Source: the manual,
// subscriptions, WsLedgerUpdate.
func (e *entry) in(w exchange.Wallet, mine string) (asset string, amount decimal.Decimal) {
	out := decimal.NewFromInt(1)
	if strings.EqualFold(e.user, mine) {
		out = out.Neg()
	}
	fee := decimal.Zero
	if out.IsNegative() {
		fee = e.fee
	}
	if w == api.SpotWallet {
		switch e.kind {
		case "accountClassTransfer":
			if e.toPerp {
				return api.USDC, e.usdc.Neg()
			}
			return api.USDC, e.usdc
		case "spotTransfer":
			return e.token, e.amount.Mul(out)
		case "spotGenesis":
			return e.token, e.amount
		}
		return "", decimal.Zero
	}
	switch e.kind {
	case "funding", "deposit":
		return api.USDC, e.usdc
	case "withdraw":
		return api.USDC, e.usdc.Add(e.fee).Neg()
	case "internalTransfer", "subAccountTransfer":
		return api.USDC, e.usdc.Mul(out).Sub(fee)
	case "accountClassTransfer":
		if e.toPerp {
			return api.USDC, e.usdc
		}
		return api.USDC, e.usdc.Neg()
	case "vaultCreate", "vaultDeposit":
		return api.USDC, e.usdc.Neg()
	case "vaultDistribution":
		return api.USDC, e.usdc
	case "vaultWithdraw":
		return api.USDC, e.net
	}
	return "", decimal.Zero
}

// Income implements oms.Incomes. Funding has no id: its coin and time are one.
func (a *Account) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) (out []oms.Income, err error) {
	mine, seen := string(a.User()), map[string]bool{}
	row := func(raw []byte) (exchange.Time, error) {
		e, err := readEntry(raw)
		i := oms.Income{Venue: exchange.Venue(w), Wallet: w, Name: e.kind, Symbol: e.coin, Time: e.at, ID: strconv.FormatInt(int64(e.at/exchange.Millisecond), 10)}
		i.Asset, i.Amount = e.in(w, mine)
		switch e.kind {
		case "funding":
			i.Kind = oms.IncomeFunding
		case "accountClassTransfer":
			i.Kind = oms.IncomeTransfer
		default:
			i.ID += e.hash
		}
		if key := i.Name + i.ID + i.Symbol; err == nil && i.Asset != "" && !seen[key] {
			seen[key] = true
			out = append(out, i)
		}
		return e.at, err
	}
	kinds := []string{"userNonFundingLedgerUpdates"}
	if w == api.PerpWallet {
		kinds = append(kinds, "userFunding")
	}
	for _, kind := range kinds {
		if err := a.pages(ctx, exchange.Venue(w), "list what was booked", kind, since, mostRows, row); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(x, y oms.Income) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, nil
}

// route says why money can't be moved.
func (a *Account) route(from, to exchange.Wallet) string {
	switch {
	case from == to || from != api.SpotWallet && from != api.PerpWallet || to != api.SpotWallet && to != api.PerpWallet:
		return fmt.Sprintf("want a transfer between %s and %s", api.SpotWallet, api.PerpWallet)
	case !a.IsMain():
		return "an agent may not move money, also between the account's own wallets: move it on the venue's page, or sign in with the account's own key (main_wallet = true)"
	}
	return ""
}

// transferID names a transfer, which has no id of its own: by its amount, which is marked.
func transferID(amount decimal.Decimal, to exchange.Wallet) string {
	return amount.String() + " to " + string(to)
}

// Transfer implements oms.Transfers: USDC alone, and by the account's own key alone.
func (a *Account) Transfer(ctx context.Context, t oms.TransferOrder) (string, error) {
	act := client.Action{What: fmt.Sprintf("move %s from %s to %s", t.Asset, t.From, t.To), User: signing.UsdClassTransfer, Pool: client.Orders, Priority: limit.Hedge}
	if why := a.route(t.From, t.To); why != "" && a.IsMain() {
		return "", act.Fault(exchange.ErrRefused, errors.New(why))
	}
	if t.Asset != api.USDC {
		return "", act.Fault(exchange.ErrRefused, fmt.Errorf("%s: the venue moves %s alone", t.Asset, api.USDC))
	}
	amount := t.Amount.String()
	if a.Vault() { // a sub-account's is named in the amount. Source: python-sdk, exchange.py, usd_class_transfer
		amount += " subaccount:" + string(a.User())
	}
	act.Make = func(nonce uint64) signing.Object {
		return signing.ClassTransfer(a.Mainnet(), amount, t.To == api.PerpWallet, nonce)
	}
	_, err := a.Do(ctx, act)
	return transferID(t.Amount, t.To), err
}

// TransferHistory implements oms.Transfers.
func (a *Account) TransferHistory(ctx context.Context, from, to exchange.Wallet, since exchange.Time) (out []oms.TransferRow, err error) {
	seen := map[string]bool{}
	err = a.pages(ctx, "", "list transfers", "userNonFundingLedgerUpdates", since, mostRows, func(raw []byte) (exchange.Time, error) {
		e, err := readEntry(raw)
		if err != nil || e.kind != "accountClassTransfer" || e.toPerp != (to == api.PerpWallet) || from == to || seen[e.hash+timeText(e.at)] {
			return e.at, err
		}
		seen[e.hash+timeText(e.at)] = true
		out = append(out, oms.TransferRow{ID: transferID(e.usdc, to), Asset: api.USDC, From: from, To: to, Amount: e.usdc, Done: true, Time: e.at})
		return e.at, nil
	})
	return out, err
}

func timeText(t exchange.Time) string { return strconv.FormatInt(int64(t), 10) }
