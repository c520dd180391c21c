package host

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
	"github.com/perilune/perilune/host/script"
	"github.com/perilune/perilune/host/shadow"
)

// preflight tries versions of the session's scripts before they are swapped in. check may be
// called from any goroutine but the loop's; it runs one trial at a time.
type preflight struct {
	PreflightOptions
	r        *runner
	head     *header
	ring     *shadow.Ring
	started  bool           // the strategies were; the loop's
	refused  []atomic.Value // by strategy: why its last version was, as a string
	versions []atomic.Int32 // by strategy: the one that runs
	ctx      context.Context
	quit     context.CancelFunc
	fold     chan struct{} // there is something to fold
	done     chan struct{}
	one      sync.Mutex
	testing  atomic.Bool // tests of a script run

	testedWithin time.Duration
}

// openPreflight begins to keep the session's past; nil: nothing will be tried.
func openPreflight(r *runner, head *header) *preflight {
	o := r.o.Preflight.withDefaults(r.account.real())
	if !o.wanted(r.o) {
		return nil
	}
	p := &preflight{PreflightOptions: o, r: r, head: head, fold: make(chan struct{}, 1), done: make(chan struct{}),
		refused: make([]atomic.Value, len(r.scripts)), versions: make([]atomic.Int32, len(r.scripts)), testedWithin: testedWithin, ring: shadow.NewRing(r.core.Universe(), r.core.Book, shadow.RingOptions{Span: o.Span, Events: o.Events, Bytes: o.MemoryBytes})}
	p.ctx, p.quit = context.WithCancel(context.Background())
	go p.run()
	return p
}

// run folds what is old, off the loop.
func (p *preflight) run() {
	defer close(p.done)
	for {
		select {
		case <-p.ctx.Done():
			return
		case <-p.fold:
			if err := p.ring.Fold(); err != nil {
				p.r.warn(fmt.Sprintf("preflight: %v: new versions are swapped in untried", err))
				return
			}
		}
	}
}

func (p *preflight) close() {
	if p == nil {
		return
	}
	p.quit()
	<-p.done
}

// keep notes an event on its way to the core; raw is how the journal has it.
func (p *preflight) keep(ev *exchange.Event, raw []byte) {
	if p != nil && shadow.Shown(ev.Kind) {
		p.ring.Keep(raw)
	}
}

// stand notes how the session stands after an event, from time to time. Before the strategies
// were started there is nothing to try a version on.
func (p *preflight) stand(ev *exchange.Event) {
	if p == nil {
		return
	}
	p.started = p.started || ev.Kind == exchange.KindCommand && ev.Name == core.CommandStart
	if !p.started || ev.More && ev.Kind.MarketData() || !p.ring.Due(ev.Time) {
		return
	}
	p.ring.Cut(core.Onlooker{C: p.r.core}.Standing())
	if p.ring.Full() {
		select {
		case p.fold <- struct{}{}:
		default:
		}
	}
}

// trial is what came of trying a version.
type trial struct {
	findings []shadow.Finding
	flight   *shadow.Flight
	took     time.Duration
	none     string // why it was not tried; "": it was

	unloadable bool // it does not load
}

// against are the findings that refuse the version.
func (t *trial) against() (out []shadow.Finding) {
	for _, f := range t.findings {
		if !f.Mild {
			out = append(out, f)
		}
	}
	return out
}

// text is what an author reads: a line for each finding, and what they rest on.
func (t *trial) text(path string) string {
	var b strings.Builder
	for _, mild := range [...]bool{false, true} {
		for _, f := range t.findings {
			if f.Mild != mild {
				continue
			}
			if !strings.Contains(f.Text, ".lua:") {
				fmt.Fprintf(&b, "%s: ", path)
			}
			if mild {
				b.WriteString("note: ")
			}
			b.WriteString(f.Text + "\n")
		}
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// basis is what was run over.
func (t *trial) basis() string {
	if t.flight == nil {
		return fmt.Sprintf("tried in %.0f ms", float64(t.took)/1e6)
	}
	if f := t.flight; f.Failed {
		return fmt.Sprintf("tried on %s of the session's past, %d events, until it failed, in %.0f ms", spanText(f.To-f.From), f.Events, float64(t.took)/1e6)
	}
	text := fmt.Sprintf("tried on the last %s of the session, %d events, in %.0f ms", spanText(t.flight.To-t.flight.From), t.flight.Events, float64(t.took)/1e6)
	if t.flight.Cut != "" {
		text += "; it was cut: " + t.flight.Cut
	}
	if t.flight.Lame != "" {
		text += "; the version that runs could not be run beside it: " + t.flight.Lame
	}
	return text
}

func spanText(t exchange.Time) string {
	return time.Duration(t).Round(time.Second).String()
}

// check tries a version of a script.
func (p *preflight) check(at int, v *exchange.Reload) (t *trial) {
	t = &trial{}
	if len(p.r.o.Modules) > 0 {
		t.none = "the session has modules of its program's own, which can't be called beside it"
		return t
	}
	p.one.Lock()
	defer p.one.Unlock()
	began := time.Now()
	defer func() {
		if e := recover(); e != nil { // a fault of ours must not end a session that trades
			t.none = fmt.Sprintf("it could not be tried: %v (%s)", e, panickedAt())
		}
		t.took = time.Since(began)
	}()
	p.test(t, v.Path)
	if err := p.fly(t, at, v, time.Now()); err != nil && len(t.findings) == 0 {
		t.none = err.Error()
	}
	return t
}

// testedWithin bounds the tests of a script, and endedWithin what they may take to notice.
const (
	testedWithin = 10 * time.Second
	endedWithin  = time.Second
)

// test runs the tests that stand beside a script: of the file as it is on the disk.
func (p *preflight) test(t *trial, path string) {
	if p.Tests == nil {
		return
	}
	failed, err := p.tested(path)
	if err != nil {
		failed = append(failed, fmt.Sprintf("%s: its tests could not be run: %v", path, err))
	}
	for _, text := range failed {
		t.findings = append(t.findings, shadow.Finding{Rule: "test", Text: text})
	}
}

// tested waits for tests no longer than they are given: what they do, a file that is read or a
// fault of ours must hold up neither the versions that are saved after it nor the session's end.
// Those that are given up run on by themselves; no others begin beside them.
func (p *preflight) tested(path string) ([]string, error) {
	if !p.testing.CompareAndSwap(false, true) {
		return nil, errors.New("tests that were given up before still run")
	}
	ctx, cancel := context.WithTimeout(p.ctx, p.testedWithin)
	type outcome struct {
		failed []string
		err    error
	}
	out := make(chan outcome, 1)
	go func() {
		defer cancel()
		defer p.testing.Store(false)
		defer func() {
			if e := recover(); e != nil {
				out <- outcome{err: fmt.Errorf("%v (%s)", e, panickedAt())}
			}
		}()
		failed, err := p.Tests(ctx, path)
		if errors.Is(err, context.DeadlineExceeded) {
			err = fmt.Errorf("they took longer than %s", p.testedWithin)
		}
		out <- outcome{failed, err}
	}()
	select {
	case o := <-out:
		return o.failed, o.err
	case <-ctx.Done():
	}
	select {
	case o := <-out:
		return o.failed, o.err
	case <-time.After(endedWithin):
		return nil, fmt.Errorf("they took longer than %s, and were given up", p.testedWithin)
	}
}

func (p *preflight) fly(t *trial, at int, v *exchange.Reload, began time.Time) error {
	span, err := p.ring.Span()
	if err != nil {
		return err
	}
	now, err := p.running(at, span.Standing.Restore.Time)
	if err != nil {
		return err
	}
	watchdog := script.NewWatchdog(p.r.o.Script.CallbackTime)
	defer watchdog.Close()
	fresh, err := p.shadow(span, now, at, watchdog)
	if err != nil {
		return err
	}
	defer fresh.Close()
	if err := fresh.Swap(v); err != nil {
		t.findings, t.unloadable = append(t.findings, shadow.Finding{Rule: "error", Text: err.Error()}), true
		return nil
	}
	old, err := p.shadow(span, now, at, watchdog)
	if err != nil {
		return err
	}
	defer old.Close()
	if err := old.Start(); err != nil {
		return err
	}
	enough := func() string {
		if p.ctx.Err() != nil {
			return "the session ends"
		}
		if time.Since(began) > p.Within {
			return fmt.Sprintf("%s were over", p.Within)
		}
		return ""
	}
	if t.flight, err = shadow.Fly(span, old, fresh, enough); err != nil {
		return err
	}
	t.findings = append(t.findings, p.Limits.Judge(t.flight, old.Record(), fresh.Record())...)
	return nil
}

// runningNow is what a version goes on from that nothing but the loop knows.
type runningNow struct {
	program *script.Program
	params  map[string]string
	past    []exchange.Event
}

// askedWithin is how long the loop may take to answer.
const askedWithin = 3 * time.Second

// running asks the loop for the version that runs, and for what it looks back on.
func (p *preflight) running(at int, until exchange.Time) (*runningNow, error) {
	var now *runningNow
	done := make(chan struct{})
	p.r.inbox.Call(func() {
		defer close(done)
		if l, ok := p.r.core.Inner(at).(*luaStrategy); ok {
			now = &runningNow{l.vm.Program(), l.params, core.Onlooker{C: p.r.core}.Past(int32(at), until)}
		}
	})
	select {
	case <-done:
	case <-p.ctx.Done():
		return nil, errors.New("the session ends")
	case <-time.After(askedWithin):
		return nil, fmt.Errorf("the session's loop did not answer within %s", askedWithin)
	}
	if now == nil {
		return nil, errors.New("it is no script")
	}
	return now, nil
}

// shadow is one in which the version that runs stands where the span begins, and the other
// strategies stand still.
func (p *preflight) shadow(span *shadow.Span, now *runningNow, at int, w *script.Watchdog) (*shadow.Shadow, error) {
	c := p.head.Strategies[at]
	c.Params, c.watchdog = now.params, w
	o, err := shadowOf(p.r, p.head, at, c, now.program, span.Standing)
	if err != nil {
		return nil, err
	}
	o.Market, o.Past = span.Market, now.past
	return shadow.New(o)
}
