// Package advisor asks a language model on behalf of strategies, through any
// endpoint that speaks the chat-completions protocol.
//
// # Assumptions
//
//   - The endpoint is slow, dear and unreliable, and what it says is untrusted.
//     Whatever goes wrong is an outcome without an answer, with a reason; a
//     strategy never waits and never learns more than that.
//   - The key is a secret also from the endpoint's own words: an error message or
//     an answer that quotes it loses it before anybody reads it.
//   - A request that timed out was billed. Budgets count what may have been spent.
//   - The budget is of the real day (UTC), whatever time the session runs on: it
//     is a bill.
//
// The response format is found by trying: a JSON schema, then a JSON object, then
// plain text, as endpoints differ in what they take. Answers are judged by
// package advice in every case, and once more by the core.
package advisor

import (
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
)

// Config says whom to ask and how much it may cost. BaseURL and Model are
// required, or Static.
type Config struct {
	BaseURL string // up to and without /chat/completions
	Model   string
	Key     sign.Secret // empty: none is sent
	// Static answers every question with this text and asks nobody: to try a
	// strategy offline.
	Static string

	Timeout     time.Duration   // bounds every deadline; 0: 60 s
	Cache       time.Duration   // how long the same question has the same answer; 0: not kept
	MaxCalls    int             // a day; 0: 500
	MaxCost     decimal.Decimal // a day; zero: no bound beside MaxCalls
	PriceIn     decimal.Decimal // of 1000 tokens that are sent
	PriceOut    decimal.Decimal // of 1000 tokens that are answered
	MaxTokens   int             // of an answer; 0: 800
	Temperature *float64        // nil: the endpoint's own
}

// Validate fills the defaults in and says what does not make sense. It quotes no
// address that may hold a password.
func (c *Config) Validate() error {
	if c.Static != "" {
		c.Model = "static"
		return nil
	}
	if err := checkURL(c.BaseURL); err != nil {
		return fmt.Errorf("base_url: %w", err)
	}
	c.BaseURL = strings.TrimSuffix(strings.TrimRight(c.BaseURL, "/"), "/chat/completions")
	switch {
	case c.Model == "" || len(c.Model) > 128:
		return fmt.Errorf("model: want the name of a model, as the endpoint knows it")
	case c.Timeout < 0 || c.Timeout > 5*time.Minute:
		return fmt.Errorf("timeout: want up to 5m, got %v", c.Timeout)
	case c.Cache < 0 || c.MaxCalls < 0 || c.MaxTokens < 0 || c.MaxCost.IsNegative() || c.PriceIn.IsNegative() || c.PriceOut.IsNegative():
		return fmt.Errorf("cache, budget and prices: want 0 or more")
	case c.MaxCost.IsPositive() && c.PriceIn.IsZero() && c.PriceOut.IsZero():
		return fmt.Errorf("max_cost needs price_in and price_out: without prices nothing costs anything")
	case c.Temperature != nil && !(*c.Temperature >= 0 && *c.Temperature <= 2):
		return fmt.Errorf("temperature: want 0 to 2, got %v", *c.Temperature)
	}
	c.Timeout = orDefault(c.Timeout, time.Minute)
	c.MaxCalls = orDefault(c.MaxCalls, 500)
	c.MaxTokens = orDefault(c.MaxTokens, 800)
	return nil
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// checkURL wants TLS, except on this machine: the key travels with every request.
func checkURL(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fmt.Errorf("want an address such as https://api.example.com/v1")
	}
	if u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return fmt.Errorf("want an address without user, query and fragment: the key goes into key = \"env:NAME\"")
	}
	if u.Scheme == "https" || (u.Scheme == "http" && loopback(u.Hostname())) {
		return nil
	}
	return fmt.Errorf("%s://%s: want https, or http on this machine", u.Scheme, u.Host)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}

// seconds converts a span of the loop's time.
func seconds(t exchange.Time) time.Duration { return time.Duration(t) }
