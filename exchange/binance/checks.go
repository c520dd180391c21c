package binance

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
)

// Admission implements connect.Account.
func (a *signedIn) Admission(ctx context.Context) []connect.Finding {
	var l connect.Findings
	a.permissions(ctx, &l)
	a.modes(ctx, &l)
	return l
}

// Settings implements connect.Account.
func (a *signedIn) Settings(ctx context.Context) []connect.Finding {
	var l connect.Findings
	a.margins(ctx, &l)
	return l
}

// permissions looks at what the key may do, and at both where futures have one of their own.
func (a *signedIn) permissions(ctx context.Context, l *connect.Findings) {
	if !a.Separate() {
		a.keyMay(ctx, l, keyUse{name: "permissions", setting: "api_key", spot: true, futures: true})
		return
	}
	a.keyMay(ctx, l, keyUse{name: "permissions", setting: "api_key", spot: true})
	a.keyMay(ctx, l, keyUse{name: "futures key", setting: "api_key_futures", futures: true, second: true})
	a.oneAccount(ctx, l)
}

// keyUse is what a key is used for.
type keyUse struct {
	name, setting string
	spot, futures bool
	second        bool // it is that of futures alone
}

// keyMay looks at what one key may do.
func (a *signedIn) keyMay(ctx context.Context, l *connect.Findings, use keyUse) {
	p, err := a.Permissions(ctx, use.second)
	if use.second && errors.Is(err, exchange.ErrKey) {
		l.Failed(use.name, err)
		return
	}
	if err != nil {
		l.Say(use.name, connect.Skip, "look at them on the venue's page: reading, spot, futures and universal transfer, and no withdrawal", "the venue did not tell: %v", err)
		return
	}
	switch {
	case p.Withdraw:
		l.Say(use.name, connect.Fail, "take \"Enable Withdrawals\" off the key", "the key can withdraw: whoever gets hold of it can empty the account")
	case p.PortfolioMargin:
		l.Say(use.name, connect.Fail, "use a key of an account without portfolio margin", "the account is in portfolio margin mode, whose orders go elsewhere")
	case !p.Read || use.spot && !p.Spot || use.futures && !p.Futures:
		l.Say(use.name, connect.Fail, "enable "+use.wants()+" for the key of "+use.setting, "reading %t, spot %t, futures %t", p.Read, p.Spot, p.Futures)
	case use.spot && !p.Transfer:
		l.Say(use.name, connect.Warn, "enable \"Permits Universal Transfer\", or keep each wallet funded by hand", "the key cannot move money between wallets")
	default:
		l.Say(use.name, connect.OK, "", "%s; no withdrawals", use.wants())
	}
	if !p.IPRestricted {
		l.Say("addresses", connect.Warn, "restrict the key to this machine's address", "the key of %s is valid from anywhere", use.setting)
	}
}

// wants is what the key must be allowed.
func (u *keyUse) wants() string {
	switch {
	case u.spot && u.futures:
		return "reading, spot, futures and transfers"
	case u.spot:
		return "reading, spot and transfers"
	}
	return "reading and futures"
}

// oneAccount refuses two keys of two accounts: a wallet that is one's would be compared with
// the other's orders.
func (a *signedIn) oneAccount(ctx context.Context, l *connect.Findings) {
	first, err := a.Client.UID(ctx, false)
	if err != nil {
		l.Failed("one account", err)
		return
	}
	second, err := a.Client.UID(ctx, true)
	switch {
	case err != nil:
		l.Say("one account", connect.Warn, "see to it that both keys are of account "+strconv.FormatInt(first, 10), "the key of api_key_futures may not say whose it is: %v", err)
	case first != second:
		l.Say("one account", connect.Fail, "take both keys from one account", "the key of api_key is of account %d, that of api_key_futures of %d", first, second)
	default:
		l.Say("one account", connect.OK, "", "both keys are of account %d", first)
	}
}

func (a *signedIn) modes(ctx context.Context, l *connect.Findings) {
	hedge, err := a.HedgeMode(ctx, api.USDM.Venue())
	switch {
	case err != nil:
		l.Failed("position mode", err)
	case hedge != a.Hedged():
		l.Say("position mode", connect.Fail, "begin again", "it was changed while this session signed in")
	case hedge:
		l.Say("position mode", connect.OK, "", "hedge mode: one position of each contract is ours at a time, what somebody else holds beside it is left alone")
	default:
		l.Say("position mode", connect.OK, "", "one-way")
	}
	a.assetsMode(ctx, l)
}

// assetsMode looks at what backs the positions of USD-M.
func (a *signedIn) assetsMode(ctx context.Context, l *connect.Findings) {
	multi, err := a.MultiAssets(ctx)
	if err != nil {
		l.Failed("assets mode", err)
		return
	}
	if !multi {
		l.Say("assets mode", connect.OK, "", "single-asset")
		return
	}
	rows, err := a.AssetIndexes(ctx)
	if err != nil {
		l.Failed("assets mode", err)
		return
	}
	var counted []string
	for _, c := range collateralOf(rows) {
		counted = append(counted, fmt.Sprintf("%s %s %%", c.Asset, c.Held.Shift(2)))
	}
	l.Say("assets mode", connect.OK, "", "multi-assets: what the USD-M wallet holds backs all of its positions at a part of its worth (%s); what no market of the session prices is not counted here", connect.Listed(counted))
}

// margins looks for symbols with a margin of their own, which the keeper of margin does not
// move money to.
func (a *signedIn) margins(ctx context.Context, l *connect.Findings) {
	for _, m := range []api.Market{api.USDM, api.COINM} {
		name := m.String() + " margin"
		configs, err := a.SymbolConfigs(ctx, m)
		if err != nil {
			l.Failed(name, err)
			continue
		}
		var isolated []string
		low, high := 0, 0
		for _, c := range configs {
			if c.Isolated {
				isolated = append(isolated, c.Symbol)
			}
			if c.Leverage > 0 && (low == 0 || c.Leverage < low) {
				low = c.Leverage
			}
			high = max(high, c.Leverage)
		}
		switch {
		case len(isolated) > 0:
			l.Say(name, connect.Warn, "know that nothing adds to it by itself: what an isolated position lacks is told, and its pairs are made smaller in time; to share the wallet's margin set the margin type to cross",
				"isolated: %s: each of these positions is counted by its own margin; leverage %d to %d", connect.Listed(isolated), low, high)
		case len(configs) == 0:
			l.Say(name, connect.OK, "", "no symbol is set up")
		default:
			l.Say(name, connect.OK, "", "cross; leverage %d to %d", low, high)
		}
	}
}
