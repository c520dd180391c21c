package host

import (
	"math"
	"slices"
	"strings"

	"github.com/perilune/perilune/bindings"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/tearsheet"
)

// StudyFigures are what parameters came to over a time, which may be of several parts.
type StudyFigures struct {
	Net      Money   `json:"net"`          // change of equity, less the cost of closing what was open at the end
	Funding  Money   `json:"funding"`      // received
	Fees     Money   `json:"fees"`         // paid
	Turnover Money   `json:"turnover"`     // all that was bought and sold, in quote
	Return   float64 `json:"return"`       // of what the account begins with, or of StudySearchOptions.Capital
	Annual   float64 `json:"annual"`       // Return of a year, compounded
	Sharpe   float64 `json:"sharpe"`       // of daily returns, annualized; 0 without variation
	Sortino  float64 `json:"sortino"`      // likewise, over the deviation of losses alone
	Calmar   float64 `json:"calmar"`       // Annual over Drawdown; 0 without a drawdown
	Drawdown float64 `json:"max_drawdown"` // fraction of the peak before
	Days     int     `json:"days"`
	Trades   int     `json:"trades"` // that ended: pairs, and positions from flat to flat
	Fills    int     `json:"fills"`
	Errors   int     `json:"strategy_errors"`
	Halted   string  `json:"halted,omitempty"`
}

// objectives are what a search may look for, each the higher the better.
var objectives = map[string]func(*StudyFigures) float64{
	"net":          func(f *StudyFigures) float64 { return f.Net.InexactFloat64() },
	"return":       func(f *StudyFigures) float64 { return f.Return },
	"sharpe":       func(f *StudyFigures) float64 { return f.Sharpe },
	"sortino":      func(f *StudyFigures) float64 { return f.Sortino },
	"calmar":       func(f *StudyFigures) float64 { return f.Calmar },
	"max_drawdown": func(f *StudyFigures) float64 { return -f.Drawdown },
}

// StudyObjectives are the names of what a search may look for.
func StudyObjectives() []string { return sortedKeys(objectives) }

func objective(name string) (func(*StudyFigures) float64, error) {
	if f := objectives[name]; f != nil {
		return f, nil
	}
	return nil, configError("objective %q: want one of %s%s", name, strings.Join(StudyObjectives(), ", "), bindings.DidYouMean(name, StudyObjectives()))
}

// byMean reports whether an objective is of what was earned, however it varied.
func byMean(objective string) bool { return objective == "net" || objective == "return" }

// figures adds up runs over parts of the time, one after the other.
func figures(runs []*trialRun) (f StudyFigures, returns []float64) {
	growth, span := 1.0, exchange.Time(0)
	for _, r := range runs {
		f.Net, f.Funding = Money{f.Net.Add(r.Net.Decimal)}, Money{f.Funding.Add(r.Funding.Decimal)}
		f.Fees, f.Turnover = Money{f.Fees.Add(r.Fees.Decimal)}, Money{f.Turnover.Add(r.Turnover.Decimal)}
		f.Trades, f.Fills, f.Errors = f.Trades+len(r.Trades), f.Fills+r.Fills, f.Errors+r.Errors
		f.Drawdown = max(f.Drawdown, r.Drawdown)
		if f.Halted == "" {
			f.Halted = r.Halted
		}
		growth *= max(0, 1+r.Return)
		span += r.To - r.From
		returns = append(returns, r.Returns...)
	}
	f.Return, f.Days = growth-1, len(returns)
	if years := float64(span) / float64(tearsheet.DaysPerYear*exchange.Day); years > 0 {
		f.Annual = math.Pow(growth, 1/years) - 1
	}
	f.Drawdown = max(f.Drawdown, tearsheet.Deepest(returns))
	f.Sharpe, _ = tearsheet.Sharpe(returns)
	f.Sortino, _ = tearsheet.Sortino(returns)
	if f.Drawdown > 0 {
		f.Calmar = f.Annual / f.Drawdown
	}
	return f, returns
}

// aligned makes all lists as long as the longest: who lost all earlier, earns nothing after.
func aligned(lists [][]float64) [][]float64 {
	most := 0
	for _, l := range lists {
		most = max(most, len(l))
	}
	out := make([][]float64, len(lists))
	for i, l := range lists {
		out[i] = slices.Concat(l, make([]float64, most-len(l)))
	}
	return out
}
