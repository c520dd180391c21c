// Package client asks Deribit v2 in JSON-RPC over HTTP: it signs, sends each request once
// when there is room for it, and says what an answer means, also one that came over a
// websocket.
//
// Every private request is signed by itself (deri-hmac-sha256), so that nothing here has a
// token that could expire. The stream of the account signs in once: see Client.SignIn.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/deribit/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
)

// Options of a Client. A zero means the default.
type Options struct {
	Endpoints api.Endpoints
	Key       sign.Key      // empty: only what is public can be asked
	Window    exchange.Time // until when after its time an order is taken (valid_until); 5 s
	Throttle  *limit.Throttle
	Now       func() exchange.Time
	Log       func(string)
}

// Client is safe for concurrent use.
type Client struct {
	*sign.Timekeeper
	o    Options
	http *rest.Client
	path string // of the address, which is signed

	mu     sync.Mutex
	signer sign.Signer // HMAC serves one goroutine
	limits map[int]int // by meter, as last told
}

// New returns a client that has asked nothing yet.
func New(o Options) (c *Client, err error) {
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
	c = &Client{o: o, http: rest.New(rest.Options{MaxBody: 32 << 20}), limits: map[int]int{}}
	c.Timekeeper = sign.NewTimekeeper(sign.TimekeeperOptions{Ask: c.askTime, Window: o.Window, Now: o.Now, Log: o.Log})
	u, err := url.Parse(o.Endpoints.Rest)
	if err != nil {
		return nil, err // not reached: Complete has parsed it
	}
	c.path = u.EscapedPath()
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

// Close ends the connections that are idle.
func (c *Client) Close() { c.http.Close() }

// Window is until when after its time an order is taken.
func (c *Client) Window() exchange.Time { return c.o.Window }

// Now is the venue's time as well as it is known, or else the machine's.
func (c *Client) Now() exchange.Time {
	now := c.o.Now()
	if offset, _, err := c.Offset(); err == nil {
		return now + offset
	}
	return now
}

// askTime takes the time out of the envelope, which is in microseconds.
func (c *Client) askTime(ctx context.Context) (exchange.Time, error) {
	q := Request{What: "ask the time", Method: "public/get_time", Count: Free, Priority: limit.Hedge}
	a, err := c.once(ctx, &q)
	if err != nil {
		return 0, err
	}
	return a.at, nil
}

// Params are those of a request; nil: none.
type Params map[string]any

// Number is a decimal as a JSON number.
func Number(d interface{ String() string }) json.RawMessage { return json.RawMessage(d.String()) }

// Request is one: what is asked, and what its failure would mean.
type Request struct {
	Venue    exchange.Venue // the segment; "": the house
	What     string         // for people: "place BTC-PERPETUAL"
	Method   string         // private/buy
	Params   Params
	Changes  bool // something at the venue
	Count    Count
	Priority limit.Priority
}

// Call is what its failure would mean.
func (q *Request) Call() rest.Call {
	v := q.Venue
	if v == "" {
		v = api.House
	}
	return rest.Call{Venue: v, What: q.What, Changes: q.Changes}
}

// Garbled is a success that can't be read: it was carried out, but not told how.
func (q *Request) Garbled(err error) *exchange.VenueError {
	e := q.Call().Fault(exchange.ErrUnknown, fmt.Errorf("the answer makes no sense: %w", err))
	e.HTTP = http.StatusOK
	return e
}

// Frame spells a request; id is not sent twice on a connection.
func (q *Request) Frame(id uint64) ([]byte, error) {
	p := q.Params
	if p == nil {
		p = Params{}
	}
	return json.Marshal(struct {
		Version string `json:"jsonrpc"`
		ID      uint64 `json:"id"`
		Method  string `json:"method"`
		Params  Params `json:"params"`
	}{"2.0", id, q.Method, p})
}

// Do sends a request and returns the result of its answer. Every error is an
// *exchange.VenueError.
func (c *Client) Do(ctx context.Context, q Request) ([]byte, error) {
	a, e := c.once(ctx, &q)
	if e != nil {
		return nil, e
	}
	return a.result, nil
}

// Wait charges a request and returns when it may be sent.
func (c *Client) Wait(ctx context.Context, q *Request) *exchange.VenueError {
	if err := c.o.Throttle.Wait(ctx, q.Count.cost(), q.Priority); err != nil {
		return q.Call().Fault(exchange.ErrUnavailable, err)
	}
	return nil
}

func (c *Client) once(ctx context.Context, q *Request) (answer, *exchange.VenueError) {
	if e := c.Wait(ctx, q); e != nil {
		return answer{}, e
	}
	req, err := c.request(ctx, q)
	if err != nil {
		class := exchange.ErrUnavailable
		if skew := (*sign.SkewError)(nil); errors.As(err, &skew) {
			class = exchange.ErrClock
		}
		return answer{}, q.Call().Fault(class, err)
	}
	sent := c.Now()
	got, err := c.http.Send(ctx, q.Call(), req)
	if err != nil {
		return answer{}, q.Call().Lost(err)
	}
	return c.Judge(q, got.Status, got.Body, sent)
}

func (c *Client) request(ctx context.Context, q *Request) (*http.Request, error) {
	body, err := q.Frame(1)
	if err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.Endpoints.Rest+"/"+q.Method, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("Content-Type", "application/json")
	if strings.HasPrefix(q.Method, "private/") {
		var h string
		if h, err = c.authorization(c.path+"/"+q.Method, body, nonce()); err == nil {
			req.Header.Set("Authorization", h)
		}
	}
	return req, err
}

// answer is one that was understood.
type answer struct {
	result []byte
	at     exchange.Time // the venue's, in the middle between taking the request and answering it
}

// Result judges an answer that came over a websocket.
func (c *Client) Result(q *Request, frame []byte, sent exchange.Time) ([]byte, error) {
	a, e := c.Judge(q, 0, frame, sent)
	if e != nil {
		return nil, e
	}
	return a.result, nil
}

// Judge turns an answer into its result or a fault, and tells the throttle of limits. status
// is 0 over a websocket.
func (c *Client) Judge(q *Request, status int, body []byte, sent exchange.Time) (answer, *exchange.VenueError) {
	r, err := envelope(body)
	a := limit.Answer{Pool: q.Count.Pool, Sent: sent}
	if err == nil && r.code == 0 && status < http.StatusMultipleChoices {
		a.OK = true
		c.observe(a)
		return r.answer, nil
	}
	if err != nil { // a page of somebody's
		r.code, r.message = 0, string(body[:min(len(body), 200)])
	}
	e := q.Call().Fault(classify(status, r.code), nil)
	e.HTTP, e.Message = status, r.message
	if r.code != 0 {
		e.Code = strconv.Itoa(r.code)
		e.Advice = advice[r.code]
	}
	if e.Class == exchange.ErrRateLimited {
		a.Refusal, a.RetryAt = limit.Throttled, c.Now()+refill
		e.Until = a.RetryAt
	}
	c.observe(a)
	return answer{}, e
}

func (c *Client) observe(a limit.Answer) {
	if err := c.o.Throttle.Observe(a); err != nil {
		c.o.Log(err.Error())
	}
}

// reply is an answer as the venue writes it.
type reply struct {
	answer
	code    int
	message string
}

// envelope takes {"result":…,"usIn":…,"usOut":…} or {"error":{code,message,data}} apart.
func envelope(body []byte) (r reply, err error) {
	f, in, out, seen := jsonscan.Object(body), int64(0), int64(0), false
	for f.Next() {
		switch string(f.Key()) {
		case "result":
			r.result, seen = f.Raw(), true
		case "error":
			seen = true
			if r.code, r.message, err = fault(f.Raw()); err != nil {
				return r, err
			}
		case "usIn":
			in = f.Int()
		case "usOut":
			out = f.Int()
		}
	}
	r.at = exchange.Time((in + out) / 2 * 1000)
	if err = f.Err(); err == nil && !seen {
		err = errors.New("neither a result nor an error")
	}
	return r, err
}

// fault reads {"code":11044,"message":"not_open_order","data":{"reason":…,"param":…}}.
func fault(raw []byte) (code int, message string, err error) {
	f := jsonscan.Object(raw)
	for f.Next() {
		switch string(f.Key()) {
		case "code":
			code = int(f.Int())
		case "message":
			message = f.Text() + message
		case "data":
			if text := string(f.Raw()); text[0] == '{' {
				message += " " + text[:min(len(text), 200)]
			}
		}
	}
	if err = f.Err(); err == nil && code == 0 {
		err = errors.New("an error without its code")
	}
	return code, message, err
}
