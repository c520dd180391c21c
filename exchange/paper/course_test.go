package paper

import (
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// day is a made-up day of marks, five a minute of some hours, and one position.
type day struct {
	qty   exchange.Lots // of usdm:BTCUSDT, from 10,000
	money decimal.Decimal
	hours [][]exchange.Ticks
}

func genDay(t *rapid.T) day {
	d := day{qty: exchange.Lots(rapid.SampledFrom([]int64{-1000, 1000}).Draw(t, "position"))}
	d.money = decimal.NewFromInt(rapid.Int64Range(200, 3000).Draw(t, "wallet"))
	price := exchange.Ticks(100000)
	for range rapid.IntRange(1, 4).Draw(t, "hours") {
		var hour []exchange.Ticks
		for range rapid.IntRange(1, 20).Draw(t, "ticks") {
			price = max(1000, price+exchange.Ticks(rapid.Int64Range(-4000, 4000).Draw(t, "move")))
			hour = append(hour, price)
		}
		d.hours = append(d.hours, hour)
	}
	return d
}

const halfSpread = 5

func (d *day) bench(t testing.TB) (*bench, *exchange.Instrument) {
	u := btcUniverse(t)
	in, err := u.Lookup("usdm:BTCUSDT")
	if err != nil {
		panic(err)
	}
	k := newBench(t, u, Options{
		Latency: Latency{Model: "none"}, Leverage: 20, Fees: map[exchange.Venue]FeeRate{"usdm": {}},
		Balances: []Deposit{{"usdm", "USDT", d.money}},
		Restore:  &Account{Positions: []Holding{{in.ID, exchange.Position{Qty: d.qty, Entry: dec("10000")}, decimal.Zero}}},
	})
	return k, in
}

func (k *bench) quote(in *exchange.Instrument, price exchange.Ticks, more bool) {
	k.market(in, exchange.Event{Kind: exchange.KindSnapshot, More: more, Synthetic: more,
		Bids: []exchange.Level{{Price: price - halfSpread, Qty: 500}, {Price: price - 2*halfSpread, Qty: 5000}},
		Asks: []exchange.Level{{Price: price + halfSpread, Qty: 500}, {Price: price + 2*halfSpread, Qty: 5000}}})
}

// closed is what a liquidation came to: the hour, and what it paid or brought. Its
// hour is -1 when there was none.
func (k *bench) closed(hour int, was int, cost *decimal.Decimal, in *exchange.Instrument) int {
	k.until(k.now)
	for i := range k.heard {
		if f := k.heard[i].Fill; k.heard[i].Kind == exchange.KindFill && f.Reason == "liquidation" {
			*cost = cost.Add(in.Notional(f.Price, exchange.Lots(-f.Side)*f.Qty))
			was = hour
		}
	}
	k.heard = k.heard[:0]
	return was
}

// byTicks shows the day mark by mark, with the book that goes with each.
func (d *day) byTicks(t testing.TB) (int, decimal.Decimal) {
	k, in := d.bench(t)
	hour, cost := -1, decimal.Zero
	for h, ticks := range d.hours {
		for _, p := range ticks {
			k.now += exchange.Minute
			k.quote(in, p, false)
			k.market(in, exchange.Event{Kind: exchange.KindMark, Mark: exchange.E8FromDecimal(in.PriceDecimal(p))})
			hour = k.closed(h, hour, &cost, in)
		}
	}
	return hour, cost
}

// byBars shows the same day as a history would: the bars of its hours, as they end.
func (d *day) byBars(t testing.TB) (int, decimal.Decimal) {
	k, in := d.bench(t)
	hour, cost := -1, decimal.Zero
	for h, ticks := range d.hours {
		k.now += exchange.Hour
		b := exchange.Bar{Open: ticks[0], High: ticks[0], Low: ticks[0], Close: ticks[len(ticks)-1], Volume: 100, Interval: exchange.Hour}
		for _, p := range ticks {
			b.High, b.Low = max(b.High, p), min(b.Low, p)
		}
		e8 := func(p exchange.Ticks) exchange.E8 { return exchange.E8FromDecimal(in.PriceDecimal(p)) }
		k.market(in, exchange.Event{Kind: exchange.KindMark, Mark: e8(b.Close), More: true,
			Path: exchange.MarkPath{Open: e8(b.Open), High: e8(b.High), Low: e8(b.Low), Interval: exchange.Hour}})
		k.quote(in, b.Close, true)
		k.market(in, exchange.Event{Kind: exchange.KindBar, Bar: b})
		hour = k.closed(h, hour, &cost, in)
	}
	return hour, cost
}

// A day of bars liquidates in the hour in which the same day of ticks does, never
// later, never in another one only, and never at a better price; and no close-out is
// better than the liquidation price of the brackets.
func TestBarsAndTicksAgreeOnLiquidations(t *testing.T) {
	seen := 0
	rapid.Check(t, func(rt *rapid.T) {
		d := genDay(rt)
		k, in := d.bench(t)
		price, exists := k.v.Leg(in.ID, 0).LiquidationPrice()
		ticks, got := d.byTicks(t)
		bars, worst := d.byBars(t)
		if ticks != bars {
			rt.Fatalf("liquidated in hour %d by ticks and in hour %d by bars", ticks, bars)
		}
		if ticks < 0 {
			return
		}
		seen++
		limit := in.QtyDecimal(d.qty).Mul(price)
		if worst.GreaterThan(got) || exists && got.GreaterThan(limit) {
			rt.Fatalf("a position of %d was closed for %s by ticks and %s by bars; at the liquidation price it is %s", d.qty, got, worst, limit)
		}
	})
	if seen == 0 {
		t.Error("no day had a liquidation")
	}
}
