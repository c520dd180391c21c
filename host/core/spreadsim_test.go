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
	"coins were borrowed", "interest was charged", "killed while coins were owed",
	"rested to open", "rested to close", "an inverse leg rested", "spot rested", "what rested filled", "what rested filled in parts", "what rested was hedged at once",
	"what rested was taken back", "what rested would have taken", "what rested filled at a dark venue", "killed with an order that rests", "taken after others had their time",
}

// redSeeds went beyond a bound once, and what for.
var redSeeds = map[uint64]string{
	74:   "a substitute's order and one of a dark leg had no answer, and a third mended the same",
	712:  "no price of a leg was known after a kill, and the substitute was not sent",
	1814: "an order filled at a dark venue, and the price moved by 2 % before it was heard of",
	4432: "what was held was at dark houses, and the leg that could be traded held nothing",
	5503: "a pair gave four times inside the account before it was told of the first",
	8085: "an order that borrowed coins locked those of another pair, which could not sell them",
	8126: "a house that owed an answer was sent another order, and neither left room to mend",
	8163: "dust that went past flat kept the one leg that could be traded from taking the hedge",
}

func TestSpreadsThatWentBeyond(t *testing.T) {
	for _, seed := range slices.Sorted(maps.Keys(redSeeds)) {
		if err := newSpreadWorld(seed).run(); err != nil {
			t.Errorf("seed %d (%s): %v", seed, redSeeds[seed], err)
		}
	}
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
	rests    bool
	back     exchange.Time // when a cancel reaches it; 0: none was sent
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
	alive   []*truth        // that may fill, or of which not all fills were told
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

// spreadUniverse has a spot market whose coins are lent, at more than anybody asks.
func spreadUniverse(lends bool) *exchange.Universe {
	in := func(venue exchange.Venue, symbol, quote string, c exchange.Contract, tick, lot, least, fee string) exchange.Instrument {
		return exchange.Instrument{Venue: venue, Symbol: symbol, Base: "ABC", Quote: quote, Contract: c, Tick: exchange.MustStep(tick), Lot: exchange.MustStep(lot),
			MinNotional: decimal.RequireFromString(least), TakerFee: decimal.RequireFromString(fee)}
	}
	inverse := in("south.inverse", "ABCUSD", "USD", exchange.Inverse, "0.05", "1", "0", "0.0005")
	inverse.ContractSize = decimal.NewFromInt(10)
	june := in("north.linear", "ABC-260626", "USDT", exchange.Linear, "0.01", "0.01", "5", "0.0005")
	june.Delivery = exchange.Date(2026, 6, 26)
	spot := in("north.spot", "ABCUSDT", "USDT", exchange.Spot, "0.01", "0.001", "5", "0.001")
	if lends {
		spot.Lending = exchange.Lending{Rate: decimal.RequireFromString("0.0004"), Most: decimal.NewFromInt(1000)}
	}
	u, err := exchange.NewUniverse([]exchange.Instrument{
		spot,
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
	w := &spreadWorld{seed: seed, rnd: rand.New(rand.NewPCG(seed, 77)), u: spreadUniverse(seed%8 == 3 || seed%8 == 5), now: exchange.Date(2026, 1, 5), mid: 100,
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
			if w.core.wallets.balance(in.Wallet, asset).Total.IsZero() && !(in.Lends() && asset == "ABC") {
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
	c, err := New(Config{Universe: w.u, Limits: risk.Limits{DailyLoss: decimal.NewFromInt(-1), MaxBorrowed: decimal.NewFromInt(-1), StaleAfter: 15 * exchange.Second, OrdersPerSecond: -1}, Restore: from}, []Strategy{w.monkey}, nil)
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
		w.resting()
		w.interest()
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
	for _, in := range w.u.Loans() {
		if owed := w.core.wallets.balance(in.Wallet, in.Base).Total; owed.IsNegative() {
			return fmt.Errorf("%s %s are owed in the end", owed, in.Base)
		}
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
			w.cancel(b.Order.ID)
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
			r := intent.CloseRequest{Pair: x.ID, Patience: exchange.Second, Style: intent.Style(w.rnd.IntN(3) / 2)}
			if r.Style == intent.Maker {
				r.Patience = w.between(10*exchange.Second, 3*exchange.Minute)
			}
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
	if w.rnd.IntN(2) == 0 {
		r.Style, r.MakerLeg, r.MakerTime = intent.Maker, intent.Leg(w.rnd.IntN(3)), w.between(20*exchange.Second, 10*exchange.Minute)
	}
	r.Dark = intent.Dark{Wait: w.between(10*exchange.Second, 10*exchange.Minute), Then: intent.Then(min(2, w.rnd.IntN(4)))}
	if legs[2] == 0 { // the spot market
		legs[2] = legs[3]
	}
	if r.Dark.Then == intent.SubstituteThen {
		r.Dark.Substitute = exchange.InstrumentID(legs[2])
	}
	r.Borrow = short.Lends()
	if _, err := p.OpenPair(r); err != nil {
		w.count["refused"]++
		return nil
	}
	w.count["opened"]++
	for what, is := range map[string]bool{"linear against inverse": long.Inverse() != short.Inverse() && long.Perp() && short.Perp(), "spot elsewhere": !long.Perp() && short.Venue.House() != long.Venue.House(),
		"dated": long.Dated() || short.Dated(), "coins sold short": !short.Perp(), "coins were borrowed": r.Borrow} {
		if is {
			w.count[what]++
		}
	}
	return nil
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
		if m.Pair.Owes().IsPositive() {
			w.count["killed while coins were owed"]++
		}
		if s.Legs[intent.StandIn].Lots != 0 {
			w.count["killed with a substitute"]++
		}
	}
	for _, o := range w.rows.orders {
		if x := w.dark[w.u.Get(o.Instrument).Venue.House()]; x != nil && x.orders {
			w.count["killed with an order of a dark venue"]++
		}
		if x := w.orders[o.ID]; x != nil && x.rests && !x.answered {
			w.count["killed with an order that rests"]++
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
			w.taken[m.Pair.ID] = m.Pair.Spread.Since != 0 || w.untold(m.Pair.ID) != 0 // an order that mends it is as large
			continue
		}
		if w.worst = max(w.worst, most/bound); most > bound {
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
	if w.longest = max(w.longest, late); late > 10*exchange.Second {
		w.fail("pair %d is unhedged since %s, %s after the %s that were declared: %v", id, since, late, declared, w.core.pairs.machine(id).Pair.Reason)
	}
}

// untold is the value of what filled and the pair has not been told of.
func (w *spreadWorld) untold(pair exchange.PairID) float64 {
	sum := 0.0
	for _, o := range w.alive {
		if o.Pair != pair || o.Filled == 0 {
			continue
		}
		in := w.u.Get(o.Instrument)
		sum += in.BaseQty(o.Price, exchange.Lots(o.Side)*(o.Filled-o.told)).InexactFloat64() * w.mid
	}
	return sum
}
