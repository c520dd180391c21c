package execution

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/intent"
)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// markets are a coin of 100 USDT with round rules, and one that trades a
// thousand at a time on the perpetual.
func markets(t testing.TB) *exchange.Universe {
	t.Helper()
	u, err := exchange.NewUniverse([]exchange.Instrument{
		{Venue: "spot", Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.001"),
			MinNotional: dec("5"), TakerFee: dec("0.001"), MakerFee: dec("0.001")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "ABCUSDT", Base: "ABC", Quote: "USDT", Tick: exchange.MustStep("0.01"), Lot: exchange.MustStep("0.01"),
			MinNotional: dec("5"), TakerFee: dec("0.0005")},
		{Venue: "spot", Symbol: "SHIBUSDT", Base: "SHIB", Quote: "USDT", Tick: exchange.MustStep("0.00000001"), Lot: exchange.MustStep("1"),
			MinNotional: dec("5"), TakerFee: dec("0.001")},
		{Venue: "usdm", Contract: exchange.Linear, Symbol: "1000SHIBUSDT", Base: "SHIB", Quote: "USDT", Multiplier: 1000, Tick: exchange.MustStep("0.000001"),
			Lot: exchange.MustStep("1"), MinNotional: dec("5"), TakerFee: dec("0.0005")},
		{Venue: "coinm", Contract: exchange.Inverse, Symbol: "ABCUSD_PERP", Base: "ABC", Quote: "USD", ContractSize: dec("10"), Tick: exchange.MustStep("0.01"),
			Lot: exchange.MustStep("1"), TakerFee: dec("0.0005")},
	})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// desk is the core and the venue as a machine sees them: it keeps the books and
// the clock, takes the machine's orders, and tells it what became of them when
// the test says so.
type desk struct {
	t        testing.TB
	u        *exchange.Universe
	spot     exchange.InstrumentID
	perp     exchange.InstrumentID
	books    []*book.Book
	now      exchange.Time
	start    exchange.Time
	m        *Machine
	orders   []*exchange.Order // by id, from 1
	deny     map[exchange.InstrumentID]string
	latched  string          // why no more shorts are sold
	owed     decimal.Decimal // coins that other pairs bring back
	unpriced bool            // nothing can be settled inside the account
	missing  decimal.Decimal // coins that are not in the wallet
	hidden   exchange.Lots   // another strategy's position in the perpetual
	coinDesk
	spreadDesk
	say func(format string, a ...any)
}

func newDesk(t testing.TB, coin string) *desk {
	d := &desk{t: t, u: markets(t), start: exchange.Date(2026, 1, 5), deny: map[exchange.InstrumentID]string{}, say: func(string, ...any) {}}
	d.now = d.start
	for _, in := range d.u.All() {
		d.books = append(d.books, book.New(in))
	}
	for _, p := range d.u.Pairs(exchange.Perpetuals(exchange.Linear)) {
		if p.Base == coin {
			d.spot, d.perp = p.Spot.ID, p.Perp.ID
		}
	}
	return d
}

// checkedMachine is what the core does with a request: it is checked, and carried out.
func checkedMachine(r intent.PairRequest, p Port) (*Machine, error) {
	if err := CheckPair(&r, p); err != nil {
		return nil, err
	}
	return NewMachine(1, 0, r, p), nil
}

func (d *desk) Now() exchange.Time                                       { return d.now }
func (d *desk) Instrument(id exchange.InstrumentID) *exchange.Instrument { return d.u.Get(id) }
func (d *desk) Book(id exchange.InstrumentID) *book.Book                 { return d.books[id] }
func (d *desk) TakerFee(id exchange.InstrumentID) decimal.Decimal        { return d.u.Get(id).TakerFee }

// Position is what the venue sees: the pair's own, unless the test hides it.
func (d *desk) Position(id exchange.InstrumentID) exchange.Lots {
	if d.m != nil && d.m.Pair.Spread.Is() {
		return d.spreadPosition(id)
	}
	if id == d.perp && d.m != nil {
		return d.m.Pair.PerpQty + d.hidden
	}
	return 0
}

// Free is what the pair holds, less what the test says is missing.
func (d *desk) Free(id exchange.InstrumentID, _ exchange.PairID) decimal.Decimal {
	if d.m == nil || d.m.Pair.Spread.Is() {
		return d.spreadFree(id)
	}
	return d.m.Pair.SpotQty.Sub(d.missing)
}

// Owed is what the test says that other pairs owe.
func (d *desk) Owed(exchange.InstrumentID, exchange.PairID) decimal.Decimal { return d.owed }

// Settle has somebody else sell inside the account, at the middle of the book.
func (d *desk) SettleShort(m *Machine, lots exchange.Lots) bool {
	b := d.books[d.perp]
	if d.hidden < lots || d.unpriced {
		return false
	}
	bid, _ := b.Level(exchange.Buy, 1)
	ask, _ := b.Level(exchange.Sell, 1)
	d.hidden -= lots
	price := (bid.Price + ask.Price) / 2
	d.say("settle %s at %s", d.qty(d.perp, lots), d.price(d.perp, price))
	m.Fill(d, &exchange.Fill{Instrument: d.perp, Side: exchange.Buy, Price: price, Qty: lots, FeeAsset: d.u.Get(d.perp).Quote, Reason: Crossed})
	d.guard()
	return true
}

func (d *desk) leg(id exchange.InstrumentID) string { return string(d.u.Get(id).Venue) }
func (d *desk) qty(id exchange.InstrumentID, q exchange.Lots) string {
	return d.u.Get(id).QtyDecimal(q).String()
}
func (d *desk) price(id exchange.InstrumentID, p exchange.Ticks) string {
	return d.u.Get(id).PriceDecimal(p).String()
}
func (d *desk) live(o *exchange.Order) bool               { return !o.Status.Terminal() }
func (d *desk) order(id exchange.OrderID) *exchange.Order { return d.orders[id-1] }

func (d *desk) Check(o *exchange.Order) error {
	return d.CheckWith(o, decimal.Zero)
}

func (d *desk) CheckWith(o *exchange.Order, arriving decimal.Decimal) error {
	if why := d.deny[o.Instrument]; why != "" {
		return errors.New(why)
	}
	if d.latched != "" && o.Instrument == d.perp && o.Side == exchange.Sell && !o.ReduceOnly {
		return errors.New("kill latch: " + d.latched)
	}
	return d.backed(o, arriving)
}

// Submit holds every order against the rules that no scenario may break.
func (d *desk) Submit(o *exchange.Order) exchange.OrderID {
	d.t.Helper()
	for _, other := range d.orders {
		if d.live(other) && other.Leg == o.Leg {
			d.t.Errorf("order of leg %d is sent while order %d of it is live", o.Leg, other.ID)
		}
	}
	in := d.u.Get(o.Instrument)
	switch {
	case d.m.Pair.Spread.Is():
		d.spreadRules(o)
	case o.TIF != exchange.IOC && o.TIF != exchange.PostOnly || o.Price <= 0 || o.Qty <= 0:
		d.t.Errorf("order is not a sane limit: %+v", o)
	case o.TIF == exchange.PostOnly && d.crosses(o):
		d.t.Errorf("order is to rest and would take: %+v", o)
	case in.Inverse() && o.Side == exchange.Sell && d.m.Pair.PerpQty <= 0:
	case d.m.Pair.PerpQty > 0: // a late fill went past flat
	case in.Perp() && o.Side == exchange.Buy && (!o.ReduceOnly || o.Qty > -d.m.Pair.PerpQty):
		d.t.Errorf("buying %d of a short of %d, reduce-only %v", o.Qty, -d.m.Pair.PerpQty, o.ReduceOnly)
	case !in.Perp() && o.Side == exchange.Sell && in.QtyDecimal(o.Qty).GreaterThan(d.m.Pair.SpotQty):
		d.t.Errorf("selling %s coins of %s", in.QtyDecimal(o.Qty), d.m.Pair.SpotQty)
	}
	kept := *o
	kept.ID, kept.Status = exchange.OrderID(len(d.orders)+1), exchange.StatusNew
	d.orders = append(d.orders, &kept)
	how := ""
	if o.ReduceOnly {
		how = " reduce-only"
	}
	if o.TIF == exchange.PostOnly {
		how += " post-only"
	}
	d.say("send %d: %s %s %s at %s%s", kept.ID, o.Side, d.qty(o.Instrument, o.Qty), d.leg(o.Instrument), d.price(o.Instrument, o.Price), how)
	return kept.ID
}

func (d *desk) crosses(o *exchange.Order) bool {
	far, ok := d.books[o.Instrument].Level(o.Side.Opposite(), 1)
	return ok && exchange.Ticks(o.Side)*(o.Price-far.Price) >= 0
}

func (d *desk) Cancel(id exchange.OrderID) {
	if o := d.order(id); d.live(o) && !o.Canceled {
		o.Canceled = true
		d.say("cancel %d", id)
	}
}

func (d *desk) Changed(m *Machine) {
	p := &m.Pair
	text := fmt.Sprintf("%s: spot %s, perp %s", p.State, p.SpotQty, d.qty(p.Perp, p.PerpQty))
	if p.State.Done() {
		text += fmt.Sprintf(", made %s", p.Realised)
	}
	text += d.coinText(p)
	if p.Spread.Is() {
		text = d.spreadText(p)
	}
	if p.Reason != "" {
		text += " (" + p.Reason + ")"
	}
	d.say("%s", text)
}

// step is the core's, which keeps a machine from spinning. It never has to after a step:
// what is due was done.
func (d *desk) step() {
	d.t.Helper()
	d.m.Step(d)
	if at, armed := d.m.Deadline(); armed && at <= d.now {
		d.t.Errorf("%s: the next look was due at %s (%s)", d.now, at, d.m.Pair.Reason)
	}
	d.guard()
}

func (d *desk) guard() {
	if at, armed := d.m.Deadline(); armed && at <= d.now {
		d.m.Snooze(d.now + exchange.Second/4)
	}
}

// show gives a market a whole new book and steps the machine if it watches.
func (d *desk) show(id exchange.InstrumentID, bids, asks []exchange.Level) {
	b := d.books[id]
	b.Apply(&exchange.Event{Kind: exchange.KindSnapshot, Time: d.now, LastID: b.LastID() + 1, PrevID: -1, Bids: bids, Asks: asks})
	if d.m != nil && !d.m.Pair.State.Done() && d.m.Watching() {
		d.step()
	}
}

// wait lets time pass and serves the machine's deadlines on the way.
func (d *desk) wait(length exchange.Time) {
	until := d.now + length
	for d.m != nil {
		at, armed := d.m.Deadline()
		if !armed || at > until {
			break
		}
		d.now = max(d.now, at)
		d.step()
	}
	d.now = until
}

// fill executes part of an order at its limit, or at another price.
func (d *desk) fill(id exchange.OrderID, qty exchange.Lots, price exchange.Ticks) {
	o := d.order(id)
	if price == 0 {
		price = o.Price
	}
	in := d.u.Get(o.Instrument)
	f := &exchange.Fill{Order: id, Instrument: o.Instrument, Side: o.Side, Price: price, Qty: qty, FeeAsset: in.Quote}
	f.Fee = in.Notional(price, qty).Mul(in.TakerFee)
	if !in.Perp() && o.Side == exchange.Buy {
		f.Fee, f.FeeAsset = in.QtyDecimal(qty).Mul(in.TakerFee), in.Base
	}
	coinFee(in, f)
	o.Filled += qty
	d.m.Fill(d, f)
	if o.Filled >= o.Qty && d.live(o) {
		d.finish(id, exchange.StatusFilled)
	}
}

func (d *desk) finish(id exchange.OrderID, status exchange.OrderStatus) {
	d.order(id).Status = status
	d.m.OrderDone(d, id)
	d.guard()
}

// liquidate is the venue closing a part of the short.
func (d *desk) liquidate(qty exchange.Lots, price exchange.Ticks) {
	in := d.u.Get(d.perp)
	f := &exchange.Fill{Instrument: d.perp, Side: exchange.Buy, Price: price, Qty: qty, FeeAsset: in.Quote,
		Fee: in.Notional(price, qty).Mul(in.TakerFee), Reason: "liquidation"}
	coinFee(in, f)
	d.m.Fill(d, f)
	d.guard()
	d.Changed(d.m)
}

// restart is a crash: the pair comes back from what the ledger kept. The orders are
// gone with a simulated venue, and still there at a real one.
func (d *desk) restart(outlived bool) {
	raw, err := json.Marshal(struct {
		Pair    intent.Pair
		Request intent.PairRequest
	}{d.m.Pair, d.m.Request})
	if err != nil {
		d.t.Fatal(err)
	}
	var kept struct {
		Pair    intent.Pair
		Request intent.PairRequest
	}
	if err := json.Unmarshal(raw, &kept); err != nil {
		d.t.Fatal(err)
	}
	d.m = Resume(kept.Pair, kept.Request, d.now)
	for _, o := range d.orders {
		switch {
		case !d.live(o):
		case outlived:
			d.m.Adopt(o)
		default:
			o.Status = exchange.StatusExpired
		}
	}
}

// condition holds the pair against what a scenario expects of it.
func (d *desk) condition(want string) error {
	if d.m.Pair.Spread.Is() {
		return d.spreadCondition(want)
	}
	res, tol := d.m.Residual(d), d.m.balancer.tolerance(d)
	state := fmt.Sprintf("%s with spot %s, perp %s, residual %s", d.m.Pair.State, d.m.Pair.SpotQty, d.qty(d.perp, d.m.Pair.PerpQty), res)
	ok := false
	switch want {
	case "hedged": // within what no order could mend
		ok = !d.m.Busy() && res.Abs().LessThanOrEqual(tol)
	case "level": // whatever is under way
		ok = res.Abs().LessThanOrEqual(tol)
	case "dust": // no short, and fewer coins than the venue lets one sell
		bid, _ := d.books[d.spot].Level(exchange.Buy, 1)
		in := d.u.Get(d.spot)
		ok = d.m.Pair.PerpQty == 0 && !tradable(in, bid.Price, lotsOf(in, d.m.Pair.SpotQty))
	case "flat":
		ok = d.m.Pair.PerpQty == 0 && d.m.Pair.SpotQty.LessThanOrEqual(tol)
	case "naked":
		ok = res.Abs().GreaterThan(tol)
	case "idle": // no order of it is live
		ok = !d.m.working.any()
	default:
		ok = d.m.Pair.State.String() == want
	}
	if !ok {
		return fmt.Errorf("want %s, it is %s", want, state)
	}
	return nil
}

func (d *desk) level(id exchange.InstrumentID, text string) exchange.Level {
	d.t.Helper()
	in := d.u.Get(id)
	p, q, ok := strings.Cut(text, "x")
	price, ok1 := in.Tick.Exact(dec(p))
	qty, ok2 := in.Lot.Exact(dec(q))
	if !ok || !ok1 || !ok2 {
		d.t.Fatalf("%q: want PRICExQTY on the grid of %s", text, in.Key())
	}
	return exchange.Level{Price: exchange.Ticks(price), Qty: exchange.Lots(qty)}
}
