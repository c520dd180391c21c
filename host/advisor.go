package host

import (
	"context"
	"fmt"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/extension"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent/advice"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/host/advisor"
	"github.com/perilune/perilune/ledger"
)

// AdvisorOptions say whom strategies may ask. See package advisor.
type AdvisorOptions struct {
	advisor.Config
	// Fallback are asked in their order when the one before does not answer: it fails, is
	// late, or its budget is used up. At most three.
	Fallback []advisor.Config
	// TTL bounds how long any advice counts; 0: as each question says.
	TTL exchange.Time
}

// advisorConfig is the section of the configuration file.
type advisorConfig struct {
	BaseURL     string   `toml:"base_url"`
	Model       string   `toml:"model"`
	Key         string   `toml:"key"`
	Static      string   `toml:"static"`
	Timeout     string   `toml:"timeout"`
	TTL         string   `toml:"ttl"`
	Cache       string   `toml:"cache"`
	MaxCalls    int      `toml:"max_calls"`
	MaxCost     amount   `toml:"max_cost"`
	PriceIn     amount   `toml:"price_in"`
	PriceOut    amount   `toml:"price_out"`
	MaxTokens   int      `toml:"max_tokens"`
	Temperature *float64 `toml:"temperature"`

	Fallback []advisorConfig `toml:"fallback"`
}

// takeAdvisor reads the section. The key is read at once, from where the file
// points to: a session that can't ask should not begin.
func (o *Options) takeAdvisor(f *advisorConfig) error {
	if f == nil || o.Advisor != nil {
		return nil
	}
	a := &AdvisorOptions{}
	var ttl time.Duration
	var err error
	if a.Config, ttl, err = f.read(); err != nil {
		return err
	}
	a.TTL = exchange.Time(ttl)
	for i := range f.Fallback {
		b := &f.Fallback[i]
		if b.TTL != "" || b.Static != "" || len(b.Fallback) > 0 {
			return fmt.Errorf("fallback %d: ttl, static and fallback are of [advisor] alone", i+1)
		}
		c, _, err := b.read()
		if err != nil {
			return fmt.Errorf("fallback %d: %w", i+1, err)
		}
		a.Fallback = append(a.Fallback, c)
	}
	if _, err := advisor.NewChain(a.Config, a.Fallback); err != nil {
		return err
	}
	o.Advisor = a
	return a.Validate()
}

// read takes an endpoint's keys, and how long its advice counts.
func (f *advisorConfig) read() (a advisor.Config, ttl time.Duration, err error) {
	a = advisor.Config{BaseURL: f.BaseURL, Model: f.Model, Static: f.Static,
		MaxCalls: f.MaxCalls, MaxTokens: f.MaxTokens, Temperature: f.Temperature}
	for _, d := range []struct {
		name, text string
		to         *time.Duration
	}{{"timeout", f.Timeout, &a.Timeout}, {"ttl", f.TTL, &ttl}, {"cache", f.Cache, &a.Cache}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil || v <= 0 {
			return a, 0, fmt.Errorf("%s = %q: want a time such as 20s or 5m", d.name, d.text)
		}
		*d.to = v
	}
	for _, m := range []struct {
		name string
		text amount
		to   *decimal.Decimal
	}{{"max_cost", f.MaxCost, &a.MaxCost}, {"price_in", f.PriceIn, &a.PriceIn}, {"price_out", f.PriceOut, &a.PriceOut}} {
		if err := decimalKey(m.name, m.text, m.to); err != nil {
			return a, 0, err
		}
	}
	if f.Key != "" {
		if a.Key, err = sign.Load(f.Key); err != nil {
			return a, 0, fmt.Errorf("key: %w", err)
		}
	}
	return a, ttl, nil
}

// openDesk makes the desk that questions are put to: those to the advisor, and those
// to functions of modules of one's own; nil when there is neither. post takes the answers
// of a session whose time can't wait for them; nil: it can. db tells what was spent today;
// nil: nothing.
func openDesk(ctx context.Context, o *Options, db *ledger.DB, today time.Time, post func(*exchange.Event)) (*advisor.Desk, error) {
	var client advice.Respondent
	if o.Advisor != nil {
		c, err := advisor.NewChain(o.Advisor.Config, o.Advisor.Fallback)
		if err != nil {
			return nil, configError("advisor: %v", err)
		}
		if db != nil {
			calls, cost, err := db.AdviceSpent(today.UTC().Format(time.DateOnly))
			if err != nil {
				return nil, err
			}
			c.Spent(calls, cost)
		}
		client = c
	}
	answers := extension.NewAnswerer(o.Modules, client)
	if client == nil && !answers.Any() {
		return nil, nil
	}
	return advisor.NewDesk(ctx, answers, post), nil
}
