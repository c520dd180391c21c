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
)

// AdvisorOptions say whom strategies may ask. See package advisor.
type AdvisorOptions struct {
	advisor.Config
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
}

// takeAdvisor reads the section. The key is read at once, from where the file
// points to: a session that can't ask should not begin.
func (o *Options) takeAdvisor(f *advisorConfig) error {
	if f == nil || o.Advisor != nil {
		return nil
	}
	a := &AdvisorOptions{Config: advisor.Config{BaseURL: f.BaseURL, Model: f.Model, Static: f.Static,
		MaxCalls: f.MaxCalls, MaxTokens: f.MaxTokens, Temperature: f.Temperature}}
	var ttl time.Duration
	for _, d := range []struct {
		name, text string
		to         *time.Duration
	}{{"timeout", f.Timeout, &a.Timeout}, {"ttl", f.TTL, &ttl}, {"cache", f.Cache, &a.Cache}} {
		if d.text == "" {
			continue
		}
		v, err := time.ParseDuration(d.text)
		if err != nil || v <= 0 {
			return fmt.Errorf("%s = %q: want a time such as 20s or 5m", d.name, d.text)
		}
		*d.to = v
	}
	a.TTL = exchange.Time(ttl)
	for _, m := range []struct {
		name string
		text amount
		to   *decimal.Decimal
	}{{"max_cost", f.MaxCost, &a.MaxCost}, {"price_in", f.PriceIn, &a.PriceIn}, {"price_out", f.PriceOut, &a.PriceOut}} {
		if m.text == "" {
			continue
		}
		v, err := decimal.NewFromString(string(m.text))
		if err != nil || v.IsNegative() {
			return fmt.Errorf("%s = %q: want a number of 0 or more", m.name, m.text)
		}
		*m.to = v
	}
	if f.Key != "" {
		key, err := sign.Load(f.Key)
		if err != nil {
			return fmt.Errorf("key: %w", err)
		}
		a.Key = key
	}
	o.Advisor = a
	return a.Validate()
}

// openAdvisor makes the desk that questions are put to: those to the advisor, and those
// to functions of modules of one's own.
func (r *runner) openAdvisor(ctx context.Context) error {
	client, err := r.advisorClient()
	if err != nil {
		return err
	}
	answers := extension.NewAnswerer(r.o.Modules, client)
	if client == nil && !answers.Any() {
		return nil
	}
	var post func(*exchange.Event) // nil: the session's time can wait for an answer
	if r.source.paced() {
		post = r.inbox.Post
	}
	r.desk = advisor.NewDesk(ctx, answers, post)
	r.loop.Advisor = r.desk
	return nil
}

// advisorClient is what asks the advisor, with what the ledger says was spent today; nil
// when there is none.
func (r *runner) advisorClient() (advice.Respondent, error) {
	if r.o.Advisor == nil {
		return nil, nil
	}
	client, err := advisor.New(r.o.Advisor.Config)
	if err != nil {
		return nil, configError("advisor: %v", err)
	}
	if r.record.db != nil {
		calls, cost, err := r.record.db.AdviceSpent(r.started.UTC().Format(time.DateOnly))
		if err != nil {
			return nil, err
		}
		client.Spent(calls, cost)
	}
	return client, nil
}
