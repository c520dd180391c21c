package paper

import (
	"testing"

	"github.com/perilune/perilune/exchange"
)

// restingIn rests a buy of 2 coins at the best bid, where 10 are displayed.
func restingIn(t *testing.T, model string) (*bench, *exchange.Instrument, exchange.OrderID) {
	d := newBench(t, btcUniverse(t), Options{Queue: Queue{Model: model}, Latency: Latency{Model: "none"},
		Balances: []Deposit{{Wallet: "usdm", Asset: "USDT", Amount: dec("10000000")}}})
	in := d.find("usdm:BTCUSDT")
	d.market(in, exchange.Event{Kind: exchange.KindSnapshot,
		Bids: []exchange.Level{d.level(in, "50000", "10")}, Asks: []exchange.Level{d.level(in, "50000.1", "10")}})
	at := d.level(in, "50000", "2")
	id := d.submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.PostOnly, Price: at.Price, Qty: at.Qty})
	d.until(d.now + exchange.Second)
	return d, in, id
}

func (d *bench) trade(in *exchange.Instrument, price, qty string) {
	l := d.level(in, price, qty)
	d.now += exchange.Second
	d.market(in, exchange.Event{Kind: exchange.KindTrade, Side: exchange.Sell, Price: l.Price, Qty: l.Qty})
	d.until(d.now + exchange.Second)
}

// Touch fills with the first trade at the price, through only with one beyond it, and what
// is between waits behind what was displayed.
func TestQueueBounds(t *testing.T) {
	for _, c := range []struct {
		model                       string
		atPrice, beyondQueue, below string // filled so far
	}{
		{"touch", "1.5", "2", "2"},
		{"risk_averse", "0", "1", "2"},
		{"through", "0", "0", "2"},
	} {
		t.Run(c.model, func(t *testing.T) {
			d, in, _ := restingIn(t, c.model)
			for _, s := range []struct{ price, qty, want string }{{"50000", "1.5", c.atPrice}, {"50000", "9.5", c.beyondQueue}, {"49999.9", "5", c.below}} {
				d.trade(in, s.price, s.qty)
				if got := in.QtyDecimal(d.v.Position(in.ID).Qty); !got.Equal(dec(s.want)) {
					t.Errorf("after %s at %s: filled %s, want %s", s.qty, s.price, got, s.want)
				}
			}
		})
	}
}

// In a bar, touch is enough for it to fill an order at its low, and for the others not.
func TestQueueBoundsOfBars(t *testing.T) {
	for model, want := range map[string]string{"touch": "1", "risk_averse": "0", "through": "0"} {
		d := newBench(t, btcUniverse(t), Options{Queue: Queue{Model: model}, Latency: Latency{Model: "none"}, Participation: 0.1,
			Balances: []Deposit{{Wallet: "usdm", Asset: "USDT", Amount: dec("10000000")}}})
		in := d.find("usdm:BTCUSDT")
		bar := func(low string) {
			d.now += exchange.Minute
			p := func(s string) exchange.Ticks { return d.level(in, s, "1").Price }
			d.market(in, exchange.Event{Kind: exchange.KindBar, More: true,
				Bar: exchange.Bar{Interval: exchange.Minute, Open: p("50010"), High: p("50020"), Low: p(low), Close: p("50010"), Volume: 100}})
			d.market(in, exchange.Event{Kind: exchange.KindSnapshot, Synthetic: true,
				Bids: []exchange.Level{d.level(in, "50009", "10")}, Asks: []exchange.Level{d.level(in, "50011", "10")}})
			d.until(d.now + exchange.Second)
		}
		bar("50005")
		l := d.level(in, "50000", "1")
		d.submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: l.Price, Qty: l.Qty})
		d.until(d.now + exchange.Second)
		bar("50005")
		bar("50000")
		if got := in.QtyDecimal(d.v.Position(in.ID).Qty); !got.Equal(dec(want)) {
			t.Errorf("%s: filled %s in a bar whose low is the price, want %s", model, got, want)
		}
	}
}

// Fills and orders beyond what was traded in their minute, or displayed, are counted.
func TestReach(t *testing.T) {
	d, in, _ := restingIn(t, "touch")
	take := func(qty string) {
		l := d.level(in, "50001", qty)
		d.submit(exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.MarketOrder, Qty: l.Qty})
		d.until(d.now + exchange.Second)
		d.trade(in, "50000.1", "0.5") // and the venue looks at what has arrived
	}
	take("4")
	d.now = d.now - d.now%exchange.Minute + exchange.Minute
	d.trade(in, "50000.1", "20")
	take("11") // more than is displayed, which is 10
	d.now += exchange.Minute
	d.trade(in, "50000.1", "0.1")
	all := ReachOf(d.v)
	if len(all) != 1 {
		t.Fatalf("instruments: %+v", all)
	}
	r := all[0]
	lots := func(s string) exchange.Lots { return d.level(in, "50000", s).Qty }
	want := Reach{Instrument: in.ID, Period: exchange.Minute, Orders: 3, BeyondBook: 1, BeyondTraded: 2, Periods: 2, Beyond: 1,
		Filled: r.Filled, Traded: lots("21"), Excess: lots("3.5"), Largest: r.Largest}
	if r != want {
		t.Errorf("reach %+v, want %+v", r, want)
	}
	if r.Largest.Qty != lots("4") || r.Largest.Was != lots("0.5") || r.Largest.TimesLarger != 8 {
		t.Errorf("the largest is %+v, want 4 where 0.5 were traded", r.Largest)
	}
}

// Where bars of a minute are all that there is, what fills in one is compared with what was
// traded in it, also when another order arrives in it.
func TestReachOfBars(t *testing.T) {
	d := newBench(t, btcUniverse(t), Options{Queue: Queue{Model: "touch"}, Latency: Latency{Model: "none"}, Participation: 0.1,
		Balances: []Deposit{{Wallet: "usdm", Asset: "USDT", Amount: dec("10000000")}}})
	in := d.find("usdm:BTCUSDT")
	bar := func() {
		d.now += exchange.Minute - d.now%exchange.Minute
		p := func(s string) exchange.Ticks { return d.level(in, s, "1").Price }
		d.market(in, exchange.Event{Kind: exchange.KindBar, More: true,
			Bar: exchange.Bar{Interval: exchange.Minute, Open: p("50010"), High: p("50020"), Low: p("50000"), Close: p("50010"), Volume: 100}})
		d.market(in, exchange.Event{Kind: exchange.KindSnapshot, Synthetic: true,
			Bids: []exchange.Level{d.level(in, "50009", "10")}, Asks: []exchange.Level{d.level(in, "50011", "10")}})
		d.until(d.now + exchange.Second)
	}
	bar()
	for _, typ := range []exchange.OrderType{exchange.Limit, exchange.MarketOrder} {
		for range 3 {
			l := d.level(in, "50001", "1")
			o := exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: typ, TIF: exchange.IOC, Qty: l.Qty}
			if typ == exchange.Limit {
				o.TIF, o.Price = exchange.GTC, l.Price
			}
			d.submit(o)
			bar()
		}
	}
	bar()
	if r := ReachOf(d.v); len(r) != 1 || r[0].Orders != 6 || r[0].Filled == 0 || r[0].Any() {
		t.Errorf("reach %+v, want 6 orders and fills, and nothing beyond the bars", r)
	}
}
