package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/ledger"
	"github.com/perilune/perilune/ledger/journal"
)

// scriptFile writes a script and returns its path.
func scriptFile(t *testing.T, source string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "test.lua")
	if err := os.WriteFile(path, []byte(source), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

// session runs a script and returns the summary, what was said, and the error.
func runScript(t *testing.T, source string, change func(*Options)) (*Summary, string, error) {
	t.Helper()
	var said strings.Builder
	o := &Options{Scripts: []string{scriptFile(t, source)}, DB: filepath.Join(t.TempDir(), "test.db"), For: 20 * exchange.Minute,
		Log: func(l Line) { fmt.Fprintf(&said, "%s: %s\n", l.Strategy, l.Text) }}
	if change != nil {
		change(o)
	}
	sum, err := Run(context.Background(), o)
	return sum, said.String(), err
}

// A handler that fails does no harm beyond itself, whichever it is: the session
// goes on, the place is named, and after three failures in a row the strategy is
// paused.
func TestAnErrorInEveryHandler(t *testing.T) {
	const head = `local M = { name = "test", universe = { "spot:BTCUSDT", "usdm:BTCUSDT" } }
function M.on_start() timer.every("t", "1m") end
function M.on_timer() %s end
local function fail() local x = nil + 1 end
function M.%s(...) fail() end
return M`
	const trade = `if #exec.pair.list() > 0 then return end local ask = market.book("spot:BTCUSDT"):ask(3) ` +
		`exec.pair.open { spot = "spot:BTCUSDT", perp = "usdm:BTCUSDT", notional = 1000 } ` +
		`order.buy("spot:BTCUSDT", 0.001, ask, { tif = "ioc" }) order.buy("spot:BTCUSDT", 1000, ask)`
	for handler, tt := range map[string]struct {
		timer string
		once  bool // the event comes too rarely for a pause
		long  bool
	}{
		"on_start": {once: true}, "on_stop": {once: true}, "on_timer": {}, "on_book": {}, "on_trade": {}, "on_mark": {},
		"on_order": {timer: trade}, "on_fill": {timer: trade, once: true}, "on_pair": {timer: trade},
		"on_funding": {timer: trade, once: true, long: true}, "on_halt": {timer: `exec.halt("by the script")`, once: true},
	} {
		t.Run(handler, func(t *testing.T) {
			sum, said, err := runScript(t, fmt.Sprintf(head, tt.timer, handler), func(o *Options) {
				if tt.long {
					o.For = 9 * exchange.Hour
				}
			})
			if err != nil || sum == nil || sum.EndedBy != "for" {
				t.Fatalf("%+v, %v; want a session that ends in its own time", sum, err)
			}
			if !strings.Contains(said, handler+": test.lua:4:") {
				t.Errorf("nobody said where %s failed:\n%s", handler, said)
			}
			if paused := len(sum.Paused) > 0; sum.Errors == 0 || (paused == tt.once && sum.Errors < 3) {
				t.Errorf("%d errors, paused %v", sum.Errors, sum.Paused)
			}
			res, err := Replay(context.Background(), sum.Journal)
			if err != nil || res.Diff != nil {
				t.Errorf("replay: %+v, %v", res, err)
			}
		})
	}
}

// What would eat the machine up only costs the strategy its callback.
func TestBombsInAHandler(t *testing.T) {
	for name, bomb := range map[string]string{
		"endless loop":    `while true do end`,
		"in pcall":        `pcall(function() while true do end end) while true do end`,
		"endless string":  `local s = "x" while true do s = s .. s end`,
		"string.rep":      `local s = string.rep("x", 1e9)`,
		"endless table":   `local t = {} while true do t[#t + 1] = t end`,
		"deep recursion":  `local function f() return 1 + f() end f()`,
		"pattern":         `string.find(string.rep("a", 5000), string.rep("a*", 50) .. "b")`,
		"orders":          `for i = 1, 1e6 do order.buy("spot:BTCUSDT", 0.001, 1) end`,
		"error of errors": `error(setmetatable({}, { __tostring = function() error("again") end }))`,
	} {
		t.Run(name, func(t *testing.T) {
			sum, said, err := runScript(t, `local M = { name = "test", universe = { "spot:BTCUSDT" } }
function M.on_start() timer.every("t", "1m") state.kept = 7 end
function M.on_timer() `+bomb+` end
return M`, nil)
			if err != nil || sum == nil || sum.EndedBy != "for" {
				t.Fatalf("%+v, %v; want a session that ends in its own time\n%s", sum, err, said)
			}
			if sum.Errors == 0 || len(sum.Paused) != 1 {
				t.Errorf("%d errors, paused %v; want a strategy that was paused\n%s", sum.Errors, sum.Paused, said)
			}
			if sum.Fills != 0 {
				t.Errorf("%d fills: a callback that failed left something", sum.Fills)
			}
		})
	}
}

// Names that do not exist are errors that say what was probably meant.
func TestAnUnknownSymbol(t *testing.T) {
	_, _, err := runScript(t, `return { name = "test", universe = { "usdm:BTCUSDT", "spot:ETHUSTD" }, on_book = function() end }`, nil)
	if err == nil || Classify(err) != FaultScript || !strings.Contains(err.Error(), `did you mean "spot:ETHUSDT"`) || !strings.Contains(err.Error(), "test.lua") {
		t.Errorf("in the universe: %v", err)
	}
	sum, said, err := runScript(t, `local M = { name = "test", universe = { "usdm:BTCUSDT" } }
function M.on_start()
  market.book("usdm:BTCUSTD")
end
return M`, nil)
	// It is told of the start again until three errors pause it.
	if err != nil || sum.Errors != 3 || len(sum.Paused) != 1 || !strings.Contains(said, "test.lua:3:") || !strings.Contains(said, `did you mean "usdm:BTCUSDT"`) {
		t.Errorf("in a handler: %v, said\n%s", err, said)
	}
}

func TestAParameterThatMakesNoSense(t *testing.T) {
	const source = `return { name = "test", universe = { "usdm:BTCUSDT" }, on_book = function() end,
	params = { level = { type = "integer", default = 5, min = 1, max = 20 } } }`
	for set, want := range map[string]string{
		"level=21": "20", "level=0": "1", "level=2.5": "whole number", "level=many": "many", "levle=3": `did you mean "level"`,
	} {
		dir := t.TempDir()
		k, v, _ := strings.Cut(set, "=")
		_, _, err := runScript(t, source, func(o *Options) {
			o.Set, o.DB = map[string]string{k: v}, filepath.Join(dir, "p.db")
		})
		if err == nil || Classify(err) != FaultConfig || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v (%d); want a setting that is refused, naming %q", set, err, Classify(err), want)
		}
		if left, _ := os.ReadDir(dir); len(left) > 0 {
			t.Errorf("%s: a session that can't begin left %v behind", set, left)
		}
	}
}

// countdown is a context that is canceled after it was asked a number of times:
// a Ctrl-C at a chosen moment.
type countdown struct {
	context.Context
	left atomic.Int64
	done chan struct{}
}

func newCountdown(n int64) *countdown {
	c := &countdown{Context: context.Background(), done: make(chan struct{})}
	c.left.Store(n)
	return c
}

func (c *countdown) Err() error {
	if n := c.left.Add(-1); n == 0 {
		close(c.done)
	} else if n > 0 {
		return nil
	}
	return context.Canceled
}

func (c *countdown) Done() <-chan struct{} { return c.done }

// Ctrl-C at any moment ends the session in order, and what was begun goes on
// the next time.
func TestAStopAtAnyMoment(t *testing.T) {
	path := filepath.Join(t.TempDir(), "stop.db")
	for _, after := range []int64{1, 2, 3, 10, 50, 300, 2000, 9000} {
		sum, err := Run(newCountdown(after), &Options{Scripts: []string{busyScript}, DB: path})
		if err != nil || sum == nil || sum.EndedBy != "stop" || sum.PairsLive > 5 {
			t.Fatalf("after %d: %+v, %v", after, sum, err)
		}
		db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		snap, err := db.Restore(sum.Session)
		if err != nil || !snap.LastRun.Clean || len(snap.Orders) > 0 {
			t.Errorf("after %d: run %+v, %d open orders, %v; want a clean end", after, snap.LastRun, len(snap.Orders), err)
		}
		checkPairsHedged(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if res, err := Replay(context.Background(), sum.Journal); err != nil || res.Diff != nil {
			t.Errorf("after %d: replay %+v, %v", after, res, err)
		}
	}
	if sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour}); err != nil || !sum.Resumed {
		t.Errorf("in the end: %+v, %v", sum, err)
	}
}

// A stop while the last run is being recovered leaves that for the next time.
func TestAStopWhileRecovering(t *testing.T) {
	path := filepath.Join(t.TempDir(), "recover.db")
	killAt(t, path, 5000)
	_, err := Run(newCountdown(1), &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped while recovering: %v", err)
	}
	sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: exchange.Hour})
	if err != nil || !sum.Resumed {
		t.Fatalf("%+v, %v", sum, err)
	}
	db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	checkMoney(t, db)
	checkPairsHedged(t, db)
}

// brokenDisk is a file system that fails after some bytes.
type brokenDisk struct {
	left  atomic.Int64
	fault error
}

type brokenFile struct {
	*os.File
	disk *brokenDisk
}

func (d *brokenDisk) Create(path string) (journal.File, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	return &brokenFile{f, d}, err
}
func (d *brokenDisk) Remove(path string) error { return os.Remove(path) }
func (d *brokenDisk) SyncDir(string) error     { return nil }

func (f *brokenFile) Write(p []byte) (int, error) {
	if f.disk.left.Add(-int64(len(p))) < 0 {
		return 0, f.disk.fault
	}
	return f.File.Write(p)
}

// killAt runs a session whose journal fails some bytes after its header, which
// ends it as a kill would: nothing is tidied up.
func killAt(t *testing.T, path string, bytes int64) error {
	t.Helper()
	disk := &brokenDisk{fault: syscall.EIO}
	disk.left.Store(1 << 40)
	o := &Options{Scripts: []string{busyScript}, DB: path, For: 6 * exchange.Hour}
	if err := o.Validate(); err != nil {
		t.Fatal(err)
	}
	r := newRunner(o)
	r.record.fs = disk
	defer r.close()
	if err := r.open(context.Background()); err != nil {
		t.Fatal(err)
	}
	disk.left.Store(bytes)
	_, err := r.finish(context.Background(), r.loop.Run(context.Background()))
	return err
}

// What can't be journalled does not happen: the session ends at once, says why,
// and the ledger is whole. The next run goes on from there, also when the end came between
// two of the opening deposits.
func TestAJournalThatCantBeWritten(t *testing.T) {
	for _, bytes := range []int64{0, 100, 200, 300, 400, 500, 1000, 3000, 40000, 200000} {
		path := filepath.Join(t.TempDir(), "journal.db")
		err := killAt(t, path, bytes)
		if err == nil || !errors.Is(err, syscall.EIO) || !strings.Contains(err.Error(), "journal") {
			t.Fatalf("after %d bytes: %v; want a journal that can't be written", bytes, err)
		}
		sum, err := Run(context.Background(), &Options{Scripts: []string{busyScript}, DB: path, For: 15 * exchange.Minute})
		if err != nil || sum.EndedBy != "for" {
			t.Fatalf("afterwards: %+v, %v", sum, err)
		}
		db, err := ledger.Open(ledger.Options{Path: path, ReadOnly: true})
		if err != nil {
			t.Fatal(err)
		}
		if err := soundLedger(db); err != nil {
			t.Errorf("after %d bytes: %v", bytes, err)
		}
		checkMoney(t, db)
		checkPairsHedged(t, db)
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if res, err := Replay(context.Background(), sum.Journal); err != nil || res.Diff != nil {
			t.Errorf("after %d bytes the next run replays to %+v, %v", bytes, res, err)
		}
	}
}

// trader takes a little from a recorded book whenever it changes.
const trader = `local M = { name = "test", universe = { "usdm:ABCUSDT" } }
state.books, state.gaps = 0, 0
function M.on_book(book)
  state.books = state.books + 1
  if state.books % 20 == 1 then order.buy(book, 1, (book:ask(1)), { tif = "ioc" }) end
end
function M.on_gap(symbol, reason) state.gaps = state.gaps + 1 log.info("gap: " .. tostring(reason)) end
return M`

// recordedLines is a recording of a made-up market: a snapshot, and then a
// change every 100 ms.
func recordedLines(n int) []string {
	at := func(i int) int64 { return 1700000000000000000 + int64(i)*int64(100*exchange.Millisecond) }
	ms := func(i int) int64 { return at(i) / 1e6 }
	lines := []string{
		fmt.Sprintf(`%d {"stream":"abcusdt@depth@0ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"ABCUSDT","U":90,"u":100,"pu":89,"b":[["10.10","150.000"]],"a":[]}}`, at(0), ms(0), ms(0)),
		fmt.Sprintf(`%d {"lastUpdateId":100,"E":%d,"T":%d,"bids":[["10.10","150.000"],["10.00","400.000"]],"asks":[["10.20","200.000"],["10.30","300.000"]]}`, at(1), ms(1), ms(1)),
	}
	for i := range n {
		u := 101 + i
		lines = append(lines, fmt.Sprintf(`%d {"stream":"abcusdt@depth@0ms","data":{"e":"depthUpdate","E":%d,"T":%d,"s":"ABCUSDT","U":%d,"u":%d,"pu":%d,"b":[["10.10","%d.000"]],"a":[["10.20","%d.000"]]}}`,
			at(i+2), ms(i+2), ms(i+2), u, u, u-1, 100+i%50, 200+i%70))
	}
	return lines
}

func recordingFile(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if filepath.Ext(name) != ".gz" {
		_, err = f.WriteString(text)
	} else {
		z := gzip.NewWriter(f)
		if _, err = z.Write([]byte(text)); err == nil {
			err = z.Close()
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}

func runRecording(t *testing.T, path string) (*Summary, string, error) {
	t.Helper()
	return runScript(t, trader, func(o *Options) { o.Market, o.For = []string{path}, 0 })
}

func TestARecordingAsItShouldBe(t *testing.T) {
	path := recordingFile(t, "abcusdt.jsonl.gz", strings.Join(recordedLines(600), "\n")+"\n")
	sum, said, err := runRecording(t, path)
	if err != nil || sum.EndedBy != "data" || sum.Gaps != 0 || sum.Malformed != 0 || sum.Fills < 20 {
		t.Errorf("%+v, %v\n%s", sum, err, said)
	}
}

// A line that can't be read is counted and passed over. What it held may have
// been an update of the book, so the book is not believed until the next one
// links, or until a snapshot comes.
func TestAMalformedLine(t *testing.T) {
	lines := recordedLines(600)
	good, _, err := runRecording(t, recordingFile(t, "good.jsonl", strings.Join(lines, "\n")+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	extra := append(append(append([]string{}, lines[:300]...), `1700000029950000000 {"stream":"abcusdt@depth`), lines[300:]...)
	sum, said, err := runRecording(t, recordingFile(t, "extra.jsonl", strings.Join(extra, "\n")+"\n"))
	if err != nil || sum.Malformed != 1 || sum.Gaps != 1 || sum.Fills != good.Fills {
		t.Errorf("a broken line between whole ones: %d malformed, %d gaps, %d fills of %d, %v", sum.Malformed, sum.Gaps, sum.Fills, good.Fills, err)
	}
	if !strings.Contains(said, "301") {
		t.Errorf("nobody said which line:\n%s", said)
	}
	lines[300] = `1700000029950000000 {"stream":"abcusdt@depth`
	sum, said, err = runRecording(t, recordingFile(t, "lost.jsonl", strings.Join(lines, "\n")+"\n"))
	if err != nil || sum.Malformed != 1 || sum.Gaps != 1 || sum.Fills >= good.Fills || sum.Fills == 0 {
		t.Errorf("an update lost: %d malformed, %d gaps, %d fills of %d, %v\n%s", sum.Malformed, sum.Gaps, sum.Fills, good.Fills, err, said)
	}
}

func TestATruncatedRecording(t *testing.T) {
	path := recordingFile(t, "abcusdt.jsonl.gz", strings.Join(recordedLines(5000), "\n")+"\n")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, raw[:len(raw)/2], 0o644); err != nil {
		t.Fatal(err)
	}
	sum, _, err := runRecording(t, path)
	if err == nil || Classify(err) != FaultData || !strings.Contains(err.Error(), filepath.Base(path)) {
		t.Errorf("%v (%d); want damaged data that is named", err, Classify(err))
	}
	if sum == nil || sum.Fills == 0 {
		t.Errorf("%+v: what came before the damage counts", sum)
	}
}

// Without a snapshot there is no book, and without a book nothing is traded.
func TestARecordingWithoutASnapshot(t *testing.T) {
	lines := recordedLines(600)
	sum, said, err := runRecording(t, recordingFile(t, "abcusdt.jsonl", strings.Join(append(lines[:1:1], lines[2:]...), "\n")+"\n"))
	if err != nil || sum.Fills != 0 || sum.OrdersRefused != 0 {
		t.Errorf("%+v, %v\n%s", sum, err, said)
	}
}

func TestARecordingThatIsNotThere(t *testing.T) {
	_, _, err := runRecording(t, filepath.Join(t.TempDir(), "nothing.jsonl"))
	if err == nil || Classify(err) != FaultData || !strings.Contains(err.Error(), "nothing.jsonl") {
		t.Errorf("%v", err)
	}
}

// A Go strategy that fails like a script is treated like one.
func TestAGoStrategyThatFails(t *testing.T) {
	s := &failing{}
	sum, err := Run(context.Background(), &Options{Strategies: []core.Strategy{s}, DB: filepath.Join(t.TempDir(), "go.db"), For: exchange.Hour})
	if err != nil || sum.Errors != 3 || len(sum.Paused) != 1 {
		t.Errorf("%+v, %v; want it to be paused after 3 errors", sum, err)
	}
	if _, err := Replay(context.Background(), sum.Journal); err == nil || !strings.Contains(err.Error(), "failing") {
		t.Errorf("replay: %v; want to be told that the strategy is not in the journal", err)
	}
}

type failing struct{ monkey }

func (*failing) Name() string                          { return "failing" }
func (*failing) State() ([]byte, error)                { return []byte("{}"), nil }
func (*failing) Wants(h core.Handler) bool             { return h == core.OnTrade }
func (*failing) Call(*core.Port, *core.Callback) error { return errors.New("no") }
