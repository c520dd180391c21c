package host

import (
	"context"
	"errors"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/shopspring/decimal"

	"github.com/perilune/perilune/exchange"
	"github.com/perilune/perilune/host/core"
)

// What is wrong with what an embedding program hands in is said before anything
// starts.
func TestStrategiesAreCheckedBeforeAnythingStarts(t *testing.T) {
	var typedNil *gopher
	quiet := func(name string) core.Strategy { return &gopher{name: name} }
	for _, c := range []struct {
		what string
		list []core.Strategy
		want string
	}{
		{"nothing", nil, "no strategy"},
		{"nil", []core.Strategy{nil}, "it is nil"},
		{"nil in an interface", []core.Strategy{typedNil}, "panicked"},
		{"no name", []core.Strategy{quiet("")}, `name ""`},
		{"the host's name", []core.Strategy{quiet("host")}, `"host"`},
		{"a name that is none", []core.Strategy{quiet("A b/c;")}, "want 1 to 32"},
		{"two of one name", []core.Strategy{quiet("a"), quiet("a")}, "Strategies[0] has it"},
		{"a panic when asked for its subscriptions", []core.Strategy{rude{gopher: &gopher{name: "a"}, at: "subscriptions"}}, "asked for its subscriptions, it panicked: no"},
		{"a panic when asked for its handlers", []core.Strategy{rude{gopher: &gopher{name: "a"}, at: "wants"}}, "asked for the handlers that it wants, it panicked: no"},
		{"an unknown symbol", []core.Strategy{elsewhere{quiet("a")}}, "spot:NOPE"},
	} {
		sum, err := Run(context.Background(), gopherOptions(t, c.list...))
		if err == nil || sum != nil || Classify(err) != FaultConfig || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %+v, %v; want a configuration error that says %q", c.what, sum, err, c.want)
		}
	}
	if _, err := Run(context.Background(), nil); Classify(err) != FaultConfig {
		t.Errorf("no options: %v", err)
	}
}

type elsewhere struct{ core.Strategy }

func (elsewhere) Subscriptions() []string { return []string{"spot:NOPE"} }

// What a strategy written in Go does wrong fails its callback, as it does in Lua.
// The third time it is paused, and its neighbour does not notice.
func TestAGoStrategyIsContained(t *testing.T) {
	zero := exchange.Order{}
	for _, c := range []struct {
		what string
		do   func(*core.Port)
		want string
	}{
		{"a zero order", func(p *core.Port) { p.Submit(zero) }, "side 0: want exchange.Buy"},
		{"an unknown instrument", func(p *core.Port) { p.Submit(exchange.Order{Instrument: 9999, Side: exchange.Buy}) }, "instrument 9999: want 0 to"},
		{"the book of an unknown instrument", func(p *core.Port) { p.Book(9999) }, "Book: instrument 9999: want 0 to 21"},
		{"no quantity", func(p *core.Port) {
			p.Submit(exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1})
		}, "quantity of 0 lots"},
		{"NaN", func(p *core.Port) { p.Chart("x", math.NaN()) }, "NaN: want a finite number"},
		{"a transfer to nowhere", func(p *core.Port) { p.Transfer("USDT", "spot", "moon", decimal.NewFromInt(1)) }, "to \"moon\""},
		{"a panic", func(*core.Port) { panic("oh") }, "panic: oh"},
		{"an amount of a million digits", func(p *core.Port) { p.Transfer("USDT", "spot", "usdm", decimal.New(1, 1e6)) }, "an exponent of 1000000"},
		{"a curve of a billion slices", func(p *core.Port) { p.VolumeCurve(0, 0, exchange.Hour, 1<<30) }, "1073741824 slices"},
		{"a flood", func(p *core.Port) {
			for range 100_000 {
				p.Chart("x", 1)
			}
		}, "at most 8192 things"},
		{"an error", nil, "as it says"},
	} {
		calls := 0
		bad := &gopher{name: "bad", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, _ *core.Callback) error {
			calls++
			if c.do == nil {
				return errors.New("as it says")
			}
			c.do(p)
			return nil
		}}
		neighbour := 0
		good := &gopher{name: "good", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error { neighbour++; return nil }}
		var h heard
		o := gopherOptions(t, bad, good)
		o.Log = h.log
		sum, err := Run(context.Background(), o)
		if err != nil {
			t.Fatalf("%s: %v", c.what, err)
		}
		if calls != 3 || len(sum.Paused) != 1 || neighbour < 300 {
			t.Errorf("%s: %d calls, paused %q, the neighbour had %d", c.what, calls, sum.Paused, neighbour)
		}
		if text := h.text(); !strings.Contains(text, c.want) || strings.Contains(text, "save a mended script") || !strings.Contains(text, "Session.Unpause lets it go on") {
			t.Errorf("%s: want %q and no word of scripts, got\n%s", c.what, c.want, text)
		}
	}
}

// Run uses options as they are and leaves them so: they can be used again, also for
// another market.
func TestRunLeavesTheOptionsAlone(t *testing.T) {
	o := gopherOptions(t, &gopher{name: "idle", wants: []core.Handler{core.OnStart}, call: func(*core.Port, *core.Callback) error { return nil }})
	before := *o
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*o, before) {
		t.Errorf("the options are now\n%+v\nand were\n%+v", *o, before)
	}
}

// rude panics where a strategy is asked for something other than a callback.
type rude struct {
	*gopher
	at    string
	fresh core.Strategy
	state []byte
}

func (r rude) refuse(at string) {
	if r.at == at {
		panic("no")
	}
}

func (r rude) Subscriptions() []string                   { r.refuse("subscriptions"); return r.gopher.Subscriptions() }
func (r rude) Wants(h core.Handler) bool                 { r.refuse("wants"); return r.gopher.Wants(h) }
func (r rude) Restart(*core.Port) (core.Strategy, error) { r.refuse("restart"); return r.fresh, nil }
func (r rude) State() ([]byte, error)                    { r.refuse("state"); return r.state, nil }
func (r rude) Close()                                    { r.refuse("close") }

// Nor does what it does outside of callbacks reach its neighbour.
func TestAGoStrategyIsContainedBetweenCallbacks(t *testing.T) {
	var typedNil *gopher
	for _, c := range []struct {
		r     rude
		want  string
		fails string // what the session's end says
	}{
		{rude{at: "restart"}, "could not be restarted: panic: no", ""},
		{rude{fresh: typedNil}, "could not be restarted: asked for its name, it panicked", ""},
		{rude{at: "state"}, "its state was not saved: panic: no", ""},
		{rude{state: []byte("{{")}, "its state is no JSON", ""},
		{rude{state: []byte(strings.Repeat(" ", mostState) + "0")}, "its state has 16777217 bytes: at most 16777216 are kept", ""},
		{rude{at: "close"}, "bad: on_book: oops", "strategy bad: Close: panic: no"},
	} {
		calls, neighbour := 0, 0
		c.r.gopher = &gopher{name: "bad", wants: []core.Handler{core.OnBook, core.OnStart}, call: func(_ *core.Port, n *core.Callback) error {
			if calls++; calls == 2 {
				return errors.New("oops")
			}
			return nil
		}}
		good := &gopher{name: "good", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error { neighbour++; return nil }}
		var h heard
		o := gopherOptions(t, c.r, good)
		o.Log, o.For = h.log, 10*exchange.Minute
		_, err := Run(context.Background(), o)
		if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Fatalf("%s: %v, want %q", c.want, err, c.fails)
		}
		if text := h.text(); !strings.Contains(text, c.want) || neighbour != 60 {
			t.Errorf("the neighbour had %d calls; want %q in\n%s", neighbour, c.want, text)
		}
	}
}

// A function of the embedding program that panics is told, and does not end the
// program; a strategy that ends its goroutine does not go unseen.
func TestWhatPanicsBesideTheLoop(t *testing.T) {
	neighbour := 0
	good := &gopher{name: "good", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error { neighbour++; return nil }}
	o := gopherOptions(t, good)
	o.For, o.Log = 10*exchange.Minute, func(Line) { panic("no ears") }
	sum, err := Run(context.Background(), o)
	if sum == nil || err == nil || !strings.Contains(err.Error(), "Options.Log panicked, and was not called again: no ears") || neighbour != 60 {
		t.Errorf("%v, %v and %d calls: want a summary, what was said, and 60", sum, err, neighbour)
	}
	gone := &gopher{name: "gone", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Callback) error { runtime.Goexit(); return nil }}
	if sum, err := Run(context.Background(), gopherOptions(t, gone)); sum != nil || err == nil || !strings.Contains(err.Error(), "runtime.Goexit") {
		t.Errorf("%v, %v: want an error that names runtime.Goexit", sum, err)
	}
}
