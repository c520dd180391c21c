package host

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/exchange/intent"
	"github.com/perilune/perilune/host/core"
)

// gopher is a strategy written in Go whose callbacks a test chooses.
type gopher struct {
	name  string
	wants []core.Handler
	call  func(*core.Port, *core.Callback) error
}

func (g *gopher) Name() string            { return g.name }
func (g *gopher) Subscriptions() []string { return []string{"usdm:BTCUSDT"} }
func (g *gopher) Wants(h core.Handler) bool {
	for _, w := range g.wants {
		if w == h {
			return true
		}
	}
	return false
}
func (g *gopher) Call(p *core.Port, n *core.Callback) error { return g.call(p, n) }
func (g *gopher) State() ([]byte, error)                    { return []byte("{}"), nil }
func (g *gopher) Reload(*core.Port, *exchange.Reload) (core.Strategy, error) {
	return nil, errors.New("not reloadable")
}
func (g *gopher) Restart(*core.Port) (core.Strategy, error) { return nil, nil }
func (g *gopher) Close()                                    {}

func gopherOptions(t *testing.T, list ...core.Strategy) *Options {
	return &Options{Strategies: list, DB: filepath.Join(t.TempDir(), "go.db"), For: exchange.Hour}
}

// heard collects what a session says, for any goroutine.
type heard struct {
	mu    sync.Mutex
	lines []Line
}

func (h *heard) log(l Line) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, l)
}

func (h *heard) text() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, l := range h.lines {
		out = append(out, fmt.Sprintf("%s %s: %s", l.Level, l.Strategy, l.Text))
	}
	return strings.Join(out, "\n")
}

// A handler that does not return holds the loop up for good. The session ends by
// itself, and says who it was.
func TestAFrozenLoopEndsTheSession(t *testing.T) {
	thaw := make(chan struct{})
	t.Cleanup(func() { close(thaw) })
	o := gopherOptions(t, &gopher{name: "frozen", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error {
		<-thaw
		return nil
	}})
	var h heard
	o.Log, o.StallAfter = h.log, time.Second
	sum, err := Run(context.Background(), o)
	var stalled *StallError
	if !errors.As(err, &stalled) || sum != nil || Classify(err) != FaultStalled {
		t.Fatalf("got %+v, %v; want a StallError", sum, err)
	}
	for _, want := range []string{"stands still", "in on_book of frozen"} {
		if !strings.Contains(stalled.Why, want) {
			t.Errorf("%q does not say %q", stalled.Why, want)
		}
	}
	if !strings.Contains(stalled.Stack, "gopher).Call") || !strings.Contains(h.text(), "gopher).Call") {
		t.Errorf("the loop's stack is not told: %q", stalled.Stack)
	}
}

// Ctrl-C is answered within its limit, also by a loop that hangs, and at once when
// it is pressed twice.
func TestAStopIsAnsweredByAFrozenLoop(t *testing.T) {
	for _, twice := range []bool{false, true} {
		thaw, frozen := make(chan struct{}), make(chan struct{})
		t.Cleanup(func() { close(thaw) })
		var once sync.Once
		o := gopherOptions(t, &gopher{name: "frozen", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error {
			once.Do(func() { close(frozen) })
			<-thaw
			return nil
		}})
		o.StallAfter, o.StopWithin = time.Hour, 5*time.Second
		abandon := make(chan struct{})
		o.Abandon = abandon
		ctx, stop := context.WithCancel(context.Background())
		go func() {
			<-frozen
			stop()
			if twice {
				close(abandon)
			}
		}()
		_, err := Run(ctx, o)
		want := "did not end within"
		if twice {
			want = "ended at once"
		}
		var stalled *StallError
		if !errors.As(err, &stalled) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "on_book of frozen") {
			t.Errorf("twice=%t: %v; want a StallError that says %q", twice, err, want)
		}
	}
}

// A session with real orders whose loop hangs leaves nothing at the venue.
func TestAFrozenLiveSessionLeavesNothingAtTheVenue(t *testing.T) {
	t.Parallel()
	h := openHouse(t, 5, nil)
	o := h.options(nil)
	thaw := make(chan struct{})
	t.Cleanup(func() { close(thaw) })
	var placed atomic.Bool
	var orders atomic.Int32
	o.Scripts = nil
	o.Live.Symbols = []string{"usdm:BTCUSDT", "spot:BTCUSDT"}
	o.Strategies = []core.Strategy{&gopher{name: "frozen", wants: []core.Handler{core.OnBook, core.OnOrder}, call: func(p *core.Port, n *core.Callback) error {
		if n.Handler == core.OnOrder {
			if n.Order.Status == exchange.StatusAccepted && orders.Add(1) == 2 {
				<-thaw
			}
			return nil
		}
		if placed.Load() {
			return nil
		}
		var list []exchange.Order
		for _, in := range p.Universe().All() {
			bid, ok := p.Book(in.ID).Level(exchange.Buy, 1)
			if !ok {
				return nil // not every book is there yet
			}
			list = append(list, exchange.Order{Instrument: in.ID, Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: bid.Price * 98 / 100,
				Qty: exchange.Lots(in.Lot.Floor(decimal.NewFromInt(500).Div(in.PriceDecimal(bid.Price))))})
		}
		for _, o := range list {
			p.Submit(o)
		}
		placed.Store(true)
		return nil
	}}}
	var said heard
	o.Log, o.StallAfter = said.log, 2*time.Second
	done := make(chan error, 1)
	go func() {
		_, err := Run(context.Background(), o)
		done <- err
	}()
	h.waitFor("two orders rest", 60*time.Second, func(tr *truth) bool { return len(tr.OpenOrders) == 2 })
	err := <-done
	var stalled *StallError
	if !errors.As(err, &stalled) || stalled.Resting != 0 {
		t.Fatalf("%v\n%s", err, said.text())
	}
	if n := len(h.truth().OpenOrders); n != 0 {
		t.Errorf("%d orders are at the venue after the session gave up\n%s", n, said.text())
	}
}

// What people are told is told on a goroutine of its own: whoever is slow to listen
// misses states, and the session goes on.
func TestASlowListenerDelaysNobody(t *testing.T) {
	release := make(chan struct{})
	o := gopherOptions(t, &gopher{name: "talker", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, n *core.Callback) error {
		p.Log(intent.Info, "", fmt.Sprint("at ", p.Now()))
		return nil
	}})
	var shown atomic.Int32
	o.StatusEvery = time.Millisecond
	o.Status = func(Status) { shown.Add(1); <-release }
	o.Log = func(Line) { <-release }
	sum, err := Run(context.Background(), o) // a listener that never listens
	close(release)
	if err != nil || sum.EndedBy != "for" {
		t.Fatalf("%+v, %v", sum, err)
	}
}

// A session's first line has the session's time.
func TestTheFirstLineHasATime(t *testing.T) {
	var h heard
	o := gopherOptions(t, &gopher{name: "quiet"})
	o.Log = h.log
	sum, err := Run(context.Background(), o)
	if err != nil || len(h.lines) == 0 || h.lines[0].Time.String() != sum.From {
		t.Fatalf("%+v, %v; want the first line at %s", h.lines, err, sum.From)
	}
}
