package account_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/binance/account"
	"github.com/perilune/perilune/exchange/binance/api"
	"github.com/perilune/perilune/exchange/binance/simtest"
	"github.com/perilune/perilune/exchange/oms"
	"github.com/perilune/perilune/exchange/sign"
	"github.com/perilune/perilune/exchange/simserver"
	"github.com/perilune/perilune/exchange/wire"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a local exchange on real sockets, whose market stands still until it
// is advanced.
type bench struct {
	t *testing.T
	*simtest.Exchange
	conditionals chan account.Conditional // what became of them
}

func running(t *testing.T) *bench {
	t.Helper()
	start := exchange.Date(2026, 3, 2) + 7*exchange.Hour
	return &bench{t: t, conditionals: make(chan account.Conditional, 100), Exchange: simtest.Start(t, simtest.Options{Seed: 1, Start: start, Step: exchange.Second, Begin: start + 10*exchange.Minute})}
}

func (b *bench) ed25519() sign.Key {
	return sign.Key{API: sign.NewSecret(b.Keys.Ed25519.Key), Secret: sign.NewSecret(b.Keys.Ed25519.PrivateKey)}
}

// client opens a client of the first account.
func (b *bench) client(change func(*account.Options)) *account.Client {
	b.t.Helper()
	o := account.Options{Key: b.HMAC(), Endpoints: b.Endpoints(), Log: func(s string) { b.t.Log(s) },
		Conditional: func(o account.Conditional) { b.conditionals <- o }}
	if change != nil {
		change(&o)
	}
	c, err := account.Open(context.Background(), o)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { c.Close() })
	return c
}

// conditional waits for what becomes of a conditional order.
func (b *bench) conditional(m api.Market, id int64, status string) {
	b.t.Helper()
	for late := time.After(time.Minute); ; {
		select {
		case o := <-b.conditionals:
			if o.Market == m && o.AlgoID == id && o.Status == status {
				return
			}
		case <-late:
			b.t.Fatalf("nobody tells that conditional order %d is %s", id, status)
		}
	}
}

// connected waits for the lines, without which orders go by REST.
func (b *bench) connected(c *account.Client) {
	b.t.Helper()
	deadline := time.Now().Add(time.Minute)
	for _, h := range c.Health() {
		for ; !h.Connected; h = find(c.Health(), h.Name) {
			if time.Now().After(deadline) {
				b.t.Fatalf("no connection: %+v", h)
			}
			time.Sleep(time.Millisecond)
		}
	}
}

func find(all []wire.Health, name string) wire.Health {
	return all[slices.IndexFunc(all, func(h wire.Health) bool { return h.Name == name })]
}

func (b *bench) advance(d exchange.Time) {
	b.t.Helper()
	if err := b.Sim.Advance(d); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) arm(f simserver.Fault) {
	b.t.Helper()
	if err := b.Sim.Arm(f); err != nil {
		b.t.Fatal(err)
	}
}

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// A resting order far from the market, and one that fills at once, per market.
// Prices are synth's: BTC near 60 000.
var bids = []oms.Order{
	{Venue: api.Spot.Venue(), Symbol: "BTCUSDT", ClientID: "rest-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly, Price: dec("40000"), Qty: dec("0.01")},
	{Venue: api.USDM.Venue(), Symbol: "BTCUSDT", ClientID: "rest-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly, Price: dec("40000"), Qty: dec("0.01")},
	{Venue: api.COINM.Venue(), Symbol: "BTCUSD_PERP", ClientID: "rest-1", Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly, Price: dec("40000"), Qty: dec("3")},
}

func fault(t *testing.T, err error) *exchange.VenueError {
	t.Helper()
	var f *exchange.VenueError
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a *exchange.VenueError", err)
	}
	return f
}

// everyEntry runs a test with both kinds of key and both ways in.
func everyEntry(t *testing.T, test func(*testing.T, *bench, *account.Client)) {
	for _, entry := range []string{account.EntryREST, account.EntryWS} {
		for _, kind := range []string{"hmac", "ed25519"} {
			t.Run(entry+"/"+kind, func(t *testing.T) {
				b := running(t)
				c := b.client(func(o *account.Options) {
					o.Entry = entry
					if kind == "ed25519" {
						o.Key = b.ed25519()
					}
				})
				b.connected(c)
				test(t, b, c)
				replies := uint64(0)
				for _, h := range c.Health() {
					replies += h.Messages
				}
				logons := uint64(0)
				if kind == "ed25519" {
					logons = uint64(len(api.Markets))
				}
				if entry == account.EntryWS && replies < logons+3 {
					t.Errorf("%d replies: the requests went by REST, which proves nothing", replies)
				}
			})
		}
	}
}

func TestOrdersInEveryMarket(t *testing.T) {
	everyEntry(t, func(t *testing.T, b *bench, c *account.Client) {
		for _, o := range bids {
			restAndCancel(t, c, o)
			fillAndList(t, c, o)
		}
	})
}

// restAndCancel places an order that rests, finds it in every way, and cancels
// it twice.
func restAndCancel(t *testing.T, c *account.Client, o oms.Order) {
	ctx := context.Background()
	placed, err := c.Place(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	want := func(what string, r oms.Report, err error, status exchange.OrderStatus) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v %s: %v", o.Venue, what, err)
		}
		if r.Venue != o.Venue || r.Symbol != o.Symbol || r.ClientID != o.ClientID || r.OrderID != placed.OrderID || r.Side != o.Side ||
			r.Status != status || !r.Price.Equal(o.Price) || !r.Qty.Equal(o.Qty) || !r.Filled.IsZero() || r.Time == 0 || r.Executions != nil {
			t.Errorf("%v %s: %+v", o.Venue, what, r)
		}
	}
	want("place", placed, nil, exchange.StatusAccepted)
	r, err := c.Query(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
	want("query", r, err, exchange.StatusAccepted)
	open, err := c.OpenOrders(ctx, o.Venue)
	if err != nil || len(open) != 1 {
		t.Fatalf("open orders: %v %v", open, err)
	}
	want("open orders", open[0], nil, exchange.StatusAccepted)
	_, err = c.Place(ctx, o)
	if f := fault(t, err); f.Class != exchange.ErrDuplicate {
		t.Errorf("%v: the same client id again: %+v", o.Venue, f)
	}
	r, err = c.Cancel(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
	want("cancel", r, err, exchange.StatusCanceled)
	_, err = c.Cancel(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: o.ClientID})
	if f := fault(t, err); f.Class != exchange.ErrAlreadyFinal || f.Code != "-2011" {
		t.Errorf("%v: cancelled twice: %+v", o.Venue, f)
	}
	_, err = c.Query(ctx, oms.OrderRef{Venue: o.Venue, Symbol: o.Symbol, ClientID: "never-sent"})
	if f := fault(t, err); f.Class != exchange.ErrNotFound || f.Code != "-2013" {
		t.Errorf("%v: an order never sent: %+v", o.Venue, f)
	}
}

// fillAndList buys at the market and finds the fill, the money and the position.
func fillAndList(t *testing.T, c *account.Client, o oms.Order) {
	ctx := context.Background()
	before, err := c.Executions(ctx, o.Venue, o.Symbol, "")
	if err != nil || len(before) != 0 {
		t.Fatalf("trades before: %v %v", before, err)
	}
	o.ClientID, o.Type, o.TIF, o.Price = "market-1", exchange.MarketOrder, exchange.IOC, decimal.Zero
	r, err := c.Place(ctx, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Status != exchange.StatusFilled || !r.Filled.Equal(o.Qty) || r.ClientID != o.ClientID {
		t.Errorf("%v: market order: %+v", o.Venue, r)
	}
	trades, err := c.Executions(ctx, o.Venue, o.Symbol, "")
	if err != nil {
		t.Fatal(err)
	}
	sum := decimal.Zero
	for _, x := range trades {
		sum = sum.Add(x.Qty)
		if x.Venue != o.Venue || x.Symbol != o.Symbol || x.OrderID != r.OrderID || x.Side != exchange.Buy || x.Maker ||
			!x.Price.IsPositive() || !x.Fee.IsPositive() || x.FeeAsset == "" || x.Time == 0 || x.TradeID == "" {
			t.Errorf("%v: trade %+v", o.Venue, x)
		}
	}
	if !sum.Equal(o.Qty) {
		t.Errorf("%v: trades sum up to %s, want %s", o.Venue, sum, o.Qty)
	}
	last := trades[len(trades)-1]
	from := c.Profile().Cursor(last.TradeID, last.Time)
	if rest, err := c.Executions(ctx, o.Venue, o.Symbol, from); err != nil || len(rest) != 1 || rest[0].TradeID != last.TradeID {
		t.Errorf("%v: trades from the last on: %v %v", o.Venue, rest, err)
	}
	checkFunds(t, c, o)
}

func checkFunds(t *testing.T, c *account.Client, o oms.Order) {
	ctx := context.Background()
	balances, err := c.Balances(ctx, exchange.Wallet(o.Venue))
	if err != nil || len(balances) == 0 {
		t.Fatalf("%v: balances %v %v", o.Venue, balances, err)
	}
	for _, b := range balances {
		if b.Wallet != exchange.Wallet(o.Venue) || b.Asset == "" || !b.Total.IsPositive() || b.Free.GreaterThan(b.Total.Add(dec("1000"))) {
			t.Errorf("%v: balance %+v", o.Venue, b)
		}
	}
	positions, err := c.Positions(ctx, o.Venue)
	if err != nil {
		t.Fatal(err)
	}
	if o.Venue == api.Spot.Venue() {
		if len(positions) != 0 {
			t.Errorf("spot has positions: %v", positions)
		}
		return
	}
	if len(positions) != 1 || positions[0].Symbol != o.Symbol || !positions[0].Qty.Equal(o.Qty) || !positions[0].Entry.IsPositive() {
		t.Errorf("%v: positions %+v, want %s of %s", o.Venue, positions, o.Qty, o.Symbol)
	}
	income, err := c.Income(ctx, api.Of(o.Venue).Wallet(), 0)
	if err != nil || len(income) == 0 {
		t.Fatalf("%v: income %v %v", o.Venue, income, err)
	}
	if row := income[0]; row.Name != "COMMISSION" || !row.Amount.IsNegative() || row.Symbol != o.Symbol || row.ID == "" || row.Time == 0 {
		t.Errorf("%v: income %+v", o.Venue, row)
	}
}

func TestTransfers(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	ctx := context.Background()
	id, err := c.Transfer(ctx, oms.TransferOrder{Asset: "USDT", From: api.Spot.Wallet(), To: api.USDM.Wallet(), Amount: dec("12.5")})
	if err != nil || id == "" {
		t.Fatalf("transfer: %s %v", id, err)
	}
	rows, err := c.TransferHistory(ctx, api.Spot.Wallet(), api.USDM.Wallet(), 0)
	if err != nil || len(rows) != 1 {
		t.Fatalf("rows: %v %v", rows, err)
	}
	if m := rows[0]; m.ID != id || m.Asset != "USDT" || !m.Amount.Equal(dec("12.5")) || !m.Done || m.Failed || m.From != api.Spot.Wallet() || m.To != api.USDM.Wallet() || m.Time == 0 {
		t.Errorf("transfer %+v", m)
	}
	if back, err := c.TransferHistory(ctx, api.USDM.Wallet(), api.Spot.Wallet(), 0); err != nil || len(back) != 0 {
		t.Errorf("rows back: %v %v", back, err)
	}
	_, err = c.Transfer(ctx, oms.TransferOrder{Asset: "USDT", From: api.Spot.Wallet(), To: api.USDM.Wallet(), Amount: dec("1e9")})
	if f := fault(t, err); f.Class != exchange.ErrFunds || f.Code != "-5013" {
		t.Errorf("too much: %+v", f)
	}
	_, err = c.Transfer(ctx, oms.TransferOrder{Asset: "USDT", From: api.USDM.Wallet(), To: api.COINM.Wallet(), Amount: dec("1")})
	if f := fault(t, err); f.Class != exchange.ErrRefused || f.HTTP != 0 {
		t.Errorf("no such way: %+v", f)
	}
}

func TestCountdown(t *testing.T) {
	b := running(t)
	c := b.client(nil)
	ctx := context.Background()
	for _, o := range bids[1:] {
		if err := c.ArmDeadMan(ctx, o.Venue, o.Symbol, 30*exchange.Second); err != nil {
			t.Error(err)
		}
		if err := c.ArmDeadMan(ctx, o.Venue, o.Symbol, 0); err != nil {
			t.Error(err)
		}
	}
	if f := fault(t, c.ArmDeadMan(ctx, api.Spot.Venue(), "BTCUSDT", exchange.Second)); f.Class != exchange.ErrRefused {
		t.Errorf("spot: %+v", f)
	}
}
