package host

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"go.uber.org/goleak"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/synth"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
)

const busyScript = "testdata/busy.lua"

func TestMain(m *testing.M) {
	if path := os.Getenv("HOST_CRASH_CHILD"); path != "" {
		crashChild(path)
		return
	}
	if dir := os.Getenv("HOST_LIVE_CHILD"); dir != "" {
		liveChild(dir)
		return
	}
	if config := os.Getenv("HOST_FIVE_VENUES_CHILD"); config != "" {
		serveFiveVenues(config)
		return
	}
	// What runs side by side waits for sessions most of the time, so more of it than
	// there are processors does.
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == strconv.Itoa(runtime.GOMAXPROCS(0)) {
		_ = flag.Set("test.parallel", "12")
	}
	goleak.VerifyTestMain(m, goleak.IgnoreTopFunction("database/sql.(*DB).connectionOpener"))
}

// booksOfVenue is how many books of each venue are kept.
const booksOfVenue = 40

// serveFiveVenues is what perilune sim --venues … --symbols 40 runs, in a process of its own:
// what it uses is not counted. It ends when its input does.
func serveFiveVenues(config string) {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		defer stop()
		_, _ = os.Stdin.Read(make([]byte, 1))
	}()
	err := Simulate(ctx, SimOptions{Listen: "127.0.0.1:0", Venues: SimVenues(), Symbols: booksOfVenue, Seed: 1, Speed: 1, Config: config,
		Ready: func(SimInfo) { fmt.Println("ready") }, Log: func(string) {}})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// crashChild is the process that gets killed: a session on the built-in market
// at full speed, without an end. It says when it begins and how far it is.
func crashChild(path string) {
	fmt.Println("begin")
	_, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, StatusEvery: time.Millisecond,
		Status: func(s Status) { fmt.Println("events", s.Events) }})
	fmt.Fprintln(os.Stderr, "a session without an end ended:", err)
	os.Exit(1)
}

// child starts the process and returns the lines that it prints.
func child(t *testing.T, path string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "HOST_CRASH_CHILD="+path)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// runAndKill kills the child after some lines and a moment: with few lines while
// it starts, which after a kill means while it recovers.
func runAndKill(t *testing.T, path string, lines int, moment time.Duration) {
	t.Helper()
	cmd, out := child(t, path)
	for range lines {
		if !out.Scan() {
			break
		}
	}
	time.Sleep(moment)
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	for out.Scan() { // whatever it said before the signal arrived
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the child was not killed")
	}
}

// A process that is killed again and again at any moment loses no fill, books
// none twice, and in the end holds what its fills say, hedged.
func TestKilledSessionsLoseNothing(t *testing.T) {
	if testing.Short() {
		t.Skip("starts processes")
	}
	path := filepath.Join(t.TempDir(), "crash.db")
	rnd := rand.New(rand.NewPCG(7, 8))
	const kills = 8
	for n := range kills {
		lines := 1 + rnd.IntN(25)
		if n%4 == 3 { // soon after the start: in the middle of recovering the last kill
			lines = 1
		}
		runAndKill(t, path, lines, time.Duration(rnd.IntN(8000))*time.Microsecond)
	}
	sum := lastRun(t, path)
	if !sum.Resumed || sum.EndedBy != "for" || sum.Errors > 0 {
		t.Errorf("the last run: resumed %v, ended by %s, %d errors of the script", sum.Resumed, sum.EndedBy, sum.Errors)
	}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if err := soundLedger(db); err != nil {
		t.Error(err)
	}
	fills := checkFills(t, db)
	checkRuns(t, db, kills)
	checkJournals(t, db, fills)
	checkMoney(t, db)
	checkPairs(t, db)
}

// lastRun lets the session come to its end.
func lastRun(t *testing.T, path string) *Summary {
	t.Helper()
	sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: 2 * exchange.Hour})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func fillKey(venue exchange.Venue, symbol, trade string) string {
	return string(venue) + ":" + symbol + ":" + trade
}

// checkFills is checkFillsOf for a long session.
func checkFills(t *testing.T, db *ledger.DB) map[string]*ledger.Fill {
	t.Helper()
	fills := checkFillsOf(t, db)
	if len(fills) < 200 {
		t.Errorf("only %d fills: the test tested little", len(fills))
	}
	return fills
}

// checkFillsOf returns the ledger's fills by their key.
func checkFillsOf(t *testing.T, db *ledger.DB) map[string]*ledger.Fill {
	t.Helper()
	list, err := db.Fills(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	fills := map[string]*ledger.Fill{}
	for i := range list {
		key := fillKey(list[i].Venue, list[i].Symbol, list[i].TradeID)
		if fills[key] != nil {
			t.Errorf("fill %s is there twice", key)
		}
		fills[key] = &list[i]
	}
	return fills
}

// checkRuns: one session for all of it, which --for did not end, and a run for every start that got far
// enough to have one; only the last ended on purpose.
func checkRuns(t *testing.T, db *ledger.DB, kills int) {
	t.Helper()
	sessions, err := db.Sessions()
	if err != nil || len(sessions) != 1 || sessions[0].Complete {
		t.Fatalf("sessions %+v, %v; want one, to go on with", sessions, err)
	}
	runs, err := db.Runs("")
	if err != nil {
		t.Fatal(err)
	}
	if len(runs) < kills/2 || len(runs) > kills+1 {
		t.Errorf("%d runs after %d kills", len(runs), kills)
	}
	for i, r := range runs {
		if last := i == len(runs)-1; r.Clean != last {
			t.Errorf("run %d of %d: clean %v", i+1, len(runs), r.Clean)
		}
	}
}

// checkJournals: every journal replays to its own effects, and the fills of all
// journals are the fills of the ledger.
func checkJournals(t *testing.T, db *ledger.DB, fills map[string]*ledger.Fill) {
	t.Helper()
	runs, err := db.Runs("")
	if err != nil {
		t.Fatal(err)
	}
	journalled := map[string]bool{}
	for _, r := range runs {
		res := &ReplayResult{}
		err := rerun(context.Background(), r.Journal, res, nil, &Tracing{After: func(c *core.Core, ev *exchange.Event, _ []core.Effect) error {
			if ev.Kind == exchange.KindFill {
				in := c.Universe().Get(ev.Fill.Instrument)
				journalled[fillKey(exchange.Venue(in.Segment()), in.Symbol, ev.Fill.TradeID)] = true
			}
			return nil
		}})
		if err != nil {
			t.Errorf("journal of run %d: %v", r.ID, err)
		}
	}
	for key := range journalled {
		if fills[key] == nil {
			t.Errorf("fill %s is in a journal and not in the ledger", key)
		}
	}
	for key := range fills {
		if !journalled[key] {
			t.Errorf("fill %s is in the ledger and in no journal", key)
		}
	}
}

// checkMoney works the wallets out from the fills, the funding and the
// transfers, without the postings, and compares.
func checkMoney(t *testing.T, db *ledger.DB) {
	t.Helper()
	want := map[string]decimal.Decimal{"A:spot USDT": decimal.NewFromInt(50000), "A:usdm USDT": decimal.NewFromInt(50000)}
	add := func(wallet, asset string, amount decimal.Decimal) {
		want[wallet+" "+asset] = want[wallet+" "+asset].Add(amount)
	}
	fills, err := db.Fills(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range fills {
		wallet := "A:" + string(f.Venue)
		add(wallet, f.FeeAsset, f.Fee.Neg())
		add(wallet, f.Terms.Settle, f.Realised)
		if f.Venue == "spot" {
			side := decimal.NewFromInt(int64(f.Side))
			add(wallet, f.Terms.Base, f.Qty.Mul(side))
			add(wallet, f.Terms.Quote, f.Qty.Mul(f.Price).Mul(side).Neg())
		}
	}
	funding, err := db.Funding(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range funding {
		add("A:usdm", f.Asset, f.Amount)
	}
	snap, err := db.Restore("paper-1")
	if err != nil {
		t.Fatal(err)
	}
	if len(snap.Orders) > 0 || len(snap.Transit) > 0 {
		t.Errorf("%d orders are open and %d transfers are on their way after the end", len(snap.Orders), len(snap.Transit))
	}
	have := map[string]decimal.Decimal{}
	for _, b := range snap.Balances {
		have[b.Account+" "+b.Asset] = b.Amount
	}
	// Transfers only move money from one wallet to the other.
	total := func(m map[string]decimal.Decimal) decimal.Decimal { return m["A:spot USDT"].Add(m["A:usdm USDT"]) }
	if !total(have).Equal(total(want)) {
		t.Errorf("USDT: the postings make %s, fills and funding %s", total(have), total(want))
	}
	for key, amount := range want {
		if !strings.HasSuffix(key, " USDT") && !have[key].Equal(amount) {
			t.Errorf("%s: the postings make %s, the fills %s", key, have[key], amount)
		}
	}
}

// checkPairs: every pair is the sum of its fills, and hedged to within a lot or
// what the venue would not take.
func checkPairs(t *testing.T, db *ledger.DB) {
	t.Helper()
	pairs, err := db.Pairs(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	done := 0
	for _, p := range pairs {
		if p.Done {
			done++
		}
	}
	if done < 20 {
		t.Errorf("%d of %d pairs are done: the test tested little", done, len(pairs))
	}
	checkPairsHedged(t, db)
}

// checkPairsHedged is checkPairs for a session of any length.
func checkPairsHedged(t *testing.T, db *ledger.DB) {
	t.Helper()
	pairs, err := db.Pairs(ledger.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	market, err := synth.New(synth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	universe := market.Universe()
	for _, p := range pairs {
		spot, perp := decimal.Zero, decimal.Zero
		fills, err := db.Fills(ledger.Filter{Pair: p.ID})
		if err != nil {
			t.Fatal(err)
		}
		price := decimal.Zero
		for _, f := range fills {
			q := f.Qty.Mul(decimal.NewFromInt(int64(f.Side)))
			price = f.Price
			if f.Venue != "spot" {
				perp = perp.Add(q)
				continue
			}
			spot = spot.Add(q)
			if f.FeeAsset == f.Terms.Base {
				spot = spot.Sub(f.Fee)
			}
		}
		if !p.SpotQty.Equal(spot) || !p.PerpQty.Equal(perp) {
			t.Errorf("pair %d: %s and %s, its fills make %s and %s", p.ID, p.SpotQty, p.PerpQty, spot, perp)
		}
		in, err := universe.Lookup(p.Perp)
		if err != nil {
			t.Fatal(err)
		}
		res := spot.Add(perp).Abs()
		if naked := res.Mul(price); res.GreaterThan(in.QtyDecimal(1)) && naked.GreaterThan(decimal.NewFromInt(6)) {
			t.Errorf("pair %d is %s with %s USDT unhedged: %s coins, %s on the perpetual", p.ID, p.State, naked, spot, perp)
		}
	}
}

// stopper is a recorder that ends the session at a chosen event, as a kill does.
type stopper struct {
	*recorder
	before, after func(*exchange.Event) bool
}

var errStopped = errors.New("stopped")

func (s *stopper) Before(ev *exchange.Event) error {
	if s.before != nil && s.before(ev) {
		return errStopped
	}
	return s.recorder.Before(ev)
}

// After stops between the journal and the ledger.
func (s *stopper) After(ev *exchange.Event, fx []core.Effect) error {
	if s.after != nil && s.after(ev) {
		s.recorder.sink = nil
		return errors.Join(s.recorder.After(ev, fx), errStopped)
	}
	return s.recorder.After(ev, fx)
}

// open builds a session that the test drives itself.
func open(t *testing.T, path string) *runner {
	t.Helper()
	return openWith(t, &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour})
}

// stopAt runs a session to an event and leaves the journal unsealed, as a kill
// does.
func stopAt(t *testing.T, path string, before, after func(*exchange.Event) bool) {
	t.Helper()
	r := open(t, path)
	r.loop.Recorder = &stopper{r.record.rec, before, after}
	_, err := r.finish(context.Background(), r.loop.Run(context.Background()))
	if !errors.Is(err, errStopped) {
		t.Fatalf("%v; want the session to be stopped", err)
	}
	r.close()
	segments, err := filepath.Glob(filepath.Join(r.record.dir, "*.plj"))
	if err != nil || len(segments) == 0 {
		t.Fatal(segments, err)
	}
	last := segments[len(segments)-1]
	info, err := os.Stat(last)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(last, info.Size()-1); err != nil {
		t.Fatal(err)
	}
}

// Money that was on its way between two wallets arrives in the next run, in our
// books and the venue's.
func TestAKillWhileMoneyIsOnItsWay(t *testing.T) {
	path := filepath.Join(t.TempDir(), "transit.db")
	stopAt(t, path, func(ev *exchange.Event) bool { return ev.Kind == exchange.KindTransfer }, nil)
	r := open(t, path)
	if len(r.record.resume.Transit) != 1 {
		t.Fatalf("%d transfers on their way, want one", len(r.record.resume.Transit))
	}
	if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); err != nil {
		t.Fatal(err)
	}
	for _, h := range r.core.Holdings() {
		if got := onPaper(r).Balance(h.Wallet, h.Asset).Total; !got.Equal(h.Total) {
			t.Errorf("%s %s: %s in our books, %s at the venue", h.Wallet, h.Asset, h.Total, got)
		}
	}
	checkMoney(t, r.record.db)
}

// A fill that reached the journal and not yet the ledger happened.
func TestAKillBetweenJournalAndLedger(t *testing.T) {
	path := filepath.Join(t.TempDir(), "between.db")
	market, err := synth.New(synth.Options{})
	if err != nil {
		t.Fatal(err)
	}
	universe := market.Universe()
	fills, last := 0, ""
	stopAt(t, path, nil, func(ev *exchange.Event) bool {
		if ev.Kind == exchange.KindFill {
			fills++
			in := universe.Get(ev.Fill.Instrument)
			last = fillKey(exchange.Venue(in.Segment()), in.Symbol, ev.Fill.TradeID)
		}
		return fills == 30
	})
	r := open(t, path)
	booked := checkFillsOf(t, r.record.db)
	if len(booked) != 30 || booked[last] == nil {
		t.Errorf("%d fills after recovery, want the 30 of the journal with %s", len(booked), last)
	}
	if _, err := r.finish(context.Background(), r.loop.Run(context.Background())); err != nil {
		t.Fatal(err)
	}
	checkJournals(t, r.record.db, checkFillsOf(t, r.record.db))
	checkMoney(t, r.record.db)
	checkPairsHedged(t, r.record.db)
}

// A second process gets a clear refusal while the first one runs, and does no
// harm; the journal shows that too.
func TestTwoProcessesOnOneLedger(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process")
	}
	path := filepath.Join(t.TempDir(), "shared.db")
	cmd, out := child(t, path)
	for out.Scan() && !strings.HasPrefix(out.Text(), "events") {
	}
	sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour})
	if sum != nil || !errors.Is(err, ledger.ErrLocked) || Classify(err) != FaultLocked {
		t.Errorf("the second process: %v, %v; want a locked ledger", sum, err)
	}
	if err != nil && !strings.Contains(err.Error(), "shared.db") {
		t.Errorf("%q does not name the ledger", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // killed
	if _, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour}); err != nil {
		t.Errorf("after the first was killed: %v", err)
	}
}

func TestALedgerOfAnotherMode(t *testing.T) {
	path := filepath.Join(t.TempDir(), "live.db")
	db, err := ledger.Open(ledger.Options{Path: path, Mode: ledger.Live, Venue: "binance"})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour})
	if sum != nil || !errors.Is(err, ledger.ErrMode) || Classify(err) != FaultLedger {
		t.Errorf("a paper session on a live ledger: %v, %v; want a refusal", sum, err)
	}
	if left, _ := filepath.Glob(filepath.Join(filepath.Dir(path), "*.journal")); len(left) > 0 {
		t.Errorf("it left %v behind", left)
	}
}
