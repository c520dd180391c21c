// Package client asks Hyperliquid: questions over /info, which need no key, and signed
// actions over /exchange, each sent once when there is room for it.
package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
)

// Options of a Client. A zero means the default.
type Options struct {
	Endpoints api.Endpoints
	Testnet   bool // what is signed is good there alone
	// Key is the account's address and the private key of its agent; empty: only what needs
	// none can be asked.
	Key   sign.Key
	Vault string // address of a vault or sub-account of the account, which is traded in its place
	// MainWallet says that the key is the account's own, which may also move money. Without
	// it such a key is refused.
	MainWallet bool
	Window     exchange.Time // how late an action may arrive; 5 s
	Throttle   *limit.Throttle
	Now        func() exchange.Time
	Log        func(string)
}

// Client is safe for concurrent use.
type Client struct {
	o      Options
	rest   *rest.Client
	clock  *sign.Timekeeper
	signer *sign.Secp256k1
	main   sign.Address  // the account that api_key names
	vault  *sign.Address // that is traded in its place

	mu    sync.Mutex
	nonce uint64 // the last one
}

// maxBody is the largest answer that is read: spotMeta has some hundred kB.
const maxBody = 32 << 20

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
	c = &Client{o: o, rest: rest.New(rest.Options{MaxBody: maxBody})}
	c.clock = sign.NewTimekeeper(sign.TimekeeperOptions{Ask: c.askTime, Window: o.Window, Now: o.Now, Log: o.Log})
	if o.Throttle == nil {
		l, err := limit.New(limit.Options{Table: Table()})
		if err != nil {
			return nil, err
		}
		c.o.Throttle = limit.NewThrottle(l, c.Now)
	}
	if o.Key.API.Empty() && o.Key.Secret.Empty() {
		return c, nil
	}
	return c, c.own()
}

// own reads whose account it is and who signs for it. The agent's key can trade and
// nothing else; the account's own key could empty it.
func (c *Client) own() (err error) {
	if c.main, err = sign.ParseAddress(c.o.Key.API.Reveal()); err != nil {
		return fmt.Errorf("api_key: %w: it is the address of the account, not of its agent", err)
	}
	if c.signer, err = sign.NewSecp256k1(c.o.Key.Secret); err != nil {
		return fmt.Errorf("secret: %w: it is the private key of an agent (API wallet)", err)
	}
	if c.o.Vault != "" {
		a, err := sign.ParseAddress(c.o.Vault)
		if err != nil {
			return fmt.Errorf("vault: %w", err)
		}
		c.vault = &a
	}
	switch own := c.IsMain(); {
	case own && !c.o.MainWallet:
		return errors.New("secret: it is the key of the account itself, which can withdraw everything: make an agent (More, API) and give its key, or set main_wallet = true")
	case !own && c.o.MainWallet:
		return fmt.Errorf("main_wallet = true: the key is that of %s, and the account is %s", c.signer.Address(), c.main)
	}
	return nil
}

// IsMain reports whether the key is the account's own, which may move money.
func (c *Client) IsMain() bool { return c.signer != nil && c.signer.Address() == c.main }

// Main is the account that owns what is traded; Agent is who signs for it.
func (c *Client) Main() sign.Address { return c.main }

// Agent is who signs.
func (c *Client) Agent() sign.Address { return c.signer.Address() }

// User is the account that is traded, which questions name.
func (c *Client) User() signing.Text {
	if c.vault != nil {
		return signing.Text(c.vault.String())
	}
	return signing.Text(c.main.String())
}

// Vault reports whether what is traded is not the account itself.
func (c *Client) Vault() bool { return c.vault != nil }

// Close ends the connections that are idle.
func (c *Client) Close() { c.rest.Close() }

// Window is how late an action may arrive.
func (c *Client) Window() exchange.Time { return c.o.Window }

// Mainnet reports whether what is signed is good on the main network.
func (c *Client) Mainnet() bool { return !c.o.Testnet }

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

// askTime asks the venue's time. Source: nktkas/hyperliquid, exchangeStatus; the manual
// names it among the limits alone.
func (c *Client) askTime(ctx context.Context) (at exchange.Time, err error) {
	q := Question{What: "ask the time", Body: Ask("exchangeStatus"), Weight: Light, Priority: limit.Hedge}
	answer, err := c.Info(ctx, q)
	if err != nil {
		return 0, err
	}
	f := jsonscan.Object(answer)
	for f.Next() {
		if string(f.Key()) == "time" {
			at = exchange.UnixMilli(f.Int())
		}
	}
	if f.Err() != nil || at <= 0 {
		return 0, q.call().Fault(exchange.ErrUnavailable, fmt.Errorf("no time (%w)", f.Err()))
	}
	return at, nil
}

// Question is one that is asked over /info.
type Question struct {
	Venue    exchange.Venue // the segment; "": the house
	What     string         // for people: "list candles of BTC"
	Body     signing.Object
	Weight   int
	Priority limit.Priority
}

// Ask begins a question of a type.
func Ask(kind string, fields ...signing.Field) signing.Object {
	return append(signing.Object{{Name: "type", Value: signing.Text(kind)}}, fields...)
}

func callOf(v exchange.Venue, what string, changes bool) rest.Call {
	if v == "" {
		v = api.House
	}
	return rest.Call{Venue: v, What: what, Changes: changes}
}

func (q *Question) call() rest.Call { return callOf(q.Venue, q.What, false) }

// Fault is an error of a class about the question.
func (q *Question) Fault(class exchange.ErrorClass, err error) *exchange.VenueError {
	return q.call().Fault(class, err)
}

// Info asks a question. Every error is an *exchange.VenueError.
func (c *Client) Info(ctx context.Context, q Question) ([]byte, error) {
	answer, e := c.post(ctx, q.call(), "/info", signing.JSON(q.Body), costOf(Info, q.Weight), q.Priority)
	if e != nil {
		return nil, e
	}
	return answer, nil
}

// post sends a body and returns that of a success. It tells the throttle of refusals.
func (c *Client) post(ctx context.Context, call rest.Call, path string, body []byte, cost limit.Cost, p limit.Priority) ([]byte, *exchange.VenueError) {
	if err := c.o.Throttle.Wait(ctx, cost, p); err != nil {
		return nil, call.Fault(exchange.ErrUnavailable, err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.o.Endpoints.Rest+path, bytes.NewReader(body))
	if err != nil {
		return nil, call.Fault(exchange.ErrUnavailable, err)
	}
	req.Header.Set("Content-Type", "application/json")
	sent := c.Now()
	a, err := c.rest.Send(ctx, call, req)
	if err != nil {
		return nil, call.Lost(err)
	}
	if a.Status == http.StatusOK {
		if err := c.o.Throttle.Observe(limit.Answer{Pool: cost.Pool, Sent: sent, OK: true}); err != nil {
			c.o.Log(err.Error())
		}
		return a.Body, nil
	}
	return nil, c.refused(call, cost.Pool, sent, a.Status, string(a.Body[:min(len(a.Body), 300)]))
}

// refused is a refusal in words, which the throttle is told of.
func (c *Client) refused(call rest.Call, pool limit.Pool, sent exchange.Time, status int, text string) *exchange.VenueError {
	class, advice := classify(status, text)
	e := call.Fault(class, nil)
	e.HTTP, e.Message, e.Advice = status, text, advice
	if class != exchange.ErrRateLimited {
		return e
	}
	first, last, wait := pool, pool, slow // the address of the chain: one request in 10 s
	if status == http.StatusTooManyRequests {
		first, last, wait = 1, pools, exchange.Second
	}
	e.Until = c.Now() + wait
	for p := first; p <= last; p++ {
		if err := c.o.Throttle.Observe(limit.Answer{Pool: p, Sent: sent, Refusal: limit.Throttled, RetryAt: e.Until}); err != nil {
			c.o.Log(err.Error())
		}
	}
	return e
}
