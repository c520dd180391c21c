package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/wire"
)

// maxBody is the largest answer that is read: exchangeInfo of spot has some 15
// MB.
const maxBody = 64 << 20

// pause waits, but at least a millisecond, so that a wait that was just too
// short does not spin.
func pause(ctx context.Context, d time.Duration) error {
	return wire.Sleep(ctx, max(d, time.Millisecond))
}

// StatusError is an answer that says no.
type StatusError struct {
	URL    string
	Status int    // of HTTP
	Code   int    // the venue's, negative; 0 when it gave none
	Msg    string // the venue's words
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("GET %s: HTTP status %d, code %d: %s", e.URL, e.Status, e.Code, e.Msg)
}

// rest asks the public endpoints of all markets. It is safe for concurrent use.
type rest struct {
	endpoints api.Endpoints
	http      *http.Client
	throttle  *limit.Throttle
	now       func() exchange.Time
}

// get returns the body of an answer with status 200. It waits for room, and does
// not retry.
func (r *rest) get(ctx context.Context, m api.Market, path string, query url.Values) ([]byte, error) {
	path = m.Prefix() + path
	e, err := weight.Find(http.MethodGet, path)
	if err != nil {
		return nil, err
	}
	address := api.RestURL(r.endpoints.Rest(m), path, query)
	if err := r.throttle.Wait(ctx, e.Cost(query), limit.Query); err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	sent := r.now()
	resp, err := r.http.Do(req)
	if err != nil {
		return nil, err // it names method and address
	}
	defer resp.Body.Close()
	body, err := readBody(resp.Body)
	if seen := r.observe(m, resp, body, sent); seen != nil {
		return nil, fmt.Errorf("GET %s: %w", address, seen)
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	if resp.StatusCode != http.StatusOK {
		code, msg := errorBody(body)
		return nil, &StatusError{URL: address, Status: resp.StatusCode, Code: code, Msg: msg}
	}
	return body, nil
}

func readBody(r io.Reader) ([]byte, error) {
	body, err := io.ReadAll(io.LimitReader(r, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("the answer has over %d bytes", maxBody)
	}
	return body, err
}

// observe tells the throttle what an answer says about limits.
func (r *rest) observe(m api.Market, resp *http.Response, body []byte, sent exchange.Time) error {
	a := weight.Answer{Answer: limit.Answer{Pool: weight.PoolOf(m), Sent: sent}, Status: resp.StatusCode}
	a.Headers(resp.Header, r.now())
	if resp.StatusCode != http.StatusOK {
		a.Message(errorBody(body))
	}
	return r.throttle.Observe(a.Limits())
}

// errorBody understands {"code":-1003,"msg":"…"}; anything else, such as a page
// of a proxy, is the message itself, cut short.
func errorBody(body []byte) (code int, msg string) {
	var e struct {
		Code int    `json:"code"`
		Msg  string `json:"msg"`
	}
	if json.Unmarshal(body, &e) == nil && e.Code != 0 {
		return e.Code, e.Msg
	}
	return 0, string(body[:min(len(body), 200)])
}
