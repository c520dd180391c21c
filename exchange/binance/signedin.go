package binance

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/oms"
)

// signedIn is the account of a key, with its terms and the checks of its settings.
type signedIn struct{ *account.Client }

var _ connect.Account = (*signedIn)(nil)

// UID implements connect.Account.
func (a *signedIn) UID(ctx context.Context) (string, error) {
	uid, err := a.Client.UID(ctx, false)
	return strconv.FormatInt(uid, 10), err
}

// Listen implements connect.Account.
func (a *signedIn) Listen(segments []exchange.Venue, sink func(oms.AccountEvent)) (io.Closer, error) {
	markets := make([]api.Market, len(segments))
	for i, v := range segments {
		markets[i] = api.Of(v)
	}
	s, err := account.Listen(a.Client, markets, sink)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// Terms implements connect.Account.
func (a *signedIn) Terms(ctx context.Context, list []exchange.Instrument) (int, error) {
	setup, err := a.setups(ctx, list)
	if err != nil {
		return 0, err
	}
	collateral, err := a.collateral(ctx, list)
	if err != nil {
		return 0, err
	}
	lowest := 0
	for i := range list {
		in := &list[i]
		if err := a.termsOf(ctx, in); err != nil {
			return 0, err
		}
		if api.Of(in.Venue) == api.USDM {
			in.Collateral = collateral
		}
		s := setup[in.FullKey()]
		in.Isolated = s.Isolated
		if s.Leverage > 0 && (lowest == 0 || s.Leverage < lowest) {
			lowest = s.Leverage
		}
	}
	return lowest, nil
}

// collateral is what backs the contracts of USD-M in multi-assets mode: nil in the other.
func (a *signedIn) collateral(ctx context.Context, list []exchange.Instrument) ([]exchange.Collateral, error) {
	if !slices.ContainsFunc(list, func(in exchange.Instrument) bool { return api.Of(in.Venue) == api.USDM }) {
		return nil, nil
	}
	if on, err := a.MultiAssets(ctx); err != nil || !on {
		return nil, err
	}
	rows, err := a.AssetIndexes(ctx)
	if err != nil {
		return nil, err
	}
	return collateralOf(rows), nil
}

// collateralOf is what assets count for by their buffers.
func collateralOf(rows []account.AssetIndex) (out []exchange.Collateral) {
	one := decimal.NewFromInt(1)
	for _, r := range rows {
		if asset, dollars := strings.CutSuffix(r.Symbol, "USD"); dollars && asset != "" {
			out = append(out, exchange.Collateral{Asset: asset, Held: one.Sub(r.BidBuffer), Owed: one.Add(r.AskBuffer)})
		}
	}
	return out
}

// setups are those of all symbols in the segments of some contracts, by full key.
func (a *signedIn) setups(ctx context.Context, list []exchange.Instrument) (map[string]account.SymbolConfig, error) {
	out := map[string]account.SymbolConfig{}
	for _, m := range api.Markets {
		if m == api.Spot || !slices.ContainsFunc(list, func(in exchange.Instrument) bool { return api.Of(in.Venue) == m }) {
			continue
		}
		configs, err := a.SymbolConfigs(ctx, m)
		if err != nil {
			return nil, err
		}
		for _, c := range configs {
			out[string(m.Venue())+":"+c.Symbol] = c
		}
	}
	return out, nil
}

func (a *signedIn) termsOf(ctx context.Context, in *exchange.Instrument) error {
	fees, err := a.Fees(ctx, api.Of(in.Venue), in.Symbol)
	if err != nil {
		return err
	}
	in.MakerFee, in.TakerFee = fees.Maker, fees.Taker
	in.Assumed = without(in.Assumed, "fees of VIP 0")
	if !in.Perp() {
		return nil
	}
	steps, err := a.Brackets(ctx, api.Of(in.Venue), in.Symbol)
	if err != nil {
		return err
	}
	in.Brackets = in.Brackets[:0:0]
	for _, s := range steps {
		in.Brackets = append(in.Brackets, exchange.Bracket{Cap: s.Cap, MMR: s.Rate, Cum: s.Cum, MaxLeverage: s.Leverage})
	}
	in.Assumed = without(in.Assumed, "margin brackets")
	return nil
}

// without takes one of a list of assumptions out of it.
func without(assumed, known string) string {
	list := slices.DeleteFunc(strings.Split(assumed, ", "), func(s string) bool { return s == known })
	return strings.Join(list, ", ")
}
