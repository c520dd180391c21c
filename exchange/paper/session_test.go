package paper

import (
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
)

// step is one random thing that happens in a session.
type step struct {
	kind  int
	in    exchange.InstrumentID
	side  exchange.Side
	away  exchange.Ticks // from the middle
	qty   exchange.Lots
	tif   exchange.TimeInForce
	rest  [4]exchange.Lots
	flag  bool
	delay exchange.Time
	rate  exchange.E8
}

// drawStep spreads a drawn word evenly over the fields: rapid's own numbers are
// mostly small, which makes for quiet markets. Sessions still shrink by steps.
func drawStep(t *rapid.T) step {
	word, n := rapid.Uint64().Draw(t, "step"), uint64(0)
	roll := func(below int) int {
		n++
		return int(hash(word, n) % uint64(below))
	}
	s := step{
		kind: roll(12), in: exchange.InstrumentID(roll(4)), side: exchange.Side(1 - 2*roll(2)), away: exchange.Ticks(roll(25) - 12),
		qty: exchange.Lots(1 + roll(300)), tif: exchange.TimeInForce(roll(6)), flag: roll(6) == 0,
		delay: exchange.Time(roll(200)) * exchange.Millisecond, rate: exchange.E8(roll(600_001) - 300_000),
	}
	for i := range s.rest {
		s.rest[i] = exchange.Lots(roll(200))
	}
	return s
}

// scale makes quantities matter on every market.
func scale(in *exchange.Instrument, q exchange.Lots) exchange.Lots {
	switch {
	case !in.Perp():
		return q * 1000
	case in.Inverse():
		return q
	}
	return q * 10
}

const middle = exchange.Ticks(10_000)

func (d *bench) step(s step) {
	in := d.u.Get(s.in)
	switch s.kind {
	case 0, 1, 10:
		d.market(in, exchange.Event{Kind: exchange.KindSnapshot, Bids: side(in, s, -1), Asks: side(in, s, 1)})
	case 2:
		d.market(in, exchange.Event{Kind: exchange.KindTrade, Side: s.side, Price: middle + s.away, Qty: scale(in, s.qty)})
	case 3:
		mark := in.PriceDecimal(middle + 8*s.away*s.away*s.away/10)
		d.market(in, exchange.Event{Kind: exchange.KindMark, Mark: exchange.E8FromDecimal(mark)})
	case 4:
		if in.Perp() {
			d.market(in, exchange.Event{Kind: exchange.KindFunding, Rate: s.rate, Mark: exchange.E8FromDecimal(in.PriceDecimal(middle + s.away))})
		}
	case 5, 6, 7, 11:
		o := exchange.Order{Instrument: s.in, Side: s.side, Type: exchange.Limit, TIF: s.tif, Price: middle + s.away, Qty: scale(in, s.qty), ReduceOnly: s.flag && in.Perp()}
		if s.tif == 0 || s.tif > exchange.PostOnly {
			o.Type, o.TIF = exchange.MarketOrder, 0
		}
		d.submit(o)
	case 8:
		d.v.Cancel(d.last-exchange.OrderID(s.qty%8), d.now)
	case 9:
		d.moves++
		d.v.Transfer(&exchange.Transfer{ID: d.moves, Asset: [...]string{"USDT", "BTC"}[s.in%2], From: walletNames[s.qty%3],
			To: walletNames[(s.qty+1)%3], Amount: decimal.New(int64(s.qty), -1)}, d.now)
	}
	d.until(d.now + s.delay)
}

// side makes four levels of a book, some of them empty.
func side(in *exchange.Instrument, s step, sign exchange.Ticks) []exchange.Level {
	var out []exchange.Level
	for i, q := range s.rest {
		if sign*s.away > 0 {
			q = s.rest[len(s.rest)-1-i]
		}
		out = append(out, exchange.Level{Price: middle + s.away/3 + sign*exchange.Ticks(1+2*i), Qty: scale(in, q)})
	}
	return out
}

// auditor keeps the books of the account from the events alone, with sums that
// know nothing of average prices.
type auditor struct {
	t     *rapid.T
	d     *bench
	cash  map[string]decimal.Decimal // by wallet and asset: everything that was booked
	value map[exchange.InstrumentID]decimal.Decimal
	qty   map[exchange.InstrumentID]exchange.Lots
	state map[exchange.OrderID]exchange.Order
	seen  int
	last  exchange.Time
	trade map[string]bool
}

func newAuditor(t *rapid.T, d *bench, opening []Deposit) *auditor {
	a := &auditor{t: t, d: d, cash: map[string]decimal.Decimal{}, value: map[exchange.InstrumentID]decimal.Decimal{},
		qty: map[exchange.InstrumentID]exchange.Lots{}, state: map[exchange.OrderID]exchange.Order{}, trade: map[string]bool{}}
	for _, o := range opening {
		a.book(o.Wallet, o.Asset, o.Amount)
	}
	return a
}

func (a *auditor) book(w exchange.Wallet, asset string, amount decimal.Decimal) {
	key := string(w) + asset
	a.cash[key] = a.cash[key].Add(amount)
}

var walletNames = []exchange.Wallet{"spot", "usdm", "coinm"}

func (a *auditor) listen() {
	for ; a.seen < len(a.d.heard); a.seen++ {
		ev := &a.d.heard[a.seen]
		if ev.Time < a.last || ev.VenueTime > ev.Time {
			a.t.Fatalf("event %d at %s after one at %s, happened %s", a.seen, ev.Time, a.last, ev.VenueTime)
		}
		a.last = ev.Time
		switch ev.Kind {
		case exchange.KindOrder:
			a.order(&ev.Update)
		case exchange.KindFill:
			a.fill(ev.Fill)
		case exchange.KindFundingPaid:
			p := ev.Payment
			a.book(a.d.u.Get(p.Instrument).Wallet, p.Asset, p.Amount)
		case exchange.KindTransfer:
			if x := ev.Transfer; x.Done {
				a.book(x.From, x.Asset, x.Amount.Neg())
				a.book(x.To, x.Asset, x.Amount)
			}
		case exchange.KindBalance:
			a.book(ev.Wallet, ev.Asset, ev.Amount)
		}
	}
}

// order checks that statuses only move forward and fills are counted.
func (a *auditor) order(u *exchange.OrderUpdate) {
	o := a.state[u.ID]
	if u.CancelRejected {
		return
	}
	if o.Status.Terminal() || u.Status < o.Status || o.Status == u.Status {
		a.t.Fatalf("order %d went from %s to %s", u.ID, o.Status, u.Status)
	}
	if u.Filled != o.Filled {
		a.t.Fatalf("order %d: %s with %d filled, the fills say %d", u.ID, u.Status, u.Filled, o.Filled)
	}
	if u.Status == exchange.StatusRejected && (u.Code <= 0 || u.Reason == "") {
		a.t.Fatalf("order %d rejected without a word: %d %q", u.ID, u.Code, u.Reason)
	}
	o.Status = u.Status
	a.state[u.ID] = o
}

func (a *auditor) fill(f *exchange.Fill) {
	in := a.d.u.Get(f.Instrument)
	if a.trade[f.TradeID] || f.Qty <= 0 || f.Price <= 0 {
		a.t.Fatalf("fill %+v", f)
	}
	a.trade[f.TradeID] = true
	if o := a.state[f.Order]; f.Order != 0 {
		if o.Status != exchange.StatusAccepted {
			a.t.Fatalf("order %d filled while %s", f.Order, o.Status)
		}
		o.Filled += f.Qty
		a.state[f.Order] = o
	}
	dq := exchange.Lots(f.Side) * f.Qty
	held := a.qty[in.ID]
	a.qty[in.ID] += dq
	a.book(in.Wallet, f.FeeAsset, f.Fee.Neg())
	if in.Perp() {
		// A fill that turns a position round is two: coins are rounded at 16 places.
		first := dq
		if held != 0 && (held > 0) != (dq > 0) && dq.Abs() > held.Abs() {
			first = -held
		}
		a.value[in.ID] = a.value[in.ID].Add(value(in, f.Price, first)).Add(value(in, f.Price, dq-first))
		return
	}
	a.book(in.Wallet, in.Base, in.QtyDecimal(dq))
	a.book(in.Wallet, in.Quote, in.Notional(f.Price, dq).Neg())
}

// balances compares what the events add up to with the venue's account: coins
// and cash to the last digit on spot, and equity on futures, where what the
// fills cost and what the position is worth must explain it without any average
// price.
func (a *auditor) balances() {
	v := a.d.v
	for _, w := range walletNames {
		for _, asset := range []string{"USDT", "BTC"} {
			want := a.cash[string(w)+asset]
			for _, in := range a.d.u.All() {
				if in.Wallet != w || !in.Perp() || in.Settle() != asset {
					continue
				}
				worth := decimal.Zero
				if q := a.qty[in.ID]; q != 0 {
					worth = valueAt(in, v.margins.priceOf(v.markets.slots[in.ID]), q)
				}
				gain := worth.Sub(a.value[in.ID])
				if in.Inverse() {
					gain = gain.Neg()
				}
				want = want.Add(gain)
				if pos := v.Position(in.ID); pos.Qty != a.qty[in.ID] {
					a.t.Fatalf("%s: position %d, fills say %d", in.Key(), pos.Qty, a.qty[in.ID])
				}
			}
			if got := v.Equity(w, asset); !got.Equal(want) {
				a.t.Fatalf("%s %s: equity %s, events say %s", w, asset, got, want)
			}
		}
	}
}

// inside checks what must hold inside the venue at every moment.
func inside(t *rapid.T, v *Venue) {
	locked := map[string]decimal.Decimal{}
	for _, o := range v.OpenOrders() {
		in := v.markets.slots[o.Instrument].in
		if !in.Perp() {
			asset, amount := lockFor(in, &order{Order: o})
			locked[asset] = locked[asset].Add(amount)
		}
		if o.Leaves() <= 0 {
			t.Fatalf("order %d rests with %d to fill", o.ID, o.Leaves())
		}
	}
	for _, p := range v.wallets.balances {
		if p.wallet == "spot" && (!p.locked.Equal(locked[p.asset]) || p.total.LessThan(p.locked)) {
			t.Fatalf("spot %s: total %s, locked %s, orders need %s", p.asset, p.total, p.locked, locked[p.asset])
		}
		if p.pool == nil {
			continue
		}
		if st := v.margins.standing(p.pool); p.pool.held > 0 && !st.balance.GreaterThan(st.maintenance) {
			t.Fatalf("%s %s lives with balance %s and maintenance %s", p.wallet, p.asset, st.balance, st.maintenance)
		}
		if p.pool.held == 0 && p.total.IsNegative() {
			t.Fatalf("%s %s is %s without a position", p.wallet, p.asset, p.total)
		}
	}
}

func (d *bench) transcript() string {
	var b strings.Builder
	for i := range d.heard {
		ev := &d.heard[i]
		fmt.Fprintf(&b, "%d %d %s %+v %+v %+v %+v %s\n", ev.Time, ev.VenueTime, ev.Kind, ev.Update, ev.Fill, ev.Payment, ev.Transfer, ev.Amount)
	}
	return b.String()
}

// TestRandomSessions plays random sessions: money is conserved to the last
// digit, nothing is locked that no order needs, orders move only forward, no
// account lives below maintenance, and the same session gives the same events.
func TestRandomSessions(t *testing.T) {
	u := btcUniverse(t)
	opening := []Deposit{{"spot", "USDT", dec("3000")}, {"spot", "BTC", dec("1")}, {"usdm", "USDT", dec("400")}, {"coinm", "BTC", dec("0.7")}}
	rapid.Check(t, func(rt *rapid.T) {
		opt := Options{Seed: rapid.Uint64().Draw(rt, "seed"), Balances: opening, Leverage: rapid.SampledFrom([]int{1, 5, 20}).Draw(rt, "leverage")}
		opt.Latency.Model = rapid.SampledFrom([]string{"none", "lognormal"}).Draw(rt, "latency")
		opt.Queue.Model = rapid.SampledFrom([]string{"risk_averse", "power", "log"}).Draw(rt, "queue")
		steps := rapid.SliceOfN(rapid.Custom(drawStep), 50, 200).Draw(rt, "steps")

		d, again := newBench(t, u, opt), newBench(t, u, opt)
		a := newAuditor(rt, d, opening)
		for _, s := range steps {
			d.step(s)
			again.step(s)
			inside(rt, d.v)
			a.listen()
		}
		d.until(d.now + exchange.Hour)
		again.until(again.now + exchange.Hour)
		a.listen()
		a.balances()
		if d.transcript() != again.transcript() {
			rt.Fatal("the same session gave other events")
		}
	})
}
