package host

import (
	"cmp"
	"context"
	"fmt"
	"maps"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/study"
	"github.com/perilune/perilune/host/tearsheet"
)

// trialRun is what a search keeps of one run: a line of its file. Times are nanoseconds since
// 1970, and the lists statistics of it.
type trialRun struct {
	Key      string        `json:"key"` // see trialKey
	From     exchange.Time `json:"from"`
	To       exchange.Time `json:"to"`
	Net      Money         `json:"net"`
	Funding  Money         `json:"funding"`
	Fees     Money         `json:"fees"`
	Turnover Money         `json:"turnover"`
	Return   float64       `json:"return"`
	Drawdown float64       `json:"drawdown"`
	Fills    int           `json:"fills"`
	Errors   int           `json:"errors,omitempty"`
	Halted   string        `json:"halted,omitempty"`
	Returns  []float64     `json:"returns"` // of each UTC day
	Trades   []float64     `json:"trades"`  // results, fractions of what the account begins with
	// Told is kept of few runs, from which the result has it.
	Told *trialTold `json:"told,omitempty"`
}

// trialTold is what a session said of its data.
type trialTold struct {
	Currency    string   `json:"currency"`
	Assumptions []string `json:"assumptions"`
	Problems    []string `json:"problems,omitempty"`
}

// trialKey names a run among those of one search.
func trialKey(params map[string]string, span study.Span) string {
	return fmt.Sprintf("%s|%s|%s", span.From, span.To, valuesText(params))
}

// play runs the strategy with parameters over a span; what is said of the data is kept of
// one that tells.
func (s *searcher) play(ctx context.Context, params map[string]string, span study.Span, tells bool) (*trialRun, error) {
	o := alone(&s.o.Session)
	o.Market, o.Loaded = nil, s.history
	o.History.From, o.History.To = span.From, span.To
	o.Set = maps.Clone(s.o.Session.Set)
	if o.Set == nil {
		o.Set = map[string]string{}
	}
	maps.Copy(o.Set, params)
	out := &trialRun{Key: trialKey(params, span), From: span.From, To: span.To}
	var book *tradeBook
	err := runAlone(ctx, &o, func(r *runner) tap {
		book = newTradeBook(r.core.Universe())
		return book.take
	}, func(r *runner, sum *Summary) error {
		if tells {
			out.Told = &trialTold{sum.Currency, sum.Assumptions, sum.DataProblems}
		}
		out.take(r, sum, book, s.o.Capital)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("%s from %.10s, %s: %w", s.script.name, span.From, wordsOf(params), err)
	}
	return out, nil
}

// wordsOf are parameters as people read them.
func wordsOf(params map[string]string) string { return cmp.Or(valuesText(params), "defaults") }

// take keeps of a session what counts. With a capital, all fractions are of it.
func (out *trialRun) take(r *runner, sum *Summary, book *tradeBook, capital decimal.Decimal) {
	exit := exitCost(r.core)
	out.Net, out.Funding, out.Fees = Money{sum.PnL.Sub(exit)}, sum.Funding, Money{sum.Fees.Add(exit)}
	out.Turnover = Money{book.turnover.Round(2)}
	out.Fills, out.Errors, out.Halted = sum.Fills, sum.Errors, sum.Halted
	base, shift := sum.StartEq.Decimal, decimal.Zero
	out.Drawdown = sum.Drawdown
	if capital.IsPositive() {
		base, shift = capital, capital.Sub(base)
		out.Drawdown = deepest(r.equity.Points, capital)
	}
	out.Returns = tearsheet.DailyReturns(curve(r.equity.Points, shift))
	if !base.IsPositive() {
		return
	}
	out.Return = out.Net.InexactFloat64() / base.InexactFloat64()
	for _, v := range book.results {
		out.Trades = append(out.Trades, v/base.InexactFloat64())
	}
}
