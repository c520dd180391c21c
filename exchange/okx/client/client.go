// Package client asks OKX v5 over REST, and sends orders by a stream where that is chosen: it
// signs, sends each request once when there is room for it, and says what an answer means.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// Options of a Client. A zero means the default.
type Options struct {
	Endpoints  api.Endpoints
	Key        sign.Key // empty: only what needs none can be asked
	Passphrase sign.Secret
	Entry      string        // EntryREST
	Window     exchange.Time // how late an order may be taken up; 5 s
	Throttle   *limit.Throttle
	Attempts   *wire.Attempts
	Now        func() exchange.Time
	Log        func(string)
}

// How orders go.
const (
	EntryREST = "rest"
	EntryWS   = "ws" // over a private stream: faster, because nothing is dialled; REST takes what it can't
)

// CheckEntry says what is wrong with how orders are to go; "" is the default.
func CheckEntry(entry string) error {
	if entry != "" && entry != EntryREST && entry != EntryWS {
		return fmt.Errorf("entry = %q: want %q or %q, or leave it out for %[2]q", entry, EntryREST, EntryWS)
	}
	return nil
}

// Client is safe for concurrent use.
type Client struct {
	o     Options
	http  *rest.Client
	time  *sign.Timekeeper
	trade *trade // nil: orders go by REST

	signing sync.Mutex // HMAC serves one goroutine
	signer  sign.Signer
}

// maxBody is the largest answer that is read: that of all instruments has some MB.
const maxBody = 32 << 20

// New returns a client that has asked nothing yet.
func New(o Options) (c *Client, err error) {
	if err := CheckEntry(o.Entry); err != nil {
		return nil, err
	}
	if o.Endpoints, err = o.Endpoints.Complete(); err != nil {
		return nil, err
	}
	if o.Window == 0 {
		o.Window = 5 * exchange.Second
	}
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	c = &Client{o: o, http: rest.New(rest.Options{MaxBody: maxBody})}
	c.time = sign.NewTimekeeper(sign.TimekeeperOptions{Ask: c.askTime, Window: o.Window, Now: o.Now, Log: o.Log})
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
	return c, nil
}

// Begin compares the clocks and opens the stream of orders, where they go by one.
func (c *Client) Begin(ctx context.Context) error {
	if err := c.Sync(ctx); err != nil || c.o.Entry != EntryWS {
		return err
	}
	var err error
	c.trade, err = c.openTrade()
	return err
}

// Close ends the connections.
func (c *Client) Close() {
	if c.trade != nil {
		_ = c.trade.wire.Close()
	}
	c.http.Close()
}

// Window is how late an order may be taken up.
func (c *Client) Window() exchange.Time { return c.o.Window }

// Now is the venue's time as well as it is known, or else the machine's.
func (c *Client) Now() exchange.Time {
	now := c.o.Now()
	if offset, _, err := c.time.Offset(); err == nil {
		return now + offset
	}
	return now
}

// Sync compares the clocks.
func (c *Client) Sync(ctx context.Context) error { return c.time.Sync(ctx, c.time.Compared()) }

// KeepTime keeps the clocks compared until ctx ends.
func (c *Client) KeepTime(ctx context.Context) { c.time.Keep(ctx) }

func (c *Client) askTime(ctx context.Context) (at exchange.Time, err error) {
	err = c.Rows(ctx, Request{What: "ask the time", Path: "/api/v5/public/time", Open: true, Count: Time, Priority: limit.Hedge}, func(raw []byte) error {
		f := jsonscan.Object(raw)
		for f.Next() {
			if string(f.Key()) == "ts" {
				at = exchange.UnixMilli(f.Int())
			}
		}
		return f.Err()
	})
	return at, err
}

// Request is one: what is asked, and what its failure would mean.
type Request struct {
	Venue    exchange.Venue // the segment; "": the house
	What     string         // for people: "place BTC-USDT"
	Path     string
	Query    url.Values // of a question
	Body     any        // of what changes something: sent as JSON with POST
	Op       string     // of the stream of orders; "": it goes by REST alone
	Args     any        // of Op
	Expires  bool       // the venue drops it once the window is over
	Open     bool       // not signed
	Parts    bool       // its rows fail one by one: they are the caller's to judge
	Count    Count
	Priority limit.Priority
}

// Call is what the request is about.
func (q *Request) Call() rest.Call {
	v := q.Venue
	if v == "" {
		v = api.House
	}
	return rest.Call{Venue: v, What: q.What, Changes: q.Body != nil}
}

// Fault is an error of a class about the request.
func (q *Request) Fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	return q.Call().Fault(class, err)
}

// Garbled is a success that can't be read: it was carried out, but not told how.
func (q *Request) Garbled(err error) *exchange.VenueError {
	return q.Fault(exchange.ErrUnknown, fmt.Errorf("the answer makes no sense: %w", err))
}

// Rows sends a request and hands on the rows of its answer. Every error is an
// *exchange.VenueError. A refused timestamp alone is answered here: the clocks are compared
// anew and the request is sent once more, which is safe because whoever refused it threw it
// away.
func (c *Client) Rows(ctx context.Context, q Request, row func(raw []byte) error) error {
	compared := c.time.Compared()
	data, e := c.once(ctx, &q)
	if e != nil && e.Class == exchange.ErrClock && !q.Open && e.Code != "" {
		if err := c.time.Sync(ctx, compared); err != nil {
			e.Err = err
			return e
		}
		data, e = c.once(ctx, &q)
	}
	if e != nil {
		return e
	}
	list := jsonscan.Array(data)
	for list.Next() {
		if err := row(list.Raw()); err != nil {
			return q.Garbled(err)
		}
	}
	if list.Err() != nil {
		return q.Garbled(list.Err())
	}
	return nil
}

func (c *Client) once(ctx context.Context, q *Request) ([]byte, *exchange.VenueError) {
	if err := c.o.Throttle.Wait(ctx, q.Count.cost(), q.Priority); err != nil {
		return nil, q.Fault(exchange.ErrUnavailable, err)
	}
	if c.trade != nil && q.Op != "" {
		if data, e, sent := c.trade.send(ctx, q); sent {
			return data, e
		}
	}
	req, err := c.request(ctx, q)
	if skew := (*sign.SkewError)(nil); errors.As(err, &skew) {
		return nil, q.Fault(exchange.ErrClock, err)
	}
	if err != nil {
		return nil, q.Fault(exchange.ErrUnavailable, err)
	}
	sent := c.Now()
	a, err := c.http.Send(ctx, q.Call(), req)
	if err != nil {
		return nil, q.Call().Lost(err)
	}
	return c.judge(q, &a, sent)
}

// request makes the HTTP request. What is signed are the very bytes that are sent.
func (c *Client) request(ctx context.Context, q *Request) (*http.Request, error) {
	method, path, body := http.MethodGet, q.Path, []byte(nil)
	if q.Body != nil {
		text, err := json.Marshal(q.Body)
		if err != nil {
			return nil, err
		}
		method, body = http.MethodPost, text
	} else if len(q.Query) > 0 {
		path += "?" + q.Query.Encode()
	}
	var r io.Reader = http.NoBody
	if body != nil {
		r = bytes.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, c.o.Endpoints.Rest+path, r)
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if c.o.Endpoints.Demo {
		req.Header["x-simulated-trading"] = []string{"1"}
	}
	if q.Open {
		return req, nil
	}
	if q.Expires {
		at, err := c.time.Stamp()
		if err != nil {
			return nil, err
		}
		req.Header["expTime"] = []string{expiry(at, c.o.Window)}
	}
	return req, c.sign(req.Header, method, path, body)
}

// judge turns an answer into its rows or a fault, and tells the throttle of limits. The
// code 1 says that all rows failed, and 2 that some did: each has its own.
func (c *Client) judge(q *Request, a *rest.Answer, sent exchange.Time) ([]byte, *exchange.VenueError) {
	code, msg, data, err := envelope(a.Body)
	if err != nil { // a page of somebody's
		code, msg, data = "", string(a.Body[:min(len(a.Body), 200)]), nil
	}
	parts := q.Parts && (code == "1" || code == "2") && len(data) > len("[]")
	if err == nil && a.Status < 300 && (code == "0" || parts) {
		c.observe(limit.Answer{Pool: q.Count.pool, OK: true, Sent: sent})
		return data, nil
	}
	if code == "1" || code == "2" {
		code, msg = firstRow(data, code, msg)
	}
	e := q.fault(a.Status, code, msg)
	if e.Class == exchange.ErrRateLimited {
		r := refusal(a.Status)
		again := c.Now() + span
		if r == limit.Banned {
			again = c.Now() + exchange.Minute
		}
		e.Until = again
		c.observe(limit.Answer{Pool: q.Count.pool, Sent: sent, Refusal: r, RetryAt: again})
	}
	return nil, e
}

// RowFault is what a row of an answer says went wrong with its part; nil when nothing did.
func (q *Request) RowFault(code, msg string) *exchange.VenueError {
	if code == "0" || code == "" {
		return nil
	}
	return q.fault(http.StatusOK, code, msg)
}

func (q *Request) fault(status int, code, msg string) *exchange.VenueError {
	e := q.Fault(classOf(status, code, msg), nil)
	e.HTTP, e.Code, e.Message = status, code, msg
	if e.Class == exchange.ErrKey {
		e.Advice = keyAdvice[code]
	}
	return e
}

func (c *Client) observe(a limit.Answer) {
	if err := c.o.Throttle.Observe(a); err != nil {
		c.o.Log(err.Error())
	}
}

// envelope takes {"code":"0","msg":"","data":[…]} apart.
func envelope(body []byte) (code, msg string, data []byte, err error) {
	f := jsonscan.Object(body)
	for f.Next() {
		switch string(f.Key()) {
		case "code":
			code = f.Text()
		case "msg":
			msg = f.Text()
		case "data":
			data = f.Raw()
		}
	}
	if err = f.Err(); err == nil && code == "" {
		err = errors.New("no code")
	}
	if len(data) == 0 || data[0] != '[' {
		data = []byte("[]") // of an error: absent, {} or null
	}
	return code, msg, data, err
}

// firstRow is the code of the first row that failed.
func firstRow(data []byte, code, msg string) (string, string) {
	list := jsonscan.Array(data)
	for list.Next() {
		var rowCode, rowMsg string
		f := jsonscan.Object(list.Raw())
		for f.Next() {
			switch string(f.Key()) {
			case "sCode":
				rowCode = f.Text()
			case "sMsg":
				rowMsg = f.Text()
			}
		}
		if rowCode != "" && rowCode != "0" {
			return rowCode, rowMsg
		}
	}
	return code, msg
}

// Pages asks for all pages of a listing, the newest first, and hands on its rows until one
// says that it is enough. id is a row's place, which the next page begins after.
func (c *Client) Pages(ctx context.Context, q Request, most int, row func(raw []byte) (id string, enough bool, err error)) error {
	const pages = 500 // more would be ids that go in circles
	q.Query.Set("limit", strconv.Itoa(most))
	for range pages {
		n, last, done := 0, "", false
		err := c.Rows(ctx, q, func(raw []byte) error {
			id, enough, err := row(raw)
			n, last, done = n+1, id, done || enough
			return err
		})
		if err != nil || done || n < most || last == "" {
			return err
		}
		q.Query.Set("after", last)
	}
	return q.Fault(exchange.ErrUnavailable, fmt.Errorf("it has over %d pages", pages))
}
