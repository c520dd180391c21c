package client

import (
	"fmt"
	"testing"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/wire"
)

func TestClassify(t *testing.T) {
	for frame, want := range map[string]string{
		`{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"heartbeat"}}`:                                         "pong 0 [] <nil> ",
		`{"jsonrpc":"2.0","method":"heartbeat","params":{"type":"test_request"}}`:                                      "pong 0 [] <nil> " + string(alive),
		`{"jsonrpc":"2.0","id":7,"result":["book.BTC-PERPETUAL.100ms"],"usIn":1,"usOut":2,"usDiff":1,"testnet":false}`: "reply 7 [book.BTC-PERPETUAL.100ms] <nil> ",
		`{"jsonrpc":"2.0","id":7,"result":[]}`:                                                                         "reply 7 [] <nil> ",
		`{"jsonrpc":"2.0","id":7,"error":{"code":11052,"message":"subscribe_error","data":null}}`:                      "reply 7 [] code 11052: subscribe_error ",
		fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":"ok"}`, Greeting):                                               "greeted 0 [] <nil> ",
		fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"error":{"code":10049,"message":"cod_failed"}}`, Greeting):               "greeted 0 [] code 10049: cod_failed ",
		fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"error":{"code":13004,"message":"invalid_credentials"}}`, Token):         "greeted 0 [] code 13004: invalid_credentials ",
		fmt.Sprintf(`{"jsonrpc":"2.0","id":%d,"result":{"order":{}}}`, FirstCall+3):                                    "other 0 [] <nil> ",
		`{"jsonrpc":"2.0","id":`: "other 0 [] <nil> ",
	} {
		m := Classify([]byte(frame))
		class := map[wire.Class]string{wire.Other: "other", wire.Reply: "reply", wire.Greeted: "greeted", wire.Pong: "pong"}[m.Class]
		if got := fmt.Sprint(class, " ", m.ID, " ", m.Accepted, " ", m.Err, " ", string(m.Answer)); got != want {
			t.Errorf("%s: %s, want %s", frame, got, want)
		}
	}
}

// A question is never unknown, whatever the venue says.
func TestClasses(t *testing.T) {
	c, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		code        int
		change, ask exchange.ErrorClass
	}{
		{13028, exchange.ErrUnknown, exchange.ErrUnavailable}, {11094, exchange.ErrUnknown, exchange.ErrUnavailable}, {10040, exchange.ErrUnavailable, exchange.ErrUnavailable},
		{13888, exchange.ErrUnavailable, exchange.ErrUnavailable}, {10004, exchange.ErrNotFound, exchange.ErrNotFound}, {11044, exchange.ErrAlreadyFinal, exchange.ErrAlreadyFinal},
		{10009, exchange.ErrFunds, exchange.ErrFunds}, {11054, exchange.ErrRefused, exchange.ErrRefused}, {13004, exchange.ErrKey, exchange.ErrKey}, {99999, exchange.ErrRefused, exchange.ErrRefused},
		{10028, exchange.ErrRateLimited, exchange.ErrRateLimited},
	} {
		for changes, want := range map[bool]exchange.ErrorClass{true: tt.change, false: tt.ask} {
			q := Request{What: "try", Method: "private/buy", Changes: changes, Count: Private}
			_, e := c.Judge(&q, 400, fmt.Appendf(nil, `{"jsonrpc":"2.0","id":1,"error":{"code":%d,"message":"why"}}`, tt.code), 0)
			if e == nil || e.Class != want || e.Code != fmt.Sprint(tt.code) {
				t.Errorf("%d, changes %t: %+v, want %v", tt.code, changes, e, want)
			}
		}
	}
	q := Request{What: "try", Changes: true, Count: Private}
	if _, e := c.Judge(&q, 502, []byte("<html>"), 0); e == nil || e.Class != exchange.ErrUnknown {
		t.Errorf("a page of a proxy: %+v", e)
	}
}
