package advisor

import (
	"context"
	"errors"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
)

const (
	maxRetries = 2
	firstWait  = 500 * time.Millisecond
	longWait   = 8 * time.Second // a pause is never longer, unless the endpoint asks for it
)

// Client asks one endpoint. It is safe for concurrent use.
type Client struct {
	cfg        Config
	http       *http.Client
	budget     *budget
	cache      *cache
	format     atomic.Uint32 // the first one the endpoint has not refused
	completion atomic.Bool   // it wants max_completion_tokens
}

// New returns a client of a valid configuration.
func New(cfg Config) (*Client, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	c := &Client{cfg: cfg, cache: newCache(cfg.Cache, time.Now)}
	c.budget = newBudget(&c.cfg, time.Now)
	c.http = &http.Client{
		// The key is for this address and for no other one.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, ForceAttemptHTTP2: true},
	}
	return c, nil
}

// Model names whom it asks.
func (c *Client) Model() string { return c.cfg.Model }

// Spent tells the budget what earlier runs of the day spent.
func (c *Client) Spent(calls int, cost decimal.Decimal) { c.budget.spent(calls, cost) }

// Close ends idle connections.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Ask puts a question and waits for the outcome, at most until its deadline.
func (c *Client) Ask(ctx context.Context, q *advice.Question) *exchange.Advice {
	out := c.complete(ctx, q)
	// Once more, because JSON within JSON can spell a letter in many ways.
	out.Text, out.Reason = c.scrub(out.Text), c.scrub(out.Reason)
	return out
}

func (c *Client) complete(ctx context.Context, q *advice.Question) *exchange.Advice {
	out := &exchange.Advice{ID: q.ID, Model: c.cfg.Model, Verdict: advice.OK}
	if c.cfg.Static != "" {
		out.Text = c.cfg.Static
		return judge(q, out)
	}
	text, err := render(q)
	if err != nil {
		return fail(out, &failure{verdict: advice.Failed, reason: "the question can't be written as JSON"})
	}
	if known, ok := c.cache.get(text); ok {
		out.Text, out.Cached = known, true
		return out
	}
	if why := c.budget.off(); why != "" {
		return fail(out, &failure{verdict: advice.Disabled, reason: why})
	}
	ctx, cancel := context.WithTimeout(ctx, min(seconds(q.Deadline), c.cfg.Timeout))
	defer cancel()
	if err := c.converse(ctx, text, q, out); err != nil {
		return fail(out, err)
	}
	if judge(q, out).Verdict == advice.OK {
		c.cache.put(text, out.Text)
	}
	return out
}

// judge checks an answer against the schema, and keeps no more of it than that:
// what goes into the journal is what the schema declares.
func judge(q *advice.Question, out *exchange.Advice) *exchange.Advice {
	answer, err := q.Schema.Parse(out.Text)
	if err != nil {
		return fail(out, &failure{verdict: advice.Refused, reason: err.Error()})
	}
	out.Text = answer.JSON()
	return out
}

func fail(out *exchange.Advice, err error) *exchange.Advice {
	out.Verdict, out.Text, out.Reason = advice.Failed, "", advice.Reason(err.Error())
	var f *failure
	if errors.As(err, &f) {
		out.Verdict = f.verdict
	}
	return out
}

// converse sends a question until there is an answer or no sense in going on.
func (c *Client) converse(ctx context.Context, text string, q *advice.Question, out *exchange.Advice) error {
	for retries := 0; ; {
		r, err := c.attempt(ctx, text, q, out)
		if err == nil {
			out.Text = r.text
			return nil
		}
		var f *failure
		if !errors.As(err, &f) {
			return err
		}
		switch c.next(f) {
		case giveUp:
			return f
		case adapt:
			continue
		}
		if retries++; retries > maxRetries {
			return f
		}
		if !pause(ctx, wait(f, retries)) {
			return f
		}
	}
}

// attempt sends one request within the budget and books what it cost.
func (c *Client) attempt(ctx context.Context, text string, q *advice.Question, out *exchange.Advice) (*reply, error) {
	body, err := c.body(text, q, format(c.format.Load()))
	if err != nil {
		return nil, &failure{verdict: advice.Failed, reason: "the request can't be written as JSON"}
	}
	in, most := c.budget.worst(len(body))
	worst := c.budget.price(in, most)
	release, err := c.budget.take(worst)
	if err != nil {
		return nil, &failure{verdict: advice.Disabled, reason: err.Error()}
	}
	r, err := c.send(ctx, body)
	cost := c.cost(r, err, worst)
	release(cost)
	out.Cost = out.Cost.Add(cost)
	if r != nil {
		out.TokensIn, out.TokensOut = out.TokensIn+r.in, out.TokensOut+r.out
	}
	return r, err
}

// cost is what a request cost as far as is known, and at worst where it is not.
func (c *Client) cost(r *reply, err error, worst decimal.Decimal) decimal.Decimal {
	var f *failure
	switch {
	case err == nil && r.measured:
		return c.budget.price(r.in, r.out)
	case errors.As(err, &f) && !f.billed:
		return decimal.Zero
	}
	return worst
}

// step is what to do after a failure.
type step uint8

const (
	giveUp step = iota
	again
	adapt // at once, in another form
)

// next decides what a failure means for this question and for later ones.
func (c *Client) next(f *failure) step {
	switch {
	case f.verdict != advice.Failed:
		return giveUp
	case f.status == 401 || f.status == 403:
		c.budget.disable(f.reason + ": the advisor is switched off until the next run; is the key right?")
		return giveUp
	case f.status == 429 && strings.Contains(f.body, "insufficient_quota"):
		c.budget.disable("the account has no credit left: the advisor is switched off until the next run")
		return giveUp
	case f.status == 400 || f.status == 422:
		return c.otherForm(f.body)
	case f.status == 0 || f.status == 408 || f.status == 409 || f.status == 429 || f.status >= 500:
		return again
	}
	return giveUp
}

// otherForm tries the next way of asking when the endpoint refused this one.
func (c *Client) otherForm(body string) step {
	if strings.Contains(body, "max_completion_tokens") && c.completion.CompareAndSwap(false, true) {
		return adapt
	}
	f := c.format.Load()
	for _, word := range []string{"response_format", "json_schema", "json_object"} {
		if strings.Contains(body, word) && format(f) < formatText {
			c.format.CompareAndSwap(f, f+1)
			return adapt
		}
	}
	return giveUp
}

// wait is how long to pause before a retry: as the endpoint says, or a random
// time that doubles, so that many clients do not come back together.
func wait(f *failure, retries int) time.Duration {
	if f.wait > 0 {
		return f.wait
	}
	most := min(firstWait<<retries, longWait)
	return most/2 + rand.N(most/2)
}

// pause reports false when the deadline comes first: then it does not wait at all.
func pause(ctx context.Context, d time.Duration) bool {
	if end, ok := ctx.Deadline(); ok && time.Until(end) < d {
		return false
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
