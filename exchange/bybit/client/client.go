// Package client asks Bybit v5 over REST: it signs, sends each request once when there is
// room for it, and says what an answer means.
package client

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/sign"
)

// Options of a Client. A zero means the default.
type Options struct {
	Endpoints api.Endpoints
	Key       sign.Key      // empty: only what needs none can be asked
	Window    exchange.Time // how late a request may arrive; 5 s
	Throttle  *limit.Throttle
	Now       func() exchange.Time
	Log       func(string)
}

// Client is safe for concurrent use.
type Client struct {
	o    Options
	http *http.Client

	mu     sync.Mutex
	signer sign.Signer // HMAC serves one goroutine
	clock  sign.Clock
	synced exchange.Time // our time of the newest sample
	limits map[int]int   // by meter, as last told

	syncing sync.Mutex
}

// New returns a client that has asked nothing yet.
func New(o Options) (c *Client, err error) {
	if o.Endpoints, err = o.Endpoints.Complete(); err != nil {
		return nil, err
	}
	if o.Window == 0 {
		o.Window = 5 * exchange.Second // the venue's own default
	}
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	c = &Client{o: o, limits: map[int]int{}}
	if o.Throttle == nil {
		l, err := limit.New(limit.Options{Table: Table()})
		if err != nil {
			return nil, err
		}
		c.o.Throttle = limit.NewThrottle(l, c.Now)
	}
	if !o.Key.Secret.Empty() {
		if c.signer, err = o.Key.Signer(); err != nil {
			return nil, err
		}
	}
	c.http = &http.Client{Timeout: 15 * time.Second, Transport: &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConnsPerHost: 16, IdleConnTimeout: 90 * time.Second,
		// HTTP/1.1: one connection carries one request at a time, so a broken one leaves one
		// outcome unknown and not many.
		TLSNextProto: map[string]func(string, *tls.Conn) http.RoundTripper{},
	}, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }} // it would carry a signature elsewhere
	return c, nil
}

// Close ends the connections that are idle.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Window is how late a request may arrive.
func (c *Client) Window() exchange.Time { return c.o.Window }

// Request is one: what is asked, and what its failure would mean.
type Request struct {
	Venue    exchange.Venue // the segment; "": the house
	What     string         // for people: "place BTCUSDT"
	Path     string
	Query    url.Values // of a question
	Body     []byte     // JSON, of what changes something: sent with POST
	Open     bool       // not signed
	Count    Count
	Priority limit.Priority
}

func (q *Request) changes() bool { return q.Body != nil }

// Fault is an error of a class about the request.
func (q *Request) Fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	v := q.Venue
	if v == "" {
		v = api.House
	}
	return &exchange.VenueError{Class: class, Venue: v, What: q.What, Err: err}
}

// Garbled is a success that can't be read: it was carried out, but not told how.
func (q *Request) Garbled(err error) *exchange.VenueError {
	class := exchange.ErrUnavailable
	if q.changes() {
		class = exchange.ErrUnknown
	}
	e := q.Fault(class, fmt.Errorf("the answer makes no sense: %w", err))
	e.HTTP = http.StatusOK
	return e
}

// Do sends a request and returns the result of its answer. Every error is an
// *exchange.VenueError. A refused timestamp alone is answered here: the clocks are compared
// anew and the request is sent once more, which is safe because whoever refused it threw
// it away.
func (c *Client) Do(ctx context.Context, q Request) ([]byte, error) {
	began := c.o.Now()
	result, e := c.once(ctx, &q)
	if e != nil && e.Class == exchange.ErrClock && !q.Open && e.Code != "" {
		if err := c.Sync(ctx, began); err != nil {
			e.Err = err
			return nil, e
		}
		result, e = c.once(ctx, &q)
	}
	if e != nil {
		if e.Class == exchange.ErrKey {
			e.Advice = keyAdvice[e.Code]
		}
		return nil, e
	}
	return result, nil
}

// maxBody is the largest answer that is read: instruments-info has some MB.
const maxBody = 32 << 20

func (c *Client) once(ctx context.Context, q *Request) ([]byte, *exchange.VenueError) {
	if err := c.o.Throttle.Wait(ctx, q.Count.cost(), q.Priority); err != nil {
		return nil, q.Fault(exchange.ErrUnavailable, err)
	}
	var gone atomic.Bool
	trace := &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { gone.Store(true) }}
	req, err := c.request(httptrace.WithClientTrace(ctx, trace), q)
	if err != nil {
		if skew := (*sign.SkewError)(nil); errors.As(err, &skew) {
			return nil, q.Fault(exchange.ErrClock, err)
		}
		return nil, q.Fault(exchange.ErrUnavailable, err)
	}
	sent := c.Now()
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, q.lost(gone.Load(), err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody+1))
	if err == nil && len(body) > maxBody {
		err = fmt.Errorf("it has over %d bytes", maxBody)
	}
	if err != nil {
		return nil, q.lost(true, fmt.Errorf("the answer is cut off: %w", err))
	}
	return c.judge(q, resp, body, sent)
}

// lost is no answer, or half of one. Before there was a connection nothing can have left;
// after, anything may have.
func (q *Request) lost(gone bool, err error) *exchange.VenueError {
	var u *url.Error
	if errors.As(err, &u) {
		err = u.Err
	}
	if gone && q.changes() {
		return q.Fault(exchange.ErrUnknown, err)
	}
	return q.Fault(exchange.ErrUnavailable, err)
}

// request makes the HTTP request. What is signed are the very bytes that are sent: the
// query string of a question, the body of what changes something.
func (c *Client) request(ctx context.Context, q *Request) (*http.Request, error) {
	method, address, signed := http.MethodGet, c.o.Endpoints.Rest+q.Path, q.Query.Encode()
	var body io.Reader = http.NoBody
	if q.changes() {
		method, signed, body = http.MethodPost, string(q.Body), bytes.NewReader(q.Body)
	} else if signed != "" {
		address += "?" + signed
	}
	req, err := http.NewRequestWithContext(ctx, method, address, body)
	if err != nil || q.Open {
		return req, err
	}
	if q.changes() {
		req.Header.Set("Content-Type", "application/json")
	}
	return req, c.sign(req.Header, signed)
}

// sign sets the headers: the signature is of timestamp, key, window and the text, with
// nothing between. Source: the manual, "Authentication"; vectors in client_test.go.
func (c *Client) sign(h http.Header, text string) error {
	stamp, signature, err := c.signature(func(b []byte, stamp string) []byte {
		b = append(append(append(b, stamp...), c.o.Key.API.Reveal()...), windowText(c.o.Window)...)
		return append(b, text...)
	})
	if err != nil {
		return err
	}
	h["X-BAPI-API-KEY"] = []string{c.o.Key.API.Reveal()}
	h["X-BAPI-TIMESTAMP"] = []string{stamp}
	h["X-BAPI-RECV-WINDOW"] = []string{windowText(c.o.Window)}
	h["X-BAPI-SIGN"] = []string{signature}
	return nil
}

func windowText(w exchange.Time) string { return strconv.FormatInt(int64(w/exchange.Millisecond), 10) }

func (c *Client) signature(payload func(b []byte, stamp string) []byte) (stamp, signature string, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.signer == nil {
		return "", "", errors.New("no API key: want both its name and its secret")
	}
	at, err := c.clock.Stamp(c.o.Now(), c.o.Window)
	if err != nil {
		return "", "", err
	}
	stamp = strconv.FormatInt(int64(at/exchange.Millisecond), 10)
	out, err := c.signer.AppendSignature(nil, payload(make([]byte, 0, 256), stamp))
	return stamp, string(out), err
}

// Login is the frame that a private stream begins with: it signs the time at which it
// expires. Source: the manual, "Connect", private channels.
func (c *Client) Login() ([]byte, error) {
	const ahead = 10 * exchange.Second // the longest a dial may take
	c.mu.Lock()
	defer c.mu.Unlock()
	at, err := c.clock.Stamp(c.o.Now(), c.o.Window)
	if err != nil {
		return nil, err
	}
	expires := int64((at + ahead) / exchange.Millisecond)
	signature, err := c.signer.AppendSignature(nil, fmt.Appendf(nil, "GET/realtime%d", expires))
	return fmt.Appendf(nil, `{"req_id":"auth","op":"auth","args":["%s",%d,"%s"]}`, c.o.Key.API.Reveal(), expires, signature), err
}

// judge turns an answer into its result or a fault, and tells the throttle of limits.
func (c *Client) judge(q *Request, resp *http.Response, body []byte, sent exchange.Time) ([]byte, *exchange.VenueError) {
	code, msg, result, err := envelope(body)
	a, most := q.Count.answer(resp.Header, sent)
	if err == nil && resp.StatusCode < 300 && code == 0 {
		a.OK = true
		c.observe(a, q.Count.meter, most)
		return result, nil
	}
	if err != nil { // a page of somebody's
		code, msg = 0, string(body[:min(len(body), 200)])
	}
	e := q.Fault(classify(q.changes(), resp.StatusCode, code, msg), nil)
	e.HTTP, e.Message = resp.StatusCode, msg
	if code != 0 {
		e.Code = strconv.Itoa(code)
	}
	if e.Class == exchange.ErrRateLimited {
		a.Refusal, a.RetryAt = limit.Throttled, resetOf(resp.Header)
		if resp.StatusCode == http.StatusForbidden {
			a.Refusal, a.RetryAt = limit.Banned, c.Now()+banned
		}
		e.Until = max(a.RetryAt, c.Now()+100*exchange.Millisecond)
	}
	c.observe(a, q.Count.meter, most)
	return nil, e
}

// observe tells the throttle; a ban is one of all pools.
func (c *Client) observe(a limit.Answer, meter, most int) {
	c.mu.Lock()
	news := most != 0 && c.limits[meter] != most
	if news {
		c.limits[meter] = most
	}
	c.mu.Unlock()
	if news {
		if err := c.o.Throttle.SetLimit(limit.Meter(meter), most); err != nil {
			c.o.Log(err.Error())
		}
	}
	first, last := a.Pool, a.Pool
	if a.Refusal == limit.Banned {
		first, last = 1, pools
	}
	for p := first; p <= last; p++ {
		a.Pool = p
		if err := c.o.Throttle.Observe(a); err != nil {
			c.o.Log(err.Error())
		}
	}
}

// envelope takes {"retCode":0,"retMsg":"OK","result":{…}} apart.
func envelope(body []byte) (code int, msg string, result []byte, err error) {
	f, seen := jsonscan.Object(body), false
	for f.Next() {
		switch string(f.Key()) {
		case "retCode":
			code, seen = int(f.Int()), true
		case "retMsg":
			msg = f.Text()
		case "result":
			result = f.Raw()
		}
	}
	if err = f.Err(); err == nil && !seen {
		err = errors.New("no retCode")
	}
	return code, msg, result, err
}

// Pages asks for all pages of a list and hands on its rows; those of one page are in the
// venue's order.
func (c *Client) Pages(ctx context.Context, q Request, row func(raw []byte) error) error {
	const most = 200 // pages: more would be a cursor that goes in circles
	for range most {
		result, err := c.Do(ctx, q)
		if err != nil {
			return err
		}
		cursor, rows := "", 0
		f := jsonscan.Object(result)
		for f.Next() {
			switch string(f.Key()) {
			case "nextPageCursor":
				cursor = f.Text()
			case "list":
				if rows, err = each(f.Raw(), row); err != nil {
					return q.Garbled(err)
				}
			}
		}
		if f.Err() != nil {
			return q.Garbled(f.Err())
		}
		if cursor == "" || rows == 0 {
			return nil
		}
		next := url.Values{"cursor": {cursor}}
		for k, v := range q.Query { // order does not matter: it is a copy
			if k != "cursor" {
				next[k] = v
			}
		}
		q.Query = next
	}
	return q.Fault(exchange.ErrUnavailable, fmt.Errorf("it has over %d pages", most))
}

func each(list []byte, row func(raw []byte) error) (n int, err error) {
	if string(list) == "null" {
		return 0, nil
	}
	f := jsonscan.Array(list)
	for f.Next() {
		if err := row(f.Raw()); err != nil {
			return n, err
		}
		n++
	}
	return n, f.Err()
}
