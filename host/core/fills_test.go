package core

import (
	"strings"
	"testing"

	"github.com/shopspring/decimal"
	"pgregory.net/rapid"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
)

const (
	spotBTC exchange.InstrumentID = 0
	perpBTC exchange.InstrumentID = 1
)

// asks is a strategy that does one thing at its next book event.
type asks struct {
	script
	next func(*Port) error
}

func newAsks() *asks {
	s := &asks{script: script{name: "asks", subs: []string{"*"}}}
	s.call = func(p *Port, n *Callback) error {
		if n.Handler != OnBook || s.next == nil {
			return nil
		}
		do := s.next
		s.next = nil
		return do(p)
	}
	return s
}

// do runs one request of the strategy and returns what came of it.
func (b *bench) do(s *asks, f func(*Port) error) []Effect {
	s.next = f
	b.now += exchange.Second
	fx := b.book(spotBTC, 6000000, 6000001, 1000000)
	if s.next != nil {
		b.t.Fatal("the strategy was not called")
	}
	return fx
}

// filled executes part of an order at its own price.
func (b *bench) filled(o *exchange.Order, qty exchange.Lots, trade string) []Effect {
	in := b.core.Universe().Get(o.Instrument)
	f := &exchange.Fill{Order: o.ID, TradeID: trade, Instrument: in.ID, Side: o.Side, Price: o.Price, Qty: qty, FeeAsset: in.Settle(), Fee: decimal.Zero}
	if !in.Perp() && o.Side == exchange.Buy {
		f.FeeAsset, f.Fee = in.Base, in.QtyDecimal(qty).Mul(in.TakerFee)
	}
	return b.step(exchange.Event{Kind: exchange.KindFill, Instrument: in.ID, Fill: f})
}

func (b *bench) update(o *exchange.Order, status exchange.OrderStatus, filled exchange.Lots) []Effect {
	return b.step(exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Update: exchange.OrderUpdate{ID: o.ID, Status: status, Filled: filled}})
}

func limit(id exchange.InstrumentID, side exchange.Side, price exchange.Ticks, qty exchange.Lots) func(*Port) error {
	return func(p *Port) error {
		p.Submit(exchange.Order{Instrument: id, Side: side, Type: exchange.Limit, TIF: exchange.GTC, Price: price, Qty: qty})
		return nil
	}
}

// openPair opens a pair of one batch and returns its two orders.
func openPair(b *bench, s *asks) (spot, perp *exchange.Order) {
	b.t.Helper()
	b.book(perpBTC, 600000, 600001, 1000000)
	fx := bodies[Submit](b.do(s, func(p *Port) error {
		_, err := p.OpenPair(intent.PairRequest{Spot: spotBTC, Perp: perpBTC, Notional: decimal.NewFromInt(3000), Level: 1})
		return err
	}))
	if len(fx) != 2 {
		b.t.Fatalf("%d orders, want the two legs", len(fx))
	}
	return fx[0].Order, fx[1].Order
}

func (b *bench) status(id exchange.OrderID) exchange.OrderStatus {
	o, ok := b.core.orders.get(id)
	if !ok {
		b.t.Fatalf("order %d is unknown", id)
	}
	return o.Status
}

func TestATradeReportedAgainIsBookedOnce(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	o := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
	b.filled(o, 400, "7")
	if fx := b.filled(o, 400, "7"); len(bodies[*Filled](fx)) != 0 {
		t.Error("the second report was booked")
	}
	b.filled(o, 600, "8")
	if got := b.core.wallets.AccountPosition(spotBTC).Qty; got != 1000 || b.status(o.ID) != exchange.StatusFilled {
		t.Errorf("position %d, order %s; want 1000, filled", got, b.status(o.ID))
	}
	// The same number on another instrument is another trade.
	p := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
	p.Instrument = perpBTC
	if fx := b.filled(p, 1, "7"); len(bodies[*Filled](fx)) != 1 {
		t.Error("a trade of another instrument was taken for one that is known")
	}
}

func TestTheLastWordWaitsForAllFills(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	o := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
	b.update(o, exchange.StatusCanceled, 700)
	for _, step := range []struct {
		qty   exchange.Lots
		trade string
		want  exchange.OrderStatus
	}{{300, "1", exchange.StatusPartial}, {400, "2", exchange.StatusCanceled}} {
		b.filled(o, step.qty, step.trade)
		if got := b.status(o.ID); got != step.want {
			t.Errorf("after trade %s the order is %s, want %s", step.trade, got, step.want)
		}
	}
	// One more, after the last word: booked all the same, and the row is renewed.
	fx := b.filled(o, 100, "3")
	rows := bodies[OrderChanged](fx)
	if len(rows) != 1 || rows[0].Order.Filled != 800 || b.core.wallets.AccountPosition(spotBTC).Qty != 800 {
		t.Errorf("a late fill: %d order rows, position %d", len(rows), b.core.wallets.AccountPosition(spotBTC).Qty)
	}
}

func TestALateFillOfAPairIsHedged(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	spot, perp := openPair(b, s)
	b.filled(spot, spot.Qty, "1")
	b.filled(perp, perp.Qty, "2")
	if m := b.core.pairs.machine(1); m.Busy() {
		t.Fatal("the pair is not at rest")
	}
	// Two coins' worth more than the order asked for would halt: this order was
	// filled in full, so the surplus comes from a part of it being told late.
	o, _ := b.core.orders.get(spot.ID)
	o.Filled -= 5000
	fx := bodies[Submit](b.filled(spot, 5000, "3"))
	if len(fx) != 1 || fx[0].Order.Side != exchange.Sell || fx[0].Order.Instrument != spotBTC {
		t.Errorf("after a late fill the pair sends %d orders, want one that sells the coins", len(fx))
	}
}

func TestAFillBeyondTheOrderHalts(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	o := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
	b.filled(o, 1001, "1")
	if why := b.core.Halted(); !strings.Contains(why, "pl-1") {
		t.Errorf("halted: %q, want a reason that names the order", why)
	}
	if got := b.core.wallets.AccountPosition(spotBTC).Qty; got != 1001 {
		t.Errorf("position %d: what the venue says was traded must be booked", got)
	}
}

// The coins of a pair are the hedge of its short: no other order may sell them,
// and no transfer may take them away.
func TestCoinsOfAPairAreNotForSale(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	spot, perp := openPair(b, s)
	b.filled(spot, spot.Qty, "1")
	b.filled(perp, perp.Qty, "2")
	fx := b.do(s, limit(spotBTC, exchange.Sell, 6000000, 1000))
	if orders := bodies[OrderChanged](fx); len(orders) != 1 || !strings.Contains(orders[0].Order.Reason, "balance") {
		t.Errorf("selling the pair's coins: %+v", fx)
	}
	fx = b.do(s, func(p *Port) error {
		p.Transfer("BTC", "spot", "usdm", decimal.RequireFromString("0.01"))
		return nil
	})
	if len(bodies[SendTransfer](fx)) != 0 {
		t.Error("the pair's coins were transferred away")
	}
	// Coins beside the pair's are free, and the pair can sell its own.
	b.step(exchange.Event{Kind: exchange.KindBalance, Wallet: "spot", Asset: "BTC", Amount: decimal.RequireFromString("0.01")})
	if fx := b.do(s, limit(spotBTC, exchange.Sell, 6000000, 1000)); len(bodies[Submit](fx)) != 1 {
		t.Error("coins that belong to no pair can't be sold")
	}
	b.now += exchange.Minute
	if fx := b.do(s, func(p *Port) error { return p.ClosePair(intent.CloseRequest{Pair: 1}) }); len(bodies[Submit](fx)) != 2 {
		t.Errorf("the pair can't be closed: %+v", fx)
	}
}

// A long of another strategy hides the pair's short from the venue, which would
// refuse a reduce-only order.
func TestAHiddenShortIsBoughtBack(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	spot, perp := openPair(b, s)
	b.filled(spot, spot.Qty, "1")
	b.filled(perp, perp.Qty, "2")
	long := bodies[Submit](b.do(s, limit(perpBTC, exchange.Buy, 600001, perp.Qty+10)))[0].Order
	b.filled(long, long.Qty, "3")
	b.now += exchange.Minute
	fx := bodies[Submit](b.do(s, func(p *Port) error { return p.ClosePair(intent.CloseRequest{Pair: 1}) }))
	if len(fx) != 2 || fx[1].Order.Instrument != perpBTC || fx[1].Order.ReduceOnly {
		t.Errorf("closing sends %+v; want the perpetual's order without reduce-only", fx)
	}
}

// The ids that a callback was given are its own, whatever a pair that it opened in
// the same breath sends first.
func TestAPairAndOrdersInOneCallback(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	b.book(perpBTC, 600000, 600001, 1000000)
	var given exchange.OrderID
	fx := bodies[Submit](b.do(s, func(p *Port) error {
		_, err := p.OpenPair(intent.PairRequest{Spot: spotBTC, Perp: perpBTC, Notional: decimal.NewFromInt(3000), Level: 1})
		given = p.Submit(exchange.Order{Instrument: spotBTC, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 5990000, Qty: 1000})
		return err
	}))
	if len(fx) != 3 {
		t.Fatalf("%d orders, want the two legs and the one", len(fx))
	}
	seen := map[exchange.OrderID]bool{}
	for _, e := range fx {
		if seen[e.Order.ID] {
			t.Errorf("two orders have id %d", e.Order.ID)
		}
		seen[e.Order.ID] = true
		if (e.Order.ID == given) != (e.Order.Pair == 0) {
			t.Errorf("order %d is of pair %d; the callback was given %d for its own", e.Order.ID, e.Order.Pair, given)
		}
	}
}

// A venue may match in another order than we hear of it. Whatever the order, what
// was realised and what is open come out as the venue has them.
func TestFillsInAnotherOrder(t *testing.T) {
	in := universe(t).Get(perpBTC)
	rapid.Check(t, func(r *rapid.T) {
		var venue position
		var told []exchange.Fill
		for range rapid.IntRange(1, 12).Draw(r, "fills") {
			f := exchange.Fill{Side: rapid.SampledFrom([]exchange.Side{exchange.Buy, exchange.Sell}).Draw(r, "side"),
				Price: exchange.Ticks(rapid.Int64Range(1, 1e6).Draw(r, "price")), Qty: exchange.Lots(rapid.Int64Range(1, 1e4).Draw(r, "qty"))}
			f.Realised = venue.fill(in, &f, nil)
			told = append(told, f)
		}
		var ours position
		for _, f := range rapid.Permutation(told).Draw(r, "order") {
			ours.fill(in, &f, &f.Realised)
		}
		if ours.qty != venue.qty || !ours.realised.Equal(venue.realised) || !ours.cost.Equal(venue.cost) {
			r.Fatalf("%d at %s, realised %s; the venue has %d at %s, %s", ours.qty, ours.cost, ours.realised, venue.qty, venue.cost, venue.realised)
		}
	})
}

// An order that is unknown keeps its reservation, and whatever the venue says of
// it later moves it on.
func TestUnknownIsAState(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	for _, known := range []exchange.OrderStatus{exchange.StatusAccepted, exchange.StatusPartial, exchange.StatusCanceled, exchange.StatusRejected} {
		o := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
		b.update(o, exchange.StatusUnknown, 0)
		if got := b.core.orders.pending(spotBTC, exchange.Buy); b.status(o.ID) != exchange.StatusUnknown || got != 1000 {
			t.Fatalf("status %s with %d reserved, want unknown with 1000", b.status(o.ID), got)
		}
		b.update(o, known, 0)
		if got := b.status(o.ID); got != known {
			t.Errorf("unknown, then %s: the order is %s", known, got)
		}
		b.update(o, exchange.StatusCanceled, 0)
	}
	o := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
	b.update(o, exchange.StatusUnknown, 0)
	b.filled(o, 300, "u1")
	if got := b.status(o.ID); got != exchange.StatusPartial {
		t.Errorf("unknown, then a fill: the order is %s, want partial", got)
	}
}

// A cancel that the venue refuses while the order works on can be sent again.
func TestARefusedCancelMayBeRepeated(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	o := bodies[Submit](b.do(s, limit(spotBTC, exchange.Buy, 6000001, 1000)))[0].Order
	cancel := func(p *Port) error { p.Cancel(o.ID); return nil }
	for _, want := range []int{1, 0} {
		if got := len(bodies[Cancel](b.do(s, cancel))); got != want {
			t.Fatalf("%d cancels, want %d", got, want)
		}
	}
	b.step(exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument,
		Update: exchange.OrderUpdate{ID: o.ID, Status: exchange.StatusAccepted, CancelRejected: true}})
	if got := len(bodies[Cancel](b.do(s, cancel))); got != 1 {
		t.Errorf("%d cancels after a refusal, want 1", got)
	}
}

// What a venue cut off a transfer never left its wallet.
func TestATransferMayArriveWithLess(t *testing.T) {
	s := newAsks()
	b := newBench(t, s)
	total := func(m exchange.Wallet) decimal.Decimal { return b.core.wallets.balance(m, "USDT").Total }
	spot, usdm := total("spot"), total("usdm")
	fx := bodies[SendTransfer](b.do(s, func(p *Port) error {
		p.Transfer("USDT", "spot", "usdm", decimal.NewFromInt(100))
		return nil
	}))
	if len(fx) != 1 {
		t.Fatalf("%d transfers", len(fx))
	}
	done := *fx[0].Transfer
	less := decimal.RequireFromString("99.99999907")
	done.Done, done.Amount = true, less
	rows := bodies[Booked](b.step(exchange.Event{Kind: exchange.KindTransfer, Transfer: &done}))
	sum := decimal.Zero
	for _, p := range rows[0].Txn.Postings {
		sum = sum.Add(p.Amount)
	}
	if !sum.IsZero() {
		t.Errorf("the postings sum to %s", sum)
	}
	if got := total("usdm"); !got.Equal(usdm.Add(less)) {
		t.Errorf("the USDM wallet has %s, want %s more than %s", got, less, usdm)
	}
	if got := total("spot"); !got.Equal(spot.Sub(less)) {
		t.Errorf("the spot wallet has %s, want %s less than %s", got, less, spot)
	}
	if got := b.core.acct.inTransit("USDT").total; !got.IsZero() {
		t.Errorf("%s is still in transit", got)
	}
}
