// Package account is an account of Bybit: orders over REST, executions and funds, and its
// own stream. A unified account is one wallet behind all categories; funding is told as an
// execution, and booked from the transaction log, where each payment has its row.
package account

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"sync"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// Account is safe for concurrent use.
type Account struct {
	*client.Client
	attempts *wire.Attempts
	log      func(string)

	granted map[product]int // the switches, and after how many seconds they strike: LearnSwitches
	wanted  int             // after how many they are to; 0: whatever it is

	mu     sync.Mutex
	stream *stream // what listens, which the switches look at
	armed  map[product]bool

	run   context.Context // of what runs beside calls
	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

var (
	_ oms.Account   = (*Account)(nil)
	_ oms.Incomes   = (*Account)(nil)
	_ oms.Amender   = (*Account)(nil)
	_ oms.Batcher   = (*Account)(nil)
	_ oms.HedgeMode = (*Account)(nil)
)

// Open compares the clocks and returns when requests can be signed.
func Open(ctx context.Context, o client.Options) (*Account, error) {
	c, err := client.New(o)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	if err := c.Begin(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("account: %w", err)
	}
	a := &Account{Client: c, attempts: o.Attempts, log: o.Log, granted: map[product]int{}, armed: map[product]bool{}}
	if a.log == nil {
		a.log = func(string) {}
	}
	a.run, a.stop = context.WithCancel(context.Background())
	a.tasks.Go(func() { c.KeepTime(a.run) })
	return a, nil
}

// Close ends what runs beside calls.
func (a *Account) Close() error {
	a.once.Do(func() {
		a.stop()
		a.tasks.Wait()
		a.Client.Close()
	})
	return nil
}

// Profile implements oms.Account: one wallet behind all segments. Where the venue has granted
// its switch (protect.go) it cancels when the account's stream is lost; elsewhere nobody does.
func (a *Account) Profile() oms.Profile {
	p := oms.Profile{Window: a.Window(), ClientID: wrongClientID, Wallets: []exchange.Wallet{api.Funding}, Income: []exchange.Wallet{api.Unified}}
	for _, c := range api.Categories {
		_, granted := a.granted[productOf(c)]
		p.Segments = append(p.Segments, oms.Segment{Venue: c.Venue(), Wallets: []exchange.Wallet{api.Unified}, Spot: c == api.Spot, Disconnect: granted})
	}
	return p
}

var clientIDs = regexp.MustCompile(`^[a-zA-Z0-9-_]{1,36}$`)

func wrongClientID(id string) string {
	if clientIDs.MatchString(id) {
		return ""
	}
	return "want 1 to 36 of a-z, A-Z, 0-9, - and _"
}

// Query implements oms.Account: an order is among the open ones and those that ended just
// now, or in the history. One that neither has may still be on its way.
func (a *Account) Query(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	for _, path := range []string{"/v5/order/realtime", "/v5/order/history"} {
		q := a.question(o.Venue, "query "+o.Symbol, path, url.Values{"symbol": {o.Symbol}, "orderLinkId": {o.ClientID}})
		list, err := a.reports(ctx, q)
		if err != nil {
			return oms.Report{}, err
		}
		if len(list) > 0 {
			return newest(list), nil
		}
	}
	q := a.question(o.Venue, "query "+o.Symbol, "", nil)
	return oms.Report{}, q.Fault(exchange.ErrNotFound, fmt.Errorf("order %s is neither open nor in the history", o.ClientID))
}

// newest is the report with most filled, or the one that is over: the history may have an
// order twice.
func newest(list []oms.Report) oms.Report {
	best := list[0]
	for _, r := range list[1:] {
		if r.Filled.GreaterThan(best.Filled) || r.Status.Terminal() && !best.Status.Terminal() {
			best = r
		}
	}
	return best
}

func (a *Account) question(v exchange.Venue, what, path string, query url.Values) client.Request {
	if query == nil {
		query = url.Values{}
	}
	query.Set("category", string(api.Of(v)))
	return client.Request{Venue: v, What: what, Path: path, Query: query, Count: client.Read, Priority: limit.Hedge}
}

// OpenOrders implements oms.Account. Contracts are asked for by what they settle in.
func (a *Account) OpenOrders(ctx context.Context, v exchange.Venue) (out []oms.Report, err error) {
	for _, coin := range settles(api.Of(v)) {
		q := a.question(v, "list open orders", "/v5/order/realtime", url.Values{"openOnly": {"0"}, "limit": {"50"}})
		if coin != "" {
			q.Query.Set("settleCoin", coin)
		}
		list, err := a.reports(ctx, q)
		if err != nil {
			return nil, err
		}
		out = append(out, slices.DeleteFunc(list, func(r oms.Report) bool { return r.Status.Terminal() })...)
	}
	return out, nil
}

// settles are what a category is asked by; "": it needs none.
func settles(c api.Category) []string {
	if c == api.Linear {
		return []string{"USDT", "USDC"}
	}
	return []string{""}
}

func (a *Account) reports(ctx context.Context, q client.Request) (out []oms.Report, err error) {
	v := q.Venue
	err = a.Pages(ctx, q, func(raw []byte) error {
		r, err := decodeOrder(v, raw)
		out = append(out, r)
		return err
	})
	return out, err
}

// Balances implements oms.Account: walletBalance is without unrealised profit.
func (a *Account) Balances(ctx context.Context, w exchange.Wallet) (out []oms.Balance, err error) {
	if w == api.Funding {
		return a.fundingBalances(ctx)
	}
	if w != api.Unified {
		return nil, (&client.Request{What: "list balances of " + string(w)}).Fault(exchange.ErrRefused, fmt.Errorf("want %s", api.Unified))
	}
	q := client.Request{What: "list balances", Path: "/v5/account/wallet-balance", Query: url.Values{"accountType": {"UNIFIED"}}, Count: client.Read, Priority: limit.Hedge}
	err = a.Pages(ctx, q, func(raw []byte) error {
		list, err := decodeWallet(raw)
		for _, b := range list {
			if !b.Total.IsZero() {
				out = append(out, b)
			}
		}
		return err
	})
	return out, err
}

// Positions implements oms.Account.
func (a *Account) Positions(ctx context.Context, v exchange.Venue) (out []oms.Position, err error) {
	if api.Of(v) == api.Spot {
		return nil, nil
	}
	for _, coin := range settles(api.Of(v)) {
		q := a.question(v, "list positions", "/v5/position/list", url.Values{"limit": {"200"}})
		if coin != "" {
			q.Query.Set("settleCoin", coin)
		}
		err := a.Pages(ctx, q, func(raw []byte) error {
			p, _, err := decodePosition(v, raw)
			if err == nil && !p.Qty.IsZero() {
				out = append(out, p)
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// HedgeMode implements oms.HedgeMode: rows of positions have an index of their side then.
func (a *Account) HedgeMode(ctx context.Context, v exchange.Venue) (hedge bool, err error) {
	if api.Of(v) == api.Spot {
		return false, nil
	}
	for _, coin := range settles(api.Of(v)) {
		q := a.question(v, "ask the position mode", "/v5/position/list", url.Values{"limit": {"200"}})
		if coin != "" {
			q.Query.Set("settleCoin", coin)
		}
		err := a.Pages(ctx, q, func(raw []byte) error {
			_, index, err := decodePosition(v, raw)
			hedge = hedge || index != 0
			return err
		})
		if err != nil {
			return false, err
		}
	}
	return hedge, nil
}
