package deribit

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/deribit/account"
	"github.com/perilune/perilune/exchange/deribit/client"
	"github.com/perilune/perilune/exchange/deribit/feed"
	"github.com/perilune/perilune/exchange/limit"
)

// signedIn is the account of a key, with its terms and the checks of its settings.
type signedIn struct {
	*account.Account
	raw bool // books are
}

var _ connect.Account = (*signedIn)(nil)

// UID implements connect.Account.
func (a *signedIn) UID(ctx context.Context) (string, error) {
	s, err := a.Summaries(ctx)
	return s.ID.String(), err
}

// Admission implements connect.Account.
func (a *signedIn) Admission(ctx context.Context) []connect.Finding {
	var l connect.Findings
	a.scopes(ctx, &l)
	a.margin(ctx, &l)
	a.platform(ctx, &l)
	return l
}

// scopes looks at what the key may do, which a token for it says. Source: the manual,
// "Access scope".
func (a *signedIn) scopes(ctx context.Context, l *connect.Findings) {
	var t struct {
		Scope string `json:"scope"`
	}
	q, err := a.SignIn()
	if err == nil {
		err = a.ask(ctx, q, &t)
	}
	if err != nil {
		l.Failed("permissions", err)
		return
	}
	may := map[string]bool{}
	for _, word := range strings.Fields(t.Scope) {
		may[word] = true
	}
	switch {
	case may["wallet:read_write"]:
		l.Say("permissions", connect.Fail, "take wallet:read_write off the key", "the key can withdraw: whoever gets hold of it can empty the account")
	case !may["trade:read_write"] || !may["account:read"] && !may["account:read_write"]:
		l.Say("permissions", connect.Fail, "make a key with the scopes account:read and trade:read_write", "its scopes are %s", t.Scope)
	default:
		l.Say("permissions", connect.OK, "", "account and trade; no withdrawals")
	}
	if may["mainaccount"] {
		l.Say("subaccount", connect.Warn, "trade on a subaccount with a key of its own", "the key is one of the main account")
	}
}

// margin looks at how currencies back each other. Source: the manual, margin_model.
func (a *signedIn) margin(ctx context.Context, l *connect.Findings) {
	s, err := a.Summaries(ctx)
	if err != nil {
		l.Failed("margin model", err)
		return
	}
	for _, c := range s.Currencies {
		switch c.Margin {
		case "segregated_sm":
		case "cross_sm":
			l.Say("margin model", connect.Warn, "", "collateral is crossed (%s): margin is reckoned here as if each currency stood alone, which is on the safe side", c.Margin)
			return
		default:
			l.Say("margin model", connect.Fail, "set it to segregated_sm (private/change_margin_model) or cross_sm", "%s is in %q: portfolio margin is not reckoned here", c.Name, c.Margin)
			return
		}
		if !c.Options.IsZero() {
			l.Say("options", connect.Warn, "", "there are options worth %s %s: they are left alone, and use margin", c.Options, c.Name)
		}
	}
	l.Say("margin model", connect.OK, "", "each currency stands alone")
}

// platform looks whether the venue takes orders at all.
func (a *signedIn) platform(ctx context.Context, l *connect.Findings) {
	var s struct {
		Locked     any      `json:"locked"` // true, false or "partial"
		Currencies []string `json:"locked_currencies"`
	}
	q := client.Request{What: "ask about the platform", Method: "public/status", Count: client.Free, Priority: limit.Hedge}
	switch err := a.ask(ctx, q, &s); {
	case err != nil:
		l.Failed("platform", err)
	case s.Locked != false && s.Locked != "false" && s.Locked != nil:
		l.Say("platform", connect.Warn, "wait until it is open again", "the venue has locked %s", connect.Listed(s.Currencies))
	}
}

// Settings implements connect.Account.
func (a *signedIn) Settings(ctx context.Context) []connect.Finding {
	var l connect.Findings
	if a.raw {
		l.Say("books", connect.OK, "", "raw: every change, on connections that sign in with this key")
	} else {
		l.Say("books", connect.OK, "", `every 100 ms; books = "raw" has every change`)
	}
	s, err := a.Summaries(ctx)
	if err != nil {
		l.Say("self-trading", connect.Skip, "", "the venue did not tell: %v", err)
		return l
	}
	l.Say("self-trading", connect.OK, "", "%s; account %s is a %s account", s.SelfTrade, s.ID, s.Type)
	l.Say("dead man's switch", connect.OK, "", "cancel-on-disconnect on the connection that places orders, with a heartbeat every 10 s")
	return l
}

func (a *signedIn) ask(ctx context.Context, q client.Request, to any) error {
	result, err := a.Do(ctx, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(result, to); err != nil {
		return q.Garbled(err)
	}
	return nil
}

// Terms implements connect.Account: fees are those of the listing, or the account's own
// where it has any. Leverage follows from the size of a position, up to the contract's most.
func (a *signedIn) Terms(ctx context.Context, list []exchange.Instrument) (lowest int, err error) {
	s, err := a.Summaries(ctx)
	if err != nil {
		return 0, err
	}
	for i := range list {
		in := &list[i]
		kind := "perpetual"
		if !in.Perp() {
			kind = "spot"
		} else if in.Dated() {
			kind = "future"
		}
		index := strings.ToLower(in.Base + "_" + in.Quote)
		for _, c := range s.Currencies {
			if f, ok := c.Fees[index][kind]; ok && f.Default.Type == "fixed" {
				in.MakerFee, in.TakerFee = f.Default.Maker.Decimal, f.Default.Taker.Decimal
			}
		}
		in.Assumed = strings.TrimPrefix(strings.TrimPrefix(in.Assumed, feed.AssumedFees), ", ")
		if n := len(in.Brackets); n > 0 && (lowest == 0 || in.Brackets[n-1].MaxLeverage < lowest) {
			lowest = in.Brackets[n-1].MaxLeverage
		}
	}
	return lowest, nil
}

// VenueTime implements connect.Account.
func (a *signedIn) VenueTime(ctx context.Context, in *exchange.Instrument) (exchange.Time, error) {
	if err := a.Sync(ctx, a.Compared()); err != nil {
		return 0, fmt.Errorf("the venue's time: %w", err)
	}
	ticker, err := a.Do(ctx, client.Request{Venue: in.Venue, What: "ask the time of " + in.Symbol, Method: "public/ticker", Count: client.Free, Priority: limit.Hedge,
		Params: client.Params{"instrument_name": in.Symbol}})
	if err != nil {
		return 0, err
	}
	return connect.Stamped(a.Now(), ticker, "timestamp")
}
