package simfront

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/simserver/reply"
	"github.com/perilune/perilune/exchange/synth"
)

// An account in multi-currency margin that borrows by itself (autoLoan) sells coins on spot
// that it does not have. An account begins in futures mode, which lends nothing;
// set-account-level and set-auto-loan change that. Rates and limits are the simulator's, and
// each coin still backs what settles in it alone.

// lending is what is lent of a coin: 4 % a year of the two largest, 12 % of others.
func lending(c synth.Coin) exchange.Lending {
	if c.Major {
		return c.Lent(decimal.New(4, -2), 4e6)
	}
	return c.Lent(decimal.New(12, -2), 1e6)
}

// lender answers about loans.
type lender struct{ *call }

// asLender makes a question about loans one of the paths.
func asLender(do func(lender) (rows, *fault)) func(*call) (rows, *fault) {
	return func(c *call) (rows, *fault) { return do(lender{c}) }
}

func (a *account) accountLevel() string {
	if a.level == "" {
		return "2"
	}
	return a.level
}

// spotMode is the tdMode of spot. Source: the manual, "Place order".
func (a *account) spotMode() string {
	if a.accountLevel() == "3" {
		return "cross"
	}
	return "cash"
}

// setLevel is POST account/set-account-level: futures mode or multi-currency margin.
func (c lender) setLevel() (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	level := f.text("acctLv")
	if level != "2" && level != "3" {
		return rows{}, refuse("51000", "Parameter acctLv error: 2 and 3 are simulated")
	}
	for _, m := range c.d.all(api.Spot) {
		if owed, _ := c.a.Funds.Debt(api.Trading, m.In.Base); owed.IsPositive() {
			return rows{}, refuse("59000", "Setting failed. Cancel any open orders, close positions, and stop trading bots first.")
		}
	}
	n := noteOf(c.a)
	n.level, n.loans = level, n.loans && level == "3"
	return rows{list: []reply.Object{{{"acctLv", level}}}}, nil
}

// setLoans is POST account/set-auto-loan.
func (c lender) setLoans() (rows, *fault) {
	var f fields
	if err := json.Unmarshal(c.body, &f); err != nil {
		return rows{}, &fault{400, "50002", "JSON syntax error"}
	}
	n := noteOf(c.a)
	if n.accountLevel() != "3" {
		return rows{}, refuse("54001", "Only Multi-currency margin account can be set to borrow coins automatically.")
	}
	n.loans = f.text("autoLoan") != "false"
	return rows{list: []reply.Object{{{"autoLoan", n.loans}}}}, nil
}

// quota is GET public/interest-rate-loan-quota: rates by the day.
func (q data) quota() (rows, *fault) {
	basic := reply.List{}
	for _, m := range q.d.all(api.Spot) {
		if m.In.Lends() {
			basic = append(basic, reply.Object{{"ccy", m.In.Base}, {"quota", m.In.Lending.Most}, {"rate", m.In.Lending.Rate.Mul(decimal.NewFromInt(24))}})
		}
	}
	return rows{list: []reply.Object{{{"basic", basic}, {"vip", reply.List{}}, {"regular", reply.List{}}}}}, nil
}

// rates is GET account/interest-rate: by the hour.
func (c lender) rates() (rows, *fault) {
	out := rows{list: []reply.Object{}}
	for _, m := range c.d.all(api.Spot) {
		if only := c.q.Get("ccy"); m.In.Lends() && (only == "" || only == m.In.Base) {
			out.list = append(out.list, reply.Object{{"ccy", m.In.Base}, {"interestRate", m.In.Lending.Rate}})
		}
	}
	return out, nil
}

// mostLoans is GET account/max-loan: what more could be borrowed to sell.
func (c lender) mostLoans() (rows, *fault) {
	if c.q.Get("mgnMode") != "cross" {
		return rows{}, refuse("51000", "Parameter mgnMode error")
	}
	out := rows{list: []reply.Object{}}
	for _, symbol := range strings.Split(c.q.Get("instId"), ",") {
		m := c.d.market(symbol)
		if m == nil || m.In.Perp() {
			return rows{}, refuse("51001", "Instrument ID doesn't exist.")
		}
		most := decimal.Zero
		if owed, _ := c.a.Funds.Debt(api.Trading, m.In.Base); noteOf(c.a).loans && m.In.Lends() {
			most = decimal.Max(decimal.Zero, m.In.Lending.Most.Sub(owed))
		}
		out.list = append(out.list, reply.Object{{"instId", symbol}, {"mgnMode", "cross"}, {"mgnCcy", ""}, {"maxLoan", most}, {"ccy", m.In.Base}, {"side", "sell"}},
			reply.Object{{"instId", symbol}, {"mgnMode", "cross"}, {"mgnCcy", ""}, {"maxLoan", "0"}, {"ccy", m.In.Quote}, {"side", "buy"}})
	}
	return out, nil
}

// accrued is GET account/interest-accrued: interest, an hour a row, newest first.
func (c lender) accrued() (rows, *fault) {
	out := rows{list: []reply.Object{}}
	for _, r := range slices.Backward(c.a.Ledger.Incomes()) {
		in := lends(c.d, r.Asset)
		if only := c.q.Get("ccy"); r.Kind != simserver.IncomeInterest || in == nil || only != "" && only != r.Asset || len(out.list) == 100 {
			continue
		}
		out.list = append(out.list, reply.Object{{"type", "2"}, {"ccy", r.Asset}, {"instId", ""}, {"mgnMode", "cross"}, {"interest", money(r.Amount.Neg())}, {"interestRate", in.Lending.Rate},
			{"liab", money(r.Amount.Neg().DivRound(in.Lending.Rate, 8))}, {"ts", ms(r.Time)}})
	}
	return out, nil
}

// lends is the market whose coins are lent; nil: none.
func lends(d *dialect, asset string) *exchange.Instrument {
	for _, m := range d.all(api.Spot) {
		if m.In.Lends() && m.In.Base == asset {
			return m.In
		}
	}
	return nil
}
