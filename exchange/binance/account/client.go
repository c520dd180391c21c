package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/signing"
	"github.com/perilune/perilune/exchange/binance/weight"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/rest"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/wire"
)

// The ways orders are sent.
const (
	EntryREST = "rest"
	EntryWS   = "ws" // over the WebSocket APIs: faster, because nothing is dialled
)

// Options of a Client and of Streams. Key is required; a zero elsewhere means
// the default.
type Options struct {
	Key sign.Key
	// Futures is the key of USD-M and COIN-M, where it is not Key: one key may be kept from
	// the coins and the other from the contracts. Both are of one account.
	Futures   sign.Key
	Endpoints api.Endpoints
	Markets   []api.Market // those that are used; all three
	// Entry is how orders are placed, cancelled, modified and asked for: "rest" or
	// "ws"; "rest". Everything else is REST.
	Entry  string
	Window exchange.Time // recvWindow: how late a request may arrive; 5 s

	Throttle *limit.Throttle // shared by all that ask the venue from this address; one of its own
	Attempts *wire.Attempts  // the same for connections; 300 in 5 minutes of its own
	HTTP     *http.Client    // 15 s for an answer, more than the engine's own timeout of 10 s: package rest's
	Now      func() exchange.Time
	Log      func(string) // what people should know, from any goroutine; none
	// Conditional takes what becomes of conditional orders, which are none of package
	// oms; none.
	Conditional func(Conditional)
	// Wire may change the options of a connection, for tests and odd networks.
	Wire func(*wire.Options)
}

func (o *Options) complete(now func() exchange.Time) (err error) {
	if o.Key.API.Empty() || o.Key.Secret.Empty() {
		return errors.New("account: no API key: want both its name and its secret")
	}
	if o.Futures.API.Empty() != o.Futures.Secret.Empty() {
		return errors.New("account: half a key for futures: want both its name and its secret")
	}
	if o.Futures.API.Empty() {
		o.Futures = o.Key
	}
	if o.Endpoints, err = o.Endpoints.Complete(); err != nil {
		return fmt.Errorf("account: %w", err)
	}
	if o.Entry == "" {
		o.Entry = EntryREST
	}
	if o.Entry != EntryREST && o.Entry != EntryWS {
		return fmt.Errorf("account: order entry is %q: want %s or %s", o.Entry, EntryREST, EntryWS)
	}
	if len(o.Markets) == 0 {
		o.Markets = api.Markets[:]
	}
	if o.Window == 0 {
		o.Window = signing.DefaultWindow
	}
	if o.Now == nil {
		o.Now = func() exchange.Time { return exchange.Time(time.Now().UnixNano()) }
	}
	if o.Log == nil {
		o.Log = func(string) {}
	}
	if o.Conditional == nil {
		o.Conditional = func(Conditional) {}
	}
	if o.Throttle == nil {
		l, err := weight.NewLedger(limit.Options{})
		if err != nil {
			return err
		}
		o.Throttle = limit.NewThrottle(l, now)
	}
	if o.Attempts == nil {
		o.Attempts = wire.NewAttempts(300, 5*time.Minute)
	}
	return nil
}

// Client asks the venue, over REST and, for orders, optionally over the
// WebSocket APIs. It is an oms.Account with all that one may have: see Profile.
type Client struct {
	*transport
	Settings
	hedged bool // a contract has a long and a short position: LearnModes
}

// Settings are what the account may do and how it is set.
type Settings struct{ *transport }

// transport signs requests, sends each at its time and says what an answer means.
type transport struct {
	o        Options
	rest     *rest.Client
	clocks   map[api.Market]*sign.Timekeeper // of Options.Markets and, for transfers, spot
	encoders [2]sync.Pool                    // of *encoder, for Options.Key and Options.Futures
	sessions map[api.Market]*session         // with EntryWS

	ctx    context.Context // of what runs beside calls
	cancel context.CancelFunc
	tasks  sync.WaitGroup
	once   sync.Once
}

func newClient(t *transport) *Client { return &Client{transport: t, Settings: Settings{transport: t}} }

// Open compares the clocks with the venue's and returns when requests can be
// signed. ctx bounds Open itself, not the Client.
func Open(ctx context.Context, o Options) (*Client, error) {
	c := newClient(&transport{clocks: make(map[api.Market]*sign.Timekeeper), sessions: make(map[api.Market]*session)})
	if err := o.complete(c.Now); err != nil {
		return nil, err
	}
	if !slices.Contains(o.Markets, api.Spot) {
		o.Markets = append(slices.Clone(o.Markets), api.Spot) // its clock is the wallet's too
	}
	c.o, c.rest = o, rest.New(rest.Options{HTTP: o.HTTP, MaxBody: maxBody})
	c.ctx, c.cancel = context.WithCancel(context.Background())
	for _, m := range o.Markets {
		c.clocks[m] = c.timekeeper(m)
	}
	if err := c.begin(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("account: %w", err)
	}
	for _, m := range o.Markets {
		c.tasks.Go(func() { c.clocks[m].Keep(c.ctx) })
	}
	return c, nil
}

// begin tries the key, compares the clocks and opens the sessions.
func (c *transport) begin(ctx context.Context) error {
	for _, k := range [...]keyOf{mainKey, futuresKey} {
		p, err := c.encoder(k)
		if err != nil {
			return err
		}
		c.encoders[k].Put(p)
	}
	for _, m := range c.o.Markets {
		if err := c.clocks[m].Sync(ctx, 0); err != nil {
			return err
		}
	}
	return c.openSessions()
}

// Health returns the present state of the connections that orders go through;
// with REST there are none.
func (c *Client) Health() []wire.Health {
	var all []wire.Health
	for _, m := range api.Markets {
		if l := c.sessions[m]; l != nil {
			all = append(all, l.wire.Health())
		}
	}
	return all
}

// Close ends the connections and waits for everything that runs beside calls.
// What was sent before stays sent.
func (c *Client) Close() error {
	c.once.Do(func() {
		c.cancel()
		for _, m := range api.Markets {
			if l := c.sessions[m]; l != nil {
				l.close()
			}
		}
		c.tasks.Wait()
		c.rest.Close()
	})
	return nil
}
