// Package client asks Bybit v5, over REST and, for orders, optionally over its trade
// stream: it signs, sends each request once when there is room for it, and says what an
// answer means.
package client

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// The ways orders go out.
const (
	EntryREST = "rest"
	EntryWS   = "ws" // over the trade stream: faster, because nothing is dialled; REST takes what it can't
)

// Options of a Client. A zero means the default.
type Options struct {
	Endpoints api.Endpoints
	Key       sign.Key // empty: only what needs none can be asked
	Entry     string   // EntryREST
	// Window is how late a request may arrive. A wide one does not help a clock that is
	// ahead: more than a second is refused.
	Window   exchange.Time // 5 s
	Throttle *limit.Throttle
	Attempts *wire.Attempts
	Now      func() exchange.Time
	Log      func(string)
}

func (o *Options) complete() (err error) {
	if o.Endpoints, err = o.Endpoints.Complete(); err != nil {
		return err
	}
	if o.Entry == "" {
		o.Entry = EntryREST
	}
	if o.Entry != EntryREST && o.Entry != EntryWS {
		return fmt.Errorf("entry = %q: want %s or %s", o.Entry, EntryREST, EntryWS)
	}
	if o.Entry == EntryWS && o.Endpoints.Trade == "" {
		return fmt.Errorf("entry = %q: this place takes no orders over a stream: leave it out", o.Entry)
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
	return nil
}

// Check says what is wrong with options.
func (o Options) Check() error { return o.complete() }

// Client is safe for concurrent use.
type Client struct {
	o     Options
	rest  *rest.Client
	clock *sign.Timekeeper
	trade *trade // nil: orders go by REST

	mu     sync.Mutex
	signer sign.Signer // HMAC serves one goroutine
	limits map[int]int // by meter, as last told
}

// maxBody is the largest answer that is read: instruments-info has some MB.
const maxBody = 32 << 20

// New returns a client that has asked nothing yet.
func New(o Options) (c *Client, err error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	c = &Client{o: o, limits: map[int]int{}, rest: rest.New(rest.Options{MaxBody: maxBody})}
	c.clock = sign.NewTimekeeper(sign.TimekeeperOptions{Ask: c.serverTime, Window: o.Window, Now: o.Now, Log: o.Log})
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

// Begin compares the clocks and opens the trade stream, where orders go by it.
func (c *Client) Begin(ctx context.Context) error {
	if err := c.Sync(ctx); err != nil {
		return err
	}
	if c.o.Entry != EntryWS {
		return nil
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
	c.rest.Close()
}

// Window is how late a request may arrive.
func (c *Client) Window() exchange.Time { return c.o.Window }

// Endpoints are where it asks.
func (c *Client) Endpoints() api.Endpoints { return c.o.Endpoints }

// Health is the state of the trade stream, where there is one.
func (c *Client) Health() []wire.Health {
	if c.trade == nil {
		return nil
	}
	return []wire.Health{c.trade.wire.Health()}
}

// Now is the venue's time as well as it is known, or else the machine's.
func (c *Client) Now() exchange.Time {
	now := c.o.Now()
	if offset, _, err := c.clock.Offset(); err == nil {
		return now + offset
	}
	return now
}

// Sync compares the clocks.
func (c *Client) Sync(ctx context.Context) error { return c.clock.Sync(ctx, c.clock.Compared()) }

// KeepTime keeps them compared until ctx ends.
func (c *Client) KeepTime(ctx context.Context) { c.clock.Keep(ctx) }

func (c *Client) serverTime(ctx context.Context) (server exchange.Time, err error) {
	result, err := c.Do(ctx, Request{What: "ask the time", Path: "/v5/market/time", Open: true, Count: Free, Priority: limit.Hedge})
	if err != nil {
		return 0, err
	}
	f := jsonscan.Object(result)
	for f.Next() {
		if string(f.Key()) == "timeNano" {
			server = exchange.Time(f.Int())
		}
	}
	if f.Err() == nil && server == 0 {
		return 0, errors.New("an answer without timeNano")
	}
	return server, f.Err()
}

// Answer is a success.
type Answer struct {
	Result []byte
	// Extra is retExtInfo: a batch has the refusals of its parts there.
	Extra []byte
}

// Do sends a request and returns the result of its answer: see Ask.
func (c *Client) Do(ctx context.Context, q Request) ([]byte, error) {
	a, err := c.Ask(ctx, q)
	return a.Result, err
}

// Ask sends a request. Every error is an *exchange.VenueError. A refused timestamp alone
// is answered here: the clocks are compared anew and the request is sent once more, which
// is safe because whoever refused it threw it away.
func (c *Client) Ask(ctx context.Context, q Request) (Answer, error) {
	compared := c.clock.Compared()
	a, e := c.once(ctx, &q)
	if e != nil && e.Class == exchange.ErrClock && !q.Open && e.Code != "" {
		if err := c.clock.Sync(ctx, compared); err != nil {
			e.Err = err
			return a, e
		}
		a, e = c.once(ctx, &q)
	}
	if e != nil {
		e.Advice = advice(e)
		return a, e
	}
	return a, nil
}

// once sends a request exactly once, when there is room for it: over the trade stream if
// it goes there and there is one, or else over REST.
func (c *Client) once(ctx context.Context, q *Request) (Answer, *exchange.VenueError) {
	if err := c.o.Throttle.Wait(ctx, q.cost(), q.Priority); err != nil {
		return Answer{}, q.Fault(exchange.ErrUnavailable, err)
	}
	if c.trade != nil && q.Op != "" {
		if a, e, sent := c.trade.send(ctx, q); sent {
			return a, e
		}
	}
	req, err := c.request(ctx, q)
	if err != nil {
		return Answer{}, q.unsigned(err)
	}
	sent := c.Now()
	answer, err := c.rest.Send(ctx, q.call(), req)
	if err != nil {
		return Answer{}, q.call().Lost(err)
	}
	return c.judge(q, reply{status: answer.Status, limits: answer.Header.Get, body: answer.Body, sent: sent})
}
