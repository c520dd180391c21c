// Package account is an account of Hyperliquid: orders, executions, funds, and its own
// stream. Perpetuals and spot are two wallets of one address.
package account

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/connect"
	"github.com/perilune/perilune/exchange/hyperliquid/api"
	"github.com/perilune/perilune/exchange/hyperliquid/client"
	"github.com/perilune/perilune/exchange/hyperliquid/feed"
	"github.com/perilune/perilune/exchange/hyperliquid/signing"
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
	slippage  decimal.Decimal
	traded    decimal.Decimal // by the account, in USDC, since it began
	replaced  replacements

	mu     sync.Mutex
	listed map[exchange.Venue]map[string]feed.Listed // by symbol
	asked  map[exchange.Venue]exchange.Time          // when

	stop  context.CancelFunc
	tasks sync.WaitGroup
	once  sync.Once
}

var (
	_ oms.Account   = (*Account)(nil)
	_ oms.Incomes   = (*Account)(nil)
	_ oms.Transfers = (*Account)(nil)
	_ oms.DeadMan   = (*Account)(nil)
	_ oms.Amender   = (*Account)(nil)
	_ oms.Batcher   = (*Account)(nil)
)

// Options of an Account beside those of its client.
type Options struct {
	Attempts *wire.Attempts
	// Slippage is how far from the middle of the book a market order may fill, which the
	// venue has no order for: it is a limit that is not to rest. 0: 5 %, as in its SDK.
	Slippage decimal.Decimal
}

// Open compares the clocks, learns the numbers of instruments and what the account has
// traded, and returns when actions can be signed.
func Open(ctx context.Context, co client.Options, o Options) (*Account, error) {
	c, err := client.New(co)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	a := &Account{Client: c, attempts: o.Attempts, log: co.Log, slippage: o.Slippage, listed: map[exchange.Venue]map[string]feed.Listed{}, asked: map[exchange.Venue]exchange.Time{}}
	if a.log == nil {
		a.log = func(string) {}
	}
	if a.slippage.IsZero() {
		a.slippage = decimal.New(5, -2)
	}
	if a.endpoints, err = co.Endpoints.Complete(); err != nil {
		return nil, err
	}
	if err := c.Sync(ctx); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	for _, v := range api.Segments {
		if err := a.list(ctx, v); err != nil {
			return nil, fmt.Errorf("account: %w", err)
		}
	}
	if err := a.learn(ctx); err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	used, err := a.Used(ctx)
	if err != nil {
		return nil, fmt.Errorf("account: %w", err)
	}
	a.traded = used.Traded.Decimal
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

// Used is what an address has of the venue's limits.
type Used struct {
	Traded jsonscan.Amount `json:"cumVlm"`
	Used   int64           `json:"nRequestsUsed"`
	Most   int64           `json:"nRequestsCap"`
}

// Used asks what the account has used up.
func (a *Account) Used(ctx context.Context) (u Used, err error) {
	err = a.Ask(ctx, "", "ask what was used of the limits", &u, client.Heavy, client.Ask("userRateLimit", user(a)))
	return u, err
}

func user(a *Account) signing.Field { return signing.Field{Name: "user", Value: a.User()} }

// Ask asks a question about the account and reads its answer.
func (a *Account) Ask(ctx context.Context, v exchange.Venue, what string, to any, weight int, body signing.Object) error {
	q := client.Question{Venue: v, What: what, Body: body, Weight: weight, Priority: limit.Hedge}
	answer, err := a.Info(ctx, q)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(answer, to); err != nil {
		return q.Fault(exchange.ErrUnavailable, fmt.Errorf("the answer makes no sense: %w", err))
	}
	return nil
}

// TradedForSwitch is what an account must have traded before the venue lets it schedule a
// cancel. Source: the venue's refusal, "Cannot set scheduled cancel time until enough
// volume traded. Required: $1000000."; the manual does not tell.
var TradedForSwitch = decimal.NewFromInt(1_000_000)

// shortest is the countdown that the venue takes, and some for the way. Source: the
// manual, "Schedule cancel": at least 5 s ahead.
const shortest = 6 * exchange.Second

// Profile implements oms.Account. Orders of a client id that was used are other orders, as
// far as is known: nothing says that they are refused.
func (a *Account) Profile() oms.Profile {
	p := oms.Profile{Window: a.Window(), ClientID: wrongClientID, Reuses: true, Lacks: []exchange.TimeInForce{exchange.FOK}, MarkTransfer: api.MarkTransfer, Route: a.route,
		Income: []exchange.Wallet{api.SpotWallet, api.PerpWallet}}
	for _, v := range api.Segments {
		s := oms.Segment{Venue: v, Wallets: []exchange.Wallet{exchange.Wallet(v)}, Spot: v == api.Spot}
		if a.traded.GreaterThanOrEqual(TradedForSwitch) {
			s.Switch, s.Countdown = oms.SwitchAccount, oms.Countdown{Least: shortest}
		}
		p.Segments = append(p.Segments, s)
	}
	return p
}

func wrongClientID(id string) string {
	if api.CloidOf(id) != "" {
		return ""
	}
	return fmt.Sprintf("want 1 to %d of a-z, 0-9 and -", api.LongestID)
}

// list asks for the numbers of a segment's instruments.
func (a *Account) list(ctx context.Context, v exchange.Venue) error {
	list, err := feed.List(ctx, a.Client, v, func(connect.Notice) {})
	if err != nil {
		return err
	}
	of := make(map[string]feed.Listed, len(list))
	for _, l := range list {
		of[l.Instrument.Symbol] = l
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	a.listed[v], a.asked[v] = of, a.Now()
	return nil
}

// find is an instrument by its symbol; the listing is asked for anew when it lacks it, at
// most every minute.
func (a *Account) find(ctx context.Context, v exchange.Venue, symbol string) (feed.Listed, bool) {
	a.mu.Lock()
	l, ok := a.listed[v][symbol]
	due := a.asked[v]+exchange.Minute < a.Now()
	a.mu.Unlock()
	if ok || !due || a.list(ctx, v) != nil {
		return l, ok
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	l, ok = a.listed[v][symbol]
	return l, ok
}

// order is an order by the venue's numbers.
func (a *Account) order(ctx context.Context, o *oms.Order) (out signing.Order, err error) {
	l, ok := a.find(ctx, o.Venue, o.Symbol)
	if !ok {
		return out, fmt.Errorf("%s is not listed", o.Symbol)
	}
	tif, ok := map[exchange.TimeInForce]signing.Tif{0: signing.Gtc, exchange.GTC: signing.Gtc, exchange.IOC: signing.Ioc, exchange.PostOnly: signing.Alo}[o.TIF]
	if !ok && o.Type != exchange.MarketOrder {
		return out, fmt.Errorf("the venue has no %s orders: use ioc", o.TIF)
	}
	out = signing.Order{Asset: l.Asset, Buy: o.Side == exchange.Buy, Price: o.Price, Size: o.Qty, ReduceOnly: o.ReduceOnly && o.Venue != api.Spot, Tif: tif, Cloid: api.CloidOf(o.ClientID)}
	if _, whole := l.Instrument.Lot.Exact(o.Qty); !whole || !o.Qty.IsPositive() {
		return out, fmt.Errorf("quantity %s of %s: want whole lots of %s", o.Qty, o.Symbol, l.Instrument.Lot)
	}
	if o.Type != exchange.MarketOrder {
		return out, nil
	}
	out.Tif = signing.Ioc
	out.Price, err = a.far(ctx, l.Instrument, o.Side)
	return out, err
}

// far is the price of a market order.
func (a *Account) far(ctx context.Context, in *exchange.Instrument, side exchange.Side) (decimal.Decimal, error) {
	var mids map[string]jsonscan.Amount
	if err := a.Ask(ctx, in.Venue, "ask the prices", &mids, client.Light, client.Ask("allMids")); err != nil {
		return decimal.Zero, err
	}
	mid := mids[in.Symbol].Decimal
	if !mid.IsPositive() {
		return mid, fmt.Errorf("%s has no price for a market order", in.Symbol)
	}
	ticks := in.Tick.Floor(mid.Mul(decimal.NewFromInt(1).Add(a.slippage.Mul(decimal.NewFromInt(int64(side))))))
	return in.PriceDecimal(in.OnGrid(side.Opposite(), exchange.Ticks(max(1, ticks)))), nil
}

// Place implements oms.Account. The answer says what became of the order at once.
func (a *Account) Place(ctx context.Context, o oms.Order) (oms.Report, error) {
	results, err := a.PlaceBatch(ctx, o.Venue, []oms.Order{o})
	if err != nil {
		return oms.Report{}, err
	}
	return results[0].Report, results[0].Err
}

// mostBatch is how many orders one request has: a weight of one more.
const mostBatch = 40

// PlaceBatch implements oms.Batcher. What can't be an order is not sent; the rest is one
// action.
func (a *Account) PlaceBatch(ctx context.Context, v exchange.Venue, list []oms.Order) ([]oms.Result, error) {
	results := make([]oms.Result, len(list))
	for from := 0; from < len(list); from += mostBatch {
		part := list[from:min(from+mostBatch, len(list))]
		if err := a.placePart(ctx, v, part, results[from:]); err != nil {
			if from == 0 {
				return nil, err
			}
			for i := range part {
				results[from+i].Err = err
			}
		}
	}
	return results, nil
}

func (a *Account) placePart(ctx context.Context, v exchange.Venue, list []oms.Order, results []oms.Result) error {
	act := client.Action{Venue: v, What: "place " + list[0].Symbol, Pool: client.Orders, Priority: limit.Open}
	var orders []signing.Order
	var places []int
	for i := range list {
		if list[i].ReduceOnly {
			act.Priority = limit.Hedge
		}
		o, err := a.order(ctx, &list[i])
		if err != nil {
			results[i].Err = asked(&act, err)
			continue
		}
		orders, places = append(orders, o), append(places, i)
	}
	if len(orders) == 0 {
		return nil
	}
	act.Parts = len(orders)
	act.Make = func(uint64) signing.Object { return signing.Place(orders...) }
	statuses, err := a.Do(ctx, act)
	if err != nil {
		return err
	}
	if len(statuses) != len(orders) {
		return act.Garbled(fmt.Errorf("%d statuses of %d orders", len(statuses), len(orders)))
	}
	for n, i := range places {
		results[i].Report, results[i].Err = a.placed(&act, &list[i], statuses[n])
	}
	return nil
}

// asked is an error before an action was sent: of a question that it needed, or of what was
// wanted.
func asked(act *client.Action, err error) error {
	if v := (*exchange.VenueError)(nil); errors.As(err, &v) {
		return v
	}
	return act.Fault(exchange.ErrRefused, err)
}

// Cancel implements oms.Account. The answer is that the order is canceled, and not what it
// had filled: its report follows.
func (a *Account) Cancel(ctx context.Context, o oms.OrderRef) (oms.Report, error) {
	results, err := a.CancelBatch(ctx, o.Venue, []oms.OrderRef{o})
	if err != nil {
		return oms.Report{}, err
	}
	return results[0].Report, results[0].Err
}

// CancelBatch implements oms.Batcher. Orders of ours are canceled by one action; each that
// has no id of ours, by one of its own.
func (a *Account) CancelBatch(ctx context.Context, v exchange.Venue, list []oms.OrderRef) ([]oms.Result, error) {
	results := make([]oms.Result, len(list))
	act := client.Action{Venue: v, What: "cancel " + list[0].Symbol, Pool: client.Cancels, Priority: limit.Cancel}
	var named []signing.Named
	var places []int
	for i := range list {
		l, ok := a.find(ctx, v, list[i].Symbol)
		if cloid := cloidOf(list[i].ClientID); ok && cloid != "" {
			named, places = append(named, signing.Named{Asset: l.Asset, Cloid: cloid}), append(places, i)
			continue
		}
		oid, err := strconv.ParseUint(list[i].OrderID, 10, 63)
		if !ok || err != nil {
			results[i].Err = act.Fault(exchange.ErrNotFound, fmt.Errorf("order %q, %q of %s: want an id of a symbol that is listed", list[i].ClientID, list[i].OrderID, list[i].Symbol))
			continue
		}
		a.cancel(ctx, act, signing.Cancel(l.Asset, oid), list[i:i+1], results[i:i+1])
	}
	if len(named) == 0 {
		return results, nil
	}
	refs, of := make([]oms.OrderRef, len(places)), make([]oms.Result, len(places))
	for n, i := range places {
		refs[n] = list[i]
	}
	a.cancel(ctx, act, signing.CancelByCloid(named...), refs, of)
	for n, i := range places {
		results[i] = of[n]
	}
	return results, nil
}

// cancel sends a cancel of some orders.
func (a *Account) cancel(ctx context.Context, act client.Action, object signing.Object, list []oms.OrderRef, results []oms.Result) {
	act.Parts, act.Make = len(list), func(uint64) signing.Object { return object }
	statuses, err := a.Do(ctx, act)
	if err == nil && len(statuses) != len(list) {
		err = act.Garbled(fmt.Errorf("%d statuses of %d cancels", len(statuses), len(list)))
	}
	for i := range list {
		o := &list[i]
		switch {
		case err != nil:
			results[i].Err = err
		case string(statuses[i]) == `"success"`:
			results[i].Report = oms.Report{Venue: act.Venue, Symbol: o.Symbol, ClientID: o.ClientID, OrderID: o.OrderID, Status: exchange.StatusAccepted, Time: a.Now()}
		default:
			results[i].Err = a.Refusal(&act, errorOf(statuses[i]))
		}
	}
}

// ArmDeadMan implements oms.DeadMan: one switch covers the account. It may strike ten times
// a day.
func (a *Account) ArmDeadMan(ctx context.Context, v exchange.Venue, _ string, countdown exchange.Time) error {
	act := client.Action{Venue: v, What: "arm the dead man's switch", Pool: client.Cancels, Priority: limit.Cancel}
	act.Make = func(uint64) signing.Object {
		if countdown == 0 {
			return signing.ScheduleCancel(0)
		}
		return signing.ScheduleCancel(uint64((a.Now() + max(countdown, shortest)) / exchange.Millisecond))
	}
	_, err := a.Do(ctx, act)
	return err
}
