package host

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/paper"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/risk"
	"github.com/perilune/perilune/host/sim"
	"github.com/perilune/perilune/ledger/journal"
)

var (
	seeds   = flag.Int("seeds", 200, "how many seeds TestSimulation runs")
	oneSeed = flag.Uint64("seed", 0, "run TestSimulation with this seed only")
)

// world is one simulated session: a market, a venue and strategies, all made
// from one seed, and everything that can go wrong between them.
type world struct {
	seed   uint64
	step   exchange.Time
	market *synth.Market
	core   *core.Core
	audit  *auditor
	driver *sim.Driver
}

var openingBalances = []paper.Deposit{
	{Market: exchange.Spot, Asset: "USDT", Amount: decimal.NewFromInt(60000)},
	{Market: exchange.Spot, Asset: "BTC", Amount: decimal.RequireFromString("0.2")},
	{Market: exchange.USDM, Asset: "USDT", Amount: decimal.NewFromInt(40000)},
	{Market: exchange.COINM, Asset: "BTC", Amount: decimal.RequireFromString("0.5")},
}

// strategies are a monkey and, by seed, one of the scripts.
func (w *world) strategies(count tally) ([]core.Strategy, error) {
	list := []core.Strategy{newMonkey(w.seed, count)}
	path := map[uint64]string{1: "../scripts/basis.lua", 2: "../scripts/funding_rotation.lua"}[w.seed%3]
	if path == "" {
		return list, nil
	}
	l, err := loadScript(path)
	if err != nil {
		return nil, err
	}
	s, err := newScript(&strategyConfig{Path: path, Sources: l.program.Sources(), Hash: l.program.Hash()}, w.seed, w.market.Universe(), l.program)
	return append(list, s), err
}

func (w *world) newCore(count tally) error {
	list, err := w.strategies(count)
	if err != nil {
		return err
	}
	limits := risk.Limits{StaleAfter: 3*w.step + exchange.Second, CollarBP: 90}
	if w.seed%4 != 0 {
		limits.DailyLoss = decimal.NewFromInt(-1) // a monkey loses money; let it
	}
	w.core, err = core.New(core.Config{Universe: w.market.Universe(), Limits: limits, SampleEvery: 5 * exchange.Minute,
		Ladders: func(*exchange.Instrument) bool { return w.seed%2 == 0 }}, list, nil)
	return err
}

func newWorld(seed uint64, count tally) (*world, error) {
	w := &world{seed: seed}
	rnd := rand.New(rand.NewPCG(seed, 4711))
	w.step = []exchange.Time{exchange.Second, 5 * exchange.Second, 10 * exchange.Second, 30 * exchange.Second}[rnd.IntN(4)]
	var err error
	if w.market, err = synth.New(synth.Options{Seed: seed, Step: w.step}); err != nil {
		return nil, err
	}
	if err := w.newCore(count); err != nil {
		return nil, err
	}
	u := w.market.Universe()
	latency := []paper.Latency{{}, {Model: "none"}, {Model: "const", Median: 300 * exchange.Millisecond}}[rnd.IntN(3)]
	venue, err := paper.New(paper.Options{Universe: u, Books: w.core.Book, Seed: seed, Latency: latency, Balances: openingBalances})
	if err != nil {
		return nil, err
	}
	w.audit = newAuditor(u)
	w.audit.core, w.audit.keep = w.core, seed%10 == 0
	w.audit.venue = newBadVenue(venue, u, rnd, count)
	w.audit.feed = newBadFeed(w.market, u.Len(), rnd, count)
	w.driver = &sim.Driver{Core: w.core, Feed: w.audit.feed, Venue: w.audit.venue, Recorder: w.audit,
		For: w.step * exchange.Time(500+rnd.IntN(1000)), Prelude: deposits(openingBalances)}
	return w, nil
}

func (w *world) run() error {
	if err := w.driver.Run(context.Background()); err != nil {
		return err
	}
	if err := w.audit.end(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	if w.core.Fills() != w.audit.fills {
		return fmt.Errorf("the core counted %d fills of %d", w.core.Fills(), w.audit.fills)
	}
	if w.audit.keep {
		return w.replay()
	}
	return nil
}

// replay steps a fresh core through the same events and wants the same effects.
func (w *world) replay() error {
	if err := w.newCore(tally{}); err != nil {
		return err
	}
	var dec journal.EventDecoder
	var ev exchange.Event
	var fx []core.Effect
	lines := w.audit.lines
	for _, raw := range w.audit.events {
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

// TestSimulation runs whole sessions with everything going wrong that can, and
// audits every step. -seeds runs more of them, -seed repeats one.
func TestSimulation(t *testing.T) {
	count := tally{}
	first, last := uint64(1), uint64(*seeds)
	if testing.Short() {
		last = min(last, 10)
	}
	if *oneSeed != 0 {
		first, last = *oneSeed, *oneSeed
	}
	var events uint64
	var rests, books, fills, pairs int
	for seed := first; seed <= last; seed++ {
		w, err := newWorld(seed, count)
		if err != nil {
			t.Fatal(err)
		}
		if err := w.run(); err != nil {
			t.Errorf("seed %d: %v\nrepeat with: go test ./host -run TestSimulation -seed %d", seed, err, seed)
		}
		events += w.driver.Events()
		rests, books, fills, pairs = rests+w.audit.rests, books+w.audit.books, fills+w.audit.fills, pairs+len(w.audit.pairs)
	}
	t.Logf("%d seeds: %d events, %d fills, %d pairs; compared %d times at rest and %d books; %s",
		last-first+1, events, fills, pairs, rests, books, count)
	if n := int(last-first) + 1; n >= 20 && (rests < 100*n || books < 500*n || fills < 100*n) {
		t.Error("the audit saw little")
	}
	for _, fault := range slices.Concat(mischief, transferPaths) {
		if last-first >= 20 && count[fault] == 0 {
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
