package advisor

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

// MostFallbacks bounds how many endpoints stand in for the first.
const MostFallbacks = 3

// Chain asks one endpoint after the other until one answers. What goes on to the next is a
// failure, a deadline, a budget that is used up or a key that is refused; an answer outside
// of the schema does not: a question is not asked around until somebody says what fits.
type Chain struct {
	clients []*Client
}

// NewChain returns a chain of valid configurations, in their order.
func NewChain(first Config, fallback []Config) (*Chain, error) {
	if len(fallback) > MostFallbacks {
		return nil, fmt.Errorf("fallback: %d of them: want at most %d", len(fallback), MostFallbacks)
	}
	if len(fallback) > 0 && first.Static != "" {
		return nil, fmt.Errorf("fallback: static answers every question: no other one is ever asked")
	}
	ch := &Chain{}
	for _, cfg := range append([]Config{first}, fallback...) {
		c, err := New(cfg)
		if err != nil {
			if len(ch.clients) > 0 {
				err = fmt.Errorf("fallback %d: %w", len(ch.clients), err)
			}
			return nil, err
		}
		ch.clients = append(ch.clients, c)
	}
	return ch, nil
}

// Spent tells the budgets what earlier runs of the day spent. Which endpoint did is not
// known: each counts all of it.
func (ch *Chain) Spent(calls int, cost decimal.Decimal) {
	for _, c := range ch.clients {
		c.Spent(calls, cost)
	}
}

// Close implements advice.Respondent.
func (ch *Chain) Close() {
	for _, c := range ch.clients {
		c.Close()
	}
}

// Ask implements advice.Respondent. An endpoint that is not the last has its equal part of
// the time that is left, so that the others are reached within the deadline. Model is that
// of who answered; tokens and cost are of all who were asked.
func (ch *Chain) Ask(ctx context.Context, q *advice.Question) *exchange.Advice {
	end := time.Now().Add(seconds(q.Deadline))
	var sum exchange.Advice
	var reasons []string
	for i, c := range ch.clients {
		ask := *q
		ask.Deadline = max(0, exchange.Time(time.Until(end))) / exchange.Time(len(ch.clients)-i)
		out := c.Ask(ctx, &ask)
		sum.TokensIn, sum.TokensOut, sum.Cost = sum.TokensIn+out.TokensIn, sum.TokensOut+out.TokensOut, sum.Cost.Add(out.Cost)
		reasons = append(reasons, c.Model()+": "+out.Reason)
		passed := out.Verdict == advice.Failed || out.Verdict == advice.Late || out.Verdict == advice.Disabled
		if passed && i < len(ch.clients)-1 && ctx.Err() == nil {
			continue
		}
		out.TokensIn, out.TokensOut, out.Cost = sum.TokensIn, sum.TokensOut, sum.Cost
		if passed && i > 0 {
			out.Reason = advice.Reason(strings.Join(reasons, "; "))
		}
		return out
	}
	return nil // not reached: there is one client at least
}
