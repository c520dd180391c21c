package paper

import (
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// btcUniverse is one coin on three markets, with round rules.
func btcUniverse(t testing.TB) *exchange.Universe {
	t.Helper()
	brackets := []exchange.Bracket{
		{Cap: dec("50000"), MMR: dec("0.004"), MaxLeverage: 125},
		{Cap: dec("250000"), MMR: dec("0.005"), Cum: dec("50"), MaxLeverage: 100},
		{Cap: dec("1000000"), MMR: dec("0.01"), Cum: dec("1300"), MaxLeverage: 50},
		{Cap: dec("10000000"), MMR: dec("0.025"), Cum: dec("16300"), MaxLeverage: 20},
	}
	perp := exchange.Instrument{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
		Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), MinNotional: dec("5"), MaxQty: 1_000_000,
		PriceUp: dec("1.05"), PriceDown: dec("0.95"), TakeBound: dec("0.05"),
		MakerFee: dec("0.0002"), TakerFee: dec("0.0005"), FundingHours: 8, Brackets: brackets}
	eth := perp
	eth.Symbol, eth.Base = "ETHUSDT", "ETH"
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT",
			Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.00001"), MinNotional: dec("5"), MinQty: 10,
			PriceUp: dec("1.2"), PriceDown: dec("0.8"), MakerFee: dec("0.001"), TakerFee: dec("0.001")},
		perp, eth, dated(perp),
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD",
			Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), ContractSize: dec("100"),
			MakerFee: dec("0.0002"), TakerFee: dec("0.0005"), FundingHours: 8,
			Brackets: []exchange.Bracket{{Cap: dec("100000"), MMR: dec("0.004"), MaxLeverage: 125}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// dated is a future on the terms of a perpetual that is delivered ten minutes after
// a test begins.
func dated(perp exchange.Instrument) exchange.Instrument {
	perp.Symbol, perp.Delivery = "BTCUSDT_260101", exchange.Date(2026, 1, 1)+10*exchange.Minute
	perp.FundingHours = 0
	return perp
}

// bench is a venue with the books that a core would keep, and a log of what it
// said.
type bench struct {
	t     testing.TB
	u     *exchange.Universe
	books []*book.Book
	v     *Venue
	now   exchange.Time
	last  exchange.OrderID
	moves uint64
	heard []exchange.Event
}

func newBench(t testing.TB, u *exchange.Universe, opt Options) *bench {
	t.Helper()
	d := &bench{t: t, u: u, now: exchange.Date(2026, 1, 1)}
	for _, in := range u.All() {
		d.books = append(d.books, book.New(in))
	}
	opt.Universe = u
	opt.Books = func(id exchange.InstrumentID) *book.Book { return d.books[id] }
	v, err := New(opt)
	if err != nil {
		t.Fatal(err)
	}
	d.v = v
	return d
}

func (d *bench) find(key string) *exchange.Instrument {
	d.t.Helper()
	in, err := d.u.Lookup(key)
	if err != nil {
		d.t.Fatal(err)
	}
	return in
}

// market shows an event to the book and then to the venue, as the loop does.
func (d *bench) market(in *exchange.Instrument, ev exchange.Event) {
	ev.Instrument, ev.Time = in.ID, d.now
	ev.PrevID = d.books[in.ID].LastID()
	ev.FirstID, ev.LastID = ev.PrevID+1, ev.PrevID+1
	d.books[in.ID].Apply(&ev)
	d.v.Market(&ev)
}

// until advances the clock and collects what the venue says on the way.
func (d *bench) until(t exchange.Time) {
	for {
		at, ok := d.v.NextTime()
		if !ok || at > t {
			break
		}
		var ev exchange.Event
		d.v.Pop(&ev)
		if ev.Time != at {
			d.t.Fatalf("NextTime said %s, the event is of %s", at, ev.Time)
		}
		d.heard = append(d.heard, ev)
	}
	d.now = max(d.now, t)
}

func (d *bench) submit(o exchange.Order) exchange.OrderID {
	d.last++
	o.ID = d.last
	d.v.Submit(&o, d.now)
	return o.ID
}

// level makes a level from decimal text.
func (d *bench) level(in *exchange.Instrument, price, qty string) exchange.Level {
	p, ok := in.Tick.Exact(dec(price))
	q, ok2 := in.Lot.Exact(dec(qty))
	if !ok || !ok2 {
		d.t.Fatalf("%s %s is off the grid of %s", price, qty, in.Key())
	}
	return exchange.Level{Price: exchange.Ticks(p), Qty: exchange.Lots(q)}
}
