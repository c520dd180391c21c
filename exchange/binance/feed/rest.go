package feed

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
)

// maxBody is the largest answer that is read: exchangeInfo of spot has some 15
// MB.
const maxBody = 64 << 20

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

// Unwrap says what it means to whoever knows no venue: whether to ask again.
func (e *StatusError) Unwrap() error {
	v := &exchange.VenueError{What: "ask " + e.URL, HTTP: e.Status, Code: strconv.Itoa(e.Code), Message: e.Msg}
	switch {
	case e.Status == http.StatusTooManyRequests, e.Status == http.StatusTeapot:
		v.Class = exchange.ErrRateLimited
	case e.Status >= 500:
		v.Class = exchange.ErrUnavailable
	default:
		return nil
	}
	return v
}

// public asks the public endpoints of all markets. It is safe for concurrent use.
type public struct {
	endpoints api.Endpoints
	client    *rest.Client
	throttle  *limit.Throttle
	now       func() exchange.Time
}

// get returns the body of an answer with status 200. It waits for room, and does
// not retry.
func (r *public) get(ctx context.Context, m api.Market, path string, query url.Values) ([]byte, error) {
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
	answer, err := r.client.Send(ctx, rest.Call{Venue: m.Venue(), What: "ask " + path}, req)
	if answer.Status == 0 {
		return nil, &url.Error{Op: "Get", URL: address, Err: err}
	}
	if seen := r.observe(m, answer, sent); seen != nil {
		return nil, fmt.Errorf("GET %s: %w", address, seen)
	}
	if err != nil {
		return nil, fmt.Errorf("GET %s: %w", address, err)
	}
	if answer.Status != http.StatusOK {
		code, msg := errorBody(answer.Body)
		return nil, &StatusError{URL: address, Status: answer.Status, Code: code, Msg: msg}
	}
	return answer.Body, nil
}

// observe tells the throttle what an answer says about limits.
func (r *public) observe(m api.Market, answer rest.Answer, sent exchange.Time) error {
	a := weight.Answer{Answer: limit.Answer{Pool: weight.PoolOf(m), Sent: sent}, Status: answer.Status}
	a.Headers(answer.Header, r.now())
	if answer.Status != http.StatusOK {
		a.Message(errorBody(answer.Body))
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
