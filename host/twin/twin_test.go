package twin

import (
	"math"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/paper"
)

// bench is a twin on one perpetual, whose book shows 10 at 100.0 and 10 at 100.1.
type bench struct {
	t    *testing.T
	in   *exchange.Instrument
	book *book.Book
	twin *Twin
	now  exchange.Time
}

func newBench(t *testing.T) *bench {
	u, err := exchange.NewUniverse([]exchange.Instrument{{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.1"), TakerFee: decimal.New(5, -4), MakerFee: decimal.New(2, -4), FundingHours: 8,
		Brackets: []exchange.Bracket{{Cap: decimal.New(1, 9), MMR: decimal.New(4, -3), MaxLeverage: 50}}}})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, in: u.Get(0), now: exchange.Date(2026, 1, 1)}
	b.book = book.New(b.in)
	b.twin, err = New(Options{Universe: u, Books: func(exchange.InstrumentID) *book.Book { return b.book }, Paper: paper.Options{Latency: paper.Latency{Model: "none"}},
		Account: &paper.Account{Balances: []paper.Deposit{{Wallet: b.in.Wallet, Asset: "USDT", Amount: decimal.New(1, 6)}}}}, b.now)
	if err != nil {
		t.Fatal(err)
	}
	b.market(exchange.Event{Kind: exchange.KindSnapshot, LastID: 1, Bids: []exchange.Level{{Price: 1000, Qty: 100}}, Asks: []exchange.Level{{Price: 1001, Qty: 100}}})
	return b
}

func (b *bench) market(ev exchange.Event) {
	b.now += exchange.Second
	ev.Instrument, ev.Time = b.in.ID, b.now
	b.book.Apply(&ev)
	b.twin.Market(&ev)
}

func (b *bench) send(id exchange.OrderID, tif exchange.TimeInForce, price exchange.Ticks) {
	b.twin.Sent(&exchange.Order{ID: id, ClientID: "c", Instrument: b.in.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: tif, Price: price, Qty: 20}, b.now)
}

func (b *bench) real(id exchange.OrderID, price exchange.Ticks, q exchange.Lots, maker bool) {
	b.now += exchange.Second
	fee := b.in.Notional(price, q).Mul(decimal.New(5, -4))
	b.twin.Heard(&exchange.Event{Kind: exchange.KindFill, Instrument: b.in.ID, Time: b.now,
		Fill: &exchange.Fill{Order: id, Instrument: b.in.ID, Side: exchange.Buy, Price: price, Qty: q, Maker: maker, Fee: fee, FeeAsset: "USDT"}})
}

// Two orders by hand: one takes 2 coins at 100.1 on paper and at 100.2 at the venue, which is
// 10 bp of 100.2 worse; one rests, which the venue fills whole and paper not before its grace is
// over, when it is canceled.
func TestReportByHand(t *testing.T) {
	b := newBench(t)
	b.send(1, exchange.IOC, 1002)
	b.real(1, 1002, 20, false)
	b.send(2, exchange.GTC, 1000)
	b.real(2, 1000, 20, true)
	for range 70 {
		b.market(exchange.Event{Kind: exchange.KindTrade, Side: exchange.Buy, Price: 1001, Qty: 1})
	}
	r := b.twin.Report()
	if r.Orders != 2 || r.Left != 0 || len(r.Rows) != 2 {
		t.Fatalf("orders %d, left %d", r.Orders, r.Left)
	}
	want := 1e4 * 0.1 / 100.2
	if g := r.Taking; g.Orders != 1 || g.Real.Filled != 1 || g.Paper.Filled != 1 || math.Abs(g.PriceError-want) > 1e-9 || g.Real.FirstFill != 1 || g.Paper.FirstFill != 0 {
		t.Errorf("taking: %+v, want paper better by %g bp", g, want)
	}
	if g := r.Resting; g.Orders != 1 || g.Real.Filled != 1 || g.Paper.Filled != 0 || g.OnlyReal != 1 || g.FillError != 1 || !math.IsNaN(g.PriceError) {
		t.Errorf("resting: %+v", g)
	}
	if s := r.Rows[1].Pair.Paper.Status; s != exchange.StatusCanceled {
		t.Errorf("the paper order that was left is %s", s)
	}
	// At 100.05: real 2×(100.05−100.2) + 2×(100.05−100) less fees of 0.1002 + 0.1; paper 2×(100.05−100.1) less 0.1001.
	if m := r.Money; len(m) != 1 || !m[0].Real.Equal(decimal.RequireFromString("-0.4002")) || !m[0].Paper.Equal(decimal.RequireFromString("-0.2001")) {
		t.Errorf("profit %+v", m)
	}
}

// What is drawn from a latency has its round trips measured, and fitted by them it is found
// again.
func TestFitLatency(t *testing.T) {
	truth := paper.Latency{Model: "lognormal", Min: 3 * exchange.Millisecond, Median: 15 * exchange.Millisecond, P99: 90 * exchange.Millisecond}
	var trips []exchange.Time
	for id := range uint64(3000) {
		trips = append(trips, truth.Delay(9, id, paper.ToVenue)+truth.Delay(9, id, paper.FromVenue))
	}
	l, err := FitLatency(trips)
	if err != nil {
		t.Fatal(err)
	}
	near := func(a, b exchange.Time) bool { return math.Abs(float64(a-b)) < 0.2*float64(b) }
	if !near(l.Median, truth.Median) || !near(l.P99, truth.P99) {
		t.Errorf("found %s of %s", l, truth)
	}
	if _, err := FitLatency(trips[:Least-1]); err == nil {
		t.Error("fitted by too little")
	}
}

// An order that the venue makes smaller is over once so much of it is filled, at both venues.
func TestAnOrderMadeSmallerEndsAtItsNewSize(t *testing.T) {
	b := newBench(t)
	b.send(1, exchange.GTC, 1000)
	b.market(exchange.Event{Kind: exchange.KindTrade, Side: exchange.Buy, Price: 1001, Qty: 1})
	b.twin.Shrink(1, 5, b.now)
	b.twin.Heard(&exchange.Event{Kind: exchange.KindOrder, Instrument: b.in.ID, Time: b.now, Update: exchange.OrderUpdate{ID: 1, Status: exchange.StatusAccepted, Qty: 5}})
	b.real(1, 1000, 5, true)
	b.market(exchange.Event{Kind: exchange.KindTrade, Side: exchange.Sell, Price: 999, Qty: 200})
	b.market(exchange.Event{Kind: exchange.KindTrade, Side: exchange.Buy, Price: 1001, Qty: 1})
	r := b.twin.Report()
	if r.Left != 0 || len(r.Rows) != 1 {
		t.Fatalf("left %d of %d", r.Left, r.Orders)
	}
	if p := r.Rows[0].Pair; p.Real.Filled != 5 || p.Paper.Filled != 5 || p.Real.Status != exchange.StatusFilled || p.Paper.Status != exchange.StatusFilled {
		t.Errorf("real %+v, paper %+v", p.Real, p.Paper)
	}
}

// Models differ in how many orders are over at the end: a part goes as far as there are orders.
func TestPartOfFewerOrdersThanItsBounds(t *testing.T) {
	b := newBench(t)
	b.send(1, exchange.IOC, 1002)
	b.real(1, 1002, 20, false)
	b.market(exchange.Event{Kind: exchange.KindTrade, Side: exchange.Buy, Price: 1001, Qty: 1})
	r := b.twin.Report()
	if first, rest := r.Part(0, 28), r.Part(28, 40); first.Orders != 1 || first.Taking.Orders != 1 || rest.Orders != 0 || len(rest.Rows) != 0 {
		t.Errorf("%+v and %+v", first, rest)
	}
}
