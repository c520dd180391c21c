package client

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/sign"
)

// at is a client whose clock and the venue's are the same and begin at a time, for a test
// in a bubble: a timestamp is not of half a millisecond later because a machine is busy.
func at(t *testing.T, secret string, now exchange.Time) *Client {
	t.Helper()
	begun := time.Now()
	still := func() exchange.Time { return now + exchange.Time(time.Since(begun)) }
	c, err := New(Options{Key: sign.Key{API: sign.NewSecret("key"), Secret: sign.NewSecret(secret)}, Passphrase: sign.NewSecret("pass phrase"), Now: still})
	if err != nil {
		t.Fatal(err)
	}
	c.time = sign.NewTimekeeper(sign.TimekeeperOptions{Window: c.Window(), Now: still, Log: func(text string) { t.Log(text) },
		Ask: func(context.Context) (exchange.Time, error) { return now, nil }})
	if err := c.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
	return c
}

// Vectors recomputed from payloads of the manual and of a public adapter's tests. The
// signatures printed in the manual do not belong to its secret.
func TestSignatures(t *testing.T) { synctest.Test(t, testSignatures) }

func testSignatures(t *testing.T) {
	const manual = "22582BD0CFF14C41EDBF1AB98506286D"
	for _, tt := range []struct{ secret, payload, want string }{
		{"chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO", "2020-12-08T09:08:57.715ZGET/api/v5/account/balance", "PJ61e1nb2F2Qd7D8SPiaIcx2gjdELc+o0ygzre9z33k="},
		{manual, "1538054050GET/users/self/verify", "+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M="},
		{manual, `2020-12-08T09:08:57.715ZPOST/api/v5/trade/order{"instId":"BTC-USDT","tdMode":"cash","side":"buy","ordType":"limit","px":"1000","sz":"0.01"}`, "vqpQPwUQp2xvmq0eLQaV4D6L6WQNFXncJ8rIkcXkDMs="},
	} {
		if got, err := at(t, tt.secret, exchange.Second).signature([]byte(tt.payload)); err != nil || got != tt.want {
			t.Errorf("%s: %s, %v; want %s", tt.payload, got, err, tt.want)
		}
	}
}

// What is sent is what the vectors are of. The time of a login is in whole seconds.
func TestHeadersAndLogin(t *testing.T) { synctest.Test(t, testHeadersAndLogin) }

func testHeadersAndLogin(t *testing.T) {
	const ms = exchange.Millisecond
	c := at(t, "chNOOS4KvNXR_Xq4k4c9qsfoKWvnDecLATCRlcBwyKDYnWgO", exchange.UnixMilli(1607418537715)+ms/2)
	h := http.Header{}
	if err := c.sign(h, "GET", "/api/v5/account/balance", nil); err != nil {
		t.Fatal(err)
	}
	if h["OK-ACCESS-KEY"][0] != "key" || h["OK-ACCESS-PASSPHRASE"][0] != "pass phrase" || h["OK-ACCESS-TIMESTAMP"][0] != "2020-12-08T09:08:57.715Z" ||
		h["OK-ACCESS-SIGN"][0] != "PJ61e1nb2F2Qd7D8SPiaIcx2gjdELc+o0ygzre9z33k=" {
		t.Errorf("%v", h)
	}
	c = at(t, "22582BD0CFF14C41EDBF1AB98506286D", exchange.UnixMilli(1538054050500))
	const login = `{"op":"login","args":[{"apiKey":"key","passphrase":"pass phrase","timestamp":"1538054050","sign":"+LdIr8lkkvhr5hoA3g9TMC0+uQJ849ftAcocA/ouu4M="}]}`
	if got, err := c.Login(); err != nil || string(got) != login {
		t.Errorf("%s %v, want %s", got, err, login)
	}
	demo, err := New(Options{Endpoints: api.Endpoints{Demo: true}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := demo.request(t.Context(), &Request{Path: "/api/v5/public/time", Open: true})
	if err != nil || req.Header["x-simulated-trading"][0] != "1" {
		t.Errorf("%v %v", req.Header, err)
	}
}

func TestClasses(t *testing.T) {
	for _, tt := range []struct {
		status    int
		code, msg string
		change    exchange.ErrorClass
		ask       exchange.ErrorClass
	}{
		{200, "50004", "", exchange.ErrUnknown, exchange.ErrUnavailable},
		{502, "", "<html>", exchange.ErrUnknown, exchange.ErrUnavailable},
		{429, "50011", "", exchange.ErrRateLimited, exchange.ErrRateLimited},
		{200, "50011", "", exchange.ErrRateLimited, exchange.ErrRateLimited},
		{401, "50102", "", exchange.ErrClock, exchange.ErrClock},
		{401, "50101", "", exchange.ErrKey, exchange.ErrKey},
		{200, "51016", "", exchange.ErrDuplicate, exchange.ErrDuplicate},
		{200, "51603", "", exchange.ErrNotFound, exchange.ErrNotFound},
		{200, "51400", "", exchange.ErrAlreadyFinal, exchange.ErrAlreadyFinal},
		{200, "51008", "", exchange.ErrFunds, exchange.ErrFunds},
		{200, "51000", "Parameter posSide  error", exchange.ErrMode, exchange.ErrMode},
		{200, "51000", "Parameter sz  error", exchange.ErrRefused, exchange.ErrRefused},
		{400, "50014", "Parameter instIdCode can not be empty", exchange.ErrRefused, exchange.ErrRefused},
		{200, "51999", "new", exchange.ErrRefused, exchange.ErrRefused},
	} {
		change, ask := Request{Body: 1}, Request{}
		if c, a := change.fault(tt.status, tt.code, tt.msg).Class, ask.fault(tt.status, tt.code, tt.msg).Class; c != tt.change || a != tt.ask {
			t.Errorf("%+v: %v of a change, %v of a question", tt, c, a)
		}
	}
}
