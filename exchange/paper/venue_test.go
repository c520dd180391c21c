package paper

import (
	"reflect"
	"strings"
	"testing"

	"github.com/perilune/perilune/exchange"
)

// quoted is a bench with a one level deep book around 10000 ticks on every market.
func quoted(t testing.TB, opt Options) *bench {
	opt.Balances = append(opt.Balances,
		Deposit{"spot", "USDT", dec("100000")}, Deposit{"usdm", "USDT", dec("100000")}, Deposit{"coinm", "BTC", dec("10")})
	d := newBench(t, btcUniverse(t), opt)
	for _, in := range d.u.All() {
		d.market(in, exchange.Event{Kind: exchange.KindSnapshot, Bids: []exchange.Level{{Price: 9999, Qty: scale(in, 500)}}, Asks: []exchange.Level{{Price: 10001, Qty: scale(in, 500)}}})
		if in.Perp() {
			d.market(in, exchange.Event{Kind: exchange.KindMark, Mark: exchange.E8FromDecimal(in.PriceDecimal(10000))})
		}
	}
	return d
}

func (d *bench) order(key string, side exchange.Side, price exchange.Ticks, qty exchange.Lots) exchange.Order {
	return exchange.Order{Instrument: d.find(key).ID, Side: side, Type: exchange.Limit, TIF: exchange.GTC, Price: price, Qty: qty}
}

// Where the increment grows with the price, a price between two of them is refused.
func TestThePriceIsOnTheGrid(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	d.find("usdm:BTCUSDT").Coarser = []exchange.Coarser{{From: 5000, Every: 5}}
	for price, accepted := range map[exchange.Ticks]bool{9000: true, 9001: false, 9005: true} {
		o := d.order("usdm:BTCUSDT", exchange.Buy, price, 100)
		d.submit(o)
		d.until(d.now)
		u := d.heard[len(d.heard)-1].Update
		if (u.Status == exchange.StatusAccepted) != accepted || !accepted && (Rule(u.Code) != RulePrice || !strings.Contains(u.Reason, "tick size")) {
			t.Errorf("at %d: %+v", price, u)
		}
	}
}

func TestMalformedOrders(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	good := d.order("usdm:BTCUSDT", exchange.Buy, 9000, 100)
	spot := d.order("spot:BTCUSDT", exchange.Buy, 9000, 100000)
	for _, c := range []struct {
		name string
		rule Rule
		base exchange.Order
		edit func(*exchange.Order)
	}{
		{"instrument", RuleInstrument, good, func(o *exchange.Order) { o.Instrument = 99 }},
		{"no instrument", RuleInstrument, good, func(o *exchange.Order) { o.Instrument = exchange.NoInstrument }},
		{"side", RuleSide, good, func(o *exchange.Order) { o.Side = 0 }},
		{"type", RuleType, good, func(o *exchange.Order) { o.Type = 9 }},
		{"time in force", RuleTIF, good, func(o *exchange.Order) { o.TIF = 9 }},
		{"post-only market", RuleTIF, good, func(o *exchange.Order) { o.Type, o.TIF = exchange.MarketOrder, exchange.PostOnly }},
		{"reduce-only on spot", RuleSpot, spot, func(o *exchange.Order) { o.ReduceOnly = true }},
		{"price", RulePrice, good, func(o *exchange.Order) { o.Price = -1 }},
		{"quantity", RuleQty, good, func(o *exchange.Order) { o.Qty = -1 }},
	} {
		t.Run(c.name, func(t *testing.T) {
			o := c.base
			c.edit(&o)
			id := d.submit(o)
			d.until(d.now)
			u := d.heard[len(d.heard)-1].Update
			if u.ID != id || u.Status != exchange.StatusRejected || Rule(u.Code) != c.rule || u.Reason == "" {
				t.Errorf("got %+v, want it refused by %s", u, c.rule)
			}
		})
	}
}

// A number that is taken tells of the order that has it, and harms neither.
func TestDuplicateOrder(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	o := d.order("usdm:BTCUSDT", exchange.Buy, 9900, 100)
	o.ID = d.submit(o)
	d.until(d.now)
	d.v.Submit(&o, d.now)
	d.until(d.now)
	u := d.heard[len(d.heard)-1].Update
	if Rule(u.Code) != RuleDuplicate || u.Status != exchange.StatusAccepted || len(d.v.OpenOrders()) != 1 {
		t.Errorf("while open: %+v, %d open", u, len(d.v.OpenOrders()))
	}
	d.v.Cancel(o.ID, d.now)
	d.v.Submit(&o, d.now)
	d.until(d.now)
	if u = d.heard[len(d.heard)-1].Update; Rule(u.Code) != RuleDuplicate || u.Status != exchange.StatusCanceled {
		t.Errorf("after the end: %+v", u)
	}
}

// Answers of one market keep their order whatever their latencies; the events
// of the two legs of a pair are independent.
func TestStreamsKeepTheirOrder(t *testing.T) {
	d := quoted(t, Options{Seed: 3})
	for i := range 200 {
		side := exchange.Side(1 - 2*(i%2))
		d.submit(d.order("usdm:BTCUSDT", side, 10000+exchange.Ticks(side), 10))
		d.submit(d.order("spot:BTCUSDT", exchange.Buy, 10001, 10000))
		d.until(d.now + exchange.Millisecond)
	}
	d.until(d.now + exchange.Hour)
	happened := map[exchange.Venue]exchange.Time{}
	mixed := false
	for i := range d.heard {
		ev := &d.heard[i]
		m := d.u.Get(ev.Instrument).Venue
		if ev.VenueTime < happened[m] {
			t.Fatalf("%s told of %s after %s", m, ev.VenueTime, happened[m])
		}
		mixed = mixed || i > 0 && ev.VenueTime < d.heard[i-1].VenueTime
		happened[m] = ev.VenueTime
	}
	if !mixed {
		t.Error("the markets answered in step: latencies did not differ")
	}
}

// A driver in real time may be late: the venue then never speaks of the past.
func TestLateDriver(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "const", Median: 10 * exchange.Millisecond}})
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 10001, 100))
	d.now += exchange.Second
	in := d.find("usdm:BTCUSDT")
	d.market(in, exchange.Event{Kind: exchange.KindDiff, Asks: []exchange.Level{{Price: 10001}}})
	if at, ok := d.v.NextTime(); !ok || at != d.now {
		t.Fatalf("next event at %s, want now", at)
	}
	d.until(d.now)
	for i := range d.heard {
		if ev := &d.heard[i]; ev.Time != d.now || ev.VenueTime != d.now-exchange.Second+10*exchange.Millisecond {
			t.Errorf("%s at %s, happened %s", ev.Kind, ev.Time, ev.VenueTime)
		}
	}
}

// An order sent because of a trade is not filled by that trade.
func TestNoFillByItsOwnCause(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	in := d.find("usdm:BTCUSDT")
	trade := exchange.Event{Kind: exchange.KindTrade, Side: exchange.Sell, Price: 9000, Qty: 100}
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 9991, 100)) // is there before the trade
	d.now++
	d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 9990, 100))
	d.market(in, trade)
	d.until(d.now)
	if n := len(d.v.OpenOrders()); n != 1 {
		t.Fatalf("%d open after the trade that caused the order", n)
	}
	d.market(in, trade)
	if n := len(d.v.OpenOrders()); n != 0 {
		t.Errorf("%d open after the next trade through the price", n)
	}
}

// However the latencies fall, a cancel finds the order that it is for.
func TestCancelNeverOvertakes(t *testing.T) {
	d := quoted(t, Options{Seed: 5})
	for range 100 {
		id := d.submit(d.order("usdm:BTCUSDT", exchange.Buy, 9900, 100))
		d.v.Cancel(id, d.now)
		d.until(d.now + exchange.Second)
		if u := d.heard[len(d.heard)-1].Update; u.Status != exchange.StatusCanceled || u.CancelRejected {
			t.Fatalf("order %d: %+v", id, u)
		}
	}
}

// Transfers can overtake each other.
func TestTransit(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	left := dec("0")
	for i := range 50 {
		amount := dec("1").Shift(int32(i % 4))
		left = left.Add(amount)
		d.v.Transfer(&exchange.Transfer{ID: uint64(i), Asset: "USDT", From: "spot", To: "usdm", Amount: amount}, d.now)
	}
	for overtaken, last := false, uint64(0); !left.IsZero(); {
		d.v.mail.arriveBy(d.now)
		if got := d.v.InTransit("USDT"); !got.Equal(left) {
			t.Fatalf("in transit %s, want %s", got, left)
		}
		at, ok := d.v.NextTime()
		if !ok {
			t.Fatal("money was lost on the way")
		}
		heard := len(d.heard)
		d.until(at)
		for _, ev := range d.heard[heard:] {
			left = left.Sub(ev.Transfer.Amount)
			overtaken = overtaken || ev.Transfer.ID < last
			last = ev.Transfer.ID
		}
		if left.IsZero() && !overtaken {
			t.Error("all arrived in the order they were sent")
		}
	}
}

func TestPopWithNothingPending(t *testing.T) {
	d := quoted(t, Options{})
	if at, ok := d.v.NextTime(); ok {
		t.Fatalf("an event is due at %s", at)
	}
	ev := exchange.Event{Kind: exchange.KindFill}
	d.v.Pop(&ev)
	if ev.Kind != 0 || ev.Instrument != exchange.NoInstrument {
		t.Errorf("got %s", ev.Kind)
	}
}

// A session that continues another has its balances, positions and numbers.
func TestRestore(t *testing.T) {
	d := quoted(t, Options{Latency: Latency{Model: "none"}})
	d.submit(d.order("usdm:BTCUSDT", exchange.Sell, 9999, 333))
	d.submit(d.order("coinm:BTCUSD_PERP", exchange.Sell, 9999, 7))
	d.submit(d.order("spot:BTCUSDT", exchange.Buy, 10001, 50000))
	d.until(d.now)
	d.v.Transfer(&exchange.Transfer{ID: 1, Asset: "USDT", From: "spot", To: "usdm", Amount: dec("5.5")}, d.now)
	d.v.mail.arriveBy(d.now)
	if got := d.v.InTransit("USDT"); !got.Equal(dec("5.5")) {
		t.Fatalf("in transit: %s", got)
	}
	account := d.v.Account()
	next := newBench(t, d.u, Options{Restore: &account})
	d.until(d.now + exchange.Minute)
	want := d.v.Account()
	if got := next.v.Account(); got.NextTrade != 4 || got.NextOrder != 4 || !reflect.DeepEqual(text(got), text(want)) {
		t.Errorf("restored\n%v\nwant\n%v", text(got), text(want))
	}
	for _, m := range []exchange.Wallet{"usdm", "coinm"} {
		asset := map[exchange.Wallet]string{"usdm": "USDT", "coinm": "BTC"}[m]
		for _, in := range d.u.All() {
			if in.Perp() {
				next.market(in, exchange.Event{Kind: exchange.KindMark, Mark: exchange.E8FromDecimal(in.PriceDecimal(10000))})
			}
		}
		if got, was := next.v.Margin(m, asset), d.v.Margin(m, asset); !got.Balance.Equal(was.Balance) || !got.Maintenance.Equal(was.Maintenance) || was.Maintenance.IsZero() {
			t.Errorf("%s margin %v, was %v", m, got, was)
		}
	}
}

// text makes an account comparable: equal decimals can be different structs.
func text(a Account) []string {
	var out []string
	for _, b := range a.Balances {
		out = append(out, string(b.Wallet)+" "+b.Asset+" "+b.Amount.String())
	}
	for _, p := range a.Positions {
		out = append(out, strings.Join([]string{p.Position.Entry.String(), p.Position.Realised.String(), p.Cost.String()}, " "))
	}
	return out
}

func TestDescribe(t *testing.T) {
	d := quoted(t, Options{Seed: 42, Queue: Queue{Model: "power", Power: 2}, LeverageFor: map[exchange.InstrumentID]int{1: 3},
		Fees: map[exchange.Venue]FeeRate{"spot": {dec("0"), dec("0.0005")}}})
	all := strings.Join(d.v.Describe(), "\n")
	for _, want := range []string{
		"log-normal, at least 5 ms, median 20 ms, p99 120 ms, drawn from seed 42",
		"half-life of 2 s", "queue power n=2", "Fees on spot: maker 0 %, taker 0.05 %.", "Fees on usdm: each instrument's own rates.",
		"leverage 5, usdm:BTCUSDT 3.", "Transfers: log-normal, at least 200 ms, median 1 s, p99 5 s in transit.",
	} {
		if !strings.Contains(all, want) {
			t.Errorf("no %q in\n%s", want, all)
		}
	}
	if strings.Contains(all, "..") || strings.Contains(all, "%!") {
		t.Error(all)
	}
}
