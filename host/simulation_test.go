package host

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/bindings/std"
	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/book"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/loop"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/ledger/journal"
)

var (
	seeds     = flag.Int("seeds", 10, "how many seeds TestSimulation runs")
	firstSeed = flag.Uint64("first", 1, "the first of them")
	oneSeed   = flag.Uint64("seed", 0, "run TestSimulation with this seed only")
	traceSeed = flag.Bool("trace", false, "print every effect of TestSimulation")
)

// The limits of one seed. One that goes beyond either is red, and says where it
// stood: a simulation that hangs tells nothing. A seed has some 60,000 events and
// takes a third of a second, and a hundred times that on a machine that is busy.
const (
	mostEvents   = 2_000_000
	mostWallTime = 10 * time.Minute
)

// world is one simulated session: a market, a venue and strategies, all made
// from one seed, and everything that can go wrong between them.
type world struct {
	seed   uint64
	step   exchange.Time
	market *synth.Market
	core   *core.Core
	audit  *auditor
	loop   *loop.Loop
	count  tally
	runs   int    // that were killed
	state  string // that the script goes on from
	events uint64 // of those
}

var openingBalances = []paper.Deposit{
	{Wallet: "spot", Asset: "USDT", Amount: decimal.NewFromInt(60000)},
	{Wallet: "spot", Asset: "BTC", Amount: decimal.RequireFromString("0.2")},
	{Wallet: "usdm", Asset: "USDT", Amount: decimal.NewFromInt(40000)},
	{Wallet: "coinm", Asset: "BTC", Amount: decimal.RequireFromString("0.5")},
}

// strategies are a monkey and, by seed, one of the scripts.
func (w *world) strategies(count tally) ([]core.Strategy, error) {
	list := []core.Strategy{newMonkey(w.seed+uint64(w.runs)<<32, count)}
	path := map[uint64]string{1: "../scripts/basis.lua", 2: "../scripts/funding_rotation.lua"}[w.seed%3]
	if path == "" {
		return list, nil
	}
	l, err := loadScript(path, std.Modules())
	if err != nil {
		return nil, err
	}
	s, err := newScript(&strategyConfig{Path: path, Sources: l.program.Sources(), Hash: l.program.Hash(), State: w.state}, std.Modules(), w.seed, w.market.Universe(), l.program)
	return append(list, s), err
}

func (w *world) newCore(count tally, from *core.Restore) error {
	list, err := w.strategies(count)
	if err != nil {
		return err
	}
	limits := risk.Limits{StaleAfter: 3*w.step + exchange.Second, CollarBP: 90}
	if w.seed%4 != 0 {
		limits.DailyLoss = decimal.NewFromInt(-1) // a monkey loses money; let it
	}
	w.core, err = core.New(core.Config{Universe: w.market.Universe(), Limits: limits, SampleEvery: 5 * exchange.Minute, Restore: from, MarkTransfer: markTransfer(w.market.Universe()),
		Ladders: func(*exchange.Instrument) bool { return w.seed%2 == 0 }}, list, nil)
	return err
}

func newWorld(seed uint64, count tally) (*world, error) {
	w := &world{seed: seed, count: count}
	rnd := rand.New(rand.NewPCG(seed, 4711))
	w.step = []exchange.Time{exchange.Second, 5 * exchange.Second, 10 * exchange.Second, 30 * exchange.Second}[rnd.IntN(4)]
	var err error
	if w.market, err = synth.New(synth.Options{Seed: seed, Step: w.step}); err != nil {
		return nil, err
	}
	u := w.market.Universe()
	w.audit = newAuditor(u)
	if err := w.newCore(count, nil); err != nil {
		return nil, err
	}
	latency := []paper.Latency{{}, {Model: "none"}, {Model: "const", Median: 300 * exchange.Millisecond}}[rnd.IntN(3)]
	books := func(id exchange.InstrumentID) *book.Book { return w.core.Book(id) }
	venue, err := paper.New(paper.Options{Universe: u, Books: books, Seed: seed, Latency: latency, Balances: openingBalances})
	if err != nil {
		return nil, err
	}
	w.audit.core, w.audit.keep = w.core, seed%10 == 0
	w.audit.venue = newBadVenue(venue, u, rnd, count)
	w.audit.feed = newBadFeed(w.market, u.Len(), rnd, count)
	w.loop = newLoop(w)
	w.loop.For, w.loop.Prelude = w.step*exchange.Time(500+rnd.IntN(1000)), deposits(openingBalances)
	w.audit.reaper = &reaper{rnd: rand.New(rand.NewPCG(seed, 13)), span: w.loop.For * 8 / 10}
	if seed%4 == 3 {
		w.audit.reaper.span = -1 // these come to their end in one run
	}
	w.audit.reaper.arm()
	return w, nil
}

func newLoop(w *world) *loop.Loop {
	return &loop.Loop{Core: w.core, Feed: w.audit.feed, Venue: w.audit.venue, Recorder: w.audit}
}

func (w *world) run() error {
	err := w.loop.Run(context.Background())
	for errors.Is(err, errKilled) {
		if err = w.restart(); err == nil {
			err = w.loop.Run(context.Background())
		}
	}
	if err != nil {
		return err
	}
	w.events += w.loop.Events()
	if err := w.audit.end(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	if w.core.Fills() != w.audit.fills {
		return fmt.Errorf("the core counted %d fills of %d", w.core.Fills(), w.audit.fills)
	}
	if w.audit.keep {
		for w.runs = range w.audit.recorded {
			w.state = w.audit.recorded[w.runs].state
			if err := w.replay(&w.audit.recorded[w.runs]); err != nil {
				return fmt.Errorf("run %d: %w", w.runs+1, err)
			}
		}
	}
	return nil
}

// replay steps a fresh core through the same events and wants the same effects.
func (w *world) replay(r *recorded) error {
	if err := w.newCore(tally{}, r.restore); err != nil {
		return err
	}
	var dec journal.EventDecoder
	var ev exchange.Event
	var fx []core.Effect
	lines := r.lines
	for _, raw := range r.events {
		if err := dec.Decode(raw, &ev); err != nil {
			return err
		}
		fx = fx[:0]
		w.core.Step(&ev, &fx)
		for i := range fx {
			got := string(fx[i].Append(nil, w.market.Universe()))
			if len(lines) == 0 || lines[0] != got {
				return fmt.Errorf("replay: event %d: %s; recorded was %.200s", ev.Seq, got, strings.Join(lines[:min(1, len(lines))], ""))
			}
			lines = lines[1:]
		}
	}
	if len(lines) > 0 {
		return fmt.Errorf("replay: %d effects did not come again, the first is %s", len(lines), lines[0])
	}
	return nil
}

// totals are what the sessions of a test came to.
type totals struct {
	sync.Mutex
	count                             tally
	events                            uint64
	rests, books, fills, pairs, plans int
}

func (s *totals) add(w *world) {
	s.Lock()
	defer s.Unlock()
	for k, n := range w.count {
		s.count[k] += n
	}
	a := w.audit
	s.events += w.events
	s.rests, s.books, s.fills = s.rests+a.rests, s.books+a.books, s.fills+a.before+a.fills
	s.pairs, s.plans = s.pairs+len(a.pairs), s.plans+len(a.schedules)
}

// simulate runs one seed.
func (s *totals) simulate(seed uint64) error {
	w, err := newWorld(seed, tally{})
	if err != nil {
		return err
	}
	defer s.add(w)
	w.audit.deadline = time.Now().Add(mostWallTime)
	return w.run()
}

// TestSimulation runs whole sessions with everything going wrong that can, and
// audits every step. -seeds runs more of them, -seed repeats one.
func TestSimulation(t *testing.T) {
	sum := totals{count: tally{}}
	first, last := *firstSeed, *firstSeed+uint64(*seeds)-1
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed
	}
	var next atomic.Uint64
	next.Store(first - 1)
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed := next.Add(1); seed <= last; seed = next.Add(1) {
				if err := sum.simulate(seed); err != nil {
					t.Errorf("seed %d: %v\nrepeat with: go test ./host -run TestSimulation -seed %d", seed, err, seed)
				}
			}
		})
	}
	all.Wait()
	n := int(last-first) + 1
	t.Logf("%d seeds: %d events, %d fills, %d pairs, %d schedules; compared %d times at rest and %d books; %s",
		n, sum.events, sum.fills, sum.pairs, sum.plans, sum.rests, sum.books, sum.count)
	if n < 100 {
		return
	}
	if sum.rests < 100*n || sum.books < 500*n || sum.fills < 100*n {
		t.Error("the audit saw little")
	}
	for _, fault := range slices.Concat(mischief, transferPaths, schedulePaths, restartPaths) {
		if sum.count[fault] == 0 {
			t.Errorf("no seed had the fault %q: it is tested by nothing", fault)
		}
	}
}

func (c tally) String() string {
	var out []string
	for _, k := range sortedKeys(c) {
		out = append(out, fmt.Sprintf("%s %d", k, c[k]))
	}
	return strings.Join(out, ", ")
}
