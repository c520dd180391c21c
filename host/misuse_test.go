package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

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
	for end := time.Now().Add(5 * time.Second); after.goroutines > before.goroutines && time.Now().Before(end); after = held() {
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
			o.Abandon = nil
			if _, err := Open(context.Background(), o); Classify(err) != FaultLocked {
				t.Errorf("while the loop hangs: %v, want a ledger that is locked", err)
			}
			close(thaw)
			for end := time.Now().Add(10 * time.Second); ; {
				next, err := Open(context.Background(), o)
				if err == nil {
					_ = next.Close()
					return
				}
				if Classify(err) != FaultLocked || time.Now().After(end) {
					t.Fatal(err)
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
