package client

import (
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/sign"
)

// The keys of the venue's own tests, which are public.
const (
	mainKey  = "0x0123456789012345678901234567890123456789012345678901234567890123"
	mainUser = "0x14791697260e4c9a71f18484c9f997b308e59325"
	agentKey = "e908f86dbb4d55ac876378565aafeabc187f6690f046459397b17d9b9a19688e"
)

func with(account, secret string) Options {
	return Options{Key: sign.Key{API: sign.NewSecret(account), Secret: sign.NewSecret(secret)}}
}

// An agent's key is taken; the account's own is refused unless it is asked for by name, and
// no error quotes one.
func TestKeys(t *testing.T) {
	main := with(mainUser, mainKey)
	main.MainWallet = true
	agent := with(mainUser, agentKey)
	agent.MainWallet = true
	vault := with(mainUser, agentKey)
	vault.Vault = "0x12"
	for name, tt := range map[string]struct {
		o    Options
		want string // "": it is taken
	}{
		"an agent":                    {with(mainUser, agentKey), ""},
		"the account's own":           {with(mainUser, mainKey), "can withdraw everything"},
		"the account's own, by name":  {main, ""},
		"an agent, said to be main":   {agent, "main_wallet = true: the key is that of 0x"},
		"no address":                  {with("somebody", agentKey), "api_key: address of 8 characters"},
		"no key":                      {with(mainUser, "secret"), "secret: private key: want 64 hexadecimal digits"},
		"an address as the key":       {with(mainUser, mainUser), "secret: private key: want 64 hexadecimal digits"},
		"a vault that is none":        {vault, "vault: address of 4 characters"},
		"a number beyond the curve's": {with(mainUser, strings.Repeat("f", 64)), "none of the curve's"},
	} {
		_, err := New(tt.o)
		switch {
		case tt.want == "" && err != nil, tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
			t.Errorf("%s: %v, want %q", name, err, tt.want)
		case err != nil && (strings.Contains(err.Error(), agentKey[:12]) || strings.Contains(err.Error(), mainKey[2:14])):
			t.Errorf("%s: the error quotes the key: %v", name, err)
		}
	}
}

func TestClasses(t *testing.T) {
	for _, tt := range []struct {
		status int
		text   string
		want   exchange.ErrorClass
	}{
		{200, "Insufficient margin to place order. asset=0", exchange.ErrFunds},
		{200, "Order was never placed, already canceled, or filled.", exchange.ErrNotFound},
		{200, "Order must have minimum value of $10.", exchange.ErrRefused},
		{200, "Post only order would have immediately matched, bbo was 1@2.", exchange.ErrRefused},
		{200, "Too many cumulative requests sent (10001 > 10000) for cumulative volume traded $0.", exchange.ErrRateLimited},
		{200, "Invalid nonce: duplicate nonce 1700000000000", exchange.ErrClock},
		{200, "User or API Wallet 0x12 does not exist.", exchange.ErrKey},
		{200, "Must deposit before performing actions. User: 0x123", exchange.ErrKey},
		{200, "Action disabled when unified account is active.", exchange.ErrMode},
		{200, "something new", exchange.ErrRefused},
		{422, "Failed to deserialize the JSON body into the target type", exchange.ErrRefused},
		{429, "", exchange.ErrRateLimited},
		{500, "", exchange.ErrUnknown},
		{502, "<html>", exchange.ErrUnknown},
		{403, "", exchange.ErrKey},
	} {
		if got, _ := classify(tt.status, tt.text); got != tt.want {
			t.Errorf("%d %q: %v, want %v", tt.status, tt.text, got, tt.want)
		}
	}
}

func TestStatuses(t *testing.T) {
	for answer, want := range map[string]string{
		`{"status":"ok","response":{"type":"order","data":{"statuses":[{"resting":{"oid":77738308}},{"error":"no"}]}}}`: `{"resting":{"oid":77738308}} {"error":"no"}`,
		`{"status":"ok","response":{"type":"default"}}`:                                                                 "",
		`{"status":"err","response":"Invalid \"nonce\""}`:                                                               `words: Invalid "nonce"`,
		`{"status":"maybe"}`: "error",
		`[]`:                 "error",
		`{"status":"ok","response":{"type":"order","data":{"statuses":[{]}}}`: "error",
	} {
		list, words, err := statuses([]byte(answer))
		var text []string
		for _, s := range list {
			text = append(text, string(s))
		}
		got := strings.Join(text, " ")
		if words != "" {
			got = "words: " + words
		}
		if err != nil {
			got = "error"
		}
		if got != want {
			t.Errorf("%s: %s (%v), want %s", answer, got, err, want)
		}
	}
}

// Nothing is signed before the clocks were compared: a nonce is a time.
func TestNothingIsSignedWithoutATime(t *testing.T) {
	c, err := New(with(mainUser, agentKey))
	if err != nil {
		t.Fatal(err)
	}
	act := Action{Make: func(uint64) signing.Object { return signing.ScheduleCancel(0) }}
	if body, err := c.sign(&act); err == nil {
		t.Errorf("%s", body)
	}
}

func TestTheTableCanBeCounted(t *testing.T) {
	if _, err := New(Options{}); err != nil {
		t.Fatal(err)
	}
}
