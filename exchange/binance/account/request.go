package account

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
)

// paths are what the paths of a market's endpoints of version 1 begin with.
var paths = map[api.Market]string{api.Spot: "/api/v3", api.USDM: "/fapi/v1", api.COINM: "/dapi/v1"}

// security is what a request must prove. Most are signed.
type security uint8

const (
	signed security = iota
	keyed           // the name of a key
	open
)

// request is one: what is asked, and what its failure would mean.
type request struct {
	market   api.Market
	what     string // for people: "place BTCUSDT"
	method   string
	path     string
	wallet   bool   // a path of /sapi; market is Spot
	api      string // the method of the WebSocket API that is the same; "": there is none
	priority limit.Priority
	changes  bool // something at the venue, so that an outcome can be unknown
	security security
	futures  bool       // of spot or the wallet, and signed by the key of futures
	weight   string     // the parameter that the weight depends on, if it is sent
	fill     func(form) // nil: no parameters
}

// given are the parameters of a request as far as its weight depends on them.
type given string

func (g given) Get(name string) string {
	if name == string(g) {
		return "1"
	}
	return ""
}

// key is the one that signs it.
func (q *request) key() keyOf {
	if q.futures {
		return futuresKey
	}
	return keyOfMarket(q.market)
}

func (q *request) call() rest.Call {
	return rest.Call{Venue: q.market.Venue(), What: q.what, Changes: q.changes}
}

func (q *request) fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	return q.call().Fault(class, err)
}

// request sends a request and returns the body of the answer, of a refusal too. Every
// error is an *exchange.VenueError.
//
// A refused timestamp is the only refusal that is answered here: the clocks are
// compared anew and the request is signed and sent once more. That is safe for
// orders too, because a request whose timestamp is refused, with a status of
// 4xx, was thrown away by whoever refused it.
func (c *transport) request(ctx context.Context, q request) ([]byte, error) {
	body, e := c.requestAgain(ctx, &q)
	if e != nil {
		e.Advice = advice(e)
		return body, e
	}
	return body, nil
}

// requestAgain sends a request, and once more after a refused timestamp.
func (c *transport) requestAgain(ctx context.Context, q *request) ([]byte, *exchange.VenueError) {
	if q.security != signed {
		return c.requestOnce(ctx, q)
	}
	clock := c.clocks[q.market]
	if clock == nil {
		return nil, q.fault(exchange.ErrRefused, fmt.Errorf("the account was opened for %v only", c.o.Markets))
	}
	compared := clock.Compared()
	body, e := c.requestOnce(ctx, q)
	if e == nil || !clockRefused(e) {
		return body, e
	}
	if err := clock.Sync(ctx, compared); err != nil {
		e.Err = err
		return nil, e
	}
	return c.requestOnce(ctx, q)
}

// requestOnce sends a request exactly once, when there is room for it.
func (c *transport) requestOnce(ctx context.Context, q *request) ([]byte, *exchange.VenueError) {
	if l := c.sessions[q.market]; l != nil && q.api != "" {
		return l.request(ctx, q)
	}
	e, err := weight.Find(q.method, q.path)
	if err != nil {
		return nil, q.fault(exchange.ErrRefused, err)
	}
	if err := c.o.Throttle.Wait(ctx, e.Cost(given(q.weight)), q.priority); err != nil {
		return nil, q.fault(exchange.ErrUnavailable, err)
	}
	return c.sendREST(ctx, q)
}

// sendREST signs and sends a REST request.
func (c *transport) sendREST(ctx context.Context, q *request) ([]byte, *exchange.VenueError) {
	req, err := c.httpRequest(ctx, q)
	if err != nil {
		return nil, q.unsigned(err)
	}
	sent := c.Now()
	answer, err := c.rest.Send(ctx, q.call(), req)
	a := weight.Answer{Answer: limit.Answer{Pool: q.pool(), Sent: sent}, Status: answer.Status}
	if a.Status != 0 {
		a.Headers(answer.Header, c.Now())
	}
	if err != nil {
		if a.Status != 0 {
			c.observe(a)
		}
		return nil, q.call().Lost(err)
	}
	return c.judge(q, a, answer.Body)
}

func (q *request) pool() limit.Pool {
	if q.wallet {
		return weight.Wallet
	}
	return weight.PoolOf(q.market)
}

// httpRequest makes the HTTP request. The text is a copy, because the transport may
// read it for longer than the answer takes.
func (c *transport) httpRequest(ctx context.Context, q *request) (*http.Request, error) {
	text, err := c.text(q)
	if err != nil {
		return nil, err
	}
	base := c.o.Endpoints.Rest(q.market)
	if q.wallet {
		base = c.o.Endpoints.RestWallet
	}
	address, body := api.Join(base, q.path), ""
	if q.method == http.MethodPost || q.method == http.MethodPut {
		body = text
	} else if text != "" {
		address += "?" + text
	}
	req, err := http.NewRequestWithContext(ctx, q.method, address, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	if body == "" {
		req.Body = http.NoBody
	} else {
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if q.security != open {
		req.Header.Set("X-MBX-APIKEY", c.o.key(q.key()).API.Reveal())
	}
	return req, nil
}

// text returns the parameters, signed if that is asked for.
func (c *transport) text(q *request) (string, error) {
	p, err := c.encoder(q.key())
	if err != nil {
		return "", err
	}
	defer c.encoders[q.key()].Put(p)
	p.query.Reset()
	if q.fill != nil {
		q.fill(&p.query)
	}
	if q.security != signed {
		text, err := p.query.Unsigned()
		return string(text), err
	}
	at, err := c.clocks[q.market].Stamp()
	if err != nil {
		return "", err
	}
	text, err := p.query.Sign(p.signer, at, c.o.Window)
	return string(text), err
}

// unsigned is a request that was not sent, because it could not be signed.
func (q *request) unsigned(err error) *exchange.VenueError {
	if skew := (*sign.SkewError)(nil); errors.As(err, &skew) {
		return q.fault(exchange.ErrClock, err)
	}
	return q.fault(exchange.ErrUnavailable, err)
}

// judge turns an answer into the body of a success or a fault, and tells the
// throttle what it says of limits.
func (c *transport) judge(q *request, a weight.Answer, body []byte) ([]byte, *exchange.VenueError) {
	code, msg := 0, ""
	if a.Status >= 300 || bytes.Contains(body, []byte(`"code"`)) {
		code, msg = refusal(body)
	}
	if a.Status < 300 && code >= 0 {
		c.observe(a)
		return body, nil
	}
	a.Message(code, msg)
	c.observe(a)
	e := &exchange.VenueError{Class: classify(q.market, q.changes, a.Status, code, msg), Venue: q.market.Venue(), What: q.what, HTTP: a.Status,
		Code: codeText(code), Message: msg}
	if e.Class.Again() {
		e.Until = c.until(a, msg)
	}
	return body, e
}

// codeText is a code as errors carry it.
func codeText(code int) string {
	if code == 0 {
		return ""
	}
	return strconv.Itoa(code)
}

// until is when the venue wants to be asked again: 0 when it did not say.
func (c *transport) until(a weight.Answer, msg string) exchange.Time {
	switch now := c.Now(); {
	case a.RetryAt != 0:
		return a.RetryAt
	case a.Code == -1015:
		return ordersUntil(msg, now)
	case a.Code == -1003 || a.Status == http.StatusTooManyRequests:
		return now - now%exchange.Minute + exchange.Minute // weights are per minute of the clock
	case a.Status == http.StatusTeapot:
		return now + 2*exchange.Minute // the shortest ban
	}
	return 0
}

func (c *transport) observe(a weight.Answer) {
	if err := c.o.Throttle.Observe(a.Limits()); err != nil {
		c.o.Log(err.Error())
	}
}

// maxBody is the largest answer that is read. The longest are a thousand trades.
const maxBody = 8 << 20

// refusal reads {"code":-1003,"msg":"…"}. Successes carry a code too, 200. The
// page of a proxy is the message itself, cut short.
func refusal(body []byte) (code int, msg string) {
	f := jsonscan.Object(body)
	for f.Next() {
		switch string(f.Key()) {
		case "code":
			code = int(f.Int())
		case "msg":
			msg = f.Text()
		}
	}
	if f.Err() != nil {
		return 0, string(body[:min(len(body), 200)])
	}
	return code, msg
}
