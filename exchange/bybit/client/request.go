package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
)

// Request is one: what is asked, and what its failure would mean.
type Request struct {
	Venue exchange.Venue // the segment; "": the house
	What  string         // for people: "place BTCUSDT"
	Path  string
	Query url.Values // of a question
	Body  []byte     // JSON, of what changes something: sent with POST
	// Op is what the trade stream calls it; "": it goes by REST.
	Op       string
	Open     bool // not signed
	Count    Count
	Times    int // of Count: the orders of a batch; 0: once
	Priority limit.Priority
}

func (q *Request) changes() bool { return q.Body != nil }

func (q *Request) call() rest.Call {
	v := q.Venue
	if v == "" {
		v = api.House
	}
	return rest.Call{Venue: v, What: q.What, Changes: q.changes()}
}

// Fault is an error of a class about the request.
func (q *Request) Fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	return q.call().Fault(class, err)
}

// Garbled is a success that can't be read: it was carried out, but not told how.
func (q *Request) Garbled(err error) *exchange.VenueError {
	e := q.Fault(exchange.ErrUnknown, fmt.Errorf("the answer makes no sense: %w", err))
	e.HTTP = http.StatusOK
	return e
}

// unsigned is a request that was not sent, because it could not be signed.
func (q *Request) unsigned(err error) *exchange.VenueError {
	if skew := (*sign.SkewError)(nil); errors.As(err, &skew) {
		return q.Fault(exchange.ErrClock, err)
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
	window := milli(c.o.Window)
	stamp, signature, err := c.signature(0, func(b []byte, stamp string) []byte {
		b = append(append(append(b, stamp...), c.o.Key.API.Reveal()...), window...)
		return append(b, text...)
	})
	if err != nil {
		return err
	}
	h["X-BAPI-API-KEY"] = []string{c.o.Key.API.Reveal()}
	h["X-BAPI-TIMESTAMP"] = []string{stamp}
	h["X-BAPI-RECV-WINDOW"] = []string{window}
	h["X-BAPI-SIGN"] = []string{signature}
	return nil
}

func milli(t exchange.Time) string { return strconv.FormatInt(int64(t/exchange.Millisecond), 10) }

// signature signs what payload makes of a timestamp, which lies ahead of now.
func (c *Client) signature(ahead exchange.Time, payload func(b []byte, stamp string) []byte) (stamp, signature string, err error) {
	at, err := c.clock.Stamp()
	if err != nil {
		return "", "", err
	}
	stamp = milli(at + ahead)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.signer == nil {
		return "", "", errors.New("no API key: want both its name and its secret")
	}
	out, err := c.signer.AppendSignature(nil, payload(make([]byte, 0, 256), stamp))
	return stamp, string(out), err
}

// loginAhead is the longest that a dial may take.
const loginAhead = 10 * exchange.Second

// Login is the frame that a private stream, or the trade stream, begins with: it signs the
// time at which it expires. Source: the manual, "Connect", private channels.
func (c *Client) Login() ([]byte, error) {
	expires, signature, err := c.signature(loginAhead, func(b []byte, stamp string) []byte { return append(append(b, "GET/realtime"...), stamp...) })
	return fmt.Appendf(nil, `{"req_id":"auth","op":"auth","args":["%s",%s,"%s"]}`, c.o.Key.API.Reveal(), expires, signature), err
}
