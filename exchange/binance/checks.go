package binance

import (
	"context"

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

func (a *signedIn) permissions(ctx context.Context, l *connect.Findings) {
	p, err := a.Permissions(ctx)
	if err != nil {
		l.Say("permissions", connect.Skip, "look at them on the venue's page: reading, spot, futures and universal transfer, and no withdrawal", "the venue did not tell: %v", err)
		return
	}
	switch {
	case p.Withdraw:
		l.Say("permissions", connect.Fail, "take \"Enable Withdrawals\" off the key", "the key can withdraw: whoever gets hold of it can empty the account")
	case p.PortfolioMargin:
		l.Say("permissions", connect.Fail, "use a key of an account without portfolio margin", "the account is in portfolio margin mode, whose orders go elsewhere")
	case !p.Read || !p.Spot || !p.Futures:
		l.Say("permissions", connect.Fail, "enable reading, spot & margin trading and futures for the key", "reading %t, spot %t, futures %t", p.Read, p.Spot, p.Futures)
	case !p.Transfer:
		l.Say("permissions", connect.Warn, "enable \"Permits Universal Transfer\", or keep each wallet funded by hand", "the key cannot move money between wallets")
	default:
		l.Say("permissions", connect.OK, "", "reading, spot, futures and transfers; no withdrawals")
	}
	if !p.IPRestricted {
		l.Say("addresses", connect.Warn, "restrict the key to this machine's address", "the key is valid from anywhere")
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
	multi, err := a.MultiAssets(ctx)
	switch {
	case err != nil:
		l.Failed("assets mode", err)
	case multi:
		l.Say("assets mode", connect.Fail, "set it to Single-Asset Mode (Preferences, Asset Mode; or POST /fapi/v1/multiAssetsMargin multiAssetsMargin=false)", "the account is in multi-assets mode")
	default:
		l.Say("assets mode", connect.OK, "", "single-asset")
	}
}

// margins looks for symbols with a margin of their own: the keeper of margin counts
// on one wallet behind all positions.
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
			l.Say(name, connect.Warn, "set the margin type of what you trade to cross", "isolated: %s", connect.Listed(isolated))
		case len(configs) == 0:
			l.Say(name, connect.OK, "", "no symbol is set up")
		default:
			l.Say(name, connect.OK, "", "cross; leverage %d to %d", low, high)
		}
	}
}
