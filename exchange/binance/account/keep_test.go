package account

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
)

// script is a venue without a network, whose time is that of the test.
type script struct {
	mu    sync.Mutex
	asked []string
	reply func(r *http.Request) (int, string, error)
	zero  time.Time
}

func (s *script) RoundTrip(r *http.Request) (*http.Response, error) {
	status, body, err := 200, fmt.Sprintf(`{"serverTime":%d}`, time.Now().UnixMilli()), error(nil)
	if !strings.HasSuffix(r.URL.Path, "/time") {
		s.mu.Lock()
		s.asked = append(s.asked, fmt.Sprintf("%v %s %s", time.Since(s.zero).Round(time.Second), r.Method, r.URL.Path))
		s.mu.Unlock()
		status, body, err = s.reply(r)
	} else {
		s.mu.Lock()
		s.asked = append(s.asked, fmt.Sprintf("%v time", time.Since(s.zero).Round(time.Second)))
		s.mu.Unlock()
	}
	if err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

func (s *script) only(word string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []string
	for _, a := range s.asked {
		if strings.Contains(a, word) {
			out = append(out, a)
		}
	}
	return strings.Join(out, "\n")
}

func scripted(t *testing.T, reply func(r *http.Request) (int, string, error)) (*script, *Client) {
	t.Helper()
	s := &script{reply: reply, zero: time.Now()}
	c, err := Open(context.Background(), Options{Key: sign.Key{API: sign.NewSecret("name"), Secret: sign.NewSecret("secret")},
		Markets: []api.Market{api.USDM}, HTTP: &http.Client{Transport: s}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return s, c
}

// A listen key is kept alive every 25 minutes, a minute after a failure, and
// until the venue does not know it any more.
func TestKeepAlive(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := 0
		s, c := scripted(t, func(*http.Request) (int, string, error) {
			switch n++; n {
			case 2:
				return 0, "", errors.New("network is unreachable")
			case 3:
				return 502, "<html>", nil
			case 5:
				return 400, `{"code":-1125,"msg":"This listenKey does not exist."}`, nil
			}
			return 200, `{"listenKey":"k"}`, nil
		})
		k := newKeyStream(c.transport, newFeed(api.USDM, c.transport, func(oms.AccountEvent) {}))
		if why := k.keep(t.Context(), sign.NewSecret("k")); why != "the listen key is not known any more" {
			t.Error(why)
		}
		want := "25m0s PUT /fapi/v1/listenKey\n50m0s PUT /fapi/v1/listenKey\n51m0s PUT /fapi/v1/listenKey\n52m0s PUT /fapi/v1/listenKey\n1h17m0s PUT /fapi/v1/listenKey"
		if got := s.only("PUT"); got != want {
			t.Errorf("asked:\n%s\nwant:\n%s", got, want)
		}
	})
}

// A key that was replaced, by another process that closed it, is noticed.
func TestKeyIsAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, c := scripted(t, func(*http.Request) (int, string, error) { return 200, `{"listenKey":"other"}`, nil })
		k := newKeyStream(c.transport, newFeed(api.USDM, c.transport, func(oms.AccountEvent) {}))
		k.wake()
		if why := k.keep(t.Context(), sign.NewSecret("k")); why != "the listen key is another one now" {
			t.Error(why)
		}
	})
}

// The clocks are compared every few minutes, by three questions each, so a stamp
// is never too old to be given.
func TestClocksStayFresh(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scripted(t, nil)
		for range 12 * 60 {
			time.Sleep(5 * time.Minute)
			for _, m := range []api.Market{api.USDM, api.Spot} {
				if _, err := c.clocks[m].Stamp(); err != nil {
					t.Fatal(err)
				}
			}
		}
		if n := strings.Count(s.only("time"), "\n"); n < 2*3*12*50 || n > 2*3*12*62 {
			t.Errorf("asked the time %d times in 60 h", n)
		}
	})
}

// An order whose timestamp is refused is signed once more, and never a third
// time.
func TestSignedAgainOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, c := scripted(t, func(*http.Request) (int, string, error) {
			return 400, `{"code":-5028,"msg":"Timestamp for this request is outside of the ME recvWindow."}`, nil
		})
		_, err := c.Place(t.Context(), benchOrder)
		var f *exchange.VenueError
		if !errors.As(err, &f) || f.Class != exchange.ErrClock || f.Code != "-5028" {
			t.Error(err)
		}
		if got := s.only("POST"); strings.Count(got, "POST") != 2 {
			t.Errorf("asked:\n%s", got)
		}
	})
}

// Nothing else is sent twice.
func TestNothingElseIsSentAgain(t *testing.T) {
	for _, answer := range []struct {
		status int
		body   string
		err    error
	}{{503, `{"code":-1008,"msg":"x"}`, nil}, {400, `{"code":-1022,"msg":"x"}`, nil}, {503, `{"code":-1021,"msg":"x"}`, nil}, {0, "", io.ErrUnexpectedEOF}, {429, `{"code":-1015,"msg":"x"}`, nil}} {
		synctest.Test(t, func(t *testing.T) {
			s, c := scripted(t, func(*http.Request) (int, string, error) { return answer.status, answer.body, answer.err })
			if _, err := c.Place(t.Context(), benchOrder); err == nil {
				t.Error("no error")
			}
			if got := s.only("POST"); strings.Count(got, "POST") != 1 {
				t.Errorf("%+v: asked:\n%s", answer, got)
			}
		})
	}
}
