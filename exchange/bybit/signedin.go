package bybit

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/account"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// signedIn is the account of a key, with its terms and the checks of its settings.
type signedIn struct{ *account.Account }

var _ connect.Account = (*signedIn)(nil)

// key is what query-api says of the key.
type key struct {
	UID      json.Number         `json:"userID"`
	ReadOnly int                 `json:"readOnly"`
	Unified  int                 `json:"uta"`
	IPs      []string            `json:"ips"`
	May      map[string][]string `json:"permissions"`
}

// ask sends a question about the account and reads its answer.
func (a *signedIn) ask(ctx context.Context, what, path string, query url.Values, to any) error {
	q := client.Request{What: what, Path: path, Query: query, Count: client.Read, Priority: limit.Hedge}
	result, err := a.Do(ctx, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, to); err != nil {
		return q.Garbled(err)
	}
	return nil
}

// UID implements connect.Account.
func (a *signedIn) UID(ctx context.Context) (string, error) {
	var k key
	err := a.ask(ctx, "ask about the key", "/v5/user/query-api", nil, &k)
	return k.UID.String(), err
}

// Admission implements connect.Account.
func (a *signedIn) Admission(ctx context.Context) []connect.Finding {
	var l connect.Findings
	a.permissions(ctx, &l)
	a.kind(ctx, &l)
	a.positions(ctx, &l)
	return l
}

func (a *signedIn) permissions(ctx context.Context, l *connect.Findings) {
	var k key
	if err := a.ask(ctx, "ask about the key", "/v5/user/query-api", nil, &k); err != nil {
		l.Failed("permissions", err)
		return
	}
	has := func(group, what string) bool { return slices.Contains(k.May[group], what) }
	switch {
	case has("Wallet", "Withdraw"):
		l.Say("permissions", connect.Fail, "take \"Withdrawal\" off the key", "the key can withdraw: whoever gets hold of it can empty the account")
	case k.ReadOnly == 1 || !has("ContractTrade", "Order") || !has("ContractTrade", "Position") || !has("Spot", "SpotTrade"):
		l.Say("permissions", connect.Fail, "make a key that reads and writes, with unified trading (orders and positions) and spot", "read only %t, contracts %v, spot %v", k.ReadOnly == 1, k.May["ContractTrade"], k.May["Spot"])
	default:
		l.Say("permissions", connect.OK, "", "unified trading and spot; no withdrawals")
	}
	if len(k.IPs) == 0 || slices.Contains(k.IPs, "*") {
		l.Say("addresses", connect.Warn, "restrict the key to this machine's address", "the key is valid from anywhere, and expires after three months")
	}
}

// kind looks for a unified account in cross margin. Source: account/info,
// unifiedMarginStatus: 3 to 6 are unified.
func (a *signedIn) kind(ctx context.Context, l *connect.Findings) {
	var info struct {
		Status int    `json:"unifiedMarginStatus"`
		Margin string `json:"marginMode"`
	}
	switch err := a.ask(ctx, "ask about the account", "/v5/account/info", nil, &info); {
	case err != nil:
		l.Failed("account mode", err)
	case info.Status < 3:
		l.Say("account mode", connect.Fail, "upgrade it to a unified trading account", "the account is a classic one, with a wallet for each category")
	case info.Margin != "REGULAR_MARGIN":
		l.Say("account mode", connect.Fail, "set it to Cross Margin (POST /v5/account/set-margin-mode REGULAR_MARGIN)", "the account is in %s", info.Margin)
	default:
		l.Say("account mode", connect.OK, "", "unified, cross margin")
	}
}

func (a *signedIn) positions(ctx context.Context, l *connect.Findings) {
	for _, c := range []api.Category{api.Linear, api.Inverse} {
		name := string(c) + " position mode"
		switch hedge, err := a.HedgeMode(ctx, c.Venue()); {
		case err != nil:
			l.Failed(name, err)
		case hedge:
			l.Say(name, connect.Fail, "set it to one-way (POST /v5/position/switch-mode mode=0)", "positions are in hedge mode")
		default:
			l.Say(name, connect.OK, "", "one-way, as far as positions that are open tell")
		}
	}
}

// Settings implements connect.Account.
func (a *signedIn) Settings(ctx context.Context) []connect.Finding {
	var l connect.Findings
	a.priceBand(ctx, &l)
	a.switches(ctx, &l)
	a.borrowing(ctx, &l)
	return l
}

func (a *signedIn) borrowing(ctx context.Context, l *connect.Findings) {
	switch on, err := a.lending(ctx); {
	case err != nil:
		l.Say("borrowing", connect.Skip, "", "the venue did not tell: %v", err)
	case on:
		l.Say("borrowing", connect.OK, "", "spot margin is on: sales that ask for it may borrow")
	default:
		l.Say("borrowing", connect.OK, "", "spot margin is off, so pairs with borrow = true are refused (POST /v5/spot-margin-trade/switch-mode spotMarginMode=1 switches it on)")
	}
}

// priceBand looks at what becomes of an order beyond the price band. The two words mean
// the opposite: lpaSpot that its price is moved, lpaPerp that it is refused. Source: the
// manual, "Get Trade Behaviour Config".
func (a *signedIn) priceBand(ctx context.Context, l *connect.Findings) {
	var s struct {
		Spot bool `json:"lpaSpot"`
		Perp bool `json:"lpaPerp"`
	}
	err := a.ask(ctx, "ask about settings", "/v5/account/user-setting-config", nil, &s)
	var moved []string
	if s.Spot {
		moved = append(moved, "spot")
	}
	if !s.Perp {
		moved = append(moved, "linear")
	}
	switch {
	case err != nil:
		l.Say("price band", connect.Skip, "", "the venue did not tell: %v", err)
	case len(moved) > 0:
		l.Say("price band", connect.Warn, fmt.Sprintf("let them be refused: POST /v5/account/set-limit-px-action with modifyEnable=false for %s", strings.Join(moved, " and ")),
			"orders beyond the price band are moved to its edge: spot %t, contracts %t", s.Spot, !s.Perp)
	default:
		l.Say("price band", connect.OK, "", "orders beyond it are refused")
	}
}

// switches says what cancels orders when we fall silent. The venue's switch is granted to
// institutional clients alone; an account without it is told of none.
func (a *signedIn) switches(ctx context.Context, l *connect.Findings) {
	const host = "what rests is canceled by this process, while it runs: nobody does after kill -9 or when the line is cut"
	list, err := a.Protections(ctx)
	var on, off []string
	for _, p := range list {
		if p.On {
			on = append(on, fmt.Sprintf("%s after %d s", p.Product, p.Seconds))
		} else {
			off = append(off, p.Product)
		}
	}
	switch {
	case err != nil:
		l.Say("dead man's switch", connect.Warn, "", "the venue did not tell of one (%v): %s", err, host)
	case len(on) == 0:
		l.Say("dead man's switch", connect.Warn, "ask your account manager for DCP, which the venue grants to institutional clients", "the account has none: %s", host)
	default:
		l.Say("dead man's switch", connect.OK, "", "armed with the first order: all orders are canceled, %s, when the session's stream is lost%s", strings.Join(on, ", "), offWords(off))
	}
}

// offWords tells of switches that are off.
func offWords(off []string) string {
	if len(off) == 0 {
		return ""
	}
	return "; off for " + strings.Join(off, ", ")
}

// fewFees is up to how many instruments of a category are asked for one by one.
const fewFees = 10

// Terms implements connect.Account. Margin steps are everybody's, and were asked for with
// the instruments.
func (a *signedIn) Terms(ctx context.Context, list []exchange.Instrument) (lowest int, err error) {
	for _, c := range api.Categories {
		var of []*exchange.Instrument
		for i := range list {
			if list[i].Venue == c.Venue() {
				of = append(of, &list[i])
			}
		}
		if err := a.fees(ctx, c, of); err != nil {
			return 0, err
		}
	}
	if err := a.loans(ctx, list); err != nil {
		return 0, err
	}
	for i := range list {
		if !list[i].Perp() {
			continue
		}
		leverage, err := a.leverage(ctx, &list[i])
		if err != nil {
			return 0, err
		}
		if leverage > 0 && (lowest == 0 || leverage < lowest) {
			lowest = leverage
		}
	}
	return lowest, nil
}

// fees puts those of a category into its instruments: all are listed at once where they
// are many.
func (a *signedIn) fees(ctx context.Context, c api.Category, list []*exchange.Instrument) error {
	q := client.Request{Venue: c.Venue(), What: "ask the fees of " + string(c), Path: "/v5/account/fee-rate", Count: client.Fees, Priority: limit.Query,
		Query: url.Values{"category": {string(c)}}}
	if len(list) > fewFees {
		return a.Pages(ctx, q, feesOf(list))
	}
	for _, in := range list {
		q.What, q.Query = "ask the fees of "+in.Symbol, url.Values{"category": {string(c)}, "symbol": {in.Symbol}}
		if err := a.Pages(ctx, q, feesOf(list)); err != nil {
			return err
		}
	}
	return nil
}

// feesOf takes a row of fees to its instrument.
func feesOf(list []*exchange.Instrument) func(raw []byte) error {
	return func(raw []byte) error {
		var r struct {
			Symbol string          `json:"symbol"`
			Maker  jsonscan.Amount `json:"makerFeeRate"`
			Taker  jsonscan.Amount `json:"takerFeeRate"`
		}
		if err := json.Unmarshal(raw, &r); err != nil {
			return err
		}
		for _, in := range list {
			if in.Symbol == r.Symbol {
				in.MakerFee, in.TakerFee = r.Maker.Decimal, r.Taker.Decimal
				in.Assumed = strings.TrimPrefix(strings.TrimPrefix(in.Assumed, "fees of VIP 0"), ", ")
			}
		}
		return nil
	}
}

// leverage is that of a symbol, which its position has also when there is none.
func (a *signedIn) leverage(ctx context.Context, in *exchange.Instrument) (most int, err error) {
	q := client.Request{Venue: in.Venue, What: "ask the leverage of " + in.Symbol, Path: "/v5/position/list", Count: client.Read, Priority: limit.Query,
		Query: url.Values{"category": {string(api.Of(in.Venue))}, "symbol": {in.Symbol}}}
	err = a.Pages(ctx, q, func(raw []byte) error {
		var r struct {
			Leverage jsonscan.Amount `json:"leverage"`
		}
		err := json.Unmarshal(raw, &r)
		most = int(decimal.Min(r.Leverage.Decimal, decimal.NewFromInt(1000)).IntPart())
		return err
	})
	return most, err
}

// VenueTime implements connect.Account.
func (a *signedIn) VenueTime(ctx context.Context, in *exchange.Instrument) (exchange.Time, error) {
	if err := a.Sync(ctx); err != nil {
		return 0, fmt.Errorf("the venue's time: %w", err)
	}
	book, err := a.Do(ctx, client.Request{Venue: in.Venue, What: "ask the time of " + in.Symbol, Path: "/v5/market/orderbook", Open: true, Count: client.Free, Priority: limit.Hedge,
		Query: url.Values{"category": {string(api.Of(in.Venue))}, "symbol": {in.Symbol}, "limit": {"1"}}})
	if err != nil {
		return 0, err
	}
	return connect.Stamped(a.Now(), book, "ts")
}
