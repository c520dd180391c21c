package core

import (
	"errors"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// script is a strategy made of functions.
type script struct {
	name  string
	subs  []string
	wants map[Handler]bool // nil: all
	call  func(*Port, *Callback) error
	state string
	next  Strategy // what Reload returns; nil: an error
}

func (s *script) Name() string            { return s.name }
func (s *script) Subscriptions() []string { return s.subs }
func (s *script) Wants(h Handler) bool    { return s.wants == nil || s.wants[h] }
func (s *script) State() ([]byte, error)  { return []byte(s.state), nil }
func (s *script) Close()                  {}
func (s *script) Call(p *Port, n *Callback) error {
	if s.call == nil {
		return nil
	}
	return s.call(p, n)
}
func (s *script) Restart(*Port) (Strategy, error) { return nil, nil }
func (s *script) Reload(*Port, *exchange.Reload) (Strategy, error) {
	if s.next == nil {
		return nil, errors.New("does not load")
	}
	return s.next, nil
}

func universe(t testing.TB) *exchange.Universe {
	t.Helper()
	fee := decimal.RequireFromString("0.001")
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.00001"), MinNotional: decimal.NewFromInt(5), MakerFee: fee, TakerFee: fee},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("0.001"), MinNotional: decimal.NewFromInt(100), FundingHours: 8},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "BTCUSD_PERP", Base: "BTC", Quote: "USD", Tick: exchange.MustStep("0.1"), Lot: exchange.MustStep("1"), ContractSize: decimal.NewFromInt(100)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// bench is a core and the effects of its last step.
type bench struct {
	t    testing.TB
	core *Core
	fx   []Effect
	now  exchange.Time
}

func newBench(t testing.TB, strategies ...Strategy) *bench {
	t.Helper()
	c, err := New(Config{Universe: universe(t)}, strategies, nil)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, core: c, now: exchange.Date(2026, 1, 5)}
	for _, w := range []exchange.Wallet{"spot", "usdm"} {
		b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: w, Asset: "USDT", Amount: decimal.NewFromInt(100000)})
	}
	return b
}

func (b *bench) step(ev exchange.Event) []Effect {
	ev.Time = b.now
	b.fx = b.fx[:0]
	b.core.Step(&ev, &b.fx)
	return b.fx
}

// book shows a book of one level a side.
func (b *bench) book(id exchange.InstrumentID, bid, ask exchange.Ticks, qty exchange.Lots) []Effect {
	return b.step(exchange.Event{Kind: exchange.KindSnapshot, Instrument: id, LastID: int64(b.now) + int64(b.core.Seq()), PrevID: -1,
		Bids: []exchange.Level{{Price: bid, Qty: qty}}, Asks: []exchange.Level{{Price: ask, Qty: qty}}})
}

// bodies are the effects of one kind.
func bodies[B Body](fx []Effect) []B {
	var out []B
	for _, e := range fx {
		if b, ok := e.Body.(B); ok {
			out = append(out, b)
		}
	}
	return out
}

func TestAFailingCallbackLeavesNothing(t *testing.T) {
	fail := true
	s := &script{name: "s", subs: []string{"spot:*"}, call: func(p *Port, n *Callback) error {
		if n.Handler != OnBook {
			return nil
		}
		p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 100, Qty: 1000000})
		p.SetTimer("t", p.Now()+1, 0)
		p.Chart("c", 1)
		if fail {
			return errors.New("boom")
		}
		return nil
	}}
	b := newBench(t, s)
	fx := b.book(0, 6000000, 6000001, 1000000)
	if n := len(bodies[Submit](fx)) + len(bodies[*ChartPoint](fx)); n != 0 {
		t.Errorf("%d effects of a callback that failed", n)
	}
	if _, armed := b.core.timers.next(); armed {
		t.Error("a timer of a callback that failed is armed")
	}
	fail = false
	b.now++
	fx = b.book(0, 6000000, 6000001, 1000000)
	orders := bodies[Submit](fx)
	if len(orders) != 1 || orders[0].Order.ClientID != "pl-1" {
		t.Errorf("after it, %d orders; the failed one must not have used up an id: %+v", len(orders), orders)
	}
}

func TestThreeErrorsInARowPause(t *testing.T) {
	calls := 0
	s := &script{name: "s", subs: []string{"*"}, wants: map[Handler]bool{OnBook: true}, call: func(*Port, *Callback) error {
		calls++
		return errors.New("boom")
	}}
	b := newBench(t, s)
	for range 5 {
		b.now++
		b.book(0, 6000000, 6000001, 1)
	}
	if calls != 3 || b.core.strategies.Paused(0) == "" {
		t.Errorf("called %d times, paused %q; want 3 and a reason", calls, b.core.strategies.Paused(0))
	}
	s.next = &script{name: "s", subs: []string{"*"}, call: func(*Port, *Callback) error { calls = 100; return nil }}
	b.step(exchange.Event{Kind: exchange.KindReload, Reload: &exchange.Reload{}})
	b.now++
	b.book(0, 6000000, 6000001, 1)
	if calls != 100 || b.core.strategies.Paused(0) != "" {
		t.Errorf("a good reload must set it going again: %d, %q", calls, b.core.strategies.Paused(0))
	}
}

func TestABadReloadKeepsTheOldVersion(t *testing.T) {
	calls := 0
	s := &script{name: "s", subs: []string{"*"}, call: func(_ *Port, n *Callback) error {
		if n.Handler == OnBook {
			calls++
		}
		return nil
	}}
	b := newBench(t, s)
	fx := b.step(exchange.Event{Kind: exchange.KindReload, Reload: &exchange.Reload{Hash: "h2"}})
	v := bodies[VersionChanged](fx)
	if len(v) != 1 || v[0].Version.Loaded || v[0].Version.Number != 1 || v[0].Version.Problem != "does not load" {
		t.Fatalf("effects %+v", v)
	}
	b.book(0, 6000000, 6000001, 1)
	if calls != 1 {
		t.Error("the old version was not called after a bad reload")
	}
}

func TestAnsweringEveryDenialEnds(t *testing.T) {
	s := &script{name: "s", subs: []string{"*"}, call: func(p *Port, n *Callback) error {
		if n.Handler == OnBook || n.Handler == OnOrder {
			p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 9000000, Qty: 1})
		}
		return nil
	}}
	b := newBench(t, s)
	b.book(0, 6000000, 6000001, 1)
	if !strings.Contains(b.core.strategies.Paused(0), "callbacks") {
		t.Errorf("paused %q, want the callback limit", b.core.strategies.Paused(0))
	}
}

func TestTimersFireInOrderOfTimeThenName(t *testing.T) {
	var got []string
	s := &script{name: "s", subs: []string{"*"}, call: func(p *Port, n *Callback) error {
		switch n.Handler {
		case OnStart:
			p.SetTimer("b", p.Now()+10, 0)
			p.SetTimer("a", p.Now()+10, 5)
			p.SetTimer("late", p.Now()+30, 0)
			p.SetTimer("gone", p.Now()+1, 0)
			p.ClearTimer("gone")
		case OnTimer:
			got = append(got, n.Name)
		}
		return nil
	}}
	b := newBench(t, s)
	b.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart})
	for range 3 {
		at, ok := b.core.NextTimer()
		if !ok {
			t.Fatal("no timer")
		}
		b.now = at
		b.step(exchange.Event{Kind: exchange.KindTimer})
	}
	if want := "a b a a"; strings.Join(got, " ") != want {
		t.Errorf("fired %v, want %s", got, want)
	}
}

// A denied order is told to the strategy in the step that asked, with the rule.
func TestDenialComesBackAsAnOrderEvent(t *testing.T) {
	var told *exchange.Order
	s := &script{name: "s", subs: []string{"*"}, call: func(p *Port, n *Callback) error {
		switch n.Handler {
		case OnBook:
			p.Submit(exchange.Order{Instrument: 0, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 6000000, Qty: 1e9})
		case OnOrder:
			o := *n.Order
			told = &o
		}
		return nil
	}}
	b := newBench(t, s)
	b.book(0, 6000000, 6000001, 1)
	if told == nil || told.Status != exchange.StatusDenied || !strings.Contains(told.Reason, "order notional") {
		t.Errorf("told %+v", told)
	}
	if n := len(b.core.orders.open); n != 0 {
		t.Errorf("%d working orders after a denial", n)
	}
}

// Realised + unrealised is exact however often a position was added to, reduced
// and turned around: it equals the cash that moved plus what is left at market.
func TestPositionIsExact(t *testing.T) {
	u := universe(t)
	for _, id := range []exchange.InstrumentID{0, 1} {
		in := u.Get(id)
		rapid.Check(t, func(r *rapid.T) {
			var p position
			cash, qty := decimal.Zero, exchange.Lots(0)
			for range rapid.IntRange(1, 30).Draw(r, "fills") {
				f := &exchange.Fill{Side: rapid.SampledFrom([]exchange.Side{exchange.Buy, exchange.Sell}).Draw(r, "side"),
					Price: exchange.Ticks(rapid.Int64Range(1, 1e6).Draw(r, "price")), Qty: exchange.Lots(rapid.Int64Range(1, 1e6).Draw(r, "qty"))}
				p.fill(in, f, nil)
				cash = cash.Sub(in.Notional(f.Price, exchange.Lots(f.Side)*f.Qty))
				qty += exchange.Lots(f.Side) * f.Qty
			}
			mark := in.PriceDecimal(exchange.Ticks(rapid.Int64Range(1, 1e6).Draw(r, "mark")))
			want := cash.Add(in.QtyDecimal(qty).Mul(mark))
			if got := p.realised.Add(p.unrealised(in, mark)); p.qty != qty || !got.Equal(want) {
				r.Fatalf("position %d, profit %s; want %d, %s", p.qty, got, qty, want)
			}
		})
	}
}

// The inverse vector of the COIN-M documentation: 100 contracts of 100 USD from
// 50 000, at 62 500: a short loses, a long gains 0.04 BTC.
func TestInversePosition(t *testing.T) {
	in := universe(t).Get(2)
	for _, side := range []exchange.Side{exchange.Buy, exchange.Sell} {
		var p position
		p.fill(in, &exchange.Fill{Side: side, Price: 500000, Qty: 100}, nil)
		want := decimal.RequireFromString("0.04").Mul(decimal.NewFromInt(int64(side)))
		if got := p.unrealised(in, decimal.NewFromInt(62500)); !got.Equal(want) {
			t.Errorf("%s: unrealised %s, want %s", side, got, want)
		}
		if got := p.fill(in, &exchange.Fill{Side: side.Opposite(), Price: 625000, Qty: 100}, nil); !got.Equal(want) || p.qty != 0 {
			t.Errorf("%s: realised %s, want %s", side, got, want)
		}
	}
	var p position // harmonic entry: 100 at 50 000 and 100 at 25 000
	p.fill(in, &exchange.Fill{Side: exchange.Buy, Price: 500000, Qty: 100}, nil)
	p.fill(in, &exchange.Fill{Side: exchange.Buy, Price: 250000, Qty: 100}, nil)
	if got := p.entry(in).Round(4).String(); got != "33333.3333" {
		t.Errorf("entry %s, want 33333.3333", got)
	}
}

func TestPostingsSumToZero(t *testing.T) {
	b := newBench(t, &script{name: "s", subs: []string{"*"}})
	fill := func(id exchange.InstrumentID, side exchange.Side, price exchange.Ticks, qty exchange.Lots, fee, asset, realised string) {
		fx := b.step(exchange.Event{Kind: exchange.KindFill, Instrument: id, Fill: &exchange.Fill{
			Instrument: id, Side: side, Price: price, Qty: qty, TradeID: side.String(), Reason: "test",
			Fee: decimal.RequireFromString(fee), FeeAsset: asset, Realised: decimal.RequireFromString(realised)}})
		for _, e := range bodies[Booked](fx) {
			sum := map[string]decimal.Decimal{}
			for _, p := range e.Txn.Postings {
				sum[p.Asset] = sum[p.Asset].Add(p.Amount)
			}
			for asset, v := range sum {
				if !v.IsZero() {
					t.Errorf("%s: %s sums to %s", e.Txn.Ref, asset, v)
				}
			}
		}
	}
	fill(0, exchange.Buy, 6000000, 100000, "0.001", "BTC", "0")
	fill(1, exchange.Sell, 600000, 1000, "30", "USDT", "0")
	fill(1, exchange.Buy, 590000, 400, "11.8", "USDT", "400")
	want := map[string]string{"spot BTC": "0.999", "spot USDT": "40000", "usdm USDT": "100358.2"}
	for _, h := range b.core.wallets.Holdings() {
		key := string(h.Wallet) + " " + h.Asset
		if w, ok := want[key]; ok && h.Total.String() != w {
			t.Errorf("%s: %s, want %s", key, h.Total, w)
		}
	}
}

// TestARestoredOrderGoesOn lets an order of an earlier run fill and end: its fill is
// booked to its strategy, and it counts as working until then.
func TestARestoredOrderGoesOn(t *testing.T) {
	st := &script{name: "s"}
	u := universe(t)
	id := u.All()[0].ID
	c, err := New(Config{Universe: u, Restore: &Restore{LastOrder: 7, Orders: []exchange.Order{{ID: 7, ClientID: "pl-7", Instrument: id,
		Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 100, Qty: 10, Status: exchange.StatusUnknown}}}}, []Strategy{st}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var fx []Effect
	step := func(ev exchange.Event) []Effect {
		fx = fx[:0]
		c.Step(&ev, &fx)
		return fx
	}
	if c.AtRest() {
		t.Error("an order that may still fill is not at rest")
	}
	step(exchange.Event{Kind: exchange.KindFill, Instrument: id, Fill: &exchange.Fill{Order: 7, TradeID: "1", Instrument: id, Side: exchange.Buy,
		Price: 100, Qty: 4, FeeAsset: "USDT"}})
	got := bodies[OrderChanged](step(exchange.Event{Kind: exchange.KindOrder, Instrument: id,
		Update: exchange.OrderUpdate{ID: 7, Status: exchange.StatusCanceled, Filled: 4}}))
	if len(got) != 1 || got[0].Order.Filled != 4 || got[0].Order.Status != exchange.StatusCanceled || !c.AtRest() {
		t.Errorf("after its end: %+v, at rest %v", got, c.AtRest())
	}
}

// A strategy gets what its subscriptions name, whichever way they are written.
func TestSubscriptionsAreKeysAndGlobs(t *testing.T) {
	u, err := exchange.NewUniverseOf("binance", []exchange.Instrument{
		{Venue: "binance.spot", Symbol: "BTCUSDT", Base: "BTC", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001")},
		{Venue: "binance.spot", Symbol: "ETHUSDT", Base: "ETH", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001")},
	})
	if err != nil {
		t.Fatal(err)
	}
	for pattern, want := range map[string][]bool{
		"spot:BTCUSDT":         {true, false},
		"binance.spot:BTCUSDT": {true, false},
		"binance.*:*":          {true, true},
		"*":                    {true, true},
		"spot:[BC]*":           {true, false},
		"spot:E??USDT":         {false, true},
		"bybit.spot:BTCUSDT":   {false, false},
	} {
		s := &script{name: "s", subs: []string{pattern}}
		c, err := New(Config{Universe: u}, []Strategy{s}, nil)
		if err != nil {
			t.Fatal(err)
		}
		for id, watches := range want {
			if got := c.Watches(0, exchange.InstrumentID(id)); got != watches {
				t.Errorf("%s: %s watched: %v", pattern, u.Get(exchange.InstrumentID(id)).Key(), got)
			}
		}
	}
}
