package host

import (
	"context"
	"errors"
	"math"
	"reflect"
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
		{"the book of an unknown instrument", func(p *core.Port) { p.Book(9999) }, "panic: runtime error: index out of range"},
		{"no quantity", func(p *core.Port) {
			p.Submit(exchange.Order{Side: exchange.Buy, Type: exchange.Limit, TIF: exchange.GTC, Price: 1})
		}, "quantity of 0 lots"},
		{"NaN", func(p *core.Port) { p.Chart("x", math.NaN()) }, "NaN: want a finite number"},
		{"a transfer to nowhere", func(p *core.Port) { p.Transfer("USDT", exchange.Spot, 77, decimal.NewFromInt(1)) }, "to 77"},
		{"a panic", func(*core.Port) { panic("oh") }, "panic: oh"},
		{"an error", nil, "as it says"},
	} {
		calls := 0
		bad := &gopher{name: "bad", wants: []core.Handler{core.OnBook}, call: func(p *core.Port, _ *core.Notice) error {
			calls++
			if c.do == nil {
				return errors.New("as it says")
			}
			c.do(p)
			return nil
		}}
		neighbour := 0
		good := &gopher{name: "good", wants: []core.Handler{core.OnBook}, call: func(*core.Port, *core.Notice) error { neighbour++; return nil }}
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
		if text := h.text(); !strings.Contains(text, c.want) || strings.Contains(text, "save a mended script") || !strings.Contains(text, "before the program is started anew") {
			t.Errorf("%s: want %q and no word of scripts, got\n%s", c.what, c.want, text)
		}
	}
}

// Run uses options as they are and leaves them so: they can be used again, also for
// another market.
func TestRunLeavesTheOptionsAlone(t *testing.T) {
	o := gopherOptions(t, &gopher{name: "idle", wants: []core.Handler{core.OnStart}, call: func(*core.Port, *core.Notice) error { return nil }})
	before := *o
	if _, err := Run(context.Background(), o); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(*o, before) {
		t.Errorf("the options are now\n%+v\nand were\n%+v", *o, before)
	}
}
