package host

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// resources are what a process has open, and what it holds.
type resources struct {
	goroutines, descriptors int
	heap                    uint64
}

func held() (r resources) {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if list, err := os.ReadDir("/proc/self/fd"); err == nil {
		r.descriptors = len(list)
	}
	r.goroutines, r.heap = runtime.NumGoroutine(), m.HeapAlloc
	return r
}

// leavesNothing does something many times and looks at what the process has open then.
func leavesNothing(t *testing.T, times int, once func()) {
	t.Helper()
	for range 3 {
		once()
	}
	before := held()
	for range times {
		once()
	}
	after := held()
	for end := time.Now().Add(time.Minute); (after.goroutines > before.goroutines || after.descriptors > before.descriptors) && time.Now().Before(end); after = held() {
		time.Sleep(time.Millisecond) // what was told to end may not have yet
	}
	if after.goroutines > before.goroutines || after.descriptors > before.descriptors || after.heap > before.heap+2<<20 {
		stacks := make([]byte, 1<<20)
		t.Errorf("before %d times %+v, after them %+v\n%s", times, before, after, stacks[:runtime.Stack(stacks, true)])
	}
}

// panics is a session of a strategy that trades, whose loop panics when it has.
func panics(t *testing.T, o Options) error {
	t.Helper()
	var s *Session
	var once sync.Once
	o.Strategies = []core.Strategy{&buyer{seen: func(_ *core.Port, n *core.Callback) {
		if n.Handler == core.OnFill {
			once.Do(func() { s.r.inbox.Call(func() { panic("a fault of ours") }) })
		}
	}}}
	var err error
	if s, err = Open(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	_, err = s.Run(context.Background())
	return err
}

// After a panic of ours ledger and journal are as a kill leaves them, and the same
// process goes on with them.
func TestAfterAPanicTheSessionGoesOn(t *testing.T) {
	o := Options{DB: filepath.Join(t.TempDir(), "x.db"), For: exchange.Day}
	var broke *PanicError
	if err := panics(t, o); !errors.As(err, &broke) || broke.Value != "a fault of ours" {
		t.Fatalf("%v, want a PanicError", err)
	}
	var h heard
	o.Strategies, o.Log = []core.Strategy{&buyer{}}, h.log
	sum, err := Run(context.Background(), &o)
	if err != nil || !sum.Resumed || sum.Whole == nil {
		t.Fatalf("%+v, %v\n%s", sum, err, h.text())
	}
}

// However sessions end, they leave nothing behind in their process: no goroutine, no
// descriptor, no memory, and the next one can have the same ledger.
func TestNoEndingLeavesAnything(t *testing.T) {
	days := quotes(50)
	slice := func() *SliceSource {
		return &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: days}
	}
	open := func(o Options) *Session {
		t.Helper()
		s, err := Open(context.Background(), o)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, tt := range []struct {
		name  string
		times int
		once  func(Options)
	}{
		{"in good order", 20, func(o Options) {
			o.Source, o.Strategies = slice(), []core.Strategy{taker()}
			if _, err := open(o).Run(context.Background()); err != nil {
				t.Error(err)
			}
		}},
		{"a fault of the data", 20, func(o Options) {
			src := slice()
			src.Events = append(days[:40:40], exchange.Event{Kind: exchange.KindFill})
			o.Source, o.Strategies = src, []core.Strategy{taker()}
			if _, err := open(o).Run(context.Background()); Classify(err) != FaultData {
				t.Errorf("%v, want a fault of the data", err)
			}
		}},
		{"a panic", 20, func(o Options) {
			o.For = 2 * exchange.Hour
			var broke *PanicError
			if err := panics(t, o); !errors.As(err, &broke) {
				t.Errorf("%v, want a PanicError", err)
			}
		}},
		{"a loop that hung and woke up", 10, func(o Options) {
			thaw, abandon := make(chan struct{}), make(chan struct{})
			o.For, o.Abandon = exchange.Hour, abandon
			o.Strategies = []core.Strategy{&gopher{name: "frozen", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error {
				select {
				case <-abandon:
				default:
					close(abandon)
				}
				<-thaw
				return nil
			}}}
			s := open(o)
			var stalled *StallError
			if _, err := s.Run(context.Background()); !errors.As(err, &stalled) {
				t.Errorf("%v, want a StallError", err)
			}
			o.Abandon, o.Strategies = nil, []core.Strategy{&gopher{name: "frozen"}} // the other one is not free yet
			if _, err := Open(context.Background(), o); Classify(err) != FaultLocked {
				t.Errorf("while the loop hangs: %v, want a ledger that is locked", err)
			}
			close(thaw)
			for end := time.Now().Add(time.Minute); ; {
				next, err := Open(context.Background(), o)
				if err == nil {
					_ = next.Close()
					return
				}
				if Classify(err) != FaultLocked || time.Now().After(end) {
					t.Error(err)
					return
				}
				runtime.Gosched()
			}
		}},
		{"closed before it ran", 20, func(o Options) {
			o.Source, o.Strategies = slice(), []core.Strategy{taker()}
			if err := open(o).Close(); err != nil {
				t.Error(err)
			}
		}},
		{"refused", 20, func(o Options) {
			o.Source, o.Strategies = slice(), []core.Strategy{&gopher{name: "elsewhere"}}
			if _, err := Open(context.Background(), o); Classify(err) != FaultConfig {
				t.Errorf("%v, want a ConfigError", err)
			}
		}},
		{"a stream", 20, func(o Options) {
			stream := make(chan exchange.Event, len(days))
			for _, ev := range days {
				stream <- ev
			}
			close(stream)
			o.Source = &ChanSource{Info: slice().Info, Events: stream}
			o.Strategies = []core.Strategy{taker()}
			if _, err := open(o).Run(context.Background()); err != nil {
				t.Error(err)
			}
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			n := 0
			leavesNothing(t, tt.times, func() {
				tt.once(Options{DB: filepath.Join(dir, fmt.Sprintf("%d.db", n))})
				n++
			})
			for again := range min(n, 3) { // what is left can be gone on with
				s, err := Open(context.Background(), Options{DB: filepath.Join(dir, fmt.Sprintf("%d.db", again)), Strategies: []core.Strategy{&buyer{}}})
				if err != nil {
					t.Fatal(err)
				}
				_ = s.Close()
			}
		})
	}
}

// hears is a strategy for GoStrategy that does nothing.
type hears struct{ n int }

func (h *hears) OnBook(*Port, exchange.InstrumentID) error { h.n++; return nil }

// lone is a rule that remembers.
type lone struct{ n int }

func (*lone) Name() string { return "lone" }

func (l *lone) Check(*exchange.Instrument, *exchange.Order, RuleMarket) error { l.n++; return nil }

// What only one session may have is refused where a second one would have it, says what
// it is, and can be had when the first is over, however that was.
func TestWhatOnlyOneSessionMayHave(t *testing.T) {
	info := SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}
	goes := func(name string, v any) Strategy {
		s, err := GoStrategy(name, []string{"*"}, v)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	h, st, rule, stream := &hears{}, taker(), &lone{}, make(chan exchange.Event)
	base := Options{Ledger: LedgerNone, Source: &SliceSource{Info: info, Events: quotes(3)}}
	with := func(change func(*Options)) Options {
		o := base
		o.Strategies = []core.Strategy{goes("other", &hears{})}
		change(&o)
		return o
	}
	for want, o := range map[string]Options{
		"strategy a: a session":    with(func(o *Options) { o.Strategies = []core.Strategy{goes("a", h)} }),
		"strategy taker: a":        with(func(o *Options) { o.Strategies = []core.Strategy{st} }),
		"risk rule lone: a":        with(func(o *Options) { o.Rules = []Rule{rule} }),
		"channel of ChanSource qu": with(func(o *Options) { o.Source = &ChanSource{Info: info, Events: stream} }),
	} {
		for range 2 {
			s, err := Open(context.Background(), o)
			if err != nil {
				t.Fatal(err)
			}
			again := o
			if o.Strategies[0].Name() == "other" {
				again.Strategies = []core.Strategy{goes("other", &hears{})}
			}
			if again.Source != base.Source {
				again.Source = &ChanSource{Info: info, Events: stream}
			}
			if _, err := Open(context.Background(), again); err == nil || !strings.Contains(err.Error(), want) || Classify(err) != FaultConfig {
				t.Errorf("%v, want %q", err, want)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		}
	}
	twice := with(func(o *Options) { o.Strategies = []core.Strategy{goes("a", h), goes("b", h)} })
	if _, err := Open(context.Background(), twice); err == nil || !strings.Contains(err.Error(), "strategy b") {
		t.Errorf("one value twice: %v", err)
	}
	if _, err := Run(context.Background(), &base); Classify(err) != FaultConfig {
		t.Errorf("nothing to run: %v", err)
	}
	if len(lent.keys) != 0 {
		t.Errorf("%d values are still held", len(lent.keys))
	}
}

// opens is a source that panics when it is opened, or when it is described too often.
type opens struct {
	info        SourceInfo
	asked, asks int // asks: so often it may be; 0: for ever
}

func (o *opens) Describe() SourceInfo {
	if o.asked++; o.asks > 0 && o.asked > o.asks {
		panic(fmt.Sprintf("asked %d times", o.asked))
	}
	return o.info
}

func (o *opens) Open() (exchange.Feed, error) { panic("not today") }

// A session that goes on for as long as time can count goes on.
func TestForEver(t *testing.T) {
	o := Options{Ledger: LedgerNone, Strategies: []core.Strategy{taker()}, For: math.MaxInt64,
		Source: &SliceSource{Info: SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}, Events: quotes(30)}}
	sum, err := Run(t.Context(), &o)
	if err != nil || sum.EndedBy != "data" {
		t.Errorf("%+v, %v", sum, err)
	}
}

// ruleCalled is a rule that is called so.
type ruleCalled struct{ name string }

func (n *ruleCalled) Name() string { return n.name }

func (*ruleCalled) Check(*exchange.Instrument, *exchange.Order, RuleMarket) error { return nil }

// never is nothing in the place of a context: programs hand it in by mistake.
var never context.Context

// Whatever the functions and methods of the package are given, they answer with an error
// that says what was wrong, of the class that it is.
func TestMisuseIsAnswered(t *testing.T) {
	ctx := context.Background()
	done, cancel := context.WithCancel(ctx)
	cancel()
	var none *Session
	missing := filepath.Join(t.TempDir(), "missing")
	hold := filepath.Join("..", "scripts", "baselines", "hold.lua")
	info := SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}
	slice := &SliceSource{Info: info, Events: quotes(30)}
	made := func(map[string]string) []core.Strategy { return []core.Strategy{taker()} }
	run := func(o Options) error {
		if o.Ledger == LedgerFile && o.DB == "" {
			o.DB = filepath.Join(t.TempDir(), "x.db")
		}
		_, err := Run(ctx, &o)
		return err
	}
	sweep := func(o SweepOptions) error {
		runs, err := Sweep(ctx, o)
		for _, r := range runs {
			if (r.Err == nil) == (r.Summary == nil) {
				t.Errorf("%+v has neither a summary nor an error, or both", r)
			}
		}
		return err
	}
	ended, err := Open(ctx, Options{Ledger: LedgerNone, Strategies: []core.Strategy{taker()}, Source: slice})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ended.Run(ctx); err != nil {
		t.Fatal(err)
	}
	opened, err := Open(ctx, Options{Ledger: LedgerNone, Strategies: []core.Strategy{&buyer{}}})
	if err != nil {
		t.Fatal(err)
	}
	defer opened.Close()
	second := func(_ any, err error) error { return err }

	for _, tt := range []struct {
		what string
		err  error
		want string
		as   Fault
	}{
		{"Run without a context", second(Run(never, &Options{})), "Run: the context is nil", FaultConfig},
		{"Run without options", second(Run(ctx, nil)), "no options", FaultConfig},
		{"Run of nothing", run(Options{}), "no strategy", FaultConfig},
		{"Open without a context", second(Open(never, Options{})), "Open: the context is nil", FaultConfig},
		{"Open when it is over", second(Open(done, Options{Ledger: LedgerNone, Strategies: []core.Strategy{taker()}, Source: slice})), "interrupted", FaultInterrupted},
		{"a script without a path", run(Options{Scripts: []string{""}}), "Scripts[0]: the path is empty", FaultConfig},
		{"a script that is missing", run(Options{Scripts: []string{missing}}), missing, FaultScript},
		{"a market without a path", run(Options{Scripts: []string{hold}, Market: []string{""}}), "Market[0]: the path is empty", FaultConfig},
		{"a market that is missing", run(Options{Scripts: []string{hold}, Market: []string{missing}}), missing, FaultData},
		{"a parameter that is unknown", run(Options{Scripts: []string{hold}, Set: map[string]string{"x": "1"}}), `parameter "x"`, FaultConfig},
		{"time backwards", run(Options{Scripts: []string{hold}, For: -1}), "want 0 or more", FaultConfig},
		{"no time to stop in", run(Options{Scripts: []string{hold}, StopWithin: 1}), "StopWithin", FaultConfig},
		{"no ledger and its file", run(Options{Scripts: []string{hold}, Ledger: LedgerNone, DB: "x.db"}), "DB", FaultConfig},
		{"no ledger and its copies", run(Options{Scripts: []string{hold}, Ledger: LedgerNone, Backup: BackupOptions{Every: time.Hour}}), "Backup", FaultConfig},
		{"no ledger to begin anew in", run(Options{Scripts: []string{hold}, Ledger: LedgerNone, New: true}), "New", FaultConfig},
		{"no ledger that is halted", run(Options{Scripts: []string{hold}, Ledger: LedgerNone, ClearHalt: true}), "ClearHalt", FaultConfig},
		{"a ledger in memory", run(Options{Scripts: []string{hold}, DB: ":memory:"}), "LedgerNone", FaultConfig},
		{"a ledger in a memory by address", run(Options{Scripts: []string{hold}, DB: "file::memory:?cache=shared"}), "LedgerNone", FaultConfig},
		{"alerts from nowhere on", run(Options{Scripts: []string{hold}, NotifyFrom: 7}), "NotifyFrom 7", FaultConfig},
		{"a rule with a name of the gate's", run(Options{Scripts: []string{hold}, Rules: []Rule{&ruleCalled{"held"}}}), `"held"`, FaultConfig},
		{"a report without a ledger", run(Options{Scripts: []string{hold}, Ledger: LedgerNone, Report: "x.html"}), "want LedgerFile", FaultConfig},
		{"a ledger that is a directory", run(Options{Scripts: []string{hold}, DB: t.TempDir()}), "ledger", FaultLedger},
		{"a typed nil source", run(Options{Strategies: []core.Strategy{taker()}, Source: (*ChanSource)(nil)}), "Source: the *host.ChanSource is nil", FaultConfig},
		{"a typed nil strategy", run(Options{Strategies: []core.Strategy{(*buyer)(nil)}, Ledger: LedgerNone}), "Strategies[0]", FaultConfig},

		{"no options to validate", (*Options)(nil).Validate(), "no options", FaultConfig},
		{"hardly any speed", run(Options{Scripts: []string{hold}, Speed: 1e-300}), "Speed 1e-300", FaultConfig},
		{"a collar that is no number", run(Options{Scripts: []string{hold}, Limits: Limits{CollarBP: math.NaN()}}), "Limits.CollarBP", FaultConfig},
		{"a loss beyond any number", run(Options{Scripts: []string{hold}, Limits: Limits{DailyLoss: decimal.New(1, 1<<30)}}), "Limits.DailyLoss", FaultConfig},
		{"an order as small as no number", run(Options{Scripts: []string{hold}, Limits: Limits{MaxOrderNotional: decimal.New(1, -1<<30)}}), "Limits.MaxOrderNotional", FaultConfig},
		{"a rate without end", run(Options{Scripts: []string{hold}, Limits: Limits{OrdersPerSecond: math.Inf(1)}}), "Limits.OrdersPerSecond", FaultConfig},
		{"a source that panics when it is opened", run(Options{Strategies: []core.Strategy{taker()}, Source: &opens{info: info}}), "source quotes: Open: panic: not today (misuse_test.go:", FaultData},
		{"a source that panics when it is asked again", run(Options{Strategies: []core.Strategy{taker()}, Source: &opens{info: info, asks: 1}}), "source: Describe: panic: asked 2 times (misuse_test.go:", FaultData},

		{"Replay without a context", second(Replay(never, missing)), "Replay: the context is nil", FaultConfig},
		{"Replay of nothing", second(Replay(ctx, "")), "the directory is empty", FaultConfig},
		{"Replay of what is missing", second(Replay(ctx, missing)), missing, FaultLedger},
		{"Replay of what is none", second(Replay(ctx, t.TempDir())), "no segments", FaultLedger},
		{"LoadHistory of nothing", second(LoadHistory("")), "the directory is empty", FaultConfig},
		{"LoadHistory of what is missing", second(LoadHistory(missing)), missing, FaultData},
		{"Scaffold nowhere", second(Scaffold("", "x")), "the directory is empty", FaultConfig},
		{"Scaffold of no name", second(Scaffold(t.TempDir(), "")), "strategy name", FaultConfig},
		{"Record without a context", second(Record(never, RecordOptions{})), "Record: the context is nil", FaultConfig},
		{"Record to nowhere", second(Record(ctx, RecordOptions{})), "Out", FaultConfig},
		{"Simulate without a context", Simulate(never, SimOptions{}), "Simulate: the context is nil", FaultConfig},
		{"Simulate backwards", Simulate(ctx, SimOptions{Speed: -1}), "Speed -1", FaultConfig},
		{"Simulate NaN", Simulate(ctx, SimOptions{Speed: math.NaN()}), "Speed NaN", FaultConfig},
		{"Simulate nothing", Simulate(ctx, SimOptions{Market: []string{""}}), "Market[0]", FaultConfig},
		{"RunStudy without a context", second(RunStudy(never, nil)), "RunStudy: the context is nil", FaultConfig},
		{"RunStudy of nothing", second(RunStudy(ctx, nil)), "no options", FaultConfig},
		{"RunStudy without splits", second(RunStudy(ctx, &StudyOptions{})), "splits", FaultConfig},
		{"RunStudy of Go", second(RunStudy(ctx, &StudyOptions{Session: Options{Strategies: []core.Strategy{taker()}}})), "written in Go", FaultConfig},
		{"ParseDeposit", second(ParseDeposit("spot:USDT=NaN")), "amount", FaultConfig},
		{"GoStrategy", second(GoStrategy("A b", nil, &hears{})), "want a name", FaultConfig},

		{"Sweep without a context", second(Sweep(never, SweepOptions{})), "Sweep: the context is nil", FaultConfig},
		{"Sweep of nothing", sweep(SweepOptions{}), "no strategy", FaultConfig},
		{"Sweep of nobody", sweep(SweepOptions{Session: Options{Source: slice}, Strategies: func(map[string]string) []core.Strategy { return nil }}), "none of the 1 runs", FaultConfig},
		{"Sweep of shared strategies", sweep(SweepOptions{Session: Options{Strategies: made(nil)}}), "SweepOptions.Strategies", FaultConfig},
		{"Sweep of one value", sweep(SweepOptions{Session: Options{Source: slice}, Workers: -2, Strategies: made}), "Workers -2", FaultConfig},
		{"Sweep of a parameter without values", sweep(SweepOptions{Session: Options{Source: slice}, Grid: map[string][]string{"a": nil}, Strategies: made}), "parameter a", FaultConfig},
		{"Sweep of a parameter without a name", sweep(SweepOptions{Session: Options{Source: slice}, Grid: map[string][]string{"": {"1"}}, Strategies: made}), "without a name", FaultConfig},
		{"Sweep of a parameter twice", sweep(SweepOptions{Session: Options{Source: slice, Set: map[string]string{"a": "1"}}, Grid: map[string][]string{"a": {"1"}}, Strategies: made}), "in Grid and in Session.Set", FaultConfig},
		{"Sweep of an unknown parameter", sweep(SweepOptions{Session: Options{Scripts: []string{hold}, For: exchange.Hour}, Grid: map[string][]string{"nope": {"1", "2"}}}), `none of the 2 runs came to its end; the first: parameter "nope"`, FaultConfig},
		{"Sweep on live data", sweep(SweepOptions{Session: Options{Scripts: []string{hold}, Market: []string{"live"}}}), "live data", FaultConfig},
		{"Sweep with a nonsense session", sweep(SweepOptions{Session: Options{Source: slice, For: -1}, Strategies: made}), "want 0 or more", FaultConfig},
		{"Sweep whose Progress panics", sweep(SweepOptions{Session: Options{Source: slice}, Strategies: made, Progress: func(int, int) { panic("oh") }}), "Progress panicked", FaultOther},
		{"Sweep whose Strategies panics", sweep(SweepOptions{Session: Options{Source: slice}, Strategies: func(map[string]string) []core.Strategy { panic("oh") }}), "Sweep: Strategies panicked: oh (misuse_test.go:", FaultConfig},
		{"Sweep whose Rules panics", sweep(SweepOptions{Session: Options{Source: slice}, Strategies: made, Rules: func(map[string]string) []Rule { panic("oh") }}), "Sweep: Rules panicked: oh (misuse_test.go:", FaultConfig},
		{"Sweep that is over", second(Sweep(done, SweepOptions{Session: Options{Source: slice}, Strategies: made})), "canceled", FaultInterrupted},

		{"Run of no session", second(none.Run(ctx)), "Run: there is no session", FaultUsage},
		{"Run of a zero session", second(new(Session).Run(ctx)), "Run: there is no session", FaultUsage},
		{"Snapshot of no session", second(none.Snapshot(ctx)), "Snapshot: there is no session", FaultUsage},
		{"Halt of no session", none.Halt(ctx, ""), "halt: there is no session", FaultUsage},
		{"Resume of no session", none.Resume(ctx), "resume: there is no session", FaultUsage},
		{"Pause of no session", none.Pause(ctx, "", ""), "pause: there is no session", FaultUsage},
		{"Unpause of no session", none.Unpause(ctx, ""), "unpause: there is no session", FaultUsage},
		{"SetParams of no session", none.SetParams(ctx, "a", map[string]string{"b": ""}), "params: there is no session", FaultUsage},
		{"Cancel of no session", none.Cancel(ctx, Orders{}), "Cancel: there is no session", FaultUsage},
		{"Flatten of no session", none.Flatten(ctx, "", ""), "flatten: there is no session", FaultUsage},
		{"Reload of no session", none.Reload(ctx, ""), "Reload: there is no session", FaultUsage},
		{"WriteMetrics of no session", none.WriteMetrics(io.Discard), "WriteMetrics: there is no session", FaultUsage},
		{"WriteMetrics of a zero session", new(Session).WriteMetrics(io.Discard), "WriteMetrics: there is no session", FaultUsage},
		{"WriteMetrics to nowhere", opened.WriteMetrics(nil), "the writer is nil", FaultConfig},
		{"a label without a name", opened.WriteMetrics(io.Discard, Label{"", "x"}), `label ""`, FaultConfig},
		{"a label with a dash", opened.WriteMetrics(io.Discard, Label{"a-b", "x"}), `label "a-b"`, FaultConfig},
		{"a label of Prometheus", opened.WriteMetrics(io.Discard, Label{"__name__", "x"}), `label "__name__"`, FaultConfig},
		{"a label of the metrics", opened.WriteMetrics(io.Discard, Label{"strategy", "x"}), "themselves", FaultConfig},
		{"a label twice", opened.WriteMetrics(io.Discard, Label{"a", "x"}, Label{"a", "y"}), "given twice", FaultConfig},
		{"a label in no alphabet", opened.WriteMetrics(io.Discard, Label{"a", "\xff"}), "no UTF-8", FaultConfig},
		{"a second run", second(ended.Run(ctx)), "ended", FaultUsage},
		{"Halt that is late", ended.Halt(ctx, ""), "ended", FaultUsage},
		{"Snapshot that is late", second(ended.Snapshot(ctx)), "ended", FaultUsage},
		{"Run without a context", second(opened.Run(never)), "Run: the context is nil", FaultConfig},
		{"Halt without a context", opened.Halt(never, ""), "halt: the context is nil", FaultConfig},
		{"Halt when it is over", opened.Halt(done, ""), "nothing was asked", FaultInterrupted},
		{"Snapshot without a context", second(opened.Snapshot(never)), "Snapshot: the context is nil", FaultConfig},
		{"Pause of nobody", opened.Pause(ctx, "nobody", ""), `there are ["buyer"]`, FaultConfig},
		{"SetParams of nothing", opened.SetParams(ctx, "buyer", nil), "at least one parameter", FaultConfig},
		{"Cancel in nothing", opened.Cancel(ctx, Orders{Instrument: "usdm:BTC"}), "Cancel: unknown symbol", FaultConfig},
		{"Reload of nobody", opened.Reload(ctx, "buyer"), "no script is called", FaultConfig},
	} {
		if tt.err == nil || !strings.Contains(tt.err.Error(), tt.want) || Classify(tt.err) != tt.as {
			t.Errorf("%s: %v, class %d; want %q, class %d", tt.what, tt.err, Classify(tt.err), tt.want, tt.as)
		}
		if tt.err != nil && strings.Contains(tt.err.Error(), "stat :") {
			t.Errorf("%s: %v does not say what is empty", tt.what, tt.err)
		}
	}
	if r := Check("", nil); r.OK || len(r.Problems) != 1 || !strings.Contains(r.Problems[0], "path is empty") {
		t.Errorf("Check of nothing: %+v", r)
	}
	if x := Examine(never, nil); x.Ready() {
		t.Errorf("Examine of nothing: %+v", x)
	}
	for _, m := range ended.Metrics() {
		for _, l := range m.Labels {
			if !slices.Contains(ownLabels, l.Name) {
				t.Errorf("%s has the label %s, which may be given twice", m.Name, l.Name)
			}
		}
	}
	if len(none.Metrics()) > 0 || len(new(Session).Metrics()) > 0 || MetricKind(9).String() != "none" || Severity(9).String() != "none" {
		t.Error("metrics of no session")
	}
	if err := none.Close(); err != nil || none.State() != StateEnded || State(200).String() != "none" || core.Handler(200).String() != "none" {
		t.Errorf("no session: %v, %s, %s, %s", err, none.State(), State(200), core.Handler(200))
	}
	<-none.Done()
	for range none.Events(Filter{}) {
		t.Error("an event of no session")
	}
}

// What a callback asks of its own session can't be waited for by it. It is told at once,
// and the session goes on.
func TestACallbackCantWaitForItsOwnSession(t *testing.T) {
	ctx := context.Background()
	var s *Session
	var got []error
	st := &gopher{name: "asks", wants: []core.Handler{core.OnStart}, call: func(*core.Port, *core.Callback) error {
		_, snap := s.Snapshot(ctx)
		_, run := s.Run(ctx)
		got = []error{snap, run, s.Halt(ctx, ""), s.Resume(ctx), s.Pause(ctx, "", ""), s.Unpause(ctx, ""), s.Flatten(ctx, "", ""),
			s.Cancel(ctx, Orders{}), s.Reload(ctx, "x"), s.SetParams(ctx, "asks", map[string]string{"a": ""}), s.Close()}
		for range s.Events(Filter{}) {
			t.Error("an event in a callback")
		}
		return nil
	}}
	s, err := Open(ctx, Options{Ledger: LedgerNone, Strategies: []core.Strategy{st}})
	if err != nil {
		t.Fatal(err)
	}
	sum, err := s.Run(ctx)
	if err != nil || sum.EndedBy != "stop" { // by Close
		t.Errorf("%+v, %v", sum, err)
	}
	if len(got) == 0 {
		t.Error("it was not called")
	}
	for i, err := range got {
		if !errors.Is(err, ErrOnLoop) || Classify(err) != FaultUsage {
			t.Errorf("%d: %v", i, err)
		}
	}
}

// An order that can't be canceled by its number is told of, and why.
func TestCancelOfAnUnknownOrder(t *testing.T) {
	s := openedSession(t, Options{Strategies: []core.Strategy{&buyer{}}, Speed: 36000})
	ctx, stop := context.WithCancel(context.Background())
	filled := s.Events(Filter{Kinds: Fills})
	ended := make(chan error, 1)
	go func() {
		_, err := s.Run(ctx)
		ended <- err
	}()
	n := 0
	for range filled {
		if n++; n == 2 {
			break
		}
	}
	for _, tt := range []struct {
		which Orders
		want  string
	}{
		{Orders{ID: 9999}, "there is no order 9999"},
		{Orders{ID: 1}, "order 1 is over"},
		{Orders{ID: 3, Instrument: "spot:ETHUSDT"}, "not in spot:ETHUSDT"},
		{Orders{ID: 3, Strategy: "buyer", Instrument: "usdm:BTCUSDT"}, ""},
	} {
		err := s.Cancel(context.Background(), tt.which)
		if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
			t.Errorf("%+v: %v, want %q", tt.which, err, tt.want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Sessions without a ledger that keep their journals in one place keep them apart.
func TestJournalsInOnePlace(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "journals")
	info := SourceInfo{Name: "quotes", Instruments: []exchange.Instrument{oneCoin}}
	var sessions []*Session
	for range 3 {
		s, err := Open(context.Background(), Options{Ledger: LedgerNone, Journal: dir, Strategies: []core.Strategy{taker()},
			Source: &SliceSource{Info: info, Events: quotes(300)}})
		if err != nil {
			t.Fatal(err)
		}
		sessions = append(sessions, s)
	}
	seen := map[string]bool{}
	for _, s := range sessions {
		sum, err := s.Run(context.Background())
		if err != nil || seen[sum.Journal] {
			t.Fatalf("%+v, %v", sum, err)
		}
		seen[sum.Journal] = true
		res, err := ReplayWith(context.Background(), sum.Journal, ReplayOptions{Strategies: []core.Strategy{taker()}})
		if err != nil || res.Diff != nil || res.Effects != sum.Effects {
			t.Errorf("%s: %+v, %v", sum.Journal, res, err)
		}
	}
}

// prodding calls every method of its port with values that make no sense.
type prodding struct {
	wrong map[string]string
	calls int
}

func (p *prodding) OnStart(port *Port) error {
	return port.SetTimer("t", port.Now()+exchange.Minute, exchange.Minute)
}

func (p *prodding) OnTimer(port *Port, _ string) error {
	v := reflect.ValueOf(port)
	for _, n := range []int64{0, -1, 9999, math.MaxInt64} {
		for i := range v.NumMethod() {
			name, m := v.Type().Method(i).Name, v.Method(i)
			args := make([]reflect.Value, m.Type().NumIn())
			for j := range args {
				args[j] = prod(m.Type().In(j), n)
			}
			func() {
				defer func() {
					if r := recover(); r != nil {
						p.wrong[fmt.Sprintf("%s(%d)", name, n)] = fmt.Sprint(r)
					}
				}()
				p.calls++
				m.Call(args)
			}()
		}
	}
	return errors.New("all of it is forgotten")
}

// prod is a value of a type whose numbers are all n.
func prod(t reflect.Type, n int64) reflect.Value {
	v := reflect.New(t).Elem()
	switch t.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(n))
	case reflect.Float64:
		v.SetFloat(float64(n))
	case reflect.String:
		v.SetString(fmt.Sprint(n))
	case reflect.Struct:
		for i := range t.NumField() {
			if v.Field(i).CanSet() {
				v.Field(i).Set(prod(t.Field(i).Type, n))
			}
		}
	}
	return v
}

// Whatever a handler asks of its port, the port doesn't panic.
func TestAPortAnswersAnything(t *testing.T) {
	p := &prodding{wrong: map[string]string{}}
	s, err := GoStrategy("prodding", []string{"*"}, p)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Run(t.Context(), &Options{Strategies: []Strategy{s}, For: exchange.Hour, Ledger: LedgerNone}); err != nil {
		t.Fatal(err)
	}
	if p.calls < 100 {
		t.Errorf("%d calls", p.calls)
	}
	for call, what := range p.wrong {
		t.Errorf("%s: %s", call, what)
	}
}
