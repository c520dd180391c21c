package okx

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/account"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
)

// signedIn is the account of a key, with its terms and the checks of its settings.
type signedIn struct{ *account.Account }

var _ connect.Account = (*signedIn)(nil)

// UID implements connect.Account.
func (a *signedIn) UID(ctx context.Context) (string, error) {
	c, err := a.Config(ctx)
	return c.UID, err
}

// Admission implements connect.Account.
func (a *signedIn) Admission(ctx context.Context) []connect.Finding {
	var l connect.Findings
	c, err := a.Config(ctx)
	if err != nil {
		l.Failed("account", err)
		return l
	}
	permissions(&c, &l)
	level(&c, &l)
	switch c.Positions {
	case "net_mode":
		l.Say("position mode", connect.OK, "", "one-way")
	default:
		l.Say("position mode", connect.Fail, "close all positions and set it to one-way (POST /api/v5/account/set-position-mode posMode=net_mode)", "positions are in %s", c.Positions)
	}
	return l
}

func permissions(c *account.Config, l *connect.Findings) {
	may := strings.Split(c.May, ",")
	switch {
	case slices.Contains(may, "withdraw"):
		l.Say("permissions", connect.Fail, "make a key without \"Withdraw\"", "the key can withdraw: whoever gets hold of it can empty the account")
	case !slices.Contains(may, "trade"):
		l.Say("permissions", connect.Fail, "make a key that may trade", "the key may %s", c.May)
	default:
		l.Say("permissions", connect.OK, "", "reading and trading; no withdrawals")
	}
	if c.IPs == "" {
		l.Say("addresses", connect.Warn, "restrict the key to this machine's address", "the key is valid from anywhere, and expires after 14 days without use")
	}
}

// level looks for an account with one margin. Portfolio margin is reckoned by rules that
// nobody has here.
func level(c *account.Config, l *connect.Findings) {
	const set = " (POST /api/v5/account/set-account-level acctLv=2)"
	switch c.Level {
	case "1":
		l.Say("account mode", connect.Fail, "switch it to futures mode"+set, "the account is in spot mode, which has no contracts")
	case "2":
		l.Say("account mode", connect.OK, "", "futures mode: each contract is margined with its settlement asset")
	case "3":
		l.Say("account mode", connect.OK, "", "multi-currency margin; here each contract is held against its settlement asset alone, which is stricter")
		if c.Borrows {
			l.Say("borrowing", connect.OK, "", "auto-borrow is on: sales that ask for it may borrow, up to max_borrowed in [risk]; a trade by hand borrows what it lacks too")
		} else {
			l.Say("borrowing", connect.OK, "", "auto-borrow is off, so pairs with borrow = true are refused (POST /api/v5/account/set-auto-loan autoLoan=true switches it on)")
		}
	case "4":
		l.Say("account mode", connect.Fail, "switch it to futures mode"+set, "the account is in portfolio margin, whose rules are not known here")
	default:
		l.Say("account mode", connect.Fail, "switch it to futures mode"+set, "the account is in the mode %q", c.Level)
	}
}

// Settings implements connect.Account.
func (a *signedIn) Settings(ctx context.Context) []connect.Finding {
	var l connect.Findings
	c, err := a.Config(ctx)
	if err != nil {
		l.Failed("settings", err)
		return l
	}
	l.Say("orders that meet each other", connect.OK, "", "%s", strings.ReplaceAll(c.SelfTrade, "_", " "))
	l.Say("fees", connect.OK, "", "level %s", c.Fees)
	return l
}

// Terms implements connect.Account.
func (a *signedIn) Terms(ctx context.Context, list []exchange.Instrument) (lowest int, err error) {
	for _, t := range api.Types {
		var contracts []string
		var fees fees
		for i := range list {
			in := &list[i]
			if in.Venue != t.Venue() {
				continue
			}
			if !fees.known {
				if fees, err = a.fees(ctx, t); err != nil {
					return 0, err
				}
			}
			fees.put(in)
			if in.Perp() {
				contracts = append(contracts, in.Symbol)
			}
		}
		for symbols := range slices.Chunk(contracts, 20) {
			n, err := a.Leverage(ctx, symbols)
			if err != nil {
				return 0, err
			}
			if n > 0 && (lowest == 0 || n < lowest) {
				lowest = n
			}
		}
	}
	return lowest, a.loans(ctx, list)
}

// fees are those of a type: of contracts against USDT and USDC, and of all else.
type fees struct {
	known       bool
	Maker       jsonscan.Amount `json:"maker"`
	Taker       jsonscan.Amount `json:"taker"`
	MakerTether jsonscan.Amount `json:"makerU"`
	TakerTether jsonscan.Amount `json:"takerU"`
	MakerUSDC   jsonscan.Amount `json:"makerUSDC"`
	TakerUSDC   jsonscan.Amount `json:"takerUSDC"`
	Groups      []feeGroup      `json:"feeGroup"`
}

// feeGroup are the fees of some instruments.
type feeGroup struct {
	Maker jsonscan.Amount `json:"maker"`
	Taker jsonscan.Amount `json:"taker"`
}

func (a *signedIn) fees(ctx context.Context, t api.Type) (f fees, err error) {
	q := client.Request{Venue: t.Venue(), What: "ask the fees", Path: "/api/v5/account/trade-fee", Count: client.Settings, Priority: limit.Query, Query: url.Values{"instType": {string(t)}}}
	err = a.Rows(ctx, q, func(raw []byte) error { return json.Unmarshal(raw, &f) })
	f.known = err == nil
	return f, err
}

// put gives an instrument its fees, which are negative there when they are charged. Where
// there are several groups the instrument's own is not known, so the dearest is taken.
func (f *fees) put(in *exchange.Instrument) {
	maker, taker := f.Maker, f.Taker
	for _, g := range f.Groups {
		if maker.IsZero() || g.Maker.LessThan(maker.Decimal) {
			maker = g.Maker
		}
		if taker.IsZero() || g.Taker.LessThan(taker.Decimal) {
			taker = g.Taker
		}
	}
	switch {
	case in.Contract != exchange.Linear:
	case in.Quote == "USDT" && !f.TakerTether.IsZero():
		maker, taker = f.MakerTether, f.TakerTether
	case in.Quote == "USDC" && !f.TakerUSDC.IsZero():
		maker, taker = f.MakerUSDC, f.TakerUSDC
	}
	if taker.IsZero() {
		return // it did not tell: what is assumed stays
	}
	in.MakerFee, in.TakerFee = maker.Neg(), taker.Neg()
	in.Assumed = strings.TrimPrefix(strings.TrimPrefix(in.Assumed, "fees of Lv1"), ", ")
}

// VenueTime implements connect.Account.
func (a *signedIn) VenueTime(ctx context.Context, in *exchange.Instrument) (at exchange.Time, err error) {
	if err := a.Sync(ctx); err != nil {
		return 0, fmt.Errorf("the venue's time: %w", err)
	}
	q := client.Request{Venue: in.Venue, What: "ask the time of " + in.Symbol, Path: "/api/v5/market/ticker", Open: true, Count: client.Listing, Priority: limit.Hedge,
		Query: url.Values{"instId": {in.Symbol}}}
	at = a.Now()
	return at, a.Rows(ctx, q, func(ticker []byte) (err error) {
		at, err = connect.Stamped(at, ticker, "ts")
		return err
	})
}
