package simfront

import (
	"slices"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
	"github.com/perilune/perilune/exchange/synth"
)

// Coins are lent to sales on spot with isLeverage=1. Rates and limits are the simulator's;
// an account begins with spot margin switched on, which a new one of the venue has not.

// lending is what is lent of a coin: 3 % a year of majors, 10 % of others.
func lending(c synth.Coin) exchange.Lending {
	if c.Major {
		return c.Lent(decimal.New(3, -2), 5e6)
	}
	return c.Lent(decimal.New(10, -2), 1e6)
}

// marginTrading is the word of instruments-info for who may borrow.
func marginTrading(in *exchange.Instrument) string {
	if in.Lends() {
		return "utaOnly"
	}
	return "none"
}

// loans is GET spot-margin-trade/data: what is lent to accounts of no rank.
func (d *marketData) loans(c *call) (any, *fault) {
	rows := reply.List{}
	for _, m := range d.markets {
		if only := c.text("currency"); m.In.Lends() && (only == "" || only == m.In.Base) {
			rows = append(rows, reply.Object{{"borrowable", true}, {"collateralRatio", ""}, {"currency", m.In.Base}, {"hourlyBorrowRate", m.In.Lending.Rate}, {"liquidationOrder", "1"},
				{"marginCollateral", true}, {"maxBorrowingAmount", m.In.Lending.Most}})
		}
	}
	return reply.Object{{"vipCoinList", reply.List{reply.Object{{"list", rows}, {"vipLevel", "No VIP"}}}}}, nil
}

// loanOf is the market by which an account borrows a coin; nil: it does not.
func (a *account) loanOf(asset string) *exchange.Instrument {
	for _, m := range a.Funds.Markets() {
		if m.In.Lends() && m.In.Base == asset && m.In.Venue == api.Spot.Venue() {
			return m.In
		}
	}
	return nil
}

// collateral is GET account/collateral-info: what can be borrowed. No coin backs another's
// positions.
func (v *accountViews) collateral(c *call) (any, *fault) {
	assets := c.account.assets()
	for _, m := range v.markets {
		if m.In.Lends() && !slices.Contains(assets, m.In.Base) {
			assets = append(assets, m.In.Base)
		}
	}
	rows := reply.List{}
	for _, asset := range assets {
		if only := c.text("currency"); only != "" && only != asset {
			continue
		}
		l := exchange.Lending{}
		if in := c.account.loanOf(asset); in != nil {
			l = in.Lending
		}
		owed, _ := c.account.Funds.Debt(unified, asset)
		rows = append(rows, reply.Object{{"currency", asset}, {"hourlyBorrowRate", l.Rate}, {"maxBorrowingAmount", l.Most}, {"freeBorrowingLimit", "0"}, {"freeBorrowAmount", "0"}, {"borrowAmount", owed},
			{"otherBorrowAmount", "0"}, {"availableToBorrow", decimal.Max(decimal.Zero, l.Most.Sub(owed))}, {"borrowable", l.Most.IsPositive()}, {"marginCollateral", exchange.IsDollar(asset)},
			{"collateralSwitch", true}, {"collateralRatio", "1"}})
	}
	return reply.Object{{"list", rows}}, nil
}

// spotMargin is GET spot-margin-trade/state.
func (v *accountViews) spotMargin(c *call) (any, *fault) {
	mode := "1"
	if c.account.cash {
		mode = "0"
	}
	return reply.Object{{"spotLeverage", "5"}, {"spotMarginMode", mode}, {"effectiveLeverage", "5"}}, nil
}

// switchMargin is POST spot-margin-trade/switch-mode.
func (v *accountViews) switchMargin(c *call) (any, *fault) {
	mode := c.text("spotMarginMode")
	if mode != "0" && mode != "1" {
		return nil, invalid("params error: spotMarginMode invalid")
	}
	c.account.cash = mode == "0"
	return reply.Object{{"spotMarginMode", mode}}, nil
}

// setMarginLeverage is POST spot-margin-trade/set-leverage: there is one leverage.
func (v *accountViews) setMarginLeverage(c *call) (any, *fault) {
	n, ok := c.amount("leverage")
	if !ok || !n.Equal(decimal.NewFromInt(5)) {
		return nil, invalid("leverage: the simulator has 5 on spot")
	}
	return reply.Object{}, nil
}

// charged is GET account/borrow-history: interest, an hour a row.
func (v *accountViews) charged(c *call) (any, *fault) {
	var list []entry
	for _, r := range c.account.Ledger.Incomes() {
		in := c.account.loanOf(r.Asset)
		if only := c.text("currency"); r.Kind != simserver.IncomeInterest || in == nil || only != "" && only != r.Asset {
			continue
		}
		list = append(list, entry{r.ID, r.Time, func() reply.Object {
			return reply.Object{{"currency", r.Asset}, {"createdTime", millis(r.Time)}, {"borrowCost", r.Amount.Neg()}, {"hourlyBorrowRate", in.Lending.Rate},
				{"InterestBearingBorrowSize", r.Amount.Neg().DivRound(in.Lending.Rate, 8)}, {"costExemption", "0"}, {"borrowAmount", r.Amount.Neg().DivRound(in.Lending.Rate, 8)}, {"unrealisedLoss", "0"},
				{"freeBorrowedAmount", "0"}}
		}})
	}
	rows, next, f := c.paged(list, 20, 50)
	if f != nil {
		return nil, f
	}
	return reply.Object{{"list", rows}, {"nextPageCursor", next}}, nil
}
