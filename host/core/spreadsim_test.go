package core

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/risk"
)

var (
	spreadSeeds = flag.Int("spread-seeds", 20, "how many seeds TestSpreadSimulation runs")
	spreadFirst = flag.Uint64("spread-first", 1, "the first of them")
	spreadTrace = flag.Bool("spread-trace", false, "print what happens to the first seed")
)

// darkPaths are what the seeds together must have gone through: what none of them did is
// tested by nothing.
var darkPaths = []string{
	"dark: market data", "dark: orders", "dark: both", "dark with nothing unhedged", "both houses of a pair dark",
	"an order reached a dark venue and filled", "an order reached a dark venue and did not", "an order never reached a dark venue",
	"hedged with a substitute", "a substitute was given back", "made to match after the wait", "brought back to the bound",
	"waited on", "mended before the wait was over", "a last word came before its fills",
	"killed", "killed while dark", "killed while unhedged", "killed with an order of a dark venue", "killed with a substitute", "killed before orders were sent",
	"linear against inverse", "spot elsewhere", "dated", "coins sold short", "a leg was liquidated",
}

// TestSpreadSimulation opens and closes pairs whose legs are at three houses, of which one
// and at times two go dark for up to half an hour, with kills at events that nobody
// chose. Left alone with venues that work, every pair ends flat, and nothing was ever
// more unhedged than it may be, in what was known and in what was true.
func TestSpreadSimulation(t *testing.T) {
	sum, all := map[string]int{}, sync.WaitGroup{}
	var mu sync.Mutex
	var next atomic.Uint64
	next.Store(*spreadFirst - 1)
	last := *spreadFirst + uint64(*spreadSeeds) - 1
	worst, longest := 0.0, exchange.Time(0)
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := next.Add(1); seed <= last; seed = next.Add(1) {
				w := newSpreadWorld(seed)
				if *spreadTrace && seed == *spreadFirst {
					w.trace = func(format string, a ...any) { t.Logf(format, a...) }
				}
				err := w.run()
				mu.Lock()
				for k, n := range w.count {
					sum[k] += n
				}
				worst, longest = max(worst, w.worst), max(longest, w.longest)
				if err != nil {
					t.Errorf("seed %d: %v\nrepeat with: go test ./host/core -run TestSpreadSimulation -spread-first %d -spread-seeds 1 -spread-trace -v", seed, err, seed)
				}
				mu.Unlock()
			}
		})
	}
	all.Wait()
	for _, k := range slices.Sorted(maps.Keys(sum)) {
		t.Logf("%6d %s", sum[k], k)
	}
	t.Logf("at most %.4f of the bound were unhedged, and for %s beyond the wait", worst, exchange.Time(longest).UTC().Format("04:05.000"))
	for _, path := range darkPaths {
		if sum[path] == 0 && *spreadSeeds >= 20 {
			t.Errorf("no seed went through %q: it is tested by nothing", path)
		}
	}
}

// truth is an order as its venue has it.
type truth struct {
	exchange.Order
	answered bool
	told     exchange.Lots // of Filled, that a core knows of
}

// spreadWorld is one simulated session over three houses.
type spreadWorld struct {
	seed    uint64
	rnd     *rand.Rand
	u       *exchange.Universe
	core    *Core
	now     exchange.Time
	end     exchange.Time // of mischief
	mid     float64
	basis   []float64 // by instrument
	books   []int64   // last id
	queue   []exchange.Event
	dark    map[string]*outage
	next    exchange.Time // outage
	orders  map[exchange.OrderID]*truth
	held    []exchange.Lots // by instrument, as the venues have it
	trades  int
	killIn  int  // seconds until the next one
	killMid bool // it comes once orders were decided on, and before they are sent
	killed  bool
	count   map[string]int
	rows    spreadRows
	worst   float64
	longest exchange.Time
	since   map[exchange.PairID]exchange.Time
	taken   map[exchange.PairID]bool // a venue took a part of a leg, which no bound holds for
	trace   func(string, ...any)
	failed  error
	monkey  *script
	calm    bool
}

type outage struct {
	market, orders bool
	from, until    exchange.Time
	told           bool
}

// spreadRows are what a ledger would keep.
type spreadRows struct {
	restore Restore
	orders  map[exchange.OrderID]*exchange.Order
	pairs   map[exchange.PairID][]byte
}

func (r *spreadRows) keep(e *Effect) {
	note := func(o *exchange.Order) {
		kept := *o
		kept.Canceled = false
		r.restore.LastOrder = max(r.restore.LastOrder, o.ID)
		if r.orders[o.ID] = &kept; o.Status.Terminal() {
			delete(r.orders, o.ID)
		}
	}
	switch b := e.Body.(type) {
	case Submit:
		note(b.Order)
	case OrderChanged:
		note(b.Order)
	case *Filled:
		f := RestoredFill{Time: e.Time, Strategy: e.Strategy, Fill: *b.Fill}
		if b.Order != nil {
			f.Pair = b.Order.Pair
			if o := r.orders[b.Order.ID]; o != nil {
				o.Filled = b.Order.Filled
			}
			r.restore.Fills = append(r.restore.Fills, f)
		}
		for _, s := range b.Shares {
			r.restore.Fills = append(r.restore.Fills, RestoredFill{Time: e.Time, Strategy: s.Strategy, Pair: s.Pair, Fill: s.Fill})
		}
	case PairChanged:
		r.restore.LastPair = max(r.restore.LastPair, b.Pair.ID)
		raw, err := json.Marshal(b.SavedPair)
		if err != nil {
			panic(err)
		}
		if r.pairs[b.Pair.ID] = raw; b.Pair.State.Done() {
			delete(r.pairs, b.Pair.ID)
		}
	}
}

func (r *spreadRows) from(now exchange.Time, balances []RestoredBalance) (*Restore, error) {
	out := r.restore
	out.Time, out.Balances, out.Fills = now, balances, slices.Clone(out.Fills)
	for _, id := range slices.Sorted(maps.Keys(r.orders)) {
		out.Orders = append(out.Orders, *r.orders[id])
	}
	for _, id := range slices.Sorted(maps.Keys(r.pairs)) {
		var p SavedPair
		if err := json.Unmarshal(r.pairs[id], &p); err != nil {
			return nil, err
		}
		out.Pairs = append(out.Pairs, p)
	}
	return &out, nil
}

func spreadUniverse() *exchange.Universe {
	in := func(venue exchange.Venue, symbol, quote string, c exchange.Contract, tick, lot, least, fee string) exchange.Instrument {
		return exchange.Instrument{Venue: venue, Symbol: symbol, Base: "ABC", Quote: quote, Contract: c, Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot),
			MinNotional: decimal.RequireFromString(least), TakerFee: decimal.RequireFromString(fee)}
	}
	inverse := in("south.inverse", "ABCUSD", "USD", exchange.Inverse, "0.05", "1", "0", "0.0005")
	inverse.ContractSize = decimal.NewFromInt(10)
	june := in("north.linear", "ABC-260626", "USDT", exchange.Linear, "0.01", "0.01", "5", "0.0005")
	june.Delivery = exchange.Date(2026, 6, 26)
	u, err := exchange.NewUniverse([]exchange.Instrument{
		in("north.spot", "ABCUSDT", "USDT", exchange.Spot, "0.01", "0.001", "5", "0.001"),
		in("north.linear", "ABCUSDT", "USDT", exchange.Linear, "0.01", "0.001", "5", "0.0005"),
		in("south.linear", "ABCUSDC", "USDC", exchange.Linear, "0.05", "0.1", "0", "0.0004"),
		in("east.linear", "1000ABCUSDT", "USDT", exchange.Linear, "1", "0.00001", "5", "0.0006"),
		inverse, june,
	})
	if err != nil {
		panic(err)
	}
	thousand, _ := u.Find("east.linear", "1000ABCUSDT")
	thousand.Multiplier = 1000
	return u
}

func newSpreadWorld(seed uint64) *spreadWorld {
	w := &spreadWorld{seed: seed, rnd: rand.New(rand.NewPCG(seed, 77)), u: spreadUniverse(), now: exchange.Date(2026, 1, 5), mid: 100,
		dark: map[string]*outage{}, orders: map[exchange.OrderID]*truth{}, count: map[string]int{}, since: map[exchange.PairID]exchange.Time{}, taken: map[exchange.PairID]bool{},
		rows:  spreadRows{orders: map[exchange.OrderID]*exchange.Order{}, pairs: map[exchange.PairID][]byte{}},
		trace: func(string, ...any) {}}
	n := w.u.Len()
	w.basis, w.books, w.held = make([]float64, n), make([]int64, n), make([]exchange.Lots, n)
	w.end, w.next, w.killIn = w.now+100*exchange.Minute, w.now+w.between(exchange.Minute, 25*exchange.Minute), 50+w.rnd.IntN(4000)
	w.monkey = &script{name: "monkey", subs: []string{"*"}, wants: map[Handler]bool{OnStart: true, OnTimer: true}, call: w.act}
	w.start(nil)
	for _, in := range w.u.All() {
		for _, asset := range []string{in.Settle(), "ABC"} {
			if w.core.wallets.balance(in.Wallet, asset).Total.IsZero() {
				w.step(exchange.Event{Kind: exchange.KindBalance, Wallet: in.Wallet, Asset: asset, Amount: decimal.NewFromInt(100000)})
			}
		}
	}
	return w
}

func (w *spreadWorld) between(lo, hi exchange.Time) exchange.Time {
	return lo + exchange.Time(w.rnd.Int64N(int64(hi-lo)))
}

func (w *spreadWorld) start(from *Restore) {
	c, err := New(Config{Universe: w.u, Limits: risk.Limits{DailyLoss: decimal.NewFromInt(-1), StaleAfter: 15 * exchange.Second, OrdersPerSecond: -1}, Restore: from}, []Strategy{w.monkey}, nil)
	if err != nil {
		panic(err)
	}
	w.core = c
}

// run is a session of 100 minutes in which everything goes wrong, and some in which
// nothing does.
func (w *spreadWorld) run() error {
	w.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart, Instrument: exchange.NoInstrument})
	for ; w.failed == nil && w.now < w.end+90*exchange.Minute; w.now += exchange.Second {
		w.calm = w.now >= w.end
		w.outages()
		w.market()
		w.deliver()
		w.wake()
		if w.killIn--; w.killIn < 0 && !w.calm && (!w.killMid || w.killed) {
			w.kill()
		}
		w.measure()
		if w.calm && w.now%(10*exchange.Second) == 0 && w.over() {
			break
		}
	}
	if w.failed != nil {
		return w.failed
	}
	return w.audit()
}

func (w *spreadWorld) fail(format string, a ...any) {
	if w.failed == nil {
		w.failed = fmt.Errorf("%s: "+format, append([]any{w.now}, a...)...)
	}
}

func (w *spreadWorld) over() bool {
	return len(w.core.OpenPairs()) == 0 && len(w.core.orders.open) == 0 && len(w.queue) == 0
}

// audit wants everything flat, and the books of core and venues the same.
func (w *spreadWorld) audit() error {
	for _, p := range w.core.OpenPairs() {
		return fmt.Errorf("after 90 minutes with venues that work pair %d is %s: %v, dark %q, held %q (%s)", p.ID, p.State, p.Spread.Legs, p.Spread.Dark, p.Held, p.Reason)
	}
	for i, in := range w.u.All() {
		if got := w.core.Position(in.ID); got != w.held[i] {
			return fmt.Errorf("%s: the core has %d lots, the venue %d", in.Key(), got, w.held[i])
		}
		if in.Perp() && w.held[i] != 0 {
			return fmt.Errorf("%s: %d lots are left", in.Key(), w.held[i])
		}
	}
	return nil
}

// step gives the core an event, and the venues what it asks for.
func (w *spreadWorld) step(ev exchange.Event) {
	if ev.Time = w.now; ev.Kind != exchange.KindSnapshot && ev.Kind != exchange.KindTimer {
		w.trace("%s %s %v %v %s %s", w.now, ev.Kind, ev.Update, ev.Fill, ev.Name, ev.Reason)
	}
	var fx []Effect
	w.core.Step(&ev, &fx)
	for i := range fx {
		w.rows.keep(&fx[i])
		switch b := fx[i].Body.(type) {
		case Submit:
			if w.killed = w.killed || w.killMid && w.killIn <= 0 && !w.calm; w.killed {
				w.count["killed before orders were sent"]++
				continue
			}
			w.submit(b.Order)
		case Cancel:
			w.cancel(b.Order)
		case *LogLine:
			w.trace("%s log %s", w.now, b.Text)
		case PairChanged:
			w.trace("%s pair %d %s %v (%s)", w.now, b.Pair.ID, b.Pair.State, b.Pair.Spread.Legs, b.Pair.Reason)
		}
	}
}

// act is a strategy that opens pairs of any legs, and closes them.
func (w *spreadWorld) act(p *Port, n *Callback) error {
	if n.Handler == OnStart {
		return p.SetTimer("act", p.Now()+exchange.Second, 7*exchange.Second)
	}
	pairs := p.Pairs()
	for _, x := range pairs {
		if x.State == intent.PairOpen && (w.calm || w.rnd.IntN(20) == 0) {
			r := intent.CloseRequest{Pair: x.ID, Patience: exchange.Second}
			if !w.calm && w.rnd.IntN(3) == 0 {
				r.Notional = decimal.NewFromInt(300)
			}
			_ = p.ClosePair(r)
		}
	}
	if w.calm || len(pairs) > 2 || w.rnd.IntN(4) != 0 {
		return nil
	}
	legs := w.rnd.Perm(w.u.Len())
	r := intent.PairRequest{Spot: exchange.InstrumentID(legs[0]), Perp: exchange.InstrumentID(legs[1]), Level: 1,
		Notional: decimal.NewFromInt(int64(500 + w.rnd.IntN(4000))), MaxUnhedged: decimal.NewFromInt(int64(300 + w.rnd.IntN(1200))), Timeout: w.between(exchange.Minute, 40*exchange.Minute)}
	long, short := w.u.Get(r.Spot), w.u.Get(r.Perp)
	r.Dark = intent.Dark{Wait: w.between(10*exchange.Second, 10*exchange.Minute), Then: intent.Then(min(2, w.rnd.IntN(4)))}
	if legs[2] == 0 { // the spot market
		legs[2] = legs[3]
	}
	if r.Dark.Then == intent.SubstituteThen {
		r.Dark.Substitute = exchange.InstrumentID(legs[2])
	}
	if _, err := p.OpenPair(r); err != nil {
		w.count["refused"]++
		return nil
	}
	w.count["opened"]++
	for what, is := range map[string]bool{"linear against inverse": long.Inverse() != short.Inverse() && long.Perp() && short.Perp(), "spot elsewhere": !long.Perp() && short.Venue.House() != long.Venue.House(),
		"dated": long.Dated() || short.Dated(), "coins sold short": !short.Perp()} {
		if is {
			w.count[what]++
		}
	}
	return nil
}

// outages begin and end, and are told of some seconds later.
func (w *spreadWorld) outages() {
	houses := []string{"north", "south", "east"}
	if w.now >= w.next && !w.calm {
		w.begin(houses[w.rnd.IntN(3)])
		w.next = w.now + w.between(exchange.Minute, 20*exchange.Minute)
	}
	for _, house := range houses {
		o := w.dark[house]
		switch {
		case o == nil:
		case w.now >= o.until:
			delete(w.dark, house)
			if o.told {
				w.tell(house, o, "")
			}
			w.back(house)
		case !o.told && w.now >= o.from+10*exchange.Second:
			o.told = true
			w.tell(house, o, "no answer")
		}
	}
}

// begin lets a house go dark for up to half an hour.
func (w *spreadWorld) begin(house string) {
	kind, until := w.rnd.IntN(3), min(w.now+w.between(exchange.Second, 30*exchange.Minute), w.end)
	if w.dark[house] != nil {
		return
	}
	w.count["dark: "+[...]string{"market data", "orders", "both"}[kind]]++
	w.dark[house] = &outage{market: kind != 1, orders: kind != 0, from: w.now, until: until}
	w.trace("%s %s goes dark until %s", w.now, house, until)
	if len(w.dark) > 1 {
		w.count["two houses dark"]++
	}
}

// tell tells the core of an outage, and that books are lost in it.
func (w *spreadWorld) tell(house string, o *outage, why string) {
	if o.market && why != "" {
		for _, in := range w.u.All() {
			if in.Venue.House() == house {
				w.step(exchange.Event{Kind: exchange.KindGap, Instrument: in.ID, Reason: why})
			}
		}
	}
	for _, c := range []struct {
		is      bool
		channel exchange.Channel
	}{{o.market, exchange.ChannelMarket}, {o.orders, exchange.ChannelOrders}} {
		if c.is {
			w.step(exchange.Event{Kind: exchange.KindVenue, Name: house, Channel: c.channel, Reason: why})
		}
	}
	if why == "" {
		return
	}
	for _, p := range w.core.OpenPairs() {
		l, s := w.u.Get(p.Spot).Venue.House(), w.u.Get(p.Perp).Venue.House()
		if w.dark[l] != nil && w.dark[s] != nil && l != s {
			w.count["both houses of a pair dark"]++
		}
		if (l == house || s == house) && p.State == intent.PairOpen {
			w.count["dark with nothing unhedged"]++
		}
	}
}

// back lets a venue say what became of the orders that it was sent.
func (w *spreadWorld) back(house string) {
	for _, id := range slices.Sorted(maps.Keys(w.orders)) {
		if o := w.orders[id]; !o.answered && w.house(o) == house {
			w.answer(o, w.between(exchange.Millisecond, 5*exchange.Second))
		}
	}
}

func (w *spreadWorld) house(o *truth) string { return w.u.Get(o.Instrument).Venue.House() }

// market moves prices, and shows the books of houses whose market data come.
func (w *spreadWorld) market() {
	w.mid *= math.Exp(w.rnd.NormFloat64() * 2e-4)
	for i, in := range w.u.All() {
		w.basis[i] = 0.99*w.basis[i] + w.rnd.NormFloat64()*2e-4
		if o := w.dark[in.Venue.House()]; o != nil && o.market || in.Dated() && w.rnd.IntN(3) != 0 || w.rnd.IntN(8) == 0 {
			continue
		}
		bid, ask := w.touch(in)
		depth := exchange.Lots(in.Lot.Nearest(20))
		if in.Multiplier > 1 {
			depth = exchange.Lots(in.Lot.Nearest(0.02))
		}
		if in.Inverse() {
			depth = exchange.Lots(in.Lot.Nearest(200))
		}
		ev := exchange.Event{Kind: exchange.KindSnapshot, Instrument: in.ID, PrevID: -1}
		w.books[i]++
		ev.LastID = w.books[i]
		for n := range exchange.Ticks(3) {
			ev.Bids = append(ev.Bids, exchange.Level{Price: bid - n, Qty: depth})
			ev.Asks = append(ev.Asks, exchange.Level{Price: ask + n, Qty: depth})
		}
		w.step(ev)
	}
}

func (w *spreadWorld) touch(in *exchange.Instrument) (bid, ask exchange.Ticks) {
	mid := w.mid * (1 + w.basis[in.ID]) * float64(in.Multiplier)
	bid = exchange.Ticks(in.Tick.Nearest(mid * (1 - 1e-4)))
	return bid, max(bid+1, exchange.Ticks(in.Tick.Nearest(mid*(1+1e-4))))
}

// submit is an order on its way.
func (w *spreadWorld) submit(o *exchange.Order) {
	for _, other := range w.orders {
		if !other.answered && other.Pair == o.Pair && other.Leg == o.Leg {
			w.fail("order %d of leg %d of pair %d is sent while the end of order %d is not known: doubled", o.ID, o.Leg, o.Pair, other.ID)
		}
	}
	if w.orders[o.ID] != nil {
		w.fail("order %d is sent twice", o.ID)
	}
	x := &truth{Order: *o}
	x.Status = exchange.StatusRejected
	w.orders[o.ID] = x
	w.trace("%s submit %d pair %d leg %d %s %d %s at %d", w.now, o.ID, o.Pair, o.Leg, o.Side, o.Qty, w.u.Get(o.Instrument).Key(), o.Price)
	w.notice(o)
	if !w.calm && len(w.dark) == 0 && w.rnd.IntN(60) == 0 { // in the worst moment
		w.begin(w.house(x))
	}
	away := w.dark[w.house(x)]
	if away != nil && away.orders && w.rnd.IntN(2) == 0 {
		w.count["an order never reached a dark venue"]++
		return
	}
	w.execute(x)
	if away == nil || !away.orders {
		w.answer(x, w.between(20*exchange.Millisecond, 900*exchange.Millisecond))
		return
	}
	if x.Filled > 0 {
		w.count["an order reached a dark venue and filled"]++
	} else {
		w.count["an order reached a dark venue and did not"]++
	}
}

// notice counts what an order says of the path that its pair is on.
func (w *spreadWorld) notice(o *exchange.Order) {
	m := w.core.pairs.machine(o.Pair)
	if m == nil {
		return
	}
	s := &m.Pair.Spread
	other := w.dark[w.u.Get(s.Legs[1-min(1, int(o.Leg-1))].Instrument).Venue.House()]
	waited := s.Since != 0 && w.now >= s.Since+m.Request.Dark.Wait
	switch {
	case o.Leg == intent.StandIn+1 && s.Legs[intent.StandIn].Lots == 0:
		w.count["hedged with a substitute"]++
	case o.Leg == intent.StandIn+1:
		w.count["a substitute was given back"]++
	case other != nil && other.told && waited:
		w.count["made to match after the wait"]++
	case other != nil && other.told && s.Since != 0:
		w.count["brought back to the bound"]++
	case other == nil && s.Since != 0 && w.now > s.Since+30*exchange.Second && m.Request.Dark.Then == intent.HoldThen:
		w.count["waited on"]++
	case other == nil && s.Since != 0 && w.now > s.Since+10*exchange.Second && !waited:
		w.count["mended before the wait was over"]++
	}
}

// execute matches an order against the market as it truly is.
func (w *spreadWorld) execute(o *truth) {
	in := w.u.Get(o.Instrument)
	bid, ask := w.touch(in)
	price := ask
	if o.Side == exchange.Sell {
		price = bid
	}
	switch {
	case w.rnd.IntN(25) == 0:
		return
	case exchange.Ticks(o.Side)*(o.Price-price) < 0:
		o.Status = exchange.StatusExpired
		return
	}
	qty := o.Qty
	if w.rnd.IntN(6) == 0 {
		qty = exchange.Lots(1 + w.rnd.Int64N(int64(o.Qty)))
	}
	if o.ReduceOnly {
		qty = min(qty, max(0, -exchange.Lots(o.Side)*w.held[in.ID]))
	}
	o.Filled, o.Price, o.Status = qty, price, exchange.StatusExpired
	if qty == o.Qty {
		o.Status = exchange.StatusFilled
	}
	w.held[in.ID] += exchange.Lots(o.Side) * qty
}

// answer tells the fill of an order and its last word, in either order.
func (w *spreadWorld) answer(o *truth, after exchange.Time) {
	o.answered = true
	at := w.now + after
	word := exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Time: at, Update: exchange.OrderUpdate{ID: o.ID, VenueID: "v", Status: o.Status, Filled: o.Filled}}
	if o.Filled > 0 {
		in := w.u.Get(o.Instrument)
		w.trades++
		f := &exchange.Fill{Order: o.ID, TradeID: fmt.Sprint(w.trades), Instrument: o.Instrument, Side: o.Side, Price: o.Price, Qty: o.Filled, FeeAsset: in.Settle(),
			Fee: in.Notional(o.Price, o.Filled).Mul(in.TakerFee).Round(8)}
		if in.Inverse() || !in.Perp() && o.Side == exchange.Buy {
			f.FeeAsset, f.Fee = in.Base, in.BaseQty(o.Price, o.Filled).Mul(in.TakerFee).Round(8)
		}
		told := exchange.Event{Kind: exchange.KindFill, Instrument: o.Instrument, Time: at, Fill: f}
		if w.rnd.IntN(10) == 0 {
			w.count["a last word came before its fills"]++
			told.Time += w.between(1, 2*exchange.Second)
		}
		w.queue = append(w.queue, told)
	}
	w.queue = append(w.queue, word)
}

// cancel reaches a venue that is there; an IOC order has had its last word already.
func (w *spreadWorld) cancel(*exchange.Order) {}

// deliver tells what is due, unless its house has gone dark meanwhile.
func (w *spreadWorld) deliver() {
	for i := 0; i < len(w.queue); {
		ev := w.queue[i]
		o := w.dark[w.u.Get(ev.Instrument).Venue.House()]
		if ev.Time > w.now || o != nil && o.orders {
			i++
			continue
		}
		w.queue = slices.Delete(w.queue, i, i+1)
		if ev.Kind == exchange.KindFill {
			w.orders[ev.Fill.Order].told += ev.Fill.Qty
		}
		w.step(ev)
	}
	if !w.calm && w.rnd.IntN(4000) == 0 {
		w.liquidate()
	}
}

// liquidate is a venue that takes a part of a leg.
func (w *spreadWorld) liquidate() {
	for i, in := range w.u.All() {
		if qty := w.held[i]; in.Perp() && qty.Abs() > 1 && w.dark[in.Venue.House()] == nil && len(w.core.orders.open) == 0 && len(w.queue) == 0 {
			w.count["a leg was liquidated"]++
			side, part := exchange.Sell, exchange.Lots(1+w.rnd.Int64N(int64(qty.Abs())))
			if qty < 0 {
				side = exchange.Buy
			}
			bid, _ := w.touch(in)
			w.held[i] += exchange.Lots(side) * part
			w.trades++
			for _, m := range w.core.pairs.list {
				w.taken[m.Pair.ID] = w.taken[m.Pair.ID] || m.Trades(in.ID)
			}
			w.step(exchange.Event{Kind: exchange.KindFill, Instrument: in.ID, Fill: &exchange.Fill{TradeID: fmt.Sprint(w.trades), Instrument: in.ID, Side: side,
				Price: bid, Qty: part, FeeAsset: in.Settle(), Reason: "liquidation"}})
			return
		}
	}
}

// wake serves the core's deadlines.
func (w *spreadWorld) wake() {
	for range 50 {
		at, armed := w.core.NextTimer()
		if !armed || at > w.now {
			return
		}
		w.step(exchange.Event{Kind: exchange.KindTimer})
	}
}

// kill ends the core and begins another one from the rows that were written.
func (w *spreadWorld) kill() {
	w.killIn, w.killMid, w.killed = 30+w.rnd.IntN(2000), w.rnd.IntN(2) == 0, false
	w.count["killed"]++
	if len(w.dark) > 0 {
		w.count["killed while dark"]++
	}
	for _, m := range w.core.pairs.list {
		s := &m.Pair.Spread
		if s.Since != 0 {
			w.count["killed while unhedged"]++
		}
		if s.Legs[intent.StandIn].Lots != 0 {
			w.count["killed with a substitute"]++
		}
	}
	for _, o := range w.rows.orders {
		if x := w.dark[w.u.Get(o.Instrument).Venue.House()]; x != nil && x.orders {
			w.count["killed with an order of a dark venue"]++
		}
	}
	from, err := w.rows.from(w.now, w.core.Holdings())
	if err != nil {
		w.fail("%v", err)
		return
	}
	w.trace("%s killed", w.now)
	w.start(from)
	for _, house := range []string{"north", "south", "east"} {
		if o := w.dark[house]; o != nil && o.told {
			w.tell(house, o, "no answer")
		}
	}
	for i := range from.Orders { // a new run asks what became of them
		o := from.Orders[i]
		if x := w.orders[o.ID]; x != nil && x.answered {
			w.queue = append(w.queue, exchange.Event{Kind: exchange.KindOrder, Instrument: o.Instrument, Time: w.now + 3*exchange.Second,
				Update: exchange.OrderUpdate{ID: o.ID, VenueID: "v", Status: x.Status, Filled: x.Filled}})
		} else if x == nil {
			x = &truth{Order: o}
			w.orders[o.ID], x.Status, x.Filled = x, exchange.StatusRejected, 0
			if d := w.dark[w.house(x)]; d == nil || !d.orders {
				w.answer(x, exchange.Second)
			}
		}
	}
	w.step(exchange.Event{Kind: exchange.KindCommand, Name: CommandStart, Instrument: exchange.NoInstrument})
}

// measure holds every pair against its bounds, in what is known and in what is true.
func (w *spreadWorld) measure() {
	for _, m := range w.core.pairs.list {
		if m.Pair.State.Done() {
			delete(w.since, m.Pair.ID)
			continue
		}
		bound := m.Request.MaxUnhedged.InexactFloat64()
		known := m.Pair.Spread.Net().InexactFloat64() * w.mid
		most := max(math.Abs(known), math.Abs(known+w.untold(m.Pair.ID)))
		if w.taken[m.Pair.ID] {
			w.taken[m.Pair.ID] = m.Pair.Spread.Since != 0
			continue
		}
		if w.worst = max(w.worst, most/bound); most > 1.03*bound {
			w.fail("pair %d is unhedged by %.2f, or with what it does not know of by %.2f; %.2f are allowed: %v", m.Pair.ID, known, known+w.untold(m.Pair.ID), bound, m.Pair.Spread)
		}
		if since := m.Pair.Spread.Since; math.Abs(known) < 12 || w.nowhere(&m.Pair) { // below the smallest order of a leg
			w.since[m.Pair.ID] = max(w.now, since)
			continue
		}
		w.timed(m.Pair.ID, m.Pair.Spread.Since, m.Request.Dark.Then, m.Request.MaxUnhedgedTime+m.Request.Dark.Wait)
	}
}

// nowhere reports whether no leg of a pair can be traded.
func (w *spreadWorld) nowhere(p *intent.Pair) bool {
	for i := range p.Spread.Legs {
		if h := &p.Spread.Legs[i]; h.Instrument != exchange.NoInstrument && w.dark[w.u.Get(h.Instrument).Venue.House()] == nil {
			return false
		}
	}
	return true
}

// timed measures how long something is unhedged beyond what was declared. A policy that
// waits on has no bound, and neither has what nobody can trade at.
func (w *spreadWorld) timed(id exchange.PairID, since exchange.Time, then intent.Then, declared exchange.Time) {
	if since == 0 || then == intent.HoldThen || len(w.dark) > 1 {
		w.since[id] = w.now
		return
	}
	if began, ok := w.since[id]; !ok || since > began {
		w.since[id] = since
	}
	late := w.now - w.since[id] - declared
	if w.longest = max(w.longest, late); late > exchange.Minute {
		w.fail("pair %d is unhedged since %s, %s after the %s that were declared: %v", id, since, late, declared, w.core.pairs.machine(id).Pair.Reason)
	}
}

// untold is the value of what filled and the pair has not been told of.
func (w *spreadWorld) untold(pair exchange.PairID) float64 {
	sum := 0.0
	for _, o := range w.orders {
		if o.Pair != pair || o.Filled == 0 {
			continue
		}
		in := w.u.Get(o.Instrument)
		sum += in.BaseQty(o.Price, exchange.Lots(o.Side)*(o.Filled-o.told)).InexactFloat64() * w.mid
	}
	return sum
}
