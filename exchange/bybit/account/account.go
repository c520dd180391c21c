// Package account is an account of Bybit: orders over REST, executions and funds, and its
// own stream. A unified account is one wallet behind all categories; funding is told as an
// execution, and booked from the transaction log, where each payment has its row.
package account

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/bybit/api"
	"github.com/perilune/perilune/exchange/bybit/client"
	"github.com/perilune/perilune/exchange/jsonscan"
	"github.com/perilune/perilune/exchange/limit"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/wire"
)

// Account is safe for concurrent use.
type Account struct {
	*client.Client
	endpoints api.Endpoints
	attempts  *wire.Attempts
	log       func(string)

	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

var (
	_ oms.Account   = (*Account)(nil)
	_ oms.Incomes   = (*Account)(nil)
	_ oms.HedgeMode = (*Account)(nil)
)

// Open compares the clocks and returns when requests can be signed.
func Open(ctx context.Context, o client.Options, attempts *wire.Attempts) (*Account, error) {
	c, err := client.New(o)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	if err := c.Sync(ctx, 0); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	a := &Account{Client: c, attempts: attempts, log: o.Log}
	if a.endpoints, err = o.Endpoints.Complete(); err != nil {
		return nil, err
	}
	if a.log == nil {
		a.log = func(string) {}
	}
	run, stop := context.WithCancel(context.Background())
	a.stop = stop
	a.tasks.Go(func() { c.KeepTime(run) })
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

// Profile implements oms.Account: one wallet behind all segments.
func (a *Account) Profile() oms.Profile {
	p := oms.Profile{Window: a.Window(), ClientID: wrongClientID, Wallets: []exchange.Wallet{api.Funding}, Income: []exchange.Wallet{api.Unified}}
	for _, c := range api.Categories {
		p.Segments = append(p.Segments, oms.Segment{Venue: c.Venue(), Wallets: []exchange.Wallet{api.Unified}, Spot: c == api.Spot})
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

// order is what create wants. A market order on spot counts in the base coin: its default
// is the quote.
type order struct {
	Category    api.Category `json:"category"`
	Symbol      string       `json:"symbol"`
	Side        string       `json:"side,omitempty"`
	Type        string       `json:"orderType,omitempty"`
	Qty         string       `json:"qty,omitempty"`
	Price       string       `json:"price,omitempty"`
	TIF         string       `json:"timeInForce,omitempty"`
	MarketUnit  string       `json:"marketUnit,omitempty"`
	ReduceOnly  bool         `json:"reduceOnly,omitempty"`
	PositionIdx *int         `json:"positionIdx,omitempty"`
	ClientID    string       `json:"orderLinkId,omitempty"`
}

// Place implements oms.Account. The answer is that the order was accepted: what becomes of
// it is on the stream, or asked for.
func (a *Account) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	oneWay := 0
	b := order{Category: api.Of(o.Venue), Symbol: o.Symbol, Side: "Buy", Type: "Limit", Qty: o.Qty.String(), Price: o.Price.String(), ClientID: o.ClientID,
		TIF: map[exchange.TimeInForce]string{exchange.IOC: "IOC", exchange.FOK: "FOK", exchange.PostOnly: "PostOnly"}[o.TIF]}
	if b.TIF == "" {
		b.TIF = "GTC"
	}
	if o.Side == exchange.Sell {
		b.Side = "Sell"
	}
	if o.Type == exchange.MarketOrder {
		b.Type, b.Price, b.TIF = "Market", "", "IOC"
		if b.Category == api.Spot {
			b.MarketUnit = "baseCoin"
		}
	}
	priority := limit.Open
	if b.Category != api.Spot {
		b.ReduceOnly, b.PositionIdx = o.ReduceOnly, &oneWay
	}
	if o.ReduceOnly {
		priority = limit.Hedge
	}
	r := oms.Report{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, Side: o.Side, Status: exchange.StatusAccepted, Price: o.Price, Qty: o.Qty, Time: a.Now()}
	return a.change(ctx, "place ", "/v5/order/create", &b, client.Order(string(b.Category)), priority, r)
}

// Cancel implements oms.Account. The answer is that the cancel was accepted.
func (a *Account) Cancel(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	b := order{Category: api.Of(o.Venue), Symbol: o.Symbol, ClientID: o.ClientID}
	r := oms.Report{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID, Status: exchange.StatusAccepted, Time: a.Now()}
	return a.change(ctx, "cancel ", "/v5/order/cancel", &b, client.Cancel(string(b.Category)), limit.Cancel, r)
}

// change sends an order or a cancel, whose answers are alike.
func (a *Account) change(ctx context.Context, what, path string, b *order, count client.Count, p limit.Priority, r oms.Report) (oms.Report, error) {
	body, err := json.Marshal(b)
	if err != nil {
		return oms.Report{}, err
	}
	q := client.Request{Venue: r.Venue, What: what + b.Symbol, Path: path, Body: body, Count: count, Priority: p}
	result, err := a.Do(ctx, q)
	if err != nil {
		return oms.Report{}, err
	}
	f := jsonscan.Object(result)
	for f.Next() {
		if string(f.Key()) == "orderId" {
			r.OrderID = f.Text()
		}
	}
	if f.Err() != nil || r.OrderID == "" {
		return oms.Report{}, q.Garbled(fmt.Errorf("no orderId (%w)", f.Err()))
	}
	return r, nil
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

// pageOfTime is the longest span that listings by time have.
const pageOfTime = 7 * exchange.Day

// kept is how long the venue keeps executions.
const kept = 2 * 365 * exchange.Day

// Executions implements oms.Account: by time, because ids say nothing of their order. What
// is not a trade, funding above all, is no execution here.
func (a *Account) Executions(ctx context.Context, v exchange.Venue, symbol string, from oms.Cursor) ([]oms.Execution, error) {
	now := a.Now()
	since := now - kept
	if from != "" {
		ns, err := strconv.ParseInt(string(from), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("cursor %q: want a time", from)
		}
		since = max(since, exchange.Time(ns))
	} else if v == "" {
		return nil, nil
	}
	var out []oms.Execution
	for begin := since / exchange.Millisecond * exchange.Millisecond; begin <= now; begin += pageOfTime {
		end := begin + pageOfTime - exchange.Millisecond
		q := a.question(v, "list executions of "+symbol, "/v5/execution/list", url.Values{"symbol": {symbol}, "limit": {"100"},
			"startTime": {milli(begin)}, "endTime": {milli(end)}})
		var closes []string
		err := a.Pages(ctx, q, func(raw []byte) error {
			e, kind, closing, err := decodeExecution(v, raw)
			if err != nil || !kind.trade() {
				return err
			}
			if closing {
				closes = append(closes, e.TradeID)
			}
			out = append(out, e)
			return nil
		})
		if err != nil {
			return nil, err
		}
		if len(closes) > 0 {
			if err := a.realise(ctx, v, begin, end, out); err != nil {
				return nil, err
			}
		}
	}
	slices.SortStableFunc(out, func(x, y oms.Execution) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, nil
}

// realise takes the profit of executions out of the transaction log, where a trade has its
// cash flow: the listing of executions does not tell it.
func (a *Account) realise(ctx context.Context, v exchange.Venue, begin, end exchange.Time, list []oms.Execution) error {
	q := a.logs(v, begin, end)
	q.Query.Set("category", string(api.Of(v)))
	return a.Pages(ctx, q, func(raw []byte) error {
		r, err := decodeLog(raw)
		for i := range list {
			if list[i].TradeID == r.tradeID && r.tradeID != "" {
				list[i].Realised = decimal.NewNullDecimal(r.cashFlow)
			}
		}
		return err
	})
}

func (a *Account) logs(v exchange.Venue, begin, end exchange.Time) client.Request {
	return client.Request{Venue: v, What: "list the transaction log", Path: "/v5/account/transaction-log", Count: client.Log, Priority: limit.Hedge,
		Query: url.Values{"accountType": {"UNIFIED"}, "limit": {"50"}, "startTime": {milli(begin)}, "endTime": {milli(end)}}}
}

func milli(t exchange.Time) string { return strconv.FormatInt(int64(t/exchange.Millisecond), 10) }

// Income implements oms.Incomes: all that the wallet was booked beside trades, of every
// category. The funding account has no such log.
func (a *Account) Income(ctx context.Context, w exchange.Wallet, since exchange.Time) (out []oms.Income, err error) {
	if w != api.Unified {
		return nil, nil
	}
	now := a.Now()
	for begin := max(since, now-kept); begin <= now; begin += pageOfTime {
		err := a.Pages(ctx, a.logs("", begin, begin+pageOfTime-exchange.Millisecond), func(raw []byte) error {
			r, err := decodeLog(raw)
			if err == nil {
				out = append(out, r.income())
			}
			return err
		})
		if err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(out, func(x, y oms.Income) int { return int(x.Time/exchange.Millisecond - y.Time/exchange.Millisecond) })
	return out, nil
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
