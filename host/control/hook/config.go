// Package hook takes signals from outside: charting services, other programs, anybody who
// can send a POST and has been given a secret. A message is let in by a token or by a
// signature, once only, and while it is young; then it is a signal of the session, which
// is journalled and which strategies hear in on_signal.
package hook

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/perilune/perilune/exchange/sign"
)

// Config is one [[webhook]] of a configuration file.
type Config struct {
	Name       string   `toml:"name"`            // it listens at /hook/NAME, and is the signal's name
	Token      string   `toml:"token"`           // where the token is: env:NAME, file:PATH, credential:NAME
	Secret     string   `toml:"secret"`          // or where the secret is that messages are signed with
	Header     string   `toml:"header"`          // in which the token or the signature comes
	Strategies []string `toml:"strategies"`      // who is told; all that have on_signal if left out
	TTL        float64  `toml:"ttl_seconds"`     // how old a message may be, and for how long one like it is the same; 0: 60
	PerMinute  int      `toml:"rate_per_minute"` // 0: 60
	MaxBytes   int      `toml:"max_bytes"`       // 0: 16384
}

// Bounds of the configuration.
const (
	mostHooks     = 64
	mostBytes     = 16 << 10 // what a signal's payload may be
	leastToken    = 16
	mostTTL       = 24 * time.Hour
	mostPerMinute = 6000
)

var hookName = regexp.MustCompile(`^[a-zA-Z0-9_-]{1,64}$`)

// tokenText is what can stand in a path, in JSON and in a header as it is.
var tokenText = regexp.MustCompile(`^[A-Za-z0-9._~-]+$`)

// Check says what is wrong with a list of webhooks, and reads no secret.
func Check(list []Config) error {
	if len(list) > mostHooks {
		return fmt.Errorf("%d of them: want at most %d", len(list), mostHooks)
	}
	for i := range list {
		c := &list[i]
		if !hookName.MatchString(c.Name) {
			return fmt.Errorf("name = %q: want 1 to 64 letters, digits, _ and -", c.Name)
		}
		if slices.ContainsFunc(list[:i], func(x Config) bool { return x.Name == c.Name }) {
			return fmt.Errorf("name = %q: there are two of that name", c.Name)
		}
		if err := c.check(); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

func (c *Config) check() error {
	switch {
	case (c.Token == "") == (c.Secret == ""):
		return fmt.Errorf("want either token or secret, as env:NAME, file:PATH or credential:NAME")
	case !(c.TTL >= 0 && c.TTL <= mostTTL.Seconds()):
		return fmt.Errorf("ttl_seconds = %v: want 1 to %v, or leave it out for 60", c.TTL, mostTTL.Seconds())
	case c.TTL > 0 && c.TTL < 1:
		return fmt.Errorf("ttl_seconds = %v: want 1 or more", c.TTL)
	case c.PerMinute < 0 || c.PerMinute > mostPerMinute:
		return fmt.Errorf("rate_per_minute = %d: want 1 to %d, or leave it out for 60", c.PerMinute, mostPerMinute)
	case c.MaxBytes < 0 || c.MaxBytes > mostBytes:
		return fmt.Errorf("max_bytes = %d: want 1 to %d, or leave it out for that", c.MaxBytes, mostBytes)
	case strings.ContainsAny(c.Header, " \t\r\n:"):
		return fmt.Errorf("header = %q: want the name of a header", c.Header)
	}
	return sign.CheckReference(c.Token + c.Secret) // one of them is empty
}

// Hook is a webhook that listens.
type Hook struct {
	config   Config
	token    sign.Secret
	secret   sign.Secret
	ttl      time.Duration
	rate     rate
	memories memory
}

// Set are the webhooks of a session; nil are none.
type Set struct{ hooks map[string]*Hook }

// Open reads the secrets of webhooks.
func Open(list []Config) (*Set, error) {
	if err := Check(list); err != nil {
		return nil, err
	}
	s := &Set{map[string]*Hook{}}
	for _, c := range list {
		h := &Hook{config: c, ttl: time.Minute}
		if c.TTL > 0 {
			h.ttl = time.Duration(c.TTL * float64(time.Second))
		}
		h.rate.perMinute = 60
		if c.PerMinute > 0 {
			h.rate.perMinute = c.PerMinute
		}
		secret, err := sign.Load(c.Token + c.Secret)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", c.Name, err)
		}
		if n := len(secret.Reveal()); n < leastToken {
			return nil, fmt.Errorf("%s: its secret has %d characters: want %d or more, such as openssl rand -hex 16 makes", c.Name, n, leastToken)
		}
		if c.Secret != "" {
			h.secret = secret
		} else if h.token = secret; !tokenText.MatchString(secret.Reveal()) {
			return nil, fmt.Errorf("%s: its token has characters that can't stand in an address: want letters, digits, . _ ~ and -", c.Name)
		}
		s.hooks[c.Name] = h
	}
	return s, nil
}

// Find returns the webhook of a name.
func (s *Set) Find(name string) (*Hook, bool) {
	if s == nil {
		return nil, false
	}
	h, ok := s.hooks[name]
	return h, ok
}

// Name is the webhook's.
func (h *Hook) Name() string { return h.config.Name }

// MostBytes is how long a message may be.
func (h *Hook) MostBytes() int64 {
	if h.config.MaxBytes > 0 {
		return int64(h.config.MaxBytes)
	}
	return mostBytes
}
