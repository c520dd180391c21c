// Package rest sends a request to a venue over HTTP, and says what is known of it when
// there is no answer.
//
// # Assumptions
//
//   - A request that changes something must not be sent twice. No redirect is followed,
//     and net/http sends such a request on another connection only if not a byte of it was
//     written; [Client.Send] refuses one that it would repeat. A question it may ask again
//     when a kept connection breaks before the answer.
//   - Before there was a connection nothing can have left; after, anything may have. The
//     connection is seen by net/http/httptrace, so the client's transport is net/http's, or
//     one that hands the request's context to it.
//   - An answer may have any length, and end anywhere.
//
// What is signed, what counts against which limit and what a refusal means are the venue's.
package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
)

// Call is what a request is about, as far as its failure is concerned.
type Call struct {
	Venue   exchange.Venue
	What    string // for people: "place BTCUSDT"
	Changes bool   // something at the venue, so that its outcome can be unknown
}

// Fault is an error of a class about the call. That of a question is never
// [exchange.ErrUnknown]: it changed nothing, so it may be asked again.
func (c Call) Fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	if class == exchange.ErrUnknown && !c.Changes {
		class = exchange.ErrUnavailable
	}
	return &exchange.VenueError{Class: class, Venue: c.Venue, What: c.What, Err: err}
}

// Lost is the fault of a call that was sent and has no answer, or half of one.
func (c Call) Lost(err error) *exchange.VenueError {
	if unsent := (*UnsentError)(nil); errors.As(err, &unsent) {
		return c.Fault(exchange.ErrUnavailable, err)
	}
	return c.Fault(exchange.ErrUnknown, err)
}

// UnsentError says that not a byte of a request has left.
type UnsentError struct{ Err error }

func (e *UnsentError) Error() string { return e.Err.Error() }

// Unwrap returns what went wrong.
func (e *UnsentError) Unwrap() error { return e.Err }

// Options of a Client. MaxBody is required.
type Options struct {
	// HTTP sends; by default with 15 s for an answer and over HTTP/1.1, where one
	// connection carries one request at a time, so that a broken one leaves one outcome
	// unknown and not many.
	HTTP    *http.Client
	MaxBody int64 // bytes of an answer, as many as are read
}

// Client sends requests. It is safe for concurrent use.
type Client struct {
	http    http.Client
	maxBody int64
}

// New returns a client. That of the options is not changed.
func New(o Options) *Client {
	if o.HTTP == nil {
		o.HTTP = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
			TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{}, // no HTTP/2
		}}
	}
	c := &Client{http: *o.HTTP, maxBody: o.MaxBody}
	// A redirect would carry a signed request to another host.
	c.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return c
}

// Close ends the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Answer is what a venue said.
type Answer struct {
	Status int // 0: nothing
	Header http.Header
	Body   []byte // of a refusal perhaps only its beginning: the status says that it is one
}

// repeated are the methods of which net/http repeats a request when a kept connection
// breaks before the answer.
var repeated = []string{"", http.MethodGet, http.MethodHead, http.MethodOptions, http.MethodTrace}

// Send sends a request and reads its answer, whatever its status. An error is an
// [UnsentError], or the request may have arrived; what was heard of its answer, such as
// the headers, is returned beside it. No error names the address, which may be signed.
func (c *Client) Send(ctx context.Context, call Call, req *http.Request) (Answer, error) {
	if call.Changes && (slices.Contains(repeated, req.Method) || req.Header["Idempotency-Key"] != nil || req.Header["X-Idempotency-Key"] != nil) {
		return Answer{}, &UnsentError{fmt.Errorf("a %s that changes something might be sent twice: use POST, PUT or DELETE without Idempotency-Key", req.Method)}
	}
	var left atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { left.Store(true) }}
	resp, err := c.http.Do(req.WithContext(httptrace.WithClientTrace(ctx, trace)))
	if err != nil {
		if u := (*url.Error)(nil); errors.As(err, &u) {
			err = u.Err
		}
		if !left.Load() {
			err = &UnsentError{err}
		}
		return Answer{}, err
	}
	defer resp.Body.Close()
	a := Answer{Status: resp.StatusCode, Header: resp.Header}
	a.Body, err = io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	if err == nil && int64(len(a.Body)) > c.maxBody {
		err = fmt.Errorf("it has over %d bytes", c.maxBody)
	}
	if err != nil && a.Status < http.StatusMultipleChoices {
		return a, fmt.Errorf("the answer is cut off: %w", err)
	}
	return a, nil
}
