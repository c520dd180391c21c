package hyperliquid

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/account"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/feed"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
)

// signedIn is an account with its terms and the checks of its settings.
type signedIn struct {
	*account.Account

	mu    sync.Mutex
	known role // what the key was found to be
}

var _ connect.Account = (*signedIn)(nil)

func named(name string, v signing.Value) signing.Field { return signing.Field{Name: name, Value: v} }

// role is what an address is. Source: the manual, info endpoint, userRole.
type role struct {
	Role string `json:"role"` // missing, user, agent, vault or subAccount
	Data struct {
		User string `json:"user"` // whose agent it is
	} `json:"data"`
}

// role asks what the key is, until it is found to be one: that weighs as much as three other
// questions.
func (a *signedIn) role(ctx context.Context) (r role, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.known.Role == "agent" || a.known.Role == "user" {
		return a.known, nil
	}
	err = a.Ask(ctx, "", "ask about the key", &r, client.OfRole, client.Ask("userRole", named("user", signing.Text(a.Agent().String()))))
	a.known = r
	return r, err
}

// UID implements connect.Account: the address that is traded. The venue answers questions
// about any, so the key is looked at.
func (a *signedIn) UID(ctx context.Context) (string, error) {
	_, err := a.role(ctx)
	return string(a.User()), err
}

// Admission implements connect.Account.
func (a *signedIn) Admission(ctx context.Context) []connect.Finding {
	var l connect.Findings
	a.key(ctx, &l)
	a.mode(ctx, &l)
	a.margin(ctx, &l)
	return l
}

func (a *signedIn) key(ctx context.Context, l *connect.Findings) {
	switch r, err := a.role(ctx); {
	case err != nil:
		l.Failed("permissions", err)
	case a.IsMain():
		l.Say("permissions", connect.Warn, "make an agent (More, API) and leave out main_wallet, unless the session has to move money", "the key is the account's own: whoever gets hold of it can withdraw everything")
	case r.Role != "agent":
		l.Say("permissions", connect.Fail, "approve it (More, API), on the network of the session", "%s is no agent: the venue knows it as %s", a.Agent(), r.Role)
	case !strings.EqualFold(r.Data.User, a.Main().String()):
		l.Say("permissions", connect.Fail, "set api_key to the address that approved it", "%s is an agent of %s, and the account is %s", a.Agent(), r.Data.User, a.Main())
	default:
		l.Say("permissions", connect.OK, "", "an agent of %s: it can trade and can't move money", a.Main())
	}
}

// mode looks for an account whose spot and perpetuals are apart. Source: nktkas/hyperliquid,
// userAbstraction; hyperliquid-python-sdk, examples/user_abstraction.py.
func (a *signedIn) mode(ctx context.Context, l *connect.Findings) {
	var mode string
	switch err := a.Ask(ctx, "", "ask the account's mode", &mode, client.Heavy, client.Ask("userAbstraction", named("user", a.User()))); {
	case err != nil:
		l.Failed("account mode", err)
	case mode == "default", mode == "disabled", mode == "":
		l.Say("account mode", connect.OK, "", "spot and perpetuals are apart")
	default:
		l.Say("account mode", connect.Fail, "set it to Disabled (Portfolio, Account mode; userSetAbstraction)", "the account is in %s, where spot backs perpetuals", mode)
	}
}

func (a *signedIn) margin(ctx context.Context, l *connect.Findings) {
	s, err := a.State(ctx)
	if err != nil {
		l.Failed("margin", err)
		return
	}
	for i := range s.Positions {
		if p := &s.Positions[i].Position; p.Leverage.Type == "isolated" {
			l.Say("margin", connect.Fail, "close it, and set its margin to cross (updateLeverage)", "the position of %s has isolated margin", p.Coin)
			return
		}
	}
	l.Say("margin", connect.OK, "", "positions are one-way, with cross margin")
}

// fewActions is how many actions an address should have left.
const fewActions = 1000

// Settings implements connect.Account.
func (a *signedIn) Settings(ctx context.Context) []connect.Finding {
	var l connect.Findings
	u, err := a.Used(ctx)
	if err != nil {
		l.Say("actions", connect.Skip, "", "the venue did not tell: %v", err)
		return l
	}
	if left := u.Most - u.Used; left < fewActions {
		l.Say("actions", connect.Warn, "trade, which earns one for each USDC, or buy some (reserveRequestWeight)", "the address has %d of %d actions left, and one in 10 s after that", max(0, left), u.Most)
	} else {
		l.Say("actions", connect.OK, "", "the address has %d of %d actions left", left, u.Most)
	}
	if u.Traded.LessThan(account.TradedForSwitch) {
		l.Say("dead man's switch", connect.Warn, "the host cancels what rests, as long as it runs", "the venue has one for accounts that traded %s USDC; this one has traded %s", account.TradedForSwitch, u.Traded.Round(0))
	} else {
		l.Say("dead man's switch", connect.OK, "", "the venue cancels what rests when it hears nothing of us")
	}
	return l
}

// Terms implements connect.Account. Margin tiers are the same for everybody.
func (a *signedIn) Terms(ctx context.Context, list []exchange.Instrument) (lowest int, err error) {
	var f struct {
		Taker     jsonscan.Amount `json:"userCrossRate"`
		Maker     jsonscan.Amount `json:"userAddRate"`
		SpotTaker jsonscan.Amount `json:"userSpotCrossRate"`
		SpotMaker jsonscan.Amount `json:"userSpotAddRate"`
	}
	if err := a.Ask(ctx, "", "ask the fees", &f, client.Heavy, client.Ask("userFees", named("user", a.User()))); err != nil {
		return 0, err
	}
	for i := range list {
		in := &list[i]
		in.Assumed = strings.TrimPrefix(in.Assumed, feed.AssumedFees)
		if in.Venue == api.Spot {
			in.MakerFee, in.TakerFee = f.SpotMaker.Decimal, f.SpotTaker.Decimal
			continue
		}
		in.MakerFee, in.TakerFee = f.Maker.Decimal, f.Taker.Decimal
		var d struct {
			Leverage struct {
				Value int `json:"value"`
			} `json:"leverage"`
		}
		err := a.Ask(ctx, in.Venue, "ask the leverage of "+in.Symbol, &d, client.Heavy, client.Ask("activeAssetData", named("user", a.User()), named("coin", signing.Text(in.Symbol))))
		if err != nil {
			return 0, err
		}
		if n := d.Leverage.Value; n > 0 && (lowest == 0 || n < lowest) {
			lowest = n
		}
	}
	return lowest, nil
}

// VenueTime implements connect.Account.
func (a *signedIn) VenueTime(ctx context.Context, in *exchange.Instrument) (exchange.Time, error) {
	if err := a.Sync(ctx); err != nil {
		return 0, fmt.Errorf("the venue's time: %w", err)
	}
	book, err := a.Info(ctx, client.Question{Venue: in.Venue, What: "ask the time of " + in.Symbol, Weight: client.Light, Priority: limit.Hedge,
		Body: client.Ask("l2Book", signing.Field{Name: "coin", Value: signing.Text(in.Symbol)})})
	if err != nil {
		return 0, err
	}
	return connect.Stamped(a.Now(), book, "time")
}
