package client

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/sign"
)

// at is a client whose clock and the venue's are the same and stand still.
func at(t *testing.T, ms int64) *Client {
	t.Helper()
	now := exchange.UnixMilli(ms)
	c, err := New(Options{Key: sign.Key{API: sign.NewSecret("test_api_key"), Secret: sign.NewSecret("test_secret")}, Now: func() exchange.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	c.clock = sign.NewTimekeeper(sign.TimekeeperOptions{Ask: func(context.Context) (exchange.Time, error) { return now, nil }, Window: c.o.Window, Now: c.o.Now, Log: c.o.Log})
	if err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// Vectors over keys that are public; the venue publishes no secret with its examples.
func TestSignatures(t *testing.T) { synctest.Test(t, signatures) }

func signatures(t *testing.T) {
	c := at(t, 1700000000000)
	for text, want := range map[string]string{
		"category=linear&symbol=BTCUSDT":                                             "fd4f31228a46109dc6673062328693696df9a96c7ff04e6491a45e7f63a0fdd7",
		`{"category": "linear", "symbol": "BTCUSDT", "orderLinkId": "test-order-1"}`: "2df4a0603d69c08d5dea29ba85b46eb7db64ce9e9ebd34a7802a3d69700cb2a1",
	} {
		h := http.Header{}
		if err := c.sign(h, text); err != nil {
			t.Fatal(err)
		}
		if got := h["X-BAPI-SIGN"][0]; got != want || h["X-BAPI-TIMESTAMP"][0] != "1700000000000" || h["X-BAPI-RECV-WINDOW"][0] != "5000" {
			t.Errorf("%s: %s in %v, want %s", text, got, h, want)
		}
	}
	const login = `{"req_id":"auth","op":"auth","args":["test_api_key",1700000000000,"bacffe7500499eb829bb58c45d36d1b3e5ac67c14eaeba91df5e99ccee013925"]}`
	if got, err := at(t, 1700000000000-10_000).Login(); err != nil || string(got) != login {
		t.Errorf("%s %v, want %s", got, err, login)
	}
}

func TestClasses(t *testing.T) {
	for _, tt := range []struct {
		status, code int
		msg          string
		change, ask  exchange.ErrorClass
	}{
		{200, 10016, "", exchange.ErrUnknown, exchange.ErrUnavailable},
		{200, 170146, "", exchange.ErrUnknown, exchange.ErrUnavailable},
		{502, 0, "<html>", exchange.ErrUnknown, exchange.ErrUnavailable},
		{403, 0, "access too frequent", exchange.ErrRateLimited, exchange.ErrRateLimited},
		{200, 10006, "", exchange.ErrRateLimited, exchange.ErrRateLimited},
		{200, 10002, "", exchange.ErrClock, exchange.ErrClock},
		{200, 110072, "", exchange.ErrDuplicate, exchange.ErrDuplicate},
		{200, 110001, "", exchange.ErrNotFound, exchange.ErrNotFound},
		{200, 170131, "", exchange.ErrFunds, exchange.ErrFunds},
		{200, 10001, "position idx not match position mode", exchange.ErrMode, exchange.ErrMode},
		{200, 10001, "params error", exchange.ErrRefused, exchange.ErrRefused},
		{200, 999999, "new", exchange.ErrRefused, exchange.ErrRefused},
		{401, 0, "", exchange.ErrKey, exchange.ErrKey},
	} {
		if c, a := classify(true, tt.status, tt.code, tt.msg), classify(false, tt.status, tt.code, tt.msg); c != tt.change || a != tt.ask {
			t.Errorf("%+v: %v of a change, %v of a question", tt, c, a)
		}
	}
}

// A ban lasts as long as the answer says, or else ten minutes.
func TestBans(t *testing.T) {
	for value, want := range map[string]exchange.Time{"": banned, "3": 3 * exchange.Second, "-1": banned, "x": banned, "99999999": banned} {
		if got := banFor(func(string) string { return value }); got != want {
			t.Errorf("Retry-After %q: %d s, want %d", value, got/exchange.Second, want/exchange.Second)
		}
	}
}

func TestTheTableCanBeCounted(t *testing.T) {
	if _, err := New(Options{}); err != nil {
		t.Fatal(err)
	}
}
