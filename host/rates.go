package host

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/host/loop"
)

// RatesOptions say whose funding is to be told.
type RatesOptions struct {
	// Venues are asked. None: every venue there is, at its usual addresses.
	Venues []connect.Section
	// Symbols are keys, and globs over keys, of the perpetuals that are told. None: all.
	Symbols []string
	DB      string // the ledger beside which bans are remembered
	Log     func(text string)
}

// Rates is the funding of perpetuals at one time, and what holding it would cost.
type Rates struct {
	At      time.Time     `json:"at"`
	Rows    []FundingRate `json:"rates"`             // by what is left in a year, the best first
	Silent  []string      `json:"silent,omitempty"`  // venues that did not answer, and why
	Skipped []string      `json:"skipped,omitempty"` // venues that do not tell this without a subscription
}

// FundingRate is the funding of a perpetual. Fractions: 0.0001 is a basis point.
type FundingRate struct {
	Symbol   string    `json:"symbol"`
	Rate     float64   `json:"rate"`            // estimate of the coming settlement
	After    *float64  `json:"after,omitempty"` // of the one after it, where the venue tells
	Hours    int       `json:"hours"`           // between settlements; 0: it accrues all the time, and Rate is that of 8 hours
	Next     time.Time `json:"next,omitzero"`
	Annual   float64   `json:"annual"`   // 365 days of Rate, without compounding
	Basis    float64   `json:"basis"`    // middle of its book to that of the spot market, else mark to index
	Spread   float64   `json:"spread"`   // of its book
	Depth    float64   `json:"depth"`    // dollars at the best prices, on the thinner side; 0: the venue does not tell
	Turnover float64   `json:"turnover"` // dollars in 24 hours
	// Hedge is the other leg by which the costs are earned back soonest: a spot market, or
	// another perpetual. "": there is none that pays. Cost is that of taking both legs and
	// leaving them again, Net what they are paid in a year, Days when that has paid for the
	// cost. A perpetual that is paid to be held is hedged on spot with borrowed coins where the
	// venue lends them: Borrow is what a year of that costs, and not in Net any more.
	Hedge  string  `json:"hedge,omitempty"`
	Net    float64 `json:"net,omitempty"`
	Cost   float64 `json:"cost,omitempty"`
	Days   float64 `json:"days,omitempty"`
	Borrow float64 `json:"borrow,omitempty"`
}

// SurveyRates asks venues, without subscribing to anything, what each of their perpetuals
// pays now. A venue that does not answer leaves the others' rows; only when none does is
// that an error.
func SurveyRates(ctx context.Context, o RatesOptions) (*Rates, error) {
	if err := needsContext(ctx, "SurveyRates"); err != nil {
		return nil, err
	}
	for _, p := range o.Symbols {
		if _, err := path.Match(p, ""); err != nil {
			return nil, configError("symbol %q: %v", p, err)
		}
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if len(o.Venues) == 0 {
		for _, c := range Venues() {
			o.Venues = append(o.Venues, c.Section())
		}
	}
	out := &Rates{At: time.Unix(0, int64(loop.Now())).UTC()}
	var all []connect.Standing
	var failed []error
	for _, s := range o.Venues {
		list, err := o.survey(ctx, s)
		switch {
		case ctx.Err() != nil:
			return nil, fmt.Errorf("interrupted while asking %s: %w", s.House(), ctx.Err())
		case errors.Is(err, connect.ErrNoSurvey):
			out.Skipped = append(out.Skipped, s.House())
		case err != nil:
			failed = append(failed, fmt.Errorf("%s: %w", s.House(), err))
			out.Silent = append(out.Silent, failed[len(failed)-1].Error())
		}
		all = append(all, list...)
	}
	if len(failed) > 0 && len(failed)+len(out.Skipped) == len(o.Venues) {
		return nil, &DataError{errors.Join(failed...)}
	}
	out.Rows = ratesOf(all)
	if len(o.Symbols) > 0 {
		out.Rows = slices.DeleteFunc(out.Rows, func(r FundingRate) bool { return !o.named(r.Symbol) })
		if len(out.Rows) == 0 {
			return out, &DataError{fmt.Errorf("%s: no perpetual that is trading fits", strings.Join(o.Symbols, " "))}
		}
	}
	return out, nil
}

// survey asks one venue for all of its segments: a perpetual is judged beside its spot market.
func (o *RatesOptions) survey(ctx context.Context, s connect.Section) ([]connect.Standing, error) {
	venue, err := s.Open()
	if err != nil {
		return nil, configError("%s %v", sectionName(s.House()), err)
	}
	at, err := newAccess(o.DB, venue, o.Log)
	if err != nil {
		return nil, err
	}
	asked, err := surveyorOf(ctx, venue, at, func(n connect.Notice) { o.Log(n.Text) })
	if err != nil {
		return nil, err
	}
	return asked.Survey(ctx)
}

// surveyorOf asks a venue what all it has, so that it can be asked how that stands.
func surveyorOf(ctx context.Context, venue connect.Venue, at *access, notice func(connect.Notice)) (connect.Surveyor, error) {
	c, err := venue.Browse(ctx, connect.DataOptions{Access: at.shared(), Notice: notice}, []string{"*:*"})
	if err != nil {
		return nil, err
	}
	asked, ok := c.(connect.Surveyor)
	if !ok {
		return nil, connect.ErrNoSurvey
	}
	return asked, nil
}

// named reports whether a key is meant, with its house or without.
func (o *RatesOptions) named(key string) bool {
	return slices.ContainsFunc(o.Symbols, func(glob string) bool { return exchange.KeyFits(glob, key) })
}
