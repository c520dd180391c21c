// Package account is an account of OKX: orders over REST, executions, funds, bills and its
// own stream. The trading account is one wallet behind all segments; funding is a bill.
package account

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/okx/api"
	"github.com/perilune/perilune/exchange/okx/client"
	"github.com/perilune/perilune/exchange/okx/feed"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// Account is safe for concurrent use.
type Account struct {
	*client.Client
	endpoints api.Endpoints
	attempts  *wire.Attempts
	log       func(string)
	config    Config

	read *reader

	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

var (
	_ oms.Account   = (*Account)(nil)
	_ oms.Incomes   = (*Account)(nil)
	_ oms.HedgeMode = (*Account)(nil)
	_ oms.DeadMan   = (*Account)(nil)
	_ oms.Amender   = (*Account)(nil)
	_ oms.Batcher   = (*Account)(nil)
	_ oms.Transfers = (*Account)(nil)
)

// reader turns rows of answers and events into our words and units.
type reader struct {
	mu     sync.Mutex
	units  map[string]unit // by symbol
	listed exchange.Time   // when they were asked for
}

// unit is what a size of an instrument is on the wire.
type unit struct {
	venue exchange.Venue
	one   decimal.Decimal // of ours: the coins of a linear contract, 1 elsewhere
	code  int64           // instIdCode; 0: not told
}

// Open compares the clocks, asks what kind of account it is and what instruments count in,
// and returns when orders can be made.
func Open(ctx context.Context, o client.Options, attempts *wire.Attempts) (*Account, error) {
	c, err := client.New(o)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	a := &Account{Client: c, attempts: attempts, log: o.Log, read: &reader{units: map[string]unit{}}}
	if a.endpoints, err = o.Endpoints.Complete(); err != nil {
		return nil, err
	}
	if a.log == nil {
		a.log = func(string) {}
	}
	if err = a.begin(ctx); err != nil {
		c.Close()
		return nil, fmt.Errorf("account: %w", err)
	}
	run, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.tasks.Go(func() { c.KeepTime(run) })
	return a, nil
}

func (a *Account) begin(ctx context.Context) (err error) {
	if err = a.Client.Begin(ctx); err != nil {
		return err
	}
	if err = a.list(ctx); err != nil {
		return err
	}
	a.config, err = a.Config(ctx)
	return err
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

// list asks what sizes of instruments are in.
func (a *Account) list(ctx context.Context) error {
	for _, t := range api.Types {
		list, codes, err := feed.CodedInstruments(ctx, a.Client, t, func(string) {}) // whoever lists them for people tells
		if err != nil {
			return err
		}
		a.read.mu.Lock()
		for _, l := range list {
			u := unit{venue: l.Instrument.Venue, one: decimal.NewFromInt(1), code: codes[l.Instrument.Symbol]}
			if l.Instrument.Contract == exchange.Linear {
				u.one = l.Instrument.ContractSize
			}
			a.read.units[l.Instrument.Symbol] = u
		}
		a.read.listed = a.Now()
		a.read.mu.Unlock()
	}
	return nil
}

// unitOf is that of an instrument; false: it is not listed, or of no kind that is traded.
func (w *reader) unitOf(symbol string) (unit, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	u, ok := w.units[symbol]
	return u, ok
}

// relist asks again, at most once a minute, for somebody may trade what was listed since.
func (a *Account) relist(ctx context.Context) error {
	a.read.mu.Lock()
	fresh := a.Now()-a.read.listed < exchange.Minute
	a.read.mu.Unlock()
	if fresh {
		return nil
	}
	return a.list(ctx)
}

// Config is what the venue says of the account's modes and the key. Source: the manual,
// "Get account configuration".
type Config struct {
	UID       string `json:"uid"`
	Level     string `json:"acctLv"` // 1 spot, 2 futures, 3 multi-currency margin, 4 portfolio margin
	Positions string `json:"posMode"`
	SelfTrade string `json:"acctStpMode"`
	Borrows   bool   `json:"autoLoan"`
	May       string `json:"perm"`
	IPs       string `json:"ip"`
	Fees      string `json:"level"`
}

// Config asks for it.
func (a *Account) Config(ctx context.Context) (c Config, err error) {
	q := question("", "ask about the account", "/api/v5/account/config", client.Settings, nil)
	err = a.Rows(ctx, q, func(raw []byte) error { return unmarshal(raw, &c) })
	if err == nil && c.Level == "" {
		err = q.Garbled(errors.New("it has no acctLv"))
	}
	return c, err
}

// question is one about the account.
func question(v exchange.Venue, what, path string, count client.Count, query url.Values) client.Request {
	if query == nil {
		query = url.Values{}
	}
	return client.Request{Venue: v, What: what, Path: path, Query: query, Count: count, Priority: limit.Hedge}
}

// Countdown bounds the switch. Source: the manual, "Cancel All After".
var countdown = oms.Countdown{Least: 10 * exchange.Second, Most: 120 * exchange.Second}

// Profile implements oms.Account: one wallet behind all segments, and one switch for all
// orders. A client id may be used again once its order is over.
func (a *Account) Profile() oms.Profile {
	p := oms.Profile{Window: a.Window(), ClientID: wrongClientID, Reuses: true, Wallets: []exchange.Wallet{api.Funding}, Income: []exchange.Wallet{api.Trading}}
	for _, t := range api.Types {
		p.Segments = append(p.Segments, oms.Segment{Venue: t.Venue(), Wallets: []exchange.Wallet{api.Trading}, Spot: t == api.Spot, Switch: oms.SwitchAccount, Countdown: countdown})
	}
	return p
}

// Ids are letters and digits at the venue. Ours have a hyphen, which becomes a Z: ours have
// small letters alone, so nothing of ours is taken for another.
const hyphen = "Z"

var clientIDs = regexp.MustCompile(`^[a-z0-9-]{1,32}$`)

func wrongClientID(id string) string {
	if clientIDs.MatchString(id) {
		return ""
	}
	return "want 1 to 32 of a-z, 0-9 and -"
}

func wireID(id string) string { return strings.ReplaceAll(id, "-", hyphen) }

func ourID(id string) string { return strings.ReplaceAll(id, hyphen, "-") }

// HedgeMode implements oms.HedgeMode: it is one setting for all contracts.
func (a *Account) HedgeMode(ctx context.Context, v exchange.Venue) (bool, error) {
	c, err := a.Config(ctx)
	return c.Positions == "long_short_mode" && api.Of(v) != api.Spot, err
}

// ArmDeadMan implements oms.DeadMan: after the countdown, which a process that was killed
// does not renew, the venue cancels all orders of the account. Cancelling takes some
// seconds.
func (a *Account) ArmDeadMan(ctx context.Context, _ exchange.Venue, _ string, after exchange.Time) error {
	if after > 0 {
		after = min(max(after, countdown.Least), countdown.Most)
	}
	seconds := (after + exchange.Second - 1) / exchange.Second
	q := client.Request{What: "arm the dead man's switch", Path: "/api/v5/trade/cancel-all-after", Count: client.Switch, Priority: limit.Cancel,
		Body: map[string]string{"timeOut": fmt.Sprint(int64(seconds))}}
	return a.Rows(ctx, q, func([]byte) error { return nil })
}

// Balances implements oms.Account: cashBal is without unrealised profit.
func (a *Account) Balances(ctx context.Context, w exchange.Wallet) (out []oms.Balance, err error) {
	q := question("", "list balances", "/api/v5/account/balance", client.Funds, nil)
	switch w {
	case api.Funding:
		q.Path = "/api/v5/asset/balances"
		err = a.Rows(ctx, q, func(raw []byte) error {
			b, _, err := decodeBalance(w, raw)
			if !b.Total.IsZero() {
				out = append(out, b)
			}
			return err
		})
	case api.Trading:
		err = a.Rows(ctx, q, func(raw []byte) error {
			return eachBalance(raw, func(b oms.Balance, _ exchange.Time) {
				if !b.Total.IsZero() {
					out = append(out, b)
				}
			})
		})
	default:
		return nil, q.Fault(exchange.ErrRefused, fmt.Errorf("%s: want %s or %s", w, api.Trading, api.Funding))
	}
	return out, err
}

// Positions implements oms.Account.
func (a *Account) Positions(ctx context.Context, v exchange.Venue) (out []oms.Position, err error) {
	if api.Of(v) == api.Spot {
		return nil, nil
	}
	if err := a.relist(ctx); err != nil {
		return nil, err
	}
	q := question(v, "list positions", "/api/v5/account/positions", client.Funds, url.Values{"instType": {string(api.Of(v))}})
	err = a.Rows(ctx, q, func(raw []byte) error {
		p, _, err := a.read.decodePosition(raw)
		if err == nil && !p.Qty.IsZero() && p.Venue == v {
			out = append(out, p)
		}
		return err
	})
	return out, err
}

// Leverage is the lowest that contracts are set to; 0 when there are none.
func (a *Account) Leverage(ctx context.Context, symbols []string) (lowest int, err error) {
	q := question("", "ask for leverage", "/api/v5/account/leverage-info", client.Funds, url.Values{"mgnMode": {"cross"}, "instId": {strings.Join(symbols, ",")}})
	err = a.Rows(ctx, q, func(raw []byte) error {
		f := jsonscan.Object(raw)
		for f.Next() {
			if string(f.Key()) != "lever" {
				continue
			}
			if n := int(decimal.Min(f.Decimal(), decimal.NewFromInt(1000)).IntPart()); n > 0 && (lowest == 0 || n < lowest) {
				lowest = n
			}
		}
		return f.Err()
	})
	return lowest, err
}
